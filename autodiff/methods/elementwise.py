"""Elementwise methods of `Tensor`."""

from __future__ import annotations

from typing import Any

from autodiff.functions import pointwise
from autodiff.state import TensorState

__all__ = ["Elementwise"]


class Elementwise(TensorState):
    """Elementwise methods of `Tensor`."""

    __slots__ = ()

    exp = pointwise.exp
    expm1 = pointwise.expm1
    log = pointwise.log
    log1p = pointwise.log1p
    sqrt = pointwise.sqrt
    rsqrt = pointwise.rsqrt
    square = pointwise.square
    reciprocal = pointwise.reciprocal
    sin = pointwise.sin
    cos = pointwise.cos
    tan = pointwise.tan
    sinh = pointwise.sinh
    cosh = pointwise.cosh
    tanh = pointwise.tanh
    sigmoid = pointwise.sigmoid
    erf = pointwise.erf
    relu = pointwise.relu
    floor = pointwise.floor
    round = pointwise.round
    neg = pointwise.neg
    abs = pointwise.abs
    sign = pointwise.sign
    sgn = pointwise.sgn
    isnan = pointwise.isnan
    isinf = pointwise.isinf
    isfinite = pointwise.isfinite
    logical_not = pointwise.logical_not
    absolute = pointwise.abs
    negative = pointwise.neg
    add = pointwise.add
    sub = pointwise.sub
    mul = pointwise.mul
    div = pointwise.div
    floor_divide = pointwise.floor_divide
    remainder = pointwise.remainder
    pow = pointwise.pow
    maximum = pointwise.maximum
    minimum = pointwise.minimum
    clamp = pointwise.clamp
    clip = pointwise.clamp

    def where(self, condition: Any, other: Any) -> Any:
        return pointwise.where(condition, self, other)

    logical_and = pointwise.logical_and
    eq = pointwise.eq
    ne = pointwise.ne
    lt = pointwise.lt
    le = pointwise.le
    gt = pointwise.gt
    ge = pointwise.ge
