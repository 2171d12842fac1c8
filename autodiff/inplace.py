"""In-place operations: the memory changes, the write counter rises, the history is rewritten."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from autodiff import errors
from autodiff.conversion import checked_number
from autodiff.dtypes import can_cast, from_numpy_dtype
from autodiff.graph import triples
from autodiff.kernels.arrays import arrays as NUMPY
from autodiff.modes import SILENT, restore, silence
from autodiff.modes import recording as mode_now
from autodiff.operation import Operation, wrap
from autodiff.primitive import Primitive, primitive
from autodiff.promotion import explain, namespace, promote
from autodiff.record import record
from autodiff.state import TensorState, Untracked, layered_by, storage, version_counter
from autodiff.tensor_class import Tensor
from autodiff.unusual import refuse_inference_write, settle
from autodiff.views import check_writable, rebase, requires_grad

__all__ = [
    "allowed",
    "as_value",
    "bump",
    "check_dtype",
    "check_overlap",
    "check_result",
    "copy_into",
    "fill",
    "overwrite",
    "place",
    "without_leading_ones",
    "writable",
    "write",
    "zero",
]

_COPY = primitive(
    "copy",
    "CopyBackwards",
    lambda xp, x, source: xp.broadcast_to(xp.astype(xp.asarray(source), x.dtype), x.shape),
    (lambda xp, g: xp.zeros_like(g), lambda g: g),
    broadcasts=True,
)
_FILL = primitive(
    "fill",
    "FillBackward3",
    lambda xp, x, value: xp.full_like(x, value),
    (lambda xp, g: xp.zeros_like(g), lambda xp, g: xp.sum(g)),
    broadcasts=True,
)
_FILL_NUMBER = primitive(
    "fill",
    "FillBackward2",
    lambda xp, x, value: xp.full_like(x, value),
    (lambda xp, g: xp.zeros_like(g),),
    inputs=("x",),
)
_ZERO = primitive(
    "zero", "ZeroBackward0", lambda xp, x: xp.zeros_like(x), (lambda xp, g: xp.zeros_like(g),)
)
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)
_ANYWHERE = (_FILL_NUMBER, _ZERO)


def bump(tensor: TensorState) -> None:
    """Count a write to the tensor's memory."""
    counter = version_counter(tensor)
    if type(counter) is not Untracked:
        counter[0] += 1


def write(row: Primitive, tensor: Any, *others: Any, **params: Any) -> Any:
    """`tensor = row(tensor, *others)` in the tensor's own memory; returns the tensor.

    Everything that can be refused is refused before anything changes.
    """
    if _is_mere(tensor, others):
        return _write_mere(row, tensor, others, params)
    return _write_any(row, tensor, others, params)


def _write_any(row: Primitive, tensor: Any, others: tuple[Any, ...], params: Any) -> Any:
    inputs = (tensor, *others)
    for one in inputs:
        layered = layered_by(one)
        if layered is not None:
            return layered._dispatch_write(row, inputs, params)
    recording = allowed(inputs)
    if row not in _ANYWHERE:  # one value for all does not mind overlaps
        check_overlap(tensor, () if row is _FILL else others)  # a number is read before
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
    check_result(tensor, new)
    operation = None
    mode = mode_now()
    if recording and row.rules:
        result = wrap(new)
        operation = record(row, inputs, arrays, (result,), params)
        if operation is not None:
            hooked = mode is not True and mode is not False and bool(mode.hooks)
            _keep_old_value(operation, tensor, hooked)
    if mode is not True and mode is not False and mode.cloner is not None:
        mode.cloner(tensor)
    _store(tensor, new)
    bump(tensor)
    if operation is not None:
        _keep_new_value(operation, tensor)
        rebase(tensor, operation)
        if mode is not True:
            settle(operation, mode, inputs, (tensor,))
            view = None if tensor._extra is None else tensor._extra.view
            written = tensor if view is None else view.base
            written._node.ensure_hooks()  # the walk must look at the node around it, too
    return tensor


def _is_mere(tensor: Any, others: tuple[Any, ...]) -> bool:
    """Whether numbers of one real dtype are written that have no history and get none."""
    mode = mode_now()
    if mode is not False and mode is not True:
        return False
    dtype = None
    for one in (tensor, *others):
        if type(one) is not Tensor:
            if type(one) is float or type(one) is int:
                continue
            return False
        data = one._data
        if type(data) is not np.ndarray or one._extra is not None:
            return False
        if mode and (one._node is not None or one._leaf is not None):
            return False
        if dtype is None:
            dtype = data.dtype
            if dtype is not _F32 and dtype is not _F64:
                return False
        elif data.dtype is not dtype:
            return False
    flags = tensor._data.flags
    return bool(flags.c_contiguous and flags.writeable) and type(tensor._counter) is not Untracked


