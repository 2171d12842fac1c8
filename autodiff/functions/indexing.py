"""Functions that read and write at indices."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.conversion import checked_number
from autodiff.errors import BatchedData, broadcast_mismatch, vmap_shapes
from autodiff.functions.arguments import array_index, axis, is_number, raw, require_tensor
from autodiff.operation import wrap
from autodiff.ops import indexing as ops
from autodiff.state import TensorState

__all__ = [
    "check_masks",
    "explained",
    "gather",
    "getitem",
    "in_bounds",
    "index_arrays",
    "index_put",
    "index_select",
    "masked_fill",
    "masked_select",
    "narrow",
    "nonzero",
    "resolve",
    "select",
]


_INTEGERS = (int, np.integer)
_TRUTHS = (bool, np.bool_)
_WHOLE = slice(None)
_NESTED = (list, tuple, slice, TensorState, type(None), type(Ellipsis))


def _is_int(part: Any) -> bool:
    return isinstance(part, _INTEGERS) and not isinstance(part, _TRUTHS)


def _part(part: Any) -> Any:
    """One part of an index as an int, a slice, None, Ellipsis, or an array."""
    if part is None or part is Ellipsis or _is_int(part):
        return part
    if isinstance(part, slice):
        return slice(*(_bound(bound) for bound in (part.start, part.stop, part.step)))
    if isinstance(part, _TRUTHS):
        return np.asarray(part)
    if isinstance(part, float | complex):
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are "
            f"valid indices (got {type(part).__name__})"
        )
    array = array_index(part)
    if _is_int(array):
        return array
    if isinstance(array, np.ndarray) and array.dtype == np.uint8:
        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool "
            "instead.",
            UserWarning,
            stacklevel=4,
        )
        return array.astype(bool)
    if not isinstance(array, np.ndarray) or array.dtype.type not in _INDEX_TYPES:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return array


_INDEX_TYPES = (np.int64, np.int32, np.bool_)


def _bound(bound: Any) -> Any:
    return int(raw(bound)) if isinstance(bound, TensorState) else bound


def _consumed(part: Any) -> int:
    """How many dimensions a part of an index speaks of."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1


def _check(parts: Sequence[Any], shape: tuple[int, ...]) -> None:
    """PyTorch's complaints about an index."""
    if not shape and len(parts) == 1:
        if isinstance(parts[0], slice):
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        if _is_int(parts[0]):
            raise _no_dimension(parts[0])
    missing = len(shape) - sum(map(_consumed, parts))
    if missing < 0:
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    where = 0
    for position, part in enumerate(parts):  # PyTorch names the position, not the dimension
        if part is Ellipsis:
            where += missing
        elif _is_int(part):
            _check_int(part, position, shape[where])
        elif isinstance(part, slice) and part.step is not None and part.step <= 0:
            raise ValueError(
                "step must be greater than zero" if part.step else "slice step cannot be zero"
            )
        where += _consumed(part)


def _no_dimension(index: int) -> IndexError:
    """A 0-d tensor was indexed with a number."""
    if index:
        return IndexError(f"index {index} is out of bounds for dimension 0 with size 0")
    return IndexError(
        "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
        "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
    )


def _check_int(index: int, where: int, size: int) -> None:
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for dimension {where} with size {size}")


