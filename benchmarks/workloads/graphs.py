"""Long graphs of tiny operations: what a node costs, in time and in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workloads.workload import Arrays, Kind, Problem, Workload

__all__ = ["WORKLOADS"]

UNROLLED = "its compiler unrolls the loop"


def pair(rng: np.random.Generator, *, steps: int, size: int) -> Problem:
    first, second = (rng.uniform(0.1, 0.2, size).astype(np.float32) for _ in range(2))
    return Problem([first, second], [steps])


def one(rng: np.random.Generator, *, steps: int, size: int) -> Problem:
    return Problem([rng.uniform(0.1, 0.2, size).astype(np.float32)], [steps])


def additions(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    y, x = leaves
    for _ in range(constants[0]):
        y = y + x
    return y.sum()


def additions_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    y, x = leaves
    for _ in range(constants[0]):
        y = y + x
    g = np.ones_like(y)
    gx = np.zeros_like(x)
    for _ in range(constants[0]):
        gx = gx + g
    return y.sum(), g, gx


def building(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    y, x = leaves
    for _ in range(constants[0] // 2):
        y = y * x
        y = y + x
    return y


def building_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    return [building(np, leaves, constants)]


def reuse(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    (x,) = leaves
    y = x * 0.5
    for _ in range(constants[0] - 1):
        y = y + x * 0.5
    return y.sum()


def reuse_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    (x,) = leaves
    y = x * 0.5
    for _ in range(constants[0] - 1):
        y = y + x * 0.5
    g = np.ones_like(y)
    gx = g * 0.5
    for _ in range(constants[0] - 1):
        gx += g * 0.5
    return y.sum(), gx


WORKLOADS = [
    Workload(
        name="long-chain",
        title="100,000 chained small additions, forward + backward",
        problem=pair,
        full={"steps": 100_000, "size": 1},
        small={"steps": 50, "size": 1},
        by_hand=additions_by_hand,
        programs={"torch": additions, "numpy": additions},
        without={"jax": UNROLLED},
        tolerance=1e5,  # 100,000 roundings
        target=0.65,
        nodes="steps",
        quick=False,
    ),
    Workload(
        name="building",
        title="graph building alone, 10,000 operations",
        kind=Kind.FORWARD,
        problem=pair,
        full={"steps": 10_000, "size": 1},
        small={"steps": 50, "size": 1},
        by_hand=building_by_hand,
        programs={"torch": building, "numpy": building},
        without={"jax": UNROLLED},
        target=0.60,
    ),
    Workload(
        name="one-tensor",
        title="one tensor used 10,000 times",
        problem=one,
        full={"steps": 10_000, "size": 1_000},
        small={"steps": 50, "size": 10},
        by_hand=reuse_by_hand,
        programs={"torch": reuse, "numpy": reuse},
        without={"jax": UNROLLED},
        tolerance=1e5,  # 10,000 roundings
        target=0.40,
    ),
]
