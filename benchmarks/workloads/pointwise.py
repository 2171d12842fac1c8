"""Chains of elementwise operations: scalars show the engine's price, a million memory's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workloads.workload import Arrays, Problem, Workload

__all__ = ["WORKLOADS"]

HALF_STEPS = 25  # of four operations
CYCLES = 4  # of five operations


def scalars(rng: np.random.Generator) -> Problem:
    return Problem([np.array(rng.uniform(0.9, 1.1)), np.array(rng.uniform(0.1, 0.2))])


def hundred(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    x, w = leaves
    y = x
    for _ in range(HALF_STEPS):
        y = y * w
        y = y + 1.5
        y = y - x
        y = y * 0.7
    return y


def hundred_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    x, w = leaves
    y = x
    saved = []
    for _ in range(HALF_STEPS):
        saved.append(y)
        y = y * w
        y = y + 1.5
        y = y - x
        y = y * 0.7
    g = np.float64(1.0)
    gx = gw = np.float64(0.0)
    for before in reversed(saved):
        g = g * 0.7
        gx = gx - g
        gw = gw + g * before
        g = g * w
    return y, gx + g, gw


def vector(rng: np.random.Generator, *, size: int) -> Problem:
    return Problem([rng.uniform(-1, 1, size).astype(np.float32)])


def twenty_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (x,) = leaves
    y = x
    for _ in range(CYCLES):
        y = y * x
        y = y + 0.5
        y = torch.tanh(y)
        y = y * 1.5
        y = y - x
    return y.sum()


def twenty_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (x,) = leaves
    y = x
    for _ in range(CYCLES):
        y = y * x
        y = y + 0.5
        y = xp.tanh(y)
        y = y * 1.5
        y = y - x
    return xp.sum(y)


def twenty_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    (x,) = leaves
    y = x
    saved = []
    for _ in range(CYCLES):
        before = y
        y = y * x
        y = y + 0.5
        t = np.tanh(y)
        saved.append((before, t))
        y = t * 1.5
        y = y - x
    value = y.sum()
    g = np.ones_like(x)
    gx = None
    for before, t in reversed(saved):
        gx = -g if gx is None else gx - g
        g = g * 1.5
        g = g * (1 - t * t)
        gx += g * before
        g = g * x
    return value, gx + g


WORKLOADS = [
    Workload(
        name="scalars",
        title="chain of 100 scalar operations",
        problem=scalars,
        by_hand=hundred_by_hand,
        programs={"torch": hundred, "numpy": hundred},
        target=0.40,
    ),
    Workload(
        name="elementwise-1e3",
        title="20 elementwise operations on 1,000 float32",
        problem=vector,
        full={"size": 1_000},
        small={"size": 30},
        by_hand=twenty_by_hand,
        programs={"torch": twenty_torch, "numpy": twenty_numpy},
        target=0.50,
    ),
    Workload(
        name="elementwise-1e6",
        title="the same on 1,000,000",
        problem=vector,
        full={"size": 1_000_000},
        small={"size": 5_000},
        by_hand=twenty_by_hand,
        programs={"torch": twenty_torch, "numpy": twenty_numpy},
        # The value is a sum of a million numbers, added in another order by each contestant.
        tolerance=4096,
        target=0.80,
    ),
]
