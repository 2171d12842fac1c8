"""Nested arguments and modules, as `check` takes them: flat arrays with names.

`{"w": w, "b": [b0, b1]}` given as the argument `p` becomes the arguments `p['w']`, `p['b'][0]`
and `p['b'][1]`; a module's parameters become arguments under their own names (`0.weight`). The
function of the flat arrays puts the nest together again, and flattens what comes out.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

from reference.adapters.adapter import Adapter, Function, NotOffered
from reference.adapters.complex_view import ComplexView
from reference.adapters.pair import Pair

__all__ = ["Arranged", "Nest", "argument_names", "flatten_arguments", "leaves"]


class Nest:
    """The shape of a nested argument: its leaves are taken out, and can be put in again.

    library: a pytree library (JAX's `tree_util`) for nodes that are none of Python's; None where
    there is none.

    >>> nest = Nest({"a": 1, "b": (2, [3])})
    >>> nest.leaves, nest.paths, nest.filled([10, 20, 30])
    ([1, 2, 3], ["['a']", "['b'][0]", "['b'][1][0]"], {'a': 10, 'b': (20, [30])})
    """

    def __init__(self, value: Any, library: Any = None) -> None:
        self._library = library
        self._value = value
        found = list(self._walk(value, ""))
        self.paths = [path for path, _ in found]
        self.leaves = [leaf for _, leaf in found]

    def _walk(self, value: Any, path: str) -> Iterator[tuple[str, Any]]:
        children = _children(value)
        if children is None and self._is_foreign(value):
            for number, leaf in enumerate(self._library.tree_leaves(value)):
                yield f"{path}<{number}>", leaf
        elif children is None:
            yield path, value
        else:
            for step, child in children:
                yield from self._walk(child, path + step)

    def _is_foreign(self, value: Any) -> bool:
        """Whether the library takes a value apart that is no leaf to it."""
        if self._library is None:
            return False
        found = self._library.tree_leaves(value)
        return not (len(found) == 1 and found[0] is value)

    @property
    def is_flat(self) -> bool:
        """Whether the value is a single leaf."""
        return self.paths == [""]

    def filled(self, leaves: Sequence[Any]) -> Any:
        """The nest with other leaves."""
        return self._put(self._value, iter(leaves))

    def _put(self, value: Any, leaves: Iterator[Any]) -> Any:
        children = _children(value)
        if children is None and self._is_foreign(value):
            taken = [next(leaves) for _ in self._library.tree_leaves(value)]
            structure = self._library.tree_structure(value)
            return self._library.tree_unflatten(structure, taken)
        if children is None:
            return next(leaves)
        return _rebuilt(value, [self._put(child, leaves) for _, child in children])


def _children(value: Any) -> list[tuple[str, Any]] | None:
    """(how a child is written, the child) of a container; None of anything else."""
    if isinstance(value, Mapping):
        return [(f"[{key!r}]", child) for key, child in value.items()]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return [(f".{name}", getattr(value, name)) for name in value._fields]
    if isinstance(value, (tuple, list)):
        return [(f"[{number}]", child) for number, child in enumerate(value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [
            (f".{field.name}", getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.init
        ]
    return None


def _rebuilt(value: Any, children: list[Any]) -> Any:
    if isinstance(value, Mapping):
        pairs = dict(zip(value, children, strict=True))
        return pairs if isinstance(value, dict) and type(value) is dict else type(value)(pairs)  # type: ignore[call-arg]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*children)
    if isinstance(value, (tuple, list)):
        return type(value)(children)
    names = [field.name for field in dataclasses.fields(value) if field.init]
    return dataclasses.replace(value, **dict(zip(names, children, strict=True)))


def leaves(values: Sequence[Any]) -> list[Any]:
    """The leaves of nested values.

    >>> leaves([{"a": 1}, [2, (3,)]])
    [1, 2, 3]
    """
    return [leaf for value in values for leaf in Nest(value).leaves]


@dataclasses.dataclass(frozen=True)
class Arranged:
    """What `check` asks instead of the user's function: flat, of real arrays.

    adapter: the engine's, seen through :class:`ComplexView`. names: of the arrays. flat: makes
    any function of the user's arguments (a definition) one of the flat arrays.
    """

    adapter: ComplexView
    function: Any
    arrays: list[Any]
    names: tuple[str, ...]
    flat: Callable[[Function], Function]


def flatten_arguments(adapter: Adapter, f: Any, arrays: Sequence[Any]) -> Arranged:
    """The function, its arguments and their names, with nests and modules taken apart.

    Raises TypeError for a module whose engine does not say how to call it.
    """
    given = argument_names(f.forward if isinstance(f, Pair) else f, len(arrays))
    nests = [Nest(value, adapter.pytrees(value)) for value in arrays]
    own = adapter.parameters(f)
    parameters = list(own.values())
    names = [*own]
    for name, nest in zip(given, nests, strict=True):
        names += [name + path for path in nest.paths]
    values = parameters + [leaf for nest in nests for leaf in nest.leaves]
    held = [adapter.from_numpy_if_foreign(value) for value in values]
    complex_names = [
        name
        for name, value in zip(names, held, strict=True)
        if adapter.recognises(value) and adapter.is_complex(value)
    ]
    view = ComplexView(adapter, complex_names)

    def arguments(flat: Sequence[Any]) -> list[Any]:
        rest = iter(flat[len(parameters) :])
        return [nest.filled([next(rest) for _ in nest.leaves]) for nest in nests]

    def opened(function: Function) -> Function:
        """A function of the nested arguments as one of the flat ones."""

        def of_flat(*flat: Any) -> Any:
            result = function(*arguments(flat))
            return _flat_output(result)

        return of_flat

    def described(definition: Function) -> Function:
        """A definition of a module takes its parameters first, by name."""
        if not own:
            return opened(definition)

        def of_flat(*flat: Any) -> Any:
            mapping = dict(zip(own, flat[: len(parameters)], strict=True))
            return _flat_output(definition(mapping, *arguments(flat)))

        return of_flat

    if own:
        called = _of_module(adapter, f, list(own), arguments)
    elif all(nest.is_flat for nest in nests):
        # nothing to take apart, and outputs are seldom nests: the function stays itself
        called = f if isinstance(f, Pair) else _with_flat_output(f, map(type, held))
    elif isinstance(f, Pair):
        called = _flat_pair(f, opened, arguments)
    else:
        called = _kept(f, opened)
    return Arranged(view, called, held, tuple(names), described)


def argument_names(f: Any, count: int) -> list[str]:
    """The names of the first parameters of a function, x0, x1, ... where it does not say.

    >>> argument_names(lambda a, *rest: a, 2)
    ['a', 'x1']
    """
    if type(f) is FunctionType and not f.__dict__:  # a plain one; the signature costs more
        return _numbered(f.__code__.co_varnames[: f.__code__.co_argcount], count)
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # ufuncs of older NumPys do not tell
        inputs = getattr(f, "nin", 0)
        return ["x"] if inputs == count == 1 else [f"x{k + (inputs > 0)}" for k in range(count)]
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return _numbered(named, count)


def _numbered(named: Sequence[str], count: int) -> list[str]:
    return [named[k] if k < len(named) else f"x{k}" for k in range(count)]


def _flat_output(result: Any) -> Any:
    if not isinstance(result, (Mapping, tuple, list)) and not dataclasses.is_dataclass(result):
        return result
    found = Nest(result).leaves
    return found[0] if len(found) == 1 else tuple(found)


def _kept(f: Any, opened: Callable[[Function], Function]) -> Any:
    """The flat function of f; what PyTorch compiled f from is flattened beside it."""
    result = opened(f)
    result.__name__ = str(getattr(f, "__name__", None) or type(f).__name__)
    original = getattr(f, "_torchdynamo_orig_callable", None)
    if original is not None:
        result._torchdynamo_orig_callable = opened(original)  # type: ignore[attr-defined]
    return result


def _with_flat_output(f: Any, flat: Iterable[type]) -> Any:
    """flat: types of arguments that are no nests, so that results of these types are none."""
    kinds = frozenset(flat)

    def opened(function: Function) -> Function:
        def of_flat(*arrays: Any) -> Any:
            result = function(*arrays)
            return result if type(result) in kinds else _flat_output(result)

        return of_flat

    return _kept(f, opened)


def _of_module(
    adapter: Adapter,
    module: Any,
    names: list[str],
    arguments: Callable[[Sequence[Any]], list[Any]],
) -> Any:
    def called(*flat: Any) -> Any:
        mapping = dict(zip(names, flat[: len(names)], strict=True))
        result = adapter.call_with(module, mapping, arguments(flat))
        return _flat_output(result)

    called.__name__ = type(module).__name__
    return called


def _flat_pair(
    pair: Pair,
    opened: Callable[[Function], Function],
    arguments: Callable[[Sequence[Any]], list[Any]],
) -> Pair:
    """The pair of flat functions: gradients come in the nests of the arguments."""

    def vjp(cotangent: Any, *flat: Any) -> Any:
        given = arguments(flat)
        found = pair.vjp(cotangent, *given)
        listed = [found] if len(given) == 1 else list(found)
        return tuple(_aligned(one, value) for one, value in zip(listed, given, strict=True))

    def flat_vjp(cotangent: Any, *flat: Any) -> Any:
        return [leaf for group in vjp(cotangent, *flat) for leaf in group]

    def flat_jvp(tangents: Sequence[Any], *flat: Any) -> Any:
        if pair.jvp is None or len(tangents) != len(flat):
            raise NotOffered("the pair has no jvp along nests of which a part is differentiated")
        return _flat_output(pair.jvp(tuple(arguments(tangents)), *arguments(flat)))

    return Pair(opened(pair.forward), flat_vjp, flat_jvp if pair.jvp else None)


def _aligned(gradient: Any, value: Any) -> list[Any]:
    """A gradient's leaves in the order of the argument's."""
    if gradient is None:
        return [None] * len(Nest(value).leaves)
    if isinstance(value, Mapping):
        held = list(gradient) if isinstance(gradient, Mapping) else []
        if set(held) != set(value):
            what = f"the keys {held}" if held else type(gradient).__name__
            raise ValueError(f"vjp gave {what} for an argument with the keys {list(value)}: give "
                             "the same nest, with a gradient or None in each place")  # fmt: skip
        return [leaf for key in value for leaf in _aligned(gradient[key], value[key])]
    return Nest(gradient).leaves
