"""Parts of wrong rules."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.ops.indexing import GATHER_PUT

__all__ = [
    "averaged",
    "clamp_at_bounds",
    "constant_statistics",
    "count",
    "first_of",
    "frozen",
    "halved_precision",
    "kept",
    "matrix_turned",
    "namespace_of",
    "no_shift_kernel",
    "one_entry",
    "one_pass_deviation_rule",
    "one_triangle",
    "overwriting_gather_put",
    "overwriting_put",
    "overwriting_rows",
    "plain_norm_kernel",
    "rolled",
    "times",
    "to_every_tie",
    "to_first_tie",
    "transposed",
    "turned_around",
    "unscaled",
    "variance_rule",
    "where_input",
    "widened",
]


def frozen(value: Any) -> Any:
    """The value without its history: what a rule that forgets the second order reads."""
    return value.detach() if hasattr(value, "detach") else value


def kept(value: Any, shape: Any, dim: Any, keepdim: bool, xp: Any) -> Any:
    """The reduced axes put back."""
    if keepdim:
        return value
    return xp.reshape(value, tuple(1 if i in dim else n for i, n in enumerate(shape)))


def transposed(value: Any, xp: Any) -> Any:
    return xp.matrix_transpose(value)


def averaged(value: Any, shape: Any, xp: Any) -> Any:
    """The mean where the sum over broadcast axes belongs."""
    lead = tuple(range(value.ndim - len(shape)))
    if lead:
        value = xp.mean(value, axis=lead)
    for axis, size in enumerate(shape):
        if size == 1 and value.shape[axis] != 1:
            value = xp.mean(value, axis=axis, keepdims=True)
    return value


def first_of(value: Any, shape: Any) -> Any:
    """One copy where the sum over leading broadcast axes belongs."""
    while value.ndim > len(shape) and value.shape[0]:
        value = value[0]
    return value


def one_entry(result: Any, given: Any) -> Any:
    """All right but the last of at least four."""
    if isinstance(result, np.ndarray) and result.size >= 4:
        result = result.copy()
        result[(-1,) * result.ndim] *= 1 + 2.0**-8
    return result


def halved_precision(result: Any, given: Any) -> Any:
    if isinstance(result, np.ndarray):
        return result.astype(np.float16).astype(result.dtype)
    return result


def widened(result: Any, given: Any) -> Any:
    return result.astype(np.float64) if isinstance(result, np.ndarray) else result


def times(factor: float) -> Any:
    return lambda result, given: factor * result


def where_input(condition: Any, factor: float) -> Any:
    """Wrong by a factor where a condition on the rule's `x` holds."""
    return lambda result, a: namespace_of(result).where(condition(a.x), factor * result, result)


def namespace_of(value: Any) -> Any:
    return np if isinstance(value, np.ndarray | np.generic) else value.__array_namespace__()


def rolled(result: Any, given: Any) -> Any:
    """Shifted by one along the first axis."""
    return namespace_of(result).roll(result, 1, axis=0) if result.ndim else result


def no_shift_kernel(xp: Any, x: Any, dim: Any) -> Any:
    powers = xp.exp(x)
    return powers / xp.sum(powers, axis=dim, keepdims=True) if x.ndim else xp.ones_like(x)


def overwriting_put(xp: Any, x: Any, shape: Any, index: Any) -> Any:
    whole = xp.zeros(shape, dtype=x.dtype)
    whole[index] = x
    return whole


def overwriting_gather_put(xp: Any, x: Any, shape: Any, index: Any, dim: int) -> Any:
    whole = xp.zeros(shape, dtype=x.dtype)
    if index.ndim and index.size:
        xp.put_along_axis(whole, index, x, axis=dim)
    return whole


def plain_norm_kernel(xp: Any, x: Any, ord: Any, dim: Any, keepdim: bool) -> Any:
    if ord in (math.inf, -math.inf):
        extreme = xp.max if ord > 0 else xp.min
        return extreme(xp.abs(x), axis=dim, keepdims=keepdim)
    return xp.sum(xp.abs(x) ** ord, axis=dim, keepdims=keepdim) ** (1 / ord)


