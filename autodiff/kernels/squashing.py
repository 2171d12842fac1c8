"""exp, the logistic function and tanh, and their slopes, which keep their digits in both tails.

out · (1 - out) and 1 - out² have none left where the function saturates, so slopes are taken from
the input, and from the result where that is as good. Where the compiled kernels were built, they
do this for float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.compiled import kernels
from autodiff.kernels.blocks import BLOCK, in_blocks
from autodiff.state import TensorState

__all__ = [
    "exp",
    "pulled",
    "sigmoid",
    "sigmoid_pull",
    "sigmoid_rule",
    "silu_pull",
    "tanh",
    "tanh_pull",
    "tanh_rule",
]

_ENOUGH = 80  # 1 + exp(-80) is 1, and exp(80) is finite
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_USUAL = (_F32, _F64)
# numbers as arrays: a Python number makes a ufunc half as long again on a thousand elements
_ONE32, _ONE64 = np.array(1, _F32), np.array(1, _F64)
_TWO32, _TWO64 = np.array(2, _F32), np.array(2, _F64)
_LIMIT32, _LIMIT64 = np.array(_ENOUGH, _F32), np.array(_ENOUGH, _F64)
_LIMIT = {_F32: _LIMIT32, _F64: _LIMIT64}
_ONE = {_F32: _ONE32, _F64: _ONE64}
_FOUR = {one: np.array(4, one) for one in _USUAL}
_DOUBLE = {one: np.array(-2, one) for one in _USUAL}
_STEEP = {one: np.array(0.82, one) for one in _USUAL}
_FEW = 1 << 14  # bytes of an array of which no part is worth a look
_BYTES = 4 * BLOCK  # of an array that is worked on as a whole
_LONG = 1 << 16  # elements of a block of which most are not in the tails
_ndarray = np.ndarray
_np: Any = np
_exp, _add, _divide, _multiply, _subtract = (
    _np.exp,
    _np.add,
    _np.divide,
    _np.multiply,
    _np.subtract,
)
_minimum, _abs, _reciprocal, _greater = _np.minimum, _np.abs, _np.reciprocal, _np.greater

Rule = Callable[[Any, Any, Any], Any]


def _nothing(*arrays: Any) -> Any:
    """In place of a compiled kernel: it takes nothing."""
    return None


_compiled_exp = _nothing if kernels is None else kernels.exp
_compiled_sigmoid = _nothing if kernels is None else kernels.sigmoid
_compiled_sigmoid_slope = _nothing if kernels is None else kernels.sigmoid_slope
_compiled_tanh = _nothing if kernels is None else kernels.tanh
_compiled_tanh_slope = _nothing if kernels is None else kernels.tanh_slope


def exp(xp: Any, x: Any) -> Any:
    """The exponential function.

    >>> exp(np, np.array([0.0, -1000.0]))
    array([1., 0.])
    """
    found = _compiled_exp(x)
    return xp.exp(x) if found is None else found


def _in_memory_of_g(rule: Rule, compiled: Any) -> Rule:
    """Tell the compiled walk what computes a rule in place, of its first saved value; or None."""
    rule.into = None if compiled is _nothing else compiled  # type: ignore[attr-defined]
    return rule


def sigmoid(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)), accurate in both tails.

    >>> sigmoid(np, np.array([0.0, -1000.0]))
    array([0.5, 0. ])
    """
    found = _compiled_sigmoid(x)
    if found is not None:
        return found
    if type(x) is _ndarray and x.ndim:
        dtype = x.dtype
        if dtype is _F32 or dtype is _F64:
            if x.nbytes > _BYTES:
                return in_blocks(_sigmoid, x)
            limit, one = (_LIMIT32, _ONE32) if dtype is _F32 else (_LIMIT64, _ONE64)
            if x.base is None:
                small = _minimum(x, limit)
            else:  # a number beside what has gaps in memory is slow, so that is closed up first
                small = x.copy("K")
                _minimum(small, limit, out=small)
            _exp(small, small)
            return _divide(small, _add(small, one), small)
    if isinstance(x, np.ndarray | np.generic) and x.dtype in _ONE:
        small = _exp(_minimum(x, _ENOUGH))
        return small / (small + 1)
    small = xp.exp(-xp.abs(x))  # of a non-positive number alone: no overflow
    return xp.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _sigmoid(x: Any, out: Any = None) -> Any:
    dtype = x.dtype
    small = _minimum(x, _LIMIT[dtype], out=out)
    _exp(small, small)
    return _divide(small, _add(small, _ONE[dtype]), small)


