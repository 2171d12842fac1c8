"""What arrays of positions pick from an array, in memory as PyTorch lays it out."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.kernels.layout import arranged

__all__ = ["axis_of", "pick", "pick_slices"]

_ndarray = np.ndarray
_WHOLE = slice(None)


def axis_of(index: Any) -> int | None:
    """The axis from which one vector of positions picks; None of other indices.

    >>> axis_of((slice(None), np.array([0, 2]))), axis_of((slice(1), np.array([0, 2])))
    (1, None)
    """
    parts = index if type(index) is tuple else (index,)
    last = parts[-1]
    if type(last) is not _ndarray or last.ndim != 1 or last.dtype.kind not in "iu":
        return None
    if any(type(part) is not slice or part != _WHOLE for part in parts[:-1]):
        return None
    return len(parts) - 1


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
    if x.flags.c_contiguous:
        axis = axis_of(index)
        if axis is not None:
            return x.take(parts[-1], axis=axis)
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
