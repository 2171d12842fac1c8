"""Special functions that NumPy lacks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.kernels.blocks import BLOCK, in_blocks
from autodiff.kernels.gauss import fits, many_cdf, many_erf, many_erfc

__all__ = [
    "erf",
    "erfc",
    "log1p",
    "normal_cdf",
    "power",
    "sign",
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


_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_USUAL = (_F32, _F64)
_ONE, _BELOW = np.array(1, _F32), np.array(-1, _F32)
_EASY = (3, -0.5, -1, -2)
_SOME = 1 << 11  # elements from which on a dozen calls are cheaper than the C library's log1p
_ndarray = np.ndarray
_add, _divide, _negative = np.add, np.divide, np.negative


def log1p(xp: Any, x: Any) -> Any:
    """log(1 + x), accurate near 0.

    In float32 the logarithm of the rounded sum, which NumPy has in vector code as opposed to
    log1p, and what the rounding has left out, as a first-order term: to within four units in the
    last place, as NumPy's logarithm.

    >>> log1p(np, np.array([1e-20, 0.0]))
    array([1.e-20, 0.e+00])
    """
    if type(x) is _ndarray and x.dtype is _F32 and x.size >= _SOME:
        return _log1p(x) if x.size <= BLOCK else in_blocks(_log1p, x)
    return xp.log1p(x)


def _log1p(x: Any, out: Any = None) -> Any:
    one = _ONE
    total = _add(x, one)
    out = np.log(total, out)
    rest = np.subtract(total, one)
    np.subtract(x, rest, rest)
    _divide(rest, total, rest)
    np.fmax(rest, _BELOW, out=rest)  # of -1 and infinity it is nan
    _negative(out, out)  # of 1 it is a negative zero, from which zeros keep their sign
    np.subtract(out, rest, out)
    return _negative(out, out)


def power(x: Any, exponent: Any) -> Any:
    """x ** exponent; by products and roots where PyTorch does so, as `np.power` is slow.

    >>> power(np.array([2.0, 4.0]), 3), power(np.array([2.0, 4.0]), -2)
    (array([ 8., 64.]), array([0.25  , 0.0625]))
    """
    if type(x) is _ndarray and exponent in _EASY and x.dtype in _USUAL:
        if exponent == 3:
            return x * x * x
        base = 1 / (np.sqrt(x) if exponent == -0.5 else x)
        return base * base if exponent == -2 else base
    return x**exponent


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
