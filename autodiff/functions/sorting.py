"""Functions that order elements."""

from __future__ import annotations

from typing import Any

from autodiff.functions.arguments import axis, real_only, require_tensor
from autodiff.named import return_type
from autodiff.ops import sorting as ops
from autodiff.state import TensorState

__all__ = ["argsort", "sort", "topk"]

_SortResult = return_type("sort", "values", "indices")
_TopkResult = return_type("topk", "values", "indices")


def _refuse_complex(input: Any) -> None:
    if isinstance(input, TensorState) and input._data.dtype.kind == "c":
        raise RuntimeError(" Sort does not support complex dtypes on CPU")


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool | None = None) -> Any:
    """A named pair (values, indices), ordered along `dim`; always stable."""
    where = axis(dim, require_tensor("sort", input).ndim)
    _refuse_complex(input)
    row = ops.SORT if stable is None else ops.SORT_STABLE
    return _SortResult(row(input, dim=where, descending=descending))


def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that order the tensor along `dim`."""
    where = axis(dim, require_tensor("argsort", input).ndim)
    _refuse_complex(input)
    return ops.ARGSORT(input, dim=where, descending=descending)


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """A named pair (values, indices) of the k largest (or smallest) along `dim`, in order."""
    where = axis(dim, require_tensor("topk", input).ndim)
    if input.ndim and not 0 <= k <= input.shape[where]:
        raise RuntimeError("selected index k out of range")
    real_only(input, " topk does not support complex dtypes on CPU")
    return _TopkResult(ops.TOPK(input, k=k, dim=where, largest=largest))