def sigmoid_pull(xp: Any, g: Any, x: Any) -> Any:
    """g times the derivative of the logistic function."""
    found = _compiled_sigmoid_slope(g, x)
    if found is not None:
        return found
    if _fits(g, x):
        return _sigmoid_slope(g, x, sigmoid(xp, x))
    small = xp.exp(-xp.abs(x))
    return g * (small / ((1 + small) * (1 + small)))


def sigmoid_rule(row: Any) -> Rule:
    """The rule of the logistic function; row computes it of what is not an array.

    out · (1 - out), where the second factor is 1 / (1 + exp(x)). Beyond 88 (709 in float64) that
    is 0, and not a subnormal number.
    """

    def rule(g: Any, x: Any, out: Any) -> Any:
        found = _compiled_sigmoid_slope(g, x)
        if found is not None:
            return found
        if type(g) is _ndarray and type(x) is _ndarray:
            dtype = x.dtype
            one = _ONE32 if dtype is _F32 else _ONE64 if dtype is _F64 else None
            if one is not None and x.ndim:
                if x.nbytes > _BYTES and _fits(g, x):
                    return in_blocks(_sigmoid_slope, g, x, out)
                slope = _exp(x)
                _divide(out, _add(slope, one, slope), slope)
                return slope * g
        return pulled(sigmoid_pull, row, g, x)

    return _in_memory_of_g(rule, _compiled_sigmoid_slope)


def _sigmoid_slope(g: Any, x: Any, y: Any, out: Any = None) -> Any:
    out = _exp(x, out)
    _add(out, _ONE[x.dtype], out)
    _divide(y, out, out)
    return _multiply(out, g, out)


def pulled(pull: Rule, row: Any, g: Any, x: Any) -> Any:
    """A slope by its kernel; of tensors and symbols by the row that computes it."""
    if isinstance(g, np.ndarray | np.generic):
        return pull(np, g, x)
    return row.straight(g, x) if isinstance(g, TensorState) else row(g, x)


def _fits(g: Any, x: Any) -> bool:
    """Whether g and x are arrays of one shape and one of the usual dtypes."""
    if type(x) is not _ndarray or type(g) is not _ndarray:
        return False
    dtype = x.dtype
    fits = (dtype is _F32 or dtype is _F64) and g.dtype is dtype and x.ndim > 0
    return fits and bool(g.shape == x.shape)


def silu_pull(xp: Any, g: Any, x: Any, row: Any) -> Any:
    """g · (σ(x) · (1 + x σ(-x))): 1 - σ(x) is written σ(-x), which keeps its digits.

    row: the logistic function of what is not an array.
    """
    if not _fits(g, x):
        return g * (row(x) * (1 + x * row(-x)))
    return _silu_pull(g, x) if x.size <= BLOCK else in_blocks(_silu_pull, g, x)


def _silu_pull(g: Any, x: Any, out: Any = None) -> Any:
    one = _ONE[x.dtype]
    out = _minimum(x, _LIMIT[x.dtype], out=out)
    if _compiled_exp(out, out) is None:
        _exp(out, out)
    other = _add(out, one)
    _reciprocal(other, other)  # σ(-x), but for sizes that do not matter beside 1
    _multiply(out, other, out)
    _multiply(other, x, other)
    _add(other, one, other)
    _multiply(out, other, out)
    return _multiply(out, g, out)


