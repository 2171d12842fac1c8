"""Neighbours of a user's arguments at the special places of the user's function."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reference import build
from reference.adapters import adapter
from reference.checking.truth import trace_function
from reference.floats import FORMATS, round_to_format
from reference.graph import Input
from reference.points import around, special_arguments


def found(function: Any, *arrays: Any, dtype: str = "float32", limit: int = 64) -> list[Any]:
    given = [np.asarray(a, dtype=np.float64) for a in arrays]
    return around(function, given, dtype, np.random.default_rng(0), limit)


def test_a_tie_of_two_arguments_is_met_exactly() -> None:
    points = found(np.maximum, [0.5, 2.0, -1.0], [1.0, 0.25, 3.0])
    ties = [p for p in points if p.kind == "kink" and (p.args[0] == p.args[1]).any()]
    assert ties
    beside = [p for p in points if p.kind == "kink" and not (p.args[0] == p.args[1]).any()]
    gaps = [np.abs(p.args[0] - p.args[1]).min() for p in beside]
    assert 0 < min(gaps) < 1e-6


def test_a_kink_that_no_float_meets_has_floats_on_both_sides() -> None:
    points = found(lambda x: np.maximum(x * x, 2), [1.0])
    kinks = sorted(float(p.args[0][0]) for p in points if p.kind == "kink")
    root = float(np.float32(np.sqrt(2)))
    assert any(x * x < 2 for x in kinks)
    assert any(x * x > 2 for x in kinks)
    assert any(abs(x - root) < 1e-6 for x in kinks)


def test_a_hidden_layer_is_brought_to_its_kink() -> None:
    weight = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 1.0]])
    bias = np.array([0.5, -1.0, 0.25])

    def network(x: Any, b: Any) -> Any:
        return np.maximum(weight @ x + b, 0).sum()

    points = found(network, [0.75, 0.5], bias)
    before = [weight @ p.args[0] + p.args[1] for p in points if p.kind == "kink"]
    assert any((values == 0).any() for values in before)


def test_removable_and_other_singularities() -> None:
    points = found(lambda x: np.sin(x - 1) / (x - 1), [3.0])
    numbers = {float(p.args[0][0]) for p in points}
    assert 1.0 in numbers
    assert any(0 < abs(v - 1) < 1e-2 for v in numbers)


def test_ties_and_zeros_of_elements() -> None:
    points = found(lambda x: np.sum(x * x), [3.0, 1.0, 2.0])
    assert any(
        p.kind == "tie" and np.sort(p.args[0])[-1] == np.sort(p.args[0])[-2] for p in points
    )
    assert any(p.kind == "zero" and not p.args[0].any() for p in points)


@pytest.mark.parametrize("dtype", list(FORMATS))
def test_numbers_are_those_of_the_dtype(dtype: str) -> None:
    for point in found(lambda x: np.log(x) + abs(x - 0.3), [0.7, 1.1], dtype=dtype):
        array = point.args[0]
        np.testing.assert_array_equal(round_to_format(array, FORMATS[dtype]), array)


def test_limit_and_repetition() -> None:
    one = found(lambda x: abs(x - 1) + np.tanh(x), [0.5, 2.0], limit=5)
    two = found(lambda x: abs(x - 1) + np.tanh(x), [0.5, 2.0], limit=5)
    assert len(one) == 5
    for first, second in zip(one, two, strict=True):
        np.testing.assert_array_equal(first.args[0], second.args[0])


def test_a_constant_function_and_no_elements() -> None:
    assert found(lambda x: x * 0 + 1, []) == []
    x = Input("x", (2,), np.ones(2))
    y = build.node(np.ones(3))
    kinds = {
        n.kind
        for n in special_arguments([y], [x], [np.ones(2)], ["float64"], np.random.default_rng(0))
    }
    assert kinds == {"zero"}


def test_of_what_check_traces() -> None:
    """The seam to `check`: what `trace_function` gives is what `special_arguments` takes."""
    used = adapter("pair")
    x = np.array([0.5, 2.0], np.float32)

    def run(tensors: list[Any]) -> Any:
        return np.maximum(tensors[0], 1)

    outputs, inputs, contents, dtypes = trace_function(run, [x], used, [0], ["x"])
    rng = np.random.default_rng(0)
    neighbours = special_arguments(outputs, inputs, contents, dtypes, rng, 16)
    assert any((n.arrays[0] == 1).any() for n in neighbours)
