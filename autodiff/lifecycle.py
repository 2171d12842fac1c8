"""Copies and pickles of tensors: deep copies share memory where the originals do."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.graph import LeafState
from autodiff.operation import wrap
from autodiff.state import TensorState, storage
from autodiff.views import requires_grad

__all__ = ["bare_copy", "deep_copy", "rebuild", "reduced"]


def _owner(array: Any) -> Any:
    """The array whose memory this one is a part of; itself where that cannot be copied whole."""
    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    if owner.dtype == object or not (owner.flags.c_contiguous or owner.flags.f_contiguous):
        return np.array(array, order="K")
    return owner


def _part(owner: Any, offset: int, shape: Any, strides: Any, dtype: Any) -> Any:
    """The elements that start `offset` bytes into the owner's memory."""
    if not owner.size:
        return np.zeros(shape, dtype)
    memory = owner.ravel(order="K").view(np.uint8)
    return np.ndarray(shape, dtype, memory, offset, strides)


def _address(array: Any) -> int:
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


def bare_copy(tensor: Any) -> Any:
    """`copy.copy`: a leaf on the same memory, with the same flag and attributes."""
    result = wrap(storage(tensor))
    if requires_grad(tensor):
        result._leaf = LeafState()
    return _with_attributes(result, type(tensor), dict(tensor.__dict__))


def _with_attributes(tensor: Any, cls: Any, attributes: dict[str, Any]) -> Any:
    if cls is not type(tensor):
        made = object.__new__(cls)
        for slot in ("_data", "_node", "_leaf", "_counter", "_extra"):
            setattr(made, slot, getattr(tensor, slot))
        tensor = made
    tensor.__dict__.update(attributes)
    return tensor


def deep_copy(tensor: Any, memo: dict[int, Any]) -> Any:
    """`copy.deepcopy`: a leaf on memory of its own, with a copy of its gradient.

    Tensors that share memory share it afterwards, too. Raises RuntimeError for what is no leaf.
    """
    if not tensor.is_leaf:
        raise RuntimeError(errors.DEEPCOPY_NON_LEAF)
    data = storage(tensor)
    owner = _owner(data)
    copied = memo.get(id(owner))
    if copied is None:
        copied = memo[id(owner)] = np.array(owner, order="K")
        memo.setdefault(id(memo), []).append(owner)  # alive as long as its id is a key
    if owner.size and np.may_share_memory(owner, data):
        offset = _address(data) - _address(owner)
        array = _part(copied, offset, data.shape, data.strides, data.dtype)
    else:
        array = np.array(data, order="K")
    result = wrap(array)
    if tensor._leaf is not None:
        result._leaf = LeafState()
    result = _with_attributes(result, type(tensor), {})
    memo[id(tensor)] = result
    if tensor.grad is not None and not tensor.__dict__.get("_is_param"):  # as in PyTorch
        result.grad = copy.deepcopy(tensor.grad, memo)
    result.__dict__.update(copy.deepcopy(tensor.__dict__, memo))
    return result


def reduced(tensor: Any) -> tuple[Any, ...]:
    """What `pickle` keeps: memory, layout, flag and attributes, but no gradient and no history."""
    extra = tensor._extra
    for hook in (extra.hooks if extra is not None and extra.hooks else {}).values():
        warnings.warn(errors.HOOK_PICKLED.format(repr(hook)), UserWarning, stacklevel=4)
    data = storage(tensor)
    owner = _owner(data)
    whole = np.array(owner, order="K")  # one each: in PyTorch, too, pickles share no memory
    if np.may_share_memory(owner, data) or not owner.size:
        offset, strides = (_address(data) - _address(owner) if data.size else 0), data.strides
    else:
        offset, strides = 0, owner.strides
    attributes = dict(tensor.__dict__)
    layout = (whole, offset, data.shape, strides, data.dtype)
    return rebuild, (type(tensor), *layout, requires_grad(tensor), attributes)


def rebuild(
    cls: Any,
    owner: Any,
    offset: int,
    shape: Any,
    strides: Any,
    dtype: Any,
    flag: bool,
    attributes: dict[str, Any],
) -> Any:
    """A tensor from a pickle: a leaf, without gradient."""
    array = _part(owner, offset, shape, strides, dtype) if owner.size else np.zeros(shape, dtype)
    tensor: TensorState = wrap(array)
    if flag:
        tensor._leaf = LeafState()
    return _with_attributes(tensor, cls, attributes)
