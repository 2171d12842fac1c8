"""The compiled kernels: how accurate they are, and of what they leave to NumPy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff.compiled import kernels
from autodiff.kernels import normalisation

assert kernels is not None  # tests/engine/conftest.py

Array = Any
EPS = float(np.finfo(np.float32).eps)
LEAST = 8 * float(np.finfo(np.float32).smallest_subnormal)
STEP = 4099  # every so many of all numbers of 32 bits, from each of which there are a million


def every_float32() -> Array:
    """A million numbers of all sizes and both signs, with infinities and nan."""
    return np.arange(0, 1 << 32, STEP, dtype=np.uint64).astype(np.uint32).view(np.float32)


def of_the_c_library(name: str, x: Array) -> Array:
    """The error function, its complement, or the normal distribution up to x."""
    if name == "cdf":
        return of_the_c_library("erfc", x * -math.sqrt(0.5)) / 2
    function = getattr(math, name)
    return np.fromiter((function(one) for one in x.ravel()), np.float64, x.size).reshape(x.shape)


def exact(name: str, x: Array) -> Array:
    """The function of numbers in float64, to ten more digits than those of float32."""
    with np.errstate(all="ignore"):
        x = x.astype(np.float64)
        if name in ("exp", "expm1", "tanh"):
            return getattr(np, name)(x)
        if name in ("erf", "erfc", "cdf"):
            return of_the_c_library(name, x)
        small = np.exp(-np.abs(x) * (2 if name == "tanh_slope" else 1))
        if name == "sigmoid":
            return np.where(x < 0, small, 1) / (1 + small)
        slope = small / ((1 + small) * (1 + small))
        return 4 * slope if name == "tanh_slope" else slope


def units(found: Array, truth: Array) -> Array:
    """By how many units in the last place of float32 (or the array's dtype) it misses."""
    with np.errstate(all="ignore"):
        nearest = truth.astype(found.dtype)
        error = np.abs(found.astype(truth.dtype) - truth) / np.spacing(np.abs(nearest))
    return np.where(np.isfinite(nearest), error, 0)


def applied(name: str, x: Array) -> Array:
    function: Callable[..., Array] = getattr(kernels, name)
    return function(np.ones_like(x), x) if name.endswith("slope") else function(x)


# over all numbers of 32 bits these are 0.772, 1.341, 1.150, 2.036 and 2.036, and over a hundredth
# of them 0.5005, 0.513, 0.541 and 0.542
BOUNDS = {
    "exp": 0.8,
    "tanh": 1.35,
    "sigmoid": 1.2,
    "sigmoid_slope": 2.05,
    "tanh_slope": 2.05,
    "expm1": 0.502,
    "erf": 0.53,
    "erfc": 0.56,
    "cdf": 0.56,
}


@pytest.mark.parametrize("name", BOUNDS)
def test_functions_are_accurate_everywhere(name: str) -> None:
    with np.errstate(invalid="ignore"):  # of casting a signalling nan
        x = every_float32()
        truth = exact(name, x)
    found = applied(name, x)
    assert float(units(found, truth).max()) <= BOUNDS[name]
    with np.errstate(over="ignore"):
        nearest = truth.astype(np.float32)
    infinite = ~np.isfinite(nearest)
    np.testing.assert_array_equal(found[infinite], nearest[infinite])
    if name in ("tanh", "erf"):
        np.testing.assert_array_equal(np.signbit(found), np.signbit(x))
        np.testing.assert_array_equal(applied(name, -x), -found)


@pytest.mark.parametrize("name", BOUNDS)
def test_functions_at_the_ends(name: str) -> None:
    x = np.array([np.inf, -np.inf, 0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38], np.float32)
    with np.errstate(over="ignore"):
        truth = exact(name, x).astype(np.float32)
    found = applied(name, x)
    np.testing.assert_array_equal(found, truth)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(truth))
    assert np.isnan(applied(name, np.full(9, np.nan, np.float32))).all()


