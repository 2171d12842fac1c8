"""The transpose of views of memory: what overlaps is added up, in whatever way it is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
import autodiff.nn.functional as F
from autodiff.kernels import strided

AXES = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 7)), min_size=1, max_size=4)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(AXES, st.integers(0, 5), st.sampled_from(["float64", "float16"]))
def test_put_is_adding_at_each_place(axes: list[tuple[int, int]], offset: int, dtype: str) -> None:
    size, stride = (tuple(part) for part in zip(*axes, strict=True))
    shape = (offset + strided.extent(size, stride) + 2,)
    y = np.random.default_rng(0).integers(-3, 4, size).astype(dtype)
    expected = np.zeros(shape)
    np.add.at(expected, strided.places(shape, (1,), size, stride, offset), y)
    for many in (1024, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(strided, "_MANY", many)
            found = strided.put_strided(y, shape, size, stride, offset)
        assert found.dtype == y.dtype
        np.testing.assert_array_equal(found, expected)


def test_nothing_is_put() -> None:
    np.testing.assert_array_equal(
        strided.put_strided(np.ones((0, 2)), (3,), (0, 2), (1, 1), 0), np.zeros(3)
    )


def test_second_order_of_overlapping_windows() -> None:
    """Cotangents that were views of overlapping memory would add up in each other's place."""
    x = torch.arange(6.0, dtype=torch.float64, requires_grad=True)
    w = torch.ones(5, 2, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad((x.unfold(0, 2, 1) * w).sum(), x, create_graph=True)
    for _ in range(2):
        (g * torch.arange(6.0, dtype=torch.float64)).sum().backward(retain_graph=True)
    assert w.grad.tolist() == [[2.0 * i, 2.0 * (i + 1)] for i in range(5)]


@pytest.mark.parametrize(
    "geometry",
    [
        {"kernel_size": 2},
        {"kernel_size": (2, 3), "stride": 2, "padding": (1, 2)},
        {"kernel_size": (3, 1), "dilation": (2, 1), "stride": (1, 3), "padding": 1},
        {"kernel_size": 1, "padding": 2, "stride": 4},
    ],
)
@pytest.mark.parametrize("lead", [(3,), (2, 3)])
def test_columns_are_the_windows(geometry: dict[str, Any], lead: tuple[int, ...]) -> None:
    """unfold against one window at a time; fold: <unfold(x), y> = <x, fold(y)>."""
    h, w = 5, 6
    x = torch.from_numpy(np.random.default_rng(1).integers(-4, 5, (*lead, h, w)) * 1.0)
    found = F.unfold(x, **geometry)
    kernel, dilation, padding, stride = (
        given if isinstance(given, tuple) else (given, given)
        for given in (
            geometry["kernel_size"],
            geometry.get("dilation", 1),
            geometry.get("padding", 0),
            geometry.get("stride", 1),
        )
    )
    padded = np.pad(x.numpy(), [(0, 0)] * len(lead) + [(p, p) for p in padding])
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    columns = [
        padded[..., i : i + spans[0] : dilation[0], j : j + spans[1] : dilation[1]].reshape(
            *lead[:-1], -1
        )
        for i in range(0, padded.shape[-2] - spans[0] + 1, stride[0])
        for j in range(0, padded.shape[-1] - spans[1] + 1, stride[1])
    ]
    np.testing.assert_array_equal(found.numpy(), np.stack(columns, -1))
    y = torch.from_numpy(np.random.default_rng(2).integers(-4, 5, tuple(found.shape)) * 1.0)
    back = F.fold(y, (h, w), **geometry)
    assert (found * y).sum().item() == (x * back).sum().item()
