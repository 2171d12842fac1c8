"""Gradients at equal eigenvalues: what breaks an equation that all limits satisfy is outside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from reference.certify import certify
from reference.curved import breaks_an_equation
from reference.judge import judge

WEIGHTS = np.array([1.0, 0.5, -2.0])
PAIR = np.diag([1.0, 1.0, 2.0])  # two equal eigenvalues beside a third


def pulled(matrix: np.ndarray) -> np.ndarray:
    vectors = np.linalg.eigh(matrix)[1]
    return np.asarray(vectors @ np.diag(WEIGHTS[: len(matrix)]) @ vectors.T)


@pytest.mark.parametrize("matrix", [np.eye(2), PAIR])
def test_the_trace_tells_a_wrong_gradient_at_equal_eigenvalues(matrix: np.ndarray) -> None:
    truth = certify(np.linalg.eigvalsh, matrix, cotangent=WEIGHTS[: len(matrix)])
    right = pulled(matrix)
    assert judge(right, truth).ok
    assert set(judge(1.25 * right, truth).counts) & {"kink-outside", "wrong"}


def test_a_gradient_beyond_the_sphere_of_limits_is_outside() -> None:
    truth = certify(np.linalg.eigvalsh, np.eye(2), cotangent=np.array([1.0, 0.0]))
    beyond = np.array([[0.5, 0.6], [0.6, 0.5]])  # of the right trace
    assert judge(beyond, truth).counts == {"kink-outside": 4}
    within = np.array([[0.5, 0.25], [0.25, 0.5]])  # a mean of products of vectors
    assert judge(within, truth).ok


def test_singular_values_are_no_other_matter() -> None:
    truth = certify(
        lambda a: np.linalg.svd(a, compute_uv=False), np.eye(2), cotangent=np.array([1.0, 0.25])
    )
    assert judge(np.diag([1.0, 0.25]), truth).ok
    assert judge(-np.diag([1.0, 0.25]), truth).counts == {"kink-outside": 4}


def points_on(make: Callable[[np.random.Generator], np.ndarray]) -> Callable[[int], np.ndarray]:
    return lambda number: make(np.random.default_rng(number))


def test_nothing_is_said_where_limits_end_in_no_equation() -> None:
    scattered = points_on(lambda rng: rng.normal(size=40))
    assert not breaks_an_equation(scattered, np.full(40, 1e6), np.full(40, 1e-12))
    assert not breaks_an_equation(lambda _: None, np.ones(2), np.full(2, 1e-12))
    assert not breaks_an_equation(lambda _: np.array([np.inf]), np.ones(1), np.ones(1))


def test_limits_that_are_not_known_are_passed_over() -> None:
    def often(number: int) -> np.ndarray | None:
        return None if number % 3 else np.array([float(number), 1.0])

    assert breaks_an_equation(often, np.array([0.0, 2.0]), np.full(2, 1e-12))
    assert not breaks_an_equation(often, np.array([0.5, 1.0]), np.full(2, 1e-12))


def test_what_is_allowed_does_not_count_as_broken() -> None:
    plane = points_on(lambda rng: np.append(rng.normal(size=2), 1.0))
    assert breaks_an_equation(plane, np.array([0.0, 0.0, 1.1]), np.full(3, 1e-12))
    assert not breaks_an_equation(plane, np.array([0.0, 0.0, 1.1]), np.array([0, 0, 0.2]))


def test_an_eigenvalue_apart_is_proved_next_to_two_equal_ones() -> None:
    truth = certify(np.linalg.eigvalsh, PAIR, cotangent=np.array([0.0, 0.0, 1.0]))
    verdict = judge(np.diag([0.0, 0.0, 1.0]), truth)
    assert verdict.counts.get("correct", 0) >= 5
    assert not judge(np.diag([0.0, 0.0, 1.5]), truth).ok
