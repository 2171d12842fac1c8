"""What an audit asks, where elements of results or of arguments are a matter of convention."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reference.adapters.numpy_arrays import NumpyArrays
from reference.audit.calls import call_of
from reference.audit.engines import EngineUnderTest
from reference.audit.normwise import NORMWISE, is_right_normwise
from reference.audit.published import markdown
from reference.checking.report import Comparison
from reference.points import Point


class Plain(NumpyArrays):
    """NumPy as an engine without derivatives."""

    name = "plain"

    def pull(self, *_: Any) -> Any:
        raise NotImplementedError


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_the_triangle_that_is_not_read_is_zero(upper: bool, named: bool) -> None:
    seen = []

    def cholesky_solve(b: np.ndarray, factor: np.ndarray, upper: bool = False) -> np.ndarray:
        seen.append(factor)
        return b

    functions: dict[str, Callable[..., Any]] = {
        "cholesky_solve": cholesky_solve,
        "tril": np.tril,
        "triu": np.triu,
    }
    engine = EngineUnderTest("plain", Plain(), functions, "1")
    full = np.array([[2.0, 5.0], [1.0, 3.0]])
    args = (np.ones((2, 1)), full)
    point = Point((*args, upper)) if not named else Point(args, {"upper": upper})
    call = call_of(engine, "cholesky_solve", point, "float64")
    call.f(*call.arrays)
    np.testing.assert_array_equal(seen[0], np.triu(full) if upper else np.tril(full))


def test_probabilities_sum_to_one() -> None:
    seen = []

    def ctc_loss(logarithms: np.ndarray, *_: Any) -> np.ndarray:
        seen.append(logarithms)
        return logarithms

    def log_softmax(x: np.ndarray, axis: int) -> np.ndarray:
        return np.asarray(x - np.log(np.exp(x).sum(axis, keepdims=True)))

    functions: dict[str, Callable[..., Any]] = {"ctc_loss": ctc_loss, "log_softmax": log_softmax}
    engine = EngineUnderTest("plain", Plain(), functions, "1")
    call = call_of(engine, "ctc_loss", Point((np.ones((2, 1, 4)), np.array([[1]]))), "float64")
    call.f(*call.arrays)
    np.testing.assert_allclose(np.exp(seen[0]).sum(-1), 1.0, rtol=1e-14)


def comparison(norm: float) -> Comparison:
    counts = {"correct": 8, "wrong": 1}
    return Comparison("vjp", "", "", (3, 3), "float64", False, counts, 1e16, norm, (), None)


def test_factorisations_are_right_where_the_whole_array_is() -> None:
    assert is_right_normwise("qr", comparison(1.0), 1.0)
    assert not is_right_normwise("qr", comparison(100.0), 1.0)
    assert is_right_normwise("qr", comparison(100.0), 10.0)
    assert not is_right_normwise("qr", comparison(float("nan")), 1.0)


def test_elementwise_operations_are_not_held_to_a_norm() -> None:
    assert not {"tanh", "softmax", "layer_norm", "matmul", "norm"} & NORMWISE
    assert not is_right_normwise("tanh", comparison(1.0), 1.0)


@pytest.mark.parametrize(
    ("truth", "shown"),
    [
        ("-15199648742375423.287", "true -1.5199648742375424e+16"),
        ("4.5014059756372916727e-7", "true 4.5014059756372915e-07"),
        ("-6.3875889396931249775e-925", "true -6.3875889396931250e-925"),
        ("8.9030519704207198370e+368", "true 8.9030519704207198e+368"),
        ("0e-326", "true 0.0"),
        ("a set: the function has a kink here", "true a set: the function has a kink here"),
    ],
)
def test_true_values_are_shown_whole(truth: str, shown: str) -> None:
    finding = {
        "operation": "exp", "dtype": "float64", "mode": "vjp", "verdict": "wrong", "point": 0,
        "why": "", "target": "", "detail": "", "arguments": [], "position": [], "given": None,
        "returned": "1.0", "truth": truth, "radius": "0", "ulps": "1", "excess": "100",
        "guess": None, "points": [0], "command": "command",
    }  # fmt: skip
    outcome = {
        "operation": "exp", "dtype": "float64", "grid": {"vjp": "wrong"}, "points": 1,
        "left": 0, "findings": [finding], "raised": {}, "excess": {}, "error": None,
        "seconds": 0.0, "plain": {"vjp": "wrong"},
    }  # fmt: skip
    page = markdown(
        "Audit",
        {
            "engine": "fake", "settings": {"points": 1}, "versions": {}, "counts": {},
            "outcomes": [outcome],
        },
    )  # fmt: skip
    assert shown in page
