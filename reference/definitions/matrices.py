"""More of linear algebra: exponentials, packed factors and their use, sums of products."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, factorial, log2, prod
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.build.factor import each_matrix, pivoted_factors, transposed
from reference.definitions.concrete import integers
from reference.definitions.contraction import scaled_sum
from reference.definitions.decompositions import (
    cholesky,
    eigh,
    general,
    norm_of_matrices,
    solve_triangular,
    square,
    unit_matrix,
)
from reference.definitions.linalg import solve
from reference.definitions.reductions import vector_norm
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import calls, dyadic
from reference.dtypes import float64
from reference.evaluate import rounded
from reference.graph import Constant, Input, Node, topological

__all__ = ["DEFINITIONS"]


# the exponential

_TERMS = 120
"""Of a matrix of norm 1 or less, what is left out of the series is less than 2⁻⁶⁶⁰."""


def _matrix_exp(A: Value) -> Node:
    """Σ Aᵏ / k!, of A over a power of two that makes it small, squared as often as it was halved.

    The terms left out are less than 2⁻⁶⁰⁰ of the result.
    """
    source = build.node(A)
    size = square("matrix_exp", source)
    halvings = _halvings(source)
    small = build.multiply(source, Fraction(1, 2**halvings))
    unit = unit_matrix(size)
    # Paterson and Stockmeyer: the powers up to the root of the number of terms, then Horner
    width = 11
    powers: list[Node] = [build.broadcast_to(unit, source.shape)]
    for _ in range(width):
        powers.append(build.matmul(powers[-1], small))
    result: Node | None = None
    for first in reversed(range(0, _TERMS, width)):
        block = build.multiply(powers[0], Fraction(1, factorial(first)))
        for k in range(1, width):
            share = build.multiply(powers[k], Fraction(1, factorial(first + k)))
            block = build.add(block, share)
        result = block if result is None else build.add(build.matmul(result, powers[width]), block)
    assert result is not None
    for _ in range(halvings):
        result = build.matmul(result, result)
    return result


def _halvings(source: Node) -> int:
    """How often a matrix is halved until its norm is at most 1; four times where it is unknown."""
    leaves = [node for node in topological([source]) if isinstance(node, Input)]
    if any(leaf.value is None for leaf in leaves):
        return 4
    if not int(source.size):
        return 0
    norm = float(np.abs(rounded(source, float64)).sum(axis=-2).max(initial=0.0))
    return max(ceil(log2(norm)), 0) if 0 < norm < np.inf else 0


# packed factors


def _compact(matrix: Node, pivot: bool) -> tuple[Node, Node]:
    """L (without its diagonal of ones) and U in one matrix, and the exchanges of rows."""
    height, width = (int(size) for size in matrix.shape)
    _, lower, upper, exchanges = pivoted_factors(matrix, pivot)
    steps = min(height, width)
    below = build.tril(lower, -1)
    above = upper
    if height > steps:
        above = build.pad(upper, [(0, height - steps), (0, 0)])
    if width > steps:
        below = build.pad(below, [(0, 0), (0, width - steps)])
    return build.add(below, above), exchanges


def _permutation(pivots: np.ndarray, height: int) -> np.ndarray:
    """The P with A = P L U, from LAPACK's pivots; for every one of a batch."""
    lead = pivots.shape[:-1]
    result = np.zeros((prod(lead), height, height), dtype=np.int64)
    for number, own in enumerate(pivots.reshape(prod(lead), pivots.shape[-1])):
        rows = list(range(height))
        for step, other in enumerate(own.tolist()):
            rows[step], rows[other - 1] = rows[other - 1], rows[step]
        result[number, rows, np.arange(height)] = 1
    return result.reshape(*lead, height, height)


def _lu_factor(A: Value, *, pivot: bool = True) -> tuple[Node, Node]:
    """(L and U in one matrix, the pivots)"""
    compact, pivots = each_matrix(lambda a: _compact(a, pivot), A)
    return compact, pivots


