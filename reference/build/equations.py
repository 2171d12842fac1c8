"""Values given by equations, and values cut off from differentiation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from reference.build.contract import matmul
from reference.build.elementwise import Value, node, subtract
from reference.build.index import reshape
from reference.graph import Input, Node, Solve, Stop

__all__ = ["root", "solve_linear", "stop"]


def stop(x: Value) -> Node:
    """The value of x as a constant of differentiation."""
    return Stop(node(x))


def root(
    equations: Callable[..., Node],
    size: int,
    parameters: Sequence[Value],
    start: Callable[..., np.ndarray] | None = None,
) -> Node:
    """The vector u of `size` unknowns with `equations(u, *parameters) = 0`.

    start: from float arrays of the parameters to an approximation of u, which picks the branch;
    None where the equations are linear in u.
    """
    held = [node(value) for value in parameters]
    unknown = Input("u", (size,))
    stands = [Input(f"p{k}", value.shape) for k, value in enumerate(held)]
    return Solve(unknown, equations(unknown, *stands), stands, held, start)


def solve_linear(matrix: Value, right: Value) -> Node:
    """The X with `matrix @ X = right`; right is a vector or a matrix, batches agree.

    >>> solve_linear(np.eye(2), np.ones((2, 3))).shape
    (2, 3)
    """
    a, b = node(matrix), node(right)
    total = int(b.size)

    def equations(unknown: Node, left: Node, value: Node) -> Node:
        residual = subtract(matmul(left, reshape(unknown, b.shape)), value)
        return reshape(residual, (total,))

    return reshape(root(equations, total, [a, b]), b.shape)
