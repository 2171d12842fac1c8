"""Elementwise arithmetic and functions.

Every rule is linear in `g` and serves both directions. At kinks the rules give PyTorch's values:
abs and sign 0 at 0, relu 0 at 0, clamp 1 at its bounds, maximum and minimum share a tie evenly.
"""

from __future__ import annotations

import math
import operator
from typing import Any

from autodiff.kernels.selection import clamped, kept, positive_part, unless_zero
from autodiff.kernels.special import (
    erf,
    log1p,
    power,
    sign,
    trunc_divide,
)
from autodiff.kernels.squashing import (
    exp,
    pulled,
    sigmoid,
    sigmoid_pull,
    sigmoid_rule,
    tanh,
    tanh_pull,
    tanh_rule,
)
from autodiff.primitive import Primitive, into, pointwise, primitive

__all__ = [
    "ABS",
    "ABS_INTEGER",
    "ADD",
    "ADD_SCALED",
    "BITWISE_AND",
    "BITWISE_NOT",
    "BITWISE_OR",
    "BITWISE_XOR",
    "CLAMP_NUMBERS",
    "CLAMP_TENSORS",
    "CONJ",
    "COS",
    "COSH",
    "DIV",
    "DIV_FLOOR",
    "DIV_NUMBER",
    "DIV_TRUNC",
    "EQ",
    "ERF",
    "EXP",
    "EXPM1",
    "FLOOR",
    "FLOOR_DIVIDE",
    "GE",
    "GT",
    "ISFINITE",
    "ISINF",
    "ISNAN",
    "LE",
    "LOG",
    "LOG1P",
    "LOGICAL_AND",
    "LOGICAL_NOT",
    "LOGICAL_OR",
    "LT",
    "MAXIMUM",
    "MINIMUM",
    "MUL",
    "NE",
    "NEG",
    "NEG_INTEGER",
    "POW_BASE",
    "POW_NUMBER",
    "POW_TENSORS",
    "REAL",
    "RECIPROCAL",
    "RELU",
    "REMAINDER",
    "REMAINDER_NUMBER",
    "REMAINDER_OF_NUMBER",
    "ROUND",
    "ROUND_DECIMALS",
    "RSQRT",
    "RSUB",
    "RSUB_SCALED",
    "RSUB_TENSORS",
    "SGN",
    "SGN_REAL",
    "SIGMOID",
    "SIGMOID_BACKWARD",
    "SIGMOID_COMPLEX",
    "SIGN",
    "SIGN_INTEGER",
    "SIN",
    "SINH",
    "SQRT",
    "SQUARE",
    "SUB",
    "SUB_SCALED",
    "TAN",
    "TANH",
    "TANH_BACKWARD",
    "THRESHOLD",
    "WHERE",
]

_TWO_OVER_SQRT_PI = 2 / math.sqrt(math.pi)

ADD = pointwise(
    "add", "AddBackward0", operator.add, (lambda g: g, lambda g: g), promotion="common"
)
SUB = pointwise(
    "sub",
    "SubBackward0",
    operator.sub,
    (lambda g: g, into("negative", lambda g: -g)),
    promotion="common",
)
ADD_SCALED = pointwise(
    "add",
    "AddBackward0",
    lambda x, y, alpha: x + alpha * y,
    (lambda g: g, lambda g, alpha: alpha * g),
    promotion="common",
    inputs=("x", "y"),
)
SUB_SCALED = pointwise(
    "sub",
    "SubBackward0",
    lambda x, y, alpha: x - alpha * y,
    (lambda g: g, lambda g, alpha: -alpha * g),
    promotion="common",
    inputs=("x", "y"),
)
RSUB = pointwise(  # a number minus a tensor
    "rsub",
    "RsubBackward1",
    lambda x, y: y - x,
    (lambda g: -g, lambda g: g),
    promotion="common",
)
RSUB_SCALED = pointwise(
    "rsub",
    "RsubBackward1",
    lambda x, y, alpha: y - alpha * x,
    (lambda g, alpha: -alpha * g, lambda g: g),
    promotion="common",
    inputs=("x", "y"),
)
RSUB_TENSORS = pointwise(
    "rsub",
    "RsubBackward0",
    lambda x, y, alpha: y - alpha * x,
    (lambda g, alpha: -alpha * g, lambda g: g),
    promotion="common",
    inputs=("x", "y"),
)
MUL = pointwise(
    "mul",
    "MulBackward0",
    operator.mul,
    (into("multiply", lambda g, y: g * y), into("multiply", lambda g, x: g * x)),
    promotion="common",
)
DIV = pointwise(
    "div",
    "DivBackward0",
    operator.truediv,
    (into("divide", lambda g, y: g / y), lambda g, x, y: -g * (x / y) / y),
)
DIV_NUMBER = DIV.variant("DivBackward1")
NEG = pointwise("neg", "NegBackward0", operator.neg, (into("negative", lambda g: -g),))
ABS = pointwise(
    "abs",
    "AbsBackward0",
    operator.abs,
    (lambda xp, g, x: g * sign(xp, x),),
    holomorphic=False,
)
SIGN = pointwise(
    "sign", "SignBackward0", lambda xp, x: sign(xp, x), (lambda xp, g: xp.zeros_like(g),)
)


