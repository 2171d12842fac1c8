"""Graphs of single numbers as straight programs: the same as node by node."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from reference import build
from reference.differentiate import vjp
from reference.domains.certified import Evaluation, Prepared, examine, prepare
from reference.domains.linearised import Linearised
from reference.domains.straight import Straight, straight
from reference.floats import FORMATS
from reference.graph import Constant, Input, Map, Node, Stop, argument

A, B = argument(0), argument(1)
DOUBLE = FORMATS["float64"]
RUNS = 4_000

EXPRESSIONS = [
    sp.sin(A) * sp.exp(B),
    A**2 / (1 + B**2),
    sp.sqrt(1 + A**2) * sp.log(2 + sp.cos(B)),
    sp.pi * A + sp.Rational(1, 3) * B**3 - 5,
    sp.atan2(A, 1 + B**2),
    sp.exp(-(A**2)) * sp.erf(B),
    A - A * 1,
    sp.tanh(A) ** 3 * sp.gamma(2 + B**2),
]


def graph(expression: sp.Expr) -> tuple[list[Node], tuple[Input, Input]]:
    """An output that uses the expression twice, and its gradients."""
    x, y = Input("x", ()), Input("y", ())
    inner = Map(expression, [x, y])
    output = build.add(build.multiply(inner, inner), Stop(x))
    gradients = vjp([output], [x, y], [Constant(np.float64(0.75))])
    return [output, *(g for g in gradients if g is not None)], (x, y)


def node_by_node(
    nodes: list[Node], prepared: Prepared, bindings: dict[Node, float], runs: int
) -> tuple[Evaluation, Linearised]:
    """What the straight program is to give."""
    after = Linearised(DOUBLE, runs, np.random.default_rng(1), nodes)
    found = examine(nodes, bindings, precision=128, after=after, prepared=prepared)
    return found, after


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
def test_values_and_roundings(expression: sp.Expr) -> None:
    nodes, (x, y) = graph(expression)
    prepared = prepare(nodes)
    program = straight(prepared)
    assert program is not None
    bindings: dict[Node, float] = {x: 0.7, y: -1.25}
    held = program.run(bindings, 128)
    expected, after = node_by_node(nodes, prepared, bindings, RUNS)
    for value, other in zip(program.values(held), expected.values, strict=True):
        assert value.item().str(60) == other.item().str(60)
    moved = program.tangents(held, DOUBLE, RUNS, (2,))
    assert moved is not None
    for place, node in enumerate(nodes):
        known = after.tangents.get(id(node))
        assert (place in moved) == (known is not None)
        if known is not None:  # other draws: the scatter is the same to a few per cent
            assert np.std(moved[place]) == pytest.approx(np.std(known), rel=0.1, abs=0.0)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.sampled_from(EXPRESSIONS),
    st.floats(-4, 4, allow_subnormal=False),
    st.floats(-4, 4, allow_subnormal=False),
)
def test_values_anywhere(expression: sp.Expr, a: float, b: float) -> None:
    nodes, (x, y) = graph(expression)
    prepared = prepare(nodes)
    program = straight(prepared)
    assert program is not None
    held = program.run({x: a, y: b}, 128)
    expected = examine(nodes, {x: a, y: b}, precision=128, prepared=prepared)
    for value, other in zip(program.values(held), expected.values, strict=True):
        assert value.item().str(60) == other.item().str(60)


@pytest.mark.parametrize(
    ("expression", "a"),
    [
        (sp.log(A) + B, 0.0),  # an infinity
        (sp.sqrt(A) + B, -1.0),  # nothing
        (A**4 * B, 1e-80),  # below the normal numbers
        (sp.exp(A) * B, 800.0),  # beyond the format
        (1 / A + B, 0.0),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_others(expression: sp.Expr, a: float) -> None:
    nodes, (x, y) = graph(expression)
    program = straight(prepare(nodes))
    assert program is not None
    held = program.run({x: a, y: 1.0}, 128)
    assert program.tangents(held, DOUBLE, 8, (0,)) is None


def test_a_zero_is_not_rounded() -> None:
    x = Input("x", ())
    program = straight(prepare([build.multiply(x, Constant(0.0))]))
    assert program is not None
    held = program.run({x: 3.0}, 128)
    moved = program.tangents(held, DOUBLE, 8, (0,))
    assert moved is not None
    assert not any(tangent.any() for tangent in moved.values())


def test_equal_steps_are_done_once() -> None:
    x, y = Input("x", ()), Input("y", ())
    twice = Map(sp.sin(A) * B, [Map(sp.sin(A), [x]), Map(sp.sin(A) + 1, [x])])
    program = straight(prepare([twice]))
    assert isinstance(program, Straight)
    sines = [step for step in program.steps if len(step[2]) == 1]
    assert len(sines) <= 4  # sin x, sin sin x, and their derivatives' cosines
    assert straight(prepare([Map(A + B, [x, y])])) is not None


@pytest.mark.parametrize(
    "node",
    [
        build.sum(Input("x", (3,))),
        Map(sp.Piecewise((A, A > 0), (0, True)), [Input("x", ())]),
        build.reshape(Input("x", ()), (1,)),
        build.reshape(build.reshape(Input("x", ()), (1,)), ()),
    ],
)
def test_arrays_and_cases_are_not_straight(node: Node) -> None:
    assert straight(prepare([node])) is None
