"""PyTorch's text of tensors: its documented pairs, and whatever the installed PyTorch prints."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import reference as t

PAIRS = [
    (3.0, "tensor(3.)"),
    ([1.5, 2.25, -3.125], "tensor([ 1.5000,  2.2500, -3.1250])"),
    ([1.0, 1000.0, 1001.0], "tensor([1.0000e+00, 1.0000e+03, 1.0010e+03])"),
    ([0.00012, 0.1], "tensor([0.0001, 0.1000])"),
    ([2.5, 2500.0], "tensor([   2.5000, 2500.0000])"),
    ([1e8, 1.0], "tensor([1.0000e+08, 1.0000e+00])"),
    ([float("nan"), 1.0, float("inf")], "tensor([nan, 1., inf])"),
    ([float("nan"), 1.5, -float("inf")], "tensor([   nan, 1.5000,   -inf])"),
    ([True, False], "tensor([ True, False])"),
    ([1, -20, 300], "tensor([  1, -20, 300])"),
    ([], "tensor([])"),
    ([[1.0, -2.0], [30.5, 4.0]], "tensor([[ 1.0000, -2.0000],\n        [30.5000,  4.0000]])"),
    ([0.99995, 1.0], "tensor([0.9999, 1.0000])"),
]


@pytest.mark.parametrize(("data", "text"), PAIRS)
def test_documented_pairs(data: object, text: str) -> None:
    assert repr(t.tensor(data)) == text


def test_formats_and_suffixes() -> None:
    assert repr(t.zeros(2, 0, 3)) == "tensor([], size=(2, 0, 3))"
    assert repr(t.tensor([1], dtype=t.int32)) == "tensor([1], dtype=torch.int32)"
    assert repr(t.tensor(np.zeros(0, dtype=np.int64))) == "tensor([], dtype=torch.int64)"
    x = t.tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], grad_fn=<MulBackward0>)"
    y = t.tensor([1.0, 2.0], dtype=t.float64, requires_grad=True)
    text = "tensor(5., dtype=torch.float64, grad_fn=<SumBackward0>)"
    assert repr((y**2).sum()) == text


def test_long_suffix_goes_on_a_line_of_its_own() -> None:
    x = t.ones(3, 4, dtype=t.float64, requires_grad=True)
    row = "2.7183, 2.7183, 2.7183, 2.7183]"
    assert repr(x.exp()) == (
        f"tensor([[{row},\n        [{row},\n        [{row}], dtype=torch.float64,\n"
        "       grad_fn=<ExpBackward0>)"
    )


def test_summaries() -> None:
    assert repr(t.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    line = "        [0., 0.],\n"
    lines = line * 2 + "        ...,\n" + line * 2 + line.replace(",\n", "])")
    assert repr(t.zeros(1001, 2)) == "tensor([[0., 0.],\n" + lines


def test_numbers_are_rounded_correctly_before_they_are_shown() -> None:
    third = t.tensor(1.0) / 3
    assert third.item() == float(np.float32(1) / np.float32(3))
    assert t.tensor(2.0).exp().item() == float(np.float32(7.38905609893065))
    assert repr(third) == "tensor(0.3333)"


def test_symbolic_shapes_have_a_text() -> None:
    n = sp.Symbol("n", integer=True, positive=True)
    assert repr(t.variable("x", shape=(n,))) == "tensor(..., size=(n,))"