def _nothing_wrong(A: Value) -> Node:
    """The report of LAPACK that all went well."""
    return Constant(np.zeros([int(n) for n in build.node(A).shape[:-2]], dtype=np.int64))


def _lu_factor_ex(
    A: Value, *, pivot: bool = True, check_errors: bool = False
) -> tuple[Node, Node, Node]:
    return (*_lu_factor(A, pivot=pivot), _nothing_wrong(A))


def _lu_with_info(
    A: Value, pivot: bool = True, check_errors: bool = True
) -> tuple[Node, Node, Node]:
    return _lu_factor_ex(A, pivot=pivot)


def _lu_unpack(
    LU_data: Value, LU_pivots: Value, unpack_data: bool = True, unpack_pivots: bool = True
) -> tuple[Node, Node, Node]:
    """(P, L, U) of a packed factor; what is not asked for is empty."""
    packed = build.node(LU_data)
    height, width = (int(n) for n in packed.shape[-2:])
    steps = min(height, width)
    nothing = Constant(np.zeros(0))
    permutation: Node = nothing
    if unpack_pivots:
        permutation = Constant(_permutation(integers(LU_pivots), height))
    if not unpack_data:
        return permutation, nothing, nothing
    lower, upper = _triangles(packed, steps)
    return permutation, lower, upper


def _triangles(packed: Node, steps: int) -> tuple[Node, Node]:
    height, width = (int(n) for n in packed.shape[-2:])
    ones = np.eye(height, steps, dtype=np.int64)
    lower = build.add(build.tril(build.getitem(packed, (Ellipsis, slice(0, steps))), -1), ones)
    upper = build.triu(build.getitem(packed, (Ellipsis, slice(0, steps), slice(0, width))))
    return lower, upper


def _linalg_lu_solve(
    LU: Value, pivots: Value, B: Value, *, left: bool = True, adjoint: bool = False
) -> Node:
    """The X with A X = B (or X A = B, or Aᵀ), by a packed factor of A."""
    packed = build.node(LU)
    size = square("lu_solve", packed)
    lower, upper = _triangles(packed, size)
    matrix = build.matmul(_permutation(integers(pivots), size), build.matmul(lower, upper))
    if adjoint:
        matrix = transposed(matrix)
    if left:
        return build.solve_linear(matrix, B)
    return transposed(build.solve_linear(transposed(matrix), transposed(B)))


def _lu_solve(b: Value, LU_data: Value, LU_pivots: Value) -> Node:
    return _linalg_lu_solve(LU_data, LU_pivots, b)


def _reflections(A: Node, tau: Node, height: int) -> Node:
    """H₁ H₂ …, Hᵢ = 1 - τᵢ vᵢ vᵢᵀ, vᵢ being 0 … 0, 1 and what A has below its diagonal."""
    product: Node = build.broadcast_to(unit_matrix(height), (*A.shape[:-2], height, height))
    for k in range(int(tau.shape[-1])):
        column = build.getitem(A, (Ellipsis, slice(k + 1, None), k))
        lead = [int(n) for n in column.shape[:-1]]
        first = np.zeros((*lead, k + 1), dtype=np.int64)
        first[..., k] = 1
        vector = build.concat([first, column], -1)
        own = build.getitem(tau, (Ellipsis, k))
        turned = build.einsum("...ij,...j->...i", product, vector)
        step = build.einsum("...i,...j,...->...ij", turned, vector, own)
        product = build.subtract(product, step)
    return product


def _householder_product(A: Value, tau: Value) -> Node:
    """The first columns of the product of reflections that a packed QR factor holds."""
    source, scales = build.node(A), build.node(tau)
    whole = _reflections(source, scales, int(source.shape[-2]))
    return build.getitem(whole, (Ellipsis, slice(0, int(source.shape[-1]))))


