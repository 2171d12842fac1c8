"""The second tier of definitions has PyTorch's values and gradients, at float64's accuracy.

The oracle's side is exact to 200 bits, so whatever differs beyond rounding is a difference of
meaning: of parameters, of which element counts at a tie, of what a gradient is on a manifold.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from reference.definitions import SECOND_TIER, Sample, definition
from reference.differentiate import vjp
from reference.domains.certified import evaluate
from reference.graph import Constant, Node
from reference.tensor import apply, tensor, variable

torch = pytest.importorskip("torch")

SIGNS_ARE_FREE = {"eigh", "svd", "qr"}  # of vectors, which LAPACK and MKL choose differently
SYMMETRIC = {"cholesky", "eigh", "eigvalsh"}  # whose gradient counts on symmetric matrices alone
# Where PyTorch's own float64 is this far off (relative to the largest element), and why.
ACCURACY = {
    "polygamma": 1e-9,  # found by this test: its zeta series stops early
    "lstsq": 1e-10,
    "pinv": 1e-10,
}
# Gradients that PyTorch defines otherwise, or does not have.
NO_GRADIENT = {
    "batch_norm": "none with respect to running statistics, by design",
    "instance_norm": "as batch_norm",
    "multi_head_attention_forward": "compared by value; its parts are compared with gradients",
    "pdist": "compared by value",
}


def cases(kinds: tuple[str, ...]) -> Iterator[Any]:
    for family in SECOND_TIER:
        for row in family.DEFINITIONS:
            for number, sample in enumerate(row.samples(np.random.default_rng(11))):
                if sample.kind in kinds:
                    yield pytest.param(row.name, sample, id=f"{row.name}-{number}")


# PyTorch's side


def _pairs(function: Callable[..., Any]) -> Callable[..., Any]:
    """Complex numbers as pairs of real ones, as the definitions have them."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        given = torch.complex(*x) if isinstance(x, tuple) else x
        result = function(given, *args, **kwargs)
        return (result.real, result.imag) if result.is_complex() else result

    return call


_SPECIAL: dict[str, Callable[..., Any]] = {
    "lstsq": lambda a, b: torch.linalg.lstsq(a, b),
    "pad": torch.nn.functional.pad,
    "view_as_real": lambda x: torch.view_as_real(torch.complex(*x)),
    "view_as_complex": _pairs(torch.view_as_complex),
}
_METHODS = ("put", "index_fill", "index_copy", "masked_scatter", "as_strided")


def theirs(name: str) -> Callable[..., Any]:
    """The function of PyTorch that a definition speaks of."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    if "fft" in name:
        return _pairs(getattr(torch.fft, name))
    if name in _METHODS:
        return lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs)
    homes = [torch.nn.functional, torch, torch.linalg, torch.special]
    if "linalg." + name in definition(name).aliases:
        homes.insert(0, torch.linalg)
    return next(getattr(home, name) for home in homes if hasattr(home, name))


def call_theirs(name: str, sample: Sample) -> tuple[list[Any], list[Any]]:
    """The differentiated inputs and the results."""
    leaves: list[Any] = []

    def argument(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            own = torch.from_numpy(value)
            if value.dtype == np.float64:
                leaves.append(own.requires_grad_())
            return own
        if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
            return tuple(argument(part) for part in value)
        return value

    args = [argument(value) for value in sample.args]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = theirs(name)(*args, **sample.kwargs)
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    return leaves, [part for part in results if part is not None]


# the oracle's side


def call_mine(name: str, sample: Sample) -> tuple[list[Node], list[Any]]:
    leaves: list[Node] = []

    def argument(value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            held = variable(f"x{len(leaves)}", value)
            leaves.append(held.node)
            return held
        if isinstance(value, np.ndarray):
            return tensor(value)
        if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
            return tuple(argument(part) for part in value)
        return value

    result = apply(name, *(argument(value) for value in sample.args), **sample.kwargs)
    return leaves, list(result) if isinstance(result, tuple) else [result]


def floats(nodes: list[Node]) -> list[np.ndarray]:
    arrays = evaluate(nodes, precision=200)
    return [np.array(a.ravel().tolist(), dtype=np.float64).reshape(a.shape) for a in arrays]


def check(name: str, what: str, mine: np.ndarray, other: np.ndarray) -> None:
    assert mine.shape == other.shape, what
    if not mine.size:
        return
    finite = np.isfinite(other)
    np.testing.assert_array_equal(mine[~finite], other[~finite], what)
    scale = np.abs(other[finite]).max(initial=0.0)
    bound = ACCURACY.get(name, 1e-12) * (scale + 1e-3)
    np.testing.assert_allclose(mine[finite], other[finite], rtol=0, atol=bound, err_msg=what)


@pytest.mark.parametrize(("name", "sample"), list(cases(("plain", "tail", "kink"))))
def test_definition_is_pytorchs_function(name: str, sample: Sample) -> None:
    their_leaves, their_results = call_theirs(name, sample)
    leaves, results = call_mine(name, sample)
    if sample.kind == "kink":  # which of several equal values an index names is free
        results, their_results = results[:1], their_results[:1]
    assert len(results) == len(their_results)
    values = floats([result.node for result in results])
    rng = np.random.default_rng(3)
    weights, their_weights = [], []
    for value, result, other in zip(values, results, their_results, strict=True):
        given = other.detach().resolve_neg().numpy()
        assert str(result.dtype).endswith(str(given.dtype)), (result.dtype, given.dtype)
        weight = np.asarray(rng.integers(-32, 32, size=value.shape) / 16.0)
        weights.append(weight)
        same = np.ones(value.shape)
        if name in SIGNS_ARE_FREE:
            same = np.where(value * given < 0, -1.0, 1.0)
        their_weights.append(torch.from_numpy(weight * same))
        check(name, "value", value, given * same)
    if sample.kind == "kink" or not definition(name).domain or name in NO_GRADIENT:
        return
    moving = [k for k, other in enumerate(their_results) if other.requires_grad]
    if not moving:
        return
    wanted = torch.autograd.grad(
        [their_results[k] for k in moving],
        their_leaves,
        [their_weights[k] for k in moving],
        allow_unused=True,
    )
    pulled = vjp([results[k].node for k in moving], leaves, [Constant(weights[k]) for k in moving])
    for leaf, gradient, other in zip(leaves, pulled, wanted, strict=True):
        expected = np.zeros(leaf.shape) if other is None else other.numpy()
        if name in SYMMETRIC:
            expected = (expected + expected.swapaxes(-1, -2)) / 2
        found = np.zeros(leaf.shape) if gradient is None else floats([gradient])[0]
        check(name, "gradient", found, expected)
