"""Numbers near the ends of a dtype's range, where squares and cubes overflow or vanish.

Rules and kernels ask first whether the numbers at hand are such, which costs a look at a few of
them, and take a detour if so: sizes are divided by a power of two, which rounds nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.state import TensorState

__all__ = ["bounded", "has_safe_squares", "is_finite", "unit_power"]

_SAFE = {
    np.dtype(one): 2.0 ** (np.finfo(one).maxexp * 2 // 5)
    for one in (np.float16, np.float32, np.float64)
}


def bounded(xp: Any, x: Any, limit: float) -> Any:
    """x, and ±limit for what is larger. Symbols remain what they are: nothing overflows there.

    For rules that have reached their limit before, to the last bit, but not as formulas.

    >>> bounded(np, np.array([-1e300, 2.0]), 32)
    array([-32.,   2.])
    """
    if isinstance(x, np.ndarray | np.generic | TensorState):
        return xp.minimum(xp.maximum(x, -limit), limit)
    return x


def has_safe_squares(squares: Any) -> bool:
    """Whether sums of squares are so far from both ends of the range that nothing was lost.

    Nor will be in second derivatives, which take them to the power of 5/2. Symbols, and arrays
    of which nothing is known, are taken to be safe, as is what has no elements.

    >>> has_safe_squares(np.array([1.0, 1e100])), has_safe_squares(np.array([1.0, 0.0]))
    (True, False)
    """
    squares = _numbers(squares)
    if not isinstance(squares, np.ndarray | np.generic) or not squares.size:
        return True
    limit = _SAFE.get(squares.dtype)
    return limit is None or bool(squares.min() > 1 / limit and squares.max() < limit)


def is_finite(x: Any) -> bool:
    """Whether x is an array of finite numbers.

    >>> is_finite(np.array([1.0, np.inf])), is_finite(np.zeros(2))
    (False, True)
    """
    return type(x) is np.ndarray and bool(np.isfinite(x).all())


def unit_power(x: Any, axes: tuple[int, ...], least: float = 0.0) -> Any:
    """Powers of two by which the largest element along axes comes to lie between 1 and 2.

    An array (never a tensor: it has no derivative) with axes of length one in their places; 1
    where the largest element is zero, infinite or nan. least: what to take in place of elements
    that are smaller.

    >>> unit_power(np.array([[0.0, -6.0], [0.0, 0.0]]), (1,))
    array([[0.25],
           [1.  ]])
    """
    size = np.max(np.abs(_numbers(x)), axis=axes, keepdims=True, initial=0)
    exponent = np.frexp(np.maximum(size, size.dtype.type(least)))[1] - 1
    limit = np.finfo(size.dtype).maxexp - 2
    exponent = np.where(np.isfinite(size) & (size + least > 0), exponent, 0)
    return np.ldexp(np.ones_like(size), np.clip(-exponent, -limit, limit))


def _numbers(x: Any) -> Any:
    while isinstance(x, TensorState):
        x = x._data
    return x
