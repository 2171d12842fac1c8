"""Products of matrices and arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import calls, dyadic
from reference.graph import Node

__all__ = ["DEFINITIONS", "scaled_sum"]


def _matmul(input: Value, other: Value) -> Node:
    return build.matmul(input, other)


def _of_rank(name: str, first: int, second: int) -> Any:
    """matmul restricted to operands of given ranks."""

    def function(input: Value, mat2: Value) -> Node:
        left, right = build.node(input), build.node(mat2)
        if (left.ndim, right.ndim) != (first, second):
            raise RuntimeError(
                f"{name}() takes operands of {first} and {second} dimensions, got "
                f"{left.ndim}D and {right.ndim}D: use matmul()"
            )
        return build.matmul(left, right)

    return function


_mm = _of_rank("mm", 2, 2)
_dot_of_vectors = _of_rank("dot", 1, 1)
_bmm_of_batches = _of_rank("bmm", 3, 3)
_mv_of_matrix = _of_rank("mv", 2, 1)


def _mv(input: Value, vec: Value) -> Node:
    return _as_node(_mv_of_matrix(input, vec))


def _dot(input: Value, tensor: Value) -> Node:
    return _as_node(_dot_of_vectors(input, tensor))


def _bmm(input: Value, mat2: Value) -> Node:
    return _as_node(_bmm_of_batches(input, mat2))


def _as_node(value: Any) -> Node:
    return build.node(value)


def _outer(input: Value, vec2: Value) -> Node:
    return build.outer(input, vec2)


def _einsum(equation: str, *operands: Any) -> Node:
    if len(operands) == 1 and isinstance(operands[0], (tuple, list)):
        operands = tuple(operands[0])
    return build.einsum(equation, *operands)


def _tensordot(a: Value, b: Value, dims: int | tuple[Sequence[int], Sequence[int]] = 2) -> Node:
    return build.tensordot(a, b, dims)


def _addmm(input: Value, mat1: Value, mat2: Value, *, beta: Value = 1, alpha: Value = 1) -> Node:
    return scaled_sum(input, build.matmul(mat1, mat2), beta, alpha)


def scaled_sum(input: Value, product: Value, beta: Value, alpha: Value) -> Node:
    """beta times input, plus alpha times a product."""
    return build.elementwise(lambda c, p, b, a: b * c + a * p, input, product, beta, alpha)


def _linear(input: Value, weight: Value, bias: Value = None) -> Node:
    held = build.node(weight)
    product = build.matmul(input, held if held.ndim == 1 else build.swap_axes(held, -2, -1))
    return product if bias is None else build.add(product, bias)


def _products(*shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> Samples:
    def samples(rng: np.random.Generator) -> list[Sample]:
        result = [Sample((dyadic(rng, one), dyadic(rng, other))) for one, other in shapes]
        one, other = shapes[0]
        result.append(Sample((dyadic(rng, one[::-1]).T, dyadic(rng, other[::-1]).T)))
        return result

    return samples


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "matmul",
        _matmul,
        (REALS, REALS),
        (),
        _products(
            ((2, 3), (3, 4)),
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 2)),
            ((5, 2, 3), (3, 2)),
            ((2, 1, 2, 3), (3, 3, 2)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 2)),
        ),
        ("__matmul__",),
    ),
    Definition(
        "mm",
        _mm,
        (REALS, REALS),
        (),
        _products(((2, 3), (3, 4)), ((3, 3), (3, 3)), ((2, 0), (0, 3))),
    ),
    Definition("mv", _mv, (REALS, REALS), (), _products(((2, 3), (3,)))),
    Definition("dot", _dot, (REALS, REALS), (), _products(((3,), (3,)), ((0,), (0,))), ("inner",)),
    Definition(
        "bmm",
        _bmm,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3, 4)), dyadic(rng, (2, 4, 2))),
            lambda rng: (dyadic(rng, (2, 4, 3)).swapaxes(1, 2), dyadic(rng, (2, 4, 1))),
        ),
    ),
    Definition(
        "outer", _outer, (REALS, REALS), (), _products(((2,), (3,)), ((0,), (2,))), ("ger",)
    ),
    Definition(
        "einsum",
        _einsum,
        (REALS, REALS),
        (),
        calls(
            lambda rng: ("ij,jk->ik", dyadic(rng, (2, 3)), dyadic(rng, (3, 4))),
            lambda rng: ("ij,jk", dyadic(rng, (3, 2)).T, dyadic(rng, (3, 2))),
            lambda rng: ("ii->i", dyadic(rng, (3, 3))),
            lambda rng: ("ii", dyadic(rng, (3, 3))),
            lambda rng: ("...ij->...ji", dyadic(rng, (2, 3, 2))),
            lambda rng: ("bij,bjk->bik", dyadic(rng, (2, 2, 3)), dyadic(rng, (2, 3, 2))),
            lambda rng: ("i,j,k->ijk", *(dyadic(rng, (2,)) for _ in range(3))),
            lambda rng: ("ij->", dyadic(rng, (2, 3))),
        ),
    ),
    Definition(
        "tensordot",
        _tensordot,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (3, 4)), 1),
            lambda rng: (dyadic(rng, (3, 2)).T, dyadic(rng, (3, 2)), ((1,), (0,))),
            lambda rng: (dyadic(rng, (2, 2, 3)), dyadic(rng, (2, 3, 2)), 2),
        ),
    ),
    Definition(
        "addmm",
        _addmm,
        (REALS, REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 4)), dyadic(rng, (2, 3)), dyadic(rng, (3, 4))),
            lambda rng: (dyadic(rng, (4,)), dyadic(rng, (3, 2)).T, dyadic(rng, (3, 4))),
            lambda rng: (
                (dyadic(rng, (2, 1)), dyadic(rng, (2, 3)), dyadic(rng, (3, 4))),
                {"beta": 0.5, "alpha": 2.0},
            ),
        ),
    ),
    Definition(
        "linear",
        _linear,
        (REALS, REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (4, 3)), dyadic(rng, (4,))),
            lambda rng: (dyadic(rng, (3,)), dyadic(rng, (4, 3))),
            lambda rng: (dyadic(rng, (2, 2, 3)), dyadic(rng, (3, 4)).T, dyadic(rng, (4,))),
        ),
    ),
)