def _ormqr(
    input: Value, tau: Value, other: Value, left: bool = True, transpose: bool = False
) -> Node:
    """Q C, Qᵀ C, C Q or C Qᵀ, of the whole product Q of reflections."""
    source, right = build.node(input), build.node(other)
    whole = _reflections(source, build.node(tau), int(source.shape[-2]))
    if transpose:
        whole = transposed(whole)
    return build.matmul(whole, right) if left else build.matmul(right, whole)


# equations, under names that report


def _solve_ex(
    A: Value, B: Value, *, left: bool = True, check_errors: bool = False
) -> tuple[Node, Node]:
    return solve(A, B, left=left), _nothing_wrong(A)


def _inv_ex(A: Value, *, check_errors: bool = False) -> tuple[Node, Node]:
    source = build.node(A)
    unit = build.broadcast_to(unit_matrix(square("inv", source)), source.shape)
    return build.solve_linear(source, unit), _nothing_wrong(A)


def _cholesky_ex(
    A: Value, *, upper: bool = False, check_errors: bool = False
) -> tuple[Node, Node]:
    return cholesky(A, upper=upper), _nothing_wrong(A)


def _triangular_solve(
    b: Value, A: Value, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> tuple[Node, Node]:
    """(X, A), A X = b or Aᵀ X = b."""
    held = build.node(A)
    matrix = transposed(held) if transpose else held
    found = solve_triangular(matrix, b, upper=upper != transpose, unitriangular=unitriangular)
    return found, build.elementwise(lambda a: a, held)


def _tensorinv(A: Value, ind: int = 2) -> Node:
    """The inverse of the matrix that the first `ind` axes and the others make."""
    source = build.node(A)
    shape = [int(n) for n in source.shape]
    size = prod(shape[:ind])
    matrix = build.reshape(source, (size, prod(shape[ind:])))
    inverse = build.solve_linear(matrix, unit_matrix(square("tensorinv", matrix)))
    return build.reshape(inverse, (*shape[ind:], *shape[:ind]))


def _tensorsolve(A: Value, B: Value, dims: Sequence[int] | None = None) -> Node:
    """The X with tensordot(A, X) = B."""
    source, right = build.node(A), build.node(B)
    if dims is not None:
        moved = [axis % source.ndim for axis in dims]
        rest = [axis for axis in range(source.ndim) if axis not in moved]
        source = build.permute(source, (*rest, *moved))
    shape = [int(n) for n in source.shape[right.ndim :]]
    matrix = build.reshape(source, (int(right.size), prod(shape)))
    return build.reshape(build.solve_linear(matrix, build.reshape(right, -1)), shape)


def _eigh_named(A: Value, UPLO: str = "L", compute_v: bool = True) -> tuple[Node, Node]:
    return eigh(A, UPLO)


# norms


def _linalg_norm(
    A: Value, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Node:
    """A norm of vectors along one axis or of all elements, of matrices along two."""
    source = build.node(A)
    if isinstance(ord, (int, float)) and not np.isfinite(ord):
        ord = float(ord)
    axes = (dim,) if isinstance(dim, int) else None if dim is None else tuple(dim)
    if ord is None or (axes is None and source.ndim == 1) or (axes is not None and len(axes) == 1):
        return vector_norm(source, 2 if ord is None else ord, axes, keepdim)
    rows, columns = (axis % source.ndim for axis in (axes or (-2, -1)))
    rest = [axis for axis in range(source.ndim) if axis not in (rows, columns)]
    found = norm_of_matrices(build.permute(source, (*rest, rows, columns)), ord)
    if not keepdim:
        return found
    return build.reshape(
        found, [1 if k in (rows, columns) else n for k, n in enumerate(source.shape)]
    )


# sums of products


def _addmv(input: Value, mat: Value, vec: Value, *, beta: Value = 1, alpha: Value = 1) -> Node:
    return scaled_sum(input, build.matmul(mat, vec), beta, alpha)


def _addr(input: Value, vec1: Value, vec2: Value, *, beta: Value = 1, alpha: Value = 1) -> Node:
    return scaled_sum(input, build.outer(vec1, vec2), beta, alpha)


def _baddbmm(
    input: Value, batch1: Value, batch2: Value, *, beta: Value = 1, alpha: Value = 1
) -> Node:
    return scaled_sum(input, build.matmul(batch1, batch2), beta, alpha)


def _addbmm(
    input: Value, batch1: Value, batch2: Value, *, beta: Value = 1, alpha: Value = 1
) -> Node:
    return scaled_sum(input, build.einsum("bij,bjk->ik", batch1, batch2), beta, alpha)


def _vdot(input: Value, other: Value) -> Node:
    return build.dot(input, other)


def _chain_matmul(*matrices: Value) -> Node:
    result = build.node(matrices[0])
    for factor in matrices[1:]:
        result = build.matmul(result, factor)
    return result


# samples


def _exponents(rng: np.random.Generator) -> list[Sample]:
    nilpotent = np.array([[0.0, 1.0], [0.0, 0.0]])
    return [
        Sample((dyadic(rng, (3, 3)) / 2,)),
        Sample((dyadic(rng, (2, 2, 2)) / 4,)),
        Sample((dyadic(rng, (3, 3)).T * 2,)),
        Sample((nilpotent,)),
        Sample((np.zeros((2, 2)),)),
    ]


def _factored(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((general(rng, 3, 3),)),
        Sample((general(rng, 4, 2),)),
        Sample((general(rng, 3, 2).T,)),
        Sample((general(rng, 2, 2, 2),)),
    ]


_PIVOTS = np.array([3, 2, 3], dtype=np.int32)


def _unpacked(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((general(rng, 3, 3), _PIVOTS)),
        Sample((general(rng, 4, 2), _PIVOTS[:2])),
        Sample((general(rng, 3, 2).T, np.array([2, 2], dtype=np.int32))),
    ]


def _solved(rng: np.random.Generator) -> list[Sample]:
    packed = general(rng, 3, 3), _PIVOTS
    return [
        Sample((*packed, dyadic(rng, (3, 2)))),
        Sample((*packed, dyadic(rng, (2, 3))), {"left": False}),
        Sample((*packed, dyadic(rng, (3, 1))), {"adjoint": True}),
    ]


def _reflected(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (4, 3)) / 4, dyadic(rng, (3,)) / 4)),
        Sample((dyadic(rng, (2, 3, 2)) / 4, dyadic(rng, (2, 1)) / 4)),
    ]


