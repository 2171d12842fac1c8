"""Normalised exponentials and standardised values: in place on buffers of their own.

On NumPy's arrays sums over short rows are taken by BLAS, which reads them three times as fast as
`np.add.reduce` does; its error grows as slowly up to some thousand elements. Large matrices are
worked on in blocks of rows, with buffers too small for NumPy to copy what is broadcast into
(`unbuffered`). Arrays of 16 bits are worked on in 32, as PyTorch does.

Where the compiled kernels were built, they do the usual case: one pass over each row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.compiled import kernels as compiled
from autodiff.kernels.memory import unbuffered
from autodiff.kernels.range import has_safe_squares, unit_power
from autodiff.kernels.sums import SHORT, ones
from autodiff.operation import sum_to

__all__ = [
    "log_softmax",
    "log_softmax_of_rows",
    "log_softmax_rule",
    "normalise",
    "softmax",
    "softmax_rule",
    "standardised",
    "sum_products",
    "unnormalise",
]

_WIDE = (np.dtype(np.float32), np.dtype(np.float64))
_MANY = 1 << 14  # elements of an array for which the detour pays
_maximum: Any = np.maximum.reduce
_minimum: Any = np.minimum.reduce
_add: Any = np.add.reduce
_every: Any = np.logical_and.reduce
_BLOCK = 1 << 19  # elements of a block: small enough for a cache, with few calls for many


def _row_sums(x: Any, dim: int | tuple[int, ...]) -> Any:
    """Sums along an axis or several (as `logsumexp` has them), which are kept."""
    size = x.shape[-1]
    if dim == x.ndim - 1 and x.size >= _MANY and size <= SHORT and x.flags.c_contiguous:
        return (x.reshape(-1, size) @ ones(size, x.dtype)).reshape(*x.shape[:-1], 1)
    return _add(x, axis=dim, keepdims=True)


def _row_products(x: Any, y: Any, dim: int | tuple[int, ...]) -> Any:
    """Sums of products along an axis or several, which are kept."""
    if dim == x.ndim - 1 and x.shape[-1] <= SHORT:
        return np.vecdot(x, y)[..., None]
    return _add(x * y, axis=dim, keepdims=True)


def _is_large(x: Any, dim: int) -> bool:
    """Whether to work in blocks of rows: on much memory, along its last axis."""
    return bool(x.size >= _MANY and dim == x.ndim - 1 and x.flags.c_contiguous)


def _by_rows(work: Callable[..., None], *arrays: Any) -> None:
    """work(*parts) on parts of some rows of matrices; it writes into the last of them."""
    count, width = arrays[0].shape
    step = max(1, _BLOCK // width)
    for start in range(0, count, step):
        parts = arrays if count <= step else [one[start : start + step] for one in arrays]
        unbuffered(work, *parts)


def _in_rows(work: Callable[..., None], *arrays: Any) -> Any:
    """What `work` writes into its last argument, by rows of the arrays' last axis."""
    first = arrays[0]
    out = np.empty(first.shape, first.dtype)
    width = first.shape[-1]
    _by_rows(work, *[one.reshape(-1, width) for one in (*arrays, out)])
    return out


def _along_rows(x: Any) -> Any:
    """The sum of each row of a matrix, as a column."""
    if x.shape[1] > SHORT:
        return _add(x, axis=1, keepdims=True)
    return x.dot(ones(x.shape[1], x.dtype))[:, None]


def _alike(g: Any, out: Any) -> bool:
    """Whether both are arrays of one shape and one of the usual dtypes."""
    return (
        type(g) is np.ndarray
        and type(out) is np.ndarray
        and g.dtype in _WIDE
        and g.dtype == out.dtype
        and g.shape == out.shape
    )


