"""Convolution against its definition, in whole numbers, whose sums are exact in every order."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch

F = torch.nn.functional


def whole(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return (np.arange(np.prod(shape)).reshape(shape) * (7 + seed)) % 11 - 5.0


def by_definition(
    x: np.ndarray, w: np.ndarray, stride: Any, padding: Any, dilation: Any, groups: int
) -> np.ndarray:
    padded = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))
    counts = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(padded.shape[2:], w.shape[2:], stride, dilation, strict=True)
    ]
    out = np.zeros((len(x), len(w), *counts))
    each, depth = len(w) // groups, w.shape[1]
    for filter_, place in itertools.product(range(len(w)), np.ndindex(*counts)):
        first = filter_ // each * depth
        for inner in np.ndindex(*w.shape[2:]):
            moves = zip(place, stride, inner, dilation, strict=True)
            at = tuple(o * s + k * d for o, s, k, d in moves)
            own = padded[(slice(None), slice(first, first + depth), *at)]
            out[(slice(None), filter_, *place)] += own @ w[(filter_, slice(None), *inner)]
    return out


@st.composite
def calls(draw: st.DrawFn) -> tuple[Any, ...]:
    rank = draw(st.integers(1, 3))
    groups = draw(st.sampled_from([1, 2]))
    kernel = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    stride = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    dilation = tuple(draw(st.integers(1, 2)) for _ in range(rank))
    padding = tuple(draw(st.integers(0, 2)) for _ in range(rank))
    sizes = tuple(
        draw(st.integers(max(1, d * (k - 1) + 1 - 2 * p), 6))
        for k, d, p in zip(kernel, dilation, padding, strict=True)
    )
    samples = draw(st.integers(1, 3))
    x = whole((samples, 2 * groups, *sizes), draw(st.integers(0, 3)))
    w = whole((groups * draw(st.integers(1, 2)), 2, *kernel), draw(st.integers(0, 3)))
    return x, w, stride, padding, dilation, groups


@settings(deadline=None, derandomize=True, max_examples=150)
@given(calls())
def test_convolution_and_its_transposes(call: tuple[Any, ...]) -> None:
    x, w, *geometry = call
    conv = (F.conv1d, F.conv2d, F.conv3d)[x.ndim - 3]
    stride, padding, dilation, groups = geometry
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    source, kernels = (torch.from_numpy(a).requires_grad_() for a in (x, w))
    found = conv(source, kernels, **options)
    expected = by_definition(x, w, *geometry)
    np.testing.assert_array_equal(found.detach().numpy(), expected)
    weight = torch.from_numpy(whole(expected.shape, 2))
    gx, gw = torch.autograd.grad(found, [source, kernels], weight)
    u, v = torch.from_numpy(whole(x.shape, 3)), torch.from_numpy(whole(w.shape, 3))
    # linear in each: a gradient times a direction is the result there
    assert (gx * u).sum() == (conv(u, kernels, **options) * weight).sum()
    assert (gw * v).sum() == (conv(source, v, **options) * weight).sum()


def test_many_samples_are_taken_in_several_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = whole((7, 2, 5, 6), 0), whole((3, 2, 3, 2), 1)
    results = []
    for size in (1 << 19, 1):
        monkeypatch.setattr("autodiff.kernels.convolution._BUFFER", size)
        source, kernels = (torch.from_numpy(a).requires_grad_() for a in (x, w))
        out = F.conv2d(source, kernels, padding=1)
        results.append([out, *torch.autograd.grad((out * out).sum(), [source, kernels])])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one.detach().numpy(), other.detach().numpy())


def test_third_derivative() -> None:
    x = torch.from_numpy(whole((1, 1, 3, 3), 0)).requires_grad_()
    w = torch.from_numpy(whole((1, 1, 2, 2), 1)).requires_grad_()
    total = (F.conv2d(x, w) ** 3).sum()
    for _ in range(3):
        (slope,) = torch.autograd.grad(total, x, create_graph=True)
        total = slope.sum()
    (mixed,) = torch.autograd.grad(total, w)
    # Σ (Σ_k w_k)³ · 6 over 4 windows, differentiated by each w
    assert mixed.tolist() == [[[[72.0 * w.detach().sum().item() ** 2] * 2] * 2]]


@pytest.mark.parametrize("transposed", [False, True])
def test_graph(transposed: bool) -> None:
    x = torch.ones(1, 2, 4, 4, requires_grad=True)
    w = torch.ones(2, 2, 3, 3, requires_grad=True)
    out = (F.conv_transpose2d if transposed else F.conv2d)(x, w, torch.ones(2))
    assert out.grad_fn.name() == "ConvolutionBackward0"
    assert [type(node).__name__ for node, _ in out.grad_fn.next_functions] == [
        "AccumulateGrad",
        "AccumulateGrad",
        "NoneType",
    ]
    (slope,) = torch.autograd.grad(out.sum(), x, create_graph=True)
    assert slope.grad_fn.name() == (
        "ConvolutionBackward0" if transposed else "ConvolutionBackwardBackward0"
    )


def test_sixteen_bits_are_added_up_in_more() -> None:
    x = torch.ones(1, 4096, 1, dtype=torch.float16)
    assert F.conv1d(x, torch.full((1, 4096, 1), 0.5, dtype=torch.float16)).item() == 2048
