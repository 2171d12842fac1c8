"""Linear algebra by its equations: factors, determinants, least squares, norms of matrices.

Functions of a symmetric matrix (`cholesky`, `eigh`, `eigvalsh`) read its symmetric part, so that
their gradients are symmetric. Signs of vectors, which the equations leave open, are LAPACK's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.build.factor import (
    cholesky_factor,
    determinant,
    each_matrix,
    eigenpairs,
    orthogonal_factors,
    pivoted_factors,
    singular_triplets,
    symmetric_part,
    transposed,
)
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import calls, dyadic
from reference.graph import Constant, Node, Restricted

__all__ = [
    "DEFINITIONS",
    "cholesky",
    "cross",
    "eigh",
    "general",
    "norm_of_matrices",
    "solve_triangular",
    "square",
    "svd",
    "unit_matrix",
    "vander",
]


def square(name: str, matrix: Node) -> int:
    """The size of square matrices."""
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise RuntimeError(
            f"linalg.{name}: A must be batches of square matrices, but it has shape "
            f"{list(matrix.shape)}"
        )
    return int(matrix.shape[-1])


def unit_matrix(size: int) -> np.ndarray:
    return np.eye(size, dtype=np.int64)


# determinants


def _det(A: Value) -> Node:
    return determinant(A)


def _slogdet(A: Value) -> tuple[Node, Node]:
    """(the sign of the determinant, log |determinant|)"""
    value = determinant(A)
    return build.sign(value), build.elementwise(lambda d: sp.log(d**2) / 2, value)


def _logdet(A: Value) -> Node:
    return build.elementwise(sp.log, determinant(A))


# factors


def cholesky(A: Value, *, upper: bool = False) -> Node:
    """L Lᵀ = A, or Uᵀ U = A."""
    source = build.node(A)
    square("cholesky", source)
    (factor,) = each_matrix(lambda a: (cholesky_factor(a),), symmetric_part(source))
    return transposed(factor) if upper else factor


def _cholesky_solve(B: Value, L: Value, upper: bool = False) -> Node:
    """The X with L Lᵀ X = B."""
    held = build.node(L)
    triangle = build.triu(held) if upper else build.tril(held)
    lower = Restricted(triangle, held, loose=True)
    matrix = (
        build.matmul(transposed(lower), lower) if upper else build.matmul(lower, transposed(lower))
    )
    return build.solve_linear(matrix, B)


def _cholesky_inverse(L: Value, upper: bool = False) -> Node:
    held = build.node(L)
    identity = build.broadcast_to(unit_matrix(square("cholesky_inverse", held)), held.shape)
    return _cholesky_solve(identity, held, upper)


def _qr(A: Value, mode: str = "reduced") -> tuple[Node, Node]:
    """Q R = A, QᵀQ = 1, R upper triangular; of a wide A the first square block decides Q."""
    if mode != "reduced":
        raise NotImplementedError(
            f"qr in mode {mode!r} has no definition: only mode='reduced' has unique factors"
        )
    source = build.node(A)
    height, width = int(source.shape[-2]), int(source.shape[-1])
    if height >= width:
        q, r = each_matrix(orthogonal_factors, source)
        return q, r
    first = build.getitem(source, (Ellipsis, slice(0, height)))
    rest = build.getitem(source, (Ellipsis, slice(height, None)))
    q, r = each_matrix(orthogonal_factors, first)
    return q, build.concat([r, build.matmul(transposed(q), rest)], -1)


def eigh(A: Value, UPLO: str = "L") -> tuple[Node, Node]:
    """(w, V) with A V = V diag(w), VᵀV = 1, w ascending."""
    source = build.node(A)
    square("eigh", source)
    values, vectors = each_matrix(eigenpairs, symmetric_part(source))
    return values, vectors


def _eigvalsh(A: Value, UPLO: str = "L") -> Node:
    return eigh(A, UPLO)[0]


def svd(A: Value, full_matrices: bool = True, *, driver: Any = None) -> tuple[Node, Node, Node]:
    """(U, s, Vᵀ) with U diag(s) Vᵀ = A, UᵀU = VᵀV = 1, s descending."""
    source = build.node(A)
    left, values, right = each_matrix(singular_triplets, source)
    if full_matrices:
        height, width = (int(n) for n in source.shape[-2:])
        left = _with_nothing(left, -1, height)
        right = _with_nothing(right, -2, width)
    return left, values, right


def _with_nothing(vectors: Node, axis: int, size: int) -> Node:
    """Vectors beyond those of singular values: not unique, so without value or derivative."""
    shape = [int(n) for n in vectors.shape]
    missing = size - shape[axis]
    if not missing:
        return vectors
    shape[axis] = missing
    nothing = build.divide(Constant(np.zeros(shape)), 0)
    return build.concat([vectors, nothing], axis)


def _svdvals(A: Value, *, driver: Any = None) -> Node:
    return each_matrix(singular_triplets, A)[1]


def _lu(A: Value, *, pivot: bool = True) -> tuple[Node, Node, Node]:
    """(P, L, U) with P L U = A."""
    p, lower, upper, _ = each_matrix(lambda a: pivoted_factors(a, pivot), A)
    return p, lower, upper


# equations


def solve_triangular(
    A: Value, B: Value, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Node:
    """The X with A X = B (or X A = B), of which A only one triangle is read."""
    matrix = build.triu(A, int(unitriangular)) if upper else build.tril(A, -int(unitriangular))
    if unitriangular:
        matrix = build.add(matrix, unit_matrix(square("solve_triangular", matrix)))
    if left:
        return build.solve_linear(matrix, B)
    return transposed(build.solve_linear(transposed(matrix), transposed(B)))


def _pinv(
    A: Value,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Node:
    """(AᵀA)⁻¹ Aᵀ or Aᵀ (A Aᵀ)⁻¹: the pseudo-inverse of a matrix of full rank.

    Where the rank is not full, it jumps, and has no derivative. rcond, atol, rtol: what counts
    as zero in floating point, and no part of the mathematics.
    """
    source = symmetric_part(A, loose=True) if hermitian else build.node(A)
    turned = transposed(source)
    if int(source.shape[-2]) >= int(source.shape[-1]):
        return build.solve_linear(build.matmul(turned, source), turned)
    return transposed(build.solve_linear(build.matmul(source, turned), source))


def _lstsq(
    A: Value, B: Value, rcond: Any = None, *, driver: Any = None
) -> tuple[Node, Node, Node, Node]:
    """(X, residuals, rank, nothing): X minimises |A X - B|, and |X| among those that do.

    Of matrices of full rank, as PyTorch assumes, whose default driver gives no residuals.
    """
    source, right = build.node(A), build.node(B)
    height, width = int(source.shape[-2]), int(source.shape[-1])
    vector = right.ndim == 1 or (source.ndim > right.ndim)
    sides = build.expand_dims(right, right.ndim) if vector else right
    turned = transposed(source)
    lead = [int(size) for size in source.shape[:-2]]
    if height >= width:
        found = build.solve_linear(build.matmul(turned, source), build.matmul(turned, sides))
    else:
        found = build.matmul(turned, build.solve_linear(build.matmul(source, turned), sides))
    nothing = Constant(np.zeros(0))
    residuals: Node = nothing
    if height > width and driver not in (None, "gelsy"):
        gap = build.subtract(build.matmul(source, found), sides)
        residuals = build.sum(build.power(gap, 2), -2)
    solution = build.getitem(found, (Ellipsis, 0)) if vector else found
    rank = Constant(np.full(lead, min(height, width), dtype=np.int64))
    return solution, residuals, rank, nothing


# products


def _matrix_power(A: Value, n: int) -> Node:
    """A multiplied by itself n times; of negative n, its inverse."""
    source = build.node(A)
    size = square("matrix_power", source)
    identity = build.broadcast_to(unit_matrix(size), source.shape)
    if n == 0:
        return identity
    base = source if n > 0 else build.solve_linear(source, identity)
    result: Node | None = None
    for bit in reversed(bin(abs(n))[2:]):
        if bit == "1":
            result = base if result is None else build.matmul(result, base)
        base = build.matmul(base, base)
    assert result is not None
    return result


def _multi_dot(tensors: Sequence[Value]) -> Node:
    """The product of several matrices; the first and the last may be vectors."""
    result = build.node(tensors[0])
    for factor in tensors[1:]:
        result = build.matmul(result, factor)
    return result


def cross(input: Value, other: Value, *, dim: int = -1) -> Node:
    """The product of vectors of three along an axis."""
    first, second = build.node(input), build.node(other)
    for held in (first, second):
        if held.shape[dim] != 3:
            raise RuntimeError(
                f"linalg.cross: inputs dimension {dim} must have length 3. Got "
                f"{first.shape[dim]} and {second.shape[dim]}"
            )
    axis = {-held.ndim + dim % held.ndim for held in (first, second)}.pop()
    turned = [
        [build.roll(held, -step, held.ndim + axis) for step in (1, 2)] for held in (first, second)
    ]
    return build.elementwise(
        lambda a, b, c, d: a * b - c * d, turned[0][0], turned[1][1], turned[0][1], turned[1][0]
    )


def _vecdot(x: Value, y: Value, *, dim: int = -1) -> Node:
    return build.sum(build.multiply(x, y), dim)


def vander(x: Value, *, N: int | None = None) -> Node:
    """Powers 0 … N - 1 of the elements, along a new last axis."""
    source = build.node(x)
    if source.ndim == 0:
        source = build.expand_dims(source, 0)
    count = int(source.shape[-1]) if N is None else N
    return build.stack([build.power(source, k) for k in range(count)], source.ndim)


# norms


def _matrix_norm(
    A: Value,
    ord: Any = "fro",
    dim: tuple[int, int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Node:
    """Frobenius's norm, or one made of row sums, column sums or singular values."""
    source = build.node(A)
    rows, columns = (axis % source.ndim for axis in dim)
    rest = [axis for axis in range(source.ndim) if axis not in (rows, columns)]
    matrices = build.permute(source, (*rest, rows, columns))
    result = norm_of_matrices(matrices, ord)
    if not keepdim:
        return result
    shape = [1 if axis in (rows, columns) else n for axis, n in enumerate(source.shape)]
    return build.reshape(result, shape)


