"""What a compiled front does where something fails, what it is as an object, and what it keeps."""

from __future__ import annotations

import copy
import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import Tensor
from autodiff.compiled import core
from front_checks import (
    ROWS,
    Asked,
    asked_python,
    cases,
    front_of,
    leaf,
    made,
)
from leaks import smallest

assert core is not None  # tests/engine/conftest.py

# errors ------------------------------------------------------------------------------------------


class _Stop(BaseException):
    """As a KeyboardInterrupt."""


@pytest.mark.parametrize("error", [ValueError, ZeroDivisionError, _Stop, MemoryError])
@pytest.mark.parametrize(
    "name", ["pointwise.EXP", "pointwise.MUL", "reductions.SUM", "shapes.SPLIT", "shapes.T"]
)
def test_a_kernel_that_fails(name: str, error: type[BaseException], monkeypatch: Any) -> None:
    """The error comes out, nothing is recorded, and NumPy reports floating-point errors again."""
    row, case = ROWS[name], cases()[name][0]

    def fails(*_: Any, **__: Any) -> Any:
        raise error("what the kernel says")

    for slot in ("kernel", "numpy_kernel"):
        monkeypatch.setattr(row, slot, fails)
    answers = []
    before = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
    for function in (front_of(row, row.straight.__wrapped__), row.straight.__wrapped__):
        inputs = tuple(made(one, "leaf") for one in case[0])
        with pytest.raises(BaseException, match="what the kernel says") as caught:
            function(*inputs, **case[1])
        answers.append((type(caught.value), str(caught.value)))
        assert np.geterr() == before
        assert all(one._node is None and one.grad is None for one in inputs)
    assert answers[0] == answers[1]


@pytest.mark.parametrize("name", ["pointwise.MUL", "pointwise.ADD_SCALED", "softmax.MSE_LOSS"])
def test_shapes_that_do_not_fit_are_explained(name: str) -> None:
    params = {"pointwise.ADD_SCALED": {"alpha": 2}, "softmax.MSE_LOSS": {"reduction": "mean"}}
    row = ROWS[name]
    with pytest.raises(RuntimeError, match="must match the size of tensor b"):
        row.straight(autodiff.ones(2), autodiff.ones(3), **params.get(name, {}))


class _Layered(Tensor):
    """As a transform makes them."""

    _layered = True


def test_a_view_of_a_layered_tensor_is_left_to_python() -> None:
    base = autodiff.ones(2, 2)
    view = base.view(2, 2)
    view._extra.view.base = layered = object.__new__(_Layered)
    for slot in ("_data", "_node", "_leaf", "_counter", "_extra"):
        setattr(layered, slot, getattr(base, slot))
    for row in ROWS.values():
        front = front_of(row, asked_python)
        for place in range(len(row.inputs)):
            inputs = [base] * len(row.inputs)
            inputs[place] = view
            with pytest.raises(Asked):
                front(*inputs)


def test_calls_that_are_none() -> None:
    exp, total = ROWS["pointwise.EXP"].straight, ROWS["reductions.SUM"].straight
    for call in (
        exp,
        lambda: exp(autodiff.ones(1), 2),
        lambda: exp(autodiff.ones(1), other=2),
        lambda: total(autodiff.ones(1), nothing=True),
        lambda: total(x=autodiff.ones(1), nothing=True),
    ):
        with pytest.raises(TypeError):
            call()
    assert exp(x=autodiff.zeros(1)).tolist() == [1.0]


def test_a_tensor_that_is_not_finished() -> None:
    """Slots that were never set are no reason to crash."""
    empty = object.__new__(Tensor)
    for row in ROWS.values():
        front = front_of(row, asked_python)
        for slots in ([], ["_data"], ["_data", "_extra"], ["_data", "_extra", "_node"]):
            half = object.__new__(Tensor)
            for slot in slots:
                setattr(half, slot, np.ones((2, 2)) if slot == "_data" else None)
            for one in (empty, half):
                with pytest.raises(Asked):
                    front(*(one,) * max(1, len(row.inputs)))


# what a front is ---------------------------------------------------------------------------------


def test_a_front_looks_like_its_function() -> None:
    row = ROWS["pointwise.EXP"]
    front, plain = row.straight, row.straight.__wrapped__
    assert front.__name__ == plain.__name__
    assert front.__doc__ == plain.__doc__
    assert front.__module__ == plain.__module__
    assert callable(front)
    assert copy.copy(front) is front
    assert copy.deepcopy({"row": front})["row"] is front
    assert weakref.ref(front)() is front
    with pytest.raises(AttributeError):
        _ = front.nothing
    with pytest.raises(AttributeError):
        front.__wrapped__ = asked_python


def test_a_front_is_a_method() -> None:
    class Own:
        exp = core.straight(ROWS["pointwise.EXP"], lambda own, *_: own, core.ELEMENTWISE, 1)

    own = Own()
    assert own.exp() is own
    assert Own.exp(own) is own
    bound = own.exp
    assert bound() is own
    assert Tensor.exp.__get__(None, Tensor) is Tensor.exp


