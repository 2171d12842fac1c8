"""Second derivatives, and a log-likelihood that needs a Cholesky factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workloads.workload import Arrays, Kind, Problem, Workload

__all__ = ["WORKLOADS"]


def point(rng: np.random.Generator, *, size: int) -> Problem:
    x = rng.standard_normal(size)
    return Problem([x], [rng.standard_normal((size, size)) / np.sqrt(size)])


def smooth_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (x,), (a,) = leaves, constants
    return torch.log(torch.exp(a @ x).sum()) + (x**4).sum() / 4


def smooth_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (x,), (a,) = leaves, constants
    return xp.log(xp.sum(xp.exp(xp.matmul(a, x)))) + xp.sum(x**4) / 4


def smooth_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    """The closed formula: Aᵀ (diag p − p pᵀ) A + 3 diag x²."""
    (x,), (a,) = leaves, constants
    p = np.exp(a @ x)
    p /= p.sum()
    mean = p @ a
    hessian = (a.T * p) @ a - np.outer(mean, mean)
    hessian.flat[:: len(x) + 1] += 3 * x * x
    return [hessian]


def network(rng: np.random.Generator, *, batch: int, wide: int, hidden: int) -> Problem:
    shapes = (wide, hidden), (hidden, 1)
    weights, direction = (
        [(rng.standard_normal(shape) / np.sqrt(shape[0])).astype(np.float32) for shape in shapes]
        for _ in range(2)
    )
    x = rng.standard_normal((batch, wide)).astype(np.float32)
    y = rng.standard_normal((batch, 1)).astype(np.float32)
    return Problem(weights, [x, y], direction)


def loss_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (first, second), (x, y) = leaves, constants
    error = torch.tanh(x @ first) @ second - y
    return (error * error).mean()


def loss_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (first, second), (x, y) = leaves, constants
    error = xp.matmul(xp.tanh(xp.matmul(x, first)), second) - y
    return xp.mean(error * error)


def product_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    """The derivative of the gradient along the direction, term by term."""
    (first, second), (x, y, v_first, v_second) = leaves, constants
    h = np.tanh(x @ first)
    slope = 1 - h * h
    dh = slope * (x @ v_first)
    scale = np.float32(2 / y.size)
    ge = (h @ second - y) * scale
    dge = (dh @ second + h @ v_second) * scale
    gh = ge @ second.T
    dgh = dge @ second.T + ge @ v_second.T
    return x.T @ (dgh * slope - 2 * gh * h * dh), dh.T @ ge + h.T @ dge


def process(rng: np.random.Generator, *, size: int) -> Problem:
    """Squared distances of points in three dimensions, and values there."""
    points = rng.uniform(0, 3, (size, 3))
    distances = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    y = np.sin(points.sum(axis=1)) + 0.1 * rng.standard_normal(size)
    parameters = [np.array(number) for number in (0.2, -0.1, -1.0)]
    return Problem(parameters, [distances, y, np.eye(size)])


def likelihood_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (length, scale, noise), (distances, y, identity) = leaves, constants
    k = torch.exp(2 * scale - 0.5 * torch.exp(-2 * length) * distances)
    k = k + torch.exp(2 * noise) * identity
    lower = torch.linalg.cholesky(k)
    weights = torch.linalg.solve(k, y)
    return 0.5 * (y * weights).sum() + torch.log(torch.diagonal(lower)).sum()


def likelihood_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (length, scale, noise), (distances, y, identity) = leaves, constants
    k = xp.exp(2 * scale - 0.5 * xp.exp(-2 * length) * distances)
    k = k + xp.exp(2 * noise) * identity
    lower = xp.linalg.cholesky(k)
    weights = xp.linalg.solve(k, y)
    return 0.5 * xp.sum(y * weights) + xp.sum(xp.log(xp.diag(lower)))


def likelihood_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    (length, scale, noise), (distances, y, identity) = leaves, constants
    inverse_square = np.exp(-2 * length)
    smooth = np.exp(2 * scale - 0.5 * inverse_square * distances)
    noisy = np.exp(2 * noise)
    k = smooth + noisy * identity
    lower = np.linalg.cholesky(k)
    inverse = np.linalg.inv(k)
    weights = inverse @ y
    value = 0.5 * (y @ weights) + np.log(np.diagonal(lower)).sum()
    g = 0.5 * (inverse - np.outer(weights, weights))
    along = g * smooth
    return (
        value,
        (along * distances).sum() * inverse_square,
        2 * along.sum(),
        2 * noisy * np.trace(g),
    )


WORKLOADS = [
    Workload(
        name="hessian",
        title="Hessian of a 30-variable function",
        kind=Kind.HESSIAN,
        problem=point,
        full={"size": 30},
        small={"size": 5},
        by_hand=smooth_by_hand,
        programs={"torch": smooth_torch, "numpy": smooth_numpy},
        without={"mygrad": "no second derivatives"},
        target=0.50,
    ),
    Workload(
        name="hessian-vector",
        title="Hessian-vector product of an MLP loss",
        kind=Kind.PRODUCT,
        problem=network,
        full={"batch": 32, "wide": 64, "hidden": 64},
        small={"batch": 5, "wide": 4, "hidden": 3},
        by_hand=product_by_hand,
        programs={"torch": loss_torch, "numpy": loss_numpy},
        without={"mygrad": "no second derivatives"},
        target=0.70,
    ),
    Workload(
        name="gaussian-process",
        title="Gaussian-process log-likelihood, n = 300",
        problem=process,
        full={"size": 300},
        small={"size": 9},
        by_hand=likelihood_by_hand,
        programs={"torch": likelihood_torch, "numpy": likelihood_numpy},
        without={"mygrad": "no linear algebra"},
        needs=("linalg.cholesky", "linalg.solve"),
        tolerance=1e6,  # the matrix has a condition number of 10⁴
        target=1.00,
    ),
]
