"""Linear algebra: equations hold, blocks give what the whole gives, refusals are PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as torch
from autodiff.kernels import linalg as kernels
from autodiff.kernels.arrays import arrays as NUMPY
from autodiff.ops.linalg import CHOLESKY

RNG = np.random.default_rng(0)


def close(found: Any, expected: Any, size: float = 1.0) -> None:
    assert np.abs(found - expected).max() <= 2.0**-40 * size * max(1, np.abs(expected).max())


def positive(size: int) -> np.ndarray:
    root = RNG.standard_normal((size, size))
    return np.asarray(root @ root.T / size + np.eye(size))


@pytest.mark.parametrize("size", [3, 65, 130])
@pytest.mark.parametrize("upper", [False, True])
def test_large_factors_go_back_in_blocks(
    size: int, upper: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    factor = kernels.cholesky(positive(size), upper)
    g = RNG.standard_normal((size, size))
    rule = CHOLESKY.rules[0]
    assert rule is not None
    found = rule(NUMPY, g, factor, upper)
    monkeypatch.setattr(kernels, "is_large", lambda x: False)
    close(found, rule(NUMPY, g, factor, upper))
    np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize("size", [1, 4, 64, 150])
@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_triangular_systems(size: int, upper: bool, left: bool, unit: bool) -> None:
    a = RNG.standard_normal((2, size, size)) / size + np.eye(size)
    shape = (2, size, 3) if left else (2, 3, size)
    b = RNG.standard_normal(shape)
    x = kernels.solve_triangular(a, b, upper, left, unit)
    used = np.triu(a, int(unit)) if upper else np.tril(a, -int(unit))
    used = used + np.eye(size) if unit else used
    close(used @ x if left else x @ used, b)


def test_singular_triangle_gives_infinity() -> None:
    a = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    found = torch.linalg.solve_triangular(a, torch.ones(2, 1), upper=True)
    assert found.tolist() == [[-np.inf], [np.inf]]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_determinant_moves_by_cofactors(size: int) -> None:
    a = torch.from_numpy(positive(size)).requires_grad_()
    (slope,) = torch.autograd.grad(torch.linalg.det(a), a)
    cofactors = np.linalg.det(a.detach().numpy()) * np.linalg.inv(a.detach().numpy()).T
    close(slope.numpy(), cofactors)


def test_determinant_of_a_singular_matrix() -> None:
    a = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(torch.linalg.det(a), a)
    assert slope.tolist() == [[4.0, -2.0], [-2.0, 1.0]]


def test_likelihood_of_a_process() -> None:
    """The second derivative of log det A along A itself is minus the size."""
    a = torch.from_numpy(positive(5))
    t = torch.ones((), dtype=torch.float64, requires_grad=True)
    total = 2 * torch.linalg.cholesky(a * t).diagonal().log().sum()
    (first,) = torch.autograd.grad(total, t, create_graph=True)
    (second,) = torch.autograd.grad(first, t)
    close(first.detach().numpy(), 5.0)
    close(second.numpy(), -5.0)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: torch.linalg.cholesky(-torch.eye(2)), "the leading minor of order 1 is not positive"),
    (lambda: torch.linalg.cholesky(torch.tensor([[1.0, 2.0], [2.0, 1.0]])), "minor of order 2"),
    (lambda: torch.linalg.inv(torch.tensor([[1.0, 2.0], [2.0, 4.0]])), "diagonal element 2 is"),
    (lambda: torch.linalg.inv(torch.zeros(2, 1, 1)), r"\(Batch element 0\): The diagonal element"),
    (lambda: torch.linalg.solve(torch.zeros(2, 2), torch.ones(2)), "input matrix is singular"),
])  # fmt: skip
def test_matrices_without_an_answer(call: Any, message: str) -> None:
    with pytest.raises(torch.linalg.LinAlgError, match=message):
        call()
    assert issubclass(torch.linalg.LinAlgError, RuntimeError)


@pytest.mark.parametrize("power", [-3, -1, 0, 1, 2, 5, 6])
def test_powers(power: int) -> None:
    a = positive(3)
    close(
        torch.linalg.matrix_power(torch.from_numpy(a), power).numpy(),
        np.linalg.matrix_power(a, power),
    )


def test_named_results() -> None:
    values, vectors = torch.linalg.eigh(torch.eye(2))
    assert values.tolist() == [1.0, 1.0]
    assert torch.linalg.svd(torch.eye(2)).S.tolist() == [1.0, 1.0]
    assert torch.linalg.slogdet(torch.eye(2)).logabsdet.item() == 0
    assert vectors.shape == (2, 2)
    assert torch.linalg.multi_dot([torch.eye(2)] * 3).tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("name", ["eigvalsh", "svdvals"])
@pytest.mark.parametrize("matrix", [np.eye(3), np.zeros((2, 2)), np.diag([2.0, 2.0, 1.0])])
def test_equal_values_have_a_say_in_vectors_only(name: str, matrix: np.ndarray) -> None:
    x = torch.tensor(matrix, requires_grad=True)
    getattr(torch.linalg, name)(x).sum().backward()
    assert x.grad is not None
    assert np.isfinite(x.grad.numpy()).all()
    if name == "eigvalsh":
        np.testing.assert_allclose(x.grad.numpy(), np.eye(len(matrix)), atol=1e-12)
