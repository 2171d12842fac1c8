"""Arrays read and written by index: scatter, index_add, put, take, embedding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions.axes import along
from reference.definitions.concrete import integers, truths
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import calls, dyadic
from reference.graph import Node, broadcast_shapes

__all__ = ["DEFINITIONS", "checked_index"]


def _take_along_dim(input: Value, indices: Value, dim: int | None = None) -> Node:
    if dim is None:
        return build.getitem(build.reshape(input, -1), integers(indices).ravel())
    source, places = build.node(input), integers(indices)
    (axis,) = build.normal_axes(dim, source.ndim)
    # all other axes broadcast
    rest = broadcast_shapes(
        tuple(1 if k == axis else n for k, n in enumerate(source.shape)),
        tuple(1 if k == axis else n for k, n in enumerate(places.shape)),
    )
    whole = tuple(source.shape[axis] if k == axis else n for k, n in enumerate(rest))
    asked = tuple(places.shape[axis] if k == axis else int(n) for k, n in enumerate(rest))
    return build.gather(build.broadcast_to(source, whole), axis, np.broadcast_to(places, asked))


def _embedding(
    input: Value,
    weight: Value,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Node:
    """Rows of the weight; the padding's row, which is not learned, is a constant."""
    if max_norm is not None or scale_grad_by_freq:
        raise NotImplementedError(
            "embedding with max_norm or scale_grad_by_freq has no definition: the first changes "
            "the weight in place, the second makes what it gives back no gradient"
        )
    places = integers(input)
    rows = build.getitem(weight, places)
    if padding_idx is None:
        return rows
    padding = padding_idx % int(build.node(weight).shape[0])
    return build.where((places == padding)[..., None] * 1, build.stop(rows), rows)


def _take(input: Value, index: Value) -> Node:
    """Elements at positions in the flat array."""
    flat = build.reshape(input, -1)
    return build.getitem(flat, integers(index))


def _as_strided(
    input: Value, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Node:
    """Elements at fixed steps through the flat array, which must be contiguous."""
    source = build.node(input)
    places = np.full((), storage_offset or 0, dtype=np.intp)
    for length, step in zip(size, stride, strict=True):
        places = places[..., None] + np.arange(length) * step
    needed = int(places.max(initial=-1)) + 1
    if needed > int(source.size):
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset "
            f"{storage_offset or 0} require {needed} elements and are out of bounds for "
            f"{int(source.size)}"
        )
    return build.take(source, places)


def _index_fill(input: Value, dim: int, index: Value, value: Value) -> Node:
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    return build.index_put(source, along(axis, integers(index)), value)


def _index_copy(input: Value, dim: int, index: Value, source: Value) -> Node:
    held = build.node(input)
    (axis,) = build.normal_axes(dim, held.ndim)
    return build.index_put(held, along(axis, integers(index)), source)


def _index_add(input: Value, dim: int, index: Value, source: Value, *, alpha: Value = 1) -> Node:
    (axis,) = build.normal_axes(dim, build.node(input).ndim)
    key = (*(slice(None),) * axis, integers(index))
    scaled = source if build.is_number(alpha) and alpha == 1 else build.multiply(alpha, source)
    return build.index_put(input, key, scaled, accumulate=True)


def _put(input: Value, index: Value, source: Value, accumulate: bool = False) -> Node:
    held = build.node(input)
    values = build.reshape(source, build.node(index).shape)
    flat = build.index_put(build.reshape(held, -1), (integers(index),), values, accumulate)
    return build.reshape(flat, held.shape)


def checked_index(input: Value, dim: int, index: np.ndarray, src: Value) -> None:
    """Refuse an index that no value of `src` stands for, or that points out of `input`."""
    if build.is_number(src):
        return
    held, values = build.node(input), build.node(src)
    rank = max(held.ndim, 1)
    inside = all(
        size <= int(values.shape[axis]) and (axis == dim % rank or size <= int(held.shape[axis]))
        for axis, size in enumerate(index.shape if values.ndim else ())
    )
    if index.size and not inside:
        raise RuntimeError(
            f"Expected index {list(index.shape)} to be no larger than self {list(held.shape)} "
            f"apart from dimension {dim} and to be no larger than src {list(values.shape)}"
        )


def _scatter(input: Value, dim: int, index: Value, src: Value) -> Node:
    places = integers(index)
    checked_index(input, dim, places, src)
    return build.scatter(input, dim, places, src)


def _scatter_add(input: Value, dim: int, index: Value, src: Value) -> Node:
    places = integers(index)
    checked_index(input, dim, places, src)
    return build.scatter_add(input, dim, places, src)


