"""Python data as arrays: which dtype it gets, and PyTorch's complaints about what is no data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.dtypes import bool as bool_dtype
from autodiff.dtypes import dtype as Dtype
from autodiff.dtypes import from_numpy_dtype, int64, promote_types
from autodiff.modes import settings
from autodiff.state import TensorState

__all__ = ["array_of", "checked_number", "is_number", "wrapped"]

_SCALAR_ONLY = "only one element tensors can be converted to Python scalars"


def is_number(value: object) -> bool:
    """Whether a value counts as a Python number (NumPy's scalars do)."""
    return isinstance(value, int | float | complex | np.number | np.bool_)


def array_of(data: Any, dtype: Dtype | None) -> Any:
    """A new array of a number, nested lists of numbers, an array, or a tensor.

    Raises what `torch.tensor` raises, in its words.
    """
    if isinstance(data, TensorState):
        array = np.array(data._data)
    elif isinstance(data, np.ndarray | np.generic):
        array = np.array(data)
    else:
        return _from_python(data, dtype)
    from_numpy_dtype(array.dtype)
    return array if dtype is None else _cast(array, dtype)


def _from_python(data: Any, dtype: Dtype | None) -> Any:
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    if isinstance(data, range):
        data = list(data)
    kinds: set[Any] = set()
    plain = _plain(data, kinds)
    found = _common(kinds)
    target = found if dtype is None else dtype
    try:
        array = np.array(plain)
    except ValueError:
        raise _ragged(plain) from None
    if not array.size:
        array = array.astype(target.numpy)
    if array.dtype == object:  # whole numbers beyond 64 bits
        raise ValueError("Overflow when unpacking long long")
    if array.dtype.kind == "c" and target.numpy.kind in "fiub":
        raise TypeError("must be real number, not complex")
    return _cast(array, target)


def _cast(array: Any, dtype: Dtype) -> Any:
    target = dtype.numpy
    if target.kind in "iu" and array.dtype.kind in "iuf" and array.size:
        limits = np.iinfo(target)
        low = -limits.max - 1 if target.kind == "i" else -limits.max  # PyTorch lets -1 wrap round
        with np.errstate(all="ignore"):
            fits = (array >= low) & (array <= limits.max)
        if not fits.all():
            raise RuntimeError(f"value cannot be converted to type {target.name} without overflow")
    with np.errstate(all="ignore"):
        return array.astype(target)


_PYTHON = (bool, int, float, complex)


def _plain(data: Any, kinds: set[Any], depth: int = 0) -> Any:
    """Nested lists of numbers; the kinds of numbers found go into `kinds`."""
    if isinstance(data, list | tuple):
        for part in data:
            if isinstance(part, str | bytes):
                if len(data) == 1 or isinstance(data[0], str | bytes):
                    raise ValueError(f"too many dimensions '{type(part).__name__}'")
                raise TypeError(f"new(): invalid data type '{type(part).__name__}'")
        return [_plain(part, kinds, depth + 1) for part in data]
    if isinstance(data, TensorState):
        if data._data.size != 1:
            raise ValueError(_SCALAR_ONLY)
        kinds.add(data._data.dtype)
        return data._data.item()
    if isinstance(data, np.generic):
        kinds.add(data.dtype)
        return data.item()
    if isinstance(data, np.ndarray):
        kinds.add(data.dtype)
        return data.tolist()
    if type(data) in _PYTHON or isinstance(data, _PYTHON):
        kinds.add(next(kind for kind in _PYTHON if isinstance(data, kind)))
        return data
    if hasattr(data, "__array__"):
        array = np.asarray(data)
        kinds.add(array.dtype)
        return array.tolist()
    raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")


def _common(kinds: set[Any]) -> Dtype:
    """The dtype that holds all the kinds of numbers."""
    default: Dtype = settings.default_dtype
    if not kinds:
        return default
    python = {bool: bool_dtype, int: int64, float: default, complex: default.to_complex()}
    result: Dtype | None = None
    for kind in kinds:
        one = python[kind] if isinstance(kind, type) else from_numpy_dtype(kind)
        result = one if result is None else promote_types(result, one)
    assert result is not None
    return result


def _ragged(data: Any) -> Exception:
    """PyTorch's words for lists of unequal length: it reads along the first element of each."""
    sizes = []
    first = data
    while isinstance(first, list):
        sizes.append(len(first))
        first = first[0] if first else None
    return _misfit(data, sizes, 0) or ValueError("the nested lists are not rectangular")


def _misfit(data: Any, sizes: list[int], depth: int) -> Exception | None:
    if depth == len(sizes):
        if isinstance(data, list):
            return TypeError("'list' object cannot be interpreted as an integer")
        return None
    if not isinstance(data, list):
        return TypeError("not a sequence")
    if len(data) != sizes[depth]:
        return ValueError(
            f"expected sequence of length {sizes[depth]} at dim {depth} (got {len(data)})"
        )
    return next(
        (wrong for part in data if (wrong := _misfit(part, sizes, depth + 1)) is not None), None
    )


_C_NAMES = {
    "float16": "at::Half",
    "float32": "float",
    "float64": "double",
    "uint8": "uint8_t",
    "int8": "int8_t",
    "int16": "int16_t",
    "int32": "int",
    "int64": "int64_t",
}


_FITS = 65504  # into all floating-point dtypes: the largest number of 16 bits


def checked_number(value: Any, target: Any) -> Any:
    """The number if the NumPy dtype holds it; otherwise PyTorch's complaint."""
    if target.kind == "f" and type(value) in (int, float) and -_FITS < value < _FITS:
        return value
    wrong = isinstance(value, complex) and target.kind in "fiuV" and value.imag != 0
    if not wrong and isinstance(value, int | float) and target.kind in "iuf":
        if target.kind == "f":
            wrong = math.isfinite(value) and abs(value) > float(np.finfo(target).max)
        else:
            limits = np.iinfo(target)
            wrong = not -limits.max - (target.kind == "i") <= value <= limits.max
    if wrong:
        name = _C_NAMES.get(target.name, target.name)
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    return value


def wrapped(number: int, target: Any) -> Any:
    """A whole number as the dtype stores it: what does not fit wraps round, as in PyTorch."""
    limits = np.iinfo(target)
    if limits.min <= number <= limits.max:
        return number
    return np.array([number & (1 << 64) - 1], np.uint64).astype(target)[0]
