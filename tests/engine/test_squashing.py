"""Slopes of tanh and of the logistic function: accurate on all ways, in all tails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as torch
from autodiff.kernels.squashing import sigmoid, sigmoid_rule, tanh_rule
from autodiff.ops.pointwise import SIGMOID_BACKWARD, TANH_BACKWARD

F32, F64 = np.float32, np.float64
TANH, SIGMOID = tanh_rule(TANH_BACKWARD), sigmoid_rule(SIGMOID_BACKWARD)
RANGES = [(0, 0.5), (0.5, 1), (1, 1.3), (1.3, 1.6), (1.6, 3), (3, 8), (8, 40)]


def ulps(found: Any, exact: Any) -> float:
    """The largest distance, in units in the last place of the result."""
    place = np.spacing(np.abs(exact).astype(found.dtype)).astype(np.longdouble)
    return float(np.max(np.abs(found.astype(np.longdouble) - exact) / place))


def numbers(low: float, high: float, count: int, dtype: Any, sign: int) -> Any:
    rng = np.random.default_rng(int(10 * low))
    return (sign * rng.uniform(low, high, count)).astype(dtype)


def sech_squared(x: Any) -> Any:
    return 1 / np.cosh(x.astype(np.longdouble)) ** 2


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize(("low", "high"), RANGES)
@pytest.mark.parametrize("sign", [1, -1])
def test_values_and_slopes(dtype: Any, low: float, high: float, sign: int) -> None:
    """Of few numbers and of many, all of one part of the range."""
    for count in (500, 200_000):
        x = numbers(low, high, count, dtype, sign)
        exact = x.astype(np.longdouble)
        g = np.ones_like(x)
        assert ulps(TANH(g, x, np.tanh(x)), sech_squared(x)) < 9.5
        value = sigmoid(np, x)
        assert ulps(value, 1 / (1 + np.exp(-exact))) < 4
        small = np.exp(-np.abs(exact))
        assert ulps(SIGMOID(g, x, value), small / (1 + small) ** 2) < 6


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("shape", [(5_000,), (70_001,), (2, 40, 3_000)])
def test_few_among_many_in_the_tails(dtype: Any, share: float, shape: tuple[int, ...]) -> None:
    """Whatever their share: it decides which numbers are taken from the input."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, shape)
    x[rng.random(shape) < share] *= 12
    x = x.astype(dtype)
    g = rng.standard_normal(shape).astype(dtype)
    found = TANH(g, x, np.tanh(x))
    assert found.flags.c_contiguous
    assert not np.may_share_memory(found, g)
    assert ulps(found, g.astype(np.longdouble) * sech_squared(x)) < 10


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("count", [20, 100_000])
def test_at_the_ends(dtype: Any, count: int) -> None:
    ends = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 1e30, -1e30, 0.25])
    x = np.resize(ends.astype(dtype), count)
    g = np.ones_like(x)
    with np.errstate(all="ignore"):
        value, tanh, slope = sigmoid(np, x), TANH(g, x, np.tanh(x)), SIGMOID(g, x, sigmoid(np, x))
    one = [0.5, 0.5, 1, 0, np.nan, 0.5, 0.5, 1, 0]
    np.testing.assert_array_equal(value[:9], np.array(one, dtype))
    np.testing.assert_array_equal(tanh[:9], np.array([1, 1, 0, 0, np.nan, 1, 1, 0, 0], dtype))
    quarters = np.array([0.25, 0.25, 0, 0, np.nan, 0.25, 0.25, 0, 0], dtype)
    np.testing.assert_array_equal(slope[:9], quarters)


@pytest.mark.parametrize("rule", [TANH, SIGMOID])
@pytest.mark.parametrize("shape", [(3, 5), (300, 400)])
def test_memory_in_any_order(rule: Any, shape: tuple[int, ...]) -> None:
    """Gaps, another order of axes, and a cotangent that is one number everywhere."""
    rng = np.random.default_rng(1)
    wide = rng.standard_normal((shape[0], 2 * shape[1]))
    for x in (wide[:, ::2], wide[:, : shape[1]].T, np.broadcast_to(wide[:1], wide.shape)):
        out = np.tanh(x) if rule is TANH else sigmoid(np, x)
        plain, result = np.ascontiguousarray(x), np.ascontiguousarray(out)
        for g in (np.broadcast_to(2.0, x.shape), rng.standard_normal(x.shape[::-1]).T):
            expected = rule(np.array(g, order="C"), plain, result)
            np.testing.assert_allclose(rule(g, x, out), expected, rtol=3e-15)


@pytest.mark.parametrize("rule", [TANH, SIGMOID])
def test_numbers_and_half_precision(rule: Any) -> None:
    exact = 1 / np.cosh(0.5) ** 2 if rule is TANH else 0.25 / np.cosh(0.25) ** 2
    for dtype, close in ((np.float16, 2e-3), (F32, 1e-6), (F64, 1e-15)):
        for x in (dtype(0.5), np.array(0.5, dtype), np.full(3, 0.5, dtype)):
            out = np.tanh(x) if rule is TANH else sigmoid(np, x)
            found = rule(x * 0 + dtype(1), x, out)
            assert found.dtype == dtype
            np.testing.assert_allclose(found, exact, rtol=close)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_writes_to_what_was_saved_are_noticed(name: str) -> None:
    """To the result, as in PyTorch, and to the input."""
    for written in (0, 1):
        leaf = torch.ones(3, requires_grad=True)
        x = leaf * 1
        pair = (x, getattr(x, name)())
        pair[written].add_(1)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            pair[1].sum().backward()


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_in_place(name: str) -> None:
    values = [-3.0, -0.5, 0.0, 0.7, 30.0]
    leaf = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    getattr(leaf * 1, name + "_")().sum().backward()
    other = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    getattr(other, name)().sum().backward()
    assert leaf.grad.tolist() == other.grad.tolist()
