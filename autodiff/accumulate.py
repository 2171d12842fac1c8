"""How cotangents are added up: bare arrays in a plain pass, tensors where it is recorded."""

from __future__ import annotations

import operator
import sys
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.backward import Arithmetic
from autodiff.kernels.arrays import arrays
from autodiff.operation import Operation, wrap
from autodiff.ops.pointwise import ADD
from autodiff.ops.shapes import COPY
from autodiff.state import TensorState

__all__ = ["accumulate_array", "accumulate_tensor", "arithmetic"]


_PLAIN: set[Any] = {np.ndarray, np.float32, np.float64}


def _add_into(mine: Any, other: Any) -> Any:
    """The sum, in the memory of the first, which nobody else holds, if it is no view."""
    if (
        type(mine) is np.ndarray
        and mine.base is None
        and mine.shape == other.shape
        and mine.dtype == other.dtype
    ):
        return np.add(mine, other, out=mine)
    return mine + other


_PROBE = {0: np.empty(1)}
_SOLE = sys.getrefcount(_PROBE[0])  # of what a dictionary alone holds


def _never(value: Any) -> int:
    return -1


def accumulate_array(leaf: Any, cotangent: Any, owned: bool) -> None:
    """Add an array into `leaf.grad`, in place where a gradient is there already."""
    state = leaf._leaf
    if state is None:  # requires_grad was switched off since the graph was recorded
        return
    if cotangent is not None:
        with state.lock:
            grad = state.grad
            if grad is None:
                state.grad = wrap(_as_gradient(leaf._data, cotangent, owned))
            else:
                data = grad._data
                if type(data) is not np.ndarray:
                    grad._data = data + cotangent
                elif data.flags.writeable:
                    np.add(data, cotangent, out=data)
                else:
                    raise RuntimeError(errors.WRITE_TO_EXPANDED)
                if grad._counter is not None:
                    grad._counter[0] += 1
                else:
                    grad._counter = [1]
    if state.post_hooks:
        _after_accumulation(leaf, state)


def _as_gradient(data: Any, cotangent: Any, owned: bool) -> Any:
    """A first gradient: its own memory, laid out like the leaf's."""
    if type(cotangent) is not np.ndarray:
        return cotangent
    strided = type(data) is np.ndarray and data.strides != cotangent.strides
    if strided and data.shape == cotangent.shape:
        laid = np.empty_like(data, cotangent.dtype)
        if not owned or laid.strides != cotangent.strides:
            laid[...] = cotangent
            return laid
    return cotangent if owned and cotangent.base is None else np.array(cotangent)


def accumulate_tensor(leaf: Any, cotangent: Any, owned: bool) -> None:
    """Replace `leaf.grad` by a tensor that can itself be differentiated."""
    state = leaf._leaf
    if state is None:  # requires_grad was switched off since the graph was recorded
        return
    if cotangent is not None:
        with state.lock:
            grad = state.grad
            state.grad = COPY(cotangent) if grad is None else ADD(grad, cotangent)
    if state.post_hooks:
        _after_accumulation(leaf, state)


def _after_accumulation(leaf: Any, state: Any) -> None:
    for hook in tuple(state.post_hooks.values()):
        hook(leaf)


def _unwrap(tensor: TensorState, like: Any) -> Any:
    return tensor._data


def _same(tensor: Any, like: Any = None) -> Any:
    return tensor


def _arithmetic(create_graph: bool) -> Arithmetic:
    result = Arithmetic()
    result.create_graph = create_graph
    result.guard = None
    result.node_type, result.array_type = Operation, np.ndarray
    if create_graph:
        result.plus = result.add_into = ADD.straight
        result.plain, result.namespace = set(), None
        result.holders, result.sole = _never, 0
        result.accumulate = accumulate_tensor
        result.wrap, result.unwrap = _same, _same
    else:
        result.plus, result.add_into = operator.add, _add_into
        result.plain, result.namespace = _PLAIN, arrays
        result.holders, result.sole = sys.getrefcount, _SOLE
        result.accumulate = accumulate_array
        result.wrap, result.unwrap = wrap, _unwrap
    return result


_ARRAYS, _TENSORS = _arithmetic(False), _arithmetic(True)


def arithmetic(create_graph: bool) -> Arithmetic:
    """The arithmetic of a pass."""
    return _TENSORS if create_graph else _ARRAYS
