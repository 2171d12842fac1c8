"""Light, deterministic simplification of expressions with Sums over array axes.

SymPy's own `simplify` may take minutes and does not gather Sums. The passes here are those that a
person does when writing a gradient down: take constants out of a Sum, let a KroneckerDelta pick
its term, multiply a constant by the length, write equal Sums alike, take out common factors, and
cancel. Every bound index runs over a whole axis, from 0 to the size less one.

Sums are normal at all times: bound indices carry the first free names of a fixed list, chosen from
the inside out, so that two Sums that are equal up to the names of their indices are one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import permutations, product
from typing import Any

import sympy as sp

from reference.graph import Size

__all__ = ["Simplifier", "cancelled", "guarded", "index_names", "weight"]

_NAMES = ("k", "l", "p", "q", "r", "s", "t", "u")
_EXPANDED = 16  # longest axis of known size that a Sum is written out over
_POLYNOMIAL = 160  # heaviest expression that is handed to polynomial algorithms


class Simplifier:
    """The passes, with the names that bound indices must avoid.

    reserved: names of arrays, sizes and free indices.

    >>> simplifier = Simplifier(["x", "n", "j"])
    >>> n = sp.Symbol("n", integer=True, positive=True)
    >>> x, k = sp.IndexedBase("x", real=True), simplifier.fresh(n)
    >>> simplifier.sum(3 * x[k] / n, [k])
    3*Sum(x[k], (k, 0, n - 1))/n
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = frozenset(reserved)
        self._extents: dict[sp.Symbol, Size] = {}
        self._fresh = 0
        self._normal: set[sp.Expr] = set()
        self._tidied: dict[sp.Expr, sp.Expr] = {}

    # indices and their ranges

    def fresh(self, size: Size) -> sp.Symbol:
        """A new index that runs from 0 to size - 1."""
        self._fresh += 1
        return self.index(f"_{self._fresh}", size)

    def index(self, name: str, size: Size) -> sp.Symbol:
        """The index of that name, running from 0 to size - 1."""
        symbol = sp.Symbol(name, integer=True)
        self._extents[symbol] = size
        return symbol

    def within(self, position: sp.Expr, size: Size) -> Any:
        """The condition 0 <= position < size, as far as the ranges do not settle it."""
        position = sp.expand(position)
        condition: Any = sp.true
        for distance in (position, sp.expand(sp.sympify(size) - 1 - position)):
            if self._extreme(distance, lowest=True).is_nonnegative:
                continue
            if self._extreme(distance, lowest=False).is_negative:
                return sp.false
            condition = sp.And(condition, sp.Ge(distance, 0))
        return condition

    def _extreme(self, expression: sp.Expr, *, lowest: bool) -> sp.Expr:
        """A bound of a linear expression over the ranges of its indices."""
        for symbol in sorted(expression.free_symbols, key=lambda symbol: symbol.name):
            if symbol in self._extents:
                rising = expression.coeff(symbol).is_nonnegative
                at_zero = bool(rising) == lowest
                end = 0 if at_zero else sp.sympify(self._extents[symbol]) - 1
                expression = expression.subs(symbol, end)
        # A size is at least one: with size = 1 + rest, SymPy sees the sign of a linear expression.
        rests = {
            symbol: 1 + sp.Symbol(f"{symbol.name}_rest", integer=True, nonnegative=True)
            for symbol in expression.free_symbols
            if symbol.is_positive
        }
        return sp.expand(expression.xreplace(rests))

    # sums

    def sum(self, body: sp.Expr, bounds: Sequence[sp.Symbol]) -> sp.Expr:
        """The simplified Sum of `body` over the whole range of every index of `bounds`."""
        body = self.tidy(body)
        if not bounds or body.is_zero:
            return body
        written_out = self._written_out(body, bounds)
        if written_out is not None:
            return written_out
        if isinstance(body, sp.Add):
            separate = sp.Add(*(self.sum(term, bounds) for term in body.args))
            if body.has(sp.KroneckerDelta):
                return self.tidy(separate)
            return self._lighter(self._factored(body, bounds), self.tidy(separate))
        return self._factored(body, bounds)

    def _written_out(self, body: sp.Expr, bounds: Sequence[sp.Symbol]) -> sp.Expr | None:
        """Term by term, where a short axis meets a case distinction by position."""
        for bound in bounds:
            size = sp.sympify(self._extents[bound])
            if size == 1:
                others = [other for other in bounds if other != bound]
                return self.sum(body.xreplace({bound: sp.Integer(0)}), others)
            short = size.is_Integer and size <= _EXPANDED
            if short and any(relation.has(bound) for relation in body.atoms(sp.Eq)):
                others = [other for other in bounds if other != bound]
                terms = (
                    self.sum(body.xreplace({bound: sp.Integer(position)}), others)
                    for position in range(int(size))
                )
                return self.tidy(sp.Add(*terms))
        return None

    def _factored(self, body: sp.Expr, bounds: Sequence[sp.Symbol]) -> sp.Expr:
        """The Sum of a product: deltas, constants and independent indices taken out."""
        factors = [f for whole in _factors(body) for f in _split_cases(whole, set(bounds))]
        for position, factor in enumerate(factors):
            rest = sp.Mul(*factors[:position], *factors[position + 1 :])
            if isinstance(factor, sp.KroneckerDelta):
                picked = self._picked(factor, rest, bounds)
                if picked is not None:
                    return picked
            elif isinstance(factor, sp.Add) and factor.has(sp.KroneckerDelta):
                return self.tidy(sp.Add(*(self.sum(t * rest, bounds) for t in factor.args)))
            elif isinstance(factor, sp.Sum) and factor.free_symbols & set(bounds):
                inner, fresh = self._opened(factor)
                return self.sum(inner * rest, (*bounds, *fresh))
        outside: list[sp.Expr] = []
        groups: list[tuple[set[sp.Symbol], list[sp.Expr]]] = [({b}, []) for b in bounds]
        for factor in factors:
            touched = factor.free_symbols & set(bounds)
            if not touched:
                outside.append(factor)
                continue
            joined = [group for group in groups if group[0] & touched]
            groups = [group for group in groups if not group[0] & touched]
            groups.append(
                (
                    set[sp.Symbol]().union(*(group[0] for group in joined)),
                    [f for group in joined for f in group[1]] + [factor],
                )
            )
        for symbols, inside in groups:
            ordered = [bound for bound in bounds if bound in symbols]
            if inside:
                outside.append(self._core(inside, ordered))
            else:
                outside.append(sp.Mul(*(sp.sympify(self._extents[b]) for b in ordered)))
        return self.tidy(sp.Mul(*outside))

    def _picked(
        self, delta: sp.KroneckerDelta, rest: sp.Expr, bounds: Sequence[sp.Symbol]
    ) -> sp.Expr | None:
        """Sum over k of delta(k, i) rest(k): rest(i), where i lies in the range of k."""
        difference = sp.expand(delta.args[0] - delta.args[1])
        for bound in bounds:
            slope = difference.coeff(bound)
            remainder = sp.expand(difference - slope * bound)
            if slope in (1, -1) and not remainder.has(bound):
                position = sp.expand(-remainder / slope)
                others = [other for other in bounds if other != bound]
                value = self.sum(rest.xreplace({bound: position}), others)
                return guarded(value, self.within(position, self._extents[bound]))
        return None

    def _core(self, factors: Sequence[sp.Expr], bounds: Sequence[sp.Symbol]) -> sp.Expr:
        """The Sum of a product that has nothing left to take out, or its distributed form.

        Distributing pays where a sum of terms alone depends on an index, as in deviations from a
        mean, which sum to zero; elsewhere it is not tried: products of sums have many terms.
        """
        best = self._named(sp.Mul(*factors), bounds)
        for position, factor in enumerate(factors):
            rest = sp.Mul(*factors[:position], *factors[position + 1 :])
            if isinstance(factor, sp.Add) and not rest.free_symbols.issuperset(
                factor.free_symbols & set(bounds)
            ):
                terms = (self.sum(term * rest, bounds) for term in factor.args)
                best = self._lighter(best, self.tidy(sp.Add(*terms)))
        return best

    def _named(self, body: sp.Expr, bounds: Sequence[sp.Symbol]) -> sp.Expr:
        """The Sum with the names of its bound indices made normal."""
        taken = {symbol.name for symbol in body.atoms(sp.Symbol)} | self._reserved
        free = index_names(taken)
        names = [sp.Symbol(next(free), integer=True) for _ in bounds]
        orders = permutations(bounds) if len(bounds) <= 4 else iter([tuple(bounds)])
        candidates = []
        for order in orders:
            renamed = body.xreplace(dict(zip(order, names, strict=True)))
            limits = [
                (name, 0, sp.sympify(self._extents[bound]) - 1)
                for name, bound in zip(names, order, strict=True)
            ]
            candidates.append(sp.Sum(renamed, *limits))
        chosen = min(candidates, key=sp.default_sort_key)
        self._normal.add(chosen)
        return chosen

    def _opened(self, total: sp.Sum) -> tuple[sp.Expr, list[sp.Symbol]]:
        """The body of a Sum over fresh indices."""
        renaming = {limit[0]: self.fresh(limit[2] + 1) for limit in total.limits}
        return total.function.xreplace(renaming), list(renaming.values())

    # everything else

    def tidy(self, expression: sp.Expr) -> sp.Expr:
        """The expression with every part simplified, from the inside out."""
        known = self._tidied.get(expression)
        if known is None:
            known = self._tidy(expression)
            self._tidied[expression] = known
            self._tidied[known] = known
        return known

    def _tidy(self, expression: sp.Expr) -> sp.Expr:
        if not expression.args or isinstance(expression, (sp.Indexed, sp.KroneckerDelta)):
            return expression
        if isinstance(expression, sp.Sum):
            if expression in self._normal:
                return expression
            return self.sum(*self._opened(expression))
        if isinstance(expression, sp.Piecewise):
            return self._tidy_cases(expression)
        if not isinstance(expression, sp.Expr):
            return expression
        expression = expression.func(*(self.tidy(part) for part in expression.args))
        if isinstance(expression, sp.Mul):
            return self._tidy_product(expression)
        if isinstance(expression, sp.Add):
            best = self._lighter(self._taken_out(self._gathered(expression)), expression)
            return self.tidy(best) if weight(best) < weight(expression) else best
        return expression

    def _tidy_cases(self, expression: sp.Piecewise) -> sp.Expr:
        """Every branch, knowing the conditions that led to it."""
        known: dict[Any, Any] = {}
        pairs = []
        for value, condition in expression.args:
            pairs.append((self.tidy(value.xreplace({**known, condition: sp.true})), condition))
            known[condition] = sp.false
        return sp.Piecewise(*pairs)

    def _gathered(self, expression: sp.Add) -> sp.Expr:
        """Terms with the same denominator brought together: a/d + b/d + c as (a + b)/d + c."""
        groups: dict[frozenset[tuple[sp.Expr, sp.Expr]], list[sp.Expr]] = {}
        for term in expression.args:
            powers = _powers(term)[1].items()
            below = frozenset((base, e) for base, e in powers if e < 0 and not base.is_Symbol)
            groups.setdefault(below, []).append(term)
        if len(groups) in (1, len(expression.args)):
            return expression
        sums = [sp.Add(*terms) for terms in groups.values()]
        shorter = [
            self._lighter(self._taken_out(total), total) if total.is_Add else total
            for total in sums
        ]
        return self._lighter(sp.Add(*shorter), expression)

    def _tidy_product(self, expression: sp.Expr) -> sp.Expr:
        for factor in expression.args:
            if isinstance(factor, sp.Piecewise) and any(v.is_zero for v, _ in factor.args):
                # What a literal zero masks stays masked, whatever it is multiplied with.
                return self.tidy(_into_branches(factor, expression / factor))
        best = self._lighter(_merged_exponentials(expression), _primitive(expression))
        for denominator in sorted(_denominators(best), key=sp.default_sort_key):
            for factor in sp.Mul.make_args(best):
                cleared = best / factor * _cleared(factor, denominator)
                best = self._lighter(best, cleared)
        return best

    def _taken_out(self, expression: sp.Expr) -> sp.Expr:
        """a b + a c as a (b + c)."""
        if not expression.is_Add:
            return expression
        terms = [_powers(term) for term in expression.args]
        common: dict[sp.Expr, sp.Expr] = {}
        for base in terms[0][1]:
            if all(base in powers for _, powers in terms):
                exponents = [powers[base] for _, powers in terms]
                low, high = min(exponents), max(exponents)
                if low > 0:
                    common[base] = low
                elif high < 0:
                    common[base] = high
        content = _content([coefficient for coefficient, _ in terms])
        if not common and content == 1:
            return expression
        rests = [
            (coefficient / content)
            * sp.Mul(
                *(
                    _power(base, exponent - common.get(base, 0))
                    for base, exponent in powers.items()
                )
            )
            for coefficient, powers in terms
        ]
        outside = [_power(base, exponent) for base, exponent in common.items()]
        inside = sp.Add(*(_merged_exponentials(rest) for rest in rests))
        return _merged_exponentials(sp.Mul(content, *outside, inside))

    def _lighter(self, first: sp.Expr, second: sp.Expr) -> sp.Expr:
        return second if weight(second) < weight(first) else first


