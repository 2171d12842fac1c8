"""The array API standard's linear algebra over tensors, and its extension `linalg`."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from autodiff import linalg as _linalg
from autodiff import namespace
from autodiff.functions import reductions, shapes
from autodiff.operation import wrap
from autodiff.state import TensorState

__all__ = ["linalg", "tensordot", "vecdot"]


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """Sums of products over pairs of axes."""
    if isinstance(axes, int):
        left = tuple(range(x1.ndim - axes, x1.ndim))
        right = tuple(range(axes))
    else:
        left = tuple(one % x1.ndim for one in axes[0])
        right = tuple(one % x2.ndim for one in axes[1])
    kept1 = [one for one in range(x1.ndim) if one not in left]
    kept2 = [one for one in range(x2.ndim) if one not in right]
    inner = math.prod(x1.shape[one] for one in left)
    first = shapes.permute(x1, (*kept1, *left))
    second = shapes.permute(x2, (*right, *kept2))
    rows = math.prod(x1.shape[one] for one in kept1)
    columns = math.prod(x2.shape[one] for one in kept2)
    found = shapes.reshape(first, (rows, inner)) @ shapes.reshape(second, (inner, columns))
    sizes = [x1.shape[one] for one in kept1] + [x2.shape[one] for one in kept2]
    return shapes.reshape(found, tuple(sizes))


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """Sums of products along an axis, the first conjugated."""
    return reductions.sum(namespace.conj(x1) * x2, axis)


def _raw(value: Any) -> Any:
    return value._data if isinstance(value, TensorState) else value


def _listed(axis: Any) -> Any:
    return axis if axis is None or isinstance(axis, int) else tuple(axis)


def _cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The vector product of vectors of three along an axis."""
    shape = np.broadcast_shapes(tuple(x1.shape), tuple(x2.shape))
    a, b = shapes.expand(x1, shape), shapes.expand(x2, shape)
    (a1, a2, a3), (b1, b2, b3) = shapes.unbind(a, axis), shapes.unbind(b, axis)
    return shapes.stack([a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, a1 * b2 - a2 * b1], axis)


def _diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonals of matrices."""
    return shapes.diagonal(x, offset, -2, -1)


def _trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sums of diagonals of matrices."""
    return namespace.sum(_diagonal(x, offset=offset), axis=-1, dtype=dtype)


def _outer(x1: Any, x2: Any, /) -> Any:
    """All products of two vectors."""
    return x1[:, None] * x2[None, :]


def _matrix_rank(x: Any, /, *, rtol: Any = None) -> Any:
    """How many singular values are larger than `rtol` times the largest."""
    return wrap(np.asarray(np.linalg.matrix_rank(_raw(x), rtol=_raw(rtol))))


def _pinv(x: Any, /, *, rtol: Any = None) -> Any:
    """The pseudo-inverse; singular values up to `rtol` times the largest count as zero."""
    return _linalg.pinv(x, rtol=rtol)


def _matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """A norm of matrices."""
    return _linalg.matrix_norm(x, ord, keepdim=keepdims)


def _vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """A norm over axes."""
    return _linalg.vector_norm(x, ord, _listed(axis), keepdim=keepdims)


def _cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """The triangular factor of a positive definite matrix."""
    return _linalg.cholesky(x, upper=upper)


def _qr(x: Any, /, *, mode: str = "reduced") -> Any:
    """Orthonormal and triangular factors."""
    return _linalg.qr(x, mode)


def _svd(x: Any, /, *, full_matrices: bool = True) -> Any:
    """Singular values and vectors."""
    return _linalg.svd(x, full_matrices)


linalg = SimpleNamespace(
    cholesky=_cholesky,
    cross=_cross,
    det=_linalg.det,
    diagonal=_diagonal,
    eigh=_linalg.eigh,
    eigvalsh=_linalg.eigvalsh,
    inv=_linalg.inv,
    matmul=namespace.matmul,
    matrix_norm=_matrix_norm,
    matrix_power=_linalg.matrix_power,
    matrix_rank=_matrix_rank,
    matrix_transpose=namespace.matrix_transpose,
    outer=_outer,
    pinv=_pinv,
    qr=_qr,
    slogdet=_linalg.slogdet,
    solve=_linalg.solve,
    svd=_svd,
    svdvals=_linalg.svdvals,
    tensordot=tensordot,
    trace=_trace,
    vecdot=vecdot,
    vector_norm=_vector_norm,
)
