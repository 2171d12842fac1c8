"""Values gathered in groups: bags of embeddings, reductions by index and by segment."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions.concrete import integers
from reference.definitions.registry import REALS, Definition, Sample
from reference.definitions.sampling import distinct, dyadic
from reference.definitions.writing import checked_index
from reference.graph import Constant, Node

__all__ = ["DEFINITIONS"]

Groups = Sequence[Sequence[int]]


def _grouped(values: Node, groups: Groups, shape: Sequence[int], way: str) -> Node:
    """A reduction of groups of flat positions; every group must have an element.

    way: "sum", "mean", "prod", "amax" or "amin".
    """
    width = max((len(group) for group in groups), default=1)
    table = np.full((width, len(groups)), -1, dtype=np.intp)
    for column, group in enumerate(groups):
        table[: len(group), column] = group
    if way in ("amax", "amin"):  # places that are free hold the first once more
        table = np.where(table >= 0, table, table[:1])
    held = build.take(build.reshape(values, -1), table)
    if way == "prod":
        held = build.add(held, (table < 0).astype(np.int64))
    if way in ("sum", "mean"):
        found = build.sum(held, 0)
    elif way == "prod":
        found = build.prod(held, 0)
    else:
        found = build.largest(held, 0) if way == "amax" else build.smallest(held, 0)
    if way == "mean":
        found = build.divide(found, np.maximum((table >= 0).sum(axis=0), 1))
    return build.reshape(found, tuple(shape))


def _combined(source: Node, positions: np.ndarray, values: Node, way: str, own: bool) -> Node:
    """The source with values combined at flat positions; own: with what is there already."""
    total = int(source.size)
    if way in ("sum", "mean"):
        return _added(source, positions.ravel(), build.reshape(values, -1), way, own)
    groups: list[list[int]] = [[] for _ in range(total)]
    for number, place in enumerate(positions.ravel().tolist()):
        groups[place].append(total + number)
    for place, group in enumerate(groups):
        if own or not group:
            group.insert(0, place)
    both = build.concat([build.reshape(source, -1), build.reshape(values, -1)], 0)
    return _grouped(both, groups, [int(n) for n in source.shape], way)


def _added(source: Node, positions: np.ndarray, values: Node, way: str, own: bool) -> Node:
    """The same for sums, which need no table of who comes where."""
    counts = np.bincount(positions, minlength=int(source.size))
    flat = build.reshape(source, -1)
    kept = flat if own else build.where(build.node((counts > 0) * 1), 0, flat)
    total = build.index_put(kept, (positions,), values, accumulate=True)
    if way == "mean":
        total = build.divide(total, np.maximum(counts + own, 1))
    return build.reshape(total, source.shape)


_WAYS = ("sum", "mean", "prod", "amax", "amin")


def _known_way(name: str, way: str) -> None:
    if way not in _WAYS:
        raise RuntimeError(
            f"{name}(): reduce argument must be either sum, prod, mean, amax or amin, got {way}"
        )


def _scatter_reduce(
    input: Value, dim: int, index: Value, src: Value, reduce: str, *, include_self: bool = True
) -> Node:
    """Values combined at the places that gather would read."""
    _known_way("scatter_reduce", reduce)
    source, places, values = build.node(input), integers(index), build.node(src)
    checked_index(input, dim, places, values)
    used = build.getitem(values, tuple(slice(0, n) for n in places.shape))
    return _combined(source, _along(source, dim, places), used, reduce, include_self)


def _along(source: Node, dim: int, index: np.ndarray) -> np.ndarray:
    """Flat positions of what gather reads."""
    shape = [int(n) for n in source.shape]
    flat = np.arange(prod(shape)).reshape(shape)
    if not shape:
        return np.zeros(index.shape, dtype=np.intp)
    grid: list[Any] = list(np.indices(index.shape, sparse=True))
    grid[dim] = index
    return np.asarray(flat[tuple(grid)])


def _index_reduce(
    input: Value,
    dim: int,
    index: Value,
    source: Value,
    reduce: str,
    *,
    include_self: bool = True,
) -> Node:
    """Slices of `source` combined with those that `index` names."""
    _known_way("index_reduce", reduce)
    held, places = build.node(input), np.atleast_1d(integers(index))
    if held.ndim == 0:
        return _combined(
            held, np.zeros(places.shape, np.intp), build.node(source), reduce, include_self
        )
    (axis,) = build.normal_axes(dim, held.ndim)
    shape = [int(n) for n in held.shape]
    flat = np.arange(prod(shape)).reshape(shape)
    positions = np.take(flat, places, axis)
    return _combined(held, positions, build.node(source), reduce, include_self)


_SEGMENT = {"sum": "sum", "mean": "mean", "max": "amax", "min": "amin", "prod": "prod"}
_EMPTY = {"sum": 0, "mean": 0, "prod": 1}


def _segment_reduce(
    data: Value,
    reduce: str,
    *,
    lengths: Value = None,
    indices: Value = None,
    offsets: Value = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: Value = None,
) -> Node:
    """A reduction of each segment of the first axis."""
    source = build.node(data)
    if axis != 0 or (lengths is None and offsets is None) or initial is not None:
        raise NotImplementedError(
            "segment_reduce has a definition along axis 0, with lengths or offsets, and without "
            "an initial value"
        )
    if lengths is not None:
        counts = integers(lengths)
        ends = np.concatenate([[0], np.cumsum(counts)])
    else:
        ends = integers(offsets)
    if ends.ndim > 1:
        raise NotImplementedError("segment_reduce of batches of lengths: give one vector")
    rest = [int(n) for n in source.shape[1:]]
    parts: list[Node] = []
    for first, last in pairwise(ends.tolist()):
        if first == last:
            if reduce not in _EMPTY:
                raise NotImplementedError("an empty segment has no largest or smallest value")
            parts.append(Constant(np.full(rest, _EMPTY[reduce])))
            continue
        rows = np.arange(int(first), int(last))[:, None] * prod(rest) + np.arange(prod(rest))
        parts.append(_grouped(source, rows.T.tolist(), rest, _SEGMENT[reduce]))
    return build.stack(parts)


def _embedding_bag(
    input: Value,
    weight: Value,
    offsets: Value = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Value = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Node:
    """The sum, mean or largest of the rows in each bag; an empty bag is zero."""
    if max_norm is not None or scale_grad_by_freq:
        raise NotImplementedError(
            "embedding_bag with max_norm or scale_grad_by_freq has no definition: the first "
            "changes the weight in place, the second makes what it gives back no gradient"
        )
    table, places = build.node(weight), integers(input)
    if places.ndim == 2:
        bags = [
            list(range(k * places.shape[1], (k + 1) * places.shape[1])) for k in range(len(places))
        ]
        places = places.ravel()
    else:
        starts = integers(offsets).tolist()
        ends = starts[1:] if include_last_offset else [*starts[1:], len(places)]
        bags = [list(range(first, last)) for first, last in zip(starts, ends, strict=False)]
    if padding_idx is not None:
        padding = padding_idx % int(table.shape[0])
        bags = [[k for k in bag if places[k] != padding] for bag in bags]
    rows = build.getitem(table, places)
    if per_sample_weights is not None:
        rows = build.multiply(rows, build.reshape(per_sample_weights, (-1, 1)))
    width = int(table.shape[1])
    way = {"sum": "sum", "mean": "mean", "max": "amax"}[mode]
    parts: list[Node] = []
    for bag in bags:
        if bag:
            cells = np.array(bag)[:, None] * width + np.arange(width)
            parts.append(_grouped(rows, cells.T.tolist(), [width], way))
        else:
            parts.append(Constant(np.zeros(width)))
    return build.stack(parts)


# samples


def _scattered(rng: np.random.Generator) -> list[Sample]:
    index = np.array([[0, 2, 0], [1, 1, 3], [2, 2, 2]])
    result = [
        Sample(
            (distinct(rng, (3, 4)), 1, index, dyadic(rng, (3, 3)) + 2.0**-7, way),
            {"include_self": own},
        )
        for way in _WAYS
        for own in (True, False)
    ]
    result.append(
        Sample(
            (distinct(rng, (4, 3)).T, 0, rng.integers(0, 3, (4, 2)), dyadic(rng, (4, 3)), "sum")
        )
    )
    tied = np.array([1.0, 2.0]), 0, np.array([0, 0]), np.array([1.0, 1.0]), "amax"
    result.append(Sample(tied, kind="kink"))
    return result


def _by_index(rng: np.random.Generator) -> list[Sample]:
    index = np.array([2, 0, 2])
    return [
        Sample(
            (distinct(rng, (3, 4)), 0, index, dyadic(rng, (3, 4)) + 2.0**-7, way),
            {"include_self": own},
        )
        for way in _WAYS[1:]
        for own in (True, False)
    ]


def _by_segment(rng: np.random.Generator) -> list[Sample]:
    lengths = np.array([2, 1, 3])
    return [
        *(Sample((distinct(rng, (6, 2)), way), {"lengths": lengths}) for way in _SEGMENT),
        Sample((distinct(rng, (6,)), "sum"), {"offsets": np.array([0, 2, 6])}),
    ]


def _in_bags(rng: np.random.Generator) -> list[Sample]:
    places, offsets = np.array([2, 0, 2, 1, 3]), np.array([0, 2, 2])
    table = np.array([[0, 2, 1], [3, 3, 2]])
    weights = dyadic(rng, (2, 3))
    return [
        Sample((places, distinct(rng, (4, 3)), offsets)),
        Sample((places, distinct(rng, (4, 3)), offsets), {"mode": "max"}),
        Sample((table, distinct(rng, (4, 2))), {"mode": "mean", "padding_idx": 3}),
        Sample((table, distinct(rng, (3, 4)).T), {"mode": "sum", "per_sample_weights": weights}),
    ]


DEFINITIONS: tuple[Definition, ...] = (
    Definition("scatter_reduce", _scatter_reduce, (REALS, REALS), (), _scattered),
    Definition("index_reduce", _index_reduce, (REALS, REALS), (), _by_index),
    Definition("segment_reduce", _segment_reduce, (REALS,), (), _by_segment, ("_segment_reduce",)),
    Definition("embedding_bag", _embedding_bag, (REALS,), (), _in_bags),
)
