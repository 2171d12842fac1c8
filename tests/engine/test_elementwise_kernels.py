"""Kernels of many numbers at once: what NumPy computes number by number, as accurately."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff.kernels.arrays import arrays
from autodiff.kernels.products import mm, mm_first, mm_second
from autodiff.kernels.selection import chosen, clamped, leaky, positive_part
from autodiff.kernels.special import power

F32, F64 = np.float32, np.float64
ENDS = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-20, -1e-20, 89.0, -200.0, 1e30, 3e-7]
SIZES = [13, 10_000]


def at_ends(count: int, dtype: Any) -> Any:
    with np.errstate(all="ignore"):
        return np.resize(np.array(ENDS).astype(dtype), count)


def equal(found: Any, expected: Any) -> bool:
    """To the last bit, but for the signs of zeros and the bits of nan."""
    alike = (found == expected) | (np.isnan(found) & np.isnan(expected))
    return found.dtype == expected.dtype and found.shape == expected.shape and bool(alike.all())


@pytest.mark.parametrize("name", ["expm1", "sinh", "cosh"])
def test_exponentials(name: str) -> None:
    rng = np.random.default_rng(0)
    near = np.exp(rng.uniform(-60, 4, 20_000))
    x = np.concatenate([near, -near, rng.uniform(-88, 88, 20_000)]).astype(F32)
    exact = getattr(np, name)(x.astype(F64))
    place = np.spacing(np.abs(exact).astype(F32)).astype(F64)
    assert np.max(np.abs(getattr(arrays, name)(x) - exact) / place) < 0.8


@pytest.mark.parametrize("name", ["expm1", "sinh", "cosh"])
@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("dtype", [np.float16, F32, F64])
def test_exponentials_at_their_ends(name: str, count: int, dtype: Any) -> None:
    x = at_ends(count, dtype)
    with np.errstate(all="ignore"):
        found, expected = getattr(arrays, name)(x), getattr(np, name)(x)
    np.testing.assert_allclose(found, expected, rtol=2 * np.finfo(dtype).eps)
    assert (np.signbit(found) == np.signbit(expected))[~np.isnan(expected)].all()


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("dtype", [np.float16, F32, F64])
@pytest.mark.parametrize(
    ("low", "high"),
    [(-1, 1), (0.5, None), (None, -0.5), (2.0, -2.0), (np.nan, 1), (0, np.nan), (-np.inf, np.inf)],
)
def test_bounds(count: int, dtype: Any, low: Any, high: Any) -> None:
    x = at_ends(count, dtype)
    expected = x if low is None else np.maximum(x, dtype(low))
    expected = expected if high is None else np.minimum(expected, dtype(high))
    assert equal(clamped(arrays, x, low, high), expected)
    assert equal(positive_part(arrays, x), np.maximum(x, dtype(0)))
    assert equal(clamped(arrays, x, -x, np.abs(x)), np.minimum(np.maximum(x, -x), np.abs(x)))


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("dtype", [np.float16, F32, F64])
@pytest.mark.parametrize("slope", [0.0, 0.25, 1.0, 4.0, -0.5, -2.0])
def test_leaky(count: int, dtype: Any, slope: float) -> None:
    x = at_ends(count, dtype)
    with np.errstate(all="ignore"):
        assert equal(leaky(arrays, x, slope), np.where(x > 0, x, x * dtype(slope)))


@pytest.mark.parametrize("dtype", [F32, F64])
@pytest.mark.parametrize("exponent", [3, -0.5, -1, -2, 2, 0.5])
def test_powers(dtype: Any, exponent: float) -> None:
    x = np.exp(np.random.default_rng(0).uniform(-25, 25, 3_000)).astype(dtype)
    exact = x.astype(np.longdouble) ** exponent
    place = np.spacing(exact.astype(dtype)).astype(np.longdouble)
    assert np.max(np.abs(power(x, exponent) - exact) / place) < 2
    assert power(np.array([-2.0, 4.0]), -2).tolist() == [0.25, 0.0625]
    assert power(np.array([-2.0]), 3).tolist() == [-8.0]
    assert power(np.array([2, 3]), 2).tolist() == [4, 9]


@pytest.mark.parametrize("dtype", [np.float16, F32, F64, np.int64, np.complex128])
@pytest.mark.parametrize(
    "sizes", [(3, 4, 5), (3, 1, 5), (1, 4, 1), (0, 4, 5), (3, 0, 5), (300, 40, 500)]
)
def test_products_of_matrices(dtype: Any, sizes: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    rows, inner, columns = sizes
    x = rng.integers(-4, 5, (rows, inner)).astype(dtype)
    y = rng.integers(-4, 5, (inner, columns)).astype(dtype)
    g = rng.integers(-4, 5, (rows, columns)).astype(dtype)
    for first, second, found in ((x, y, mm), (g, y.T, mm_first), (x.T, g, mm_second)):
        given = {mm: (x, y), mm_first: (g, y), mm_second: (g, x)}[found]
        assert equal(found(arrays, *given), first @ second)
    for found, one, other in ((mm, x, y), (mm_first, g, y), (mm_second, g, x)):
        several = found(arrays, np.stack([one, one]), np.stack([other, other]))
        assert equal(several[1], found(arrays, one, other))


@pytest.mark.parametrize("dtype", [F32, F64])
def test_choosing_among_many(dtype: Any) -> None:
    """By parts, whatever the memory is like, to the last bit."""
    rng = np.random.default_rng(0)
    x, y = (np.resize(at_ends(1_000, dtype), (300, 400)) for _ in range(2))
    y = y[::-1].copy()
    for mask in (rng.random(x.shape) < 0.5, rng.random(x.shape[::-1]).T < 0.5):
        for first, second in ((x, y), (x, y[:, ::-1]), (np.asfortranarray(x), y), (x[:1], y)):
            found, expected = chosen(mask, first, second), np.where(mask, first, second)
            assert found.tobytes() == expected.tobytes()
