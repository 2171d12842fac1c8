"""Views share memory, write counter and history with their base."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as torch
from autodiff.autograd import grad

VIEWS = {
    "int": lambda x: x[1],
    "slice": lambda x: x[:, 1:],
    "new axis": lambda x: x[:, None],
    "ellipsis": lambda x: x[..., 0],
    "t": lambda x: x.t(),
    "view": lambda x: x.view(6),
    "reshape": lambda x: x.reshape(3, 2),
    "permute": lambda x: x.permute(1, 0),
    "transpose": lambda x: x.transpose(0, 1),
    "unsqueeze": lambda x: x.unsqueeze(0),
    "squeeze": lambda x: x[:1].squeeze(),
    "diagonal": lambda x: x.diagonal(),
    "narrow": lambda x: x.narrow(1, 1, 2),
    "view of a view": lambda x: x.t()[1:].t(),
    "reshape of a transpose of a slice": lambda x: x[:, :2].t(),
}


def matrix(**options: Any) -> Any:
    return torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], dtype=torch.float64, **options)


@pytest.mark.parametrize("name", VIEWS)
def test_views_share_memory_and_counter(name: str) -> None:
    base = matrix()
    view = VIEWS[name](base)
    assert view._is_view()
    assert view._base is base
    view.add_(10)
    assert base._version == view._version == 1
    assert base.sum().item() == 21 + 10 * view.numel()
    base.zero_()
    assert view._version == 2
    assert view.abs().sum().item() == 0


@pytest.mark.parametrize("name", VIEWS)
def test_writing_to_a_view_rewrites_the_base_s_history(name: str) -> None:
    x = matrix(requires_grad=True)
    base = x * 1
    view = VIEWS[name](base)
    view.mul_(3)
    assert type(base.grad_fn).__name__ == "CopySlices"
    assert base.grad_fn.name() == "torch::autograd::CopySlices"
    assert type(view.grad_fn).__name__ == "AsStridedBackward0"
    (g,) = grad((base * base).sum(), x)
    expected = 2 * x.detach()
    VIEWS[name](expected).mul_(9)
    assert g.tolist() == expected.tolist()


@pytest.mark.parametrize("name", VIEWS)
def test_second_derivatives_through_a_written_view(name: str) -> None:
    x = matrix(requires_grad=True)
    base = x * x
    VIEWS[name](base).mul_(VIEWS[name](x))
    (first,) = grad(base.sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    cubes = matrix(requires_grad=True)
    chosen = torch.zeros(2, 3, dtype=torch.float64)
    VIEWS[name](chosen).fill_(1.0)
    (g,) = grad((cubes**3 * chosen + cubes**2 * (1 - chosen)).sum(), cubes, create_graph=True)
    (gg,) = grad(g.sum(), cubes)
    assert np.allclose(first.detach().numpy(), g.detach().numpy(), rtol=1e-14)
    assert np.allclose(second.numpy(), gg.numpy(), rtol=1e-14)


@pytest.mark.parametrize("name", VIEWS)
def test_writing_to_the_base_gives_views_a_new_history(name: str) -> None:
    x = matrix(requires_grad=True)
    base = x * 1
    view = VIEWS[name](base)
    base.mul_(x)
    assert type(view.grad_fn).__name__ == "AsStridedBackward0"
    (g,) = grad(view.sum(), x)
    expected = torch.zeros(2, 3, dtype=torch.float64)
    VIEWS[name](expected).copy_(VIEWS[name](2 * x.detach()))
    assert g.tolist() == expected.tolist()


def test_a_plain_buffer_starts_to_need_a_gradient() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    buffer = torch.zeros(3)
    tail = buffer[1:]
    buffer[:2] = x
    assert repr(buffer) == "tensor([1., 2., 0.], grad_fn=<CopySlices>)"
    assert buffer.grad_fn.next_functions == ((None, 0), (buffer.grad_fn.next_functions[1][0], 0))
    assert buffer.grad_fn.next_functions[1][0].variable is x
    assert repr(tail) == "tensor([2., 0.], grad_fn=<AsStridedBackward0>)"
    buffer[0] = 7.0
    (buffer.sum() + tail.sum()).backward()
    assert x.grad.tolist() == [0.0, 2.0]


def test_two_views_of_one_base() -> None:
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    base = x * 1
    left, right = base[:2], base[1:]
    left.mul_(2)
    right.mul_(3)
    (left.sum() + right.sum() * 10).backward()
    assert base.tolist() == [2.0, 12.0, 9.0]
    assert x.grad.tolist() == [2.0, 66.0, 30.0]


def test_views_of_layouts_that_are_not_row_major() -> None:
    x = matrix(requires_grad=True)
    base = x.t() * 1  # its memory follows that of the transpose
    flat = base.t().view(6)
    flat[1:3].mul_(5)
    (g,) = grad(base.sum(), x, create_graph=True)
    assert g.tolist() == [[1.0, 5.0, 5.0], [1.0, 1.0, 1.0]]


def test_views_made_without_grad() -> None:
    x = matrix(requires_grad=True)
    with torch.no_grad():
        view = x[0]
    assert view.requires_grad
    assert view.is_leaf
    assert view.grad_fn is None
    assert view._is_view()
    assert repr(view).endswith("requires_grad=True)")
    y = view * 2
    assert y.grad_fn.next_functions == ((None, 0), (None, 0))
    y.sum().backward()
    assert x.grad is None
    with torch.no_grad():
        view.mul_(2)
    assert x.detach().tolist()[0] == [2.0, 4.0, 6.0]


def test_a_base_that_needs_a_gradient_later() -> None:
    base = torch.ones(3)
    view = base[:2]
    base.requires_grad_()
    assert view.requires_grad
    assert view.grad_fn is None
    (view * 2).sum().backward()
    assert base.grad is None


def test_detached_tensors_share_the_counter_and_data_does_not() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    detached = y.detach()
    assert not detached._is_view()
    detached.mul_(3)
    assert y._version == 1
    assert y.tolist() == [3.0, 3.0]
    y.data.mul_(2)
    assert y._version == 1
    assert y.tolist() == [6.0, 6.0]
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_expanded_memory_takes_one_value_for_all() -> None:
    x = torch.ones(2, requires_grad=True)
    base = x[:1] * 1
    wide = base.expand(3)
    wide.zero_()
    assert base.tolist() == [0.0]
    same = (x * 1).expand(2)
    same.add_(torch.tensor([1.0, 2.0]))
    assert same.tolist() == [2.0, 3.0]
