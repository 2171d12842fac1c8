"""The same gradient again and again, several runs at a time; and numbers judged without arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from reference.adapters import Adapter, Pair, adapter
from reference.adapters.complex_view import ComplexView
from reference.checking import check
from reference.checking.errors import distribution, of_one
from reference.checking.repeats import Runs
from reference.domains.certified import to_balls
from reference.enclosure import Enclosure
from reference.floats import FORMATS

DTYPES = [autodiff.float64, autodiff.float32, autodiff.float16, autodiff.bfloat16]


def used() -> Adapter:
    return ComplexView(adapter("autodiff"))


def runs_of(f: Any, content: np.ndarray) -> Runs:
    x = autodiff.tensor(content.tolist(), dtype=autodiff.float64, requires_grad=True)
    with autodiff.no_grad():
        output = autodiff.ones(tuple(content.shape), dtype=autodiff.float64)
    return Runs(used(), f, [x], {0: content}, [0], [output], [np.full(content.shape, 1.5)])


@pytest.mark.parametrize("count", [0, 1, 2, 31, 64, 100])
def test_as_many_runs_as_are_asked_for(count: int) -> None:
    called = []

    def f(x: Any) -> Any:
        called.append(x)
        return autodiff.sin(x)

    batches = list(runs_of(f, np.array([0.5, 2.0])).batches(count))
    assert sum(len(batch) for batch, _ in batches) == count == len(called)
    assert not any(differing for _, differing in batches)
    assert len({id(x) for x in called}) == count  # each has arguments of its own
    for batch, _ in batches:
        for pulled in batch:
            assert np.array_equal(pulled.gradients[0][0].numpy(), 1.5 * np.cos([0.5, 2.0]))


def test_one_run_that_differs_is_named() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return x * (2.0 if len(calls) == 20 else 1.0)

    places, done = [], 0
    for batch, differing in runs_of(f, np.array([1.0])).batches(64):
        places += [done + place for place in differing]
        done += len(batch)
    assert places == [19]


def test_runs_that_cannot_share_a_pass_are_made_one_by_one_on_fresh_arguments() -> None:
    class Alone(type(adapter("autodiff"))):  # type: ignore[misc]
        def pull_each(self, f: Any, runs: Any, wrt: Any, cotangents: Any) -> Any:
            for arrays in runs:
                arrays[0].detach().fill_(7.0)
            raise RuntimeError("not together")

    x = autodiff.tensor([3.0], dtype=autodiff.float64, requires_grad=True)
    output = autodiff.ones(1, dtype=autodiff.float64)
    runs = Runs(Alone(), lambda x: x * x, [x], {0: np.array([3.0])}, [0], [output], [np.ones(1)])
    found = [pulled for batch, _ in runs.batches(40) for pulled in batch]
    assert [pulled.gradients[0][0].item() for pulled in found] == [6.0] * 40


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_bits_tell_arrays_apart(dtype: Any) -> None:
    one = autodiff.tensor([1.0, -2.0], dtype=dtype)
    other = autodiff.tensor([1.0, 2.0], dtype=dtype)
    wider = autodiff.tensor([[1.0, -2.0]], dtype=dtype)
    told = used().bits([one, one.clone(), other, wider])
    assert told[0] == told[1]
    assert told[0] != told[2]
    assert told[0] != told[3]
    assert used().bits([one, None])[1] is None
    assert used().bits([]) == []


def test_bits_of_complex_numbers() -> None:
    one = autodiff.tensor([1 + 2j])
    told = used().bits([one, one.clone(), one.conj().clone(), one.real.clone()])
    assert told[0] == told[1]
    assert told[0] != told[2]
    assert told[0] != told[3]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_copies_are_what_adopting_each_gives(dtype: Any) -> None:
    like = autodiff.zeros(2, 3, dtype=dtype)
    content = np.arange(6.0).reshape(2, 3) - 2.5
    made = used().copies(content, like, 3)
    assert len(made) == 3
    for one in made:
        assert one.dtype is dtype
        assert np.array_equal(used().content(one), content)
    made[0].fill_(9.0)
    assert np.array_equal(used().content(made[1]), content)
    assert np.array_equal(content, np.arange(6.0).reshape(2, 3) - 2.5)


@settings(deadline=None, derandomize=True)
@given(st.one_of(st.floats(0.0), st.just(math.nan)))
def test_the_errors_of_one_number_are_those_of_an_array(error: float) -> None:
    held = np.array([error, error])
    several = distribution(held, np.zeros(2, dtype=bool))
    assert of_one(error).histogram == tuple((bound, 1) for bound, _ in several.histogram)
    alone = distribution(np.array(error), np.array(False))
    assert repr(alone) == repr(of_one(error))


@settings(deadline=None, derandomize=True)
@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-40, 40),
    st.sampled_from(sorted(FORMATS)),
)
def test_the_gap_of_one_number_is_that_of_an_array(truth: float, steps: int, name: str) -> None:
    value = truth
    for _ in range(abs(steps)):
        value = math.nextafter(value, math.copysign(math.inf, steps))
    if math.isinf(value):
        return
    fmt = FORMATS[name]
    one, two = Enclosure(to_balls([truth])), Enclosure(to_balls([truth, truth]))
    alone = one.gap(value, fmt)
    both = two.gaps(np.array([value, value]), fmt)
    if alone is None:
        assert both is None
    else:
        assert both is not None
        assert both.tolist() == [alone, alone]


def test_a_function_that_differs_by_more_than_rounding_fails() -> None:
    calls = []

    def backward(g: Any, x: Any) -> Any:
        calls.append(1)
        return g * np.cos(x) * (1.5 if len(calls) == 50 else 1.0)

    report = check(Pair(np.sin, backward), np.array(0.5), what="repeat")
    assert [fault.kind for fault in report.faults] == ["non-deterministic"]
    assert report.failures[0].detail.startswith("run 50,")
    assert report.repeats == 64
