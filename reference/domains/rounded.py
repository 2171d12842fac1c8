"""What an ideal implementation in a dtype would scatter: every result rounded, at random.

The mechanically differentiated graph is run a few times with each node's result moved by a random
relative rounding of the dtype's size (stochastic arithmetic: Vignes 1993; Parker 1997). Products
and partial sums of a contraction are rounded relative to the sum of their absolute values, as
running error analysis has it (Higham 2002, section 3.3). The spread of the runs around the truth
is what the arithmetic explains; no tolerance is set by hand.

Formats of at most 24 bits run in float64 where float64 is demonstrably accurate enough; all else
runs on balls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flint
import numpy as np
import sympy as sp

from reference.domains import solving
from reference.domains.certified import Balls, evaluate, to_balls
from reference.domains.compile import compile_expression, run
from reference.domains.functions import BALL_FUNCTIONS, ball_number
from reference.domains.walk import (
    MASKED,
    concrete,
    leaf_values,
    order_positions,
    positions_of,
    spread,
    unmask,
    walk,
)
from reference.floats import Format
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
)

__all__ = ["BallRounding", "Unsupported", "run_in_floats"]

_arb = flint.arb
_magnitude = np.frompyfunc(lambda v: 0.0 if v is MASKED else abs(float(v)), 1, 1)


def _sizes(balls: np.ndarray) -> np.ndarray:
    return np.asarray(_magnitude(balls), dtype=np.float64).reshape(balls.shape)


def _absolute_sums(node: Contract | Put, sizes: Sequence[np.ndarray]) -> tuple[np.ndarray, float]:
    """Σ|products| behind every element of a Contract or a Put, and how many terms there are."""
    if isinstance(node, Contract):
        total = _einsum(node, sizes)
        terms = max(1, int(np.prod([int(s) for s in node.sizes.values()], dtype=np.float64)))
        return total, terms / max(1, total.size)
    return _bincount(node, sizes[0], positions_of(node.index)), 2


class BallRounding:
    """The `after` of `certified.examine` that rounds every node's result in a format."""

    def __init__(self, fmt: Format, rng: np.random.Generator) -> None:
        self.unit = 2.0**-fmt.precision
        self.normal = 2.0**fmt.emin
        self.floor = _arb(2) ** (fmt.tiny_exponent - 1)
        self.rng = rng

    def __call__(self, node: Node, inputs: list[Balls], result: Balls) -> Balls:
        if isinstance(node, (Stop, Take)) or 0 in result.shape:
            return result
        if isinstance(node, Map) and not node.expression.free_symbols:
            return result
        if isinstance(node, Solve):
            moved = [self._relative(unmask(value.array(), _arb(0))) for value in inputs]
            array = solving.solve(node, moved, evaluate)
            return Balls(result.shape, self._relative(array))
        array = np.broadcast_to(result.array(), result.shape)
        if isinstance(node, Map):
            if _copies(node):
                return result
            return Balls(result.shape, self._relative(array))
        if _adds_nothing(node, array.size, inputs[0].shape):
            return result
        if isinstance(node, Put) and isinstance(node.index, Order):
            return Balls(result.shape, self._relative(array))
        if not isinstance(node, (Put, Contract)):
            return result
        used = inputs[:1] if isinstance(node, Put) else inputs
        totals, terms = _absolute_sums(node, [_sizes(value.array()) for value in used])
        spread_size = np.sqrt(1.0 + np.log2(max(terms, 1.0)))
        noise = self.rng.uniform(-1.0, 1.0, size=array.shape) * totals * spread_size
        usable = np.isfinite(noise)
        noise = to_balls(np.where(usable, noise, 0.0)) * _arb(self.unit)
        moved_array = np.asarray(array + noise, dtype=object)
        return Balls(result.shape, moved_array.reshape(result.shape))

    def _relative(self, array: np.ndarray) -> np.ndarray:
        """Every ball moved by up to one unit roundoff of its size, or of the subnormals'."""
        draws = to_balls(self.rng.uniform(-1.0, 1.0, size=array.shape))
        moved = np.asarray(array + array * draws * _arb(self.unit), dtype=object)
        small = _sizes(array) < self.normal
        if small.any():
            exact = np.array([v is MASKED or v.is_zero() for v in array[small].tolist()])
            floor = draws[small] * self.floor
            floor[exact] = _arb(0)
            moved = moved.reshape(array.shape)
            moved[small] = array[small] + floor
        return moved.reshape(array.shape)


