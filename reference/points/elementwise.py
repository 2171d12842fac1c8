"""Points of elementwise operations: many special numbers side by side in one array."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from reference.floats import Format, round_to_format
from reference.graph import Constant, Input, Map, Node, Stop, topological
from reference.points.ladder import beside, held, ladder, near
from reference.points.places import places
from reference.points.reach import Budget, moves

__all__ = ["Row", "is_elementwise", "rows"]

_EVALUATIONS = 1500


class Row(NamedTuple):
    """One number for each argument."""

    values: tuple[float, ...]
    kind: str
    why: str


def is_elementwise(outputs: Sequence[Node], shape: tuple[int, ...]) -> bool:
    """Whether element by element of arguments of one shape gives element by element of results."""
    plain = (Input, Map, Stop)
    return all(output.shape == shape for output in outputs) and all(
        isinstance(node, plain) or (isinstance(node, Constant) and node.shape == ())
        for node in topological(outputs)
    )


def rows(
    outputs: Sequence[Node],
    inputs: Sequence[Input],
    bases: Sequence[tuple[float, ...]],
    numbers: Sequence[float],
    fmt: Format,
) -> list[Row]:
    """Rows of numbers at the special places of a graph over inputs of shape (1,).

    bases: ordinary rows, from which one number at a time is moved. numbers: constants of the
    operation, such as a threshold that is its default.
    """
    found: list[Row] = []
    budget = Budget(_EVALUATIONS)
    for base in bases:
        found += _reached(outputs, inputs, base, fmt, budget)
    found += _sized(len(inputs), bases[0], fmt)
    for number in numbers:
        for value in near(number, fmt):
            for place in range(len(inputs)):
                values = _with(bases[0], place, value)
                found.append(Row(values, "switch", f"around the constant {number:g}"))
    unique: dict[tuple[str, ...], Row] = {}
    for row in found:
        key = tuple(float(value).hex() for value in row.values)
        unique.setdefault(key, row)
    return list(unique.values())


def _with(row: tuple[float, ...], place: int, value: float) -> tuple[float, ...]:
    return (*row[:place], value, *row[place + 1 :])


def _reached(
    outputs: Sequence[Node],
    inputs: Sequence[Input],
    base: tuple[float, ...],
    fmt: Format,
    budget: Budget,
) -> Iterable[Row]:
    arrays = [round_to_format(np.array([value]), fmt) for value in base]
    start = tuple(float(array[0]) for array in arrays)
    for node in topological(outputs):
        if not isinstance(node, Map):
            continue
        for place in places(node.expression, fmt):
            for move in moves(node, place, inputs, arrays, [fmt] * len(inputs), budget):
                if place.around:
                    values = near(move.value, fmt)
                else:
                    values = [move.value, *beside(move.value, fmt)]
                for value in values:
                    yield Row(_with(start, move.number, value), place.kind, place.why)


def _sized(count: int, base: tuple[float, ...], fmt: Format) -> Iterable[Row]:
    """Zeros, ties, opposites, and sizes from the smallest to the largest number."""
    sizes = ladder(fmt)
    yield Row((0.0,) * count, "zero", "zero")
    yield Row((-0.0,) * count, "zero", "negative zero")
    if count == 1:
        for size in sizes:
            yield Row((size,), "scales", "sizes from the smallest to the largest number")
            yield Row((-size,), "scales", "sizes from the smallest to the largest number")
        yield Row((np.inf,), "infinite", "plus infinity")
        yield Row((-np.inf,), "infinite", "minus infinity")
        return
    for value in (1.5, -2.0, *sizes[:: max(1, len(sizes) // 6)], sizes[-1], -20.0):
        yield Row((value,) * count, "tie", "equal arguments")
        yield Row((value, *(-value,) * (count - 1)), "tie", "opposite arguments")
        up = beside(held(value, fmt), fmt)[1]
        yield Row((value, *(up,) * (count - 1)), "tie", "neighbouring numbers")
    for place in range(count):
        yield Row(_with(base, place, 0.0), "zero", "one argument is zero")
        yield Row(_with((0.0,) * count, place, base[place]), "zero", "only one is not zero")
        for infinity in (np.inf, -np.inf):
            yield Row(_with(base, place, infinity), "infinite", "one argument is infinite")
    yield Row((-np.inf,) * count, "infinite", "all are minus infinity")
    chosen = [*sizes[:: max(1, len(sizes) // 7)], sizes[-1]]
    for pair in product(chosen, chosen):
        yield Row((*pair, *base[2:]), "scales", "sizes from the smallest to the largest number")
        yield Row((-pair[0], pair[1], *base[2:]), "scales", "sizes of both signs")