def guarded(value: sp.Expr, condition: Any) -> sp.Expr:
    """The value where the condition holds, else zero."""
    if condition == sp.true or value.is_zero:
        return value
    return sp.Piecewise((value, condition), (sp.Integer(0), True))


def weight(expression: Any) -> int:
    """How long an expression is to read: its parts, with Sums and case distinctions heavier.

    >>> weight(sp.Symbol("x") + 1)
    3
    """
    total = 0
    stack = [expression]
    while stack:
        part = stack.pop()
        if isinstance(part, sp.Sum):
            total += 4 * len(part.limits)
            stack.append(part.function)
        elif isinstance(part, sp.Indexed):
            total += 2
        elif isinstance(part, sp.Pow) and part.exp == -1:
            stack.append(part.base)
        elif isinstance(part, sp.Rational):
            total += 1 if part.q == 1 else 2
        elif not part.args:
            total += 1
        elif isinstance(part, (sp.Add, sp.Mul)):
            shown = [factor for factor in part.args if factor != -1]
            total += len(shown) - 1
            stack.extend(shown)
        else:
            total += 1
            stack.extend(part.args)
    return total


def cancelled(expression: sp.Expr) -> sp.Expr:
    """The lightest of the expression, its factored and its cancelled form.

    Sums, functions and array elements count as plain unknowns; only small expressions are tried,
    so that the polynomial algorithms stay quick.
    """
    if weight(expression) > _POLYNOMIAL or expression.has(sp.Piecewise, sp.nan, sp.zoo, sp.oo):
        return expression
    unknowns: dict[sp.Expr, sp.Symbol] = {}
    plain = _with_unknowns(expression, unknowns)
    if len(unknowns) + len(plain.free_symbols - set(unknowns.values())) > 12:
        return expression
    back = {symbol: part for part, symbol in unknowns.items()}
    best = expression
    attempts: tuple[Callable[[sp.Expr], sp.Expr], ...] = (sp.cancel, sp.factor)
    for attempt in attempts:
        try:
            candidate = attempt(plain).xreplace(back)
        except (sp.PolynomialError, NotImplementedError):
            continue
        if weight(candidate) < weight(best):
            best = candidate
    return best


