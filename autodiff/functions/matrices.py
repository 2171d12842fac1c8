"""More of `torch.linalg`: pseudo-inverses, exponentials, triangular factors and their use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.dtypes import complex128, float64
from autodiff.functions.arguments import raw, require_tensor
from autodiff.functions.contraction import matmul
from autodiff.functions.indexing import index_select
from autodiff.functions.linalg import (
    LinAlgError,
    cholesky_solve,
    inv,
    matrix_norm,
    matrix_power,
    solve,
    solve_triangular,
    svdvals,
)
from autodiff.functions.linalg import cholesky as linalg_cholesky
from autodiff.functions.linalg import qr as linalg_qr
from autodiff.functions.linalg import svd as linalg_svd
from autodiff.functions.pointwise import kind_of
from autodiff.functions.shapes import cat, movedim, reshape, tril, triu
from autodiff.named import return_type
from autodiff.ops import matrices as ops
from autodiff.ops.shapes import CLONE
from autodiff.primitive import handed_over
from autodiff.state import TensorState
from autodiff.views import requires_grad

__all__ = [
    "cholesky",
    "cholesky_ex",
    "cholesky_inverse",
    "cond",
    "eig",
    "eigvals",
    "householder_product",
    "inv_ex",
    "linalg_diagonal",
    "linalg_lu_solve",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "lu_unpack",
    "matrix_exp",
    "matrix_power",
    "matrix_rank",
    "pinv",
    "pinverse",
    "qr",
    "solve_ex",
    "svd",
    "tensorinv",
    "tensorsolve",
]

_Lstsq = return_type("linalg_lstsq", "solution", "residuals", "rank", "singular_values")
_InvEx = return_type("linalg_inv_ex", "inverse", "info")
_CholeskyEx = return_type("linalg_cholesky_ex", "L", "info")
_SolveEx = return_type("linalg_solve_ex", "result", "info")
_Lu = return_type("linalg_lu", "P", "L", "U")
_LuFactor = return_type("linalg_lu_factor", "LU", "pivots")
_LuFactorEx = return_type("linalg_lu_factor_ex", "LU", "pivots", "info")
_LuUnpack = return_type("lu_unpack", "P", "L", "U")
_Eig = return_type("linalg_eig", "eigenvalues", "eigenvectors")
_Svd = return_type("svd", "U", "S", "V")
_Qr = return_type("qr", "Q", "R")
_NAMED = {
    name: CLONE.variant(f"{name}Backward0")
    for name in (
        *("CholeskyInverse", "LinalgHouseholderProduct", "LinalgLstsq", "LinalgLu"),
        *("LinalgLuFactorEx", "LinalgLuSolve", "LinalgMatrixExp", "LuUnpack"),
    )
}


_TERMS = 24  # of a matrix of norm 1/2 the rest is below 2^-100


def _matrices(function: str, x: Any, name: str = "A") -> Any:
    require_tensor(f"linalg_{function}", x, name)
    if x.ndim < 2:
        raise RuntimeError(
            f"linalg.{function}: The input tensor {name} must have at least 2 dimensions."
        )
    return x


def _square(function: str, x: Any) -> Any:
    _matrices(function, x)
    rows, columns = x.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"linalg.{function}: A must be batches of square matrices, but they are {rows} by "
            f"{columns} matrices"
        )
    return x


def _number(value: Any) -> float | None:
    return None if value is None else float(raw(value))


@handed_over
def pinv(
    A: Any, *, rtol: Any = None, atol: Any = None, hermitian: bool = False, rcond: Any = None
) -> Any:
    """The pseudo-inverse: singular values up to max(atol, rtol · the largest) count as zero.

    Its gradient is that among matrices of the same rank.

    >>> import autodiff as torch
    >>> torch.linalg.pinv(torch.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    _matrices("pinv", A)
    limit = rcond if rtol is None else rtol
    return ops.PINV.straight(A, rtol=_number(limit), atol=_number(atol), hermitian=hermitian)


def pinverse(input: Any, rcond: float = 1e-15) -> Any:
    """The pseudo-inverse: see :func:`pinv`."""
    return pinv(input, rtol=rcond)


@handed_over
def matrix_exp(A: Any) -> Any:
    """The matrix exponential Σ Aᵏ / k!, of A over a power of two, squared as often as halved.

    Of exp(A) - 1, as (E + 1)² - 1 = E² + 2E: what is near zero keeps its digits.
    """
    _square("matrix_exp", A)
    if not A.numel():
        return A.clone()
    wide = A.to(complex128 if kind_of(A) == "c" else float64)
    norms = np.abs(np.asarray(raw(wide.detach()))).sum(-2).max(-1)
    largest = float(norms[np.isfinite(norms)].max(initial=0))
    halvings = max(math.ceil(math.log2(largest)) + 1, 0) if largest > 0 else 0
    small = wide * 0.5**halvings
    # the terms by fours: powers up to the fourth, and Horner's scheme in the last
    powers = [small]
    for _ in range(3):
        powers.append(matmul(powers[-1], small))
    found: Any = None
    for first in range(_TERMS - 3, 0, -4):
        block = sum(one / math.factorial(first + k) for k, one in enumerate(powers))
        found = block if found is None else block + matmul(powers[3], found)
    for _ in range(halvings):
        found = matmul(found, found) + 2 * found
    unit = from_array(np.eye(A.shape[-1], dtype=raw(wide).dtype))
    return _NAMED["LinalgMatrixExp"]((found + unit).to(A.dtype))


def matrix_rank(
    A: Any, tol: Any = None, *, atol: Any = None, rtol: Any = None, hermitian: bool = False
) -> Any:
    """How many singular values are above max(atol, rtol · the largest)."""
    data = np.asarray(raw(_matrices("matrix_rank", A)))
    wide = data.astype(np.float64) if data.dtype.itemsize < 4 else data
    values = np.linalg.svd(wide, compute_uv=False, hermitian=hermitian)
    if rtol is None and tol is None:
        rtol = 0.0 if atol else max(data.shape[-2:]) * np.finfo(data.dtype).eps
    share = 0.0 if rtol is None else float(raw(rtol))
    floor = max(float(raw(atol)) if atol is not None else 0.0, float(raw(tol)) if tol else 0.0)
    limit = np.maximum(floor, share * values.max(-1, keepdims=True, initial=0))
    return from_array(np.asarray((values > limit).sum(-1)))


@handed_over
def cond(A: Any, p: Any = None) -> Any:
    """The condition number: of singular values (p None, 2, -2), or of a norm and the inverse's."""
    _matrices("cond", A)
    if p in (None, 2, -2):
        values = svdvals(A)
        ratio = values[..., 0] / values[..., -1]
        return 1 / ratio if p == -2 else ratio
    _square("cond", A)
    try:
        inverse = inv(A)
    except LinAlgError:
        return from_array(np.full(A.shape[:-2], math.inf, raw(A).real.dtype))
    return matrix_norm(A, p) * matrix_norm(inverse, p)


@handed_over
def lstsq(A: Any, B: Any, rcond: Any = None, *, driver: str | None = None) -> Any:
    """The X of least |A X - B| and, of several, of least size, by the pseudo-inverse.

    A named tuple (solution, residuals, rank, singular_values); driver: PyTorch's choices are
    accepted and not used, but say which of the last three are empty.
    """
    _matrices("lstsq", A, "input")
    require_tensor("linalg_lstsq", B, "other", 2)
    vector = B.ndim == A.ndim - 1
    right = B.unsqueeze(-1) if vector else B
    if A.shape[-2] != right.shape[-2]:
        raise RuntimeError("torch.linalg.lstsq: input.size(-2) should match other.size(-2)")
    solution = matmul(pinv(A, rtol=rcond), right)
    rows, columns = A.shape[-2:]
    rank = matrix_rank(A, rtol=rcond)
    full = bool(np.all(raw(rank) == columns))
    nothing = from_array(np.zeros(0, raw(A).dtype))
    residuals = nothing
    if rows > columns and full and driver not in (None, "gelsy"):
        gap = matmul(A, solution) - right
        residuals = (gap * gap.conj()).real.sum(-2) if raw(A).dtype.kind == "c" else (
            gap * gap
        ).sum(-2)  # fmt: skip
    values = svdvals(A.detach()) if driver in ("gelss", "gelsd") else nothing
    found = _NAMED["LinalgLstsq"](solution.squeeze(-1) if vector else solution)
    return _Lstsq((found, residuals, rank, values))


def _report(A: Any, value: int = 0) -> Any:
    return from_array(np.full(A.shape[:-2], value, np.int32))


@handed_over
def inv_ex(A: Any, *, check_errors: bool = False) -> Any:
    """A named pair (inverse, info); info is not 0 where there is no inverse."""
    _square("inv_ex", A)
    try:
        return _InvEx((inv(A), _report(A)))
    except LinAlgError:
        if check_errors:
            raise
        return _InvEx((A * math.nan, _report(A, 1)))


@handed_over
def solve_ex(A: Any, B: Any, *, left: bool = True, check_errors: bool = False) -> Any:
    """A named pair (result, info); info is not 0 where A is singular."""
    _square("solve_ex", A)
    try:
        return _SolveEx((solve(A, B, left=left), _report(A)))
    except LinAlgError:
        if check_errors:
            raise
        return _SolveEx((B * math.nan, _report(A, 1)))


@handed_over
def cholesky_ex(A: Any, *, upper: bool = False, check_errors: bool = False) -> Any:
    """A named pair (L, info); info is not 0 where A is not positive definite."""
    _square("cholesky_ex", A)
    try:
        return _CholeskyEx((linalg_cholesky(A, upper=upper), _report(A)))
    except LinAlgError:
        if check_errors:
            raise
        return _CholeskyEx((A * math.nan, _report(A, 1)))


def cholesky(input: Any, upper: bool = False) -> Any:
    """The factor L of `torch.linalg.cholesky`."""
    return linalg_cholesky(input, upper=upper)


@handed_over
def cholesky_inverse(L: Any, upper: bool = False) -> Any:
    """The inverse of L Lᴴ, from the factor."""
    require_tensor("cholesky_inverse", L, "input")
    unit = from_array(np.array(np.broadcast_to(np.eye(L.shape[-1], dtype=raw(L).dtype), L.shape)))
    return _NAMED["CholeskyInverse"](cholesky_solve(unit, L, upper))


def qr(input: Any, some: bool = True) -> Any:
    """A named pair (Q, R): `torch.linalg.qr`, reduced where `some`."""
    return _Qr(tuple(linalg_qr(input, "reduced" if some else "complete")))


def svd(input: Any, some: bool = True, compute_uv: bool = True) -> Any:
    """A named triple (U, S, V) with U diag(S) Vᴴ = input; reduced where `some`."""
    u, s, vh = linalg_svd(input, full_matrices=not some)
    if not compute_uv:
        u, vh = (from_array(np.zeros(one.shape, raw(one).dtype)) for one in (u, vh))
    return _Svd((u, s, vh.mH))


def linalg_diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """A view of the diagonals of matrices."""
    return A.diagonal(offset, dim1, dim2)


def tensorinv(A: Any, ind: int = 2) -> Any:
    """The inverse of the matrix that the first `ind` dimensions and the others make."""
    require_tensor("linalg_tensorinv", A, "A")
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    first, rest = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    if math.prod(first) != math.prod(rest):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {math.prod(rest)} != {math.prod(first)}"
        )
    return reshape(inv(reshape(A, (math.prod(first), math.prod(rest)))), (*rest, *first))


