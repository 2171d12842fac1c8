"""A failure found at random shrinks to its smallest argument."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.adapters import Pair
from reference.checking import assert_gradients
from reference.floats import FORMATS, round_to_format
from reference.strategies import arrays, gradients_hold, smallest_failure, special_numbers

PAST_TWENTY = Pair(
    lambda x: np.logaddexp(0, x),
    lambda g, x: g * np.where(x > 20, 1.01, 1 / (1 + np.exp(-x))),
)
BOTH_AT_A_TIE = Pair(np.max, lambda g, x: g * (x == x.max()))
ONE_PLACE = Pair(lambda x: np.abs(x - 3), lambda g, x: g * np.where(x == 3, 2, np.sign(x - 3)))
RIGHT = Pair(np.sin, lambda g, x: g * np.cos(x))


def test_wrong_past_a_threshold() -> None:
    strategy = arrays("float64", around="softplus", bound=500.0)
    failure = smallest_failure(PAST_TWENTY, strategy, definition="softplus", what="vjp")
    assert failure is not None
    assert failure[0].tolist() == [21.0]


def test_wrong_at_a_tie() -> None:
    strategy = arrays("float64", around="amax", bound=100.0)
    failure = smallest_failure(BOTH_AT_A_TIE, strategy, definition="amax", what="vjp")
    assert failure is not None
    assert failure[0].tolist() == [0.0, 0.0]


def test_wrong_at_one_number_of_a_function() -> None:
    strategy = arrays("float64", around=lambda x: abs(x - 3), bound=100.0)
    failure = smallest_failure(ONE_PLACE, strategy, what="vjp", examples=100)
    assert failure is not None
    assert failure[0].tolist() == [3.0]


def test_what_is_right_has_no_failure() -> None:
    strategy = arrays("float64", (3,), bound=8.0)
    assert smallest_failure(RIGHT, strategy, examples=20) is None
    gradients_hold(RIGHT, strategy, examples=20)


def test_the_error_shows_the_smallest_arguments() -> None:
    strategy = arrays("float64", around=lambda x: abs(x - 3), bound=100.0)
    with pytest.raises(AssertionError, match=r"fail: array\(\[3\.\]\)"):
        gradients_hold(ONE_PLACE, strategy, what="vjp", examples=100)


@settings(deadline=None, derandomize=True, max_examples=15)
@given(arrays("float32", st.just((2,)), around="tanh", bound=4.0))
def test_under_given(x: np.ndarray) -> None:
    assert x.dtype == np.float32
    assert_gradients(Pair(np.negative, lambda g, x: -g), x)


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.data())
@pytest.mark.parametrize("dtype", list(FORMATS))
def test_numbers_are_those_of_the_dtype(dtype: str, data: Any) -> None:
    x = data.draw(arrays(dtype, around="relu"))
    assert 1 <= x.size <= 8
    np.testing.assert_array_equal(round_to_format(x.astype(np.float64), FORMATS[dtype]), x)


def test_special_numbers_are_simplest_first() -> None:
    assert special_numbers("relu", "float32")[0] == 0.0
    assert special_numbers(None, "float32") == []
    assert 3.0 in special_numbers(lambda x: abs(x - 3), "float32")


def test_hypothesis_is_loaded_when_used_and_not_before() -> None:
    code = "import sys, reference.strategies; print('hypothesis' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False"
