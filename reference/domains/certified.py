"""Balls that provably hold the true values (python-flint's Arb), over whole arrays.

Elementwise work runs on NumPy object arrays of `arb`, contractions through `arb_mat`. A case
distinction is decided by comparing balls. Two sides that are exactly equal are a *tie*, recorded
and decided as the expression says; two sides that overlap at this precision give the union of
both branches, so that the result holds the truth either way.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from reference.domains import solving
from reference.domains.compile import Sided, compile_expression, run
from reference.domains.functions import BALL_FUNCTIONS, ball_number
from reference.domains.precision import working_precision
from reference.domains.sides import Sides, move_any
from reference.domains.walk import (
    MASKED,
    Plan,
    concrete,
    contract,
    holds_masked,
    leaf_values,
    object_array,
    order_positions,
    plan,
    positions_of,
    put,
    take,
    unmask,
    varying_nodes,
    walk,
)
from reference.graph import (
    Constant,
    Contract,
    Input,
    Map,
    Node,
    Order,
    Put,
    Solve,
    Stop,
    Take,
    topological,
)

__all__ = [
    "BallArithmetic",
    "Balls",
    "Evaluation",
    "Prepared",
    "Tie",
    "evaluate",
    "examine",
    "prepare",
    "to_balls",
    "working_precision",
]

_arb = flint.arb


@dataclass(frozen=True)
class Tie:
    """Where the two sides of a comparison (or two keys of an ordering) are equal.

    positions: flat positions in the node's result (for an ordering: in its key).
    """

    node: Node
    positions: tuple[int, ...]


@dataclass
class Evaluation:
    """The values of the nodes asked for, and what was not clear-cut on the way.

    ties: exactly equal. undecided: overlapping at this precision. unordered: whether an ordering
    had to be guessed, so that the values are not certified. singular: positions where a function
    left its domain at arguments that are known exactly.
    """

    values: list[np.ndarray]
    ties: list[Tie] = field(default_factory=list)
    undecided: list[Tie] = field(default_factory=list)
    singular: list[Tie] = field(default_factory=list)
    unordered: bool = False


def _number(value: Any) -> Any:
    """One exact number (float, int, Fraction, SymPy number, fmpq, arb) as a ball."""
    if isinstance(value, (_arb, float, int)):
        return _arb(value)
    if isinstance(value, Fraction):
        return _arb(flint.fmpq(value.numerator, value.denominator))
    if isinstance(value, sp.Expr):
        return ball_number(value)
    if isinstance(value, (flint.fmpq, flint.fmpz)):
        return _arb(value)
    if isinstance(value, np.generic):
        return _number(value.item())
    raise TypeError(f"{value!r} ({type(value).__name__}) is no exact real number")


def to_balls(array: Any) -> np.ndarray:
    """An object array of balls, each the exact value of the number (floats as they are).

    >>> [str(ball) for ball in to_balls([0.5, Fraction(1, 4)])]
    ['0.500000000000000', '0.250000000000000']
    """
    source = np.asarray(array)
    if source.dtype.kind in "fiub":
        values = source.ravel().astype(np.float64) if source.dtype.kind == "f" else source.ravel()
        if source.dtype.kind == "f" and source.dtype.itemsize > 8:
            raise TypeError(f"dtype {source.dtype} is wider than float64: give exact numbers")
        balls = object_array([_arb(v) for v in values.tolist()], source.shape)
    else:
        balls = object_array([_number(v) for v in source.ravel().tolist()], source.shape)
    return balls


class Balls:
    """An array of balls in one or several layouts: object array, floats, matrices; lazily.

    tangent: whatever an `after` (see :func:`examine`) lets travel beside the values.
    """

    __slots__ = ("_array", "_floats", "_matrices", "_matrix", "_mids", "shape", "tangent")

    def __init__(
        self,
        shape: tuple[int, ...],
        array: np.ndarray | None = None,
        floats: np.ndarray | None = None,
        matrix: Any = None,
        rows: int = 0,
    ) -> None:
        self.shape = shape
        self._array = array
        self._floats = floats
        self._matrix = matrix
        self._mids: np.ndarray | None = None
        self.tangent: np.ndarray | None = None
        self._matrices: dict[tuple[tuple[int, ...], tuple[int, ...]], Any] = {}
        if matrix is not None:  # its rows run along the first `rows` axes
            axes = tuple(range(len(shape)))
            self._matrices[axes[:rows], axes[rows:]] = matrix

    @classmethod
    def of(cls, values: Any) -> Balls:
        """Whatever a leaf holds: floats stay floats until balls are asked for."""
        array = np.asarray(values)
        if array.dtype.kind == "f" and array.dtype.itemsize <= 8:
            return cls(array.shape, floats=array.astype(np.float64))
        return cls(array.shape, array=to_balls(array))

    def array(self) -> np.ndarray:
        if self._array is None:
            if self._floats is not None:
                self._array = to_balls(self._floats)
            else:
                self._array = object_array(self._matrix.entries(), self.shape)
        return self._array

    def mids(self) -> np.ndarray:
        """The midpoints as float64."""
        if self._floats is not None:
            return self._floats
        if self._mids is None:
            flat = [float(v) for v in self.array().ravel().tolist()]
            self._mids = np.array(flat, dtype=np.float64).reshape(self.shape)
        return self._mids

    def matrix(self, rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
        """The arb_mat whose rows and columns run along those axes; None if MASKED meets nan."""
        known = self._matrices.get((rows, columns))
        if known is None:
            turned = self._matrices.get((columns, rows))
            known = self._build(rows, columns) if turned is None else turned.transpose()
            self._matrices[rows, columns] = known
        return known

    def _build(self, rows: tuple[int, ...], columns: tuple[int, ...]) -> Any:
        height = math.prod(self.shape[axis] for axis in rows)
        width = math.prod(self.shape[axis] for axis in columns)
        source = self._floats if self._floats is not None else self.array()
        flat = source.transpose(rows + columns).ravel().tolist()
        try:
            return flint.arb_mat(height, width, flat)
        except TypeError:  # there are MASKED zeros
            zero = _arb(0)
            return flint.arb_mat(height, width, [zero if v is MASKED else v for v in flat])

    def has_masked(self) -> bool:
        return (
            self._floats is None
            and self._matrix is None
            and holds_masked(self.array().ravel().tolist())
        )


class BallArithmetic(Sided):
    """How the steps of a program run on balls."""

    def __init__(self, node: Node, domain: _Domain | None, masked: Any) -> None:
        self.node = node
        self.domain = domain
        self._masked = masked

    def number(self, expression: sp.Expr) -> Any:
        return ball_number(expression)

    def call(self, name: str, operands: Sequence[Any]) -> Any:
        return BALL_FUNCTIONS.call(name, operands)

    def power(self, base: Any, numerator: int, denominator: int) -> Any:
        return BALL_FUNCTIONS.power(base, numerator, denominator)

    def masked(self) -> Any:
        return self._masked

    def undefined(self) -> Any:
        return _arb.nan()

    def union(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        zero = _arb(0)
        return np.asarray(_union(unmask(first, zero), unmask(second, zero)), dtype=object)

    def relation(
        self, name: str, left: Any, right: Any, positions: np.ndarray, varying: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        zero = _arb(0)
        first, second = (
            unmask(np.broadcast_to(np.asarray(side, dtype=object), positions.shape), zero)
            for side in (left, right)
        )
        below = np.asarray(first < second, dtype=bool)
        above = np.asarray(first > second, dtype=bool)
        rest = np.flatnonzero(~(below | above))
        equal = np.zeros(positions.shape, dtype=bool)
        unsure = np.zeros(positions.shape, dtype=bool)
        closed = np.zeros(positions.shape, dtype=bool)
        if rest.size:
            a, b = first[rest], second[rest]
            same = np.asarray(a == b, dtype=bool) | _is_same(a, b).astype(bool)
            equal[rest] = same
            closed[rest] = np.asarray(a <= b, dtype=bool) & ~same  # touching, not crossing
            valid = ~(_is_nan(a) | _is_nan(b)).astype(bool)
            unsure[rest] = ~same
            if name == "<=":
                unsure &= ~closed
            elif name == "<":
                unsure[rest] &= ~np.asarray(a >= b, dtype=bool)
            if varying and self.domain is not None:
                self.domain.record(self.domain.ties, self.node, positions[rest[same]])
                self.domain.record(
                    self.domain.undecided, self.node, positions[unsure & _at(rest[valid], unsure)]
                )
                if self.domain.sides is not None and same.any():
                    tied = rest[same]
                    signs = self.domain.sides.compare(self.node, name, self.gap, positions[tied])
                    below[tied], equal[tied] = signs == -1, signs == Sides.AS_WRITTEN
                    unsure[tied] = signs == Sides.BOTH
        if name == "<":
            return below, unsure
        if name == "<=":
            return below | equal | closed, unsure
        return equal, unsure


def _at(where: np.ndarray, like: np.ndarray) -> np.ndarray:
    result = np.zeros(like.shape, dtype=bool)
    result[where] = True
    return result


# bound calls: an unbound method of python-flint reads whatever it is given as the memory of a ball
_union = np.frompyfunc(lambda one, other: one.union(other), 2, 1)
_is_same = np.frompyfunc(operator.is_, 2, 1)
_is_nan = np.frompyfunc(operator.methodcaller("is_nan"), 1, 1)
_is_exact = np.frompyfunc(operator.methodcaller("is_exact"), 1, 1)
_is_finite = np.frompyfunc(operator.methodcaller("is_finite"), 1, 1)


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The product of two matrices of balls, through arb_mat where that pays."""
    zero = _arb(0)
    rows, inner = left.shape
    columns = right.shape[1]
    if not inner:
        result = np.empty((rows, columns), dtype=object)
        result[...] = zero
        return result
    small = min(rows, columns) < 3 or rows * inner * columns < 64
    if rows * inner * columns <= 1 << 22 and (small or _has_masked(left) or _has_masked(right)):
        return np.asarray(np.add.reduce(left[:, :, None] * right[None, :, :], axis=1))
    first = flint.arb_mat(rows, inner, unmask(left, zero).ravel().tolist())
    second = flint.arb_mat(inner, columns, unmask(right, zero).ravel().tolist())
    return object_array((first * second).entries(), (rows, columns))


