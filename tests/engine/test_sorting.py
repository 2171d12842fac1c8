"""Sorting: a stable permutation, nan counted as the largest, gradients sent back along it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch

NUMBERS = st.lists(
    st.sampled_from([-math.inf, -1.0, 0.0, 0.5, 2.0, math.inf, math.nan]), max_size=9
)


def rank(number: float) -> float:
    return math.inf if math.isnan(number) else number


@settings(deadline=None, derandomize=True, max_examples=200)
@given(NUMBERS, st.booleans())
def test_sort_is_stable_and_puts_nan_last(numbers: list[float], descending: bool) -> None:
    x = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
    values, indices = torch.sort(x, stable=True, descending=descending)
    keys = [(math.isnan(n), rank(n)) for n in numbers]
    expected = sorted(range(len(numbers)), key=keys.__getitem__)
    if descending:
        expected = sorted(
            range(len(numbers)), key=lambda i: (keys[i][0], keys[i][1]), reverse=True
        )
    assert indices.tolist() == expected
    np.testing.assert_array_equal(values.detach().numpy(), [numbers[i] for i in expected])
    weight = torch.arange(float(len(numbers)), dtype=torch.float64)
    values.backward(weight)
    sent = [0.0] * len(numbers)
    for place, i in enumerate(expected):
        sent[i] = float(place)
    assert x.grad.tolist() == sent
    assert x.argsort(descending=descending, stable=True).tolist() == expected


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=9, unique=True), st.data())
def test_topk_is_the_head_of_sort(numbers: list[int], data: st.DataObject) -> None:
    k = data.draw(st.integers(0, len(numbers)))
    largest = data.draw(st.booleans())
    found = torch.tensor(numbers).topk(k, largest=largest)
    ordered = sorted(numbers, reverse=largest)[:k]
    assert found.values.tolist() == ordered
    assert found.indices.tolist() == [numbers.index(n) for n in ordered]


def test_along_dimensions() -> None:
    array = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, -1.0]])
    x: Any = torch.from_numpy(array.copy())
    np.testing.assert_array_equal(x.sort(0).values.numpy(), np.sort(array, 0))
    np.testing.assert_array_equal(x.sort(-1, True).values.numpy(), -np.sort(-array, -1))
    assert x.topk(1, 0).values.tolist() == [[3.0, 5.0, 2.0]]
    assert torch.tensor(7.0).sort().indices.item() == 0


def test_refusals() -> None:
    with pytest.raises(RuntimeError, match="selected index k out of range"):
        torch.ones(2).topk(3)
    with pytest.raises(RuntimeError, match="Sort does not support complex dtypes on CPU"):
        (torch.ones(2) * 1j).sort()
    with pytest.raises(IndexError, match="Dimension out of range"):
        torch.ones(2).sort(1)
