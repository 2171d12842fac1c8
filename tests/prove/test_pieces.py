"""The parts that proofs are made of: regions, zeros, floats, arrays of symbols, points."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from reference import build
from reference.domains.closed_form import evaluate
from reference.graph import Input, Node
from reference.prove.array import FLOAT, Array
from reference.prove.constants import meant
from reference.prove.elements import Path, TooManyCases, Undecided, elements, explore
from reference.prove.namespace import bound
from reference.prove.points import difference_at
from reference.prove.region import Inequality, Region
from reference.prove.zero import is_zero, same

NAMES = ("a", "b", "c")
X, Y = sp.symbols("x y", real=True)
P = sp.Symbol("p", positive=True)

inequalities = st.lists(
    st.builds(
        lambda factors, constant: Inequality(
            tuple((n, Fraction(f)) for n, f in zip(NAMES, factors, strict=True) if f),
            Fraction(constant),
        ),
        st.tuples(*(st.integers(-2, 2) for _ in NAMES)),
        st.integers(-3, 3),
    ),
    max_size=5,
)


def holds(inequality: Inequality, point: dict[str, Fraction]) -> bool:
    total = sum((f * point[n] for n, f in inequality.factors), inequality.constant)
    return total > 0


@settings(deadline=None, derandomize=True, max_examples=150)
@given(inequalities, st.integers(0, 5))
def test_a_point_of_a_region_satisfies_all(some: list[Inequality], seed: int) -> None:
    region = Region(some)
    point = region.point(np.random.default_rng(seed), NAMES)
    assert (point is None) == region.is_empty()
    if point is not None:
        assert all(holds(inequality, point) for inequality in some)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(inequalities, st.tuples(*(st.fractions(-4, 4, max_denominator=3) for _ in NAMES)))
def test_a_region_with_a_point_is_not_empty(
    some: list[Inequality], values: tuple[Fraction, ...]
) -> None:
    point = dict(zip(NAMES, values, strict=True))
    assert not Region([i for i in some if holds(i, point)]).is_empty()


@pytest.mark.parametrize(
    "expression",
    [
        sp.exp(X + Y) - sp.exp(X) * sp.exp(Y),
        1 - sp.tanh(X) ** 2 - 4 * sp.exp(-2 * X) / (1 + sp.exp(-2 * X)) ** 2,
        sp.sin(2 * X) - 2 * sp.sin(X) * sp.cos(X),
        1 + sp.tan(X) ** 2 - 1 / sp.cos(X) ** 2,
        P / sp.sqrt(P**3 + P) - sp.sqrt(P**3 + P) / (P**2 + 1),
        P * sp.sqrt(1 + Y**2 / P**2) - sp.sqrt(P**2 + Y**2),
        P**Y / P - P ** (Y - 1),
        sp.log(1 + sp.exp(X - Y)) + Y - sp.log(sp.exp(X) + sp.exp(Y)),
    ],
    ids=str,
)
def test_zeros_are_seen(expression: sp.Expr) -> None:
    assert is_zero(expression)


@pytest.mark.parametrize(
    "expression",
    [
        X - Y,
        sp.exp(X) - 1 - X,
        sp.sqrt(X**2 + 1) - X,
        sp.nan,
        0 * sp.zoo,
        1e-30 * X,
        sp.tan(X) - X,
    ],
    ids=str,
)
def test_what_is_not_zero_is_never_said_to_be(expression: sp.Expr) -> None:
    assert not is_zero(expression)
    assert same(expression, sp.Integer(0)) is None


@pytest.mark.parametrize("top", range(1, 8))
@pytest.mark.parametrize("bottom", [1, 3, 7, 10, 1000])
def test_ratios_are_recognised(top: int, bottom: int) -> None:
    assert meant(top / bottom) == sp.Rational(top, bottom)


def test_floats_that_are_near_nothing_simple_are_taken_as_they_are() -> None:
    assert meant(1.12838) == sp.Rational(112838, 100000)
    for value in (math.pi * 1.0000001, 2.0**-40, 0.123456789012345):
        assert meant(value) == sp.Rational(*value.as_integer_ratio())
    assert meant(math.inf) == sp.oo
    assert meant(math.pi / 2) == sp.pi / 2


def symbols(*shape: int) -> Array:
    return Array(Input("x", shape), FLOAT, bound())


def formula(array: Array) -> Any:
    return evaluate([array.node])[0].tolist()


def test_arrays_do_what_numpys_do() -> None:
    x = symbols(2, 2)
    xp = x.__array_namespace__()
    a, b, c, d = (sp.IndexedBase("x", real=True)[i, j] for i in (0, 1) for j in (0, 1))
    assert formula(2 * x - x / 4) == [[2 * v - v / 4 for v in row] for row in ((a, b), (c, d))]
    assert formula(np.ones(2) @ x) == [a + c, b + d]
    assert formula(x[0, ::-1]) == [b, a]
    assert formula(xp.flip(xp.cumulative_sum(x, axis=1), axis=0)) == [[c, c + d], [a, a + b]]
    assert formula(xp.add_at(xp.zeros(2), np.array([0, 0]), x[0])) == [a + b, 0]
    assert formula(xp.prod(x, axis=0)) == [a * c, b * d]
    assert formula(xp.tril(x)) == [[a, 0], [c, d]]


def test_writing_into_a_diagonal_writes_into_the_array() -> None:
    x = symbols(2)
    whole = x.__array_namespace__().zeros((2, 3))
    whole.diagonal(1)[...] = x
    first, second = (sp.IndexedBase("x", real=True)[i] for i in (0, 1))
    assert formula(whole) == [[0, first, 0], [0, 0, second]]


def test_arrays_have_no_truth_and_name_what_is_missing() -> None:
    x = symbols(2)
    with pytest.raises(TypeError, match=r"xp\.where"):
        bool(x == 1)
    with pytest.raises(AttributeError, match="no function 'fft'"):
        x.__array_namespace__().fft(x)
    with pytest.raises(TypeError, match="orders=True"):
        x.__array_namespace__().argsort(x)


def paths(node: Node, *inputs: Input) -> list[Any]:
    table = {
        value: np.array([sp.Symbol(f"{value.name}{i}", real=True) for i in range(value.size)])
        for value in inputs
    }
    found = explore(
        lambda path: elements([node], table, path)[0].tolist(), Region(), np.random.default_rng(0)
    )
    return [result for _, result in found]


def test_every_case_is_gone_through_once() -> None:
    x = Input("x", (3,))
    tops = paths(build.reshape(build.largest(x), (1,)), x)
    assert {str(top) for (top,) in tops} == {"x0", "x1", "x2"}
    assert len(paths(build.sort(x), x)) == 6
    assert len(paths(build.absolute(x), x)) == 8
    nested = build.where(build.less(x, 0), build.absolute(x), build.maximum(x, -1))
    assert len(paths(nested, x)) == 27  # below -1, below 0, above: nothing contradicts itself


def test_too_many_cases_are_said_to_be_so() -> None:
    x = Input("x", (9,))
    with pytest.raises(TooManyCases, match="smaller shape"):
        paths(build.absolute(x), x)
    loose = Input("y", (1,))
    with pytest.raises(Undecided, match="y has no expressions"):
        paths(loose, x)


def test_ties_that_hold_everywhere_are_ties() -> None:
    path = Path(Region(), [], np.random.default_rng(0))
    assert path.decide("==", (X + 1) ** 2, X**2 + 2 * X + 1)
    assert not path.decide("==", X, Y)
    assert path.decide("==", sp.sin(X) ** 2, 1 - sp.cos(X) ** 2)
    assert path.decide(">", X, Y) != path.decide("<", X, Y)


def test_points_refute_and_never_confuse_undefined_with_equal() -> None:
    x = Input("x", ())
    at = {x: np.array(Fraction(0), dtype=object)}
    quotient = build.divide(build.multiply(x, x), x)
    refuted = difference_at(quotient, x, at)
    assert refuted is not None
    assert refuted.certain
    assert "nan" in refuted.text
    assert difference_at(x, quotient, at) is None
