"""Points at which there is no derivative, nor a set of them: jumps, and slopes without bound."""

from typing import Any

import numpy as np

from reference import certify, check
from reference.adapters import Pair
from reference.tensor import apply


def kinds(certificate: Any, argument: int) -> list[str]:
    return [str(kind) for kind in certificate.status(argument)]


def test_a_formula_for_one_point_is_no_derivative_where_the_function_jumps() -> None:
    x, values = np.array([0.0, 1.0]), np.array([0.25, 0.5])
    certificate = certify(lambda x, v: apply("heaviside", x, v).sum(), x, values)
    assert kinds(certificate, 1) == ["undefined", "certified"]
    assert "the function jumps" in certificate.report()


def test_either_derivative_passes_at_a_jump() -> None:
    x, values = np.array([0.0]), np.array([0.25])
    for slope in (0.0, 1.0):

        def vjp(g: np.ndarray, _: np.ndarray, v: np.ndarray, slope: float = slope) -> Any:
            return np.zeros_like(v), slope * g

        report = check(Pair(np.heaviside, vjp), x, values, definition="heaviside", what=["vjp"])
        assert report.ok, str(report)


def test_a_formula_for_one_point_gives_way_where_the_function_does_not_jump() -> None:
    x, y = np.array([0.0]), np.array([0.5])
    certificate = certify(lambda x, y: apply("xlogy", x, y).sum(), x, y)
    assert float(certificate.gradients[0].mid[0]) == np.log(0.5)


def test_no_kink_where_another_derivative_is_infinite() -> None:
    """x log y near (0, 0): x / y is any number, log y is none."""
    zero = np.array([0.0])
    certificate = certify(lambda x, y: apply("xlogy", x, y).sum(), zero, zero)
    assert kinds(certificate, 0) == kinds(certificate, 1) == ["undefined"]


def test_kinks_elsewhere_stay_kinks() -> None:
    """The square root is steep at the first element, the absolute value has a kink at the next."""
    x = np.array([0.0, 1.0])
    certificate = certify(lambda x: np.sqrt(x[0]) + np.abs(x[1] - 1), x)
    assert kinds(certificate, 0) == ["undefined", "kink"]
