"""What tests of definitions share: sample calls, and derivatives held to differences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flint
import numpy as np
import pytest

from reference.definitions import SECOND_TIER, Sample, definitions
from reference.differentiate import vjp
from reference.domains.certified import examine, working_precision
from reference.graph import Constant, Input, Node
from reference.tensor import Tensor, apply, tensor, variable

__all__ = ["cases", "check_derivative", "traced"]

# tests/oracle/test_definitions_tier_two.py has these
ELSEWHERE = {row.name for family in SECOND_TIER for row in family.DEFINITIONS}

PRECISION = 1200
STEP = 400  # a step of 2**-400 makes a difference wrong by about 2**-800


def cases(kinds: tuple[str, ...]) -> list[Any]:
    return list(each_case(kinds))


def each_case(kinds: tuple[str, ...]) -> Iterator[Any]:
    for row in definitions():
        if row.samples is not None and row.name not in ELSEWHERE:
            for number, sample in enumerate(row.samples(np.random.default_rng(7))):
                if sample.kind in kinds:
                    yield pytest.param(row.name, sample, id=f"{row.name}-{number}")


def is_real(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.float64


def traced(name: str, sample: Sample) -> tuple[list[Tensor], list[Tensor]]:
    """The float64 arrays as variables, and the results."""
    variables: list[Tensor] = []

    def argument(value: Any) -> Any:
        if is_real(value):
            variables.append(variable(f"x{len(variables)}", value))
            return variables[-1]
        if isinstance(value, tuple) and any(is_real(part) for part in value):
            return tuple(argument(part) for part in value)
        return tensor(value) if isinstance(value, np.ndarray) else value

    result = apply(name, *(argument(value) for value in sample.args), **sample.kwargs)
    outputs = list(result) if isinstance(result, tuple) else [result]
    return variables, outputs


def dyadic_weights(rng: np.random.Generator, shape: Any) -> np.ndarray:
    return np.asarray(rng.integers(1, 64, size=tuple(shape)) / 32.0)


def inner(nodes: list[Node], weights: list[np.ndarray], bindings: dict[Node, Any]) -> Any:
    """Σ <node, weight> as a ball."""
    arrays = examine(nodes, bindings, precision=PRECISION).values
    with working_precision(PRECISION):
        total = flint.arb(0)
        for array, weight in zip(arrays, weights, strict=True):
            for ball, factor in zip(array.ravel(), weight.ravel().tolist(), strict=True):
                if not (ball.mid() == flint.arb("-inf") and ball.rad() == 0):  # filled in
                    total += ball * factor
    return total


def check_derivative(name: str, sample: Sample) -> None:
    """The slope along a direction, from the graph and from differences of certain values."""
    variables, outputs = traced(name, sample)
    rng = np.random.default_rng(1)
    outputs = [output for output in outputs if output.requires_grad]
    assert variables
    weights = [dyadic_weights(rng, output.shape) for output in outputs]
    directions = [dyadic_weights(rng, held.shape) for held in variables]
    inputs = [held.node for held in variables]
    nodes = [output.node for output in outputs]
    pulled = vjp(nodes, inputs, [Constant(weight) for weight in weights])
    pairs = [(g, d) for g, d in zip(pulled, directions, strict=True) if g is not None]
    slope = inner([g for g, _ in pairs], [d for _, d in pairs], {})
    ends = []
    for sign in (1, -1):
        with working_precision(PRECISION):
            moved = {
                node: moved_array(node, direction, sign)
                for node, direction in zip(inputs, directions, strict=True)
            }
        ends.append(inner(nodes, weights, moved))
    with working_precision(PRECISION):
        difference = (ends[0] - ends[1]) / (2 * flint.arb(2) ** -STEP)
        gap = abs(slope - difference)
        scale = abs(slope) + 1
    assert gap.is_finite()
    assert gap < scale * 1e-50, f"{slope.str(20)} against {difference.str(20)}"


def moved_array(node: Node, direction: np.ndarray, sign: int) -> np.ndarray:
    assert isinstance(node, Input)
    assert node.value is not None
    result = np.empty(node.shape, dtype=object)
    step = flint.arb(2) ** -STEP
    for place, value in np.ndenumerate(node.value):
        result[place] = flint.arb(float(value)) + sign * step * float(direction[place])
    return result