def _sgn_rule(xp: Any, g: Any, x: Any, out: Any) -> Any:
    # moving along the number itself changes nothing; moving across it turns its direction
    along = xp.real(xp.conj(out) * g)
    size = xp.abs(x)
    return xp.where(size == 0, 0, (g - out * along) / xp.where(size == 0, 1, size))


SGN = pointwise(  # of complex numbers
    "sgn", "SgnBackward0", lambda xp, x: xp.sign(x), (_sgn_rule,), holomorphic=False
)
SGN_REAL = SIGN.variant("SgnBackward0")
EXP = pointwise("exp", "ExpBackward0", exp, (into("multiply", lambda g, out: g * out),))
EXPM1 = pointwise(
    "expm1", "Expm1Backward0", lambda xp, x: xp.expm1(x), (lambda xp, g, x: g * xp.exp(x),)
)
LOG = pointwise("log", "LogBackward0", "log", (into("divide", lambda g, x: g / x),))
LOG1P = pointwise(
    "log1p", "Log1PBackward0", lambda xp, x: log1p(xp, x), (lambda g, x: g / (x + 1),)
)
SQRT = pointwise("sqrt", "SqrtBackward0", "sqrt", (lambda g, out: g / (2 * out),))
SQUARE = pointwise("square", "PowBackward0", lambda x: x * x, (lambda g, x: g * (2 * x),))
RSQRT = pointwise(
    "rsqrt",
    "RsqrtBackward0",
    lambda xp, x: 1 / xp.sqrt(x),
    (lambda g, out: -0.5 * g * (out * out * out),),
)
RECIPROCAL = pointwise(
    "reciprocal", "ReciprocalBackward0", lambda x: 1 / x, (lambda g, out: -g * (out * out),)
)
SIN = pointwise("sin", "SinBackward0", "sin", (lambda xp, g, x: g * xp.cos(x),))
COS = pointwise("cos", "CosBackward0", "cos", (lambda xp, g, x: -g * xp.sin(x),))
TAN = pointwise("tan", "TanBackward0", "tan", (lambda g, out: g * (1 + out * out),))


# Rows of their own, so that the next derivative is smooth at 0 and has no inf · 0 in the tails.
TANH_BACKWARD: Primitive = pointwise(
    "tanh_backward",
    "TanhBackwardBackward0",
    lambda xp, v, x: tanh_pull(xp, v, x),
    (
        lambda g, x: pulled(tanh_pull, TANH_BACKWARD, g, x),
        lambda xp, g, x, out: -2 * (g * out) * xp.tanh(x),
    ),
)
TANH = pointwise(
    "tanh",
    "TanhBackward0",
    tanh,
    (tanh_rule(TANH_BACKWARD),),
)
COSH = pointwise(
    "cosh", "CoshBackward0", lambda xp, x: xp.cosh(x), (lambda xp, g, x: g * xp.sinh(x),)
)
SINH = pointwise(
    "sinh", "SinhBackward0", lambda xp, x: xp.sinh(x), (lambda xp, g, x: g * xp.cosh(x),)
)


SIGMOID_BACKWARD: Primitive = pointwise(
    "sigmoid_backward",
    "SigmoidBackwardBackward0",
    lambda xp, v, x: sigmoid_pull(xp, v, x),
    (
        lambda g, x: pulled(sigmoid_pull, SIGMOID_BACKWARD, g, x),
        lambda xp, g, x, out: -(g * out) * xp.tanh(x / 2),
    ),
)
SIGMOID = pointwise(
    "sigmoid",
    "SigmoidBackward0",
    sigmoid,
    (sigmoid_rule(SIGMOID_BACKWARD),),
)
SIGMOID_COMPLEX = pointwise(
    "sigmoid",
    "SigmoidBackward0",
    lambda xp, x: 1 / (1 + xp.exp(-x)),
    (lambda g, out: g * (out * (1 - out)),),
)
ERF = pointwise(
    "erf",
    "ErfBackward0",
    lambda xp, x: erf(xp, x),
    (lambda xp, g, x: g * (_TWO_OVER_SQRT_PI * xp.exp(-(x * x))),),
)
# Of relu's result, too, though its derivative there is zero: as in PyTorch, the gradient of relu
# requires one, and refuses to be differentiated once the result was written to.
THRESHOLD: Primitive = pointwise(
    "threshold_backward",
    "ThresholdBackwardBackward0",
    lambda xp, x, y: unless_zero(xp, x, y),
    (lambda xp, g, y: unless_zero(xp, g, y, THRESHOLD), lambda xp, g: xp.zeros_like(g)),
    inputs=("x", "y"),
)
RELU = pointwise(
    "relu",
    "ReluBackward0",
    lambda xp, x: positive_part(xp, x),
    (lambda xp, g, out: unless_zero(xp, g, out, THRESHOLD),),
    promotion="common",
)


