"""Elementwise operations beyond the first tier: steps, remainders, angles, other bases."""

from __future__ import annotations

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Domain, Sample
from reference.definitions.sampling import calls, dyadic, layouts, pairs
from reference.definitions.scalar import scalar
from reference.graph import Node

__all__ = ["DEFINITIONS"]

_NOT_ZERO = Domain(0.25)


def _towards_zero(x: sp.Expr) -> sp.Expr:
    return sp.Piecewise((sp.floor(x), x >= 0), (sp.ceiling(x), True))


def _ceil(input: Value) -> Node:
    return build.stop(build.elementwise(sp.ceiling, input))


def _trunc(input: Value) -> Node:
    return build.stop(build.elementwise(_towards_zero, input))


def _frac(input: Value) -> Node:
    return build.subtract(input, _trunc(input))


def _fmod(input: Value, other: Value) -> Node:
    """What is left of input after whole multiples of other, with the sign of input."""
    return build.subtract(input, build.multiply(_trunc(build.divide(input, other)), other))


def _nan_to_num(
    input: Value,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Node:
    """Numbers stay what they are; there is nothing else to replace among them."""
    return build.elementwise(lambda a: a, input)


def _angle(input: Value) -> Node:
    """The argument of a real number: 0 or pi."""
    return build.elementwise(lambda a: sp.Piecewise((sp.pi, a < 0), (0, True)), input)


def _logaddexp2(input: Value, other: Value) -> Node:
    one, two = (build.elementwise(lambda a: 2**a, x) for x in (input, other))
    return build.elementwise(lambda total: sp.log(total) / sp.log(2), build.add(one, two))


def _cbrt(input: Value) -> Node:
    """The real cube root."""
    third = sp.Rational(1, 3)
    return build.elementwise(
        lambda a: sp.Piecewise((a**third, a >= 0), (-((-a) ** third), True)), input
    )


def _heaviside(input: Value, values: Value) -> Node:
    """0, `values` or 1 for negative, zero and positive input."""
    return build.elementwise(
        lambda a, v: sp.Piecewise((0, a < 0), (v, sp.Eq(a, 0)), (1, True)), input, values
    )


def _copysign(input: Value, other: Value) -> Node:
    """|input| with the sign of other; zero counts as positive."""
    size = build.absolute(input)
    return build.where(build.less(other, 0), build.negative(size), size)


def _off_the_grid(rng: np.random.Generator) -> list[Sample]:
    """No integers among the arguments."""
    return [Sample((a,)) for a in layouts(lambda shape: np.asarray(dyadic(rng, shape) + 2.0**-6))]


def _quotients(rng: np.random.Generator) -> list[Sample]:
    """Pairs whose quotient is no integer, of all combinations of signs."""
    return [
        Sample((dyadic(rng, (2, 3)) + 2.0**-6, dyadic(rng, (3,), _NOT_ZERO))),
        Sample((dyadic(rng, (4, 3)).T + 2.0**-6, -dyadic(rng, (3, 8), _NOT_ZERO)[:, ::2])),
        Sample((np.asarray(dyadic(rng, ()) + 2.0**-6), dyadic(rng, (2, 2), _NOT_ZERO))),
        Sample((dyadic(rng, (0, 3)), dyadic(rng, (3,), _NOT_ZERO))),
        Sample((np.array([5.5, -5.5, 5.5, -5.5]), np.array([2.0, 2.0, -2.0, -2.0]))),
    ]


DEFINITIONS: tuple[Definition, ...] = (
    # steps
    Definition("ceil", _ceil, (REALS,), (), _off_the_grid),
    Definition("trunc", _trunc, (REALS,), (), _off_the_grid, ("fix",)),
    Definition("frac", _frac, (REALS,), (), _off_the_grid),
    Definition("fmod", _fmod, (REALS, _NOT_ZERO), (), _quotients),
    Definition("heaviside", _heaviside, (REALS, REALS), (0.0,), pairs(_NOT_ZERO)),
    # signs and angles
    Definition("copysign", _copysign, (REALS, REALS), (0.0,), pairs(_NOT_ZERO), (), ("real",)),
    Definition(
        "angle",
        _angle,
        (REALS,),
        (0.0,),
        calls(lambda rng: (dyadic(rng, (2, 3)),), lambda rng: (dyadic(rng, (4, 3)).T,)),
        (),
        ("real",),
    ),
    Definition(
        "cbrt",
        _cbrt,
        (REALS,),
        (),
        calls(lambda rng: (dyadic(rng, (2, 3)),), lambda rng: (dyadic(rng, (4, 3)).T,)),
        (),
        ("real",),
    ),
    scalar("deg2rad", lambda x: x * sp.pi / 180),
    scalar("rad2deg", lambda x: x * 180 / sp.pi),
    # other bases
    Definition("logaddexp2", _logaddexp2, (REALS, REALS), (), pairs(), (), ("real",)),
    # what only changes numbers that are none
    Definition(
        "nan_to_num",
        _nan_to_num,
        (REALS,),
        (),
        calls(lambda rng: (dyadic(rng, (2, 3)),), lambda rng: (dyadic(rng, (4, 3)).T, 0.5)),
    ),
)
