"""How results lie in memory: the strides that PyTorch gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["arranged", "copied", "dense", "in_rows"]

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
    return arranged(x.shape, [x.strides], kind)


def arranged(shape: tuple[int, ...], strides: Sequence[tuple[int, ...]], dtype: Any) -> Any:
    """Memory without gaps, its axes in the order that the strides of operands have in it.

    The first operand decides that moves along both of two axes; where none does, they stay as
    they stand. (PyTorch: `TensorIterator::reorder_dimensions`.)

    >>> arranged((2, 2, 2), [(8, 16, 0)], np.float64).strides
    (16, 32, 8)
    """
    inner = list(range(len(shape)))[::-1]  # the axes, the innermost first
    for start in range(1, len(shape)):
        place = start
        for other in range(start - 1, -1, -1):
            order = _order(shape, strides, inner[other], inner[place])
            if order < 0:
                break
            if order > 0:
                inner[other], inner[place] = inner[place], inner[other]
                place = other
    outer = inner[::-1]
    made = np.empty([shape[axis] for axis in outer], dtype)
    return made.transpose(sorted(range(len(shape)), key=outer.__getitem__))


def _order(
    shape: tuple[int, ...], strides: Sequence[tuple[int, ...]], first: int, second: int
) -> int:
    """Above 0 if the second axis lies within the first; 0 if that cannot be told."""
    for steps in strides:
        before, after = abs(steps[first]), abs(steps[second])
        if not before or not after:
            continue
        if before != after:
            return 1 if before > after else -1
        if shape[first] > shape[second]:
            return 1
    return 0


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
