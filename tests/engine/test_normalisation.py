"""Normalization and softmax: the ways by rows and blocks give what the plain formula gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as torch
from autodiff.kernels import normalisation as kernels

F = torch.nn.functional
RNG = np.random.default_rng(0)


def close(found: Any, expected: Any) -> None:
    found = np.asarray(found.detach().numpy() if isinstance(found, torch.Tensor) else found)
    scale = np.abs(expected).max()
    assert np.abs(found - expected).max() <= 64 * np.finfo(found.dtype).eps * scale


@pytest.mark.parametrize("rows", [3, 300])
@pytest.mark.parametrize("affine", [False, True])
def test_layer_norm_against_a_composition(rows: int, affine: bool) -> None:
    x, g = RNG.standard_normal((2, rows, 600))
    leaves = [torch.from_numpy(x.copy()).requires_grad_()]
    if affine:
        leaves += [torch.from_numpy(RNG.standard_normal(600)).requires_grad_() for _ in range(2)]
    found = F.layer_norm(leaves[0], (600,), *leaves[1:])
    centred = leaves[0] - leaves[0].mean(1, keepdim=True)
    expected = centred * ((centred * centred).mean(1, keepdim=True) + 1e-5).rsqrt()
    if affine:
        expected = expected * leaves[1] + leaves[2]
    close(found, expected.detach().numpy())
    weight = torch.from_numpy(g)
    mine = torch.autograd.grad(found, leaves, weight)
    for one, other in zip(mine, torch.autograd.grad(expected, leaves, weight), strict=True):
        close(one, other.numpy())


def test_no_digits_are_lost_to_a_large_mean() -> None:
    x = torch.tensor([[2.0**20, 2.0**20 + 1, 2.0**20 - 1, 2.0**20]])
    assert F.layer_norm(x, (4,), eps=0.5).tolist() == [[0.0, 1.0, -1.0, 0.0]]


def test_sixteen_bits_are_worked_on_in_more() -> None:
    x = torch.tensor([[300.0, -300.0]], dtype=torch.float16)  # their squares are infinite
    assert F.layer_norm(x, (2,)).tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize("shift", [-1000.0, -3.0, 0.0, 1000.0])
@pytest.mark.parametrize("shape", [(4, 5), (40, 600), (2, 40, 300)])
def test_softmax_for_all_sizes(shape: tuple[int, ...], shift: float) -> None:
    x, g = RNG.standard_normal((2, *shape))
    x = x + shift
    powers = np.exp(x - x.max(-1, keepdims=True))
    expected = powers / powers.sum(-1, keepdims=True)
    leaf = torch.from_numpy(x).requires_grad_()
    found = torch.softmax(leaf, -1)
    close(found, expected)
    (slope,) = torch.autograd.grad(found, leaf, torch.from_numpy(g))
    close(slope, expected * (g - (expected * g).sum(-1, keepdims=True)))
    close(torch.log_softmax(leaf, -1), np.log(expected))


def test_rows_of_one_element_and_none() -> None:
    assert F.layer_norm(torch.ones(3, 1), (1,)).tolist() == [[0.0]] * 3
    assert F.layer_norm(torch.ones(0, 4), (4,)).shape == (0, 4)
    assert kernels.softmax(np, np.ones((2, 1)), 1).tolist() == [[1.0], [1.0]]


def test_batch_norm_follows_its_batches() -> None:
    mean, variance = torch.zeros(2), torch.ones(2)
    x = torch.tensor([[0.0, 1.0], [2.0, 5.0]])
    F.batch_norm(x, mean, variance, training=True, momentum=0.5)
    assert mean.tolist() == [0.5, 1.5]
    assert variance.tolist() == [1.5, 4.5]
    found = F.batch_norm(x, torch.zeros(2), torch.ones(2), eps=0.0)
    assert found.tolist() == x.tolist()


def test_graph() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    out = F.layer_norm(x, (3,), torch.ones(3, requires_grad=True))
    assert out.grad_fn.name() == "NativeLayerNormBackward0"
    kinds = [type(node).__name__ for node, _ in out.grad_fn.next_functions]
    assert kinds == ["AccumulateGrad", "AccumulateGrad", "NoneType"]
    x.requires_grad_(False).add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()
