"""Special functions that NumPy lacks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["erf", "sign", "trunc_divide"]

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
