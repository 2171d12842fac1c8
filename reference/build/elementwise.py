"""Elementwise mathematics: scalar SymPy expressions over broadcast arguments.

Case distinctions are written with :func:`where`, comparisons and `sp.Piecewise`, so that every
kink stays a visible comparison. Plain numbers become part of the expression and mean exactly what
they hold: `0.1` is the float64 nearest to 1/10, `Fraction(1, 10)` is 1/10.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import reduce as fold
from numbers import Integral, Real
from typing import Any

import numpy as np
import sympy as sp

from reference.graph import Constant, Map, Node, argument

__all__ = [
    "Value",
    "absolute",
    "add",
    "clip",
    "condition",
    "divide",
    "elementwise",
    "equal",
    "exact_number",
    "greater",
    "greater_equal",
    "is_number",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "node",
    "not_equal",
    "power",
    "sign",
    "subtract",
    "truth",
    "where",
]

Value = Any
"""What every function here takes: a Node, a number, or an array of numbers."""


def is_number(value: object) -> bool:
    """Whether `value` is one plain number (not an array, not a node).

    >>> is_number(2), is_number(Fraction(1, 2)), is_number(np.ones(2))
    (True, True, False)
    """
    return isinstance(value, (Real, sp.Expr, np.bool_))


def exact_number(value: Any) -> sp.Expr:
    """The SymPy number that is exactly `value`; a float means what its bits say.

    >>> exact_number(0.5), exact_number(Fraction(1, 3)), exact_number(float("inf"))
    (1/2, 1/3, oo)
    """
    if isinstance(value, sp.Float):
        return sp.Rational(value)
    if isinstance(value, sp.Expr):
        return value
    if isinstance(value, (bool, np.bool_, Integral)):
        return sp.Integer(int(value))
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    number = float(value)
    if math.isnan(number):
        return sp.nan
    if math.isinf(number):
        return sp.oo if number > 0 else -sp.oo
    return sp.Rational(*number.as_integer_ratio())


def node(value: Value) -> Node:
    """`value` as a node: nodes stay what they are, numbers and arrays become constants.

    >>> node(3).shape, node([[1.0, 2.0]]).shape
    ((), (1, 2))
    """
    if isinstance(value, Node):
        return value
    if isinstance(value, np.ndarray):
        return Constant(value)
    if is_number(value):
        return Constant(value)
    return Constant(np.asarray(value))


def elementwise(function: Callable[..., Any], *values: Value) -> Node:
    """`function` of SymPy scalars applied to every element of the broadcast values.

    function: from as many SymPy expressions as there are values to one SymPy expression.

    >>> elementwise(lambda x, y: sp.exp(x) + y, [1.0, 2.0], 3).expression
    exp(a0) + 3
    """
    inputs: list[Node] = []
    arguments: list[sp.Expr] = []
    for value in values:
        if is_number(value):
            arguments.append(exact_number(value))
        else:
            arguments.append(argument(len(inputs)))
            inputs.append(node(value))
    expression = sp.sympify(function(*arguments))
    if not inputs and expression.is_Rational:
        return Constant(expression)
    return Map(expression, inputs)


def add(x: Value, y: Value) -> Node:
    """x + y."""
    return elementwise(lambda a, b: a + b, x, y)


def subtract(x: Value, y: Value) -> Node:
    """x - y."""
    return elementwise(lambda a, b: a - b, x, y)


def multiply(x: Value, y: Value) -> Node:
    """x · y."""
    return elementwise(lambda a, b: a * b, x, y)


def divide(x: Value, y: Value) -> Node:
    """x / y."""
    if is_number(y) and y == 0:
        y = Constant(0)  # stays an argument, so that evaluation meets the division by zero
    return elementwise(lambda a, b: a / b, x, y)


def negative(x: Value) -> Node:
    """-x."""
    return elementwise(lambda a: -a, x)


def power(x: Value, y: Value) -> Node:
    """x to the power y; a constant exponent is part of the expression.

    >>> power(node([2.0]), node(3)).expression
    a0**3
    """
    if isinstance(y, Constant) and y.shape == () and is_number(y.value[()]):
        y = y.value[()]
    if is_number(x) and x == 0:  # 0^y has no logarithm to differentiate through
        return elementwise(
            lambda b: sp.Piecewise((0, b > 0), (1, sp.Eq(b, 0)), (1 / (b - b), True)), y
        )
    return elementwise(lambda a, b: a**b, x, y)


def truth(relation: Callable[..., Any], *values: Value) -> Node:
    """1 where the relation holds, else 0.

    >>> truth(lambda a: a > 0, node([1.0, -1.0])).expression
    Piecewise((1, a0 > 0), (0, True))
    """

    def indicator(*arguments: sp.Expr) -> Any:
        return sp.Piecewise((1, relation(*arguments)), (0, True))

    return elementwise(indicator, *values)


def less(x: Value, y: Value) -> Node:
    """1 where x < y, else 0."""
    return truth(sp.Lt, x, y)


def less_equal(x: Value, y: Value) -> Node:
    """1 where x ≤ y, else 0."""
    return truth(sp.Le, x, y)


def greater(x: Value, y: Value) -> Node:
    """1 where x > y, else 0."""
    return truth(sp.Gt, x, y)


def greater_equal(x: Value, y: Value) -> Node:
    """1 where x ≥ y, else 0."""
    return truth(sp.Ge, x, y)


def equal(x: Value, y: Value) -> Node:
    """1 where x = y, else 0."""
    return truth(sp.Eq, x, y)


def not_equal(x: Value, y: Value) -> Node:
    """1 where x ≠ y, else 0."""
    return truth(sp.Ne, x, y)


def condition(value: Value, first: int = 0) -> tuple[Any, list[Node]]:
    """A truth value (1 or 0) as a SymPy condition and the nodes that it reads.

    The nodes' arguments are numbered from `first` on. A comparison is handed over as it stands;
    of any other truth value it is asked whether it is above 1/2, which can never be a tie.
    """
    if is_number(value):
        return sp.true if value else sp.false, []
    held = node(value)
    if isinstance(held, Map) and isinstance(held.expression, sp.Piecewise):
        branches = held.expression.args
        if len(branches) == 2 and branches[0][0] == 1 and branches[1] == (0, True):
            shift = {argument(i): argument(first + i) for i in range(len(held.inputs))}
            return branches[0][1].xreplace(shift), list(held.inputs)
    return argument(first) > sp.Rational(1, 2), [held]


def where(chosen: Value, x: Value, y: Value) -> Node:
    """x where `chosen` is true, else y: one case distinction.

    chosen: truth values (comparisons, or numbers 1 and 0).

    >>> a = node([1.0])
    >>> where(less(a, 0), a, 2).expression
    Piecewise((a1, a0 < 0), (2, True))
    """
    holds, inputs = condition(chosen)
    branches: list[sp.Expr] = []
    for value in (x, y):
        if is_number(value):
            branches.append(exact_number(value))
        else:
            branches.append(argument(len(inputs)))
            inputs.append(node(value))
    return Map(sp.Piecewise((branches[0], holds), (branches[1], True)), inputs)


def logical_and(x: Value, y: Value) -> Node:
    """1 where both truth values hold, else 0."""
    first, inputs = condition(x)
    second, others = condition(y, len(inputs))
    return Map(sp.Piecewise((1, sp.And(first, second)), (0, True)), [*inputs, *others])


def logical_or(x: Value, y: Value) -> Node:
    """1 where either truth value holds, else 0."""
    first, inputs = condition(x)
    second, others = condition(y, len(inputs))
    return Map(sp.Piecewise((1, sp.Or(first, second)), (0, True)), [*inputs, *others])


def logical_not(x: Value) -> Node:
    """1 where the truth value does not hold, else 0."""
    holds, inputs = condition(x)
    return Map(sp.Piecewise((1, sp.Not(holds)), (0, True)), inputs)


def maximum(x: Value, y: Value) -> Node:
    """The larger of x and y."""
    return elementwise(lambda a, b: sp.Piecewise((a, sp.Ge(a, b)), (b, True)), x, y)


def minimum(x: Value, y: Value) -> Node:
    """The smaller of x and y."""
    return elementwise(lambda a, b: sp.Piecewise((a, sp.Le(a, b)), (b, True)), x, y)


def clip(x: Value, low: Value = None, high: Value = None) -> Node:
    """min(max(x, low), high); a bound of None is absent."""
    bounded = node(x)
    if low is not None:
        bounded = maximum(bounded, low)
    if high is not None:
        bounded = minimum(bounded, high)
    return bounded


def absolute(x: Value) -> Node:
    """|x|."""
    return elementwise(lambda a: sp.Piecewise((a, sp.Ge(a, 0)), (-a, True)), x)


def sign(x: Value) -> Node:
    """-1, 0 or 1."""
    return elementwise(lambda a: sp.Piecewise((1, a > 0), (-1, a < 0), (0, True)), x)


def add_all(values: list[Node]) -> Node:
    """The sum of several nodes in one expression."""
    if len(values) == 1:
        return values[0]
    return elementwise(lambda *terms: fold(lambda a, b: a + b, terms), *values)