def tensorsolve(A: Any, B: Any, dims: Sequence[int] | None = None) -> Any:
    """The X with tensordot(A, X) = B. dims: dimensions of A that are moved to its end before."""
    require_tensor("linalg_tensorsolve", A, "A")
    require_tensor("linalg_tensorsolve", B, "B", 2)
    if dims is not None:
        A = movedim(A, tuple(dims), tuple(range(-len(dims), 0)))
    shape = tuple(A.shape[B.ndim :])
    if math.prod(shape) != math.prod(A.shape[: B.ndim]):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {math.prod(shape)} != "
            f"{math.prod(A.shape[: B.ndim])}"
        )
    found = solve(reshape(A, (B.numel(), math.prod(shape))), reshape(B, -1))
    return reshape(found, shape)


# triangular factors, by elimination on tensors; which rows are exchanged is not differentiated


def _exchanges(data: Any, pivot: bool) -> np.ndarray:
    """LAPACK's pivots, counted from 1: the row that each step exchanges with its own."""
    work: Any = np.array(data, np.complex128 if data.dtype.kind == "c" else np.float64)
    steps = min(work.shape)
    pivots = np.arange(1, steps + 1)
    for k in range(steps):
        best = k + int(np.abs(work[k:, k]).argmax()) if pivot else k
        pivots[k] = best + 1
        work[[k, best]] = work[[best, k]]
        if work[k, k] != 0:
            work[k + 1 :, k] /= work[k, k]
            work[k + 1 :, k + 1 :] -= np.outer(work[k + 1 :, k], work[k, k + 1 :])
    return pivots


