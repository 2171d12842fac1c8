"""A point as a call that `check` can make: an engine's function and its mathematics.

Both are functions of the arrays of floats of the call alone; what else the call has (integers,
index arrays, names of reductions) is put back around them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from reference.adapters.adapter import Adapter, flattened
from reference.audit.engines import EngineUnderTest
from reference.floats import format_of
from reference.points import Point
from reference.tensor import apply, tensor

__all__ = ["Call", "call_of"]

# Running statistics and the like, which engines update and do not differentiate.
_CONSTANT = {"batch_norm": (1, 2), "instance_norm": (1, 2)}
# Functions of symmetric matrices: how a gradient is spread over the two triangles is a convention.
_SYMMETRIC = frozenset({"cholesky", "cholesky_ex", "eigh", "eigvalsh"})
# Functions of triangular matrices: which argument, that which says upper, and its default. What is
# in the other triangle is not read, and engines differ in whether its gradient is zero.
_TRIANGULAR = {
    "cholesky_solve": (1, 2, False),
    "cholesky_inverse": (0, 1, False),
    "triangular_solve": (1, 2, True),
}
# Functions of logarithms of probabilities that sum to one: an engine may give the gradient within
# these alone, as PyTorch does.
_PROBABILITIES = frozenset({"ctc_loss"})
# Functions whose default of `eps` depends on the dtype, which a definition does not know.
_OF_THE_FORMAT = frozenset({"rms_norm"})
# Factors whose signs are free: their squares are compared.
_SQUARED = {"eigh": (1,), "svd": (0, 2), "qr": (0, 1)}


@dataclass(frozen=True)
class Call:
    """f: of the engine's arrays. definition: of the oracle's tensors. arrays: the engine's."""

    f: Callable[..., Any]
    definition: Callable[..., Any]
    arrays: tuple[Any, ...]
    contents: tuple[np.ndarray, ...]


class _Slot:
    """The place of an array of floats in the arguments."""

    def __init__(self, number: int) -> None:
        self.number = number


def call_of(engine: EngineUnderTest, operation: str, point: Point, dtype: str) -> Call:
    """The call of an operation at a point, in a dtype."""
    contents: list[np.ndarray] = []
    constant = _CONSTANT.get(operation, ())

    def slotted(value: Any, differentiated: bool = True) -> Any:
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and differentiated:
            contents.append(value)
            return _Slot(len(contents) - 1)
        if isinstance(value, (tuple, list)):
            return type(value)(slotted(part, differentiated) for part in value)
        return value

    args = [slotted(value, place not in constant) for place, value in enumerate(point.args)]
    kwargs = {name: slotted(value, False) for name, value in point.kwargs.items()}
    if operation in _OF_THE_FORMAT and len(args) < 4:
        kwargs.setdefault("eps", 2.0 ** (1 - format_of(dtype).precision))
    function = engine.operations[operation]

    def theirs(*floats: Any) -> Any:
        def fill(value: Any) -> Any:
            return _filled(value, floats, lambda array: _constant(engine, array, dtype))

        named = {name: fill(value) for name, value in kwargs.items()}
        given = _symmetric(operation, [fill(value) for value in args])
        given = _within_domain(operation, given, named, lambda name: engine.operations[name])
        result = function(*given, **named)
        return _compared(operation, _float_parts(engine.adapter, result), engine.join)

    def ours(*floats: Any) -> Any:
        def fill(value: Any) -> Any:
            return _filled(value, floats, tensor)

        named = {name: fill(value) for name, value in kwargs.items()}
        given = _symmetric(operation, [fill(value) for value in args])
        given = _within_domain(operation, given, named, lambda name: partial(apply, name))
        result = apply(operation, *given, **named)
        parts = [part for part in flattened(result) if "float" in str(part.dtype)]
        return _compared(operation, parts, None if engine.join is None else _joined)

    theirs.__name__ = ours.__name__ = operation
    arrays = tuple(engine.array(content, dtype) for content in contents)
    return Call(theirs, ours, arrays, tuple(contents))


def _filled(value: Any, floats: Sequence[Any], convert: Callable[[np.ndarray], Any]) -> Any:
    if isinstance(value, _Slot):
        return floats[value.number]
    if isinstance(value, np.ndarray):
        return convert(value)
    if isinstance(value, (tuple, list)):
        return type(value)(_filled(part, floats, convert) for part in value)
    return value


def _constant(engine: EngineUnderTest, content: np.ndarray, dtype: str) -> Any:
    """An array that is not differentiated; floats in the dtype of the call."""
    if content.dtype.kind == "f":
        return engine.array(content, dtype)
    return engine.constant(content)


def _symmetric(operation: str, args: list[Any]) -> list[Any]:
    if operation in _SYMMETRIC:
        return [(args[0] + args[0].swapaxes(-1, -2)) / 2, *args[1:]]
    return args


def _within_domain(
    operation: str,
    args: list[Any],
    kwargs: dict[str, Any],
    function: Callable[[str], Callable[..., Any]],
) -> list[Any]:
    """The arguments with the triangle that is not read set to zero, with sums made one."""
    if operation in _PROBABILITIES:
        return [function("log_softmax")(args[0], -1), *args[1:]]
    if operation not in _TRIANGULAR:
        return args
    which, says, default = _TRIANGULAR[operation]
    upper = args[says] if len(args) > says else kwargs.get("upper", default)
    kept = function("triu" if upper else "tril")(args[which])
    return [*args[:which], kept, *args[which + 1 :]]


def _float_parts(adapter: Adapter, result: Any) -> list[Any]:
    """The arrays of floats of a result; a complex one as its two parts."""
    parts: list[Any] = []
    for part in flattened(result):
        if adapter.recognises(part) and "complex" in str(getattr(part, "dtype", "")):
            parts += [part.real, part.imag]
        elif adapter.recognises(part) and not adapter.is_float(part):
            continue  # indices, truths
        elif part is not None:
            parts.append(part)
    return parts


def _compared(operation: str, parts: list[Any], join: Callable[[list[Any]], Any] | None) -> Any:
    """What of several results is compared, in a form that does not depend on free signs.

    join: makes one array of several, for engines whose functions have one output.
    """
    squared = _SQUARED.get(operation, ())
    kept = [part * part if number in squared else part for number, part in enumerate(parts)]
    if len(kept) == 1:
        return kept[0]
    return tuple(kept) if join is None else join(kept)


def _joined(parts: list[Any]) -> Any:
    return apply("cat", [apply("reshape", part, (-1,)) for part in parts])
