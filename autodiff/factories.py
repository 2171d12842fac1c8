"""More factories: by legacy types, by strides, from buffers, spaced by powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.creation import arange, as_tensor, from_array, tensor
from autodiff.dtypes import (
    as_dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
)
from autodiff.dtypes import bool as boolean
from autodiff.dtypes import dtype as Dtype
from autodiff.functions.strided import as_strided
from autodiff.modes import settings
from autodiff.state import TensorState

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "asarray",
    "empty_permuted",
    "empty_strided",
    "frombuffer",
    "logspace",
    "range",
    "scalar_tensor",
]


class _Legacy:
    """`FloatTensor` and its like: calls make tensors, and isinstance asks for the dtype."""

    __slots__ = ("__name__", "dtype")

    def __init__(self, name: str, dtype: Dtype) -> None:
        self.__name__ = name
        self.dtype = dtype

    def __call__(self, *args: Any) -> Any:
        """`FloatTensor([1, 2])` of numbers, `FloatTensor(2, 3)` of a size."""
        if len(args) == 1 and not isinstance(args[0], int):
            given: Any = args[0]
            if isinstance(given, TensorState):
                return given.to(self.dtype)  # type: ignore[attr-defined]
            return tensor(given, dtype=self.dtype)
        return from_array(np.zeros(args or (0,), self.dtype.numpy))

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, TensorState) and value.dtype is self.dtype  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"<class 'torch.{self.__name__}'>"


BoolTensor = _Legacy("BoolTensor", boolean)
ByteTensor = _Legacy("ByteTensor", uint8)
CharTensor = _Legacy("CharTensor", int8)
DoubleTensor = _Legacy("DoubleTensor", float64)
FloatTensor = _Legacy("FloatTensor", float32)
HalfTensor = _Legacy("HalfTensor", float16)
IntTensor = _Legacy("IntTensor", int32)
LongTensor = _Legacy("LongTensor", int64)
ShortTensor = _Legacy("ShortTensor", int16)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of an array, a tensor or numbers; it shares memory where `copy` does not forbid.

    Raises ValueError where `copy` is False and memory cannot be shared.
    """
    if isinstance(obj, TensorState):
        given: Any = obj
        found = given if dtype is None else given.to(as_dtype(dtype))
        if copy and found is given:
            found = given.clone()
        shared = found is given
        if not requires_grad and found.requires_grad:
            found = found.detach()
    else:
        found = as_tensor(obj, dtype=dtype)
        shared = isinstance(obj, np.ndarray) and np.may_share_memory(found._data, obj)
        found = found.clone() if copy and shared else found
    if copy is False and not shared:
        raise ValueError(
            "can't alias arbitrary sequence into a tensor."
            if not isinstance(obj, np.ndarray | TensorState)
            else "can't alias tensor with different dtype."
        )
    return found.requires_grad_() if requires_grad else found


def scalar_tensor(
    s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """A number as a tensor, of the default dtype."""
    kind = settings.default_dtype if dtype is None else dtype
    return tensor(s, dtype=kind, requires_grad=requires_grad)


def _made(array: Any, requires_grad: bool) -> Any:
    return from_array(array, requires_grad)


def _kind(dtype: Any) -> Any:
    return settings.default_dtype.numpy if dtype is None else as_dtype(dtype).numpy


def empty_strided(
    size: Any,
    stride: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Memory of a size, with these strides, in elements."""
    sizes, steps = tuple(map(int, size)), tuple(map(int, stride))
    if len(sizes) != len(steps):
        raise RuntimeError("mismatch in length of strides and shape")
    reach = 1 + sum((n - 1) * step for n, step in zip(sizes, steps, strict=True))
    memory = np.zeros(reach if 0 not in sizes else 0, _kind(dtype))
    found = as_strided(from_array(memory), sizes, steps).detach()
    return found.requires_grad_() if requires_grad else found


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Memory of a size whose dimensions lie in this order, the last densest."""
    order = tuple(physical_layout)
    array = np.zeros([size[k] for k in order], _kind(dtype)).transpose(np.argsort(order))
    return _made(array, requires_grad)


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Any:
    """A vector on the memory of an object with the buffer protocol."""
    return _made(np.frombuffer(buffer, as_dtype(dtype).numpy, count, offset), requires_grad)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Powers of `base` whose exponents are evenly spaced, both ends included."""
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    first, last = (v.item() if isinstance(v, TensorState) else v for v in (start, end))  # type: ignore[attr-defined]
    exponents = np.linspace(first, last, steps)
    return _made(np.power(float(base), exponents).astype(_kind(dtype)), requires_grad)


def range(start: Any = 0, end: Any = None, step: Any = 1, *, dtype: Any = None) -> Any:
    """Numbers from start to end, which is one of them, in the default dtype."""
    first, last = (0, start) if end is None else (start, end)
    kind = settings.default_dtype if dtype is None else dtype
    count = int((last - first) / step) + 1
    return (arange(count) * step + first).to(kind)
