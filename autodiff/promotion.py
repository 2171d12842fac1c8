"""The dtype in which PyTorch computes, and NumPy's complaints in PyTorch's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff import dtypes, errors
from autodiff.conversion import wrapped
from autodiff.dtypes import from_numpy_dtype
from autodiff.kernels.arrays import arrays as NUMPY
from autodiff.modes import settings
from autodiff.row import Row
from autodiff.state import TensorState

__all__ = ["explain", "namespace", "narrowed", "promote", "result_type"]

_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_NUMBERS = (int, float, complex, np.generic)


def namespace(value: Any) -> Any:
    """The array namespace of an array, a tensor or a number."""
    if isinstance(value, np.ndarray | np.generic):
        return NUMPY
    method = getattr(value, "__array_namespace__", None)
    return NUMPY if method is None else method()


# PyTorch's names of what is not defined: for bools, and for complex numbers
_NO_BOOL = {
    "floor_divide": "div_floor_cpu",
    "div_floor": "div_floor_cpu",
    "remainder": "remainder_cpu",
    "pow": "pow",
}
_NO_COMPLEX = {
    "floor_divide": "div_floor_cpu",
    "div_floor": "div_floor_cpu",
    "div_trunc": "div_trunc_cpu",
    "remainder": "remainder_cpu",
    "erf": "erf_vml_cpu",
}
_NOTHING: dict[str, str] = {}


def _agreed(inputs: Sequence[Any], arrays: Sequence[Any], skip: int) -> bool:
    """Whether there is nothing to convert: tensors of one real dtype and numbers of Python."""
    dtype = None
    for position in range(skip, len(arrays)):
        array = arrays[position]
        if isinstance(inputs[position], TensorState):
            if array.dtype is not dtype:
                if dtype is not None:
                    return False
                dtype = array.dtype
        elif type(array) is not float and type(array) is not int:
            return False
    return dtype is _F32 or dtype is _F64


def promote(row: Row, inputs: Sequence[Any], arrays: list[Any]) -> list[Any]:
    """The input arrays in the dtype in which PyTorch computes; the same list if they are."""
    skip = 1 if row.promotion == "where" else 0  # a condition has no part in the result's dtype
    return arrays if _agreed(inputs, arrays, skip) else _promoted(row, inputs, arrays, skip)


def _promoted(row: Row, inputs: Sequence[Any], arrays: list[Any], skip: int) -> list[Any]:
    operands: list[Any] = []
    for value, array in zip(inputs[skip:], arrays[skip:], strict=True):
        if isinstance(value, TensorState):
            operands.append((from_numpy_dtype(array.dtype), "dim" if array.ndim else "zero"))
        elif isinstance(array, _NUMBERS):
            operands.append((_number_dtype(array), "wrapped"))
    dtype = dtypes.result_type(tuple(operands), settings.default_dtype)
    if row.promotion == "float" and not (dtype.is_floating_point or dtype.is_complex):
        dtype = settings.default_dtype
    target = dtype.numpy
    undefined = {"c": _NO_COMPLEX, "b": _NO_BOOL}.get(target.kind, _NOTHING)
    if row.name in undefined:
        kernel = undefined[row.name]
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype.title}'")
    cast = list(arrays[:skip])
    for array in arrays[skip:]:
        found = getattr(array, "dtype", None)
        if isinstance(array, np.generic) and found != target:
            cast.append(array.astype(target))
        elif found is not None and found != target:
            cast.append(namespace(array).astype(array, target))
        elif target.kind in "iu" and type(array) is int:
            cast.append(wrapped(array, target))
        elif target.kind == "V" and found is None:  # ml_dtypes would compute in float32
            cast.append(target.type(array))
        else:
            cast.append(array)
    if all(not hasattr(array, "dtype") for array in cast[skip:]):
        cast[skip] = np.asarray(cast[skip], target)
    return cast


def narrowed(arrays: Sequence[Any], out: Any) -> Any:
    """What was computed of bfloat16 alone, in bfloat16: ml_dtypes leaves some in float32."""
    kinds = {a.dtype.kind for a in arrays if hasattr(a, "dtype")}
    if isinstance(out, tuple) or kinds != {"V"} or getattr(out, "dtype", None) != np.float32:
        return out
    return out.astype(next(a.dtype for a in arrays if hasattr(a, "dtype")))


def _number_dtype(value: Any) -> Any:
    if isinstance(value, bool | np.bool_):
        return dtypes.bool
    if isinstance(value, int | np.integer):
        return dtypes.int64
    if isinstance(value, float | np.floating):
        return settings.default_dtype
    return settings.default_dtype.to_complex()


def result_type(tensor1: Any, tensor2: Any) -> Any:
    """The dtype of a result of two tensors or numbers.

    Raises TypeError for anything else.

    >>> import autodiff
    >>> result_type(autodiff.tensor([1, 2]), 1.5)
    torch.float32
    """
    operands: list[Any] = []
    for place, value in enumerate((tensor1, tensor2)):
        if isinstance(value, TensorState):
            data = value._data
            operands.append((from_numpy_dtype(data.dtype), "dim" if data.ndim else "zero"))
        elif isinstance(value, _NUMBERS):
            operands.append((_number_dtype(value), "wrapped"))
        else:
            raise TypeError(
                f"result_type(): argument 'tensor{place + 1}' (position {place + 1}) must be "
                f"Tensor, not {type(value).__name__}"
            )
    return dtypes.result_type(tuple(operands), settings.default_dtype)


def explain(row: Row, arrays: Sequence[Any], error: ValueError) -> Exception:
    """NumPy's complaint in PyTorch's words, where it is about shapes."""
    shapes = [np.shape(array) for array in arrays]
    for second in shapes[1:]:
        mismatch = errors.broadcast_mismatch(shapes[0], second)
        if mismatch is not None and row.broadcasts:
            return mismatch
    return error
