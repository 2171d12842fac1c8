"""Every sample's gradients, of both orders, are the slopes of what the sample computes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import autodiff
from operation_samples import SAMPLES, Sample, arrays, cotangent

# Steps over kinks and jumps measure nothing: these samples stand on them on purpose, and
# tests/engine/test_pointwise.py and test_reductions.py say what their gradients are.
ON_KINKS = {
    "corners",
    "pow-corner",
    "ties",
    "nan-reductions",
    "flat",
    "all-infinite",
    "prod-zeros",
    "floor",
    "sign",
    "div-zero",
    "div-rounded",
    "div-integers",
    "empty-reductions",
    "comparison",
    "isnan",
    "to-half",
    "clamp-ties",
    "masked_fill-infinite",
}
SMOOTH = [
    sample
    for sample in SAMPLES
    if sample.operation not in ON_KINKS
    and "float64" in sample.dtypes
    and not sample.options - {"fused"}
]
STEP = 2.0**-11  # well below the distance of every sample from its kinks, 1/64


def tensors(result: Any) -> list[Any]:
    if isinstance(result, autodiff.Tensor):
        return [result]
    return [one for part in result for one in tensors(part)]


def weighted(results: Sequence[Any], seed: int) -> Any:
    """One number: every element of the results with a weight of its own."""
    total = autodiff.zeros((), dtype=autodiff.float64)
    for number, one in enumerate(results):
        if one is not None and one.is_floating_point():
            weight = cotangent(tuple(one.shape), np.float64, seed + number)
            total = total + (one * autodiff.from_numpy(np.array(weight))).sum()
    return total


def value(sample: Sample, inputs: list[np.ndarray]) -> tuple[Any, list[Any]]:
    leaves = []
    for one, array in zip(sample.inputs, inputs, strict=True):
        leaf = autodiff.from_numpy(array)
        if one.cast:
            leaf.requires_grad_()
        leaves.append(leaf)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = weighted(tensors(sample.call(autodiff, *leaves)), 1)
    return result, [leaf for leaf in leaves if leaf.requires_grad]


def gradients(sample: Sample, inputs: list[np.ndarray], create_graph: bool) -> Any:
    result, leaves = value(sample, inputs)
    if not result.requires_grad:
        return None, leaves
    return (
        autodiff.autograd.grad(result, leaves, create_graph=create_graph, allow_unused=True),
        leaves,
    )


def slope(
    function: Callable[[list[np.ndarray]], float], sample: Sample, moving: Sequence[int]
) -> float:
    """The derivative along a fixed direction of some inputs: central differences, extrapolated."""
    start = arrays(sample, "float64")

    def moved(distance: float) -> list[np.ndarray]:
        return [
            np.asarray(array + distance * direction(array.shape, number))
            if number in moving
            else array
            for number, array in enumerate(start)
        ]

    def difference(step: float) -> float:
        return (function(moved(step)) - function(moved(-step))) / (2 * step)

    coarse, fine, finest = difference(STEP), difference(STEP / 2), difference(STEP / 4)
    first, second = (4 * fine - coarse) / 3, (4 * finest - fine) / 3
    return (16 * second - first) / 15


def direction(shape: tuple[int, ...], number: int) -> np.ndarray:
    return cotangent(shape, np.float64, 11 + number)


def check(
    function: Callable[[list[np.ndarray]], float],
    sample: Sample,
    found: Sequence[Any],
    size: float,
) -> None:
    """The gradients found, times the direction, against the slope measured along it."""
    places = [number for number, one in enumerate(sample.inputs) if one.cast]
    results = {n: one for n, one in zip(places, found, strict=True) if one is not None}
    total = sum(
        float((one.detach().numpy() * direction(tuple(one.shape), number)).sum())
        for number, one in results.items()
    )
    measured = slope(function, sample, list(results))
    assert abs(total - measured) <= 1e-8 * max(1.0, abs(measured), abs(size))


@pytest.mark.parametrize("sample", SMOOTH, ids=map(str, SMOOTH))
def test_first_order(sample: Sample) -> None:
    inputs = arrays(sample, "float64")
    found, _ = gradients(sample, inputs, create_graph=False)
    if found is not None:
        size = value(sample, inputs)[0].item()
        check(lambda moved: float(value(sample, moved)[0].item()), sample, found, size)


@pytest.mark.parametrize("sample", SMOOTH, ids=map(str, SMOOTH))
def test_second_order(sample: Sample) -> None:
    def first(moved: list[np.ndarray], create_graph: bool = False) -> tuple[Any, list[Any]]:
        found, leaves = gradients(sample, moved, create_graph)
        return (None if found is None else weighted(found, 3)), leaves

    penalty, leaves = first(arrays(sample, "float64"), create_graph=True)
    if penalty is not None and penalty.requires_grad:
        found = autodiff.autograd.grad(penalty, leaves, allow_unused=True)
        check(lambda moved: float(first(moved)[0].item()), sample, found, penalty.item())


def test_every_tier_one_operation_has_samples() -> None:
    """The names of the engine's checklist: each is called by some sample."""
    called = {name for sample in SAMPLES for name in names_in(sample.call.__code__)}
    operators = {"add", "sub", "mul", "div", "neg", "pow"}
    names = {
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
        "vector_norm",
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
    }
    assert not (names | operators) - called


def names_in(code: Any) -> set[str]:
    return set(code.co_names)
