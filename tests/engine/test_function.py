"""`autograd.Function` in both forms."""

from __future__ import annotations

from typing import Any

import pytest

import autodiff as torch
from autodiff.autograd import Function, grad
from autodiff.function import once_differentiable


class Exp(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        out = x.exp()
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (out,) = ctx.saved_tensors
        return g * out


class Scale(Function):
    """The other form, with an argument that is not a tensor."""

    @staticmethod
    def forward(x: Any, factor: float, y: Any) -> Any:
        return x * factor + y

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.factor = inputs[1]
        ctx.seen = ctx.needs_input_grad

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.factor, None, g if ctx.needs_input_grad[2] else None


def leaf() -> Any:
    return torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)


def test_first_and_second_derivative_through_the_user_s_backward() -> None:
    x = leaf()
    y = Exp.apply(x)
    assert repr(y).endswith("grad_fn=<ExpBackward>)")
    assert y.grad_fn.name() == "ExpBackward"
    assert repr(y.grad_fn).startswith("<torch.autograd.function.ExpBackward object at 0x")
    assert str(type(y.grad_fn)) == "<class 'autodiff.autograd.function.ExpBackward'>"
    assert y.grad_fn.saved_tensors[0].grad_fn is y.grad_fn
    (g,) = grad(y.sum(), x, create_graph=True)
    (gg,) = grad(g.sum(), x, create_graph=True)
    (ggg,) = grad(gg.sum(), x)
    assert g.tolist() == gg.tolist() == ggg.tolist() == y.tolist()


def test_setup_context() -> None:
    x, y = leaf(), torch.ones(2, dtype=torch.float64)
    out = Scale.apply(x, 3.0, y)
    assert out.grad_fn.seen == (True, False, False)
    assert len(out.grad_fn.next_functions) == 2  # as many as tensors among the arguments
    out.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    with torch.no_grad():
        assert not Scale.apply(x, 3.0, y).requires_grad


def test_modes_inside() -> None:
    seen: list[bool] = []

    class Mode(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            seen.append(torch.is_grad_enabled())
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            seen.append(torch.is_grad_enabled())
            return g * 2

    x = leaf()
    grad(Mode.apply(x).sum(), x)
    grad(Mode.apply(x).sum(), x, create_graph=True)
    assert seen == [False, False, False, True]


class Several(Function):
    seen: list[Any]

    @staticmethod
    def forward(ctx: Any, x: Any, fill: bool, stop: bool) -> Any:
        ctx.set_materialize_grads(fill)
        outputs = x * 2, x * 3, 7, (x * 4).long()
        if stop:
            ctx.mark_non_differentiable(outputs[1])
        return outputs

    @staticmethod
    def backward(ctx: Any, *gs: Any) -> Any:
        Several.seen = [None if g is None else g.tolist() for g in gs]
        return gs[0], None, None


def test_several_outputs() -> None:
    x = leaf()
    first, second, number, integers = Several.apply(x, True, False)
    assert (first.output_nr, second.output_nr, number) == (0, 1, 7)
    assert first.grad_fn is second.grad_fn
    assert not integers.requires_grad
    first.sum().backward()
    assert Several.seen == [[1.0, 1.0], [0.0, 0.0], None, [0, 0]]
    first, second, *_ = Several.apply(x, False, True)
    assert not second.requires_grad
    first.sum().backward()
    assert Several.seen == [[1.0, 1.0], None, None, None]


class Write(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


def test_mark_dirty() -> None:
    x = leaf()
    y = x * 1
    out = Write.apply(y)
    assert out is y
    assert type(y.grad_fn).__name__ == "WriteBackward"
    assert y._version == 2
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="has been used in an in-place operation"):
        Write.apply(x)


def test_mark_dirty_on_a_view() -> None:
    x = leaf()
    base = x * 1
    view = base[:1]
    assert Write.apply(view) is view
    assert type(base.grad_fn).__name__ == "CopySlices"
    assert type(view.grad_fn).__name__ == "AsStridedBackward0"
    base.sum().backward()
    assert x.grad.tolist() == [2.0, 1.0]


def test_dirty_tensors_must_be_returned() -> None:
    class Forgets(Write):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.mark_dirty(x)
            return x * 1

    with pytest.raises(RuntimeError, match="marked as dirty during the forward method were not"):
        Forgets.apply(leaf() * 1)


class Same(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 3


def test_an_input_that_is_returned() -> None:
    x = leaf()
    out = Same.apply(x)
    assert out is not x
    assert out._is_view()
    assert x.is_leaf
    out.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    with pytest.raises(RuntimeError, match="was created inside a custom Function"):
        out.mul_(2)
    with torch.no_grad():
        assert not Same.apply(x).requires_grad


def test_once_differentiable() -> None:
    class Once(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    x = leaf()
    y = Once.apply(x)
    (g,) = grad((y * y).sum(), x, create_graph=True)
    assert g.tolist() == [8.0, 16.0]
    with pytest.raises(RuntimeError) as caught:
        g.sum().backward()
    assert str(caught.value) == (
        "trying to differentiate twice a function that was marked with @once_differentiable"
    )


def test_gradients_take_the_input_s_dtype_and_shape() -> None:
    class Loose(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g.float().expand(3, 2)

    x = leaf()
    Loose.apply(x).sum().backward()
    assert x.grad.dtype is torch.float64
    assert x.grad.tolist() == [3.0, 3.0]


def test_saved_tensors_are_guarded() -> None:
    x = leaf()
    y = Exp.apply(x)
    y.add_(1)
    with pytest.raises(RuntimeError, match="which is output 0 of Exp, is at version 1"):
        y.sum().backward()
    y = Exp.apply(x)
    y.sum().backward()
    with pytest.raises(RuntimeError, match="a second time"):
        y.sum().backward()
    with pytest.raises(RuntimeError, match="a second time"):
        _ = y.grad_fn.saved_tensors


def test_vjp_is_backward_by_another_name() -> None:
    class Other(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def vjp(ctx: Any, g: Any) -> Any:
            return g * 7

    x = leaf()
    Other.apply(x).sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]


def test_keywords_and_non_tensor_results_pass_through() -> None:
    class Plain(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, times: int = 1) -> Any:
            return x.sum().item() * times

    assert Plain.apply(leaf(), times=2) == 6.0
