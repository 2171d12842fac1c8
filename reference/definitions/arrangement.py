"""More ways to rearrange arrays, and to write into them by index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations, combinations_with_replacement, product
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions import indexing, shapes
from reference.definitions.axes import along
from reference.definitions.concrete import integers, truths
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import calls, dyadic
from reference.graph import Node, broadcast_shapes

__all__ = ["DEFINITIONS"]


def _many(tensors: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arrays given one by one or as one sequence."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        return tuple(tensors[0])
    return tensors


def _positions(x: Node) -> np.ndarray:
    """Every element's own flat position."""
    return np.arange(int(x.size), dtype=np.intp).reshape([int(size) for size in x.shape])


# diagonals and blocks


def _diag_embed(input: Value, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Node:
    """The last axis as a diagonal of two new axes."""
    source = build.node(input)
    rank = source.ndim + 1
    first, second = dim1 % rank, dim2 % rank
    if first > second:
        first, second, offset = second, first, -offset
    own = _positions(source)
    length = own.shape[-1]
    size = length + abs(offset)
    places = np.full((*own.shape[:-1], size, size), -1, dtype=np.intp)
    steps = np.arange(length)
    places[..., steps + max(-offset, 0), steps + max(offset, 0)] = own
    return build.take(source, np.moveaxis(places, (-2, -1), (first, second)))


def _diagonal_scatter(
    input: Value, src: Value, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Node:
    source = build.node(input)
    where = np.diagonal(_positions(source), offset, dim1, dim2)
    return _written(source, where, src)


def _written(source: Node, where: np.ndarray, values: Value) -> Node:
    """The source with values at flat positions."""
    flat = build.index_put(build.reshape(source, -1), (where,), values)
    return build.reshape(flat, source.shape)


def _select_scatter(input: Value, src: Value, dim: int, index: int) -> Node:
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    return build.index_put(source, along(axis, index), src)


def _slice_scatter(
    input: Value,
    src: Value,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Node:
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    return build.index_put(source, along(axis, slice(start, end, step)), src)


def _block_diag(*tensors: Value) -> Node:
    blocks = [build.node(value) for value in _many(tensors)]
    blocks = [build.reshape(b, (1, -1)) if b.ndim < 2 else b for b in blocks]
    height, width = (sum(int(b.shape[axis]) for b in blocks) for axis in (0, 1))
    placed, row, column = [], 0, 0
    for block in blocks:
        rows, columns = int(block.shape[0]), int(block.shape[1])
        after = ((row, height - row - rows), (column, width - column - columns))
        placed.append(build.pad(block, after))
        row, column = row + rows, column + columns
    return build.elementwise(lambda *parts: sum(parts[1:], parts[0]), *placed)


def _kron(input: Value, other: Value) -> Node:
    """Kronecker's product: a copy of `other` for every element of `input`."""
    first, second = build.node(input), build.node(other)
    rank = max(first.ndim, second.ndim)
    one = (1,) * (rank - first.ndim) + tuple(first.shape)
    two = (1,) * (rank - second.ndim) + tuple(second.shape)
    spread = build.multiply(
        build.reshape(first, [size for n in one for size in (n, 1)]),
        build.reshape(second, [size for n in two for size in (1, n)]),
    )
    return build.reshape(spread, [a * b for a, b in zip(one, two, strict=True)])


# grids and repetitions


def _meshgrid(*tensors: Value, indexing: str | None = None) -> tuple[Node, ...]:
    """Each vector repeated along the axes of the others."""
    held = [build.node(value) for value in _many(tensors)]
    vectors = [build.reshape(v, (1,)) if v.ndim == 0 else v for v in held]
    swapped = indexing == "xy" and len(vectors) > 1
    order = [1, 0, *range(2, len(vectors))] if swapped else list(range(len(vectors)))
    shape = tuple(vectors[k].shape[0] for k in order)
    result = []
    for number, vector in enumerate(vectors):
        axis = order.index(number)
        alone = build.reshape(vector, [-1 if k == axis else 1 for k in range(len(vectors))])
        result.append(build.broadcast_to(alone, shape))
    return tuple(result)


def _cartesian_prod(*tensors: Value) -> Node:
    held = [build.node(value) for value in _many(tensors)]
    if len(held) == 1:
        return held[0]
    rows = list(product(*(range(int(v.shape[0])) for v in held)))
    table = np.array(rows, dtype=np.intp).reshape(len(rows), len(held))
    return build.stack([build.getitem(v, table[:, k]) for k, v in enumerate(held)], 1)


def _combinations(input: Value, r: int = 2, with_replacement: bool = False) -> Node:
    source = build.node(input)
    chosen = combinations_with_replacement if with_replacement else combinations
    rows = list(chosen(range(int(source.shape[0])), r))
    return build.getitem(source, np.array(rows, dtype=np.intp).reshape(len(rows), r))


def _repeat_interleave(
    input: Value, repeats: Value, dim: int | None = None, *, output_size: int | None = None
) -> Node:
    """Every element, or every slice along an axis, several times in a row."""
    source = build.node(input)
    if dim is None:
        source, dim = build.reshape(source, -1), 0
    (axis,) = build.normal_axes(dim, source.ndim)
    places = np.repeat(np.arange(int(source.shape[axis])), integers(repeats))
    return build.getitem(source, along(axis, places))


# turned, joined and cut


def _fliplr(input: Value) -> Node:
    return build.flip(input, 1)


def _flipud(input: Value) -> Node:
    return build.flip(input, 0)


def _rot90(input: Value, k: int = 1, dims: tuple[int, int] = (0, 1)) -> Node:
    """Turned by k quarters from the first of two axes towards the second."""
    source = build.node(input)
    return build.take(source, np.rot90(_positions(source), k, dims))


def _at_least(rank: int) -> Callable[..., Any]:
    def at_least(*tensors: Value) -> Any:
        """Axes of length one added in front; for three axes, behind the first two."""
        result = []
        for value in _many(tensors):
            held = build.node(value)
            shape = np.broadcast_to(0.0, [int(size) for size in held.shape])
            grown = (np.atleast_1d, np.atleast_2d, np.atleast_3d)[rank - 1](shape)
            result.append(build.reshape(held, grown.shape))
        single = len(tensors) == 1 and not isinstance(tensors[0], (tuple, list))
        return result[0] if single else tuple(result)

    return at_least


def _dstack(tensors: Sequence[Value]) -> Node:
    grow = _at_least(3)
    return build.concat([grow(value) for value in tensors], 2)


def _column_stack(tensors: Sequence[Value]) -> Node:
    held = [build.node(value) for value in tensors]
    return build.concat([build.reshape(v, (-1, 1)) if v.ndim < 2 else v for v in held], 1)


def _tensor_split(input: Value, indices_or_sections: Any, dim: int = 0) -> tuple[Node, ...]:
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    given = indices_or_sections
    cuts = given if isinstance(given, int) else [int(k) for k in np.asarray(given).ravel()]
    parts = np.array_split(np.arange(int(source.shape[axis])), cuts)
    return tuple(build.getitem(source, along(axis, part.astype(np.intp))) for part in parts)


def _pad(input: Value, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Node:
    """Elements around: a constant, mirrored, repeated from the edge, or from the other end."""
    if mode == "constant":
        padded: Node = _constant_pad(input, pad, mode, value)
        return padded
    source = build.node(input)
    widths = [(0, 0)] * source.ndim
    for k in range(len(pad) // 2):
        widths[source.ndim - 1 - k] = (pad[2 * k], pad[2 * k + 1])
    places = _positions(source)
    crop = tuple(
        slice(max(-before, 0), size - max(-after, 0))
        for (before, after), size in zip(widths, places.shape, strict=True)
    )
    outside = [(max(before, 0), max(after, 0)) for before, after in widths]
    held = places[crop]
    if mode == "reflect":
        return build.take(source, np.pad(held, outside, "reflect"))
    if mode == "replicate":
        return build.take(source, np.pad(held, outside, "edge"))
    if mode == "circular":
        return build.take(source, np.pad(held, outside, "wrap"))
    raise NotImplementedError(f"Unrecognised padding mode {mode}")


def _pixel_shuffle(input: Value, upscale_factor: int) -> Node:
    """Channels, r² at a time, laid out as blocks of r × r."""
    source = build.node(input)
    *lead, channels, height, width = (int(size) for size in source.shape)
    r, n = upscale_factor, len(lead)
    split = build.reshape(source, (*lead, channels // r**2, r, r, height, width))
    turned = build.permute(split, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return build.reshape(turned, (*lead, channels // r**2, height * r, width * r))


def _pixel_unshuffle(input: Value, downscale_factor: int) -> Node:
    source = build.node(input)
    *lead, channels, height, width = (int(size) for size in source.shape)
    r, n = downscale_factor, len(lead)
    split = build.reshape(source, (*lead, channels, height // r, r, width // r, r))
    turned = build.permute(split, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return build.reshape(turned, (*lead, channels * r**2, height // r, width // r))


# reading and writing by index


def _index_fill(input: Value, dim: int, index: Value, value: Value) -> Node:
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    return build.index_put(source, along(axis, integers(index)), value)


def _index_copy(input: Value, dim: int, index: Value, source: Value) -> Node:
    held = build.node(input)
    (axis,) = build.normal_axes(dim, held.ndim)
    return build.index_put(held, along(axis, integers(index)), source)


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


def _put(input: Value, index: Value, source: Value, accumulate: bool = False) -> Node:
    held = build.node(input)
    values = build.reshape(source, build.node(index).shape)
    flat = build.index_put(build.reshape(held, -1), (integers(index),), values, accumulate)
    return build.reshape(flat, held.shape)


def _masked_scatter(input: Value, mask: Value, source: Value) -> Node:
    """Where the mask holds, the elements of `source` in order."""
    held, known = build.node(input), truths(mask)
    shape = broadcast_shapes(held.shape, known.shape)
    wide = build.broadcast_to(held, shape)
    chosen = np.broadcast_to(known, [int(size) for size in shape])
    flat = build.getitem(build.reshape(source, -1), slice(0, int(chosen.sum())))
    return build.index_put(wide, chosen, flat)


def _scatter_mean(
    input: Value, dim: int, index: np.ndarray, src: Node, include_self: bool
) -> Node:
    counts = _counts(build.node(input), dim, index)
    total = _scatter_sum(input, dim, index, src, include_self)
    return build.divide(total, np.maximum(counts + include_self, 1))


def _counts(source: Node, dim: int, index: np.ndarray) -> np.ndarray:
    """How many values arrive at each element."""
    grid: list[Any] = list(np.indices(index.shape, sparse=True))
    grid[dim] = index
    counts = np.zeros([int(size) for size in source.shape], dtype=np.int64)
    np.add.at(counts, tuple(grid), 1)
    return counts


def _scatter_sum(input: Value, dim: int, index: np.ndarray, src: Node, include_self: bool) -> Node:
    source = build.node(input)
    counts = _counts(source, dim, index)
    kept = source if include_self else build.where(build.node((counts > 0) * 1), 0, source)
    return build.scatter_add(kept, dim, index, src)


def _scatter_reduce(
    input: Value, dim: int, index: Value, src: Value, reduce: str, *, include_self: bool = True
) -> Node:
    """Values combined at the places that gather would read: their sum or mean."""
    places, values = integers(index), build.node(src)
    if reduce == "sum":
        return _scatter_sum(input, dim, places, values, include_self)
    if reduce == "mean":
        return _scatter_mean(input, dim, places, values, include_self)
    raise NotImplementedError(
        f"scatter_reduce with reduce={reduce!r} has no definition: use 'sum' or 'mean'"
    )


def _as_strided(
    input: Value, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Node:
    """Elements at fixed steps through the flat array, which must be contiguous."""
    source = build.node(input)
    places = np.full((), storage_offset or 0, dtype=np.intp)
    for length, step in zip(size, stride, strict=True):
        places = places[..., None] + np.arange(length) * step
    return build.take(source, places)


# samples


def _one(*given: tuple[tuple[int, ...], tuple[Any, ...]]) -> Samples:
    """An array of each shape with further arguments; the last also transposed."""

    def samples(rng: np.random.Generator) -> list[Sample]:
        result = [Sample((dyadic(rng, shape), *rest)) for shape, rest in given]
        shape, rest = given[-1]
        return [*result, Sample((dyadic(rng, shape[::-1]).T, *rest))]

    return samples


def _lists(*groups: Sequence[tuple[int, ...]]) -> Samples:
    """Tuples of arrays, given as one argument."""
    return lambda rng: [
        Sample((tuple(dyadic(rng, shape) for shape in group),)) for group in groups
    ]


def _several(*groups: Sequence[tuple[int, ...]], **more: Any) -> Samples:
    """Arrays given one by one."""
    return lambda rng: [
        Sample(tuple(dyadic(rng, shape) for shape in group), dict(more)) for group in groups
    ]


def _row(
    name: str,
    function: Callable[..., Any],
    samples: Samples,
    aliases: Sequence[str] = (),
    view: bool = False,
    arrays: int = 1,
) -> Definition:
    return Definition(name, function, (REALS,) * arrays, (), samples, aliases, view=view)


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


def _reduced(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((*sample.args, way), {"include_self": own})
        for sample in _added(rng)
        for way, own in (("sum", True), ("sum", False), ("mean", True), ("mean", False))
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
    ]


def _scatters_of_masks(rng: np.random.Generator) -> list[Sample]:
    mask = np.array([[True, False, True], [False, True, True]])
    return [
        Sample((dyadic(rng, (2, 3)), mask, dyadic(rng, (5,)))),
        Sample((dyadic(rng, (3, 2)).T, mask[:1], dyadic(rng, (2, 2)))),
    ]


_INDEXING = {row.name: row for row in indexing.DEFINITIONS}
_SHAPES = {row.name: row for row in shapes.DEFINITIONS}
_constant_pad = _SHAPES["pad"].function


def _with(row: Definition, samples: Samples) -> Definition:
    """A definition of another family, with samples."""
    return replace(row, samples=samples)


DEFINITIONS: tuple[Definition, ...] = (
    # diagonals and blocks
    _row("diag_embed", _diag_embed, _one(((3,), ()), ((2, 2), (1,)), ((2, 3), (-1, 0, 2)))),
    _row(
        "diagonal_scatter",
        _diagonal_scatter,
        calls(
            lambda rng: (dyadic(rng, (3, 3)), dyadic(rng, (3,))),
            lambda rng: (dyadic(rng, (4, 3)).T, dyadic(rng, (3,)), 1),
        ),
        arrays=2,
    ),
    _row(
        "select_scatter",
        _select_scatter,
        calls(lambda rng: (dyadic(rng, (4, 3)).T, dyadic(rng, (3,)), 1, 2)),
        arrays=2,
    ),
    _row(
        "slice_scatter",
        _slice_scatter,
        calls(lambda rng: (dyadic(rng, (4, 5)).T, dyadic(rng, (2, 4)), 0, 1, 5, 2)),
        arrays=2,
    ),
    _row("block_diag", _block_diag, _several(((2, 3), (1, 2), (2,))), arrays=2),
    _row("kron", _kron, _several(((2, 3), (3, 2)), ((2,), (2, 2)), ((), (3,))), arrays=2),
    # grids and repetitions
    _row(
        "meshgrid",
        _meshgrid,
        lambda rng: [
            *_several(((2,), (3,)), ((2,), (1,), (3,)), indexing="ij")(rng),
            *_several(((2,), (3,)), ((2,), (1,), (3,)), indexing="xy")(rng),
        ],
        view=True,
        arrays=2,
    ),
    _row("cartesian_prod", _cartesian_prod, _several(((2,), (3,)), ((2,),)), arrays=2),
    _row("combinations", _combinations, _one(((4,), ()), ((3,), (2, True)))),
    _row(
        "repeat_interleave",
        _repeat_interleave,
        calls(
            lambda rng: (dyadic(rng, (2, 3)), 2),
            lambda rng: (dyadic(rng, (4, 3)).T, 3, 1),
            lambda rng: (dyadic(rng, (3, 2)), np.array([2, 0, 3]), 0),
        ),
    ),
    # turned, joined and cut
    _row("fliplr", _fliplr, _one(((2, 3), ()))),
    _row("flipud", _flipud, _one(((3,), ()), ((2, 3), ()))),
    _row("rot90", _rot90, _one(((2, 3), ()), ((2, 3), (2,)), ((2, 3, 2), (-1, (0, 2))))),
    _row("atleast_1d", _at_least(1), _one(((), ()), ((2, 3), ())), view=True),
    _row("atleast_2d", _at_least(2), _one(((), ()), ((3,), ())), view=True),
    _row("atleast_3d", _at_least(3), _one(((), ()), ((3,), ()), ((2, 3), ())), view=True),
    _with(_SHAPES["hstack"], _lists(((2, 3), (2, 1)), ((2,), (3,)), ((), ()))),
    _with(_SHAPES["vstack"], _lists(((2, 3), (1, 3)), ((3,), (3,)), ((), ()))),
    _row("dstack", _dstack, _lists(((2, 3), (2, 3)), ((2,), (2,)))),
    _row("column_stack", _column_stack, _lists(((2, 3), (2,)), ((3,), (3,)), ((), ()))),
    _row(
        "tensor_split",
        _tensor_split,
        _one(((5,), (2,)), ((5, 2), ((1, 3),)), ((2, 6), (4, 1))),
        view=True,
    ),
    _row(
        "pad",
        _pad,
        lambda rng: [
            *(_SHAPES["pad"].samples or _one())(rng),
            *_one(
                ((1, 2, 4), ((2, 1), "reflect")),
                ((1, 3, 4), ((1, 2, 2, 1), "replicate")),
                ((1, 2, 3), ((1, 2), "circular")),
            )(rng),
        ],
        aliases=("constant_pad_nd",),
    ),
    _row("pixel_shuffle", _pixel_shuffle, _one(((2, 4, 2, 3), (2,)))),
    _row("pixel_unshuffle", _pixel_unshuffle, _one(((1, 2, 4, 2), (2,)))),
    # reading and writing by index
    _row(
        "index_fill",
        _index_fill,
        calls(
            lambda rng: (dyadic(rng, (3, 4)), 1, np.array([3, 0]), 0.5),
            lambda rng: (dyadic(rng, (4, 3)).T, 0, np.array([1]), dyadic(rng, ())),
        ),
    ),
    _row("index_copy", _index_copy, _copied_slices, arrays=2),
    _with(_INDEXING["index_add"], _added_slices),
    _with(_INDEXING["scatter"], _scattered),
    _with(_INDEXING["scatter_add"], _added),
    _row("scatter_reduce", _scatter_reduce, _reduced, arrays=2),
    _with(_INDEXING["take_along_dim"], _gathered),
    Definition("embedding", _embedding, (REALS,), (), _rows_of_weights),
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