def resolve(
    index: Any, shape: tuple[int, ...]
) -> tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]:
    """An index taken apart: what a view shows, then what index arrays pick from that view.

    Either is None where it changes nothing. As in PyTorch, and unlike NumPy, an int beside an
    index array selects first.

    >>> resolve((0, [0, 1]), (2, 3))
    ((0, slice(None, None, None)), (array([0, 1]),))
    """
    if isinstance(index, list) and any(isinstance(part, _NESTED) for part in index):
        warnings.warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated and will be "
            "changed in pytorch 2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this "
            "will be interpreted as tensor index, x[torch.tensor(seq)], which will result either "
            "in an error or a different result",
            UserWarning,
            stacklevel=4,
        )
        index = tuple(index)
    if not shape and isinstance(index, TensorState) and raw(index).dtype.kind in "iu":
        raise IndexError("too many indices for tensor of dimension 0")
    parts = [_part(part) for part in (index if isinstance(index, tuple) else (index,))]
    _check(parts, shape)
    missing = len(shape) - sum(map(_consumed, parts))
    if Ellipsis in [part for part in parts if not isinstance(part, np.ndarray)]:
        first = next(i for i, part in enumerate(parts) if part is Ellipsis)
        rest = [part for part in parts[first + 1 :] if part is not Ellipsis]
        parts = [*parts[: first + 1], *rest]
    if not any(isinstance(part, np.ndarray) for part in parts):
        # an Ellipsis, so that a single element stays a 0-d view
        return (tuple(parts) if Ellipsis in parts else (*parts, Ellipsis)), None
    shown: list[Any] = []
    picked: list[Any] = []
    for part in parts:
        if isinstance(part, np.ndarray):
            shown.extend([_WHOLE] * _consumed(part))
            picked.append(part)
        elif part is Ellipsis:
            shown.append(part)
            picked.extend([_WHOLE] * missing)
        else:
            shown.append(part)
            if not _is_int(part):
                picked.append(_WHOLE)
    whole = all(part is Ellipsis or part == _WHOLE for part in shown)
    return (None if whole else tuple(shown)), tuple(picked)


def _view_row(parts: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """The row whose name PyTorch prints: that of the last part which changes something."""
    row = ops.ALIAS
    where = 0
    for part in parts:
        if part is Ellipsis:
            where += len(shape) - sum(map(_consumed, parts))
        elif part is None:
            row = ops.NEW_AXES
        elif _is_int(part):
            row = ops.SELECT
        elif part.indices(shape[where]) != (0, shape[where], 1) or (part.start or 0) > 0:
            row = ops.SLICE
        where += _consumed(part)
    return row


def _slicing_row(parts: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """The row for an index of ints and slices that fit; None where it takes a closer look."""
    if len(parts) > len(shape):
        return None
    row = ops.ALIAS
    for part, size in zip(parts, shape, strict=False):
        if type(part) is int:
            if not -size <= part < size:
                return None
            row = ops.SELECT
        elif type(part) is not slice:
            return None
        elif part != _WHOLE:
            start, stop, step = part.start, part.stop, part.step
            if (
                (start is not None and type(start) is not int)
                or (stop is not None and type(stop) is not int)
                or (step is not None and (type(step) is not int or step < 1))
            ):
                return None
            if part.indices(size) != (0, size, 1) or (start or 0) > 0:
                row = ops.SLICE
    return row


def check_masks(picked: tuple[Any, ...], shape: tuple[int, ...]) -> None:
    """Refuse masks of another shape than what they select from; NumPy lets empty ones pass."""
    where = 0
    for part in picked:
        if isinstance(part, np.ndarray) and part.dtype.kind == "b":
            for axis_, size in enumerate(part.shape):
                if size != shape[where + axis_]:
                    raise IndexError(
                        f"The shape of the mask {list(part.shape)} at index {axis_} does not "
                        f"match the shape of the indexed tensor {list(shape)} at index "
                        f"{where + axis_}"
                    )
        where += _consumed(part)


def explained(error: IndexError, picked: tuple[Any, ...], shape: tuple[int, ...]) -> IndexError:
    """NumPy's complaint about index arrays in PyTorch's words."""
    text = str(error)
    if "broadcast" in text:
        shapes = ", ".join(str(list(p.shape)) for p in picked if isinstance(p, np.ndarray))
        return IndexError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes "
            f"{shapes}"
        )
    if text.endswith("with size 0"):
        return IndexError("index is out of bounds for dimension with size 0")
    found = re.fullmatch(r"(.* for )axis (\d+)( with .*)", text)
    if found is None:
        return IndexError(text)
    which = _ordinal(picked, int(found[2]))
    return IndexError(f"{found[1]}dimension {which}{found[3]}")


def _ordinal(picked: tuple[Any, ...], where: int) -> int:
    """Which of the index arrays speaks of a dimension: PyTorch names that."""
    start = which = 0
    for part in picked:
        consumed = _consumed(part)
        if isinstance(part, np.ndarray):
            if where < start + consumed:
                return which + where - start
            which += consumed
        start += consumed
    return where


def getitem(input: Any, index: Any) -> Any:
    """`input[index]`: a view for ints, slices, None and Ellipsis; a copy for index arrays."""
    shape = tuple(input.shape)
    if type(index) is int:
        if not shape:
            raise _no_dimension(index)
        _check_int(index, 0, shape[0])
        return ops.SELECT.straight(input, index=(index, ...))
    if type(index) is slice:
        if not shape:
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        part = _part(index)
        _check((part,), shape)
        return ops.SLICE.straight(input, index=(part, ...))
    if type(index) is tuple:
        row = _slicing_row(index, shape)
        if row is not None:
            return row.straight(input, index=(*index, ...))
    try:
        shown, picked = resolve(index, shape)
    except BatchedData as data:
        return data.by_member("getitem", input, index)
    if shown is not None:
        input = _view_row(shown, shape).straight(input, index=shown)
    if picked is None:
        return input
    check_masks(picked, tuple(input.shape))
    try:
        return ops.INDEX.straight(input, index=picked)
    except IndexError as error:
        raise explained(error, picked, tuple(input.shape)) from None


def select(input: Any, dim: int, index: int) -> Any:
    """The slice at `index` along `dim`, as a view without that dimension."""
    if not require_tensor("select", input).ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    where = axis(dim, input.ndim)
    size = input.shape[where]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at "
            f"dimension {where}"
        )
    return ops.SELECT.straight(input, index=(*(slice(None),) * where, index, ...))


