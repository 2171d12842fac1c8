"""How results lie in memory: the strides that PyTorch gives them."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["copied", "dense", "in_rows"]

_ndarray = np.ndarray


def dense(x: Any, dtype: Any = None) -> Any:
    """Memory without gaps in the shape of x, in the order of x's axes.

    As PyTorch's `preserve_format`: an axis of stride 0, along which x repeats itself, stays where
    it stands among the others. NumPy would make it the innermost one.

    >>> x = np.broadcast_to(np.ones((2, 2)), (3, 2, 2))
    >>> dense(x).strides, np.empty_like(x).strides
    ((32, 16, 8), (8, 48, 24))
    """
    kind = x.dtype if dtype is None else dtype
    if 0 not in x.strides or not x.size:
        return np.empty_like(x, kind)
    inner = list(range(x.ndim))[::-1]  # the axes, the innermost first
    for start in range(1, x.ndim):
        place = start
        for other in range(start - 1, -1, -1):
            order = _order(x, inner[other], inner[place])
            if order < 0:
                break
            if order > 0:
                inner[other], inner[place] = inner[place], inner[other]
                place = other
    outer = inner[::-1]
    made = np.empty([x.shape[axis] for axis in outer], kind)
    return made.transpose(sorted(range(x.ndim), key=outer.__getitem__))


def _order(x: Any, first: int, second: int) -> int:
    """Above 0 if the second axis lies within the first; 0 if that cannot be told."""
    before, after = abs(x.strides[first]), abs(x.strides[second])
    if not before or not after:
        return 0
    if before != after:
        return 1 if before > after else -1
    return int(x.shape[first] > x.shape[second])


def copied(xp: Any, x: Any, dtype: Any = None) -> Any:
    """A copy, in memory as `dense` has it.

    >>> copied(np, np.broadcast_to(np.arange(2), (3, 2))).strides
    (16, 8)
    """
    if type(x) is _ndarray:
        if 0 in x.strides:
            made = dense(x, dtype)
            np.copyto(made, x, casting="unsafe")
            return made
        return x.copy("K") if dtype is None else x.astype(dtype)
    return xp.asarray(x, copy=True) if dtype is None else xp.astype(x, dtype, copy=True)


def in_rows(made: Any) -> Any:
    """An array that was just made, in row-major order: most of PyTorch's operations give no other.

    >>> in_rows(np.ones((3, 2)).T).strides
    (24, 8)
    """
    if type(made) is _ndarray and not made.flags.c_contiguous:
        return made.copy()
    return made