def _positives(rng: np.random.Generator) -> list[Sample]:
    matrix = general(rng, 3, 3)
    symmetric = (matrix + matrix.T) / 2
    return [Sample((symmetric,)), Sample((symmetric,), {"upper": True})]


def _squares(rng: np.random.Generator) -> list[Sample]:
    return [Sample((general(rng, 3, 3),)), Sample((general(rng, 2, 2, 2),))]


def _added(*shapes: tuple[int, ...]) -> Samples:
    return calls(
        lambda rng: tuple(dyadic(rng, shape) for shape in shapes),
        lambda rng: (
            tuple(dyadic(rng, shape) for shape in shapes),
            {"beta": 0.5, "alpha": -2.0},
        ),
    )


def _normed(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (2, 3)),)),
        Sample((dyadic(rng, (4,)), 3.0)),
        Sample((dyadic(rng, (2, 3)), float("inf")), {"dim": 1, "keepdim": True}),
        Sample((general(rng, 3, 3), "nuc")),
        Sample((general(rng, 2, 2, 3), "fro", (0, 2), True)),
    ]


def _row(
    name: str,
    function: Any,
    samples: Samples,
    *,
    arrays: int = 1,
    results: tuple[str, ...] = ("real",),
    aliases: tuple[str, ...] | None = None,
) -> Definition:
    own = (f"linalg_{name}", f"linalg.{name}") if aliases is None else aliases
    return Definition(name, function, (REALS,) * arrays, (), samples, own, results)


_INFO = ("real", "index32")

