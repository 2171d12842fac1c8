"""Compiled expressions and contractions over plain float64 arrays: fast, and proving nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from reference.domains.certified import to_balls
from reference.domains.compile import (
    Branch,
    Condition,
    Program,
    Relation,
)
from reference.domains.functions import BALL_FUNCTIONS, ball_number

__all__ = ["contract_floats", "run_floats"]


def _elementwise(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of `math` over arrays: nan outside its domain, inf where it overflows."""

    def guarded(value: float) -> float:
        try:
            return function(value)
        except ValueError:
            return math.nan
        except OverflowError:
            return math.inf

    return np.vectorize(guarded, otypes=[np.float64])


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide,
    "negative": np.negative, "pow": np.power, "exp": np.exp, "log": np.log, "sin": np.sin,
    "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "log1p": np.log1p, "expm1": np.expm1, "atan2": np.arctan2,
    "floor": np.floor, "ceiling": np.ceil, "erf": _elementwise(math.erf),
    "erfc": _elementwise(math.erfc), "gamma": _elementwise(math.gamma),
}  # fmt: skip


@lru_cache(maxsize=1024)
def _number(expression: sp.Expr) -> np.float64:
    return np.float64(float(ball_number(expression)))


def _call(name: str, operands: Sequence[Any]) -> Any:
    known = _FUNCTIONS.get(name) if len(operands) != 2 or name != "log" else None
    if known is not None:
        return known(*operands)
    balls = [to_balls(operand) for operand in operands]
    value = np.asarray(BALL_FUNCTIONS.call(name, balls), dtype=object)
    return np.array([float(v) for v in value.ravel()]).reshape(value.shape)


def _power(base: Any, numerator: int, denominator: int) -> Any:
    if denominator == 2:
        base = np.sqrt(base)
    elif denominator == 3:
        base = np.where(np.asarray(base) < 0, np.nan, np.cbrt(base))
    elif denominator != 1:
        base = np.power(base, 1.0 / denominator)
    if numerator == 1:
        return base
    return base * base if numerator == 2 else np.power(base, float(numerator))


def run_floats(program: Program, arguments: Sequence[Any], together: bool = False) -> Any:
    """Evaluate on float64 arrays that broadcast together; a case nobody can decide is nan.

    together: cases are told apart by what comes first along the leading axis, for all that
    follows.
    """
    registers: list[Any] = [None] * program.registers
    for register, position in enumerate(program.reads):
        registers[register] = arguments[position]
    for step in program.steps:
        kind = step.kind
        if kind == "call":
            value = _call(step.payload, [registers[operand] for operand in step.operands])
        elif kind == "number":
            value = _number(step.payload)
        elif kind == "power":
            value = _power(registers[step.operands[0]], *step.payload)
        else:
            value = _cases(step.payload[0], arguments, together)
        for register in step.release:
            registers[register] = None
        registers[step.target] = value
    return registers[program.result]


def _cases(branches: Sequence[Branch], arguments: Sequence[Any], together: bool) -> Any:
    result: Any = np.nan
    for branch in reversed(branches):
        value = 0.0 if branch.value is None else run_floats(branch.value, arguments, together)
        holds, unsure = _decide(branch.condition, arguments, together)
        result = np.where(holds, value, result)
        if unsure is not None and np.any(unsure):
            result = np.where(unsure, np.nan, result)
    return result


def _first(side: Any) -> Any:
    return side[:1] if np.ndim(side) else side


def _decide(condition: Condition, arguments: Sequence[Any], together: bool) -> tuple[Any, Any]:
    """(true, whether a side is not a number), the second None where that cannot be."""
    if isinstance(condition, Relation):
        left = run_floats(condition.left, arguments, together)
        right = run_floats(condition.right, arguments, together)
        if together:
            left, right = _first(left), _first(right)
        compare = {"<": np.less, "<=": np.less_equal, "==": np.equal}[condition.name]
        holds = compare(left, right)
        unsure = np.isnan(left) | np.isnan(right)
        return (~holds & ~unsure if condition.negated else holds), unsure
    holds, unsure = np.bool_(condition.name == "and"), None
    for part in condition.parts:
        here, open_here = _decide(part, arguments, together)
        holds = holds & here if condition.name == "and" else holds | here
        if open_here is not None:
            unsure = open_here if unsure is None else unsure | open_here
    return holds, unsure


def contract_floats(
    arrays: Sequence[np.ndarray],
    labels: Sequence[tuple[int, ...]],
    output: tuple[int, ...],
    sizes: Mapping[int, int],
) -> np.ndarray:
    """Σ over the labels that are not in `output` of the product of the arrays, through BLAS.

    >>> a, b = np.ones((2, 3)), np.ones((3, 4))
    >>> contract_floats([a, b], [(0, 1), (1, 2)], (0, 2), {0: 2, 1: 3, 2: 4})[0].tolist()
    [3.0, 3.0, 3.0, 3.0]
    """
    factors = list(zip(arrays, labels, strict=True)) or [(np.ones(()), ())]
    array, carried = _summed(*factors[0], _needed(output, factors[1:]))
    for number in range(1, len(factors)):
        needed = _needed(output, factors[number + 1 :])
        other, others = _summed(*factors[number], needed | set(carried))
        array, carried = _multiplied(array, carried, other, others, needed)
    for label in set(sizes) - set(output) - {label for given in labels for label in given}:
        array = array * sizes[label]
    kept = [label for label in output if label in carried]
    array = array.transpose([carried.index(label) for label in kept])
    shape = tuple(sizes[label] if label in carried else 1 for label in output)
    return np.broadcast_to(array.reshape(shape), tuple(sizes[label] for label in output))


def _needed(output: tuple[int, ...], rest: Sequence[tuple[Any, tuple[int, ...]]]) -> set[int]:
    return set(output).union(*(labels for _, labels in rest))


def _summed(
    array: np.ndarray, labels: tuple[int, ...], needed: set[int]
) -> tuple[np.ndarray, tuple[int, ...]]:
    axes = tuple(axis for axis, label in enumerate(labels) if label not in needed)
    if not axes:
        return array, labels
    return np.asarray(array.sum(axis=axes)), tuple(label for label in labels if label in needed)


def _multiplied(
    left: np.ndarray,
    left_labels: tuple[int, ...],
    right: np.ndarray,
    right_labels: tuple[int, ...],
    needed: set[int],
) -> tuple[np.ndarray, tuple[int, ...]]:
    batch = [label for label in left_labels if label in right_labels and label in needed]
    summed = [label for label in left_labels if label in right_labels and label not in needed]
    rows = [label for label in left_labels if label not in right_labels]
    columns = [label for label in right_labels if label not in left_labels]
    size = dict(zip(left_labels, left.shape, strict=True))
    size |= dict(zip(right_labels, right.shape, strict=True))

    def arranged(array: np.ndarray, labels: tuple[int, ...], groups: Sequence[list[int]]) -> Any:
        turned = array.transpose([labels.index(label) for group in groups for label in group])
        return turned.reshape([math.prod(size[label] for label in group) for group in groups])

    labels = (*batch, *rows, *columns)
    if summed:
        first = arranged(left, left_labels, (batch, rows, summed))
        second = arranged(right, right_labels, (batch, summed, columns))
        product = np.matmul(first, second)
    else:
        first = arranged(left, left_labels, (batch, rows))[:, :, None]
        second = arranged(right, right_labels, (batch, columns))[:, None, :]
        product = first * second
    return product.reshape([size[label] for label in labels]), labels
