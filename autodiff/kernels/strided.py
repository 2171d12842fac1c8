"""Views of an array's memory by size, strides and offset, counted in elements."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from autodiff.kernels.scatter import add_at
from autodiff.kernels.sums import wide

__all__ = ["extent", "in_order", "places", "put_strided", "strided_view"]


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


def in_order(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of an array of this shape in row-major order.

    >>> in_order((2, 3))
    (3, 1)
    """
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


_MANY = 1024  # passes of few elements each that are slower than index arrays


def put_strided(
    y: Any, shape: tuple[int, ...], size: tuple[int, ...], stride: tuple[int, ...], offset: int
) -> Any:
    """The transpose of a view of an array of this shape, which is in row-major order.

    Where the view shows an element twice, what is put there is added up: one pass for each place
    along the axes that overlap.

    >>> put_strided(np.ones((2, 2)), (3,), (2, 2), (1, 1), 0)
    array([1., 2., 1.])
    """
    looped = _overlapping(size, stride)
    passes = math.prod(size[axis] for axis in looped)
    whole = np.zeros(shape, wide(y.dtype))
    if not y.size:
        return whole.astype(y.dtype, copy=False)
    if passes > _MANY and y.size < 64 * passes:
        add_at(np, whole, places(shape, in_order(shape), size, stride, offset), y)
        return whole.astype(y.dtype, copy=False)
    steps = [one * whole.itemsize for one in stride]
    view = np.lib.stride_tricks.as_strided(whole.reshape(-1)[offset:], size, steps)
    index: list[Any] = [slice(None)] * len(size)
    for chosen in itertools.product(*(range(size[axis]) for axis in looped)):
        for axis, place in zip(looped, chosen, strict=True):
            index[axis] = place
        view[tuple(index)] += y[tuple(index)]
    return whole.astype(y.dtype, copy=False)


def _overlapping(size: tuple[int, ...], stride: tuple[int, ...]) -> list[int]:
    """Axes without which a view shows no element twice: as few places along them as can be."""
    kept = sorted((axis for axis, n in enumerate(size) if n > 1), key=stride.__getitem__)
    dropped = []
    place = reach = 0
    while place < len(kept):
        axis = kept[place]
        if stride[axis] > reach:
            reach += (size[axis] - 1) * stride[axis]
            place += 1
            continue
        least = min(kept[: place + 1], key=size.__getitem__) if stride[axis] else axis
        kept.remove(least)
        dropped.append(least)
        place = reach = 0
    return dropped


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
