"""Special functions that NumPy lacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.kernels.gauss import fits, many_cdf, many_erf, many_erfc

__all__ = [
    "erf",
    "erfc",
    "log1p",
    "normal_cdf",
    "power",
    "sigmoid",
    "sigmoid_pull",
    "sign",
    "silu_pull",
    "tanh_pull",
    "trunc_divide",
]

_erf = np.frompyfunc(math.erf, 1, 1)


def erf(xp: Any, x: Any) -> Any:
    """The error function: the C library's, correctly rounded but for rare last bits.

    >>> float(erf(np, np.float64(0.5)))
    0.5204998778130465
    """
    if fits(x):
        return many_erf(x)
    if isinstance(x, np.ndarray | np.generic):
        return np.asarray(_erf(x.astype(np.float64)), np.float64).astype(x.dtype)
    return xp.erf(x)


def sign(xp: Any, x: Any) -> Any:
    """-1, 0 or 1, and 0 for nan, as PyTorch has it; x / |x| for complex numbers.

    >>> sign(np, np.array([-2.0, np.nan]))
    array([-1.,  0.])
    """
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind == "f":
        return np.subtract(np.greater(x, 0), np.less(x, 0), dtype=x.dtype)
    return xp.sign(x)


_ENOUGH = 80  # 1 + exp(-80) is 1, and exp(80) is finite
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
# numbers as arrays: a Python number makes a ufunc half as long again on a thousand elements
_LIMIT = {one: np.array(_ENOUGH, one) for one in (_F32, _F64)}
_ONE = {one: np.array(1, one) for one in (_F32, _F64)}
_TWO = {one: np.array(2, one) for one in (_F32, _F64)}
_BELOW = np.array(-1, _F32)
_BLOCK = 1 << 15  # elements of which a few arrays fit into the cache
_SOME = 1 << 11  # elements from which on a dozen calls are cheaper than the C library's log1p
_ndarray = np.ndarray
_exp, _add, _divide, _multiply = np.exp, np.add, np.divide, np.multiply
_minimum, _abs, _negative, _reciprocal = np.minimum, np.abs, np.negative, np.reciprocal


def sigmoid(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)), accurate in both tails.

    >>> sigmoid(np, np.array([0.0, -1000.0]))
    array([0.5, 0. ])
    """
    if type(x) is _ndarray and x.ndim and x.dtype in _ONE:
        return _sigmoid(x) if x.size <= _BLOCK else _in_blocks(_sigmoid, x)
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


def log1p(xp: Any, x: Any) -> Any:
    """log(1 + x), accurate near 0.

    In float32 the logarithm of the rounded sum, which NumPy has in vector code as opposed to
    log1p, and what the rounding has left out, as a first-order term: to within four units in the
    last place, as NumPy's logarithm.

    >>> log1p(np, np.array([1e-20, 0.0]))
    array([1.e-20, 0.e+00])
    """
    if type(x) is _ndarray and x.dtype is _F32 and x.size >= _SOME:
        return _log1p(x) if x.size <= _BLOCK else _in_blocks(_log1p, x)
    return xp.log1p(x)


def _log1p(x: Any, out: Any = None) -> Any:
    one = _ONE[_F32]
    total = _add(x, one)
    out = np.log(total, out)
    rest = np.subtract(total, one)
    np.subtract(x, rest, rest)
    _divide(rest, total, rest)
    np.fmax(rest, _BELOW, out=rest)  # of -1 and infinity it is nan
    _negative(out, out)  # of 1 it is a negative zero, from which zeros keep their sign
    np.subtract(out, rest, out)
    return _negative(out, out)


def _fits(g: Any, x: Any) -> bool:
    """Whether g and x are arrays of one shape and one of the usual dtypes."""
    return (
        type(x) is _ndarray
        and type(g) is _ndarray
        and x.dtype is g.dtype
        and x.dtype in _ONE
        and x.ndim > 0
        and g.shape == x.shape
    )


def sigmoid_pull(xp: Any, g: Any, x: Any) -> Any:
    """g times the derivative, from exp(-|x|): out·(1 - out) would lose the right tail."""
    if not _fits(g, x):
        small = xp.exp(-xp.abs(x))
        return g * (small / ((1 + small) * (1 + small)))
    return _sigmoid_pull(g, x) if x.size <= _BLOCK else _in_blocks(_sigmoid_pull, g, x)


