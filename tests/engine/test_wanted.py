"""Passes that are asked for some gradients alone run what leads to these, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff.autograd import grad


def leaves(*sizes: int) -> list[Any]:
    return [autodiff.tensor(np.linspace(0.5, 1.5, size), requires_grad=True) for size in sizes]


def loss(x: Any, y: Any, z: Any) -> Any:
    shared = (x * y).sin() / z
    return (shared * shared).sum() + (x.exp() * z[0]).mean() + y[1:].prod()


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 2), (2, 1), (0, 1, 2), (1, 1)])
@pytest.mark.parametrize("create_graph", [False, True])
def test_some_gradients_are_those_of_the_whole_pass(
    wanted: tuple[int, ...], create_graph: bool
) -> None:
    inputs = leaves(3, 3, 1)
    loss(*inputs).backward()
    whole = [one.grad.numpy() for one in inputs]
    found = grad(loss(*inputs), [inputs[i] for i in wanted], create_graph=create_graph)
    for got, place in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got.detach().numpy(), whole[place], rtol=1e-15)


def test_a_leaf_and_what_was_made_on_the_way() -> None:
    x, y = leaves(3, 3)
    middle = x * y
    by_middle, by_x = grad((middle.exp() * x).sum(), [middle, x])
    np.testing.assert_allclose(by_middle.numpy(), (middle.exp() * x).detach().numpy())
    expected = (middle.exp() * x * y + middle.exp()).detach().numpy()
    np.testing.assert_allclose(by_x.numpy(), expected, rtol=1e-15)


def test_hooks_of_what_is_not_on_the_way_are_not_called() -> None:
    x, y = leaves(3, 3)
    called: list[str] = []
    beside = y * 2
    beside.register_hook(lambda g: called.append("beside"))
    y.register_hook(lambda g: called.append("y"))
    x.register_hook(lambda g: called.append("x"))
    grad((x * beside).sum(), x)
    assert called == ["x"]
    assert y.grad is None


def test_a_saved_value_beside_the_way_may_have_been_written_to() -> None:
    x, y = leaves(3, 3)
    beside = y.exp()
    result = (x * 2 + beside).sum()
    beside.add_(1)
    np.testing.assert_array_equal(grad(result, x, retain_graph=True)[0].numpy(), [2, 2, 2])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        grad(result, y)


def test_what_was_not_run_keeps_its_saved_values() -> None:
    x, y = leaves(3, 3)
    branch = y.exp()
    result = (x + branch).sum()
    grad(result, x)
    np.testing.assert_array_equal(grad(branch.sum(), y)[0].numpy(), branch.detach().numpy())


def test_second_derivatives_through_shared_values() -> None:
    (x,) = leaves(3)
    (first,) = grad((x**3).sum() + x.exp().sum(), x, create_graph=True)
    rows = [grad(first[i], x, retain_graph=True)[0].numpy() for i in range(3)]
    data = x.detach().numpy()
    np.testing.assert_allclose(rows, np.diag(6 * data + np.exp(data)), rtol=1e-15)