def _share(xp: Any, g: Any, loses: Any, ties: Any) -> Any:
    """g to the winner, half of it at a tie (all of it to both where there is a nan)."""
    return xp.where(ties, g / 2, xp.where(loses, 0, g))


MAXIMUM = pointwise(
    "maximum",
    "MaximumBackward0",
    "maximum",
    (
        lambda xp, g, x, y: _share(xp, g, x < y, x == y),
        lambda xp, g, x, y: _share(xp, g, y < x, x == y),
    ),
    promotion="common",
    inputs=("x", "y"),
)
MINIMUM = pointwise(
    "minimum",
    "MinimumBackward0",
    "minimum",
    (
        lambda xp, g, x, y: _share(xp, g, x > y, x == y),
        lambda xp, g, x, y: _share(xp, g, y > x, x == y),
    ),
    promotion="common",
    inputs=("x", "y"),
)


def _power_by_exponent(xp: Any, g: Any, x: Any, y: Any) -> Any:
    """g · y · x^(y-1), with 0 where the exponent is 0, whatever the base."""
    # the power is finite there unless the base is 0 or nan: elsewhere it carries the derivative
    flat = xp.logical_and(xp.equal(y, 0), xp.logical_not(xp.abs(x) > 0))
    return g * xp.where(flat, 0, y * xp.where(flat, 1, x) ** xp.where(flat, 1, y - 1))


def _power_by_base(xp: Any, g: Any, x: Any, y: Any, out: Any) -> Any:
    """g · x^y · log x, with 0 at a base of 0 under a non-negative exponent."""
    if isinstance(x, int | float | complex):  # a number knows no precision: it takes the result's
        x = xp.asarray(x, dtype=out.dtype)
    elif x.dtype != out.dtype:  # so does a narrower base: its logarithm is asked for in full
        x = xp.astype(x, out.dtype)
    flat = xp.logical_and(xp.equal(x, 0), xp.greater_equal(y, 0))
    return g * xp.where(flat, 0, out * xp.log(xp.where(flat, 1, x)))


def _power_kernel(x: Any, y: Any) -> Any:
    return x**y


POW_TENSORS = pointwise(
    "pow",
    "PowBackward1",
    _power_kernel,
    (_power_by_exponent, _power_by_base),
    promotion="common",
)
POW_BASE = POW_TENSORS.variant("PowBackward2")


def _power_number_rule(xp: Any, g: Any, x: Any, exponent: Any) -> Any:
    if exponent == 0:
        return xp.zeros_like(g * x)
    if exponent == 1:
        return g
    if exponent == 2:
        return g * (2 * x)
    return g * (exponent * power(x, exponent - 1))


POW_NUMBER = primitive(
    "pow",
    "PowBackward0",
    lambda x, exponent: power(x, exponent),
    (_power_number_rule,),
    inputs=("x",),
    broadcasts=True,
    elementwise=True,
    holomorphic=True,
)

WHERE = pointwise(
    "where",
    "WhereBackward0",
    lambda xp, condition, x, y: xp.where(condition, x, y),
    (
        None,
        lambda xp, g, condition: kept(xp, condition, g),
        lambda xp, g, condition: xp.where(condition, 0, g),
    ),
    promotion="where",
    holomorphic=False,
)


def _inside(xp: Any, x: Any, low: Any, high: Any) -> Any:
    inside = x >= low if low is not None else x <= high
    return inside & (x <= high) if low is not None and high is not None else inside


