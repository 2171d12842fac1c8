"""Kernels that run along a dimension from one element to the next."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["cumulative_product", "log_sums", "running_extreme", "scan"]


def _symbols(x: Any) -> bool:
    return not isinstance(x, np.ndarray | np.generic)


def _steps(xp: Any, x: Any, dim: int, combine: Any) -> Any:
    """The running combination of slices, for arrays of other libraries and symbols."""
    parts: list[Any] = []
    for k in range(x.shape[dim]):
        part = x[(*(slice(None),) * dim, slice(k, k + 1))]
        parts.append(part if not parts else combine(parts[-1], part))
    return xp.concat(parts, axis=dim)


def scan(xp: Any, x: Any, y: Any, dim: int) -> Any:
    """out[k] = x[k] + y[k] · out[k + 1] along a dimension, beginning with the last.

    >>> scan(np, np.ones(3), np.full(3, 2.0), 0)
    array([7., 3., 1.])
    """
    if _symbols(x):
        pairs = [(k, (*(slice(None),) * dim, slice(k, k + 1))) for k in range(x.shape[dim])]
        parts: list[Any] = []
        for _, part in reversed(pairs):
            parts.append(x[part] + y[part] * parts[-1] if parts else x[part])
        return xp.concat(parts[::-1], axis=dim)
    source, factor = np.moveaxis(x, dim, 0), np.moveaxis(np.broadcast_to(y, x.shape), dim, 0)
    # a step from one row of a copy to the next is on memory that lies together
    source, factor = np.ascontiguousarray(source), np.ascontiguousarray(factor)
    out = np.empty_like(source)
    if not source.shape[0]:
        return np.moveaxis(out, 0, dim)
    last = out[-1] = source[-1]
    for k in range(source.shape[0] - 2, -1, -1):
        last = out[k] = source[k] + factor[k] * last
    return np.moveaxis(out, 0, dim)


def cumulative_product(xp: Any, x: Any, dim: int) -> Any:
    """Running products.

    >>> cumulative_product(np, np.array([1.0, 2.0, 3.0]), 0)
    array([1., 2., 6.])
    """
    if not x.ndim:
        return +x
    if _symbols(x):
        return _steps(xp, x, dim, lambda a, b: a * b)
    return np.multiply.accumulate(x, axis=dim, dtype=x.dtype)


def log_sums(xp: Any, x: Any, dim: int) -> Any:
    """The logarithm of running sums of exponentials.

    >>> log_sums(np, np.array([0.0, -np.inf]), 0)
    array([0., 0.])
    """
    if not x.ndim:
        return +x
    if _symbols(x):
        return _steps(xp, x, dim, lambda a, b: xp.log(xp.exp(a) + xp.exp(b)))
    wide = x.astype(np.float64) if x.dtype.itemsize < 8 and x.dtype.kind in "fV" else x
    if x.dtype.kind == "c":
        return np.log(np.cumsum(np.exp(x), axis=dim)).astype(x.dtype)
    return np.logaddexp.accumulate(wide, axis=dim).astype(x.dtype)


def running_extreme(x: Any, dim: int, greatest: bool) -> Any:
    """Where the largest or smallest element so far is: the latest of equal ones, nan first.

    >>> running_extreme(np.array([3, 1, 3]), 0, True)
    array([0, 0, 2])
    """
    values = (np.maximum if greatest else np.minimum).accumulate(x, axis=dim)
    here = (x == values) | np.isnan(x)
    own = np.arange(x.shape[dim]).reshape([-1 if k == dim else 1 for k in range(x.ndim)])
    return np.maximum.accumulate(np.where(here, own, 0), axis=dim)
