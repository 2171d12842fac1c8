"""Kernels that take another way on large or ordinary arrays: the same results on every way."""

from __future__ import annotations

import contextvars
import math
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff.kernels.arrays import arrays
from autodiff.kernels.gauss import many_cdf, many_erf, many_erfc
from autodiff.kernels.memory import unbuffered
from autodiff.kernels.normalisation import (
    log_softmax,
    log_softmax_rule,
    normalise,
    softmax,
    softmax_rule,
    unnormalise,
)
from autodiff.kernels.scatter import put_along, put_number, take_along
from autodiff.kernels.selection import chosen, kept, positive_part, unless_zero
from autodiff.kernels.special import log1p
from autodiff.kernels.squashing import sigmoid, sigmoid_pull, tanh_pull

F32, F64 = np.float32, np.float64
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, -np.nan, 1e-40, -1e-40, 3e38]


def same(found: Any, expected: Any) -> bool:
    """To the last bit, but for the bits of nan."""
    found, expected = np.asarray(found), np.asarray(expected)
    return (
        found.dtype == expected.dtype
        and found.shape == expected.shape
        and bool((np.isnan(found) == np.isnan(expected)).all())
        and bool(((found == expected) | np.isnan(found)).all())
        and bool(((np.signbit(found) == np.signbit(expected)) | np.isnan(found)).all())
    )


def ulps(found: Any, exact: Any) -> float:
    """The largest distance, in units in the last place of the result."""
    place = np.spacing(np.abs(exact).astype(found.dtype)).astype(F64)
    return float(np.max(np.abs(found.astype(F64) - exact) / place))


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("count", [1, 100, 1000])
def test_what_is_kept_is_what_where_keeps(dtype: Any, count: int) -> None:
    rng = np.random.default_rng(0)
    g = np.resize(np.array(SPECIAL, dtype), (count, 3))
    mask = rng.random((count, 3)) < 0.5
    assert same(kept(arrays, mask, g), np.where(mask, g, dtype(0)))
    assert same(kept(arrays, mask[:, ::2], g[:, ::2]), np.where(mask, g, dtype(0))[:, ::2])
    assert same(kept(arrays, mask[:1], g), np.where(mask[:1], g, dtype(0)))


@pytest.mark.parametrize("dtype", [F32, F64, np.float16, np.complex64])
@pytest.mark.parametrize("count", [1, 100, 5000])
def test_what_is_chosen_is_what_where_chooses(dtype: Any, count: int) -> None:
    rng = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        x = np.resize(np.array(SPECIAL).astype(dtype), (count, 3))
    y = x[::-1]
    mask = rng.random((count, 3)) < 0.5
    for case in (mask, mask[:1], mask[:, :1]):
        for first, second in ((x, y), (x, 0), (0, y), (x, 1), (x[:1], y), (dtype(2), y)):
            found, expected = chosen(case, first, second), np.where(case, first, second)
            assert found.dtype == expected.dtype
            assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", [F32, F64, np.float16])
def test_relu_keeps_nan_and_lets_cotangents_through_as_they_are(dtype: Any) -> None:
    x = np.resize(np.array([1.0, -1.0, 0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf], dtype), 1000)
    out = positive_part(arrays, x)
    assert same(np.abs(out), np.abs(np.maximum(x, dtype(0))))
    g = np.resize(np.array([np.inf, 2.0, np.nan], dtype), 1000)
    assert same(unless_zero(arrays, g, out), np.where(out <= 0, dtype(0), g))


@pytest.mark.parametrize("size", [10, 5_000, 100_000])
def test_log1p_of_many_numbers(size: int) -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([np.exp(rng.uniform(-60, 80, size)), -np.exp(rng.uniform(-60, 0, size))])
    x = x[x > -1].astype(F32)
    assert ulps(log1p(arrays, x), np.log1p(x.astype(F64))) < 5


def test_log1p_at_its_ends() -> None:
    x = np.resize(np.array([*SPECIAL, -2.0], F32), 6_000)
    with np.errstate(all="ignore"):
        found, expected = log1p(arrays, x), np.log1p(x)
    finite = np.isfinite(expected) & (np.abs(x) < 1e30)
    assert same(found[~finite & (x != F32(3e38))], expected[~finite & (x != F32(3e38))])
    assert same(found[x == 0], expected[x == 0])  # zeros have their signs
    assert np.allclose(found[finite], expected[finite], rtol=1e-6)


