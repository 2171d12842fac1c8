"""NumPy as the namespace in which kernels and rules run: its own names, without its detours.

Many of NumPy's functions are Python code around a method or a ufunc, which costs more than the
work on a small array. Here stand those that rules use often; whatever else is asked for is NumPy's
own.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any

import numpy as np

from autodiff.kernels.memory import keep_freed_memory
from autodiff.kernels.selection import chosen
from autodiff.kernels.sums import LARGE, large_sum

__all__ = ["arrays"]

_np: Any = np
_ndarray = np.ndarray
_add: Any = np.add.reduce
_maximum: Any = np.maximum.reduce
_minimum: Any = np.minimum.reduce
_LARGE = 1 << 15
_LATE = dict.fromkeys(("cosh", "expm1", "sinh"), "exponentials") | {"log1p": "special"}
_SIMPLE = (np.dtype(np.float32), np.dtype(np.float64))


class _Arrays:
    """Attributes are functions with the Array API's names, for NumPy arrays and scalars."""

    def __getattr__(self, name: str) -> Any:
        if name in _LATE:  # with which much is loaded that few programs need
            module = importlib.import_module("autodiff.kernels." + _LATE[name])
            value = functools.partial(getattr(module, name), np)
        else:
            value = getattr(np, name)
        setattr(self, name, value)
        return value

    @staticmethod
    def sum(x: Any, /, *, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        if type(x) is not _ndarray:
            return _np.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)
        if x.size >= LARGE and (dtype is None or dtype is x.dtype):
            found = large_sum(x, axis, keepdims)
            if found is not None:
                return found
        return _add(x, axis=axis, dtype=dtype, keepdims=keepdims)

    @staticmethod
    def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
        if type(x) is not _ndarray or x.dtype not in _SIMPLE or not x.size:
            return _np.mean(x, axis=axis, keepdims=keepdims)
        total = _Arrays.sum(x, axis=axis, keepdims=keepdims)
        return total / x.dtype.type(x.size // (total.size or 1))

    @staticmethod
    def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
        return _maximum(x, axis=axis, keepdims=keepdims)

    @staticmethod
    def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
        return _minimum(x, axis=axis, keepdims=keepdims)

    @staticmethod
    def broadcast_to(x: Any, shape: Any, /) -> Any:
        """A read-only view; of contiguous memory without `np.nditer`."""
        shape = tuple(shape)
        if not x.ndim:
            view = _ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
            view.flags.writeable = False
            return view
        if x.shape == shape and type(x) is _ndarray:
            return x.view()
        lead = len(shape) - x.ndim
        if lead < 0 or (type(x) is _ndarray and not x.flags.c_contiguous):
            return np.broadcast_to(x, shape)
        strides = [0] * lead
        for size, wanted, stride in zip(x.shape, shape[lead:], x.strides, strict=True):
            if size == wanted:
                strides.append(stride)
            elif size == 1:
                strides.append(0)
            else:
                return np.broadcast_to(x, shape)  # raises
        view = _ndarray(shape, x.dtype, x, 0, tuple(strides))
        view.flags.writeable = False
        return view

    @staticmethod
    def where(condition: Any, x: Any, y: Any, /) -> Any:
        return chosen(condition, x, y)

    @staticmethod
    def reshape(x: Any, /, shape: Any) -> Any:
        return x.reshape(shape)

    @staticmethod
    def permute_dims(x: Any, /, axes: Any) -> Any:
        return x.transpose(axes)

    @staticmethod
    def matmul(x: Any, y: Any, /) -> Any:
        """Of matrices by BLAS; a column times a row, of which it is not asked, as it is."""
        if x.ndim == 2 and y.ndim == 2 and x.dtype in _SIMPLE:
            if x.shape[1] == 1 and y.shape[0] == 1:
                return x * y
            if x.size < _LARGE and y.size < _LARGE:  # from there on `@` has less to do
                return x.dot(y)
        return x @ y

    @staticmethod
    def matrix_transpose(x: Any, /) -> Any:
        return x.swapaxes(-1, -2)

    @staticmethod
    def expand_dims(x: Any, /, *, axis: Any) -> Any:
        if type(axis) is not int:
            return np.expand_dims(x, axis)
        shape = list(x.shape)
        shape.insert(axis if axis >= 0 else axis + x.ndim + 1, 1)
        return x.reshape(shape)

    @staticmethod
    def squeeze(x: Any, /, axis: Any) -> Any:
        return x.squeeze(axis)

    @staticmethod
    def flip(x: Any, /, *, axis: Any = None) -> Any:
        chosen = range(x.ndim) if axis is None else (axis,) if type(axis) is int else axis
        back = {one % x.ndim for one in chosen}
        return x[tuple(slice(None, None, -1 if i in back else None) for i in range(x.ndim))]

    @staticmethod
    def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
        return x.astype(dtype, copy=copy)

    @staticmethod
    def stack(values: Any, /, *, axis: int = 0) -> Any:
        return np.concatenate([_Arrays.expand_dims(x, axis=axis) for x in values], axis=axis)

    @staticmethod
    def real(x: Any, /) -> Any:
        return x.real

    @staticmethod
    def conj(x: Any, /) -> Any:
        return x.conj() if x.dtype.kind == "c" else x


arrays: Any = _Arrays()
keep_freed_memory()
