"""A recorded application of a row: what it saved, and how its rules are run.

What a rule returns is checked here, and broadcasting is undone here, so that no rule has to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import errors
from autodiff.dtypes import from_numpy_dtype
from autodiff.graph import FREED, Node, next_number
from autodiff.state import Extra, TensorState
from autodiff.views import edge_of

if TYPE_CHECKING:
    from autodiff.primitive import Primitive

__all__ = [
    "Operation",
    "Plan",
    "bind_tensor_class",
    "record",
    "record_pointwise",
    "sum_to",
    "wrap",
]

# what a parameter of a rule stands for
G, XP, SAVED, SHAPE, PARAM, POSITION = range(6)
_new = object.__new__

Tensor: type[TensorState] = TensorState


def bind_tensor_class(cls: type[TensorState]) -> None:
    """Called once by `tensor_class.py`, which needs the operations to define its methods."""
    global Tensor
    Tensor = cls


class Plan:
    """How one combination of inputs that need a gradient is recorded and run.

    sources: what is saved, in order: position of an input, or -1 - k for output k.
    steps: (position of the input, rule, direct, codes); `direct` rules take (g, *saved).
    """

    __slots__ = ("node_type", "saves", "sources", "steps")

    def __init__(self, row: Primitive, wanted: Sequence[int], node_type: type[Operation]) -> None:
        self.node_type = node_type
        sources: list[int] = []
        for position in wanted:
            for kind, key in row.codes[0 if row.variadic else position]:
                if kind == SAVED and key not in sources:
                    sources.append(key)
        self.sources = tuple(sources)
        self.saves = bool(sources)
        steps = []
        for position in wanted:
            rule = row.rules[0 if row.variadic else position]
            codes = tuple(
                (kind, sources.index(key) if kind == SAVED else key)
                for kind, key in row.codes[0 if row.variadic else position]
            )
            everything = ((G, None), *((SAVED, i) for i in range(len(sources))))
            steps.append((position, rule, codes == everything, codes))
        self.steps = tuple(steps)


class Operation(Node):
    """A recorded application of a row."""

    __slots__ = ("counters", "output_meta", "params", "plan", "saved", "shapes", "types")
    row: Primitive

    plan: Plan
    saved: Any  # the values that the rules read, or FREED
    counters: Any  # (write counter, count when saved) for each, or None
    params: dict[str, Any]
    shapes: Any  # shape of each input; None: that of the output
    types: Any  # dtype of each input; None: that of the cotangent
    output_meta: Any  # of several outputs: (shape, dtype) of each

    def release(self) -> None:
        if self.saved is not None:
            self.saved = FREED

    def backward(self, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        saved = self.saved
        if saved is None:
            saved = ()
        else:
            if saved is FREED:
                raise errors.already_freed()
            for index, pair in enumerate(self.counters):
                if pair is not None and pair[0][0] != pair[1]:
                    raise self._changed(index, pair)
            if create_graph:
                saved = self._saved_tensors(saved)
        if self.output_meta is not None:
            cotangent = self._materialized(cotangent, create_graph)
            first = cotangent[0]
        else:
            first = cotangent
        xp = np if isinstance(first, np.ndarray | np.generic) else first.__array_namespace__()
        conjugate = self.row.holomorphic and _is_complex(first, saved)
        if conjugate:
            cotangent = xp.conj(cotangent)
        results: list[Any] = [None] * len(self.edges)
        for position, rule, direct, codes in self.plan.steps:
            if direct:
                result = rule(cotangent, *saved)
            else:
                arguments: list[Any] = []
                for kind, key in codes:
                    if kind == G:
                        arguments.append(cotangent)
                    elif kind == SAVED:
                        arguments.append(saved[key])
                    elif kind == XP:
                        arguments.append(xp)
                    elif kind == PARAM:
                        arguments.append(self.params[key])
                    elif kind == SHAPE:
                        arguments.append(self._shape(position if key is None else key, first))
                    else:
                        arguments.append(position)
                result = rule(*arguments)
            if conjugate:
                result = xp.conj(result)
            results[position] = self._fitted(result, position, first, xp)
        return results

    def _shape(self, position: int, cotangent: Any) -> tuple[int, ...]:
        shapes = self.shapes
        return cotangent.shape if shapes is None else shapes[position]  # type: ignore[no-any-return]

    def _fitted(self, result: Any, position: int, cotangent: Any, xp: Any) -> Any:
        """What a rule returned, with broadcasting undone, in the input's shape and dtype."""
        shape = self._shape(position, cotangent)
        try:
            found = result.shape
        except AttributeError:
            if isinstance(result, int | float | complex):
                result = xp.asarray(result, dtype=cotangent.dtype)
                found = result.shape
            else:
                raise errors.RuleError(
                    f"{self.row.name}: the rule for input {position} returned a "
                    f"{type(result).__name__}, expected an array of shape {tuple(shape)}"
                ) from None
        if found != shape:
            reduced = sum_to(result, shape, xp) if self.row.broadcasts else result
            if reduced is None or reduced.shape != shape:
                raise errors.RuleError(
                    f"{self.row.name}: the rule for input {position} returned shape "
                    f"{tuple(found)}, expected {tuple(shape)}"
                )
            result = reduced
        types = self.types
        if types is not None:
            wanted = types[position]
            if wanted is not None and _numpy_dtype(result) != wanted:
                result = _cast(result, wanted, xp)
        return result

    def _materialized(self, cotangents: Any, create_graph: bool) -> list[Any]:
        """Zeros for the outputs to which no cotangent came."""
        filled = []
        for given, (shape, dtype) in zip(cotangents, self.output_meta, strict=True):
            if given is None:
                given = np.zeros(shape, dtype)
                if create_graph:
                    given = wrap(given)
            filled.append(given)
        return filled

    def _saved_tensors(self, saved: tuple[Any, ...]) -> list[Any]:
        """The saved values as tensors that know where they came from."""
        tensors = []
        for source, value in zip(self.plan.sources, saved, strict=True):
            if isinstance(value, _PLAIN) and not isinstance(value, np.generic):
                tensors.append(value)
                continue
            tensor = wrap(value)
            if source < 0:
                tensor._node = self
                number = -1 - source
            else:
                tensor._node = self.edges[source]
                number = self.numbers[source] if self.numbers is not None else 0
            if number:
                tensor._extra = Extra()
                tensor._extra.number = number
            if _numpy_dtype(value).kind not in "fcV":
                tensor._node = None
            tensors.append(tensor)
        return tensors

    def _changed(self, index: int, pair: tuple[list[int], int]) -> RuntimeError:
        source = self.plan.sources[index]
        value = self.saved[index]
        node: Node | None
        if source < 0:
            node, number = self, -1 - source
        else:
            node = self.edges[source]
            number = self.numbers[source] if self.numbers is not None else 0
        producer = None
        if node is not None and node.edges:
            producer = f"output {number} of {node.name().split('Backward', 1)[0]}"
        title = legacy_name(value)
        return errors.changed_in_place(title, producer, pair[0][0], pair[1])


