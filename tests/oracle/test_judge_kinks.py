"""Kinks are decided where their cells can be listed, and said to be open where they cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from reference import build
from reference.certify import Certificate, certify_problem
from reference.clarke import Nearby, membership
from reference.graph import Node
from reference.hulls import decide, minimum_norm_point
from reference.judge import judge
from reference.problem import trace_nodes


def certified(f: Callable[..., Node], *arrays: Any, **options: Any) -> Certificate:
    return certify_problem(trace_nodes(f, arrays, **options))


def relu(x: Node) -> Node:
    return build.maximum(x, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("gradient", "ok"),
    [
        ([1, 0, 0, 0], True),
        ([0, 0, 0, 1], True),
        ([1 / 3, 1 / 3, 0, 1 / 3], True),
        ([1, 1, 0, 1], False),
        ([0.5, 0, 0.5, 0], False),
        ([0.5, 0.5, 0, 0.001], False),
    ],
)
def test_three_of_four_are_tied(gradient: list[float], ok: bool, dtype: Any) -> None:
    found = certified(build.largest, np.array([2, 2, 1, 2], dtype))
    verdict = judge(np.array(gradient, dtype), found)
    assert verdict.ok is ok
    assert "undecided" not in verdict.counts


def test_ten_are_tied_and_a_wrong_answer_is_never_right() -> None:
    found = certified(build.largest, np.ones(10, np.float32))
    for number in range(10):
        assert judge(np.eye(10, dtype=np.float32)[number], found).ok
    assert judge(np.full(10, 0.1, np.float32), found).ok
    assert judge(np.ones(10, np.float32), found).counts == {"kink-outside": 10}


def length(x: Node) -> Node:
    return build.power(build.sum(build.multiply(x, x)), 0.5)


def sort_with_weights(weights: Any) -> Callable[[Node], Node]:
    return lambda x: build.sum(build.multiply(build.sort(x), weights))


def test_a_search_that_ends_says_why() -> None:
    def fourth(x: Node) -> Node:
        return build.power(build.sum(build.power(x, 4)), 0.25)

    found = certified(fourth, np.zeros(2))
    assert judge(np.zeros(2), found).ok
    assert judge(np.array([1.0, 0.0]), found).ok
    verdict = judge(np.ones(2), found)
    assert not verdict.ok
    assert "undecided" in verdict.counts
    assert "singular" in verdict.summary()


@pytest.mark.parametrize("size", [2, 10])
def test_the_unit_ball_at_a_norm_of_zero(size: int) -> None:
    found = certified(length, np.zeros(size))
    unit = np.eye(size)[0]
    for right in (np.zeros(size), unit, -unit, 0.99 * unit, np.full(size, 0.9 / size**0.5)):
        assert judge(right, found).counts == {"kink-member": size}
    for wrong in (1.001 * unit, np.ones(size), np.full(size, -1.01 / size**0.5)):
        assert judge(wrong, found).counts == {"kink-outside": size}


def test_the_ellipse_at_the_length_of_a_map() -> None:
    matrix = np.array([[1.0, 2.0], [0.0, 1.0]])
    found = certified(lambda x: length(build.matmul(matrix, x)), np.zeros(2))
    assert judge(matrix.T @ np.array([0.6, 0.79]), found).counts == {"kink-member": 2}
    assert judge(matrix.T @ np.array([0.6, 0.81]), found).counts == {"kink-outside": 2}


def test_a_root_of_what_has_kinks_is_not_bounded() -> None:
    """The slopes of sqrt(|x y|) near the origin are not: nothing may be said outside."""
    found = certified(
        lambda x, y: build.power(build.absolute(build.multiply(x, y)), 0.5), 0.0, 0.0
    )
    assert "kink-outside" not in judge([np.array(1.0), np.array(1.0)], found).counts


@pytest.mark.parametrize("size", [8, 20])
def test_large_sorts_are_decided_both_ways(size: int) -> None:
    rng = np.random.default_rng(size)
    weights = rng.standard_normal(size)
    found = certified(sort_with_weights(weights), np.ones(size))
    corner = weights[rng.permutation(size)]
    middle = weights.mean()
    for share in (1.0, 0.98, 0.5):
        inside = middle + share * (corner - middle)
        assert judge(inside, found).counts == {"kink-member": size}
    largest = np.sort(weights)[-3:].sum() / 3
    for factor, verdict in ((1.01, "kink-outside"), (0.99, "kink-member")):
        first = middle + factor * (largest - middle)
        rest = (weights.sum() - 3 * first) / (size - 3)
        answer = np.r_[np.full(3, first), np.full(size - 3, rest)]
        assert judge(answer, found).counts == {verdict: size}


@settings(deadline=None, derandomize=True, max_examples=30)
@given(st.integers(0, 10_000))
def test_bounds_hold_every_limit(seed: int) -> None:
    """No plane that is thought to prove something cuts off a gradient that is a limit."""
    rng = np.random.default_rng(seed)
    rows, size = int(rng.integers(1, 4)), int(rng.integers(2, 6))
    weights, matrix = rng.standard_normal((rows, size)), rng.standard_normal((rows, rows))

    def f(x: Node) -> Node:
        parts = build.multiply(build.sort(x, 1), weights)
        norms = build.elementwise(sp.sqrt, build.sum(build.power(build.matmul(matrix, x), 2), 1))
        shifted = build.subtract(norms, norms)
        return build.add(build.sum(parts), build.sum(build.add(norms, shifted)))

    problem = trace_nodes(f, [np.zeros((rows, size))])
    nearby = Nearby(problem)
    for _ in range(3):
        u = rng.standard_normal((rows, size))
        bound = nearby.approach.bound([u])
        for direction in nearby.random_directions(4, seed):
            limit = nearby.along(direction)
            product = sum(float(v) * w for v, w in zip(limit.values[0], u.ravel(), strict=True))
            assert float(bound.mid() - bound.rad()) <= product + 1e-12
            assert product - 1e-12 <= float(bound.mid() + bound.rad())


def test_second_derivatives_at_a_kink_of_the_first() -> None:
    """exp(-|x|) has none at 0; its formula gives 1 on both sides, engines may leave out a term."""

    def f(x: Node) -> Node:
        return build.sum(build.elementwise(sp.exp, build.negative(build.absolute(x))))

    found = certified(f, np.array([0.0, 1.0]), order=2)
    there = np.exp(-1.0)
    for right in (1.0, 0.0):
        assert judge(np.array([right, there]), found).ok
    for wrong in (-1.0, 2.0, np.nan):
        assert not judge(np.array([wrong, there]), found).ok
    assert not judge(np.array([1.0, 0.0]), found).ok


def test_second_derivatives_of_relu_at_its_kink_are_zero() -> None:
    found = certified(lambda x: build.sum(relu(x)), np.zeros(2), order=2)
    assert judge(np.zeros(2), found).ok
    assert not judge(np.array([0.0, 1.0]), found).ok


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_kink_that_is_a_rounding_away(dtype: Any) -> None:
    """relu6(x + 3) just below 3: an engine's x + 3 is 6, and its slope 0."""

    def f(x: Node) -> Node:
        return build.sum(build.minimum(build.maximum(build.add(x, 3), 0), 6))

    below = np.nextafter(dtype(3), dtype(0))
    found = certified(f, np.array([below, 1], dtype))
    for right in (0.0, 0.5, 1.0):
        assert judge(np.array([right, 1], dtype), found).ok
    for wrong in (-0.5, 2.0):
        assert not judge(np.array([wrong, 1], dtype), found).ok
    assert not judge(np.array([1, 0], dtype), found).ok
    further = certified(f, np.array([below - 64 * np.spacing(below), 1], dtype))
    assert not judge(np.array([0, 1], dtype), further).ok


