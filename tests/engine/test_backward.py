"""`backward` and `grad`: what arrives where, in which memory, under which options."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff.autograd import Function, backward, grad


def leaf(*values: float, dtype: Any = torch.float32) -> Any:
    return torch.tensor(list(values) or [1.0, 2.0], dtype=dtype, requires_grad=True)


def test_gradients_add_up_in_place() -> None:
    x = leaf()
    (x * x).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    assert x.grad is first
    assert first.tolist() == [4.0, 8.0]


def test_a_given_gradient_is_copied() -> None:
    x, g = leaf(), torch.ones(2)
    x.backward(g)
    (x * 1).backward(g)
    assert x.grad is not g
    g.add_(5)
    assert x.grad.tolist() == [2.0, 2.0]


def test_create_graph_gives_gradients_a_history() -> None:
    x = leaf()
    with pytest.warns(UserWarning, match="will create a reference cycle"):
        (x * x).sum().backward(create_graph=True)
    assert repr(x.grad) == "tensor([2., 4.], grad_fn=<CopyBackwards>)"
    assert x.grad.grad_fn.name() == "torch::autograd::CopyBackwards"
    first = x.grad
    with pytest.warns(UserWarning, match="will create a reference cycle"):
        (x * x).sum().backward(create_graph=True)
    assert x.grad is not first
    assert repr(x.grad) == "tensor([4., 8.], grad_fn=<AddBackward0>)"
    second = x.grad
    (x * x).sum().backward()
    assert x.grad is second
    assert second.tolist() == [6.0, 12.0]


def test_gradients_have_the_leaf_s_dtype_shape_and_layout() -> None:
    x = leaf()
    (x.double() * 3).sum().backward()
    assert x.grad.dtype is torch.float32
    row = torch.ones(1, 3, requires_grad=True)
    (row * torch.ones(2, 3)).sum().backward()
    assert row.grad.shape == (1, 3)
    scalar = torch.tensor(2.0, requires_grad=True)
    (scalar * torch.ones(2, 3)).sum().backward()
    assert scalar.grad.shape == ()
    columns = torch.ones(3, 2).t().detach().requires_grad_()
    columns.backward(torch.ones(2, 3))
    assert columns.grad.stride() == columns.stride() == (1, 2)


def test_grad_returns_what_flowed_without_copies() -> None:
    x, g = leaf(), torch.ones(2)
    assert grad(x + 1, x, g)[0] is g
    first, second = grad((x + x * 1).sum(), [x, x])
    assert first is second
    assert x.grad is None
    (expanded,) = grad(x.sum(), x)
    assert expanded.stride() == (0,)


def test_the_gradient_of_a_root_with_respect_to_itself() -> None:
    s = torch.tensor(2.0, requires_grad=True)
    assert repr(grad(s, s)) == "(tensor(1.),)"
    s.backward()
    assert s.grad.item() == 1.0


def test_several_roots() -> None:
    x = leaf()
    backward([x * 2, (x * x).sum()], [torch.ones(2), None])
    assert x.grad.tolist() == [4.0, 6.0]
    y = x * 3
    backward([y, y], [torch.ones(2), torch.ones(2)])
    assert x.grad.tolist() == [10.0, 12.0]


def test_surplus_gradients_are_ignored() -> None:
    x = leaf()
    assert grad(x * 2, x, [torch.ones(2), torch.ones(2)])[0].tolist() == [2.0, 2.0]


def test_inputs_restrict_accumulation() -> None:
    x, w = leaf(), leaf()
    y = x * 2
    z = (y * w).sum()
    z.backward(inputs=[y], retain_graph=True)
    assert y.grad.tolist() == [1.0, 2.0]
    assert y.retains_grad
    assert x.grad is None
    assert w.grad is None
    z.backward(inputs=w)
    assert w.grad.tolist() == [2.0, 4.0]
    assert x.grad is None


def test_unused_inputs() -> None:
    x, y = leaf(), leaf()
    s = (x * 2).sum()
    assert grad(s, [x, y], retain_graph=True, allow_unused=True)[1] is None
    assert grad(s, [x, y], materialize_grads=True)[1].tolist() == [0.0, 0.0]


def test_a_dict_of_inputs_gives_a_dict() -> None:
    x, y = leaf(), leaf()
    found = grad((x * y).sum(), {"x": x, "y": y})
    assert {key: value.tolist() for key, value in found.items()} == {
        "x": [1.0, 2.0],
        "y": [1.0, 2.0],
    }


def test_only_the_needed_part_runs() -> None:
    x, w = leaf(), leaf()
    ran: list[str] = []
    a, b = x * 2, w * 3
    a.register_hook(lambda g: ran.append("a"))
    b.register_hook(lambda g: ran.append("b"))
    grad((a * b).sum(), x)
    assert ran == ["a"]


def test_an_asked_for_value_between_is_taken_before_its_hooks() -> None:
    x = leaf()
    y = x * 2
    y.register_hook(lambda g: g * 10)
    s = (y * 3).sum()
    assert grad(s, y, retain_graph=True)[0].tolist() == [30.0, 30.0]
    found = grad(s, [y, x])  # PyTorch takes it earlier where the pass goes on
    assert [one.tolist() for one in found] == [[3.0, 3.0], [60.0, 60.0]]


def test_batched_gradients() -> None:
    x = leaf()
    (found,) = grad(x * x, x, torch.eye(2), is_grads_batched=True)
    assert found.tolist() == [[2.0, 0.0], [0.0, 4.0]]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_any_order(order: int) -> None:
    x = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    y = x**5
    for _ in range(order):
        (y,) = grad(y, x, create_graph=True)
    exact = [5 * 1.5**4, 20 * 1.5**3, 60 * 1.5**2, 120 * 1.5]
    assert y.item() == pytest.approx(exact[order - 1], rel=1e-14)


def test_retain_graph_follows_create_graph() -> None:
    x = leaf()
    s = (x * x).sum()
    grad(s, x, create_graph=True)
    grad(s, x, retain_graph=False)
    with pytest.raises(RuntimeError, match="a second time"):
        grad(s, x)


class Stop(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return None


def test_undefined_gradients() -> None:
    x = leaf()
    seen: list[Any] = []
    y = x * 3
    y.register_hook(seen.append)
    Stop.apply(y).sum().backward()
    assert seen == [None]
    assert x.grad is None
    (Stop.apply(x) + x).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_a_switched_off_leaf_gets_nothing() -> None:
    x, w = leaf(), leaf()
    s = (x * w).sum()
    x.requires_grad = False
    s.backward()
    assert x.grad is None
    assert w.grad.tolist() == [1.0, 2.0]


def test_backward_inside_backward() -> None:
    class Inner(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            with torch.enable_grad():
                y = x.detach().requires_grad_()
                (y * y).sum().backward()
            return g * y.grad

    x = leaf()
    Inner.apply(x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
    assert torch.is_grad_enabled()


def test_the_mode_inside_backward() -> None:
    seen: list[bool] = []
    x = leaf()
    y = x * x
    y.register_hook(lambda g: seen.append(torch.is_grad_enabled()))
    s = y.sum()
    grad(s, x, retain_graph=True)
    with torch.no_grad():
        (g,) = grad(s, x, create_graph=True)
    assert seen == [False, True]
    assert g.requires_grad


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.sampled_from(["add", "mul", "neg", "sin", "twice"]), max_size=30))
def test_chains_follow_the_chain_rule(steps: list[str]) -> None:
    """Dual numbers say what the derivative of a chain is."""
    x = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    y = x
    value, slope = torch.tensor(0.5, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64)
    for step in steps:
        if step == "add":
            y, value = y + x, value + 0.5
            slope = slope + 1
        elif step == "mul":
            y, slope, value = y * x, slope * 0.5 + value, value * 0.5
        elif step == "neg":
            y, slope, value = -y, -slope, -value
        elif step == "sin":
            y, slope, value = y.sin(), slope * value.cos(), value.sin()
        else:
            y, slope, value = y + y, slope * 2, value * 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y.backward()
    assert x.grad.item() == pytest.approx(slope.item(), rel=1e-12, abs=1e-12)
