"""More ways to rearrange arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, combinations_with_replacement, product
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions.axes import along
from reference.definitions.concrete import integers
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import calls, dyadic
from reference.graph import Node

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


def _hstack(tensors: Sequence[Value]) -> Node:
    held = [build.reshape(v, (1,)) if build.node(v).ndim == 0 else build.node(v) for v in tensors]
    return build.concat(held, 0 if held[0].ndim == 1 else 1)


def _vstack(tensors: Sequence[Value]) -> Node:
    held = [build.node(value) for value in tensors]
    rows = [build.reshape(v, (1, -1)) if v.ndim < 2 else v for v in held]
    return build.concat(rows, 0)


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
    source = build.node(input)
    widths = [(0, 0)] * source.ndim
    for k in range(len(pad) // 2):
        widths[source.ndim - 1 - k] = (pad[2 * k], pad[2 * k + 1])
    if mode == "constant":
        return build.pad(source, widths, 0 if value is None else value)
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
    _row("hstack", _hstack, _lists(((2, 3), (2, 1)), ((2,), (3,)), ((), ()))),
    _row("vstack", _vstack, _lists(((2, 3), (1, 3)), ((3,), (3,)), ((), ()))),
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
            *_one(((3,), ((1, 2),)), ((2, 3), ((0, 1, 2, 0),)))(rng),
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
)
