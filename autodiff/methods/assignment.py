"""`tensor[index] = value`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.conversion import checked_number
from autodiff.dtypes import from_numpy_dtype
from autodiff.errors import BatchedData
from autodiff.functions.indexing import check_masks, explained, getitem, resolve
from autodiff.inplace import (
    allowed,
    as_value,
    check_overlap,
    place,
    without_leading_ones,
    write,
)
from autodiff.ops.indexing import INDEX_PUT
from autodiff.state import storage

__all__ = ["assign"]


def assign(tensor: Any, index: Any, value: Any) -> None:
    """Write through a view for basic indices, at positions for index arrays and masks."""
    if index is False:  # PyTorch does not look at the value then
        return
    if index is True:
        place(getitem(tensor, None), value)
        return
    try:
        shown, picked = resolve(index, tensor._data.shape)
    except BatchedData as data:
        tensor.copy_(data.by_member("assign", tensor, index, value))
        return
    storage(tensor)
    if shown is not None and not _whole(shown, tensor._data.shape):
        tensor = getitem(tensor, index if picked is None else shown)
    if picked is None:
        place(tensor, value)
        return
    first = picked[0]
    if isinstance(first, np.ndarray) and first.ndim == 0 and first.dtype.kind == "b":
        tensor = getitem(tensor, None)  # PyTorch gives a 0-d mask a dimension to select from
        picked = (picked[0].reshape(1), *picked[1:])
    dtype = tensor._data.dtype
    value = as_value(tensor, value)
    allowed((tensor, value))
    value = without_leading_ones(value)
    # under a mask with dimensions one number is `masked_fill_`; one without is an index
    mask = first if len(picked) == 1 and isinstance(first, np.ndarray) and first.ndim else None
    masked = mask is not None and mask.dtype.kind == "b"
    value = _readable(tensor, picked, value, masked)
    try:
        target = np.broadcast_to(np.empty(()), tensor._data.shape)[picked].shape
    except IndexError as error:
        raise explained(error, picked, tensor._data.shape) from None
    try:
        fits = np.broadcast_shapes(target, value._data.shape) == target
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value._data.shape)} cannot be "
            f"broadcast to indexing result of shape {list(target)}"
        )
    if value._data.dtype != dtype:
        if value._data.ndim or not masked:
            raise RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{from_numpy_dtype(dtype).title} for the destination and "
                f"{from_numpy_dtype(value._data.dtype).title} for the source."
            )
        if value._data.dtype.kind == "c":
            checked_number(complex(value._data), dtype)
        value = value.to(from_numpy_dtype(dtype))
    write(INDEX_PUT, tensor, value, index=picked, accumulate=False)


def _readable(tensor: Any, picked: tuple[Any, ...], value: Any, masked: bool) -> Any:
    """The value, if it can be read while the tensor is written to."""
    if masked and value._data.size == 1:  # PyTorch's `masked_fill_`: the number is read before
        check_masks(picked, tensor._data.shape)
        check_overlap(tensor, ())
        return value.clone() if np.may_share_memory(tensor._data, value._data) else value
    if 0 not in tensor._data.strides:  # what was expanded is refused after all else is found right
        check_overlap(tensor, (value,), same=False)
    check_masks(picked, tensor._data.shape)
    return value


def _whole(parts: tuple[Any, ...], shape: tuple[int, ...]) -> bool:
    """Whether the index leaves the tensor as it is: PyTorch then makes no view of it."""
    axis = 0
    for position, part in enumerate(parts):
        if part is Ellipsis:
            axis = len(shape) - (len(parts) - position - 1)
        elif isinstance(part, slice):
            if part.indices(shape[axis]) != (0, shape[axis], 1) or (part.start or 0) > 0:
                return False
            axis += 1
        else:
            return False
    return True
