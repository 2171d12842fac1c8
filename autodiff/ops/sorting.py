"""Rows that order elements: the values are a permutation, the indices have no derivative."""

from __future__ import annotations

from typing import Any

from autodiff.kernels.ordering import leading, median_place, order, place_of
from autodiff.kernels.scatter import take_along
from autodiff.ops.indexing import GATHER_PUT
from autodiff.primitive import primitive

__all__ = ["ARGKTH", "ARGMEDIAN", "ARGSORT", "SORT", "SORT_STABLE", "TOPK"]


def _sort_kernel(xp: Any, x: Any, dim: int, descending: bool) -> Any:
    if not x.ndim:
        return xp.asarray(x, copy=True), xp.asarray(0)
    index = order(xp, x, dim, descending)
    return take_along(xp, x, index, dim), index


def _permutation_rule(g: Any, x_shape: Any, indices: Any, dim: int) -> Any:
    if not len(x_shape):
        return g
    index = indices._data if hasattr(indices, "_data") else indices
    return GATHER_PUT(g, shape=tuple(x_shape), index=index, dim=dim)


SORT = primitive(
    "sort",
    "SortBackward0",
    _sort_kernel,
    (_permutation_rule,),
    outputs=("values", "indices"),
)
SORT_STABLE = SORT.variant("SortBackward1")
ARGSORT = primitive(
    "argsort", "", lambda xp, x, dim, descending: _sort_kernel(xp, x, dim, descending)[1]
)


def _topk_kernel(xp: Any, x: Any, k: int, dim: int, largest: bool) -> Any:
    if not x.ndim:
        return +x, xp.asarray(0)
    index = leading(xp, x, k, dim, largest)
    return take_along(xp, x, index, dim), index


TOPK = primitive(
    "topk",
    "TopkBackward0",
    _topk_kernel,
    (_permutation_rule,),
    outputs=("values", "indices"),
)
# where the k-th smallest element is, and the middle one; their dimension is kept
ARGKTH = primitive("argkth", "", lambda xp, x, k, dim: place_of(xp, x, k, dim), inputs=("x",))
ARGMEDIAN = primitive(
    "argmedian",
    "",
    lambda xp, x, dim, ignoring: median_place(xp, x, dim, ignoring),
    inputs=("x",),
)
