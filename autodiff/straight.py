"""The straight path: elementwise operations on real tensors of one floating-point dtype.

What a small program spends its time on is not arithmetic but this page. For each row one function
is made, with everything that does not change bound in advance: it checks by identity that the
common case is at hand, computes, and records. Whatever else comes goes to `Primitive.__call__`,
which handles every case and gives the same results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.compiled import in_front
from autodiff.graph import Nowhere, accumulator, next_number
from autodiff.modes import SILENT, recording, restore, silence
from autodiff.operation import Operation
from autodiff.plan import Plan
from autodiff.promotion import explain
from autodiff.row import Row
from autodiff.state import TensorState, is_layered
from autodiff.tensor_class import Tensor
from autodiff.views import edge_of

__all__ = ["save", "straight_binary", "straight_unary"]

_new = object.__new__
_OPERANDS = (TensorState, int, float, complex, np.generic)
_ndarray, _float32, _float64 = np.ndarray, np.float32, np.float64
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)


def straight_unary(  # noqa: PLR0915 - straight on purpose
    row: Row,
) -> Callable[[Any], Any]:
    """`row` as a function of one tensor."""
    plans = row.plans
    recorded = bool(row.rules)

    def apply(x: Any) -> Any:  # noqa: PLR0912, PLR0915 - straight on purpose
        if type(x) is not Tensor:
            return row(x)
        number = 0
        if x._extra is None:
            edge = x._node
            if edge is None and x._leaf is not None:
                edge = accumulator(x)
        elif is_layered(x._extra.view):
            return row(x)
        else:
            edge, number = edge_of(x) if recorded and recording() is True else (None, 0)
            if type(edge) is Nowhere:
                return row(x)
        data = x._data
        kind = type(data)
        if kind is _ndarray:
            dtype = data.dtype
            if dtype is not _F32 and dtype is not _F64:
                return row(x)
            if not data.ndim:
                data = data[()]
        elif kind is not _float32 and kind is not _float64:
            return row(x)
        token = silence(SILENT)
        try:
            out = row.numpy_kernel(data)
        finally:
            restore(token)
        result = _new(Tensor)
        result._data = out
        result._leaf = result._counter = result._extra = None
        mode = recording()
        if edge is None or mode is not True or not recorded:
            if mode is not True and mode is not False:
                return row(x)
            result._node = None
            return result
        plan = plans.get(1)
        if plan is None:
            plan = plans[1] = Plan(row, [0])
        result._node = node = Operation()
        node.plan = plan
        node.edges = (edge,)
        node.numbers = (number,) if number else None
        node.hooks = node.shapes = node.params = None
        node.number = next_number()
        sources = plan.sources
        if not sources:
            node.saved = node.counters = None
            return result
        if len(sources) == 1:
            if sources[0] < 0:
                tensor, value = result, out
            else:
                tensor, value = x, data
            counter = tensor._counter
            if counter is None:
                counter = tensor._counter = [0]
            node.saved = (value,)
            node.counters = (counter, counter[0], 0)
        else:
            save(node, sources, (x,), (data,), result)
        return result

    return in_front(row, apply, "ELEMENTWISE")


def straight_binary(  # noqa: PLR0915 - straight on purpose
    row: Row, general: Callable[[Any, Any], Any] | None = None
) -> Callable[[Any, Any], Any]:
    """`row` as a function of two tensors, or of a tensor and a number.

    general: what the cases that are not common are left to, in place of the row.
    """
    plans = row.plans
    recorded = bool(row.rules)
    otherwise: Callable[[Any, Any], Any] = row if general is None else general

    def apply(x: Any, y: Any) -> Any:  # noqa: PLR0912, PLR0915 - straight on purpose
        if type(x) is not Tensor:
            return _operand(otherwise, x, y)
        x_number = y_number = 0
        if x._extra is None:
            x_edge = x._node
            if x_edge is None and x._leaf is not None:
                x_edge = accumulator(x)
        elif is_layered(x._extra.view):
            return _operand(otherwise, x, y)
        else:
            x_edge, x_number = edge_of(x) if recorded and recording() is True else (None, 0)
            if type(x_edge) is Nowhere:
                return _operand(otherwise, x, y)
        xd = x._data
        kind = type(xd)
        if kind is not _float32 and kind is not _float64:
            if kind is not _ndarray:
                return _operand(otherwise, x, y)
            dtype = xd.dtype
            if dtype is not _F32 and dtype is not _F64:
                return _operand(otherwise, x, y)
            ndim = xd.ndim
            if not ndim:
                xd = xd[()]
                kind = type(xd)
        other = type(y)
        y_edge = None
        if other is Tensor:
            yd = y._data
            if type(yd) is not kind:
                if type(yd) is not _ndarray or yd.ndim:
                    return otherwise(x, y)
                yd = yd[()]
                if type(yd) is not kind:
                    return otherwise(x, y)
            if kind is _ndarray and yd.dtype is not dtype:
                return otherwise(x, y)
            if y._extra is None:
                y_edge = y._node
                if y_edge is None and y._leaf is not None:
                    y_edge = accumulator(y)
            elif is_layered(y._extra.view):
                return otherwise(x, y)
            else:
                y_edge, y_number = edge_of(y) if recorded and recording() is True else (None, 0)
                if type(y_edge) is Nowhere:
                    return otherwise(x, y)
        elif other is float or other is int:
            yd = y
        else:
            return _operand(otherwise, x, y)
        token = silence(SILENT)
        try:
            out = row.numpy_kernel(xd, yd)
        except ValueError as error:
            raise explain(row, (xd, yd), error) from None
        finally:
            restore(token)
        result = _new(Tensor)
        result._data = out
        result._leaf = result._counter = result._extra = None
        mode = recording()
        if mode is not True or not recorded:
            if mode is not False and mode is not True:
                return otherwise(x, y)
            result._node = None
            return result
        if x_edge is None:
            if y_edge is None:
                result._node = None
                return result
            mask = 2
        else:
            mask = 1 if y_edge is None else 3
        plan = plans.get(mask)
        if plan is None:
            plan = plans[mask] = Plan(row, [i for i in (0, 1) if mask >> i & 1])
        result._node = node = Operation()
        node.plan = plan
        node.edges = (x_edge, y_edge)
        node.numbers = (x_number, y_number) if x_number or y_number else None
        node.hooks = node.params = None
        node.shapes = None
        if other is Tensor and kind is _ndarray and xd is not yd:
            size = out.nbytes
            if not size or xd.nbytes != size or yd.nbytes != size or yd.ndim != ndim:
                shapes = (xd.shape, yd.shape)
                if shapes[0] != shapes[1]:
                    node.shapes = shapes
        node.number = next_number()
        sources = plan.sources
        if not sources:
            node.saved = node.counters = None
            return result
        if len(sources) == 1:
            first = sources[0]
            if first == 0:
                tensor, value = x, xd
            elif first == 1:
                tensor, value = y, yd
            else:
                tensor, value = result, out
            node.saved = (value,)
            if type(tensor) is Tensor:
                counter = tensor._counter
                if counter is None:
                    counter = tensor._counter = [0]
                node.counters = (counter, counter[0], 0)
            else:
                node.counters = ()
        elif sources == (1, 0) and other is Tensor:  # a product
            x_counter, y_counter = x._counter, y._counter
            if x_counter is None:
                x_counter = x._counter = [0]
            if y_counter is None:
                y_counter = y._counter
                if y_counter is None:  # unless y is x
                    y_counter = y._counter = [0]
            node.saved = (yd, xd)
            node.counters = (y_counter, y_counter[0], 0, x_counter, x_counter[0], 1)
        else:
            save(node, sources, (x, y), (xd, yd), result)
        return result

    return in_front(row, apply, "ELEMENTWISE")


def _operand(row: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """`row(x, y)`, or NotImplemented where y is nothing that a tensor is combined with."""
    if isinstance(y, _OPERANDS) or hasattr(type(y), "__torch_function__"):
        return row(x, y)
    return NotImplemented


def save(node: Any, sources: Any, inputs: Any, arrays: Any, result: Any) -> None:
    """Keep in a node what its rules ask for, with the counters of what can be written to."""
    saved: list[Any] = []
    counters: list[Any] = []
    for source in sources:
        if source < 0:
            tensor, value = result, result._data
        else:
            tensor, value = inputs[source], arrays[source]
        if type(tensor) is Tensor:
            counter = tensor._counter
            if counter is None:
                counter = tensor._counter = [0]
            counters += (counter, counter[0], len(saved))
        saved.append(value)
    node.saved = tuple(saved)
    node.counters = tuple(counters)
