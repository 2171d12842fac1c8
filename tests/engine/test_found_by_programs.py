"""What random programs have found, by itself."""

from __future__ import annotations

import numpy as np
import pytest

import autodiff
from autodiff import Tensor, tensor


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x.flip(0),
        lambda x: x.flip(-1),
        lambda x: x[0].max(0).values,
        lambda x: x[0].min(0).values,
        lambda x: x[0].sort(0).values,
        lambda x: x[0].gather(0, tensor(0)),
    ],
)
def test_results_have_memory_of_their_own(call: object) -> None:
    x = tensor([2.0])
    result: Tensor = call(x)  # type: ignore[operator]
    result.mul_(3)
    assert x.tolist() == [2.0]


def test_saved_hooks_are_given_the_values_before_the_write() -> None:
    x = tensor([3.0], requires_grad=True)
    y = x * 1
    with autodiff.autograd.graph.saved_tensors_hooks(lambda one: one.clone(), lambda one: one):
        y *= y
    y.backward(autodiff.ones(1))
    assert x.grad is not None
    assert x.grad.tolist() == [6.0]


def test_filled_expanded_view() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.expand(3, -1).fill_(5.0)
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.0]


def test_lerp_starts_at_the_nearer_end() -> None:
    ends = tensor([np.inf, 1.0]), tensor([2.0, 3.0])
    assert autodiff.lerp(*ends, 0.75).tolist() == [np.inf, 2.5]


def test_linear_without_rows() -> None:
    x = autodiff.zeros(0, 3, requires_grad=True)
    autodiff.nn.functional.linear(x, x).sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (0, 3)


def test_complex_zero_is_false_only_if_both_parts_are() -> None:
    x = tensor([1j, 0j, 1 + 0j])
    assert x.to(autodiff.bool).tolist() == [True, False, True]


def test_empty_tensors_iterate_and_split() -> None:
    empty = autodiff.zeros(0, 3)
    assert list(empty) == []
    assert [tuple(one.shape) for one in empty.chunk(2)] == [(0, 3), (0, 3)]


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.scatter_(0, autodiff.zeros(2, dtype=autodiff.int64), x),
        lambda x: x.index_add_(0, tensor([0, 1]), x),
        lambda x: x.index_put_((tensor([0, 1]),), x),
    ],
)
def test_scattering_from_the_same_memory_is_refused(write: object) -> None:
    x = tensor([1.0, 2.0])
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        write(x)  # type: ignore[operator]
    assert x.tolist() == [1.0, 2.0]


def test_out_of_the_wrong_dtype_is_left_as_it_was() -> None:
    kept = tensor([1, 2, 3])
    with pytest.raises(RuntimeError, match="result type Float can't be cast"):
        autodiff.mul(autodiff.ones(2, 2), 2.0, out=kept)
    assert kept.tolist() == [1, 2, 3]
