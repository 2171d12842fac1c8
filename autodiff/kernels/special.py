"""Special functions that NumPy lacks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = [
    "erf",
    "normal_cdf",
    "sigmoid",
    "sigmoid_steepness",
    "sign",
    "tanh_steepness",
    "trunc_divide",
]

_erf = np.frompyfunc(math.erf, 1, 1)


def erf(xp: Any, x: Any) -> Any:
    """The error function: the C library's, correctly rounded but for rare last bits.

    >>> float(erf(np, np.float64(0.5)))
    0.5204998778130465
    """
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


_FAR = {np.dtype(np.float32): 87.0, np.dtype(np.float64): 708.0}  # exp of it is finite


def sigmoid(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)), accurate in both tails.

    >>> sigmoid(np, np.array([0.0, -1000.0]))
    array([0.5, 0. ])
    """
    if type(x) is np.ndarray and x.ndim and x.size and x.dtype in _FAR:
        out = np.negative(x)
        if not np.maximum.reduce(out, axis=None) > _FAR[x.dtype]:
            np.exp(out, out=out)
            out += 1
            return np.reciprocal(out, out=out)
    small = xp.exp(-xp.abs(x))  # of a non-positive number alone: no overflow
    return xp.where(x >= 0, 1 / (1 + small), small / (1 + small))


def sigmoid_steepness(xp: Any, x: Any) -> Any:
    """The derivative of the sigmoid from exp(-|x|): out·(1 - out) would lose the right tail."""
    if type(x) is not np.ndarray or not x.ndim or x.dtype not in _FAR:
        small = xp.exp(-xp.abs(x))
        return small / ((1 + small) * (1 + small))
    small = np.abs(x)
    np.negative(small, out=small)
    np.exp(small, out=small)
    whole = small + 1
    whole *= whole
    small /= whole
    return small


def tanh_steepness(xp: Any, x: Any) -> Any:
    """1 - tanh² = 4e / (1 + e)² with e = exp(-2|x|), without cancellation in the tails."""
    if type(x) is not np.ndarray or not x.ndim or x.dtype not in _FAR:
        reciprocal = 1 / xp.cosh(x)  # overflows to the right limit of zero; for complex x, too
        return reciprocal * reciprocal
    small = np.abs(x)
    small *= -2
    np.exp(small, out=small)
    whole = small + 1
    whole *= whole
    small *= 4
    small /= whole
    return small


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


def normal_cdf(xp: Any, x: Any) -> Any:
    """The normal distribution up to x, accurate in the lower tail, too.

    >>> float(normal_cdf(np, np.float64(0.0)))
    0.5
    """
    wide = x.astype(np.float64) * -math.sqrt(0.5)
    return (np.asarray(_erfc(wide), np.float64) * 0.5).astype(x.dtype)
