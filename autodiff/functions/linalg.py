"""`torch.linalg`: factors, determinants, systems of equations, norms of matrices."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.arguments import axis, is_foreign, raw, require_tensor
from autodiff.functions.contraction import matmul
from autodiff.functions.pointwise import where
from autodiff.functions.reductions import vector_norm
from autodiff.functions.shapes import movedim
from autodiff.kernels.linalg import LinAlgError
from autodiff.named import return_type
from autodiff.ops import linalg as ops
from autodiff.primitive import handed_over

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_solve",
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "logdet",
    "matrix_norm",
    "matrix_power",
    "multi_dot",
    "norm",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
]

_Eigh = return_type("linalg_eigh", "eigenvalues", "eigenvectors")
_Slogdet = return_type("linalg_slogdet", "sign", "logabsdet")
_Svd = return_type("linalg_svd", "U", "S", "Vh")
_Qr = return_type("linalg_qr", "Q", "R")


def _matrix(function: str, x: Any, name: str = "A") -> Any:
    """The tensor if it holds matrices of floating point; PyTorch's complaint if not."""
    require_tensor(f"linalg_{function}", x, name)
    if x.ndim < 2:
        raise RuntimeError(
            f"linalg.{function}: The input tensor {name} must have at least 2 dimensions."
        )
    if not is_foreign(x) and raw(x).dtype.kind not in "fcV":
        raise RuntimeError(
            f"linalg.{function}: Expected a floating point or complex tensor as input. Got "
            f"{x.dtype.title}"
        )
    return x


def _square(function: str, x: Any) -> Any:
    _matrix(function, x)
    rows, columns = x.shape[-2:]
    if rows != columns:
        raise RuntimeError(
            f"linalg.{function}: A must be batches of square matrices, but they are {rows} by "
            f"{columns} matrices"
        )
    return x


def _same_types(function: str, a: Any, b: Any) -> None:
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"linalg.{function}: Expected A and B to have the same dtype, but found A of type "
            f"{a.dtype.title} and B of type {b.dtype.title} instead"
        )


def _fit(function: str, a: Any, b: Any, left: bool) -> None:
    if a.shape[-1] != b.shape[-2 if left else -1]:
        sizes = ("x".join(map(str, one.shape[-2:])) for one in (a, b))
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"linalg.{function}: Incompatible shapes of A and B for the equation {equation} "
            f"({' and '.join(sizes)})"
        )


