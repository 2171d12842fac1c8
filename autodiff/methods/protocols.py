"""The protocols by which other libraries meet a tensor: NumPy's, and DLPack."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import errors
from autodiff import namespace as array_namespace
from autodiff.inplace import writable
from autodiff.interop import call_function, call_ufunc
from autodiff.state import TensorState
from autodiff.views import requires_grad

__all__ = ["Protocols"]


class Protocols(TensorState):
    """The protocols by which other libraries meet a tensor: NumPy's, and DLPack."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **given: Any) -> Any:
        """`np.exp(tensor)` is `autodiff.exp(tensor)`, and so for all that there is."""
        return call_ufunc(ufunc, method, inputs, given)

    def __array_function__(self, function: Any, types: Any, args: Any, given: Any) -> Any:
        """`np.sum(tensor, axis=0)` is `autodiff.sum(tensor, 0)`, and so for all that there is."""
        return call_function(function, args, given)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: Any = None,
        dl_device: Any = None,
        copy: Any = None,
    ) -> Any:
        """The memory as a DLPack capsule. Raises BufferError if a gradient is required."""
        if requires_grad(self):
            raise BufferError(errors.DLPACK_GRAD)
        if stream is not None:
            raise AssertionError("stream should be None on cpu.")
        array = np.array(self._data) if copy else writable(self)
        given = {} if max_version is None else {"max_version": max_version}
        if dl_device is not None:
            given["dl_device"] = dl_device
        return array.__dlpack__(**given)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The CPU, in DLPack's numbers."""
        return (1, 0)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        return array_namespace
