"""Arrays that are special as a whole: ties, zeros, mixed scales, infinities, spectra."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from reference.floats import Format, round_to_format
from reference.points.ladder import extremes, largest

__all__ = ["Pattern", "matrix_patterns", "vector_patterns"]

Pattern: TypeAlias = tuple[str, str, Callable[[np.ndarray], np.ndarray]]
"""(kind, why, from an ordinary array to a special one of the same shape)."""


def _filled(value: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda array: np.full(array.shape, value)


def _set(*values: float) -> Callable[[np.ndarray], np.ndarray]:
    """The first elements, in C order from the middle on, get these values."""

    def change(array: np.ndarray) -> np.ndarray:
        result = np.array(array, order="C")
        flat = result.reshape(-1)
        for step, value in enumerate(values[: flat.size]):
            flat[(flat.size // 2 + step) % flat.size] = value
        return result

    return change


def _tied(array: np.ndarray) -> np.ndarray:
    """The last elements along every axis equal the first."""
    result = np.array(array, order="C")
    if array.ndim:
        for axis, size in enumerate(array.shape):
            if size > 1:
                np.moveaxis(result, axis, 0)[-1] = np.moveaxis(result, axis, 0)[0]
    return result


def _top_tied(array: np.ndarray) -> np.ndarray:
    """The largest and the smallest element stand twice."""
    result = np.array(array, order="C")
    flat = result.reshape(-1)
    if flat.size > 3:
        order = np.argsort(flat, kind="stable")
        flat[order[1]], flat[order[-2]] = flat[order[0]], flat[order[-1]]
    elif flat.size > 1:
        flat[:] = flat.max()
    return result


def _scaled(size: float, fmt: Format) -> Callable[[np.ndarray], np.ndarray]:
    return lambda array: round_to_format(
        array / max(1.0, np.abs(array).max(initial=0)) * size, fmt
    )


def _alternating(size: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        signs = np.where(np.arange(array.size) % 2, -1.0, 1.0)
        return (signs * size).reshape(array.shape)

    return change


def _spread(fmt: Format) -> Callable[[np.ndarray], np.ndarray]:
    """Magnitudes from tiny to huge in one array."""

    def change(array: np.ndarray) -> np.ndarray:
        exponents = np.linspace(fmt.emin * 0.4, fmt.emax * 0.4, max(array.size, 1))
        sizes = np.ldexp(1.0, np.rint(exponents).astype(np.int64))[: array.size]
        return sizes.reshape(array.shape) * np.where(array < 0, -1.0, 1.0)

    return change


def _cancelling(fmt: Format) -> Callable[[np.ndarray], np.ndarray]:
    """A large mean with a small spread."""
    offset = 2.0 ** (fmt.precision // 2 + 2)

    def change(array: np.ndarray) -> np.ndarray:
        return round_to_format(offset + array / 4, fmt)

    return change


def vector_patterns(fmt: Format) -> list[Pattern]:
    """Patterns for any array, those first that find most."""
    huge, top = 2.0 ** (fmt.emax * 3 // 5), largest(fmt)
    found: list[Pattern] = [
        ("zero", "all zero", _filled(0.0)),
        ("zero", "one zero", _set(0.0)),
        ("zero", "two zeros", _set(0.0, 0.0)),
        ("zero", "negative zeros", _filled(-0.0)),
        ("tie", "all equal", _filled(1.5)),
        ("tie", "equal entries along every axis", _tied),
        ("tie", "the extremes stand twice", _top_tied),
        ("cancellation", "a large mean and a small spread", _cancelling(fmt)),
        ("overflow", "squares overflow", _scaled(huge, fmt)),
        ("overflow", "one number whose square overflows", _set(huge)),
        ("underflow", "squares vanish", _scaled(1 / huge, fmt)),
        ("underflow", "all subnormal", _filled(2.0 ** (fmt.tiny_exponent + 1))),
        ("scales", "tiny and huge numbers together", _spread(fmt)),
        ("tail", "one far above the others", _set(100.0)),
        ("tail", "far apart on both sides", _alternating(60.0)),
        ("overflow", "near the largest number", _alternating(top / 2)),
        ("infinite", "one minus infinity", _set(-np.inf)),
        ("infinite", "all minus infinity", _filled(-np.inf)),
        ("infinite", "one plus infinity", _set(np.inf)),
    ]
    return found + [
        ("scales", f"all of size {size:.2g}", _scaled(size, fmt)) for size in extremes(fmt)
    ]


def _matrix(make: Callable[[int, int], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        height, width = array.shape[-2:]
        return np.ascontiguousarray(np.broadcast_to(make(height, width), array.shape))

    return change


def _diagonal(*values: float) -> Callable[[np.ndarray], np.ndarray]:
    """A diagonal of these values, the last one repeated."""

    def make(height: int, width: int) -> np.ndarray:
        result = np.zeros((height, width))
        for place in range(min(height, width)):
            result[place, place] = values[min(place, len(values) - 1)]
        return result

    return _matrix(make)


def _rank_one(height: int, width: int) -> np.ndarray:
    return np.outer(1.0 + np.arange(height), 1.0 + np.arange(width) % 3)


def _full(height: int, width: int) -> np.ndarray:
    """Neither symmetric nor triangular, with a positive definite symmetric part."""
    rows, columns = np.indices((height, width))
    return np.where(rows == columns, 4.0 + rows, ((3 * rows + 5 * columns) % 7 - 3) / 4.0)


def _symmetric(height: int, width: int) -> np.ndarray:
    rows, columns = np.indices((height, width))
    return np.where(rows == columns, 4.0 + rows, ((rows * columns + rows + columns) % 5) / 4.0)


def _exchange(height: int, width: int) -> np.ndarray:
    return np.eye(height, width)[::-1]


def matrix_patterns(fmt: Format) -> list[Pattern]:
    """Patterns for the last two axes: repeated and vanishing singular values, extreme scales."""
    eps = 2.0 ** -(fmt.precision // 2)
    huge = 2.0 ** (fmt.emax * 3 // 5)
    return [
        ("matrix", "full and not symmetric", _matrix(_full)),
        ("matrix", "full and symmetric", _matrix(_symmetric)),
        ("spectrum", "the identity: all eigenvalues equal", _diagonal(1.0)),
        ("spectrum", "two equal eigenvalues", _diagonal(3.0, 1.0)),
        ("spectrum", "two nearly equal eigenvalues", _diagonal(2.0, 1.0 + eps, 1.0)),
        ("spectrum", "one eigenvalue is zero", _diagonal(2.0, 1.0, 0.0)),
        ("spectrum", "one eigenvalue is tiny", _diagonal(2.0, 1.0, eps * eps)),
        ("spectrum", "rank one", _matrix(_rank_one)),
        ("spectrum", "eigenvalues 1 and -1", _matrix(_exchange)),
        ("spectrum", "a negative eigenvalue", _diagonal(2.0, -1.0)),
        ("scales", "a huge matrix", lambda a: _matrix(_full)(a) * huge),
        ("scales", "a tiny matrix", lambda a: _matrix(_symmetric)(a) / huge),
        ("scales", "rows of different scales", _diagonal(huge, 1.0, 1 / huge)),
    ]
