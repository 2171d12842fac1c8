"""Linear algebra by NumPy's LAPACK, with PyTorch's words where it fails.

NumPy has no solver for triangular systems: here one goes block by block, most of it products of
matrices. Arrays of 16 bits, which LAPACK has no routines for, are worked on in 32.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_cotangent",
    "det",
    "eigh",
    "inv",
    "is_large",
    "is_nothing",
    "minors",
    "qr",
    "refuse_phases",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
]

_BLOCK = 64  # rows of a triangular system that are left to LAPACK's general solver


class _LinAlgError(RuntimeError):
    """A matrix has no factorization or no inverse."""


LinAlgError = _LinAlgError


def _wide(x: Any) -> Any:
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


def _as(value: Any, like: Any) -> Any:
    return value.astype(like.dtype, copy=False)


def _adjoint(x: Any) -> Any:
    return x.swapaxes(-1, -2).conj() if x.dtype.kind == "c" else x.swapaxes(-1, -2)


def _place(number: int, x: Any) -> str:
    """`(Batch element 1): ` where there are batches."""
    return f"(Batch element {number}): " if x.ndim > 2 else ""


def is_nothing(g: Any) -> bool:
    """Whether a cotangent consists of zeros that do not depend on anything."""
    if getattr(g, "requires_grad", False):
        return False
    array = getattr(g, "_data", g)
    return type(array) is np.ndarray and not array.any()


def cholesky(x: Any, upper: bool) -> Any:
    """The factor L of L Lᴴ, or U of Uᴴ U. Reads one triangle. Raises LinAlgError."""
    matrix = _wide(_adjoint(x) if upper else x)
    try:
        factor = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise _not_positive(matrix) from None
    return _as(_adjoint(factor) if upper else factor, x)


def _not_positive(x: Any) -> _LinAlgError:
    for number, matrix in enumerate(x.reshape(-1, *x.shape[-2:])):
        for order in range(1, len(matrix) + 1):
            try:
                np.linalg.cholesky(matrix[:order, :order])
            except np.linalg.LinAlgError:
                where = _place(number, x)
                return _LinAlgError(
                    f"linalg.cholesky: {where}The factorization could not be completed because "
                    "the input is not positive-definite (the leading minor of order "
                    f"{order} is not positive-definite)."
                )
    raise AssertionError("every matrix has a factor")


def _singular(x: Any, function: str) -> _LinAlgError:
    """The complaint about the first singular matrix of a batch."""
    for number, matrix in enumerate(x.reshape(-1, *x.shape[-2:])):
        try:
            np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            if function == "solve":
                where = f"{_place(number, x)}The" if x.ndim > 2 else "The"
                return _LinAlgError(
                    f"torch.linalg.solve: {where} solver failed because the input matrix is "
                    "singular."
                )
            pivots = np.abs(np.diagonal(_eliminated(matrix)))
            zero = 1 + int(np.argmax(pivots == 0))
            return _LinAlgError(
                f"linalg.inv: {_place(number, x)}The diagonal element {zero} is zero, the "
                "inversion could not be completed because the input matrix is singular."
            )
    raise AssertionError("no matrix is singular")


def _eliminated(matrix: Any) -> Any:
    """The upper factor of an elimination with the largest pivots."""
    work = np.array(matrix)
    for k in range(len(work)):
        pivot = k + int(np.argmax(np.abs(work[k:, k])))
        work[[k, pivot]] = work[[pivot, k]]
        if work[k, k] != 0:
            work[k + 1 :] -= np.outer(work[k + 1 :, k] / work[k, k], work[k])
    return work


def inv(x: Any) -> Any:
    """The inverse. Raises LinAlgError."""
    matrix = _wide(x)
    try:
        return _as(np.linalg.inv(matrix), x)
    except np.linalg.LinAlgError:
        raise _singular(matrix, "inv") from None


def cholesky_cotangent(lower: Any, g: Any) -> Any:
    """L⁻ᴴ Φ(Lᴴ g) L⁻¹ and its adjoint, halved, with Φ the lower half: of real matrices (n, n).

    Products with triangular matrices, and those of which one triangle is needed, are taken block
    by block, without the zeros: together they cost less than one full product.
    """
    size = len(lower)
    blocks = [(start, min(start + _BLOCK, size)) for start in range(0, size, _BLOCK)]
    half = np.zeros_like(g)
    for start, end in blocks:  # the lower triangle of Lᵀ g
        np.matmul(lower[start:, start:end].T, g[start:, :end], half[start:end, :end])
    half = np.tril(half)
    half += half.T
    half.reshape(-1)[:: size + 1] *= 0.5
    inverse = _triangular_inverse(lower)
    turned = np.empty_like(g)
    for start, end in blocks:
        np.matmul(half[:, start:], inverse[start:, start:end], turned[:, start:end])
    result = np.empty_like(g)
    for start, end in blocks:
        part = inverse[start:, start:end].T @ turned[start:, :end]
        part *= 0.5
        part[:, start:] = (part[:, start:] + part[:, start:].T) * 0.5
        result[start:end, :end] = part
        result[:start, start:end] = part[:, :start].T
    return result


def _triangular_inverse(lower: Any) -> Any:
    """The inverse of a lower triangular matrix, by halves."""
    size = len(lower)
    if size <= _BLOCK:
        return np.linalg.inv(lower)
    middle = size // 2
    first, last = (
        _triangular_inverse(lower[:middle, :middle]),
        _triangular_inverse(lower[middle:, middle:]),
    )
    result = np.zeros_like(lower)
    result[:middle, :middle], result[middle:, middle:] = first, last
    np.matmul(last @ -lower[middle:, :middle], first, result[middle:, :middle])
    return result


def is_large(x: Any) -> bool:
    """Whether x is one real matrix for which working in blocks pays."""
    return type(x) is np.ndarray and x.ndim == 2 and x.dtype.kind == "f" and len(x) > _BLOCK


def solve(a: Any, b: Any, left: bool, vector: bool) -> Any:
    """The X with A X = B, or X A = B. Raises LinAlgError."""
    matrix, right = _wide(a), _wide(b)
    if vector:
        right = right[..., None]
    elif not left:
        matrix, right = matrix.swapaxes(-1, -2), right.swapaxes(-1, -2)
    try:
        found = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        raise _singular(matrix, "solve") from None
    if vector:
        found = found[..., 0]
    elif not left:
        found = found.swapaxes(-1, -2)
    return _as(found, b)


def solve_triangular(a: Any, b: Any, upper: bool, left: bool, unitriangular: bool) -> Any:
    """The X with A X = B, or X A = B, of which A only one triangle is read."""
    matrix, right = _wide(a), _wide(b)
    if not left:
        matrix, right, upper = matrix.swapaxes(-1, -2), right.swapaxes(-1, -2), not upper
    if not upper:  # elimination leaves an upper triangle as it is: no rows are exchanged
        matrix, right = matrix[..., ::-1, ::-1], right[..., ::-1, :]
    size = matrix.shape[-1]
    lead = np.broadcast_shapes(matrix.shape[:-2], right.shape[:-2])
    out = np.empty((*lead, *right.shape[-2:]), right.dtype)
    for end in range(size, 0, -_BLOCK):
        start = max(0, end - _BLOCK)
        part = right[..., start:end, :]
        if end < size:
            part = part - matrix[..., start:end, end:] @ out[..., end:, :]
        block = np.triu(matrix[..., start:end, start:end], int(unitriangular))
        if unitriangular:
            block = block + np.eye(end - start, dtype=block.dtype)
        out[..., start:end, :] = _solved(block, part)
    if not upper:
        out = out[..., ::-1, :]
    if not left:
        out = out.swapaxes(-1, -2)
    return _as(out, b)


def _solved(block: Any, part: Any) -> Any:
    """A small triangular system; of a singular one, as LAPACK's solver for triangles has it."""
    try:
        return np.linalg.solve(block, part)
    except np.linalg.LinAlgError:
        out = np.array(np.broadcast_to(part, (*block.shape[:-2], *part.shape[-2:])))
        for k in range(block.shape[-1] - 1, -1, -1):
            known = block[..., k : k + 1, k + 1 :] @ out[..., k + 1 :, :]
            out[..., k, :] = (out[..., k, :] - known[..., 0, :]) / block[..., k, k, None]
        return out


