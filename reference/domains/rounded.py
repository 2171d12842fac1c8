"""What an ideal implementation in a dtype would scatter: every result rounded, at random.

The mechanically differentiated graph is run with each node's result moved by a random relative
rounding of the dtype's size (stochastic arithmetic: Vignes 1993; Parker 1997). Products and
partial sums of a contraction are rounded relative to the sum of their absolute values, as running
error analysis has it (Higham 2002, section 3.3). The spread of the runs around the truth is what
the arithmetic explains; no tolerance is set by hand.

Exponents are unbounded: an ideal implementation may scale, so that what a textbook formula loses
by underflow is not explained. Results that underflow gradually are the exception, and explain a
few ULPs at most (:func:`float_runs`, `floors`).

Formats of at most 24 bits run here in float64, all runs at once along a leading axis, where
float64 is demonstrably accurate enough; :mod:`reference.domains.linearised` serves float64 itself,
:class:`BallRounding` all else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import flint
import numpy as np
import sympy as sp

from reference.domains import solving
from reference.domains.certified import Balls, evaluate, to_balls
from reference.domains.compile import compile_expression
from reference.domains.float_program import contract_floats, run_floats
from reference.domains.walk import (
    MASKED,
    Plan,
    concrete,
    leaf_values,
    order_positions,
    positions_of,
    unmask,
    walk,
)
from reference.floats import Format
from reference.graph import Constant, Contract, Input, Map, Node, Order, Put, Solve, Stop, Take

__all__ = [
    "BallRounding",
    "FloatRuns",
    "Noise",
    "Unsupported",
    "along",
    "float_runs",
    "run_in_floats",
]

_arb = flint.arb
_RUN = -1  # the label of the axis along which the runs lie


class Unsupported(ArithmeticError):
    """Floats cannot run this graph; balls can."""


class Noise:
    """Which results are rounded, and by how much of the unit roundoff."""

    @staticmethod
    def is_relative(node: Node) -> bool:
        """Whether each element is rounded relative to itself."""
        if isinstance(node, Map):
            return not _copies(node.expression)
        return isinstance(node, Solve) or (isinstance(node, Put) and isinstance(node.index, Order))

    @staticmethod
    def is_summed(node: Node) -> bool:
        """Whether each element is a sum, rounded relative to the sum of the absolute values."""
        if isinstance(node, Contract):
            return len(node.inputs) != 1 or not set(node.labels[0]) <= set(node.output)
        if isinstance(node, Put) and not isinstance(node.index, Order):
            flat = positions_of(node.index).ravel()
            flat = flat[flat >= 0]
            return flat.size > 0 and int(np.bincount(flat).max()) > 1
        return False

    @staticmethod
    def growth(node: Node, size: int) -> float:
        """How the roundings of pairwise partial sums add up, as a multiple of a single one's."""
        if not isinstance(node, Contract):
            return math.sqrt(2.0)
        count = math.prod(float(s) for s in node.sizes.values()) / max(1, size)
        return math.sqrt(1.0 + math.log2(max(count, 1.0)))

    @staticmethod
    def totals(node: Node, sizes: Sequence[np.ndarray]) -> np.ndarray:
        """Σ|products| behind every element, from the absolute values of the inputs.

        The factors are scaled to at most 1 first, so that nothing overflows on the way; what
        overflows or underflows in the end is no float64.
        """
        if isinstance(node, Put):
            return _added(node, sizes[0])
        assert isinstance(node, Contract)
        scaled, exponent = [], 0
        for array in sizes:
            top = float(array.max(initial=0.0))
            power = math.frexp(top)[1] if math.isfinite(top) and top else 0
            scaled.append(np.ldexp(array, -power))
            exponent += power
        total = contract_floats(scaled, node.labels, node.output, _sizes_of(node))
        return np.asarray(np.ldexp(total, exponent))


def _sizes_of(node: Contract) -> dict[int, int]:
    return {label: int(size) for label, size in node.sizes.items()}


@lru_cache(maxsize=8192)
def _copies(expression: sp.Expr) -> bool:
    """Whether a Map only selects, negates or scales by powers of two: no rounding there."""
    if not expression.free_symbols:
        return True
    if isinstance(expression, sp.Piecewise):
        return all(_is_copy(value) for value, _ in expression.args)
    return _is_copy(expression)


def _is_copy(expression: Any) -> bool:
    coefficient, rest = expression.as_coeff_Mul()
    if not coefficient.is_Rational:
        return False
    number = abs(int(coefficient.p)) * int(coefficient.q)
    plain = rest.is_Symbol or rest == 1
    return bool(plain and number & (number - 1) == 0)