def _with_unknowns(expression: sp.Expr, unknowns: dict[sp.Expr, sp.Symbol]) -> sp.Expr:
    """The expression as a rational function of symbols that stand for all other parts."""
    if isinstance(expression, (sp.Add, sp.Mul)):
        return expression.func(*(_with_unknowns(part, unknowns) for part in expression.args))
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer:
        return _with_unknowns(expression.base, unknowns) ** expression.exp
    if expression.is_Symbol or expression.is_Rational:
        return expression
    base, exponent = expression, sp.Integer(1)
    if isinstance(expression, sp.Pow) and expression.exp.is_Rational:
        base, exponent = expression.base ** sp.Rational(1, expression.exp.q), expression.exp.p
    if base not in unknowns:
        unknowns[base] = sp.Symbol(f"_u{len(unknowns)}")
    return unknowns[base] ** exponent


def _factors(expression: sp.Expr) -> Iterator[sp.Expr]:
    """The factors of a product, with exp of a sum split into a product."""
    for factor in sp.Mul.make_args(expression):
        if isinstance(factor, sp.exp) and isinstance(factor.args[0], sp.Add):
            yield from (sp.exp(term) for term in factor.args[0].args)
        elif isinstance(factor, sp.Pow) and isinstance(factor.base, sp.Mul):
            expanded = sp.expand_power_base(factor, deep=False)
            yield from sp.Mul.make_args(expanded)
        else:
            yield factor


