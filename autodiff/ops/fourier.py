"""Fourier transforms: linear, and each one's cotangent goes through another of them.

Rows, because a sum over products of sines would take n² steps. Parameters: `dims`, the axes,
counted from the end; `scaling`, what is divided by (0 nothing, 1 the root of the number of
elements, 2 that number).
"""

from __future__ import annotations

from typing import Any

from autodiff.kernels import fourier as kernels
from autodiff.primitive import Primitive, primitive

__all__ = ["FFT_C2C", "FFT_C2R", "FFT_R2C", "PAD_END"]

Dims = tuple[int, ...]

PAD_END = primitive(
    "pad",
    "ConstantPadNdBackward0",
    lambda x, pad: kernels.padded(x, pad),
    (lambda g, pad: g[(..., *(slice(0, -more if more else None) for more in pad))],),
    inputs=("x",),
    linear=True,
)

FFT_C2C: Primitive = primitive(
    "fft_c2c",
    "FftC2CBackward0",
    lambda x, dims, scaling, forward: kernels.complex_to_complex(x, dims, scaling, forward),
    (
        lambda g, dims, scaling, forward: FFT_C2C(
            g, dims=dims, scaling=scaling, forward=not forward
        ),
    ),
    inputs=("x",),
    linear=True,
)


def _weighted(xp: Any, x: Any, size: int, dims: Dims, weight: float) -> Any:
    """Elements that stand for their mirror images multiplied."""
    weights = kernels.mirrored(size, dims[-1], weight)
    return x * xp.asarray(weights, dtype=xp.real(x).dtype)


def _real_rule(xp: Any, g: Any, x_shape: Any, dims: Dims, scaling: int, onesided: bool) -> Any:
    """Re Σ g[k] exp(2πi jk/n), over the half that there is."""
    if not onesided:
        return xp.real(FFT_C2C(g, dims=dims, scaling=scaling, forward=False))
    last = x_shape[dims[-1]]
    half = _weighted(xp, g, last, dims, 0.5)
    return FFT_C2R(half, dims=dims, scaling=scaling, last=last)


FFT_R2C: Primitive = primitive(
    "fft_r2c",
    "FftR2CBackward0",
    lambda x, dims, scaling, onesided: kernels.real_to_complex(x, dims, scaling, onesided),
    (_real_rule,),
    inputs=("x",),
    linear=True,
)


def _half_rule(xp: Any, g: Any, dims: Dims, scaling: int, last: int) -> Any:
    half = FFT_R2C(g, dims=dims, scaling=scaling, onesided=True)
    return _weighted(xp, half, last, dims, 2.0)


FFT_C2R: Primitive = primitive(
    "fft_c2r",
    "FftC2RBackward0",
    lambda x, dims, scaling, last: kernels.complex_to_real(x, dims, scaling, last),
    (_half_rule,),
    inputs=("x",),
    linear=True,
)
