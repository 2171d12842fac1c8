"""Linear algebra, given by its equations."""

from __future__ import annotations

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition
from reference.definitions.sampling import calls, dyadic
from reference.graph import Node

__all__ = ["DEFINITIONS", "solve"]


def solve(A: Value, B: Value, *, left: bool = True) -> Node:
    """The X with A X = B (or X A = B where `left` is false)."""
    matrix, right = build.node(A), build.node(B)
    if not left:
        turned = build.solve_linear(build.swap_axes(A, -2, -1), build.swap_axes(B, -2, -1))
        return build.swap_axes(turned, -2, -1)
    if right.ndim > 1 and right.shape == matrix.shape[:-1]:  # a vector for each matrix
        found = build.solve_linear(matrix, build.expand_dims(right, right.ndim))
        return build.squeeze(found, -1)
    return build.solve_linear(matrix, right)


def _inv(A: Value) -> Node:
    """The X with A X = I."""
    matrix = build.node(A)
    size = int(matrix.shape[-1])
    identity = build.broadcast_to(np.eye(size, dtype=np.int64), matrix.shape)
    return build.solve_linear(matrix, identity)


def _well_conditioned(rng: np.random.Generator, size: int) -> np.ndarray:
    return dyadic(rng, (size, size)) + 8.0 * np.eye(size)


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "solve",
        solve,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (_well_conditioned(rng, 3), dyadic(rng, (3, 2))),
            lambda rng: (_well_conditioned(rng, 2).T, dyadic(rng, (2,))),
            lambda rng: (
                np.stack([_well_conditioned(rng, 2), _well_conditioned(rng, 2)]),
                dyadic(rng, (2, 2)),
            ),
        ),
        ("linalg_solve", "linalg.solve"),
        ("real",),
    ),
    Definition(
        "inv",
        _inv,
        (REALS,),
        (),
        calls(lambda rng: (_well_conditioned(rng, 3),)),
        ("linalg_inv", "linalg.inv", "inverse"),
        ("real",),
    ),
)
