"""tinygrad's methods are traced through the graph that tinygrad makes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

tinygrad = pytest.importorskip("tinygrad")

from reference.checking import assert_gradients  # noqa: E402
from reference.definitions import MissingDefinition  # noqa: E402
from reference.domains.certified import evaluate  # noqa: E402
from reference.tensor import variable  # noqa: E402
from reference.trace.tinygrad_uops import run_traced  # noqa: E402

Tensor = tinygrad.Tensor
A = np.array(
    [[0.5, -1.25, 2.0, 0.75], [1.5, 0.25, -0.75, -2.0], [0.25, 1.0, 3.0, -1.0]], np.float32
)

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "gelu": lambda x: x.gelu(),
    "erf": lambda x: x.erf(),
    "mish": lambda x: x.mish(),
    "softmax": lambda x: x.softmax(0),
    "log_softmax": lambda x: x.log_softmax(),
    "std": lambda x: x.std(),
    "prod": lambda x: x.prod(),
    "cumsum": lambda x: x.cumsum(1),
    "sort": lambda x: x.sort()[0],
    "matmul": lambda x: x @ x.T,
    "slices": lambda x: x[1:, ::2][::-1],
    "places": lambda x: x[Tensor([2, 0])],
    "gather": lambda x: x.gather(1, Tensor([[0, 1], [1, 2], [3, 3]])),
    "pad": lambda x: x.pad((1, 1, 0, 0), mode="reflect"),
    "cat": lambda x: x.cat(2 * x, dim=1),
    "conv": lambda x: x.reshape(1, 1, 3, 4).conv2d(Tensor.ones(2, 1, 2, 2)),
    "max_pool": lambda x: x.reshape(1, 1, 3, 4).max_pool2d(2, 1),
    "layernorm": lambda x: x.layernorm(),
    "cross entropy": lambda x: x.sparse_categorical_crossentropy(Tensor([0, 1, 2])),
    "attention": lambda x: x[None].scaled_dot_product_attention(x[None], x[None]),
    "interpolate": lambda x: x.reshape(1, 1, 3, 4).interpolate((5, 6)),
    "one_hot": lambda x: Tensor([0, 2, 1]).one_hot(4) * x,
    "detach": lambda x: x.detach() * x,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_methods(name: str) -> None:
    expected = FUNCTIONS[name](Tensor(A)).numpy()
    held = variable("x", A.astype(np.float64), dtype="float32")
    found = run_traced(tinygrad, FUNCTIONS[name], [held], [Tensor(A)])
    values = evaluate([found.node], precision=120)[0]
    mine = np.array(values.ravel().tolist(), dtype=np.float64).reshape(values.shape)
    np.testing.assert_allclose(mine, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["softmax", "matmul", "layernorm", "max_pool", "gelu"])
def test_gradients(name: str) -> None:
    assert_gradients(FUNCTIONS[name], Tensor(A), what=("value", "vjp"), repeats=2)


def test_numbers_on_the_way_are_refused() -> None:
    with pytest.raises(MissingDefinition, match="on the way"):
        run_traced(tinygrad, lambda x: Tensor(x.numpy()) * 2, [variable("x", A)], [Tensor(A)])
