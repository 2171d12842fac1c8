"""Operators of `Tensor` on bits: `~`, `&`, `|`, `^`, `<<`, `>>`, and their in-place forms."""

from __future__ import annotations

from typing import Any

from autodiff.functions import logic, whole_numbers
from autodiff.inplace import write
from autodiff.methods.operators import is_operand
from autodiff.ops import pointwise as ops
from autodiff.state import TensorState

__all__ = ["Bits"]


class Bits(TensorState):
    """`~`, `&`, `|`, `^`, `<<`, `>>`, and their in-place forms."""

    __slots__ = ()
    copy_: Any

    __invert__ = logic.bitwise_not
    __lshift__ = whole_numbers.bitwise_left_shift
    __rshift__ = whole_numbers.bitwise_right_shift

    def __and__(self, other: Any) -> Any:
        return logic.bitwise_and(self, other) if is_operand(other) else NotImplemented

    def __rand__(self, other: Any) -> Any:
        return logic.bitwise_and(self, other) if is_operand(other) else NotImplemented

    def __or__(self, other: Any) -> Any:
        return logic.bitwise_or(self, other) if is_operand(other) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return logic.bitwise_or(self, other) if is_operand(other) else NotImplemented

    def __xor__(self, other: Any) -> Any:
        return logic.bitwise_xor(self, other) if is_operand(other) else NotImplemented

    def __rxor__(self, other: Any) -> Any:
        return logic.bitwise_xor(self, other) if is_operand(other) else NotImplemented

    def __iand__(self, other: Any) -> Any:
        return write(ops.BITWISE_AND, self, other) if is_operand(other) else NotImplemented

    def __ior__(self, other: Any) -> Any:
        return write(ops.BITWISE_OR, self, other) if is_operand(other) else NotImplemented

    def __ixor__(self, other: Any) -> Any:
        return write(ops.BITWISE_XOR, self, other) if is_operand(other) else NotImplemented

    def __rlshift__(self, other: Any) -> Any:
        return whole_numbers.bitwise_left_shift(other, self)

    def __rrshift__(self, other: Any) -> Any:
        return whole_numbers.bitwise_right_shift(other, self)

    def __ilshift__(self, other: Any) -> Any:  # type: ignore[misc]
        return self.copy_(whole_numbers.bitwise_left_shift(self, other))

    def __irshift__(self, other: Any) -> Any:  # type: ignore[misc]
        return self.copy_(whole_numbers.bitwise_right_shift(self, other))
