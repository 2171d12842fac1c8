"""Arrays arranged by the order of their values: sort, argsort, argmax."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reference.build.contract import normal_axes
from reference.build.elementwise import Value, node
from reference.graph import Constant, Node, Order, Shape, Take

__all__ = ["argmax", "argmin", "argsort", "sort", "sort_with_indices", "take_by_order"]


def take_by_order(
    x: Value, key: Value, shape: Shape, rule: Callable[[np.ndarray], np.ndarray]
) -> Node:
    """Elements of x at flat positions that the ranks of `key` decide (see graph.Order)."""
    source = node(x)
    return Take(source, Order(source.shape, shape, rule), node(key))


def _flat_positions(shape: Shape, axis: int, along: np.ndarray) -> np.ndarray:
    """Flat positions in an array of `shape` from positions along one axis."""
    sizes = tuple(int(size) for size in shape)
    flat = np.arange(int(np.prod(sizes, dtype=np.intp))).reshape(sizes)
    return np.take_along_axis(flat, along, axis)


def sort(x: Value, axis: int = -1, descending: bool = False) -> Node:
    """The values along an axis in order; equal values keep their places' order."""
    return sort_with_indices(x, axis, descending)[0]


def argsort(x: Value, axis: int = -1, descending: bool = False) -> Node:
    """The index along the axis of each value of the sorted array."""
    return sort_with_indices(x, axis, descending)[1]


def sort_with_indices(x: Value, axis: int = -1, descending: bool = False) -> tuple[Node, Node]:
    """The sorted values, and where along the axis each came from."""
    source = node(x)
    if source.ndim == 0:
        return source, Constant(np.zeros((), dtype=np.intp))
    (place,) = normal_axes(axis, source.ndim)

    def rule(ranks: np.ndarray) -> np.ndarray:
        keys = -ranks if descending else ranks
        return _flat_positions(source.shape, place, np.argsort(keys, place, kind="stable"))

    values = take_by_order(source, source, source.shape, rule)
    indices = take_by_order(_places(source.shape, place), source, source.shape, rule)
    return values, indices


def _places(shape: Shape, axis: int) -> Node:
    """Every element's index along one axis."""
    sizes = tuple(int(size) for size in shape)
    own = np.arange(sizes[axis]).reshape([-1 if k == axis else 1 for k in range(len(sizes))])
    return Constant(np.ascontiguousarray(np.broadcast_to(own, sizes)))


def argmax(x: Value, axis: int | None = None, keepdims: bool = False) -> Node:
    """The index of the first largest value along an axis, or in the flat array."""
    return _extreme(x, axis, keepdims, np.argmax)


def argmin(x: Value, axis: int | None = None, keepdims: bool = False) -> Node:
    """The index of the first smallest value along an axis, or in the flat array."""
    return _extreme(x, axis, keepdims, np.argmin)


def _extreme(
    x: Value, axis: int | None, keepdims: bool, choose: Callable[..., np.ndarray]
) -> Node:
    source = node(x)
    sizes = tuple(int(size) for size in source.shape)
    if axis is None or source.ndim == 0:
        shape: Shape = (1,) * source.ndim if keepdims else ()
        places: Node = Constant(np.arange(int(np.prod(sizes, dtype=np.intp))).reshape(sizes))

        def rule(ranks: np.ndarray) -> np.ndarray:
            return np.asarray(choose(ranks)).reshape(shape)

        return take_by_order(places, source, shape, rule)
    (place,) = normal_axes(axis, source.ndim)
    kept = tuple(1 if k == place else size for k, size in enumerate(sizes))
    shape = kept if keepdims else sizes[:place] + sizes[place + 1 :]

    def rule_along(ranks: np.ndarray) -> np.ndarray:
        along = choose(ranks, place, keepdims=True)
        return _flat_positions(sizes, place, along).reshape(shape)

    return take_by_order(_places(sizes, place), source, shape, rule_along)
