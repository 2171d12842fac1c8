"""Ties of many equal numbers: members and others, each with the verdict that is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from reference import build, linalg
from reference.approach import Approach
from reference.certify import Certificate, certify, certify_problem
from reference.clarke import Nearby
from reference.domains.sides import put_any, strict_orders, take_any
from reference.graph import Constant, Input, Map, Node, Order, argument
from reference.judge import judge
from reference.problem import trace_nodes
from reference.pushforward import pushforward

SIZES = [4, 8, 16, 40]
WEIGHTS = np.random.default_rng(3).integers(-9, 9, 40) + np.linspace(0, 0.5, 40)


def certified(f: Callable[..., Node], *arrays: Any) -> Certificate:
    return certify_problem(trace_nodes(f, arrays))


def verdicts(f: Callable[..., Node], point: np.ndarray, gradient: np.ndarray) -> set[str]:
    return set(judge(np.asarray(gradient, point.dtype), certified(f, point)).counts)


def relu(x: Node) -> Node:
    return build.maximum(x, 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("f", [build.largest, build.smallest], ids=["largest", "smallest"])
def test_the_largest_of_equal_numbers(f: Callable[..., Node], size: int) -> None:
    found = certified(f, np.full(size, 2.5))
    unit = np.eye(size)
    right = [unit[0], unit[-1], np.full(size, 1 / size), 0.25 * unit[1] + 0.75 * unit[2]]
    wrong = [np.ones(size), 0 * unit[0], 0.5 * unit[0], 1.5 * unit[0] - 0.5 * unit[1]]
    for gradient in right:
        assert judge(gradient, found).counts == {"kink-member": size}
    for gradient in wrong:
        assert judge(gradient, found).counts == {"kink-outside": size}


@pytest.mark.parametrize("size", SIZES)
def test_sorting_equal_numbers(size: int) -> None:
    weights = WEIGHTS[:size]
    found = certified(lambda x: build.sum(build.multiply(build.sort(x), weights)), np.zeros(size))
    shuffled = np.random.default_rng(size).permutation(weights)
    for gradient in (weights, weights[::-1], shuffled, np.full(size, weights.mean())):
        assert judge(gradient.copy(), found).counts == {"kink-member": size}
    for gradient in (2 * weights, weights + 0.01, np.full(size, weights.max() + 1)):
        assert judge(gradient, found).counts == {"kink-outside": size}


@pytest.mark.parametrize("size", SIZES)
def test_one_rank_of_equal_numbers(size: int) -> None:
    """A median: no direction of a few selects all elements."""
    found = certified(lambda x: build.getitem(build.sort(x), size // 2), np.zeros(size))
    unit = np.eye(size)
    for gradient in (*unit[:3], unit[-1], np.full(size, 1 / size)):
        assert judge(gradient, found).counts == {"kink-member": size}
    assert judge(unit[0] + unit[1], found).counts == {"kink-outside": size}


@pytest.mark.parametrize("size", SIZES)
def test_running_largest_of_equal_numbers(size: int) -> None:
    weights = np.abs(WEIGHTS[:size]) + 1
    found = certified(
        lambda x: build.sum(build.multiply(build.cummax(x, 0), weights)), np.ones(size)
    )
    first = np.zeros(size)
    first[0] = weights.sum()
    for gradient in (first, weights):
        assert judge(gradient, found).counts == {"kink-member": size}
    assert judge(2 * weights, found).counts == {"kink-outside": size}


@pytest.mark.parametrize("size", SIZES)
def test_independent_ties(size: int) -> None:
    found = certified(lambda x: build.sum(relu(x)), np.zeros(size))
    for gradient in (0.0, 1.0, 0.5, np.arange(size) % 3 == 0, np.linspace(0, 1, size)):
        assert judge(np.full(size, 1.0) * gradient, found).counts == {"kink-member": size}
    for gradient in (-0.1, 1.5):
        assert judge(np.full(size, gradient), found).counts == {"kink-outside": size}


@pytest.mark.parametrize("side", [4, 6])
def test_pooling_a_constant_image(side: int) -> None:
    def f(x: Node) -> Node:
        rows = build.largest(build.reshape(x, (side, side // 2, 2)), axes=2)
        return build.sum(build.largest(build.reshape(rows, (side // 2, 2, side // 2)), axes=1))

    found = certified(f, np.zeros((side, side)))
    first = np.zeros((side, side))
    first[::2, ::2] = 1
    assert judge(first, found).counts == {"kink-member": side * side}
    assert judge(np.full((side, side), 0.25), found).counts == {"kink-member": side * side}
    assert judge(np.full((side, side), 0.5), found).counts == {"kink-outside": side * side}
    torn = first.copy()
    torn[1, 1] = 1
    assert judge(torn, found).counts == {"kink-outside": side * side}


@pytest.mark.parametrize("size", SIZES)
def test_a_smooth_function_written_with_ties_is_certified(size: int) -> None:
    """Softmax that subtracts the maximum: whichever is subtracted, the gradient is the same."""

    def f(x: Node) -> Node:
        shifted = build.elementwise(sp.exp, build.subtract(x, build.largest(x)))
        return build.getitem(build.divide(shifted, build.sum(shifted)), 0)

    found = certified(f, np.ones(size))
    assert found.certified
    right = (np.eye(size)[0] - 1 / size) / size
    assert judge(right, found).counts == {"correct": size}
    assert "wrong" in judge(right + np.eye(size)[1] / size, found).counts


def test_ties_that_touch_no_gradient_leave_it_certified() -> None:
    """A padded row of zeros, and biases of zero: of the weights, nothing depends on its ties."""
    x = np.array([[1.0, 2.0], [0.0, 0.0]])
    weights = np.array([[1.0, -1.0, 0.5], [0.25, 2.0, -0.5]])

    def f(w: Node, b: Node) -> Node:
        return build.sum(relu(build.add(build.matmul(x, w), b)))

    found = certified(f, weights, np.zeros(3))
    assert (found.status(0) == "certified").all()
    assert (found.status(1) == "kink").all()
    slope = np.outer(x[0], x[0] @ weights > 0)
    active = (x[0] @ weights > 0) * 1.0
    assert judge([slope, active], found).ok
    assert judge([slope, active + 1], found).ok
    assert not judge([slope, active + 2], found).ok


def test_what_is_zero_all_around_is_no_kink() -> None:
    x = np.zeros((2, 3))
    found = certified(lambda w: build.sum(relu(build.matmul(x, w))), np.ones((3, 4)))
    assert found.certified
    assert judge(np.zeros((3, 4)), found).ok


def test_a_dead_unit_in_a_network() -> None:
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 1, (6, 5))
    first = rng.standard_normal((5, 4))
    first[:, 1] = 0
    second = rng.standard_normal(4)

    def f(w: Node, b: Node) -> Node:
        hidden = relu(build.add(build.matmul(x, w), b))
        return build.sum(build.multiply(build.matmul(hidden, second), np.arange(6.0)))

    found = certified(f, first, np.zeros(4))
    assert (found.status(0) == "kink").any(axis=0).tolist() == [False, True, False, False]
    arriving = np.outer(np.arange(6.0), second)
    for on, ok in ((0.0, True), (1.0, True), (0.5, True), (1.5, False), (-0.25, False)):
        hidden = x @ first
        mask = (hidden > 0) + on * (hidden == 0)
        verdict = judge([x.T @ (arriving * mask), (arriving * mask).sum(0)], found)
        assert verdict.ok is ok
        assert "undecided" not in verdict.counts


def test_second_order_ties_are_left_to_points_nearby() -> None:
    """x² against 2x² at 0: no first derivative tells them apart, and both have slope 0."""
    problem = trace_nodes(
        lambda x: build.maximum(build.multiply(x, x), build.multiply(2, build.multiply(x, x))),
        [np.float64(0)],
    )
    nearby = Nearby(problem)
    assert nearby.approach.along([np.array(1.0)], {}) is None
    assert float(nearby.along([np.array(1.0)]).values[0][0]) == 0


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(0, 10_000))
def test_limits_are_what_points_nearby_show(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-3, 4, (5, 3)).astype(np.float64)
    outer = rng.integers(1, 4, 5).astype(np.float64)

    def f(x: Node) -> Node:
        layer = build.absolute(build.matmul(matrix, x))
        top = build.largest(build.multiply(layer, outer))
        return build.add(top, build.getitem(build.sort(layer), 2))

    nearby = Nearby(trace_nodes(f, [np.zeros(3)]))
    direction = [rng.uniform(-1, 1, 3)]
    quick = nearby.approach.along(direction, {})
    slow = nearby._stepping(direction)
    assert set(slow.states[0].tolist()) == {"limit"}
    if quick is not None:
        assert [float(v) for v in quick.values[0]] == [float(v) for v in slow.values[0]]


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(0, 10_000))
def test_bounds_hold_every_limit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-3, 4, (6, 4)).astype(np.float64)
    weights = rng.integers(-4, 5, 6).astype(np.float64)

    def f(x: Node) -> Node:
        layer = build.sort(relu(build.matmul(matrix, x)))
        return build.add(build.sum(build.multiply(layer, weights)), build.largest(layer))

    nearby = Nearby(trace_nodes(f, [np.zeros(4)]))
    hull = nearby.approach.hull
    u = rng.standard_normal(4)
    bound = nearby.approach.bound([u])
    assert hull is not None
    assert bound is not None
    for _ in range(6):
        limit = nearby.along([rng.uniform(-1, 1, 4)])
        for ball, value in zip(hull[0].tolist(), limit.values[0].tolist(), strict=True):
            assert ball.overlaps(value)
        product = float(sum(u[k] * float(v) for k, v in enumerate(limit.values[0].tolist())))
        assert float(bound.lower()) - 1e-9 <= product <= float(bound.upper()) + 1e-9


def test_tangents_keep_a_case_distinction_in_one_piece() -> None:
    x, y = Input("x", ()), Input("y", ())
    u, v = Input("u", ()), Input("v", ())
    pushed = pushforward([top := build.maximum(x, y)], {x: u, y: v})[top]
    assert isinstance(pushed, Map)
    assert len(pushed.expression.atoms(sp.Piecewise)) == 1
    problem = trace_nodes(build.maximum, [np.float64(1), np.float64(1)])
    ball = Approach(problem, -1000).bound([np.array(1.0), np.array(1.0)])
    assert float(ball) == 1
    assert ball.rad().is_zero()


def test_tangents_of_every_kind_of_node() -> None:
    x, u = Input("x", (3,)), Input("u", (3,))
    square = Map(argument(0) ** 2, [x])
    nodes = [
        build.sum(square),
        build.getitem(square, slice(0, 2)),
        build.sort(square),
        build.stop(square),
        build.multiply(square, Constant(np.arange(3.0))),
    ]
    found = pushforward(nodes, {x: u})
    assert [node in found for node in nodes] == [True, True, True, False, True]
    assert all(found[node].shape == node.shape for node in nodes if node in found)


def test_equal_keys_in_any_order() -> None:
    index = Order((4,), (4,), lambda ranks: np.argsort(ranks, kind="stable"))
    groups = np.array([1, 1, 2, 1])
    ways = strict_orders(index, groups)
    assert all(sorted(way.tolist()) == [0, 1, 2, 3] for way in ways)
    assert all(way[3] == 2 for way in ways)
    values = np.array([{1}, {2}, {3}, {4}], dtype=object)
    taken = take_any(values, ways, groups, set(), lambda a, b: a | b)
    assert taken.tolist() == [{1, 2, 4}, {1, 2, 4}, {1, 2, 4}, {3}]
    numbers = np.array([1.0, 2.0, 3.0, 4.0], dtype=object)
    put = put_any(numbers, ways, groups, 4, 0.0, max)
    assert put.tolist() == [3.0, 3.0, 4.0, 3.0]


def test_equal_eigenvalues_have_a_set_of_gradients() -> None:
    """Q diag(1, 2, 3) Qᵀ for every orthogonal Q, and the hull of these: the trace is 6."""
    found = certify(linalg.eigvalsh, np.eye(3), cotangent=np.array([1.0, 2.0, 3.0]))
    for member in (np.diag([1.0, 2.0, 3.0]), np.diag([3.0, 2.0, 1.0]), 2 * np.eye(3)):
        assert set(judge(member, found).counts) == {"kink-member"}
    for outside in (np.ones((3, 3)), np.diag([3.0, 3.0, 0.0])):
        assert set(judge(outside, found).counts) == {"kink-outside"}
