"""Functions of truth values and bits, and PyTorch's second names for what there is."""

from __future__ import annotations

from typing import Any

from autodiff.functions.arguments import is_number, is_tensor_like, raw, require_tensor
from autodiff.functions.pointwise import clamp, ge, gt, le, lt, ne
from autodiff.ops import pointwise as ops
from autodiff.ops import writing
from autodiff.primitive import binary
from autodiff.promotion import result_type

__all__ = [
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "clamp_max",
    "clamp_min",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "logical_or",
    "logical_xor",
    "not_equal",
]


def _whole(function: str, *values: Any) -> None:
    for value in values:
        kind = getattr(getattr(raw(value), "dtype", None), "kind", None)
        if kind in ("f", "c", "V") or isinstance(value, float | complex):
            title = result_type(values[0], values[-1]).title
            raise NotImplementedError(f"\"{function}_cpu\" not implemented for '{title}'")


def _two(function: str, input: Any, other: Any) -> None:
    if not is_number(input):
        require_tensor(function, input)
    if not is_number(other):
        require_tensor(function, other, "other", 2)
    if not is_tensor_like(input) and not is_tensor_like(other):
        require_tensor(function, input)


def bitwise_and(input: Any, other: Any) -> Any:
    """The bits that both have; of bools, logical and.

    >>> import autodiff
    >>> autodiff.bitwise_and(autodiff.tensor([6, 3]), 2)
    tensor([2, 2])
    """
    _two("bitwise_and", input, other)
    _whole("bitwise_and", input, other)
    return ops.BITWISE_AND(input, other)


def bitwise_or(input: Any, other: Any) -> Any:
    """The bits that either has; of bools, logical or."""
    _two("bitwise_or", input, other)
    _whole("bitwise_or", input, other)
    return ops.BITWISE_OR(input, other)


def bitwise_xor(input: Any, other: Any) -> Any:
    """The bits in which they differ; of bools, whether they differ."""
    _two("bitwise_xor", input, other)
    _whole("bitwise_xor", input, other)
    return ops.BITWISE_XOR(input, other)


def bitwise_not(input: Any) -> Any:
    """Every bit turned over; of bools, logical not."""
    _whole("bitwise_not", require_tensor("bitwise_not", input))
    return ops.BITWISE_NOT(input)


def logical_or(input: Any, other: Any) -> Any:
    """True where an element of either is not zero."""
    require_tensor("logical_or", input)
    return binary(ops.LOGICAL_OR, input, require_tensor("logical_or", other, "other", 2))


def logical_xor(input: Any, other: Any) -> Any:
    """True where an element of exactly one is not zero."""
    require_tensor("logical_xor", input)
    require_tensor("logical_xor", other, "other", 2)
    return ne(ne(input, 0), ne(other, 0))


def clamp_min(input: Any, min: Any) -> Any:
    """The nearest number that is at least `min`."""
    if raw(require_tensor("clamp_min", input)).dtype.kind not in "fV":
        return clamp(input, min=min)
    if is_tensor_like(min):
        return writing.CLAMP_MIN_TENSOR.straight(input, min, None)
    return writing.CLAMP_MIN.straight(input, min=min, max=None)


def clamp_max(input: Any, max: Any) -> Any:
    """The nearest number that is at most `max`."""
    if raw(require_tensor("clamp_max", input)).dtype.kind not in "fV":
        return clamp(input, max=max)
    if is_tensor_like(max):
        return writing.CLAMP_MAX_TENSOR.straight(input, None, max)
    return writing.CLAMP_MAX.straight(input, min=None, max=max)


greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
