"""Graphs die by reference count, long chains need no recursion, backward frees as it goes."""

from __future__ import annotations

import copy
import gc
import sys
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff.autograd import Function
from leaks import smallest


@pytest.fixture(autouse=True)
def without_collector() -> Iterator[None]:
    """Whatever dies here dies by its reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class Square(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        out = x * x
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, _ = ctx.saved_tensors
        return 2 * x * g


class Doubled(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


def leaf() -> Any:
    return autodiff.tensor([1.0, 2.0, 3.0], requires_grad=True)


def written(x: Any) -> Any:
    y = x * 1
    y[0] = 5.0
    return y


def written_through_view(x: Any) -> Any:
    y = x * 1
    y[1:].mul_(x[:1])
    return y


BUILDERS = {
    "pointwise": lambda x: (x * x).exp(),
    "saves its result": lambda x: x.exp().sqrt(),
    "view": lambda x: x[1:] * 2,
    "several outputs": lambda x: x.unbind()[1] * 2,
    "sort": lambda x: x.sort()[0],
    "in place": lambda x: (x * 1).mul_(2).exp_(),
    "slice assignment": written,
    "write through a view": written_through_view,
    "function": Square.apply,
    "function in place": lambda x: Doubled.apply(x * 1),
    "retained": lambda x: x * 2,
}


@pytest.mark.parametrize("name", BUILDERS)
def test_graph_dies_with_its_result(name: str) -> None:
    y = BUILDERS[name](leaf())
    if name == "retained":
        y.retain_grad()
    node, tensor = weakref.ref(y.grad_fn), weakref.ref(y)
    del y
    assert tensor() is None
    assert node() is None


@pytest.mark.parametrize("name", BUILDERS)
def test_graph_dies_after_backward(name: str) -> None:
    x = leaf()
    y = BUILDERS[name](x)
    node = weakref.ref(y.grad_fn)
    y.sum().backward()
    del y
    assert node() is None
    assert x.grad is not None


def test_graph_dies_after_a_failed_backward() -> None:
    x = leaf()
    y = x * x
    y.register_hook(lambda g: 1 / 0)
    node = weakref.ref(y.grad_fn)
    with pytest.raises(ZeroDivisionError):
        y.sum().backward()
    del y
    assert node() is None


def test_second_order_graph_dies() -> None:
    x = leaf()
    (g,) = autodiff.autograd.grad((x**3).sum(), x, create_graph=True)
    node = weakref.ref(g.grad_fn)
    del g
    assert node() is None


def test_views_keep_their_base_and_not_the_reverse() -> None:
    base = autodiff.ones(3)
    view = base[:2]
    gone = weakref.ref(view)
    del view
    assert gone() is None
    view = base[:2]
    kept = weakref.ref(base)
    del base
    assert view._base is kept()


@pytest.mark.parametrize("create_graph", [False, True])
def test_long_chain_needs_no_recursion(create_graph: bool) -> None:
    x = autodiff.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1e-6
    (g,) = autodiff.autograd.grad(y, x, create_graph=create_graph)
    assert g.item() == 1.0


def test_a_million_nodes_die_without_recursion() -> None:
    x = autodiff.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = -y
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


def peak(run: Any) -> int:
    tracemalloc.start()
    run()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_backward_frees_saved_values_as_it_passes_them() -> None:
    steps, size = 50, 100_000
    x = autodiff.ones(size, dtype=autodiff.float64, requires_grad=True)

    def forward() -> Any:
        y = x
        for _ in range(steps):
            y = y.sin()
        return y.sum()

    def both() -> None:
        forward().backward()

    alone, together = peak(forward), peak(both)
    assert together < alone + 6 * size * 8  # a few cotangents, not another chain of them


def _growth(step: Callable[[], object], times: int) -> int:
    """Blocks, not traced bytes: what free lists hold stays in tracemalloc's account."""
    before = sys.getallocatedblocks()
    for _ in range(times):
        step()
    return sys.getallocatedblocks() - before


def test_training_does_not_grow() -> None:
    w = autodiff.ones(10, 10, requires_grad=True)
    x = autodiff.ones(4, 10)

    def step() -> None:
        w.grad = None
        ((x @ w).relu() ** 2).mean().backward()
        with autodiff.no_grad():
            w.sub_(w.grad * 1e-3)

    for _ in range(3_000):  # Python and NumPy keep freed objects for reuse: fill those stores
        step()
    # one object a step would be 3,000
    assert smallest(lambda: _growth(step, 3_000), 300) < 300


def test_ten_thousand_steps_do_not_grow() -> None:
    w = autodiff.ones(3, requires_grad=True)

    def step() -> None:
        w.grad = None
        y = w * 2
        y[0] = w[1]
        y.lerp_(w, 0.5).unsqueeze_(0)
        y.sum().backward()
        with autodiff.no_grad():
            w.sub_(w.grad, alpha=1e-4)

    for _ in range(2_000):
        step()
    assert smallest(lambda: _growth(step, 10_000), 300) < 300


IN_PLACE = {
    "generated": lambda y: y.sin_(),
    "three tensors": lambda y: y.addcmul_(y.detach() + 1, y.detach() + 2),
    "at indices": lambda y: y.index_add_(0, autodiff.tensor([0]), autodiff.ones(1)),
    "random": lambda y: y.normal_(),
    "shape": lambda y: y.unsqueeze_(0),
    "comparison": lambda y: y.gt_(0.5),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_results_die(name: str) -> None:
    y = leaf() * 1
    IN_PLACE[name](y)
    node, tensor = weakref.ref(y.grad_fn), weakref.ref(y)
    y.sum().backward()
    del y
    assert tensor() is None
    assert node() is None


def test_numpy_results_die() -> None:
    y = np.exp(leaf()) * np.ones(3)
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


def test_deep_copy_keeps_nothing_of_the_original() -> None:
    x = leaf()
    copied = copy.deepcopy(x)
    gone = weakref.ref(x)
    del x
    assert gone() is None
    assert copied.tolist() == [1.0, 2.0, 3.0]
