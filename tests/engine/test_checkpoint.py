"""Checkpointing: recomputed when needed, the same gradients, and complaints where they differ."""

from __future__ import annotations

import functools
import gc
import weakref
from typing import Any

import pytest

import autodiff as torch
from autodiff.autograd import grad
from autodiff.utils.checkpoint import (
    CheckpointError,
    CheckpointPolicy,
    checkpoint,
    checkpoint_sequential,
    create_selective_checkpoint_contexts,
    set_checkpoint_debug_enabled,
    set_checkpoint_early_stop,
)


def leaf() -> Any:
    return torch.tensor([0.5, 1.0], dtype=torch.float64, requires_grad=True)


def region(log: list[str]) -> Any:
    def run(x: Any) -> Any:
        log.append("run")
        a = x.sin()
        b = a.exp()
        log.append("saved")
        c = b * 2
        log.append("end")
        return c

    return run


def plain(function: Any) -> list[float]:
    x = leaf()
    function(x).sum().backward()
    return x.grad.tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("reentrant", [False, True])
def test_the_same_gradients(reentrant: bool) -> None:
    x, log = leaf(), []  # type: tuple[Any, list[str]]
    checkpoint(region(log), x, use_reentrant=reentrant).sum().backward()
    assert x.grad.tolist() == plain(region([]))
    assert log.count("run") == 2


@pytest.mark.parametrize(("early", "end"), [(True, 1), (False, 2)])
def test_early_stop(early: bool, end: int) -> None:
    x, log = leaf(), []  # type: tuple[Any, list[str]]
    checkpoint(region(log), x, use_reentrant=False, early_stop=early).sum().backward()
    assert log.count("end") == end
    log.clear()
    with set_checkpoint_early_stop(early):
        y = checkpoint(region(log), x, use_reentrant=False)
    y.sum().backward()
    assert log.count("end") == end


def test_several_passes_and_orders() -> None:
    x = leaf()
    y = checkpoint(lambda t: t.sin().exp(), x, use_reentrant=False).sum()
    first = grad(y, x, retain_graph=True)[0]
    again = grad(y, x, create_graph=True)[0]
    assert first.tolist() == again.tolist()
    second = grad(again.sum(), x)[0]
    z = x.sin().exp().sum()
    expected = grad(grad(z, x, create_graph=True)[0].sum(), x)[0]
    assert second.tolist() == expected.tolist()


def test_nested() -> None:
    def outer(x: Any) -> Any:
        return checkpoint(lambda t: t.sin().cos(), x.exp(), use_reentrant=False).tanh()

    x = leaf()
    checkpoint(outer, x, use_reentrant=False).sum().backward()
    assert x.grad.tolist() == plain(lambda t: t.exp().sin().cos().tanh())


def test_saved_tensors_are_dropped() -> None:
    x, kept = leaf(), []  # type: tuple[Any, list[Any]]

    def run(t: Any) -> Any:
        middle = t.exp()
        kept.append(weakref.ref(middle._data))
        return middle * middle

    y = checkpoint(run, x, use_reentrant=False)
    gc.collect()
    assert kept[0]() is None
    y.sum().backward()
    gc.collect()
    assert kept[1]() is None


@pytest.mark.parametrize("reentrant", [False, True])
def test_random_numbers_come_again(reentrant: bool) -> None:
    def run(t: Any) -> Any:
        return t * torch.rand(2, dtype=torch.float64)

    torch.manual_seed(7)
    x = leaf()
    y = checkpoint(run, x, use_reentrant=reentrant)
    after = torch.rand(1).item()
    y.sum().backward()
    assert torch.rand(1).item() != after  # the stream goes on where it was
    factors = (y.detach() / x.detach()).tolist()
    assert x.grad.tolist() == pytest.approx(factors, rel=1e-12)


def changing(*functions: Any) -> Any:
    """A function that is another one the second time."""
    left = list(functions)
    return lambda x: left.pop(0)(x)  # noqa: PLW0108 - popped when called


