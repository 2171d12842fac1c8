"""What is kept from one check to the next: mathematics, never numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reference.checking import Pair, check
from reference.checking.structure import structure_of
from reference.graph import Constant, Input, Map, Node, Order, Take, argument

X = np.linspace(-1.0, 1.5, 5)


def test_a_constant_that_changes_is_seen() -> None:
    weights = np.arange(1.0, 6.0)

    def rule(g: Any, x: Any) -> Any:
        return 2 * g * np.arange(1.0, 6.0) * x

    pair = Pair(lambda x: weights * x * x, rule)
    assert check(pair, X).ok
    weights[2] = 7.0
    report = check(pair, X)
    assert report.failures[0].worst[0].position == (2,)


def test_a_function_that_changes_is_seen() -> None:
    power = [2]
    pair = Pair(lambda x: x ** power[0], lambda g, x: 2 * g * x)
    assert check(pair, X).ok
    power[0] = 3
    assert not check(pair, X).ok


def test_equal_graphs_share_what_follows_from_them() -> None:
    def traced(scale: float) -> tuple[Node, Input]:
        x = Input("x", (3,), np.ones(3))
        return Map(argument(0) * argument(1), [x, Constant(np.array(scale))]), x

    (one, x), (other, y) = traced(2.0), traced(3.0)
    first, held = structure_of([one], [x])
    second, also = structure_of([other], [y])
    assert first is second
    assert [float(value) for value in held.values()] == [2.0]
    assert [float(value) for value in also.values()] == [3.0]
    assert all(getattr(node, "value", 0) is None for node in (*first.inputs, *first.leaves))
    wide = Input("x", (4,), np.ones(4))
    assert structure_of([Map(argument(0) * 2, [wide])], [wide])[0] is not first


def test_what_holds_a_function_is_not_kept() -> None:
    x = Input("x", (3,), np.ones(3))
    order = Order((3,), (3,), np.argsort)
    assert structure_of([Take(x, order, x)], [x])[1] == {}


def test_rows_of_one_output_are_multiples() -> None:
    pair = Pair(lambda x: (x * x * x).sum(), lambda g, x: 3 * g * x * x)
    report = check(pair, X.astype(np.float32))
    assert report.ok, report.text
    wrong = Pair(pair.forward, lambda g, x: 3 * abs(g) * x * x)
    assert {f.detail for f in check(wrong, X, what="vjp").failures} <= {
        "random cotangent 0", "random cotangent 1",
    }  # fmt: skip
    cubed = Pair(pair.forward, lambda g, x: 3 * g**3 * x * x)
    assert not check(cubed, X, what="vjp").ok


@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
@pytest.mark.parametrize(
    ("forward", "rule", "x"),
    [
        (np.log, lambda g, x: g / x, [0.0, 1.0, 2.0]),
        (np.sqrt, lambda g, x: g * 0.5 / np.sqrt(x), [0.0, 1.0, 4.0]),
    ],
    ids=["log", "sqrt"],
)
def test_nothing_is_asked_where_there_is_no_derivative(
    forward: Any, rule: Any, x: list[float]
) -> None:
    """A zero of the cotangent times an infinite slope is nan in every engine."""
    report = check(Pair(forward, rule), np.array(x))
    assert report.ok, report.text
    assert not check(Pair(forward, lambda g, x: 2 * rule(g, x)), np.array(x)).ok


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_masked_branch_stays_asked() -> None:
    pair = Pair(
        lambda x: np.where(x > 0, np.sqrt(x), 0.0),
        lambda g, x: np.where(x > 0, 1.0, 0.0) * (g * 0.5 / np.sqrt(x)),
    )
    assert not check(pair, np.array([-1.0, 1.0])).ok
