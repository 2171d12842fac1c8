"""Arguments that must be known when a program runs: indices and masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.build import Value, is_number
from reference.evaluate import whole_numbers
from reference.graph import Constant, Node

__all__ = ["integers", "sizes", "truths"]


def integers(value: Value) -> np.ndarray:
    """Indices as an integer array; a computed array of indices is evaluated."""
    if isinstance(value, Constant):
        return np.asarray(value.value).astype(np.intp)
    if isinstance(value, Node):
        return whole_numbers(value)
    return np.asarray(value, dtype=np.intp)


def truths(value: Value) -> np.ndarray:
    """A mask as a bool array."""
    if is_number(value):
        return np.asarray(bool(value))
    return integers(value).astype(bool)


def sizes(arguments: tuple[Any, ...], named: Any = None) -> tuple[Any, ...]:
    """Sizes or axes given one by one, as one sequence, or by keyword."""
    if named is not None:
        return tuple(named) if isinstance(named, (tuple, list)) else (named,)
    if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)):
        return tuple(arguments[0])
    return arguments
