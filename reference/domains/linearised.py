"""The scatter of an ideal implementation to first order: roundings pushed through the derivative.

Beside each certified value travels a tangent: what the roundings so far have moved it by, in
several random runs at once. A node's tangent is its derivative applied to its inputs' tangents,
plus its own rounding, all relative to values that are exact: nothing cancels, whatever the
format, float64 itself included. The derivative of a Map is `sympy.diff` of its expression,
evaluated on balls; the other kinds of nodes are linear in each of their inputs, or, for Solve,
follow from its equations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from reference.differentiate import jvp, partial_derivative, vjp, zeros
from reference.domains.certified import BallArithmetic, Balls
from reference.domains.compile import Program, argument_position, compile_expression, run
from reference.domains.float_program import contract_floats, run_floats
from reference.domains.rounded import FloatRuns, Noise, Unsupported, along
from reference.domains.walk import MASKED
from reference.floats import Format
from reference.graph import Contract, Input, Map, Node, Put, Solve, Stop, Take

__all__ = ["Linearised", "slope_of"]

_RUN = -1
_SMALLEST = 2.0**-1022
_SCALE = 128
_FAR = 2.0**60  # a few powers of what is not larger, nor its inverse, stay within float64


class Linearised:
    """The `after` of `certified.examine` that lets tangents travel beside the values.

    floors: round what lies below the smallest normal number to a multiple of the smallest
    subnormal, instead of relative to itself. tangents: of the nodes asked for, by id: float64
    arrays with the runs along the first axis; a node that is not there has a tangent of zero.
    scale: tangents are multiplied by 2 to this power, so that those of subnormal numbers do not
    vanish. subnormal: whether some result lay below the smallest normal number. Calling raises
    Unsupported where a value that matters is beyond the range of float64.
    """

    def __init__(
        self,
        fmt: Format,
        runs: int,
        rng: np.random.Generator,
        wanted: Sequence[Node],
        floors: bool = False,
    ) -> None:
        self.scale = _SCALE if floors else 0
        self.unit = 2.0 ** (self.scale - fmt.precision)
        self.normal = 2.0**fmt.emin
        self.floors = floors
        self.subnormal = False
        self.runs = runs
        self.rng = rng
        self.wanted = {id(node) for node in wanted}
        self.tangents: dict[int, np.ndarray] = {}

    def __call__(self, node: Node, inputs: list[Balls], result: Balls) -> Balls:
        if isinstance(node, Stop):
            tangent = inputs[0].tangent
        elif 0 in result.shape:
            return result
        elif not result.shape and isinstance(node, Map) and not self.floors:
            with np.errstate(over="ignore", invalid="ignore"):
                tangent = result.tangent = self._scalar(node, inputs, result)
        else:
            with np.errstate(all="ignore"):
                tangent = self._rounded(node, inputs, result, self._pushed(node, inputs, result))
            result.tangent = tangent
        if tangent is not None and id(node) in self.wanted:
            self.tangents[id(node)] = tangent
        return result

    def _pushed(self, node: Node, inputs: list[Balls], result: Balls) -> np.ndarray | None:
        """The derivative of a node applied to its inputs' tangents."""
        if isinstance(node, Map):
            return self._map(node, inputs, result)
        if isinstance(node, Contract):
            return self._contract(node, inputs)
        if isinstance(node, (Take, Put)):
            tangent = inputs[0].tangent
            if tangent is None:
                return None
            moving = FloatRuns({}, np.zeros(self.runs), np.zeros(self.runs), 0.0, None)
            given = [tangent, *(value.mids()[None] for value in inputs[1:])]
            return moving.compute(node, given)
        if isinstance(node, Solve):
            return self._solve(node, inputs, result)
        return None

    def _scalar(self, node: Map, inputs: list[Balls], result: Balls) -> np.ndarray | None:
        """The tangent of a single number, its own rounding in it."""
        total: np.ndarray | None = None
        for position, value in enumerate(inputs):
            if value.tangent is None:
                continue
            slope = slope_of(node.expression, position)
            if slope is sp.S.Zero:
                continue
            number = float(_slopes(slope, node, inputs, result))
            if math.isfinite(number):
                pushed = value.tangent if number == 1.0 else value.tangent * number
            else:
                with np.errstate(all="ignore"):
                    pushed = np.where(value.tangent == 0, 0.0, value.tangent * number)
            total = pushed if total is None else total + pushed
        if not Noise.is_relative(node):
            return total
        middle = float(result.mids().item())
        size = abs(middle)
        if not _SMALLEST <= size < math.inf or size < self.normal:
            with np.errstate(all="ignore"):
                return self._rounded(node, inputs, result, total)
        moved = self._draws(()) * size
        return moved if total is None else np.asarray(total + moved)

    def _map(self, node: Map, inputs: list[Balls], result: Balls) -> np.ndarray | None:
        total: np.ndarray | None = None
        for position, value in enumerate(inputs):
            if value.tangent is None:
                continue
            slope = slope_of(node.expression, position)
            if slope == 0:
                continue
            missing = len(result.shape) - len(value.shape)
            shape = (self.runs, *(1,) * missing, *value.shape)
            moved = value.tangent.reshape(shape)
            number = _slopes(slope, node, inputs, result)
            pushed = number * moved
            if not np.isfinite(number).all():
                pushed = np.where(moved == 0, 0.0, pushed)
            total = pushed if total is None else total + pushed
        if total is None:
            return None
        return np.broadcast_to(total, (self.runs, *result.shape))  # only a scalar may have moved

    def _contract(self, node: Contract, inputs: list[Balls]) -> np.ndarray | None:
        total: np.ndarray | None = None
        sizes = {label: int(size) for label, size in node.sizes.items()} | {_RUN: self.runs}
        for position, value in enumerate(inputs):
            if value.tangent is None:
                continue
            arrays = [other.mids() for other in inputs]
            labels = list(node.labels)
            arrays[position] = value.tangent
            labels[position] = (_RUN, *labels[position])
            pushed = contract_floats(arrays, labels, (_RUN, *node.output), sizes)
            total = pushed if total is None else total + pushed
        return total

    def _solve(self, node: Solve, inputs: list[Balls], result: Balls) -> np.ndarray:
        """J t = -(∂E/∂p) t_p, the parameters rounded themselves before they are used."""
        jacobian, weight, pushed, directions = _equations(
            node.equations, node.unknown, node.parameters
        )
        here: dict[Node, np.ndarray] = {node.unknown: result.mids()}
        here |= {p: value.mids() for p, value in zip(node.parameters, inputs, strict=True)}
        size = int(node.shape[0])
        rows = along([jacobian], here, {weight: np.eye(size)})[0]
        given: dict[Node, np.ndarray] = {}
        for symbol, value in zip(directions, inputs, strict=True):
            moved = self._draws(value.shape) * np.abs(value.mids())
            given[symbol] = moved if value.tangent is None else value.tangent + moved
        right = along([pushed], here, given)[0]
        try:
            return np.linalg.solve(rows, -right.T).T
        except np.linalg.LinAlgError:
            raise Unsupported("the equations are singular in float64") from None

    def _rounded(
        self, node: Node, inputs: list[Balls], result: Balls, tangent: np.ndarray | None
    ) -> np.ndarray | None:
        """The tangent with the node's own rounding."""
        if Noise.is_relative(node):
            size = np.abs(result.mids())  # an infinity, such as a mask's, is exact
            if self._plain(size):
                return self._moved(size, tangent)
            size = np.where(_infinite(result, size), 0.0, size)
            self._inspect(result, size)
        elif Noise.is_summed(node):
            used = inputs[:1] if isinstance(node, Put) else inputs
            totals = Noise.totals(node, [np.abs(value.mids()) for value in used])
            size = totals * Noise.growth(node, totals.size)
            own = np.abs(result.mids())
            if self._plain(size) and self._plain(own):
                return self._moved(np.maximum(size, own), tangent)
            if not np.isfinite(size).all():
                raise Unsupported("a sum of absolute values is beyond float64")
            size = np.maximum(size, np.abs(result.mids()))
            self._inspect(result, result.mids())
        else:
            return tangent
        if not size.any():
            return tangent
        if np.any((size != 0) & (size < self.normal)):
            self.subnormal = True
            if self.floors:  # half the smallest subnormal, in units of the roundoff
                size = np.maximum(size, np.where(size != 0, self.normal, 0.0))
        return self._moved(size, tangent)

    def _plain(self, size: np.ndarray) -> bool:
        """Whether these are all ordinary numbers, none zero, subnormal or beyond float64."""
        least = max(self.normal, _SMALLEST)
        return bool(size.min() >= least and size.max() < math.inf)

    def _moved(self, size: np.ndarray, tangent: np.ndarray | None) -> np.ndarray:
        """The tangent with roundings of this size."""
        moved = self._draws(size.shape) * size
        return moved if tangent is None else np.asarray(tangent + moved)

    def _draws(self, shape: tuple[int, ...]) -> np.ndarray:
        draws = self.rng.random((self.runs, *shape), dtype=np.float32) - np.float32(0.5)
        return draws * (2.0 * self.unit)

    def _inspect(self, result: Balls, size: np.ndarray) -> None:
        """Unsupported where float64 has no number for a value that is not zero."""
        if np.isinf(size).any():
            raise Unsupported("a value is beyond float64")
        lost = np.abs(size) < _SMALLEST
        if lost.any():
            balls = result.array()[lost].tolist()
            if any(v is not MASKED and v.is_finite() and not v.contains(0) for v in balls):
                self.subnormal = True
                if self.floors:
                    return
                raise Unsupported("a value is below the numbers of float64")


