"""Factors of symmetric matrices: tangents stay symmetric, and mistakes are seen all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
from reference import check
from reference.adapters import Pair

Rule = Callable[..., Any]
MATRIX = np.array([[4.0, 1.0, -0.5], [1.0, 3.0, 0.75], [-0.5, 0.75, 2.5]])


def half(matrix: np.ndarray) -> np.ndarray:
    """The lower triangle with half of the diagonal."""
    return np.asarray(np.tril(matrix) - np.diag(np.diag(matrix)) / 2)


def pushed(tangent: Any, matrix: np.ndarray) -> np.ndarray:
    """The textbook rule, which supposes a symmetric tangent."""
    lower = np.linalg.cholesky(matrix)
    inverse = np.linalg.inv(lower)
    return np.asarray(lower @ half(inverse @ np.asarray(tangent).reshape(3, 3) @ inverse.T))


def unsymmetric(cotangent: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The textbook rule of reverse mode, before it is made symmetric."""
    lower = np.linalg.cholesky(matrix)
    inverse = np.linalg.inv(lower)
    return np.asarray(inverse.T @ half(lower.T @ cotangent) @ inverse)


def symmetric(cotangent: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    found = unsymmetric(cotangent, matrix)
    return np.asarray((found + found.T) / 2)


def failing(vjp: Rule, jvp: Rule, definition: Any = None) -> set[str]:
    pair = Pair(np.linalg.cholesky, vjp, jvp)
    report = check(pair, MATRIX, what=("vjp", "jvp"), definition=definition)
    assert {c.what for c in report.comparisons} == {"vjp", "jvp"}
    return {c.what for c in report.comparisons if not c.ok}


def test_a_rule_for_symmetric_tangents_is_right() -> None:
    assert failing(symmetric, pushed) == set()


WRONG: dict[str, tuple[Rule, Rule, set[str]]] = {
    "twice the tangent": (symmetric, lambda t, a: 2 * pushed(t, a), {"jvp"}),
    "the whole diagonal": (symmetric, lambda t, a: pushed(t, a) * (1 + np.eye(3)), {"jvp"}),
    "transposed": (symmetric, lambda t, a: pushed(t, a).T, {"jvp"}),
    "not made symmetric": (unsymmetric, pushed, {"vjp"}),
    "twice the gradient": (lambda g, a: 2 * symmetric(g, a), pushed, {"vjp"}),
    "a triangle of the gradient": (lambda g, a: np.tril(symmetric(g, a)), pushed, {"vjp"}),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rules_are_seen(name: str) -> None:
    vjp, jvp, expected = WRONG[name]
    assert failing(vjp, jvp) == expected


def solved(cotangent: np.ndarray, right: np.ndarray, lower: np.ndarray) -> tuple[Any, Any]:
    """The rule of L Lᵀ X = B that does not look at triangles, as PyTorch's."""
    matrix = lower @ lower.T
    first = np.linalg.solve(matrix, cotangent)
    product = first @ np.linalg.solve(matrix, right).T
    return first, -(product + product.T) @ lower


TRIANGLES: dict[str, tuple[Rule, bool]] = {
    "the whole": (lambda g: g, True),
    "the triangle": (np.tril, True),
    "twice": (lambda g: 2 * g, False),
    "the other triangle": (np.triu, False),
}


@pytest.mark.parametrize("name", TRIANGLES)
def test_a_gradient_is_told_by_the_triangle_that_is_read(name: str) -> None:
    change, right = TRIANGLES[name]

    def rule(g: np.ndarray, b: np.ndarray, a: np.ndarray) -> tuple[Any, Any]:
        first, second = solved(g, b, a)
        return first, change(second)

    pair = Pair(lambda b, a: np.linalg.solve(a @ a.T, b), rule)
    lower = np.linalg.cholesky(MATRIX)
    sides = np.array([[1.0, -2.0], [0.5, 3.0], [-1.5, 0.25]])
    assert check(pair, sides, lower, what="vjp", definition="cholesky_solve").ok is right


def hermitian() -> Any:
    return autodiff.tensor([[3.0, 1.0 - 0.5j], [1.0 + 0.5j, 2.0]], requires_grad=True)


@pytest.mark.parametrize("name", ["cholesky", "eigvalsh"])
def test_all_modes(name: str) -> None:
    function = getattr(autodiff.linalg, name)
    x = autodiff.tensor(MATRIX, requires_grad=True)
    for argument in (x, hermitian()):
        report = check(function, argument, what=("vjp", "jvp", "second"), cotangents=1)
        assert report.ok, report.text
        along = {c.detail for c in report.comparisons if c.what == "jvp"}
        assert along
        assert all("symmetric" in detail for detail in along)


def test_directions_of_other_arguments_are_as_they_were() -> None:
    def function(a: Any) -> Any:
        return autodiff.linalg.cholesky(a @ a.T)

    report = check(function, autodiff.tensor(MATRIX, requires_grad=True), what="jvp")
    assert report.ok, report.text
    assert not any("symmetric" in c.detail for c in report.comparisons)


def test_no_direction_stays_symmetric() -> None:
    shift = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])

    def function(a: Any) -> Any:
        return autodiff.linalg.cholesky(a @ shift + 9 * np.eye(3))

    x = autodiff.tensor(MATRIX, requires_grad=True)
    report = check(function, x, what=("vjp", "jvp"))
    text = " ".join([*report.notes, *(fault.text for fault in report.faults)])
    assert "stays of that kind along no direction" in text
    assert not any(c.what == "jvp" for c in report.comparisons)
