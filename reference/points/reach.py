"""How to get there: one element of one input moved until an expression has a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from reference.build import getitem, reshape
from reference.differentiate import vjp
from reference.domains.certified import evaluate
from reference.floats import Format
from reference.graph import Constant, Input, Map, Node, Solve, topological
from reference.points.ladder import held
from reference.points.places import Place

__all__ = ["Budget", "Move", "moves"]

_BITS = 80  # enough to meet a float64 exactly
_CANDIDATES = 3  # elements of the inputs that are tried for one place
_STEPS = 40  # of a search between two numbers
_FAR = (1.0, -1.0, 8.0, -8.0, 0.0, 1e3, -1e3)


@dataclass(slots=True)
class Budget:
    """How many evaluations may still be spent on a search."""

    left: int


@dataclass(frozen=True, slots=True)
class Move:
    """`arrays[number].flat[element] = value` brings `place` about, exactly or nearly."""

    number: int
    element: int
    value: float
    place: Place
    exact: bool


@dataclass(eq=False)
class _Search:
    node: Node  # of shape (1,): what shall have the value
    inputs: Sequence[Input]
    arrays: Sequence[np.ndarray]
    budget: Budget
    known: dict[tuple[int, int, float], float] = field(default_factory=dict)

    def at(self, number: int, element: int, value: float) -> float:
        """The expression where one element has another value; nan where it has none."""
        key = (number, element, value)
        if key not in self.known:
            self.budget.left -= 1
            moved = [np.array(array, order="C") for array in self.arrays]
            moved[number].reshape(-1)[element] = value
            self.known[key] = _float_of(self.node, dict(zip(self.inputs, moved, strict=True)))
        return self.known[key]

    def elements(self) -> list[tuple[int, int]]:
        """Elements of the inputs that the expression depends on, those that move it most first."""
        here: dict[Node, np.ndarray] = dict(zip(self.inputs, self.arrays, strict=True))
        pulled = vjp([self.node], list(self.inputs), [Constant(np.ones(1))])
        weights: list[tuple[float, int, int]] = []
        for number, gradient in enumerate(pulled):
            if gradient is None or gradient.size == 0:
                continue
            try:
                slopes = _floats_of(gradient, here)
            except ValueError:  # a step, which has no derivative: any element may move it
                slopes = np.ones(int(gradient.size))
            sizes = np.where(np.isfinite(slopes), np.abs(slopes), 0.0)
            moving = np.flatnonzero(sizes)[:64].tolist()
            weights += [(float(sizes[element]), number, element) for element in moving]
        weights.sort(key=lambda w: (-w[0], w[1], w[2]))
        return [(number, element) for _, number, element in weights[:_CANDIDATES]]


def _floats_of(node: Node, bindings: dict[Node, np.ndarray]) -> np.ndarray:
    balls = evaluate([node], bindings, precision=_BITS)[0].ravel().tolist()
    return np.array([float(ball) for ball in balls], dtype=np.float64)


def _float_of(node: Node, bindings: dict[Node, np.ndarray]) -> float:
    return float(_floats_of(node, bindings)[0])


def moves(
    node: Map,
    place: Place,
    inputs: Sequence[Input],
    arrays: Sequence[np.ndarray],
    formats: Sequence[Format],
    budget: Budget,
    element: int | None = None,
) -> Iterator[Move]:
    """Moves that bring one element of `place.expression` over the inputs of `node` to its value.

    element: of the node, in C order; by default the one that is nearest to the place.
    """
    reached = Map(place.expression, node.inputs)
    if budget.left <= 0 or int(reached.size) == 0 or not _is_plain(reached):
        return
    if element is None or int(reached.size) != int(node.size):
        values = _floats_of(reached, dict(zip(inputs, arrays, strict=True)))
        gaps = np.where(np.isfinite(values), np.abs(values - place.value), np.inf)
        element = int(gaps.argmin())
    flat = reshape(reached, (-1,))
    search = _Search(getitem(flat, slice(element, element + 1)), inputs, arrays, budget)
    for number, where in search.elements():
        start = float(arrays[number].reshape(-1)[where])
        found = _solve(search, number, where, start, place.value)
        if found is None:
            continue
        value = held(found, formats[number])
        yield Move(number, where, value, place, search.at(number, where, value) == place.value)


def _is_plain(node: Node) -> bool:
    return not any(isinstance(part, Solve) for part in topological([node]))


def _solve(
    search: _Search, number: int, element: int, start: float, target: float
) -> float | None:
    """t with the expression at t equal to the target, nearly: a straight line, then bisection."""
    first = search.at(number, element, start) - target
    if first == 0:
        return start
    if search.at(number, element, target) == target:
        return target
    step = max(1.0, abs(start)) / 4
    second = search.at(number, element, start + step) - target
    if np.isfinite(first) and np.isfinite(second) and first != second:
        guess = start - first * step / (second - first)
        if np.isfinite(guess) and search.at(number, element, guess) == target:
            return guess
    known = [(start, first), (start + step, second)]
    known += [
        (value, search.at(number, element, value) - target)
        for value in (*_FAR, start + 1, start - 1, target, -target, 2 * target)
    ]
    known = sorted(pair for pair in known if np.isfinite(pair[1]))
    for value, gap in sorted(known, key=lambda pair: abs(pair[0] - start)):
        if gap == 0:
            return value
    turns = [pair for pair in pairwise(known) if (pair[0][1] < 0) != (pair[1][1] < 0)]
    if not turns:
        return None
    below, above = min(turns, key=lambda p: max(p[0][0] - start, start - p[1][0]))
    return _between(search, number, element, target, below, above[0])


def _between(
    search: _Search,
    number: int,
    element: int,
    target: float,
    below: tuple[float, float],
    high: float,
) -> float | None:
    low, sign = below[0], below[1] < 0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        gap = search.at(number, element, middle) - target
        if gap == 0 or middle in (low, high):
            return middle
        if not np.isfinite(gap):
            return None
        if (gap < 0) == sign:
            low = middle
        else:
            high = middle
    return high
