"""The error function's inverse and its scaled complement, and the normal distribution's logarithm.

Computed in float64, from the C library's erfc.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["erfcx", "erfinv", "log_ndtr", "ndtri"]

_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)
_ROOT_PI = math.sqrt(math.pi)


def _complement(x: Any) -> Any:
    return np.asarray(_erfc(x), np.float64)


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic)


def _scaled_complement(x: Any) -> Any:
    """exp(x²) erfc(x); the rounding of x² is put right, as exp would multiply it by x²."""
    far = x > 20
    middle = np.where(far, 1.0, np.maximum(x, -27.0))
    high = (middle * 134217729.0) - (middle * 134217729.0 - middle)  # of half as many digits
    low = middle - high
    near = np.exp(high * high) * np.exp(low * (middle + high)) * _complement(middle)
    large = np.where(far, x, 50.0)
    half = 0.5 / large / large
    series = np.ones_like(x)
    for k in range(9, 0, -1):  # 1 - 1·h + 1·3·h² - …
        series = 1 - (2 * k - 1) * half * series
    return np.where(x < -27, np.inf, np.where(far, series / large / _ROOT_PI, near))


def erfcx(xp: Any, x: Any) -> Any:
    """exp(x²) erfc(x).

    >>> float(erfcx(np, np.float64(0.0)))
    1.0
    """
    if not _is_array(x):
        return xp.erfcx(x)
    wide = np.asarray(x, np.float64)
    return np.where(np.isnan(wide), np.nan, _scaled_complement(wide)).astype(x.dtype)


def log_ndtr(xp: Any, x: Any) -> Any:
    """The logarithm of the normal distribution up to x, in both tails.

    >>> round(float(log_ndtr(np, np.float64(0.0))) + math.log(2), 15)
    0.0
    """
    if not _is_array(x):
        return xp.log_ndtr(x)
    wide = np.asarray(x, np.float64)
    z = -wide * math.sqrt(0.5)
    lower = np.log(_scaled_complement(np.maximum(z, 0.0)) * 0.5) - np.square(wide) * 0.5
    upper = np.log1p(-0.5 * _complement(np.maximum(-z, 0.0)))
    return np.where(np.isnan(wide), np.nan, np.where(wide < 0, lower, upper)).astype(x.dtype)


def _inverse_complement(share: Any) -> Any:
    """The x ≥ 0 with erfc(x) = share, of shares up to 1: Newton's steps, by Halley's."""
    tiny = np.maximum(share, 5e-324)
    root = np.sqrt(-2 * np.log(tiny * 0.5))
    # Hastings's start, good to three digits
    x = root - (2.515517 + root * (0.802853 + root * 0.010328)) / (
        1 + root * (1.432788 + root * (0.189269 + root * 0.001308))
    )
    x = np.maximum(x * math.sqrt(0.5), 0.0)
    for _ in range(3):
        # relative to the density: neither vanishes in the tail
        density = (2 / _ROOT_PI) * np.exp(-x * x)
        error = _complement(x) - tiny
        step = error / np.maximum(density, 5e-324)
        x = x + step / (1 + x * step)
    return x


def _inverse(value: Any, below: Any) -> Any:
    """erfinv(value), given 1 - |value| without rounding; near 0 from the error function itself."""
    x = _inverse_complement(np.clip(below, 0, 1))
    small = np.abs(value) < 0.5
    size = np.where(small, np.abs(value), 0.0)
    y = size * (_ROOT_PI / 2)
    for _ in range(4):
        error = np.asarray(_erf(y), np.float64) - size
        step = error / ((2 / _ROOT_PI) * np.exp(-y * y))
        y = y - step / (1 + y * step)
    found = np.copysign(np.where(small, y, x), value)
    found = np.where(below == 0, np.copysign(np.inf, value), found)
    return np.where((below < 0) | np.isnan(value), np.nan, found)


def erfinv(xp: Any, x: Any) -> Any:
    """The number whose erf is x.

    >>> round(float(erfinv(np, np.float64(math.erf(0.75)))), 14)
    0.75
    """
    if not _is_array(x):
        return xp.erfinv(x)
    wide = np.asarray(x, np.float64)
    return _inverse(wide, 1 - np.abs(wide)).astype(x.dtype)


def ndtri(xp: Any, x: Any) -> Any:
    """The number up to which the normal distribution has the share x.

    >>> float(ndtri(np, np.float64(0.5)))
    0.0
    """
    if not _is_array(x):
        return xp.ndtri(x)
    wide = np.asarray(x, np.float64)
    value = 2 * (wide - 0.5)
    below = np.where(wide < 0.5, 2 * wide, 2 * (1 - wide))
    return (_inverse(value, below) * math.sqrt(2)).astype(x.dtype)
