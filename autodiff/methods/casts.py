"""Methods of `Tensor` that give it in another dtype."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff.dtypes import (
    DTYPES,
    as_dtype,
    bfloat16,
    complex64,
    complex128,
    int8,
    int16,
    uint8,
)
from autodiff.functions import shapes
from autodiff.functions.arguments import require_tensor
from autodiff.ops.shapes import TO_COPY
from autodiff.size import device, on_cpu
from autodiff.state import TensorState

__all__ = ["Casts"]


class Casts(TensorState):
    """Methods of `Tensor` that give it in another dtype."""

    __slots__ = ()
    dtype: Any

    def type(self, dtype: Any = None) -> Any:
        """The legacy name such as `torch.FloatTensor`; with an argument, a conversion."""
        if isinstance(dtype, str):
            found = next((d for d in DTYPES if f"torch.{d.title}Tensor" == dtype), None)
            if found is None:
                raise ValueError(f"invalid type: '{dtype}'")
            dtype = found
        return f"torch.{self.dtype.title}Tensor" if dtype is None else self.to(dtype)

    def to(self, *args: Any, dtype: Any = None, copy: bool = False, **ignored: Any) -> Any:
        """Another dtype (itself if it is the same and `copy` is false); the device is the CPU."""
        on_cpu(ignored.get("device"))
        for one in args:
            if isinstance(one, TensorState):
                dtype = one.dtype  # type: ignore[attr-defined]
            elif isinstance(one, bool):
                continue
            elif isinstance(one, str | device):
                on_cpu(one)
            else:
                dtype = one
        if dtype is None:
            return shapes.clone(self) if copy else self
        wanted = as_dtype(dtype, "to").numpy
        if wanted == self._data.dtype and not copy:
            return self
        if self._data.dtype.kind == "c" and wanted.kind not in "cb":
            warnings.warn(
                "Casting complex values to real discards the imaginary part",
                UserWarning,
                stacklevel=2,
            )
        row = TO_COPY.straight if wanted.type in (np.float32, np.float64) else TO_COPY
        return row(self, dtype=wanted)

    def double(self) -> Any:
        """float64."""
        return self.to("cpu", dtype=np.float64)

    def float(self) -> Any:
        """float32."""
        return self.to("cpu", dtype=np.float32)

    def half(self) -> Any:
        """float16."""
        return self.to("cpu", dtype=np.float16)

    def long(self) -> Any:
        """int64."""
        return self.to("cpu", dtype=np.int64)

    def int(self) -> Any:
        """int32."""
        return self.to("cpu", dtype=np.int32)

    def bool(self) -> Any:
        """bool."""
        return self.to("cpu", dtype=np.bool_)

    def cpu(self) -> Any:
        """Itself."""
        return self

    def bfloat16(self) -> Any:
        """bfloat16; needs the package ml_dtypes."""
        return self.to(bfloat16)

    def short(self) -> Any:
        """int16."""
        return self.to(int16)

    def char(self) -> Any:
        """int8."""
        return self.to(int8)

    def byte(self) -> Any:
        """uint8."""
        return self.to(uint8)

    def cfloat(self) -> Any:
        """complex64."""
        return self.to(complex64)

    def cdouble(self) -> Any:
        """complex128."""
        return self.to(complex128)

    def type_as(self, other: Any) -> Any:
        """The dtype of another tensor."""
        return self.to(require_tensor("type_as", other, "other", 1).dtype)
