"""In-place methods of `Tensor`: they write to its memory and return it."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.functions.arguments import axis, is_number, raw, require_tensor
from autodiff.functions.indexing import explained, index_arrays
from autodiff.functions.pointwise import refuse_bool
from autodiff.inplace import copy_into, fill, write, zero
from autodiff.ops import indexing as index_ops
from autodiff.ops import pointwise as ops
from autodiff.ops import reductions as reduction_ops
from autodiff.ops import shapes as shape_ops
from autodiff.state import TensorState

__all__ = ["InPlace"]


def _operand(method: str, other: Any) -> Any:
    return other if is_number(other) else require_tensor(method, other, "other", 1)


class InPlace(TensorState):
    """In-place methods of `Tensor`: they write to its memory and return it."""

    __slots__ = ()

    def add_(self, other: Any, *, alpha: Any = 1) -> Any:
        _operand("add_", other)
        return write(ops.ADD, self, other if alpha == 1 else other * alpha)

    def sub_(self, other: Any, *, alpha: Any = 1) -> Any:
        _operand("sub_", other)
        refuse_bool(self, other)
        return write(ops.SUB, self, other if alpha == 1 else other * alpha)

    def mul_(self, other: Any) -> Any:
        return write(ops.MUL, self, _operand("mul_", other))

    def div_(self, other: Any) -> Any:
        return write(ops.DIV, self, _operand("div_", other))

    def remainder_(self, other: Any) -> Any:
        return write(ops.REMAINDER, self, _operand("remainder_", other))

    def pow_(self, exponent: Any) -> Any:
        if isinstance(exponent, TensorState):
            return write(ops.POW_TENSORS, self, exponent)
        return write(ops.POW_NUMBER, self, exponent=exponent)

    def clamp_(self, min: Any = None, max: Any = None) -> Any:
        if isinstance(min, TensorState) or isinstance(max, TensorState):
            return write(ops.CLAMP_TENSORS, self, min, max)
        return write(ops.CLAMP_NUMBERS, self, min=min, max=max)

    def masked_fill_(self, mask: Any, value: Any) -> Any:
        return write(index_ops.MASKED_FILL, self, value, mask=np.array(raw(mask)))

    def index_put_(self, indices: Any, values: Any, accumulate: bool = False) -> Any:
        picked = index_arrays(indices, self._data.shape)
        try:
            return write(index_ops.INDEX_PUT, self, values, index=picked, accumulate=accumulate)
        except IndexError as error:
            raise explained(error, picked, self._data.shape) from None

    def fill_(self, value: Any) -> Any:
        return fill(self, value)

    def zero_(self) -> Any:
        return zero(self)

    def copy_(self, src: Any, non_blocking: bool = False) -> Any:
        return copy_into(self, _operand("copy_", src))

    def tril_(self, diagonal: int = 0) -> Any:
        return write(shape_ops.TRIL, self, diagonal=diagonal)

    def triu_(self, diagonal: int = 0) -> Any:
        return write(shape_ops.TRIU, self, diagonal=diagonal)

    def cumsum_(self, dim: int) -> Any:
        return write(reduction_ops.CUMSUM, self, dim=axis(dim, self._data.ndim))

    def exp_(self) -> Any:
        return write(ops.EXP, self)

    def expm1_(self) -> Any:
        return write(ops.EXPM1, self)

    def log_(self) -> Any:
        return write(ops.LOG, self)

    def log1p_(self) -> Any:
        return write(ops.LOG1P, self)

    def sqrt_(self) -> Any:
        return write(ops.SQRT, self)

    def rsqrt_(self) -> Any:
        return write(ops.RSQRT, self)

    def reciprocal_(self) -> Any:
        return write(ops.RECIPROCAL, self)

    def sin_(self) -> Any:
        return write(ops.SIN, self)

    def cos_(self) -> Any:
        return write(ops.COS, self)

    def tan_(self) -> Any:
        return write(ops.TAN, self)

    def sinh_(self) -> Any:
        return write(ops.SINH, self)

    def cosh_(self) -> Any:
        return write(ops.COSH, self)

    def tanh_(self) -> Any:
        return write(ops.TANH, self)

    def sigmoid_(self) -> Any:
        return write(ops.SIGMOID, self)

    def erf_(self) -> Any:
        return write(ops.ERF, self)

    def relu_(self) -> Any:
        return write(ops.RELU, self)

    def floor_(self) -> Any:
        return write(ops.FLOOR, self)

    def round_(self) -> Any:
        return write(ops.ROUND, self)

    def neg_(self) -> Any:
        return write(ops.NEG, self)

    def abs_(self) -> Any:
        return write(ops.ABS, self)

    def sign_(self) -> Any:
        return write(ops.SIGN, self)

    def square_(self) -> Any:
        return write(ops.POW_NUMBER, self, exponent=2)
