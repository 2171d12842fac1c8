"""Rows that move elements without changing them: views where memory allows, as in PyTorch."""

from __future__ import annotations

import functools
from typing import Any

from autodiff.kernels.layout import copied, in_rows
from autodiff.kernels.scatter import contiguous
from autodiff.ops.indexing import SELECT, SLICE
from autodiff.primitive import primitive

__all__ = [
    "CAT",
    "CLONE",
    "CONTIGUOUS",
    "COPY",
    "DIAGONAL",
    "EXPAND",
    "FLIP",
    "PERMUTE",
    "REPEAT",
    "RESHAPE",
    "RESHAPE_ALIAS",
    "ROLL",
    "SPLIT",
    "SPLIT_WITH_SIZES",
    "SQUEEZE",
    "SQUEEZE_ALL",
    "SQUEEZE_OWN",
    "SQUEEZE_SEVERAL",
    "STACK",
    "TO_COPY",
    "TRANSPOSE",
    "TRIL",
    "TRIU",
    "UNBIND",
    "UNSQUEEZE",
    "VIEW",
    "T",
]


def _reshape_rule(xp: Any, g: Any, x_shape: Any) -> Any:
    return xp.reshape(g, x_shape)


VIEW = primitive(
    "view",
    "ViewBackward0",
    lambda xp, x, shape: xp.reshape(x, shape),
    (_reshape_rule,),
    linear=True,
    view=True,
)
RESHAPE = primitive(  # of memory that a view cannot describe: a copy
    "reshape",
    "UnsafeViewBackward0",
    lambda xp, x, shape: xp.reshape(x, shape),
    (_reshape_rule,),
    linear=True,
)
REPEAT = RESHAPE.variant("RepeatBackward0")  # of an expanded view
RESHAPE_ALIAS = VIEW.variant("ReshapeAliasBackward0")


def _inverse(dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(dims)), key=dims.__getitem__))


PERMUTE = primitive(
    "permute",
    "PermuteBackward0",
    lambda xp, x, dims: xp.permute_dims(x, dims),
    (lambda xp, g, dims: xp.permute_dims(g, _inverse(dims)),),
    linear=True,
    view=True,
)


def _swap(xp: Any, x: Any, dim0: int, dim1: int) -> Any:
    order = list(range(x.ndim))
    if not order:
        return xp.permute_dims(x, ())
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return xp.permute_dims(x, tuple(order))


TRANSPOSE = primitive(
    "transpose",
    "TransposeBackward0",
    lambda xp, x, dim0, dim1: _swap(xp, x, dim0, dim1),
    (lambda xp, g, dim0, dim1: _swap(xp, g, dim0, dim1),),
    linear=True,
    view=True,
)
T = primitive(
    "t",
    "TBackward0",
    lambda xp, x: xp.permute_dims(x, tuple(range(x.ndim))[::-1]),
    (lambda xp, g: xp.permute_dims(g, tuple(range(g.ndim))[::-1]),),
    linear=True,
    view=True,
)
SQUEEZE = primitive(
    "squeeze",
    "SqueezeBackward1",
    lambda xp, x, dim: xp.reshape(x, _without(x.shape, dim)),
    (_reshape_rule,),
    linear=True,
    view=True,
)
SQUEEZE_ALL = SQUEEZE.variant("SqueezeBackward0")
SQUEEZE_SEVERAL = SQUEEZE.variant("SqueezeBackward2")
SQUEEZE_OWN = primitive(  # of a result that nobody else has seen: not a view
    "squeeze",
    "SqueezeBackward4",
    lambda xp, x, dim: xp.reshape(x, _without(x.shape, dim)),
    (_reshape_rule,),
    linear=True,
)


def _without(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for axis, size in enumerate(shape) if axis not in dims or size != 1)


UNSQUEEZE = primitive(
    "unsqueeze",
    "UnsqueezeBackward0",
    lambda xp, x, dim: xp.expand_dims(x, axis=dim),
    (_reshape_rule,),
    linear=True,
    view=True,
)
EXPAND = primitive(
    "expand",
    "ExpandBackward0",
    lambda xp, x, size: xp.broadcast_to(x, size),
    (lambda xp, g, x_shape: g if x_shape else xp.sum(g),),
    broadcasts=True,
    linear=True,
    view=True,
)


def _section(ndim: int, dim: int, start: int, stop: int, step: int = 1) -> tuple[Any, ...]:
    return (*(slice(None),) * dim, slice(start, stop, step), ...)


def _split_kernel(x: Any, sizes: tuple[int, ...], dim: int) -> tuple[Any, ...]:
    return tuple([x[index] for index in _sections(sizes, dim)])


@functools.lru_cache(maxsize=256)
def _sections(sizes: tuple[int, ...], dim: int) -> tuple[tuple[slice, ...], ...]:
    """The indices of consecutive parts: worked out once, since programs split alike."""
    before, parts, start = (slice(None),) * dim, [], 0
    for size in sizes:
        parts.append((*before, slice(start, start + size)))
        start += size
    return tuple(parts)


def _single_split(params: dict[str, Any], number: int) -> Any:
    sizes, dim = params["sizes"], params["dim"]
    start = sum(sizes[:number])
    return SLICE, {"index": _section(0, dim, start, start + sizes[number])}


