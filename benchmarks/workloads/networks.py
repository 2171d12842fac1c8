"""Networks with a loss: dense layers, logistic regression, a recurrent cell."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from workloads.workload import Arrays, Problem, Workload

__all__ = ["WORKLOADS"]


def dense(rng: np.random.Generator, batch: int, sizes: Sequence[int]) -> Problem:
    """Weights (out, in) and biases, alternating; a batch and its labels."""
    leaves: list[Any] = []
    for wide, narrow in itertools.pairwise(sizes):
        leaves.append((rng.standard_normal((narrow, wide)) * np.sqrt(2 / wide)).astype(np.float32))
        leaves.append(rng.uniform(-0.1, 0.1, narrow).astype(np.float32))
    x = rng.standard_normal((batch, sizes[0])).astype(np.float32)
    return Problem(leaves, [x, rng.integers(0, sizes[-1], batch)])


def perceptron(
    rng: np.random.Generator, *, batch: int, wide: int, hidden: int, narrow: int
) -> Problem:
    return dense(rng, batch, [wide, hidden, narrow])


def deep(rng: np.random.Generator, *, batch: int, wide: int, hidden: int, narrow: int) -> Problem:
    return dense(rng, batch, [wide, hidden, hidden, narrow])


def dense_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    functional = torch.nn.functional
    x, labels = constants
    last = len(leaves) - 2
    for place in range(0, len(leaves), 2):
        x = functional.linear(x, leaves[place], leaves[place + 1])
        if place < last:
            x = torch.relu(x)
    return functional.cross_entropy(x, labels)


def dense_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    x, labels = constants
    last = len(leaves) - 2
    for place in range(0, len(leaves), 2):
        x = xp.matmul(x, leaves[place].T) + leaves[place + 1]
        if place < last:
            x = xp.maximum(x, 0)
    shifted = x - xp.max(x, axis=1, keepdims=True)
    logarithms = xp.log(xp.sum(xp.exp(shifted), axis=1))
    return xp.mean(logarithms - shifted[np.arange(len(labels)), labels])


def dense_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    x, labels = constants
    last = len(leaves) - 2
    inputs = []
    for place in range(0, len(leaves), 2):
        inputs.append(x)
        x = x @ leaves[place].T + leaves[place + 1]
        if place < last:
            x = np.maximum(x, 0)
    rows = np.arange(len(labels))
    shifted = x - x.max(axis=1, keepdims=True)
    g = np.exp(shifted)
    total = g.sum(axis=1, keepdims=True)
    value = (np.log(total[:, 0]) - shifted[rows, labels]).mean()
    g /= total
    g[rows, labels] -= 1
    g /= np.float32(len(labels))
    gradients: list[Any] = []
    for place in range(last, -1, -2):
        gradients += [g.sum(axis=0), g.T @ inputs[place // 2]]
        if place:
            g = (g @ leaves[place]) * (inputs[place // 2] > 0)
    return value, *reversed(gradients)


def measurements(rng: np.random.Generator, *, rows: int, columns: int) -> Problem:
    x = rng.standard_normal((rows, columns)).astype(np.float32)
    signs = rng.choice(np.array([-1, 1], np.float32), rows, p=[0.2, 0.8])
    weights = (rng.standard_normal(columns) / np.sqrt(columns)).astype(np.float32)
    return Problem([weights, np.array(0.1, np.float32)], [x, signs])


def logistic_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (w, b), (x, signs) = leaves, constants
    return torch.log1p(torch.exp(-signs * (x @ w + b))).mean()


def logistic_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (w, b), (x, signs) = leaves, constants
    return xp.mean(xp.log1p(xp.exp(-signs * (xp.matmul(x, w) + b))))


def logistic_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    (w, b), (x, signs) = leaves, constants
    e = np.exp(-signs * (x @ w + b))
    value = np.log1p(e).mean()
    g = -signs * (e / (1 + e)) / np.float32(len(signs))
    return value, g @ x, g.sum()


def sequence(rng: np.random.Generator, *, steps: int, batch: int, hidden: int) -> Problem:
    scale = 1 / np.sqrt(hidden)
    weights = [
        (rng.standard_normal((hidden, 4 * hidden)) * scale).astype(np.float32) for _ in range(2)
    ]
    bias = rng.uniform(-0.1, 0.1, 4 * hidden).astype(np.float32)
    series = rng.standard_normal((steps, batch, hidden)).astype(np.float32)
    return Problem([*weights, bias], [series, np.zeros((batch, hidden), np.float32)])


def cell_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (w, u, b), (series, h) = leaves, constants
    c = h
    for x in series:
        i, f, o, n = (x @ w + h @ u + b).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(n)
        h = torch.sigmoid(o) * torch.tanh(c)
    return (h * h).mean()


def cell_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (w, u, b), (series, h) = leaves, constants
    size = h.shape[1]
    c = h
    for x in series:
        z = xp.matmul(x, w) + xp.matmul(h, u) + b
        gates = 1 / (1 + xp.exp(-z[:, : 3 * size]))
        i, f, o = gates[:, :size], gates[:, size : 2 * size], gates[:, 2 * size :]
        c = f * c + i * xp.tanh(z[:, 3 * size :])
        h = o * xp.tanh(c)
    return xp.mean(h * h)


def cell_jax(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    """As a scan: unrolled, it compiles for long and runs slowly."""
    (w, u, b), (series, start) = leaves, constants
    size = start.shape[1]

    def step(state: Any, x: Any) -> Any:
        h, c = state
        z = x @ w + h @ u + b
        gates = 1 / (1 + xp.exp(-z[:, : 3 * size]))
        i, f, o = gates[:, :size], gates[:, size : 2 * size], gates[:, 2 * size :]
        c = f * c + i * xp.tanh(z[:, 3 * size :])
        return (o * xp.tanh(c), c), None

    (h, _), _ = importlib.import_module("jax.lax").scan(step, (start, start), series)
    return xp.mean(h * h)


def cell_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    (w, u, b), (series, h) = leaves, constants
    size = h.shape[1]
    c = h
    saved = []
    for x in series:
        z = x @ w + h @ u + b
        gates = 1 / (1 + np.exp(-z[:, : 3 * size]))
        i, f, o = gates[:, :size], gates[:, size : 2 * size], gates[:, 2 * size :]
        n = np.tanh(z[:, 3 * size :])
        previous = (h, c)
        c = f * c + i * n
        t = np.tanh(c)
        h = o * t
        saved.append((x, *previous, gates, n, t))
    value = (h * h).mean()
    gh = h * np.float32(2 / h.size)
    gc = np.zeros_like(h)
    gw, gu, gb = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    for x, before, c, gates, n, t in reversed(saved):
        i, f, o = gates[:, :size], gates[:, size : 2 * size], gates[:, 2 * size :]
        gc += gh * o * (1 - t * t)
        gz = np.empty((len(h), 4 * size), h.dtype)
        gz[:, :size] = gc * n
        gz[:, size : 2 * size] = gc * c
        gz[:, 2 * size : 3 * size] = gh * t
        gz[:, : 3 * size] *= gates * (1 - gates)
        gz[:, 3 * size :] = gc * i * (1 - n * n)
        gw += x.T @ gz
        gu += before.T @ gz
        gb += gz.sum(axis=0)
        gh = gz @ u.T
        gc = gc * f
    return value, gw, gu, gb


WORKLOADS = [
    Workload(
        name="perceptron",
        title="small perceptron, batch 32, 64-64-10, cross-entropy",
        problem=perceptron,
        full={"batch": 32, "wide": 64, "hidden": 64, "narrow": 10},
        small={"batch": 6, "wide": 5, "hidden": 4, "narrow": 3},
        by_hand=dense_by_hand,
        programs={"torch": dense_torch, "numpy": dense_numpy},
        target=0.65,
    ),
    Workload(
        name="logistic",
        title="logistic regression 10,000 × 100",
        problem=measurements,
        full={"rows": 10_000, "columns": 100},
        small={"rows": 40, "columns": 5},
        by_hand=logistic_by_hand,
        programs={"torch": logistic_torch, "numpy": logistic_numpy},
        target=0.75,
    ),
    Workload(
        name="mlp",
        title="MLP 784-512-512-10, batch 256",
        problem=deep,
        full={"batch": 256, "wide": 784, "hidden": 512, "narrow": 10},
        small={"batch": 7, "wide": 6, "hidden": 5, "narrow": 3},
        by_hand=dense_by_hand,
        programs={"torch": dense_torch, "numpy": dense_numpy},
        target=1.00,
    ),
    Workload(
        name="lstm",
        title="LSTM-like cell, 50 steps, hidden 64, batch 16",
        problem=sequence,
        full={"steps": 50, "batch": 16, "hidden": 64},
        small={"steps": 4, "batch": 3, "hidden": 2},
        by_hand=cell_by_hand,
        programs={"torch": cell_torch, "numpy": cell_numpy, "jax": cell_jax},
        target=0.70,
    ),
]
