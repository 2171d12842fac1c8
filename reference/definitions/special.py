"""Special functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Domain, Sample
from reference.definitions.sampling import calls, dyadic, pairs, unary
from reference.definitions.scalar import scalar
from reference.graph import Node

__all__ = ["DEFINITIONS"]

_POSITIVE = Domain(0)
_UNIT = Domain(0, 1)
_MINUS_ONE_TO_ONE = Domain(-1, 1)


def _log_gamma(x: sp.Expr) -> sp.Expr:
    """log |gamma(x)|, which is real on both sides of zero."""
    return sp.log(sp.gamma(x) ** 2) / 2


def _sinc(x: sp.Expr) -> sp.Expr:
    return sp.Piecewise((1, sp.Eq(x, 0)), (sp.sin(sp.pi * x) / (sp.pi * x), True))


def _entropy(x: sp.Expr) -> sp.Expr:
    return sp.Piecewise((-x * sp.log(x), x > 0), (0, sp.Eq(x, 0)), (-sp.oo, True))


def _ndtr(input: Value) -> Node:
    """The probability that a standard normal variable is at most `input`.

    The argument of erfc is a node of its own, or SymPy would write 2 - erfc(x/√2), which cancels.
    """
    return build.elementwise(
        lambda y: sp.erfc(y) / 2, build.elementwise(lambda x: -x / sp.sqrt(2), input)
    )


def _log_ndtr(input: Value) -> Node:
    return build.elementwise(sp.log, _ndtr(input))


def _logit_expression(p: sp.Expr) -> sp.Expr:
    return sp.log(p / (1 - p))


def _logit(input: Value, eps: float | None = None) -> Node:
    """log(p / (1 - p)) of probabilities, brought into [eps, 1 - eps] where eps is given."""
    share = input
    if eps is not None:
        low = build.exact_number(eps)
        share = build.clip(input, low, 1 - low)
    return build.elementwise(_logit_expression, share)


def _polygamma(n: int, input: Value) -> Node:
    """The n-th derivative of digamma."""
    return build.elementwise(lambda x: sp.polygamma(int(n), x), input)


def _xlog1py(input: Value, other: Value) -> Node:
    return build.elementwise(
        lambda a, b: sp.Piecewise((0, sp.Eq(a, 0)), (a * sp.log(1 + b), True)), input, other
    )


def _multigammaln(input: Value, p: int) -> Node:
    """log of the p-dimensional gamma function, for input > (p - 1) / 2."""
    return build.elementwise(
        lambda x: (
            sp.Rational(p * (p - 1), 4) * sp.log(sp.pi)
            + sum((sp.loggamma(x - sp.Rational(k, 2)) for k in range(p)), sp.Integer(0))
        ),
        input,
    )


def _special(
    name: str, expression: Any, domain: Domain = REALS, aliases: tuple[str, ...] = (), **more: Any
) -> Definition:
    """A row that PyTorch also has in its namespace `special`."""
    names = (f"special_{name}", f"special.{name}", *aliases)
    return scalar(name, expression, domain, aliases=names, **more)


def _of_nodes(name: str, function: Any, tails: tuple[float, ...]) -> Definition:
    names = (f"special_{name}", f"special.{name}")
    return Definition(name, function, (REALS,), (), unary(tails=tails), names, ("real",))


def _of_order(rng: np.random.Generator) -> list[Sample]:
    negative = np.array([-0.5, -1.75, -2.25])
    return [
        Sample((1, dyadic(rng, (2, 3), _POSITIVE))),
        Sample((0, dyadic(rng, (4, 3), _POSITIVE).T)),
        Sample((3, dyadic(rng, (), _POSITIVE))),
        Sample((2, dyadic(rng, (0, 2), _POSITIVE))),
        Sample((1, negative)),
        Sample((1, np.array([2.0**-8, 100.0])), kind="tail"),
    ]


DEFINITIONS: tuple[Definition, ...] = (
    # the gamma function and its kin
    _special(
        "lgamma",
        _log_gamma,
        _POSITIVE,
        ("special_gammaln", "special.gammaln", "gammaln"),
        tails=(2.0**-10, 100.0, -0.5, -2.25),
    ),
    _special(
        "digamma",
        sp.digamma,
        _POSITIVE,
        ("special_psi", "special.psi", "psi"),
        tails=(2.0**-10, 100.0, -0.5, -2.25),
    ),
    Definition(
        "polygamma",
        _polygamma,
        (_POSITIVE,),
        (),
        _of_order,
        ("special_polygamma", "special.polygamma"),
        ("real",),
    ),
    Definition(
        "mvlgamma",
        _multigammaln,
        (Domain(1),),
        (),
        calls(lambda rng: (dyadic(rng, (2, 3), Domain(1)), 3)),
        ("multigammaln", "special_multigammaln", "special.multigammaln"),
        ("real",),
    ),
    # the error function and the normal distribution
    _special("erfinv", sp.erfinv, _MINUS_ONE_TO_ONE, tails=(1 - 2.0**-10, 2.0**-10 - 1)),
    _of_nodes("ndtr", _ndtr, (-8.0, 6.0)),
    _of_nodes("log_ndtr", _log_ndtr, (-30.0, -8.0, 6.0)),
    _special(
        "ndtri",
        lambda p: sp.sqrt(2) * sp.erfinv(2 * p - 1),
        _UNIT,
        tails=(2.0**-10, 1 - 2.0**-10),
    ),
    _special("erfcx", lambda x: sp.exp(x**2) * sp.erfc(x), tails=(-4.0, 8.0, 30.0)),
    # modified Bessel functions
    _special("i0", lambda x: sp.besseli(0, x), tails=(-20.0, 20.0)),
    _special("i1", lambda x: sp.besseli(1, x), tails=(-20.0, 20.0)),
    _special(
        "i0e",
        lambda x: sp.Piecewise((sp.exp(-x), x >= 0), (sp.exp(x), True)) * sp.besseli(0, x),
        tails=(-20.0, 20.0),
        kinks=(0.0,),
    ),
    _special(
        "i1e",
        lambda x: sp.Piecewise((sp.exp(-x), x >= 0), (sp.exp(x), True)) * sp.besseli(1, x),
        tails=(-20.0, 20.0),
        kinks=(0.0,),  # of the second derivative
    ),
    # logarithms
    Definition(
        "logit",
        _logit,
        (_UNIT,),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3), _UNIT),),
            lambda rng: (dyadic(rng, (4, 3), _UNIT).T, 2.0**-6 + 2.0**-8),
            lambda rng: (dyadic(rng, (), _UNIT),),
            lambda rng: Sample((np.array([2.0**-10, 1 - 2.0**-10]),), kind="tail"),
            lambda rng: Sample((np.array([0.25, 0.75, 0.5]), 0.25), kind="kink"),
        ),
        ("special_logit", "special.logit"),
        ("real",),
    ),
    Definition(
        "xlog1py",
        _xlog1py,
        (REALS, Domain(-1)),
        (),
        pairs(Domain(0.25), Domain(-1)),
        ("special_xlog1py", "special.xlog1py"),
        ("real",),
    ),
    _special("entr", _entropy, _POSITIVE, tails=(2.0**-10, 1024.0)),
    # the cardinal sine
    _special("sinc", _sinc, tails=(-20.25, 2.0**-10, 20.25), kinks=(0.0,)),
)
