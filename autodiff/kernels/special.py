"""Special functions that NumPy lacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = [
    "erf",
    "erfc",
    "normal_cdf",
    "sigmoid",
    "sigmoid_pull",
    "sign",
    "tanh_pull",
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


_ENOUGH = 80  # 1 + exp(-80) is 1, and exp(80) is finite
_USUAL = {np.dtype(np.float32), np.dtype(np.float64)}
_BLOCK = 1 << 15  # elements of which a few arrays fit into the cache


def sigmoid(xp: Any, x: Any) -> Any:
    """1 / (1 + exp(-x)), accurate in both tails.

    >>> sigmoid(np, np.array([0.0, -1000.0]))
    array([0.5, 0. ])
    """
    if isinstance(x, np.ndarray | np.generic) and x.dtype in _USUAL:
        small = np.exp(np.minimum(x, _ENOUGH))
        small /= small + 1
        return small
    small = xp.exp(-xp.abs(x))  # of a non-positive number alone: no overflow
    return xp.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _usual(x: Any) -> bool:
    return type(x) is np.ndarray and x.ndim > 0 and x.dtype in _USUAL


def sigmoid_pull(xp: Any, g: Any, x: Any) -> Any:
    """g times the derivative, from exp(-|x|): out·(1 - out) would lose the right tail."""
    if not _usual(g) or not _usual(x) or g.shape != x.shape or g.dtype != x.dtype:
        small = xp.exp(-xp.abs(x))
        return g * (small / ((1 + small) * (1 + small)))
    return _in_blocks(_sigmoid_pull, g, x)


def _sigmoid_pull(g: Any, x: Any, out: Any) -> None:
    np.abs(x, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    whole = out + 1
    whole *= whole
    out /= whole
    out *= g


def tanh_pull(xp: Any, g: Any, x: Any) -> Any:
    """g times 1 - tanh², as 1 / cosh²: without cancellation in the tails.

    An overflow leads to the right limit of zero; for complex x, too.
    """
    if not _usual(g) or not _usual(x) or g.shape != x.shape or g.dtype != x.dtype:
        reciprocal = 1 / xp.cosh(x)
        return g * reciprocal * reciprocal
    return _in_blocks(_tanh_pull, g, x)


def _tanh_pull(g: Any, x: Any, out: Any) -> None:
    np.exp(x, out=out)  # which NumPy has in vector code, as opposed to cosh
    other = 1 / out
    out += other
    np.divide(2, out, out=out)
    np.multiply(out, g, out=other)
    out *= other


def _in_blocks(work: Callable[[Any, Any, Any], None], g: Any, x: Any) -> Any:
    """What `work` writes into its last argument, by parts that stay in the cache."""
    out = np.empty_like(x)
    if x.size <= _BLOCK or not (x.flags.c_contiguous and g.flags.c_contiguous):
        work(g, x, out)
        return out
    flat_g, flat_x, flat = g.reshape(-1), x.reshape(-1), out.reshape(-1)
    for start in range(0, x.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        work(flat_g[part], flat_x[part], flat[part])
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
    if isinstance(x, np.ndarray | np.generic):
        return np.asarray(_erfc(x.astype(np.float64)), np.float64).astype(x.dtype)
    return xp.erfc(x)


def normal_cdf(xp: Any, x: Any) -> Any:
    """The normal distribution up to x, accurate in the lower tail, too.

    >>> float(normal_cdf(np, np.float64(0.0)))
    0.5
    """
    wide = x.astype(np.float64) * -math.sqrt(0.5)
    return (np.asarray(_erfc(wide), np.float64) * 0.5).astype(x.dtype)
