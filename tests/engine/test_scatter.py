"""Rows added up where indices repeat, as `np.add.at` does it, and the embedding built on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff.kernels import scatter
from autodiff.kernels.scatter import add_at

F = torch.nn.functional


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    st.integers(0, 10**6),
    st.sampled_from([1, 3, 50, 70000]),
    st.sampled_from([(), (1,), (3,), (2, 2)]),
    st.integers(1, 2),
    st.sampled_from(["float32", "float64", "int64"]),
)
def test_every_repetition_counts(
    seed: int, rows: int, rest: tuple[int, ...], indices: int, dtype: str
) -> None:
    rng = np.random.default_rng(seed)
    sizes = (rows, 4)[:indices]
    count = int(rng.integers(1, 300))
    index: Any = tuple(rng.integers(-n, n, count) for n in sizes)
    whole = rng.integers(-5, 5, (*sizes, *rest)).astype(dtype)
    values = rng.integers(-9, 9, (count, *rest)).astype(dtype)
    expected = whole.copy()
    np.add.at(expected, index, values)
    np.testing.assert_array_equal(add_at(np, whole, index, values), expected)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.integers(0, 10**6),
    st.sampled_from([(3, 40), (2, 3, 7), (20, 5, 2), (1, 9), (4, 1, 3)]),
    st.integers(1, 2),
    st.sampled_from([1, 3, 60, 400]),
    st.booleans(),
)
def test_every_repetition_counts_along_an_axis(
    seed: int, shape: tuple[int, ...], axis: int, count: int, whole: bool
) -> None:
    axis = min(axis, len(shape) - 1)
    rng = np.random.default_rng(seed)
    positions = rng.integers(-shape[axis], shape[axis], count)
    index: Any = (*(slice(None),) * axis, positions)
    start = rng.integers(-5, 5, shape).astype(np.float32)
    values = rng.integers(-9, 9, (*shape[:axis], count, *shape[axis + 1 :])).astype(np.float32)
    if whole:
        values = np.asfortranarray(values)
    expected = start.copy()
    np.add.at(expected, index, values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scatter, "_MANY", 0)
        np.testing.assert_array_equal(add_at(np, start, index, values), expected)


@pytest.mark.parametrize("index", [np.full(100, 3), np.full(100, -4)])
def test_outside(index: np.ndarray) -> None:
    with pytest.raises(IndexError):
        add_at(np, np.zeros((3, 2)), index, np.ones((100, 2)))
    with pytest.raises(IndexError):
        add_at(np, np.zeros((3000, 3)), (slice(None), index), np.ones((3000, 100)))


@pytest.mark.parametrize("count", [5, 500])
def test_embedding_adds_rows_up(count: int) -> None:
    index = np.arange(count) ** 2 % 7
    table = torch.zeros(7, 3, dtype=torch.float64, requires_grad=True)
    weight = np.arange(3.0 * count).reshape(count, 3)
    out = F.embedding(torch.from_numpy(index), table, padding_idx=1)
    out.backward(torch.from_numpy(weight))
    expected = np.zeros((7, 3))
    np.add.at(expected, index, weight)
    expected[1] = 0
    np.testing.assert_array_equal(table.grad.numpy(), expected)
    assert out.grad_fn.name() == "EmbeddingBackward0"


def test_embedding_shares_the_gradient_of_a_frequent_row() -> None:
    table = torch.zeros(3, 1, requires_grad=True)
    out = F.embedding(torch.tensor([0, 0, 0, 2]), table, scale_grad_by_freq=True)
    out.backward(torch.tensor([[3.0], [6.0], [9.0], [5.0]]))
    assert table.grad.tolist() == [[6.0], [0.0], [5.0]]


def test_embedding_of_batches() -> None:
    table = torch.arange(6.0).reshape(3, 2)
    index = torch.tensor([[0, 2], [1, 1]])
    found = torch.func.vmap(lambda one: F.embedding(one, table))(index)
    assert found.tolist() == F.embedding(index, table).tolist()
