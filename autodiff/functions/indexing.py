"""Functions that read and write at indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.functions.arguments import array_index, axis, is_number, raw, require_tensor
from autodiff.ops import indexing as ops
from autodiff.state import TensorState

__all__ = [
    "gather",
    "getitem",
    "index_put",
    "index_select",
    "masked_fill",
    "masked_select",
    "narrow",
    "nonzero",
    "select",
]


def _is_basic(part: Any) -> bool:
    return (
        part is None
        or part is Ellipsis
        or isinstance(part, slice)
        or (isinstance(part, int | np.integer) and not isinstance(part, bool | np.bool_))
    )


def _check(index: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    """PyTorch's complaints about an index."""
    used = 0
    for part in index:
        if part is None or part is Ellipsis:
            continue
        mask = isinstance(part, np.ndarray) and part.dtype.kind == "b"
        used += part.ndim if mask else 1
    if used > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    where = 0
    for position, part in enumerate(index):
        if part is Ellipsis:
            later = index[position + 1 :]
            where = len(shape) - sum(
                part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1
                for part in later
                if part is not None
            )
        elif part is not None:
            if isinstance(part, int | np.integer) and not isinstance(part, bool | np.bool_):
                size = shape[where]
                if not -size <= part < size:
                    raise IndexError(
                        f"index {part} is out of bounds for dimension {where} with size {size}"
                    )
            elif isinstance(part, slice) and part.step is not None and part.step <= 0:
                raise ValueError("step must be greater than zero")
            elif isinstance(part, np.ndarray) and part.dtype.kind == "b":
                for axis_, size in enumerate(part.shape):
                    if size != shape[where + axis_]:
                        raise IndexError(
                            f"The shape of the mask {list(part.shape)} at index {axis_} does not "
                            f"match the shape of the indexed tensor {list(shape)} at index "
                            f"{where + axis_}"
                        )
                where += part.ndim - 1
            elif isinstance(part, np.ndarray) and part.dtype.kind not in "iu":
                raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
            where += 1


def normalized(index: Any, shape: tuple[int, ...]) -> tuple[tuple[Any, ...], bool]:
    """The index as a tuple that NumPy takes, and whether it leads to a view."""
    parts = index if isinstance(index, tuple) else (index,)
    parts = tuple(array_index(part) for part in parts)
    parts = tuple(
        np.asarray(part) if isinstance(part, bool | np.bool_) else _slice(part) for part in parts
    )
    _check(parts, shape)
    basic = all(_is_basic(part) for part in parts)
    if basic and Ellipsis not in parts:
        parts = (*parts, Ellipsis)  # so that a single element stays a 0-d view
    return parts, basic


def _slice(part: Any) -> Any:
    if not isinstance(part, slice):
        return part
    return slice(*(_whole(bound) for bound in (part.start, part.stop, part.step)))


def _whole(bound: Any) -> Any:
    return int(raw(bound)) if isinstance(bound, TensorState) else bound


def getitem(input: Any, index: Any) -> Any:
    """`input[index]`: a view for ints, slices, None and Ellipsis; a copy for index arrays."""
    parts, basic = normalized(index, tuple(input.shape))
    if not basic:
        return ops.INDEX(input, index=parts)
    if any(part is None for part in parts):
        return ops.NEW_AXES(input, index=parts)
    whole = all(part is Ellipsis or part == slice(None) for part in parts)
    if whole:
        return ops.ALIAS(input, index=parts)
    last = [part for part in parts if part is not Ellipsis][-1]
    row = ops.SLICE if isinstance(last, slice) else ops.SELECT
    return row(input, index=parts)


def select(input: Any, dim: int, index: int) -> Any:
    """The slice at `index` along `dim`, as a view without that dimension."""
    where = axis(dim, require_tensor("select", input).ndim)
    if not input.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    size = input.shape[where]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at "
            f"dimension {where}"
        )
    return ops.SELECT(input, index=(*(slice(None),) * where, index, ...))


def narrow(input: Any, dim: int, start: int, length: int) -> Any:
    """`length` elements from `start` along `dim`, as a view."""
    where = axis(dim, require_tensor("narrow", input).ndim)
    size = input.shape[where]
    if length < 0 or not 0 <= start <= size or start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return ops.SLICE(input, index=(*(slice(None),) * where, slice(start, start + length), ...))


def _index_array(function: str, index: Any, position: int) -> Any:
    data = raw(require_tensor(function, index, "index", position))
    if data.dtype.kind not in "iu":
        raise RuntimeError(f"{function}(): Expected dtype int32/int64 for index")
    return np.asarray(data)


def _in_bounds(function: str, index: Any, size: int) -> None:
    if index.size and (index.max() >= size or index.min() < 0):
        wrong = index[(index >= size) | (index < 0)].flat[0]
        raise RuntimeError(f"index {wrong} is out of bounds for dimension 0 with size {size}")


def gather(input: Any, dim: int, index: Any) -> Any:
    """out[i][j] = input[index[i][j]][j] along `dim`, and so for any number of dimensions."""
    where = axis(dim, require_tensor("gather", input).ndim)
    array = _index_array("gather", index, 3)
    if array.ndim != input.ndim and input.ndim and array.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    if input.ndim:
        _in_bounds("gather", array, input.shape[where])
    return ops.GATHER(input, index=array.copy(), dim=where)


def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices at the given indices along `dim`."""
    where = axis(dim, require_tensor("index_select", input).ndim)
    array = _index_array("index_select", index, 3)
    if array.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if array.size and (array.max() >= input.shape[where] or array.min() < 0):
        raise IndexError("index out of range in self")
    return ops.INDEX_SELECT(input, index=(*(slice(None),) * where, array.reshape(-1).copy()))


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy with `values` written (or added) at the indices."""
    parts, _ = normalized(tuple(indices), tuple(require_tensor("index_put", input).shape))
    return ops.INDEX_PUT(input, values, index=parts, accumulate=accumulate)


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """A copy with `value` (a number or 0-d tensor) where the mask is true."""
    array = raw(require_tensor("masked_fill", mask, "mask", 2))
    if array.dtype.kind != "b":
        raise RuntimeError("masked_fill only supports boolean masks, but got mask with dtype Long")
    if not is_number(value) and getattr(value, "ndim", 0) > 0:
        raise RuntimeError(
            "masked_fill only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    return ops.MASKED_FILL(input, value, mask=np.array(array))


def masked_select(input: Any, mask: Any) -> Any:
    """The elements where the mask is true, as a vector."""
    array = np.asarray(raw(require_tensor("masked_select", mask, "mask", 2)))
    shape = np.broadcast_shapes(tuple(input.shape), array.shape)
    whole = input if tuple(input.shape) == shape else input.expand(shape)
    return ops.MASKED_SELECT(whole, index=(np.broadcast_to(array, shape).copy(),))


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: one row each, or one vector a dimension."""
    from autodiff.creation import from_array

    found = np.nonzero(np.atleast_1d(raw(require_tensor("nonzero", input))))
    if as_tuple:
        return tuple(from_array(one) for one in found)
    return from_array(np.stack(found, axis=-1)[:, : input.ndim])
