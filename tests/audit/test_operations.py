"""The tables of engines, and calls made from points, on engines that need not be installed."""

import types
from typing import Any

import numpy as np
import pytest

from reference.adapters.numpy_arrays import NumpyArrays
from reference.adapters.torch_names import TorchNames
from reference.audit import (
    engine_names,
    engines_hips,
    engines_jax,
    engines_mygrad,
    engines_tinygrad,
    engines_torch,
)
from reference.audit.calls import call_of
from reference.audit.engines import EngineUnderTest
from reference.audit.table import numpy_style, resolved
from reference.definitions import definition, names
from reference.engines.engine import EngineError
from reference.points import Point
from reference.tensor import tensor

TABLES = {
    "torch": engines_torch.TABLE,
    "jax": engines_jax.TABLE,
    "hips": engines_hips.TABLE,
    "mygrad": engines_mygrad.TABLE,
    "tinygrad": engines_tinygrad.TABLE,
}


class Plain(NumpyArrays):
    """NumPy as an engine without derivatives."""

    name = "plain"

    def pull(self, *_: Any) -> Any:
        raise NotImplementedError


def plain(**operations: Any) -> EngineUnderTest:
    return EngineUnderTest("plain", Plain(), operations, "1")


@pytest.mark.parametrize("engine", TABLES)
def test_every_name_is_defined(engine: str) -> None:
    assert set(TABLES[engine]) <= set(names())


def test_functions_that_a_version_lacks_are_left_out() -> None:
    root = types.SimpleNamespace(sin=np.sin)
    assert set(resolved({"sin": "sin", "cos": "cos", "det": "linalg.det"}, root)) == {"sin"}


def test_pytorchs_names_of_parameters_become_numpys() -> None:
    amax = numpy_style("max")(np)
    assert amax(np.eye(2), dim=0, keepdim=True).shape == (1, 2)


def test_names_of_engines() -> None:
    assert {"torch", "jax", "autograd", "mygrad", "tinygrad", "autodiff"} <= set(engine_names())


def test_a_call_keeps_what_is_no_array_of_floats() -> None:
    def gather(x: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
        assert (dim, index.dtype.kind, sparse_grad) == (0, "i", True)
        return np.take_along_axis(x, index, dim)

    point = Point((np.array([1.0, 2.0]), 0, np.array([1, 1])), {"sparse_grad": True})
    call = call_of(plain(gather=gather), "gather", point, "float32")
    assert [str(array.dtype) for array in call.arrays] == ["float32"]
    assert call.f(*call.arrays).tolist() == [2.0, 2.0]
    mine = call.definition(*(tensor(array) for array in call.arrays))
    assert mine.tolist() == [2.0, 2.0]


def test_arrays_in_tuples_are_differentiated() -> None:
    point = Point(((np.ones(2), np.zeros(1)), 0))
    call = call_of(plain(cat=np.concatenate), "cat", point, "float64")
    assert len(call.arrays) == 2
    assert call.f(*call.arrays).tolist() == [1.0, 1.0, 0.0]


def test_indices_among_results_are_not_compared() -> None:
    def topk(x: Any, k: int) -> Any:
        order = np.argsort(-x)[:k]
        return x[order], order

    call = call_of(plain(topk=topk), "topk", Point((np.array([1.0, 3.0, 2.0]), 2)), "float64")
    assert call.f(*call.arrays).tolist() == [3.0, 2.0]
    assert call.definition(tensor(call.arrays[0])).tolist() == [3.0, 2.0]


def test_complex_results_are_compared_by_their_parts() -> None:
    call = call_of(plain(fft=np.fft.fft), "fft", Point((np.array([1.0, 2.0, 4.0]),)), "float64")
    real, imaginary = call.f(*call.arrays)
    mine = call.definition(tensor(call.arrays[0]))
    np.testing.assert_allclose(real, mine[0].tolist(), rtol=1e-14)
    np.testing.assert_allclose(imaginary, mine[1].tolist(), rtol=1e-14)


def test_free_signs_of_eigenvectors_do_not_count() -> None:
    def eigh(a: Any) -> Any:
        values, vectors = np.linalg.eigh(a)
        return values, -vectors

    matrix = np.array([[2.0, 1.0], [0.0, 3.0]])  # made symmetric, whichever triangle is read
    call = call_of(plain(eigh=eigh), "eigh", Point((matrix,)), "float64")
    mine = call.definition(tensor(call.arrays[0]))
    for one, other in zip(call.f(*call.arrays), mine, strict=True):
        np.testing.assert_allclose(one, other.tolist(), rtol=1e-12)


def test_results_are_joined_for_engines_of_one_output() -> None:
    engine = EngineUnderTest(
        "plain", Plain(), {"slogdet": np.linalg.slogdet}, "1",
        lambda parts: np.concatenate([np.ravel(part) for part in parts]),
    )  # fmt: skip
    call = call_of(engine, "slogdet", Point((np.diag([2.0, 4.0]),)), "float64")
    np.testing.assert_allclose(call.f(*call.arrays), [1.0, np.log(8.0)])
    np.testing.assert_allclose(
        call.definition(tensor(call.arrays[0])).tolist(), [1.0, np.log(8.0)]
    )


def test_running_statistics_are_not_differentiated() -> None:
    sample = definition("batch_norm").samples
    assert sample is not None
    chosen = next(s for s in sample(np.random.default_rng(0)) if s.args[1] is not None)
    point = Point(chosen.args, chosen.kwargs)
    call = call_of(plain(batch_norm=lambda *_: np.zeros(1)), "batch_norm", point, "float64")
    floats = [a for a in chosen.args if isinstance(a, np.ndarray)]
    assert len(call.arrays) == len(floats) - 2


def test_a_dtype_that_an_engine_lacks() -> None:
    with pytest.raises(EngineError, match="plain has no bfloat16"):
        plain().array(np.ones(1), "bfloat16")


def test_an_adapter_without_operations_is_no_engine_to_audit() -> None:
    assert not hasattr(TorchNames, "operations")
