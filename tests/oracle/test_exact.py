"""Rational evaluation: exact where it can be, and honest where it cannot."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
import sympy as sp

from reference import build
from reference.differentiate import vjp
from reference.domains import exact
from reference.graph import Constant, Input, Map, Node, argument

a, b = argument(0), argument(1)


def fractions_of(node: Node) -> Any:
    return np.vectorize(exact.to_fraction, otypes=[object])(exact.evaluate([node])[0]).tolist()


def test_the_tutorial() -> None:
    x = Input("x", (2, 2), np.ones((2, 2)))
    y = build.add(x, 2)
    z = build.mean(build.multiply(build.multiply(y, y), 3))
    slope = vjp([z], [x], [Constant(1)])[0]
    assert slope is not None
    assert fractions_of(z) == 27
    assert fractions_of(slope) == [[Fraction(9, 2)] * 2] * 2


def test_floats_are_exact() -> None:
    tenth = np.float32(0.1)
    doubled = build.multiply(Constant(np.array([tenth])), 2)
    assert fractions_of(doubled) == [2 * Fraction(float(tenth))]
    assert fractions_of(Constant(Fraction(1, 10))) == Fraction(1, 10)


def test_agreement_with_fractions() -> None:
    rng = np.random.default_rng(3)
    left, right = (rng.integers(-9, 10, size=(3, 3)) for _ in range(2))
    node = build.divide(build.matmul(left, right), build.add(build.multiply(left, left), 1))
    for i in range(3):
        for j in range(3):
            top = sum(int(left[i, k]) * int(right[k, j]) for k in range(3))
            assert fractions_of(node)[i][j] == Fraction(top, int(left[i, j]) ** 2 + 1)


@pytest.mark.parametrize(
    ("expression", "point", "value"),
    [
        (sp.sqrt(a), Fraction(9, 4), Fraction(3, 2)),
        (a ** sp.Rational(-3, 2), Fraction(4), Fraction(1, 8)),
        (sp.exp(a), 0, 1),
        (sp.log(a), 1, 0),
        (sp.Abs(a), -3, 3),
        (sp.floor(a), Fraction(7, 2), 3),
    ],
)
def test_functions_that_are_rational_here(expression: Any, point: Any, value: Any) -> None:
    assert fractions_of(Map(expression, [Constant(point)])) == value


def test_not_exact_names_the_node() -> None:
    node = Map(sp.exp(a), [Constant(1)])
    with pytest.raises(exact.NotExact, match=r"exp\(1\) is not rational") as caught:
        exact.evaluate([Map(a + 1, [node])])
    assert caught.value.node is node
    for expression, point in ((sp.sqrt(a), 2), (1 / a, 0), (sp.pi * a, 1), (sp.log(a), -1)):
        with pytest.raises(exact.NotExact):
            exact.evaluate([Map(expression, [Constant(point)])])


def test_masked_branch() -> None:
    x = Input("x", (3,), np.array([-1.0, 0.0, 2.0]))
    y = build.where(build.greater(x, 0), build.divide(1, x), 0)
    slope = vjp([y], [x], [Constant(np.ones(3))])[0]
    assert slope is not None
    values = exact.evaluate([y, slope], forward=[y])
    assert [exact.to_fraction(v) for v in values[0]] == [0, 0, Fraction(1, 2)]
    assert [exact.to_fraction(v) for v in values[1]] == [0, 0, Fraction(-1, 4)]


def test_linear_solve_and_its_gradient() -> None:
    matrix = Input("A", (2, 2), np.array([[2.0, 1.0], [1.0, 3.0]]))
    right = Input("b", (2,), np.array([1.0, 2.0]))
    x = build.solve_linear(matrix, right)
    total = build.sum(x)
    by_matrix, by_right = vjp([total], [matrix, right], [Constant(1)])
    assert by_matrix is not None
    assert by_right is not None
    a_, x_ = sp.Matrix([[2, 1], [1, 3]]), sp.Matrix([1, 2])
    solution = a_.inv() * x_
    weight = a_.inv().T * sp.ones(2, 1)
    assert fractions_of(x) == [Fraction(int(v.p), int(v.q)) for v in solution]
    assert fractions_of(by_right) == [Fraction(int(v.p), int(v.q)) for v in weight]
    expected = -weight * solution.T
    assert fractions_of(by_matrix) == [
        [Fraction(int(v.p), int(v.q)) for v in expected.row(i)] for i in range(2)
    ]


def test_singular_system() -> None:
    node = build.solve_linear(Constant(np.ones((2, 2))), Constant(np.ones(2)))
    with pytest.raises(exact.NotExact, match="singular"):
        exact.evaluate([node])


def test_nonlinear_equations_are_left_to_balls() -> None:
    node = build.root(lambda u, q: build.subtract(build.multiply(u, u), q), 1,
                      [Constant(np.array([4.0]))], start=np.sqrt)  # fmt: skip
    with pytest.raises(exact.NotExact, match="not linear"):
        exact.evaluate([node])


def test_sorting() -> None:
    x = Input("x", (3,), np.array([3.0, 1.0, 2.0]))
    y = build.sort(x)
    slope = vjp([y], [x], [Constant(np.array([10.0, 20.0, 30.0]))])[0]
    assert slope is not None
    assert fractions_of(y) == [1, 2, 3]
    assert fractions_of(slope) == [30, 10, 20]


def test_rationals_from_anything_exact() -> None:
    values = exact.to_rationals([1, 0.5, Fraction(1, 3), sp.Rational(2, 7), True])
    assert [exact.to_fraction(v) for v in values] == [
        1, Fraction(1, 2), Fraction(1, 3), Fraction(2, 7), 1
    ]  # fmt: skip
    assert isinstance(values[0], flint.fmpq)


def test_infinity_is_not_exact() -> None:
    with pytest.raises(exact.NotExact):
        exact.evaluate([Constant(np.array([np.inf]))])
