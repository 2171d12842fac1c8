"""Reductions and scans that are not one sum of products: products, extremes, running sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference.build.contract import Axes, contract, normal_axes, permute, reshape_ones
from reference.build.elementwise import Value, add, maximum, minimum, multiply, node
from reference.build.index import getitem, is_concrete, reshape, take
from reference.graph import Constant, Node

__all__ = ["cummax", "cummin", "cumprod", "cumsum", "fold", "largest", "prod", "smallest"]


def fold(
    combine: Callable[[Node, Node], Node], x: Value, axes: Axes = None, keepdims: bool = False
) -> Node:
    """A reduction by an associative function of two arrays, as a balanced tree.

    Errors: ValueError for an empty reduction, which has no first element.
    """
    source = node(x)
    reduced = normal_axes(axes, source.ndim)
    if not is_concrete(source.shape):
        raise ValueError(
            f"this reduction of an array of shape {source.shape} needs concrete sizes. "
            "Give numbers for the symbolic sizes."
        )
    if not reduced:
        return source
    kept = [axis for axis in range(source.ndim) if axis not in reduced]
    rest = tuple(source.shape[axis] for axis in kept)
    count = int(np.prod([source.shape[axis] for axis in reduced], dtype=np.intp))
    if count == 0:
        raise ValueError("a reduction over no elements has no value: give a non-empty axis")
    row = reshape(permute(source, [*reduced, *kept]), (count, *rest))
    loose: list[Node] = []
    while count > 1:
        half = count // 2
        if count % 2:
            loose.append(getitem(row, slice(count - 1, count)))
        row = combine(getitem(row, slice(0, half)), getitem(row, slice(half, 2 * half)))
        count = half
    for extra in loose:
        row = combine(row, extra)
    sizes = (1 if axis in reduced else size for axis, size in enumerate(source.shape))
    shape = tuple(sizes) if keepdims else rest
    result = reshape_ones(row, shape)
    assert result is not None
    return result


def largest(x: Value, axes: Axes = None, keepdims: bool = False) -> Node:
    """The largest value over some axes."""
    return fold(maximum, x, axes, keepdims)


def smallest(x: Value, axes: Axes = None, keepdims: bool = False) -> Node:
    """The smallest value over some axes."""
    return fold(minimum, x, axes, keepdims)


def prod(x: Value, axes: Axes = None, keepdims: bool = False) -> Node:
    """The product over some axes; 1 where there is nothing to multiply."""
    source = node(x)
    reduced = normal_axes(axes, source.ndim)
    if any(source.shape[axis] == 0 for axis in reduced):
        sizes = [
            1 if axis in reduced else size
            for axis, size in enumerate(source.shape)
            if keepdims or axis not in reduced
        ]
        return Constant(np.ones(sizes, dtype=np.int64))
    return fold(multiply, source, reduced, keepdims)


def cumsum(x: Value, axis: int) -> Node:
    """Running sums along an axis: a product with a triangular matrix of ones."""
    source = node(x)
    if source.ndim == 0:
        return source
    (place,) = normal_axes(axis, source.ndim)
    ones = Constant(np.tri(int(source.shape[place]), dtype=np.int64))
    labels = list(range(source.ndim))
    output = [source.ndim if k == place else k for k in labels]
    return contract([ones, source], [[source.ndim, place], labels], output)


def _scan(combine: Callable[[Node, Node], Node], x: Value, axis: int) -> Node:
    """Running values of an associative function, in doubling steps."""
    source = node(x)
    if source.ndim == 0:
        return source
    (place,) = normal_axes(axis, source.ndim)
    size = int(source.shape[place])
    lead = (slice(None),) * place
    running = source
    shift = 1
    while shift < size:
        later = combine(
            getitem(running, (*lead, slice(0, size - shift))),
            getitem(running, (*lead, slice(shift, size))),
        )
        running = _join(getitem(running, (*lead, slice(0, shift))), later, place)
        shift *= 2
    return running


def _join(first: Node, second: Node, axis: int) -> Node:
    widths: Sequence[tuple[int, int]]
    pieces: list[Any] = []
    total = int(first.shape[axis]) + int(second.shape[axis])
    for part, before in ((first, 0), (second, int(first.shape[axis]))):
        own = np.arange(int(part.size)).reshape([int(size) for size in part.shape])
        after = total - before - int(part.shape[axis])
        widths = [(before, after) if k == axis else (0, 0) for k in range(part.ndim)]
        pieces.append(take(part, np.pad(own, widths, constant_values=-1)))
    return add(*pieces)


def cumprod(x: Value, axis: int) -> Node:
    """Running products along an axis."""
    return _scan(multiply, x, axis)


def cummax(x: Value, axis: int) -> Node:
    """Running largest values along an axis."""
    return _scan(maximum, x, axis)


def cummin(x: Value, axis: int) -> Node:
    """Running smallest values along an axis."""
    return _scan(minimum, x, axis)
