"""Factories of tensors like another: `zeros_like` and its kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.creation import from_array, held, rand, randn
from autodiff.dtypes import as_dtype, from_numpy_dtype
from autodiff.functions.arguments import require_tensor
from autodiff.kernels.layout import dense
from autodiff.primitive import handed_over
from autodiff.state import TensorState

__all__ = ["empty_like", "full_like", "ones_like", "rand_like", "randn_like", "zeros_like"]


def _like(function: str, input: Any, dtype: Any) -> tuple[Any, Any]:
    data = require_tensor(function, input)._data
    if input._layered:  # of one member of a batch there may be no array
        data = np.empty(data.shape, data.dtype)
    elif 0 in data.strides:
        data = dense(data)
    return data, data.dtype if dtype is None else as_dtype(dtype).numpy


def _filled_like(input: Any, array: Any, requires_grad: bool) -> Any:
    tensor = from_array(array, requires_grad)
    batched = getattr(input, "_like_this", None)  # of one member of a batch
    return tensor if batched is None else batched(tensor)


@handed_over
def zeros_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Zeros of the shape and dtype of a tensor."""
    return _filled_like(input, np.zeros_like(*_like("zeros_like", input, dtype)), requires_grad)


@handed_over
def ones_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Ones of the shape and dtype of a tensor."""
    return _filled_like(input, np.ones_like(*_like("ones_like", input, dtype)), requires_grad)


@handed_over
def empty_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Memory of the shape and dtype of a tensor."""
    return _filled_like(input, np.empty_like(*_like("empty_like", input, dtype)), requires_grad)


@handed_over
def full_like(
    input: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """One value in the shape and dtype of a tensor."""
    data, target = _like("full_like", input, dtype)
    value = fill_value.item() if isinstance(fill_value, TensorState) else fill_value  # type: ignore[attr-defined]
    array = np.full_like(data, held(value, target), target)
    return _filled_like(input, array, requires_grad)


@handed_over
def rand_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Uniform on [0, 1), in the shape and dtype of a tensor."""
    data, target = _like("rand_like", input, dtype)
    return rand(data.shape, dtype=from_numpy_dtype(target), requires_grad=requires_grad)


@handed_over
def randn_like(
    input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """Standard normal, in the shape and dtype of a tensor."""
    data, target = _like("randn_like", input, dtype)
    return randn(data.shape, dtype=from_numpy_dtype(target), requires_grad=requires_grad)
