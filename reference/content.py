"""What a user gives as data: exact numbers in an array, and the format that they ask for.

Complex numbers come as their two parts along a further axis, the last.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from reference.dtypes import DType, as_dtype, bool_, default, int64, of_array, round_array
from reference.floats import exact_array

__all__ = ["as_parts", "complex_array", "content", "rounded_content"]


def content(data: Any) -> tuple[np.ndarray, DType]:
    """The numbers as an array, exact numbers as objects, and the format that they ask for."""
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.array(data)
        return (_parts(array) if array.dtype.kind == "c" else array), of_array(array)
    if hasattr(data, "detach"):  # an engine's tensor
        if "complex" in str(getattr(data, "dtype", "")):
            array = complex_array(data)
            return _parts(array), of_array(array)
        array, name = exact_array(data)
        return array, as_dtype(name)
    as_objects = np.array(_plain(data), dtype=object)
    kinds = {type(value) for value in as_objects.ravel().tolist()}
    if kinds <= {bool, np.bool_} and kinds:
        return as_objects.astype(bool), bool_
    if kinds and all(issubclass(kind, (int, np.integer)) for kind in kinds):
        return as_objects, int64
    if any(issubclass(kind, complex) for kind in kinds):
        return _parts(as_objects.astype(np.complex128)), as_dtype(complex)
    for kind in kinds:
        if not issubclass(kind, (int, float, np.number, Fraction, sp.Expr)):
            raise TypeError(
                f"a tensor holds numbers, not {kind.__name__}: give floats, ints, Fractions or "
                "SymPy numbers"
            )
    if all(issubclass(kind, float) for kind in kinds):
        return as_objects.astype(np.float64), default
    return as_objects, default


def complex_array(data: Any) -> np.ndarray:
    """An engine's complex array, wherever it is held, as one of NumPy."""
    for method in ("detach", "cpu", "resolve_conj", "resolve_neg"):
        if hasattr(data, method):
            data = getattr(data, method)()
    return np.asarray(data)


def _parts(array: np.ndarray) -> np.ndarray:
    return np.stack([array.real, array.imag], -1).astype(np.float64)


def as_parts(array: np.ndarray, held: DType) -> np.ndarray:
    """Real numbers given where a format of complex ones is asked for."""
    return np.stack([array, np.zeros_like(array)], -1) if held.is_complex else array


def _plain(data: Any) -> Any:
    """Nested lists of numbers; tensors of one element inside count as their number."""
    if isinstance(data, (list, tuple)):
        return [_plain(value) for value in data]
    return data.item() if hasattr(data, "cell") else data


def each_rounded(array: np.ndarray, held: DType) -> np.ndarray:
    """Floats among exact numbers rounded to the format, the others as they are."""
    if not held.is_inexact:
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
    if array.dtype.kind == "f" or not held.is_inexact:
        return round_array(array, held)
    return array
