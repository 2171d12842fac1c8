"""How far all limits of gradients reach in a direction: bounds that prove a gradient outside.

The tangent of the function along u, with every tie left open, encloses the products of u with all
limits (the outer half of Clarke's chain rule). Two things are known more closely than an
evaluation with intervals would have them:

- *The square root of something that is nowhere negative, where that is zero*, as in a norm. If
  S >= 0 is twice differentiable, |S'u|² <= 2 S · sup S''uu nearby (Glaeser's inequality), so that
  the slopes of its root along u lie within ± sqrt(S''uu / 2).
- *Equal keys of a sort.* What a sum Σ cⱼ u_σ(j) can be over all arrangements σ lies between the
  sums with both in opposite order and in equal order (the rearrangement inequality).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import flint
import numpy as np
import sympy as sp

from reference.differentiate import vjp
from reference.domains.certified import Balls, examine, working_precision
from reference.domains.sides import Sides
from reference.domains.walk import unmask
from reference.graph import Constant, Contract, Input, Map, Node, Order, Put, Take, topological
from reference.problem import Problem
from reference.pushforward import pushforward

__all__ = ["Support"]

_arb = flint.arb
_PRECISION = 128
_SHARP = 60  # bits that a coefficient is known to, if no tie decides it
_MOST = 8  # roots and sorts that are looked at closely
_LARGEST = 128  # equal keys of a sort

Given = dict[Node, Node]


@dataclass(frozen=True, eq=False)
class _Special:
    """A node whose tangent is bounded in a way of its own, by what `needs` hold."""

    node: Node
    fresh: Input
    needs: tuple[Node, ...]


@dataclass(frozen=True)
class _Block:
    """Elements of a sorted array, by rank, and the equal keys that they come from."""

    elements: np.ndarray
    positions: np.ndarray


class _Heard(Sides):
    """Passes everything on, and remembers the groups of equal keys."""

    def __init__(self, inner: Sides) -> None:
        self.inner = inner
        self.groups: dict[int, np.ndarray] = {}

    def keep(self, node: Node, balls: Balls) -> None:
        self.inner.keep(node, balls)

    def compare(self, node: Node, name: str, gap: sp.Expr, positions: np.ndarray) -> np.ndarray:
        return self.inner.compare(node, name, gap, positions)

    def arrange(self, node: Take | Put, groups: np.ndarray) -> list[np.ndarray]:
        self.groups[id(node)] = groups
        return self.inner.arrange(node, groups)


class Support:
    """Bounds of the products of directions with every limit of a problem's gradients.

    directions: what stands for the direction, one Input for each of the problem's. sides: makes
    what leaves every tie open.
    """

    def __init__(
        self, problem: Problem, directions: Sequence[Input], sides: Callable[[], Sides]
    ) -> None:
        self.problem = problem
        self.directions = tuple(directions)
        self.sides = sides
        self._pairs: list[tuple[Node, _Block, np.ndarray]] | None = None
        self._known: dict[int, list[_Block] | None] = {}

    @cached_property
    def _specials(self) -> tuple[list[_Special], Node | None, list[Node | None]]:
        """(nodes, the product with the gradient, its slopes by the fresh tangents)."""
        given: Given = dict(zip(self.problem.inputs, self.directions, strict=True))
        output, seed = self.problem.output, self.problem.seed
        found: list[_Special] = []
        if seed is None:
            return found, None, []
        chosen = [node for node in topological([output]) if _is_root(node) or _is_sort(node)]
        for node in chosen if len(chosen) <= _MOST else ():
            special = _special(node, given)
            if special is not None:
                found.append(special)
                given[node] = special.fresh
        tangent = pushforward([output], given).get(output)
        if tangent is None:
            return found, None, []
        labels = tuple(range(seed.ndim))
        total = Contract([seed, tangent], [labels, labels], (), dict(enumerate(output.shape)))
        slopes = [
            vjp([total], [one.fresh], [Constant(np.ones(()))])[0] if _is_sort(one.node) else None
            for one in found
        ]
        return found, total, slopes

    def bound(self, direction: Sequence[np.ndarray]) -> Any:
        """A ball that holds the product of the direction with every limit; None: unknown."""
        with working_precision(_PRECISION):
            ball, self._pairs = self._bound(direction)
            return ball

    def climbing(self, direction: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        """A direction along which the limit reaches far in the given one, where sorts are tied."""
        if self._pairs is None:
            self.bound(direction)
        pairs = self._pairs
        if not pairs:
            return None
        result = [np.array(part, dtype=np.float64) for part in direction]
        for node, block, coefficients in pairs:
            for part, own in zip(result, self.problem.inputs, strict=True):
                if node.inputs[1] is own:
                    moves = part.ravel()[block.positions]
                    ranks = np.argsort(_padded(coefficients, moves.size), kind="stable")
                    flat = part.reshape(-1)
                    flat[block.positions[np.argsort(moves, kind="stable")]] = ranks
        return result

    def _bound(
        self, direction: Sequence[np.ndarray]
    ) -> tuple[Any, list[tuple[Node, _Block, np.ndarray]]]:
        specials, total, slopes = self._specials
        if total is None:
            return None, []
        bindings: dict[Node, Any] = {
            **self.problem.bindings(),
            **dict(zip(self.directions, direction, strict=True)),
        }
        whole: dict[Node, np.ndarray] = {}
        blocks: list[tuple[list[_Block], np.ndarray]] = []
        for special in specials:
            sides = _Heard(self.sides())
            values = self._values(special.needs, {**bindings, **whole}, sides)
            if values is None:
                return None, []
            if _is_root(special.node):
                whole[special.fresh] = _of_root(*values)
                blocks.append(([], values[0]))
            else:
                whole[special.fresh] = values[0]
                groups = sides.groups.get(id(special.needs[0]))
                if groups is not None and id(special.node) not in self._known:
                    self._known[id(special.node)] = _blocks(special.node, groups)
                blocks.append((self._known.get(id(special.node)) or [], values[1]))
        return self._joined(bindings, whole, blocks, total, slopes)

    def _joined(
        self,
        bindings: Mapping[Node, Any],
        whole: dict[Node, np.ndarray],
        blocks: Sequence[tuple[list[_Block], np.ndarray]],
        total: Node,
        slopes: Sequence[Node | None],
    ) -> tuple[Any, list[tuple[Node, _Block, np.ndarray]]]:
        specials = self._specials[0]
        wanted = [
            slope
            for slope, (held, _) in zip(slopes, blocks, strict=True)
            if slope is not None and held
        ]
        found = self._values(wanted, {**bindings, **whole}, self.sides()) if wanted else []
        rest = iter(found or [])
        pairs: list[tuple[Node, _Block, np.ndarray]] = []
        added = _arb(0)
        for special, slope, (held, source) in zip(specials, slopes, blocks, strict=True):
            if slope is None or not held or not found:
                continue
            coefficients, moves = next(rest).ravel(), source.ravel()
            apart = whole[special.fresh].copy()
            for block in held:
                mine = coefficients[block.elements]
                if not all(_is_sharp(ball) for ball in mine.tolist()):
                    continue
                pairs.append((special.node, block, _mids(mine)))
                added += _rearranged(mine, moves[block.positions])
                apart.reshape(-1)[block.elements] = [_arb(0)] * block.elements.size
            whole[special.fresh] = apart
        values = self._values([total], {**bindings, **whole}, self.sides())
        if values is None:
            return None, []
        ball = values[0][()] + added
        return (ball if ball.is_finite() else None), pairs

    def _values(
        self, nodes: Sequence[Node], bindings: Mapping[Node, Any], sides: Sides
    ) -> list[np.ndarray] | None:
        found = examine(list(nodes), bindings, precision=_PRECISION, sides=sides)
        if found.unordered:
            return None
        return [
            np.asarray(np.broadcast_to(unmask(values, _arb(0)), node.shape), dtype=object).copy()
            for node, values in zip(nodes, found.values, strict=True)
        ]


def _is_root(node: Node) -> bool:
    return (
        isinstance(node, Map)
        and isinstance(node.expression, sp.Pow)
        and node.expression.exp == sp.Rational(1, 2)
    )


def _is_sort(node: Node) -> bool:
    return isinstance(node, Take) and isinstance(node.index, Order)


def _special(node: Node, given: Given) -> _Special | None:
    """What is to be known of a root or a sort, its own tangent first; None if it will not do."""
    pushed = pushforward([node], given)
    tangent = pushed.get(node)
    if tangent is None:
        return None
    fresh = Input("b", node.shape)
    if not isinstance(node, Map):
        return _Special(node, fresh, (tangent, pushed[node.inputs[0]]))
    inside = Map(node.expression.base, node.inputs)
    before = list(topological([inside]))
    smooth = not any(
        one in given and not (isinstance(one, Input) and not one.inputs) for one in before
    ) and not any(
        (isinstance(one, Map) and one.expression.has(sp.Piecewise, sp.floor, sp.ceiling, sp.Mod))
        or (isinstance(one, (Take, Put)) and isinstance(one.index, Order))
        for one in before
    )
    if not smooth or not _nowhere_negative(inside):
        return None
    first = pushforward([inside], given).get(inside)
    second = None if first is None else pushforward([first], given).get(first)
    return None if second is None else _Special(node, fresh, (inside, second, tangent))


def _nowhere_negative(node: Node) -> bool:
    """Whether a node is a sum of squares, by its form."""
    if isinstance(node, Constant):
        values = np.asarray(node.value)
        return values.dtype.kind in "fiub" and bool((values >= 0).all())
    if isinstance(node, Map):
        held: dict[int, sp.Symbol] = {}
        named = {}
        for number, child in enumerate(node.inputs):
            sign = True if _nowhere_negative(child) else None
            symbol = held.setdefault(id(child), sp.Dummy(real=True, nonnegative=sign))
            named[sp.Symbol(f"a{number}", real=True)] = symbol
        return bool(node.expression.xreplace(named).is_nonnegative)
    if isinstance(node, Contract):
        factors = list(zip(map(id, node.inputs), node.labels, strict=True))
        twice = len(factors) == 2 and factors[0] == factors[1]
        return twice or all(_nowhere_negative(child) for child in node.inputs)
    if isinstance(node, (Take, Put)):
        return _nowhere_negative(node.inputs[0])
    return False


def _of_root(inside: Any, second: Any, tangent: np.ndarray) -> np.ndarray:
    """The tangent of a root: as it is, and what it can be where the root is zero."""
    result = np.array(tangent)
    for place in np.ndindex(result.shape):
        if inside[place].is_zero():
            half = second[place] / 2
            if not half.is_finite():
                result[place] = _arb.nan()
                continue
            most = max(half.mid() + half.rad(), _arb(0)).sqrt()
            result[place] = _arb(0, most.mid() + most.rad())
    return result


def _blocks(node: Node, groups: np.ndarray) -> list[_Block] | None:
    """The elements of a sorted array that equal keys arrive at; None where it is no sort."""
    assert isinstance(node, Take)
    assert isinstance(node.index, Order)
    flat = groups.ravel()
    _, group, counts = np.unique(flat, return_inverse=True, return_counts=True)
    largest = int(counts.max(initial=0))
    if not 1 < largest <= _LARGEST:
        return None
    within = np.zeros(flat.size, dtype=np.intp)
    for number in range(counts.size):
        within[group == number] = np.arange(counts[number])
    positions, ranks = [], []
    for turn in range(largest):
        second = (within + turn) % counts[group]
        rank = np.empty(flat.size, dtype=np.intp)
        rank[np.lexsort((second, flat))] = np.arange(flat.size)
        positions.append(np.asarray(node.index.rule(rank.reshape(groups.shape))).ravel())
        ranks.append(rank)
    ways = np.array(positions)
    moving = np.flatnonzero((ways != ways[0]).any(axis=0))
    if (ways[:, moving] < 0).any():
        return None
    together: dict[tuple[int, ...], list[int]] = {}
    for element in moving.tolist():
        together.setdefault(tuple(np.unique(ways[:, element]).tolist()), []).append(element)
    result = []
    taken: set[int] = set()
    for reached, elements in together.items():
        if taken & set(reached) or len(set(flat[list(reached)].tolist())) > 1:
            return None
        taken |= set(reached)
        places = np.array(reached)
        local = np.array([
            [int((rank[places] < rank[way[element]]).sum()) for element in elements]
            for way, rank in zip(ways, ranks, strict=True)
        ])  # fmt: skip
        if (local != local[0]).any() or len(set(local[0].tolist())) < len(elements):
            return None
        by_rank = np.full(places.size, -1)
        by_rank[local[0]] = elements
        if (by_rank < 0).any() and len(elements) < places.size:
            by_rank = by_rank[by_rank >= 0]
        result.append(_Block(by_rank, places))
    return result


def _is_sharp(ball: Any) -> bool:
    return bool(ball.is_finite()) and (ball.is_exact() or ball.rel_accuracy_bits() >= _SHARP)


def _mids(balls: np.ndarray) -> np.ndarray:
    return np.array([float(ball) for ball in balls.tolist()], dtype=np.float64)


def _padded(numbers: np.ndarray, size: int) -> np.ndarray:
    return np.concatenate([numbers, np.zeros(size - numbers.size)])


def _rearranged(coefficients: np.ndarray, moves: np.ndarray) -> Any:
    """A ball of Σ cⱼ u_σ(j) for all σ; there may be more numbers u than c."""
    weights = [*coefficients.tolist(), *[_arb(0)] * (moves.size - coefficients.size)]
    weights.sort(key=float)
    up = sorted(moves.tolist(), key=float)
    high, low = _arb(0), _arb(0)
    for weight, one, other in zip(weights, up, reversed(up), strict=True):
        high += weight * one
        low += weight * other
    # two that float64 does not tell apart may be in the wrong order
    size = max((abs(v).mid() + v.rad() for v in up), default=_arb(0))
    heavy = max((abs(w).mid() + w.rad() for w in weights), default=_arb(0))
    slack = size * heavy * (2.0**-50 * len(up))
    return (high + _arb(0, slack.mid())).union(low + _arb(0, slack.mid()))
