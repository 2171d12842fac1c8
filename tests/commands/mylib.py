"""Functions that a user might name on the command line."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.checking import Pair, Report, assert_gradients, check

RIGHT = Pair(np.exp, lambda g, x: g * np.exp(x))
WRONG = Pair(np.exp, lambda g, x: -g * np.exp(x))
POINT = np.array([0.5, 1.0])


def asserts() -> None:
    assert_gradients(RIGHT, POINT)


def asserts_wrongly() -> None:
    assert_gradients(WRONG, POINT)


def reports() -> list[Report]:
    return [check(RIGHT, POINT), check(WRONG, POINT)]


def given() -> Any:
    return RIGHT, POINT


def given_wrong() -> Any:
    return WRONG, POINT


def raises() -> None:
    raise RuntimeError("<script>alert(1)</script> \x1b[31m")


def strange() -> int:
    return 3


def interrupts() -> None:
    raise KeyboardInterrupt


def loss(x: Any) -> Any:
    return np.log(np.sum(np.exp(x)))


def softmax(x: Any) -> Any:
    e = np.exp(x)
    return e / np.sum(e)


def product(A: Any, x: Any, scale: Any = 1.0) -> Any:
    return np.sum(A @ x) * scale


def sine(x: Any) -> Any:
    return np.sin(x)


def kink(x: Any) -> Any:
    return np.sum(np.abs(x))


pair = RIGHT
wrong_pair = WRONG
sines = Pair(np.sin, lambda g, x: g * np.cos(x))
number = 3