SPLIT = primitive(
    "split",
    "SplitBackward0",
    _split_kernel,
    (lambda xp, gs, dim: xp.concat(gs, axis=dim),),
    inputs=("x",),
    linear=True,
    view=True,
    outputs=-1,
    single=_single_split,
)
SPLIT_WITH_SIZES = SPLIT.variant("SplitWithSizesBackward0")


def _unbind_kernel(x: Any, dim: int) -> tuple[Any, ...]:
    before = (slice(None),) * dim
    return tuple(x[(*before, index, ...)] for index in range(x.shape[dim]))


def _single_unbind(params: dict[str, Any], number: int) -> Any:
    return SELECT, {"index": (*(slice(None),) * params["dim"], number, ...)}


UNBIND = primitive(
    "unbind",
    "UnbindBackward0",
    _unbind_kernel,
    (lambda xp, gs, dim: xp.stack(gs, axis=dim),),
    inputs=("x",),
    linear=True,
    view=True,
    outputs=-1,
    single=_single_unbind,
)


def _cat_rule(g: Any, position: int, starts: tuple[int, ...], dim: int) -> Any:
    return g[_section(0, dim, starts[position], starts[position + 1])]


CAT = primitive(
    "cat",
    "CatBackward0",
    lambda xp, *tensors, dim, starts: in_rows(xp.concat(tensors, axis=dim)),
    (_cat_rule,),
    inputs=(),
    promotion="common",
    linear=True,
    variadic=True,
)
STACK = primitive(
    "stack",
    "StackBackward0",
    lambda xp, *tensors, dim: in_rows(xp.stack(tensors, axis=dim)),
    (lambda g, position, dim: g[(*(slice(None),) * dim, position, ...)],),
    inputs=(),
    promotion="common",
    linear=True,
    variadic=True,
)
FLIP = primitive(
    "flip",
    "FlipBackward0",
    lambda xp, x, dims: copied(xp, xp.flip(x, axis=dims)),  # NumPy's is a view
    (lambda xp, g, dims: xp.flip(g, axis=dims),),
    linear=True,
)


def _roll(xp: Any, x: Any, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Any:
    """Without dimensions: as if flattened."""
    if dims:
        return in_rows(xp.roll(x, shifts, axis=dims))
    return xp.reshape(xp.roll(xp.reshape(x, (-1,)), shifts, axis=(0,) * len(shifts)), x.shape)


ROLL = primitive(
    "roll",
    "RollBackward0",
    lambda xp, x, shifts, dims: _roll(xp, x, shifts, dims),
    (lambda xp, g, shifts, dims: _roll(xp, g, tuple(-s for s in shifts), dims),),
    linear=True,
)
TRIL = primitive(
    "tril",
    "TrilBackward0",
    lambda xp, x, diagonal: in_rows(xp.tril(x, k=diagonal)),
    (lambda xp, g, diagonal: xp.tril(g, k=diagonal),),
    linear=True,
)
TRIU = primitive(
    "triu",
    "TriuBackward0",
    lambda xp, x, diagonal: in_rows(xp.triu(x, k=diagonal)),
    (lambda xp, g, diagonal: xp.triu(g, k=diagonal),),
    linear=True,
)


def _diagonal_rule(g: Any, x_shape: Any, offset: int, dim1: int, dim2: int) -> Any:
    return DIAGONAL_PUT(g, shape=tuple(x_shape), offset=offset, dim1=dim1, dim2=dim2)


def _diagonal_put_kernel(
    xp: Any, x: Any, shape: tuple[int, ...], offset: int, dim1: int, dim2: int
) -> Any:
    whole = xp.zeros(shape, dtype=x.dtype)
    part = whole.diagonal(offset, dim1, dim2)
    if part.base is not None and not part.flags.writeable:
        part.flags.writeable = True
    part[...] = x
    return whole


DIAGONAL = primitive(
    "diagonal",
    "DiagonalBackward0",
    lambda x, offset, dim1, dim2: _writable_diagonal(x, offset, dim1, dim2),
    (_diagonal_rule,),
    inputs=("x",),
    linear=True,
    view=True,
)


def _writable_diagonal(x: Any, offset: int, dim1: int, dim2: int) -> Any:
    """NumPy marks diagonals read-only; here they are views like any other."""
    part = x.diagonal(offset, dim1, dim2)
    if x.flags.writeable:
        part.flags.writeable = True
    return part


DIAGONAL_PUT = primitive(
    "diagonal_backward",
    "DiagonalBackwardBackward0",
    _diagonal_put_kernel,
    (lambda g, offset, dim1, dim2: DIAGONAL(g, offset=offset, dim1=dim1, dim2=dim2),),
    inputs=("x",),
    linear=True,
)
CLONE = primitive(
    "clone",
    "CloneBackward0",
    lambda xp, x: copied(xp, x),
    (lambda g: g,),
    linear=True,
)
CONTIGUOUS = primitive(
    "contiguous",
    "CloneBackward0",
    lambda xp, x: contiguous(xp, x),
    (lambda g: g,),
    linear=True,
)
COPY = CLONE.variant("CopyBackwards")


def _to_kernel(xp: Any, x: Any, dtype: Any) -> Any:
    if dtype.kind not in "cb" and x.dtype.kind == "c":  # NumPy would warn: our caller has done so
        x = xp.real(x)
    return copied(xp, x, dtype)


TO_COPY = primitive(
    "to",
    "ToCopyBackward0",
    _to_kernel,
    (lambda g: g,),
    linear=True,
)
