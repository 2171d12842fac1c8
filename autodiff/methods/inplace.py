"""In-place methods of `Tensor`: they write to its memory and return it."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import broadcast_mismatch, output_shape
from autodiff.functions import logic, pointwise
from autodiff.functions.arguments import is_number, raw, require_tensor
from autodiff.functions.complexes import imag, real
from autodiff.functions.indexing import masked_fill
from autodiff.functions.pointwise import checked_alpha, refuse_bool
from autodiff.functions.shapes import squeeze, t, transpose, unsqueeze
from autodiff.inplace import allowed, copy_into, fill, overwrite, write, zero
from autodiff.methods.operators import is_operand
from autodiff.methods.variants import in_place, viewed_in_place, written, written_test
from autodiff.ops import pointwise as ops
from autodiff.ops.writing import COMPARISONS
from autodiff.state import TensorState

__all__ = ["InPlace"]


def _operand(method: str, other: Any) -> Any:
    return other if is_number(other) else require_tensor(method, other, "other", 1)


class InPlace(TensorState):
    """In-place methods of `Tensor`: they write to its memory and return it.

    These are written out; all others are made from the functions by `variants.py`.
    """

    __slots__ = ()

    def add_(self, other: Any, *, alpha: Any = 1) -> Any:
        _operand("add_", other)
        if type(alpha) is int and alpha == 1:
            return write(ops.ADD, self, other)
        return write(ops.ADD_SCALED, self, other, alpha=checked_alpha(self, other, alpha))

    def sub_(self, other: Any, *, alpha: Any = 1) -> Any:
        _operand("sub_", other)
        try:
            refuse_bool(self, other)
        except RuntimeError:
            allowed((self, other))  # the reason that PyTorch gives first
            raise
        if type(alpha) is int and alpha == 1:
            return write(ops.SUB, self, other)
        return write(ops.SUB_SCALED, self, other, alpha=checked_alpha(self, other, alpha))

    def mul_(self, other: Any) -> Any:
        return write(ops.MUL, self, _operand("mul_", other))

    def div_(self, other: Any, *, rounding_mode: str | None = None) -> Any:
        _operand("div_", other)
        if rounding_mode is None:
            return write(ops.DIV, self, other)
        return self._divided_(other, rounding_mode=rounding_mode)

    def pow_(self, exponent: Any) -> Any:
        if isinstance(exponent, TensorState):
            return write(ops.POW_TENSORS, self, exponent)
        return self._raised_(exponent)

    def fill_(self, value: Any) -> Any:
        return fill(self, value)

    def zero_(self) -> Any:
        return zero(self)

    def copy_(self, src: Any, non_blocking: bool = False) -> Any:
        return copy_into(self, _operand("copy_", src))

    def fill_diagonal_(self, fill_value: Any, wrap: bool = False) -> Any:
        if self._data.ndim < 2:
            raise RuntimeError("dimensions must larger than 1")
        sizes = self._data.shape
        if len(sizes) > 2 and len(set(sizes)) > 1:
            raise RuntimeError("all dimensions of input must be of equal length")
        places = np.arange(min(sizes))
        index: Any = (places,) * len(sizes)
        if wrap and len(sizes) == 2 and sizes[0] > sizes[1]:
            rows = np.array([r for r in range(sizes[0]) if r % (sizes[1] + 1) < sizes[1]])
            index = (rows, rows % (sizes[1] + 1))
        if len(sizes) == 2 and not wrap:
            fill(self.diagonal(), fill_value)  # type: ignore[attr-defined]
        else:
            self[index] = raw(fill_value)  # type: ignore[index]
        return self

    def masked_fill_(self, mask: Any, value: Any) -> Any:
        if isinstance(mask, TensorState):
            allowed((self, mask, value))
            own, other = self._data.shape, mask._data.shape
            mismatch = broadcast_mismatch(own, other)
            if mismatch is not None:
                raise mismatch
            if np.broadcast_shapes(own, other) != own:
                raise output_shape(own, np.broadcast_shapes(own, other))
        return in_place(masked_fill, "masked_fill", self, mask, value)

    def logical_not_(self) -> Any:
        return overwrite(self, pointwise.logical_not(self)._data)

    def squeeze_(self, dim: Any = None) -> Any:
        return viewed_in_place("squeeze_", squeeze, self, dim)

    def unsqueeze_(self, dim: int) -> Any:
        return viewed_in_place("unsqueeze_", unsqueeze, self, dim)

    def transpose_(self, dim0: int, dim1: int) -> Any:
        return viewed_in_place("transpose_", transpose, self, dim0, dim1)

    def t_(self) -> Any:
        if self._data.ndim > 2:
            raise RuntimeError(
                f"t_() expects a tensor with <= 2 dimensions, but self is {self._data.ndim}D"
            )
        return viewed_in_place("t_", t, self)

    swapaxes_ = swapdims_ = transpose_
    _divided_ = written(pointwise.div, "div")
    _raised_ = written(pointwise.pow, "pow")

    def abs_(self) -> Any:
        """`abs`, written to the tensor's own memory; a complex tensor cannot hold it."""
        if self._data.dtype.kind == "c":
            allowed((self,))
            raise RuntimeError("In-place abs is not supported for complex tensors.")
        return in_place(pointwise.abs, "abs", self)

    absolute_ = abs_

    def __iadd__(self, other: Any) -> Any:
        return write(ops.ADD, self, other) if is_operand(other) else NotImplemented

    def __isub__(self, other: Any) -> Any:
        return self.sub_(other) if is_operand(other) else NotImplemented

    def __imul__(self, other: Any) -> Any:
        return write(ops.MUL, self, other) if is_operand(other) else NotImplemented

    def __itruediv__(self, other: Any) -> Any:
        return write(ops.DIV, self, other) if is_operand(other) else NotImplemented

    def __ipow__(self, other: Any) -> Any:
        return self.pow_(other) if is_operand(other) else NotImplemented

    def __imod__(self, other: Any) -> Any:
        return write(ops.REMAINDER, self, other) if is_operand(other) else NotImplemented


def _compared(name: str) -> Any:
    plain = getattr(ops, name.upper())

    def compare_(self: Any, other: Any) -> Any:
        _operand(f"{name}_", other)
        allowed((self, other))  # the reason that PyTorch gives first
        kinds = pointwise.kind_of(self), pointwise.kind_of(other)
        if name in ("eq", "ne") and "c" in kinds and kinds[0] != "c" and not is_number(other):
            other = pointwise.where(imag(other) == 0, real(other), np.nan)  # or equal to nothing
        if name not in ("eq", "ne") and "c" in kinds:
            pointwise.ordered(plain, self, other)
        return written_test(COMPARISONS[name][not is_number(other)], plain, self, other)

    return compare_


def _decided(name: str) -> Any:
    function = getattr(logic, name, None) or getattr(pointwise, name)

    def decide_(self: Any, other: Any) -> Any:
        require_tensor(f"{name}_", other, "other", 1)
        return overwrite(self, function(self, other)._data)  # PyTorch keeps the history, too

    return decide_


for _name, _other in zip(
    COMPARISONS,
    ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    strict=True,
):
    setattr(InPlace, f"{_name}_", _compared(_name))
    if _name != "eq":
        setattr(InPlace, f"{_other}_", getattr(InPlace, f"{_name}_"))
for _name in ("logical_and", "logical_or", "logical_xor"):
    setattr(InPlace, f"{_name}_", _decided(_name))