def narrow(input: Any, dim: int, start: int, length: int) -> Any:
    """`length` elements from `start` along `dim`, as a view."""
    if not require_tensor("narrow", input).ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    where = axis(dim, input.ndim)
    size = input.shape[where]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if isinstance(start, TensorState):
        start = int(start._data)
    if not -size <= start <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [-{size}, {size}], but got {start})"
        )
    start += size if start < 0 else 0
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return ops.SLICE.straight(
        input, index=(*(slice(None),) * where, slice(start, start + length), ...)
    )


def _index_array(function: str, index: Any, position: int) -> Any:
    data = raw(require_tensor(function, index, "index", position))
    if data.dtype.type not in (np.int64, np.int32):
        wanted = "int32 or int64" if function == "index_select" else "int32/int64"
        raise RuntimeError(f"{function}(): Expected dtype {wanted} for index")
    return np.asarray(data)


_UNSIGNED = {np.dtype(np.int64): np.uint64, np.dtype(np.int32): np.uint32}


def in_bounds(index: Any, size: int, dim: int) -> None:
    """RuntimeError, in PyTorch's words, where an index names no place of a dimension."""
    # read without its sign a negative number is larger than all others
    if index.size and np.maximum.reduce(index.ravel().view(_UNSIGNED[index.dtype])) >= size:
        wrong = index[(index >= size) | (index < 0)].flat[0]
        raise RuntimeError(f"index {wrong} is out of bounds for dimension {dim} with size {size}")


def gather(input: Any, dim: int, index: Any) -> Any:
    """out[i][j] = input[index[i][j]][j] along `dim`, and so for any number of dimensions."""
    where = axis(dim, require_tensor("gather", input).ndim)
    try:
        array = _index_array("gather", index, 3)
    except BatchedData as data:
        return data.by_member("gather", input, where, index)
    if array.ndim != input.ndim and input.ndim and array.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    if input.ndim:
        for place, (mine, whole) in enumerate(zip(array.shape, input.shape, strict=False)):
            if place != where and mine > whole:
                raise RuntimeError(
                    f"Size does not match at dimension {place} expected index "
                    f"{list(array.shape)} to be no larger than self {list(input.shape)} apart "
                    f"from dimension {where}"
                )
        in_bounds(array, input.shape[where], where)
    return ops.GATHER.straight(input, index=array.copy(), dim=where)


