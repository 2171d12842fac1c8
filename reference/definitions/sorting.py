"""Orderings, and what is picked by them."""

from __future__ import annotations

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Sample
from reference.definitions.sampling import distinct
from reference.graph import Node

__all__ = ["DEFINITIONS"]


def _sort(
    input: Value, dim: int = -1, descending: bool = False, stable: bool = False
) -> tuple[Node, Node]:
    return build.sort_with_indices(input, dim, descending)


def _argsort(input: Value, dim: int = -1, descending: bool = False, stable: bool = False) -> Node:
    return build.argsort(input, dim, descending)


def _topk(
    input: Value, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> tuple[Node, Node]:
    source = build.node(input)
    if source.ndim == 0:
        return build.sort_with_indices(source)
    (axis,) = build.normal_axes(dim, source.ndim)
    values, indices = build.sort_with_indices(source, axis, largest)
    key = (*(slice(None),) * axis, slice(0, k))
    return build.getitem(values, key), build.getitem(indices, key)


def _samples(rng: np.random.Generator) -> list[Sample]:
    tied = np.array([[1.0, 3.0, 1.0], [2.0, 2.0, 2.0]])
    return [
        Sample((distinct(rng, (5,)),)),
        Sample((distinct(rng, (2, 3)), 0)),
        Sample((distinct(rng, (4, 3)).T,), {"descending": True}),
        Sample((distinct(rng, (3, 6))[:, ::2], -1)),
        Sample((distinct(rng, ()),)),
        Sample((distinct(rng, (0, 3)), 0)),
        Sample((tied, 1), kind="kink"),
    ]


def _orders(rng: np.random.Generator) -> list[Sample]:
    return [sample for sample in _samples(rng) if sample.kind == "plain"]


def _largest(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((distinct(rng, (5,)), 2)),
        Sample((distinct(rng, (4, 3)).T, 2, 0)),
        Sample((distinct(rng, (2, 5)), 3, -1, False)),
        Sample((np.array([3.0, 1.0, 3.0, 2.0]), 1), kind="kink"),
    ]


_PAIR = ("value", "index")

DEFINITIONS: tuple[Definition, ...] = (
    Definition("sort", _sort, (REALS,), ("equal",), _samples, results=_PAIR),
    Definition("argsort", _argsort, samples=_orders, results=("index",)),
    Definition("topk", _topk, (REALS,), ("equal",), _largest, results=_PAIR),
)