def tanh(xp: Any, x: Any) -> Any:
    """The hyperbolic tangent.

    >>> tanh(np, np.array([0.0, 1000.0]))
    array([0., 1.])
    """
    found = _compiled_tanh(x)
    return xp.tanh(x) if found is None else found


def tanh_pull(xp: Any, g: Any, x: Any) -> Any:
    """g times the derivative of tanh, as 1 / cosh²: without cancellation in the tails.

    An overflow leads to the right limit of zero; for complex x, too.
    """
    found = _compiled_tanh_slope(g, x)
    if found is not None:
        return found
    if _fits(g, x):
        return _tanh_slope(g, x) if x.nbytes <= _BYTES else in_blocks(_tanh_slope, g, x)
    reciprocal = 1 / xp.cosh(x)
    return g * reciprocal * reciprocal


def tanh_rule(row: Any) -> Rule:
    """The rule of tanh; row computes it of what is not an array.

    As 1 / cosh², and of many numbers as 1 - out² where that is as good.
    """

    def rule(g: Any, x: Any, out: Any) -> Any:
        found = _compiled_tanh_slope(g, x)
        if found is not None:
            return found
        if type(g) is _ndarray and type(x) is _ndarray:
            dtype = x.dtype
            two = _TWO32 if dtype is _F32 else _TWO64 if dtype is _F64 else None
            if two is not None and x.ndim:
                if x.nbytes > _FEW and _fits(g, x):
                    if x.flags.c_contiguous and out.flags.c_contiguous:
                        return _tanh_slope_by_result(g, x, out)
                    return in_blocks(_tanh_slope, g, x)
                slope = _exp(x)  # which NumPy has in vector code, as opposed to cosh
                other = _reciprocal(slope)
                _divide(two, _add(slope, other, other), slope)
                return slope * g * slope
        return pulled(tanh_pull, row, g, x)

    return _in_memory_of_g(rule, _compiled_tanh_slope)


def _tanh_slope(g: Any, x: Any, out: Any = None) -> Any:
    slope = _exp(x, out)
    other = _reciprocal(slope)
    _divide(_TWO32 if x.dtype is _F32 else _TWO64, _add(slope, other, other), slope)
    _multiply(slope, g, other)
    return _multiply(slope, other, slope)


def _tanh_slope_by_result(g: Any, x: Any, y: Any) -> Any:
    """By 1 - y² where that, too, is within nine units in the last place; else from x."""
    result = np.empty_like(x)
    dtype = x.dtype
    limit, one = _STEEP[dtype], _ONE[dtype]
    g, x, y, flat = g.reshape(-1), x.reshape(-1), y.reshape(-1), result.reshape(-1)
    block = min(flat.size, _LONG)
    more = block // 8 + 1
    marks = np.ones(block + more, bool)
    for start in range(0, flat.size, block):
        part = slice(start, start + block)
        cotangent, at, out = g[part], x[part], flat[part]
        size = out.size
        _multiply(y[part], y[part], out)
        mark = marks[block - size :]
        _greater(out, limit, mark[:size])
        count = int(np.count_nonzero(mark)) - more
        if count > size // 6:  # it is cheaper to take all from x
            _tanh_slope(cotangent, at, out)
            continue
        _subtract(one, out, out)
        if count:
            # Of few, NumPy looks for one after the other, and jumps each time. Where they are not
            # that few, it is given some more at the end: then it does not.
            tail = (mark if count > size // 32 else mark[:size]).nonzero()[0][:count]
            out[tail] = _squared_sech(at[tail])
        _multiply(out, cotangent, out)
    return result


def _squared_sech(x: Any) -> Any:
    dtype = x.dtype
    small = _abs(x)
    _multiply(small, _DOUBLE[dtype], small)
    _exp(small, small)
    whole = _add(small, _ONE[dtype])
    _multiply(whole, whole, whole)
    _divide(small, whole, small)
    return _multiply(small, _FOUR[dtype], small)
