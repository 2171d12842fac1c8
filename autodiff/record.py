"""Making the node of an application: the only place where the graph grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.graph import Node, next_number
from autodiff.operation import Operation, numpy_dtype
from autodiff.plan import Plan
from autodiff.state import Extra, TensorState
from autodiff.views import edge_of

if TYPE_CHECKING:
    from autodiff.primitive import Primitive

__all__ = ["record", "record_pointwise"]

_NO_PARAMS: dict[str, Any] = {}


def record_pointwise(
    row: Primitive, mask: int, inputs: Any, edges: Any, arrays: Any, result: Any, shapes: Any
) -> None:
    """The straight path: real floating-point tensors of one dtype, some of them numbers.

    mask: bit i says that input i needs a gradient. shapes: of the inputs, None if all are alike.
    """
    plan = row.plans.get(mask)
    if plan is None:
        wanted = [i for i in range(len(edges)) if mask >> i & 1]
        plan = row.plans[mask] = Plan(row, wanted, row.node_type)
    node = plan.node_type()
    node.plan = plan
    node.edges = edges
    node.numbers = node.hooks = node.types = node.output_meta = None
    node.params = _NO_PARAMS
    node.shapes = shapes
    node.number = next_number()
    result._node = node
    if plan.saves:
        _save(node, plan, inputs, arrays, (result,))
    else:
        node.saved = node.counters = None


def _save(node: Operation, plan: Plan, inputs: Any, arrays: Any, results: Any) -> None:
    saved = []
    counters = []
    for place, source in enumerate(plan.sources):
        if source < 0:
            tensor = results[-1 - source]
            saved.append(tensor._data)
        else:
            tensor = inputs[source]
            saved.append(arrays[source])
            if not isinstance(tensor, TensorState):
                continue
        counter = tensor._counter
        if counter is None:
            counter = tensor._counter = [0]
        counters.append((counter, counter[0], place))
    node.saved = tuple(saved)
    node.counters = counters


def record(
    row: Primitive,
    inputs: Sequence[Any],
    arrays: Sequence[Any],
    results: Sequence[Any],
    params: dict[str, Any],
) -> Operation | None:
    """Make the node of an application and give it to the results; None if nothing needs it."""
    edges: list[Node | None] = []
    numbers: list[int] = []
    wanted: list[int] = []
    for position, value in enumerate(inputs):
        node, number = edge_of(value) if isinstance(value, TensorState) else (None, 0)
        if node is not None:
            wanted.append(position)
        edges.append(node)
        numbers.append(number)
    differentiable = [t for t in results if numpy_dtype(t).kind in "fcV"]
    if not wanted or not differentiable:
        return None
    types = tuple(getattr(array, "dtype", None) for array in arrays)
    conjugate = row.holomorphic and any(
        t is not None and t.kind == "c" for t in (*types, results[0]._data.dtype)
    )
    key = (*wanted, conjugate)
    plan = row.plans.get(key)
    if plan is None:
        plan = row.plans[key] = Plan(row, wanted, row.node_type, conjugate)
    operation = plan.node_type()
    operation.plan = plan
    operation.edges = tuple(edges)
    operation.numbers = tuple(numbers) if any(numbers) else None
    operation.hooks = None
    operation.params = params
    operation.shapes = tuple(np.shape(a) for a in arrays)
    operation.types = types
    operation.number = next_number()
    operation.output_meta = None
    if row.outputs == -1:
        operation.output_meta = [(t._data.shape, t._data.dtype) for t in results]
    for number, result in enumerate(results):
        if numpy_dtype(result).kind in "fcV":
            result._node = operation
            if number:
                result._extra = Extra()
                result._extra.number = number
    if plan.saves:
        _save(operation, plan, inputs, arrays, results)
    else:
        operation.saved = operation.counters = None
    return operation
