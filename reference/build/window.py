"""Windows that slide over the last axes of an array: convolution, pooling, and their transposes.

A window along one axis is an integer table: row `o`, column `k` names the element that place `k`
of window `o` holds, -1 for none. Windows over several axes are their products.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from reference.build.elementwise import Value, node
from reference.build.index import take
from reference.graph import IndexMap, Node, Put

__all__ = [
    "adaptive_table",
    "cell_positions",
    "put_windows",
    "sliding_table",
    "take_windows",
]


def sliding_table(
    size: int, kernel: int, stride: int = 1, before: int = 0, count: int = 0, dilation: int = 1
) -> np.ndarray:
    """`count` windows of `kernel` places, `stride` apart, the first `before` places early.

    >>> sliding_table(4, 2, 2, 1, 3)
    array([[-1,  0],
           [ 1,  2],
           [ 3, -1]])
    """
    places = np.arange(count)[:, None] * stride - before + np.arange(kernel) * dilation
    return np.where((places >= 0) & (places < size), places, -1)


def adaptive_table(size: int, count: int) -> np.ndarray:
    """`count` windows that cover an axis evenly: from ⌊o n / count⌋ to ⌈(o + 1) n / count⌉.

    >>> adaptive_table(3, 2)
    array([[0, 1],
           [1, 2]])
    """
    numbers = np.arange(count)
    first, last = numbers * size // count, -(-(numbers + 1) * size // count)
    width = int((last - first).max(initial=0))
    places = first[:, None] + np.arange(width)
    return np.where(places < last[:, None], places, -1)


def cell_positions(sizes: Sequence[int], tables: Sequence[np.ndarray]) -> np.ndarray:
    """Flat positions, in an array of `sizes`, of what the windows hold; -1 for none.

    The result has all axes of windows, then all axes of places within a window.
    """
    rank = len(tables)
    flat = np.zeros((1,) * (2 * rank), dtype=np.intp)
    present = np.ones((1,) * (2 * rank), dtype=bool)
    for axis, (size, table) in enumerate(zip(sizes, tables, strict=True)):
        shape = [1] * (2 * rank)
        shape[axis], shape[rank + axis] = table.shape
        flat = flat * size + np.maximum(table, 0).reshape(shape)
        present = present & (table >= 0).reshape(shape)
    return np.where(present, flat, -1)


def _with_lead(lead: tuple[int, ...], inner: int, cells: np.ndarray) -> np.ndarray:
    """The same windows in every one of the arrays along leading axes."""
    starts = np.arange(prod(lead)).reshape([*lead, *(1,) * cells.ndim]) * inner
    return np.where(cells >= 0, starts + cells, -1)


def take_windows(x: Value, tables: Sequence[np.ndarray]) -> Node:
    """The windows over the last axes: (…, windows…, places…), zero where there is no element.

    >>> take_windows(np.ones((3, 4)), [sliding_table(4, 2, 1, 0, 3)]).shape
    (3, 3, 2)
    """
    source = node(x)
    sizes = tuple(int(size) for size in source.shape)
    lead, inner = sizes[: len(sizes) - len(tables)], sizes[len(sizes) - len(tables) :]
    return take(source, _with_lead(lead, prod(inner), cell_positions(inner, tables)))


def put_windows(values: Value, sizes: Sequence[int], tables: Sequence[np.ndarray]) -> Node:
    """The transpose of :func:`take_windows`: overlapping windows add up in axes of `sizes`.

    values: of shape (…, windows…, places…).
    """
    held = node(values)
    shape = tuple(int(size) for size in held.shape)
    lead = shape[: len(shape) - 2 * len(tables)]
    positions = _with_lead(lead, prod(sizes), cell_positions(sizes, tables))
    return Put(held, IndexMap((*lead, *sizes), shape, positions))
