"""Gradients on either side of a tie, at ordinary precision.

Close to a point where comparisons are tied, in a direction d, each of them is decided by how its
two sides move: by the sign of the tangent of their difference. With the ties so decided, the
formula of the gradient is evaluated at the point itself. That is the limit of the gradients along
d, as far as the formula is finite there; where it is not, or where two sides move alike, nothing
is said, and `reference.clarke` looks at points nearby.

With every tie left open, the same evaluation encloses all limits at once. Along a direction u, the
tangent of the function bounds the products of u with all of them: an outer approximation of the
Clarke subdifferential, by which a gradient is shown not to belong to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import flint
import numpy as np
import sympy as sp

from reference.domains.certified import (
    BallArithmetic,
    Balls,
    Evaluation,
    Prepared,
    examine,
    prepare,
    to_balls,
    working_precision,
)
from reference.domains.compile import compile_expression, run
from reference.domains.sides import Sides, strict_orders
from reference.domains.walk import unmask
from reference.graph import Input, Map, Node, Order, Put, Take, topological
from reference.problem import Problem
from reference.pushforward import directional, pushforward
from reference.supporting import Support

__all__ = ["Approach", "Found"]

_arb = flint.arb
_PRECISIONS = (128, 512, 2048)
_SHARP = 64  # bits that a limit is known to
_BOX = 2.0**-30  # how far around the point a difference must vanish to be no tie
_STEPS = (sp.floor, sp.ceiling, sp.frac, sp.Mod)
_floats = np.frompyfunc(float, 1, 1)
_accuracy = np.frompyfunc(_arb.rel_accuracy_bits, 1, 1)


class _Unresolved(Exception):
    """A tie that first derivatives do not decide."""


@dataclass(frozen=True)
class Found:
    """The limit of every gradient, flat balls; `pattern` tells how the ties were decided."""

    pattern: bytes
    values: list[np.ndarray]


class _Open(Sides):
    """Every tie undecided, except between what is equal all around the point."""

    def __init__(self, approach: Approach) -> None:
        self.approach = approach

    def keep(self, node: Node, balls: Balls) -> None:
        pass

    def compare(self, node: Node, name: str, gap: sp.Expr, positions: np.ndarray) -> np.ndarray:
        if name != "==":
            return np.full(positions.size, Sides.BOTH)
        always = self.approach.always_equal(node, gap, positions)
        return np.where(always, Sides.AS_WRITTEN, 1)  # two numbers that move apart differ

    def arrange(self, node: Take | Put, groups: np.ndarray) -> list[np.ndarray]:
        assert isinstance(node.index, Order)
        return strict_orders(node.index, groups)


class _Along(Sides):
    """Every tie as it is decided a little way off in one direction."""

    def __init__(self, approach: Approach) -> None:
        self.approach = approach
        self.values: dict[int, Balls] = {}
        self.tangents: dict[int, Balls] = {}

    def keep(self, node: Node, balls: Balls) -> None:
        if id(node) in self.approach.compared_ids:
            self.values[id(node)] = balls
        for primal in self.approach.primal_of.get(id(node), ()):
            self.tangents[primal] = balls

    def compare(self, node: Node, name: str, gap: sp.Expr, positions: np.ndarray) -> np.ndarray:
        assert isinstance(node, Map)
        moving = tuple(
            k for k, child in enumerate(node.inputs) if id(child) in self.approach.moving
        )
        expression = directional(gap, len(node.inputs), moving)
        if expression.has(sp.Piecewise):
            raise _Unresolved
        table: list[Any] = [None] * (len(node.inputs) + len(moving))
        for k, child in enumerate(node.inputs):
            table[k] = _picked(self.values.get(id(child)), node.shape, positions)
        for j, k in enumerate(moving):
            tangent = self.tangents.get(id(node.inputs[k]))
            table[len(node.inputs) + j] = _picked(tangent, node.shape, positions)
        slope = _evaluated(expression, table, positions.size)
        signs = np.asarray(slope > 0, dtype=np.int64) - np.asarray(slope < 0, dtype=np.int64)
        level = np.flatnonzero(signs == 0)
        if level.size:
            if not self.approach.always_equal(node, gap, positions[level]).all():
                raise _Unresolved
            signs[level] = Sides.AS_WRITTEN
        return signs

    def arrange(self, node: Take | Put, groups: np.ndarray) -> list[np.ndarray]:
        assert isinstance(node.index, Order)
        ranks = self.ranks(node, groups)
        return [node.index.rule(ranks.reshape(groups.shape))]

    def ranks(self, node: Take | Put, groups: np.ndarray) -> np.ndarray:
        """The ranks of the keys, equal ones by how they move."""
        flat = groups.ravel()
        held = self.tangents.get(id(node.inputs[1]))
        if held is None:
            raise _Unresolved
        tangents = unmask(held.array(), _arb(0)).ravel()
        place = np.lexsort((np.asarray(_floats(tangents), dtype=np.float64), flat))
        ordered = tangents[place]
        rises = np.asarray(ordered[:-1] < ordered[1:], dtype=bool)
        if not (rises | (np.diff(flat[place]) > 0)).all():
            raise _Unresolved
        ranks = np.empty(flat.size, dtype=np.intp)
        ranks[place] = np.arange(flat.size)
        return ranks


def _picked(balls: Balls | None, shape: Sequence[Any], positions: np.ndarray) -> Any:
    if balls is None:
        return None
    sizes = tuple(int(n) for n in shape)
    array = unmask(np.asarray(balls.array(), dtype=object), _arb(0))
    spread = np.broadcast_to(array, sizes or (1,))
    return spread[np.unravel_index(positions, sizes or (1,))]


def _evaluated(expression: sp.Expr, table: Sequence[Any], count: int) -> np.ndarray:
    program = compile_expression(expression)
    if any(table[position] is None for position in program.reads):
        raise _Unresolved
    blank = Input("nothing", ())
    value = run(program, table, BallArithmetic(blank, None, _arb(0)))
    result = np.empty(count, dtype=object)
    result[:] = value
    return result


class Approach:
    """The ties of a problem at its point, and limits of its gradients there."""

    def __init__(self, problem: Problem, floor: int, base: Evaluation | None = None) -> None:
        self.problem = problem
        self.floor = floor
        self._base = base

    @cached_property
    def base(self) -> Evaluation:
        """The value and the gradients at the point, with ties as they are written."""
        return self.problem.evaluate(_PRECISIONS[0]) if self._base is None else self._base

    @cached_property
    def decidable(self) -> bool:
        """Whether there are ties, and nothing else that could move."""
        if not self.base.ties or self.base.undecided or self.base.unordered:
            return False
        nodes = self._order
        return not any(isinstance(node, Map) and node.expression.has(*_STEPS) for node in nodes)

    @cached_property
    def _order(self) -> list[Node]:
        return list(topological([self.problem.output, *self.problem.gradients]))

    @cached_property
    def compared(self) -> list[Node]:
        """What the tied nodes compare, inputs before users."""
        wanted: set[int] = set()
        for tie in self.base.ties:
            inputs = tie.node.inputs if isinstance(tie.node, Map) else tie.node.inputs[1:]
            wanted.update(id(child) for child in inputs)
        return [node for node in self._order if id(node) in wanted]

    @cached_property
    def compared_ids(self) -> frozenset[int]:
        return frozenset(id(node) for node in self.compared)

    @cached_property
    def directions(self) -> tuple[Input, ...]:
        return tuple(Input("u", node.shape) for node in self.problem.inputs)

    @cached_property
    def _pushed(self) -> dict[Node, Node]:
        given: dict[Node, Node] = dict(zip(self.problem.inputs, self.directions, strict=True))
        return pushforward([*self.compared, self.problem.output], given)

    @cached_property
    def moving(self) -> frozenset[int]:
        return frozenset(id(node) for node in self._pushed)

    @cached_property
    def primal_of(self) -> dict[int, list[int]]:
        """From tangents to what they are tangents of."""
        result: dict[int, list[int]] = {}
        for node in self.compared:
            if node in self._pushed:
                result.setdefault(id(self._pushed[node]), []).append(id(node))
        return result

    @cached_property
    def _tangents(self) -> tuple[list[Node], Prepared]:
        """The tangents of what is compared; each is known before its comparison is met."""
        roots: list[Node] = []
        for node in self.compared:  # a plan visits the last root first
            roots += [node, self._pushed[node]] if node in self._pushed else [node]
        roots.reverse()
        inputs = (*self.problem.inputs, *self.directions)
        return roots, prepare(roots, [self.problem.output], inputs)

    def _bindings(
        self, direction: Sequence[np.ndarray], arrays: Sequence[Any] | None = None
    ) -> dict[Node, Any]:
        return {
            **self.problem.bindings(arrays),
            **dict(zip(self.directions, direction, strict=True)),
        }

    @cached_property
    def _around(self) -> dict[int, Balls]:
        """What the compared nodes hold all around the point."""
        boxes = []
        for array in self.problem.arrays:
            balls = to_balls(array)
            radius = [_arb(0, _BOX * (abs(float(v)) + 2.0**-60)) for v in balls.ravel().tolist()]
            moved = [v + r for v, r in zip(balls.ravel().tolist(), radius, strict=True)]
            box = np.empty(len(moved), dtype=object)
            box[:] = moved
            boxes.append(box.reshape(array.shape))
        found = examine(
            self.compared, self._bindings(self.problem.arrays, boxes), precision=_PRECISIONS[0],
            prepared=prepare(self.compared, [self.problem.output], self.problem.inputs),
        )  # fmt: skip
        return {
            id(node): Balls(values.shape, values)
            for node, values in zip(self.compared, found.values, strict=True)
        }

    def always_equal(self, node: Node, gap: sp.Expr, positions: np.ndarray) -> np.ndarray:
        """Where the two sides of a comparison are equal all around the point."""
        table = [_picked(self._around.get(id(c)), node.shape, positions) for c in node.inputs]
        try:
            values = _evaluated(gap, table, positions.size)
        except _Unresolved:
            return np.zeros(positions.size, dtype=bool)
        return np.array([bool(value.is_zero()) for value in values.tolist()], dtype=bool)

    def along(self, direction: Sequence[np.ndarray], known: dict[bytes, Found]) -> Found | None:
        """The limits along a direction; None where this does not tell.

        known: what other directions gave, by their pattern; added to.
        """
        if not self.decidable:
            return None
        for precision in _PRECISIONS:
            sides = _Along(self)
            roots, prepared = self._tangents
            try:
                examine(
                    roots, self._bindings(direction), precision=precision, prepared=prepared,
                    sides=sides,
                )  # fmt: skip
                with working_precision(precision):
                    pattern = self._pattern(sides)
                if pattern in known:
                    return known[pattern]
                found = self.problem.evaluate(precision, value=False, sides=sides)
            except _Unresolved:
                return None
            values = [array.ravel() for array in found.values]
            if any(not v.is_finite() for flat in values for v in flat.tolist()):
                return None
            if found.undecided or found.unordered:
                continue
            if all(self._sharp(flat) for flat in values):
                known[pattern] = Found(pattern, [self._rounded(flat) for flat in values])
                return known[pattern]
        return None

    def _pattern(self, sides: _Along) -> bytes:
        parts = []
        seen = set()
        for tie in self.base.ties:
            if isinstance(tie.node, Map):
                for gap in _gaps(tie.node.expression):
                    read = compile_expression(gap).reads
                    key = (gap, tuple((k, id(tie.node.inputs[k])) for k in read), tie.positions)
                    if key not in seen:  # a function and its slope make the same comparison
                        seen.add(key)
                        parts.append(self._signs(sides, tie.node, gap, np.array(tie.positions)))
            elif isinstance(tie.node, (Take, Put)):
                held = sides.tangents[id(tie.node.inputs[1])]
                tangents = unmask(held.array(), _arb(0)).ravel()[list(tie.positions)]
                order = np.argsort(np.asarray(_floats(tangents), dtype=np.float64), kind="stable")
                parts.append(order.tobytes())
        return b"".join(parts)

    def _signs(self, sides: _Along, node: Map, gap: sp.Expr, places: np.ndarray) -> bytes:
        """How the ties of one comparison of a Map are decided, among its tied elements."""
        table = [_picked(sides.values.get(id(c)), node.shape, places) for c in node.inputs]
        values = _evaluated(gap, table, places.size)
        tied = np.array([bool(v.is_zero()) for v in values.tolist()], dtype=bool)
        signs = np.zeros(places.size, dtype=np.int8)
        if tied.any():
            signs[tied] = sides.compare(node, "<", gap, places[tied])
        return signs.tobytes()

    def _sharp(self, flat: np.ndarray) -> bool:
        rough = np.flatnonzero(np.asarray(_accuracy(flat), dtype=np.float64) < _SHARP)
        tiny = _arb(2) ** self.floor
        return all(bool(flat[k].rad() < tiny) and 0 in flat[k] for k in rough.tolist())

    def _rounded(self, flat: np.ndarray) -> np.ndarray:
        """Zero in place of what no format tells from it."""
        result = np.array(flat)
        for k in np.flatnonzero(np.asarray(_accuracy(flat), dtype=np.float64) < _SHARP).tolist():
            result[k] = _arb(0)
        return result

    @cached_property
    def hull(self) -> list[np.ndarray] | None:
        """For every gradient, flat balls that hold its limits in all directions; None: unknown."""
        if not self.decidable:
            return None
        found = self.problem.evaluate(_PRECISIONS[0], value=False, sides=_Open(self))
        if found.unordered:
            return None
        return [array.ravel() for array in found.values]

    @cached_property
    def _support(self) -> Support | None:
        steps = any(isinstance(n, Map) and n.expression.has(*_STEPS) for n in self._order)
        if steps or self.base.undecided or self.base.unordered:
            return None
        return Support(self.problem, self.directions, lambda: _Open(self))

    def bound(self, direction: Sequence[np.ndarray]) -> Any:
        """A ball that holds the product of the direction with every limit; None: unknown."""
        return None if self._support is None else self._support.bound(direction)

    def climbing(self, direction: Sequence[np.ndarray]) -> list[np.ndarray] | None:
        """A direction along which the limit reaches far in the given one; None: unknown."""
        return None if self._support is None else self._support.climbing(direction)


def _gaps(expression: sp.Expr) -> list[sp.Expr]:
    relations = sorted(expression.atoms(sp.core.relational.Relational), key=str)
    return list(dict.fromkeys(relation.lhs - relation.rhs for relation in relations))
