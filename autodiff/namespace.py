"""The Array API standard's names over tensors: the namespace in which rules run on tensors."""

from __future__ import annotations

import builtins
import importlib
import math
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.dtypes import as_dtype, bool, float32, float64, int32, int64
from autodiff.functions import contraction, reductions, shapes
from autodiff.functions.arguments import axes as _axes
from autodiff.functions.complexes import imag
from autodiff.functions.pointwise import (
    abs,
    cos,
    cosh,
    erf,
    exp,
    expm1,
    floor,
    isfinite,
    isinf,
    isnan,
    log,
    log1p,
    logical_not,
    reciprocal,
    round,
    sin,
    sinh,
    sqrt,
    square,
    tan,
    tanh,
)
from autodiff.functions.pointwise import sgn as sign
from autodiff.ops import indexing as _index_rows
from autodiff.ops import pointwise as _rows
from autodiff.ops import reductions as _reduction_rows
from autodiff.ops import shapes as _shape_rows
from autodiff.ops import sorting as _sorting_rows
from autodiff.primitive import binary
from autodiff.state import TensorState, storage

_smallest = builtins.min

__all__ = [
    "abs",
    "argsort",
    "asarray",
    "astype",
    "bool",
    "broadcast_to",
    "concat",
    "conj",
    "cos",
    "cosh",
    "cumulative_sum",
    "equal",
    "erf",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "float32",
    "float64",
    "floor",
    "floor_divide",
    "full_like",
    "greater_equal",
    "imag",
    "int32",
    "int64",
    "isfinite",
    "isinf",
    "isnan",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "logical_or",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "ones_like",
    "permute_dims",
    "prod",
    "real",
    "reciprocal",
    "reshape",
    "roll",
    "round",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "sum",
    "take_along_axis",
    "tan",
    "tanh",
    "tril",
    "triu",
    "where",
    "zeros",
    "zeros_like",
]


def _is_plain(x: Any) -> Any:
    """Whether a value is a tensor that is neither a view nor one of a transform."""
    return isinstance(x, TensorState) and x._extra is None and not x._layered


def _are_sizes(shape: Any) -> Any:
    """Whether a shape is a tuple of whole numbers, none of them negative."""
    return type(shape) is tuple and (
        not shape or (set(map(type, shape)) == {int} and _smallest(shape) >= 0)
    )


def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: Any = None) -> Any:
    """A tensor of `obj`; itself if it is one, unless a copy is asked for."""
    if isinstance(obj, TensorState):
        result = obj if dtype is None else astype(obj, dtype)
        return shapes.clone(result) if copy and result is obj else result
    wanted = None if dtype is None else as_dtype(dtype).numpy
    return from_array(np.array(obj, wanted))


