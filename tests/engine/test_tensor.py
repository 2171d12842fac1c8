"""Attributes and the life cycle of a `Tensor`."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import autodiff as torch


def leaf() -> Any:
    return torch.tensor([1.0, 2.0], requires_grad=True)


def test_printing() -> None:
    x = leaf()
    assert repr(x) == "tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], grad_fn=<MulBackward0>)"
    assert str((x * 2).sum()) == "tensor(6., grad_fn=<SumBackward0>)"
    assert repr(x.detach()) == "tensor([1., 2.])"
    assert f"{torch.tensor(1.5)}" == "1.5"
    before = x._version
    repr(x)
    assert x._version == before


def test_requires_grad_can_be_switched() -> None:
    x = torch.ones(2)
    x.grad = torch.ones(2)
    assert x.requires_grad_() is x
    assert x.grad.tolist() == [1.0, 1.0]
    x.requires_grad = False
    assert x.grad.tolist() == [1.0, 1.0]
    assert not x.requires_grad
    torch.tensor([1]).requires_grad_(False)


def test_gradients_of_other_than_leaves_warn() -> None:
    x = leaf()
    y = x * 2
    with pytest.warns(UserWarning, match="that is not a leaf Tensor is being accessed"):
        assert y.grad is None
    y.retain_grad()
    assert y.retains_grad
    assert not x.retains_grad
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert y.grad is None
        assert x.grad is None


def test_grad_can_be_set_and_deleted() -> None:
    x = leaf()
    g = torch.ones(2)
    x.grad = g
    assert x.grad is g
    del x.grad
    assert x.grad is None


def test_data() -> None:
    x = leaf()
    x.data.mul_(2)
    assert x.tolist() == [2.0, 4.0]
    assert x._version == 0
    x.data = torch.zeros(5)
    assert repr(x) == "tensor([0., 0., 0., 0., 0.], requires_grad=True)"


def test_detach_in_place() -> None:
    y = leaf() * 2
    assert y.detach_() is y
    assert y.is_leaf
    assert not y.requires_grad


def test_copies() -> None:
    x = leaf()
    x.grad = torch.ones(2)
    shallow, deep = copy.copy(x), copy.deepcopy(x)
    assert shallow.grad is None
    assert shallow.requires_grad
    assert deep.grad.tolist() == [1.0, 1.0]
    assert deep.grad is not x.grad
    with torch.no_grad():
        x.add_(1)
    assert shallow.tolist() == [2.0, 3.0]
    assert deep.tolist() == [1.0, 2.0]
    first, second = copy.deepcopy([x, x])
    assert first is second
    assert copy.copy(x * 2).is_leaf


def test_pickle_drops_gradient_and_history() -> None:
    x = leaf()
    x.grad = torch.ones(2)
    back = pickle.loads(pickle.dumps(x))
    assert repr(back) == repr(x)
    assert back.grad is None
    assert repr(pickle.loads(pickle.dumps(x * 2))) == "tensor([2., 4.], requires_grad=True)"


def test_numbers() -> None:
    assert float(torch.tensor(1.5)) == 1.5
    assert int(torch.tensor([3])) == 3
    assert [10, 20][torch.tensor(1)] == 20
    assert not torch.tensor(0.0)
    assert torch.tensor([[1, 2], [3, 4]]).tolist() == [[1, 2], [3, 4]]
    with pytest.warns(UserWarning, match="Converting a tensor with requires_grad=True"):
        float(torch.tensor(1.0, requires_grad=True))


def test_numpy_shares_memory() -> None:
    array = np.array([1.0, 2.0])
    t = torch.from_numpy(array)
    t.mul_(2)
    assert array.tolist() == [2.0, 4.0]
    assert t.numpy() is array or np.shares_memory(t.numpy(), array)
    scalar = torch.tensor([1.0, 2.0]).sum()
    shared = scalar.numpy()
    scalar.add_(1)
    assert shared == 4.0


def test_iteration_and_identity() -> None:
    x = leaf()
    first, second = x
    (first * 3 + second).backward()
    assert x.grad.tolist() == [3.0, 1.0]
    assert len(x) == 2
    assert 2.0 in x
    assert len({x, x, leaf()}) == 2


def test_strides() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    assert x.stride() == (3, 1)
    assert x.t().stride() == (1, 3)
    assert x[None].stride() == (6, 3, 1)
    assert x[1:].storage_offset() == 3
    assert x.expand(4, 2, 3).stride() == (0, 3, 1)
