"""Kinks are decided where their cells can be listed, and said to be open where they cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
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


def test_a_search_that_ends_says_why() -> None:
    def length(x: Node) -> Node:
        return build.power(build.sum(build.multiply(x, x)), 0.5)

    found = certified(length, np.zeros(2))
    assert judge(np.zeros(2), found).ok
    assert judge(np.array([0.6, 0.8]), found).ok
    verdict = judge(np.ones(2), found)
    assert not verdict.ok
    assert "undecided" in verdict.counts
    assert "singular" in verdict.summary()


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
