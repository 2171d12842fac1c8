"""Reading and writing at indices, with repeated indices added up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.kernels.picking import axis_of

__all__ = [
    "add_at",
    "add_rows_to_zeros",
    "assign_at",
    "contiguous",
    "placed",
    "put_along",
    "put_number",
    "take_along",
    "take_rows",
]


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
        return whole
    places = _places(whole, index)
    if places is None:
        if not _add_slices(whole, index, values):
            np.add.at(whole, index, values)
    else:
        positions, width = places
        lead = whole.ndim - (len(index) if isinstance(index, tuple) else 1)
        rest = whole.shape[whole.ndim - lead :]
        spread = np.broadcast_to(values, (*positions.shape, *rest)).reshape(-1, width)
        _add_rows(whole.reshape(-1, width), positions.reshape(-1), spread)
    return whole


_FEW = 64  # indices for which sorting does not pay
_ROUNDS = 8  # uses of one index that are added one after the other


def _places(whole: Any, index: Any) -> tuple[Any, int] | None:
    """What an index of whole numbers names: (numbers of rows, their length); None otherwise."""
    parts = index if isinstance(index, tuple) else (index,)
    if not whole.flags.c_contiguous or not whole.size or len(parts) > whole.ndim:
        return None
    if not all(type(part) is np.ndarray and part.dtype.kind in "iu" for part in parts):
        return None
    positions: Any = 0
    for part, size in zip(parts, whole.shape, strict=False):
        if part.size < _FEW or part.max() >= size or part.min() < -size:
            return None
        positions = positions * size + np.where(part < 0, part + size, part)
    count = math.prod(whole.shape[: len(parts)])
    return (positions, whole.size // count) if positions.size >= _FEW else None


def _order(positions: Any, count: int) -> Any:
    """The stable order of positions below `count`, by digits of 16 bits: NumPy's radix sort."""
    if count > 1 << 32:
        return np.argsort(positions, kind="stable")
    order = np.argsort(positions.astype(np.uint16), kind="stable")
    if count > 1 << 16:
        order = order[np.argsort((positions >> 16).astype(np.uint16)[order], kind="stable")]
    return order


def _runs(positions: Any, count: int) -> tuple[Any, Any, Any, Any]:
    """(the order of positions, those named, where each one's run begins in it, how long it is)"""
    order = _order(positions, count)
    found = positions[order]
    is_first = np.empty(len(found), bool)
    is_first[0] = True
    np.not_equal(found[1:], found[:-1], out=is_first[1:])
    starts = np.flatnonzero(is_first)
    return order, found[starts], starts, np.diff(np.append(starts, len(found)))


def _add_rows(whole: Any, positions: Any, values: Any, fresh: bool = False) -> None:
    """`whole[positions] += values` of a matrix, every repetition counted.

    Sorted; then the first use of every row is taken at once, all second uses added, and so on,
    and the sums are brought to their places once: six times as fast as `np.add.at`, three times
    as fast as `np.add.reduceat`, which adds up what is left after some rounds. Rows are moved as
    one element each, which NumPy does without a loop per row. fresh: whether all are zeros.
    """
    if whole.shape[1] == 1:
        np.add.at(whole.reshape(-1), positions, values.reshape(-1))
        return
    order, rows, starts, counts = _runs(positions, len(whole))
    sums = values.take(order[starts], axis=0)
    chosen = np.arange(len(starts))
    for use in range(1, _ROUNDS):
        kept = np.flatnonzero(counts > use)
        if not kept.size:
            break
        chosen, counts = chosen[kept], counts[kept]
        sums[chosen] += values.take(order[starts[chosen] + use], axis=0)
    else:
        _add_rest(sums, values, order, starts, chosen, counts)
    if not fresh:
        sums += whole.take(rows, axis=0)
    whole.view(f"V{sums[0].nbytes}")[rows, 0] = sums.view(f"V{sums[0].nbytes}")[:, 0]


_MANY = 4096  # elements from which on slices are sorted


