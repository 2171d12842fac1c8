"""Sums of large arrays by BLAS, which reads them up to three times as fast as `np.add.reduce`.

A product with ones keeps some dozens of running sums per row, so on rows of up to some thousand
elements its error grows as slowly as that of NumPy's pairwise summation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["LARGE", "SHORT", "large_sum", "ones", "sum_of_squares", "wide"]

LARGE = 1 << 16  # elements of an array for which the detour pays
SHORT = 4096  # elements of a row that BLAS may add up
_LEAST = 64  # elements of a row that are worth a row
_WIDTH = 256
_WIDE = (np.dtype(np.float32), np.dtype(np.float64))
_add: Any = np.add.reduce
_F32, _F64 = _WIDE
_ONES32, _ONES64 = np.ones(SHORT, _F32), np.ones(SHORT, _F64)
_ONES32.flags.writeable = _ONES64.flags.writeable = False


def ones(count: int, dtype: Any) -> Any:
    """Ones to multiply by, not to write to: up to `SHORT` of them are there already.

    >>> ones(3, np.dtype(np.float64))
    array([1., 1., 1.])
    """
    if count <= SHORT:
        if dtype is _F32:
            return _ONES32[:count]
        if dtype is _F64:
            return _ONES64[:count]
    return np.ones(count, dtype)


def large_sum(x: Any, axis: Any, keepdims: bool) -> Any:
    """The sum of a large array over all axes or over its last; None if it has to be found else.

    >>> float(large_sum(np.ones(100_000), None, False))
    100000.0
    """
    if not x.flags.c_contiguous or x.dtype not in _WIDE:
        return None
    last = x.ndim - 1
    if axis is None or axis == tuple(range(x.ndim)) or (not last and axis in (0, -1)):
        flat = x.reshape(-1)
        whole = flat.size - flat.size % _WIDTH
        total = _add(flat[:whole].reshape(-1, _WIDTH).dot(ones(_WIDTH, x.dtype)))
        if whole < flat.size:
            total = total + _add(flat[whole:])
        return np.full((1,) * x.ndim, total) if keepdims else total
    size = x.shape[-1]
    if axis in (last, (last,), -1) and _LEAST <= size <= SHORT:
        sums = x.reshape(-1, size).dot(ones(size, x.dtype))
        return sums.reshape(*x.shape[:-1], 1) if keepdims else sums.reshape(x.shape[:-1])
    return None


def wide(dtype: Any) -> Any:
    """The dtype to add up in: of 16 bits that of 32, as PyTorch does.

    >>> wide(np.dtype(np.float16)), wide(np.dtype(np.float64))
    (dtype('float32'), dtype('float64'))
    """
    return _F32 if dtype.itemsize == 2 else dtype


def sum_of_squares(x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """The sum of squares of floats over axes; None of other arrays.

    >>> sum_of_squares(np.array([[3.0, 4.0]]), (1,), False)
    array([25.])
    """
    if x.dtype not in _WIDE:
        return None
    if dim == (x.ndim - 1,) and x.shape[-1] <= SHORT:
        found = np.vecdot(x, x)
        return found[..., None] if keepdim else found
    return _add(x * x, axis=dim, keepdims=keepdim)
