"""Special functions: kernels compute with floats; the rules are proved as ever."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import sympy as sp

from reference import build
from reference.prove.statement import Case, Shape, Statement, named

__all__ = ["STATEMENTS"]

_SHAPES: tuple[Shape, ...] = ((), (2, 2))
_POSITIVE, _UNIT, _INSIDE = (0.0, inf), (0.0, 1.0), (-1.0, 1.0)
_SMALL, _AWAY = (-3.0, 3.0), (0.5, 3.0)


def _one(
    constant: str,
    define: Callable[..., Any],
    domain: tuple[float, float] | None = None,
    *params: dict[str, Any],
    kernel: str = "floats",
    note: str = "",
) -> Statement:
    cases = tuple(
        Case((shape,), given, domain={} if domain is None else {0: domain})
        for shape in _SHAPES
        for given in params or ({},)
    )
    return Statement(f"special.{constant}", define, cases, note, kernel=kernel)


def _two(
    constant: str,
    name: str,
    *domain: tuple[float, float],
    kernel: str = "floats",
) -> Statement:
    intervals = dict(enumerate(domain))
    cases = tuple(Case((shape, shape), domain=intervals) for shape in ((), (2,)))
    return Statement(f"special.{constant}", named(name), cases, kernel=kernel)


def _polygamma(x: Any, n: int) -> Any:
    return named("polygamma")(n, x)


def _derivatives(expression: Callable[[sp.Expr], sp.Expr]) -> Callable[..., Any]:
    """The n-th derivative of an expression, element by element."""

    def define(x: Any, n: int) -> Any:
        def differentiated(value: sp.Expr) -> sp.Expr:
            symbol = sp.Dummy("x", real=True)
            return sp.diff(expression(symbol), symbol, n).subs(symbol, value)

        return build.elementwise(differentiated, x)

    return define


def _scaled(order: int) -> Callable[[sp.Expr], sp.Expr]:
    return lambda x: sp.exp(-x) * sp.besseli(order, x)


def _replaced(x: Any, nan: float, posinf: float | None = None, neginf: float | None = None) -> Any:
    return named("nan_to_num")(x, nan)


_ORDERS = ({"n": 0}, {"n": 1})
STATEMENTS = (
    _one("LGAMMA", named("lgamma"), _POSITIVE),
    _one("DIGAMMA", named("digamma"), _POSITIVE),
    _one("POLYGAMMA", _polygamma, _POSITIVE, {"n": 1}, {"n": 2}),
    _one("ERFINV", named("erfinv"), _INSIDE),
    _one("NDTRI", named("ndtri"), _UNIT),
    _one("ERFCX", named("erfcx"), _SMALL),
    _one("LOG_NDTR", named("log_ndtr"), _SMALL),
    _one("I0", _derivatives(lambda x: sp.besseli(0, x)), _SMALL, *_ORDERS),
    _one("I1", _derivatives(lambda x: sp.besseli(1, x)), _SMALL, *_ORDERS),
    _one("I0E", _derivatives(_scaled(0)), _AWAY, *_ORDERS, note="of positive numbers"),
    _one("I1E", _derivatives(_scaled(1)), _AWAY, *_ORDERS, note="of positive numbers"),
    _one("SINC", _derivatives(lambda x: sp.sin(sp.pi * x) / (sp.pi * x)), _AWAY, *_ORDERS),
    _one("LOGIT", named("logit"), _UNIT),
    _one("ENTR", named("entr"), _POSITIVE),
    _one("TANHSHRINK", named("tanhshrink")),
    _one("SOFTSIGN", named("softsign")),
    _two("XLOGY", "xlogy", _AWAY, _POSITIVE),
    _two("XLOGY_NUMBER", "xlogy", _AWAY, _POSITIVE),
    _two("XLOGY_OF_NUMBER", "xlogy", _AWAY, _POSITIVE),
    _two("XLOG1PY", "xlog1py", _AWAY, (-1.0, inf)),
    _two("FMOD", "fmod"),
    _two("FMOD_NUMBER", "fmod"),
    _two("FMAX", "fmax"),
    _two("FMIN", "fmin"),
    _two("COPYSIGN", "copysign"),
    _two("COPYSIGN_NUMBER", "copysign"),
    _two("LOGADDEXP2", "logaddexp2"),
    _one("NAN_TO_NUM", _replaced, None, {"nan": 0.0, "posinf": None, "neginf": None}),
)