def _order(pivots: Any, rows: int) -> np.ndarray:
    """The rows in their order after the exchanges."""
    order = np.arange(rows)
    for k, other in enumerate(pivots):
        order[[k, other - 1]] = order[[other - 1, k]]
    return order


def _eliminated(matrix: Any) -> Any:
    """L below the diagonal and U on and above it, of one matrix, without exchanges."""
    rows, columns = matrix.shape
    rest, top, left = matrix, [], []
    for _ in range(min(rows, columns)):
        head = rest[:1]
        factor = rest[1:, :1]
        if np.asarray(raw(head))[0, 0] != 0:  # below a pivot of zero are zeros, as LAPACK has it
            factor = factor / head[:, :1]
        top.append(head)
        left.append(factor)
        rest = rest[1:, 1:] - factor * head[:, 1:]
    columns_of = []
    steps = len(top)
    for j in range(columns):
        above = [top[k][:, j - k : j - k + 1] for k in range(min(j + 1, steps))]
        below = [left[j]] if j < steps else []
        if j >= steps and rows > steps:
            below = [rest[:, j - steps : j - steps + 1]]
        columns_of.append(cat([*above, *below], 0))
    return cat(columns_of, 1) if columns_of else matrix


def _each(function: Any, A: Any) -> list[Any]:
    """The function of every matrix of a batch."""
    flat = reshape(A, (-1, *A.shape[-2:]))
    return [function(flat[k]) for k in range(flat.shape[0])]