def norm_of_matrices(matrices: Node, ord: Any) -> Node:
    if ord == "fro":
        return build.elementwise(sp.sqrt, build.sum(build.power(matrices, 2), (-2, -1)))
    if ord == "nuc":
        return build.sum(_svdvals(matrices), -1)
    if ord in (2, -2):
        return build.getitem(_svdvals(matrices), (Ellipsis, 0 if ord == 2 else -1))
    if ord in (1, -1, float("inf"), float("-inf")):
        sums = build.sum(build.absolute(matrices), -2 if abs(ord) == 1 else -1)
        return build.largest(sums, -1) if ord > 0 else build.smallest(sums, -1)
    raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")


def _cond(A: Value, p: Any = None) -> Node:
    """A norm of the matrix times that of its inverse; of 2, the ratio of singular values."""
    source = build.node(A)
    if p in (None, 2, -2):
        values = _svdvals(source)
        first, last = (build.getitem(values, (Ellipsis, k)) for k in (0, -1))
        return build.divide(last, first) if p == -2 else build.divide(first, last)
    identity = build.broadcast_to(unit_matrix(square("cond", source)), source.shape)
    inverse = build.solve_linear(source, identity)
    return build.multiply(norm_of_matrices(source, p), norm_of_matrices(inverse, p))


