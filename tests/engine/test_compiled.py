"""The compiled front of each row does what the Python function behind it does, or asks it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from autodiff import Tensor
from front_checks import (
    KINDS,
    MODES,
    ROWS,
    Asked,
    asked_python,
    cases,
    compare,
    difference,
    front_of,
    leaf,
    made,
    outcome,
    result,
)

# one row after the other -------------------------------------------------------------------------

# what the front leaves to Python always: the first input is no tensor of the floating-point dtypes
# that it knows, or the inputs differ in dtype
LEFT_TO_PYTHON = {
    "complexes.CONJ",
    "complexes.CONJ_PHYSICAL",
    "complexes.POW_COMPLEX",
    "complexes.VIEW_AS_REAL",
    "fourier.FFT_C2C",
    "fourier.FFT_C2R",
    "pointwise.ABS_INTEGER",
    "pointwise.BITWISE_AND",
    "pointwise.BITWISE_NOT",
    "pointwise.BITWISE_OR",
    "pointwise.BITWISE_XOR",
    "pointwise.LOGICAL_OR",
    "pointwise.NEG_INTEGER",
    "pointwise.POW_BASE",
    "pointwise.REAL",
    "pointwise.REMAINDER_OF_NUMBER",
    "pointwise.SGN",
    "pointwise.SIGN_INTEGER",
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_the_same_compiled(name: str) -> None:
    row, answered = ROWS[name], 0
    some = cases()[name]
    for case in some[:: len(some) // 3 + 1]:
        count = len(case[0])
        for kind in KINDS:
            answered += compare(row, case, (kind,) * count)
            if count > 1:
                answered += compare(row, case, (kind, *("leaf",) * (count - 1)))
                answered += compare(row, case, (*("constant",) * (count - 1), kind))
            if row.view:
                answered += compare(row, case, (kind,) * count, "no_grad")
        for mode in MODES:
            answered += compare(row, case, ("leaf",) * count, mode)
            answered += compare(row, case, ("view",) * count, mode)
    assert bool(answered) == (name not in LEFT_TO_PYTHON)


# anything at all ---------------------------------------------------------------------------------

FLOATS = (np.float32, np.float64)
DTYPES = ("float64", "float32", "float16", "int64", "bool", "complex128")
NUMBERS = (2, -1, 0, 0.5, float("nan"), float("inf"), -0.0, True, 1j, 10**400, None, "2", [1.0])


@settings(max_examples=600, deadline=None, derandomize=True)
@given(st.data())
def test_whatever_the_inputs_are(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*ROWS]))
    values, params = data.draw(st.sampled_from(cases()[name]))
    if data.draw(st.booleans()):
        dtype = data.draw(st.sampled_from(DTYPES))
        with np.errstate(invalid="ignore"):
            values = tuple(
                np.asarray(one, dtype) if getattr(one, "dtype", None) in FLOATS else one
                for one in values
            )
    kinds = data.draw(st.tuples(*[st.sampled_from([*KINDS])] * len(values)))
    compare(ROWS[name], (values, params), kinds, data.draw(st.sampled_from([*MODES])))


BINARY = [name for name, row in ROWS.items() if row.broadcasts and len(row.inputs) == 2]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.data())
def test_whatever_the_shapes_are(data: st.DataObject) -> None:
    """Broadcasting, shapes that do not fit, empty arrays, and numbers in a tensor's place."""
    name = data.draw(st.sampled_from(BINARY))
    values: list[Any] = []
    for _ in range(2):
        shape = data.draw(st.sampled_from([(), (1,), (3,), (2, 3), (2, 1), (0, 3), (4,), (1, 0)]))
        dtype = data.draw(st.sampled_from(["float32", "float32", "float64"]))
        values.append(np.full(shape, 0.75, dtype))
    if data.draw(st.booleans()):
        values[data.draw(st.integers(0, 1))] = data.draw(st.sampled_from(NUMBERS))
    kinds = data.draw(st.tuples(*[st.sampled_from([*KINDS])] * 2))
    case = tuple(values), cases()[name][0][1]
    compare(ROWS[name], case, kinds, data.draw(st.sampled_from([*MODES])))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("place", [0, 1])
def test_numbers_beside_a_tensor(number: Any, place: int) -> None:
    row = ROWS["pointwise.MUL"]
    inputs = (0.5, np.float32(1.5)) if place == 0 else (np.float32(1.5), 0.5)
    values = tuple(number if one == 0.5 else one for one in inputs)
    answers = [
        outcome(function, tuple(made(one, "leaf") for one in values), {})
        for function in (front_of(row, row.straight.__wrapped__), row.straight.__wrapped__)
    ]
    assert difference(*answers) is None


def test_one_tensor_twice() -> None:
    for name in BINARY:
        row, params = ROWS[name], cases()[name][0][1]
        answers = []
        for function in (front_of(row, row.straight.__wrapped__), row.straight.__wrapped__):
            x = result(np.array([0.25, 0.5]))
            answers.append(outcome(function, (x, x), params))
        assert difference(*answers) is None


def test_an_array_twice_in_different_tensors() -> None:
    """Tensors that share their data share neither counter nor node."""
    answers = []
    row = ROWS["pointwise.MUL"]
    for function in (front_of(row, asked_python), row.straight.__wrapped__):
        x, y = leaf([0.25, 0.5]), leaf([0.0, 0.0])
        y._data = x._data
        answers.append(outcome(function, (x, y), {}))
    assert difference(*answers) is None


@pytest.mark.parametrize("transform", ["vmap", "jvp", "vmap of grad"])
def test_layered_tensors_are_left_to_python(transform: str) -> None:
    x = autodiff.tensor([[0.25, 0.5], [0.625, 0.75]])
    asked = []

    def loss(one: Tensor) -> Tensor:
        for name in ("pointwise.EXP", "reductions.SUM", "contraction.MM"):
            row = ROWS[name]
            inputs = (one,) * len(row.inputs)
            with pytest.raises(Asked):
                front_of(row, asked_python)(*inputs)
            with pytest.raises(Asked):
                front_of(row, asked_python)(*(part.view(part.shape) for part in inputs))
            asked.append(name)
        return one.sum()

    if transform == "vmap":
        autodiff.func.vmap(loss)(autodiff.stack([x, x]))
    elif transform == "jvp":
        autodiff.func.jvp(loss, (x,), (x,))
    else:
        autodiff.func.vmap(autodiff.func.grad(loss))(autodiff.stack([x, x]))
    assert asked