def _has_masked(array: np.ndarray) -> bool:
    return holds_masked(array.ravel().tolist())


class _Domain:
    """One evaluation: its bindings, what it records, and how each kind of node is computed."""

    def __init__(
        self,
        bindings: Mapping[Node, Any],
        forward: Collection[int],
        varying: Collection[int],
        after: Callable[[Node, list[Balls], Balls], Balls] | None,
        sides: Sides | None = None,
    ) -> None:
        self.sides = sides
        self.bindings = {id(node): value for node, value in bindings.items()}
        self.forward = forward
        self.varying = varying
        self.after = after
        self.ties: dict[int, tuple[Node, set[int]]] = {}
        self.undecided: dict[int, tuple[Node, set[int]]] = {}
        self.singular: dict[int, tuple[Node, set[int]]] = {}
        self.unordered = False
        self.diagnose = False

    def record(
        self, table: dict[int, tuple[Node, set[int]]], node: Node, positions: np.ndarray
    ) -> None:
        if positions.size:
            table.setdefault(id(node), (node, set()))[1].update(positions.tolist())

    def compute(self, node: Node, inputs: list[Balls]) -> Balls:
        result = self.computed(node, inputs)
        if self.sides is not None:
            self.sides.keep(node, result)
        return result

    def computed(self, node: Node, inputs: list[Balls]) -> Balls:
        if isinstance(node, Input) and id(node) in self.bindings:
            value = self.bindings[id(node)]
            result = value if isinstance(value, Balls) else Balls.of(value)
            if result.shape != concrete(node.shape):
                raise ValueError(
                    f"the input {node.name!r} has shape {node.shape}, its binding {result.shape}"
                )
            return result
        if isinstance(node, (Input, Constant)):
            return Balls.of(leaf_values(node))
        if isinstance(node, Map):
            result = self.map(node, inputs)
        elif isinstance(node, Contract):
            result = self.contract(node, inputs)
        elif isinstance(node, (Take, Put)):
            result = self.move(node, inputs)
        elif isinstance(node, Solve):
            result = Balls(self.shape(node), solving.solve(node, self.plain(inputs), evaluate))
        elif isinstance(node, Stop):
            result = inputs[0]
        else:
            raise TypeError(f"a {type(node).__name__} node has no certified evaluation")
        if self.diagnose:
            self.find_singular(node, inputs, result)
        return result if self.after is None else self.after(node, inputs, result)

    def shape(self, node: Node) -> tuple[int, ...]:
        return concrete(node.shape)

    def zero(self, node: Node) -> Any:
        return _arb(0) if id(node) in self.forward else MASKED

    def plain(self, inputs: Sequence[Balls]) -> list[np.ndarray]:
        return [unmask(value.array(), _arb(0)) for value in inputs]

    def map(self, node: Map, inputs: list[Balls]) -> Balls:
        shape = self.shape(node)
        program = compile_expression(node.expression)
        arguments: list[Any] = [None] * len(inputs)
        for position in program.reads:
            arguments[position] = inputs[position].array()
        arithmetic = BallArithmetic(node, self, self.zero(node))
        if not program.branches:
            if not shape:  # one number: no arrays
                arguments = [None if a is None else a.item() for a in arguments]
            value = run(program, arguments, arithmetic)
        else:
            flat = np.arange(math.prod(shape)).reshape(shape)
            varying = [id(child) in self.varying for child in node.inputs]
            value = run(program, arguments, arithmetic, flat, varying)
        array = np.asarray(value, dtype=object)
        return Balls(shape, array if array.shape == shape else np.broadcast_to(array, shape))

    def contract(self, node: Contract, inputs: list[Balls]) -> Balls:
        quick = self.matrix_product(node, inputs)
        if quick is not None:
            return quick
        arrays = [value.array() for value in inputs]
        result = contract(node, arrays, _arb(1), _arb(0), _product)
        return Balls(result.shape, result)

    def matrix_product(self, node: Contract, inputs: list[Balls]) -> Balls | None:
        """Two factors, one product of matrices whose layouts may be there already."""
        if len(inputs) != 2:
            return None
        left, right = node.labels
        shared = set(left) & set(right)
        output = set(node.output)
        rows = tuple(label for label in left if label not in shared)
        columns = tuple(label for label in right if label not in shared)
        if not shared or shared & output or output != {*rows, *columns}:
            return None
        sizes = [int(node.sizes[label]) for label in (*rows, *columns)]
        height = math.prod(sizes[: len(rows)])
        width = math.prod(sizes[len(rows) :])
        inner = tuple(label for label in left if label in shared)
        depth = math.prod(int(node.sizes[label]) for label in inner)
        if min(height, width) < 3 or height * width * depth < 512:
            return None
        if inputs[0].has_masked() or inputs[1].has_masked():
            values = [value for balls in inputs for value in balls.array().ravel().tolist()]
            if not all(value is MASKED or value.is_finite() for value in values):
                return None
        first = inputs[0].matrix(
            tuple(left.index(label) for label in rows), tuple(left.index(lb) for lb in inner)
        )
        second = inputs[1].matrix(
            tuple(right.index(lb) for lb in inner), tuple(right.index(label) for label in columns)
        )
        product = first * second
        if node.output == columns + rows:
            product, rows, columns = product.transpose(), columns, rows
            sizes = [int(node.sizes[label]) for label in (*rows, *columns)]
        if node.output == rows + columns:
            return Balls(self.shape(node), matrix=product, rows=len(rows))
        array = object_array(product.entries(), tuple(sizes))
        order = [(rows + columns).index(label) for label in node.output]
        return Balls(self.shape(node), array.transpose(order))

    def move(self, node: Take | Put, inputs: list[Balls]) -> Balls:
        array = inputs[0].array()
        size = math.prod(concrete(node.index.source))
        if isinstance(node.index, Order):
            ways, groups = self.order(node, node.index, inputs[1])
            if len(ways) > 1:
                zero, total = _arb(0), None if isinstance(node, Take) else size
                moved = move_any(unmask(array, zero), ways, groups, total, zero, _union)
                return Balls(self.shape(node), moved.reshape(self.shape(node)))
            positions = ways[0]
        else:
            positions = positions_of(node.index)
        if isinstance(node, Take):
            return Balls(self.shape(node), take(array, positions, self.zero(node)))
        moved = put(array, positions, size, self.zero(node))
        return Balls(self.shape(node), moved.reshape(self.shape(node)))

    def order(
        self, node: Take | Put, index: Order, key: Balls
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Positions by certified ranks; equal keys share a rank and are recorded.

        Also the ranks. Several arrays of positions where `sides` leaves equal keys in any order.
        """
        flat = unmask(key.array(), _arb(0)).ravel()
        if _is_nan(flat).astype(bool).any():
            self.unordered = True
        place = np.argsort(np.frompyfunc(operator.methodcaller("mid"), 1, 1)(flat), kind="stable")
        ordered = flat[place]
        rises = np.ones(flat.size, dtype=bool)
        rises[1:] = np.asarray(ordered[:-1] < ordered[1:], dtype=bool)
        positions, matters = order_positions(index, place, rises, key.shape)
        if matters and not rises.all():
            level = np.flatnonzero(~rises)
            same = np.asarray(ordered[level - 1] == ordered[level], dtype=bool)
            same |= _is_same(ordered[level - 1], ordered[level]).astype(bool)
            involved = np.unique(np.concatenate([place[level - 1], place[level]]))
            if not same.all():
                self.unordered = True
                self.record(self.undecided, node, involved)
            elif id(node.inputs[1]) in self.varying:
                self.record(self.ties, node, involved)
                if self.sides is not None:
                    groups = np.empty(flat.size, dtype=np.intp)
                    groups[place] = np.cumsum(rises)
                    return self.sides.arrange(node, groups.reshape(key.shape)), groups
        return [positions], np.zeros(0, dtype=np.intp)

    def find_singular(self, node: Node, inputs: list[Balls], result: Balls) -> None:
        """Record where a result is not finite although exact finite arguments went in."""
        if not isinstance(node, (Map, Solve)):
            return
        array = result.array()
        bad = np.array([v is not MASKED and not v.is_finite() for v in array.ravel().tolist()])
        if not bad.any():
            return
        if isinstance(node, Solve):
            arrays = [unmask(value.array(), _arb(0)) for value in inputs]
            if all(_is_exact(a).all() and _is_finite(a).all() for a in arrays if a.size):
                self.record(self.singular, node, np.flatnonzero(bad))
            return
        clean = np.ones(array.shape, dtype=bool)
        for value in inputs:
            given = unmask(value.array(), _arb(0))
            good = np.asarray(_is_exact(given), dtype=bool) & np.asarray(_is_finite(given), bool)
            clean &= np.broadcast_to(good, array.shape)
        self.record(self.singular, node, np.flatnonzero(bad.reshape(array.shape) & clean))


@dataclass(frozen=True)
class Prepared:
    """What an evaluation needs to know of a graph, whatever numbers it is evaluated at.

    forward: ids of what the outputs depend on. varying: of what moves when the inputs move.
    """

    plan: Plan
    forward: frozenset[int]
    varying: frozenset[int]


def prepare(
    nodes: Sequence[Node], forward: Collection[Node] = (), inputs: Sequence[Node] | None = None
) -> Prepared:
    """Look at a graph once, for :func:`examine`.

    inputs: the Inputs that count as variables, by default all.
    """
    order = plan(nodes)
    return Prepared(
        order,
        frozenset(id(node) for node in topological(forward)),
        frozenset(varying_nodes(order.nodes, inputs)),
    )


def examine(
    nodes: Sequence[Node],
    bindings: Mapping[Node, Any] | None = None,
    *,
    precision: int,
    forward: Collection[Node] = (),
    after: Callable[[Node, list[Balls], Balls], Balls] | None = None,
    diagnose: bool = False,
    prepared: Prepared | None = None,
    sides: Sides | None = None,
) -> Evaluation:
    """Evaluate nodes to balls at a working precision in bits, and say what was not clear-cut.

    bindings: values of Inputs, arrays of floats, exact numbers or balls, in place of their own.
    forward: the outputs of the program whose derivatives are evaluated; a literal zero in what
    they depend on is a plain zero, elsewhere it absorbs (see MASKED). after: applied to every
    node's result. diagnose: find `singular` as well. prepared: of these nodes, where it is known.
    sides: decides ties; without it they are decided as the expressions say.
    """
    known = prepare(nodes, forward) if prepared is None else prepared
    domain = _Domain(bindings or {}, known.forward, known.varying, after, sides)
    domain.diagnose = diagnose
    with working_precision(precision):
        values = walk(nodes, domain.compute, known.plan)
        arrays = [unmask(value.array(), _arb(0)) for value in values]
    ties, undecided, singular = (
        [Tie(node, tuple(sorted(positions))) for node, positions in table.values()]
        for table in (domain.ties, domain.undecided, domain.singular)
    )
    return Evaluation(arrays, ties, undecided, singular, domain.unordered)


def evaluate(
    nodes: Sequence[Node], bindings: Mapping[Node, Any] | None = None, *, precision: int = 128
) -> list[np.ndarray]:
    """Object arrays of `arb` that hold the exact values of the nodes.

    >>> from reference.graph import Constant, argument
    >>> third = Map(1 / argument(0), [Constant(3)])
    >>> print(evaluate([third], precision=64)[0][()].str(10))
    [0.3333333333 +/- 3.34e-11]
    """
    return examine(nodes, bindings, precision=precision).values
