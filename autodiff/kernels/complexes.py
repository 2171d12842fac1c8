"""Complex numbers and their parts in one memory."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["as_complex", "as_reals", "direction", "joined", "log_add_exp", "polar"]


def as_reals(x: Any) -> Any:
    """A view in which each number is a last axis of its two parts.

    >>> as_reals(np.array([1 + 2j]))
    array([[1., 2.]])
    """
    return x[..., None].view(x.real.dtype)


def as_complex(x: Any) -> Any:
    """The last axis, of size two, as one number: a view where its elements lie side by side.

    >>> as_complex(np.array([1.0, 2.0]))
    array(1.+2.j)
    """
    if x.strides[-1] != x.itemsize:
        x = np.ascontiguousarray(x)
    return np.asarray(x.view(np.result_type(x.dtype, np.complex64))[..., 0])


def direction(xp: Any, angle: Any) -> Any:
    """The number of size one at an angle."""
    return xp.cos(angle) + xp.sin(angle) * 1j


def joined(x: Any, y: Any) -> Any:
    """Numbers of their two parts, either of which may be infinite.

    >>> joined(np.array([1.0, np.inf]), np.array(2.0))
    array([ 1.+2.j, inf+2.j])
    """
    result = np.empty(np.broadcast_shapes(x.shape, y.shape), np.result_type(x, y, np.complex64))
    result.real, result.imag = x, y
    return result


def polar(size: Any, angle: Any) -> Any:
    """Numbers of their sizes and angles."""
    return joined(size * np.cos(angle), size * np.sin(angle))


def log_add_exp(xp: Any, x: Any, y: Any) -> Any:
    """log(exp(x) + exp(y)) of complex numbers, by the one with the larger real part.

    >>> log_add_exp(np, np.array([1000 + 1j]), np.array([1000 + 1j]))
    array([1000.69314718+1.j])
    """
    first = xp.real(x) > xp.real(y)
    large, other = xp.where(first, x, y), xp.where(first, y, x)
    infinite = xp.logical_and(xp.isinf(xp.real(large)), xp.logical_not(xp.isnan(other)))
    rest = xp.exp(xp.where(infinite, 0, other - large))
    return xp.where(infinite, large, large + xp.log1p(rest))
