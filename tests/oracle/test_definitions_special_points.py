"""Truths at special points by other means: mpmath's functions, and differences of its values.

Neither shares anything with the definitions: mpmath computes values by its own formulas, with
many digits, and a difference quotient knows no rule of differentiation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import mpmath
import numpy as np
import pytest

from reference.certify import certify
from reference.domains.certified import working_precision
from reference.points import special_points
from reference.tensor import apply

SIGMOID = lambda x: 1 / (1 + mpmath.exp(-x))  # noqa: E731

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": mpmath.exp, "exp2": lambda x: mpmath.mpf(2) ** x, "expm1": mpmath.expm1,
    "log": mpmath.log, "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10,
    "log1p": mpmath.log1p, "sqrt": mpmath.sqrt, "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "reciprocal": lambda x: 1 / x, "square": lambda x: x * x, "sin": mpmath.sin,
    "cos": mpmath.cos, "tan": mpmath.tan, "asin": mpmath.asin, "acos": mpmath.acos,
    "atan": mpmath.atan, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh,
    "asinh": mpmath.asinh, "acosh": mpmath.acosh, "atanh": mpmath.atanh, "erf": mpmath.erf,
    "erfc": mpmath.erfc, "sigmoid": SIGMOID, "silu": lambda x: x * SIGMOID(x),
    "logsigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "gelu": lambda x: x * mpmath.ncdf(x), "mish": lambda x: x * mpmath.tanh(
        mpmath.log1p(mpmath.exp(x))),
    "lgamma": lambda x: mpmath.log(abs(mpmath.gamma(x))), "digamma": mpmath.digamma,
    "erfinv": mpmath.erfinv, "ndtr": mpmath.ncdf, "i0": lambda x: mpmath.besseli(0, x),
    "i1": lambda x: mpmath.besseli(1, x), "sinc": mpmath.sincpi,
    "logit": lambda x: mpmath.log(x / (1 - x)), "softsign": lambda x: x / (1 + abs(x)),
    "tanhshrink": lambda x: x - mpmath.tanh(x),
    "hypot": lambda x, y: mpmath.sqrt(x * x + y * y), "atan2": mpmath.atan2,
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "xlogy": lambda x, y: x * mpmath.log(y), "div": lambda x, y: x / y,
}  # fmt: skip
_DIGITS = 700  # an exponential of 88 below 1 hides as many binary digits as it has itself
_STEP = mpmath.mpf(2) ** -600
_MODERATE = 100.0  # beyond, mpmath is slow where it is right
_CHOSEN = 24


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_slope_by_mpmath(name: str) -> None:
    function = FUNCTIONS[name]
    compared = 0
    for arguments in _rows(name):
        expected = _slopes(function, arguments)
        if expected is None:
            continue
        arrays = [np.array(value) for value in arguments]
        found = certify(lambda *x: apply(name, *x), *arrays)
        for number, slope in enumerate(expected):
            if found.status(number) != "certified":
                continue
            compared += 1
            assert _holds(found.gradients[number].balls[()], slope), (name, arguments)
        with mpmath.workdps(_DIGITS):
            value = function(*map(mpmath.mpf, arguments))
        assert _holds(found.value.balls[()], value), (name, arguments)
    assert compared >= 6


def _rows(name: str) -> list[tuple[float, ...]]:
    """Numbers of the special points of an operation, some of every kind."""
    rows: dict[tuple[float, ...], None] = {}
    for point in special_points(name, "float32", np.random.default_rng(0)):
        if not all(isinstance(value, np.ndarray) for value in point.args) or point.kwargs:
            continue
        arrays = np.broadcast_arrays(*point.args)
        columns = [array.ravel()[:3].tolist() for array in arrays]
        rows.update(dict.fromkeys(zip(*columns, strict=True)))
    usable = [row for row in rows if all(2.0**-60 < abs(v) < _MODERATE for v in row)]
    return usable[:: max(1, len(usable) // _CHOSEN)]


def _slopes(function: Callable[..., Any], arguments: tuple[float, ...]) -> list[Any] | None:
    """Central differences in every argument, of real values; None where there are none."""
    with mpmath.workdps(_DIGITS):
        exact = [mpmath.mpf(value) for value in arguments]
        try:
            function(*exact)
        except (ValueError, ZeroDivisionError):
            return None
        slopes = []
        for number in range(len(exact)):
            ends = []
            for sign in (1, -1):
                moved = list(exact)
                moved[number] += sign * _STEP
                try:
                    value = function(*moved)
                except (ValueError, ZeroDivisionError):
                    return None
                if not isinstance(value, mpmath.mpf) or not mpmath.isfinite(value):
                    return None
                ends.append(value)
            slopes.append((ends[0] - ends[1]) / (2 * _STEP))
        return slopes


def _holds(ball: Any, value: Any) -> bool:
    """Whether a ball holds a number of mpmath that is good to 25 digits."""
    with mpmath.workdps(60):
        text = mpmath.nstr(value, 40, min_fixed=1, max_fixed=0)
    with working_precision(256):
        with_slack = flint.arb(text) * flint.arb(1, 1e-25) + flint.arb(0, 1e-200)
        return bool(ball.overlaps(with_slack)) and bool(ball.is_finite())
