"""In-place operations: the memory changes, the write counter rises, the history is rewritten."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.dtypes import can_cast, from_numpy_dtype
from autodiff.modes import SILENT, is_grad_enabled, restore, silence
from autodiff.operation import Operation, record, wrap
from autodiff.primitive import Primitive, primitive
from autodiff.promotion import explain, namespace, promote
from autodiff.state import TensorState, storage, version_counter
from autodiff.views import check_writable, edge_of, rebase

__all__ = ["assign", "bump", "copy_into", "fill", "write", "zero"]

_COPY = primitive(
    "copy",
    "CopyBackwards",
    lambda xp, x, source: xp.broadcast_to(xp.astype(xp.asarray(source), x.dtype), x.shape),
    (lambda xp, g: xp.zeros_like(g), lambda g: g),
    broadcasts=True,
)
_FILL = primitive(
    "fill",
    "FillBackward0",
    lambda xp, x, value: xp.full_like(x, value),
    (lambda xp, g: xp.zeros_like(g), lambda xp, g: xp.sum(g)),
    broadcasts=True,
)
_ZERO = primitive(
    "zero", "ZeroBackward0", lambda xp, x: xp.zeros_like(x), (lambda xp, g: xp.zeros_like(g),)
)


def bump(tensor: TensorState) -> None:
    """Count a write to the tensor's memory."""
    version_counter(tensor)[0] += 1


def write(row: Primitive, tensor: Any, *others: Any, **params: Any) -> Any:
    """`tensor = row(tensor, *others)` in the tensor's own memory; returns the tensor.

    Everything that can be refused is refused before anything changes.
    """
    inputs = (tensor, *others)
    recording = is_grad_enabled() and any(
        isinstance(one, TensorState) and edge_of(one)[0] is not None for one in inputs
    )
    check_writable(tensor, recording)
    arrays = [one._data if isinstance(one, TensorState) else one for one in inputs]
    values = arrays if row.promotion is None else promote(row, inputs, arrays)
    token = silence(SILENT)
    try:
        if row.kernel_takes_xp:
            new = row.kernel(namespace(arrays[0]), *values, **params)
        else:
            new = row.kernel(*values, **params)
    except ValueError as error:
        raise explain(row, arrays, error) from None
    finally:
        restore(token)
    _check_result(tensor, new)
    operation = None
    if recording and row.rules:
        result = wrap(new)
        operation = record(row, inputs, arrays, (result,), params)
        if operation is not None:
            _keep_old_value(operation)
    _store(tensor, new)
    bump(tensor)
    if operation is not None:
        _keep_new_value(operation, tensor)
        rebase(tensor, operation)
    return tensor


def _check_result(tensor: TensorState, new: Any) -> None:
    data = tensor._data
    if new.shape != data.shape:
        raise RuntimeError(
            f"output with shape {list(data.shape)} doesn't match the broadcast shape "
            f"{list(new.shape)}"
        )
    if new.dtype != data.dtype:
        found, wanted = from_numpy_dtype(new.dtype), from_numpy_dtype(data.dtype)
        if not can_cast(found, wanted):
            raise RuntimeError(
                f"result type {found.title} can't be cast to the desired output type "
                f"{wanted.title}"
            )


def _store(tensor: TensorState, new: Any) -> None:
    data = tensor._data
    if isinstance(data, np.generic):
        tensor._data = np.array(new, data.dtype)[()]
    else:
        data[...] = new


def _keep_old_value(operation: Operation) -> None:
    """A rule that reads the tensor means its value before the write: keep a private copy."""
    if operation.saved is None:
        return
    saved, counters = list(operation.saved), list(operation.counters)
    for index, source in enumerate(operation.plan.sources):
        if source == 0:
            saved[index] = saved[index].copy()
            counters[index] = None
    operation.saved, operation.counters = tuple(saved), counters


def _keep_new_value(operation: Operation, tensor: TensorState) -> None:
    """A rule that reads the result means the tensor itself, as it now is."""
    if operation.saved is None:
        return
    saved, counters = list(operation.saved), list(operation.counters)
    for index, source in enumerate(operation.plan.sources):
        if source < 0:
            counter = version_counter(tensor)
            saved[index] = tensor._data
            counters[index] = (counter, counter[0])
    operation.saved, operation.counters = tuple(saved), counters


def copy_into(tensor: Any, source: Any) -> Any:
    """The elements of `source`, broadcast and cast, written into the tensor."""
    data = source._data if isinstance(source, TensorState) else np.asarray(source)
    shape = tensor._data.shape
    try:
        fits = np.broadcast_shapes(data.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        lead = len(data.shape) - len(shape)
        if lead > 0:
            raise RuntimeError(
                f"expand({from_numpy_dtype(data.dtype)}{list(data.shape)}, size={list(shape)}): "
                f"the number of sizes provided ({len(shape)}) must be greater or equal to the "
                f"number of dimensions in the tensor ({len(data.shape)})"
            )
        for axis in range(len(data.shape)):
            expected, found = shape[axis - lead], data.shape[axis]
            if found not in (1, expected):
                raise RuntimeError(
                    f"The expanded size of the tensor ({expected}) must match the existing size "
                    f"({found}) at non-singleton dimension {axis - lead}.  Target sizes: "
                    f"{list(shape)}.  Tensor sizes: {list(data.shape)}"
                )
    return write(_COPY, tensor, source)


def fill(tensor: Any, value: Any) -> Any:
    """One number (or 0-d tensor) written everywhere."""
    if isinstance(value, TensorState) and value._data.ndim:
        raise RuntimeError(
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{value._data.ndim} dimensions."
        )
    return write(_FILL, tensor, value)


def zero(tensor: Any) -> Any:
    """Zero written everywhere."""
    return write(_ZERO, tensor)


def assign(tensor: Any, index: Any, value: Any) -> None:
    """`tensor[index] = value`: through a view for basic indices, by index otherwise."""
    from autodiff.functions.indexing import getitem, normalized
    from autodiff.ops.indexing import INDEX_PUT

    parts, basic = normalized(index, tensor._data.shape)
    if basic:
        storage(tensor)
        part = getitem(tensor, index)
        if isinstance(value, TensorState):
            copy_into(part, _drop_leading_ones(part, value))
        else:
            copy_into(part, np.asarray(value)) if np.ndim(value) else fill(part, value)
        return
    if not isinstance(value, TensorState):
        value = wrap(np.asarray(value, tensor._data.dtype))
    elif value._data.dtype != tensor._data.dtype:
        if value._data.ndim:
            raise RuntimeError(
                "Index put requires the source and destination dtypes match, got "
                f"{from_numpy_dtype(tensor._data.dtype).title} for the destination and "
                f"{from_numpy_dtype(value._data.dtype).title} for the source."
            )
        value = value.to(from_numpy_dtype(tensor._data.dtype))  # type: ignore[attr-defined]
    target = np.broadcast_to(np.empty(()), tensor._data.shape)[parts].shape
    try:
        fits = np.broadcast_shapes(target, value._data.shape) == target
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value._data.shape)} cannot be "
            f"broadcast to indexing result of shape {list(target)}"
        )
    write(INDEX_PUT, tensor, value, index=parts, accumulate=False)


def _drop_leading_ones(part: Any, value: Any) -> Any:
    """PyTorch lets a value have leading dimensions of size one that the place lacks."""
    extra = value._data.ndim - part._data.ndim
    if extra > 0 and value._data.shape[:extra] == (1,) * extra:
        return value.reshape(value._data.shape[extra:])
    return value
