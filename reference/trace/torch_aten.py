"""ATen's parameters as the definitions have them.

ATen has the arguments of many functions in another order than PyTorch's Python functions, and
numbers for what those name (`reduction=1` is "mean"). A recorded call knows its schema, so its
arguments are given by name wherever the definition has all of the names.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from reference.definitions import MissingDefinition, definition

__all__ = ["bound"]

_REDUCTIONS = ("none", "mean", "sum")
# choices of an implementation, and no part of what is computed
_NOT_MEANT = frozenset({
    "cudnn_enable", "cudnn_enabled", "benchmark", "deterministic", "allow_tf32", "generator",
})  # fmt: skip
# ATen's names of parameters, where the definitions' differ
_OF_ATEN: dict[str, dict[str, str]] = {
    "embedding": {"indices": "input"},
    "embedding_bag": {"indices": "input"},
    "dropout": {"train": "training"},
    "feature_dropout": {"train": "training"},
    "alpha_dropout": {"train": "training"},
    "feature_alpha_dropout": {"train": "training"},
}
_BAGS = ("sum", "mean", "max")


def bound(
    target: Any, name: str, args: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[Sequence[Any], dict[str, Any]]:
    """The arguments of a recorded call for the definition `name`.

    By name where the definition has every parameter that was given, else as they came.
    """
    schema = getattr(target, "_schema", None)
    own = _parameters(name)
    if schema is None or own is None:
        return args, kwargs
    renamed = _OF_ATEN.get(name, {})
    named: dict[str, Any] = {}
    for parameter, value in zip(schema.arguments, args, strict=False):
        named[str(parameter.name)] = value
    named |= kwargs
    result: dict[str, Any] = {}
    for key, value in named.items():
        if key in _NOT_MEANT:
            continue
        place = renamed.get(key, key)
        if place == "self" and place not in own:
            place = "input" if "input" in own else own[0]
        if place not in own or place in result:
            return args, kwargs
        result[place] = _as_word(name, place, value)
    return (), result


def _parameters(name: str) -> list[str] | None:
    """The names of the definition's parameters; None where it takes any number of arrays."""
    try:
        function: Callable[..., Any] = definition(name).function
    except MissingDefinition:
        return None
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY) for p in parameters):
        return None
    return [parameter.name for parameter in parameters]


def _as_word(name: str, parameter: str, value: Any) -> Any:
    """PyTorch's word for a choice that ATen numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        if parameter == "reduction":
            return _REDUCTIONS[value]
        if parameter == "mode" and name == "embedding_bag":
            return _BAGS[value]
    return value
