"""The compiled walk does what the walk in Python does: the same numbers, memory, calls and errors.

`both` runs a piece of work twice, on the compiled walk and on the one in Python, and compares
what it gives. Each time the work makes its graph anew.
"""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import Tensor, backward
from autodiff.compiled import core
from autodiff.primitive import Primitive, primitive
from leaks import smallest
from operation_samples import SAMPLES, Sample, arrays, cotangent
from walk_checks import bits, both, owns, raised, tensors

assert core is not None  # tests/engine/conftest.py


# every sample ------------------------------------------------------------------------------------

BY_OPERATION: dict[str, list[tuple[Sample, str]]] = {}
for _sample in SAMPLES:
    _dtypes = [one for one in ("float32", "float64") if one in _sample.dtypes]
    if _dtypes:
        _chosen = _dtypes[_sample.number % len(_dtypes)]
        BY_OPERATION.setdefault(_sample.operation, []).append((_sample, _chosen))


def outputs(sample: Sample, dtype: str) -> tuple[list[Tensor], list[Tensor]]:
    """The differentiable results of a sample, and the leaves that they are made of."""
    inputs = [autodiff.from_numpy(one) for one in arrays(sample, dtype)]
    leaves = [one.requires_grad_() for one in inputs if one.is_floating_point()]
    found = raised(lambda: tensors(sample.call(autodiff, *inputs)))
    if isinstance(found, tuple):
        return [], []
    return [one for one in found if one.requires_grad and one.is_floating_point()], leaves


def gradients(total: Tensor, leaves: list[Tensor]) -> Any:
    return autodiff.autograd.grad(total, leaves, create_graph=True, allow_unused=True)


@pytest.mark.parametrize("operation", BY_OPERATION)
def test_gradients_of_a_sample(operation: str) -> None:
    for sample, dtype in BY_OPERATION[operation][:6]:

        def first() -> Any:
            results, leaves = outputs(sample, dtype)  # noqa: B023 - run at once
            if not results:
                return None
            given = [cotangent(one._data.shape, one._data.dtype) for one in results]
            flow = [autodiff.from_numpy(one) for one in given]
            saved = [one.detach().numpy() for one in (*leaves, *results)]
            for retain in (True, False):
                error = raised(
                    lambda: autodiff.autograd.backward(results, flow, retain_graph=retain)  # noqa: B023
                )
                if error is not None:
                    return error
            found = [one.grad for one in leaves if one.grad is not None]
            assert owns(found, [*given, *saved])
            return bits([one.grad for one in leaves])

        def higher() -> Any:
            results, leaves = outputs(sample, dtype)  # noqa: B023 - run at once
            found, total = [], None
            for _ in range(3):
                parts = [one.sum() for one in results if one.requires_grad]
                if not parts:
                    break
                total = sum(parts[1:], parts[0])
                results = raised(lambda: gradients(total, leaves))  # noqa: B023 - run at once
                if not isinstance(results[0], Tensor | None):
                    return results
                results = [one for one in results if one is not None]
                found.append(bits(results))
            return found

        both(first)
        both(higher)


# errors ------------------------------------------------------------------------------------------


def row_with(rule: Callable[..., Any]) -> Primitive:
    """An operation that changes nothing, with a rule of its own."""
    return primitive("own", "OwnBackward0", lambda x: x * 1, (rule,), inputs=("x",))


class _Stop(BaseException):
    """As a KeyboardInterrupt."""


def _raises(error: type[BaseException]) -> Callable[[Any], Any]:
    def rule(g: Any) -> Any:
        raise error("the rule's own")

    return rule