def det(x: Any) -> Any:
    """The determinant."""
    return _as(np.asarray(np.linalg.det(_wide(x))), x)


def minors(size: int) -> tuple[tuple[Any, Any], Any]:
    """(index, signs): where the minors of a matrix are, and their signs as cofactors."""
    others = np.array([[k for k in range(size) if k != out] for out in range(size)])
    rows = others[:, None, :, None]
    columns = others[None, :, None, :]
    index = np.broadcast_arrays(rows, columns)
    numbers = np.arange(size)
    signs = 1.0 - 2.0 * ((numbers[:, None] + numbers) % 2)
    return (np.array(index[0]), np.array(index[1])), signs


def slogdet(x: Any) -> tuple[Any, Any]:
    """(the sign of the determinant, the logarithm of its size)."""
    sign, log = np.linalg.slogdet(_wide(x))
    log = np.asarray(log)
    return _as(np.asarray(sign), x), log.astype(x.real.dtype, copy=False)


def eigh(x: Any, lower: bool) -> tuple[Any, Any]:
    """(eigenvalues in ascending order, eigenvectors in columns); reads one triangle."""
    values, vectors = np.linalg.eigh(_wide(x), "L" if lower else "U")
    return values.astype(x.real.dtype, copy=False), _as(vectors, x)


def svd(x: Any, full: bool) -> tuple[Any, Any, Any]:
    """(U, the singular values in descending order, Vᴴ)."""
    left, values, right = np.linalg.svd(_wide(x), full_matrices=full)
    return _as(left, x), values.astype(x.real.dtype, copy=False), _as(right, x)


def qr(x: Any, mode: Any) -> tuple[Any, Any]:
    """(Q, R) with Q R = x; Q is empty in the mode "r"."""
    if mode == "r":
        return np.zeros(0, x.dtype), _as(np.linalg.qr(_wide(x), mode), x)
    q, r = np.linalg.qr(_wide(x), mode)
    return _as(q, x), _as(r, x)


_PHASES = (
    "{} in the complex case are specified up to multiplication by e^{{i phi}}. The specified loss "
    "function depends on this {}, {}ill-defined."
)
_PHASES_OF = {
    "eigh": _PHASES.format("linalg_eigh_backward: The eigenvectors", "quantity", "so it is "),
    "svd": _PHASES.format("svd_backward: The singular vectors", "phase term", "making it "),
}


def refuse_phases(function: str, mixing: Any) -> None:
    """Raise where a loss depends on what complex vectors may be multiplied by.

    mixing: the vectors' adjoint times their cotangent; for "svd", the difference of that of the
    left and the right vectors, which may be turned together. Raises RuntimeError.
    """
    array = getattr(mixing, "_data", mixing)
    if not isinstance(array, np.ndarray):
        return  # the members of a batch: their values are not to be looked at
    phases = np.diagonal(array, axis1=-2, axis2=-1).imag
    if not np.all(np.abs(phases) <= 1e-2):
        raise RuntimeError(_PHASES_OF[function])
