"""What the transforms of `func` share: arguments to differentiate by, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autodiff import errors, gradients
from autodiff.graph import AccumulateGrad, LeafState, Node, next_number
from autodiff.layers import Layered, Level, entered, open_levels, settled
from autodiff.modes import is_grad_enabled
from autodiff.ops.indexing import ALIAS
from autodiff.state import TensorState
from autodiff.tangents import zeros_for
from autodiff.trees import Structure, flatten, tree_map
from autodiff.views import edge_of, requires_grad

__all__ = [
    "Recording",
    "chosen",
    "differentiated",
    "has_history",
    "only_tensors",
    "with_chosen",
]


def chosen(argnums: Any, args: tuple[Any, ...]) -> Any:
    """The arguments that are asked about, as PyTorch checks them."""
    if isinstance(argnums, int):
        return args[_checked(argnums, len(args))]
    if isinstance(argnums, tuple):
        numbers = tuple(_checked(one, len(args)) for one in argnums)
        if len(set(numbers)) != len(numbers):
            raise RuntimeError(f"argnums elements must be unique, got {numbers}")
        if not numbers:
            raise RuntimeError("argnums must be non-empty")
        return tuple(args[one] for one in numbers)
    raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")


def _checked(number: Any, count: int) -> int:
    if not isinstance(number, int):
        raise RuntimeError(  # noqa: TRY004 - PyTorch's own type
            f"argnum must be int, got: {type(number)}"
        )
    if not -count <= number < count:
        raise RuntimeError(f"Got argnum={number}, but only {count} positional inputs")
    return number % count


def with_chosen(argnums: Any, args: tuple[Any, ...], values: Any) -> tuple[Any, ...]:
    """The arguments with those asked about replaced."""
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    given = values if isinstance(argnums, tuple) else (values,)
    replaced = list(args)
    for number, value in zip(numbers, given, strict=True):
        replaced[number] = value
    return tuple(replaced)


def only_tensors(outputs: Sequence[Any], who: str, what: str) -> None:
    """Raise if something else than tensors was returned."""
    if not outputs or (len(outputs) == 1 and outputs[0] is None):
        raise RuntimeError(
            f"{who}: Expected f to be a function that has non-empty output (got output = "
            f"{list(outputs)})"
        )
    for one in outputs:
        if not isinstance(one, TensorState):
            raise RuntimeError(  # noqa: TRY004 - PyTorch's own type
                f"{who}: {what} to return only tensors, got unsupported type {type(one)}"
            )


class _Differentiation(Level):
    """The level of a running `grad` or `vjp`; its tensors are bare, but have its history."""

    __slots__ = ("recording",)

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self.recording = recording

    def follows(self, tensor: Any) -> bool:
        return self.recording.follows(tensor)

    def before(self, tensor: Any) -> tuple[Node | None, bool]:
        return self.recording.before(tensor)


class Recording:
    """One differentiation of a function: its own leaves, and which results outlive it.

    What depends on nothing that was recorded outside leaves without a history.
    """

    __slots__ = ("aliases", "inner", "leaves", "mode", "start")

    def run(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The function's result, recorded."""
        with entered(_Differentiation(self)):
            return func(*args, **kwargs)

    def __init__(self) -> None:
        self.mode = is_grad_enabled()
        self.start = next_number()
        self.leaves: set[LeafState] = set()
        self.inner: set[LeafState] = set()  # of differentiations inside this one
        self.aliases: set[Node] = set()  # of leaves that have a history outside

    def inputs(
        self, args: tuple[Any, ...], argnums: Any
    ) -> tuple[tuple[Any, ...], list[Any], Structure]:
        """Arguments to call the function with; the tensors to differentiate by, and their nesting.

        argnums: which arguments; None for all.
        """
        asked = args if argnums is None else chosen(argnums, args)
        leaves, structure = flatten(asked)
        own = [self._own(leaf) for leaf in leaves]
        inner = structure.build(own)
        return (inner if argnums is None else with_chosen(argnums, args, inner)), own, structure

    def _own(self, value: Any) -> Any:
        """The value as a variable of its own; one for each member of every running `vmap`."""
        if not isinstance(value, TensorState):
            raise ValueError(  # noqa: TRY004 - PyTorch's own type
                f"Thing passed to transform API must be Tensor, got {type(value)}"
            )
        if value._data.dtype.kind not in "fcV":
            raise RuntimeError(errors.FLOAT_ONLY_METHOD)
        value = settled(value)
        for level in open_levels():
            value = level.spread(value)
        return self._own_bottom(value)

    def _own_bottom(self, value: Any) -> Any:
        if isinstance(value, Layered):
            return value._with_inner(self._own_bottom(value._inner))
        if requires_grad(value):
            alias = ALIAS(value, index=(...,))
            first = edge_of(alias)[0]
            if first is not None:
                self.aliases.add(first)
            return alias
        leaf = value.detach()
        leaf._leaf = LeafState()
        self.leaves.add(leaf._leaf)
        for level in open_levels():  # for those around this one it comes from inside, too
            if isinstance(level, _Differentiation):
                level.recording.inner.add(leaf._leaf)
        return leaf

    def keeps(self, tensors: Sequence[Any]) -> bool:
        """Whether one of the tensors depends on what was recorded outside."""
        return self.mode and any(self._outside(one) for one in _bottoms(tensors))

    def follows(self, tensor: Any) -> bool:
        """Whether a bare tensor is a leaf of this differentiation or was recorded in it."""
        node = edge_of(tensor)[0]
        if type(node) is AccumulateGrad:
            return node.variable._leaf in self.leaves
        return node is not None and node.number >= self.start

    def before(self, tensor: Any) -> tuple[Node | None, bool]:
        """The node that a tensor would have, and whether it would require a gradient, outside."""
        node = edge_of(tensor)[0]
        if node in self.aliases:
            source = node.edges[0]
            return (None if type(source) is AccumulateGrad else source), True
        outside = node is not None and self.mode and self._outside(tensor)
        return (node, True) if outside else (None, False)

    def _outside(self, tensor: Any) -> bool:
        return any(
            node.variable._leaf not in self.leaves and node.variable._leaf not in self.inner
            if type(node) is AccumulateGrad
            else node.number < self.start and bool(node.edges)
            for node in _history(tensor, self.start)
        )

    def result(self, value: Any) -> Any:
        """A result as the caller gets it."""
        if not isinstance(value, TensorState):
            return value
        value = settled(value)
        if isinstance(value, Layered):
            return value._rewrapped(self.result)
        if requires_grad(value) and not (self.mode and self._outside(value)):
            return value.detach()
        return value

    def results(self, tree: Any) -> Any:
        """A nested result as the caller gets it."""
        return tree_map(self.result, tree)


