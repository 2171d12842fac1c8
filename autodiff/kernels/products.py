"""Products of two matrices and their rules, in as few steps as there can be."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["mm", "mm_first", "mm_second"]

_ndarray = np.ndarray
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_FEW = 1 << 17  # bytes


def mm(xp: Any, x: Any, y: Any) -> Any:
    """x @ y of matrices, or of batches of them.

    Of small ones by `dot`, which takes a microsecond less than `matmul`, but fills its result
    with zeros first. Of a column and a row both leave BLAS alone: that is left to the namespace.

    >>> mm(np, np.eye(2), np.ones((2, 1)))
    array([[1.],
           [1.]])
    """
    if type(x) is _ndarray and type(y) is _ndarray and x.ndim == 2:
        dtype = x.dtype
        if (dtype is _F32 or dtype is _F64) and x.nbytes < _FEW > y.nbytes and len(y) != 1:
            return x.dot(y)
    return xp.matmul(x, y)


def mm_first(xp: Any, g: Any, y: Any) -> Any:
    """The cotangent of the first factor.

    >>> mm_first(np, np.ones((2, 1)), np.array([[2.0], [3.0]]))
    array([[2., 3.],
           [2., 3.]])
    """
    if type(g) is _ndarray and type(y) is _ndarray and g.ndim == 2:
        dtype = g.dtype
        if (dtype is _F32 or dtype is _F64) and g.nbytes < _FEW > y.nbytes and g.shape[1] != 1:
            return g.dot(y.T)
    return xp.matmul(g, xp.matrix_transpose(y))


def mm_second(xp: Any, g: Any, x: Any) -> Any:
    """The cotangent of the second factor.

    >>> mm_second(np, np.ones((2, 1)), np.array([[2.0, 3.0], [4.0, 5.0]]))
    array([[6.],
           [8.]])
    """
    if type(g) is _ndarray and type(x) is _ndarray and g.ndim == 2:
        dtype = g.dtype
        if (dtype is _F32 or dtype is _F64) and g.nbytes < _FEW > x.nbytes and len(g) != 1:
            return x.T.dot(g)
    return xp.matmul(xp.matrix_transpose(x), g)
