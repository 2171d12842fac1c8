"""Special places of a scalar expression: where a part of it reaches a special value.

What is special is known of functions, not of operations: a condition of a `Piecewise` at equality,
a base that vanishes under a root or in a denominator, a logarithm at 0 and at 1, the ends of a
domain, arguments at which a function saturates, powers that overflow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy as sp

from reference.floats import Format
from reference.points.ladder import largest, tails

__all__ = ["Place", "places"]


@dataclass(frozen=True, slots=True)
class Place:
    """`expression = value`; the numbers around it matter too where `around` says so."""

    expression: sp.Expr
    value: float
    kind: str
    why: str
    around: bool = True


_SATURATING = ("exp", "tanh", "sinh", "cosh", "erf", "erfc", "besseli")
_TURNING = ("sin", "cos", "tan")
_ENDS = {"asin": 1.0, "acos": 1.0, "atanh": 1.0, "erfinv": 1.0, "acosh": 1.0}
_GAMMAS = ("gamma", "loggamma", "digamma", "polygamma")
_POLES = (0.0, -1.0, -2.0, -7.0)
_GAMMA_ZEROS = (1.0, 2.0, 1.4616321449683622)
_HALVES = (-0.5, -1.5, -2.5, -10.5, -100.5)


@cache
def places(expression: sp.Expr, fmt: Format) -> tuple[Place, ...]:
    """The places of an expression in a format, each once, kinks first.

    >>> from reference.floats import FORMATS
    >>> from reference.graph import argument
    >>> x = argument(0)
    >>> found = places(sp.Piecewise((x, x > 1), (sp.sqrt(x), True)), FORMATS["float32"])
    >>> [(str(p.expression), p.value, p.kind) for p in found]
    [('a0 - 1', 0.0, 'kink'), ('a0', 0.0, 'singularity')]
    """
    found: dict[tuple[sp.Expr, float], Place] = {}
    for part in sp.preorder_traversal(expression):
        for place in _of(part, fmt):
            if place.expression.free_symbols:
                found.setdefault((place.expression, place.value), place)
    order = {"kink": 0, "singularity": 1}
    return tuple(sorted(found.values(), key=lambda place: order.get(place.kind, 2)))


def _of(part: Any, fmt: Format) -> Iterator[Place]:
    if isinstance(part, sp.core.relational.Relational):
        yield Place(part.lhs - part.rhs, 0.0, "kink", f"{part.lhs} = {part.rhs}")
    elif isinstance(part, sp.Pow):
        yield from _of_power(part.base, part.exp, fmt)
    elif isinstance(part, sp.Function):
        yield from _of_function(part.func.__name__, part, fmt)


def _of_power(base: sp.Expr, exponent: sp.Expr, fmt: Format) -> Iterator[Place]:
    if not exponent.is_number:
        yield Place(base, 0.0, "singularity", f"the base {base} is zero")
        for value in (0.0, 1.0, 2.0, -1.0, -2.0, 0.5):
            yield Place(
                exponent, value, "exponent", f"the exponent {exponent} is {value:g}", False
            )
        if base.is_number and base.is_positive and base != 1:
            unit = abs(float(sp.log(base)))
            for size in tails(fmt):
                yield from _both(exponent, size / unit, "tail", "overflow of a power")
        return
    power = abs(float(exponent))
    if exponent.is_negative:
        yield Place(base, 0.0, "singularity", f"the denominator {base} is zero")
    else:
        yield Place(base, 0.0, "singularity", f"{base} is zero under a power")
    if power > 1 or (exponent.is_negative and power >= 1):
        top = largest(fmt)
        for size in (top ** (1 / power) * 2, 2.0 ** (fmt.emin / power) / 2):
            if size < top:
                kind = "overflow" if size > 1 else "underflow"
                yield from _both(base, size, kind, f"{kind} of a power of {base}")


def _of_function(name: str, part: sp.Expr, fmt: Format) -> Iterator[Place]:
    inner = part.args[-1]
    if name in _SATURATING:
        yield Place(inner, 0.0, "singularity", f"{name} of zero")
        for size in tails(fmt):
            yield from _both(inner, size, "tail", f"{name} saturates")
            if name.startswith("erf"):
                yield from _both(inner, math.sqrt(size), "tail", f"{name} saturates")
    elif name == "log":
        yield Place(inner, 0.0, "singularity", f"the logarithm of {inner} at zero")
        yield Place(inner, 1.0, "cancellation", f"the logarithm of {inner} at one")
        yield Place(inner, largest(fmt) / 4, "overflow", f"{inner} is huge", False)
        yield Place(inner, 2.0**fmt.emin * 4, "underflow", f"{inner} is tiny", False)
    elif name in _TURNING:
        for turns in (0, 1, 2, -1):
            yield Place(inner, turns * math.pi / 2, "turn", f"{inner} is {turns} right angles")
        yield Place(inner, 2.0 ** (fmt.precision + 1) / 3, "tail", f"many turns of {name}", False)
    elif name in _ENDS:
        yield from _both(inner, _ENDS[name], "singularity", f"the end of {name}", around=True)
        yield Place(inner, 0.0, "cancellation", f"{name} of zero")
    elif name in _GAMMAS:
        yield from _of_gamma(name, inner, fmt)
    elif name in ("floor", "ceiling"):
        for step in (0.0, 1.0, -1.0):
            yield Place(inner, step, "kink", f"{name} of an integer")
    elif name in ("atan", "asinh", "atan2"):
        for argument in part.args:
            yield Place(argument, 0.0, "singularity", f"{argument} is zero in {name}")


def _of_gamma(name: str, inner: sp.Expr, fmt: Format) -> Iterator[Place]:
    for pole in _POLES:
        yield Place(inner, pole, "singularity", f"a pole of {name} at {pole:g}")
    for half in _HALVES:
        yield Place(inner, half, "branch", f"{name} at {half:g}", False)
    for zero in _GAMMA_ZEROS:
        yield Place(inner, zero, "cancellation", f"a zero of {name}, or of its slope")
    yield Place(inner, 2.0 ** (fmt.emax // 2), "tail", f"{name} of a huge number", False)
    yield Place(inner, 12.0, "branch", f"{name} of a number of middle size", False)


def _both(
    expression: sp.Expr, size: float, kind: str, why: str, around: bool = False
) -> Iterator[Place]:
    yield Place(expression, size, kind, why, around)
    yield Place(expression, -size, kind, why, around)
