"""What a node saves, as users see it: `_saved_self`, `_raw_saved_self`, and saved-tensor hooks.

A node keeps arrays. Where `saved_tensors_hooks` is on, or `register_hooks` was called on one of
its saved tensors, it keeps `Packed` in their place: what the pack hook made of each, to be given
back by the unpack hook when a backward reads it. Write counters are not compared then: what a hook
gives back is what backward computes with, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff import errors
from autodiff.graph import FREED, AccumulateGrad, Node, triples
from autodiff.modes import grad_mode
from autodiff.plan import PARAM, SAVED
from autodiff.row import Row
from autodiff.state import Extra, TensorState, version_counter
from autodiff.tensor_class import wrap

__all__ = [
    "Packed",
    "PackedTensor",
    "PackedValue",
    "SavedTensor",
    "attributes",
    "pack_saved",
    "packed",
]

Hooks = tuple[Callable[[Any], Any], Callable[[Any], Any]]

# PyTorch's names of what its formulas call otherwise than `self`, `other` and `result`
_INPUTS: dict[str, tuple[str, ...]] = {
    "MmBackward0": ("self", "mat2"),
    "BmmBackward0": ("self", "mat2"),
    "MvBackward0": ("self", "vec"),
    "DotBackward0": ("self", "tensor"),
    "AddmmBackward0": ("self", "mat1", "mat2"),
    "PowBackward1": ("self", "exponent"),
    "PowBackward2": ("self", "exponent"),
    "MseLossBackward0": ("self", "target"),
    "ClampBackward0": ("self", "min", "max"),
    "WhereBackward0": ("condition", "self", "other"),
}
_RESULTS = {  # of rows whose rules take a list of cotangents
    "LinalgEighBackward0": ("eigenvalues", "eigenvectors"),
    "LinalgQrBackward0": ("Q", "R"),
    "LinalgSlogdetBackward0": ("sign", "logabsdet"),
    "LinalgSvdBackward0": ("U", "S", "Vh"),
}
_OUTPUTS = {"values": "values", "indices": "indices", "out": "result"}
_PARAMETERS = {"dims": "dims", "axis": "dim", "keepdims": "keepdim"}
_SCALARS = (int, float, complex, type(None))


class PackedValue:
    """One saved tensor as a pack hook left it, and how to get it back."""

    __slots__ = ("data", "unpack")

    def __init__(self, hooks: Hooks, tensor: Any) -> None:
        pack, self.unpack = hooks
        counter = version_counter(tensor)
        before = counter[0]  # inference tensors raise here
        with grad_mode(False):
            self.data = pack(tensor)
        if counter[0] != before:
            raise RuntimeError(errors.PACK_IN_PLACE)

    def tensor(self) -> Any:
        """What the unpack hook gives."""
        found = self.unpack(self.data)
        if not isinstance(found, TensorState):
            raise TypeError(errors.UNPACK_TYPE.format(type(found).__name__))
        return found


class PackedTensor:
    """A tensor that went through hooks, and where in the graph it stood."""

    __slots__ = ("edge", "leaf", "number", "own", "value")

    def __init__(
        self, value: PackedValue, leaf: Any, edge: tuple[Node | None, int], own: bool = False
    ) -> None:
        self.value = value
        self.leaf = leaf
        self.edge, self.number = edge
        self.own = own  # an output of the node that saves it, which makes no circle to itself

    def restored(self, node: Node | None = None) -> Any:
        """What the unpack hook gives, at the tensor's place in the graph."""
        found = self.value.tensor()
        edge = node if self.own else self.edge
        if edge is None:
            return found
        tensor = wrap(found._data)
        if self.leaf is not None:
            tensor._leaf = self.leaf
            return tensor
        tensor._node = edge
        if self.number:
            tensor._extra = Extra()
            tensor._extra.number = self.number
        return tensor


class Packed:
    """The saved values of a node of which some went through hooks."""

    __slots__ = ("values",)

    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def unpacked(self) -> tuple[Any, ...]:
        """The saved values, as arrays."""
        return tuple(
            value.tensor()._data if type(value) is PackedValue else value for value in self.values
        )

    def __iter__(self) -> Any:
        return iter(self.values)


def packed(mode: Any, tensor: Any) -> PackedValue | None:
    """A tensor through the hooks that are on, if there are any."""
    hooks = mode.hooks if mode is not True and mode is not False else ()
    return PackedValue(hooks[-1], tensor) if hooks else None


def pack_saved(node: Any, inputs: Sequence[Any], results: Sequence[Any], hooks: Hooks) -> None:
    """Send what a node has just saved through the innermost pair of hooks."""
    if not node.saved:
        return
    values: list[Any] = []
    counted = {place: (counter, version) for counter, version, place in triples(node.counters)}
    for place, (source, value) in enumerate(zip(node.plan.sources, node.saved, strict=True)):
        tensor = results[-1 - source] if source < 0 else inputs[source]
        if not isinstance(tensor, TensorState):  # a number, which PyTorch does not show to hooks
            values.append(value)
            continue
        if tensor._data is not value and place not in counted:  # the value before a write to it
            tensor = _presented(node, place, value)
        values.append(PackedValue(hooks, tensor))
        counted.pop(place, None)
    _keep(node, values, counted)