# samples


def general(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Well-conditioned matrices with singular values far from each other."""
    matrix = dyadic(rng, shape) / 4
    size = min(shape[-2:])
    steps = np.arange(size)
    matrix[..., steps, steps] += 2.0 + 2.0 * steps
    return matrix


def _symmetric(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Positive definite, with eigenvalues far from each other."""
    matrix = general(rng, *shape, shape[-1])
    return np.asarray((matrix + matrix.swapaxes(-1, -2)) / 2)


def _squares(*more: np.ndarray) -> Samples:
    return lambda rng: [
        Sample((general(rng, 3, 3),)),
        Sample((general(rng, 2, 2, 2),)),
        Sample((general(rng, 3, 3).T,)),
        *(Sample((matrix,)) for matrix in more),
    ]


def _tall_and_wide(**options: Any) -> Samples:
    return lambda rng: [
        Sample((general(rng, 3, 3),), dict(options)),
        Sample((general(rng, 4, 2),), dict(options)),
        Sample((general(rng, 3, 2).T,), dict(options)),
        Sample((general(rng, 2, 3, 2),), dict(options)),
    ]


def _symmetrics(*options: dict[str, Any]) -> Samples:
    def samples(rng: np.random.Generator) -> list[Sample]:
        result = [Sample((_symmetric(rng, 3),)), Sample((_symmetric(rng, 2, 2),))]
        return [*result, *(Sample((_symmetric(rng, 2),), more) for more in options)]

    return samples


def _triangular(rng: np.random.Generator) -> list[Sample]:
    right = dyadic(rng, (3, 2))
    return [
        Sample((general(rng, 3, 3), right), {"upper": True}),
        Sample((general(rng, 3, 3), right), {"upper": False}),
        Sample((general(rng, 3, 3).T, right.T), {"upper": True, "left": False}),
        Sample((general(rng, 3, 3), right), {"upper": False, "unitriangular": True}),
        Sample((general(rng, 2, 2, 2), dyadic(rng, (2, 2, 1))), {"upper": True}),
    ]


def _norms(rng: np.random.Generator) -> list[Sample]:
    sums = (1, -1, float("inf"), float("-inf"))
    return [
        Sample((dyadic(rng, (2, 3)),)),
        Sample((dyadic(rng, (2, 3, 2)), "fro", (0, 1), True)),
        *(Sample((general(rng, 3, 3) + 2.0**-6, order)) for order in sums),
        *(Sample((general(rng, 2, 2) + 2.0**-6, order)) for order in (2, -2, "nuc")),
        Sample((np.zeros((2, 2)),), kind="kink"),
    ]


def _row(
    name: str,
    function: Any,
    samples: Samples,
    *more: str,
    arrays: int = 1,
    results: tuple[str, ...] = ("real",),
    prefix: bool = True,
) -> Definition:
    """A row of torch.linalg, under all of its names."""
    aliases = (f"linalg_{name}", f"linalg.{name}") if prefix else ()
    return Definition(name, function, (REALS,) * arrays, (), samples, (*aliases, *more), results)


_SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.5, -1.0, 2.0]])
_TWO = ("real", "real")
_THREE = ("real", "real", "real")