def _masked_scatter(input: Value, mask: Value, source: Value) -> Node:
    """Where the mask holds, the elements of `source` in order."""
    held, known = build.node(input), truths(mask)
    shape = broadcast_shapes(held.shape, known.shape)
    wide = build.broadcast_to(held, shape)
    chosen = np.broadcast_to(known, [int(size) for size in shape])
    flat = build.getitem(build.reshape(source, -1), slice(0, int(chosen.sum())))
    return build.index_put(wide, chosen, flat)


# samples


def _scattered(rng: np.random.Generator) -> list[Sample]:
    """No place written twice: of two writes to one, PyTorch leaves open which one counts."""
    return [
        Sample((dyadic(rng, (3, 4)), 1, np.array([[0, 2], [3, 1], [2, 0]]), dyadic(rng, (3, 2)))),
        Sample((dyadic(rng, (4, 3)).T, 0, np.array([[2, 0, 1]]), dyadic(rng, (2, 4)))),
        Sample((dyadic(rng, (5,)), -1, np.array([4, 0]), dyadic(rng, (2,)))),
    ]


def _added(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (3, 4)), 1, rng.integers(0, 4, (3, 5)), dyadic(rng, (3, 5)))),
        Sample((dyadic(rng, (4, 3)).T, 0, rng.integers(0, 3, (4, 2)), dyadic(rng, (4, 3)))),
        Sample((dyadic(rng, (5,)), 0, np.array([1, 1, 1]), dyadic(rng, (3,)))),
    ]


def _added_slices(rng: np.random.Generator) -> list[Sample]:
    twice = np.array([2, 0, 2])
    return [
        Sample((dyadic(rng, (3, 2)), 0, twice, dyadic(rng, (3, 2)))),
        Sample((dyadic(rng, (4, 3)).T, 1, twice, dyadic(rng, (3, 3))), {"alpha": 0.5}),
    ]


def _copied_slices(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (3, 2)), 0, np.array([2, 0]), dyadic(rng, (2, 2)))),
        Sample((dyadic(rng, (4, 3)).T, 1, np.array([1, 3]), dyadic(rng, (3, 2)))),
    ]


def _rows_of_weights(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((np.array([2, 0, 2]), dyadic(rng, (3, 4)))),
        Sample((np.array([[1, 1], [0, 2]]), dyadic(rng, (2, 3)).T)),
    ]


def _gathered(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (3, 4)), rng.integers(0, 4, (3, 2)), 1)),
        Sample((dyadic(rng, (4, 3)).T, rng.integers(0, 3, (2, 4)), 0)),
        Sample((dyadic(rng, (2, 3)), np.array([5, 0, 4]))),
        Sample((dyadic(rng, (1, 3)), np.array([[2], [0]]), 1)),
    ]


def _scatters_of_masks(rng: np.random.Generator) -> list[Sample]:
    mask = np.array([[True, False, True], [False, True, True]])
    return [
        Sample((dyadic(rng, (2, 3)), mask, dyadic(rng, (5,)))),
        Sample((dyadic(rng, (3, 2)).T, mask[:1], dyadic(rng, (2, 2)))),
    ]


def _row(
    name: str,
    function: Callable[..., Any],
    samples: Samples,
    aliases: Sequence[str] = (),
    arrays: int = 1,
) -> Definition:
    return Definition(name, function, (REALS,) * arrays, (), samples, aliases)


DEFINITIONS: tuple[Definition, ...] = (
    _row(
        "index_fill",
        _index_fill,
        calls(
            lambda rng: (dyadic(rng, (3, 4)), 1, np.array([3, 0]), 0.5),
            lambda rng: (dyadic(rng, (4, 3)).T, 0, np.array([1]), dyadic(rng, ())),
        ),
    ),
    _row("index_copy", _index_copy, _copied_slices, arrays=2),
    _row("index_add", _index_add, _added_slices, arrays=2),
    _row("scatter", _scatter, _scattered, arrays=2),
    _row("scatter_add", _scatter_add, _added, arrays=2),
    _row("take_along_dim", _take_along_dim, _gathered, ("take_along_axis",)),
    _row("embedding", _embedding, _rows_of_weights),
    _row(
        "take",
        _take,
        calls(lambda rng: (dyadic(rng, (4, 3)).T, np.array([[5, 0], [-1, 5]]))),
    ),
    _row(
        "put",
        _put,
        calls(
            lambda rng: (dyadic(rng, (2, 3)), np.array([5, 0]), dyadic(rng, (2,))),
            lambda rng: (dyadic(rng, (4,)), np.array([1, 1]), dyadic(rng, (2,)), True),
        ),
        arrays=2,
    ),
    _row("masked_scatter", _masked_scatter, _scatters_of_masks, arrays=2),
    _row("as_strided", _as_strided, calls(lambda rng: (dyadic(rng, (6,)), (3, 2), (1, 2), 1))),
)
