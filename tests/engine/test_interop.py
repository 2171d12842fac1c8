"""NumPy's functions on tensors, arrays beside tensors, DLPack: recorded, shared, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as torch


def leaf() -> Any:
    return torch.tensor([[0.5, 1.5], [2.0, 0.25]], dtype=torch.float64, requires_grad=True)


UNARY = [
    np.exp,
    np.expm1,
    np.log,
    np.log1p,
    np.sqrt,
    np.square,
    np.reciprocal,
    np.sin,
    np.cos,
    np.tan,
    np.sinh,
    np.cosh,
    np.tanh,
    np.negative,
    np.absolute,
    np.positive,
    np.sign,
    np.floor,
    np.rint,
    np.isfinite,
]
BINARY = [
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.power,
    np.maximum,
    np.minimum,
    np.remainder,
    np.matmul,
    np.equal,
    np.less,
]


@pytest.mark.parametrize("function", UNARY, ids=lambda f: f.__name__)
def test_unary_ufunc(function: Any) -> None:
    x = leaf()
    result = function(x)
    assert isinstance(result, torch.Tensor)
    np.testing.assert_allclose(result.detach().numpy(), function(x.detach().numpy()))
    assert result.requires_grad == (function is not np.isfinite)


@pytest.mark.parametrize("function", BINARY, ids=lambda f: f.__name__)
@pytest.mark.parametrize("side", ["tensors", "array left", "array right"])
def test_binary_ufunc(function: Any, side: str) -> None:
    x, array = leaf(), np.array([[1.5, 0.75], [0.5, 2.0]])
    other: Any = torch.tensor(array) if side == "tensors" else array
    given = (other, x) if side == "array left" else (x, other)
    result = function(*given)
    assert isinstance(result, torch.Tensor)
    bare = [one.detach().numpy() if isinstance(one, torch.Tensor) else one for one in given]
    np.testing.assert_allclose(result.detach().numpy(), function(*bare))
    if result.requires_grad:
        result.sum().backward()
        assert x.grad is not None


def test_gradient_flows_through_numpy() -> None:
    x = leaf()
    np.sum(np.exp(x) * np.array([2.0, 3.0])).backward()
    expected = np.exp(x.detach().numpy()) * [2.0, 3.0]
    np.testing.assert_allclose(x.grad.numpy(), expected)


def test_operators_with_arrays() -> None:
    x, a = leaf(), np.array([2.0, 4.0])
    for result, expected in (
        (a + x, a + x.detach().numpy()),
        (x + a, x.detach().numpy() + a),
        (a - x, a - x.detach().numpy()),
        (x / a, x.detach().numpy() / a),
        (a / x, a / x.detach().numpy()),
        (a @ x, a @ x.detach().numpy()),
        (x @ a, x.detach().numpy() @ a),
        (a < x, a < x.detach().numpy()),
        (x == a, x.detach().numpy() == a),
    ):
        assert isinstance(result, torch.Tensor)
        np.testing.assert_allclose(result.detach().numpy(), expected)


def test_array_beside_a_tensor_is_copied() -> None:
    x, a = leaf(), np.array([2.0, 4.0])
    y = (x * a).sum()
    a[:] = 0
    y.backward()
    assert x.grad.tolist() == [[2.0, 4.0], [2.0, 4.0]]


@pytest.mark.parametrize("number", [np.float64(2), np.float32(2), np.int64(2), np.bool_(True)])
def test_numpy_scalars_count_as_numbers(number: Any) -> None:
    x = torch.ones(2, requires_grad=True)
    for result in (number * x, x * number, number + x, x + number, number / x):
        assert result.dtype is torch.float32
        assert result.requires_grad
    assert (np.float64(1) - x).grad_fn.name() == "RsubBackward1"


REDUCED: list[tuple[Callable[..., Any], Callable[[Any], Any]]] = [
    (np.add.reduce, lambda a: a.sum(0)),
    (lambda t: np.add.reduce(t, axis=None), lambda a: a.sum()),
    (lambda t: np.multiply.reduce(t, axis=1, keepdims=True), lambda a: a.prod(1, keepdims=True)),
    (np.maximum.reduce, lambda a: a.max(0)),
    (np.add.accumulate, lambda a: a.cumsum(0)),
    (lambda t: np.multiply.outer(t, t), lambda a: np.multiply.outer(a, a)),
]


@pytest.mark.parametrize("case", range(len(REDUCED)))
def test_methods_of_ufuncs(case: int) -> None:
    ours, theirs = REDUCED[case]
    x = leaf()
    result = ours(x)
    assert result.requires_grad
    np.testing.assert_allclose(result.detach().numpy(), theirs(x.detach().numpy()))


FUNCTIONS: list[Callable[[Any], Any]] = [
    np.sum,
    lambda t: np.sum(t, axis=0),
    lambda t: np.sum(t, axis=(0, 1), keepdims=True),
    np.prod,
    lambda t: np.prod(t, axis=1),
    np.mean,
    lambda t: np.mean(t, axis=1, keepdims=True),
    np.std,
    lambda t: np.var(t, axis=0, ddof=1),
    np.max,
    lambda t: np.min(t, axis=1),
    np.argmax,
    lambda t: np.argmin(t, axis=0),
    lambda t: np.all(t, axis=0),
    np.any,
    np.cumsum,
    lambda t: np.cumsum(t, axis=1),
    np.count_nonzero,
    lambda t: np.reshape(t, (4,)),
    lambda t: np.reshape(t, -1),
    np.ravel,
    np.transpose,
    lambda t: np.swapaxes(t, 0, 1),
    lambda t: np.moveaxis(t, 0, -1),
    lambda t: np.squeeze(np.expand_dims(t, (0, 2))),
    lambda t: np.broadcast_to(t, (3, 2, 2)),
    lambda t: np.concatenate([t, t], axis=1),
    lambda t: np.concatenate([t, t], axis=None),
    lambda t: np.stack([t, t], axis=-1),
    lambda t: np.vstack([t, t]),
    lambda t: np.hstack([t, t]),
    lambda t: np.column_stack([t, t[0] * 1]),
    lambda t: np.split(t, 2)[1],
    lambda t: np.split(t, [1], axis=1)[0],
    lambda t: np.where(t > 1, t, 0.0),
    lambda t: np.clip(t, 0.4, 1.6),
    lambda t: np.dot(t, t),
    lambda t: np.inner(t, t),
    lambda t: np.outer(t, t),
    lambda t: np.einsum("ij,jk->ik", t, t),
    np.linalg.norm,
    lambda t: np.linalg.norm(t, ord=1, axis=1),
    np.tril,
    lambda t: np.triu(t, 1),
    np.diagonal,
    np.trace,
    np.flip,
    lambda t: np.flip(t, axis=0),
    lambda t: np.roll(t, 1, axis=1),
    np.sort,
    lambda t: np.argsort(t, axis=0),
    lambda t: np.take(t, [[3, 0]]),
    lambda t: np.take(t, [[1, 0]], axis=1),
    lambda t: np.take_along_axis(t, np.array([[1], [0]]), axis=1),
    np.round,
    np.copy,
    np.zeros_like,
    lambda t: np.full_like(t, 3.0),
    np.shape,
    np.ndim,
    np.size,
    np.iscomplexobj,
    lambda t: np.allclose(t, t),
    lambda t: np.array_equal(t, t),
]


@pytest.mark.parametrize("case", range(len(FUNCTIONS)))
def test_numpy_function(case: int) -> None:
    x = leaf()
    result = FUNCTIONS[case](x)
    expected = FUNCTIONS[case](x.detach().numpy())
    if isinstance(result, torch.Tensor):
        result = result.detach().numpy()
    np.testing.assert_allclose(result, expected)


def test_what_is_unknown() -> None:
    x = leaf()
    with pytest.raises(TypeError, match=r"^np\.unwrap\(\) is not differentiable here"):
        np.unwrap(x)
    with pytest.raises(TypeError, match=r"^np\.nextafter\(\) is not differentiable here"):
        np.nextafter(x, 1.0)
    np.testing.assert_array_equal(np.unwrap(x.detach()), np.unwrap(x.detach().numpy()))
    assert isinstance(np.nextafter(x.detach(), 1.0), torch.Tensor)


def test_out_and_where_are_refused() -> None:
    x = leaf()
    with pytest.raises(TypeError, match=r"np\.exp\(\) of tensors does not take out="):
        np.exp(x, out=np.empty((2, 2)))
    with pytest.raises(TypeError, match=r"np\.exp\(\) of tensors does not take where="):
        np.exp(x, where=np.array([True, False]))
    with pytest.raises(TypeError, match=r"np\.sum\(\) of tensors does not take out="):
        np.sum(x, out=np.empty(()))


def test_conversion_to_array() -> None:
    x = leaf()
    with pytest.raises(RuntimeError, match=r"^Can't call numpy\(\) on Tensor that requires grad"):
        np.asarray(x)
    shared = np.asarray(x.detach())
    shared[0, 0] = 9.0
    assert x[0, 0].item() == 9.0
    own = np.array(x.detach())
    own[0, 0] = 7.0
    assert x[0, 0].item() == 9.0


def test_dlpack_shares_memory_both_ways() -> None:
    array = np.arange(3.0)
    t = torch.from_dlpack(array)
    t.add_(1)
    assert array.tolist() == [1.0, 2.0, 3.0]
    back = np.from_dlpack(t)  # NumPy 2.1 gives a read-only one
    t[0] = 8.0
    assert back[0] == 8.0
    assert t.__dlpack_device__() == (1, 0)


def test_dlpack_of_expanded_memory() -> None:
    assert np.from_dlpack(torch.ones(1).expand(3)).tolist() == [1.0, 1.0, 1.0]


def test_dlpack_refusals() -> None:
    x = leaf()
    for one in (x, x * 2):
        with pytest.raises(BufferError, match=r"^Can't export tensors that require gradient"):
            one.__dlpack__()
    with pytest.raises(RuntimeError, match="invalid capsule"):
        torch.from_dlpack(3)
    with pytest.raises(AssertionError, match=r"^stream should be None on cpu\.$"):
        x.detach().__dlpack__(stream=1)


def test_array_namespace() -> None:
    x = leaf()
    xp = x.__array_namespace__()
    result = xp.sum(xp.exp(xp.reshape(x, (4,))) * xp.ones_like(x.reshape(4)))
    result.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp(x.detach().numpy()))


def test_from_numpy_shares_memory() -> None:
    array = np.ones(2)
    t = torch.from_numpy(array)
    array[0] = 5.0
    assert t.tolist() == [5.0, 1.0]
    assert t._version == 0  # writes to the array are not seen


def test_array_that_may_not_be_written() -> None:
    array = np.ones(2)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        t = torch.from_numpy(array)
    with pytest.raises(RuntimeError, match="read-only: write to a clone"):
        t.add_(1)
    assert array.tolist() == [1.0, 1.0]