CLAMP_NUMBERS = primitive(
    "clamp",
    "ClampBackward1",
    lambda xp, x, min, max: clamped(xp, x, min, max),
    (lambda xp, g, x, min, max: kept(xp, _inside(xp, x, min, max), g),),
    inputs=("x",),
    broadcasts=True,
    elementwise=True,
)
CLAMP_TENSORS = pointwise(
    "clamp",
    "ClampBackward0",
    clamped,
    (
        lambda xp, g, x, low, high: kept(xp, _inside(xp, x, low, high), g),
        lambda xp, g, x, low, high: xp.where(
            x < low if high is None else (x < low) & (low < high), g, 0
        ),
        # of equal bounds one takes the derivative of an x below them: PyTorch gives it to neither
        lambda xp, g, x, low, high: xp.where(
            x > high if low is None else (x > high) | ((x < low) & (low >= high)), g, 0
        ),
    ),
    promotion="common",
    holomorphic=False,
)
REMAINDER = pointwise(
    "remainder",
    "RemainderBackward1",
    operator.mod,
    (lambda g: g, lambda xp, g, x, y: -g * xp.floor_divide(x, y)),
    promotion="common",
    holomorphic=False,
)
REMAINDER_NUMBER = REMAINDER.variant("RemainderBackward0")


def _without_derivative(name: str) -> Any:
    def rule(g: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    return rule


REMAINDER_OF_NUMBER = pointwise(
    "remainder",
    "NotImplemented",
    operator.mod,
    (None, _without_derivative("remainder")),
    promotion="common",
    inputs=("x", "y"),
)
FLOOR_DIVIDE = pointwise(
    "floor_divide",
    "NotImplemented",
    operator.floordiv,
    (_without_derivative("floor_divide"), _without_derivative("floor_divide")),
    promotion="common",
    inputs=("x", "y"),
)
DIV_FLOOR = pointwise(
    "div_floor",
    "DivBackward2",
    operator.floordiv,
    (lambda xp, g: xp.zeros_like(g), lambda xp, g: xp.zeros_like(g)),
    promotion="common",
    inputs=("x", "y"),
)
DIV_TRUNC = pointwise(
    "div_trunc",
    "DivBackward2",
    lambda xp, x, y: trunc_divide(xp, x, y),
    (lambda xp, g: xp.zeros_like(g), lambda xp, g: xp.zeros_like(g)),
    promotion="common",
)
FLOOR = pointwise("floor", "FloorBackward0", "floor", (lambda xp, g: xp.zeros_like(g),))
ROUND = pointwise("round", "RoundBackward0", "round", (lambda xp, g: xp.zeros_like(g),))
ROUND_DECIMALS = pointwise(
    "round",
    "RoundBackward1",
    lambda xp, x, decimals: xp.round(x * 10.0**decimals) / 10.0**decimals,
    (lambda xp, g: xp.zeros_like(g),),
    inputs=("x",),
)

NEG_INTEGER = pointwise("neg", "", operator.neg, promotion="common", inputs=("x",))
ABS_INTEGER = pointwise("abs", "", operator.abs, promotion="common", inputs=("x",))
SIGN_INTEGER = pointwise("sign", "", "sign", promotion="common", inputs=("x",))
EQ = pointwise("eq", "", operator.eq, promotion="common", inputs=("x", "y"))
NE = pointwise("ne", "", operator.ne, promotion="common", inputs=("x", "y"))
LT = pointwise("lt", "", operator.lt, promotion="common", inputs=("x", "y"))
LE = pointwise("le", "", operator.le, promotion="common", inputs=("x", "y"))
GT = pointwise("gt", "", operator.gt, promotion="common", inputs=("x", "y"))
GE = pointwise("ge", "", operator.ge, promotion="common", inputs=("x", "y"))
LOGICAL_NOT = pointwise("logical_not", "", "logical_not", promotion="common", inputs=("x",))
LOGICAL_AND = pointwise("logical_and", "", "logical_and", promotion="common", inputs=("x", "y"))
LOGICAL_OR = pointwise("logical_or", "", "logical_or", promotion="common", inputs=("x", "y"))
REAL = pointwise(
    "real",
    "RealBackward0",
    lambda xp, x: +xp.real(x),
    (lambda g: g,),
    promotion="common",
    holomorphic=False,
)
CONJ = pointwise(
    "conj",
    "ConjBackward0",
    lambda xp, x: xp.conj(x),
    (lambda xp, g: xp.conj(g),),
    promotion="common",
    holomorphic=False,
)
BITWISE_AND = pointwise("bitwise_and", "", operator.and_, promotion="common", inputs=("x", "y"))
BITWISE_OR = pointwise("bitwise_or", "", operator.or_, promotion="common", inputs=("x", "y"))
BITWISE_XOR = pointwise("bitwise_xor", "", operator.xor, promotion="common", inputs=("x", "y"))
BITWISE_NOT = pointwise("bitwise_not", "", operator.invert, promotion="common", inputs=("x",))
ISNAN = pointwise("isnan", "", "isnan", promotion="common", inputs=("x",))
ISINF = pointwise("isinf", "", "isinf", promotion="common", inputs=("x",))
ISFINITE = pointwise("isfinite", "", "isfinite", promotion="common", inputs=("x",))