def _write_mere(row: Primitive, tensor: Any, others: tuple[Any, ...], params: Any) -> Any:
    """`write` where there is nothing to record, to convert, or to ask a transform about."""
    data = tensor._data
    arrays = [data]
    for one in others:
        if type(one) is Tensor:
            if row is not _FILL and np.may_share_memory(data, one._data):
                _check_partial_overlap(data, one._data, True)
            arrays.append(one._data)
        else:
            arrays.append(one)
    token = silence(SILENT)
    try:
        if row.kernel_takes_xp:
            new = row.kernel(NUMPY, *arrays, **params)
        else:
            new = row.kernel(*arrays, **params)
    except ValueError as error:
        raise explain(row, arrays, error) from None
    finally:
        restore(token)
    check_result(tensor, new)
    data[...] = new
    bump(tensor)
    return tensor


def overwrite(tensor: Any, new: Any) -> Any:
    """The array, cast to the tensor's dtype, in the tensor's memory; the history stays."""
    check_overlap(tensor, ())
    check_result(tensor, new)
    _store(tensor, new)
    bump(tensor)
    return tensor


def allowed(inputs: tuple[Any, ...]) -> bool:
    """Whether the write will be recorded; raises where PyTorch does not let it be."""
    recording = bool(mode_now()) and any(
        isinstance(one, TensorState) and requires_grad(one) for one in inputs
    )
    check_writable(inputs[0], recording)
    refuse_inference_write(inputs[0])
    return recording


def check_overlap(tensor: TensorState, others: Any, *, same: bool = True) -> None:
    """Refuse to write where one memory location stands for several elements, or is read too.

    same: whether an operand may be the very elements that are written.
    """
    data = tensor._data
    if not isinstance(data, np.ndarray):
        return
    if (
        data.size
        and 0 in data.strides
        and any(
            stride == 0 and size > 1 for stride, size in zip(data.strides, data.shape, strict=True)
        )
    ):
        raise RuntimeError(errors.WRITE_TO_EXPANDED)
    for other in others:
        if not isinstance(other, TensorState) or other._layered:
            continue
        if np.may_share_memory(data, other._data):
            _check_partial_overlap(data, other._data, same)


def _check_partial_overlap(written: Any, read: Any, same: bool) -> None:
    """Refuse to read elements that are about to be overwritten, unless they are the very same."""
    if not isinstance(read, np.ndarray):
        return
    if written is read and not same:
        raise RuntimeError(errors.PARTIAL_OVERLAP)
    if not (_dense(written) and _dense(read)):
        return  # PyTorch, too, looks at memory without gaps alone
    first, second = byte_bounds(written), byte_bounds(read)
    if first == second:
        alike = written.shape == read.shape and _steps(written) == _steps(read)
        if not alike or not same:
            raise RuntimeError(errors.PARTIAL_OVERLAP)
    elif first[0] < second[1] and second[0] < first[1]:
        raise RuntimeError(errors.PARTIAL_OVERLAP)


def _steps(array: Any) -> list[int]:
    return [step for step, size in zip(array.strides, array.shape, strict=True) if size > 1]


def _dense(array: Any) -> bool:
    """Whether the elements fill their memory without gaps or repetition."""
    if array.flags.c_contiguous or array.flags.f_contiguous:
        return True
    low, high = byte_bounds(array)
    return bool(high - low == array.nbytes) and 0 not in _steps(array)


def check_result(tensor: TensorState, new: Any) -> None:
    """Refuse what the tensor cannot hold: another shape, or a dtype of a higher kind."""
    data = tensor._data
    if new.shape != data.shape:
        raise errors.output_shape(data.shape, new.shape)
    check_dtype(tensor, new)


def check_dtype(tensor: TensorState, new: Any) -> None:
    """Refuse numbers of a higher kind than the tensor can hold."""
    data = tensor._data
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
        return
    token = silence(SILENT)
    try:
        if data.flags.writeable:
            data[...] = new
        elif data.size:
            writable(tensor)[...] = new
    finally:
        restore(token)


class _Memory:
    """What NumPy needs to know to make an array of memory that exists."""

    def __init__(self, interface: dict[str, Any], owner: Any) -> None:
        self.__array_interface__ = interface
        self.owner = owner


def writable(tensor: TensorState) -> Any:
    """The tensor's array, writable: NumPy gives out the memory of an expanded view read-only."""
    data = storage(tensor)
    if data.flags.writeable:
        return data
    view = None if tensor._extra is None else tensor._extra.view
    owner = data if view is None else storage(view.base)
    while not owner.flags.writeable and 0 in owner.strides and type(owner.base) is np.ndarray:
        owner = owner.base  # of what was expanded and then detached
    if not owner.flags.writeable:
        raise RuntimeError("the memory behind this tensor is read-only: write to a clone of it")
    where = data.__array_interface__["data"][0]
    interface = dict(owner.__array_interface__)
    interface.update(shape=data.shape, strides=data.strides, data=(where, False))
    return np.asarray(_Memory(interface, owner)).view(data.dtype)