def _packed(function: str, A: Any, pivot: bool) -> tuple[Any, np.ndarray]:
    _matrices(function, A)
    rows = A.shape[-2]

    def one(matrix: Any) -> Any:
        pivots = _exchanges(np.asarray(raw(matrix)), pivot)
        order = from_array(_order(pivots, rows))
        return _eliminated(index_select(matrix, 0, order)), pivots

    found = _each(one, A)
    if not found:
        return A.clone(), np.zeros((*A.shape[:-2], min(A.shape[-2:])), np.int64)
    packed = cat([each.unsqueeze(0) for each, _ in found], 0)
    pivots = np.stack([own for _, own in found])
    return reshape(packed, tuple(A.shape)), pivots.reshape(*A.shape[:-2], -1)


def lu_factor(A: Any, *, pivot: bool = True) -> Any:
    """A named pair (LU, pivots): L, without its ones, and U in one matrix; rows exchanged."""
    packed, pivots = _packed("lu_factor", A, pivot)
    zeros = np.argwhere(np.diagonal(np.asarray(raw(packed)), axis1=-2, axis2=-1) == 0)
    if len(zeros):
        *batch, place = (int(one) for one in zeros[0])
        where = f"(Batch element {batch[-1]}): " if batch else ""
        raise RuntimeError(
            f"torch.linalg.lu_factor: {where}U[{place + 1},{place + 1}] is zero and using it on "
            "lu_solve would result in a division by zero. If you still want to perform the "
            "factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
        )
    return _LuFactor((_NAMED["LinalgLuFactorEx"](packed), from_array(pivots.astype(np.int32))))


