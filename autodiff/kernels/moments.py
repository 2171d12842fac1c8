"""Means, deviations from them, and lengths: in place on buffers of their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.kernels.range import has_safe_squares
from autodiff.kernels.sums import sum_of_squares

__all__ = ["along", "deviations", "length", "mean", "squared", "times"]

_ndarray = np.ndarray
_OF_ARRAYS = frozenset({np.ndarray, np.float32, np.float64})
Axes = tuple[int, ...]


def mean(xp: Any, x: Any, dim: Axes, keepdim: bool) -> Any:
    """The mean over axes; of nothing nan, without a warning.

    >>> mean(np, np.array([1.0, 2.0]), (0,), True)
    array([1.5])
    """
    if not math.prod(x.shape[axis] for axis in dim):
        return xp.sum(x, axis=dim, keepdims=keepdim, dtype=x.dtype) * math.nan
    return xp.mean(x, axis=dim, keepdims=keepdim)


def deviations(xp: Any, x: Any, dim: Axes) -> Any:
    """x less its mean.

    >>> deviations(np, np.array([1.0, 2.0]), (0,))
    array([-0.5,  0.5])
    """
    from_mean = x - mean(xp, x, dim, True)
    # the rounding of a large mean shifts all by the same number: a second pass takes it out
    rest = mean(xp, from_mean, dim, True)
    if type(from_mean) is _ndarray and from_mean.dtype == rest.dtype:
        return np.subtract(from_mean, rest, out=from_mean)
    return from_mean - rest


def squared(x: Any) -> Any:
    """The squares of an array that nobody else holds, in its memory."""
    return np.multiply(x, x, out=x) if type(x) is _ndarray else x * x


def times(g: Any, x: Any, scale: float, size: Any = None) -> Any:
    """g · scale · (x / size), of an x that nobody else holds.

    The quotient first: neither overflows nor vanishes before its time.

    >>> times(np.array([1.0]), np.array([2.0, 4.0]), 0.5)
    array([1., 2.])
    """
    if (
        type(x) is _ndarray
        and type(g) in _OF_ARRAYS
        and g.dtype == x.dtype
        and (size is None or (type(size) in _OF_ARRAYS and size.dtype == x.dtype))
    ):
        if size is not None:
            x /= size
        x *= x.dtype.type(scale)
        return np.multiply(g, x, out=x)
    return g * (scale * (x if size is None else x / size))


def length(x: Any, dim: Axes, keepdim: bool) -> Any:
    """The Euclidean norm of arrays whose squares are in range; None of others.

    >>> length(np.array([3.0, 4.0]), (0,), True)
    array([5.])
    """
    if type(x) is not _ndarray or not x.size:
        return None
    squares = sum_of_squares(x, dim, keepdim)
    if squares is None or not has_safe_squares(squares):
        return None
    return np.sqrt(squares)


def along(g: Any, x: Any, norm: Any) -> Any:
    """g · (x / norm) of arrays whose norms are not zero; None of others.

    >>> along(np.array([10.0]), np.array([3.0, 4.0]), np.array([5.0]))
    array([6., 8.])
    """
    if type(x) is not _ndarray or not x.ndim or type(g) not in _OF_ARRAYS:
        return None
    if not x.dtype == g.dtype == norm.dtype or not norm.all():
        return None
    unit = x / norm
    return np.multiply(g, unit, out=unit)
