"""Hooks: which run, in which order, what they may change."""

from __future__ import annotations

from typing import Any

import pytest

import autodiff as torch
from autodiff.autograd import grad


def leaf() -> Any:
    return torch.tensor([1.0, 2.0], requires_grad=True)


def observed(log: list[str]) -> tuple[Any, Any, Any]:
    """The graph of the order test: w, y = 3 w, sum of y², with a hook everywhere."""
    w = torch.ones(2, requires_grad=True)
    y = w * 3
    total = (y**2).sum()
    y.retain_grad()
    y.register_hook(lambda g: log.append("y first"))
    y.register_hook(lambda g: log.append("y second"))
    y.grad_fn.register_prehook(lambda g: log.append("before mul"))
    y.grad_fn.register_hook(lambda gi, go: log.append("after mul"))
    w.register_hook(lambda g: log.append("w"))
    end = y.grad_fn.next_functions[0][0]
    end.register_prehook(lambda g: log.append("before accumulation"))
    end.register_hook(lambda gi, go: log.append(f"after accumulation {gi}"))
    w.register_post_accumulate_grad_hook(lambda t: log.append(f"accumulated {t.grad.tolist()}"))
    return w, y, total


def test_order() -> None:
    log: list[str] = []
    _, y, total = observed(log)
    total.backward()
    assert log == [
        "y first",
        "y second",
        "before mul",
        "after mul",
        "w",
        "before accumulation",
        "accumulated [18.0, 18.0]",
        "after accumulation ()",
    ]
    assert y.grad.tolist() == [6.0, 6.0]


def test_order_of_grad() -> None:
    log: list[str] = []
    w, y, total = observed(log)
    grad(total, w, retain_graph=True)
    assert log == ["y first", "y second", "before mul", "after mul", "w"]
    log.clear()
    grad(total, y)
    assert log == ["y first", "y second"]


def test_retained_gradient_is_what_all_hooks_left() -> None:
    x = leaf()
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: g + 1)
    y.sum().backward(retain_graph=True)
    assert y.grad.tolist() == [11.0, 11.0]
    assert x.grad.tolist() == [22.0, 22.0]
    y.sum().backward()
    assert y.grad.tolist() == [22.0, 22.0]


def test_hooks_stay_with_the_version_they_were_put_on() -> None:
    x = leaf()
    log: list[Any] = []
    t = x * 1
    t.retain_grad()
    t.register_hook(lambda g: log.append(("before", g.tolist())))
    t.mul_(3)
    t.register_hook(lambda g: log.append(("after", g.tolist())))
    t.sum().backward()
    assert log == [("after", [1.0, 1.0]), ("before", [3.0, 3.0])]
    assert t.grad.tolist() == [1.0, 1.0]


def test_retain_grad_follows_a_view() -> None:
    x = torch.ones(3, requires_grad=True)
    t = x * 1
    view = t[:2]
    t.retain_grad()
    view.retain_grad()
    view.mul_(3)
    (t.sum() + view.sum()).backward()
    assert t.grad.tolist() == [2.0, 2.0, 1.0]
    assert view.grad.tolist() == [1.0, 1.0]


def test_handles() -> None:
    x = leaf()
    handle = x.register_hook(lambda g: g * 5)
    handle.remove()
    handle.remove()
    with x.register_hook(lambda g: g * 100):
        assert grad((x * 2).sum(), x)[0].tolist() == [200.0, 200.0]
    assert grad((x * 2).sum(), x)[0].tolist() == [2.0, 2.0]


def test_a_hook_may_remove_itself() -> None:
    x = leaf()
    y = x * 1
    handles: list[Any] = []

    def once(g: Any) -> Any:
        handles[0].remove()
        return g * 2

    handles.append(y.register_hook(once))
    y.register_hook(lambda g: g + 1)
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert x.grad.tolist() == [5.0, 5.0]


def test_a_hook_on_a_leaf_counts_for_graphs_made_before() -> None:
    x = leaf()
    s = (x * 2).sum()
    x.register_hook(lambda g: g * 3)
    s.backward()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [12.0, 12.0]


def test_a_hook_may_write_in_place() -> None:
    x, g = leaf(), torch.ones(2)
    y = x * 2
    y.register_hook(lambda g: g.mul_(5))
    y.backward(g)
    assert x.grad.tolist() == [10.0, 10.0]
    assert g.tolist() == [5.0, 5.0]  # it is the very tensor, as in PyTorch


def test_node_hooks_replace() -> None:
    x = leaf()
    y = x * 2
    y.grad_fn.register_prehook(lambda g: (g[0] * 5,))
    y.grad_fn.register_hook(lambda gi, go: (gi[0] * 7, gi[1]))
    assert grad(y.sum(), x)[0].tolist() == [70.0, 70.0]


@pytest.mark.parametrize(
    ("hook", "error", "text"),
    [
        (lambda g: g[0], TypeError, "expected tuple, but hook returned 'Tensor'"),
        (
            lambda g: (g[0], g[0]),
            RuntimeError,
            "hook '<lambda>' has returned an incorrect number of values (got 2, but expected 1)",
        ),
    ],
)
def test_node_hooks_are_checked(hook: Any, error: type[Exception], text: str) -> None:
    x = leaf()
    y = x * 2
    y.grad_fn.register_prehook(hook)
    with pytest.raises(error) as caught:
        y.sum().backward()
    assert str(caught.value) == text
    assert x.grad is None


def test_several_outputs_show_undefined_gradients() -> None:
    x = torch.ones(4, requires_grad=True)
    first, second = (x * 2).split(2)
    seen: list[Any] = []
    first.register_hook(seen.append)
    second.register_hook(lambda g: seen.append(g.tolist()))
    second.sum().backward()
    assert seen == [None, [1.0, 1.0]]


def test_a_post_accumulate_hook_may_take_the_gradient() -> None:
    x = leaf()
    handle = x.register_post_accumulate_grad_hook(lambda t: setattr(t, "grad", None))
    (x * 2).sum().backward()
    assert x.grad is None
    handle.remove()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_raising_hook_leaves_everything_sound() -> None:
    x = leaf()
    y = x * x
    handle = y.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        y.sum().backward()
    assert x.grad is None
    assert torch.is_grad_enabled()
    handle.remove()
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]
