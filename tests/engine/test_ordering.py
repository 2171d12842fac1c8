"""Places found by partition are those that a stable sort of everything names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff.kernels import ordering

SHAPES = [(32,), (61,), (3, 40), (33, 4), (2, 35, 3), (1, 50)]


def numbers(shape: tuple[int, ...], dtype: str, seed: int, kind: str) -> Any:
    random = np.random.default_rng(seed)
    x = random.standard_normal(shape) * 3
    if kind != "distinct":
        x = np.round(x)
    if kind == "special" and np.dtype(dtype).kind == "f":
        x[random.random(shape) < 0.05] = np.nan
        x[random.random(shape) < 0.05] = np.inf
        x[random.random(shape) < 0.1] = -0.0
    return x.astype(dtype)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(
    st.sampled_from(SHAPES),
    st.sampled_from(["float16", "float32", "float64", "int64", "uint8"]),
    st.integers(0, 2**20),
    st.sampled_from(["distinct", "ties", "special"]),
    st.booleans(),
    st.data(),
)
def test_places_are_those_of_a_sort(
    shape: tuple[int, ...], dtype: str, seed: int, kind: str, descending: bool, data: Any
) -> None:
    x = numbers(shape, dtype, seed, kind)
    dim = data.draw(st.integers(0, len(shape) - 1))
    k = data.draw(st.integers(1, shape[dim]))

    def found() -> list[Any]:
        return [
            ordering.leading(np, x, k, dim, descending),
            ordering.place_of(np, x, k - 1, dim),
            ordering.median_place(np, x, dim, False),
            ordering.median_place(np, x, dim, True),
        ]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordering, "_FEW", 10**9)
        sorted_places = found()
        patch.setattr(ordering, "_FEW", 0)
        for one, other in zip(found(), sorted_places, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