def _into_branches(cases: sp.Piecewise, rest: sp.Expr) -> sp.Expr:
    """cases · rest, with the product drawn into the branches that are not zero."""
    return sp.Piecewise(
        *((v if v.is_zero else v * rest, condition) for v, condition in cases.args)
    )


def _split_cases(factor: sp.Expr, bounds: set[sp.Symbol]) -> list[sp.Expr]:
    """A case distinction with one branch that is not zero: its constant factors, and the rest."""
    if not isinstance(factor, sp.Piecewise):
        return [factor]
    values = [value for value, _ in factor.args if not value.is_zero]
    if len(values) != 1:
        return [factor]
    constant, varying = values[0].as_independent(*bounds, as_Add=False)
    pairs = ((v if v.is_zero else varying, condition) for v, condition in factor.args)
    return [constant, sp.Piecewise(*pairs)]


def _merged_exponentials(expression: sp.Expr) -> sp.Expr:
    """exp(a) exp(b) as exp(a + b)."""
    exponents, others = [], []
    for factor in sp.Mul.make_args(expression):
        if isinstance(factor, sp.exp):
            exponents.append(factor.args[0])
        else:
            others.append(factor)
    if len(exponents) < 2:
        return expression
    return sp.Mul(*others, sp.exp(sp.Add(*exponents)))


