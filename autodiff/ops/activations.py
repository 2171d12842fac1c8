"""Activation functions: rows, for stability in the tails and for speed (one array, not five)."""

from __future__ import annotations

import math
from typing import Any

from autodiff.kernels.gauss import gelu_pull
from autodiff.kernels.range import bounded
from autodiff.kernels.selection import leaky
from autodiff.kernels.special import normal_cdf
from autodiff.kernels.squashing import silu_pull
from autodiff.ops.pointwise import SIGMOID
from autodiff.primitive import Primitive, pointwise

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GELU_TANH",
    "LEAKY_RELU",
    "LEAKY_RELU_BACKWARD",
    "LEAKY_RELU_INPLACE",
    "NDTR",
    "SILU",
    "SOFTPLUS",
]

SILU = pointwise(
    "silu",
    "SiluBackward0",
    lambda x: x * SIGMOID(x),
    (lambda xp, g, x: silu_pull(xp, g, x, SIGMOID),),
)


def _softplus_kernel(xp: Any, x: Any, beta: float) -> Any:
    scaled = x if beta == 1 else x * beta
    result = xp.maximum(scaled, 0) + xp.log1p(xp.exp(-xp.abs(scaled)))
    return result if beta == 1 else result / beta


SOFTPLUS = pointwise(
    "softplus",
    "SoftplusBackward0",
    _softplus_kernel,
    (lambda g, x, beta: g * SIGMOID(x if beta == 1 else x * beta),),
    inputs=("x",),
    holomorphic=False,
)


def _elu_kernel(xp: Any, x: Any, alpha: float, scale: float, inner: float) -> Any:
    below = (alpha * scale) * xp.expm1(xp.where(x > 0, 0, x) * inner)
    return xp.where(x > 0, x if scale == 1 else x * scale, below)


def _elu_rule(xp: Any, g: Any, x: Any, alpha: float, scale: float, inner: float) -> Any:
    below = g * (alpha * scale * inner) * xp.exp(xp.where(x > 0, 0, x) * inner)
    return xp.where(x > 0, g if scale == 1 else g * scale, below)


ELU = pointwise("elu", "EluBackward0", _elu_kernel, (_elu_rule,), inputs=("x",), holomorphic=False)
CELU = ELU.variant("CeluBackward0")
LEAKY_RELU_BACKWARD: Primitive = pointwise(  # of x, too, as in PyTorch: see THRESHOLD
    "leaky_relu_backward",
    "LeakyReluBackwardBackward0",
    lambda xp, x, y, slope: xp.where(y > 0, x, x * slope),
    (
        lambda g, y, slope: LEAKY_RELU_BACKWARD(g, y, slope=slope),
        lambda xp, g: xp.zeros_like(g),
    ),
    inputs=("x", "y"),
)
LEAKY_RELU = pointwise(
    "leaky_relu",
    "LeakyReluBackward0",
    leaky,
    (lambda g, x, slope: LEAKY_RELU_BACKWARD(g, x, slope=slope),),
    inputs=("x",),
    holomorphic=False,
)
LEAKY_RELU_INPLACE = LEAKY_RELU.variant("LeakyReluBackward1")


def _density(xp: Any, x: Any) -> Any:
    """Of the normal distribution."""
    return xp.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))


# The normal distribution up to x: by the complement of the error function, as 1 + erf(x / √2)
# has no digits left where x is far below zero.
NDTR: Primitive = pointwise(
    "ndtr",
    "MulBackward0",
    lambda xp, x: normal_cdf(xp, x),
    (lambda xp, g, x: g * _density(xp, x),),
    holomorphic=False,
)


GELU = pointwise(
    "gelu",
    "GeluBackward0",
    lambda xp, x: x * normal_cdf(xp, x),
    (lambda xp, g, x: gelu_pull(xp, g, x, NDTR),),
    holomorphic=False,
)


def _twice_inner(x: Any) -> Any:
    """(1 + tanh u) / 2 is σ(2u): this is 2u."""
    return (2 * math.sqrt(2 / math.pi)) * (x + 0.044715 * (x * x * x))


def _gelu_tanh_rule(xp: Any, g: Any, x: Any) -> Any:
    """Beyond 32 the derivative is 0 or 1 to the last bit, and cubes would overflow in the end."""
    x = bounded(xp, x, 32)
    inner = _twice_inner(x)
    below = SIGMOID(inner)
    steep = (2 * math.sqrt(2 / math.pi)) * (x * (below * SIGMOID(-inner)))
    return g * (below + (steep + 0.134145 * ((steep * x) * x)))


GELU_TANH = pointwise(
    "gelu",
    "GeluBackward0",
    lambda x: x * SIGMOID(_twice_inner(x)),
    (_gelu_tanh_rule,),
    holomorphic=False,
)