def _add_slices(whole: Any, index: Any, values: Any) -> bool:
    """`whole[:, …, positions] += values` for one vector of positions; whether that was the case.

    By rounds, as `_add_rows`, but where the slices lie: they are parts of rows.
    """
    axis, shape = axis_of(index), whole.shape
    if axis is None or axis >= len(shape) or not whole.flags.c_contiguous or whole.size < _MANY:
        return False
    positions = index[-1] if type(index) is tuple else index
    if not positions.size:
        return False
    size = shape[axis]
    if positions.max() >= size or positions.min() < -size:
        return False
    positions = np.where(positions < 0, positions + size, positions)
    given = np.broadcast_to(values, (*shape[:axis], len(positions), *shape[axis + 1 :]))
    order, named, starts, counts = _runs(positions, size)
    rounds = counts.max()
    if rounds > _ROUNDS:
        rows = np.ascontiguousarray(np.moveaxis(given, axis, 0))
        sums = add_rows_to_zeros((size, whole.size // size), positions, rows)
        whole += np.moveaxis(sums.reshape(size, *rows.shape[1:]), 0, axis)
        return True
    flat = whole.reshape(math.prod(shape[:axis]), size, -1)
    parts = given.reshape(len(flat), len(positions), -1)
    if 2 * rounds * size > 3 * len(positions):  # few are named: only these are added to
        sums = parts.take(order[starts], axis=1)
        for use in range(1, rounds):
            kept = np.flatnonzero(counts > use)
            sums[:, kept] += parts.take(order[starts[kept] + use], axis=1)
        flat[:, named] += sums
        return True
    zero = np.zeros((len(flat), 1, flat.shape[2]), parts.dtype)
    parts = np.concatenate([parts, zero], axis=1)  # what is not named is given the zero
    for use in range(rounds):
        kept = np.flatnonzero(counts > use)
        chosen = np.full(size, len(positions))
        chosen[named[kept]] = order[starts[kept] + use]
        flat += parts.take(chosen, axis=1)
    return True


def _add_rest(sums: Any, values: Any, order: Any, starts: Any, chosen: Any, counts: Any) -> None:
    """What the rounds have left: long runs of one row."""
    kept = np.flatnonzero(counts > _ROUNDS)
    if not kept.size:
        return
    chosen, lengths = chosen[kept], counts[kept] - _ROUNDS
    ends = np.cumsum(lengths)
    first = np.repeat(starts[chosen] + _ROUNDS - (ends - lengths), lengths)
    gathered = values.take(order[first + np.arange(ends[-1])], axis=0)
    sums[chosen] += np.add.reduceat(gathered, ends - lengths, axis=0)


def take_rows(x: Any, index: Any) -> Any:
    """`x[index]` for an array of valid numbers of rows."""
    return x.take(index, axis=0, mode="clip")


def add_rows_to_zeros(shape: tuple[int, ...], positions: Any, values: Any) -> Any:
    """Zeros of a shape with two axes, and `values` added to its rows at `positions`.

    >>> add_rows_to_zeros((3, 2), np.array([0, 0, 2]), np.ones((3, 2)))
    array([[2., 2.],
           [0., 0.],
           [1., 1.]])
    """
    whole = np.zeros(shape, values.dtype)
    if positions.size and whole.size:
        _add_rows(whole, positions.reshape(-1), values.reshape(-1, shape[1]), fresh=True)
    return whole


def placed(x: Any, shape: tuple[int, ...], index: Any) -> Any:
    """Zeros, and x at an index of slices and numbers; None if x is no array of NumPy's.

    >>> placed(np.ones(2), (3,), slice(1, 3))
    array([0., 1., 1.])
    """
    if type(x) is not np.ndarray and not isinstance(x, np.generic):
        return None
    whole = np.zeros(shape, x.dtype)
    whole[index] = x
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
        if not index.ndim:
            return xp.asarray(x, copy=True)
        return xp.asarray(x)[np.zeros(index.shape, int)]
    if type(x) is np.ndarray and x.size and (x.flags.c_contiguous or x.size <= 4 * index.size):
        if dim == 1 and x.ndim == 2 and index.shape == (x.shape[0], 1):
            return x[np.arange(len(x)), index[:, 0]][:, None]
        return x.reshape(-1).take(_positions(x.shape, index, dim), mode="clip")
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


_NUMBERS = {np.float32, np.float64}


def put_number(number: Any, shape: tuple[int, ...], index: Any, dim: int) -> Any:
    """`put_along` of one number for every row of a matrix; None if the case is another one.

    >>> put_number(np.float64(2.0), (2, 3), np.array([[2], [0]]), 1)
    array([[0., 0., 2.],
           [2., 0., 0.]])
    """
    if type(number) not in _NUMBERS or len(shape) != 2 or dim != 1 or index.shape[1] != 1:
        return None
    count, width = shape
    whole = np.zeros(shape, number.dtype)
    whole.reshape(-1)[index[:, 0] + np.arange(0, count * width, width or 1)] = number
    return whole


def contiguous(xp: Any, x: Any) -> Any:
    """A copy in row-major order."""
    if isinstance(x, np.ndarray | np.generic):
        return np.array(x, order="C")
    return xp.asarray(x, copy=True)
