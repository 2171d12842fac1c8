"""How results lie in memory: axes along which an input repeats itself stay where they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff.kernels.layout import copied, dense

EXPANDED = autodiff.arange(4.0).reshape(2, 2).expand(3, 2, 2)


@pytest.mark.parametrize(
    "function",
    [
        autodiff.clone,
        autodiff.zeros_like,
        autodiff.ones_like,
        autodiff.empty_like,
        lambda x: autodiff.full_like(x, 2.0),
        lambda x: x.contiguous(),
        lambda x: x.double(),
        lambda x: x.to(autodiff.float32, copy=True),
        lambda x: x.flip(0),
        lambda x: x.clone(memory_format=autodiff.preserve_format),
    ],
)
def test_of_an_expanded_tensor(function: Callable[[Any], Any]) -> None:
    found = function(EXPANDED)
    assert found.stride() == (4, 2, 1)
    assert found.is_contiguous()


def test_a_clone_keeps_the_order_of_axes_unless_told() -> None:
    x = autodiff.arange(6.0, requires_grad=True).reshape(2, 3).t()
    assert x.clone().stride() == (1, 3)
    rows = x.clone(memory_format=autodiff.contiguous_format)
    assert rows.stride() == (2, 1)
    assert rows.tolist() == x.tolist()
    assert "CloneBackward0" in str(rows)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: autodiff.cat([x, x]),
        lambda x: autodiff.stack([x, x]),
        lambda x: x.softmax(0),
        lambda x: x.log_softmax(0),
        lambda x: x.cumsum(1),
        lambda x: x.roll(1, 0),
        lambda x: x.tril(),
        lambda x: x.triu(),
    ],
)
def test_a_turned_matrix_gives_rows_that_can_be_viewed(function: Callable[[Any], Any]) -> None:
    x = autodiff.arange(6.0).reshape(2, 3).t()
    found = function(x)
    assert found.is_contiguous()
    assert found.view(-1).tolist() == function(x.contiguous()).view(-1).tolist()


@pytest.mark.parametrize(
    "array",
    [
        np.broadcast_to(np.ones((2, 1, 3)), (2, 4, 3)).transpose(2, 1, 0),
        np.broadcast_to(np.ones((3, 2)).T, (4, 2, 3)),
        np.broadcast_to(np.float64(2.0), (2, 3)),
        np.broadcast_to(np.ones((0, 1)), (0, 3)),
        np.broadcast_to(np.ones((3, 2)), (4, 3, 2))[:, ::-1],
        np.ones((2, 3, 4)).transpose(2, 0, 1),
        np.ones(()),
    ],
)
def test_memory_without_gaps(array: Any) -> None:
    made = dense(array, np.float32)
    assert made.shape == array.shape
    assert made.dtype == np.float32
    order = np.argsort([-abs(step) for step in made.strides], kind="stable")
    assert made.transpose(order).flags.c_contiguous
    same = copied(np, array)
    assert not np.may_share_memory(same, array)
    np.testing.assert_array_equal(same, array)
