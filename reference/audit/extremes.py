"""Which points lie where formats end: a few products of their numbers overflow or vanish."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reference.definitions import activations, elementwise_more, pointwise, special
from reference.floats import format_of
from reference.points import Point

__all__ = ["ELEMENTWISE", "is_extreme", "is_far"]

ELEMENTWISE = frozenset(
    row.name
    for family in (pointwise, special, activations, elementwise_more)
    for row in family.DEFINITIONS
    if len(row.domain) == 1 and row.name not in ("glu", "softmin", "prelu")
)
"""Operations whose derivative by an element depends on that element alone."""


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