DEFINITIONS: tuple[Definition, ...] = (
    # determinants
    _row("det", _det, _squares(_SINGULAR)),
    _row("slogdet", _slogdet, _squares(), results=_TWO),
    _row("logdet", _logdet, _symmetrics(), prefix=False),
    # factors
    _row("cholesky", cholesky, _symmetrics({"upper": True})),
    _row("qr", _qr, _tall_and_wide(), results=_TWO),
    _row("eigh", eigh, _symmetrics(), results=_TWO),
    _row("eigvalsh", _eigvalsh, _symmetrics({"UPLO": "U"})),
    _row("svd", svd, _tall_and_wide(full_matrices=False), results=_THREE),
    _row("svdvals", _svdvals, _tall_and_wide()),
    _row("lu", _lu, _tall_and_wide(), results=_THREE),
    # equations
    _row("solve_triangular", solve_triangular, _triangular, arrays=2),
    Definition(
        "cholesky_solve",
        _cholesky_solve,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (3, 2)), np.tril(general(rng, 3, 3))),
            lambda rng: (dyadic(rng, (2, 1)), np.triu(general(rng, 2, 2)), True),
        ),
        (),
        ("real",),
    ),
    Definition(
        "cholesky_inverse",
        _cholesky_inverse,
        (REALS,),
        (),
        calls(lambda rng: (np.tril(general(rng, 3, 3)),)),
        (),
        ("real",),
    ),
    _row("pinv", _pinv, _tall_and_wide(), "pinverse"),
    _row(
        "lstsq",
        _lstsq,
        calls(
            lambda rng: (general(rng, 4, 2), dyadic(rng, (4, 3))),
            lambda rng: (general(rng, 3, 3).T, dyadic(rng, (3, 1))),
            lambda rng: (general(rng, 2, 3), dyadic(rng, (2, 1))),
            lambda rng: (general(rng, 2, 3, 2), dyadic(rng, (2, 3, 1))),
        ),
        arrays=2,
        results=("real", "real", "index", "real"),
    ),
    # products
    _row(
        "matrix_power",
        _matrix_power,
        calls(
            lambda rng: (general(rng, 3, 3), 3),
            lambda rng: (general(rng, 2, 2, 2), 2),
            lambda rng: (general(rng, 3, 3).T, -2),
            lambda rng: (general(rng, 2, 2), 1),
        ),
    ),
    _row(
        "multi_dot",
        _multi_dot,
        lambda rng: [
            Sample(((dyadic(rng, (2, 3)), dyadic(rng, (4, 3)).T, dyadic(rng, (4, 2))),)),
            Sample(((dyadic(rng, (2,)), dyadic(rng, (2, 3)), dyadic(rng, (3,))),)),
        ],
    ),
    _row(
        "cross",
        cross,
        calls(
            lambda rng: ((dyadic(rng, (3,)), dyadic(rng, (3,))), {"dim": -1}),
            lambda rng: ((dyadic(rng, (3, 2)), dyadic(rng, (2, 3)).T), {"dim": 0}),
            lambda rng: ((dyadic(rng, (2, 3)), dyadic(rng, (1, 3))), {"dim": 1}),
        ),
        arrays=2,
    ),
    _row("vecdot", _vecdot, calls(lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (3,)))), arrays=2),
    _row("vander", vander, calls(lambda rng: ((dyadic(rng, (3,)),), {"N": 4}))),
    # norms
    _row("matrix_norm", _matrix_norm, _norms),
    _row(
        "cond",
        _cond,
        calls(
            lambda rng: (general(rng, 2, 2),),
            lambda rng: (general(rng, 2, 2), -2),
            lambda rng: (general(rng, 2, 2), "fro"),
        ),
    ),
)
