"""A graph of single numbers as one straight program: values, derivatives of nodes, roundings.

Small functions of numbers have graphs of some fifty nodes of one number each, where looking at
every node anew costs ten times the arithmetic. What can be known without numbers is worked out
once here: the steps of all nodes and of their partial derivatives, each different step once. A
run gives what :func:`reference.domains.certified.examine` gives with
:class:`reference.domains.linearised.Linearised` behind it; where something is out of the ordinary
(not finite, subnormal, no number for certain), it gives None, and those are asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import flint
import numpy as np
import sympy as sp

from reference.domains.certified import Balls, Prepared, working_precision
from reference.domains.compile import Program, compile_expression
from reference.domains.functions import BALL_FUNCTIONS, ball_number
from reference.domains.linearised import slope_of
from reference.domains.rounded import Noise
from reference.domains.walk import leaf_values
from reference.floats import Format
from reference.graph import Constant, Contract, Input, Map, Node, Stop

__all__ = ["Known", "Straight", "straight"]

_arb = flint.arb
_SMALLEST = 2.0**-1022


@dataclass
class Known:
    """What is known of a graph, whatever its numbers, from the first time that it was asked for.

    straight: None where it is no straight program.
    """

    prepared: Prepared | None = None
    straight: Straight | None = None


@dataclass(frozen=True)
class _Moved:
    """How a node's roundings come about: its inputs' (slot of the slope, row), and its own.

    row: of the node's roundings. own: the slot of the value that it is rounded relative to.
    """

    node: Node
    row: int
    pushed: tuple[tuple[int, int], ...]
    own: int | None


class Straight:
    """The program; see :func:`straight`."""

    def __init__(self, prepared: Prepared) -> None:
        """Raises _NotStraight where the graph is none."""
        self.leaves: list[tuple[int, Node]] = []
        self.numbers: list[tuple[int, sp.Expr]] = []
        self.steps: list[tuple[int, Callable[..., Any], tuple[int, ...]]] = []
        self.moved: list[_Moved] = []
        self.size = 0
        self._draws: tuple[tuple[int, ...], np.ndarray] | None = None
        self._same: dict[Any, int] = {}
        order = prepared.plan
        slots: list[int] = []
        rows: list[int | None] = []
        for node, children in zip(order.nodes, order.children, strict=True):
            if node.shape != ():
                raise _NotStraight
            given = [slots[child] for child in children]
            below = [rows[child] for child in children]
            if isinstance(node, Stop) or _copies(node):
                slots.append(given[0])
                rows.append(below[0])
            elif isinstance(node, (Input, Constant)):
                slots.append(self._slot())
                rows.append(None)
                self.leaves.append((slots[-1], node))
            elif isinstance(node, Map):
                slots.append(self._emitted(compile_expression(node.expression), given))
                rows.append(self._moved(node, slots[-1], given, below))
            else:
                raise _NotStraight
        self.roots = [slots[place] for place in order.roots]
        self.rows = [rows[place] for place in order.roots]
        self.own = [one.own for one in self.moved if one.own is not None]
        self.read = sorted({slot for one in self.moved for slot, _ in one.pushed} | set(self.own))

    def _slot(self) -> int:
        self.size += 1
        return self.size - 1

    def _emitted(self, program: Program, given: list[int]) -> int:
        """The slot of a program's result on these arguments."""
        registers = [-1] * program.registers
        for register, position in enumerate(program.reads):
            registers[register] = given[position]
        for step in program.steps:
            operands = tuple(registers[operand] for operand in step.operands)
            key = (step.kind, step.payload, operands)
            known = self._same.get(key)
            if known is None:
                known = self._same[key] = self._slot()
                if step.kind == "number":
                    self.numbers.append((known, step.payload))
                elif step.kind == "call":
                    called = BALL_FUNCTIONS.of_numbers(step.payload, len(operands))
                    self.steps.append((known, called, operands))
                elif step.kind == "power":
                    self.steps.append((known, _powers(*step.payload), operands))
                else:
                    raise _NotStraight
            registers[step.target] = known
        return registers[program.result]

    def _moved(
        self, node: Map, slot: int, given: list[int], below: list[int | None]
    ) -> int | None:
        pushed = []
        for position, row in enumerate(below):
            if row is None:
                continue
            slope = slope_of(node.expression, position)
            if slope != 0:
                own = slope == node.expression
                pushed.append(
                    (slot if own else self._emitted(compile_expression(slope), given), row)
                )
        relative = Noise.is_relative(node)
        if not relative and not pushed:
            return None
        self.moved.append(_Moved(node, len(self.moved), tuple(pushed), slot if relative else None))
        return len(self.moved) - 1

    def run(self, bindings: Mapping[Node, Any], precision: int) -> list[Any]:
        """A ball for every slot."""
        held: list[Any] = [None] * self.size
        with working_precision(precision):
            for slot, node in self.leaves:
                value = bindings[node] if node in bindings else leaf_values(node)
                held[slot] = Balls.of(value).array().item()
            for slot, expression in self.numbers:
                held[slot] = ball_number(expression)
            for slot, function, operands in self.steps:
                if len(operands) == 2:
                    held[slot] = function(held[operands[0]], held[operands[1]])
                else:
                    held[slot] = function(*[held[operand] for operand in operands])
        return held

    def values(self, held: list[Any]) -> list[np.ndarray]:
        """What the graph was asked for, as object arrays of no dimensions."""
        return [_single(held[slot]) for slot in self.roots]

    def _drawn(self, runs: int, seed: Sequence[int]) -> np.ndarray:
        """Roundings between -1/2 and 1/2; those of a seed are kept, as drawing them costs more."""
        key, known = (runs, *seed), self._draws
        if known is None or known[0] != key:
            rng = np.random.default_rng(seed)
            drawn = rng.random((len(self.own), runs), dtype=np.float32) - np.float32(0.5)
            known = self._draws = key, drawn
        return known[1]

    def tangents(
        self, held: list[Any], fmt: Format, runs: int, seed: Sequence[int]
    ) -> dict[int, np.ndarray] | None:
        """What roundings move what was asked for by, in several runs, by the place it has there.

        seed: of the roundings. None where a number on the way is not an ordinary one of the
        format.
        """
        floats = {slot: float(held[slot]) for slot in self.read}
        if not all(map(math.isfinite, floats.values())):
            return None
        least = max(2.0**fmt.emin, _SMALLEST)
        sizes = [abs(floats[slot]) for slot in self.own]
        if min(sizes, default=least) < least:
            for size, slot in zip(sizes, self.own, strict=True):
                if size < least and not held[slot].is_zero():
                    return None
        scale = np.array(sizes)[:, None] * 2.0 ** (1 - fmt.precision)
        own = iter(list(self._drawn(runs, seed) * scale))
        table: list[np.ndarray] = []
        for one in self.moved:
            total: Any = None if one.own is None else next(own)
            for slot, row in one.pushed:
                slope = floats[slot]
                part = table[row] if slope == 1.0 else table[row] * slope
                if one.own is not None:
                    total += part  # nobody else holds these roundings
                else:
                    total = part if total is None else total + part
            table.append(total)
        places = [place for place, row in enumerate(self.rows) if row is not None]
        found = np.array([table[row] for row in self.rows if row is not None]).reshape(-1, runs)
        return dict(zip(places, found, strict=True)) if np.isfinite(found).all() else None


