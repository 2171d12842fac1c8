"""Functions written for NumPy, the Array API, PyTorch or autodiff run on the oracle's tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import reference as t
from reference.definitions import MissingDefinition

A = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
B = np.array([[1.0, 2.0, -0.5], [0.5, -3.0, 1.25]])
V = np.array([1.0, -2.0, 0.5])

NUMPY: list[Callable[[Any], Any]] = [
    lambda x: np.average(x, axis=1, weights=V),
    lambda x: np.average(x, weights=B),
    lambda x: np.meshgrid(x[0], V[:2])[1] + np.meshgrid(x[0], V[:2])[0],
    lambda x: np.meshgrid(x[0], V, indexing="ij")[0],
    lambda x: np.array_split(x, 2, axis=1)[0],
    lambda x: np.hsplit(x, [1])[1],
    lambda x: np.ptp(x, axis=0),
    lambda x: np.percentile(x, 30.0, axis=1),
    lambda x: np.convolve(x[0], V),
    lambda x: np.convolve(x[0], V[:2], "same"),
    lambda x: np.correlate(x[0], V[:2]),
    lambda x: np.correlate(x[0], V, "full"),
    lambda x: np.polyval(x[0], 1.5),
    np.ediff1d,
    lambda x: np.append(x, V),
    lambda x: np.delete(x, 1, axis=1),
    lambda x: np.compress([True, False, True], x, axis=1),
    lambda x: np.extract(A > 0, x),
    lambda x: np.diagflat(x[0], 1),
    lambda x: np.vander(x[0]),
    np.nanmax,
    np.degrees,
    np.exp,
    np.tanh,
    np.square,
    np.abs,
    np.negative,
    lambda x: np.sqrt(np.abs(x)),
    np.sum,
    lambda x: np.sum(x, axis=0, keepdims=True),
    lambda x: np.mean(x, axis=-1),
    lambda x: np.prod(x, axis=1),
    lambda x: np.max(x, axis=1),
    np.min,
    lambda x: np.amax(x, axis=0),
    np.var,
    lambda x: np.std(x, axis=1, ddof=1),
    lambda x: np.where(x > 0, x, 0.5 * x),
    lambda x: np.maximum(x, 0.0),
    lambda x: np.minimum(B, x),
    lambda x: np.einsum("ij,kj->ik", x, B),
    lambda x: np.matmul(x, B.T),
    lambda x: np.dot(x, V),
    lambda x: x @ V,
    lambda x: B @ x.T,
    lambda x: np.concatenate([x, B], axis=0),
    lambda x: np.stack([x, x], axis=1),
    lambda x: np.vstack([x, x]),
    np.linalg.norm,
    lambda x: np.linalg.norm(x, axis=1),
    np.transpose,
    lambda x: np.reshape(x, (3, 2)),
    lambda x: np.clip(x, -1.0, 1.0),
    lambda x: np.cumsum(x, axis=1),
    np.cumsum,
    lambda x: np.sort(x, axis=1),
    lambda x: np.flip(x, axis=0),
    lambda x: np.roll(x, 1, axis=1),
    np.tril,
    lambda x: np.outer(x[0], x[1]),
    lambda x: np.tensordot(x, B, axes=([1], [1])),
    lambda x: np.expand_dims(x, 1),
    lambda x: np.squeeze(x[:, :1], axis=1),
    lambda x: np.broadcast_to(x, (2, 2, 3)),
    lambda x: np.swapaxes(x, 0, 1),
    lambda x: np.take(x, np.array([0, 2]), axis=1),
    lambda x: np.pad(x, ((1, 0), (0, 2))),
    lambda x: np.tile(x, (2, 1)),
    lambda x: np.repeat(x, 2, axis=0),
    np.diagonal,
    np.trace,
    lambda x: np.linalg.solve(x[:, :2] + 4 * np.eye(2), B),
    lambda x: np.linalg.inv(x[:, :2] + 4 * np.eye(2)),
    lambda x: np.add.reduce(x, axis=0),
    lambda x: np.power(np.abs(x), 1.5),
    lambda x: np.log1p(np.exp(x)),
    lambda x: np.float64(2.0) * x + np.ones(3),
    lambda x: np.arctan2(x, B) + np.hypot(x, B) + np.logaddexp(x, B),
    lambda x: np.zeros_like(x) + np.ones_like(x) * np.shape(x)[0] + np.ndim(x),
    lambda x: np.split(x, 3, axis=1)[1],
    lambda x: B - x / 2 + B**2 * x,
]


@pytest.mark.parametrize("number", range(len(NUMPY)))
def test_numpy_functions(number: int) -> None:
    function = NUMPY[number]
    result = function(t.variable("x", A))
    assert isinstance(result, t.Tensor)
    wanted = function(A)
    assert result.shape == wanted.shape
    assert_allclose(result.detach().numpy(), wanted, rtol=1e-13, atol=1e-15)


def test_numpy_functions_are_differentiated() -> None:
    x = t.tensor(A, requires_grad=True)
    np.sum(np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True) * B).backward()
    share = np.exp(A) / np.exp(A).sum(1, keepdims=True)
    assert x.grad is not None
    assert_allclose(x.grad.numpy(), share * (B - (share * B).sum(1, keepdims=True)), rtol=1e-13)


def test_array_api_namespace() -> None:
    x = t.variable("x", A)
    xp = x.__array_namespace__()
    result = xp.sum(xp.matmul(xp.permute_dims(x, (1, 0)), xp.asarray(B)), axis=0)
    assert_allclose(result.detach().numpy(), (A.T @ B).sum(0), rtol=1e-14)
    norms = xp.linalg.vector_norm(x, axis=1) + xp.max(x, axis=1) + xp.std(x, axis=1)
    wanted = np.linalg.norm(A, axis=1) + A.max(1) + A.std(1)
    assert_allclose(norms.detach().numpy(), wanted, rtol=1e-14)


def test_unknown_functions_are_named() -> None:
    with pytest.raises(MissingDefinition, match="'spacing' has no definition"):
        np.spacing(t.variable("x", A))
    with pytest.raises(MissingDefinition, match="frexp"):
        np.frexp(t.variable("x", A))


def test_autodiff_functions() -> None:
    autodiff = pytest.importorskip("autodiff")
    x = t.variable("x", A)
    result = autodiff.exp(x) + autodiff.sum(x, dim=0) - autodiff.reshape(x, (3, 2))[0, 0]
    assert_allclose(result.detach().numpy(), np.exp(A) + A.sum(0) - A[0, 0], rtol=1e-14)
    joined = autodiff.cat([x, x], 1)
    assert joined.shape == (2, 6)
    loss = autodiff.nn.functional.cross_entropy(x, autodiff.tensor([2, 0]), reduction="sum")
    logs = A - np.log(np.exp(A).sum(1, keepdims=True))
    assert_allclose(loss.item(), -logs[0, 2] - logs[1, 0], rtol=1e-14)
    weight = t.variable("w", np.array([1.0, 2.0, 0.5]))
    target = autodiff.tensor([2, 0])
    weighted = autodiff.nn.functional.cross_entropy(x, target, weight, reduction="sum")
    assert_allclose(weighted.item(), -0.5 * logs[0, 2] - logs[1, 0], rtol=1e-14)
    assert autodiff.cat([x, autodiff.zeros(0)]).shape == (2, 3)


def test_certify_and_derive_through_numpy() -> None:
    certificate = t.certify(lambda x: np.sum(np.tanh(x) ** 2), A)
    assert certificate.certified
    truth = 2 * np.tanh(A) * (1 - np.tanh(A) ** 2)
    assert_allclose(certificate.gradients[0].round("float64"), truth, rtol=1e-13)
