"""Sets of points given by strict linear inequalities: whether they are empty, points in them.

Case distinctions in definitions and rules compare inputs with each other and with numbers. Which
combinations of outcomes occur together is a question about linear inequalities, answered exactly
by eliminating one variable after the other (Fourier and Motzkin).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy as sp

__all__ = ["Inequality", "Region", "linear"]

_FINE = 1 << 10  # random points are multiples of 1 / _FINE where there is room for one
_WIDE = Fraction(3)


@dataclass(frozen=True)
class Inequality:
    """Σ factor · variable + constant > 0; variables by name."""

    factors: tuple[tuple[str, Fraction], ...]
    constant: Fraction

    def negated(self) -> Inequality:
        """The other side, without the boundary."""
        return Inequality(tuple((n, -f) for n, f in self.factors), -self.constant)


def _inequality(factors: Mapping[str, Fraction], constant: Fraction) -> Inequality:
    kept = sorted((name, factor) for name, factor in factors.items() if factor)
    scale = abs(kept[0][1]) if kept else Fraction(1)
    return Inequality(tuple((n, f / scale) for n, f in kept), constant / scale)


def linear(expression: sp.Expr) -> Inequality | None:
    """`expression > 0` as an inequality, or None where it is not linear with rational factors.

    >>> x, y = sp.symbols("x y")
    >>> linear(2 * x - y + 1).constant
    Fraction(1, 2)
    >>> linear(x * y) is None
    True
    """
    factors: dict[str, Fraction] = {}
    constant = Fraction(0)
    for term, factor in sp.expand(expression).as_coefficients_dict().items():
        if not factor.is_Rational:
            return None
        if term.is_Symbol:
            factors[term.name] = Fraction(int(factor.p), int(factor.q))
        elif term.is_Rational:
            constant += Fraction(int(factor.p * term.p), int(factor.q * term.q))
        else:
            return None
    return _inequality(factors, constant)


class Region:
    """The points at which some inequalities hold.

    >>> x, y = sp.symbols("x y")
    >>> region = Region([linear(x), linear(y - x)])
    >>> region.point(np.random.default_rng(0), ["x", "y"]) is None
    False
    >>> Region([*region.inequalities, linear(-y)]).is_empty()
    True
    """

    def __init__(self, inequalities: Sequence[Inequality] = ()) -> None:
        self.inequalities = tuple(dict.fromkeys(inequalities))
        self._stages: list[tuple[str, list[Inequality]]] | None = None
        self._empty: bool | None = None

    def with_(self, *more: Inequality) -> Region:
        """The points at which these hold as well."""
        return Region((*self.inequalities, *more))

    def is_empty(self) -> bool:
        """Whether no point satisfies all."""
        if self._empty is None:
            self._eliminate()
        return bool(self._empty)

    def implies(self, inequality: Inequality) -> bool:
        """Whether it holds (or is at its boundary) at all of these points."""
        return self.with_(inequality.negated()).is_empty()

    def _eliminate(self) -> None:
        current = set(self.inequalities)
        stages: list[tuple[str, list[Inequality]]] = []
        self._empty = False
        while True:
            for plain in [i for i in current if not i.factors]:
                if plain.constant <= 0:
                    self._empty = True
                    return
                current.discard(plain)
            if not current:
                break
            counts: dict[str, int] = {}
            for inequality in current:
                for name, _ in inequality.factors:
                    counts[name] = counts.get(name, 0) + 1
            name = min(counts, key=lambda n: (counts[n], n))
            involved = [i for i in current if any(n == name for n, _ in i.factors)]
            stages.append((name, involved))
            current -= set(involved)
            lower = [i for i in involved if dict(i.factors)[name] > 0]
            upper = [i for i in involved if dict(i.factors)[name] < 0]
            for low in lower:
                for high in upper:
                    current.add(_joined(low, high, name))
        self._stages = stages

    def point(self, rng: np.random.Generator, names: Sequence[str]) -> dict[str, Fraction] | None:
        """A random point, or None where there is none. Names without inequality are free."""
        if self.is_empty():
            return None
        assert self._stages is not None
        found: dict[str, Fraction] = {}
        for name, involved in reversed(self._stages):
            bounds: tuple[list[Fraction], list[Fraction]] = ([], [])
            for inequality in involved:
                factors = dict(inequality.factors)
                own = factors.pop(name)
                rest = inequality.constant
                for other, factor in factors.items():
                    if other not in found:
                        found[other] = _between(rng, None, None)
                    rest += factor * found[other]
                bounds[own < 0].append(-rest / own)
            found[name] = _between(rng, max(bounds[0], default=None), min(bounds[1], default=None))
        for name in names:
            if name not in found:
                found[name] = _between(rng, None, None)
        return found


def _joined(low: Inequality, high: Inequality, name: str) -> Inequality:
    first, second = dict(low.factors), dict(high.factors)
    a, b = first.pop(name), -second.pop(name)
    total = {n: f * b for n, f in first.items()}
    for other, factor in second.items():
        total[other] = total.get(other, Fraction(0)) + factor * a
    return _inequality(total, low.constant * b + high.constant * a)


def _between(rng: np.random.Generator, low: Fraction | None, high: Fraction | None) -> Fraction:
    """A random number between two, not zero; a multiple of 1/1024 where the gap is wide enough."""
    if low is None and high is None:
        low, high = -_WIDE, _WIDE
    elif low is None:
        assert high is not None
        low = high - _WIDE
    elif high is None:
        high = low + _WIDE
    assert low is not None
    assert high is not None
    high = min(high, low + 2 * _WIDE) if high > low + 2 * _WIDE else high
    found = Fraction(0)
    while found == 0:
        found = low + (high - low) * Fraction(int(rng.integers(1, _FINE)), _FINE)
    rounded = Fraction(round(found * _FINE), _FINE)
    return rounded if low < rounded < high and rounded != 0 else found
