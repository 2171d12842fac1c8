"""The straight path of what is not elementwise: sums, products of matrices, slices, reshapes.

As in `straight.py`, one function is made for each row, which does what the common case needs:
tensors of one real floating-point dtype, where the row takes them numbers or a condition beside
them, and keyword parameters. `Primitive.__call__` handles the rest, with the same results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.compiled import in_front
from autodiff.graph import Nowhere, accumulator, next_number
from autodiff.kernels.arrays import arrays as NUMPY
from autodiff.modes import SILENT, recording, restore, silence
from autodiff.operation import GeneralOperation, Operation, SeveralOperation
from autodiff.plan import Plan
from autodiff.promotion import explain
from autodiff.row import Row
from autodiff.state import Chain, Extra, TensorState, ViewOf, is_layered
from autodiff.straight import save
from autodiff.tensor_class import Tensor
from autodiff.views import chain_of, edge_of, link_view

__all__ = ["straight_call"]

_new = object.__new__
_ndarray = np.ndarray
_BOOL = np.dtype(bool)
_NUMBERS = (float, int)
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)


def straight_call(row: Row) -> Callable[..., Any]:
    """`row` as a function of its tensors and keyword parameters."""
    if row.outputs == -1 and row.view:
        return _views_call(row)
    if row.outputs != ("out",):
        return row
    if row.variadic or not row.rules:
        return in_front(row, row, "CALL")
    if len(row.inputs) == 1:
        return _view_call(row) if row.view else _single_call(row)
    return _pair_call(row) if len(row.inputs) == 2 and not row.broadcasts else _several_call(row)


def _single_call(row: Row) -> Callable[..., Any]:  # noqa: PLR0915 - straight on purpose
    plans = row.plans

    def apply(x: Any, **params: Any) -> Any:  # noqa: PLR0912 - straight on purpose
        if type(x) is not Tensor:
            return row(x, **params)
        data = x._data
        dtype = data.dtype
        if dtype is not _F32 and dtype is not _F64:
            return row(x, **params)
        number = 0
        if x._extra is None:
            edge = x._node
            if edge is None and x._leaf is not None:
                edge = accumulator(x)
        elif is_layered(x._extra.view):
            return row(x, **params)
        else:
            edge, number = edge_of(x) if recording() is True else (None, 0)
            if type(edge) is Nowhere:
                return row(x, **params)
        token = silence(SILENT)
        try:
            if row.kernel_takes_xp:
                out = row.kernel(NUMPY, data, **params)
            else:
                out = row.kernel(data, **params)
        finally:
            restore(token)
        result = _new(Tensor)
        result._data = out
        result._leaf = result._counter = result._extra = result._node = None
        mode = recording()
        if edge is None or mode is not True:
            return result if mode is True or mode is False else row(x, **params)
        found = out.dtype
        if found is not _F32 and found is not _F64:
            return row(x, **params)
        plan = plans.get(1)
        if plan is None:
            plan = plans[1] = Plan(row, [0])
        if found is dtype:
            node = Operation()
        else:  # a conversion
            node = GeneralOperation()
            node.types, node.output_meta = (dtype,), None
        result._node = node
        node.plan = plan
        node.edges = (edge,)
        node.numbers = (number,) if number else None
        node.hooks = None
        node.shapes = (data.shape,)
        node.params = params
        node.number = next_number()
        if plan.sources:
            save(node, plan.sources, (x,), (data,), result)
        else:
            node.saved = node.counters = None
        return result

    return in_front(row, apply, "CALL")


def _view_call(row: Row) -> Callable[..., Any]:
    plans = row.plans

    def apply(x: Any, **params: Any) -> Any:  # noqa: PLR0912 - straight on purpose
        if type(x) is not Tensor:
            return row(x, **params)
        data = x._data
        if type(data) is not _ndarray or (data.dtype is not _F32 and data.dtype is not _F64):
            return row(x, **params)
        number = 0
        if x._extra is None:
            edge = x._node
            if edge is None and x._leaf is not None:
                edge = accumulator(x)
        elif is_layered(x._extra.view):
            return row(x, **params)
        else:
            edge, number = edge_of(x) if recording() is True else (None, 0)
            if type(edge) is Nowhere:
                return row(x, **params)
        mode = recording()
        if mode is not True and mode is not False:
            return row(x, **params)
        result = _new(Tensor)
        if row.kernel_takes_xp:
            result._data = row.kernel(NUMPY, data, **params)
        else:
            result._data = row.kernel(data, **params)
        result._leaf = result._extra = result._node = None
        if edge is not None and mode:
            plan = plans.get(1)
            if plan is None:
                plan = plans[1] = Plan(row, [0])
            result._node = node = Operation()
            node.plan = plan
            node.edges = (edge,)
            node.numbers = (number,) if number else None
            node.hooks = None
            node.shapes = (data.shape,)
            node.params = params
            node.number = next_number()
            if plan.sources:
                save(node, plan.sources, (x,), (data,), result)
            else:
                node.saved = node.counters = None
        link_view(result, x, (row, params), False)
        return result

    return in_front(row, apply, "VIEW")


def _views_call(row: Row) -> Callable[..., Any]:  # noqa: PLR0915 - straight on purpose
    plans = row.plans

    def apply(x: Any, **params: Any) -> Any:  # noqa: PLR0912 - straight on purpose
        if type(x) is not Tensor:
            return row(x, **params)
        data = x._data
        if type(data) is not _ndarray or (data.dtype is not _F32 and data.dtype is not _F64):
            return row(x, **params)
        number = 0
        base: TensorState = x
        chain: Chain = ()
        if x._extra is None:
            edge = x._node
            if edge is None and x._leaf is not None:
                edge = accumulator(x)
        elif is_layered(x._extra.view):
            return row(x, **params)
        else:
            edge, number = edge_of(x) if recording() is True else (None, 0)
            if type(edge) is Nowhere:
                return row(x, **params)
            view = x._extra.view
            if view is not None:
                base, chain = view.base, chain_of(view)
        mode = recording()
        counter = x._counter
        if counter is None:
            counter = x._counter = [0]
        if (mode is not True and mode is not False) or type(counter) is not list:
            return row(x, **params)
        arrays = row.kernel(data, **params)
        node = None
        if edge is not None and mode:
            plan = plans.get(1)
            if plan is None:
                plan = plans[1] = Plan(row, [0])
            node = SeveralOperation()
            node.plan = plan
            node.edges = (edge,)
            node.numbers = (number,) if number else None
            node.hooks = node.saved = node.counters = node.types = None
            node.shapes = (data.shape,)
            node.output_meta = [(array.shape, array.dtype) for array in arrays]
            node.params = params
            node.number = next_number()
        made = "multiple" if mode else "no_grad"
        shape = data.shape
        results = []
        for place, array in enumerate(arrays):
            result = _new(Tensor)
            result._data = array
            result._node = node
            result._leaf = None
            result._counter = counter
            extra = result._extra = Extra()
            if node is not None:
                extra.number = place
            extra.view = ViewOf(base, (*chain, (row, (params, place), shape)), made)
            results.append(result)
        return tuple(results)

    return in_front(row, apply, "VIEWS")


def _pair_call(row: Row) -> Callable[..., Any]:  # noqa: PLR0915 - straight on purpose
    plans = row.plans

    def apply(  # noqa: PLR0912, PLR0915 - straight on purpose
        x: Any, y: Any, **params: Any
    ) -> Any:
        if type(x) is not Tensor or type(y) is not Tensor:
            return row(x, y, **params)
        xd, yd = x._data, y._data
        if type(xd) is not _ndarray or type(yd) is not _ndarray:
            return row(x, y, **params)
        dtype = xd.dtype
        if dtype is not yd.dtype or (dtype is not _F32 and dtype is not _F64):
            return row(x, y, **params)
        x_number = y_number = 0
        if x._extra is None:
            x_edge = x._node
            if x_edge is None and x._leaf is not None:
                x_edge = accumulator(x)
        elif is_layered(x._extra.view):
            return row(x, y, **params)
        else:
            x_edge, x_number = edge_of(x) if recording() is True else (None, 0)
        if y._extra is None:
            y_edge = y._node
            if y_edge is None and y._leaf is not None:
                y_edge = accumulator(y)
        elif is_layered(y._extra.view):
            return row(x, y, **params)
        else:
            y_edge, y_number = edge_of(y) if recording() is True else (None, 0)
        if type(x_edge) is Nowhere or type(y_edge) is Nowhere:
            return row(x, y, **params)
        token = silence(SILENT)
        try:
            if row.kernel_takes_xp:
                out = row.kernel(NUMPY, xd, yd, **params)
            else:
                out = row.kernel(xd, yd, **params)
        finally:
            restore(token)
        result = _new(Tensor)
        result._data = out
        result._leaf = result._counter = result._extra = result._node = None
        mode = recording()
        if (x_edge is None and y_edge is None) or mode is not True:
            return result if mode is True or mode is False else row(x, y, **params)
        if out.dtype is not dtype:
            return row(x, y, **params)
        mask = (x_edge is not None) | (y_edge is not None) << 1
        plan = plans.get(mask)
        if plan is None:
            plan = plans[mask] = Plan(row, [i for i in (0, 1) if mask >> i & 1])
        result._node = node = Operation()
        node.plan = plan
        node.edges = (x_edge, y_edge)
        node.numbers = (x_number, y_number) if x_number or y_number else None
        node.hooks = None
        node.shapes = (xd.shape, yd.shape)
        node.params = params
        node.number = next_number()
        sources = plan.sources
        if sources == (1, 0):  # a product
            x_counter, y_counter = x._counter, y._counter
            if x_counter is None:
                x_counter = x._counter = [0]
            if y_counter is None:
                y_counter = y._counter
                if y_counter is None:  # unless y is x
                    y_counter = y._counter = [0]
            node.saved = (yd, xd)
            node.counters = (y_counter, y_counter[0], 0, x_counter, x_counter[0], 1)
        elif sources:
            save(node, plan.sources, (x, y), (xd, yd), result)
        else:
            node.saved = node.counters = None
        return result

    return in_front(row, apply, "CALL")


def _several_call(row: Row) -> Callable[..., Any]:  # noqa: PLR0915 - straight on purpose
    plans = row.plans
    count = len(row.inputs)
    condition = row.promotion == "where"

    def apply(*inputs: Any, **params: Any) -> Any:  # noqa: PLR0912, PLR0915 - straight on purpose
        arrays: list[Any] = []
        edges: list[Any] = []
        numbers: dict[int, int] = {}  # of the inputs that are not their node's first output
        mask = 0
        dtype = None
        for position, value in enumerate(inputs):
            if type(value) is not Tensor:
                fits = row.broadcasts and position and type(value) in _NUMBERS
                if value is not None and not fits:
                    return row(*inputs, **params)
                arrays.append(value)
                edges.append(None)
                continue
            array = value._data
            if condition and not position:
                view = None if value._extra is None else value._extra.view
                if type(array) is not _ndarray or array.dtype is not _BOOL or is_layered(view):
                    return row(*inputs, **params)
                arrays.append(array)
                edges.append(None)
                continue
            if dtype is None:
                dtype = array.dtype
                if dtype is not _F32 and dtype is not _F64:
                    return row(*inputs, **params)
            elif dtype is not array.dtype:
                return row(*inputs, **params)
            if value._extra is None:
                edge = value._node
                if edge is None and value._leaf is not None:
                    edge = accumulator(value)
            elif is_layered(value._extra.view):
                return row(*inputs, **params)
            else:
                edge, number = edge_of(value) if recording() is True else (None, 0)
                if type(edge) is Nowhere:
                    return row(*inputs, **params)
                if number and edge is not None:
                    numbers[position] = number
            if edge is not None:
                mask |= 1 << position
            arrays.append(array)
            edges.append(edge)
        if dtype is None:
            return row(*inputs, **params)
        token = silence(SILENT)
        try:
            if row.kernel_takes_xp:
                out = row.kernel(NUMPY, *arrays, **params)
            else:
                out = row.kernel(*arrays, **params)
        except ValueError as error:
            raise explain(row, arrays, error) from None
        finally:
            restore(token)
        result = _new(Tensor)
        result._data = out
        result._leaf = result._counter = result._extra = result._node = None
        mode = recording()
        if not mask or mode is not True:
            return result if mode is True or mode is False else row(*inputs, **params)
        if out.dtype is not dtype or len(edges) != count:
            return row(*inputs, **params)
        plan = plans.get(mask)
        if plan is None:
            plan = plans[mask] = Plan(row, [i for i in range(count) if mask >> i & 1])
        result._node = node = Operation()
        node.plan = plan
        node.edges = tuple(edges)
        node.hooks = None
        node.numbers = tuple([numbers.get(i, 0) for i in range(count)]) if numbers else None
        node.shapes = tuple([getattr(array, "shape", ()) for array in arrays])
        node.params = params
        node.number = next_number()
        if plan.sources:
            save(node, plan.sources, inputs, arrays, result)
        else:
            node.saved = node.counters = None
        return result

    return in_front(row, apply, "CALL")