def _added(node: Put, values: np.ndarray) -> np.ndarray:
    """The values of a Put (with runs along a leading axis or without), summed where they go."""
    shape = concrete(node.index.source)
    size = math.prod(shape)
    flat = positions_of(node.index).ravel()
    kept = flat >= 0
    lead = values.shape[: values.ndim - len(node.index.shape)]
    rows = values.reshape(math.prod(lead), flat.size)[:, kept]
    if not Noise.is_summed(node):
        result = np.zeros((len(rows), size))
        result[:, flat[kept]] = rows
    else:
        sums = [np.bincount(flat[kept], weights=row, minlength=size) for row in rows]
        result = np.array(sums, dtype=np.float64).reshape(len(rows), size)
    return result.reshape(*lead, *shape)


# ------------------------------------------------------------------------------- many runs at once


class FloatRuns:
    """The graph in float64, in several runs along a leading axis, each node's result rounded.

    units: one unit roundoff per run; the first run is exact (zero). floors: half the smallest
    subnormal, where results below the smallest normal number are to be rounded to it, else zero.
    leading: values of Inputs that have the leading axis already. together: every run takes the
    branches, and the order of keys, of the first: a jump at a kink is no scatter. An array whose
    leading axis has length 1 is the same in all runs.
    """

    def __init__(
        self,
        bindings: Mapping[int, np.ndarray],
        units: np.ndarray,
        floors: np.ndarray,
        normal: float,
        rng: np.random.Generator | None,
        leading: Mapping[int, np.ndarray] | None = None,
        together: bool = False,
    ) -> None:
        self.together = together
        self.bindings = bindings
        self.units = units
        self.floors = floors
        self.normal = normal
        self.rng = rng
        self.leading = leading or {}
        self.subnormal = False
        """Whether some result lay below the smallest normal number."""

    def compute(self, node: Node, inputs: list[np.ndarray]) -> np.ndarray:
        if isinstance(node, (Input, Constant)):
            if id(node) in self.leading:
                return self.leading[id(node)]
            bound = self.bindings.get(id(node))
            return _leaf(leaf_values(node) if bound is None else bound)[None]
        if isinstance(node, Map):
            return self._noisy(node, self._map(node, inputs))
        if isinstance(node, Contract):
            return self._summed(node, _contract(node, inputs), inputs)
        if isinstance(node, Put):
            array = self._put(node, inputs)
            if isinstance(node.index, Order):
                return self._noisy(node, array)
            return self._summed(node, array, inputs[:1])
        if isinstance(node, Take):
            return self._take(node, inputs)
        if isinstance(node, Stop):
            return inputs[0]
        raise Unsupported(f"a {type(node).__name__} node is left to balls")

    def _map(self, node: Map, inputs: list[np.ndarray]) -> np.ndarray:
        program = compile_expression(node.expression)
        shape = concrete(node.shape)
        arguments: list[Any] = [None] * len(inputs)
        runs = 1
        for position in program.reads:
            value = inputs[position]
            runs = max(runs, len(value))
            missing = len(shape) + 1 - value.ndim
            if missing:
                value = value.reshape(len(value), *(1,) * missing, *value.shape[1:])
            arguments[position] = value
        value = np.asarray(run_floats(program, arguments, self.together), dtype=np.float64)
        return np.broadcast_to(value, (runs, *shape))

    def _noisy(self, node: Node, array: np.ndarray) -> np.ndarray:
        if self.rng is None or not Noise.is_relative(node) or not array.size:
            return array
        size = np.abs(array[:1])
        return self._moved(array, np.where(np.isinf(size), 0.0, size))  # infinities are exact

    def _summed(
        self, node: Contract | Put, array: np.ndarray, inputs: list[np.ndarray]
    ) -> np.ndarray:
        if self.rng is None or not array.size or not Noise.is_summed(node):
            return array
        totals = Noise.totals(node, [np.abs(value[0]) for value in inputs])
        growth = Noise.growth(node, totals.size)
        return self._moved(array, np.maximum(totals * growth, np.abs(array[0]))[None])

    def _moved(self, array: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Every run but the first moved by up to its unit roundoff of the size."""
        assert self.rng is not None
        runs = len(self.units)
        result = np.empty((runs, *array.shape[1:]))
        result[...] = array
        wide = (runs - 1, *(1,) * (array.ndim - 1))
        draws = self.rng.random(result[1:].shape, dtype=np.float32)
        draws -= np.float32(0.5)
        amounts = size * self.units[1:].reshape(wide)
        if np.any((size != 0) & (size < self.normal)):
            self.subnormal = True
            if self.floors.any():
                floors = self.floors[1:].reshape(wide)
                amounts = np.maximum(amounts, np.where(size != 0, floors, 0.0))
        amounts = 2.0 * draws * amounts
        result[1:] += amounts
        return result

    def _positions(self, node: Take | Put, inputs: list[np.ndarray]) -> list[np.ndarray]:
        """The positions of an index map; one for each run where they depend on a key."""
        if not isinstance(node.index, Order):
            return [positions_of(node.index)]
        found = []
        for key in inputs[1][:1] if self.together else inputs[1]:
            flat = key.ravel()
            if np.isnan(flat).any():
                raise Unsupported("a key is not a number")
            place = np.argsort(flat, kind="stable")
            rises = np.ones(flat.size, dtype=bool)
            rises[1:] = flat[place][:-1] < flat[place][1:]
            found.append(order_positions(node.index, place, rises, key.shape)[0])
        return found

    def _take(self, node: Take, inputs: list[np.ndarray]) -> np.ndarray:
        shape = concrete(node.shape)
        source = inputs[0]
        if source[0].size == 0:
            return np.zeros((1, *shape))
        flat = source.reshape(len(source), -1)
        rows = []
        found = self._positions(node, inputs)
        for number, positions in enumerate(found):
            chosen = flat if len(found) == 1 else flat[number % len(flat)][None]
            taken = chosen[:, positions.ravel()]
            if positions.size and int(positions.min()) < 0:
                taken[:, positions.ravel() < 0] = 0.0
            rows.append(taken)
        whole = rows[0] if len(rows) == 1 else np.concatenate(rows)
        return whole.reshape(len(whole), *shape)

    def _put(self, node: Put, inputs: list[np.ndarray]) -> np.ndarray:
        if not isinstance(node.index, Order):
            return _added(node, inputs[0])
        shape = concrete(node.shape)
        found = self._positions(node, inputs)
        runs = max(len(found), len(inputs[0]))
        result = np.zeros((runs, math.prod(shape)))
        for number in range(runs):
            positions = found[number % len(found)].ravel()
            kept = positions >= 0
            values = inputs[0][number % len(inputs[0])].ravel()[kept]
            np.add.at(result[number], positions[kept], values)
        return result.reshape(runs, *shape)


def _leaf(values: np.ndarray) -> np.ndarray:
    if values.dtype == object:
        values = np.array([float(v) for v in values.ravel()]).reshape(values.shape)
    return np.asarray(values, dtype=np.float64)


def _contract(node: Contract, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """A Contract with the runs as one more label of the factors that have them."""
    arrays, labels, runs = [], [], 1
    for value, given in zip(inputs, node.labels, strict=True):
        varies = len(value) > 1
        arrays.append(value if varies else value[0])
        labels.append((_RUN, *given) if varies else given)
        runs = max(runs, len(value))
    sizes = _sizes_of(node)
    if runs == 1:
        return contract_floats(arrays, labels, node.output, sizes)[None]
    return contract_floats(arrays, labels, (_RUN, *node.output), {**sizes, _RUN: runs})


def float_runs(
    nodes: Sequence[Node],
    bindings: Mapping[Node, np.ndarray],
    fmt: Format,
    rng: np.random.Generator | None,
    runs: int,
    *,
    floors: bool = False,
    plan: Plan | None = None,
) -> tuple[list[np.ndarray], bool]:
    """(the nodes in float64 with runs along a leading axis, whether results were subnormal).

    The first run is exact, each result of the `runs` others is rounded in the format at random.
    floors: round what lies below the smallest normal number to a multiple of the smallest
    subnormal, instead of relative to itself. plan: of these nodes, where it is known.

    Raises Unsupported for an unusual node.
    """
    units = np.full(runs + 1, 2.0**-fmt.precision)
    units[0] = 0.0
    floor = np.full(runs + 1, 2.0 ** (fmt.tiny_exponent - 1) if floors else 0.0)
    held = {id(node): value for node, value in bindings.items()}
    domain = FloatRuns(held, units, floor, 2.0**fmt.emin, rng if runs else None, together=True)
    with np.errstate(all="ignore"):
        results = walk(nodes, domain.compute, plan)
    return [np.broadcast_to(r, (runs + 1, *r.shape[1:])) for r in results], domain.subnormal


def along(
    nodes: Sequence[Node],
    bindings: Mapping[Node, np.ndarray],
    leading: Mapping[Node, np.ndarray],
) -> list[np.ndarray]:
    """The nodes in float64, nothing rounded, for Inputs with a leading axis of several values."""
    count = max((len(value) for value in leading.values()), default=1)
    held = {id(node): value for node, value in bindings.items()}
    ahead = {id(node): value for node, value in leading.items()}
    domain = FloatRuns(held, np.zeros(count), np.zeros(count), 0.0, None, ahead)
    with np.errstate(all="ignore"):
        results = walk(nodes, domain.compute)
    return [np.broadcast_to(r, (count, *r.shape[1:])) for r in results]


def run_in_floats(
    nodes: Sequence[Node],
    bindings: Mapping[Node, np.ndarray],
    fmt: Format,
    rng: np.random.Generator | None,
) -> list[np.ndarray]:
    """The nodes in float64, each result rounded in the format at random (not at all: no rng).

    Raises Unsupported where float64 cannot: an unusual node, or a result that is not finite.
    """
    found, _ = float_runs(nodes, bindings, fmt, rng, 0 if rng is None else 1)
    results = [array[-1] for array in found]
    if not all(np.isfinite(array).all() for array in results):
        raise Unsupported("a result is not finite in float64")
    return results


# ------------------------------------------------------------------------------------- balls


_magnitude = np.frompyfunc(lambda v: 0.0 if v is MASKED else abs(float(v)), 1, 1)


def _magnitudes(balls: np.ndarray) -> np.ndarray:
    return np.asarray(_magnitude(balls), dtype=np.float64).reshape(balls.shape)


class BallRounding:
    """The `after` of `certified.examine` that rounds every node's result in a format."""

    def __init__(self, fmt: Format, rng: np.random.Generator) -> None:
        self.unit = _arb(2) ** -fmt.precision
        self.rng = rng

    def __call__(self, node: Node, inputs: list[Balls], result: Balls) -> Balls:
        if 0 in result.shape:
            return result
        if isinstance(node, Solve):
            moved = [self._relative(unmask(value.array(), _arb(0))) for value in inputs]
            array = solving.solve(node, moved, evaluate)
            return Balls(result.shape, self._relative(array))
        if Noise.is_relative(node):
            array = np.broadcast_to(result.array(), result.shape)
            return Balls(result.shape, self._relative(array))
        if Noise.is_summed(node):
            used = inputs[:1] if isinstance(node, Put) else inputs
            return Balls(result.shape, self._summed(node, used, result.array()))
        return result

    def _relative(self, array: np.ndarray) -> np.ndarray:
        """Every ball moved by up to one unit roundoff of its size."""
        draws = to_balls(self.rng.uniform(-1.0, 1.0, size=array.shape))
        moved = np.asarray(array + array * draws * self.unit, dtype=object).reshape(array.shape)
        return np.where(np.asarray(_bounded(array), dtype=bool), moved, array)

    def _summed(self, node: Node, inputs: Sequence[Balls], array: np.ndarray) -> np.ndarray:
        """The same, relative to the sum of the absolute values.

        Where float64 holds no such sum, on balls; an element of which even balls know none is
        moved relative to itself.
        """
        with np.errstate(all="ignore"):
            totals = Noise.totals(node, [_magnitudes(value.array()) for value in inputs])
        totals = np.broadcast_to(totals, array.shape)
        growth = Noise.growth(node, array.size)
        draws = self.rng.uniform(-1.0, 1.0, size=array.shape) * growth
        usable = np.isfinite(totals) & (totals > 0)
        sizes = to_balls(np.where(usable, totals, 0.0))
        if not usable.all():
            exact = [np.asarray(_absolute(value.array()), dtype=object) for value in inputs]
            whole = evaluate([_over(node, exact)])[0]
            sizes = np.where(usable, sizes, np.broadcast_to(whole, array.shape))
        moved = np.asarray(array + sizes * to_balls(draws) * self.unit, dtype=object)
        return moved.reshape(array.shape)


_bounded = np.frompyfunc(lambda v: v is MASKED or v.is_finite(), 1, 1)
_absolute = np.frompyfunc(lambda v: _arb(0) if v is MASKED else abs(v.mid()), 1, 1)


def _over(node: Node, arrays: Sequence[np.ndarray]) -> Node:
    """The same node over other numbers."""
    if isinstance(node, Put):
        return Put(Constant(arrays[0]), node.index)
    return node.rebuild(tuple(Constant(array) for array in arrays))
