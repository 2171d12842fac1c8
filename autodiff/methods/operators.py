"""Operators of `Tensor`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.functions import contraction, indexing, logic, pointwise
from autodiff.functions.arguments import is_tensor_like
from autodiff.inplace import write
from autodiff.methods.assignment import assign
from autodiff.ops import pointwise as ops
from autodiff.ops.contraction import MM
from autodiff.primitive import binary
from autodiff.state import TensorState
from autodiff.straight import straight_binary

__all__ = ["Operators"]

_OPERANDS = (TensorState, int, float, complex, np.generic)


def _fits(other: Any) -> bool:
    return isinstance(other, _OPERANDS) or is_tensor_like(other)


class Operators(TensorState):
    """`+`, `-`, `*`, `/`, `**`, `@`, comparisons, indexing, and their in-place forms."""

    __slots__ = ()
    __array_priority__ = 1000
    __hash__ = object.__hash__

    __add__: Any = ops.ADD.straight

    __radd__: Any = ops.ADD.straight

    __sub__: Any = straight_binary(ops.SUB, pointwise.sub)

    def __rsub__(self, other: Any) -> Any:
        return pointwise.rsub(self, other) if _fits(other) else NotImplemented

    __mul__: Any = ops.MUL.straight

    __rmul__: Any = ops.MUL.straight

    __truediv__: Any = ops.DIV.straight

    def __rtruediv__(self, other: Any) -> Any:
        if not _fits(other):
            return NotImplemented
        return binary(ops.MUL, pointwise.reciprocal(self), other)

    def __floordiv__(self, other: Any) -> Any:
        return pointwise.floor_divide(self, other) if _fits(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Any:
        return pointwise.floor_divide(other, self) if _fits(other) else NotImplemented

    def __mod__(self, other: Any) -> Any:
        return pointwise.remainder(self, other) if _fits(other) else NotImplemented

    def __rmod__(self, other: Any) -> Any:
        return pointwise.remainder(other, self) if _fits(other) else NotImplemented

    def __pow__(self, other: Any) -> Any:
        return pointwise.pow(self, other) if _fits(other) else NotImplemented

    def __rpow__(self, other: Any) -> Any:
        return pointwise.pow(other, self) if _fits(other) else NotImplemented

    def __matmul__(self, other: Any) -> Any:
        if contraction.fits(self, other):
            return MM.straight(self, other)
        return contraction.matmul(self, other) if is_tensor_like(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return contraction.matmul(other, self) if is_tensor_like(other) else NotImplemented

    def __neg__(self) -> Any:
        return pointwise.neg(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return pointwise.abs(self)

    def __invert__(self) -> Any:
        return logic.bitwise_not(self)

    def __and__(self, other: Any) -> Any:
        return logic.bitwise_and(self, other) if _fits(other) else NotImplemented

    def __rand__(self, other: Any) -> Any:
        return logic.bitwise_and(self, other) if _fits(other) else NotImplemented

    def __or__(self, other: Any) -> Any:
        return logic.bitwise_or(self, other) if _fits(other) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return logic.bitwise_or(self, other) if _fits(other) else NotImplemented

    def __xor__(self, other: Any) -> Any:
        return logic.bitwise_xor(self, other) if _fits(other) else NotImplemented

    def __rxor__(self, other: Any) -> Any:
        return logic.bitwise_xor(self, other) if _fits(other) else NotImplemented

    def __eq__(self, other: Any) -> Any:
        return ops.EQ(self, other) if _fits(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return ops.NE(self, other) if _fits(other) else NotImplemented

    def __lt__(self, other: Any) -> Any:
        return pointwise.ordered(ops.LT, self, other) if _fits(other) else NotImplemented

    def __le__(self, other: Any) -> Any:
        return pointwise.ordered(ops.LE, self, other) if _fits(other) else NotImplemented

    def __gt__(self, other: Any) -> Any:
        return pointwise.ordered(ops.GT, self, other) if _fits(other) else NotImplemented

    def __ge__(self, other: Any) -> Any:
        return pointwise.ordered(ops.GE, self, other) if _fits(other) else NotImplemented

    def __iadd__(self, other: Any) -> Any:  # type: ignore[misc]
        return write(ops.ADD, self, other) if _fits(other) else NotImplemented

    def __isub__(self, other: Any) -> Any:  # type: ignore[misc]
        return self.sub_(other) if _fits(other) else NotImplemented  # type: ignore[attr-defined]

    def __imul__(self, other: Any) -> Any:  # type: ignore[misc]
        return write(ops.MUL, self, other) if _fits(other) else NotImplemented

    def __itruediv__(self, other: Any) -> Any:  # type: ignore[misc]
        return write(ops.DIV, self, other) if _fits(other) else NotImplemented

    def __ipow__(self, other: Any) -> Any:
        return self.pow_(other) if _fits(other) else NotImplemented  # type: ignore[attr-defined]

    def __imod__(self, other: Any) -> Any:
        return write(ops.REMAINDER, self, other) if _fits(other) else NotImplemented

    def __iand__(self, other: Any) -> Any:
        return write(ops.BITWISE_AND, self, other) if _fits(other) else NotImplemented

    def __ior__(self, other: Any) -> Any:
        return write(ops.BITWISE_OR, self, other) if _fits(other) else NotImplemented

    def __ixor__(self, other: Any) -> Any:
        return write(ops.BITWISE_XOR, self, other) if _fits(other) else NotImplemented

    def __getitem__(self, index: Any) -> Any:
        return indexing.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        assign(self, index, value)