RULES: dict[str, Callable[[Any], Any]] = {
    "ValueError": _raises(ValueError),
    "MemoryError": _raises(MemoryError),
    "wrong shape": lambda g: g[:1],
    "too many axes": lambda g: g[None],
    "no array": lambda g: "g",
    "nothing": lambda g: None,
    "a number": lambda g: 2.0,
    "another dtype": lambda g: g * np.float64(2) if isinstance(g, np.ndarray) else g.double(),
    "whole numbers": lambda g: (g * 0 + 3).astype("int64") if isinstance(g, np.ndarray) else g,
    "the cotangent itself": lambda g: g,
    "a view of the cotangent": lambda g: g[::-1] if isinstance(g, np.ndarray) else g.flip(0),
    "memory laid out otherwise": lambda g: g.T.copy().T if isinstance(g, np.ndarray) else g * 1,
}


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("name", RULES)
def test_rules_that_give_something_else(name: str, create: bool) -> None:
    row = row_with(RULES[name])

    def work() -> Any:
        x = autodiff.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        y = autodiff.tensor([[0.5, 0.5], [0.5, 2.0]], requires_grad=True)
        before = y * 3
        result = (row.straight(x * y) + before).exp()
        found = [
            raised(lambda: result.backward(autodiff.ones(2, 2), create_graph=create))
            for _ in range(2)
        ]
        return found, bits([x.grad, y.grad])

    both(work)


@pytest.mark.parametrize("create", [False, True])
def test_an_interrupt_comes_out(create: bool) -> None:
    def work() -> Any:
        x = autodiff.ones(2, requires_grad=True)
        y = autodiff.ones(2, requires_grad=True)
        middle = row_with(_raises(_Stop)).straight(x * 2)
        result = middle * y
        with pytest.raises(_Stop, match="the rule's own"):
            result.sum().backward(create_graph=create)
        return bits([x.grad, y.grad]), autodiff.is_grad_enabled(), np.geterr()

    both(work)


def test_graphs_that_were_freed_or_written_to() -> None:
    def freed() -> Any:
        x = autodiff.ones(2, requires_grad=True)
        middle = x * x
        middle.sum().backward()
        return [raised(middle.sum().backward), raised((middle * 2).sum().backward), bits(x.grad)]

    def written() -> Any:
        x = autodiff.ones(2, requires_grad=True)
        y = x * 1
        result = (y * y).sum() + x.exp().sum()
        y.add_(1)
        return raised(result.backward), bits(x.grad)

    assert len(both(freed)) == 3
    assert both(written)[1] is None


def test_writes_between_orders_and_by_hooks() -> None:
    def between() -> Any:
        x = autodiff.ones(2, requires_grad=True)
        y = x * 1
        (slope,) = autodiff.autograd.grad(y.sin().sum(), x, create_graph=True)
        with autodiff.no_grad():
            y.add_(1)
        return raised(slope.sum().backward), bits(x.grad)

    def by_a_hook() -> Any:
        x = autodiff.ones(2, requires_grad=True)
        y = x * 1
        result = (y * y).exp()
        result.register_hook(lambda g: y.detach().mul_(2))
        return raised(result.sum().backward), bits(x.grad)

    for work in (between, by_a_hook):
        (kind, words), gradient = both(work)
        assert kind is RuntimeError
        assert "modified by an inplace operation" in words
        assert gradient is None


def test_survey_and_needed() -> None:
    """The same nodes in the same order; only the leaves may come in another."""
    x, y = autodiff.ones(2, requires_grad=True), autodiff.ones(2, requires_grad=True)
    parts = (x * y).split(1)
    result = (parts[0] * parts[1] + x[:1]).exp() + y.sum()
    roots = [(result.grad_fn, 0, None), (parts[0].grad_fn, 0, None), (result.grad_fn, 0, None)]
    pending, order, sound = core.survey(roots)
    expected = backward._survey(roots)
    assert pending == expected[0]
    assert all(one is other for one, other in zip(order, expected[1], strict=True))
    assert sound is expected[2] is True
    for one in (x, y, parts[0], result):
        wanted = [autodiff.autograd.graph.get_gradient_edge(one)]
        edges = [(edge.node, edge.output_nr) for edge in wanted]
        assert core.needed(order, edges) == backward._needed(order, edges)
    (x * y).sum().backward()
    with autodiff.no_grad():
        x.add_(1)
    again = [(((x * y).exp() + result).grad_fn, 0, None)]
    assert core.survey(again)[2] is backward._survey(again)[2] is False


def test_what_is_no_graph() -> None:
    for wrong in (lambda: core.follow(None), lambda: core.needed(None), lambda: core.survey(None)):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(TypeError, match="expected a node of the graph, got 'node'"):
        core.survey([("node", 0, None)])


# memory and size ---------------------------------------------------------------------------------


