"""Every operation of the engine against its definition, in ULPs, in every dtype and order.

The samples are the definition's own (`reference/definitions`): 0-d, empty, broadcast, transposed
and strided arrays, tails where formats run out, kinks where any member of the subdifferential
will do. What is judged, and how, is told in `rows.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import rows

import autodiff
from reference.definitions import definition, definitions
from reference.tensor import apply, tensor

NAMES = [
    row.name
    for row in definitions()
    if row.samples is not None and rows.function_of(row.name) and rows.is_differentiable(row.name)
]
WITHOUT_DERIVATIVE = [
    row.name
    for row in definitions()
    if row.samples is not None
    and rows.function_of(row.name)
    and not rows.is_differentiable(row.name)
]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("dtype", rows.DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_row_agrees_with_its_definition(name: str, dtype: str, order: int) -> None:
    found = [rows.judged(case, order) for case in rows.cases([name], (dtype,))]
    assert found
    assert not [outcome.text for outcome in found if not outcome.ok]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", rows.PROMOTING)
def test_arguments_of_two_dtypes(name: str, order: int) -> None:
    """The first argument in float32, the others in float64: each gradient in its own dtype."""
    found = [rows.judged(case, order) for case in rows.cases([name], ("mixed",))]
    assert found
    assert not [outcome.text for outcome in found if not outcome.ok]


@pytest.mark.parametrize("dtype", rows.DTYPES)
@pytest.mark.parametrize("name", WITHOUT_DERIVATIVE)
def test_truths_and_indices_agree(name: str, dtype: str) -> None:
    for sample in rows.samples_of(name):
        arrays = [np.asarray(value, dtype=dtype) if rows.is_real(value) else value
                  for value in sample.args]  # fmt: skip
        function = rows.function_of(name)
        assert function is not None
        mine = function(*map(_as(autodiff.tensor), arrays), **sample.kwargs)
        exact = apply(name, *map(_as(tensor), arrays), **sample.kwargs)
        assert tuple(mine.shape) == tuple(exact.shape)
        np.testing.assert_array_equal(np.asarray(mine._data), np.asarray(exact.numpy()))
        assert not mine.requires_grad


def _as(make: Any) -> Any:
    return lambda value: make(value) if isinstance(value, np.ndarray) else value


def test_samples_come_in_every_layout() -> None:
    """0-d, empty, broadcast, transposed, strided, tails and kinks are all among the samples."""
    arrays, kinds, broadcast = [], set(), False
    for name in NAMES:
        for case in rows.cases([name], ("float64",)):
            held = list(rows.arrays_of(case.sample))
            arrays += held
            kinds.add(case.sample.kind)
            broadcast |= len({array.shape for array in held}) > 1
    assert kinds == {"plain", "tail", "kink"}
    assert broadcast
    assert any(array.ndim == 0 for array in arrays)
    assert any(array.size == 0 for array in arrays)
    assert any(a.flags.f_contiguous and not a.flags.c_contiguous for a in arrays)
    assert any(not a.flags.f_contiguous and not a.flags.c_contiguous for a in arrays)


@pytest.mark.parametrize("dtype", rows.DTYPES)
def test_strided_samples_stay_strided(dtype: str) -> None:
    array = np.arange(12.0).reshape(3, 4)[:, ::2]
    cast = rows.cast(array, dtype)
    assert cast.dtype == dtype
    assert cast.strides == (4 * cast.itemsize, 2 * cast.itemsize)
    np.testing.assert_array_equal(cast, array)


def test_third_derivatives_at_zero() -> None:
    """Where a rule is written with |x| for the tails, higher derivatives must not notice."""
    for function, third in ((autodiff.tanh, -2.0), (autodiff.sigmoid, -0.125)):
        x = autodiff.tensor(0.0, dtype=autodiff.float64, requires_grad=True)
        y = function(x)
        for _ in range(3):
            (y,) = autodiff.autograd.grad(y, x, create_graph=True)
        assert y.item() == third


def test_definitions_of_every_row_have_samples() -> None:
    for place, row in rows.all_rows().items():
        if any(row.rules) and row.name not in rows.PARTNERS and place not in rows.ELSEWHERE:
            assert definition(row.name).samples is not None, row.name
