"""How cotangents are added up: bare arrays in a plain pass, tensors where it is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.backward import Arithmetic
from autodiff.graph import Node
from autodiff.operation import Operation, wrap
from autodiff.ops.pointwise import ADD
from autodiff.ops.shapes import COPY
from autodiff.state import TensorState

__all__ = ["accumulate_array", "accumulate_tensor", "arithmetic"]


def _add_into(mine: Any, other: Any) -> Any:
    if type(mine) is np.ndarray and mine.shape == other.shape and mine.dtype == other.dtype:
        return np.add(mine, other, out=mine)
    return mine + other


def _plus(first: Any, second: Any) -> Any:
    return first + second


def _owned(result: Any, cotangent: Any, node: Node) -> bool:
    """Whether nobody else can see a rule's result."""
    if type(result) is not np.ndarray:
        return isinstance(result, np.generic)
    if result is cotangent or result.base is not None or node.hooks is not None:
        return False
    if not isinstance(node, Operation):
        return False
    saved = node.saved
    return not isinstance(saved, tuple) or all(result is not value for value in saved)


def _never_owned(result: Any, cotangent: Any, node: Node) -> bool:
    return False


def accumulate_array(leaf: Any, cotangent: Any, owned: bool) -> None:
    """Add an array into `leaf.grad`, in place where a gradient is there already."""
    state = leaf._leaf
    grad = state.grad
    if grad is None:
        if not owned and isinstance(cotangent, np.ndarray):
            cotangent = np.array(cotangent)
        state.grad = wrap(cotangent)
    elif grad._node is not None or grad._leaf is not None:
        state.grad = wrap(grad._data + cotangent)
    else:
        data = grad._data
        if type(data) is np.ndarray:
            np.add(data, cotangent, out=data)
        else:
            grad._data = data + cotangent
        if grad._counter is not None:
            grad._counter[0] += 1
        else:
            grad._counter = [1]
    _after_accumulation(leaf)


def accumulate_tensor(leaf: Any, cotangent: Any, owned: bool) -> None:
    """Replace `leaf.grad` by a tensor that can itself be differentiated."""
    state = leaf._leaf
    grad = state.grad
    state.grad = COPY(cotangent) if grad is None else ADD(grad, cotangent)
    _after_accumulation(leaf)


def _after_accumulation(leaf: Any) -> None:
    hooks = leaf._leaf.post_hooks
    if hooks:
        for hook in tuple(hooks.values()):
            hook(leaf)


def _unwrap(tensor: TensorState, like: Any) -> Any:
    return tensor._data


def _same(tensor: Any, like: Any = None) -> Any:
    return tensor


def arithmetic(create_graph: bool) -> Arithmetic:
    """The arithmetic of a pass."""
    result = Arithmetic()
    result.create_graph = create_graph
    if create_graph:
        result.plus = result.add_into = ADD
        result.owned = _never_owned
        result.accumulate = accumulate_tensor
        result.wrap, result.unwrap = _same, _same
    else:
        result.plus, result.add_into = _plus, _add_into
        result.owned = _owned
        result.accumulate = accumulate_array
        result.wrap, result.unwrap = wrap, _unwrap
    return result