def astype(x: Any, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Any:
    """The elements in another dtype."""
    wanted = as_dtype(dtype).numpy
    return x if x._data.dtype == wanted else _shape_rows.TO_COPY.straight(x, dtype=wanted)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Zeros."""
    return from_array(np.zeros(shape, (float32 if dtype is None else as_dtype(dtype)).numpy))


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Zeros in the shape of x, and in its dtype unless another is given."""
    kind = x._data.dtype if dtype is None else as_dtype(dtype).numpy
    return from_array(np.zeros(x._data.shape, kind))


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Ones in the shape of x, and in its dtype unless another is given."""
    kind = x._data.dtype if dtype is None else as_dtype(dtype).numpy
    return from_array(np.ones(x._data.shape, kind))


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """One value in the shape of x, and in its dtype unless another is given."""
    kind = x._data.dtype if dtype is None else as_dtype(dtype).numpy
    return from_array(np.full(x._data.shape, fill_value, kind))


def reshape(x: Any, /, shape: Any, *, copy: Any = None) -> Any:
    """Another shape."""
    if copy is None and _is_plain(x) and _are_sizes(shape):
        data = x._data
        if type(data) is np.ndarray and data.flags.c_contiguous and math.prod(shape) == data.size:
            return _shape_rows.VIEW.straight(x, shape=shape)
    found = shapes.reshape(x, shape)
    return shapes.clone(found) if copy else found


def broadcast_to(x: Any, /, shape: Any) -> Any:
    """Repeated along dimensions of size one."""
    if _is_plain(x) and not x._data.ndim and _are_sizes(shape):  # which any shape fits
        storage(x)
        return _shape_rows.EXPAND.straight(x, size=shape)
    return shapes.expand(x, shape)


def permute_dims(x: Any, /, axes: Any) -> Any:
    """The axes in another order."""
    return _shape_rows.PERMUTE.straight(x, dims=tuple(axes))


def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged."""
    ndim = x.ndim
    if ndim < 2:
        return shapes.transpose(x, -2, -1)  # raises
    return _shape_rows.TRANSPOSE.straight(x, dim0=ndim - 2, dim1=ndim - 1)


def expand_dims(x: Any, /, *, axis: int = 0) -> Any:
    """An axis of size one inserted."""
    return shapes.unsqueeze(x, axis)


def squeeze(x: Any, /, axis: Any) -> Any:
    """Axes of size one removed."""
    return shapes.squeeze(x, axis)


def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """Tensors joined along an axis; flattened without one."""
    if axis is None:
        return shapes.cat([shapes.reshape(one, -1) for one in arrays], 0)
    return shapes.cat(list(arrays), axis)


def stack(arrays: Any, /, *, axis: int = 0) -> Any:
    """Tensors joined along a new axis."""
    return shapes.stack(list(arrays), axis)


def flip(x: Any, /, *, axis: Any = None) -> Any:
    """The order along axes reversed."""
    return _shape_rows.FLIP.straight(x, dims=_axes(axis, x.ndim))


def roll(x: Any, /, shift: Any, *, axis: Any = None) -> Any:
    """Elements moved on along axes."""
    if axis is None or not isinstance(axis, tuple):
        return shapes.roll(x, shift, axis)
    return _shape_rows.ROLL(x, shifts=shift, dims=axis)


def tril(x: Any, /, *, k: int = 0) -> Any:
    """The lower triangle."""
    return shapes.tril(x, k)


def triu(x: Any, /, *, k: int = 0) -> Any:
    """The upper triangle."""
    return shapes.triu(x, k)


def _reduce(row: Any, x: Any, axis: Any, keepdims: Any) -> Any:
    ndim = x.ndim
    if axis is None:
        where = tuple(range(ndim))
    elif axis == ():
        return x
    elif type(axis) is int and 0 <= axis < ndim:
        where = (axis,)
    else:
        where = _axes(axis, ndim)
    return row.straight(x, dim=where, keepdim=keepdims)


def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """The sum over axes."""
    x = x if dtype is None else astype(x, dtype)
    return _reduce(_reduction_rows.SUM, x, axis, keepdims)


def mean(x: Any, /, *, axis: Any = None, keepdims: Any = False) -> Any:
    """The mean over axes."""
    return _reduce(_reduction_rows.MEAN, x, axis, keepdims)


def max(x: Any, /, *, axis: Any = None, keepdims: Any = False) -> Any:
    """The largest element over axes."""
    return _reduce(_reduction_rows.AMAX, x, axis, keepdims)


def min(x: Any, /, *, axis: Any = None, keepdims: Any = False) -> Any:
    """The smallest element over axes."""
    return _reduce(_reduction_rows.AMIN, x, axis, keepdims)


def prod(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: Any = False) -> Any:
    """The product over axes."""
    x = x if dtype is None else astype(x, dtype)
    return _reduce(_reduction_rows.PROD, x, axis, keepdims)


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: Any = False
) -> Any:
    """Running sums along an axis; include_initial: from zero."""
    if axis is None and x.ndim != 1:
        raise ValueError(f"axis is needed: the tensor has {x.ndim} axes, not one")
    where = 0 if axis is None else axis
    found = reductions.cumsum(x if dtype is None else astype(x, dtype), where)
    if not include_initial:
        return found
    sizes = [1 if place == where % x.ndim else n for place, n in enumerate(x._data.shape)]
    return shapes.cat([from_array(np.zeros(sizes, found._data.dtype)), found], where)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Any:
    """The elements at indices along an axis."""
    return _index_rows.GATHER.straight(x, index=_raw(indices), dim=axis % x.ndim)


def argsort(x: Any, /, *, axis: int = -1, descending: Any = False, stable: Any = True) -> Any:
    """The indices that sort along an axis."""
    return _sorting_rows.ARGSORT(x, dim=axis % x.ndim, descending=descending)


def _raw(value: Any) -> Any:
    return value._data if isinstance(value, TensorState) else value


def matmul(x1: Any, x2: Any, /) -> Any:
    """The matrix product."""
    return contraction.matmul(x1, x2)


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    """x1 where the condition holds, x2 elsewhere."""
    return _rows.WHERE(condition, x1, x2)


def maximum(x1: Any, x2: Any, /) -> Any:
    """The larger of two."""
    return binary(_rows.MAXIMUM, x1, x2)


def minimum(x1: Any, x2: Any, /) -> Any:
    """The smaller of two."""
    return binary(_rows.MINIMUM, x1, x2)


def floor_divide(x1: Any, x2: Any, /) -> Any:
    """The quotient rounded down."""
    return _rows.DIV_FLOOR(x1, x2)


def equal(x1: Any, x2: Any, /) -> Any:
    """Whether two are equal."""
    return _rows.EQ(x1, x2)


def greater_equal(x1: Any, x2: Any, /) -> Any:
    """Whether the first is at least the second."""
    return _rows.GE(x1, x2)


def logical_and(x1: Any, x2: Any, /) -> Any:
    """Whether both hold."""
    return _rows.LOGICAL_AND(x1, x2)


def logical_or(x1: Any, x2: Any, /) -> Any:
    """Whether one holds."""
    return _rows.LOGICAL_OR(x1, x2)


def real(x: Any, /) -> Any:
    """The real part."""
    return _rows.REAL(x)


def conj(x: Any, /) -> Any:
    """The complex conjugate; a real tensor itself."""
    return x if x._data.dtype.kind != "c" else _rows.CONJ(x)


def __getattr__(name: str) -> Any:
    """The rest of the standard, which no rule needs."""
    standard = importlib.import_module("autodiff.standard")
    if name in standard.__all__:
        return getattr(standard, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    standard = importlib.import_module("autodiff.standard")
    return sorted({*__all__, *standard.__all__})
