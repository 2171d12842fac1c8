"""Reading and writing at indices, with repeated indices added up."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["add_at", "assign_at", "contiguous", "put_along", "take_along"]


def _is_basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or isinstance(part, int | slice | np.integer)
        for part in parts
    )


def add_at(xp: Any, whole: Any, index: Any, values: Any) -> Any:
    """`whole[index] += values`, every repetition counted; returns `whole`.

    >>> add_at(np, np.zeros(3), np.array([0, 0, 2]), 1.0)
    array([2., 0., 1.])
    """
    if not isinstance(whole, np.ndarray):
        return xp.add_at(whole, index, values)
    if _is_basic(index):
        whole[index] += values
    else:
        np.add.at(whole, index, values)
    return whole


def assign_at(xp: Any, whole: Any, index: Any, values: Any) -> Any:
    """`whole[index] = values`; returns `whole`."""
    if not isinstance(whole, np.ndarray):
        return xp.assign_at(whole, index, values)
    whole[index] = values
    return whole


def _positions(shape: Any, index: Any, dim: int) -> Any:
    """Where the elements lie that `index` names along `dim`, counted in row-major order."""
    positions = index
    step = 1
    for axis in range(len(shape) - 1, -1, -1):
        if axis == dim:
            if step != 1:
                positions = positions + (index * (step - 1))
        elif index.shape[axis] != 1:
            steps = np.arange(0, index.shape[axis] * step, step or 1)
            positions = positions + steps.reshape(-1, *(1,) * (len(shape) - 1 - axis))
        step *= shape[axis]
    return positions


def take_along(xp: Any, x: Any, index: Any, dim: int) -> Any:
    """`out[i][j] = x[index[i][j]][j]` along `dim`; `index` may be shorter in other axes."""
    if x.ndim == 0:
        return xp.asarray(x)[np.zeros(index.shape, int)] if index.ndim else xp.asarray(x)
    if type(x) is np.ndarray and x.size:
        return x.reshape(-1)[_positions(x.shape, index, dim)]
    box = tuple(
        slice(None) if axis == dim else slice(0, size) for axis, size in enumerate(index.shape)
    )
    return xp.take_along_axis(x[box], index, axis=dim)


def put_along(xp: Any, x: Any, shape: tuple[int, ...], index: Any, dim: int) -> Any:
    """The transpose of `take_along`: zeros, with the elements of x added where they were taken.

    >>> put_along(np, np.ones((2, 1)), (2, 3), np.array([[2], [0]]), 1)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    whole = xp.zeros(shape, dtype=x.dtype)
    if not index.size:
        return whole
    if not isinstance(whole, np.ndarray):
        return xp.put_along(whole, index, dim, x)
    if not whole.ndim:
        return whole + xp.sum(xp.asarray(x), dtype=x.dtype)
    positions = _positions(shape, index, dim)
    if index.shape[dim] == 1:  # nothing can be named twice
        whole.reshape(-1)[positions] = x
    else:
        np.add.at(whole.reshape(-1), positions.reshape(-1), np.ravel(x))
    return whole


def contiguous(xp: Any, x: Any) -> Any:
    """A copy in row-major order."""
    if isinstance(x, np.ndarray | np.generic):
        return np.array(x, order="C")
    return xp.asarray(x, copy=True)
