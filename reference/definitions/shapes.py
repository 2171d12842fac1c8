"""The same elements in another shape or order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions.concrete import sizes
from reference.definitions.registry import REALS, Definition
from reference.definitions.sampling import calls, dyadic
from reference.graph import Node, broadcast_shapes

__all__ = ["DEFINITIONS"]


def _view(input: Value, *sizes_given: Any, shape: Any = None) -> Node:
    return build.reshape(input, sizes(sizes_given, shape))


def _reshape(input: Value, *sizes_given: Any, shape: Any = None) -> Node:
    return build.reshape(input, sizes(sizes_given, shape))


def _reshape_as(input: Value, other: Value) -> Node:
    return build.reshape(input, build.node(other).shape)


def _transpose(input: Value, dim0: int, dim1: int) -> Node:
    rank = build.node(input).ndim
    (first,), (second,) = (
        build.normal_axes(dim0, rank) or (0,),
        build.normal_axes(dim1, rank) or (0,),
    )
    return build.swap_axes(input, first, second)


def _permute(input: Value, *axes: Any, dims: Any = None) -> Node:
    return build.permute(input, sizes(axes, dims))


def _t(input: Value) -> Node:
    source = build.node(input)
    if source.ndim > 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {source.ndim}D"
        )
    return build.permute(source, tuple(reversed(range(source.ndim))))


def _reversed(input: Value) -> Node:
    return build.permute(input, tuple(reversed(range(build.node(input).ndim))))


def _matrix_transpose(input: Value) -> Node:
    return build.swap_axes(input, -2, -1)


def _movedim(input: Value, source: Any, destination: Any) -> Node:
    held = build.node(input)
    origin = [source] if isinstance(source, int) else list(source)
    target = [destination] if isinstance(destination, int) else list(destination)
    order = [k for k in range(held.ndim) if k not in [a % held.ndim for a in origin]]
    for place, axis in sorted(
        (t % held.ndim, a % held.ndim) for a, t in zip(origin, target, strict=True)
    ):
        order.insert(place, axis)
    return build.permute(held, order)


def _squeeze(input: Value, dim: int | Sequence[int] | None = None) -> Node:
    return build.squeeze(input, dim)


def _unsqueeze(input: Value, dim: int) -> Node:
    return build.expand_dims(input, dim)


def _expand(input: Value, *sizes_given: Any, size: Any = None) -> Node:
    source, wanted = build.node(input), sizes(sizes_given, size)
    lead = len(wanted) - source.ndim
    full = tuple(
        source.shape[axis - lead] if _is_kept(kept) else kept for axis, kept in enumerate(wanted)
    )
    for axis, length in enumerate(source.shape):
        if length not in (1, full[lead + axis]):
            raise RuntimeError(
                f"The expanded size of the tensor ({full[lead + axis]}) must match the existing "
                f"size ({length}) at non-singleton dimension {lead + axis}.  Target sizes: "
                f"{list(wanted)}.  Tensor sizes: {list(source.shape)}"
            )
    return build.broadcast_to(source, full)


def _is_kept(size: Any) -> bool:
    return isinstance(size, int) and size == -1


def _expand_as(input: Value, other: Value) -> Node:
    return build.broadcast_to(input, build.node(other).shape)


def _broadcast_tensors(*tensors: Value) -> tuple[Node, ...]:
    held = [build.node(value) for value in sizes(tensors)]
    shape = broadcast_shapes(*(value.shape for value in held))
    return tuple(build.broadcast_to(value, shape) for value in held)


def _flatten(input: Value, start_dim: int = 0, end_dim: int = -1) -> Node:
    source = build.node(input)
    if source.ndim == 0:
        return build.reshape(source, (1,))
    (first,) = build.normal_axes(start_dim, source.ndim)
    (last,) = build.normal_axes(end_dim, source.ndim)
    count: Any = 1
    for size in source.shape[first : last + 1]:
        count = count * size
    return build.reshape(source, (*source.shape[:first], count, *source.shape[last + 1 :]))


def _unflatten(input: Value, dim: int, sizes: Sequence[int]) -> Node:
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    known = -int(np.prod(sizes, dtype=np.int64)) if -1 in sizes else 0
    inner = tuple(int(source.shape[axis]) // known if size == -1 else size for size in sizes)
    return build.reshape(source, (*source.shape[:axis], *inner, *source.shape[axis + 1 :]))


def _cat(tensors: Sequence[Value], dim: int = 0) -> Node:
    held = [build.node(value) for value in tensors]
    # PyTorch skips empty vectors among arrays of more axes
    rank = max((value.ndim for value in held), default=0)
    return build.concat([v for v in held if v.ndim == rank or v.shape != (0,)], dim)


def _stack(tensors: Sequence[Value], dim: int = 0) -> Node:
    return build.stack(tensors, dim)


def _split(input: Value, split_size_or_sections: Any, dim: int = 0) -> tuple[Node, ...]:
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    total = int(source.shape[axis])
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        sections = [min(size, total - start) for start in range(0, total, size)] or [0]
    else:
        sections = list(split_size_or_sections)
        if sum(sections) != total:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {total} (input tensor's "
                f"size at dimension {axis}), but got split_sizes={sections}"
            )
    starts = np.cumsum([0, *sections])
    lead = (slice(None),) * axis
    return tuple(
        build.getitem(source, (*lead, slice(int(start), int(start) + size)))
        for start, size in zip(starts, sections, strict=False)
    )


def _chunk(input: Value, chunks: int, dim: int = 0) -> tuple[Node, ...]:
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    return _split(source, max(1, -(-int(source.shape[axis]) // chunks)), axis)


def _unbind(input: Value, dim: int = 0) -> tuple[Node, ...]:
    return build.unbind(input, dim)


def _flip(input: Value, *axes: Any, dims: Any = None) -> Node:
    return build.flip(input, sizes(axes, dims))


def _roll(input: Value, shifts: Any, dims: Any = None) -> Node:
    return build.roll(input, shifts, None if dims in ((), []) else dims)


def _repeat(input: Value, *counts: Any, repeats: Any = None) -> Node:
    return build.repeat(input, sizes(counts, repeats))


def _tile(input: Value, *counts: Any, dims: Any = None) -> Node:
    return build.repeat(input, sizes(counts, dims))


def _narrow(input: Value, dim: int, start: int, length: int) -> Node:
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    return build.getitem(source, (*(slice(None),) * axis, slice(start, start + length)))


def _diagonal(input: Value, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Node:
    return build.diagonal(input, offset, dim1, dim2)


def _tril(input: Value, diagonal: int = 0) -> Node:
    return build.tril(input, diagonal)


def _triu(input: Value, diagonal: int = 0) -> Node:
    return build.triu(input, diagonal)


def _diag(input: Value, diagonal: int = 0) -> Node:
    source = build.node(input)
    if source.ndim == 2:
        return build.diagonal(source, diagonal)
    size = int(source.shape[0]) + abs(diagonal)
    places = np.full((size, size), -1, dtype=np.intp)
    rows = np.arange(int(source.shape[0]))
    places[rows + max(-diagonal, 0), rows + max(diagonal, 0)] = rows
    return build.take(source, places)


def _rows(name: str, *arguments: tuple[tuple[int, ...], tuple[Any, ...]]) -> Any:
    """Samples: an array of each shape with further positional arguments."""
    return calls(
        *(
            lambda rng, shape=shape, rest=rest: (dyadic(rng, shape), *rest)
            for shape, rest in arguments
        ),
        *(
            # the last call again on a transposed (not contiguous) array
            lambda rng, shape=shape, rest=rest: (dyadic(rng, shape[::-1]).T, *rest)
            for shape, rest in arguments[-1:]
            if name != "view"  # which PyTorch refuses there
        ),
    )


def _define(
    name: str,
    function: Any,
    *arguments: tuple[tuple[int, ...], tuple[Any, ...]],
    aliases: Sequence[str] = (),
    view: bool = False,
) -> Definition:
    """A row with samples: (shape of the array, further arguments) for each call."""
    samples = _rows(name, *arguments) if arguments else None
    return Definition(name, function, (REALS,), (), samples, aliases, view=view)


def _lists(*shapes: Sequence[tuple[int, ...]], dim: int = 0) -> Any:
    return calls(
        *(
            lambda rng, group=group: (tuple(dyadic(rng, shape) for shape in group), dim)
            for group in shapes
        )
    )


DEFINITIONS: tuple[Definition, ...] = (
    _define(
        "view",
        _view,
        ((4,), ((2, 2),)),
        ((), ((1, 1),)),
        ((0, 3), ((3, 0),)),
        ((2, 6), ((3, -1),)),
        view=True,
    ),
    _define(
        "reshape",
        _reshape,
        ((4,), ((2, 2),)),
        ((), ((1,),)),
        ((0, 3), ((-1, 3),)),
        ((2, 6), ((3, 4),)),
        view=True,
    ),
    _define("view_as", _reshape_as, aliases=("reshape_as",), view=True),
    _define(
        "transpose",
        _transpose,
        ((2, 3), (0, 1)),
        ((2, 0, 3), (0, -1)),
        ((2, 3, 4), (-1, 1)),
        aliases=("swapaxes", "swapdims"),
        view=True,
    ),
    _define(
        "permute", _permute, ((), ((),)), ((2, 3), ((1, 0),)), ((2, 3, 4), ((2, 0, 1),)), view=True
    ),
    _define("t", _t, ((), ()), ((3,), ()), ((2, 3), ()), view=True),
    _define("T", _reversed, ((3,), ()), ((2, 3), ()), aliases=("numpy_T",), view=True),
    _define(
        "mT",
        _matrix_transpose,
        ((2, 3, 4), ()),
        aliases=("adjoint", "matrix_transpose"),
        view=True,
    ),
    _define("movedim", _movedim, ((2, 3, 4), (0, 2)), aliases=("moveaxis",), view=True),
    _define(
        "squeeze",
        _squeeze,
        ((1,), ()),
        ((2, 1, 3), (1,)),
        ((2, 3), (0,)),
        ((1, 2, 1), ()),
        view=True,
    ),
    _define("unsqueeze", _unsqueeze, ((), (0,)), ((3,), (-1,)), ((2, 3), (1,)), view=True),
    _define(
        "expand",
        _expand,
        ((), ((2, 3),)),
        ((3,), ((2, 3),)),
        ((1, 0), ((4, 0),)),
        ((2, 1, 3), ((4, -1, 5, 3),)),
        aliases=("broadcast_to",),
        view=True,
    ),
    _define("expand_as", _expand_as, view=True),
    Definition("broadcast_tensors", _broadcast_tensors, (REALS,), results=("value",), view=True),
    _define(
        "flatten",
        _flatten,
        ((), ()),
        ((2, 3), ()),
        ((2, 0), ()),
        ((2, 3, 4), (1,)),
        ((2, 3, 2), (0, 1)),
        aliases=("ravel",),
        view=True,
    ),
    _define("unflatten", _unflatten, ((2, 6), (1, (2, -1))), view=True),
    Definition(
        "cat",
        _cat,
        (REALS,),
        (),
        _lists(((2, 3), (1, 3)), ((2,), (0,), (3,)), ((1, 2), (1, 2), (2, 2))),
        ("concat", "concatenate"),
    ),
    Definition("stack", _stack, (REALS,), (), _lists(((2, 3), (2, 3)), ((), ()), ((0,), (0,)))),
    _define(
        "split",
        _split,
        ((5,), (2,)),
        ((5, 2), ((1, 4),)),
        ((2, 6), (4, 1)),
        aliases=("split_with_sizes",),
        view=True,
    ),
    _define("chunk", _chunk, ((5,), (2,)), ((2, 6), (4, 1)), view=True),
    _define("unbind", _unbind, ((3,), ()), ((2, 3), (1,)), view=True),
    _define("flip", _flip, ((3,), ((0,),)), ((0, 2), ((0,),)), ((2, 3, 2), ((0, 2),))),
    _define("roll", _roll, ((4,), (1,)), ((2, 3), (-1, 1)), ((2, 3), (2,))),
    _define("repeat", _repeat, ((2,), ((2, 3),)), ((2, 3), ((1, 2),))),
    _define("tile", _tile, ((2, 3), ((2,),))),
    _define("narrow", _narrow, ((5,), (0, 1, 3)), ((2, 4), (1, 1, 2)), view=True),
    _define(
        "diagonal",
        _diagonal,
        ((3, 3), ()),
        ((2, 4), (1,)),
        ((2, 0), ()),
        ((2, 3, 4), (0, 2, 1)),
        ((3, 3), (-1,)),
        view=True,
    ),
    _define("diag", _diag, ((3,), ()), ((3,), (-1,)), ((2, 3), (1,))),
    _define(
        "tril", _tril, ((3, 3), ()), ((2, 4), (1,)), ((0, 2), ()), ((2, 3, 3), (-1,)), ((3, 2), ())
    ),
    _define(
        "triu", _triu, ((3, 3), ()), ((2, 4), (1,)), ((0, 2), ()), ((2, 3, 3), (-1,)), ((3, 2), ())
    ),
)