@pytest.mark.parametrize("shape", [(7,), (40_000,), (300, 300), ()])
@pytest.mark.parametrize("dtype", [F32, F64])
def test_slopes_in_the_tails(shape: tuple[int, ...], dtype: Any) -> None:
    """Where 1 - out² and out · (1 - out) have no digits left."""
    x = np.linspace(-40, 40, math.prod(shape), dtype=dtype).reshape(shape)
    exact = x.astype(np.longdouble)
    g = np.full(shape, 3, dtype)
    close = 1e-5 if dtype is F32 else 1e-13
    assert np.allclose(sigmoid(arrays, x), 1 / (1 + np.exp(-exact)), rtol=close, atol=0)
    slope = 1 / (2 + np.exp(exact) + np.exp(-exact))
    assert np.allclose(sigmoid_pull(arrays, g, x), 3 * slope, rtol=close, atol=0)
    assert np.allclose(tanh_pull(arrays, g, x), 3 / np.cosh(exact) ** 2, rtol=close, atol=0)
    strided = np.repeat(x[..., None], 2, axis=-1)[..., 0]
    assert same(tanh_pull(arrays, g, strided), tanh_pull(arrays, g, x))


@pytest.mark.parametrize(
    ("many", "one"),
    [
        (many_erf, math.erf),
        (many_erfc, math.erfc),
        (many_cdf, lambda x: math.erfc(-x * math.sqrt(0.5)) / 2),
    ],
)
def test_normal_distribution_of_many_numbers(many: Any, one: Any) -> None:
    rng = np.random.default_rng(2)
    tiny = np.exp(rng.uniform(-60, 0, 5_000))
    x = np.concatenate([rng.uniform(-9, 9, 20_000), tiny, -tiny, [0.5, -0.5, 0.0]]).astype(F32)
    assert ulps(many(x), np.array([one(float(v)) for v in x])) < 0.6
    ends = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 50.0, -50.0], F32)
    assert same(many(ends), np.array([one(float(v)) for v in ends], F32))


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("shape", [(100_003,), (300, 1000), (3, 200, 500), (70_000, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sums_of_large_arrays(dtype: Any, shape: tuple[int, ...], keepdims: bool) -> None:
    x = np.random.default_rng(3).standard_normal(shape).astype(dtype) + dtype(100)
    axes = [None, -1, len(shape) - 1, (len(shape) - 1,), tuple(range(len(shape)))]
    for axis in axes:
        found = arrays.sum(x, axis=axis, keepdims=keepdims)
        exact = np.sum(x.astype(np.longdouble), axis=axis, keepdims=keepdims)
        assert found.dtype == dtype
        assert found.shape == exact.shape
        assert np.allclose(found, exact, rtol=40 * np.finfo(dtype).eps, atol=0)
        mean = arrays.mean(x, axis=axis, keepdims=keepdims)
        assert np.allclose(mean * dtype(x.size // exact.size), found, rtol=1e-5)
    assert same(arrays.sum(x[::2], axis=None), np.sum(x[::2]))
    assert same(arrays.sum(x, axis=0), arrays.sum(x, axis=None) if x.ndim == 1 else x.sum(0))


def test_sums_of_infinite_numbers() -> None:
    x = np.zeros((300, 300), F32)
    x[0, 0], x[1, 0], x[2, :2] = np.inf, np.nan, [np.inf, -np.inf]
    with np.errstate(all="ignore"):
        assert same(arrays.sum(x, axis=-1), np.sum(x, axis=-1))


SHAPES = [(40, 1000), (600, 1000), (4, 50, 700), (20, 5000), (2000, 16)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("shift", [0.0, -30.0, 1000.0])
@pytest.mark.parametrize("dtype", [F32, F64])
def test_softmax_of_large_arrays(shape: tuple[int, ...], shift: float, dtype: Any) -> None:
    rng = np.random.default_rng(4)
    x = (rng.standard_normal(shape) * 3 + shift).astype(dtype)
    g = rng.standard_normal(shape).astype(dtype)
    exact, dim = x.astype(np.longdouble), len(shape) - 1
    powers = np.exp(exact - exact.max(axis=dim, keepdims=True))
    share = powers / powers.sum(axis=dim, keepdims=True)
    close = (50 + shape[-1] // 20) * np.finfo(dtype).eps  # columns are added one by one
    for form in (x, np.asfortranarray(x)):
        out, logs = softmax(arrays, form, dim), log_softmax(arrays, form, dim)
        assert np.allclose(out, share, rtol=close, atol=0)
        assert np.allclose(logs, np.log(share), rtol=close, atol=close)
        wide = g.astype(np.longdouble)
        slope = share * (wide - (wide * share).sum(axis=dim, keepdims=True))
        assert np.allclose(softmax_rule(arrays, g, out, dim), slope, rtol=1e-3, atol=close)
        slope = wide - share * wide.sum(axis=dim, keepdims=True)
        scale = np.abs(wide).max() * shape[-1] ** 0.5
        found = log_softmax_rule(arrays, g, logs, dim)
        assert np.allclose(found, slope, rtol=close, atol=close * scale)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mean", [0.0, 2.0**14])
def test_standardised_large_matrices(shape: tuple[int, ...], mean: float) -> None:
    rng = np.random.default_rng(5)
    shape = (math.prod(shape[:-1]), shape[-1])
    x = (rng.standard_normal(shape) + mean).astype(F32)
    g, weight = (rng.standard_normal(size).astype(F32) for size in (shape, (1, shape[1])))
    bias = rng.standard_normal((1, shape[1])).astype(F32)
    out, unit, scale = normalise(arrays, x, weight, bias, (1,), 1e-5)
    exact = x.astype(F64)
    deviation = exact - exact.mean(axis=1, keepdims=True)
    factor = 1 / np.sqrt((deviation**2).mean(axis=1, keepdims=True) + 1e-5)
    close = 1e-5 + mean * 1e-6  # eight roundings of the mean
    assert np.allclose(unit, deviation * factor, rtol=0, atol=close)
    assert np.allclose(out, deviation * factor * weight + bias, rtol=0, atol=5 * close)
    assert np.allclose(scale, factor, rtol=close)
    wide = (g * weight).astype(F64)
    along = (wide * unit).mean(axis=1, keepdims=True)
    slope = factor * (wide - wide.mean(axis=1, keepdims=True) - unit * along)
    found = unnormalise(arrays, g, unit, scale, weight, (1,))
    assert np.allclose(found, slope, rtol=close, atol=close)


def test_constant_rows_are_standardised_to_zero() -> None:
    x = np.repeat(np.array([[3.0], [16385.0], [0.1]], F32), 6000, axis=1)
    _, unit, _ = normalise(arrays, np.tile(x, (8, 1)), None, None, (1,), 1e-5)
    assert float(np.abs(unit).max()) < 0.5


def test_buffers_are_small_inside_and_as_they_were_afterwards() -> None:
    x = np.ones((40, 1000))
    seen: list[int] = []

    def work(x: Any) -> None:
        seen.append(np.getbufsize())
        raise RuntimeError("stop")

    def elsewhere() -> int:
        np.setbufsize(1024)
        with pytest.raises(RuntimeError, match="stop"):
            unbuffered(work, x)
        return np.getbufsize()

    assert contextvars.copy_context().run(elsewhere) == 1024
    assert seen[0] < 1000
    before = np.geterr(), np.getbufsize()
    assert unbuffered(lambda x: float(x.sum()), x) == 40_000
    assert (np.geterr(), np.getbufsize()) == before


@pytest.mark.parametrize("rows", [1, 5])
def test_one_number_for_every_row(rows: int) -> None:
    index = np.arange(rows)[:, None] % 3
    expected = put_along(arrays, np.full((rows, 1), F32(2)), (rows, 3), index, 1)
    assert same(put_number(F32(2), (rows, 3), index, 1), expected)
    assert put_number(np.ones((rows, 1)), (rows, 3), index, 1) is None
    x = np.random.default_rng(6).standard_normal((rows, 3)).astype(F32)
    assert same(take_along(arrays, x, index, 1), np.take_along_axis(x, index, 1))


def test_cross_entropy_of_many_classes_agrees_with_its_parts() -> None:
    rng = np.random.default_rng(7)
    scores = rng.standard_normal((40, 1000)).astype(F32)
    target = autodiff.tensor(rng.integers(0, 1000, 40))
    x = autodiff.tensor(scores, requires_grad=True)
    autodiff.nn.functional.cross_entropy(x, target).backward()
    y = autodiff.tensor(scores.astype(F64), requires_grad=True)
    (-autodiff.log(autodiff.softmax(y, 1))[np.arange(40), target.numpy()].mean()).backward()
    assert x.grad is not None
    assert y.grad is not None
    assert np.allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-5, atol=1e-9)
