"""Methods of `Tensor` that hand out its elements, as NumPy arrays and as Python numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Number
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.state import TensorState, storage

__all__ = ["Numbers"]


class Numbers(TensorState):
    """Methods of `Tensor` that hand out its elements, as NumPy arrays and as Python numbers."""

    __slots__ = ()
    requires_grad: Any

    def numpy(self, *, force: Any = False) -> Any:
        """The array itself, sharing memory. Raises RuntimeError if a gradient is required."""
        if not isinstance(force, bool):
            kind = type(force).__name__
            raise TypeError(f"numpy(): argument 'force' must be bool, not {kind}")
        if self.requires_grad and not force:
            raise RuntimeError(errors.NUMPY_REQUIRES_GRAD)
        return storage(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def item(self) -> Any:
        """The only element as a Python number."""
        if self._data.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._data.size} elements cannot be converted to Scalar"
            )
        return self._data.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self._data.tolist()

    def _scalar(self, convert: Callable[[Any], Any]) -> Any:
        if self.requires_grad:
            warnings.warn(errors.SCALAR_FROM_GRAD, UserWarning, stacklevel=3)
        if self._data.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        value = self._data.item()
        if isinstance(value, complex) and convert is not complex:
            if value.imag:
                kind = "double" if convert is float else "int64_t"
                raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
            value = value.real
        return convert(value)

    def __float__(self) -> Any:
        return self._scalar(float)

    def __int__(self) -> Any:
        return self._scalar(int)

    def __complex__(self) -> complex:
        return self._scalar(complex)  # type: ignore[no-any-return]

    def __index__(self) -> Any:
        if self._data.dtype.kind not in "iub" or self._data.size != 1:
            raise TypeError(
                "only integer tensors of a single element can be converted to an index"
            )
        return int(self._data.item())

    def __bool__(self) -> Any:
        if self._data.size != 1:
            raise RuntimeError(
                "Boolean value of Tensor with no values is ambiguous"
                if not self._data.size
                else "Boolean value of Tensor with more than one value is ambiguous"
            )
        return bool(self._data.item())

    def __len__(self) -> Any:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._data)

    def __contains__(self, element: Any) -> Any:
        if isinstance(element, TensorState | complex | Number):
            return bool(np.any(self._data == getattr(element, "_data", element)))
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )
