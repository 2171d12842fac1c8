"""Gradients in a test suite: run it with `python -m pytest`; docs/ci.md explains the options."""

import numpy as np
import pytest

from reference import assert_gradients
from reference.checking import Pair


def softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


SOFTPLUS = Pair(softplus, lambda g, x: g / (1 + np.exp(-x)))
HASTY = Pair(softplus, lambda g, x: g * (1 - np.exp(-softplus(x))))  # cancels for negative x


def test_softplus():
    assert_gradients(SOFTPLUS, np.linspace(-30, 30, 9))


@pytest.mark.oracle(what=["vjp", "repeat"])
def test_with_the_fixture(oracle):
    for dtype in (np.float64, np.float32, np.float16):
        oracle.assert_gradients(SOFTPLUS, np.linspace(-3, 3, 7).astype(dtype))


@pytest.mark.oracle(what="vjp")
def test_hasty_softplus(oracle):
    oracle.assert_gradients(HASTY, np.linspace(-30, 30, 9))
