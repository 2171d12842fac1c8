"""Elementwise functions beside those of `pointwise.py`: inverse functions, logarithms, rounding.

At kinks the rules give PyTorch's values: what rounds has a gradient of zero everywhere.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff.kernels.complexes import log_add_exp
from autodiff.kernels.special import erfc, sign
from autodiff.ops.pointwise import SIGMOID
from autodiff.primitive import Primitive, pointwise

__all__ = [
    "ACOS",
    "ACOSH",
    "ASIN",
    "ASINH",
    "ASINH_COMPLEX",
    "ATAN",
    "ATAN2",
    "ATANH",
    "CEIL",
    "DEG2RAD",
    "ERFC",
    "EXP2",
    "FRAC",
    "HYPOT",
    "LOG2",
    "LOG10",
    "LOGADDEXP",
    "LOGADDEXP_COMPLEX",
    "RAD2DEG",
    "TRUNC",
]

_LN2, _LN10 = math.log(2), math.log(10)
_TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)


def _below_one(xp: Any, x: Any) -> Any:
    """1 - x², without cancellation at ±1, and of a derivative without cancellation at 0."""
    return xp.where(xp.abs(x) > 0.5, (1 - x) * (1 + x), 1 - x * x)


ACOS = pointwise(
    "acos", "AcosBackward0", "acos", (lambda xp, g, x: -g / xp.sqrt(_below_one(xp, x)),)
)
ASIN = pointwise(
    "asin", "AsinBackward0", "asin", (lambda xp, g, x: g / xp.sqrt(_below_one(xp, x)),)
)
ATAN = pointwise("atan", "AtanBackward0", "atan", (lambda g, x: g / (1 + x * x),))
ACOSH = pointwise(
    "acosh",
    "AcoshBackward0",
    "acosh",
    (lambda xp, g, x: g / (xp.sqrt(x - 1) * xp.sqrt(x + 1)),),
)
ATANH = pointwise("atanh", "AtanhBackward0", "atanh", (lambda xp, g, x: g / _below_one(xp, x),))
EXP2 = pointwise("exp2", "Exp2Backward0", "exp2", (lambda g, out: g * out * _LN2,))
LOG2 = pointwise("log2", "Log2Backward0", "log2", (lambda g, x: g / (x * _LN2),))
LOG10 = pointwise("log10", "Log10Backward0", "log10", (lambda g, x: g / (x * _LN10),))
ERFC = pointwise(
    "erfc",
    "ErfcBackward0",
    lambda xp, x: erfc(xp, x),
    (lambda xp, g, x: -g * (_TWO_OVER_SQRT_PI * xp.exp(-(x * x))),),
)


def _nothing(xp: Any, g: Any) -> Any:
    return xp.zeros_like(g)


CEIL = pointwise("ceil", "CeilBackward0", "ceil", (_nothing,))
TRUNC = pointwise("trunc", "TruncBackward0", "trunc", (_nothing,))
FRAC = pointwise("frac", "FracBackward0", lambda xp, x: x - xp.trunc(x), (lambda g: g,))


def _scaled(name: str, node: str, factor: float) -> Primitive:
    return pointwise(name, node, lambda x: x * factor, (lambda g: g * factor,), inputs=("x",))


DEG2RAD = _scaled("deg2rad", "Deg2RadBackward0", math.pi / 180)
RAD2DEG = _scaled("rad2deg", "Rad2DegBackward0", 180 / math.pi)


def _cosine(xp: Any, x: Any, y: Any) -> Any:
    """x / √(x² + y²), nan at the origin; of ratios, for sizes may overflow or have few bits.

    Neither do its derivatives cancel, as those of x / r would where y is small beside x.
    """
    if isinstance(y, int | float):
        y = xp.asarray(y, dtype=x.dtype)
    steep = xp.abs(y) > xp.abs(x)
    large = xp.where(steep, y, x)
    ratio = xp.where(steep, x, y) / large
    return xp.where(steep, sign(xp, y) * ratio, sign(xp, x)) / xp.sqrt(1 + ratio * ratio)


HYPOT = pointwise(
    "hypot",
    "HypotBackward0",
    lambda xp, x, y: xp.hypot(x, y),
    (lambda xp, g, x, y: g * _cosine(xp, x, y), lambda xp, g, x, y: g * _cosine(xp, y, x)),
    promotion="common",
    inputs=("x", "y"),
    holomorphic=False,
)


def _turn(xp: Any, g: Any, side: Any, x: Any, y: Any) -> Any:
    """g · side / (x² + y²), with 0 at the origin; divided twice, as squares overflow or vanish."""
    origin = xp.equal(x, 0) & xp.equal(y, 0)
    size = HYPOT(xp.where(origin, 1, x), y)
    return g * xp.where(origin, 0, side / size / size)


ATAN2 = pointwise(
    "atan2",
    "Atan2Backward0",
    lambda xp, x, y: xp.atan2(x, y),
    (
        lambda xp, g, x, y: _turn(xp, g, y, x, y),
        lambda xp, g, x, y: -_turn(xp, g, x, x, y),
    ),
    inputs=("x", "y"),
    holomorphic=False,
)
LOGADDEXP = pointwise(
    "logaddexp",
    "LogaddexpBackward0",
    lambda xp, x, y: xp.logaddexp(x, y),
    (
        lambda g, x, y: g * SIGMOID(x - y),
        lambda g, x, y: g * SIGMOID(y - x),
    ),
    promotion="common",
    inputs=("x", "y"),
    holomorphic=False,
)


def _complex_share(xp: Any, x: Any, y: Any) -> Any:
    """exp(x) / (exp(x) + exp(y)), by the exponential that does not overflow."""
    above = xp.real(y - x) > 0
    small = xp.exp(xp.where(above, x - y, y - x))
    return xp.where(above, small, 1) / (1 + small)


LOGADDEXP_COMPLEX = pointwise(
    "logaddexp",
    "LogaddexpBackward0",
    lambda xp, x, y: log_add_exp(xp, x, y),
    (
        lambda xp, g, x, y: g * _complex_share(xp, x, y),
        lambda xp, g, x, y: g * _complex_share(xp, y, x),
    ),
    promotion="common",
    inputs=("x", "y"),
)
ASINH = pointwise(
    "asinh", "AsinhBackward0", "asinh", (lambda g, x: g / HYPOT(x, 1),), holomorphic=False
)
ASINH_COMPLEX = pointwise(
    "asinh", "AsinhBackward0", "asinh", (lambda xp, g, x: g / xp.sqrt(x * x + 1),)
)
