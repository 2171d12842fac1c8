"""Layers of networks on small arrays: as few of NumPy's calls as there can be."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.kernels.sums import SHORT, ones

__all__ = ["column_sums", "linear", "mean_taken", "outer_sum", "product"]

_ndarray = np.ndarray
_WIDE = (np.dtype(np.float32), np.dtype(np.float64))
_LARGE = 1 << 15  # elements
_add: Any = np.add.reduce
_PLACES = np.arange(SHORT)
_PLACES.flags.writeable = False


def linear(xp: Any, x: Any, weight: Any, bias: Any) -> Any:
    """x @ weightᵀ + bias, of one row or many; weight may be a vector, bias None.

    >>> linear(np, np.eye(2), np.array([[1.0, 2.0]]), np.array([3.0]))
    array([[4.],
           [5.]])
    """
    if type(x) is _ndarray and x.ndim == 2 == weight.ndim and x.dtype in _WIDE:
        # `dot` takes a microsecond less than `@`, but fills its result with zeros first
        out = x.dot(weight.T) if x.size < _LARGE > weight.size else x @ weight.T
        if bias is not None:
            if bias.dtype is not out.dtype or bias.shape != out.shape[1:]:
                return out + bias
            out += bias
        return out
    found = x @ weight if weight.ndim == 1 else product(xp, x, xp.matrix_transpose(weight))
    return found if bias is None else found + bias


def product(xp: Any, x: Any, y: Any) -> Any:
    """x @ y; of batches of rows and one matrix by a single product, which BLAS does faster.

    >>> product(np, np.ones((2, 1, 3)), np.ones((3, 1))).ravel()
    array([3., 3.])
    """
    if type(x) is not _ndarray or x.ndim < 3 or y.ndim != 2 or not x.flags.c_contiguous:
        return xp.matmul(x, y)
    width, narrow = y.shape
    if x.dtype not in _WIDE or x.dtype is not y.dtype or x.shape[-1] != width or not x.size:
        return xp.matmul(x, y)
    out = np.empty((*x.shape[:-1], narrow), x.dtype)
    np.matmul(x.reshape(-1, width), y, out=out.reshape(-1, narrow))
    return out


def outer_sum(g: Any, x: Any) -> Any:
    """gᵀ @ x of two matrices of one of the usual dtypes; None of anything else.

    >>> outer_sum(np.ones((2, 1)), np.eye(2))
    array([[1., 1.]])
    """
    if type(g) is _ndarray and g.ndim == 2 == x.ndim and g.dtype in _WIDE:
        return g.T.dot(x) if g.size < _LARGE > x.size else g.T @ x
    return None


def column_sums(g: Any) -> Any:
    """The sum of each column of a matrix, as BLAS adds; None of anything else.

    Both it and `np.add.reduce` add one row after the other.

    >>> column_sums(np.ones((3, 2)))
    array([3., 3.])
    """
    if type(g) is _ndarray and g.ndim == 2 and g.dtype in _WIDE and len(g) <= SHORT:
        return ones(len(g), g.dtype).dot(g)
    return None


def mean_taken(x: Any, index: Any, total: Any) -> Any:
    """The sum of an element of each row of a matrix, over a number; None of anything else.

    >>> mean_taken(np.eye(3), np.array([[0], [1], [0]]), 2)
    np.float64(1.0)
    """
    if type(x) is not _ndarray or x.ndim != 2 or index.shape != (len(x), 1) or len(x) > SHORT:
        return None
    found = x[_PLACES[: len(x)], index[:, 0]]
    return _add(found) / x.dtype.type(total)
