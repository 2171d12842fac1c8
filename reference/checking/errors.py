"""The errors of a whole array in little room: a histogram, and a grid for a heat map."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

__all__ = ["ROWS", "Errors", "distribution", "of_one"]

ROWS = 48  # of a grid, and its columns, at most
_LEAST = -1  # errors of up to 2**-1 ULP, correctly rounded results, share a bucket


@dataclass(frozen=True)
class Errors:
    """Errors in ULPs.

    histogram: (bound, count): so many errors of at most `bound` ULPs, more than the bound before;
    bounds are 0.5, 1, 2, 4, ..., the last may be inf; empty buckets are left out. Elements that
    have no error (kinks, points without a gradient) are not counted. grid: the array with its
    last axis along the columns and all others along the rows, at most ROWS by ROWS cells, each
    the largest error of the elements that it stands for; nan where there is none.
    """

    histogram: tuple[tuple[float, int], ...]
    grid: tuple[tuple[float, ...], ...]


def distribution(ulps: np.ndarray, bad: np.ndarray) -> Errors:
    """The errors of an array.

    ulps: per element, nan where there is no figure. bad: whether the element's verdict is not a
    good one; without a figure it then counts as an infinite error.

    >>> found = distribution(np.array([0.1, 0.4, 3.0]), np.array([False, False, False]))
    >>> found.histogram
    ((0.5, 2), (4.0, 1))
    >>> found.grid
    ((0.1, 0.4, 3.0),)
    """
    errors = np.where(np.isnan(ulps) & bad, np.inf, ulps)
    if errors.size == 1:  # one by one is quicker
        return of_one(float(errors.item()))
    return Errors(_histogram(errors), _grid(errors))


def of_one(error: float) -> Errors:
    """The errors of an array of one number.

    >>> of_one(0.75) == distribution(np.array(0.75), np.array(False))
    True
    """
    if math.isnan(error):
        return Errors((), ((error,),))
    if math.isinf(error):
        return Errors(((error, 1),), ((error,),))
    mantissa, exponent = math.frexp(error)
    least = max(exponent - (mantissa == 0.5), _LEAST) if error else _LEAST
    return Errors(((math.ldexp(1.0, min(least, 1023)), 1),), ((error,),))


def _histogram(errors: np.ndarray) -> tuple[tuple[float, int], ...]:
    known = errors[~np.isnan(errors)]
    finite = known[np.isfinite(known)]
    mantissas, exponents = np.frexp(finite)
    exponents = np.where(mantissas == 0.5, exponents - 1, exponents)  # 2**k is within bound 2**k
    exponents = np.maximum(np.where(finite == 0, _LEAST, exponents), _LEAST)
    counts = Counter(exponents.tolist())
    found = [(math.ldexp(1.0, min(e, 1023)), count) for e, count in sorted(counts.items())]
    if known.size > finite.size:
        found.append((float("inf"), int(known.size - finite.size)))
    return tuple(found)


def _grid(errors: np.ndarray) -> tuple[tuple[float, ...], ...]:
    if not errors.size:
        return ()
    flat = errors.reshape(-1, errors.shape[-1] if errors.ndim else 1)
    if errors.ndim == 1 and errors.size > ROWS:  # a long vector is wrapped like text
        width = min(ROWS, int(np.ceil(np.sqrt(errors.size))))
        padded = np.full(-(-errors.size // width) * width, np.nan)
        padded[: errors.size] = errors
        flat = padded.reshape(-1, width)
    flat = np.where(np.isnan(flat), -1.0, flat)
    for axis in (0, 1):
        size = flat.shape[axis]
        if size > ROWS:
            starts = np.arange(ROWS) * size // ROWS
            flat = np.maximum.reduceat(flat, starts, axis=axis)
    return tuple(tuple(np.nan if v < 0 else v for v in row) for row in flat.tolist())
