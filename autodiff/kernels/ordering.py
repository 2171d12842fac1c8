"""Orders along a dimension: the whole of one, its beginning, and single places in it.

The order is stable, nan comes last, and each function names positions. Of long dimensions the
places asked for are found by partition (NumPy's introselect), in the time of a few passes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.kernels.scatter import take_along

__all__ = ["leading", "median_place", "order", "place_of"]

_FEW = 4096  # elements that are sorted in less time than the passes take
_SHORT = 32


def order(xp: Any, x: Any, dim: int, descending: bool = False) -> Any:
    """The positions that order x along `dim`.

    >>> order(np, np.array([2, 1, 2]), 0, True)
    array([0, 2, 1])
    """
    if descending:
        # stable for equal elements: order the reversed array upwards, then count from behind
        size = x.shape[dim]
        backwards = xp.argsort(xp.flip(x, axis=dim), axis=dim, stable=True)
        return xp.flip(size - 1 - backwards, axis=dim)
    return xp.argsort(x, axis=dim, stable=True)


def _is_long(x: Any, dim: int) -> bool:
    return (
        type(x) is np.ndarray
        and x.size >= _FEW
        and x.shape[dim] >= _SHORT
        and x.dtype.kind in "fiu"
    )


def leading(xp: Any, x: Any, k: int, dim: int, descending: bool) -> Any:
    """The first k positions of an order.

    >>> leading(np, np.array([2, 1, 3]), 2, 0, True)
    array([2, 0])
    """
    if _is_long(x, dim) and 0 < k < x.shape[dim]:
        found = _leading_by_partition(x, k, dim, descending)
        if found is not None:
            return found
    found = order(xp, x, dim, descending)[(*(slice(None),) * dim, slice(0, k))]
    # a copy: a slice would keep all of the order in memory
    return np.ascontiguousarray(found) if type(found) is np.ndarray else found


def _leading_by_partition(x: Any, k: int, dim: int, descending: bool) -> Any:
    """As `leading`; None where the last of them is nan, which is equal to nothing."""
    rows = np.moveaxis(x, dim, -1)
    size = rows.shape[-1]
    last = size - k if descending else k - 1
    bound = np.partition(rows, last, axis=-1)[..., last : last + 1]
    if bound.dtype.kind == "f" and np.isnan(bound).any():
        return None
    # nan is larger than all: beyond a bound below, not beyond one above
    mask = ~(rows < bound) if descending else rows <= bound
    places = np.flatnonzero(mask)
    if places.size != k * (x.size // size):  # of those equal to the bound only the first belong
        beyond = ~(rows <= bound) if descending else rows < bound
        wanted = k - np.count_nonzero(beyond, axis=-1, keepdims=True)
        same = rows == bound
        places = np.flatnonzero(beyond | (same & (np.cumsum(same, axis=-1) <= wanted)))
    index = (places % size).reshape(*rows.shape[:-1], k)
    held = take_along(np, rows, index, rows.ndim - 1)
    inner = order(np, held, rows.ndim - 1, descending)
    index = take_along(np, index, inner, rows.ndim - 1)
    return np.ascontiguousarray(np.moveaxis(index, -1, dim))


def place_of(xp: Any, x: Any, k: int, dim: int) -> Any:
    """The position of the k-th smallest element, from 0; `dim` is kept, of length 1.

    >>> place_of(np, np.array([2, 1, 3]), 1, 0)
    array([0])
    """
    if _is_long(x, dim):
        part = (*(slice(None),) * dim, slice(k, k + 1))
        value = np.partition(x, k, axis=dim)[part]
        if value.dtype.kind != "f" or not np.isnan(value).any():
            same = x == value
            number = k - np.count_nonzero(x < value, axis=dim, keepdims=True)
            if number.any():  # not the first of those equal to it
                same = np.cumsum(same, axis=dim) > number
            return np.argmax(same, axis=dim, keepdims=True)
    return leading(xp, x, k + 1, dim, False)[(*(slice(None),) * dim, slice(k, k + 1))]


def median_place(xp: Any, x: Any, dim: int, ignoring: bool) -> Any:
    """The position of the lower middle element, or of the first nan; or: of those not nan.

    >>> median_place(np, np.array([2.0, np.nan, 1.0, 3.0]), 0, True)
    array([0])
    """
    size = x.shape[dim]
    middle = (size - 1) // 2
    missing = xp.isnan(x) if x.dtype.kind in "fV" else None
    if missing is None or not missing.any():
        return place_of(xp, x, middle, dim)
    if not ignoring:
        lost = missing.any(axis=dim, keepdims=True)
        found = place_of(xp, x, middle, dim)
        return np.where(lost, np.argmax(missing, axis=dim, keepdims=True), found)
    numbers = size - np.count_nonzero(missing, axis=dim, keepdims=True)
    return take_along(xp, order(xp, x, dim), np.maximum(numbers - 1, 0) // 2, dim)
