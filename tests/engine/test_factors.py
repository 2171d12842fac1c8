"""Products by halves: powers of two multiply exactly, in whatever order."""

from __future__ import annotations

import numpy as np
import pytest

import autodiff as torch
from autodiff.kernels.factors import product, products_of_others

RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize("size", [*range(18), 31, 32, 33, 64, 65, 127])
def test_products_of_others(size: int) -> None:
    x = RANDOM.choice([0.5, 1.0, 2.0, -1.0, -2.0], (3, size))
    if size > 2:
        x[1, size // 2] = 0.0  # one zero: only its own slope is left
        x[2, [0, size - 1]] = 0.0  # two: none is
    expected = np.array(
        [[np.prod(np.delete(row, place)) for place in range(size)] for row in x]
    ).reshape(3, size)
    np.testing.assert_array_equal(products_of_others(np, x), expected)


@pytest.mark.parametrize("shape", [(4096,), (4097,), (5, 1001), (129, 33), (70, 8, 9), (4100, 1)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_products_of_many(shape: tuple[int, ...], keepdim: bool) -> None:
    x = RANDOM.choice([0.5, 2.0, -1.0, 1.0], shape)
    for dims in [(len(shape) - 1,), tuple(range(len(shape))), (0,)]:
        expected = np.prod(x, axis=dims, keepdims=keepdim)
        found = product(np, x, dims, keepdim)
        assert np.shape(found) == np.shape(expected)
        np.testing.assert_array_equal(found, expected)


def test_too_large_a_product_is_infinite_without_a_warning() -> None:
    x = torch.full((5000,), 1e30, requires_grad=True)
    y = x.prod()
    y.backward()
    assert y.item() == torch.inf
    assert x.grad.isinf().all()
