"""Reductions: ties, zeros, nan, emptiness, and what is refused."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff import autograd

inf, nan = math.inf, math.nan

CORNERS: list[tuple[Callable[[Any], Any], list[float], list[float]]] = [
    (lambda x: x.max(), [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    (lambda x: x.amax(), [3.0, 1.0, 3.0], [0.5, 0.0, 0.5]),
    (lambda x: x.max(0).values, [1.0, 3.0, 3.0], [0.0, 1.0, 0.0]),
    (lambda x: x.min(), [1.0, 1.0, 3.0, 1.0], [1 / 3, 1 / 3, 0.0, 1 / 3]),
    (lambda x: x.min(0)[0], [1.0, 1.0], [1.0, 0.0]),
    (lambda x: x.max(), [1.0, nan, 3.0], [0.0, 1.0, 0.0]),
    (lambda x: x.prod(), [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
    (lambda x: x.prod(), [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    (lambda x: x.prod(), [2.0], [1.0]),
    (lambda x: x.norm(), [0.0, 0.0], [0.0, 0.0]),
    (lambda x: x.norm(), [3.0, 4.0], [0.6, 0.8]),
    (lambda x: x.norm(1), [0.0, -2.0], [0.0, -1.0]),
    (lambda x: x.norm(inf), [2.0, -2.0, 1.0], [0.5, -0.5, 0.0]),
    (lambda x: x.norm(3), [0.0, 0.0], [0.0, 0.0]),
    (lambda x: x.logsumexp(0), [-inf, -inf], [nan, nan]),
    (lambda x: x.logsumexp(0), [0.0, 0.0], [0.5, 0.5]),
    (lambda x: x.std(), [2.0, 2.0], [0.0, 0.0]),
    (lambda x: x.var(), [0.0, 2.0], [-2.0, 2.0]),
    (lambda x: x.mean(), [1.0, 2.0], [0.5, 0.5]),
    (lambda x: x.cumsum(0).sum(), [1.0, 2.0, 3.0], [3.0, 2.0, 1.0]),
    (lambda x: x.logsumexp(0), [1000.0, 0.0], [1.0, 0.0]),
]


@pytest.mark.parametrize(("function", "at", "expected"), CORNERS)
def test_gradients_at_corners(
    function: Callable[[Any], Any], at: list[float], expected: list[float]
) -> None:
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    function(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=4e-16, atol=0)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9), st.data())
def test_product_of_the_others_is_exact(numbers: list[int], data: st.DataObject) -> None:
    """Both derivatives of a product of small whole numbers, zeros and all."""
    x = torch.tensor([float(n) for n in numbers], dtype=torch.float64, requires_grad=True)
    (first,) = autograd.grad(x.prod(), x, create_graph=True)
    expected = [math.prod(numbers[:i] + numbers[i + 1 :]) for i in range(len(numbers))]
    assert first.tolist() == expected
    i = data.draw(st.integers(0, len(numbers) - 1))
    if first[i].requires_grad:
        (second,) = autograd.grad(first[i], x)
        rest = [[n for k, n in enumerate(numbers) if k not in (i, j)] for j in range(len(numbers))]
        assert second.tolist() == [
            0 if j == i else math.prod(rest[j]) for j in range(len(numbers))
        ]


def test_a_long_product_takes_log_many_sweeps() -> None:
    x = torch.ones(100_000, dtype=torch.float64, requires_grad=True)
    x.prod().backward()
    assert x.grad.sum().item() == 100_000


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20), st.floats(1e3, 1e12))
def test_variance_forgives_a_large_mean(numbers: list[float], shift: float) -> None:
    moved = np.array(numbers) + shift
    found = torch.from_numpy(moved).var().item()
    exact = math.fsum((v - math.fsum(moved) / len(moved)) ** 2 for v in moved) / (len(moved) - 1)
    assert abs(found - exact) <= 1e-12 * exact + 1e-3 * np.spacing(shift) ** 2 * len(numbers)


def test_norms_neither_overflow_nor_vanish() -> None:
    assert torch.tensor([3e200, 4e200], dtype=torch.float64).norm().item() == pytest.approx(
        5e200, rel=4e-16
    )
    assert torch.tensor([3e-200, 4e-200], dtype=torch.float64).norm().item() == pytest.approx(
        5e-200, rel=4e-16
    )


EMPTY: list[tuple[Callable[[Any], Any], float]] = [
    (lambda x: x.sum(), 0.0),
    (lambda x: x.prod(), 1.0),
    (lambda x: x.mean(), nan),
    (lambda x: x.norm(), 0.0),
    (lambda x: x.logsumexp(0), -inf),
    (lambda x: x.all(), 1.0),
    (lambda x: x.any(), 0.0),
]


@pytest.mark.parametrize(("function", "expected"), EMPTY)
def test_of_nothing(function: Callable[[Any], Any], expected: float) -> None:
    np.testing.assert_equal(float(function(torch.zeros(0)).item()), expected)


def test_one_element_has_no_variance() -> None:
    with pytest.warns(UserWarning, match=r"var\(\): degrees of freedom is <= 0"):
        assert math.isnan(torch.ones(1).var().item())


def test_named_pairs() -> None:
    pair = torch.tensor([1.0, 3.0]).max(0)
    assert repr(pair) == "torch.return_types.max(\nvalues=tensor(3.),\nindices=tensor(1))"
    values, indices = pair
    assert (values.item(), indices.item()) == (3.0, 1)


def test_dtypes() -> None:
    assert torch.tensor([True, True]).sum().item() == 2
    assert torch.tensor([1], dtype=torch.uint8).sum().dtype is torch.int64
    assert torch.tensor([1], dtype=torch.uint8).all().dtype is torch.uint8
    assert torch.tensor([3 + 4j]).norm().dtype is torch.float32
    assert torch.ones(2, dtype=torch.float16).mean().dtype is torch.float16
    assert torch.ones(2).sum(dtype=torch.float64).dtype is torch.float64


WRONG = [
    (
        lambda x: x.sum(2),
        IndexError,
        r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)",
    ),
    (lambda x: x.sum((0, 0)), RuntimeError, "dim 0 appears multiple times in the list of dims"),
    (
        lambda x: x.long().mean(),
        RuntimeError,
        (
            r"mean\(\): could not infer output dtype. Input dtype must be either a "
            r"floating point or complex dtype. Got: Long"
        ),
    ),
    (
        lambda x: x[:0].max(),
        RuntimeError,
        r"max\(\): Expected reduction dim to be specified for input.numel\(\) == 0.",
    ),
    (
        lambda x: x[:0].amax(0),
        IndexError,
        r"amax\(\): Expected reduction dim 0 to have non-zero size.",
    ),
    (
        lambda x: x.long().std(),
        RuntimeError,
        "std and var only support floating point and complex dtypes",
    ),
    (
        lambda x: x.long().norm(),
        RuntimeError,
        "linalg.vector_norm: Expected a floating point or complex tensor as input. Got Long",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), WRONG)
def test_wrong_calls(call: Callable[[Any], Any], kind: type[Exception], text: str) -> None:
    with warnings.catch_warnings(), pytest.raises(kind, match=text):
        call(torch.ones(2, 3))


NAMES = [
    (lambda x: x.sum(), "SumBackward0"),
    (lambda x: x.sum(0), "SumBackward1"),
    (lambda x: x.mean(), "MeanBackward0"),
    (lambda x: x.mean(0), "MeanBackward1"),
    (lambda x: x.prod(), "ProdBackward0"),
    (lambda x: x.prod(0), "ProdBackward1"),
    (lambda x: x.max(), "MaxBackward1"),
    (lambda x: x.max(0)[0], "MaxBackward0"),
    (lambda x: x.min(0)[0], "MinBackward0"),
    (lambda x: x.amax(), "AmaxBackward0"),
    (lambda x: x.std(), "StdBackward0"),
    (lambda x: x.var(), "VarBackward0"),
    (lambda x: x.norm(), "LinalgVectorNormBackward0"),
    (lambda x: x.cumsum(0), "CumsumBackward0"),
    (lambda x: x.logsumexp(0), "LogsumexpBackward0"),
    (lambda x: x.sort()[0], "SortBackward0"),
    (lambda x: x.topk(1)[0], "TopkBackward0"),
    (lambda x: torch.sort(x, stable=True)[0], "SortBackward1"),
    (lambda x: x.softmax(0), "SoftmaxBackward0"),
    (lambda x: torch.log_softmax(x, 0), "LogSoftmaxBackward0"),
]


@pytest.mark.parametrize(("function", "name"), NAMES, ids=[name for _, name in NAMES])
def test_names_of_nodes(function: Callable[[Any], Any], name: str) -> None:
    assert type(function(torch.tensor([1.0, 2.0], requires_grad=True)).grad_fn).__name__ == name