@handed_over
def cholesky(A: Any, *, upper: bool = False) -> Any:
    """The lower triangular L with L Lᴴ = A; Uᴴ U = A with `upper`. Of (…, n, n).

    One triangle of A is read; its gradient is symmetric. Raises LinAlgError where A is not
    positive definite.

    >>> import autodiff as torch
    >>> torch.linalg.cholesky(torch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    return ops.CHOLESKY.straight(_square("cholesky", A), upper=upper)


@handed_over
def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """The X with A X = B, or X A = B. Raises LinAlgError where A is singular.

    A: (…, n, n). B: (…, n, k), or vectors: (n,), or of A's shape without its last dimension.
    """
    _square("solve", A)
    require_tensor("linalg_solve", B, "B", 2)
    _same_types("solve", A, B)
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    if not vector:
        _fit("solve", A, B, left)
    elif B.shape[-1] != A.shape[-1]:
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation AX = B "
            f"({A.shape[-2]}x{A.shape[-1]} and {B.shape[-1]}x1)"
        )
    return ops.SOLVE.straight(A, B, left=left, vector=vector)


@handed_over
def solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    """The X with A X = B (or X A = B), of which A only one triangle is read.

    unitriangular: the diagonal counts as ones, and is not read either.
    """
    _square("solve_triangular", A)
    _matrix("solve_triangular", B, "B")
    _same_types("solve_triangular", A, B)
    _fit("solve_triangular", A, B, left)
    return ops.SOLVE_TRIANGULAR.straight(A, B, upper=upper, left=left, unitriangular=unitriangular)


@handed_over
def cholesky_solve(input: Any, L: Any, upper: bool = False) -> Any:
    """The X with L Lᴴ X = input, from the factor of `cholesky`."""
    require_tensor("cholesky_solve", input)
    require_tensor("cholesky_solve", L, "input2", 2)
    for one, name in ((input, "b"), (L, "u")):
        if one.ndim < 2:
            raise RuntimeError(
                f"{name} should have at least 2 dimensions, but has {one.ndim} dimensions instead"
            )
    _fit("cholesky_solve", L, input, True)
    return ops.CHOLESKY_SOLVE.straight(input, L, upper=upper)


@handed_over
def inv(A: Any) -> Any:
    """The inverse. Raises LinAlgError where there is none."""
    return ops.INV.straight(_square("inv", A))


@handed_over
def det(A: Any) -> Any:
    """The determinant of each matrix."""
    return ops.DET.straight(_square("det", A))


@handed_over
def slogdet(A: Any) -> Any:
    """A named pair (sign, logabsdet); no overflow where the determinant itself has one."""
    return _Slogdet(ops.SLOGDET(_square("slogdet", A)))


@handed_over
def logdet(A: Any) -> Any:
    """The logarithm of the determinant; nan where that is negative."""
    require_tensor("logdet", A)
    if A.ndim > 1 and A.shape[-2] != A.shape[-1]:
        rows, columns = A.shape[-2:]
        raise RuntimeError(
            "logdet: A must be batches of square matrices, but they are "
            f"{rows} by {columns} matrices"
        )
    sign, log = ops.SLOGDET(_square("logdet", A))
    if raw(sign).dtype.kind == "c":
        return sign.log() + log
    return where(sign == -1, math.nan, log)


def _triangle(UPLO: str) -> bool:
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO.upper() == "L"


@handed_over
def eigh(A: Any, UPLO: str = "L") -> Any:
    """A named pair (eigenvalues, eigenvectors) of symmetric matrices; the values ascend.

    One triangle of A is read; its gradient is symmetric.
    """
    return _Eigh(ops.EIGH(_square("eigh", A), lower=_triangle(UPLO)))


@handed_over
def eigvalsh(A: Any, UPLO: str = "L") -> Any:
    """The eigenvalues of symmetric matrices, ascending."""
    return ops.EIGH(_square("eigh", A), lower=_triangle(UPLO))[0]


@handed_over
def svd(A: Any, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """A named triple (U, S, Vh) with U diag(S) Vh = A; the values descend.

    driver: for GPUs in PyTorch; accepted and not used.
    """
    return _Svd(ops.SVD(_matrix("svd", A), full=full_matrices))


@handed_over
def svdvals(A: Any, *, driver: str | None = None) -> Any:
    """The singular values, descending."""
    return ops.SVD(_matrix("svdvals", A), full=False)[1]


@handed_over
def qr(A: Any, mode: str = "reduced") -> Any:
    """A named pair (Q, R) with Q R = A.

    mode: "reduced", "complete" (Q is square; not differentiable if A is tall) or "r" (Q is
    empty; not differentiable).
    """
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), "
            "'r', or 'complete'"
        )
    return _Qr(ops.QR(_matrix("qr", A), mode=mode))


def matrix_power(A: Any, n: int) -> Any:
    """A times itself, n times; of a negative n the inverse."""
    _square("matrix_power", A)
    if n == 0:
        identity = np.broadcast_to(np.eye(A.shape[-1], dtype=raw(A).dtype), tuple(A.shape))
        return from_array(np.array(identity))
    base = A if n > 0 else inv(A)
    result = None
    rest = abs(n)
    while rest:
        if rest & 1:
            result = base if result is None else matmul(result, base)
        rest >>= 1
        if rest:
            base = matmul(base, base)
    return result.clone() if result is A else result


def multi_dot(tensors: Sequence[Any]) -> Any:
    """The product of matrices, the first and the last of which may be vectors.

    Multiplied from the cheaper end: chains of three or more are taken in PyTorch's best order.
    """
    given = list(tensors)
    if len(given) < 2:
        raise RuntimeError("multi_dot(): expected at least 2 tensors but got " + str(len(given)))
    if len(given) == 3:
        a, b, c = given
        rows = a.shape[0] if a.ndim == 2 else 1
        columns = c.shape[-1] if c.ndim == 2 else 1
        inner, outer = b.shape
        left = rows * inner * outer + rows * outer * columns
        right = inner * outer * columns + rows * inner * columns
        return matmul(matmul(a, b), c) if left <= right else matmul(a, matmul(b, c))
    return functools.reduce(matmul, given)


def matrix_norm(
    A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """Frobenius's norm, or one made of row sums, column sums or singular values.

    ord: "fro", "nuc" (the sum of the singular values), ±2 (the largest, the smallest), ±1 (of
    sums of columns), ±inf (of rows).
    """
    _matrix("matrix_norm", A)
    A = A if dtype is None else A.to(dtype)
    rows, columns = (axis(one, A.ndim) for one in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({rows}, {columns})")
    if ord == "fro":
        return vector_norm(A, 2, (rows, columns), keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        first, second = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = vector_norm(A, 1, first, keepdim)
        second -= second > first and not keepdim
        return sums.amax(second, keepdim) if ord > 0 else sums.amin(second, keepdim)
    if ord not in (2, -2, "nuc"):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    values = svdvals(movedim(A, (rows, columns), (-2, -1)))
    extreme = "sum" if ord == "nuc" else "amax" if ord > 0 else "amin"
    result = getattr(values, extreme)(-1)
    if keepdim:
        for one in sorted((rows, columns)):
            result = result.unsqueeze(one)
    return result


def norm(
    A: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """The norm of vectors; of matrices where two dimensions, or an order of theirs, are given."""
    require_tensor("linalg_norm", A)
    A = A if dtype is None else A.to(dtype)
    if isinstance(ord, str) or (isinstance(dim, Sequence) and len(dim) == 2 and ord is not None):
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim)
    if dim is None and ord is not None and A.ndim == 2:
        return matrix_norm(A, ord, (0, 1), keepdim)
    return vector_norm(A, 2 if ord is None else ord, dim, keepdim)
