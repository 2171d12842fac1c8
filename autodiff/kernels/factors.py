"""Products of many factors, by halves: each step multiplies one half of them with the other."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["product", "products_of_others"]

_MANY = 4096  # elements from which on halves are faster than one factor after the other
_FEW = 32  # factors that NumPy multiplies one after the other
_FLOATS = frozenset({np.dtype(np.float32), np.dtype(np.float64)})


def product(xp: Any, x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
    """The product over these dimensions.

    >>> product(np, np.array([[1.0, 2.0], [3.0, 4.0]]), (1,), False)
    array([ 2., 12.])
    """
    if type(x) is np.ndarray and x.size >= _MANY and x.dtype in _FLOATS and x.flags.c_contiguous:
        kept = x.ndim - len(dim)
        if tuple(dim) == tuple(range(kept, x.ndim)):
            left = _by_halves(x.reshape(*x.shape[:kept], -1)).prod(axis=-1)
            return left.reshape(*left.shape, *(1,) * len(dim)) if keepdim else left
    return xp.prod(x, axis=dim, keepdims=keepdim, dtype=x.dtype)


def _by_halves(x: Any) -> Any:
    """Fewer factors along the last axis, of the same product."""
    size = x.shape[-1]
    while size > _FEW:
        half = size // 2
        next = x[..., :half] * x[..., half : 2 * half]
        if size % 2:
            next[..., 0] *= x[..., -1]
        x, size = next, half
    return x


def products_of_others(xp: Any, x: Any) -> Any:
    """For each element of the last axis the product of all others: no division, exact at zeros.

    What a pair of halves gets from the rest, each of them gets times the other.

    >>> products_of_others(np, np.array([2.0, 3.0, 0.0]))
    array([0., 0., 6.])
    """
    size = x.shape[-1]
    if size < 2:
        return xp.ones_like(x)
    half = size // 2
    first, second, odd = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    if size == 2:
        return xp.concat([second, first], axis=-1)
    pairs = first * second
    above = products_of_others(xp, xp.concat([pairs, odd], axis=-1) if size % 2 else pairs)
    rest = above[..., :half] if size % 2 else above
    if type(x) is np.ndarray:
        out = np.empty_like(x)
        np.multiply(rest, second, out=out[..., :half])
        np.multiply(rest, first, out=out[..., half : 2 * half])
        out[..., 2 * half :] = above[..., half:]
        return out
    parts = [rest * second, rest * first, above[..., half:]][: 2 + size % 2]
    return xp.concat(parts, axis=-1)
