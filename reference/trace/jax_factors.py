"""JAX's factorisations and solvers of linear algebra, through the definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from reference import build
from reference.build.factor import symmetric_part
from reference.definitions import MissingDefinition, definition
from reference.graph import Constant, Node

__all__ = ["FACTORS"]


def _cholesky(x: Any, **parameters: Any) -> Any:
    """Read as it is; `jax.numpy` makes it symmetric before, `jax.scipy` does not."""
    return definition("cholesky").function(symmetric_part(x, loose=True))


def _eigh(x: Any, *, subset_by_index: Any = None, **parameters: Any) -> tuple[Any, Any]:
    """JAX gives the vectors first."""
    _whole("eigh", subset_by_index)
    values, vectors = definition("eigh").function(x)
    return vectors, values


def _svd(
    x: Any,
    *,
    full_matrices: bool,
    compute_uv: bool,
    subset_by_index: Any = None,
    **parameters: Any,
) -> tuple[Any, ...]:
    """JAX gives the singular values first."""
    _whole("svd", subset_by_index)
    if not compute_uv:
        return (definition("svdvals").function(x),)
    left, values, right = definition("svd").function(x, full_matrices)
    return values, left, right


def _qr(
    x: Any, *, pivoting: bool = False, full_matrices: bool = False, **parameters: Any
) -> tuple[Any, Any]:
    shape = build.node(x).shape
    if pivoting or (full_matrices and int(shape[-2]) > int(shape[-1])):
        raise MissingDefinition(
            f"qr of shape {list(shape)} with pivoting={pivoting}, full_matrices={full_matrices}: "
            "only the reduced factors without pivoting are unique"
        )
    q, r = definition("qr").function(x)
    return q, r


def _whole(name: str, subset: Any) -> None:
    if subset is not None:
        raise MissingDefinition(f"{name} with subset_by_index={subset}: ask for all")


def _lu(x: Any, **parameters: Any) -> tuple[Node, Node, Node]:
    """(L below the diagonal and U, exchanges of rows, where each row came from)"""
    p, lower, upper = definition("lu").function(x)
    height, width = (int(size) for size in build.node(x).shape[-2:])
    square = [height, min(height, width)]
    below = build.subtract(lower, np.eye(*square, dtype=np.int64))
    rest = [(0, 0)] * (upper.ndim - 2)
    packed = build.add(
        build.pad(below, [*rest, (0, 0), (0, width - square[1])]),
        build.pad(upper, [*rest, (0, height - square[1]), (0, 0)]),
    )
    order = build.einsum("...ji,j->...i", build.stop(p), np.arange(height))
    return packed, _exchanges(order, square[1]), order


def _exchanges(order: Node, count: int) -> Node:
    """Which row each step of an elimination exchanges with its own, from the order at the end."""
    size = int(order.shape[-1])
    places = np.arange(size)
    held: Node = build.broadcast_to(Constant(places), order.shape)
    found = []
    for step in range(count):
        wanted = build.getitem(order, (Ellipsis, slice(step, step + 1)))
        here = build.equal(held, wanted)
        place = build.sum(build.multiply(here, places), -1, keepdims=True)
        own = build.getitem(held, (Ellipsis, slice(step, step + 1)))
        held = build.where(here, own, held)
        held = build.where(places == step, wanted, held)
        found.append(place)
    return build.concat(found, -1)


def _tridiagonal_solve(below: Any, middle: Any, above: Any, right: Any, **parameters: Any) -> Node:
    """The X with A X = right; the diagonals of A are given by rows."""
    size = int(build.node(middle).shape[-1])
    parts = [
        build.multiply(build.expand_dims(diagonal, -1), np.eye(size, k=offset, dtype=np.int64))
        for diagonal, offset in ((below, -1), (middle, 0), (above, 1))
    ]
    return build.solve_linear(build.add(build.add(parts[0], parts[1]), parts[2]), right)


def _triangular_solve(
    a: Any, b: Any, *, left_side: bool, lower: bool, transpose_a: bool, unit_diagonal: bool,
    **parameters: Any,
) -> Node:  # fmt: skip
    matrix = build.node(a)
    held = build.tril(matrix) if lower else build.triu(matrix)
    if unit_diagonal:
        ones = np.eye(int(matrix.shape[-1]))
        held = build.add(build.multiply(held, 1 - ones), ones)
    held = build.swap_axes(held, -1, -2) if transpose_a else held
    if left_side:
        return build.solve_linear(held, b)
    turned = build.solve_linear(build.swap_axes(held, -1, -2), build.swap_axes(b, -1, -2))
    return build.swap_axes(turned, -1, -2)


FACTORS: dict[str, Callable[..., Any]] = {
    "cholesky": _cholesky,
    "eigh": _eigh,
    "lu": _lu,
    "qr": _qr,
    "svd": _svd,
    "triangular_solve": _triangular_solve,
    "tridiagonal_solve": _tridiagonal_solve,
}
