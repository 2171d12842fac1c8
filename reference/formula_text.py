"""Formulas as text and as LaTeX, the same on every run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp
from sympy.printing.latex import LatexPrinter
from sympy.printing.str import StrPrinter

__all__ = ["latex", "text"]

_SHORT = 2**20  # numbers with more digits than this are taken for floats
_FACTORS = (*map(sp.Integer, range(1, 13)), *(sp.Rational(1, q) for q in range(2, 13)))


def text(expression: Any) -> str:
    """The expression on one line.

    >>> k, n = sp.symbols("k n", integer=True)
    >>> text(sp.Sum(sp.IndexedBase("x")[k] - 1, (k, 0, n - 1)))
    'Sum(x[k] - 1, (k, 0, n - 1))'
    """
    return str(_Text().doprint(_readable(expression, str)))


def latex(expression: Any) -> str:
    r"""The expression in LaTeX.

    >>> k, n = sp.symbols("k n", integer=True)
    >>> latex(sp.Sum(sp.IndexedBase("x")[k], (k, 0, n - 1)))
    '\\sum_{k=0}^{n - 1} x_{k}'
    """
    return str(_Latex().doprint(_readable(expression, _power_of_ten)))


def _positive_first(terms: list[sp.Expr]) -> list[sp.Expr]:
    """The terms with one that bears no minus sign in front, if there is any."""
    for position, term in enumerate(terms):
        if not term.could_extract_minus_sign():
            return [term, *terms[:position], *terms[position + 1 :]]
    return terms


def _readable(expression: Any, written: Callable[[str], str]) -> Any:
    """The expression with the long binary fractions of floats as their shortest decimals."""
    if not isinstance(expression, sp.Basic):
        return expression
    decimals = {number: _decimal(number, written) for number in expression.atoms(sp.Rational)}
    return expression.xreplace({number: d for number, d in decimals.items() if d is not None})


def _decimal(number: sp.Rational, written: Callable[[str], str]) -> sp.Expr | None:
    """A float, its reciprocal or a small multiple of them, as text that stands for the number."""
    if max(abs(int(number.p)), int(number.q)) < _SHORT:
        return None
    best: tuple[int, sp.Expr] | None = None
    for factor in _FACTORS:
        for inverted in (False, True):
            rest = abs(number / factor)
            rest = 1 / rest if inverted else rest
            nearest = float(rest)
            if nearest in (0.0, float("inf")) or sp.Rational(nearest) != rest:
                continue
            symbol = sp.Symbol(written(repr(nearest)), positive=True)
            found = sp.sign(number) * factor * (1 / symbol if inverted else symbol)
            length = len(str(found))
            if best is None or length < best[0]:
                best = length, found
    return None if best is None else best[1]


def _power_of_ten(decimal: str) -> str:
    """1e-05 as LaTeX writes it."""
    mantissa, _, exponent = decimal.partition("e")
    if not exponent:
        return f"{{{decimal}}}"
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


class _Text(StrPrinter):  # type: ignore[misc]
    def _as_ordered_terms(self, expr: sp.Expr, order: Any = None) -> list[sp.Expr]:
        return _positive_first(super()._as_ordered_terms(expr, order))


class _Latex(LatexPrinter):  # type: ignore[misc]
    def _as_ordered_terms(self, expr: sp.Expr, order: Any = None) -> list[sp.Expr]:
        return _positive_first(super()._as_ordered_terms(expr, order))

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        indices = ",".join(self._print(index) for index in expr.indices)
        return rf"{self._print(expr.base.label)}_{{{indices}}}"
