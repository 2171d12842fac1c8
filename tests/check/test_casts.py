"""Casts inside of a function: roundings are those of the coarsest format on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
from reference import check
from reference.adapters import Pair

POINTS = np.array([0.3, -1.7, 0.9, 2.1])
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "float32": lambda x: x.to(autodiff.float32).exp().to(autodiff.float64),
    "float": lambda x: (x.float() * x.float()).double().sin().sum(),
    "float16": lambda x: autodiff.tanh(x.to(autodiff.float16)).to(x.dtype) * 2,
    "narrow output": lambda x: (x * x).float(),
    "of a product": lambda x: (x * 3).float().double() + x,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_right_functions_with_casts(name: str) -> None:
    x = autodiff.tensor(POINTS, requires_grad=True)
    report = check(FUNCTIONS[name], x, cotangents=1, repeats=10)
    assert report.ok, report.text


def single(x: Any) -> Any:
    """exp by way of float32."""
    return np.exp(x.astype(np.float32)).astype(np.float64)


RULES: dict[str, tuple[Callable[..., Any], bool]] = {
    "in single precision": (lambda g, x: g * single(x), True),
    "in double precision": (lambda g, x: g * np.exp(x), True),
    "in half precision": (lambda g, x: g * np.exp(x.astype(np.float16)).astype(x.dtype), False),
    "off by a little": (lambda g, x: g * np.exp(x) * (1 + 2e-5), False),
    "twice": (lambda g, x: 2 * g * np.exp(x), False),
}


@pytest.mark.parametrize("name", RULES)
def test_needless_loss_is_seen(name: str) -> None:
    rule, right = RULES[name]
    assert check(Pair(single, rule), POINTS, what="vjp").ok is right


def test_a_cast_in_the_rule_alone_excuses_nothing() -> None:
    pair = Pair(np.exp, lambda g, x: g * single(x))
    report = check(pair, POINTS, what=("value", "vjp"))
    assert {c.what for c in report.comparisons if not c.ok} == {"vjp"}


def test_a_mask_that_is_cast_excuses_nothing() -> None:
    def forward(x: Any) -> Any:
        return np.exp(x) * (x > 0).astype(np.float32)

    pair = Pair(forward, lambda g, x: g * single(x) * (x > 0))
    assert not check(pair, POINTS, what="vjp").ok


def test_wider_casts_excuse_nothing() -> None:
    points = POINTS.astype(np.float32)

    def forward(x: Any) -> Any:
        return np.exp(x.astype(np.float64)).astype(np.float32)

    def rule(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.asarray(g * np.exp(x.astype(np.float16)).astype(np.float32))

    assert check(Pair(forward, lambda g, x: g * forward(x)), points, what="vjp").ok
    assert not check(Pair(forward, rule), points, what="vjp").ok
