"""Elementwise rows beside those of `pointwise.py`."""

from __future__ import annotations

from math import inf

from reference.prove.statement import Case, Shape, Statement, named

__all__ = ["STATEMENTS"]

_INSIDE = (-1.0, 1.0)


def _one(constant: str, name: str, domain: tuple[float, float] | None = None) -> Statement:
    cases = tuple(
        Case((shape,), domain={} if domain is None else {0: domain}) for shape in ((), (2, 2))
    )
    return Statement(f"elementwise.{constant}", named(name), cases)


_PAIRS = (((), ()), ((2, 3), (2, 3)), ((2, 1), (3,)), ((2, 2), ()))
# where the rule compares, each pair of elements has two cases
_SMALL_PAIRS = (((), ()), ((1, 1), (2,)))


def _two(constant: str, name: str, pairs: tuple[tuple[Shape, Shape], ...] = _PAIRS) -> Statement:
    return Statement(f"elementwise.{constant}", named(name), tuple(Case(pair) for pair in pairs))


STATEMENTS = (
    _one("ACOS", "acos", _INSIDE),
    _one("ASIN", "asin", _INSIDE),
    _one("ATAN", "atan"),
    _one("ACOSH", "acosh", (1.0, inf)),
    _one("ASINH", "asinh"),
    _one("ASINH_COMPLEX", "asinh"),
    _one("ATANH", "atanh", _INSIDE),
    _one("EXP2", "exp2"),
    _one("LOG2", "log2", (0.0, inf)),
    _one("LOG10", "log10", (0.0, inf)),
    _one("ERFC", "erfc"),
    _one("CEIL", "ceil"),
    _one("TRUNC", "trunc"),
    _one("FRAC", "frac"),
    _one("DEG2RAD", "deg2rad"),
    _one("RAD2DEG", "rad2deg"),
    _two("ATAN2", "atan2"),
    _two("HYPOT", "hypot", _SMALL_PAIRS),
    _two("LOGADDEXP", "logaddexp"),
    _two("LOGADDEXP_COMPLEX", "logaddexp", _SMALL_PAIRS),
)