def _sigmoid_pull(g: Any, x: Any, out: Any = None) -> Any:
    out = _abs(x, out)
    _exp(_negative(out, out), out)
    whole = _add(out, _ONE[x.dtype])
    _multiply(whole, whole, whole)
    _divide(out, whole, out)
    return _multiply(out, g, out)


def silu_pull(xp: Any, g: Any, x: Any, row: Any) -> Any:
    """g · (σ(x) · (1 + x σ(-x))): 1 - σ(x) is written σ(-x), which keeps its digits.

    row: the logistic function of what is not an array.
    """
    if not _fits(g, x):
        return g * (row(x) * (1 + x * row(-x)))
    return _silu_pull(g, x) if x.size <= _BLOCK else _in_blocks(_silu_pull, g, x)


def _silu_pull(g: Any, x: Any, out: Any = None) -> Any:
    one = _ONE[x.dtype]
    out = _minimum(x, _LIMIT[x.dtype], out=out)
    _exp(out, out)
    other = _add(out, one)
    _reciprocal(other, other)  # σ(-x), but for sizes that do not matter beside 1
    _multiply(out, other, out)
    _multiply(other, x, other)
    _add(other, one, other)
    _multiply(out, other, out)
    return _multiply(out, g, out)


def power(x: Any, exponent: Any) -> Any:
    """x ** exponent; a cube as a product, as in PyTorch: `np.power` takes ten times as long.

    >>> power(np.array([2.0, 3.0]), 3)
    array([ 8., 27.])
    """
    if type(x) is _ndarray and exponent == 3 and x.dtype in _ONE:
        return x * x * x
    return x**exponent


def tanh_pull(xp: Any, g: Any, x: Any) -> Any:
    """g times 1 - tanh², as 1 / cosh²: without cancellation in the tails.

    An overflow leads to the right limit of zero; for complex x, too.
    """
    if not _fits(g, x):
        reciprocal = 1 / xp.cosh(x)
        return g * reciprocal * reciprocal
    return _tanh_pull(g, x) if x.size <= _BLOCK else _in_blocks(_tanh_pull, g, x)


def _tanh_pull(g: Any, x: Any, out: Any = None) -> Any:
    out = _exp(x, out)  # which NumPy has in vector code, as opposed to cosh
    other = _reciprocal(out)
    _add(out, other, out)
    _divide(_TWO[x.dtype], out, out)
    _multiply(out, g, other)
    return _multiply(out, other, out)


def _in_blocks(work: Callable[..., Any], *arrays: Any) -> Any:
    """What `work` writes into its last argument, by parts that stay in the cache."""
    out = np.empty_like(arrays[0])
    if not all(one.flags.c_contiguous for one in arrays):
        work(*arrays, out)
        return out
    flat = [one.reshape(-1) for one in (*arrays, out)]
    for start in range(0, out.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        work(*(one[part] for one in flat))
    return out


def trunc_divide(xp: Any, x: Any, y: Any) -> Any:
    """x / y rounded towards zero; whole numbers are divided as such, without rounding before.

    >>> trunc_divide(np, np.array([-7, 7]), np.array([2, 2]))
    array([-3,  3])
    """
    if getattr(x, "dtype", None) is not None and x.dtype.kind in "iu":
        floor = x // y
        inexact = (floor * y != x) & ((x < 0) != (y < 0))
        return floor + xp.astype(inexact, x.dtype)
    return xp.trunc(x / y)


_erfc = np.frompyfunc(math.erfc, 1, 1)


def erfc(xp: Any, x: Any) -> Any:
    """1 - erf(x), accurate in the upper tail, too.

    >>> float(erfc(np, np.float64(0.0)))
    1.0
    """
    if fits(x):
        return many_erfc(x)
    if isinstance(x, np.ndarray | np.generic):
        return np.asarray(_erfc(x.astype(np.float64)), np.float64).astype(x.dtype)
    return xp.erfc(x)


def normal_cdf(xp: Any, x: Any) -> Any:
    """The normal distribution up to x, accurate in the lower tail, too.

    >>> float(normal_cdf(np, np.float64(0.0)))
    0.5
    """
    if fits(x):
        return many_cdf(x)
    wide = x.astype(np.float64) * -math.sqrt(0.5)
    return (np.asarray(_erfc(wide), np.float64) * 0.5).astype(x.dtype)
