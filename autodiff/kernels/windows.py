"""Windows that move over the last axes of an array: their sums, and their largest elements.

Windows are told by a pair for each axis: where they start (before the first element, in padding)
and how far apart the elements of one window are, as positions: `places[axis][window][k]`, -1 for
an element outside. Every element of a window is one pass over all windows at once, without copies
of the windows, where these follow each other in equal steps.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from autodiff.kernels.scatter import add_at, take_along
from autodiff.kernels.sums import wide

__all__ = [
    "Windows",
    "largest_at",
    "put_columns",
    "put_windows",
    "spread_windows",
    "sum_windows",
    "take_columns",
    "take_windows",
    "window_cells",
]

# for each axis, for each window along it, the positions of its elements; -1 outside the array
Windows = tuple[tuple[tuple[int, ...], ...], ...]


def _steps(table: tuple[tuple[int, ...], ...], place: int) -> Any:
    """Which windows have an element at this place of theirs, and where: two slices or arrays."""
    column = np.array([row[place] for row in table])
    inside = np.flatnonzero(column >= 0)
    found = column[inside]
    if not inside.size:
        return None
    step = int(found[1] - found[0]) if found.size > 1 else 1
    even = step > 0 and (np.diff(found) == step).all() and (np.diff(inside) == 1).all()
    if even:
        first, last = int(found[0]), int(found[-1])
        return slice(int(inside[0]), int(inside[-1]) + 1), slice(first, last + 1, step)
    return inside, found


@functools.lru_cache(maxsize=64)
def _passes(windows: Windows) -> tuple[tuple[Any, Any, Any], ...]:
    """For each place in a window: the windows that have it, their elements there, and the place.

    Windows and elements as an index of the last axes.
    """
    return tuple(_found_passes(windows))


def _found_passes(windows: Windows) -> Iterator[tuple[Any, Any, Any]]:
    if any(not table for table in windows):
        return
    axes = [
        [(k, one) for k in range(len(table[0])) if (one := _steps(table, k)) is not None]
        for table in windows
    ]
    for chosen in itertools.product(*axes):
        places, found = zip(*chosen, strict=True)
        own, theirs = zip(*found, strict=True)
        if all(isinstance(one, slice) for one in own):
            yield (..., *own), (..., *theirs), places
        else:
            yield (..., *_grid(own)), (..., *_grid(theirs)), places


def _grid(parts: Any) -> Any:
    """Index arrays that are combined as slices are."""
    return np.ix_(*(_numbers(part) if isinstance(part, slice) else part for part in parts))


def _numbers(part: slice) -> Any:
    return np.arange(part.start, part.stop, part.step or 1)


def sum_windows(x: Any, windows: Windows) -> Any:
    """The sum of the elements of each window.

    >>> sum_windows(np.array([1.0, 2.0, 4.0]), (((0, 1), (1, 2)),))
    array([3., 6.])
    """
    rank = len(windows)
    total = np.zeros((*x.shape[: x.ndim - rank], *map(len, windows)), wide(x.dtype))
    for own, theirs, _ in _passes(windows):
        total[own] += x[theirs]
    return total.astype(x.dtype, copy=False)


def spread_windows(y: Any, sizes: tuple[int, ...], windows: Windows) -> Any:
    """Each number added to every element of its window, in an array with these last axes."""
    rank = len(windows)
    whole = np.zeros((*y.shape[: y.ndim - rank], *sizes), wide(y.dtype))
    for own, theirs, _ in _passes(windows):
        _add(whole, theirs, y[own])
    return whole.astype(y.dtype, copy=False)


def _add(whole: Any, theirs: Any, values: Any) -> None:
    if isinstance(theirs[-1], slice):
        whole[theirs] += values
    else:  # windows that are narrower than their steps apart may share an element
        np.add.at(whole, theirs, values)


def take_columns(x: Any, windows: Windows) -> Any:
    """Windows of (…, channels, axes…) as columns: (…, channels · places, windows), 0 outside.

    >>> take_columns(np.array([[1.0, 2.0, 4.0]]), (((0, 1), (1, 2)),))
    array([[1., 2.],
           [2., 4.]])
    """
    *lead, channels = x.shape[: x.ndim - len(windows)]
    counts, widths = _extents(windows)
    whole = all(place >= 0 for table in windows for row in table for place in row)
    make = np.empty if whole else np.zeros
    out = make((*lead, channels, *widths, *counts), x.dtype)
    for own, theirs, places in _passes(windows):
        out[(..., *places, *own[1:])] = x[theirs]
    return out.reshape(*lead, channels * math.prod(widths), math.prod(counts))


def put_columns(y: Any, sizes: tuple[int, ...], windows: Windows) -> Any:
    """The transpose of `take_columns`: columns added where their windows lie, in such axes.

    >>> put_columns(np.ones((2, 2)), (3,), (((0, 1), (1, 2)),))
    array([[1., 2., 1.]])
    """
    *lead, rows, _ = y.shape
    counts, widths = _extents(windows)
    channels = rows // math.prod(widths)
    held = y.reshape(*lead, channels, *widths, *counts)
    whole = np.zeros((*lead, channels, *sizes), wide(y.dtype))
    for own, theirs, places in _passes(windows):
        _add(whole, theirs, held[(..., *places, *own[1:])])
    return whole.astype(y.dtype, copy=False)


def _extents(windows: Windows) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How many windows there are along each axis, and how many elements each has."""
    return tuple(map(len, windows)), tuple(len(table[0]) for table in windows)


