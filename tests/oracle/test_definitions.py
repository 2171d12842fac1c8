"""Every definition: its derivative graph against differences of its own values, computed with so
many bits that the differences are certain to 40 digits; its values against PyTorch's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flint
import numpy as np
import pytest

from reference import build
from reference.definitions import (
    SECOND_TIER,
    MissingDefinition,
    Sample,
    define,
    definition,
    definitions,
)
from reference.differentiate import vjp
from reference.domains.certified import examine, working_precision
from reference.graph import Constant, Input, Node
from reference.tensor import Tensor, apply, tensor, variable

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

# tests/oracle/test_definitions_tier_two.py has these
ELSEWHERE = {row.name for family in SECOND_TIER for row in family.DEFINITIONS}

PRECISION = 1200
STEP = 400  # a step of 2**-400 makes a difference wrong by about 2**-800


def cases(kinds: tuple[str, ...]) -> list[Any]:
    return list(each_case(kinds))


def each_case(kinds: tuple[str, ...]) -> Iterator[Any]:
    for row in definitions():
        if row.samples is not None and row.name not in ELSEWHERE:
            for number, sample in enumerate(row.samples(np.random.default_rng(7))):
                if sample.kind in kinds:
                    yield pytest.param(row.name, sample, id=f"{row.name}-{number}")


def is_real(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.float64


def traced(name: str, sample: Sample) -> tuple[list[Tensor], list[Tensor]]:
    """The float64 arrays as variables, and the results."""
    variables: list[Tensor] = []

    def argument(value: Any) -> Any:
        if is_real(value):
            variables.append(variable(f"x{len(variables)}", value))
            return variables[-1]
        if isinstance(value, tuple) and any(is_real(part) for part in value):
            return tuple(argument(part) for part in value)
        return tensor(value) if isinstance(value, np.ndarray) else value

    result = apply(name, *(argument(value) for value in sample.args), **sample.kwargs)
    outputs = list(result) if isinstance(result, tuple) else [result]
    return variables, outputs


def dyadic_weights(rng: np.random.Generator, shape: Any) -> np.ndarray:
    return np.asarray(rng.integers(1, 64, size=tuple(shape)) / 32.0)


def inner(nodes: list[Node], weights: list[np.ndarray], bindings: dict[Node, Any]) -> Any:
    """Σ <node, weight> as a ball."""
    arrays = examine(nodes, bindings, precision=PRECISION).values
    with working_precision(PRECISION):
        total = flint.arb(0)
        for array, weight in zip(arrays, weights, strict=True):
            for ball, factor in zip(array.ravel(), weight.ravel().tolist(), strict=True):
                if not (ball.mid() == flint.arb("-inf") and ball.rad() == 0):  # filled in
                    total += ball * factor
    return total


SMOOTH = [case for case in cases(("plain", "tail")) if definition(case.values[0]).domain]


@pytest.mark.parametrize(("name", "sample"), SMOOTH)
def test_derivative_is_the_limit_of_differences(name: str, sample: Sample) -> None:
    variables, outputs = traced(name, sample)
    rng = np.random.default_rng(1)
    outputs = [output for output in outputs if output.requires_grad]
    assert variables
    weights = [dyadic_weights(rng, output.shape) for output in outputs]
    directions = [dyadic_weights(rng, held.shape) for held in variables]
    inputs = [held.node for held in variables]
    nodes = [output.node for output in outputs]
    pulled = vjp(nodes, inputs, [Constant(weight) for weight in weights])
    pairs = [(g, d) for g, d in zip(pulled, directions, strict=True) if g is not None]
    slope = inner([g for g, _ in pairs], [d for _, d in pairs], {})
    ends = []
    for sign in (1, -1):
        with working_precision(PRECISION):
            moved = {
                node: moved_array(node, direction, sign)
                for node, direction in zip(inputs, directions, strict=True)
            }
        ends.append(inner(nodes, weights, moved))
    with working_precision(PRECISION):
        difference = (ends[0] - ends[1]) / (2 * flint.arb(2) ** -STEP)
        gap = abs(slope - difference)
        scale = abs(slope) + 1
    assert gap.is_finite()
    assert gap < scale * 1e-50, f"{slope.str(20)} against {difference.str(20)}"


def moved_array(node: Node, direction: np.ndarray, sign: int) -> np.ndarray:
    assert isinstance(node, Input)
    assert node.value is not None
    result = np.empty(node.shape, dtype=object)
    step = flint.arb(2) ** -STEP
    for place, value in np.ndenumerate(node.value):
        result[place] = flint.arb(float(value)) + sign * step * float(direction[place])
    return result


@pytest.mark.parametrize(("name", "sample"), cases(("plain", "kink")))
def test_values_agree_with_torch(name: str, sample: Sample) -> None:
    torch = pytest.importorskip("torch")
    _, outputs = traced(name, sample)

    def argument(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return torch.tensor(value)
        if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
            return tuple(argument(part) for part in value)
        return value

    function = torch_function(torch, name)
    result = function(*(argument(value) for value in sample.args), **sample.kwargs)
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    if sample.kind == "kink":  # which of several equal values an index names is free
        outputs, results = outputs[:1], results[:1]
    assert len(results) == len(outputs)
    for mine, theirs in zip(outputs, results, strict=True):
        assert tuple(mine.shape) == tuple(theirs.shape)
        np.testing.assert_allclose(
            mine.detach().numpy(), theirs.numpy(), rtol=1e-12, atol=1e-13, equal_nan=True
        )


def torch_function(torch: Any, name: str) -> Any:
    special = {
        "getitem": lambda x, key: x[key],
        "index_put": torch.index_put,
        "vector_norm": torch.linalg.vector_norm,
        "solve": torch.linalg.solve,
        "inv": torch.linalg.inv,
        "T": lambda x: x.permute(*reversed(range(x.ndim))),
        "mT": lambda x: x.mT,
        "to": lambda x: x.to(torch.float64),
        "pow": torch.pow,
        "sum": lambda x, *rest, **kw: x.sum(*rest, **kw),
        "mean": lambda x, *rest, **kw: x.mean(*rest, **kw),
        "prod": lambda x, *rest, **kw: x.prod(*rest, **kw),
    }
    if name in special:
        return special[name]
    for home in (torch.nn.functional, torch):
        if hasattr(home, name):
            return getattr(home, name)
    return lambda x, *rest, **kw: getattr(x, name)(*rest, **kw)


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
