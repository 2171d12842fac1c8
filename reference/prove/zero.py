"""Whether an expression is zero for all values of its symbols.

SymPy's own forms first; then everything is brought to a quotient of polynomials: hyperbolic
functions and powers of e in terms of one exponential for each argument, circular functions in
terms of the tangent of half the argument, roots as new variables with the relation that they
satisfy. The numerator of such a quotient is zero or not, and SymPy decides that.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import lcm
from typing import Any

import sympy as sp

__all__ = ["is_zero", "same"]

_BUDGET = 600  # operations in an expression that `simplify` is still asked about


def same(first: sp.Expr, second: sp.Expr) -> str | None:
    """How two expressions are shown to be equal: "identical", "simplified", or None: not shown.

    >>> x = sp.Symbol("x", real=True)
    >>> same(x * 2, 2 * x), same(1 - sp.tanh(x) ** 2, 1 / sp.cosh(x) ** 2), same(x, x + 1)
    ('identical', 'simplified', None)
    """
    if first == second and not first.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        return "identical"
    return "simplified" if is_zero(first - second) else None


def is_zero(expression: sp.Expr) -> bool:
    """Whether the expression is shown to be zero; False where that is not known."""
    if expression == 0:
        return True
    if expression.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        return False
    found = sp.expand(expression)
    if found == 0:
        return True
    rational = _rational(expression)
    numerator = sp.expand(sp.fraction(sp.together(rational))[0])
    if numerator == 0 or _without_roots(numerator) == 0:
        return True
    if found.has(sp.log) and found.is_real and not found.has(sp.Dummy):
        # of real numbers, zero alone has the exponential one; logarithms go
        power = sp.exp(found)
        if not power.has(sp.log) and is_zero(power - 1):
            return True
    if sp.count_ops(found) > _BUDGET:
        return False
    return bool(sp.simplify(found) == 0)


def _rational(expression: sp.Expr) -> sp.Expr:
    """In terms of exponentials of single terms, tangents of half arguments, and the rest."""
    found = expression.replace(sp.erfc, lambda part: 1 - sp.erf(part))
    found = found.rewrite([sp.sinh, sp.cosh, sp.tanh, sp.coth, sp.sech, sp.csch], sp.exp)
    halves = {
        kind: {node: node.args[0] for node in found.atoms(kind)}
        for kind in (sp.sin, sp.cos, sp.tan)
    }
    replaced: dict[Any, Any] = {}
    tangents: dict[Any, sp.Dummy] = {}
    for kind, nodes in halves.items():
        for node, inner in nodes.items():
            t = tangents.setdefault(inner, sp.Dummy("t", real=True))
            replaced[node] = _HALF_ANGLE[kind](t)
    found = found.xreplace(replaced)
    found = sp.expand(found, power_exp=True, deep=True, mul=False, multinomial=False)
    return _common_exponentials(found.replace(_is_root, _split_root))


def _is_root(expression: sp.Expr) -> bool:
    return bool(expression.is_Pow and expression.exp.is_Rational and not expression.exp.is_Integer)


def _split_root(root: sp.Expr) -> sp.Expr:
    """The root of a quotient as a quotient of roots, where the divisor is positive."""
    numerator, divisor = sp.fraction(sp.together(root.base))
    if divisor == 1 or not divisor.is_positive:
        return root
    return sp.Pow(sp.expand(numerator), root.exp) / sp.Pow(divisor, root.exp)


_HALF_ANGLE: Mapping[Any, Any] = {
    sp.sin: lambda t: 2 * t / (1 + t**2),
    sp.cos: lambda t: (1 - t**2) / (1 + t**2),
    sp.tan: lambda t: 2 * t / (1 - t**2),
}


def _common_exponentials(expression: sp.Expr) -> sp.Expr:
    """exp(c · u) as a whole power of one variable for each u."""
    parts: dict[sp.Expr, list[tuple[sp.Expr, sp.Rational]]] = {}
    for power in expression.atoms(sp.exp):
        factor, term = sp.expand(power.args[0]).primitive()
        if term.could_extract_minus_sign():
            factor, term = -factor, -term
        parts.setdefault(term, []).append((power, factor))
    replaced: dict[Any, Any] = {}
    for powers in parts.values():
        common = lcm(*(int(factor.q) for _, factor in powers))
        base = sp.Dummy("e", positive=True)
        for power, factor in powers:
            replaced[power] = base ** int(factor * common)
    return expression.xreplace(replaced)


def _without_roots(numerator: sp.Expr) -> sp.Expr:
    """The polynomial with every root's powers reduced by the equation that it satisfies."""
    for _ in range(4):
        roots = [
            power
            for power in numerator.atoms(sp.Pow)
            if power.exp.is_Rational and not power.exp.is_Integer
        ]
        if not roots:
            return numerator
        outer = max(roots, key=sp.count_ops).base
        own = [power for power in roots if power.base == outer]
        degree = lcm(*(int(power.exp.q) for power in own))
        root = sp.Dummy("r", positive=True)
        replaced = numerator.xreplace({p: root ** int(p.exp * degree) for p in own})
        replaced = sp.expand(sp.fraction(sp.together(replaced))[0])
        numerator = sp.expand(
            sp.rem(replaced, root**degree - outer, root) if replaced.has(root) else replaced
        )
        if numerator == 0:
            return numerator
        numerator = numerator.xreplace({root: sp.Pow(outer, sp.Rational(1, degree))})
        if not any(power.base != outer for power in roots):
            return sp.expand(numerator)
    return numerator
