"""Making the node of an application: the only place where the graph grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff.graph import Node, Nowhere, accumulator, next_number
from autodiff.operation import GeneralOperation, Operation, SeveralOperation, numpy_dtype
from autodiff.plan import Plan
from autodiff.row import Row
from autodiff.state import Extra, TensorState
from autodiff.views import edge_of

__all__ = ["record"]


def _save(node: Operation, plan: Plan, inputs: Any, arrays: Any, results: Any) -> None:
    saved = []
    counters: list[Any] = []
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
        counters += (counter, counter[0], place)
    node.saved = tuple(saved)
    node.counters = tuple(counters)


def record(  # noqa: PLR0912, PLR0915 - one page: a call per step costs more than the step
    row: Row,
    inputs: Sequence[Any],
    arrays: Sequence[Any],
    results: Sequence[Any],
    params: dict[str, Any],
    dtype: Any = None,
) -> GeneralOperation | None:
    """Make the node of an application and give it to the results; None if nothing needs it.

    dtype: the real dtype of all input tensors that can have a history, None where they differ.
    """
    first = results[0]._data.dtype
    if first is not dtype and all(numpy_dtype(result).kind not in "fcV" for result in results):
        return None  # nothing is recorded, so nobody looks at the inputs' history
    edges: list[Node | None] = []
    numbers = None
    mask = 0
    nowhere = False  # whether a view made under `no_grad` is among the inputs
    for position, value in enumerate(inputs):
        node = None
        if isinstance(value, TensorState):
            if value._extra is None:
                node = value._node
                if node is None and value._leaf is not None:
                    node = accumulator(value)
            else:
                node, number = edge_of(value)
                if type(node) is Nowhere:
                    node, nowhere = None, True
                elif number:
                    numbers = numbers or [0] * len(inputs)
                    numbers[position] = number
            if node is not None:
                mask |= 1 << position
        edges.append(node)
    if not mask and not nowhere:
        return None
    conjugate = False
    if dtype is None:
        types = tuple(getattr(array, "dtype", None) for array in arrays)
        conjugate = row.holomorphic and any(
            t is not None and t.kind == "c" for t in (*types, first)
        )
    elif first is not dtype:
        conjugate = row.holomorphic and first.kind == "c"
        types = tuple(getattr(array, "dtype", None) for array in arrays)
    else:
        types = None
    key = -mask if conjugate else mask
    plan = row.plans.get(key)
    if plan is None:
        wanted = [i for i in range(len(inputs)) if mask >> i & 1]
        plan = row.plans[key] = Plan(row, wanted, conjugate)
    operation = SeveralOperation() if row.outputs == -1 else GeneralOperation()
    operation.plan = plan
    operation.edges = tuple(edges)
    operation.numbers = None if numbers is None else tuple(numbers)
    operation.hooks = operation.output_meta = None
    operation.params = params
    operation.shapes = tuple([getattr(array, "shape", ()) for array in arrays])
    operation.types = types
    operation.number = next_number()
    if len(results) == 1 and row.outputs != -1:
        results[0]._node = operation
    else:
        _attach_several(operation, row, results)
    if plan.sources:
        _save(operation, plan, inputs, arrays, results)
    else:
        operation.saved = operation.counters = None
    return operation


def _attach_several(operation: GeneralOperation, row: Row, results: Sequence[Any]) -> None:
    if row.outputs == -1:
        operation.output_meta = [(t._data.shape, t._data.dtype) for t in results]
    for number, result in enumerate(results):
        if numpy_dtype(result).kind in "fcV":
            result._node = operation
            if number:
                result._extra = Extra()
                result._extra.number = number