_PLAIN = (int, float, complex, type(None))


def legacy_name(value: Any) -> str:
    """`torch.FloatTensor [2, 3]`, as PyTorch's messages name a tensor's type and shape."""
    dtype = from_numpy_dtype(value.dtype)
    title = f"CPU{dtype.title}Type" if dtype.is_complex else f"torch.{dtype.title}Tensor"
    return f"{title} {list(value.shape)}"


def _is_complex(cotangent: Any, saved: Sequence[Any]) -> bool:
    if _numpy_dtype(cotangent).kind == "c":
        return True
    return any(not isinstance(v, _PLAIN) and _numpy_dtype(v).kind == "c" for v in saved)


def _numpy_dtype(value: Any) -> Any:
    return value._data.dtype if isinstance(value, TensorState) else value.dtype


def _cast(value: Any, dtype: Any, xp: Any) -> Any:
    if _numpy_dtype(value).kind == "c" and dtype.kind != "c":
        value = xp.real(value)
    return xp.astype(value, dtype)


def wrap(data: Any) -> Any:
    """A tensor without history around an array."""
    tensor = _new(Tensor)
    tensor._data = data
    tensor._node = tensor._leaf = tensor._counter = tensor._extra = None
    return tensor


def sum_to(value: Any, shape: tuple[int, ...], xp: Any) -> Any:
    """Sum over the axes along which `shape` was broadcast; None if it was not.

    >>> sum_to(np.ones((2, 3)), (3,), np)
    array([2., 2., 2.])
    """
    found = value.shape
    lead = len(found) - len(shape)
    if lead < 0:
        return _expand_to(value, shape, xp)
    axes = [*range(lead)]
    for axis, size in enumerate(shape):
        if found[lead + axis] != size:
            if size != 1:
                return _expand_to(value, shape, xp)
            axes.append(lead + axis)
    total = xp.sum(value, axis=tuple(axes), keepdims=True, dtype=value.dtype)
    return xp.reshape(total, shape) if lead else total