def softmax(xp: Any, x: Any, dim: int) -> Any:
    """exp(x) / Σ exp(x) along an axis of an array that is not empty."""
    if type(x) is not np.ndarray or x.dtype not in _WIDE:
        powers = xp.exp(x - xp.max(x, axis=dim, keepdims=True))
        return powers / xp.sum(powers, axis=dim, keepdims=True)
    if compiled is not None and dim == x.ndim - 1:
        found = compiled.softmax(x)
        if found is not None:
            return found
    if _is_large(x, dim):
        return _in_rows(_softmax_rows, x)
    out = np.subtract(x, _maximum(x, axis=dim, keepdims=True))
    np.exp(out, out=out)
    out /= _row_sums(out, dim)
    return out


def _softmax_rows(x: Any, out: Any) -> None:
    largest = _maximum(x, axis=1, keepdims=True)
    # Of a largest element from 0 to 80 the power neither overflows nor makes that of another
    # vanish which the quotient would keep: a pass is saved.
    if _minimum(largest, axis=None) >= 0 and _maximum(largest, axis=None) < 80:
        np.exp(x, out=out)
    else:
        np.subtract(x, largest, out=out)
        np.exp(out, out=out)
    out /= _along_rows(out)


def softmax_rule(xp: Any, g: Any, out: Any, dim: int) -> Any:
    """out · (g - Σ g · out): the difference is taken first, as it loses no digits afterwards."""
    if compiled is not None and dim == g.ndim - 1:
        found = compiled.softmax_rule(g, out)
        if found is not None:
            return found
    if not _alike(g, out):
        return out * (g - xp.sum(g * out, axis=dim, keepdims=True))
    if _is_large(g, dim):
        return _in_rows(_softmax_rule_rows, g, out)
    result = np.subtract(g, _row_products(g, out, dim))
    result *= out
    return result


def _softmax_rule_rows(g: Any, out: Any, result: Any) -> None:
    np.subtract(g, _row_products(g, out, 1), out=result)
    result *= out


def log_softmax_of_rows(x: Any, dim: int) -> Any:
    """`log_softmax` of a small matrix along its rows; None of anything else."""
    if dim != 1 or type(x) is not np.ndarray or x.ndim != 2 or x.dtype not in _WIDE:
        return None
    if compiled is not None:
        found = compiled.log_softmax(x)
        if found is not None:
            return found
    if not 0 < x.size < _MANY:
        return None
    out = np.subtract(x, _maximum(x, 1, None, None, True), order="C")
    sums = _along_rows(np.exp(out))
    out -= np.log(sums, sums)
    return out


def log_softmax(xp: Any, x: Any, dim: int) -> Any:
    """x - log Σ exp(x) along an axis of an array that is not empty."""
    if type(x) is not np.ndarray or x.dtype not in _WIDE:
        shifted = x - xp.max(x, axis=dim, keepdims=True)
        return shifted - xp.log(xp.sum(xp.exp(shifted), axis=dim, keepdims=True))
    if compiled is not None and dim == x.ndim - 1:
        found = compiled.log_softmax(x)
        if found is not None:
            return found
    if _is_large(x, dim):
        return _in_rows(_log_softmax_rows, x)
    out = np.subtract(x, _maximum(x, axis=dim, keepdims=True))
    sums = _add(np.exp(out), axis=dim, keepdims=True)
    np.log(sums, out=sums)
    out -= sums
    return out


def _log_softmax_rows(x: Any, out: Any) -> None:
    np.subtract(x, _maximum(x, axis=1, keepdims=True), out=out)
    out -= np.log(_along_rows(np.exp(out)))


def log_softmax_rule(xp: Any, g: Any, out: Any, dim: int) -> Any:
    """g - exp(out) · Σ g."""
    if compiled is not None and dim == g.ndim - 1:
        found = compiled.log_softmax_rule(g, out)
        if found is not None:
            return found
    if not _alike(g, out):
        return g - xp.exp(out) * xp.sum(g, axis=dim, keepdims=True)
    result = np.empty(g.shape, g.dtype)
    if dim == 1 == g.ndim - 1 and g.size < _MANY:
        _log_softmax_rule_rows(g, out, result)
        return result
    if _is_large(g, dim):
        return _in_rows(_log_softmax_rule_rows, g, out)
    np.exp(out, result)
    result *= _add(g, axis=dim, keepdims=True)
    return np.subtract(g, result, out=result)