def _infinite(result: Balls, size: np.ndarray) -> np.ndarray:
    """Where a value is an infinity, and not just beyond float64."""
    mask = np.array(np.isinf(size))
    if mask.any():
        balls = np.broadcast_to(result.array(), result.shape)[mask].tolist()
        mask[mask] = [v is not MASKED and not v.is_finite() and not v.is_nan() for v in balls]
    return mask


@lru_cache(maxsize=4096)
def slope_of(expression: sp.Expr, position: int) -> sp.Expr:
    """A partial derivative; what SymPy leaves open (of `floor`) is zero wherever there is one."""
    slope = partial_derivative(expression, position)
    if slope.has(sp.Derivative):
        slope = slope.replace(sp.Derivative, lambda *_: sp.S.Zero)
        slope = slope.replace(sp.Subs, lambda *parts: sp.Subs(*parts).doit())
    return slope


def _slopes(slope: sp.Expr, node: Map, inputs: Sequence[Balls], result: Balls) -> Any:
    """A partial derivative of a Map as floats, from balls: nothing cancels unnoticed."""
    if slope.is_Symbol:
        place = argument_position(slope)
        missing = len(result.shape) - len(inputs[place].shape)
        return inputs[place].mids().reshape((1,) * missing + inputs[place].shape)
    if slope == node.expression:
        return result.mids()
    program = compile_expression(slope)
    arguments: list[Any] = [None] * len(inputs)
    arithmetic = BallArithmetic(node, None, MASKED)
    if not program.branches and (not result.shape or not program.reads):
        for position in program.reads:
            arguments[position] = inputs[position].array().item()
        return float(run(program, arguments, arithmetic))
    if program.is_product:
        for position in program.reads:
            arguments[position] = inputs[position].mids()
        quick = _product(program, arguments)
        if quick is not None:
            return quick
    for position in program.reads:
        arguments[position] = inputs[position].array()
    positions = None
    if program.branches:
        positions = np.arange(math.prod(result.shape)).reshape(result.shape)
    value = np.asarray(run(program, arguments, arithmetic, positions), dtype=object)
    floats = np.array([float(v) for v in value.ravel().tolist()], dtype=np.float64)
    return floats.reshape(value.shape)


def _product(program: Program, arguments: Sequence[Any]) -> np.ndarray | None:
    """A product of floats; None where something on the way may have left their range."""
    empty = np.False_
    for position in program.reads:
        size = np.abs(arguments[position])
        if not (((size > 1 / _FAR) & (size < _FAR)) | (size == 0)).all():
            return None
        empty = empty | (size == 0)
    value = np.asarray(run_floats(program, arguments))
    if not np.isfinite(value).all() or ((value == 0) & ~empty).any():
        return None
    return value


@lru_cache(maxsize=64)
def _equations(
    equations: Node, unknown: Input, parameters: tuple[Input, ...]
) -> tuple[Node, Input, Node, tuple[Input, ...]]:
    """(a row of ∂E/∂u, for the weight that picks it; ∂E/∂p along directions; those)."""
    weight = Input("weight", equations.shape)
    row = vjp([equations], [unknown], [weight])[0]
    directions = tuple(Input("direction", p.shape) for p in parameters)
    pushed = jvp([equations], parameters, directions)[0]
    blank = zeros(equations.shape)
    return (
        blank if row is None else row,
        weight,
        blank if pushed is None else pushed,
        directions,
    )
