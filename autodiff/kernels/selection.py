"""Choosing elements by a mask without a branch per element.

`np.where` jumps or does not for each element: on data where that cannot be foreseen it takes ten
times as long as arithmetic. Here a mask of whole numbers is multiplied with the bits instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.kernels.blocks import BLOCK, in_blocks

__all__ = ["chosen", "clamped", "kept", "leaky", "positive_part", "unless_zero"]

_FEW = 256  # elements for which one call of `np.where` is cheaper than two of arithmetic
_MANY = 4096  # elements from which on three passes over two arrays are cheaper than jumps
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_BITS: Any = {_F32: np.dtype(np.uint32), _F64: np.dtype(np.uint64)}
_BOOL = np.dtype(bool)
_ZERO = {one: np.zeros((), one) for one in _BITS}  # a Python number takes a ufunc longer
_TOP = {one: np.array(np.inf, one) for one in _BITS}
_LONG = 2048  # elements from which on `clip`, which has vector code for numbers, is faster
_ndarray = np.ndarray
_where: Any = np.where
_multiply, _maximum, _not_equal = np.multiply, np.maximum, np.not_equal


def kept(xp: Any, mask: Any, g: Any) -> Any:
    """g where the mask is true, 0 elsewhere, whatever g is there.

    >>> kept(np, np.array([True, False]), np.array([2.0, np.inf]))
    array([2., 0.])
    """
    if type(g) is not _ndarray or type(mask) is not _ndarray or mask.dtype is not _BOOL:
        return xp.where(mask, g, 0)
    bits = _BITS.get(g.dtype)
    if bits is None:
        return xp.where(mask, g, 0)
    if mask.size <= _FEW or mask.shape != g.shape:
        return _where(mask, g, _ZERO[g.dtype])
    whole = mask.astype(bits)
    _multiply(whole, g.view(bits), out=whole)
    return whole.view(g.dtype)


def chosen(mask: Any, x: Any, y: Any) -> Any:
    """`np.where(mask, x, y)`; of arrays of one shape by (x ⊕ y) ∧ mask ⊕ y, bit by bit.

    >>> chosen(np.array([True, False]), np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([1., 4.])
    """
    if type(mask) is not _ndarray or mask.size < _MANY or mask.dtype is not _BOOL:
        return _where(mask, x, y)
    if type(y) is int and not y and type(x) is _ndarray and x.shape == mask.shape:
        return kept(np, mask, x)
    if type(x) is int and not x and type(y) is _ndarray and y.shape == mask.shape:
        return kept(np, np.logical_not(mask), y)
    if type(x) is not _ndarray or type(y) is not _ndarray or x.dtype is not y.dtype:
        return _where(mask, x, y)
    bits = _BITS.get(x.dtype)
    if bits is None or x.shape != mask.shape or y.shape != mask.shape:
        return _where(mask, x, y)
    return _blend(x, y, mask) if x.size <= BLOCK else in_blocks(_blend, x, y, mask)


def _blend(x: Any, y: Any, mask: Any, out: Any = None) -> Any:
    if out is None:
        out = np.empty_like(x)
    bits = _BITS[x.dtype]
    every, other = out.view(bits), y.view(bits)
    np.copyto(every, mask)
    np.negative(every, every)  # no bit or all of them
    np.bitwise_and(every, x.view(bits) ^ other, every)
    np.bitwise_xor(every, other, every)
    return out


def positive_part(xp: Any, x: Any) -> Any:
    """The larger of x and 0.

    >>> positive_part(np, np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    if type(x) is _ndarray:
        dtype = x.dtype
        zero = _ZERO.get(dtype)
        if zero is not None:
            return _maximum(x, zero) if x.size < _LONG else x.clip(zero, _TOP[dtype])
    return xp.maximum(x, 0)


def clamped(xp: Any, x: Any, low: Any, high: Any) -> Any:
    """x, or low where it is below, or high where it is above that; None: no such bound.

    >>> clamped(np, np.array([-3.0, 0.5, 3.0]), -1, 1)
    array([-1. ,  0.5,  1. ])
    """
    if type(x) is _ndarray and x.dtype in _BITS and x.size >= _LONG:
        # nan as a bound, and lower bounds above upper ones, mean the same to both
        dtype = x.dtype
        if low is not None:
            return x.clip(low, _TOP[dtype] if high is None else high)
        return x.clip(-_TOP[dtype], high)
    result = x if low is None else xp.maximum(x, low)
    return result if high is None else xp.minimum(result, high)


def leaky(xp: Any, x: Any, slope: Any) -> Any:
    """x where it is positive, elsewhere slope · x.

    >>> leaky(np, np.array([-1.0, 2.0]), 0.5)
    array([-0.5,  2. ])
    """
    if type(x) is _ndarray and slope and slope <= 1:  # not 0: of infinity that would be nan
        return _maximum(x, x * slope)
    return xp.where(x > 0, x, x * slope)


def unless_zero(xp: Any, g: Any, out: Any, recorded: Any = None) -> Any:
    """g where a positive part is not zero: the rule of `positive_part`.

    recorded: the row that computes this of what is not an array.

    >>> unless_zero(np, np.array([3.0, 4.0]), np.array([0.0, 2.0]))
    array([0., 4.])
    """
    if type(out) is _ndarray and type(g) is _ndarray and out.dtype is g.dtype:
        zero = _ZERO.get(out.dtype)
        if zero is not None:
            return kept(xp, _not_equal(out, zero), g)
    return xp.where(out <= 0, 0, g) if recorded is None else recorded(g, out)
