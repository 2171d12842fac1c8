"""What counts as explained: rounding, and conditioning within its limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reference.certify import certify
from reference.judge import judge


def softmax(x: Any) -> Any:
    powers = np.exp(x - np.max(x))
    return powers / np.sum(powers)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1, 30, 100])
def test_tails_of_a_softmax_that_subtracts_its_maximum(scale: float, dtype: Any) -> None:
    x = (np.random.default_rng(0).standard_normal(40) * scale).astype(dtype)
    found = certify(lambda v: np.log(np.sum(np.exp(v))), x)
    assert judge(softmax(x), found).ok


def test_subtracting_the_result_instead_of_the_maximum_is_inaccurate() -> None:
    """Adding a constant changes nothing, so the size of the arguments is no excuse."""
    x = np.array([10000.0, 10001.0, 9997.0])
    found = certify(lambda v: np.log(np.sum(np.exp(v))), x)
    out = x.max() + np.log(np.sum(np.exp(x - x.max())))
    assert judge(softmax(x), found).ok
    assert judge(np.exp(x - out), found).counts == {"inaccurate": 3}


def test_conditioning_never_excuses_more_than_half_of_the_digits() -> None:
    x = np.array([1e17, 3e16])
    found = certify(lambda v: np.sum(np.sin(v)), x)
    assert judge(np.cos(x), found).ok
    assert judge(-np.cos(x), found).counts == {"wrong": 2}
    assert not judge(np.cos(x) * (1 + 1e-6), found).ok


def test_a_zero_that_is_a_difference_is_judged_by_its_terms() -> None:
    x = np.array([0.7, 2.0, -1.0])
    found = certify(lambda v: np.sum(np.sin(v) ** 2 + np.cos(v) ** 2), x)
    assert judge(np.array([1e-17, 0.0, -5e-17]), found).ok
    assert not judge(np.array([1e-13, 0.0, 0.0]), found).ok
    assert not judge(np.array([0.0, 1e-3, 0.0]), found).ok


def test_a_zero_that_is_no_difference_is_exact() -> None:
    found = certify(lambda v: np.sum(np.where(v > 0, v, 0)), np.array([-1.0, 1.0]))
    assert judge(np.array([0.0, 1.0]), found).ok
    assert judge(np.array([1e-17, 1.0]), found).counts["wrong"] == 1


def test_an_element_tied_with_none_is_not_taken_for_a_kink() -> None:
    found = certify(np.max, np.array([1.0, 3.0, 2.0]))
    assert judge(np.array([0.0, 1.0, 0.0]), found).ok
    assert judge(np.array([0.5, 0.5, 0.0]), found).counts == {"correct": 1, "wrong": 2}


def test_missing_gradients_of_kinks_and_of_others() -> None:
    found = certify(lambda v: np.sum(np.maximum(v, 0)), np.array([1.0, 3.0]))
    assert judge(None, found).counts == {"missing": 2}


@pytest.mark.parametrize(
    ("dtype", "shift"), [(np.float64, 1e3), (np.float64, 1e8), (np.float32, 1e3)]
)
def test_two_passes_of_a_variance_far_from_zero(dtype: Any, shift: float) -> None:
    """The error of the mean cancels in the mechanical derivative, and in nobody's code."""
    x = (np.random.default_rng(1).standard_normal(20) + shift).astype(dtype)
    found = certify(lambda v: ((v - v.sum() / 20) ** 2).sum() / 20, x)
    by_hand = (2 * (x - x.mean()) / dtype(20)).astype(dtype)
    assert judge(by_hand, found).ok
    unbiased = (2 * (x - x.mean()) / dtype(19)).astype(dtype)
    assert not judge(unbiased, found).ok


def test_a_subnormal_step_that_is_multiplied_up_again() -> None:
    x = np.array([1.2, -1.17, 0.3])
    found = certify(lambda v: np.exp(300 * v)[1] / np.sum(np.exp(300 * v)), x)
    share = softmax(300 * x)
    by_hand = 300 * (share[1] * ((np.arange(3) == 1) - share))
    assert 0 < share[1] < 2.0**-1022
    assert judge(by_hand, found).ok
    assert not judge(by_hand * 1.001, found).ok


def test_a_textbook_slope_is_right_where_it_cancels_little() -> None:
    x = np.array([-2.9565399156107652, 0.3, 3.3])
    found = certify(lambda v: np.sum(np.tanh(v)), x)
    assert judge(1 - np.tanh(x) ** 2, found).ok
    far = np.array([0.3, 6.0])
    found = certify(lambda v: np.sum(np.tanh(v)), far)
    assert judge(1 - np.tanh(far) ** 2, found).counts == {"correct": 1, "inaccurate": 1}


def test_not_a_number_where_the_truth_is_beyond_the_dtype() -> None:
    found = certify(lambda v: np.sum(v * v * v), np.array([1e200]))
    assert judge(np.array([np.nan]), found).counts == {"undefined": 1}
    assert judge(np.array([np.inf]), found).counts == {"correct": 1}
    assert not judge(np.array([1.0]), found).ok


def test_a_processor_may_make_zeros_of_subnormal_numbers() -> None:
    x = np.array([-95.0, -80.0], np.float32)
    found = certify(lambda v: np.sum(np.exp(v)), x)
    assert judge(np.array([0.0, np.exp(x[1])], np.float32), found).ok
    assert judge(np.zeros(2, np.float32), found).counts == {"correct": 1, "wrong": 1}
    half = certify(lambda v: np.sum(np.exp(v)), np.array([-10.0], np.float16))
    assert not judge(np.zeros(1, np.float16), half).ok  # nothing is flushed in float16
