"""Rows over windows that move over the last axes: pooling, and views of windows side by side."""

from __future__ import annotations

from typing import Any

from autodiff.kernels.strided import in_order, places, put_strided, strided_view
from autodiff.kernels.windows import (
    Windows,
    largest_at,
    put_columns,
    put_windows,
    spread_windows,
    sum_windows,
    take_columns,
    take_windows,
)
from autodiff.ops.indexing import PUT
from autodiff.ops.shapes import CLONE
from autodiff.primitive import Primitive, primitive

__all__ = [
    "ADAPTIVE_AVG_POOL",
    "ADAPTIVE_AVG_POOL3D",
    "ADAPTIVE_MAX_POOL",
    "ADAPTIVE_MAX_POOL3D",
    "AS_STRIDED",
    "AS_STRIDED_PUT",
    "AVG_POOL",
    "AVG_POOL3D",
    "AVG_POOL_SPREAD",
    "COL2IM",
    "IM2COL",
    "MAX_POOL",
    "MAX_POOL3D",
    "UNFOLD",
    "WINDOWS_GATHER",
    "WINDOWS_PUT",
]

# scales: by what the sum of each window is divided: a number, or an array of their last axes


def _mean(xp: Any, x: Any, windows: Windows, scales: Any) -> Any:
    return _divided(xp, sum_windows(x, windows), scales)


def _divided(xp: Any, x: Any, scales: Any) -> Any:
    return x / (scales if isinstance(scales, int) else xp.asarray(scales, dtype=x.dtype))


def _mean_rule(g: Any, x_shape: Any, windows: Windows, scales: Any) -> Any:
    sizes = tuple(x_shape[len(x_shape) - len(windows) :])
    return AVG_POOL_SPREAD(g, sizes=sizes, windows=windows, scales=scales)


AVG_POOL: Primitive = primitive(
    "avg_pool2d",  # and of one or three axes
    "AvgPool2DBackward0",
    lambda xp, x, windows, scales: _mean(xp, x, windows, scales),
    (_mean_rule,),
    inputs=("x",),
    linear=True,
)
AVG_POOL3D = AVG_POOL.variant("AvgPool3DBackward0")
ADAPTIVE_AVG_POOL = AVG_POOL.variant("AdaptiveAvgPool2DBackward0")
ADAPTIVE_AVG_POOL3D = AVG_POOL.variant("AdaptiveAvgPool3DBackward0")
AVG_POOL_SPREAD: Primitive = primitive(
    "avg_pool2d_backward",
    "AvgPool2DBackwardBackward0",
    lambda xp, x, sizes, windows, scales: spread_windows(_divided(xp, x, scales), sizes, windows),
    (lambda g, windows, scales: AVG_POOL(g, windows=windows, scales=scales),),
    inputs=("x",),
    linear=True,
)


def _largest(xp: Any, x: Any, windows: Windows) -> Any:
    index = largest_at(xp, x, windows)
    return take_windows(xp, x, index, len(windows)), index


def _bare(indices: Any) -> Any:
    return indices._data if hasattr(indices, "_data") else indices


def _largest_rule(g: Any, x_shape: Any, indices: Any, windows: Windows) -> Any:
    rank = len(windows)
    sizes = tuple(x_shape[len(x_shape) - rank :])
    return WINDOWS_PUT(g, sizes=sizes, index=_bare(indices), rank=rank)


MAX_POOL: Primitive = primitive(
    "max_pool2d",  # and of one or three axes
    "MaxPool2DWithIndicesBackward0",
    lambda xp, x, windows: _largest(xp, x, windows),
    (_largest_rule,),
    inputs=("x",),
    outputs=("values", "indices"),
)
MAX_POOL3D = MAX_POOL.variant("MaxPool3DWithIndicesBackward0")
ADAPTIVE_MAX_POOL = MAX_POOL.variant("AdaptiveMaxPool2DBackward0")
ADAPTIVE_MAX_POOL3D = MAX_POOL.variant("AdaptiveMaxPool3DBackward0")
WINDOWS_PUT: Primitive = primitive(
    "max_pool2d_backward",
    "MaxPool2DWithIndicesBackwardBackward0",
    lambda xp, x, sizes, index, rank: put_windows(xp, x, sizes, index, rank),
    (lambda g, index, rank: WINDOWS_GATHER(g, index=index, rank=rank),),
    inputs=("x",),
    linear=True,
)


def _gather_rule(g: Any, x_shape: Any, index: Any, rank: int) -> Any:
    sizes = tuple(x_shape[len(x_shape) - rank :])
    return WINDOWS_PUT(g, sizes=sizes, index=index, rank=rank)


WINDOWS_GATHER: Primitive = primitive(
    "max_pool2d_gather",
    "MaxPool2DWithIndicesBackwardBackward0",
    lambda xp, x, index, rank: take_windows(xp, x, index, rank),
    (_gather_rule,),
    inputs=("x",),
    linear=True,
)


def _columns_rule(g: Any, x_shape: Any, windows: Windows) -> Any:
    sizes = tuple(x_shape[len(x_shape) - len(windows) :])
    return COL2IM(g, sizes=sizes, windows=windows)


IM2COL: Primitive = primitive(
    "im2col",
    "Im2ColBackward0",
    lambda xp, x, windows: take_columns(x, windows),
    (_columns_rule,),
    inputs=("x",),
    linear=True,
)
COL2IM: Primitive = primitive(
    "col2im",
    "Col2ImBackward0",
    lambda xp, x, sizes, windows: put_columns(x, sizes, windows),
    (lambda g, windows: IM2COL(g, windows=windows),),
    inputs=("x",),
    linear=True,
)

# size, stride, offset: as in PyTorch, the offset from the first element; layout: the strides of x


def _strided_rule(
    g: Any, x_shape: Any, size: Any, stride: Any, offset: int, layout: tuple[int, ...]
) -> Any:
    shape = tuple(x_shape)
    if tuple(layout) == in_order(shape):
        return AS_STRIDED_PUT(g, shape=shape, size=size, stride=stride, offset=offset)
    return PUT(g, shape=shape, index=places(shape, layout, size, stride, offset))


def _strided_put_rule(g: Any, shape: Any, size: Any, stride: Any, offset: int) -> Any:
    view = AS_STRIDED(g, size=size, stride=stride, offset=offset, layout=in_order(shape))
    return CLONE(view)  # windows that overlap are no place to add further cotangents up in


AS_STRIDED: Primitive = primitive(
    "as_strided",
    "AsStridedBackward0",
    lambda x, size, stride, offset, layout: strided_view(x, size, stride, offset, layout),
    (_strided_rule,),
    inputs=("x",),
    linear=True,
    view=True,
)
UNFOLD = AS_STRIDED.variant("UnfoldBackward0")
AS_STRIDED_PUT: Primitive = primitive(
    "as_strided_backward",
    "AsStridedBackwardBackward0",
    lambda xp, x, shape, size, stride, offset: put_strided(x, shape, size, stride, offset),
    (_strided_put_rule,),
    inputs=("x",),
    linear=True,
)
