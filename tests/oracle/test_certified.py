"""Balls hold the values that mpmath computes to 60 digits by another route."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp

from reference import build
from reference.differentiate import vjp
from reference.domains.certified import evaluate, examine, to_balls
from reference.domains.compile import compile_expression, is_discrete
from reference.graph import Constant, Contract, IndexMap, Input, Map, Node, Put, argument

a, b = argument(0), argument(1)


@pytest.fixture(autouse=True)
def sixty_digits() -> Iterator[None]:
    with mpmath.workdps(60):
        yield


def as_mpf(ball: Any) -> mpmath.mpf:
    mantissa, exponent = ball.mid().man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


def holds(ball: Any, value: Any, digits: int = 25) -> bool:
    """Whether a value known to `digits` relative digits may lie in the ball."""
    value = mpmath.mpf(value)
    slack = abs(value) * mpmath.mpf(10) ** -digits + mpmath.mpf(10) ** -digits
    return bool(abs(as_mpf(ball) - value) <= as_mpf(ball.rad()) + slack)


def values_of(node: Node, precision: int = 128) -> np.ndarray:
    return evaluate([node], precision=precision)[0]


FUNCTIONS: list[tuple[Any, Callable[..., Any], list[float]]] = [
    (sp.exp(a), mpmath.exp, [-2.5, 0.0, 3.0]),
    (sp.log(a), mpmath.log, [0.25, 1.0, 7.5]),
    (sp.sqrt(a), mpmath.sqrt, [0.25, 2.0]),
    (a ** sp.Rational(-3, 2), lambda x: x ** mpmath.mpf(-1.5), [0.25, 2.0]),
    (sp.cbrt(a), mpmath.cbrt, [0.25, 2.0]),
    (sp.sin(a) * sp.cos(a) / (1 + a**2), lambda x: mpmath.sin(x) * mpmath.cos(x) / (1 + x * x),
     [-1.5, 0.5]),
    (sp.tan(a), mpmath.tan, [-1.0, 0.5]),
    (sp.tanh(a), mpmath.tanh, [-1.0, 20.0]),
    (sp.asinh(a), mpmath.asinh, [-1.0, 0.5]),
    (sp.acosh(a), mpmath.acosh, [1.5]),
    (sp.atan(a), mpmath.atan, [-1.0, 0.5]),
    (sp.erf(a), mpmath.erf, [-1.0, 0.5]),
    (sp.erfc(a), mpmath.erfc, [5.0]),
    (sp.gamma(a), mpmath.gamma, [0.5, 4.5]),
    (sp.loggamma(a), mpmath.loggamma, [0.5, 4.5]),
    (sp.digamma(a), mpmath.digamma, [0.5, -0.5]),
    (sp.polygamma(2, a), lambda x: mpmath.polygamma(2, x), [0.5, 3.0]),
    (sp.besselj(1, a), lambda x: mpmath.besselj(1, x), [0.5, 3.0]),
    (sp.besseli(0, a), lambda x: mpmath.besseli(0, x), [0.5, 3.0]),
    (sp.besselk(1, a), lambda x: mpmath.besselk(1, x), [0.5, 3.0]),
    (sp.LambertW(a), lambda x: mpmath.lambertw(x).real, [0.5, 3.0]),
    (sp.erfinv(a), mpmath.erfinv, [0.25]),
    (sp.Abs(a), abs, [-2.0, 3.0]),
    (sp.pi * a + sp.E, lambda x: mpmath.pi * x + mpmath.e, [-2.0]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "function", "points"), FUNCTIONS, ids=[str(row[0]) for row in FUNCTIONS]
)
def test_function_and_its_derivative(
    expression: Any, function: Callable[..., Any], points: list[float]
) -> None:
    x = Input("x", (len(points),), np.array(points))
    y = Map(expression, [x])
    slope = vjp([y], [x], [Constant(np.ones(len(points)))])[0]
    assert slope is not None
    for node, reference in ((y, function), (slope, lambda p: mpmath.diff(function, p))):
        for ball, point in zip(values_of(node, 160), points, strict=True):
            assert holds(ball, reference(mpmath.mpf(point)), 22)


def test_power_of_two_variables() -> None:
    x, y = Input("x", (), np.array(2.5)), Input("y", (), np.array(-1.25))
    z = Map(a**b, [x, y])
    slopes = vjp([z], [x, y], [Constant(1)])
    for ball, order in zip(evaluate([n for n in slopes if n]), ((1, 0), (0, 1)), strict=True):
        assert holds(ball[()], mpmath.diff(lambda p, q: p**q, (2.5, -1.25), order), 22)


def test_precision_shrinks_the_radius() -> None:
    third = Map(1 / a, [Constant(3)])
    radii = [float(values_of(third, bits)[()].rad()) for bits in (64, 128, 256)]
    assert radii[0] > radii[1] > radii[2] > 0


def test_working_precision_is_restored() -> None:
    before = flint.ctx.prec
    values_of(Constant(np.array([1.0])), 300)
    assert flint.ctx.prec == before


def test_numbers_mean_what_they_hold() -> None:
    balls = to_balls([Fraction(1, 3), sp.pi, 2, 0.1, np.float32(0.1)])
    assert holds(balls[0], mpmath.mpf(1) / 3, 15)
    assert holds(balls[1], mpmath.pi, 15)
    assert balls[3] == flint.arb(0.1)
    assert balls[4] == flint.arb(float(np.float32(0.1)))


def test_input_without_value_is_named() -> None:
    with pytest.raises(ValueError, match="'speed' has no value"):
        evaluate([Input("speed", (2,))])
    with pytest.raises(ValueError, match="binding"):
        evaluate([x := Input("speed", (2,))], {x: np.ones(3)})


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("ij,jk->ik", [(5, 7), (7, 6)]),
        ("ij,kj->ki", [(5, 7), (6, 7)]),
        ("bij,bjk->bik", [(2, 3, 4), (2, 4, 3)]),
        ("bij,bjk->kib", [(2, 3, 4), (2, 4, 3)]),
        ("i,i->", [(30,), (30,)]),
        ("ij,j->i", [(40, 30), (30,)]),
        ("ij,jk,kl->il", [(3, 4), (4, 5), (5, 2)]),
        ("ij->ji", [(3, 4)]),
        ("ij->", [(3, 4)]),
        ("i,j->ij", [(3,), (4,)]),
        ("ijkl,klmn->mnij", [(2, 3, 4, 5), (4, 5, 3, 2)]),
        ("ij,jk->ik", [(5, 0), (0, 6)]),
        ("ij,jk->", [(4, 5), (5, 6)]),
    ],
)
def test_contractions(text: str, shapes: Sequence[tuple[int, ...]]) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.integers(-8, 9, size=shape) / 4 for shape in shapes]
    node = build.einsum(text, *(Constant(array) for array in arrays))
    expected = np.einsum(text, *arrays)
    found = values_of(node)
    assert found.shape == expected.shape
    assert all(
        ball == flint.arb(float(v))
        for ball, v in zip(found.ravel(), expected.ravel(), strict=True)
    )


def test_put_adds_what_arrives_at_one_place() -> None:
    index = IndexMap((3,), (4,), np.array([2, 2, -1, 0]))
    node = Put(Constant(np.array([1.0, 2.0, 4.0, 8.0])), index)
    found = examine([node], precision=64, forward=[node]).values[0]
    assert [float(v) for v in found] == [8.0, 0.0, 3.0]


def test_shared_subexpressions_are_computed_once() -> None:
    inner = sp.exp(a + 1)
    steps = compile_expression(inner / (1 + inner) ** 2).steps
    assert sum(step.payload == "exp" for step in steps) == 1


def test_unknown_expressions_are_refused() -> None:
    with pytest.raises(ValueError, match="not an argument"):
        compile_expression(sp.Symbol("t") + 1)
    with pytest.raises(ValueError, match="no certified evaluation"):
        values_of(Map(sp.Function("mystery")(a), [Constant(1)]))


def test_only_the_selected_branch_is_evaluated() -> None:
    x = Input("x", (3,), np.array([-1.0, 0.0, 4.0]))
    y = build.where(build.greater(x, 0), build.elementwise(sp.sqrt, x), 0)
    slope = vjp([y], [x], [Constant(np.ones(3))])[0]
    assert slope is not None
    found = examine([y, slope], precision=64, forward=[y])
    assert [float(v) for v in found.values[0]] == [0.0, 0.0, 2.0]
    assert [float(v) for v in found.values[1]] == [0.0, 0.0, 0.25]


def test_what_is_never_read_leaves_no_trace() -> None:
    x = Input("x", (3,), np.array([0.0, 1.0, 4.0]))
    y = build.sum(build.getitem(build.elementwise(sp.sqrt, x), slice(1, None)))
    slope = vjp([y], [x], [Constant(1)])[0]
    assert slope is not None
    found = examine([slope], precision=64, forward=[y]).values[0]
    assert [float(v) for v in found] == [0.0, 0.5, 0.25]


def test_a_plain_zero_does_not_hide_an_undefined_factor() -> None:
    x = Input("x", (), np.array(-1.0))
    y = build.multiply(build.where(build.greater(x, 0), 1, 0), build.elementwise(sp.log, x))
    assert not examine([y], precision=64, forward=[y]).values[0][()].is_finite()


def test_ties_are_recorded() -> None:
    x = Input("x", (4,), np.array([-1.0, 0.0, 2.0, 0.0]))
    found = examine([Map(sp.Piecewise((a, a > 0), (-a, True)), [x])], precision=64)
    assert [tie.positions for tie in found.ties] == [(1, 3)]
    assert not found.undecided


def test_a_mask_that_is_false_is_no_tie() -> None:
    x = Input("x", (3,), np.array([1.0, 2.0, 3.0]))
    constant = Constant(np.array([1, 0, 1]))
    y = build.where(build.greater(constant, 0), x, 0)
    z = build.where(build.greater(x, 2.5), x, 0)
    assert not examine([y, z], precision=64).ties


def test_overlapping_sides_give_both_branches() -> None:
    third = Map(1 / a, [Constant(3)])
    gap = Map(3 * a - 1, [third])
    x = Input("x", (), np.array(0.0))
    y = Map(sp.Piecewise((sp.S(5), b >= 0), (sp.S(7), True)), [x, Map(a + b, [gap, x])])
    found = examine([y], precision=64)
    ball = found.values[0][()]
    assert ball.contains(5)
    assert ball.contains(7)
    assert found.undecided


def test_conditions_combine() -> None:
    condition = sp.Or(sp.And(a > 0, a < 2), sp.Not(a < 5))
    node = Map(
        sp.Piecewise((1, condition), (0, True)), [Constant(np.array([-1.0, 1.0, 3.0, 5.0, 6.0]))]
    )
    assert [float(v) for v in values_of(node)] == [0, 1, 0, 1, 1]


def test_order_by_certified_ranks() -> None:
    x = Input("x", (5,), np.array([3.0, -1.0, 2.0, 0.5, 9.0]))
    y = build.sort(Map(sp.exp(a), [x]))
    slope = vjp([y], [x], [Constant(np.arange(5.0))])[0]
    assert slope is not None
    found = examine([y, slope], precision=96, forward=[y])
    assert not found.unordered
    assert not found.ties
    order = np.argsort([3.0, -1.0, 2.0, 0.5, 9.0])
    for place, source in enumerate(order):
        value = mpmath.exp([3.0, -1.0, 2.0, 0.5, 9.0][source])
        assert holds(found.values[0][place], value)
        assert holds(found.values[1][source], place * value)


def test_equal_keys_are_ties_and_unsure_ones_are_told() -> None:
    x = Input("x", (3,), np.array([1.0, 2.0, 1.0]))
    found = examine([build.sort(x)], precision=64)
    assert [tie.positions for tie in found.ties] == [(0, 2)]
    unsure = examine([build.sort(Map(sp.exp(a), [x]))], precision=64)
    assert unsure.unordered


def test_equal_keys_in_different_rows_do_not_matter() -> None:
    x = Input("x", (2, 2), np.array([[1.0, 2.0], [2.0, 1.0]]))
    found = examine([build.sort(Map(sp.exp(a), [x]))], precision=64)
    assert not found.unordered
    assert not found.ties


def test_discrete_expressions() -> None:
    assert is_discrete(sp.Piecewise((1, a > 0), (0, True)))
    assert is_discrete(sp.floor(a))
    assert not is_discrete(sp.Piecewise((a, a > 0), (0, True)))


def test_a_deep_graph_needs_no_recursion() -> None:
    x = Input("x", (), np.array(1.0))
    y: Node = x
    for _ in range(5000):
        y = Map(a + b, [y, x])
    slope = vjp([y], [x], [Constant(1)])[0]
    assert slope is not None
    assert float(values_of(slope)[()]) == 5001.0


def test_broadcast_along_no_label() -> None:
    node = Contract([Constant(np.array([1.0, 2.0]))], [(1,)], (0, 1), {0: 3, 1: 2})
    assert values_of(node).shape == (3, 2)