def window_cells(sizes: tuple[int, ...], windows: Windows) -> Any:
    """For each window the positions of its elements in the last axes, flattened.

    Places outside are taken by the first element that is inside, which changes no maximum.
    """
    rank = len(windows)
    counts = tuple(map(len, windows))
    if 0 in counts:
        return np.zeros((*counts, 1), np.int64)
    cells: Any = np.zeros((1,) * (2 * rank), np.int64)
    valid: Any = np.ones((1,) * (2 * rank), bool)
    for axis, table in enumerate(windows):
        column = np.array(table)
        shape = [1] * (2 * rank)
        shape[axis], shape[rank + axis] = column.shape
        column = column.reshape(shape)
        cells = cells + column * math.prod(sizes[axis + 1 :])
        valid = valid & (column >= 0)
    cells = np.broadcast_to(cells, valid.shape).reshape(*counts, -1)
    valid = valid.reshape(*counts, -1)
    first = np.take_along_axis(cells, valid.argmax(axis=-1)[..., None], -1)
    return np.where(valid, cells, first)


@functools.lru_cache(maxsize=64)
def _first_cells(sizes: tuple[int, ...], windows: Windows) -> Any:
    """The position of each window's first element."""
    found = window_cells(sizes, windows)[..., 0]
    found.flags.writeable = False
    return found


def largest_at(xp: Any, x: Any, windows: Windows) -> Any:
    """Where the largest element of each window is, in the last axes flattened; nan is larger.

    >>> largest_at(np, np.array([1.0, 5.0, 4.0]), (((0, 1), (1, 2)),))
    array([1, 1])
    """
    rank = len(windows)
    sizes = tuple(x.shape[x.ndim - rank :])
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "f":
        lead = tuple(x.shape[: x.ndim - rank])
        cells = window_cells(sizes, windows)
        held = xp.reshape(x, (*lead, math.prod(sizes)))[..., cells]
        best = xp.argmax(held, axis=-1)
        spread = np.broadcast_to(cells, tuple(held.shape))
        return np.take_along_axis(spread, np.asarray(best)[..., None], -1)[..., 0]
    flat = np.arange(math.prod(sizes)).reshape(sizes)
    best = np.full((*x.shape[: x.ndim - rank], *map(len, windows)), -np.inf, x.dtype)
    first = _first_cells(sizes, windows)
    found = np.array(np.broadcast_to(first, best.shape), order="C")
    for own, theirs, _ in _passes(windows):
        value, there = x[theirs], best[own]
        larger = (value > there) | np.isnan(value)
        best[own] = np.where(larger, value, there)
        found[own] = np.where(larger, flat[theirs], found[own])
    return found


def take_windows(xp: Any, x: Any, index: Any, rank: int) -> Any:
    """The elements at flat positions of the last axes."""
    lead = tuple(x.shape[: x.ndim - rank])
    flat = xp.reshape(x, (*lead, math.prod(x.shape[x.ndim - rank :])))
    columns = index.reshape(*lead, math.prod(index.shape[len(lead) :]))
    found = take_along(xp, flat, columns, len(lead))
    if isinstance(found, np.ndarray):
        found = np.ascontiguousarray(found)
    return xp.reshape(found, tuple(index.shape))


def put_windows(xp: Any, x: Any, sizes: tuple[int, ...], index: Any, rank: int) -> Any:
    """Zeros with last axes of these sizes, and x added at flat positions of these."""
    lead = tuple(index.shape[: index.ndim - rank])
    rows = xp.zeros((math.prod(lead), math.prod(sizes)), dtype=x.dtype)
    columns = index.reshape(math.prod(lead), math.prod(index.shape[len(lead) :]))
    numbers = np.broadcast_to(np.arange(math.prod(lead))[:, None], columns.shape)
    filled = add_at(xp, rows, (numbers, columns), xp.reshape(x, columns.shape))
    return xp.reshape(filled, (*lead, *sizes))
