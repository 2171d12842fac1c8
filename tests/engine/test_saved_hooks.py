"""Saved-tensor hooks: what is packed, what comes back, and what is refused."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import autodiff as torch
from autodiff.autograd import Function, grad, graph


def leaf() -> Any:
    return torch.tensor([1.0, 2.0], requires_grad=True)


def counted() -> tuple[list[str], Any]:
    """Hooks that count what they see."""
    log: list[str] = []

    def pack(tensor: Any) -> Any:
        log.append(f"pack {tensor.tolist()}")
        return tensor.detach()

    def unpack(kept: Any) -> Any:
        log.append(f"unpack {kept.tolist()}")
        return kept

    return log, graph.saved_tensors_hooks(pack, unpack)


def test_each_saved_tensor_is_packed_once_and_unpacked_in_backward() -> None:
    log, hooks = counted()
    x = leaf()
    with hooks:
        y = (x * x).sum()
    assert log == ["pack [1.0, 2.0]"] * 2
    y.backward()
    assert log[2:] == ["unpack [1.0, 2.0]"] * 2
    assert x.grad.tolist() == [2.0, 4.0]


def test_nothing_is_packed_without_recording_and_outside_of_the_block() -> None:
    log, hooks = counted()
    x = leaf()
    with hooks:
        with torch.no_grad():
            x * x
        x.detach() * 2
    (x * x).sum().backward()
    assert log == []


def test_the_innermost_pair_counts() -> None:
    outer, outer_hooks = counted()
    inner, inner_hooks = counted()
    x = leaf()
    with outer_hooks:
        with inner_hooks:
            x.exp()
        x.exp()
    assert len(inner) == len(outer) == 1


def test_hooks_stay_on_in_enable_grad_within_no_grad() -> None:
    log, hooks = counted()
    x = leaf()
    with hooks, torch.no_grad(), torch.enable_grad():
        x.exp()
    assert len(log) == 1
    assert torch.is_grad_enabled() is True


def test_a_function_of_the_user_saves_through_hooks() -> None:
    class Exp(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y = ctx.saved_tensors
            assert x.requires_grad
            return g * y

    log, hooks = counted()
    x = leaf()
    with hooks:
        y = Exp.apply(x)
    assert len(log) == 2
    (first,) = grad(y.sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert second.tolist() == x.detach().exp().tolist()


def test_gradients_of_gradients_go_on_through_unpacked_tensors() -> None:
    _, hooks = counted()
    x = leaf()
    with hooks:
        y = (x**3).sum()
    (first,) = grad(y, x, create_graph=True)
    assert grad(first.sum(), x)[0].tolist() == [6.0, 12.0]


def test_writes_in_place_are_packed_too() -> None:
    log, hooks = counted()
    x = leaf()
    with hooks:
        y = x.clone()
        y.mul_(x)
        y[:1].mul_(x[:1])
        y.exp_()
    y.sum().backward()
    assert [round(v, 3) for v in x.grad.tolist()] == [8.155, 218.393]
    assert sum(one.startswith("pack") for one in log) == 5


def test_a_pack_hook_that_writes_is_refused_and_nothing_is_left_on() -> None:
    x = leaf()
    with (
        pytest.raises(RuntimeError, match="pack hook is modifying its input in place"),
        graph.saved_tensors_hooks(lambda t: t.add_(1), lambda t: t),
    ):
        (x * 1).exp()
    assert (x * x).sum().backward() is None


def test_an_unpack_hook_gives_a_tensor() -> None:
    x = leaf()
    with graph.saved_tensors_hooks(lambda t: t, lambda t: 1):
        y = x.exp()
    with pytest.raises(TypeError, match=r"unpack_hook expected to be a Tensor but got .* int"):
        y.sum().backward()
    assert x.grad is None


def test_disabled_hooks_say_the_message() -> None:
    with (
        pytest.raises(RuntimeError, match=r"^not here$"),
        graph.disable_saved_tensors_hooks("not here"),
        graph.save_on_cpu(),
    ):
        pass
    with graph.save_on_cpu():
        pass
    with (
        pytest.raises(RuntimeError, match=r"^off$"),
        graph.save_on_cpu(),
        graph.disable_saved_tensors_hooks("off"),
    ):
        pass
    with graph.save_on_cpu(pin_memory=True):
        x = leaf()
        y = x.exp()
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()


def test_saved_tensors_by_name() -> None:
    x = leaf()
    y = x * torch.ones(2)
    assert y.grad_fn._saved_other.tolist() == [1.0, 1.0]
    assert y.grad_fn._saved_self is None
    z = x.exp()
    assert z.grad_fn._saved_result.grad_fn is z.grad_fn
    assert (x * x).grad_fn._saved_self is x
    z.sum().backward()
    with pytest.raises(RuntimeError, match="after they have already been freed"):
        _ = z.grad_fn._saved_result
    w = x.sum(0, keepdim=True)
    assert w.grad_fn._saved_keepdim is True


def test_hooks_on_one_saved_tensor() -> None:
    x = leaf()
    y = x.exp()
    raw = y.grad_fn._raw_saved_result
    raw.register_hooks(lambda t: t, lambda t: t * 10)
    with pytest.raises(RuntimeError, match="hooks have already been set"):
        raw.register_hooks(lambda t: t, lambda t: t)
    y.sum().backward()
    assert x.grad.tolist() == (y.detach() * 10).tolist()
    with pytest.raises(RuntimeError, match="after it has been freed"):
        raw.register_hooks(lambda t: t, lambda t: t)
    with pytest.raises(RuntimeError, match="value None is forbidden"):
        (x * 2).grad_fn._raw_saved_self.register_hooks(lambda t: t, lambda t: t)


def test_hooks_belong_to_the_thread() -> None:
    log, hooks = counted()
    done = []

    def other() -> None:
        leaf().exp()
        done.append(len(log))

    with hooks:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert done == [0]


def test_saved_tensors_may_be_written_to_where_that_is_allowed() -> None:
    x = leaf()
    with graph.allow_mutation_on_saved_tensors() as context:
        y = x.clone()
        out = (y**2).sum()
        y.sin_()
        assert len(context.cloned) == 1
        out.backward()
        with pytest.raises(RuntimeError, match="contexts cannot be nested"):
            graph.allow_mutation_on_saved_tensors().__enter__()
        late = (x.clone() ** 2).sum()
    assert x.grad.tolist() == [2.0, 4.0]
    with pytest.raises(AssertionError, match="outside of the 'allow_mutation_on_saved_tensors'"):
        late.backward()
