"""Elementwise methods of `Tensor`."""

from __future__ import annotations

from typing import Any

from autodiff.functions import pointwise
from autodiff.state import TensorState

__all__ = ["Elementwise"]


class Elementwise(TensorState):
    """Elementwise methods of `Tensor`."""

    __slots__ = ()

    def exp(self) -> Any:
        return pointwise.exp(self)

    def expm1(self) -> Any:
        return pointwise.expm1(self)

    def log(self) -> Any:
        return pointwise.log(self)

    def log1p(self) -> Any:
        return pointwise.log1p(self)

    def sqrt(self) -> Any:
        return pointwise.sqrt(self)

    def rsqrt(self) -> Any:
        return pointwise.rsqrt(self)

    def square(self) -> Any:
        return pointwise.square(self)

    def reciprocal(self) -> Any:
        return pointwise.reciprocal(self)

    def sin(self) -> Any:
        return pointwise.sin(self)

    def cos(self) -> Any:
        return pointwise.cos(self)

    def tan(self) -> Any:
        return pointwise.tan(self)

    def sinh(self) -> Any:
        return pointwise.sinh(self)

    def cosh(self) -> Any:
        return pointwise.cosh(self)

    def tanh(self) -> Any:
        return pointwise.tanh(self)

    def sigmoid(self) -> Any:
        return pointwise.sigmoid(self)

    def erf(self) -> Any:
        return pointwise.erf(self)

    def relu(self) -> Any:
        return pointwise.relu(self)

    def floor(self) -> Any:
        return pointwise.floor(self)

    def round(self, *, decimals: int = 0) -> Any:
        return pointwise.round(self, decimals=decimals)

    def neg(self) -> Any:
        return pointwise.neg(self)

    def abs(self) -> Any:
        return pointwise.abs(self)

    def sign(self) -> Any:
        return pointwise.sign(self)

    def sgn(self) -> Any:
        return pointwise.sgn(self)

    def isnan(self) -> Any:
        return pointwise.isnan(self)

    def isinf(self) -> Any:
        return pointwise.isinf(self)

    def isfinite(self) -> Any:
        return pointwise.isfinite(self)

    def logical_not(self) -> Any:
        return pointwise.logical_not(self)

    def absolute(self) -> Any:
        return pointwise.abs(self)

    def negative(self) -> Any:
        return pointwise.neg(self)

    def add(self, other: Any, *, alpha: Any = 1) -> Any:
        return pointwise.add(self, other, alpha=alpha)

    def sub(self, other: Any, *, alpha: Any = 1) -> Any:
        return pointwise.sub(self, other, alpha=alpha)

    def mul(self, other: Any) -> Any:
        return pointwise.mul(self, other)

    def div(self, other: Any, *, rounding_mode: str | None = None) -> Any:
        return pointwise.div(self, other, rounding_mode=rounding_mode)

    def floor_divide(self, other: Any) -> Any:
        return pointwise.floor_divide(self, other)

    def remainder(self, other: Any) -> Any:
        return pointwise.remainder(self, other)

    def pow(self, exponent: Any) -> Any:
        return pointwise.pow(self, exponent)

    def maximum(self, other: Any) -> Any:
        return pointwise.maximum(self, other)

    def minimum(self, other: Any) -> Any:
        return pointwise.minimum(self, other)

    def clamp(self, min: Any = None, max: Any = None) -> Any:
        return pointwise.clamp(self, min, max)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        return pointwise.clamp(self, min, max)

    def where(self, condition: Any, other: Any) -> Any:
        return pointwise.where(condition, self, other)

    def logical_and(self, other: Any) -> Any:
        return pointwise.logical_and(self, other)

    def eq(self, other: Any) -> Any:
        return pointwise.eq(self, other)

    def ne(self, other: Any) -> Any:
        return pointwise.ne(self, other)

    def lt(self, other: Any) -> Any:
        return pointwise.lt(self, other)

    def le(self, other: Any) -> Any:
        return pointwise.le(self, other)

    def gt(self, other: Any) -> Any:
        return pointwise.gt(self, other)

    def ge(self, other: Any) -> Any:
        return pointwise.ge(self, other)
