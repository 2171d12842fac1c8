"""Arrays rearranged: every element of the result is one element of the source, or zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from reference.build.contract import (
    broadcast_to,
    contract,
    expand_dims,
    normal_axes,
    reshape_ones,
)
from reference.build.elementwise import Value, add, add_all, is_number, node
from reference.graph import Constant, IndexMap, Node, Put, Shape, Take

__all__ = [
    "concat",
    "diagonal",
    "flip",
    "gather",
    "getitem",
    "index_put",
    "is_concrete",
    "pad",
    "repeat",
    "reshape",
    "roll",
    "scatter",
    "scatter_add",
    "stack",
    "take",
    "tril",
    "triu",
    "unbind",
]

Formula = Callable[[tuple[sp.Expr, ...]], tuple[sp.Expr, ...]]


def is_concrete(shape: Shape) -> bool:
    """Whether all sizes are numbers."""
    return all(isinstance(size, (int, np.integer)) for size in shape)


def rearranged(
    x: Value,
    shape: Shape | None,
    move: Callable[[np.ndarray], np.ndarray],
    formula: Formula | None,
) -> Node:
    """x with its flat positions moved by `move`, a NumPy function on an integer array.

    shape: the result's shape, or None to learn it from `move`.
    """
    source = node(x)
    if not is_concrete(source.shape):
        if formula is None or shape is None:
            raise ValueError(
                f"this rearrangement of an array of shape {source.shape} needs concrete sizes. "
                "Give numbers for the symbolic sizes."
            )
        return Take(source, IndexMap(source.shape, shape, None, formula))

    def positions() -> np.ndarray:
        flat = np.arange(source.size, dtype=np.intp).reshape(source.shape)
        return np.asarray(move(flat), dtype=np.intp)

    if shape is not None:
        return Take(source, IndexMap(source.shape, shape, positions, formula))
    held = positions()
    return Take(source, IndexMap(source.shape, held.shape, held, formula))


def take(x: Value, positions: np.ndarray) -> Node:
    """`x.ravel()[positions]`, zero where a position is -1."""
    source = node(x)
    held = np.asarray(positions, dtype=np.intp)
    return Take(source, IndexMap(source.shape, held.shape, held))


def reshape(x: Value, shape: int | Sequence[Any]) -> Node:
    """The same elements in C order in another shape; one size may be -1.

    >>> reshape(np.ones((2, 6)), (3, -1)).shape
    (3, 4)
    """
    source = node(x)
    wanted = list(shape) if isinstance(shape, Sequence) else [shape]
    if -1 in wanted:
        known: Any = 1
        for size in wanted:
            known = known if size == -1 else known * size
        if known == 0:
            raise RuntimeError(
                f"cannot reshape tensor of {source.size} elements into shape {wanted} because "
                "the unspecified dimension size -1 can be any value and is ambiguous"
            )
        missing = source.size // known if is_concrete(source.shape) else source.size / known
        wanted[wanted.index(-1)] = missing
    total: Any = 1
    for size in wanted:
        total = total * size
    if total != source.size or -1 in wanted:
        given = list(shape) if isinstance(shape, Sequence) else [shape]
        raise RuntimeError(f"shape '{given}' is invalid for input of size {source.size}")
    target = tuple(int(s) if isinstance(s, (int, np.integer)) else s for s in wanted)
    simple = reshape_ones(source, target)
    if simple is not None:
        return simple
    return rearranged(source, target, lambda flat: flat.reshape(target), None)


def getitem(x: Value, key: Any) -> Node:
    """`x[key]` with NumPy's meaning: ints, slices, None, Ellipsis, masks, integer arrays.

    >>> getitem(np.ones((4, 3)), (slice(1, None), [0, 2])).shape
    (3, 2)
    """
    source = node(x)
    if not is_concrete(source.shape):
        return _symbolic_getitem(source, key if isinstance(key, tuple) else (key,))
    if isinstance(key, list):
        key = np.asarray(key, dtype=np.intp) if not key else np.asarray(key)
    held = np.asarray(np.arange(source.size, dtype=np.intp).reshape(source.shape)[key])
    if held.shape == source.shape and np.array_equal(held.ravel(), np.arange(source.size)):
        return source
    return Take(source, IndexMap(source.shape, held.shape, held))


def _symbolic_getitem(source: Node, key: tuple[Any, ...]) -> Node:
    """Ints, slices of step 1 or -1, None and Ellipsis, on symbolic sizes."""
    consumed = [part for part in key if part is not None and part is not Ellipsis]
    if Ellipsis not in key:
        key = (*key, Ellipsis)
    fill = [slice(None)] * (source.ndim - len(consumed))
    place = key.index(Ellipsis)
    full = [*key[:place], *fill, *key[place + 1 :]]
    shape: list[Any] = []
    reads: list[tuple[Any, int, int | None]] = []  # per axis of the source: start, step, axis read
    for part in full:
        if part is None:
            shape.append(1)
            continue
        size: Any = source.shape[len(reads)]
        if isinstance(part, (int, np.integer, sp.Expr)):
            reads.append((_from_start(part, size), 1, None))
        elif isinstance(part, slice) and part.step in (None, 1, -1):
            step = part.step or 1
            start = _from_start(part.start, size, 0 if step == 1 else size - 1)
            stop = _from_start(part.stop, size, size if step == 1 else -1)
            reads.append((start, step, len(shape)))
            shape.append((stop - start) * step)
        else:
            raise ValueError(
                f"index {part!r} needs concrete sizes; on symbolic sizes ints, slices of step "
                "1 or -1, None and Ellipsis are understood"
            )

    def formula(indices: tuple[sp.Expr, ...]) -> tuple[sp.Expr, ...]:
        return tuple(
            start if axis is None else start + step * indices[axis] for start, step, axis in reads
        )

    if tuple(shape) == source.shape and all(step == 1 for _, step, _ in reads):
        return source
    return Take(source, IndexMap(source.shape, tuple(shape), None, formula))


def _from_start(place: Any, size: Any, default: Any = None) -> Any:
    """A place counted from the start of an axis; None stands for the default."""
    if place is None:
        return default
    negative = isinstance(place, (int, np.integer)) and place < 0
    return place + size if negative else place


def concat(values: Sequence[Value], axis: int = 0) -> Node:
    """Arrays one after the other along an axis.

    >>> concat([np.ones((2, 3)), np.ones((1, 3))]).shape
    (3, 3)
    """
    parts = [node(value) for value in values]
    if not parts:
        raise RuntimeError("expected a non-empty list of Tensors")
    rank = parts[0].ndim
    if rank == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated")
    (axis,) = normal_axes(axis, rank)
    for number, part in enumerate(parts):
        for other in range(rank):
            if other != axis and part.shape[other] != parts[0].shape[other]:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size "
                    f"{parts[0].shape[other]} but got size {part.shape[other]} for tensor "
                    f"number {number} in the list."
                )
    total: Any = 0
    for part in parts:
        total = total + part.shape[axis]
    shape = (*parts[0].shape[:axis], total, *parts[0].shape[axis + 1 :])
    pieces: list[Node] = []
    start: Any = 0
    for part in parts:
        after = total - start - part.shape[axis]
        pieces.append(_placed(part, axis, start, after, shape))
        start = start + part.shape[axis]
    return add_all(pieces)


def _placed(part: Node, axis: int, before: int, after: int, shape: Shape) -> Node:
    """`part` inside zeros of `shape`, `before` elements from the start of an axis."""
    if before == 0 and after == 0:
        return part

    def positions() -> np.ndarray:
        own = np.arange(part.size, dtype=np.intp).reshape(part.shape)
        widths = [(before, after) if k == axis else (0, 0) for k in range(part.ndim)]
        return np.pad(own, widths, constant_values=-1)

    if not is_concrete(shape):
        raise ValueError(f"joining arrays to shape {shape} needs concrete sizes")
    return Take(part, IndexMap(part.shape, shape, positions))


def stack(values: Sequence[Value], axis: int = 0) -> Node:
    """Arrays of one shape side by side along a new axis."""
    parts = [node(value) for value in values]
    for number, part in enumerate(parts):
        if part.shape != parts[0].shape:
            raise RuntimeError(
                "stack expects each tensor to be equal size, but got "
                f"{list(parts[0].shape)} at entry 0 and {list(part.shape)} at entry {number}"
            )
    if not parts:
        raise RuntimeError("stack expects a non-empty TensorList")
    place = axis if axis >= 0 else axis + parts[0].ndim + 1
    return concat([expand_dims(part, place) for part in parts], place)


def unbind(x: Value, axis: int = 0) -> tuple[Node, ...]:
    """The slices along an axis, without it."""
    source = node(x)
    (axis,) = normal_axes(axis, source.ndim)
    lead = (slice(None),) * axis
    return tuple(getitem(source, (*lead, k)) for k in range(int(source.shape[axis])))


def pad(x: Value, widths: Sequence[tuple[int, int]], value: Any = 0) -> Node:
    """`widths[axis]` = (before, after) elements of a constant around x; negative widths crop."""
    source = node(x)
    crop = tuple(
        slice(max(-before, 0), size - max(-after, 0))
        for (before, after), size in zip(widths, source.shape, strict=True)
    )
    outside = [(max(before, 0), max(after, 0)) for before, after in widths]

    def move(flat: np.ndarray) -> np.ndarray:
        return np.pad(flat[crop], outside, constant_values=-1)

    padded = rearranged(source, None, move, None)
    if is_number(value) and value == 0:
        return padded
    frame = np.pad(np.zeros(tuple(source.shape), dtype=bool)[crop], outside, constant_values=True)
    numbers = np.full(frame.shape, value, dtype=object)
    numbers[~frame] = 0
    return add(padded, Constant(numbers))


def flip(x: Value, axes: int | Sequence[int] | None = None) -> Node:
    """The order of some axes reversed."""
    source = node(x)
    reversed_axes = normal_axes(axes, source.ndim)

    def formula(indices: tuple[sp.Expr, ...]) -> tuple[sp.Expr, ...]:
        return tuple(
            source.shape[axis] - 1 - index if axis in reversed_axes else index
            for axis, index in enumerate(indices)
        )

    return rearranged(source, source.shape, lambda flat: np.flip(flat, reversed_axes), formula)


def roll(x: Value, shifts: int | Sequence[int], axes: int | Sequence[int] | None = None) -> Node:
    """The elements moved along axes, those that leave coming back at the other end."""
    return rearranged(x, None, lambda flat: np.roll(flat, shifts, axes), None)


def repeat(x: Value, counts: Sequence[int]) -> Node:
    """x tiled `counts[axis]` times; missing leading axes have length one."""
    return rearranged(x, None, lambda flat: np.tile(flat, counts), None)


def diagonal(x: Value, offset: int = 0, first: int = 0, second: int = 1) -> Node:
    """The diagonal of two axes, as the last axis of the result."""
    source = node(x)
    if offset == 0 and not is_concrete(source.shape):
        labels = list(range(source.ndim))
        labels[second] = labels[first]
        kept = [
            k for k in range(source.ndim) if k not in (first % source.ndim, second % source.ndim)
        ]
        return contract([source], [labels], [*kept, labels[first]])
    return rearranged(source, None, lambda flat: np.diagonal(flat, offset, first, second), None)


def tril(x: Value, offset: int = 0) -> Node:
    """x with zeros above a diagonal of the last two axes."""
    source = node(x)
    keep = _lower_triangle(source, offset)
    return rearranged(source, source.shape, lambda flat: np.where(keep, flat, -1), None)


def triu(x: Value, offset: int = 0) -> Node:
    """x with zeros below a diagonal of the last two axes."""
    source = node(x)
    drop = _lower_triangle(source, offset - 1)
    return rearranged(source, source.shape, lambda flat: np.where(drop, -1, flat), None)


def _lower_triangle(source: Node, offset: int) -> np.ndarray:
    rows, columns = source.shape[-2:]
    return np.tri(int(rows), int(columns), offset, dtype=bool)


def gather(x: Value, axis: int, index: np.ndarray) -> Node:
    """`out[i…, j, k…] = x[i…, index[i…, j, k…], k…]`; index may be smaller on other axes."""
    return rearranged(x, None, lambda flat: _along(flat, axis, index), None)


def _along(flat: np.ndarray, axis: int, index: np.ndarray) -> np.ndarray:
    grid: list[Any] = list(np.indices(index.shape, sparse=True))
    if flat.ndim:
        grid[axis] = index
        return np.asarray(flat[tuple(grid)])
    return np.asarray(np.broadcast_to(flat, index.shape))


def scatter_add(x: Value, axis: int, index: np.ndarray, values: Value) -> Node:
    """x with values added at the places that :func:`gather` would read."""
    source = node(x)
    flat = np.arange(source.size, dtype=np.intp).reshape(source.shape)
    positions = _along(flat, axis, index)
    used = getitem(values, tuple(slice(0, n) for n in index.shape)) if index.ndim else node(values)
    return add(source, Put(used, IndexMap(source.shape, positions.shape, positions)))


def scatter(x: Value, axis: int, index: np.ndarray, values: Value) -> Node:
    """x with values written at the places that :func:`gather` would read."""
    source = node(x)
    flat = np.arange(source.size, dtype=np.intp).reshape(source.shape)
    positions = _along(flat, axis, index)
    held = broadcast_to(values, index.shape) if is_number(values) else node(values)
    used = getitem(held, tuple(slice(0, n) for n in index.shape)) if index.ndim else held
    return _written(source, positions, used)


def index_put(x: Value, key: Any, values: Value, accumulate: bool = False) -> Node:
    """x with `x[key] = values`, or `x[key] += values` where places may repeat.

    >>> index_put(np.zeros(3), ([0, 2],), 5.0).shape
    (3,)
    """
    source = node(x)
    positions = np.asarray(np.arange(source.size, dtype=np.intp).reshape(source.shape)[key])
    used = broadcast_to(_without_lead(node(values), positions.ndim), positions.shape)
    if accumulate:
        return add(source, Put(used, IndexMap(source.shape, positions.shape, positions)))
    return _written(source, positions, used)


def _without_lead(values: Node, ndim: int) -> Node:
    """Leading axes of length one beyond `ndim` dropped, as assignment allows."""
    extra = values.ndim - ndim
    if extra > 0 and all(size == 1 for size in values.shape[:extra]):
        return reshape(values, values.shape[extra:])
    return values


def _written(source: Node, positions: np.ndarray, values: Node) -> Node:
    """The source with values at some positions; of several for one place the last counts."""
    writer = np.full(int(source.size), -1, dtype=np.intp)
    writer[positions.ravel()] = np.arange(positions.size)
    kept = np.where(writer >= 0, -1, np.arange(source.size))
    shape = tuple(int(size) for size in source.shape)
    return add(take(source, kept.reshape(shape)), take(values, writer.reshape(shape)))
