"""Special functions of two arguments, and Bessel's and Airy's."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Domain
from reference.definitions.sampling import calls, dyadic
from reference.definitions.scalar import scalar
from reference.graph import Node

__all__ = ["DEFINITIONS"]

_POSITIVE = Domain(0)
_ABOVE_ONE = Domain(1)


def _igamma(input: Value, other: Value) -> Node:
    """∫ from 0 to x of t^(a - 1) exp(-t) dt, over gamma(a)."""
    return build.elementwise(lambda a, x: sp.lowergamma(a, x) / sp.gamma(a), input, other)


def _igammac(input: Value, other: Value) -> Node:
    """∫ from x to infinity of t^(a - 1) exp(-t) dt, over gamma(a)."""
    return build.elementwise(lambda a, x: sp.uppergamma(a, x) / sp.gamma(a), input, other)


def _zeta(input: Value, other: Value) -> Node:
    """Σ over k ≥ 0 of (q + k)^-s."""
    return build.elementwise(sp.zeta, input, other)


def _betaln(a: Value, b: Value) -> Node:
    """log (gamma(a) gamma(b) / gamma(a + b)), of positive arguments."""
    return build.elementwise(
        lambda x, y: sp.loggamma(x) + sp.loggamma(y) - sp.loggamma(x + y), a, b
    )


def _two(
    name: str,
    function: Callable[[Value, Value], Node],
    first: Domain,
    second: Domain,
    *aliases: str,
) -> Definition:
    return Definition(
        name,
        function,
        (first, second),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3), first), dyadic(rng, (2, 3), second)),
            lambda rng: (dyadic(rng, (4, 3), first).T, dyadic(rng, (4,), second)),
            lambda rng: (dyadic(rng, (), first), dyadic(rng, (0, 2), second)),
        ),
        aliases,
        ("real",),
    )


def _of_whole(
    name: str,
    function: Callable[[Value, Value], Node],
    *aliases: str,
    first: Domain = _POSITIVE,
) -> Definition:
    """Called with whole numbers first, for which the derivative is of no elementary function."""
    least = int(first.low) + 1
    return Definition(
        name,
        function,
        (first, _POSITIVE),
        (),
        calls(
            lambda rng: (rng.integers(least, 5, (2, 3)), dyadic(rng, (2, 3), _POSITIVE)),
            lambda rng: (rng.integers(least, 5, (4,)), dyadic(rng, (4, 3), _POSITIVE).T[:, :4]),
            lambda rng: (rng.integers(least, 5, ()), dyadic(rng, (0, 2), _POSITIVE)),
        ),
        aliases,
        ("real",),
    )


def _one(name: str, expression: Callable[[sp.Expr], sp.Expr], domain: Domain) -> Definition:
    aliases = (f"special_{name}", f"special.{name}")
    return scalar(name, expression, domain, tails=(2.0**-6, 30.0), aliases=aliases)


def _of_order(function: Callable[..., sp.Expr], order: int) -> Callable[[sp.Expr], sp.Expr]:
    return lambda x: function(order, x)


_BESSEL = {
    "bessel_j0": (_of_order(sp.besselj, 0), REALS),
    "bessel_j1": (_of_order(sp.besselj, 1), REALS),
    "bessel_y0": (_of_order(sp.bessely, 0), _POSITIVE),
    "bessel_y1": (_of_order(sp.bessely, 1), _POSITIVE),
    "modified_bessel_i0": (_of_order(sp.besseli, 0), REALS),
    "modified_bessel_i1": (_of_order(sp.besseli, 1), REALS),
    "modified_bessel_k0": (_of_order(sp.besselk, 0), _POSITIVE),
    "modified_bessel_k1": (_of_order(sp.besselk, 1), _POSITIVE),
}

DEFINITIONS: tuple[Definition, ...] = (
    _of_whole("igamma", _igamma, "special_gammainc", "special.gammainc", "gammainc"),
    _of_whole("igammac", _igammac, "special_gammaincc", "special.gammaincc", "gammaincc"),
    _of_whole("zeta", _zeta, "special_zeta", "special.zeta", first=_ABOVE_ONE),
    _two("betaln", _betaln, _POSITIVE, _POSITIVE),
    *(_one(name, *row) for name, row in _BESSEL.items()),
    scalar(
        "airy_ai",
        sp.airyai,
        tails=(-8.0, 8.0),
        aliases=("special_airy_ai", "special.airy_ai"),
    ),
)
