"""Reading and writing at indices, with repeated indices added up."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["add_at", "assign_at", "contiguous", "take_along"]


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


def take_along(xp: Any, x: Any, index: Any, dim: int) -> Any:
    """`out[i][j] = x[index[i][j]][j]` along `dim`; `index` may be shorter in other axes."""
    if x.ndim == 0:
        return xp.asarray(x)[np.zeros(index.shape, int)] if index.ndim else xp.asarray(x)
    box = tuple(
        slice(None) if axis == dim else slice(0, size) for axis, size in enumerate(index.shape)
    )
    return xp.take_along_axis(x[box], index, axis=dim)


def contiguous(xp: Any, x: Any) -> Any:
    """A copy in row-major order."""
    if isinstance(x, np.ndarray | np.generic):
        return np.array(x, order="C")
    return xp.asarray(x, copy=True)