def _copies(node: Map) -> bool:
    """Whether a Map only selects, negates or scales by powers of two: no rounding there."""
    expression = node.expression
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


def _adds_nothing(node: Node, size: int, source: tuple[int, ...]) -> bool:
    """A Contract that only permutes or broadcasts, a Put that sends nothing twice."""
    if isinstance(node, Contract):
        return len(node.inputs) == 1 and set(node.labels[0]) <= set(node.output)
    if isinstance(node, Put) and not isinstance(node.index, Order):
        flat = positions_of(node.index).ravel()
        flat = flat[flat >= 0]
        return flat.size == 0 or int(np.bincount(flat).max()) == 1
    return False


class Unsupported(ArithmeticError):
    """float64 cannot run this graph; balls can."""


def _einsum(node: Contract, arrays: Sequence[np.ndarray]) -> np.ndarray:
    sizes = {label: int(size) for label, size in node.sizes.items()}
    names = {label: number for number, label in enumerate(sizes)}
    carried = tuple(lb for lb in node.output if any(lb in labels for labels in node.labels))
    operands: list[Any] = []
    for array, labels in zip(arrays, node.labels, strict=True):
        operands += [array, [names[label] for label in labels]]
    if not operands:
        operands = [np.ones(()), []]
    with np.errstate(all="ignore"):
        total = np.asarray(
            np.einsum(*operands, [names[label] for label in carried], optimize=len(arrays) > 1)
        )
    lost = set(sizes) - set(node.output) - {lb for labels in node.labels for lb in labels}
    for label in lost:
        total = total * sizes[label]
    return spread(total, carried, node.output, sizes)


def _bincount(node: Put, values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    shape = concrete(node.index.source)
    size = int(np.prod(shape, dtype=np.int64))
    flat = positions.ravel()
    kept = flat >= 0
    counted = np.bincount(flat[kept], weights=values.ravel()[kept], minlength=size)
    return counted.astype(np.float64).reshape(shape)


_FLOAT_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
    "negative": np.negative, "pow": np.power, "exp": np.exp, "log": np.log, "sin": np.sin,
    "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "log1p": np.log1p, "expm1": np.expm1, "atan2": np.arctan2,
    "floor": np.floor, "ceiling": np.ceil,
}  # fmt: skip


