"""Rows that are certified together are those that are certified kind by kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reference import build
from reference.checking.truth import Row, Truth
from reference.graph import Input

X = np.array([0.25, -1.5, 3.0])


def truth(f: Callable[[Any], Any], dtype: str, array: np.ndarray = X) -> Truth:
    x = Input("x", array.shape)
    return Truth([f(x)], [x], [array], [dtype], [dtype])


def curved(x: Any) -> Any:
    return build.multiply(x, build.divide(x, build.add(build.multiply(x, x), 1)))


def asked(found: Truth) -> list[Row]:
    first, second = np.array([1.5, -0.5, 1.0]), np.array([0.0, 1.0, 0.0])
    u, v = np.array([0.5, 1.25, -1.0]), np.array([1.0, 0.75, 0.5])
    return [
        found.values(),
        *found.pulled([[first], [second]]),
        *found.pushed([[v], [u]]),
        found.second([first], [u]),
        found.second_forward([u]),
    ]


def foreseen(found: Truth) -> Truth:
    first, second = np.array([1.5, -0.5, 1.0]), np.array([0.0, 1.0, 0.0])
    u, v = np.array([0.5, 1.25, -1.0]), np.array([1.0, 0.75, 0.5])
    found.foresee([[first], [second]], [[v]], [u])
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_same_numbers_and_nearly_the_same_scatter(dtype: str) -> None:
    apart, together = asked(truth(curved, dtype)), asked(foreseen(truth(curved, dtype)))
    for one, other in zip(apart, together, strict=True):
        assert one.count == other.count
        for k in range(one.count):
            left, right = one.certificate.gradients[k], other.certificate.gradients[k]
            assert left.mid.tolist() == right.mid.tolist()
            assert (other.explain[k] <= 4 * one.explain[k] + 0.5).all()
            assert (one.explain[k] <= 4 * other.explain[k] + 0.5).all()


def test_all_that_was_foreseen_is_known() -> None:
    found = foreseen(truth(curved, "float64"))
    known = set(map(id, found._known.values()))
    assert all(id(row) in known for row in asked(found))


def test_a_tie_is_left_to_the_rows_of_each_kind() -> None:
    found = foreseen(truth(lambda x: build.maximum(x, 0.25), "float64"))
    assert not found._known
    row = found.pulled([[np.ones(3)]])[0]
    assert row.certificate.status(0).tolist() == ["kink", "certified", "certified"]


def test_a_sum_that_cancels_is_left_to_its_own_row() -> None:
    def shares(x: Any) -> Any:
        cubed = build.multiply(build.divide(x, 3), x)
        return build.subtract(cubed, build.divide(build.multiply(x, x), 3))

    found = truth(shares, "float64")
    ones = [np.ones(3)]
    found.foresee([ones], [ones])
    row = found.pulled([ones])[0]
    assert (np.abs(row.certificate.gradients[0].mid) < 2.0**-1000).all()
