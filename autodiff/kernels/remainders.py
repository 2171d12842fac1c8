"""Elementwise functions of NumPy that are not in the Array API, and the cardinal sine."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["copysign", "fmax", "fmin", "fmod", "logaddexp2", "sinc", "tanhshrink", "without_nan"]


def fmod(xp: Any, x: Any, y: Any) -> Any:
    """What remains of x after division by y, of the sign of x; zero of whole numbers by zero."""
    return np.fmod(x, y) if isinstance(x, np.ndarray | np.generic) else xp.fmod(x, y)


def fmax(xp: Any, x: Any, y: Any) -> Any:
    """The larger of two, a number before nan."""
    return np.fmax(x, y) if isinstance(x, np.ndarray | np.generic) else xp.fmax(x, y)


def fmin(xp: Any, x: Any, y: Any) -> Any:
    """The smaller of two, a number before nan."""
    return np.fmin(x, y) if isinstance(x, np.ndarray | np.generic) else xp.fmin(x, y)


def copysign(xp: Any, x: Any, y: Any) -> Any:
    """The size of x with the sign of y."""
    return np.copysign(x, y) if isinstance(x, np.ndarray | np.generic) else xp.copysign(x, y)


def logaddexp2(xp: Any, x: Any, y: Any) -> Any:
    """log2(2^x + 2^y)."""
    return np.logaddexp2(x, y) if isinstance(x, np.ndarray | np.generic) else xp.logaddexp2(x, y)


def without_nan(xp: Any, x: Any, nan: float, posinf: float | None, neginf: float | None) -> Any:
    """Numbers in the place of nan and of infinities; by default the largest of the dtype."""
    if not isinstance(x, np.ndarray | np.generic):
        return x
    if x.dtype.kind not in "fcV":
        return x.copy()
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


def _sine(x: Any) -> Any:
    """sin(π x), of the distance to the next whole number, which is exact."""
    rest = x - np.round(x)
    odd = np.mod(np.round(x), 2) == 1
    return np.where(odd, -1.0, 1.0) * np.sin(np.pi * rest)


def _series(x: Any, n: int) -> Any:
    total = np.zeros_like(x)
    for k in range(n + 20, (n + 1) // 2 - 1, -1):
        factor = (-1) ** k * math.perm(2 * k, n) / math.factorial(2 * k + 1)
        total = total + factor * (np.pi * x) ** (2 * k - n)
    return total * np.pi**n


def sinc(xp: Any, x: Any, n: int) -> Any:
    """The n-th derivative of sin(πx) / πx.

    >>> float(sinc(np, np.float64(0.0), 0))
    1.0
    """
    if not isinstance(x, np.ndarray | np.generic):
        return xp.sinc(x)
    wide = np.asarray(x, np.float64)
    zero = wide == 0
    large = np.where(zero, 1.0, wide)
    found = np.where(zero, 1.0, _sine(large) / (np.pi * large))
    near = np.abs(wide) < 0.75 + n / 2
    for m in range(1, n + 1):  # x f⁽ᵐ⁾ + m f⁽ᵐ⁻¹⁾ = πᵐ⁻¹ sin(πx + mπ/2)
        wave = np.pi ** (m - 1) * _sine(large + 0.5 * (m % 4))
        found = (wave - m * found) / large
    if n:
        found = np.where(near, _series(np.where(near, wide, 0.0), n), found)
    found = np.where(np.isinf(wide), np.nan if n == 0 else found, found)
    return found.astype(x.dtype)


def tanhshrink(xp: Any, x: Any) -> Any:
    """x - tanh(x): near zero x t / (1 + t), of the continued fraction x / (1 + t) of tanh.

    >>> float(tanhshrink(np, np.float64(0.0)))
    0.0
    """
    if not isinstance(x, np.ndarray | np.generic) or x.dtype.kind == "c":
        return x - xp.tanh(x)
    wide = np.asarray(x, np.float64)
    near = np.clip(wide, -2.0, 2.0)
    square = near * near
    rest = np.zeros_like(square)
    for odd in range(31, 1, -2):
        rest = square / (odd + rest)
    found = np.where(np.abs(wide) < 2, near * rest / (1 + rest), wide - np.tanh(wide))
    return found.astype(x.dtype)