def _expand_to(value: Any, shape: tuple[int, ...], xp: Any) -> Any:
    """A rule may return fewer axes than the input has, to be broadcast; None if it cannot."""
    found = value.shape
    padded = (1,) * (len(shape) - len(found)) + tuple(found)
    fits = len(padded) == len(shape) and all(
        a in (1, b) for a, b in zip(padded, shape, strict=True)
    )
    return xp.broadcast_to(value, shape) if fits else None


def record_pointwise(
    row: Primitive, mask: int, inputs: Any, edges: Any, arrays: Any, result: Any, shapes: Any
) -> None:
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


_NO_PARAMS: dict[str, Any] = {}


def _save(node: Operation, plan: Plan, inputs: Any, arrays: Any, results: Any) -> None:
    saved = []
    counters: list[Any] = []
    for source in plan.sources:
        if source < 0:
            tensor = results[-1 - source]
            saved.append(tensor._data)
        else:
            tensor = inputs[source]
            saved.append(arrays[source])
            if not isinstance(tensor, TensorState):
                counters.append(None)
                continue
        counter = tensor._counter
        if counter is None:
            counter = tensor._counter = [0]
        counters.append((counter, counter[0]))
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
            if row.rules[0 if row.variadic else position] is None:
                raise NotImplementedError(
                    f"the derivative for '{row.inputs[position]}' of '{row.name}' is not "
                    "implemented."
                )
            wanted.append(position)
        edges.append(node)
        numbers.append(number)
    differentiable = [t for t in results if _numpy_dtype(t).kind in "fcV"]
    if not wanted or not differentiable:
        return None
    key = tuple(wanted)
    plan = row.plans.get(key)
    if plan is None:
        plan = row.plans[key] = Plan(row, wanted, row.node_type)
    operation = plan.node_type()
    operation.plan = plan
    operation.edges = tuple(edges)
    operation.numbers = tuple(numbers) if any(numbers) else None
    operation.hooks = None
    operation.params = params
    operation.shapes = tuple(np.shape(a) for a in arrays)
    operation.types = tuple(getattr(a, "dtype", None) for a in arrays)
    operation.number = next_number()
    operation.output_meta = None
    if len(results) > 1 and row.outputs == -1:
        operation.output_meta = [(t._data.shape, t._data.dtype) for t in results]
    for number, result in enumerate(results):
        if _numpy_dtype(result).kind in "fcV":
            result._node = operation
            if number:
                result._extra = Extra()
                result._extra.number = number
    if plan.saves:
        _save(operation, plan, inputs, arrays, results)
    else:
        operation.saved = operation.counters = None
    return operation
