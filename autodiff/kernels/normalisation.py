"""Normalised exponentials and standardised values: in place on buffers of their own.

On NumPy's arrays sums over short rows are taken by BLAS, which reads them three times as fast as
`np.add.reduce` does; its error grows as slowly up to some thousand elements. Arrays of 16 bits
are worked on in 32, as PyTorch does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.kernels.range import has_safe_squares, unit_power
from autodiff.operation import sum_to

__all__ = [
    "log_softmax",
    "normalise",
    "softmax",
    "softmax_rule",
    "standardised",
    "sum_products",
    "unnormalise",
]

_WIDE = (np.dtype(np.float32), np.dtype(np.float64))
_SHORT = 4096  # elements of a row that BLAS may add up
_MANY = 1 << 14  # elements of an array for which the detour pays
_maximum: Any = np.maximum.reduce
_add: Any = np.add.reduce
_BLOCK = 1 << 18  # elements of a temporary array that stays in the cache


def _row_sums(x: Any, dim: int | tuple[int, ...]) -> Any:
    """Sums along an axis or several (as `logsumexp` has them), which are kept."""
    size = x.shape[-1]
    if dim == x.ndim - 1 and x.size >= _MANY and size <= _SHORT and x.flags.c_contiguous:
        return (x.reshape(-1, size) @ np.ones(size, x.dtype)).reshape(*x.shape[:-1], 1)
    return _add(x, axis=dim, keepdims=True)


def _row_products(x: Any, y: Any, dim: int | tuple[int, ...]) -> Any:
    """Sums of products along an axis or several, which are kept."""
    if dim == x.ndim - 1 and x.shape[-1] <= _SHORT:
        return np.vecdot(x, y)[..., None]
    return _add(x * y, axis=dim, keepdims=True)


def softmax(xp: Any, x: Any, dim: int) -> Any:
    """exp(x) / Σ exp(x) along an axis of an array that is not empty."""
    if type(x) is not np.ndarray or x.dtype not in _WIDE:
        powers = xp.exp(x - xp.max(x, axis=dim, keepdims=True))
        return powers / xp.sum(powers, axis=dim, keepdims=True)
    largest = _maximum(x, axis=dim, keepdims=True)
    # Of a largest element from 0 to 80 the power neither overflows nor makes that of another
    # vanish which the quotient would keep: a pass is saved.
    small = x.size >= _MANY and largest.min() >= 0 and largest.max() < 80
    if x.ndim == 2 and dim == 1 and x.size >= _MANY:
        out = np.empty_like(x)
        for rows in _blocks(x):
            part = out[rows]
            np.exp(x[rows] if small else np.subtract(x[rows], largest[rows], out=part), out=part)
            part /= _row_sums(part, dim)
        return out
    out = np.subtract(x, largest)
    np.exp(out, out=out)
    out /= _row_sums(out, dim)
    return out


def softmax_rule(xp: Any, g: Any, out: Any, dim: int) -> Any:
    """out · (g - Σ g · out): the difference is taken first, as it loses no digits afterwards."""
    if type(g) is not np.ndarray or type(out) is not np.ndarray or g.dtype not in _WIDE:
        return out * (g - xp.sum(g * out, axis=dim, keepdims=True))
    if g.ndim == 2 and dim == 1 and g.size >= _MANY:
        result = np.empty(g.shape, g.dtype)
        for rows in _blocks(g):
            part = result[rows]
            np.subtract(g[rows], _row_products(g[rows], out[rows], 1), out=part)
            part *= out[rows]
        return result
    result = np.subtract(g, _row_products(g, out, dim))
    result *= out
    return result


def log_softmax(xp: Any, x: Any, dim: int) -> Any:
    """x - log Σ exp(x) along an axis of an array that is not empty."""
    if type(x) is not np.ndarray or x.dtype not in _WIDE:
        shifted = x - xp.max(x, axis=dim, keepdims=True)
        return shifted - xp.log(xp.sum(xp.exp(shifted), axis=dim, keepdims=True))
    out = np.subtract(x, _maximum(x, axis=dim, keepdims=True))
    out -= np.log(_row_sums(np.exp(out), dim))
    return out


def _is_half(x: Any) -> bool:
    return bool(x.itemsize == 2)


def standardised(xp: Any, x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """((x - mean) / √(variance + eps), 1 / √(variance + eps)) over axes.

    The variance is the mean of squared deviations: the difference of the mean square and the
    squared mean would lose the digits that they share.
    """
    count = math.prod(x.shape[axis] for axis in axes)
    if type(x) is not np.ndarray or x.dtype not in _WIDE or not x.size:
        x = xp.astype(x, xp.float32) if _is_half(x) else x
        deviation = x - xp.mean(x, axis=axes, keepdims=True)
        total = xp.mean(deviation * deviation, axis=axes, keepdims=True) + eps
        if not has_safe_squares(total):
            return _standardised_far(xp, deviation, axes, eps)
        scale = 1 / xp.sqrt(total)
        return deviation * scale, scale
    if axes == (x.ndim - 1,):
        unit = np.subtract(x, _row_sums(x, x.ndim - 1) / x.dtype.type(count))
        scale = _row_products(unit, unit, x.ndim - 1)
    else:
        unit = np.subtract(x, _add(x, axis=axes, keepdims=True) / x.dtype.type(count))
        scale = _add(unit * unit, axis=axes, keepdims=True)
    _to_scale(scale, count, eps)
    if not (eps and scale.all()):
        return _standardised_far(np, unit, axes, eps)
    unit *= scale
    return unit, scale


def _standardised_far(
    xp: Any, deviation: Any, axes: tuple[int, ...], eps: float
) -> tuple[Any, Any]:
    """`standardised` of deviations whose squares overflow or vanish: of multiples of them."""
    power = xp.asarray(unit_power(deviation, axes, math.sqrt(eps)))
    unit = deviation * power
    scale = 1 / xp.sqrt(xp.mean(unit * unit, axis=axes, keepdims=True) + eps * power * power)
    return unit * scale, scale * power


def _to_scale(squares: Any, count: int, eps: float) -> None:
    """Sums of squares become 1 / √(mean + eps), in place: 0 where they overflow."""
    squares /= count
    squares += eps
    np.sqrt(squares, out=squares)
    np.reciprocal(squares, out=squares)


def _blocks(x: Any) -> Any:
    """Slices of rows few enough to stay in the cache from one pass to the next."""
    step = max(1, _BLOCK // x.shape[1])
    return (slice(start, start + step) for start in range(0, x.shape[0], step))


def _normalised_rows(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    """`normalise` over the last axis of a matrix."""
    out, unit = np.empty_like(x), np.empty_like(x)
    scale = np.empty((x.shape[0], 1), x.dtype)
    count = x.shape[1]
    for rows in _blocks(x):
        part, own = x[rows], unit[rows]
        np.subtract(part, _row_sums(part, 1) / x.dtype.type(count), out=own)
        squares = _row_products(own, own, 1)
        _to_scale(squares, count, eps)
        if eps and squares.all():
            own *= squares
        else:
            own[...], squares = _standardised_far(np, own, (1,), eps)
        scale[rows] = squares
        if weight is None:
            out[rows] = own
        else:
            np.multiply(own, weight, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return out, unit, scale


def _unnormalised_rows(g: Any, unit: Any, scale: Any, weight: Any) -> Any:
    """`unnormalise` over the last axis of a matrix."""
    out = np.empty_like(g)
    count = g.dtype.type(g.shape[1])
    for rows in _blocks(g):
        part, own = out[rows], unit[rows]
        if weight is None:
            part[...] = g[rows]
        else:
            np.multiply(g[rows], weight, out=part)
        along = _row_products(part, own, 1)
        part -= _row_sums(part, 1) / count
        part -= own * (along / count)
        part *= scale[rows]
    return out


def normalise(
    xp: Any, x: Any, weight: Any, bias: Any, axes: tuple[int, ...], eps: float
) -> tuple[Any, Any, Any]:
    """(standardised x · weight + bias, standardised x, the scale of each group).

    weight, bias: None, or of a shape that is broadcast against x.
    """
    of_rows = type(x) is np.ndarray and x.dtype in _WIDE and x.ndim == 2 and axes == (1,)
    if of_rows and x.size and all(v is None or v.dtype == x.dtype for v in (weight, bias)):
        return _normalised_rows(x, weight, bias, eps)
    unit, scale = standardised(xp, x, axes, eps)
    out = unit
    if weight is not None:
        out = unit * weight
        if bias is not None:
            if type(out) is np.ndarray and out.dtype == bias.dtype:
                out += bias
            else:
                out = out + bias
    elif bias is not None:
        out = unit + bias
    elif type(unit) is np.ndarray:  # each result has memory of its own
        out = unit.copy()
    return xp.astype(out, x.dtype, copy=False), unit, scale


def unnormalise(xp: Any, g: Any, unit: Any, scale: Any, weight: Any, axes: tuple[int, ...]) -> Any:
    """scale · (h - mean(h) - unit · mean(h · unit)) with h = g · weight: a cotangent of x."""
    if type(g) is not np.ndarray or g.dtype not in _WIDE or g.dtype != unit.dtype or not g.size:
        own = g.dtype
        g = xp.astype(g, xp.float32) if _is_half(g) else g
        if weight is not None:
            g = g * weight
        common = xp.mean(g, axis=axes, keepdims=True)
        along = xp.mean(g * unit, axis=axes, keepdims=True)
        return xp.astype(scale * (g - common - unit * along), own, copy=False)
    if axes == (1,) and g.ndim == 2:
        return _unnormalised_rows(g, unit, scale, weight)
    out = g.copy() if weight is None else g * weight
    count = out.dtype.type(math.prod(out.shape[axis] for axis in axes))
    common = _add(out, axis=axes, keepdims=True) / count
    along = _add(out * unit, axis=axes, keepdims=True) / count
    out -= common
    out -= unit * along
    out *= scale
    return out


def sum_products(xp: Any, g: Any, unit: Any, shape: tuple[int, ...]) -> Any:
    """g · unit, summed to a shape: the cotangent of a weight."""
    if type(g) is np.ndarray and g.ndim == 2 and shape[0] == 1 and g.dtype == unit.dtype:
        return np.einsum("ij,ij->j", g, unit)[None]
    return sum_to(g * unit, shape, xp)
