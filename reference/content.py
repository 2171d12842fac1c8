"""What a user gives as data: exact numbers in an array, and the format that they ask for."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from reference.dtypes import DType, as_dtype, bool_, default, int64, of_array, round_array
from reference.floats import exact_array

__all__ = ["content", "rounded_content"]


def content(data: Any) -> tuple[np.ndarray, DType]:
    """The numbers as an array, exact numbers as objects, and the format that they ask for."""
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.array(data)
        return array, of_array(array)
    if hasattr(data, "detach"):  # an engine's tensor
        array, name = exact_array(data)
        return array, as_dtype(name)
    as_objects = np.array(_plain(data), dtype=object)
    kinds = {type(value) for value in as_objects.ravel().tolist()}
    if kinds <= {bool, np.bool_} and kinds:
        return as_objects.astype(bool), bool_
    if kinds and all(issubclass(kind, (int, np.integer)) for kind in kinds):
        return as_objects, int64
    for kind in kinds:
        if not issubclass(kind, (int, float, np.number, Fraction, sp.Expr)):
            raise TypeError(
                f"a tensor holds numbers, not {kind.__name__}: give floats, ints, Fractions or "
                "SymPy numbers"
            )
    if all(issubclass(kind, float) for kind in kinds):
        return as_objects.astype(np.float64), default
    return as_objects, default


def _plain(data: Any) -> Any:
    """Nested lists of numbers; tensors of one element inside count as their number."""
    if isinstance(data, (list, tuple)):
        return [_plain(value) for value in data]
    return data.item() if hasattr(data, "cell") else data


def each_rounded(array: np.ndarray, held: DType) -> np.ndarray:
    """Floats among exact numbers rounded to the format, the others as they are."""
    if not held.is_floating_point:
        return array.astype(held.array_type)
    result = np.empty(array.shape, dtype=object)
    for place, value in np.ndenumerate(array):
        is_float = isinstance(value, (float, np.floating))
        result[place] = float(round_array(np.asarray(value), held)) if is_float else value
    return result


def rounded_content(array: np.ndarray, held: DType) -> np.ndarray:
    """The numbers as a tensor of a format holds them: floats rounded, exact numbers as given."""
    if array.dtype == object:
        return each_rounded(array, held)
    if array.dtype.kind == "f" or not held.is_floating_point:
        return round_array(array, held)
    return array
