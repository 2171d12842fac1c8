"""Methods of `Tensor` that contract: products of matrices and vectors."""

from __future__ import annotations

from typing import Any

from autodiff.functions import contraction
from autodiff.functions.arguments import is_tensor_like
from autodiff.ops.contraction import MM
from autodiff.state import TensorState

__all__ = ["Contraction"]


class Contraction(TensorState):
    """Methods of `Tensor` that contract: products of matrices and vectors."""

    __slots__ = ()

    mm = contraction.mm
    mv = contraction.mv
    dot = contraction.dot
    bmm = contraction.bmm
    matmul = contraction.matmul
    outer = contraction.outer
    addmm = contraction.addmm

    def __matmul__(self, other: Any) -> Any:
        if contraction.fits(self, other):
            return MM.straight(self, other)
        return contraction.matmul(self, other) if is_tensor_like(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return contraction.matmul(other, self) if is_tensor_like(other) else NotImplemented
