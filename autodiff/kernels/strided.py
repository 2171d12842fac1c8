"""Views of an array's memory by size, strides and offset, counted in elements."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["extent", "places", "strided_view"]


def extent(size: tuple[int, ...], stride: tuple[int, ...]) -> int:
    """How many elements lie between the first and the last, both included.

    >>> extent((2, 3), (4, 1))
    7
    """
    if 0 in size:
        return 0
    return 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True))


def strided_view(
    x: Any,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    offset: int,
    layout: tuple[int, ...],
) -> Any:
    """A view of the memory of x that starts `offset` elements after its first one.

    layout: the strides that x had; where its memory is laid out otherwise, as that of cotangents
    may be, what the view would show is copied.
    """
    steps = zip(x.shape, x.strides, layout, strict=True)
    if any(n > 1 and step != own * x.itemsize for n, step, own in steps):
        return x[places(x.shape, layout, size, stride, offset)]
    if 0 in size:
        return np.lib.stride_tricks.as_strided(x, size, (x.itemsize,) * len(size))
    span = extent(x.shape, tuple(one // x.itemsize for one in x.strides))
    row = np.lib.stride_tricks.as_strided(x, (span,), (x.itemsize,))
    return np.lib.stride_tricks.as_strided(row[offset:], size, [s * x.itemsize for s in stride])


def places(
    shape: tuple[int, ...],
    layout: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    offset: int,
) -> tuple[Any, ...]:
    """Which elements of an array of that shape and layout a strided view shows: index arrays.

    Elements of the memory between those of the array are shown by none: raises ValueError.

    >>> [one.tolist() for one in places((2, 2), (2, 1), (2,), (3,), 0)]
    [[0, 1], [0, 1]]
    """
    reached = np.full(max(extent(shape, layout), 1), -1)
    own: Any = np.zeros(shape, np.int64)
    for axis, step in enumerate(layout):
        counts = np.arange(shape[axis]) * step
        own = own + counts.reshape(-1, *(1,) * (len(shape) - axis - 1))
    reached[own.reshape(-1)] = np.arange(math.prod(shape))
    wanted: Any = np.full(size, offset)
    for axis, step in enumerate(stride):
        counts = np.arange(size[axis]) * step
        wanted = wanted + counts.reshape(-1, *(1,) * (len(size) - axis - 1))
    flat = reached[wanted] if wanted.size else wanted
    if (flat < 0).any():
        raise ValueError("the view shows memory between the elements of the tensor")
    return np.unravel_index(flat, shape) if shape else (Ellipsis,)