@pytest.mark.parametrize("name", BOUNDS)
def test_a_number_is_treated_alike_wherever_it_stands(name: str) -> None:
    x = np.linspace(-20, 20, 77, dtype=np.float32)
    whole = applied(name, x)
    for start, size in itertools.product((0, 1, 3), range(1, 40)):
        part = np.ascontiguousarray(x[start : start + size])
        np.testing.assert_array_equal(applied(name, part), whole[start : start + size])


def test_the_slope_of_gelu() -> None:
    x = np.linspace(-14, 14, 100_001, dtype=np.float32)
    wide = x.astype(np.float64)
    bell = np.exp(wide * wide * -0.5) / math.sqrt(2 * math.pi)
    truth = exact("cdf", x) + wide * bell
    found = kernels.gelu_slope(np.ones_like(x), x)
    clear = np.abs(truth) > 1e-3  # it is zero at -0.75
    assert float(units(found, truth)[clear & (np.abs(x) < 12)].max()) < 4
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-7)
    ends = np.array([np.inf, -np.inf, np.nan, 1e30, -1e30, -0.0], np.float32)
    expected = np.array([np.nan, np.nan, np.nan, 1, 0, 0.5], np.float32)
    np.testing.assert_array_equal(kernels.gelu_slope(np.ones_like(ends), ends), expected)
    np.testing.assert_array_equal(kernels.gelu_slope(x * 2, x), found * (x * 2))


def test_results_go_where_they_are_asked_to() -> None:
    x, g = np.linspace(-3, 3, 50, dtype=np.float32), np.linspace(1, 2, 50, dtype=np.float32)
    fresh, slope = kernels.tanh(x), kernels.tanh_slope(g, x)
    out = np.empty_like(x)
    assert kernels.tanh(x, out) is out
    np.testing.assert_array_equal(out, fresh)
    kept = g.copy()
    assert kernels.tanh_slope(g, x, g) is g  # in place
    np.testing.assert_array_equal(g, slope)
    assert kernels.tanh_slope(kept, x, x) is x
    np.testing.assert_array_equal(x, slope)


def views(x: Array) -> list[Array]:
    """x in memory that is not contiguous."""
    wide = np.repeat(x, 2, axis=1)
    return [wide[:, ::2], x[:, ::-1].copy()[:, ::-1], np.asfortranarray(x)]


def unusual(x: Array) -> list[Array]:
    """Arrays like x that kernels leave to NumPy."""
    unaligned = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    unaligned[...] = x
    return [
        x.astype(np.float16),
        x.astype(np.int32),
        np.ma.masked_array(x),
        unaligned,
        x.astype(x.dtype.newbyteorder()),
        x[0, 0],
        x.tolist(),
        None,
    ]


def test_views_are_copied_where_that_is_little_work() -> None:
    x = np.linspace(-2, 2, 6, dtype=np.float32).reshape(2, 3)
    for view in (*views(x), np.broadcast_to(x[:1], x.shape)):
        solid = view.copy("C")
        for name in ("exp", "tanh", "sigmoid"):
            found = getattr(kernels, name)(view)
            if found is None:  # which would come out in another order than NumPy's
                assert view.flags.f_contiguous or 0 in view.strides
            else:
                assert found.flags.c_contiguous
                np.testing.assert_array_equal(found, getattr(kernels, name)(solid))
        for name in ("tanh_slope", "sigmoid_slope"):
            slope = getattr(kernels, name)
            np.testing.assert_array_equal(slope(view, x), slope(solid, x))
            np.testing.assert_array_equal(slope(x, view), slope(x, solid))
        np.testing.assert_array_equal(view, solid)  # nothing is written to


