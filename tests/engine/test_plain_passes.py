"""Passes from one number, and the namespace of rules: the short ways are the long ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as torch
from autodiff import Tensor, namespace
from autodiff.kernels.convolution import channel_sums
from autodiff.kernels.layers import column_sums, linear, mean_taken, outer_sum, product
from autodiff.kernels.scatter import placed
from autodiff.kernels.sums import SHORT, ones

DTYPES = [torch.float32, torch.float64]


def leaf(*values: Any, dtype: Any = torch.float64) -> Tensor:
    return torch.tensor(values[0] if len(values) == 1 else values, dtype=dtype, requires_grad=True)


def both(outputs: Any, inputs: Any, **options: Any) -> tuple[Any, Any]:
    """What `grad` gives by the short way, and by the long one, which a cotangent leads to."""
    short = torch.autograd.grad(outputs, inputs, retain_graph=True, **options)
    one = torch.ones_like(outputs)
    return short, torch.autograd.grad(outputs, inputs, one, retain_graph=True, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_of_a_number(dtype: Any, create_graph: bool) -> None:
    x, y = leaf(1.5, dtype=dtype), leaf(2.0, -3.0, dtype=dtype)
    value = (x * y.exp()).sum() * x
    for output in (value, value.reshape(1), value.reshape(1, 1)[0]):
        for inputs in (x, [x, y], (y,)):
            short, long = both(output, inputs, create_graph=create_graph)
            assert type(short) is type(long) is tuple
            for one, other in zip(short, long, strict=True):
                assert torch.equal(one, other)
                assert one.dtype == dtype
                assert one.requires_grad == other.requires_grad == create_graph


def test_gradients_of_an_element() -> None:
    x = leaf(1.0, 2.0, 3.0)
    (slope,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    rows = [torch.autograd.grad(one, x, retain_graph=True)[0] for one in slope]
    assert torch.stack(rows).tolist() == [[6.0, 0.0, 0.0], [0.0, 12.0, 0.0], [0.0, 0.0, 18.0]]


def test_a_view_has_the_history_that_it_has_by_now() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    first = y[0]
    y.mul_(3)
    assert torch.autograd.grad(first, x)[0].tolist() == [6.0, 0.0]


def test_complaints_are_those_of_the_long_way() -> None:
    x, other = leaf(1.0, 2.0), leaf(3.0)
    value = x.sum()
    with pytest.raises(RuntimeError, match="not have been used"):
        torch.autograd.grad(value, other, retain_graph=True)
    assert torch.autograd.grad(value, [other, x], retain_graph=True, allow_unused=True)[0] is None
    with pytest.raises(RuntimeError, match="scalar"):
        torch.autograd.grad(x * 2, x)
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.autograd.grad(torch.tensor(1.0), x)
    with pytest.raises(RuntimeError, match="One of the differentiated Tensors"):
        torch.autograd.grad(value, torch.tensor(1.0))
    with pytest.raises(RuntimeError, match="inputs"):
        torch.autograd.grad(value, [])
    square = (x * x).sum()
    torch.autograd.grad(square, x)
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(square, x)
    assert torch.autograd.grad(other, other)[0].item() == 1.0
    with torch.no_grad():
        hidden = (x * 2)[0]
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.autograd.grad(hidden, x)


def test_a_gradient_may_be_written_to() -> None:
    x = leaf(3.0)
    (first,) = torch.autograd.grad(x * 1.0, x)
    first.mul_(5)
    (second,) = torch.autograd.grad(x * 1.0, x)
    assert second.item() == 1.0
    value = x.clone()
    value.backward()
    assert x.grad is not None
    x.grad.mul_(7)
    x.grad = None
    x.clone().backward()
    assert float(x.grad) == 1.0


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,), (1, 0)])
def test_a_number_is_broadcast(shape: tuple[int, ...]) -> None:
    x = leaf(2.0)
    for source in (x, x * 1.0, x.reshape(1, 1)[0, 0]):
        spread = namespace.broadcast_to(source, shape)
        assert tuple(spread.shape) == shape
        x.grad = None
        spread.sum().backward()
        assert float(x.grad) == np.prod(shape)


def test_the_namespace_complains_like_the_functions() -> None:
    x = torch.arange(6.0)
    assert tuple(namespace.reshape(x, (2, -1)).shape) == (2, 3)
    assert tuple(namespace.reshape(x, (3, 2)).shape) == (3, 2)
    assert tuple(namespace.reshape(x, [1, 6]).shape) == (1, 6)
    for shape in ((4,), (-2, 3), (-1, -1)):
        with pytest.raises(RuntimeError):
            namespace.reshape(x, shape)
    with pytest.raises(RuntimeError):
        namespace.broadcast_to(torch.tensor(1.0), (2, -1))
    with pytest.raises(RuntimeError):
        namespace.broadcast_to(x, (5,))
    with pytest.raises(IndexError):
        namespace.matrix_transpose(x)
    with pytest.raises(IndexError):
        namespace.sum(x, axis=1)
    with pytest.raises(RuntimeError):
        namespace.sum(x.reshape(2, 3), axis=(0, 0))
    with pytest.raises(TypeError):
        namespace.maximum(x, "2")


def test_the_namespace_reduces_as_numpy_does() -> None:
    x = torch.arange(24.0).reshape(2, 3, 4)
    for axis in (None, 0, 2, -1, (0, 2), (-1, 0), ()):
        for keepdims in (False, True):
            for name in ("sum", "mean", "max", "min", "prod"):
                found = getattr(namespace, name)(x, axis=axis, keepdims=keepdims)
                expected = getattr(np, name)(x.numpy(), axis=axis, keepdims=keepdims)
                np.testing.assert_allclose(found.numpy(), expected, 1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int64])
def test_layers_are_products_and_sums(dtype: Any) -> None:
    rng = np.random.default_rng(0)

    def some(*shape: int) -> Any:
        return rng.integers(-3, 4, shape).astype(dtype)

    for lead in ((), (5,), (2, 5), (0,), (2, 0, 3)):
        x, weight, bias = some(*lead, 3), some(4, 3), some(4)
        np.testing.assert_array_equal(linear(np, x, weight, bias), x @ weight.T + bias)
        np.testing.assert_array_equal(linear(np, x, weight, None), x @ weight.T)
        np.testing.assert_array_equal(product(np, x, weight.T), x @ weight.T)
    row = some(3)
    np.testing.assert_array_equal(linear(np, some(5, 3) * 0 + 1, row, None), np.full(5, row.sum()))
    turned = np.swapaxes(some(2, 3, 5), 1, 2)
    np.testing.assert_array_equal(product(np, turned, some(3, 2) * 0 + 1)[..., 0], turned.sum(-1))
    g, x = some(5, 4), some(5, 3)
    for found, expected in ((outer_sum(g, x), g.T @ x), (column_sums(g), g.sum(axis=0))):
        if np.dtype(dtype).itemsize == 2 or dtype is np.int64:
            assert found is None
        else:
            np.testing.assert_array_equal(found, expected)
    assert (
        product(np, some(2, 5, 3).astype(np.float32), some(3, 4).astype(np.float32)).base is None
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.complex64])
def test_channels_are_added_up(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    for shape in ((2, 3, 4, 5), (8, 16, 40, 40), (2, 3, 20_000), (600, 200), (2, 3, 0), (0, 3, 4)):
        g = rng.integers(-1, 2, shape).astype(dtype)
        expected = g.sum(axis=(0, *range(2, g.ndim)))
        np.testing.assert_array_equal(channel_sums(np, g), expected)
        turned = np.asfortranarray(g)
        np.testing.assert_array_equal(channel_sums(np, turned), expected)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 2)])
def test_a_bias_is_added_once(groups: int, kernel: tuple[int, int]) -> None:
    x, weight = torch.ones(3, 4, 5, 6), torch.ones(2, 4 // groups, *kernel)
    bias = torch.tensor([0.5, -7.0])
    options: dict[str, Any] = {"padding": 1, "stride": (2, 1), "groups": groups}
    without = torch.nn.functional.conv2d(x, weight, **options)
    found = torch.nn.functional.conv2d(x, weight, bias, **options)
    assert torch.equal(found, without + bias.reshape(1, 2, 1, 1))


def test_one_element_of_each_row() -> None:
    x = np.arange(12.0).reshape(4, 3)
    index = np.array([[0], [2], [1], [1]])
    assert mean_taken(x, index, 4) == np.take_along_axis(x, index, 1).sum() / 4
    assert mean_taken(x, index[:3], 4) is None
    assert mean_taken(np.zeros((SHORT + 1, 2)), np.zeros((SHORT + 1, 1), int), 2) is None


def test_what_is_placed() -> None:
    for index in (1, (slice(None), 2), (..., slice(0, 3, 2)), (slice(None, None, -1), None, 0)):
        whole = np.zeros((3, 4))
        values = np.random.default_rng(1).normal(size=np.shape(whole[index]))
        whole[index] = values
        np.testing.assert_array_equal(placed(values, (3, 4), index), whole)
    assert placed(np.float32(-0.0), (2,), 0).dtype == np.float32
    assert placed("g", (2,), 0) is None


def test_ones_stay_ones() -> None:
    for dtype in (np.float32, np.float64, np.float16):
        for count in (0, 3, SHORT, SHORT + 1):
            found = ones(count, np.dtype(dtype))
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, np.ones(count))
    with pytest.raises(ValueError, match="read-only"):
        ones(3, np.dtype(np.float32))[0] = 2
