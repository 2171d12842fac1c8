"""Ties taken apart: which side of a tied comparison is meant, and what holds for every side.

An evaluation decides a tie as the expression says. With :class:`Sides` it is decided as it would
be close by, in one direction, or left open, so that the result holds what every decision gives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import sympy as sp

from reference.graph import Node, Order, Put, Take

__all__ = ["Sides", "move_any", "put_any", "strict_orders", "take_any"]


class Sides(Protocol):
    """What decides ties in an evaluation."""

    BOTH: ClassVar[int] = 0
    AS_WRITTEN: ClassVar[int] = 2

    def keep(self, node: Node, balls: Any) -> None:
        """Be told of every node's result."""

    def compare(self, node: Node, name: str, gap: sp.Expr, positions: np.ndarray) -> np.ndarray:
        """For tied elements of a Map: -1 (the gap is below zero), 1, BOTH or AS_WRITTEN.

        name: of the relation, ``<``, ``<=`` or ``==``, between the gap and zero.
        """

    def arrange(self, node: Take | Put, groups: np.ndarray) -> list[np.ndarray]:
        """The positions that an Order gives; groups: its ranks, from 1, equal where keys are.

        Several arrays of positions stand for all orders of equal keys.
        """


def strict_orders(index: Order, groups: np.ndarray, samples: int = 8) -> list[np.ndarray]:
    """The positions under some strict orders of the equal keys: by place, both ways, others."""
    flat = groups.ravel()
    places = np.arange(flat.size)
    rng = np.random.default_rng(flat.size)
    breaking = [places, -places, *(rng.permutation(flat.size) for _ in range(samples - 2))]
    found = []
    for second in breaking:
        ranks = np.empty(flat.size, dtype=np.intp)
        ranks[np.lexsort((second, flat))] = places
        found.append(index.rule(ranks.reshape(groups.shape)))
    return found


def _reached(ways: Sequence[np.ndarray], groups: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """(element, positions it may belong to) for every element that equal keys move."""
    flat = np.array([way.ravel() for way in ways])
    result = []
    for element in np.flatnonzero((flat != flat[0]).any(axis=0)).tolist():
        seen = np.unique(flat[:, element])
        inside = seen[seen >= 0]
        if inside.size and inside.max() < groups.size:
            seen = np.union1d(seen, np.flatnonzero(np.isin(groups, groups[inside])))
        result.append((element, seen))
    return result


def take_any(
    source: np.ndarray,
    ways: Sequence[np.ndarray],
    groups: np.ndarray,
    zero: Any,
    union: Callable[[Any, Any], Any],
) -> np.ndarray:
    """What elements taken by an order hold, whatever the order of equal keys."""
    flat = source.ravel()
    shape = ways[0].shape
    first = ways[0].ravel()
    result = np.empty(first.size, dtype=object)
    result[:] = [zero if p < 0 else flat[p] for p in first.tolist()]
    whole: dict[bytes, Any] = {}
    for element, reached in _reached(ways, groups):
        key = reached.tobytes()
        if key not in whole:
            values = [zero if p < 0 else flat[p] for p in reached.tolist()]
            whole[key] = _joined(values, union)
        result[element] = whole[key]
    return result.reshape(shape)


def _joined(values: Sequence[Any], union: Callable[[Any, Any], Any]) -> Any:
    total = values[0]
    for value in values[1:]:
        if value is not total:
            total = union(total, value)
    return total


def put_any(
    values: np.ndarray,
    ways: Sequence[np.ndarray],
    groups: np.ndarray,
    size: int,
    zero: Any,
    union: Callable[[Any, Any], Any],
) -> np.ndarray:
    """The transpose of `take_any`: what arrives at every position, whatever the order."""
    flat = values.ravel()
    first = ways[0].ravel()
    moving = _reached(ways, groups)
    movers = {element for element, _ in moving}
    result = np.empty(size, dtype=object)
    result[:] = zero
    for element, place in enumerate(first.tolist()):
        if element not in movers and place >= 0:
            result[place] = result[place] + flat[element]
    together: dict[bytes, list[int]] = {}
    for element, reached in moving:
        together.setdefault(reached.tobytes(), []).append(element)
    for key, elements in together.items():
        reached = np.frombuffer(key, dtype=np.intp)
        reached = reached[reached >= 0]
        arriving = [flat[element] for element in elements]
        counts = np.array([np.bincount(way.ravel()[elements] + 1, minlength=size + 1)[1:][reached]
                           for way in ways])  # fmt: skip
        whole = _joined(arriving, union)
        if counts.max(initial=0) > 1:
            total = arriving[0] * 0
            for value in arriving:
                total = total + union(value, zero)
            whole = total
        elif counts.min(initial=1) == 0:
            whole = union(whole, zero)
        for place in reached.tolist():
            result[place] = result[place] + whole
    return result


def move_any(
    values: np.ndarray,
    ways: Sequence[np.ndarray],
    groups: np.ndarray,
    size: int | None,
    zero: Any,
    union: Callable[[Any, Any], Any],
) -> np.ndarray:
    """`put_any` into an array of a size, `take_any` where there is none."""
    if size is None:
        return take_any(values, ways, groups, zero, union)
    return put_any(values, ways, groups, size, zero, union)