def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices at the given indices along `dim`."""
    where = axis(dim, require_tensor("index_select", input).ndim)
    try:
        array = _index_array("index_select", index, 3)
    except BatchedData as data:
        return data.by_member("index_select", input, where, index)
    if array.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if not input.ndim and array.size != 1:
        raise RuntimeError(
            f"index_select(): Index to scalar can have only 1 value, got {array.size} value(s)"
        )
    size = input.shape[where] if input.ndim else 1
    if array.size and (array.max() >= size or array.min() < 0):
        raise IndexError("index out of range in self")
    return ops.INDEX_SELECT.straight(
        input, index=(*(slice(None),) * where, array.reshape(-1).copy())
    )


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """A copy with `values` written (or added) at the indices."""
    require_tensor("index_put", input)
    try:
        picked = index_arrays(indices, tuple(input.shape))
    except BatchedData as data:
        return data.by_member("index_put", input, tuple(indices), values, accumulate)
    if isinstance(input, TensorState) and isinstance(values, TensorState):
        _check_written(input, values, picked)
    check_masks(picked, tuple(input.shape))
    try:
        return ops.INDEX_PUT.straight(input, values, index=picked, accumulate=accumulate)
    except IndexError as error:
        raise explained(error, picked, tuple(input.shape)) from None


def _check_written(input: Any, values: Any, picked: tuple[Any, ...]) -> None:
    try:
        target = np.broadcast_to(np.empty(()), input._data.shape)[picked].shape
    except IndexError as error:
        raise explained(error, picked, input._data.shape) from None
    found = values._data.shape
    if broadcast_mismatch(target, found) is not None or (
        np.broadcast_shapes(target, found) != target
    ):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values._data.shape)} cannot be "
            f"broadcast to indexing result of shape {list(target)}"
        )
    if values._data.dtype != input._data.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{input.dtype.title} for the destination and {values.dtype.title} for the source."
        )


def index_arrays(indices: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """What `index_put` is given, as NumPy takes it: one array (or None) a dimension."""
    picked = tuple(_WHOLE if one is None else np.asarray(_part(one)) for one in tuple(indices))
    used = sum(map(_consumed, picked))
    if used > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)} (got {used})")
    return picked


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """A copy with `value` (a number or 0-d tensor) where the mask is true."""
    array = raw(require_tensor("masked_fill", mask, "mask", 2))
    if array.dtype.kind != "b":
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype "
            f"{_C_NAMES.get(mask.dtype.name, mask.dtype.name)}"
        )
    if not is_number(value) and getattr(value, "ndim", 0) > 0:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    row = ops.MASKED_FILL_TENSOR
    if is_number(value):
        row = ops.MASKED_FILL
        checked_number(value, raw(input).dtype)
    elif raw(value).dtype.kind == "c" and raw(input).dtype.kind != "c":
        checked_number(complex(raw(value)), raw(input).dtype)
    _check_broadcast(array.shape, tuple(input.shape))
    try:
        array = np.array(array)
    except BatchedData as data:
        return data.by_member("masked_fill", input, mask, value)
    return row.straight(input, value, mask=array)


_C_NAMES = {
    "int64": "long int",
    "int32": "int",
    "int16": "short int",
    "int8": "signed char",
    "uint8": "unsigned char",
    "float32": "float",
    "float64": "double",
}


def _check_broadcast(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    mismatch = broadcast_mismatch(first, second)
    if mismatch is not None:
        raise mismatch


def masked_select(input: Any, mask: Any) -> Any:
    """The elements where the mask is true, as a vector."""
    array = np.asarray(raw(require_tensor("masked_select", mask, "mask", 2)))
    if array.dtype.kind != "b":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    _check_broadcast(array.shape, tuple(input.shape))
    shape = np.broadcast_shapes(tuple(input.shape), array.shape)
    whole = input if tuple(input.shape) == shape else input.expand(shape)
    return ops.MASKED_SELECT.straight(whole, index=(np.broadcast_to(array, shape).copy(),))


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """The indices of the elements that are not zero: one row each, or one vector a dimension."""
    try:
        found = np.nonzero(np.atleast_1d(raw(require_tensor("nonzero", input))))
    except BatchedData as error:
        raise vmap_shapes("nonzero") from error
    if as_tuple:
        return tuple(wrap(one.copy()) for one in found)
    return wrap(np.stack(found, axis=-1)[:, : input.ndim].copy())