def test_a_front_dies_with_its_last_holder() -> None:
    circle: list[Any] = []
    circle.append(core.straight(ROWS["pointwise.EXP"], circle.copy, core.ELEMENTWISE, 1))
    gone = weakref.ref(circle[0])
    del circle
    gc.collect()
    assert gone() is None


def test_fronts_are_not_made_of_anything() -> None:
    row = ROWS["pointwise.EXP"]
    for wrong in ((), (row,), (row, asked_python, "ELEMENTWISE", 1)):
        with pytest.raises(TypeError):
            core.straight(*wrong)
    with pytest.raises(ValueError, match="an elementwise row has 1 or 2 inputs, not 3"):
        core.straight(row, asked_python, core.ELEMENTWISE, 3)
    with pytest.raises(TypeError, match="cannot create"):
        type(row.straight)()


def test_the_module_serves_one_copy_of_the_package() -> None:
    assert core.taken() is True


# nothing is left behind --------------------------------------------------------------------------


TIMES = 1000


def _growth(work: Callable[[], object], times: int = TIMES) -> list[int]:
    """How many more objects, and references to shared ones, there are after many calls."""
    shared: list[Any] = [np.dtype("float32"), np.dtype("float64"), Tensor]
    if sys.version_info < (3, 12):  # from then on these are immortal, and nobody counts them
        shared += [None, True, False, 0, ()]
    shared += [ROWS["pointwise.MUL"].plans.get(3), ROWS["reductions.SUM"].plans.get(1)]
    for _ in range(10):
        work()
    gc.collect()
    objects = sys.getallocatedblocks()  # arrays, which the collector does not know, too
    before = [sys.getrefcount(one) for one in shared]
    for _ in range(times):
        work()
    gc.collect()
    after = [sys.getrefcount(one) for one in shared]
    grown = [now - then for then, now in zip(before, after, strict=True)]
    return [sys.getallocatedblocks() - objects, *grown]


def _calls() -> Iterator[tuple[str, Callable[[], object]]]:
    x, y = leaf([0.25, 0.5]), leaf([[0.75], [0.5]])
    half = autodiff.ones(2, dtype=autodiff.float16)
    whole = autodiff.ones(2, dtype=autodiff.int64)
    mul, total, split = (ROWS[f"{name}"].straight for name in _USED)

    def refused(call: Callable[[], object]) -> Callable[[], object]:
        def work() -> None:
            with pytest.raises((RuntimeError, TypeError, OverflowError)):
                call()

        return work

    yield "recorded", lambda: total(mul(x, y), dim=None, keepdim=False)
    yield "numbers", lambda: mul(x, 2.5)
    yield "walked", lambda: total(mul(x, x), dim=None, keepdim=False).backward()
    yield "views", lambda: mul(*split(x * 1, sizes=(1, 1), dim=0)).backward()
    yield "other dtypes", lambda: (mul(half, half), mul(whole, 2), mul(x, whole))
    chosen = autodiff.tensor([True, False])
    yield "chosen", lambda: autodiff.where(chosen, x, y).sum().backward()
    yield "chosen numbers", lambda: autodiff.where(chosen, x, 0.5).sum().backward()
    yield "no choice", lambda: autodiff.where(chosen, 1.0, 2.0)
    yield "joined", lambda: autodiff.cat([x, x * 2, y[:, 0]]).sum().backward()
    yield "many joined", lambda: autodiff.stack([x] * 12).sum().backward()
    yield "filled", lambda: x.masked_fill(chosen, 2.0).sum().backward()
    yield "compared", lambda: ((x > y).any(), x == 2, x.argmax(), autodiff.isnan(x))
    yield "converted", lambda: x.double().sum().backward()
    yield "converted to whole numbers", lambda: (x.long(), x.half())
    yield "written", autodiff.no_grad()(lambda: autodiff.ones(2).add_(x).mul_(2.0).zero_())
    yield "not to be joined", refused(lambda: autodiff.cat([x, y]))
    yield "quiet", autodiff.no_grad()(lambda: mul(x, y))
    yield "not fitting", refused(lambda: mul(x, autodiff.ones(3)))
    yield "too large", refused(lambda: mul(x, 10**400))
    yield "no operand", refused(lambda: x * "2")
    yield "second order", lambda: autodiff.autograd.grad(mul(x, x).sum(), x, create_graph=True)


_USED = ("pointwise.MUL", "reductions.SUM", "shapes.SPLIT_WITH_SIZES")


@pytest.mark.parametrize("name", [name for name, _ in _calls()])
def test_nothing_is_left_behind(name: str) -> None:
    work = dict(_calls())[name]
    limit = TIMES // 2  # not even every other call leaves something
    assert smallest(lambda: max(map(abs, _growth(work))), limit) < limit