def _primitive(expression: sp.Expr) -> sp.Expr:
    """a (2 b + 4 c) as 2 a (b + 2 c)."""
    parts = [f.primitive() if f.is_Add else (1, f) for f in sp.Mul.make_args(expression)]
    return sp.Mul(*(content for content, _ in parts), *(rest for _, rest in parts))


def _powers(term: sp.Expr) -> tuple[sp.Expr, dict[sp.Expr, sp.Expr]]:
    """A product as its rational coefficient and {base: rational exponent}."""
    coefficient: sp.Expr = sp.Integer(1)
    powers: dict[sp.Expr, sp.Expr] = {}
    for factor in _factors(term):
        if factor.is_Rational:
            coefficient *= factor
            continue
        base, exponent = factor, sp.Integer(1)
        if isinstance(factor, sp.exp):
            exponent, rest = factor.args[0].as_coeff_Mul()
            base = sp.exp(rest)
            if not exponent.is_Rational:
                base, exponent = factor, sp.Integer(1)
        elif isinstance(factor, sp.Pow) and factor.exp.is_Rational:
            base, exponent = factor.base, factor.exp
        if base.is_Rational:  # a root of a number: not one of several equal powers
            base, exponent = factor, sp.Integer(1)
        powers[base] = powers.get(base, sp.Integer(0)) + exponent
    return coefficient, powers


def _power(base: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    if isinstance(base, sp.exp):
        return sp.exp(base.args[0] * exponent)
    return base**exponent


def _content(coefficients: Sequence[sp.Expr]) -> sp.Expr:
    """The rational that all coefficients are multiples of; negative if all are."""
    numerator = sp.igcd(*(c.p for c in coefficients), 0)
    denominator = sp.ilcm(*(c.q for c in coefficients), 1)
    content = sp.Rational(numerator, denominator)
    return -content if all(c < 0 for c in coefficients) else content


def _denominators(expression: sp.Expr) -> set[sp.Expr]:
    """Symbols and numbers that divide a term of a factor of the product."""
    found: set[sp.Expr] = set()
    for factor in sp.Mul.make_args(expression):
        base = factor.base if isinstance(factor, sp.Pow) else factor
        if isinstance(base, sp.Add):
            for term in base.args:
                for part in sp.Mul.make_args(term):
                    if isinstance(part, sp.Pow) and part.exp == -1 and part.base.is_Symbol:
                        found.add(part.base)
    return found


def _cleared(factor: sp.Expr, denominator: sp.Expr) -> sp.Expr:
    """(a + b/n)^e as (n a + b)^e n^-e."""
    base, exponent = factor.as_base_exp()
    if not isinstance(base, sp.Add) or not base.has(1 / denominator):
        return factor
    if not exponent.is_Integer:
        return factor
    multiplied = sp.Add(*(term * denominator for term in base.args))
    return multiplied**exponent * denominator ** (-exponent)


def index_names(taken: set[str]) -> Iterator[str]:
    """Names for bound indices: k, l, p, …, without those that are taken."""
    for number, name in product(range(10_000), _NAMES):
        candidate = name if number == 0 else f"{name}{number}"
        if candidate not in taken:
            yield candidate