def lu_factor_ex(A: Any, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """As :func:`lu_factor`, with a report `info`: 0."""
    packed, pivots = lu_factor(A, pivot=pivot)
    return _LuFactorEx((packed, pivots, _report(A)))


def _triangles(packed: Any) -> tuple[Any, Any]:
    rows, columns = packed.shape[-2:]
    steps = min(rows, columns)
    unit = from_array(np.eye(rows, steps, dtype=raw(packed).dtype))
    return tril(packed[..., :steps], -1) + unit, triu(packed[..., :steps, :])


def _permutations(pivots: Any, rows: int, dtype: Any) -> Any:
    lead = pivots.shape[:-1]
    found = np.zeros((math.prod(lead), rows, rows), dtype)
    for number, own in enumerate(pivots.reshape(len(found), pivots.shape[-1])):
        found[number, _order(own, rows), np.arange(rows)] = 1
    return from_array(found.reshape(*lead, rows, rows))


def lu(A: Any, *, pivot: bool = True) -> Any:
    """A named triple (P, L, U) with P L U = A; P is empty where nothing is exchanged."""
    packed, pivots = _packed("lu", A, pivot)
    lower, upper = _triangles(packed)
    kind = raw(A).dtype
    exchanged = (
        _permutations(pivots, A.shape[-2], kind) if pivot else from_array(np.zeros(0, kind))
    )
    name = _NAMED["LinalgLu"]
    return _Lu((exchanged, name(lower), name(upper)))


def lu_unpack(
    LU_data: Any, LU_pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """A named triple (P, L, U) of what :func:`lu_factor` gave; what is not asked for is empty."""
    require_tensor("lu_unpack", LU_data, "LU_data")
    kind = raw(LU_data).dtype
    nothing = from_array(np.zeros(0, kind))
    pivots = np.asarray(raw(LU_pivots))
    exchanged = _permutations(pivots, LU_data.shape[-2], kind) if unpack_pivots else nothing
    if not unpack_data:
        return _LuUnpack((exchanged, nothing, nothing))
    lower, upper = _triangles(LU_data)
    return _LuUnpack((exchanged, _NAMED["LuUnpack"](lower), _NAMED["LuUnpack"](upper)))


def linalg_lu_solve(
    LU: Any, pivots: Any, B: Any, *, left: bool = True, adjoint: bool = False
) -> Any:
    """The X with A X = B (X A = B unless `left`; of Aᴴ with `adjoint`), from A's factors."""
    require_tensor("linalg_lu_solve", LU, "LU")
    lower, upper = _triangles(LU)
    P = _permutations(np.asarray(raw(pivots)), LU.shape[-2], raw(LU).dtype)
    if not left:
        turned = linalg_lu_solve(LU, pivots, B.mH, left=True, adjoint=not adjoint)
        return _NAMED["LinalgLuSolve"](turned.mH)
    if adjoint:
        inner = solve_triangular(upper.mH, B, upper=False)
        found = matmul(P, solve_triangular(lower.mH, inner, upper=True, unitriangular=True))
    else:
        inner = solve_triangular(lower, matmul(P.mT, B), upper=False, unitriangular=True)
        found = solve_triangular(upper, inner, upper=True)
    return _NAMED["LinalgLuSolve"](found)


def lu_solve(b: Any, LU_data: Any, LU_pivots: Any) -> Any:
    """The X with A X = b, from A's factors."""
    return linalg_lu_solve(LU_data, LU_pivots, b)


def householder_product(A: Any, tau: Any) -> Any:
    """The first columns of the product of reflections 1 - τ v vᴴ, v below A's diagonal."""
    _matrices("householder_product", A, "input")
    require_tensor("linalg_householder_product", tau, "tau", 2)
    rows, columns = A.shape[-2:]
    if rows < columns:
        raise RuntimeError(
            "torch.linalg.householder_product: input.shape[-2] must be greater than or equal to "
            "input.shape[-1]"
        )
    kind = raw(A).dtype
    found: Any = from_array(np.array(np.broadcast_to(np.eye(rows, columns, dtype=kind), A.shape)))
    for k in reversed(range(tau.shape[-1])):
        head = from_array(np.zeros((*A.shape[:-2], k + 1), kind) + (np.arange(k + 1) == k))
        vector = cat([head.to(A.dtype), A[..., k + 1 :, k]], -1)
        shares = matmul(vector.conj().unsqueeze(-2), found)
        found = found - tau[..., k, None, None] * (vector.unsqueeze(-1) * shares)
    return _NAMED["LinalgHouseholderProduct"](found)


def _without_gradient(function: str, A: Any) -> Any:
    _square(function, A)
    if isinstance(A, TensorState) and requires_grad(A):
        raise NotImplementedError(
            f"linalg.{function} has no derivative here: use A.detach(), or eigh of a symmetric "
            "matrix"
        )
    data = np.asarray(raw(A))
    return data.astype(np.result_type(data.dtype, np.complex64))


def eig(A: Any) -> Any:
    """A named pair (eigenvalues, eigenvectors), complex; it has no derivative here."""
    data = _without_gradient("eig", A)
    values, vectors = np.linalg.eig(data)
    return _Eig((from_array(values.astype(data.dtype)), from_array(vectors.astype(data.dtype))))


def eigvals(A: Any) -> Any:
    """The eigenvalues, complex; they have no derivative here."""
    data = _without_gradient("eigvals", A)
    return from_array(np.linalg.eigvals(data).astype(data.dtype))
