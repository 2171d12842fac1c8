"""PyTorch's function on the oracle's tensors, by the first way that sees through it.

First by name: the function is called with the oracle's tensors, and PyTorch hands over what it is
asked to do with them (`__torch_function__`). Where that does not do - memory that is written
through views, PyTorch's own tensors that are filled, transformed functions, operations without a
definition - the function runs on PyTorch's tensors and is watched
(:mod:`reference.trace.torch_watch`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reference.definitions import MissingDefinition
from reference.dtypes import DType
from reference.modes import recording, set_grad_enabled
from reference.tensor import Tensor
from reference.trace.torch_names import CutOff
from reference.trace.torch_watch import run_watched, writes

__all__ = ["run_traced", "short"]


class _NotSeen(Exception):
    """Something that cannot be told by the names of functions alone."""


def run_traced(
    torch: Any, f: Callable[..., Any], tensors: Sequence[Any], arrays: Sequence[Any]
) -> Any:
    """What f gives on the oracle's tensors.

    torch: the module. tensors: the oracle's tensors, which stand for `arrays`, or the argument
    itself where it is none.

    Raises MissingDefinition for an operation that has none; else what f raised the first time,
    with what it raised the second time as its cause.
    """
    try:
        with recording(True), _guard(torch):
            return f(*tensors)
    except Exception as error:  # noqa: BLE001  # a user's function raises anything
        first = error
    try:
        return run_watched(torch, f, tensors, arrays)
    except Exception as second:
        if isinstance(first, MissingDefinition) or not isinstance(second, MissingDefinition):
            raise first from (None if isinstance(first, MissingDefinition) else second)
        raise


def short(error: BaseException) -> str:
    """An error in a line."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:120] if text else ''}"


def _guard(torch: Any) -> Any:
    """A mode under which names tell the whole truth, or `_NotSeen` is raised."""
    cut_off = CutOff(torch)

    class Guard(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            named = kwargs or {}
            if cut_off.noticed(function, args):
                function(*args, **named)
                set_grad_enabled(not cut_off.now())
                return None
            name = str(getattr(function, "__name__", ""))
            if name == "grad" or (writes(name, named) and _holds_mine([args, named])):
                raise _NotSeen(f"{name} of PyTorch's tensors and the oracle's")
            if isinstance(named.get("dtype"), DType):
                named = {**named, "dtype": getattr(torch, named["dtype"].name)}
            return function(*args, **named)

    return Guard()


def _holds_mine(values: Any) -> bool:
    if isinstance(values, dict):
        return any(_holds_mine(value) for value in values.values())
    if isinstance(values, (tuple, list)):
        return any(_holds_mine(value) for value in values)
    return isinstance(values, Tensor)
