"""Values given by equations, and their derivatives, against mpmath."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest

from reference import build
from reference.differentiate import vjp
from reference.domains.certified import evaluate
from reference.graph import Constant, Input, Node

DIGITS = 25


@pytest.fixture(autouse=True)
def sixty_digits() -> Iterator[None]:
    with mpmath.workdps(60):
        yield


def close(ball: Any, value: Any) -> bool:
    mantissa, exponent = ball.mid().man_exp()
    middle = mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))
    slack = (1 + abs(value)) * mpmath.mpf(10) ** -DIGITS
    return bool(abs(middle - value) <= mpmath.mpf(float(ball.rad())) + slack)


def partials(f: Callable[[mpmath.matrix], Any], point: np.ndarray) -> Any:
    """Derivatives of a scalar function of a matrix, by mpmath, one element at a time."""
    result = np.empty(point.shape, dtype=object)
    for position in np.ndindex(*point.shape):

        def along(t: Any, position: tuple[int, ...] = position) -> Any:
            moved = mpmath.matrix(point.tolist())
            moved[position if len(position) == 2 else (position[0], 0)] = t
            return f(moved)

        result[position] = mpmath.diff(along, mpmath.mpf(float(point[position])))
    return result


def weighted(value: Any, weights: np.ndarray) -> Any:
    rows, columns = weights.shape
    return sum(value[i, j] * float(weights[i, j]) for i in range(rows) for j in range(columns))


def matches(node: Node | None, expected: Any, precision: int = 200) -> bool:
    assert node is not None
    found = evaluate([node], precision=precision)[0]
    assert found.shape == expected.shape
    return all(close(x, y) for x, y in zip(found.ravel(), expected.ravel(), strict=True))


MATRIX = np.array([[4.0, 1.0, -0.5], [0.25, 3.0, 1.0], [-1.0, 0.5, 5.0]])
WEIGHTS = np.array([[1.0, -2.0, 0.5], [0.25, 1.5, -1.0], [2.0, -0.75, 1.0]])


def test_inverse() -> None:
    x = Input("A", (3, 3), MATRIX)
    inverse = build.solve_linear(x, Constant(np.eye(3)))
    slope = vjp([inverse], [x], [Constant(WEIGHTS)])[0]
    direct = mpmath.matrix(MATRIX.tolist()) ** -1
    assert matches(inverse, np.array(direct.tolist(), dtype=object))
    assert matches(slope, partials(lambda m: weighted(m**-1, WEIGHTS), MATRIX))


def test_inverse_second_order() -> None:
    x = Input("A", (3, 3), MATRIX)
    inverse = build.solve_linear(x, Constant(np.eye(3)))
    slope = vjp([inverse], [x], [Constant(WEIGHTS)])[0]
    assert slope is not None
    direction = WEIGHTS.T.copy()
    second = vjp([slope], [x], [Constant(direction)])[0]
    step = mpmath.matrix(direction.tolist())

    def along(m: Any) -> Any:
        return mpmath.diff(lambda t: weighted((m + t * step) ** -1, WEIGHTS), 0)

    assert matches(second, partials(along, MATRIX))


def test_linear_solve() -> None:
    right = np.array([[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0]])
    x, y = Input("A", (3, 3), MATRIX), Input("B", (3, 2), right)
    solution = build.solve_linear(x, y)
    weights = WEIGHTS[:, :2].copy()
    by_matrix, by_right = vjp([solution], [x, y], [Constant(weights)])
    m, r = mpmath.matrix(MATRIX.tolist()), mpmath.matrix(right.tolist())
    assert matches(by_matrix, partials(lambda p: weighted(p**-1 * r, weights), MATRIX))
    assert matches(by_right, partials(lambda p: weighted(m**-1 * p, weights), right))


def test_batched_solve() -> None:
    matrices = np.stack([MATRIX, MATRIX.T])
    right = np.stack([WEIGHTS, MATRIX])
    node = build.solve_linear(Constant(matrices), Constant(right))
    for number in range(2):
        expected = mpmath.matrix(matrices[number].tolist()) ** -1 * mpmath.matrix(
            right[number].tolist()
        )
        assert matches(build.getitem(node, number), np.array(expected.tolist(), dtype=object))


def lower_from(flat: Node, size: int) -> Node:
    """A lower triangular matrix of the unknowns, row by row."""
    positions = np.full((size, size), -1)
    positions[np.tril_indices(size)] = np.arange(size * (size + 1) // 2)
    return build.take(flat, positions)


def cholesky(matrix: Node) -> Node:
    """L with positive diagonal and L Lᵀ = A (lower half), by its equations."""
    size = int(matrix.shape[0])
    count = size * (size + 1) // 2
    lower_half = np.ravel_multi_index(np.tril_indices(size), (size, size))

    def equations(unknown: Node, given: Node) -> Node:
        factor = lower_from(unknown, size)
        gap = build.subtract(build.matmul(factor, build.swap_axes(factor, 0, 1)), given)
        return build.take(gap, lower_half)

    def start(given: np.ndarray) -> np.ndarray:
        return np.linalg.cholesky(given)[np.tril_indices(size)]

    return lower_from(build.root(equations, count, [matrix], start), size)


def test_cholesky_by_its_equations() -> None:
    positive = MATRIX @ MATRIX.T
    x = Input("A", (3, 3), positive)
    factor = cholesky(x)
    slope = vjp([factor], [x], [Constant(WEIGHTS)])[0]
    direct = mpmath.cholesky(mpmath.matrix(positive.tolist()))
    assert matches(factor, np.array(direct.tolist(), dtype=object))

    def plain(m: Any) -> Any:  # reads the lower half, as the equations do
        low = mpmath.matrix(3, 3)
        for i in range(3):
            for j in range(i + 1):
                rest = m[i, j] - sum(low[i, k] * low[j, k] for k in range(j))
                low[i, j] = mpmath.sqrt(rest) if i == j else rest / low[j, j]
        return weighted(low, WEIGHTS)

    assert matches(slope, partials(plain, positive))


def test_scalar_root() -> None:
    given = np.array([2.0, 10.0])
    x = Input("q", (2,), given)
    node = build.root(
        lambda u, q: build.subtract(build.add(build.power(u, 3), u), q), 2, [x], np.cbrt
    )
    slope = vjp([node], [x], [Constant(np.array([1.0, -2.0]))])[0]

    def solved(q: Any) -> Any:
        return mpmath.findroot(lambda u: u**3 + u - q, mpmath.cbrt(q))

    roots = np.array([solved(mpmath.mpf(v)) for v in given.tolist()], dtype=object)
    slopes = np.array(
        [w * mpmath.diff(solved, v) for w, v in zip((1, -2), given.tolist(), strict=True)],
        dtype=object,
    )
    assert matches(node, roots)
    assert matches(slope, slopes)


def test_the_start_picks_the_branch() -> None:
    def square_root(sign: float) -> Node:
        return build.root(
            lambda u, q: build.subtract(build.multiply(u, u), q),
            1, [Constant(np.array([2.0]))], lambda q: sign * np.sqrt(q),
        )  # fmt: skip

    assert float(evaluate([square_root(1.0)])[0][0]) == pytest.approx(2**0.5)
    assert float(evaluate([square_root(-1.0)])[0][0]) == pytest.approx(-(2**0.5))


@pytest.mark.parametrize("precision", [64, 128, 1024])
def test_a_root_is_known_to_the_working_precision(precision: int) -> None:
    node = build.root(
        lambda u, q: build.subtract(build.multiply(u, u), q), 1, [Constant(np.array([2.0]))],
        np.sqrt,
    )  # fmt: skip
    ball = evaluate([node], precision=precision)[0][0]
    assert ball.rel_accuracy_bits() > precision - 20


def test_what_cannot_be_proved_is_undefined() -> None:
    double = build.root(
        lambda u, q: build.subtract(build.multiply(u, u), q), 1, [Constant(np.array([0.0]))],
        np.sqrt,
    )  # fmt: skip
    assert not evaluate([double])[0][0].is_finite()
    singular = build.solve_linear(Constant(np.ones((2, 2))), Constant(np.ones(2)))
    assert not evaluate([singular])[0][0].is_finite()