def test_what_is_unusual_is_left_to_numpy() -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    column = np.ones((2, 1), np.float32)
    for odd in unusual(x):
        for name in ("exp", "tanh", "sigmoid"):
            assert getattr(kernels, name)(odd) is None
        for name in ("tanh_slope", "sigmoid_slope"):
            assert getattr(kernels, name)(odd, x) is None
            assert getattr(kernels, name)(x, odd) is None
            assert getattr(kernels, name)(x, x[:, :2]) is None
        if odd is not None:
            assert kernels.exp(x, odd) is None
    for odd in unusual(x) + views(x):
        for name in ("softmax", "log_softmax"):
            assert getattr(kernels, name)(odd) is None
        for name in ("softmax_rule", "log_softmax_rule", "column_products"):
            assert getattr(kernels, name)(odd, x) is None
            assert getattr(kernels, name)(x, odd) is None
            assert getattr(kernels, name)(x, x[:, :2].copy()) is None
        assert kernels.layer_norm(odd, None, None, 1e-5) is None
        assert kernels.layer_norm_rule(odd, x, column, None) is None
        assert kernels.layer_norm_rule(x, odd, column, None) is None
        if odd is not None:
            assert kernels.layer_norm(x, odd, None, 1e-5) is None
            assert kernels.layer_norm_rule(x, x, column, odd) is None
    for name in ("exp", "softmax", "log_softmax"):
        assert getattr(kernels, name)(np.array(1.0, np.float32)) is None
    assert kernels.exp(x.astype(np.float64)) is None
    assert kernels.softmax(x[:, :0].copy()) is kernels.layer_norm(x[:0], None, None, 1e-5) is None
    assert kernels.layer_norm(x[None], None, None, 1e-5) is None
    assert kernels.layer_norm(x, x, None, 1e-5) is None
    for eps in (0.0, -1.0, np.nan, 1e-60):
        assert kernels.layer_norm(x, None, None, eps) is None
    fixed = np.empty_like(x)
    fixed.flags.writeable = False
    assert kernels.exp(x, fixed) is None
    assert kernels.exp(fixed) is not None


def test_numbers_of_arguments() -> None:
    x = np.ones((2, 2), np.float32)
    for name, most in (("exp", 2), ("tanh_slope", 3), ("softmax_rule", 2), ("layer_norm", 4)):
        for given_ in ((), (x,) * (most + 1)):
            with pytest.raises(TypeError, match="arguments"):
                getattr(kernels, name)(*given_)
    with pytest.raises(TypeError):
        kernels.layer_norm(x, None, None, "small")


