"""The mathematics of a traced function without its numbers, and what follows from it.

Every check traces the function anew: nothing that a user could change in between is kept. But two
traces that apply the same operations to arrays of the same shapes are the same mathematics, and
its differentiated graphs, their orders of evaluation and compiled expressions are kept for the
next check, by the content of the graph. Its leaves, constants included, are given anew each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from reference import build
from reference.differentiate import jvp, vjp, zeros
from reference.domains.certified import Prepared
from reference.domains.straight import Known
from reference.domains.walk import positions_of
from reference.graph import (
    Constant,
    Contract,
    IndexMap,
    Input,
    Map,
    Node,
    Order,
    Put,
    Stop,
    Take,
    argument,
    substitute,
    topological,
)

__all__ = ["Rows", "Structure", "structure_of"]

_LARGEST = 2_000  # nodes of a graph that is kept
_KEPT = 64  # graphs that are kept
_ITSELF = argument(0)


@dataclass(frozen=True, eq=False)
class Rows:
    """The same graph of derivatives several times over, with symbols of its own each time.

    nodes, symbols: per row. plans: what is known of all rows' graph together.
    """

    nodes: tuple[tuple[Node, ...], ...]
    symbols: tuple[tuple[Input, ...], ...]
    plans: dict[bool, Prepared] = field(default_factory=dict)
    single: tuple[dict[bool, Prepared], ...] = ()


class Structure:
    """Outputs over inputs and other leaves, and their derivatives as graphs.

    leaves: the nodes without inputs that are not differentiated. symbols: one cotangent for
    each output, one direction for each input.
    """

    def __init__(
        self, outputs: Sequence[Node], inputs: Sequence[Input], leaves: Sequence[Node]
    ) -> None:
        self.outputs = tuple(outputs)
        self.inputs = tuple(inputs)
        self.leaves = tuple(leaves)
        self.cotangents = tuple(Input("g", node.shape) for node in self.outputs)
        self.directions = tuple(Input("u", node.shape) for node in self.inputs)
        self._rows: dict[tuple[str, int], Rows] = {}
        self._together: dict[tuple[tuple[str, int], ...], Known] = {}

    @cached_property
    def output(self) -> Node:
        """All outputs as one node."""
        if len(self.outputs) == 1:
            return self.outputs[0]
        return build.concat([build.reshape(node, (-1,)) for node in self.outputs])

    @cached_property
    def values(self) -> list[Node]:
        return list(self.outputs)

    @cached_property
    def pulled(self) -> list[Node]:
        return _filled(vjp(self.outputs, self.inputs, self.cotangents), self.inputs)

    @cached_property
    def pushed(self) -> list[Node]:
        return _filled(jvp(self.outputs, self.inputs, self.directions), self.outputs)

    @cached_property
    def second(self) -> list[Node]:
        return _filled(vjp(self.pulled, self.inputs, self.directions), self.inputs)

    @cached_property
    def second_forward(self) -> list[Node]:
        return _filled(jvp(self.pushed, self.inputs, self.directions), self.outputs)

    @cached_property
    def padding(self) -> list[Node]:
        """A zero for every input."""
        return [zeros(node.shape) for node in self.inputs]

    def rows(self, kind: str, count: int) -> Rows:
        """`count` rows of one of the graphs above; its symbols: cotangents, then directions."""
        known = self._rows.get((kind, count))
        if known is None:
            known = self._rows[kind, count] = self._repeated(kind, count)
        return known

    def together(self, kinds: Sequence[tuple[str, int]]) -> Known:
        """What is known of the graph of so many rows of each of several kinds."""
        return self._together.setdefault(tuple(kinds), Known())

    def _repeated(self, kind: str, count: int) -> Rows:
        nodes: list[Node] = getattr(self, kind)
        own = (*self.cotangents, *self.directions)
        rows, symbols = [tuple(nodes)], [own]
        for _ in range(1, count):
            fresh = tuple(Input(symbol.name, symbol.shape) for symbol in own)
            exchanged = dict(zip(own, fresh, strict=True))
            rows.append(tuple(substitute(nodes, exchanged)))  # type: ignore[arg-type]
            symbols.append(fresh)
        return Rows(tuple(rows), tuple(symbols), {}, tuple({} for _ in rows))


def _filled(found: Sequence[Node | None], like: Sequence[Node]) -> list[Node]:
    """Derivatives, zeros where there are none; nodes that only hand on a value are left out."""
    return _without_copies(
        [zeros(node.shape) if one is None else one for one, node in zip(found, like, strict=True)]
    )


def _without_copies(roots: Sequence[Node]) -> list[Node]:
    """The same without Maps that give their one argument as it is."""
    done: dict[int, Node] = {}
    for node in topological(roots):
        inputs = tuple(done[id(child)] for child in node.inputs)
        if isinstance(node, Map) and node.expression == _ITSELF and inputs[0].shape == node.shape:
            done[id(node)] = inputs[0]
        elif all(new is old for new, old in zip(inputs, node.inputs, strict=True)):
            done[id(node)] = node
        else:
            done[id(node)] = node.rebuild(inputs)
    return [done[id(root)] for root in roots]


class _NoKey(Exception):
    """A graph that is not told by its content: it holds a function."""


class _Content:
    """A graph, equal to every graph of the same content."""

    __slots__ = ("hash", "inputs", "key", "leaves", "outputs")

    def __init__(self, outputs: Sequence[Node], inputs: Sequence[Input]) -> None:
        order = list(topological([*outputs, *inputs]))
        if len(order) > _LARGEST:
            raise _NoKey
        numbers = {id(node): number for number, node in enumerate(order)}
        wrt = {id(node) for node in inputs}
        self.outputs = tuple(outputs)
        self.inputs = tuple(inputs)
        self.leaves = [n for n in order if not n.inputs and _is_leaf(n) and id(n) not in wrt]
        self.key = (
            tuple(numbers[id(node)] for node in outputs),
            tuple(numbers[id(node)] for node in inputs),
            tuple((_told(n), tuple(numbers[id(child)] for child in n.inputs)) for n in order),
        )
        self.hash = hash(self.key)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Content) and self.key == other.key


def _is_leaf(node: Node) -> bool:
    return isinstance(node, (Input, Constant))


def _told(node: Node) -> tuple[Any, ...]:
    """What a node is, besides its inputs."""
    if _is_leaf(node):
        return ("leaf", node.shape)
    if isinstance(node, Map):
        return ("map", node.expression)
    if isinstance(node, Contract):
        return ("contract", node.labels, node.output, tuple(sorted(node.sizes.items())))
    if isinstance(node, (Take, Put)) and not isinstance(node.index, Order):
        return (type(node).__name__, *_index(node.index))
    if isinstance(node, Stop) and node.rule is None:
        return (type(node).__name__,)
    raise _NoKey


def _index(index: IndexMap) -> tuple[Any, ...]:
    positions = np.ascontiguousarray(positions_of(index))
    return index.source, index.shape, hashlib.blake2b(positions.tobytes()).digest()


@lru_cache(maxsize=_KEPT)
def _bare(content: _Content) -> Structure:
    """The structure over leaves that hold nothing; the content lets go of the user's arrays."""
    bare = {node: Input("x", node.shape) for node in (*content.inputs, *content.leaves)}
    outputs = _without_copies(substitute(content.outputs, bare))
    structure = Structure(
        outputs, [bare[n] for n in content.inputs], [bare[n] for n in content.leaves]
    )
    content.outputs, content.inputs, content.leaves = (), (), []
    return structure


def structure_of(
    outputs: Sequence[Node], inputs: Sequence[Input]
) -> tuple[Structure, dict[Node, Any]]:
    """(the structure of a traced function, what its leaves besides the inputs hold)."""
    try:
        content = _Content(outputs, inputs)
    except _NoKey:
        return Structure(outputs, inputs, ()), {}
    values = [node.value for node in content.leaves]  # type: ignore[attr-defined]
    structure = _bare(content)
    return structure, dict(zip(structure.leaves, values, strict=True))
