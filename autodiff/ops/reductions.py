"""Rows that reduce over axes. `dim` is a tuple of non-negative axes; () reduces nothing."""

from __future__ import annotations

import math
from typing import Any

from autodiff.kernels.factors import product, products_of_others
from autodiff.kernels.layout import in_rows
from autodiff.kernels.moments import along, deviations, length, mean, squared, times
from autodiff.kernels.range import has_safe_squares, is_finite, unit_power
from autodiff.kernels.scatter import take_along
from autodiff.kernels.special import sign
from autodiff.ops.indexing import GATHER_PUT
from autodiff.ops.softmax import SOFTMAX
from autodiff.primitive import primitive

__all__ = [
    "ALL",
    "AMAX",
    "AMIN",
    "ANY",
    "ARGMAX",
    "ARGMIN",
    "COUNT_NONZERO",
    "CUMSUM",
    "LOGSUMEXP",
    "MAX",
    "MAX_DIM",
    "MEAN",
    "MEAN_DIM",
    "MIN",
    "MIN_DIM",
    "PROD",
    "PROD_DIM",
    "STD",
    "SUM",
    "SUM_DIM",
    "VAR",
    "VECTOR_NORM",
]


def _kept(xp: Any, value: Any, shape: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """The reduced axes put back with size one."""
    if keepdim:
        return value
    return xp.reshape(value, tuple(1 if i in dim else n for i, n in enumerate(shape)))


def _spread(xp: Any, g: Any, shape: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    if g.ndim:  # a number fits as it is
        g = _kept(xp, g, shape, dim, keepdim)
    return xp.broadcast_to(g, tuple(shape))


def _count(shape: Any, dim: tuple[int, ...]) -> int:
    return math.prod(shape[axis] for axis in dim)


SUM = primitive(
    "sum",
    "SumBackward0",
    lambda xp, x, dim, keepdim: xp.sum(x, axis=dim, keepdims=keepdim, dtype=x.dtype),
    (lambda xp, g, x_shape, dim, keepdim: _spread(xp, g, x_shape, dim, keepdim),),
    linear=True,
)
SUM_DIM = SUM.variant("SumBackward1")


MEAN = primitive(
    "mean",
    "MeanBackward0",
    mean,
    (
        lambda xp, g, x_shape, dim, keepdim: _spread(
            xp, g / (_count(x_shape, dim) or math.nan), x_shape, dim, keepdim
        ),
    ),
    linear=True,
)
MEAN_DIM = MEAN.variant("MeanBackward1")


def _prod_rule(xp: Any, g: Any, x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """The product of the others: exact where factors are zero."""
    others = _others(xp, x, dim)
    return _kept(xp, g, x.shape, dim, keepdim) * others


def _others(xp: Any, x: Any, dim: tuple[int, ...]) -> Any:
    rest = tuple(axis for axis in range(x.ndim) if axis not in dim)
    order = (*rest, *dim)
    moved = xp.permute_dims(x, order)
    lead = tuple(x.shape[axis] for axis in rest)
    flat = xp.reshape(moved, (*lead, math.prod(x.shape[axis] for axis in dim)))
    back = xp.reshape(products_of_others(xp, flat), (*lead, *(x.shape[axis] for axis in dim)))
    return xp.permute_dims(back, tuple(sorted(range(x.ndim), key=order.__getitem__)))


PROD = primitive(
    "prod",
    "ProdBackward0",
    lambda xp, x, dim, keepdim: product(xp, x, dim, keepdim),
    (_prod_rule,),
    holomorphic=True,
)
PROD_DIM = PROD.variant("ProdBackward1")


def _amax_rule(xp: Any, g: Any, x: Any, out: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Shared evenly among all that attain the extreme value; nan where that is nan."""
    attained = xp.astype(x == _kept(xp, out, x.shape, dim, keepdim), g.dtype)
    count = xp.sum(attained, axis=dim, keepdims=True)
    return _kept(xp, g, x.shape, dim, keepdim) * attained / count


def _extreme_rule(xp: Any, g: Any, x: Any, out: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """Shared evenly among all that attain the extreme value; all to nan where there is nan."""
    extreme = _kept(xp, out, x.shape, dim, keepdim)
    attained = xp.logical_or(x == extreme, xp.logical_and(xp.isnan(x), xp.isnan(extreme)))
    count = xp.sum(xp.astype(attained, g.dtype), axis=dim, keepdims=True)
    return xp.where(attained, _kept(xp, g, x.shape, dim, keepdim) / count, 0)


AMAX = primitive(
    "amax",
    "AmaxBackward0",
    lambda xp, x, dim, keepdim: xp.max(x, axis=dim, keepdims=keepdim),
    (_amax_rule,),
)
AMIN = primitive(
    "amin",
    "AminBackward0",
    lambda xp, x, dim, keepdim: xp.min(x, axis=dim, keepdims=keepdim),
    (_amax_rule,),
)
MAX = primitive(
    "max",
    "MaxBackward1",
    lambda xp, x, dim, keepdim: xp.max(x, axis=dim, keepdims=keepdim),
    (_extreme_rule,),
)
MIN = primitive(
    "min",
    "MinBackward1",
    lambda xp, x, dim, keepdim: xp.min(x, axis=dim, keepdims=keepdim),
    (_extreme_rule,),
)


def _pick(xp: Any, x: Any, index: Any, dim: int, keepdim: bool) -> Any:
    values = take_along(xp, x, xp.expand_dims(index, axis=dim), dim)
    return values if keepdim else xp.squeeze(values, axis=dim)


def _extreme_with_index(argument: str) -> Any:
    def kernel(xp: Any, x: Any, dim: int, keepdim: bool) -> Any:
        if x.ndim == 0:
            return xp.asarray(x, copy=True), xp.asarray(0)
        index = getattr(xp, argument)(x, axis=dim)
        values = _pick(xp, x, index, dim, keepdim)
        return values, xp.expand_dims(index, axis=dim) if keepdim else index

    return kernel


def _chosen_rule(xp: Any, g: Any, x_shape: Any, indices: Any, dim: int, keepdim: bool) -> Any:
    if not len(x_shape):
        return g
    index = indices._data if hasattr(indices, "_data") else indices
    if not keepdim:
        index, g = namespace_expand(index, dim), xp.expand_dims(g, axis=dim)
    return GATHER_PUT(g, shape=tuple(x_shape), index=index, dim=dim)


def namespace_expand(index: Any, dim: int) -> Any:
    return index.reshape(*index.shape[:dim], 1, *index.shape[dim:])


MAX_DIM = primitive(
    "max",
    "MaxBackward0",
    _extreme_with_index("argmax"),
    (_chosen_rule,),
    inputs=("x",),
    outputs=("values", "indices"),
)
MIN_DIM = primitive(
    "min",
    "MinBackward0",
    _extreme_with_index("argmin"),
    (_chosen_rule,),
    inputs=("x",),
    outputs=("values", "indices"),
)


def _var_kernel(xp: Any, x: Any, dim: tuple[int, ...], correction: float, keepdim: bool) -> Any:
    from_mean = deviations(xp, x, dim)
    freedom = max(_count(x.shape, dim) - correction, 0)
    squares = xp.real(from_mean * xp.conj(from_mean)) if _is_complex(x) else squared(from_mean)
    total = xp.sum(squares, axis=dim, keepdims=keepdim)
    return total / xp.asarray(freedom, dtype=total.dtype)


def _is_complex(x: Any) -> bool:
    kind = getattr(x.dtype, "kind", None)
    return kind == "c" or (kind is None and "complex" in str(x.dtype))


def _var_rule(
    xp: Any, g: Any, x: Any, dim: tuple[int, ...], correction: float, keepdim: bool
) -> Any:
    freedom = max(_count(x.shape, dim) - correction, 0)
    scale = 2 / freedom if freedom else math.inf
    return times(_kept(xp, g, x.shape, dim, keepdim), deviations(xp, x, dim), scale)


def _std_rule(
    xp: Any, g: Any, x: Any, out: Any, dim: tuple[int, ...], correction: float, keepdim: bool
) -> Any:
    freedom = max(_count(x.shape, dim) - correction, 0)
    scale = 1 / freedom if freedom else math.inf
    # an exact spread of zero has no slope: zero there, as PyTorch has it
    flat = out == 0
    size = _kept(xp, xp.where(flat, 1, out), x.shape, dim, keepdim)
    g = _kept(xp, xp.where(flat, 0, g), x.shape, dim, keepdim)
    return times(g, deviations(xp, x, dim), scale, size)


def _std_kernel(xp: Any, x: Any, dim: tuple[int, ...], correction: float, keepdim: bool) -> Any:
    variance = _var_kernel(xp, x, dim, correction, keepdim)
    if has_safe_squares(variance):
        return xp.sqrt(variance)
    power = unit_power(deviations(xp, x, dim), dim)
    scaled = xp.sqrt(_var_kernel(xp, x * power, dim, correction, True)) / power
    return xp.reshape(scaled, tuple(variance.shape))


VAR = primitive("var", "VarBackward0", _var_kernel, (_var_rule,))
STD = primitive("std", "StdBackward0", _std_kernel, (_std_rule,))


def _logsumexp_kernel(xp: Any, x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    if not _count(x.shape, dim):
        return xp.log(xp.sum(x, axis=dim, keepdims=keepdim))  # of nothing: log 0
    top = xp.max(x, axis=dim, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0)
    total = xp.log(xp.sum(xp.exp(x - top), axis=dim, keepdims=True)) + top
    return total if keepdim else xp.squeeze(total, axis=dim)


def _logsumexp_rule(xp: Any, g: Any, x: Any, out: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    g = _kept(xp, g, x.shape, dim, keepdim)
    if not _count(x.shape, dim):
        return g * x
    # exp(x - out) would carry the rounding of a large out into every digit below it; of an
    # infinite one it makes PyTorch's nan and zeros
    out = _kept(xp, out, x.shape, dim, keepdim)
    finite = xp.isfinite(out)
    shares = SOFTMAX(x, dim=dim)
    if not is_finite(out):
        shares = xp.where(finite, shares, xp.exp(x - out))
    return g * xp.conj(shares)


LOGSUMEXP = primitive(
    "logsumexp",
    "LogsumexpBackward0",
    _logsumexp_kernel,
    (_logsumexp_rule,),
)


def _norm_kernel(xp: Any, x: Any, ord: float, dim: tuple[int, ...], keepdim: bool) -> Any:
    found = length(x, dim, keepdim) if ord == 2 else None
    if found is not None:
        return found
    size = xp.abs(x)
    if ord == math.inf:
        return xp.max(size, axis=dim, keepdims=keepdim)
    if ord == -math.inf:
        return xp.min(size, axis=dim, keepdims=keepdim)
    if ord == 0:
        return xp.sum(xp.astype(size != 0, size.dtype), axis=dim, keepdims=keepdim)
    if ord == 1:
        return xp.sum(size, axis=dim, keepdims=keepdim)
    if size.size == 0:
        return xp.sum(size, axis=dim, keepdims=keepdim)
    # scaled by the largest element: squares neither overflow nor vanish
    top = xp.max(size, axis=dim, keepdims=True)
    top = xp.where(xp.logical_and(top > 0, xp.isfinite(top)), top, 1)
    total = xp.sum((size / top) ** ord, axis=dim, keepdims=True)
    norm = top * (xp.sqrt(total) if ord == 2 else total ** (1 / ord))
    return norm if keepdim else xp.squeeze(norm, axis=dim)


def _norm_rule(
    xp: Any, g: Any, x: Any, out: Any, ord: float, dim: tuple[int, ...], keepdim: bool
) -> Any:
    norm = _kept(xp, out, x.shape, dim, keepdim)
    g = _kept(xp, g, x.shape, dim, keepdim)
    if ord == 0:
        return xp.zeros_like(x)
    if ord == 1:
        return g * sign(xp, x)
    if ord in (math.inf, -math.inf):
        size = xp.abs(x)
        attained = xp.logical_or(size == norm, xp.logical_and(xp.isnan(size), xp.isnan(norm)))
        count = xp.sum(xp.astype(attained, g.dtype), axis=dim, keepdims=True)
        return xp.where(attained, sign(xp, x) * (g / count), 0)
    found = along(g, x, norm) if ord == 2 else None
    if found is not None:
        return found
    safe = xp.where(norm == 0, 1, norm)
    if ord == 2:
        return xp.where(norm == 0, 0, g * (x / safe))
    ratio = xp.abs(x) / safe
    if ord < 2:  # |x|^(ord-1) is not smooth at 0, where PyTorch gives 0
        ratio = xp.where(ratio == 0, 1, ratio)
        return xp.where(xp.logical_or(norm == 0, x == 0), 0, g * sign(xp, x) * ratio ** (ord - 1))
    return xp.where(norm == 0, 0, g * sign(xp, x) * ratio ** (ord - 1))


VECTOR_NORM = primitive(
    "linalg_vector_norm",
    "LinalgVectorNormBackward0",
    _norm_kernel,
    (_norm_rule,),
    promotion="float",
)


def _cumsum_rule(xp: Any, g: Any, dim: int) -> Any:
    if not g.ndim:
        return g
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=dim), axis=dim), axis=dim)


CUMSUM = primitive(
    "cumsum",
    "CumsumBackward0",
    lambda xp, x, dim: in_rows(xp.cumulative_sum(x, axis=dim, dtype=x.dtype)) if x.ndim else +x,
    (_cumsum_rule,),
    linear=True,
)
ALL = primitive("all", "", lambda xp, x, dim, keepdim: xp.all(x, axis=dim, keepdims=keepdim))
ANY = primitive("any", "", lambda xp, x, dim, keepdim: xp.any(x, axis=dim, keepdims=keepdim))
ARGMAX = primitive(
    "argmax", "", lambda xp, x, dim, keepdim: xp.argmax(x, axis=dim, keepdims=keepdim)
)
ARGMIN = primitive(
    "argmin", "", lambda xp, x, dim, keepdim: xp.argmin(x, axis=dim, keepdims=keepdim)
)
COUNT_NONZERO = primitive(
    "count_nonzero", "", lambda xp, x, dim: xp.sum(x != 0, axis=dim, dtype=xp.int64)
)
