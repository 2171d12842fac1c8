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