def _keep_old_value(operation: Operation, tensor: TensorState, hooked: bool) -> None:
    """A rule that reads the tensor means its value before the write: keep a private copy.

    hooked: what is saved goes to a hook, which is given all values as they were before.
    """
    if operation.saved is None:
        return
    saved = list(operation.saved)
    for place, source in enumerate(operation.plan.sources):
        if source == 0 or (
            hooked and source > 0 and np.may_share_memory(saved[place], tensor._data)
        ):
            saved[place] = saved[place].copy()
            operation.counters = _without(operation.counters, place)
    operation.saved = tuple(saved)


def _without(counters: Any, place: int) -> tuple[Any, ...]:
    """A node's counters but for that of one saved value."""
    return tuple(part for one in triples(counters) if one[2] != place for part in one)


def _keep_new_value(operation: Operation, tensor: TensorState) -> None:
    """A rule that reads the result means the tensor itself, as it now is."""
    if operation.saved is None:
        return
    saved = list(operation.saved)
    for place, source in enumerate(operation.plan.sources):
        if source < 0:
            counter = version_counter(tensor)
            saved[place] = tensor._data
            others = _without(operation.counters, place)
            operation.counters = (*others, counter, counter[0], place)
    operation.saved = tuple(saved)


def copy_into(tensor: Any, source: Any) -> Any:
    """The elements of `source`, broadcast and cast, written into the tensor."""
    data = source._data if isinstance(source, TensorState) else np.asarray(source)
    shape = tensor._data.shape
    if tensor._data.dtype.kind in "biu" and isinstance(data, np.ndarray | np.generic):
        source = wrap(data)  # whole numbers have no history, whatever is written to them
    if data.shape == shape and _is_mere(tensor, (source,)):
        return _write_mere(_COPY, tensor, (source,), {})
    allowed((tensor, source))
    check_overlap(tensor, (source,))
    mismatch = errors.broadcast_mismatch(shape, data.shape)
    if mismatch is not None:
        raise mismatch
    joint = shape if data.shape == shape else np.broadcast_shapes(shape, data.shape)
    if joint != shape:
        raise errors.output_shape(shape, joint)
    return write(_COPY, tensor, source)


def fill(tensor: Any, value: Any) -> Any:
    """One number (or 0-d tensor) written everywhere."""
    if isinstance(value, TensorState):
        allowed((tensor, value))
        if value._data.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value._data.ndim} dimensions."
            )
        return write(_FILL, tensor, value)
    dtype = tensor._data.dtype
    if not isinstance(value, int | float | complex | np.generic):
        raise TypeError(
            f"fill_(): argument 'value' must be a number or a 0-d tensor, not {value!r}"
        )
    checked_number(value, dtype)
    if dtype.kind == "u" and isinstance(value, int) and value < 0:  # wraps round, as in PyTorch
        value %= 1 << 8 * dtype.itemsize
    return write(_FILL_NUMBER, tensor, value=value)


def zero(tensor: Any) -> Any:
    """Zero written everywhere."""
    return write(_ZERO, tensor)


def place(tensor: Any, value: Any) -> None:
    """`tensor[...] = value`: the whole tensor (or view) set to a value or its elements."""
    value = as_value(tensor, value)
    shape, found = tensor._data.shape, value._data.shape
    if found == shape:
        copy_into(tensor, value)
    elif not found:
        fill(tensor, value)
    else:
        value = without_leading_ones(value)
        _check_expands(value, shape)
        copy_into(tensor, value.expand(shape))


def as_value(tensor: Any, value: Any) -> Any:
    """What is assigned, as a tensor: numbers and nested lists take the tensor's dtype."""
    if isinstance(value, TensorState):
        return value
    if value is None or isinstance(value, str | list | tuple):
        raise TypeError(f"can't assign a {type(value).__name__} to a {_type_name(tensor)}")
    if isinstance(value, int | float | complex):
        checked_number(value, tensor._data.dtype)
    array = np.asarray(value)
    if array.dtype == object:
        raise TypeError(f"can't assign a {type(value).__name__} to a {_type_name(tensor)}")
    return wrap(array.astype(tensor._data.dtype))


def without_leading_ones(value: Any) -> Any:
    """PyTorch drops leading dimensions of size one before it expands what is assigned."""
    shape = value._data.shape
    while shape[:1] == (1,):
        shape = shape[1:]
    return value if shape == value._data.shape else value.view(shape)


def _type_name(tensor: Any) -> str:
    return errors.legacy_name(from_numpy_dtype(tensor._data.dtype).title)


def _check_expands(value: Any, shape: tuple[int, ...]) -> None:
    found = value._data.shape
    lead = len(shape) - len(found)
    if lead < 0:
        raise RuntimeError(
            f"expand({_type_name(value)}{{{list(found)}}}, size={list(shape)}): the number of "
            f"sizes provided ({len(shape)}) must be greater or equal to the number of dimensions "
            f"in the tensor ({len(found)})"
        )
    for axis, size in reversed(list(enumerate(found))):
        if size not in (1, shape[lead + axis]):
            raise RuntimeError(
                f"The expanded size of the tensor ({shape[lead + axis]}) must match the existing "
                f"size ({size}) at non-singleton dimension {lead + axis}.  Target sizes: "
                f"{list(shape)}.  Tensor sizes: {list(found)}"
            )
