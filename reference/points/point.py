"""What a point is: one call of an operation, at floats that a format holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reference.floats import Format, round_to_format

__all__ = ["Point", "is_float_array", "replaced", "rounded"]


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One call: `definition.function(*args, **kwargs)`, or an engine's function of that name.

    args, kwargs: PyTorch's parameters. Every array of floats among them (in tuples and lists too)
    is a float64 array whose numbers the dtype asked for holds exactly, so that a cast to it, to
    bfloat16 through float32 for one, changes nothing; infinities are meant. Integers, bools, plain
    numbers and strings stand as they are. why: what is special here. kind: the class of the
    place, such as "tie"; points of one kind look for one kind of mistake.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    kind: str = "sample"


def is_float_array(value: Any) -> bool:
    """Whether `value` is an array of floats, which is what is differentiated.

    >>> is_float_array(np.ones(2)), is_float_array(np.arange(2)), is_float_array(0.5)
    (True, False, False)
    """
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def replaced(value: Any, change: Callable[[np.ndarray], Any]) -> Any:
    """The same argument with every array of floats in it changed.

    >>> replaced((np.ones(1), 3), lambda array: array + 1)
    (array([2.]), 3)
    """
    if is_float_array(value):
        return change(value)
    if isinstance(value, tuple):
        return tuple(replaced(part, change) for part in value)
    if isinstance(value, list):
        return [replaced(part, change) for part in value]
    return value


def rounded(point: Point, fmt: Format) -> Point:
    """The point with its floats rounded to a format."""

    def change(array: np.ndarray) -> np.ndarray:
        moved = round_to_format(array, fmt)
        # a view stays a view: samples are transposed and strided on purpose
        return array if np.array_equal(moved, array, equal_nan=True) else moved

    return Point(
        tuple(replaced(value, change) for value in point.args),
        {name: replaced(value, change) for name, value in point.kwargs.items()},
        point.why,
        point.kind,
    )