def _history(tensor: Any, start: int) -> Iterator[Node]:
    """The nodes that a bare tensor was made by, none behind those with numbers below `start`."""
    first = edge_of(tensor)[0]
    if first is None:
        return
    seen: set[Node] = {first}
    stack: list[Node] = [first]
    while stack:
        node = stack.pop()
        yield node
        if node.number < start and type(node) is not AccumulateGrad and node.edges:
            continue
        for edge in node.edges:
            if edge is not None and edge not in seen:
                seen.add(edge)
                stack.append(edge)


def _bottoms(tensors: Sequence[Any]) -> list[Any]:
    """The bare tensors that some tensors consist of."""
    found = []
    stack = [one for one in tensors if isinstance(one, TensorState)]
    while stack:
        one: Any = stack.pop()
        if isinstance(one, Layered):
            stack += one._parts()
        else:
            found.append(one)
    return found


def has_history(tensors: Sequence[Any]) -> bool:
    """Whether a part of one of the tensors requires a gradient."""
    return any(requires_grad(one) for one in _bottoms(tensors))


def differentiated(
    outputs: Sequence[Any],
    inputs: Sequence[Any],
    cotangents: Sequence[Any] | None,
    record: bool,
    keep: bool = True,
) -> list[Any]:
    """The gradients of outputs by inputs; zeros where there is no connection.

    record: whether what is computed is recorded. keep: whether the graph can be used again.
    """
    chosen_outputs, seeds = [], []
    for place, output in enumerate(outputs):
        seed = None if cotangents is None else cotangents[place]
        if requires_grad(output):
            chosen_outputs.append(output)
            seeds.append(seed)
        elif seed is not None and seed.shape != output.shape:
            raise errors.gradient_shape(place, tuple(seed.shape), tuple(output.shape), False)
    if not chosen_outputs:
        return [zeros_for(one) for one in inputs]
    found = gradients.grad(
        chosen_outputs,
        inputs,
        seeds,
        retain_graph=keep,
        create_graph=record,
        allow_unused=True,
    )
    return [
        zeros_for(one) if value is None else value
        for one, value in zip(inputs, found, strict=True)
    ]
