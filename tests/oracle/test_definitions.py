"""Every definition: its derivative graph against differences of its own values, computed with so
many bits that the differences are certain to 40 digits; its values against PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

from definition_checks import cases, check_derivative
from reference import build
from reference.definitions import (
    MissingDefinition,
    Sample,
    define,
    definition,
    definitions,
)
from reference.tensor import apply, tensor

TIER_ONE = [
    "add",
    "sub",
    "mul",
    "div",
    "neg",
    "pow",
    "reciprocal",
    "abs",
    "sign",
    "exp",
    "log",
    "log1p",
    "expm1",
    "sqrt",
    "rsqrt",
    "square",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sigmoid",
    "erf",
    "clamp",
    "maximum",
    "minimum",
    "where",
    "sum",
    "mean",
    "prod",
    "max",
    "min",
    "amax",
    "amin",
    "var",
    "std",
    "logsumexp",
    "norm",
    "linalg.vector_norm",
    "cumsum",
    "matmul",
    "mm",
    "mv",
    "dot",
    "bmm",
    "outer",
    "einsum",
    "addmm",
    "view",
    "reshape",
    "transpose",
    "permute",
    "t",
    "T",
    "squeeze",
    "unsqueeze",
    "expand",
    "flatten",
    "cat",
    "stack",
    "split",
    "chunk",
    "unbind",
    "__getitem__",
    "index_put",
    "gather",
    "index_select",
    "masked_fill",
    "tril",
    "triu",
    "diagonal",
    "flip",
    "clone",
    "to",
    "sort",
    "relu",
    "linear",
    "softmax",
    "log_softmax",
    "mse_loss",
    "cross_entropy",
]

SMOOTH = [case for case in cases(("plain", "tail")) if definition(case.values[0]).domain]


@pytest.mark.parametrize(("name", "sample"), SMOOTH)
def test_derivative_is_the_limit_of_differences(name: str, sample: Sample) -> None:
    check_derivative(name, sample)


@pytest.mark.parametrize("name", TIER_ONE)
def test_tier_one_is_defined(name: str) -> None:
    row = definition(name)
    assert row.samples is not None
    assert row.samples(np.random.default_rng(0))


def test_missing_definition_says_how_to_add_one() -> None:
    with pytest.raises(MissingDefinition, match=r'define\("frobnicate"'):
        apply("frobnicate", tensor(1.0))


def test_defined_operations_are_applied() -> None:
    define("my_cube", lambda input: build.power(input, 3))
    x = tensor(2.0, requires_grad=True)
    apply("my_cube", x).backward()
    assert x.grad is not None
    assert x.grad.item() == 12.0


def test_samples_are_the_same_for_the_same_seed() -> None:
    for row in definitions():
        if row.samples is None:
            continue
        one, two = (row.samples(np.random.default_rng(3)) for _ in range(2))
        for first, second in zip(one, two, strict=True):
            for a, b in zip(first.args, second.args, strict=True):
                if isinstance(a, np.ndarray):
                    np.testing.assert_array_equal(a, b)
