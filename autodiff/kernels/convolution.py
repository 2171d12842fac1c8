"""Convolution as one matrix product, some samples at a time.

The windows of a few samples are copied, once, into a buffer that stays in the cache, laid out as
(channel · place in the kernel, place in the result), so that the product with the weights is in
the layout of the result and is written straight to where it belongs. Nine products of shifted
images, without any copy, were a third slower (their sums go through memory), and one product for
all samples at once has to be turned over afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from autodiff.kernels.sums import LARGE, SHORT, ones

__all__ = ["Geometry", "channel_sums", "convolve", "convolve_input", "convolve_weight"]

_WIDE = (np.dtype(np.float32), np.dtype(np.float64))
_BUFFER = 1 << 20  # bytes of windows at a time


class Geometry(NamedTuple):
    """How kernels are moved: padding is (before, after) of each axis."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int

    def counts(self, sizes: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[int, ...]:
        """The number of windows along each axis."""
        axes = zip(sizes, kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple(
            (size + sum(around) - space * (width - 1) - 1) // step + 1
            for size, width, step, around, space in axes
        )


def _wide(*values: Any) -> tuple[Any, ...]:
    """Arrays of 16 bits as arrays of 32: products of them are added up in 32, as in PyTorch."""
    return tuple(
        value.astype(np.float32) if value is not None and value.dtype.itemsize == 2 else value
        for value in values
    )


def _padded(x: Any, geometry: Geometry) -> Any:
    if not any(map(any, geometry.padding)):
        return x
    shape = [n + sum(around) for n, around in zip(x.shape[2:], geometry.padding, strict=True)]
    result = np.zeros((*x.shape[:2], *shape), x.dtype)
    result[_inside(x.shape[2:], geometry)] = x
    return result


def _inside(sizes: tuple[int, ...], geometry: Geometry) -> tuple[Any, ...]:
    """Where the image is in the padded one."""
    around = zip(sizes, geometry.padding, strict=True)
    return (..., *(slice(before, before + size) for size, (before, _) in around))


def _is_the_image(kernel: tuple[int, ...], geometry: Geometry) -> bool:
    """Whether windows are the elements of the image, one by one."""
    padded = any(map(any, geometry.padding))
    return math.prod(kernel) == 1 and not padded and set(geometry.stride) <= {1}


def _columns(
    x: Any, kernel: tuple[int, ...], counts: tuple[int, ...], geometry: Geometry, more: int = 0
) -> Iterator[tuple[slice, Any]]:
    """For some samples at a time, their slice, and (sample, group, place in a window, window).

    more: how many places, of ones, are put behind those of the window.
    """
    samples, channels = x.shape[:2]
    groups, each_group = geometry.groups, channels // geometry.groups
    places, windows = math.prod(kernel), math.prod(counts)
    if _is_the_image(kernel, geometry):
        yield slice(0, samples), x.reshape(samples, groups, each_group, windows)
        return
    x = _padded(x, geometry)
    each = channels * places * windows * x.itemsize
    count = min(samples, max(1, _BUFFER // max(each, 1)))
    buffer = np.empty((count, groups, each_group * places + more, windows), x.dtype)
    buffer[:, :, each_group * places :] = 1
    moved = buffer[:, :, : each_group * places].reshape(
        count, groups, each_group, *kernel, *counts
    )
    spacing = zip(x.strides[2:], geometry.dilation, strict=True)
    moving = zip(x.strides[2:], geometry.stride, strict=True)
    strides = (*(a * b for a, b in spacing), *(a * b for a, b in moving))
    strides = (x.strides[0], x.strides[1] * each_group, x.strides[1], *strides)
    for start in range(0, samples, max(count, 1)):
        part = x[start : start + count]
        own = moved[: len(part)]
        np.copyto(own, np.lib.stride_tricks.as_strided(part, own.shape, strides))
        yield slice(start, start + len(part)), buffer[: len(part)]


def convolve(x: Any, weight: Any, bias: Any, geometry: Geometry) -> Any:
    """Σ over channels c, places k: weight[d, c, k] · x[n, c, o · stride + k · dilation] + bias."""
    dtype = x.dtype
    x, weight, bias = _wide(x, weight, bias)
    kernel, filters = weight.shape[2:], weight.shape[0]
    counts = geometry.counts(x.shape[2:], kernel)
    groups = geometry.groups
    out = np.empty((x.shape[0], filters, *counts), x.dtype)
    flat = out.reshape(x.shape[0], groups, filters // groups, math.prod(counts))
    matrix = weight.reshape(groups, filters // groups, -1)
    last = bias is not None and not _is_the_image(kernel, geometry)
    if last:  # the bias is the weight of a place of ones
        matrix = np.concatenate([matrix, bias.reshape(groups, -1, 1)], axis=2)
    for samples, columns in _columns(x, kernel, counts, geometry, int(last)):
        np.matmul(matrix, columns, out=flat[samples])
    if bias is not None and not last:
        flat += bias.reshape(groups, -1, 1)
    return out.astype(dtype, copy=False)


def channel_sums(xp: Any, g: Any) -> Any:
    """The sum of each channel over all images: the cotangent of a bias.

    >>> channel_sums(np, np.ones((2, 3, 4)))
    array([8., 8., 8.])
    """
    if type(g) is np.ndarray and g.dtype in _WIDE and g.flags.c_contiguous:
        size = math.prod(g.shape[2:])
        if g.size >= LARGE and size <= SHORT:
            return g.reshape(-1, size).dot(ones(size, g.dtype)).reshape(g.shape[:2]).sum(axis=0)
    return xp.sum(g, axis=(0, *range(2, g.ndim)))


def convolve_weight(y: Any, x: Any, shape: tuple[int, ...], geometry: Geometry) -> Any:
    """The cotangent of the weight, of this shape, where y is that of the result."""
    dtype = x.dtype
    y, x = _wide(y, x)
    groups, counts = geometry.groups, y.shape[2:]
    flat = y.reshape(y.shape[0], groups, y.shape[1] // groups, math.prod(counts))
    total = np.zeros((groups, shape[0] // groups, math.prod(shape[1:])), x.dtype)
    for samples, columns in _columns(x, shape[2:], counts, geometry):
        product = np.matmul(flat[samples], columns.swapaxes(-1, -2))
        total += product[0] if len(product) == 1 else np.add.reduce(product, axis=0)
    return total.reshape(shape).astype(dtype, copy=False)


def convolve_input(
    y: Any, weight: Any, bias: Any, sizes: tuple[int, ...], geometry: Geometry
) -> Any:
    """The cotangent of an input with images of these sizes, where y is that of the result."""
    dtype = y.dtype
    y, weight, bias = _wide(y, weight, bias)
    counts, kernel = y.shape[2:], weight.shape[2:]
    samples, channels = y.shape[0], weight.shape[1] * geometry.groups
    around = [n + sum(pair) for n, pair in zip(sizes, geometry.padding, strict=True)]
    whole = np.zeros((samples, channels, *around), y.dtype)
    if set(geometry.stride) <= {1} and len(counts) > 1 and math.prod(kernel) > 1:
        _spread_flat(y, weight, whole, geometry)
    else:
        _spread(y, weight, whole, geometry)
    result = whole[_inside(sizes, geometry)]
    if bias is not None:
        result += bias.reshape(-1, *(1,) * len(sizes))
    return result.astype(dtype, copy=False)


def _spread(y: Any, weight: Any, whole: Any, geometry: Geometry) -> None:
    """Every element of y times the kernel, added to padded images, place by place."""
    groups, counts, kernel = geometry.groups, y.shape[2:], weight.shape[2:]
    samples, channels = whole.shape[:2]
    places, windows = math.prod(kernel), math.prod(counts)
    flat = y.reshape(samples, groups, y.shape[1] // groups, windows)
    matrix = weight.reshape(groups, y.shape[1] // groups, -1).swapaxes(-1, -2)
    count = min(samples, max(1, _BUFFER // max(channels * places * windows * y.itemsize, 1)))
    for start in range(0, samples, max(count, 1)):
        part = flat[start : start + count]
        spread = np.matmul(matrix, part).reshape(len(part), channels, places, *counts)
        target = whole[start : start + count]
        for number, place in enumerate(np.ndindex(*kernel)):
            axes = zip(place, counts, geometry.stride, geometry.dilation, strict=True)
            box = [slice(k * d, k * d + s * (n - 1) + 1, s) for k, n, s, d in axes]
            target[(slice(None), slice(None), *box)] += spread[:, :, number]


def _spread_flat(y: Any, weight: Any, whole: Any, geometry: Geometry) -> None:
    """The same for a stride of one, on images laid out as one row each.

    With y in images as wide as the padded ones, a place of the kernel is one shift of the row: the
    zeros between the rows of y do no harm where they come to lie. Shifts along the first axis are
    put side by side, so that the product adds them up; what is left to add are long runs of
    elements, one for each place along the other axes.
    """
    groups, counts, kernel = geometry.groups, y.shape[2:], weight.shape[2:]
    samples, channels = whole.shape[:2]
    first, others = kernel[0], math.prod(kernel[1:])
    steps = [math.prod(whole.shape[axis + 1 :]) for axis in range(2, whole.ndim)]
    jumps = [d * step for d, step in zip(geometry.dilation, steps, strict=True)]
    margin = (first - 1) * geometry.dilation[0]
    wide = np.zeros((*y.shape[:2], counts[0] + 2 * margin, *whole.shape[3:]), y.dtype)
    inside: Any = (..., slice(margin, margin + counts[0]), *(slice(n) for n in counts[1:]))
    wide[inside] = y
    shifts = [
        sum(k * jump for k, jump in zip(place, jumps[1:], strict=True))
        for place in np.ndindex(*kernel[1:])
    ]
    length = (counts[0] + margin) * steps[0] - shifts[-1]
    # (group, channel · other places, filter · place along the first axis)
    turned = weight.reshape(groups, y.shape[1] // groups, channels // groups, first, others)
    turned = turned[:, :, :, ::-1].transpose(0, 2, 4, 1, 3)
    matrix = turned.reshape(groups, channels // groups * others, y.shape[1] // groups * first)
    strides = (*wide.strides[:2], jumps[0] * y.itemsize, y.itemsize)
    flat = whole.reshape(samples, channels, -1)
    each = (y.shape[1] * first + channels * others) * length * y.itemsize
    count = min(samples, max(1, _BUFFER // max(each, 1)))
    rows = np.empty((count, y.shape[1], first, length), y.dtype)
    spread = np.empty((count, groups, channels // groups * others, length), y.dtype)
    for start in range(0, samples, max(count, 1)):
        part = wide[start : start + count]
        own, given = spread[: len(part)], rows[: len(part)]
        np.copyto(given, np.lib.stride_tricks.as_strided(part, given.shape, strides))
        np.matmul(matrix, given.reshape(len(part), groups, -1, length), out=own)
        added = own.reshape(len(part), channels, others, length)
        target = flat[start : start + count]
        for number, shift in enumerate(shifts):
            target[:, :, shift : shift + length] += added[:, :, number]