def test_the_gradient_of_the_formula_is_no_excuse_at_a_removable_point() -> None:
    """relu(x) - relu(-x) is x; what the chain rule gives at 0 is not its slope."""
    found = certified(
        lambda x: build.sum(build.subtract(relu(x), relu(build.negative(x)))), np.zeros(2)
    )
    assert judge(np.ones(2), found).ok
    assert not judge(np.array([1.0, 0.0]), found).ok


def test_forty_independent_kinks() -> None:
    found = certified(lambda x: build.sum(relu(x)), np.zeros(40))
    for gradient in (np.zeros(40), np.ones(40), np.arange(40) % 2, np.full(40, 0.5)):
        assert judge(gradient.astype(np.float64), found).ok
    assert not judge(np.r_[np.zeros(39), 1.5], found).ok


def test_slopes_that_depend_on_other_ties() -> None:
    """max(|x|, |y|) at the origin: the hull of (±1, 0) and (0, ±1)."""

    def f(x: Node) -> Node:
        return build.largest(build.absolute(x))

    found = certified(f, np.zeros(2))
    assert judge(np.array([0.25, -0.5]), found).ok
    verdict = judge(np.array([0.75, 0.5]), found)
    assert verdict.counts == {"kink-outside": 2}


def test_the_survey_lists_every_cell() -> None:
    nearby = Nearby(trace_nodes(build.largest, [np.ones(4)]))
    survey = nearby.survey()
    assert not survey.why
    assert len(survey.limits) == 24  # the orders of four numbers
    assert nearby.survey() is survey
    corners = {tuple(float(v) for v in limits.values[0]) for limits in survey.limits}
    assert corners == {tuple(row) for row in np.eye(4).tolist()}


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.lists(st.integers(0, 8), min_size=3, max_size=3), st.integers(0, 2))
def test_means_of_corners_are_members_and_more_is_not(shares: list[int], place: int) -> None:
    problem = trace_nodes(build.largest, [np.ones(3, np.float32)])
    total = sum(shares) or 1
    weights = np.array(shares) / total if sum(shares) else np.eye(3)[0]
    scales = [np.full(3, 1e-6)]
    assert membership(problem, [weights], scales).answer == "member"
    longer = weights + 0.01 * np.eye(3)[place]
    assert membership(problem, [longer], scales).answer == "not a member"


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(0, 10_000))
def test_hulls_are_decided_with_proof(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vertices = rng.standard_normal((rng.integers(2, 9), rng.integers(1, 6)))
    weights = rng.dirichlet(np.ones(len(vertices)))
    allowance = np.full(vertices.shape[1], 1e-9)
    assert decide(vertices, weights @ vertices, allowance)[0] == "inside"
    direction = rng.standard_normal(vertices.shape[1])
    furthest = vertices[np.argmax(vertices @ direction)]
    outside = furthest + 1e-3 * direction
    assert decide(vertices, outside, allowance)[0] == "outside"


def test_nearest_points_of_flat_and_single_hulls() -> None:
    point, weights = minimum_norm_point(np.zeros((3, 2)))
    assert point.tolist() == [0.0, 0.0]
    assert weights.sum() == 1
    assert minimum_norm_point(np.array([[3.0, 4.0]]))[0].tolist() == [3.0, 4.0]
    doubled = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert minimum_norm_point(doubled)[0] == pytest.approx([0.5, 0.5])
