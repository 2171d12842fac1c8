"""Modified Bessel functions of the first kind and their derivatives. Computed in float64.

Near zero by power series, whose terms have one sign; far away by asymptotic series. A derivative
of I is a sum of neighbours of one sign. Derivatives of exp(-|x|) I(x) would cancel as such sums:
they are integrals of (cos θ - 1)ⁿ exp(x (cos θ - 1)) cos(mθ), of a periodic function, which a sum
of its values has with all digits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["bessel_i", "bessel_ie"]

_FAR = 25.0
_NEAR = 1.0
_ANGLES = np.cos(np.pi * np.arange(128) / 64)


def _series(x: Any, order: int) -> Any:
    """Σ (x/2)^(2k + order) / (k! (k + order)!)."""
    square = x * x * 0.25
    total = np.ones_like(x)
    for k in range(80, 0, -1):
        total = 1 + total * (square / (k * (k + order)))
    return total * (x * 0.5) ** order / math.factorial(order)


def _asymptotic(x: Any, order: int, derivative: int) -> Any:
    """exp(-x) I(x) = Σ c x^(-k - 1/2), differentiated so many times term by term."""
    total, factor = np.zeros_like(x), 1.0 / math.sqrt(2 * math.pi)
    for k in range(30):
        power = -0.5 - k
        slope = math.prod(power - j for j in range(derivative))
        total = total + factor * slope * x ** (power - derivative)
        factor *= -(4 * order * order - (2 * k + 1) ** 2) / ((k + 1) * 8)
    return total


def _of_slopes(function: Any, order: int, derivative: int) -> Any:
    """2⁻ⁿ Σ C(n, k) I(order + n - 2k): a derivative by its neighbours."""
    total = 0.0
    for k in range(derivative + 1):
        part = function(abs(order + derivative - 2 * k))
        total = total + math.comb(derivative, k) * part
    return total * 0.5**derivative


def _with_parity(found: Any, x: Any, odd: int) -> Any:
    found = np.where(np.isnan(x), np.nan, found)
    return found * np.sign(x) if odd % 2 else found


def bessel_i(xp: Any, x: Any, order: int, n: int) -> Any:
    """The n-th derivative of the modified Bessel function of an order.

    >>> float(bessel_i(np, np.float64(0.0), 0, 0))
    1.0
    """
    if not isinstance(x, np.ndarray | np.generic):
        return xp.i1(x) if order else xp.i0(x)
    wide = np.asarray(x, np.float64)
    size = np.abs(wide)
    far = size > _FAR
    small = np.where(far, 1.0, size)
    large = np.where(far & np.isfinite(size), size, 2 * _FAR)
    near = _of_slopes(lambda m: _series(small, m), order, n)
    half = np.exp(large * 0.5)  # the whole may overflow before the quotient does
    away = _of_slopes(lambda m: _asymptotic(large, m, 0), order, n) * half * half
    found = np.where(np.isinf(size), np.inf, np.where(far, away, near))
    return _with_parity(found, wide, order + n).astype(x.dtype)


def bessel_ie(xp: Any, x: Any, order: int, n: int) -> Any:
    """The n-th derivative of exp(-|x|) times the modified Bessel function of an order.

    Where it jumps, at zero, the value between.

    >>> float(bessel_ie(np, np.float64(0.0), 1, 0))
    0.0
    """
    if not isinstance(x, np.ndarray | np.generic):
        return xp.i1e(x) if order else xp.i0e(x)
    wide = np.asarray(x, np.float64)
    size = np.abs(wide)
    small = np.where(size > _NEAR, 0.5, size)
    near = np.zeros_like(small)
    for k in range(n + 1):
        slope = _of_slopes(lambda m: _series(small, m), order, k)
        near = near + (-1) ** (n - k) * math.comb(n, k) * slope
    near = near * np.exp(-small)
    large = np.where((size > _FAR) & np.isfinite(size), size, 2 * _FAR)
    middle = np.where((size > _NEAR) & (size <= _FAR), size, 1.0)[..., None]
    drop = _ANGLES - 1
    waves = _ANGLES if order else np.ones_like(_ANGLES)
    summed = (drop**n * waves * np.exp(middle * drop)).mean(-1)
    found = np.where(size > _FAR, _asymptotic(large, order, n), summed)
    found = np.where(np.isinf(size), 0, np.where(size > _NEAR, found, near))
    return _with_parity(found, wide, order + n).astype(x.dtype)