@pytest.mark.parametrize(
    ("first", "second", "options", "words"),
    [
        (lambda x: x.sin().exp(), lambda x: x.exp(), {}, "A different number of tensors was"),
        (lambda x: x.sin(), lambda x: x.sin().exp().cos(), {"early_stop": False}, "save more"),
        (lambda x: x.sin().exp(), lambda x: x[:1].sin().exp(), {}, "have different metadata"),
    ],
)
def test_another_recomputation_is_told(
    first: Any, second: Any, options: dict[str, Any], words: str
) -> None:
    x = leaf()
    y = checkpoint(changing(first, second), x, use_reentrant=False, **options).sum()
    with pytest.raises(CheckpointError, match=words):
        y.backward()
    assert x.grad is None


def test_debug_lists_the_operations() -> None:
    x = leaf()
    run = changing(lambda t: t.sin().exp(), torch.exp)
    with set_checkpoint_debug_enabled(True):
        y = checkpoint(run, x, use_reentrant=False).sum()
    with pytest.raises(CheckpointError, match=r"original forward:\n\nsin\(\[2\]\)\nexp\(\[2\]\)"):
        y.backward()


def test_no_determinism_check() -> None:
    x = leaf()
    run = changing(lambda t: t.exp(), lambda t: (t * 1).exp())
    checkpoint(run, x, use_reentrant=False, determinism_check="none").sum().backward()
    assert x.grad is not None


def test_reentrant_refuses_what_it_cannot_do() -> None:
    x = leaf()
    y = checkpoint(lambda t: t.exp(), x, use_reentrant=True).sum()
    with pytest.raises(RuntimeError, match=r"When use_reentrant=True, torch.utils.checkpoint is"):
        grad(y, x, retain_graph=True)
    with pytest.raises(RuntimeError, match=r"When use_reentrant=True, torch.utils.checkpoint is"):
        y.backward(inputs=[x], retain_graph=True)
    y.backward()
    assert x.grad.tolist() == x.detach().exp().tolist()
    with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
        checkpoint(lambda t: t, x, use_reentrant=True, debug=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: y"):
        checkpoint(lambda t: t, x, use_reentrant=True, y=1)


def test_warnings() -> None:
    x = leaf()
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(lambda t: t.exp(), x)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        checkpoint(lambda t: t.exp(), x.detach(), use_reentrant=True)
    with pytest.warns(UserWarning, match=r"checkpoint_sequential: the use_reentrant"):
        checkpoint_sequential([torch.sin, torch.exp], 2, x)


def test_sequential() -> None:
    steps = [torch.sin, torch.exp, torch.tanh, torch.cos]
    x = leaf()
    checkpoint_sequential(steps, 2, x, use_reentrant=False).sum().backward()
    assert x.grad.tolist() == plain(lambda t: t.sin().exp().tanh().cos())


def test_an_input_that_was_written_to_is_told() -> None:
    z = leaf() * 1
    y = checkpoint(lambda t: t.sin().exp(), z, use_reentrant=False).sum()
    z.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@pytest.mark.parametrize(
    "policy",
    [
        [torch.exp],
        lambda ctx, op, *args, **kwargs: op.__name__ == "exp",
        lambda ctx, op, *args, **kwargs: CheckpointPolicy.MUST_SAVE,
        lambda ctx, op, *args, **kwargs: CheckpointPolicy.PREFER_RECOMPUTE,
    ],
)
def test_selective(policy: Any) -> None:
    contexts = functools.partial(create_selective_checkpoint_contexts, policy)
    x = leaf()

    def run(t: Any) -> Any:
        return (t.sin().exp() * t).tanh()

    y = checkpoint(run, x, use_reentrant=False, context_fn=contexts)
    y.sum().backward()
    assert x.grad.tolist() == plain(run)


def test_selective_complaints() -> None:
    with pytest.raises(TypeError, match="must be either a function or a list of ops"):
        create_selective_checkpoint_contexts(3)
    with pytest.raises(ValueError, match="Expected op in `op_list`"):
        create_selective_checkpoint_contexts([3])
    contexts = functools.partial(create_selective_checkpoint_contexts, [torch.exp])
    x = leaf()
    y = checkpoint(lambda t: t.exp().sin(), x, use_reentrant=False, context_fn=contexts).sum()
    y.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="Trying to backward an extra time"):
        y.backward()
