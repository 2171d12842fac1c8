"""What an audit makes of numbers at the ends of a format."""

from typing import Any, cast

import numpy as np
import pytest

from reference.audit.calls import call_of
from reference.audit.engines import EngineUnderTest, audited_engine
from reference.audit.extremes import is_flushed, is_near_the_end, without_subnormals
from reference.certify import certify
from reference.judge import judge
from reference.points import Point


class Flushing:
    """Arrays, and their engine, that know no subnormal numbers of a format."""

    def __init__(self, content: Any, smallest: float) -> None:
        self.held, self.smallest = np.asarray(content), smallest

    def __mul__(self, other: "Flushing") -> "Flushing":
        product = self.held * other.held
        kept = np.where(np.abs(product) < self.smallest, 0, product)
        return Flushing(kept, self.smallest)

    def from_numpy(self, array: np.ndarray) -> "Flushing":
        return Flushing(array, self.smallest)

    def content(self, value: "Flushing") -> np.ndarray:
        return value.held


@pytest.mark.parametrize(("smallest", "flushes"), [(2.0**-1022, True), (0.0, False)])
def test_whether_an_engine_has_subnormal_numbers_is_measured(
    smallest: float, flushes: bool
) -> None:
    adapter = cast(Any, Flushing(0.0, smallest))
    assert EngineUnderTest("x", adapter, {}, "1").flushes("float64") is flushes


def test_points_for_an_engine_without_subnormal_numbers() -> None:
    point = Point((np.array([1e-310, -1e-310, 0.0, 1.0]), [np.array(1e-320)], 3), {"eps": 1e-9})
    mended = without_subnormals(point, "float64")
    smallest = 2.0**-1022
    assert mended.args[0].tolist() == [smallest, -smallest, 0.0, 1.0]
    assert (mended.args[1][0].tolist(), mended.args[2], mended.kwargs) == (
        smallest,
        3,
        point.kwargs,
    )
    assert without_subnormals(Point((np.array([1e-40]),)), "float64").args[0] == 1e-40
    assert without_subnormals(Point((np.array([1e-40]),)), "float32").args[0] == 2.0**-126


@pytest.mark.parametrize(
    ("truth", "near", "flushed"),
    [
        ("1e-320", True, True),
        ("1e-300", True, False),
        ("1.5", False, False),
        ("0", False, True),
        ("4e+400", True, False),
        ("a set: the function has a kink here", False, False),
    ],
)
def test_true_values_at_the_ends(truth: str, near: bool, flushed: bool) -> None:
    assert is_near_the_end(truth, "float64") is near
    assert is_flushed(0.0, truth, "float64") is flushed
    assert not is_flushed(1.0, truth, "float64")


@pytest.mark.parametrize("given", [np.nan, np.inf, -np.inf])
def test_no_number_is_near_what_overflows(given: float) -> None:
    nothing = [np.zeros(())]
    beyond = certify(lambda x: x * x * x, np.array(1e200))
    assert judge(np.array(given), beyond, explain=nothing).ok
    within = certify(lambda x: x * x, np.array(1e200))
    assert judge(np.array(given), within, explain=nothing).counts == {"non-finite": 1}


def test_a_default_that_depends_on_the_dtype_is_the_dtypes() -> None:
    point = Point((np.zeros(2), [2]))
    call = call_of(audited_engine("autodiff"), "rms_norm", point, "float32")
    gradients = certify(call.definition, np.zeros(2, np.float32), cotangent=np.ones(2))
    assert float(gradients.gradients[0].mid[0]) == pytest.approx(2.0**11.5, rel=1e-12)
