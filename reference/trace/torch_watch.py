"""A run on PyTorch's own tensors that is watched: what it computes, on the oracle's tensors.

Where `__torch_function__` cannot see through, the function runs as it is, on real tensors,
whatever Python does with them in between. Two of PyTorch's modes look on: functions that have a
definition by their name, and below them the ATen operations of all else (inside of custom
`autograd.Function`s, transformed functions and compiled ones, too). What a tensor holds is noted
by its memory, so that views, and writes through views, need no rules: an operation that gives a
tensor in the memory of another has moved nothing, and a write changes what the memory holds.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from reference import build
from reference.definitions import MissingDefinition, definition
from reference.graph import Node, Stop, Unrecorded
from reference.tensor import Tensor, apply, from_node, tensor
from reference.trace import torch_function
from reference.trace.torch_aten import bound
from reference.trace.torch_memory import Memory, count, dtype_name
from reference.trace.torch_names import (
    LIKE,
    MOVES,
    NAMES,
    NOT_MEANT,
    RANDOM,
    SAME,
    CutOff,
    written_name,
)

__all__ = ["run_watched", "writes"]


def run_watched(
    torch: Any, f: Callable[..., Any], tensors: Sequence[Any], arrays: Sequence[Any]
) -> Any:
    """What f gives on the oracle's tensors, as it runs on the `arrays` that they stand for.

    torch: the module. tensors: the oracle's tensors, or the argument itself where it is none.

    Raises MissingDefinition for an operation that has none, and is made of none that have.
    """
    memory = Memory(torch)
    given = list(arrays)
    for place, value in enumerate(tensors):
        if isinstance(value, Tensor):
            given[place] = arrays[place].detach().clone().requires_grad_(True)
            memory.write(given[place], value.node)
    function_mode, dispatch_mode = _modes(torch)
    watched = _Watched(torch, memory)
    with watched.eager(), dispatch_mode(watched), function_mode(watched):
        result = f(*given)
    return _each(torch, result, watched.result)


def _each(torch: Any, value: Any, function: Callable[[Any], Any]) -> Any:
    """The same nest with every tensor of PyTorch's replaced."""
    if isinstance(value, torch.Tensor):
        return function(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_each(torch, part, function) for part in value))
    if isinstance(value, (tuple, list)):
        parts = [_each(torch, part, function) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, dict):
        return {key: _each(torch, part, function) for key, part in value.items()}
    return value


