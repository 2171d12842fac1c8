"""Arithmetic operators of `Tensor`, and comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.functions import pointwise
from autodiff.functions.arguments import is_tensor_like
from autodiff.ops import pointwise as ops
from autodiff.primitive import binary
from autodiff.state import TensorState
from autodiff.straight import straight_binary

__all__ = ["Operators", "is_operand"]

_OPERANDS = (TensorState, int, float, complex, np.generic)


def is_operand(other: Any) -> bool:
    """Whether a tensor can be combined with it: else Python asks the other side."""
    return isinstance(other, _OPERANDS) or is_tensor_like(other)


class Operators(TensorState):
    """`+`, `-`, `*`, `/`, `//`, `%`, `**`, and comparisons."""

    __slots__ = ()
    __hash__ = object.__hash__

    __add__: Any = ops.ADD.straight
    __radd__: Any = ops.ADD.straight
    __sub__: Any = straight_binary(ops.SUB, pointwise.sub)
    __mul__: Any = ops.MUL.straight
    __rmul__: Any = ops.MUL.straight
    __truediv__: Any = ops.DIV.straight
    __eq__: Any = pointwise.comparing(ops.EQ)
    __ne__: Any = pointwise.comparing(ops.NE)
    __lt__: Any = pointwise.comparing(ops.LT)
    __le__: Any = pointwise.comparing(ops.LE)
    __gt__: Any = pointwise.comparing(ops.GT)
    __ge__: Any = pointwise.comparing(ops.GE)
    __neg__ = pointwise.neg
    __abs__ = pointwise.abs

    def __rsub__(self, other: Any) -> Any:
        return pointwise.rsub(self, other) if is_operand(other) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        if not is_operand(other):
            return NotImplemented
        return binary(ops.MUL, pointwise.reciprocal(self), other)

    def __floordiv__(self, other: Any) -> Any:
        return pointwise.floor_divide(self, other) if is_operand(other) else NotImplemented

    def __rfloordiv__(self, other: Any) -> Any:
        return pointwise.floor_divide(other, self) if is_operand(other) else NotImplemented

    def __mod__(self, other: Any) -> Any:
        return pointwise.remainder(self, other) if is_operand(other) else NotImplemented

    def __rmod__(self, other: Any) -> Any:
        return pointwise.remainder(other, self) if is_operand(other) else NotImplemented

    def __pow__(self, other: Any) -> Any:
        return pointwise.pow(self, other) if is_operand(other) else NotImplemented

    def __rpow__(self, other: Any) -> Any:
        return pointwise.pow(other, self) if is_operand(other) else NotImplemented

    def __pos__(self) -> Any:
        return self
