"""Which points lie where formats end: a few products of their numbers overflow or vanish."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from reference.definitions import activations, elementwise_more, pointwise, special
from reference.floats import format_of
from reference.points import Point

__all__ = [
    "ELEMENTWISE",
    "has_floats",
    "is_extreme",
    "is_far",
    "is_flushed",
    "is_near_the_end",
    "without_subnormals",
]

ELEMENTWISE = frozenset(
    row.name
    for family in (pointwise, special, activations, elementwise_more)
    for row in family.DEFINITIONS
    if len(row.domain) == 1 and row.name not in ("glu", "softmin", "prelu")
)
"""Operations whose derivative by an element depends on that element alone."""


def has_floats(point: Point) -> bool:
    """Whether any positional argument is an array of floats, or has one.

    >>> has_floats(Point((np.zeros(2), 1))), has_floats(Point((np.zeros(2, int),)))
    (True, False)
    """
    return any(_any_floats(value) for value in point.args)


def _any_floats(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_any_floats(part) for part in value)
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def is_far(value: float, dtype: str) -> bool:
    """Whether the fourth power of a number, or of its inverse, is beyond the dtype's range.

    >>> is_far(1e20, "float64"), is_far(1e20, "float32"), is_far(0.0, "float32")
    (False, True, False)
    """
    if value == 0:
        return False
    if not math.isfinite(value):
        return True
    fmt = format_of(dtype)
    return abs(math.log2(abs(value))) > fmt.emax / 4


def is_extreme(point: Point, dtype: str) -> bool:
    """Whether any number of a point is far."""
    return any(_any_far(value, dtype) for value in (*point.args, *point.kwargs.values()))


def _any_far(value: Any, dtype: str) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_any_far(part, dtype) for part in value)
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return False
    return any(is_far(number, dtype) for number in value.ravel().tolist())


def is_near_the_end(truth: str, dtype: str) -> bool:
    """Whether a true value is near an end of the range: subnormal steps of a computation show.

    >>> is_near_the_end("1.9e-40", "float32"), is_near_the_end("1.9e-20", "float32")
    (True, False)
    """
    value = _number(truth)
    if value is None or value == 0:
        return False
    fmt = format_of(dtype)
    exponent = math.frexp(value)[1] if math.isfinite(value) else math.inf
    return exponent < fmt.emin + fmt.precision or exponent > fmt.emax


def is_flushed(returned: float | None, truth: str, dtype: str) -> bool:
    """Whether zero was returned for a number below the smallest normal one.

    >>> is_flushed(0.0, "1.9e-40", "float32"), is_flushed(0.0, "1.9e-30", "float32")
    (True, False)
    """
    value = _number(truth)
    return value is not None and returned == 0 and abs(value) < 2.0 ** format_of(dtype).emin


def _number(text: str) -> float | None:
    """The number that a truth is written as; a set is none."""
    try:
        return float(text)
    except ValueError:
        return None


def without_subnormals(point: Point, dtype: str) -> Point:
    """The point with the smallest normal numbers in place of subnormal ones.

    >>> without_subnormals(Point((np.array([-5e-324, 0.0]),)), "float64").args
    (array([-2.22507386e-308,  0.00000000e+000]),)
    """
    smallest = 2.0 ** format_of(dtype).emin

    def mended(array: np.ndarray) -> np.ndarray:
        below = (array != 0) & (np.abs(array) < smallest)
        return np.where(below, np.copysign(smallest, array), array) if below.any() else array

    args = tuple(_with_floats(value, mended) for value in point.args)
    kwargs = {name: _with_floats(value, mended) for name, value in point.kwargs.items()}
    return replace(point, args=args, kwargs=kwargs)


def _with_floats(value: Any, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return change(value)
    if isinstance(value, (tuple, list)):
        return type(value)(_with_floats(part, change) for part in value)
    return value
