"""Windows that move over the last axes, by the definition in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from autodiff.nn import functional as F


def means(x: np.ndarray, width: int, step: int, pad: int, largest: bool) -> np.ndarray:
    found = []
    for start in range(-pad, len(x) + pad - width + 1, step):
        inside = [float(x[k]) for k in range(start, start + width) if 0 <= k < len(x)]
        found.append(max(inside) if largest else sum(inside) / width)
    return np.array(found)


@settings(deadline=None, derandomize=True)
@given(
    size=st.integers(1, 9),
    width=st.integers(1, 4),
    step=st.integers(1, 5),
    pad=st.integers(0, 2),
    seed=st.integers(0, 9),
)
def test_pools_of_signals(size: int, width: int, step: int, pad: int, seed: int) -> None:
    pad = min(pad, width // 2)
    if size + 2 * pad < width:
        return
    x = np.random.default_rng(seed).integers(-8, 8, size) / 4
    signal = autodiff.tensor(x[None, None])
    for largest, pool in ((False, F.avg_pool1d), (True, F.max_pool1d)):
        found = pool(signal, width, step, pad)[0, 0].numpy()
        np.testing.assert_array_equal(found, means(x, width, step, pad, largest))


@settings(deadline=None, derandomize=True)
@given(rows=st.integers(1, 6), columns=st.integers(1, 6), out=st.integers(1, 7))
def test_gradients_of_adaptive_means_sum_up(rows: int, columns: int, out: int) -> None:
    x = autodiff.ones(1, rows, columns, dtype=autodiff.float64, requires_grad=True)
    pooled = F.adaptive_avg_pool2d(x, (out, 2))
    pooled.backward(autodiff.ones_like(pooled))
    assert x.grad.sum().item() == pytest.approx(2 * out, rel=1e-12)


def test_nan_is_the_largest() -> None:
    x = autodiff.tensor([[[1.0, float("nan")], [3.0, 2.0]]], requires_grad=True)
    values, places = F.max_pool2d(x, 2, return_indices=True)
    assert values.isnan().all()
    assert places.tolist() == [[[1]]]


def test_strided_views_write_to_their_base() -> None:
    x = autodiff.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    base = x * 1
    view = base.as_strided((2, 2), (2, 1))
    view[1].mul_(10)
    assert base.tolist() == [1.0, 2.0, 30.0, 40.0]
    base.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 10.0, 10.0]


def test_memory_out_of_reach() -> None:
    with pytest.raises(RuntimeError, match="out of bounds for storage of size 16"):
        autodiff.ones(4).as_strided((3,), (2,))
    with pytest.raises(RuntimeError, match="maximum size for tensor at dimension 0 is 4"):
        autodiff.ones(4).unfold(0, 5, 1)


def test_overlapping_windows_add_up() -> None:
    x = autodiff.zeros(5, requires_grad=True)
    x.unfold(0, 3, 1).sum().backward()
    assert x.grad.tolist() == [1.0, 2.0, 3.0, 2.0, 1.0]
