"""Arguments at the special places of the function under test."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import numpy as np

from reference.adapters import Adapter, adapter, recognised
from reference.adapters.trees import flatten_arguments
from reference.checking.truth import trace_function
from reference.definitions import MissingDefinition, names
from reference.definitions import definition as find
from reference.points import special_arguments
from reference.tensor import apply

__all__ = ["mathematics", "special_inputs"]

_LIMIT = 12


def special_inputs(
    f: Callable[..., Any],
    arrays: tuple[Any, ...],
    *,
    definition: Callable[..., Any] | str | None = None,
    engine: str | Adapter | None = None,
    seed: int = 0,
    limit: int = _LIMIT,
) -> list[tuple[str, tuple[Any, ...]]]:
    """(what is special, arguments) near the given ones; the parameters are those of `check`.

    None are found for nested and for complex arguments.

    >>> from reference.adapters import Pair
    >>> f = Pair(lambda x: np.maximum(x, 1), lambda g, x: g * (x > 1))
    >>> found = special_inputs(f, (np.array([0.5, 2.0]),))
    >>> any(1.0 in arguments[0] for _, arguments in found)
    True
    """
    own = engine if isinstance(engine, Adapter) else None
    own = own or (recognised(f, arrays) if engine is None else adapter(str(engine)))
    seen = flatten_arguments(own, f, arrays)
    used, given = seen.adapter, seen.arrays
    if len(given) != len(arrays) or any(own.recognises(a) and own.is_complex(a) for a in given):
        return []
    floats = [number for number, value in enumerate(given) if used.is_float(value)]
    wrt = [number for number in floats if used.asks(given[number])] or floats

    def run(tensors: list[Any]) -> Any:
        if definition is None:
            return used.trace(seen.function, tensors, given)
        return used.explain(seen.flat(mathematics(definition)), tensors, given)

    outputs, inputs, contents, dtypes = trace_function(run, given, used, wrt, seen.names)
    rng = np.random.default_rng([seed, 1 << 21])
    result = []
    for neighbour in special_arguments(outputs, inputs, contents, dtypes, rng, limit):
        moved = list(given)
        for number, content in zip(wrt, neighbour.arrays, strict=True):
            moved[number] = used.adopt(content, given[number])
        result.append((f"{neighbour.kind}: {neighbour.why}", tuple(moved)))
    return result


def mathematics(definition: Callable[..., Any] | str) -> Callable[..., Any]:
    """The function of a definition given as one, or by name.

    Raises TypeError for anything else, MissingDefinition for a name that is not known; its
    function TypeError where it is not one of so many arguments.
    """
    if isinstance(definition, str):
        name = definition
        _look_for(name)
        return lambda *tensors: apply(name, *tensors)
    if not callable(definition):
        raise TypeError(
            f"definition={definition!r}: give a function of the same arguments as f, or the name "
            "of a definition"
        )
    try:
        signature = inspect.signature(definition)
    except (TypeError, ValueError):  # functions in C may not tell
        return definition

    def described(*tensors: Any) -> Any:
        try:
            signature.bind(*tensors)
        except TypeError:
            shown = str(getattr(definition, "__name__", type(definition).__name__))
            raise TypeError(
                f"the definition {shown}{signature} is called with the {len(tensors)} arguments "
                "of f, and does not take them: give it the same parameters"
            ) from None
        return definition(*tensors)

    return described


def _look_for(name: str) -> None:
    try:
        find(name)
    except MissingDefinition as error:
        near = get_close_matches(name, names(), n=1)
        if not near:
            raise
        raise MissingDefinition(
            f"definition={name!r}: did you mean {near[0]!r}? {error}"
        ) from None
