"""Factories: dtypes by rule, values by definition, refusals in PyTorch's words."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch

DTYPES = [
    (lambda: torch.tensor(1), "int64"),
    (lambda: torch.tensor(1.5), "float32"),
    (lambda: torch.tensor(True), "bool"),
    (lambda: torch.tensor(2j), "complex64"),
    (lambda: torch.tensor([]), "float32"),
    (lambda: torch.tensor([1, 2.5]), "float32"),
    (lambda: torch.tensor([True, 2]), "int64"),
    (lambda: torch.tensor(np.float64(1)), "float64"),
    (lambda: torch.tensor([np.float64(1), 2]), "float64"),
    (lambda: torch.tensor([torch.tensor(1.5), 2]), "float32"),
    (lambda: torch.full((2,), 1), "int64"),
    (lambda: torch.full((2,), True), "bool"),
    (lambda: torch.full((2,), 1.0), "float32"),
    (lambda: torch.arange(3), "int64"),
    (lambda: torch.arange(3.0), "float32"),
    (lambda: torch.linspace(0, 1, 3), "float32"),
    (lambda: torch.eye(2), "float32"),
    (lambda: torch.zeros_like(torch.tensor([1])), "int64"),
    (lambda: torch.randn(2), "float32"),
    (lambda: torch.randint(5, (2,)), "int64"),
    (lambda: torch.ones(2, dtype=torch.float16), "float16"),
    (lambda: torch.from_numpy(np.ones(1)), "float64"),
]


@pytest.mark.parametrize(("call", "dtype"), DTYPES)
def test_dtypes(call: Callable[[], Any], dtype: str) -> None:
    assert call().dtype is getattr(torch, dtype)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(start=st.floats(-100, 100), step=st.floats(0.01, 10), count=st.integers(1, 200))
def test_arange_rounds_once(start: float, step: float, count: int) -> None:
    """Each element is start + i·step, within one rounding of the product and one of the sum."""
    end = start + (count - 0.5) * step
    found = torch.arange(start, end, step, dtype=torch.float64).numpy()
    assert len(found) == math.ceil((end - start) / step)
    for i, one in enumerate(found):
        exact = Fraction(start) + i * Fraction(step)
        assert abs(Fraction(float(one)) - exact) <= Fraction(
            float(np.spacing(max(abs(start), abs(end), count * step)))
        )


@settings(deadline=None, derandomize=True, max_examples=150)
@given(start=st.floats(-100, 100), end=st.floats(-100, 100), steps=st.integers(2, 300))
def test_linspace_is_symmetric_and_ends_at_its_ends(start: float, end: float, steps: int) -> None:
    found = torch.linspace(start, end, steps, dtype=torch.float64).numpy()
    assert found[0] == start
    assert found[-1] == end
    back = torch.linspace(end, start, steps, dtype=torch.float64).numpy()
    if steps % 2 == 0:
        np.testing.assert_array_equal(found, back[::-1])
    exact = start + (end - start) * np.arange(steps) / (steps - 1)
    assert np.max(np.abs(found - exact)) <= 4 * np.spacing(max(abs(start), abs(end), 1e-300))


def test_from_numpy_shares_memory_and_tensor_copies() -> None:
    array = np.zeros(2)
    shared, copied = torch.from_numpy(array), torch.tensor(array)
    array[0] = 7.0
    assert (shared[0].item(), copied[0].item()) == (7.0, 0.0)


def test_likes_keep_the_layout() -> None:
    assert torch.ones_like(torch.ones(2, 3).t()).stride() == (1, 3)


def test_seeds_repeat_the_stream() -> None:
    torch.manual_seed(3)
    first = torch.rand(4).tolist()
    torch.manual_seed(3)
    assert torch.rand(4).tolist() == first
    assert all(0 <= one < 1 for one in first)


WRONG = [
    (
        lambda: torch.tensor([[1, 2], [3]]),
        ValueError,
        r"expected sequence of length 2 at dim 1 \(got 1\)",
    ),
    (lambda: torch.tensor("a"), TypeError, r"new\(\): invalid data type 'str'"),
    (lambda: torch.tensor(None), RuntimeError, "Could not infer dtype of NoneType"),
    (
        lambda: torch.tensor([1], requires_grad=True),
        RuntimeError,
        "Only Tensors of floating point and complex dtype can require gradients",
    ),
    (lambda: torch.tensor(2**70), ValueError, "Overflow when unpacking long long"),
    (lambda: torch.zeros(-1), RuntimeError, "zeros: Dimension size must be non-negative."),
    (lambda: torch.ones(1.5), TypeError, "must be tuple of ints, not float"),
    (lambda: torch.arange(0, 3, 0), RuntimeError, "step must be nonzero"),
    (
        lambda: torch.arange(3, 0),
        RuntimeError,
        "upper bound and lower bound inconsistent with step sign",
    ),
    (lambda: torch.linspace(0, 1, -1), RuntimeError, "number of steps must be non-negative"),
    (lambda: torch.from_numpy([1]), TypeError, r"expected np.ndarray \(got list\)"),
    (
        lambda: torch.from_numpy(np.arange(3)[::-1]),
        ValueError,
        "At least one stride in the given numpy array is negative",
    ),
    (lambda: torch.eye(-1), RuntimeError, "n must be greater or equal to 0, got -1"),
    (
        lambda: torch.full((2,), 300, dtype=torch.uint8),
        RuntimeError,
        "value cannot be converted to type uint8_t without overflow",
    ),
    (
        lambda: torch.randint(5, 5, (1,)),
        RuntimeError,
        "random_ expects 'from' to be less than 'to'",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), WRONG)
def test_wrong_calls(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()
