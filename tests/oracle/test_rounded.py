"""What an ideal implementation scatters: three ways to compute it, and what it must not excuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy as sp

from reference import build
from reference import explained as explained_module
from reference.certify import Certificate, certify_problem
from reference.definitions import definition
from reference.explained import scatter
from reference.floats import format_of
from reference.graph import Map, Node, argument
from reference.judge import judge
from reference.problem import trace_nodes

a = argument(0)
RNG = np.random.default_rng(0)
MATRIX = RNG.standard_normal((12, 5))


def certified(f: Callable[..., Node], *arrays: Any) -> Certificate:
    return certify_problem(trace_nodes(f, arrays))


def square(v: Node) -> Node:
    return build.multiply(v, v)


def softmax(v: Node) -> Node:
    e = Map(sp.exp(a), [v])
    return build.sum(build.divide(square(e), build.sum(e)))


def variance(v: Node) -> Node:
    return build.mean(square(build.subtract(v, build.mean(v))))


def solved(v: Node) -> Node:
    system = build.reshape(build.getitem(v, slice(0, 9)), (3, 3))
    right = build.reshape(build.getitem(v, slice(9, 12)), (3, 1))
    return build.sum(build.solve_linear(system, right))


FUNCTIONS = {
    "quadratic form": lambda v: build.sum(square(build.matmul(v, MATRIX))),
    "softmax": softmax,
    "variance": variance,
    "neighbours": lambda v: build.sum(
        build.multiply(build.getitem(v, slice(1, None)), build.getitem(v, slice(None, -1)))
    ),
    "linear system": solved,
    "case distinction": lambda v: build.sum(
        Map(sp.Piecewise((sp.exp(a), a < 0), (a**2, True)), [v])
    ),
    "floor": lambda v: build.sum(build.multiply(v, build.stop(Map(sp.floor(a), [v])))),
}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_ways_agree(name: str, dtype: str) -> None:
    found = certified(FUNCTIONS[name], RNG.standard_normal(12).astype(dtype))
    fmt = format_of(dtype)
    units = [explained_module._units(found.gradients[0], fmt)]
    (slow,) = explained_module._on_balls(found, fmt, [fmt], 60, 0)
    linear, _ = explained_module._linearised(found, fmt, units, 200, 0, False)
    assert linear is not None
    first_order = linear[0]
    assert np.all(first_order <= 1.5 * slow + 0.02)
    assert np.all(slow <= 1.5 * first_order + 0.02)
    floats, _ = explained_module._in_floats(found, fmt, units, 200, 0, False)
    if floats is not None and fmt.precision <= 24:
        assert np.all(floats[0] <= 1.5 * slow + 0.02)
        assert np.all(slow <= 1.5 * floats[0] + 0.02)


def test_float64_is_not_run_in_float64() -> None:
    """1 - tanh(x)² in float64 loses all digits at 20; the scatter of one Map is one rounding."""
    found = certified(lambda v: build.sum(Map(sp.tanh(a), [v])), np.array([20.0, 25.0]))
    assert np.all(scatter(found)[0] <= 1.0)
    y = np.tanh(np.array([20.0, 25.0]))
    assert not judge(1 - y * y, found).ok


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_intermediate_underflow_explains_no_wrong_number(dtype: str) -> None:
    """x · x / x underflows on the way; an implementation may scale, so the truth is asked for."""
    tiny = np.array([float(np.finfo(dtype).tiny) * 4], dtype)
    found = certified(lambda v: build.sum(build.divide(square(v), v)), tiny)
    (size,) = scatter(found)
    assert size[0] <= 8
    assert judge(np.ones(1, dtype), found).ok
    for wrong in (0.0, -1.0, 3.0, 1e3):
        assert not judge(np.array([wrong], dtype), found).ok


def test_gradual_underflow_explains_a_little() -> None:
    """exp(-12) in float16 is a subnormal of some 7 bits, which the factor 64 makes normal."""
    x = np.array([-12.0], np.float16)
    found = certified(lambda v: build.sum(build.multiply(Map(sp.exp(a), [v]), 64.0)), x)
    given = (np.exp(x) * np.float16(64)).astype(np.float16)
    assert judge(given, found).ok
    assert not judge(given * np.float16(1.75), found).ok


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sums_beyond_the_floats_scatter_too(dtype: str) -> None:
    """exp(400)² overflows float64 on the way; the quotient does not, and is a sum of many."""
    x = np.full(4, 400.0, dtype)

    def f(v: Node) -> Node:
        e = Map(sp.exp(a), [v])
        total = build.sum(square(e))
        return build.sum(build.divide(build.multiply(square(e), v), total))

    (size,) = scatter(certified(f, x))
    assert np.all(size > 0.1)
    (near,) = scatter(certified(f, np.full(4, 4.0, dtype)))
    assert np.all(size > near / 10)


def test_an_infinite_gradient_does_not_hide_the_others() -> None:
    x = np.array([0.0, 0.3, 2.0], np.float32)
    (size,) = scatter(certified(lambda v: build.sum(Map(sp.sqrt(a), [v])), x))
    assert size[0] == 0
    assert np.all(size[1:] > 0.1)


def test_many_runs_leave_no_element_without_explanation() -> None:
    """An RMS of six runs is a third of what it estimates once in a thousand elements."""
    x = RNG.standard_normal(20_000).astype(np.float32)
    (size,) = scatter(certified(lambda v: build.sum(Map(sp.exp(a), [v])), x))
    assert np.median(size) / size.min() < 4


def test_a_seed_gives_the_same_scatter_again() -> None:
    found = certified(softmax, RNG.standard_normal(5).astype(np.float32))
    assert np.array_equal(scatter(found, seed=3)[0], scatter(found, seed=3)[0])
    assert not np.array_equal(scatter(found, seed=3)[0], scatter(found, seed=4)[0])


def test_remainders_scatter_though_their_steps_have_no_slope() -> None:
    """SymPy leaves the derivative of floor(-x) open, as a substitution; it is zero."""
    x = np.array([1.5, -2.0])
    found = certified(lambda v: build.sum(definition("fmod").function(7.25, v)), x)
    assert (scatter(found)[0] < 1).all()
    assert judge(np.array([-4.0, 3.0]), found).ok
