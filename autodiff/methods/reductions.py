"""Methods of `Tensor` that reduce, order, normalise and contract."""

from __future__ import annotations

from typing import Any

from autodiff.functions import contraction, losses, reductions, sorting
from autodiff.state import TensorState

__all__ = ["Reductions"]


class Reductions(TensorState):
    """Methods of `Tensor` that reduce, order, normalise and contract."""

    __slots__ = ()

    def sum(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        return reductions.sum(self, dim, keepdim, dtype=dtype)

    def mean(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        return reductions.mean(self, dim, keepdim, dtype=dtype)

    def prod(self, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
        return reductions.prod(self, dim, keepdim, dtype=dtype)

    def amax(self, dim: Any = (), keepdim: bool = False) -> Any:
        return reductions.amax(self, dim, keepdim)

    def amin(self, dim: Any = (), keepdim: bool = False) -> Any:
        return reductions.amin(self, dim, keepdim)

    def max(self, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
        return reductions.max(self, dim, keepdim, other=other)

    def min(self, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
        return reductions.min(self, dim, keepdim, other=other)

    def argmax(self, dim: Any = None, keepdim: bool = False) -> Any:
        return reductions.argmax(self, dim, keepdim)

    def argmin(self, dim: Any = None, keepdim: bool = False) -> Any:
        return reductions.argmin(self, dim, keepdim)

    def all(self, dim: Any = None, keepdim: bool = False) -> Any:
        return reductions.all(self, dim, keepdim)

    def any(self, dim: Any = None, keepdim: bool = False) -> Any:
        return reductions.any(self, dim, keepdim)

    def count_nonzero(self, dim: Any = None) -> Any:
        return reductions.count_nonzero(self, dim)

    def var(
        self,
        dim: Any = None,
        unbiased: Any = None,
        keepdim: bool = False,
        *,
        correction: Any = None,
    ) -> Any:
        return reductions.var(self, dim, unbiased, keepdim, correction=correction)

    def std(
        self,
        dim: Any = None,
        unbiased: Any = None,
        keepdim: bool = False,
        *,
        correction: Any = None,
    ) -> Any:
        return reductions.std(self, dim, unbiased, keepdim, correction=correction)

    def logsumexp(self, dim: Any, keepdim: bool = False) -> Any:
        return reductions.logsumexp(self, dim, keepdim)

    def norm(self, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
        return reductions.norm(self, p, dim, keepdim, dtype)

    def cumsum(self, dim: int, *, dtype: Any = None) -> Any:
        return reductions.cumsum(self, dim, dtype=dtype)

    def sort(self, dim: int = -1, descending: bool = False, stable: bool | None = None) -> Any:
        return sorting.sort(self, dim, descending, stable)

    def argsort(self, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
        return sorting.argsort(self, dim, descending, stable)

    def topk(self, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
        return sorting.topk(self, k, dim, largest, sorted)

    def softmax(self, dim: int, dtype: Any = None) -> Any:
        return losses.softmax(self, dim, dtype)

    def log_softmax(self, dim: int, dtype: Any = None) -> Any:
        return losses.log_softmax(self, dim, dtype)

    def mm(self, mat2: Any) -> Any:
        return contraction.mm(self, mat2)

    def mv(self, vec: Any) -> Any:
        return contraction.mv(self, vec)

    def dot(self, tensor: Any) -> Any:
        return contraction.dot(self, tensor)

    def bmm(self, mat2: Any) -> Any:
        return contraction.bmm(self, mat2)

    def matmul(self, other: Any) -> Any:
        return contraction.matmul(self, other)

    def outer(self, vec2: Any) -> Any:
        return contraction.outer(self, vec2)

    def addmm(self, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
        return contraction.addmm(self, mat1, mat2, beta=beta, alpha=alpha)
