"""Elements picked and written by indices and masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions.concrete import integers, truths
from reference.definitions.registry import REALS, Definition, Sample
from reference.definitions.sampling import dyadic
from reference.graph import Constant, Node

__all__ = ["DEFINITIONS"]


def _key(key: Any) -> Any:
    """An index with its arrays made concrete."""
    if isinstance(key, tuple):
        return tuple(_key(part) for part in key)
    if isinstance(key, Constant) and key.value.dtype == bool:
        return key.value
    if isinstance(key, Node):
        return integers(key)
    if isinstance(key, list):
        return np.asarray(key, dtype=np.intp if not key else None)
    return key


def _getitem(input: Value, key: Any) -> Node:
    source = build.node(input)
    parts = key if isinstance(key, tuple) else (key,)
    counted = [p for p in parts if isinstance(p, (int, np.integer)) and not isinstance(p, bool)]
    if len([p for p in parts if p is not None and p is not Ellipsis]) > source.ndim and not any(
        isinstance(p, (np.ndarray, Node, bool)) for p in parts
    ):
        raise IndexError(f"too many indices for tensor of dimension {source.ndim}")
    if len(counted) == len(parts):
        for axis, (place, size) in enumerate(zip(counted, source.shape, strict=False)):
            if isinstance(size, int) and not -size <= place < size:
                raise IndexError(
                    f"index {place} is out of bounds for dimension {axis} with size {size}"
                )
    return build.getitem(source, _key(key))


def _index_put(input: Value, indices: Any, values: Value, accumulate: bool = False) -> Node:
    key = tuple(_key(part) for part in indices) if isinstance(indices, list) else _key(indices)
    return build.index_put(input, key, values, accumulate)


def _setitem(input: Value, key: Any, value: Value) -> Node:
    return build.index_put(input, _key(key), value)


def _gather(input: Value, dim: int, index: Value, *, sparse_grad: bool = False) -> Node:
    return build.gather(input, dim, integers(index))


def _index_select(input: Value, dim: int, index: Value) -> Node:
    source = build.node(input)
    if source.ndim == 0:
        return source
    (axis,) = build.normal_axes(dim, source.ndim)
    return build.getitem(source, (*(slice(None),) * axis, np.atleast_1d(integers(index))))


def _select(input: Value, dim: int, index: int) -> Node:
    (axis,) = build.normal_axes(dim, build.node(input).ndim)
    return build.getitem(input, (*(slice(None),) * axis, index))


def _masked_fill(input: Value, mask: Value, value: Value) -> Node:
    return build.where(mask, value, input)


def _masked_select(input: Value, mask: Value) -> Node:
    held, source = truths(mask), build.node(input)
    shape = np.broadcast_shapes(held.shape, tuple(int(size) for size in source.shape))
    return build.getitem(build.broadcast_to(source, shape), np.broadcast_to(held, shape))


def _keys(rng: np.random.Generator) -> list[Sample]:
    keys: Sequence[tuple[tuple[int, ...], Any]] = (
        ((5,), 2),
        ((5,), -1),
        ((5,), slice(1, 4)),
        ((5,), slice(None, None, 2)),
        ((2, 3), (slice(None), 1)),
        ((2, 3), (Ellipsis, None, 0)),
        ((2, 3), np.array([1, 0, 1])),
        ((4, 3), (np.array([0, 2]), np.array([1, 1]))),
        ((4, 3), (slice(1, None), np.array([2, 0]))),
        ((3, 2), np.array([[True, False], [True, True], [False, True]])),
        ((3, 2), np.array([True, False, True])),
        ((0, 2), slice(None)),
        ((), ()),
    )
    result = [Sample((dyadic(rng, shape), key)) for shape, key in keys]
    result.append(Sample((dyadic(rng, (3, 4)).T, (slice(1, 3), slice(None)))))
    return result


def _writes(rng: np.random.Generator) -> list[Sample]:
    x = dyadic(rng, (4, 3))
    return [
        Sample((x, (np.array([0, 2]),), dyadic(rng, (2, 3)))),
        Sample((x, (np.array([0, 2]), np.array([1, 1])), dyadic(rng, ()))),
        Sample((dyadic(rng, (5,)), (np.array([1, 3, 3]),), dyadic(rng, (3,)), True)),
        Sample((dyadic(rng, (3, 4)).T, (np.array([3]),), dyadic(rng, (3,)))),
        Sample((x, (rng.random((4, 3)) < 0.5,), dyadic(rng, ()))),
    ]


def _gathers(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (3, 4)), 1, rng.integers(0, 4, (3, 2)))),
        Sample((dyadic(rng, (4, 3)).T, 0, rng.integers(0, 3, (2, 4)))),
        Sample((dyadic(rng, (5,)), 0, np.array([0, 0, 4, 1, 0, 2]))),
        Sample((dyadic(rng, (5,)), -1, np.zeros((0,), dtype=np.int64))),
    ]


def _selections(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (3, 4)), 1, np.array([3, 0, 3]))),
        Sample((dyadic(rng, (4, 3)).T, 0, np.array([2, 1]))),
        Sample((dyadic(rng, (5,)), 0, np.zeros((0,), dtype=np.int64))),
    ]


def _chosen(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (5,)), 0, -1)),
        Sample((dyadic(rng, (4, 3)).T, 1, 2)),
        Sample((dyadic(rng, (2, 0, 3)), -1, 1)),
    ]


def _picked(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (3, 4)), rng.random((3, 4)) < 0.5)),
        Sample((dyadic(rng, (4, 3)).T, rng.random((4,)) < 0.5)),
        Sample((dyadic(rng, (3, 1)), rng.random((2, 3, 2)) < 0.5)),
        Sample((dyadic(rng, (0,)), np.zeros((0,), dtype=bool))),
    ]


def _masks(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (3, 4)), rng.random((3, 4)) < 0.5, 0.5)),
        Sample((dyadic(rng, (4, 3)).T, rng.random((4,)) < 0.5, float("-inf"))),
        Sample((dyadic(rng, (5,)), np.array([True, False, True, True, False]), dyadic(rng, ()))),
        Sample((dyadic(rng, (0, 3)), np.zeros((0, 3), dtype=bool), 0.0)),
    ]


DEFINITIONS: tuple[Definition, ...] = (
    Definition("getitem", _getitem, (REALS,), (), _keys, ("__getitem__",), view=True),
    Definition("setitem", _setitem, (REALS, REALS), aliases=("__setitem__",)),
    Definition("select", _select, (REALS,), (), _chosen, view=True),
    Definition("index_put", _index_put, (REALS, REALS), (), _writes),
    Definition("gather", _gather, (REALS,), (), _gathers),
    Definition("index_select", _index_select, (REALS,), (), _selections),
    Definition("masked_fill", _masked_fill, (REALS,), (), _masks),
    Definition("masked_select", _masked_select, (REALS,), (), _picked),
)
