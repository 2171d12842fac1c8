"""Dtypes that an operation is not defined for: PyTorch's exception, and its words."""

from __future__ import annotations

import itertools
import operator
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import autodiff

torch = pytest.importorskip("torch")

NAMES = [
    "bool", "uint8", "int32", "int64", "float16", "bfloat16", "float32", "float64", "complex64",
    "complex128",
]  # fmt: skip
PAIRS = [
    "fmod",
    "copysign",
    "xlogy",
    "fmax",
    "fmin",
    "hypot",
    "logaddexp",
    "logaddexp2",
    "atan2",
    "lt",
    "le",
    "gt",
    "ge",
    "dot",
    "maximum",
    "minimum",
    "remainder",
    "floor_divide",
    "nextafter",
    "gcd",
    "lcm",
    "heaviside",
    "bitwise_left_shift",
    "bitwise_right_shift",
]
ONES = [
    "argmax",
    "argmin",
    "floor",
    "ceil",
    "round",
    "trunc",
    "median",
    "nanmedian",
    "unique",
    "unique_consecutive",
    "frac",
    "sign",
    "mode",
    "erfc",
    "lgamma",
    "digamma",
    "deg2rad",
    "bitwise_not",
    "square",
    "sigmoid",
]


def found(T: Any, function: Callable[..., Any], *names: str) -> tuple[str, str]:
    """The dtype of the result; or the exception's type, and its words."""
    values = [T.tensor([1, 0, 1], dtype=getattr(T, name)) for name in names]
    try:
        result = function(T, *values)
    except (RuntimeError, TypeError, NotImplementedError) as error:
        return type(error).__name__, str(error).splitlines()[0]
    return "", str((result[0] if isinstance(result, tuple) else result).dtype)


def same(function: Callable[..., Any], *names: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # complex numbers of half precision, in PyTorch
        wanted = found(torch, function, *names)
    assert found(autodiff, function, *names) == wanted


@pytest.mark.parametrize("name", PAIRS)
def test_two(name: str) -> None:
    for names in itertools.product(NAMES, NAMES):
        same(lambda T, x, y: getattr(T, name)(x, y), *names)


@pytest.mark.parametrize("shift", [operator.lshift, operator.rshift])
@pytest.mark.parametrize("number", [1, True, 1.5])
def test_shifts_by_numbers(shift: Any, number: Any) -> None:
    for name in NAMES:
        same(lambda T, x: shift(x, number), name)
        same(lambda T, x: shift(number, x), name)


@pytest.mark.parametrize("name", ONES)
def test_one(name: str) -> None:
    for dtype in NAMES:
        same(lambda T, x: getattr(T, name)(x), dtype)


@pytest.mark.parametrize(
    "function",
    [
        lambda T, x: T.lerp(x, x, 0.5),
        lambda T, x: T.lerp(x, x, x),
        lambda T, x: T.median(x, 0),
        lambda T, x: T.cummax(x, 0),
        lambda T, x: T.cummin(x, 0),
        lambda T, x: T.unique(x, dim=0),
        lambda T, x: T.round(x, decimals=2),
        lambda T, x: x % False,
        lambda T, x: T.ldexp(T.ones(3), x),
    ],
)
def test_with_arguments(function: Callable[..., Any]) -> None:
    for name in NAMES:
        same(function, name)


@pytest.mark.parametrize("name", ["xlogy", "copysign"])
def test_a_complex_number(name: str) -> None:
    for dtype in ("int64", "float32", "float64"):
        same(lambda T, x: getattr(T, name)(x, 1j), dtype)