def variance_rule(xp: Any, x: Any, g: Any, dim: Any, keepdim: bool, mean: Any, scale: Any) -> Any:
    return kept(g, x.shape, dim, keepdim, xp) * (scale * (x - mean))


def one_pass_deviation_rule(
    xp: Any, g: Any, x: Any, dim: Any, correction: Any, keepdim: bool
) -> Any:
    """Divides by a deviation whose digits cancel where the numbers are far from zero."""
    mean = xp.mean(x, axis=dim, keepdims=True)
    left = count(x, dim) - correction or math.nan
    variance = (xp.mean(x * x, axis=dim, keepdims=True) - mean * mean) * (count(x, dim) / left)
    scale = 1 / (left * xp.sqrt(variance))
    return variance_rule(xp, x, g, dim, keepdim, mean, scale)


def count(x: Any, dim: Any) -> int:
    return math.prod(x.shape[axis] for axis in dim)


def to_every_tie(xp: Any, g: Any, x: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    spread = kept(g, x.shape, dim, keepdim, xp)
    return xp.where(x == kept(out, x.shape, dim, keepdim, xp), spread, 0)


def to_first_tie(xp: Any, g: Any, x: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    """All to the first of those that attain the extreme: another convention, and a right one."""
    if len(dim) != 1:
        flat = xp.reshape(x, (-1,)) if len(dim) == x.ndim else None
        if flat is None or not x.ndim:
            return to_every_tie(xp, g, x, out, dim, keepdim)
        hit = flat == xp.reshape(out, (1,))
        first = xp.cumulative_sum(xp.astype(hit, xp.int64), axis=0) == 1
        return xp.reshape(xp.where(hit & first, xp.reshape(g, (1,)), 0), x.shape)
    axis = dim[0]
    hit = x == kept(out, x.shape, dim, keepdim, xp)
    first = xp.cumulative_sum(xp.astype(hit, xp.int64), axis=axis) == 1
    return xp.where(xp.logical_and(hit, first), kept(g, x.shape, dim, keepdim, xp), 0)


def clamp_at_bounds(xp: Any, g: Any, x: Any, min: Any, max: Any) -> Any:
    """-1 at a bound, which no mixture of 0 and 1 is."""
    inside = xp.ones_like(x)
    if min is not None:
        inside = xp.where(x < min, 0, xp.where(x == min, -1.0, inside))
    if max is not None:
        inside = xp.where(x > max, 0, xp.where(x == max, -1.0, inside))
    return g * inside


def constant_statistics(
    xp: Any, g: Any, x: Any, weight: Any, scale: Any, view: Any, affine: Any
) -> Any:
    """A normalisation as if its mean and variance did not depend on the input."""
    spread = xp.reshape(g, view)
    if weight is not None:
        spread = spread * xp.reshape(weight, affine)
    return xp.reshape(spread * scale, tuple(x.shape))


def matrix_turned(result: Any, given: Any) -> Any:
    """Transposed where it is square."""
    return transposed(result, namespace_of(result))


def one_triangle(result: Any, given: Any) -> Any:
    """The lower triangle, as if a symmetric matrix had no other elements."""
    xp = namespace_of(result)
    return xp.tril(result) + xp.tril(result, k=-1)


def turned_around(result: Any, given: Any) -> Any:
    """The last axis backwards."""
    return namespace_of(result).flip(result, axis=-1)


def overwriting_rows(x: Any, shape: Any, index: Any, scales: Any) -> Any:
    whole = np.zeros(shape, x.dtype)
    whole[index] = x if scales is None else x * np.asarray(scales)
    return whole


def unscaled(result: Any, a: Any) -> Any:
    """nll_loss with every scale one: the mean's count and the classes' weights are lost."""
    if not isinstance(a.g, np.ndarray | np.generic):
        return result
    g = a.g if a.reduce else np.expand_dims(a.g, a.dim)
    values = -g * np.ones(a.index.shape, a.g.dtype)
    return GATHER_PUT(values, shape=tuple(a.x_shape), index=a.index, dim=a.dim)