class _Watched:
    """One watched run.

    paused: inside a function whose definition was found by its name. stopped: inside of the
    user's own `no_grad`; PyTorch itself switches recording off in custom functions, which says
    nothing about the mathematics.
    """

    def __init__(self, torch: Any, memory: Memory) -> None:
        self.torch = torch
        self.memory = memory
        self.paused = False
        self.cut_off = CutOff(torch)
        decompositions = importlib.import_module("torch._decomp")
        self.tables: tuple[dict[Any, Any], ...] = (
            decompositions.core_aten_decompositions(),
            decompositions.decomposition_table,
        )

    @contextmanager
    def eager(self) -> Iterator[None]:
        """Compiled functions run as they were written."""
        with self.torch.compiler.set_stance("force_eager"):
            yield

    def result(self, value: Any) -> Any:
        return self.memory.read(value) if self.memory.knows(value) else value

    def known(self, values: Any) -> bool:
        """Whether what is known of depends on the arguments is among the values."""
        if isinstance(values, self.torch.Tensor):
            return self.memory.knows(values)
        if isinstance(values, dict):
            return any(self.known(value) for value in values.values())
        return isinstance(values, (tuple, list)) and any(self.known(value) for value in values)

    def read(self, values: Any) -> Any:
        """The arguments with the oracle's tensors in their places."""
        if isinstance(values, self.torch.Tensor):
            if self.memory.knows(values):
                return self.memory.read(values)
            if values._is_zerotensor():
                return tensor(np.zeros(tuple(values.shape)), dtype=dtype_name(values))
            return values.detach().clone().resolve_conj().resolve_neg()
        if isinstance(values, dict):
            return {key: self.read(value) for key, value in values.items()}
        if isinstance(values, (tuple, list)) and not hasattr(values, "numel"):
            return [self.read(value) for value in values]
        return values

    def note(self, real: Any, found: Any) -> bool:
        """Let the results of an operation hold what it was found to compute.

        Whether they have the same shapes.
        """
        theirs = list(real) if isinstance(real, (tuple, list)) else [real]
        mine = list(found) if isinstance(found, (tuple, list)) else [found]
        pairs = [
            (one, other)
            for one, other in zip(theirs, mine, strict=False)
            if isinstance(one, self.torch.Tensor) and isinstance(other, Tensor)
        ]
        if any(tuple(one.shape) != tuple(other.shape) for one, other in pairs):
            return False
        for one, other in pairs:
            if one.dtype.is_floating_point or one.dtype.is_complex or one.dtype is self.torch.bool:
                self.memory.write(one, self.of_format(other, one))
        return True

    def of_format(self, held: Tensor, like: Any) -> Node:
        """The node in the format of PyTorch's tensor, stopped where that was asked for."""
        name = dtype_name(like)
        if str(held.dtype).removeprefix("torch.") != name:
            held = held.to(name)
        return Unrecorded(held.node) if self.cut_off.now() else held.node

    # functions, by their names

    def function(self, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        if self.cut_off.noticed(function, args):
            return function(*args, **kwargs)
        name = str(getattr(function, "__name__", ""))
        if self.paused or not self.known([args, kwargs]) or not _is_pure(name, kwargs):
            result = function(*args, **kwargs)
            return self.marked(name, args, kwargs, result)
        try:
            found = torch_function.call(apply, function, self.read(list(args)), self.read(kwargs))
        except Exception:  # noqa: BLE001  # what it is made of may be known
            return self.marked(name, args, kwargs, function(*args, **kwargs))
        self.paused = True
        try:
            result = function(*args, **kwargs)
        finally:
            self.paused = False
        if not self.note(result, found):  # another function of the same name
            return self.marked(name, args, kwargs, function(*args, **kwargs))
        return result

    def marked(self, name: str, args: Sequence[Any], kwargs: dict[str, Any], result: Any) -> Any:
        """The result, cut off where it is a look at its source from behind a `detach`."""
        if name == "grad" and not kwargs.get("create_graph", True):
            self.stop(result)
        cuts = name in ("detach", "detach_") or self.cut_off.now()
        source = args[0] if args else None
        if isinstance(source, self.torch.Tensor) and isinstance(result, self.torch.Tensor):
            data = name == "__get__" and result is not source and not result.requires_grad
            if cuts or (data and source.requires_grad) or source in self.memory.cut:
                self.cut(source, result)
        return result

    def stop(self, values: Any) -> None:
        """Let nothing be differentiated through these tensors."""
        for value in values if isinstance(values, (tuple, list)) else [values]:
            if isinstance(value, self.torch.Tensor) and self.memory.knows(value):
                self.memory.write(value, Stop(self.memory.read(value).node))

    def cut(self, source: Any, result: Any) -> None:
        key = self.memory.key(result)
        if key is not None and key == self.memory.key(source):
            self.memory.cut[result] = Unrecorded if self.cut_off.now() else Stop

    # operations of ATen

    def operation(self, target: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        if self.paused:
            return target(*args, **kwargs)
        if not hasattr(target, "_schema"):
            return self.structure(target, args)
        name = str(target._opname)
        written = [
            number
            for number, argument in enumerate(target._schema.arguments)
            if argument.alias_info is not None and argument.alias_info.is_write
        ]
        if name.startswith("bernoulli") or (name in RANDOM and not name.endswith("_")):
            raise NotImplementedError(_random_text(name))
        if not self.known([list(args), kwargs]) or self.without_numbers(args):
            return target(*args, **kwargs)
        if written:
            return self.write(target, name, args, kwargs)
        result = target(*args, **kwargs)
        if name in LIKE or not self.is_new(result, args):
            self.follow(args, result)
            return result
        if not self.floats(result):
            self.truths(target, name, args, kwargs, result)
            return result
        found = self.computed(target, name, args, kwargs)
        if found is not _DECOMPOSED and self.note(result, found):
            return result
        return self.decomposed(target, args, kwargs)

    def without_numbers(self, args: Sequence[Any]) -> bool:
        """Whether an operation is asked for nothing but the shape of its result."""
        return any(isinstance(value, self.torch.Tensor) and value.is_meta for value in args)

    def structure(self, target: Any, args: Sequence[Any]) -> Any:
        """Control flow as an operation: the branch that is taken, the loop as it runs."""
        name = str(getattr(target, "__name__", target))
        if name == "cond":
            truth, yes, no, *rest = args
            return self.again(lambda: (yes if truth else no)(*_flat(rest)))
        if name == "while_loop":
            test, body, *rest = args
            carried, fixed = list(rest[0]), list(rest[1]) if len(rest) > 1 else []
            while bool(self.again(partial(test, *carried, *fixed))):
                carried = list(self.again(partial(body, *carried, *fixed)))
            return tuple(carried)
        raise MissingDefinition(
            f"PyTorch's operator {name!r} cannot be looked through: give the function's "
            "mathematics as definition="
        )

    def follow(self, args: Sequence[Any], result: Any) -> None:
        """Views of what is cut off are cut off."""
        parts = result if isinstance(result, (tuple, list)) else [result]
        source = args[0] if args else None
        if isinstance(source, self.torch.Tensor) and source in self.memory.cut:
            for part in parts:
                if isinstance(part, self.torch.Tensor):
                    self.cut(source, part)

    def is_new(self, result: Any, args: Sequence[Any]) -> bool:
        """Whether an operation made memory of its own."""
        parts = result if isinstance(result, (tuple, list)) else [result]
        sources = {self.memory.key(a) for a in args if isinstance(a, self.torch.Tensor)}
        own = [p for p in parts if isinstance(p, self.torch.Tensor)]
        return bool(own) and not any(self.memory.key(part) in sources for part in own)

    def floats(self, result: Any) -> bool:
        parts = result if isinstance(result, (tuple, list)) else [result]
        return any(
            isinstance(p, self.torch.Tensor) and (p.dtype.is_floating_point or p.dtype.is_complex)
            for p in parts
        )

    def truths(
        self, target: Any, name: str, args: Sequence[Any], kwargs: dict[str, Any], result: Any
    ) -> None:
        """Truth values by their definition; where there is none, as the run found them."""
        if isinstance(result, self.torch.Tensor) and result.dtype is self.torch.bool:
            try:
                found = self.computed(target, name, args, kwargs)
            except Exception:  # noqa: BLE001
                return
            if isinstance(found, Tensor):
                self.note(result, found)

    def computed(self, target: Any, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """The operation on the oracle's tensors, or what says that it has to be taken apart."""
        if name in SAME:
            return apply("clone", self.read(args[0]))
        if name == "detach":
            return self.read(args[0])
        if name.removesuffix("_copy") in MOVES and not self.floats([*args[1:], *kwargs.values()]):
            return self.moved(target, args, kwargs)
        if name.startswith("_foreach_"):
            return self.each(name, args, kwargs)
        own = NAMES.get(name, name)
        if target in self.tables[0] and not _is_defined(own):
            return _DECOMPOSED
        named = {key: value for key, value in kwargs.items() if key not in NOT_MEANT}
        try:
            definition(own)
        except MissingDefinition:
            if self.can_decompose(target):
                return _DECOMPOSED
            raise
        try:
            return self.applied(target, own, args, named)
        except Exception:
            if self.can_decompose(target):
                return _DECOMPOSED
            raise

    def indexed(self, name: str, args: Sequence[Any]) -> list[Any]:
        """The arguments; truth values that pick elements are taken as the run found them."""
        if name in _INDEXED:
            first, *rest = args
            return [self.read(first), *(self.picks(value) for value in rest)]
        return [self.read(value) for value in args]

    def picks(self, value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return tuple(slice(None) if part is None else part.detach().numpy() for part in value)
        if isinstance(value, self.torch.Tensor) and not value.dtype.is_floating_point:
            return value.detach().clone()
        return self.read(value)

    def can_decompose(self, target: Any) -> bool:
        implicit = self.torch._C.DispatchKey.CompositeImplicitAutograd
        return any(target in table for table in self.tables) or target.has_kernel_for_dispatch_key(
            implicit
        )

    def decomposed(self, target: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """What an operation is made of, watched in its turn."""
        for table in self.tables:
            if target in table:
                return self.again(partial(table[target], *args, **kwargs))
        return self.again(partial(target.decompose, *args, **kwargs))

    def again(self, call: Callable[[], Any]) -> Any:
        _, dispatch_mode = _modes(self.torch)
        with dispatch_mode(self):
            return call()

    def write(self, target: Any, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """An operation that writes into arguments: into the first, or into `out`."""
        places = [
            argument.name
            for argument in target._schema.arguments
            if argument.alias_info is not None and argument.alias_info.is_write
        ]
        outs = [kwargs[place] for place in places if place in kwargs]
        if name in RANDOM:
            raise NotImplementedError(_random_text(name))
        found = self.written(target, name, args, kwargs, outs)
        result = target(*args, **kwargs)
        returned = target._schema.returns
        if outs:
            self.note(outs, found)
        elif returned and returned[0].alias_info is None:  # statistics are written beside it
            self.note(result, found)
        elif isinstance(args[0], (tuple, list)):
            self.note(args[0], found)
        else:
            first = found[0] if isinstance(found, tuple) else found
            self.note([args[0]], [first])
        return result

    def written(
        self,
        target: Any,
        name: str,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        outs: Sequence[Any],
    ) -> Any:
        first = args[0] if args else None
        if name in ("copy_", "fill_", "zero_"):
            value = self.read(args[1]) if len(args) > 1 else 0
            if not isinstance(value, (Tensor, self.torch.Tensor)):
                value = tensor(value, dtype=dtype_name(first))
            held = value if isinstance(value, Tensor) else tensor(value.numpy())
            return apply("expand", held, tuple(int(size) for size in first.shape))  # type: ignore[union-attr]
        own = written_name(name)
        named = {k: v for k, v in kwargs.items() if not any(v is out for out in outs)}
        named = {key: value for key, value in named.items() if key not in NOT_MEANT}
        if name.startswith("_foreach"):
            return self.each(own, args, named)
        own = NAMES.get(own, own)
        return self.applied(target, own, args, named)

    def applied(self, target: Any, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """A definition by its name in ATen."""
        given: Sequence[Any] = self.indexed(name, args)
        named = self.read(kwargs)
        if name not in _INDEXED:
            given, named = bound(target, name, given, named)
        return torch_function.complex_result(apply, name, apply(name, *given, **named))

    def each(self, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        """A function of lists, element by element."""
        single = name.removeprefix("_foreach_")
        count = len(args[0])
        return [
            apply(
                single,
                *(
                    self.read(value[number]) if isinstance(value, (tuple, list)) else value
                    for value in args
                ),
                **kwargs,
            )
            for number in range(count)
        ]

    def moved(self, target: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """The same elements, where ATen puts them in an array of positions."""
        source = self.read(args[0])
        shape = tuple(int(size) for size in source.shape)
        places = self.torch.arange(count(shape)).reshape(shape)
        result = target(places, *args[1:], **kwargs)
        if isinstance(result, (tuple, list)):
            return [self.taken(source, part) for part in result]
        return self.taken(source, result)

    @staticmethod
    def taken(source: Tensor, places: Any) -> Tensor:
        positions = places.numpy()
        if source.dtype.is_complex:
            positions = np.stack([2 * positions, 2 * positions + 1], axis=-1)
        return from_node(build.take(build.reshape(source.node, (-1,)), positions), source.dtype)


_DECOMPOSED = object()
_INDEXED = frozenset({"getitem", "index_put", "masked_select"})  # by what is known when it runs


def _flat(rest: Sequence[Any]) -> list[Any]:
    """The operands of a control flow operator, given one by one or as a tuple."""
    return list(rest[0]) if len(rest) == 1 and isinstance(rest[0], (tuple, list)) else list(rest)


def _random_text(name: str) -> str:
    return (
        f"{name} draws random numbers, so the function has no one value: draw them beforehand "
        "and give them as an argument, or switch to evaluation"
    )


def _is_pure(name: str, kwargs: dict[str, Any]) -> bool:
    """Whether a function has a definition and writes into none of its arguments."""
    return not writes(name, kwargs) and _is_defined(name)


def writes(name: str, kwargs: dict[str, Any]) -> bool:
    """Whether a function of PyTorch writes into an argument, by its name."""
    if name == "__setitem__" or (name.startswith("__i") and name != "__invert__"):
        return True
    written = name.endswith("_") and not name.endswith("__")
    return written or bool(kwargs.get("inplace")) or kwargs.get("out") is not None


def _is_defined(name: str) -> bool:
    try:
        row = definition(name)
    except MissingDefinition:
        return False
    return not row.view


def _modes(torch: Any) -> tuple[Any, Any]:
    """PyTorch's two kinds of modes, which look on."""
    dispatch = importlib.import_module("torch.utils._python_dispatch")

    class Functions(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __init__(self, watched: _Watched) -> None:
            super().__init__()
            self.watched = watched

        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            return self.watched.function(function, args, kwargs or {})

    class Operations(dispatch.TorchDispatchMode):  # type: ignore[misc,name-defined]
        supports_higher_order_operators = True

        def __init__(self, watched: _Watched) -> None:
            super().__init__()
            self.watched = watched

        def __torch_dispatch__(
            self, target: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            return self.watched.operation(target, args, kwargs or {})

    return Functions, Operations