def softmax_of(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


WIDTHS = st.one_of(st.integers(1, 70), st.sampled_from([1024, 1025, 4096, 20_011]))


@given(st.integers(1, 5), WIDTHS, st.floats(0.01, 60), st.integers(0, 2**32 - 1))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_rows_are_accurate(count: int, width: int, spread: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, g = (rng.normal(0, spread, (count, width)).astype(np.float32) for _ in range(2))
    wide, wide_g = x.astype(np.float64), g.astype(np.float64)
    truth = softmax_of(wide)
    found = kernels.softmax(x)
    # what the rounding of a difference from the largest number makes of the power
    shift = np.abs(wide - wide.max(axis=-1, keepdims=True))
    assert (units(found, truth) <= 4 + shift).all()
    logs = kernels.log_softmax(x)
    true_logs = wide - wide.max(-1, keepdims=True)
    true_logs -= np.log(np.exp(true_logs).sum(axis=-1, keepdims=True))
    assert (np.abs(logs - true_logs) <= 2.5 * EPS * (1 + np.abs(true_logs))).all()

    pulled = kernels.softmax_rule(g, found)
    p = found.astype(np.float64)
    along = (wide_g * p).sum(axis=-1, keepdims=True)
    size = np.abs(wide_g) + np.abs(wide_g * p).sum(axis=-1, keepdims=True)
    assert (np.abs(pulled - (wide_g - along) * p) <= 4 * EPS * size * p + LEAST).all()
    pulled = kernels.log_softmax_rule(g, logs)
    total, sizes = wide_g.sum(axis=-1, keepdims=True), np.abs(wide_g).sum(axis=-1, keepdims=True)
    powers = np.exp(logs.astype(np.float64))
    bound = 4 * EPS * (np.abs(wide_g) + powers * sizes) + LEAST
    assert (np.abs(pulled - (wide_g - powers * total)) <= bound).all()


def test_rows_of_unusual_numbers() -> None:
    inf, nan = np.inf, np.nan
    x = np.array([[-inf, 0, 0], [-inf] * 3, [inf, 0, 0], [nan, 0, 0], [0, 0, nan]], np.float32)
    expected = np.array([[0, 0.5, 0.5]] + [[nan] * 3] * 4, np.float32)
    np.testing.assert_array_equal(kernels.softmax(x), expected)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(kernels.log_softmax(x), np.log(expected), EPS)
    huge = np.array([[3e38, 3e38, -3e38]], np.float32)
    np.testing.assert_array_equal(kernels.softmax(huge), [[0.5, 0.5, 0]])
    far = np.zeros((1, 40), np.float32)
    far[0, 35] = nan  # beyond the whole vectors of a row
    assert np.isnan(kernels.softmax(far)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (40, 1000), (3, 5000)])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("shifted", [False, True])
def test_layer_norm_is_numpys(
    dtype: Any, shape: tuple[int, int], scaled: bool, shifted: bool, monkeypatch: Any
) -> None:
    rng = np.random.default_rng(3)
    x, g = (rng.normal(2, 3, shape).astype(dtype) for _ in range(2))
    weight = rng.normal(1, 0.5, (1, shape[1])).astype(dtype) if scaled else None
    bias = rng.normal(0, 0.5, (1, shape[1])).astype(dtype) if shifted else None
    found = kernels.layer_norm(x, weight, bias, 1e-5)
    assert found is not None
    assert all(one.base is None and one.dtype == dtype for one in found)
    out, unit, scale = found
    pulled = kernels.layer_norm_rule(g, unit, scale, weight)
    products = kernels.column_products(g, unit)
    monkeypatch.setattr(normalisation, "compiled", None)
    bound = 40 * float(np.finfo(dtype).eps)
    by_numpy = normalisation.normalise(np, x, weight, bias, (1,), 1e-5)
    for one, other in zip((out, unit, scale), by_numpy, strict=True):
        np.testing.assert_allclose(one, other, bound, bound * 10)
    other = normalisation.unnormalise(np, g, unit, scale, weight, (1,))
    np.testing.assert_allclose(pulled, other, bound, bound * np.abs(g).max() * scale.max() * 10)
    other = normalisation.sum_products(np, g, unit, (1, shape[1]))
    np.testing.assert_allclose(products[None], other, bound, bound * shape[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_squares_that_overflow_are_left_to_numpy(dtype: Any) -> None:
    x = np.array([[0, 1, 2], [0, 1, float(np.finfo(dtype).max) / 8]], dtype)
    assert kernels.layer_norm(x, None, None, 1e-5) is None
    with np.errstate(over="ignore"):
        out, _, _ = normalisation.normalise(np, x, None, None, (1,), 1e-5)
    np.testing.assert_allclose(out[1], [-(0.5**0.5), -(0.5**0.5), 2**0.5], 1e-5)


def test_long_sums_keep_their_digits() -> None:
    width = 1 << 20
    x = np.full((1, width), 0.1, np.float32)
    p = np.full((1, width), 1 / width, np.float32)
    along = float(x[0, 0]) * float(p[0, 0]) * width
    pulled = kernels.softmax_rule(np.zeros_like(x) + x, p)
    assert abs(float(pulled[0, 0]) / float(p[0, 0]) - (float(x[0, 0]) - along)) < EPS
    total = kernels.softmax(np.zeros((1, width), np.float32))
    np.testing.assert_array_equal(total, p)


def test_threads_work_beside_each_other() -> None:
    x = np.random.default_rng(0).normal(size=(64, 1024)).astype(np.float32)
    expected = kernels.softmax(x)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(kernels.softmax, [x] * 40):
            np.testing.assert_array_equal(found, expected)