@pytest.mark.parametrize("create", [False, True])
def test_a_long_chain(create: bool) -> None:
    """No recursion in the walk, nor where the graph is taken apart."""
    length = 20_000 if create else 200_000
    x = autodiff.tensor(1.0, dtype=autodiff.float64, requires_grad=True)
    y = x
    for _ in range(length):
        y = y * 1.0 + 0.0
    (found,) = autodiff.autograd.grad(y, x, create_graph=create)
    assert found.item() == 1.0
    gone = weakref.ref(y.grad_fn)
    del y, found
    assert gone() is None


def test_a_graph_is_gone_after_the_pass() -> None:
    x = autodiff.ones(3, requires_grad=True)
    held = []
    for _ in range(2):
        y = x * x
        held.append(weakref.ref(y.grad_fn))
        gc.disable()
        try:
            y.sum().backward()
            del y
            assert held[-1]() is None
        finally:
            gc.enable()


TIMES = 1000


def _growth(work: Callable[[], object], times: int = TIMES) -> int:
    for _ in range(10):
        work()
    gc.collect()
    before = sys.getallocatedblocks(), sys.getrefcount(None)
    for _ in range(times):
        work()
    gc.collect()
    after = sys.getallocatedblocks(), sys.getrefcount(None)
    return max(abs(now - then) for then, now in zip(before, after, strict=True))


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("create", [False, True])
def test_nothing_is_left_behind(name: str, create: bool) -> None:
    row = row_with(RULES[name])
    x = autodiff.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)

    def work() -> None:
        result = row.straight(x * x)
        parts = (result * 2).split(1)
        raised(lambda: autodiff.autograd.grad(sum(parts).sum(), x, create_graph=create))

    limit = TIMES // 2  # not even every other call leaves something
    assert smallest(lambda: _growth(work), limit) < limit


# threads -----------------------------------------------------------------------------------------


def test_a_leaf_that_another_thread_is_adding_to() -> None:
    """A pass waits for the leaf's lock, and adds to what it finds then."""
    x = autodiff.ones(3, requires_grad=True)
    result = (x * 2).sum()
    with x._leaf.lock:
        other = threading.Thread(target=result.backward)
        other.start()
        other.join(0.05)
        assert other.is_alive()
        assert x.grad is None
        x._leaf.grad = autodiff.ones(3)
    other.join()
    assert x.grad.tolist() == [3.0, 3.0, 3.0]


def test_an_accumulator_that_another_thread_is_making() -> None:
    x = autodiff.ones(3, requires_grad=True)
    made: list[Any] = []
    with x._leaf.lock:
        other = threading.Thread(target=lambda: made.append(x * 2))
        other.start()
        other.join(0.05)
        assert not made
    other.join()
    assert made[0].grad_fn.next_functions[0][0].variable is x


def test_first_gradients_of_many_threads_are_all_there() -> None:
    """Some own what they bring, and some must copy it, which lets other threads in."""
    for _ in range(20):
        x = autodiff.zeros(20_000, dtype=autodiff.float64, requires_grad=True)
        flow = autodiff.ones(20_000, dtype=autodiff.float64)
        works = [
            lambda: (x * 1.0).sum().backward(),  # noqa: B023 - joined below
            lambda: x.clone().backward(flow),  # noqa: B023
        ] * 2
        start = threading.Barrier(len(works))

        def run(work: Callable[[], Any]) -> None:
            start.wait()  # noqa: B023 - joined below
            work()

        threads = [threading.Thread(target=run, args=(work,)) for work in works]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert x.grad.sum().item() == 80_000


def test_a_pass_within_a_pass() -> None:
    """A hook may run other passes, over the same graph too."""

    def work() -> Any:
        x = autodiff.tensor([1.0, 2.0], requires_grad=True)
        middle = x * x
        result = (middle * x).sum()
        inner: list[Any] = []

        def hook(g: Any) -> None:
            if len(inner) < 2:
                inner.append(None)
                inner.append(bits(autodiff.autograd.grad(result, x, retain_graph=True)))

        middle.register_hook(hook)
        result.backward(retain_graph=True)
        result.backward()
        return inner, bits(x.grad)

    both(work)