DEFINITIONS: tuple[Definition, ...] = (
    _row("matrix_exp", _matrix_exp, _exponents),
    # packed factors
    _row("lu_factor", _lu_factor, _factored, results=_INFO),
    _row("lu_factor_ex", _lu_factor_ex, _factored, results=_INFO),
    Definition("_lu_with_info", _lu_with_info, (REALS,), (), _factored, (), _INFO),
    Definition("lu_unpack", _lu_unpack, (REALS,), (), _unpacked, (), ("value", "value", "value")),
    _row("linalg_lu_solve", _linalg_lu_solve, _solved, arrays=2, aliases=("linalg.lu_solve",)),
    Definition(
        "lu_solve",
        _lu_solve,
        (REALS, REALS),
        (),
        calls(lambda rng: (dyadic(rng, (3, 2)), general(rng, 3, 3), _PIVOTS)),
        (),
        ("real",),
    ),
    _row(
        "householder_product",
        _householder_product,
        _reflected,
        arrays=2,
        aliases=(
            "linalg_householder_product",
            "linalg.householder_product",
            "orgqr",
        ),
    ),
    Definition(
        "ormqr",
        _ormqr,
        (REALS, REALS, REALS),
        (),
        calls(
            lambda rng: (
                dyadic(rng, (3, 2)) / 4,
                dyadic(rng, (2,)) / 4,
                dyadic(rng, (3, 2)),
            ),
            lambda rng: (
                dyadic(rng, (3, 2)) / 4,
                dyadic(rng, (2,)) / 4,
                dyadic(rng, (2, 3)),
                False,
                True,
            ),
        ),
    ),
    # equations
    _row(
        "solve_ex",
        _solve_ex,
        calls(
            lambda rng: (general(rng, 3, 3), dyadic(rng, (3, 2))),
            lambda rng: ((general(rng, 3, 3), dyadic(rng, (2, 3))), {"left": False}),
        ),
        arrays=2,
        results=_INFO,
        aliases=("linalg_solve_ex", "linalg.solve_ex"),
    ),
    _row("inv_ex", _inv_ex, _squares, results=_INFO),
    _row("cholesky_ex", _cholesky_ex, _positives, results=_INFO),
    Definition(
        "triangular_solve",
        _triangular_solve,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (3, 2)), general(rng, 3, 3)),
            lambda rng: (dyadic(rng, (3, 2)), general(rng, 3, 3), False, True, True),
        ),
        (),
        ("real", "real"),
    ),
    _row("tensorinv", _tensorinv, calls(lambda rng: (general(rng, 4, 4).reshape(4, 2, 2), 1))),
    _row(
        "tensorsolve",
        _tensorsolve,
        calls(
            lambda rng: (general(rng, 4, 4).reshape(2, 2, 4), dyadic(rng, (2, 2))),
            lambda rng: (
                (general(rng, 4, 4).reshape(2, 4, 2), dyadic(rng, (4,))),
                {"dims": (0, 2)},
            ),
        ),
        arrays=2,
    ),
    # norms
    _row("linalg_norm", _linalg_norm, _normed, aliases=("linalg.norm",)),
    # sums of products
    Definition("addmv", _addmv, (REALS,) * 3, (), _added((2,), (2, 3), (3,))),
    Definition("addr", _addr, (REALS,) * 3, (), _added((2, 3), (2,), (3,))),
    Definition("baddbmm", _baddbmm, (REALS,) * 3, (), _added((2, 2, 2), (2, 2, 3), (2, 3, 2))),
    Definition("addbmm", _addbmm, (REALS,) * 3, (), _added((2, 2), (2, 2, 3), (2, 3, 2))),
    Definition(
        "vdot",
        _vdot,
        (REALS, REALS),
        (),
        calls(lambda rng: (dyadic(rng, (3,)), dyadic(rng, (3,)))),
        ("linalg_vdot",),
    ),
    Definition(
        "chain_matmul",
        _chain_matmul,
        (REALS,),
        (),
        calls(lambda rng: tuple(dyadic(rng, s) for s in ((2, 3), (3, 2), (2, 4)))),
    ),
)
