"""Nests of arguments, taken apart and put together again."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, namedtuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.adapters.trees import Nest, leaves
from reference.checking import Pair, check

Point = namedtuple("Point", ["x", "y"])


@dataclasses.dataclass(frozen=True)
class Layer:
    weight: Any
    bias: Any


NESTS = st.recursive(
    st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.builds(Layer, inner, inner)
        | st.builds(Point, inner, inner)
    ),
    max_leaves=8,
)


@settings(deadline=None, derandomize=True)
@given(NESTS)
def test_a_nest_filled_with_its_leaves_is_itself(value: Any) -> None:
    nest = Nest(value)
    assert nest.filled(nest.leaves) == value
    assert nest.leaves == leaves([value])
    assert len(set(nest.paths)) == len(nest.paths)
    moved = nest.filled([leaf + 1 for leaf in nest.leaves])
    assert Nest(moved).leaves == [leaf + 1 for leaf in nest.leaves]


def test_paths_are_written_as_python_writes_them() -> None:
    nest = Nest({"a": [1, Point(2, 3)], "b": Layer(4, OrderedDict(c=5))})
    assert nest.paths == [
        "['a'][0]",
        "['a'][1].x",
        "['a'][1].y",
        "['b'].weight",
        "['b'].bias['c']",
    ]
    assert isinstance(nest.filled(range(5))["b"].bias, OrderedDict)


LAYER = Layer(np.array([[0.5, -0.25], [1.0, 2.0]]), np.array([0.125, 1.5]))
X = np.array([0.75, -1.0])


def pair(weight: float = 1.0) -> Pair:
    def backward(g: Any, layer: Layer, x: Any) -> Any:
        inner = g * (1 - np.tanh(layer.weight @ x + layer.bias) ** 2)
        return Layer(weight * np.outer(inner, x), inner), layer.weight.T @ inner

    def forward_mode(tangents: Any, layer: Layer, x: Any) -> Any:
        moved, along = tangents
        inner = moved.weight @ x + layer.weight @ along + moved.bias
        return (1 - np.tanh(layer.weight @ x + layer.bias) ** 2) * inner

    return Pair(lambda layer, x: [np.tanh(layer.weight @ x + layer.bias)], backward, forward_mode)


def test_a_pair_of_functions_of_nests() -> None:
    report = check(pair(), LAYER, X)
    assert report.ok, report.text
    assert {"vjp", "jvp"} <= set(report.checked)
    assert [argument.name for argument in report.arguments] == ["layer.weight", "layer.bias", "x"]
    wrong = check(pair(1.01), LAYER, X, what="vjp")
    assert {failure.target for failure in wrong.failures} == {"the gradient of layer.weight"}


def test_a_definition_takes_the_nest() -> None:
    kernel = Pair(
        lambda p: np.array([float(v) ** 2 for v in p["x"]]), lambda g, p: {"x": 2 * g * p["x"]}
    )
    assert check(kernel, {"x": X}, definition=lambda p: p["x"] * p["x"]).ok
    assert not check(kernel, {"x": X}, definition=lambda p: p["x"] ** 3, what="vjp").ok


def test_a_function_that_leaves_the_oracles_tensors_is_told_so() -> None:
    kernel = Pair(lambda x: x.tobytes() and x * 2, lambda g, x: 2 * g)
    with pytest.raises(NotImplementedError, match="give its mathematics as definition="):
        check(kernel, X)
