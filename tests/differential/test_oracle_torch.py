"""The oracle beside PyTorch: printed text, PyTorch's tensors and functions on the oracle's."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_allclose

import reference as t
from reference.certify import certify
from reference.dtypes import as_dtype, round_array
from reference.printing import tensor_text

torch = pytest.importorskip("torch")

A = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75]])
B = np.array([[1.0, 2.0, -0.5], [0.5, -3.0, 1.25]])


@pytest.mark.parametrize("seed", range(60))
def test_same_text_as_torch(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for name in ("float32", "float64", "float16", "bfloat16", "int64", "int32", "bool", "uint8"):
        held = as_dtype(name)
        rank = int(rng.integers(0, 4))
        shape = tuple(int(n) for n in rng.choice([0, 1, 2, 3, 5, 7, 12], size=rank))
        if rng.random() < 0.1:
            shape = (int(rng.choice([40, 200, 1001])), *shape[:1])
        values = rng.normal(size=shape) * rng.choice([1, 1e-5, 1e5, 1e9, 1e-3])
        values = np.clip(np.round(values) if rng.random() < 0.4 else values, -(2**30), 2**30)
        if held.is_floating_point and values.size and rng.random() < 0.3:
            flat = np.array(values).ravel()
            flat[rng.integers(flat.size)] = rng.choice([np.nan, np.inf, -np.inf, 0.0])
            values = flat.reshape(shape)
        if name == "uint8":
            values = np.abs(values) % 200
        mine = round_array(np.asarray(values), held)
        theirs = torch.tensor(mine).to(getattr(torch, name))
        needs = held.is_floating_point and bool(rng.random() < 0.5)
        theirs.requires_grad_(needs)
        assert tensor_text(mine, held, needs) == repr(theirs)


def test_tensors_of_an_engine() -> None:
    x = torch.tensor([0.5, -1.0], dtype=torch.bfloat16, requires_grad=True)
    found = certify(lambda v: np.tanh(v).sum(), x)
    assert found.dtypes == ("bfloat16",)
    with mpmath.workdps(40):
        expected = [mpmath.sech(0.5) ** 2, mpmath.sech(1) ** 2]
    for ball, value in zip(found.gradients[0].balls.tolist(), expected, strict=True):
        assert abs(float(ball.mid()) - float(value)) <= 2**-52


def test_torch_functions() -> None:
    x = t.variable("x", A)
    functional = torch.nn.functional
    result = functional.softmax(torch.exp(x), dim=1) + torch.sum(x, dim=0)
    held = torch.tensor(A)
    wanted = torch.softmax(torch.exp(held), dim=1) + held.sum(0)
    assert_allclose(result.detach().numpy(), wanted.numpy(), rtol=1e-13)
    assert_allclose(functional.linear(x, t.variable("w", B)).detach().numpy(), A @ B.T, rtol=1e-14)
    target = torch.tensor([2, 0])
    loss = functional.cross_entropy(x, target)
    assert_allclose(loss.item(), functional.cross_entropy(held, target).item(), rtol=1e-14)
    mixed = torch.mul(torch.relu(x), held)
    assert_allclose(mixed.detach().numpy(), np.maximum(A, 0) * A, rtol=1e-14)
