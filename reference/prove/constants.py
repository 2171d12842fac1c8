"""The real number that a float in a rule stands for.

A rule can only hold floats: its 2/√π is the float nearest to that number. A proof is about the
number meant, so every float is taken for the simplest exact number that it is the nearest float
to; which those were is part of the proof's text.
"""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Integral
from typing import Any

import sympy as sp

__all__ = ["meant"]

_SHORT = 1 << 20  # a float with a denominator up to this is the number that it holds
_LARGEST = 1_000_000  # of a denominator that a ratio may have
_CLOSE = 4e-16  # two roundings of a product: relative

_IRRATIONAL = tuple(
    (number, float(number))
    for number in (
        sp.sqrt(sp.pi),
        1 / sp.sqrt(sp.pi),
        sp.pi,
        1 / sp.pi,
        sp.sqrt(2),
        sp.sqrt(2 * sp.pi),
        1 / sp.sqrt(2 * sp.pi),
        sp.sqrt(2 / sp.pi),
        sp.log(2),
        sp.log(10),
        1 / sp.log(2),
        1 / sp.log(10),
    )
)


def meant(value: Any) -> sp.Expr:
    """The number that a Python or NumPy number stands for.

    A float that is the nearest to no simple number stands for what it holds, bit by bit.

    >>> meant(0.1), meant(2 / 3), meant(2 / math.sqrt(math.pi)), meant(0.5)
    (1/10, 2/3, 2/sqrt(pi), 1/2)
    >>> meant(1.1283791670) == sp.Rational(*(1.1283791670).as_integer_ratio())
    True
    """
    if isinstance(value, sp.Expr):
        return value
    if isinstance(value, Integral) or type(value).__name__ in ("bool", "bool_"):
        return sp.Integer(int(value))
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    number = float(value)
    if not math.isfinite(number):
        return {True: sp.oo, False: -sp.oo}[number > 0] if math.isinf(number) else sp.nan
    top, bottom = number.as_integer_ratio()
    if bottom <= _SHORT:
        return sp.Rational(top, bottom)
    simple = Fraction(top, bottom).limit_denominator(_LARGEST)
    if float(simple) == number:
        return sp.Rational(simple.numerator, simple.denominator)
    for symbol, size in _IRRATIONAL:
        factor = Fraction(number / size).limit_denominator(1000)
        if factor and abs(float(factor) * size / number - 1) <= _CLOSE:
            return sp.Rational(factor.numerator, factor.denominator) * symbol
    return sp.Rational(top, bottom)