class _NotStraight(Exception):
    """Arrays, case distinctions, equations."""


def straight(prepared: Prepared) -> Straight | None:
    """The program of a graph; None where it has arrays, case distinctions or equations.

    >>> from reference.domains.certified import prepare
    >>> from reference.graph import argument
    >>> x = Input("x", ())
    >>> program = straight(prepare([Map(argument(0) ** 2 + 1, [x])]))
    >>> held = program.run({x: 1.5}, 53)
    >>> program.values(held)[0].item().str(5)
    '3.2500'
    """
    try:
        return Straight(prepared)
    except _NotStraight:
        return None


def _copies(node: Node) -> bool:
    """Whether a Contract hands its one factor on, as that of a zero does."""
    return isinstance(node, Contract) and len(node.inputs) == 1 and not node.sizes


def _powers(numerator: int, denominator: int) -> Callable[[Any], Any]:
    if denominator == 1 and numerator == 2:
        return _squared
    return partial(_power, numerator=numerator, denominator=denominator)


def _squared(base: Any) -> Any:
    return base * base


def _power(base: Any, numerator: int, denominator: int) -> Any:
    return BALL_FUNCTIONS.power(base, numerator, denominator)


def _single(ball: Any) -> np.ndarray:
    array = np.empty((), dtype=object)
    array[()] = ball
    return array
