"""Functions written with NumPy are traced: its own parameters, ufuncs' methods, its own code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reference.adapters.pair import PairAdapter
from reference.checking import Pair, check
from reference.definitions import MissingDefinition
from reference.domains.certified import evaluate
from reference.tensor import Tensor, variable

A = np.array([[0.5, -1.25, 2.0], [1.5, 0.25, -0.75], [0.25, 1.0, 3.0]])
V = np.array([1.0, -2.0, 0.5])
POSITIVE = A > 0


def changed(x: Any, write: Callable[[Any], Any]) -> Any:
    held = x.copy()
    write(held)
    return held


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    # what is added to a reduction, and which elements count
    "sum initial": lambda x: np.sum(x, initial=1.0),
    "sum where": lambda x: np.sum(x, where=POSITIVE),
    "prod where": lambda x: np.prod(x, axis=1, where=POSITIVE),
    "mean where": lambda x: np.mean(x, where=POSITIVE),
    "max initial": lambda x: np.max(x, initial=1.0),
    "max where": lambda x: np.max(x, where=POSITIVE, initial=-9.0),
    "nanvar": lambda x: np.nanvar(x, axis=0),
    # methods of ufuncs
    "add.reduce": lambda x: np.add.reduce(x, axis=(0, 1)),
    "subtract.reduce": lambda x: np.subtract.reduce(x, axis=0),
    "logaddexp.reduce": lambda x: np.logaddexp.reduce(x, axis=1),
    "hypot.reduce": lambda x: np.hypot.reduce(x, axis=0, keepdims=True),
    "multiply.accumulate": np.multiply.accumulate,
    "maximum.accumulate": lambda x: np.maximum.accumulate(x, axis=1),
    "add.outer": lambda x: np.add.outer(x[0], V),
    "maximum.outer": lambda x: np.maximum.outer(x, V),
    "add.reduceat": lambda x: np.add.reduceat(x, [0, 2], axis=1),
    # cases, grids and sums with NumPy's parameters
    "select": lambda x: np.select([x > 1, x > 0], [x, x**2], -x),
    "piecewise": lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda t: -t, lambda t: t**2]),
    "interp": lambda x: np.interp(x[0], [-2.0, 0, 3], V),
    "interp values": lambda x: np.interp([0.1, 0.7], np.sort(np.abs(x[0])), x[1]),
    "interp outside": lambda x: np.interp(x[0], [-1.0, 0, 1], V, left=5.0, right=7.0),
    "gradient": lambda x: np.gradient(x[0], np.array([0.0, 1, 3])),
    "gradient axis": lambda x: np.gradient(x, axis=1, edge_order=2),
    "polyfit": lambda x: np.polyfit([0.0, 1, 2], x[0], 1),
    "bincount": lambda x: np.bincount([0, 1, 1], weights=x[0]),
    "cov": lambda x: np.cov(x, rowvar=False, ddof=0),
    "cross": lambda x: np.cross(x, A, axis=0),
    "diff": lambda x: np.diff(x, prepend=0.0),
    "einsum": lambda x: np.einsum(x, [0, 1], A, [1, 2], [0, 2]),
    "linspace": lambda x: np.linspace(x[0, 0], x[0, 1], 5),
    "cbrt": np.cbrt,
    "partition": lambda x: np.partition(x, 1, axis=0),
    "unique": np.unique,
    "truths": lambda x: ((x > 0) ^ (x > 1)) * x,
    # NumPy's own code on elements
    "insert": lambda x: np.insert(x, 1, 5.0, axis=0),
    "block": lambda x: np.block([[x, x], [x, 2 * x]]),
    "unwrap": lambda x: np.unwrap(3 * x[0]),
    "resize": lambda x: np.resize(x, (2, 5)),
    "apply_along_axis": lambda x: np.apply_along_axis(np.sum, 0, x),
    "polymul": lambda x: np.polymul(x[0], V),
    "nancumsum": np.nancumsum,
    "quantile": lambda x: np.quantile(x, 0.3, method="hazen"),
    "choose": lambda x: np.choose(np.array([0, 1, 0]), [x, x * 2]),
    "fill_diagonal": lambda x: changed(x, lambda y: np.fill_diagonal(y, 0.0)),
    "copyto": lambda x: changed(x, lambda y: np.copyto(y, x * 2)),
    # of the numbers themselves
    "searchsorted": lambda x: x[0] * np.searchsorted([0.0, 1], x[0]),
    "isclose": lambda x: x * np.isclose(x, x),
    # linear algebra
    "norm nuc": lambda x: np.linalg.norm(x, "nuc"),
    "norm 2": lambda x: np.linalg.norm(x, 2),
    "svd": lambda x: np.linalg.svd(x, compute_uv=False),
    "slogdet": lambda x: np.linalg.slogdet(x).logabsdet,
    **{
        f"pad {mode}": lambda x, mode=mode: np.pad(x, ((1, 1), (2, 1)), mode=mode)
        for mode in (
            "constant", "edge", "linear_ramp", "maximum", "mean", "median", "minimum", "reflect",
            "symmetric", "wrap",
        )
    },
    "pad odd": lambda x: np.pad(x, 1, mode="reflect", reflect_type="odd"),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpys_function_on_the_oracles_tensors(name: str) -> None:
    expected = np.asarray(FUNCTIONS[name](A.copy()))
    found = PairAdapter().trace(Pair(FUNCTIONS[name], lambda g, x: g), [variable("x", A)], [A])
    assert isinstance(found, Tensor)
    values = evaluate([found.node], precision=120)[0]
    mine = np.array(values.ravel().tolist(), dtype=np.float64).reshape(values.shape)
    np.testing.assert_allclose(mine, expected, rtol=1e-12, atol=1e-13)


def test_gradients_of_a_sum_and_of_hinges() -> None:
    first = Pair(
        lambda x: np.sum(x**2, where=POSITIVE, initial=2.0), lambda g, x: 2 * g * x * POSITIVE
    )
    assert check(first, A).ok
    second = Pair(
        lambda x: np.interp(x, [-1.0, 0.0, 2.0], [1.0, 0.0, 6.0]),
        lambda g, x: g * np.where((x < -1) | (x >= 2), 0.0, np.where(x < 0, -1.0, 3.0)),
    )
    assert check(second, np.array([-1.5, -0.5, 0.25, 2.5])).ok


def test_what_has_no_definition_is_named() -> None:
    with pytest.raises(MissingDefinition, match="busday_count"):
        variable("x", A).__array_function__(np.busday_count, (), (variable("x", A), 1), {})
    with pytest.raises(MissingDefinition, match=r"numpy\.add\.at"):
        np.add.at(variable("x", A), [0], 1.0)
