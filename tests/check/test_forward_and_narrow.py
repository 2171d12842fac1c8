"""Cotangents of many digits, tangents explained by gradients, and what is missing where."""

from __future__ import annotations

import warnings
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from reference.certify import certify
from reference.checking import Pair, check
from reference.checking.draws import random_arrays
from reference.judge import judge

X = np.linspace(0.5, 2.0, 5).astype(np.float32)


@pytest.mark.parametrize("narrow", [np.float16, ml_dtypes.bfloat16])
def test_a_cotangent_that_went_through_a_narrower_format_is_found(narrow: Any) -> None:
    def through(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.asarray(g.astype(narrow).astype(np.float32) * 3)

    assert not check(Pair(lambda x: 3 * x, through), X).ok
    assert check(Pair(lambda x: 3 * x, lambda g, x: g * np.float32(3)), X).ok


@pytest.mark.parametrize("bits", [3, 8, 11, 24, 53])
def test_numbers_are_drawn_with_all_bits_of_their_format(bits: int) -> None:
    drawn = np.abs(random_arrays([(200,)], 0, 1, [bits])[0])
    assert drawn.min() >= 0.5
    assert drawn.max() < 2
    assert (np.ldexp(drawn, bits - 1) % 2 == 1).all()  # the last bit is set


def variance_jvp(tangents: Any, x: np.ndarray) -> np.ndarray:
    (t,) = tangents  # the gradient times the direction
    return np.asarray(2 * ((x - x.mean(dtype=np.float32)) * t).sum() / np.float32(x.size))


def variance_vjp(g: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(2 * g * (x - x.mean(dtype=np.float32)) / np.float32(x.size))


FAR = np.array([5.0, 5.001, 4.999, 5.0005], np.float32)


def test_forward_mode_may_be_the_gradient_times_the_direction() -> None:
    assert check(Pair(lambda x: x.var(), variance_vjp, variance_jvp), FAR).ok


def test_forward_mode_that_is_wrong_is_wrong_all_the_same() -> None:
    def longer(tangents: Any, x: np.ndarray) -> np.ndarray:
        return variance_jvp(tangents, x) * np.float32(4 / 3)

    report = check(Pair(lambda x: x.var(), variance_vjp, longer), FAR)
    assert {failure.what for failure in report.failures} == {"jvp"}


def test_nothing_is_missing_where_the_mathematics_has_nothing() -> None:
    infinite = certify(np.sqrt, np.zeros(2), cotangent=np.ones(2))
    assert judge(None, infinite).counts == {"undefined": 2}
    there = certify(np.exp, np.zeros(2), cotangent=np.ones(2))
    assert judge(None, there).counts == {"missing": 2}


def test_a_second_look_at_zeros_divides_by_none_of_them() -> None:
    truth = certify(lambda x: np.sin(x).sum(), np.zeros(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert judge(np.full(3, 1.5), truth).counts == {"wrong": 3}