def _log_softmax_rule_rows(g: Any, out: Any, result: Any) -> None:
    np.exp(out, result)
    result *= _along_rows(g)
    np.subtract(g, result, result)


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


def _normalised_rows(x: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    """`normalise` over the last axis of a matrix."""
    if compiled is not None:
        found: tuple[Any, Any, Any] | None = compiled.layer_norm(x, weight, bias, eps)
        if found is not None:
            return found
    count = x.shape[1]

    def work(x: Any, scale: Any, unit: Any, out: Any) -> None:
        mean = _along_rows(x)
        mean /= count
        np.subtract(x, mean, out=unit)
        scale[...] = _row_products(unit, unit, 1)
        _to_scale(scale, count, eps)
        if eps and _every(scale, axis=None):
            unit *= scale
        else:
            unit[...], scale[...] = _standardised_far(np, unit, (1,), eps)
        if weight is None:
            out[...] = unit
        else:
            np.multiply(unit, weight, out=out)
        if bias is not None:
            out += bias

    scale = np.empty((x.shape[0], 1), x.dtype)
    unit, out = np.empty(x.shape, x.dtype), np.empty(x.shape, x.dtype)
    _by_rows(work, x, scale, unit, out)
    return out, unit, scale


def _unnormalised_rows(g: Any, unit: Any, scale: Any, weight: Any) -> Any:
    """`unnormalise` over the last axis of a matrix."""
    if compiled is not None:
        found = compiled.layer_norm_rule(g, unit, scale, weight)
        if found is not None:
            return found
    count = g.shape[1]

    def work(g: Any, unit: Any, scale: Any, out: Any) -> None:
        if weight is None:
            out[...] = g
        else:
            np.multiply(g, weight, out=out)
        along = _row_products(out, unit, 1)
        along /= count
        common = _along_rows(out)
        common /= count
        out -= common
        out -= unit * along
        out *= scale

    out = np.empty(g.shape, g.dtype)
    _by_rows(work, g, unit, scale, out)
    return out


def _are_trailing(x: Any, axes: tuple[int, ...]) -> bool:
    """Whether the axes are the last ones of an array whose groups are as good as rows."""
    return (
        type(x) is np.ndarray
        and x.dtype in _WIDE
        and x.size > 0
        and 0 < len(axes) < x.ndim
        and x.flags.c_contiguous
        and axes == tuple(range(x.ndim - len(axes), x.ndim))
    )


def normalise(
    xp: Any, x: Any, weight: Any, bias: Any, axes: tuple[int, ...], eps: float
) -> tuple[Any, Any, Any]:
    """(standardised x · weight + bias, standardised x, the scale of each group).

    weight, bias: None, or of a shape that is broadcast against x.
    """
    of_rows = type(x) is np.ndarray and x.dtype in _WIDE and x.ndim == 2 and axes == (1,)
    if of_rows and x.size and all(v is None or v.dtype == x.dtype for v in (weight, bias)):
        return _normalised_rows(x, weight, bias, eps)
    if _are_trailing(x, axes):
        groups = x.shape[: x.ndim - len(axes)]
        parts = _normalised_rows(x.reshape(math.prod(groups), -1), None, None, eps)
        out, unit = (part.reshape(x.shape) for part in parts[:2])
        scale = parts[2].reshape(*groups, *(1,) * len(axes))
        if all(v is None or v.dtype == x.dtype for v in (weight, bias)):
            if weight is not None:
                np.multiply(unit, weight, out=out)
            if bias is not None:
                out += bias
            return out, unit, scale
    else:
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
    if _are_trailing(out, axes) and unit.flags.c_contiguous:
        rows = math.prod(out.shape[: out.ndim - len(axes)])
        flat, units, scales = (one.reshape(rows, -1) for one in (out, unit, scale))
        return _unnormalised_rows(flat, units, scales, None).reshape(out.shape)
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
        if compiled is not None:
            found = compiled.column_products(g, unit)
            if found is not None:
                return found[None]
        return np.einsum("ij,ij->j", g, unit)[None]
    return sum_to(g * unit, shape, xp)