class _FloatArithmetic:
    def number(self, expression: sp.Expr) -> Any:
        return np.float64(float(ball_number(expression)))

    def call(self, name: str, operands: Sequence[Any]) -> Any:
        plain = [np.asarray(operand, dtype=np.float64) for operand in operands]
        known = _FLOAT_FUNCTIONS.get(name) if len(operands) != 2 or name != "log" else None
        if known is not None:
            return known(*plain)
        balls = [to_balls(operand) for operand in plain]
        value = np.asarray(BALL_FUNCTIONS.call(name, balls), dtype=object)
        return np.array([float(v) for v in value.ravel()]).reshape(value.shape)

    def power(self, base: Any, numerator: int, denominator: int) -> Any:
        plain = np.asarray(base, dtype=np.float64)
        if denominator == 2:
            plain = np.sqrt(plain)
        elif denominator != 1:
            plain = np.power(plain, 1.0 / denominator)
        return plain if numerator == 1 else np.power(plain, float(numerator))

    def masked(self) -> Any:
        return 0.0

    def undefined(self) -> Any:
        return np.nan

    def union(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.full(first.shape, np.nan, dtype=object)

    def relation(
        self, name: str, left: Any, right: Any, positions: np.ndarray, varying: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        first, second = (
            np.broadcast_to(np.asarray(side, dtype=np.float64), positions.shape)
            for side in (left, right)
        )
        compare = {"<": np.less, "<=": np.less_equal, "==": np.equal}[name]
        return compare(first, second), np.isnan(first) | np.isnan(second)


class _FloatDomain:
    """The graph in float64, each node's result rounded in a format where `rng` is given."""

    def __init__(
        self, bindings: dict[int, np.ndarray], fmt: Format, rng: np.random.Generator | None
    ) -> None:
        self.bindings = bindings
        self.unit = 2.0**-fmt.precision
        self.floor = 2.0 ** (fmt.tiny_exponent - 1)
        self.rng = rng

    def compute(self, node: Node, inputs: list[np.ndarray]) -> np.ndarray:
        shape = concrete(node.shape)
        if isinstance(node, (Input, Constant)):
            bound = self.bindings.get(id(node))
            values = leaf_values(node) if bound is None else bound
            if values.dtype == object:
                values = np.array([float(v) for v in values.ravel()]).reshape(values.shape)
            return np.asarray(values, dtype=np.float64)
        if isinstance(node, Map):
            return self._map(node, inputs, shape)
        if isinstance(node, Contract):
            return self._summed(node, _einsum(node, inputs), inputs)
        if isinstance(node, (Take, Put)):
            return self._move(node, inputs, shape)
        if isinstance(node, Stop):
            return inputs[0]
        raise Unsupported(f"a {type(node).__name__} node is left to balls")

    def _map(self, node: Map, inputs: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        positions = np.arange(int(np.prod(shape, dtype=np.int64))).reshape(shape)
        program = compile_expression(node.expression)
        value = run(program, inputs, _FloatArithmetic(), positions)
        array = np.broadcast_to(np.asarray(value, dtype=np.float64), shape)
        return array if _copies(node) else self._relative(array)

    def _relative(self, array: np.ndarray) -> np.ndarray:
        if self.rng is None:
            return array
        size = np.maximum(np.abs(array) * self.unit, np.where(array == 0, 0.0, self.floor))
        return np.asarray(array + self.rng.uniform(-1.0, 1.0, size=array.shape) * size)

    def _summed(
        self, node: Contract | Put, array: np.ndarray, inputs: list[np.ndarray]
    ) -> np.ndarray:
        if self.rng is None or _adds_nothing(node, array.size, inputs[0].shape):
            return array
        totals, terms = _absolute_sums(node, [np.abs(value) for value in inputs])
        draws = self.rng.uniform(-1.0, 1.0, size=array.shape)
        spread_size = np.sqrt(1.0 + np.log2(max(terms, 1.0)))
        return np.asarray(array + draws * totals * (self.unit * spread_size))

    def _move(
        self, node: Take | Put, inputs: list[np.ndarray], shape: tuple[int, ...]
    ) -> np.ndarray:
        if isinstance(node.index, Order):
            flat = inputs[1].ravel()
            if np.isnan(flat).any():
                raise Unsupported("a key is not a number")
            place = np.argsort(flat, kind="stable")
            rises = np.ones(flat.size, dtype=bool)
            rises[1:] = flat[place][:-1] < flat[place][1:]
            positions = order_positions(node.index, place, rises, inputs[1].shape)[0]
        else:
            positions = positions_of(node.index)
        if isinstance(node, Put):
            array = _bincount(node, inputs[0], positions)
            if isinstance(node.index, Order):
                return self._relative(array)
            return self._summed(node, array, inputs[:1])
        if inputs[0].size == 0:
            return np.zeros(shape)
        return np.where(positions < 0, 0.0, inputs[0].ravel()[positions])


def run_in_floats(
    nodes: Sequence[Node],
    bindings: dict[Node, np.ndarray],
    fmt: Format,
    rng: np.random.Generator | None,
) -> list[np.ndarray]:
    """The nodes in float64, each result rounded in the format at random (not at all: no rng).

    Raises Unsupported where float64 cannot: an unusual node, or a result that is not finite.
    """
    domain = _FloatDomain({id(node): value for node, value in bindings.items()}, fmt, rng)
    with np.errstate(all="ignore"):
        results = walk(nodes, domain.compute)
    if not all(np.isfinite(array).all() for array in results):
        raise Unsupported("a result is not finite in float64")
    return results