def _keep(node: Any, values: list[Any], counted: dict[int, Any]) -> None:
    node.saved = Packed(values)
    node.counters = tuple(part for place, kept in counted.items() for part in (*kept, place))
    node.ensure_hooks()  # the walk leaves such nodes to their own `backward`


def _presented(node: Any, place: int, value: Any) -> Any:
    """A saved value as a tensor that knows where it came from."""
    if isinstance(value, TensorState):
        return value
    source = node.plan.sources[place]
    edge: Node | None = node if source < 0 else node.edges[source]
    number = -1 - source if source < 0 else (node.numbers[source] if node.numbers else 0)
    if type(edge) is AccumulateGrad:
        return edge.variable
    tensor = wrap(value)
    if tensor._data.dtype.kind in "fcV" and edge is not None:
        tensor._node = edge
        if number:
            tensor._extra = Extra()
            tensor._extra.number = number
    for counter, _, where in triples(node.counters):
        if where == place:
            tensor._counter = counter
    return tensor


class SavedTensor:
    """One saved tensor of a node: what `grad_fn._raw_saved_self` gives."""

    __slots__ = ("_node", "_place")

    def __init__(self, node: Any, place: int | None) -> None:
        self._node = node
        self._place = place

    def register_hooks(self, pack_hook: Callable[[Any], Any], unpack_hook: Any) -> None:
        """Keep `pack_hook(tensor)` in the tensor's place; `unpack_hook` gives it back.

        Raises RuntimeError where the tensor was freed, is None, or has hooks already.
        """
        node, place = self._node, self._place
        if place is None:
            raise RuntimeError(errors.SAVED_NONE)
        if node.saved is FREED:
            raise RuntimeError(errors.SAVED_FREED)
        values = list(node.saved)
        if type(values[place]) is PackedValue:
            raise RuntimeError(errors.SAVED_HOOKS_TWICE)
        node.check()
        tensor = _presented(node, place, values[place])
        shown = wrap(tensor._data)
        shown._counter = version_counter(tensor)
        values[place] = PackedValue((pack_hook, unpack_hook), shown)
        counted = {where: (counter, version) for counter, version, where in triples(node.counters)}
        counted.pop(place, None)
        _keep(node, values, counted)


def _place_of(node: Any, source: int) -> int | None:
    sources = node.plan.sources
    return sources.index(source) if source in sources else None


def _read(node: Any, source: int) -> Any:
    """The saved tensor (or number) of an input or output; None if it was not saved."""
    if node.saved is FREED:
        raise errors.already_freed()
    place = _place_of(node, source)
    if place is None:
        return None
    value = list(node.saved)[place]
    if isinstance(value, _SCALARS) and not hasattr(value, "dtype"):
        return value
    if type(value) is not PackedValue:
        for counter, version, where in triples(node.counters):
            if where == place and counter[0] != version:
                node.check()
        return _presented(node, place, value)
    found = value.tensor()
    edge = node if source < 0 else node.edges[source]
    if edge is None:
        return found
    tensor = wrap(found._data)
    if type(edge) is AccumulateGrad:
        tensor._leaf = edge.variable._leaf
    else:
        tensor._node = edge
    return tensor


def attributes(row: Row, name: str) -> dict[str, Any]:
    """`_saved_…` and `_raw_saved_…` of the row's nodes, for all that its rules read."""
    found: dict[str, Any] = {}
    outputs = row.outputs if isinstance(row.outputs, tuple) else ()
    for codes in row.codes:
        for kind, key in codes:
            if kind == SAVED:
                result = (outputs or _RESULTS.get(name, ()))[-1 - key] if key < 0 else ""
                shown = _output_name(result) if key < 0 else _input_name(row, name, key)
                found[f"_saved_{shown}"] = property(_reader(key))
                found[f"_raw_saved_{shown}"] = property(_raw_reader(key))
            elif kind == PARAM:
                shown = _PARAMETERS.get(key, key)
                found.setdefault(f"_saved_{shown}", property(_parameter_reader(key)))
    return found


def _output_name(name: str) -> str:
    return _OUTPUTS.get(name, name)


def _input_name(row: Row, name: str, position: int) -> str:
    names = _INPUTS.get(name)
    if names is not None and position < len(names):
        return names[position]
    return {"x": "self", "y": "other", "z": "self"}.get(row.inputs[position], row.inputs[position])


def _reader(source: int) -> Callable[[Any], Any]:
    return lambda node: _read(node, source)


def _raw_reader(source: int) -> Callable[[Any], Any]:
    return lambda node: SavedTensor(node, _place_of(node, source))


def _parameter_reader(key: str) -> Callable[[Any], Any]:
    def read(node: Any) -> Any:
        if node.saved is FREED:
            raise errors.already_freed()
        value = node.params[key]
        return wrap(value) if hasattr(value, "dtype") else value

    return read
