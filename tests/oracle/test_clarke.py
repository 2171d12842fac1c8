"""Limits of nearby gradients, and membership in the hull that they span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import sympy as sp

from reference import build
from reference.clarke import Membership, Nearby, membership, minimum_norm_point
from reference.graph import Map, Node, argument
from reference.problem import trace_nodes

a = argument(0)


def answer(
    f: Callable[..., Node], points: Sequence[Any], gradients: Sequence[Any], **options: Any
) -> Membership:
    problem = trace_nodes(f, [np.array(p, np.float32) for p in points])
    arrays = [np.array(g, dtype=np.float64) for g in gradients]
    return membership(problem, arrays, [np.full(g.shape, 1e-6) for g in arrays], **options)


def relu(x: Node) -> Node:
    return build.maximum(x, 0)


MAXIMUM = [
    ([1.0, 0.0], "member"),
    ([0.0, 1.0], "member"),
    ([0.5, 0.5], "member"),
    ([0.25, 0.75], "member"),
    ([1.0, 1.0], "not a member"),
    ([0.0, 0.0], "not a member"),
    ([1.5, -0.5], "not a member"),
]


@pytest.mark.parametrize(("gradient", "expected"), MAXIMUM)
def test_maximum_of_two(gradient: list[float], expected: str) -> None:
    assert answer(build.maximum, [1.0, 1.0], gradient).answer == expected


@pytest.mark.parametrize(
    ("gradient", "expected"),
    [
        ([1 / 3, 1 / 3, 1 / 3, 0], "member"),
        ([0, 1, 0, 0], "member"),
        ([0.5, 0.5, 0.5, 0], "not a member"),
        ([0.5, 0, 0, 0.5], "not a member"),
    ],
)
def test_maximum_of_many(gradient: list[float], expected: str) -> None:
    found = answer(build.largest, [[2.0, 2.0, 2.0, 1.0]], [gradient])
    assert found.answer == expected


@pytest.mark.parametrize(("slope", "expected"), [
    (0.0, "member"), (1.0, "member"), (0.3, "member"), (1.1, "not a member"),
    (-0.1, "not a member"),
])  # fmt: skip
def test_relu(slope: float, expected: str) -> None:
    assert answer(relu, [0.0], [slope]).answer == expected


def test_relu_difference_is_linear() -> None:
    """relu(x) - relu(-x) is x: only 1 will do, where engines answer 0."""

    def f(x: Node) -> Node:
        return build.subtract(relu(x), relu(build.negative(x)))

    assert answer(f, [0.0], [1.0]).answer == "member"
    assert answer(f, [0.0], [0.0]).answer == "not a member"


def test_kinks_of_a_nonconvex_function() -> None:
    """|x| - |y| at the origin: the square of corners (±1, ±1)."""

    def f(x: Node, y: Node) -> Node:
        return build.subtract(build.absolute(x), build.absolute(y))

    assert answer(f, [0.0, 0.0], [0.0, 0.0]).answer == "member"
    assert answer(f, [0.0, 0.0], [1.0, -1.0]).answer == "member"
    assert answer(f, [0.0, 0.0], [0.9, 0.9]).answer == "member"
    assert answer(f, [0.0, 0.0], [1.2, 0.0]).answer == "not a member"


def test_joint_over_all_elements_of_a_network() -> None:
    """relu(Wx) with Wx = 0: the rows of the gradient are multiples of x between 0 and 1."""
    x = np.array([1.0, -2.0, 0.5])
    weights = np.array([[2.0, 1.0, 0.0], [0.0, 0.25, 1.0], [1.0, 1.0, 1.0]])

    def f(w: Node) -> Node:
        return build.sum(relu(build.matmul(w, x)))

    inside = np.stack([x, 0 * x, 0 * x])
    assert answer(f, [weights], [inside]).answer == "member"
    mixed = np.stack([0.5 * x, 0.25 * x, 0 * x])
    assert answer(f, [weights], [mixed]).answer == "member"
    torn = inside.copy()
    torn[0, 1] = 0
    assert answer(f, [weights], [torn]).answer == "not a member"


def test_norm_at_zero_is_the_unit_ball() -> None:
    def f(x: Node) -> Node:
        return Map(sp.sqrt(a), [build.sum(build.multiply(x, x))])

    assert answer(f, [[0.0, 0.0]], [[0.0, 0.0]]).answer == "member"
    assert answer(f, [[0.0, 0.0]], [[0.5, 0.5]]).answer == "member"
    assert answer(f, [[0.0, 0.0]], [[1.0, 1.0]], budget=60).answer != "member"


def test_nan_is_no_member() -> None:
    assert answer(relu, [0.0], [np.nan]).answer == "not a member"


def test_sorted_with_ties() -> None:
    def f(x: Node) -> Node:
        return build.sum(build.multiply(build.sort(x), np.array([1.0, 2.0, 3.0])))

    assert answer(f, [[5.0, 5.0, 1.0]], [[2.0, 3.0, 1.0]]).answer == "member"
    assert answer(f, [[5.0, 5.0, 1.0]], [[2.5, 2.5, 1.0]]).answer == "member"
    assert answer(f, [[5.0, 5.0, 1.0]], [[3.0, 3.0, 1.0]]).answer == "not a member"


def test_states_of_limits() -> None:
    problem = trace_nodes(
        lambda x: build.sum(Map(sp.sqrt(a), [x])), [np.array([0.0, 4.0], np.float32)]
    )
    nearby = Nearby(problem)
    assert nearby.along([np.array([1.0, 1.0])]).states[0].tolist() == ["infinite", "limit"]
    assert nearby.along([np.array([-1.0, 1.0])]).states[0].tolist() == ["undefined", "limit"]
    slow = Nearby(trace_nodes(lambda x: Map(a * sp.log(a), [x]), [np.float32(0)]))
    assert slow.along([np.array(1.0)]).states[0].tolist() == ["none"]


def test_minimum_norm_point_against_projection() -> None:
    rng = np.random.default_rng(2)
    for _ in range(30):
        points = rng.standard_normal((rng.integers(1, 9), rng.integers(1, 6))) + 0.5
        nearest, weights = minimum_norm_point(points)
        assert weights.sum() == pytest.approx(1)
        assert (weights >= 0).all()
        # optimality: no vertex lies closer along the nearest point
        assert (points @ nearest).min() >= nearest @ nearest - 1e-9


def test_random_directions_are_repeatable_and_opposed() -> None:
    nearby = Nearby(trace_nodes(build.sum, [np.zeros(3)]))
    first, second = nearby.random_directions(2), nearby.random_directions(2)
    assert np.array_equal(first[0][0], second[0][0])
    assert np.array_equal(first[0][0], -first[1][0])
