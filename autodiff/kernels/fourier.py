"""Fourier transforms by NumPy's own, which keep single precision.

Axes are counted from the end. scaling: by what a transform of n elements is divided: 0 nothing,
1 the root of n, 2 n.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["complex_to_complex", "complex_to_real", "mirrored", "padded", "real_to_complex"]

_FORWARD: Any = ("backward", "ortho", "forward")
_INVERSE: Any = ("forward", "ortho", "backward")


def complex_to_complex(x: Any, dims: tuple[int, ...], scaling: int, forward: bool) -> Any:
    """Σ x[k] exp(∓2πi jk/n) along the axes."""
    if not x.size or not dims:
        return x.copy()
    if forward:
        return np.fft.fftn(x, axes=dims, norm=_FORWARD[scaling])
    return np.fft.ifftn(x, axes=dims, norm=_INVERSE[scaling])


def real_to_complex(x: Any, dims: tuple[int, ...], scaling: int, onesided: bool) -> Any:
    """The same of real numbers; onesided: the first half along the last of the axes."""
    if not x.size:
        shape = list(x.shape)
        if onesided:
            shape[dims[-1]] = shape[dims[-1]] // 2 + 1
        return np.zeros(shape, np.result_type(x.dtype, np.complex64))
    transform = np.fft.rfftn if onesided else np.fft.fftn
    return transform(x, axes=dims, norm=_FORWARD[scaling])


def complex_to_real(x: Any, dims: tuple[int, ...], scaling: int, last: int) -> Any:
    """The real numbers whose inverse transform has x as first half along the last of the axes."""
    sizes = [*(x.shape[dim] for dim in dims[:-1]), last]
    if not x.size:
        shape = list(x.shape)
        shape[dims[-1]] = last
        return np.zeros(shape, x.real.dtype)
    return np.fft.irfftn(x, sizes, axes=dims, norm=_INVERSE[scaling])


def mirrored(size: int, dim: int, weight: float) -> Any:
    """Ones, and `weight` for elements of a half that stand for their mirror images, too.

    size: of the whole; dim: the axis, counted from the end.
    """
    weights = np.ones(size // 2 + 1)
    weights[1 : (size + 1) // 2] = weight
    return weights.reshape(-1, *(1,) * (-dim - 1))


def padded(x: Any, pad: tuple[int, ...]) -> Any:
    """So many zeros more at the end of the last axes."""
    lead = x.ndim - len(pad)
    sizes = (n + more for n, more in zip(x.shape[lead:], pad, strict=True))
    result = np.zeros((*x.shape[:lead], *sizes), x.dtype)
    result[tuple(slice(n) for n in x.shape)] = x
    return result
