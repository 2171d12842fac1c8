"""Activation functions."""

from __future__ import annotations

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import calls, dyadic, unary
from reference.definitions.scalar import scalar
from reference.graph import Node

__all__ = ["DEFINITIONS"]

# The numbers of Klambauer et al. (2017), to the digits that PyTorch writes.
_SELU_SCALE = sp.Rational("1.0507009873554804934193349852946")
_SELU_ALPHA = sp.Rational("1.6732632423543772848170429916717")


def _selu(x: sp.Expr) -> sp.Expr:
    return _SELU_SCALE * sp.Piecewise((x, x > 0), (_SELU_ALPHA * (sp.exp(x) - 1), True))


def _hard_swish(x: sp.Expr) -> sp.Expr:
    return sp.Piecewise((0, x <= -3), (x, x >= 3), (x * (x + 3) / 6, True))


def _hard_sigmoid(x: sp.Expr) -> sp.Expr:
    return sp.Piecewise((0, x <= -3), (1, x >= 3), ((x + 3) / 6, True))


def _relu6(input: Value) -> Node:
    return build.clip(input, 0, 6)


def _mish(x: sp.Expr) -> sp.Expr:
    return x * sp.tanh(sp.log(1 + sp.exp(x)))


def _soft_sign(x: sp.Expr) -> sp.Expr:
    return x / (1 + sp.Piecewise((x, x >= 0), (-x, True)))


def _prelu(input: Value, weight: Value) -> Node:
    """Negative elements times a weight: one for all, or one for each channel (axis 1)."""
    source, slopes = build.node(input), build.node(weight)
    if slopes.size != 1:
        channels = source.shape[1] if source.ndim > 1 else 1
        if slopes.size != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{slopes.size} and channel size = {channels}."
            )
        slopes = build.reshape(slopes, [-1 if k == 1 else 1 for k in range(source.ndim)])
    else:
        slopes = build.reshape(slopes, ())
    return build.where(build.greater(source, 0), source, build.multiply(slopes, source))


def _glu(input: Value, dim: int = -1) -> Node:
    """The first half of an axis times the sigmoid of the second."""
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    size = int(source.shape[axis])
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {size}")
    lead = (slice(None),) * axis
    first = build.getitem(source, (*lead, slice(0, size // 2)))
    second = build.getitem(source, (*lead, slice(size // 2, None)))
    return build.elementwise(lambda a, b: a / (1 + sp.exp(-b)), first, second)


def _celu(input: Value, alpha: Value = 1.0) -> Node:
    return build.elementwise(
        lambda x, a: sp.Piecewise((x, x > 0), (a * (sp.exp(x / a) - 1), True)), input, alpha
    )


def _threshold(input: Value, threshold: Value, value: Value) -> Node:
    return build.where(build.greater(input, threshold), input, value)


def _hard_shrink(input: Value, lambd: Value = 0.5) -> Node:
    return build.elementwise(
        lambda x, b: sp.Piecewise((x, x > b), (x, x < -b), (0, True)), input, lambd
    )


def _soft_shrink(input: Value, lambd: Value = 0.5) -> Node:
    return build.elementwise(
        lambda x, b: sp.Piecewise((x - b, x > b), (x + b, x < -b), (0, True)), input, lambd
    )


def _softmin(input: Value, dim: int, dtype: object = None) -> Node:
    powers = build.elementwise(lambda x: sp.exp(-x), input)
    return build.divide(powers, build.sum(powers, dim, True))


def _off_bound(*kinks: float) -> Samples:
    """Calls with no argument at a bound of 0.515625, and one at the default bounds."""

    def samples(rng: np.random.Generator) -> list[Sample]:
        result = [
            Sample((dyadic(rng, (2, 3)), 0.515625)),
            Sample((dyadic(rng, (4, 3)).T, 1.015625)),
            Sample((dyadic(rng, ()) + 2.0**-6,)),
            Sample((dyadic(rng, (0, 3)),)),
        ]
        return [*result, Sample((np.array(kinks),), kind="kink")] if kinks else result

    return samples


_ROUND_ZERO = (2.0**-10, -(2.0**-10), -20.0, 20.0)

DEFINITIONS: tuple[Definition, ...] = (
    # exponential pieces
    scalar("selu", _selu, tails=(-20.0, 20.0), kinks=(0.0,)),
    Definition(
        "celu", _celu, (REALS,), (0.0,), unary(tails=(-20.0, 20.0), kinks=(0.0,)), (), ("real",)
    ),
    scalar("mish", _mish, tails=(-20.0, 20.0)),
    # straight pieces
    scalar("hardswish", _hard_swish, tails=(-4.0, 4.0), kinks=(-3.0, 3.0)),
    scalar("hardsigmoid", _hard_sigmoid, tails=(-4.0, 4.0), kinks=(-3.0, 3.0)),
    Definition("relu6", _relu6, (REALS,), (0.0, 6.0), unary(tails=(8.0,), kinks=(0.0, 6.0))),
    scalar("softsign", _soft_sign, tails=(-100.0, 100.0), kinks=(0.0,)),
    scalar("tanhshrink", lambda x: x - sp.tanh(x), tails=_ROUND_ZERO),
    Definition("hardshrink", _hard_shrink, (REALS,), (-0.5, 0.5), _off_bound()),
    Definition("softshrink", _soft_shrink, (REALS,), (-0.5, 0.5), _off_bound(-0.5, 0.5)),
    Definition(
        "threshold",
        _threshold,
        (REALS,),
        ("equal",),
        calls(lambda rng: (dyadic(rng, (2, 3)), 0.515625, -2.0)),
        ("_threshold",),
    ),
    Definition(
        "prelu",
        _prelu,
        (REALS, REALS),
        (0.0,),
        calls(
            lambda rng: (dyadic(rng, (2, 3, 2)), dyadic(rng, (3,))),
            lambda rng: (dyadic(rng, (5,)), np.array([0.25])),
            lambda rng: (dyadic(rng, (4, 3)).T, np.array([0.25])),
            lambda rng: (dyadic(rng, (0, 3)), dyadic(rng, (3,))),
        ),
    ),
    # gates and shares
    Definition(
        "glu",
        _glu,
        (REALS,),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 4)),),
            lambda rng: (dyadic(rng, (3, 4)).T, 0),
            lambda rng: (dyadic(rng, (0, 2)), 1),
        ),
        (),
        ("real",),
    ),
    Definition(
        "softmin",
        _softmin,
        (REALS,),
        (),
        calls(lambda rng: (dyadic(rng, (2, 3)), 1), lambda rng: (dyadic(rng, (4, 3)).T, 0)),
        (),
        ("real",),
    ),
)
