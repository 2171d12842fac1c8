"""What arrays of positions pick from an array, in memory as PyTorch lays it out."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.kernels.layout import arranged

__all__ = ["pick", "pick_slices"]

_ndarray = np.ndarray
_WHOLE = slice(None)


def pick(x: Any, index: Any) -> Any:
    """`x[index]`, for an index of whole slices and arrays.

    NumPy gives the picked axes the longest strides, wherever they stand; PyTorch leaves them
    where they stand, and the others in the order that they have in x.

    >>> pick(np.zeros((2, 3, 4)), (slice(None), np.array([0, 2]))).strides
    (64, 32, 8)
    """
    if type(x) is not _ndarray:
        return x[index]
    parts = index if type(index) is tuple else (index,)
    last, before = parts[-1], parts[:-1]
    if (
        type(last) is _ndarray
        and last.ndim == 1
        and last.dtype.kind in "iu"
        and x.flags.c_contiguous
        and all(type(one) is slice and one == _WHOLE for one in before)
    ):
        return x.take(last, axis=len(before))
    found = x[index]
    if found.ndim < 2 or not found.size or (x.flags.c_contiguous and found.flags.c_contiguous):
        return found
    return _arranged(x, found, parts)


def _arranged(x: Any, found: Any, parts: Any) -> Any:
    """What was picked from x, in memory as PyTorch has it."""
    arrays = [part for part in parts if type(part) is _ndarray]
    if not arrays or not all(type(part) is _ndarray or part == _WHOLE for part in parts):
        return found
    masks = [np.atleast_1d(one).nonzero() if one.dtype.kind == "b" else (one,) for one in arrays]
    picked = np.broadcast_arrays(*(one for mask in masks for one in mask))
    rank = picked[0].ndim
    places = [place for place, part in enumerate(parts) if type(part) is _ndarray]
    together = places[-1] - places[0] == len(places) - 1
    start = places[0] if together else 0
    kept: list[int] = []  # the strides along axes that are not picked from
    axis = 0
    for part in parts:
        if type(part) is _ndarray:
            axis += part.ndim if part.dtype.kind == "b" else 1
        else:
            kept.append(x.strides[axis])
            axis += 1
    kept += x.strides[axis:]
    zeros, after = (0,) * rank, len(kept) - start
    strides = [(*kept[:start], *zeros, *kept[start:])]
    strides += [((0,) * start + one.strides + (0,) * after) for one in picked]
    out = arranged(found.shape, strides, found.dtype)
    if out.strides == found.strides:
        return found
    np.copyto(out, found)
    return out


def pick_slices(x: Any, index: Any) -> Any:
    """As `pick`, of one vector of positions along an axis; in row-major order.

    >>> pick_slices(np.zeros((3, 2)).T, (slice(None), np.array([0, 2]))).strides
    (16, 8)
    """
    if type(x) is _ndarray and x.ndim:
        return x.take(index[-1], axis=len(index) - 1)
    return x[index]
