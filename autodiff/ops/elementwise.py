"""Elementwise functions beside those of `pointwise.py`: inverse functions, logarithms, rounding.

At kinks the rules give PyTorch's values: what rounds has a gradient of zero everywhere.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff.kernels.special import erfc
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


def _turn(xp: Any, g: Any, side: Any, x: Any, y: Any) -> Any:
    """g · side / (x² + y²), with 0 at the origin."""
    square = x * x + y * y
    origin = xp.equal(square, 0)
    return g * xp.where(origin, 0, side / xp.where(origin, 1, square))


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
HYPOT = pointwise(
    "hypot",
    "HypotBackward0",
    lambda xp, x, y: xp.hypot(x, y),
    (lambda g, x, out: g * (x / out), lambda g, y, out: g * (y / out)),
    promotion="common",
    inputs=("x", "y"),
    holomorphic=False,
)
LOGADDEXP = pointwise(
    "logaddexp",
    "LogaddexpBackward0",
    lambda xp, x, y: xp.logaddexp(x, y),
    (
        lambda xp, g, x, y: g / (1 + xp.exp(y - x)),
        lambda xp, g, x, y: g / (1 + xp.exp(x - y)),
    ),
    promotion="common",
    inputs=("x", "y"),
    holomorphic=False,
)
ASINH = pointwise(
    "asinh", "AsinhBackward0", "asinh", (lambda g, x: g / HYPOT(x, 1),), holomorphic=False
)
ASINH_COMPLEX = pointwise(
    "asinh", "AsinhBackward0", "asinh", (lambda xp, g, x: g / xp.sqrt(x * x + 1),)
)
