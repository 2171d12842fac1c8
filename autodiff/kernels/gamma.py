"""The gamma function's kin: log-gamma, digamma, polygamma. Computed in float64."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

__all__ = ["digamma", "lgamma", "polygamma"]

# Bernoulli numbers B2, B4, ...
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330, 854513 / 138,
)  # fmt: skip
_FAR = 12.0  # where asymptotic series have all digits
_MOST = 100_000  # steps of a recurrence


def _is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray | np.generic)


def _log_gamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):  # at a pole; beyond the largest number
        return math.inf


_lgamma = np.frompyfunc(_log_gamma, 1, 1)
_EULER = 0.57721566490153286061


@functools.cache
def _shares() -> tuple[float, ...]:
    """(-1)^k (ζ(k) - 1) / k from k = 2 on."""
    above = [float(_zeta(k, np.float64(2.0))) for k in range(2, 60)]
    return tuple((-1) ** k * value / k for k, value in enumerate(above, 2))


def _near_two(t: Any) -> Any:
    """log Γ(2 + t) of |t| ≤ 1/2, which has all its digits near its zero."""
    return t * (1 - _EULER) + t * t * _polynomial(_shares(), t)


def lgamma(xp: Any, x: Any) -> Any:
    """log |Γ(x)|: of Python's own, and by series about its zeros at 1 and 2.

    >>> abs(float(lgamma(np, np.float64(4.0))) - math.log(6)) < 1e-15
    True
    """
    if not _is_array(x):
        return xp.lgamma(x)
    wide = np.asarray(x, np.float64)
    found = np.asarray(_lgamma(wide), np.float64)
    first, second = (np.abs(wide - 1) <= 0.5), (np.abs(wide - 2) < 0.5)
    t = np.where(first, wide - 1, np.where(second, wide - 2, 0.0))
    series = _near_two(t) - np.where(first, np.log1p(t), 0.0)
    return np.where(first | second, series, found).astype(x.dtype)


# digamma between 1 and 2 is (x - root) · (Y + P(x - 1) / Q(x - 1)), the root in three parts so
# that the difference has all its digits: the approximation of the Boost library
_Y = 0.99558162689208984
_ROOTS = (
    1569415565 / 1073741824,
    381566830 / 1073741824 / 1073741824,
    0.9016312093258695918615325266959189453125e-19,
)
_P = (
    0.25479851061131551, -0.32555031186804491, -0.65031853770896507, -0.28919126444774784,
    -0.045251321448739056, -0.0020713321167745952,
)  # fmt: skip
_Q = (
    1.0, 2.0767117023730469, 1.4606242909763515, 0.43593529692665969, 0.054151797245674225,
    0.0021284987017821144, -0.55789841321675513e-6,
)  # fmt: skip


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    total = np.zeros_like(x)
    for one in reversed(coefficients):
        total = total * x + one
    return total


def _digamma_positive(x: Any) -> Any:
    """Of numbers above zero: brought between 1 and 2, or so far up that a series serves."""
    far = x >= _FAR
    near = np.where(far, 1.5, x)
    added = np.zeros_like(near)
    while (above := near > 2).any():
        near = np.where(above, near - 1, near)
        added = added + np.where(above, 1 / near, 0)
    below = near < 1
    added = added - np.where(below, 1 / near, 0)
    near = np.where(below, near + 1, near)
    distance = near - _ROOTS[0] - _ROOTS[1] - _ROOTS[2]
    ratio = _polynomial(_P, near - 1) / _polynomial(_Q, near - 1)
    small = added + (distance * _Y + distance * ratio)
    large = np.where(far, x, _FAR)
    square = 1 / large / large
    tail = _polynomial(tuple(b / (2 * k) for k, b in enumerate(_BERNOULLI, 1)), square) * square
    return np.where(far, np.log(large) - 0.5 / large - tail, small)


def _cotangent(x: Any) -> Any:
    """π cot(π x), of the distance to the next whole number, which is exact."""
    rest = x - np.round(x)
    steep = np.abs(rest) <= 0.25
    near = 1 / np.tan(np.pi * np.where(steep, rest, 0.25))
    other = np.tan(np.pi * (0.5 - np.where(steep, 0.25, np.abs(rest))))
    return np.pi * np.where(steep, near, np.sign(rest) * other)


def digamma(xp: Any, x: Any) -> Any:
    """The derivative of log Γ; nan at the poles below zero, ∓inf at ±0, as PyTorch has it.

    >>> round(float(digamma(np, np.float64(1.0))), 12)
    -0.577215664902
    """
    if not _is_array(x):
        return xp.digamma(x)
    wide = np.asarray(x, np.float64)
    whole = np.floor(wide) == wide
    negative = (wide < 0) & np.isfinite(wide)
    found = _digamma_positive(np.where(np.isfinite(wide) & (wide != 0), np.where(
        negative, 1 - wide, wide), 1.0))  # fmt: skip
    found = np.where(negative, found - _cotangent(np.where(negative, wide, 0.5)), found)
    found = np.where((negative & whole) | np.isnan(wide) | (wide == -np.inf), np.nan, found)
    found = np.where(wide == 0, np.copysign(np.inf, -wide), found)
    return np.where(wide == np.inf, np.inf, found).astype(x.dtype)


def _zeta(s: int, x: Any) -> Any:
    """Σ (x + k)^-s over all k ≥ 0: added up to where the rest is a series of Euler's."""
    total = np.zeros_like(x)
    at = np.where(np.isfinite(x) & (x > -_MOST), x, _FAR)
    while (near := at < _FAR).any():
        total = total + np.where(near, at ** (-float(s)), 0)
        at = np.where(near, at + 1, at)
    power = at ** (1.0 - s)
    rest = power / (s - 1) + 0.5 * power / at
    term = power / at / at * s  # s (s + 1) … x^(-s - 1), less the numbers that follow
    factor = 2.0
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        rest = rest + bernoulli / factor * term
        term = term * (s + 2 * k - 1) * (s + 2 * k) / at / at
        factor *= (2 * k + 1) * (2 * k + 2)
    return np.where(x <= -_MOST, np.nan, np.where(x == np.inf, 0, total + rest))


def polygamma(xp: Any, x: Any, n: int) -> Any:
    """The n-th derivative of digamma.

    >>> round(float(polygamma(np, np.float64(1.0), 1) - np.pi**2 / 6), 12)
    0.0
    """
    if not _is_array(x):
        return xp.polygamma(x, n)
    if n == 0:
        return digamma(xp, x)
    wide = np.asarray(x, np.float64)
    size = math.factorial(n) * _zeta(n + 1, wide)
    return np.where(np.isnan(wide), np.nan, size if n % 2 else -size).astype(x.dtype)
