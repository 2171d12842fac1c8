"""Rows that order elements: the values are a permutation, the indices have no derivative."""

from __future__ import annotations

from typing import Any

from autodiff.kernels.scatter import take_along
from autodiff.ops.indexing import GATHER_PUT
from autodiff.primitive import primitive

__all__ = ["ARGSORT", "SORT", "SORT_STABLE", "TOPK"]


def _order(xp: Any, x: Any, dim: int, descending: bool) -> Any:
    if descending:
        # stable for equal elements: order the reversed array upwards, then count from behind
        size = x.shape[dim]
        backwards = xp.argsort(xp.flip(x, axis=dim), axis=dim, stable=True)
        return xp.flip(size - 1 - backwards, axis=dim)
    return xp.argsort(x, axis=dim, stable=True)


def _sort_kernel(xp: Any, x: Any, dim: int, descending: bool) -> Any:
    if not x.ndim:
        return xp.asarray(x, copy=True), xp.asarray(0)
    index = _order(xp, x, dim, descending)
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
    index = _order(xp, x, dim, largest)[(*(slice(None),) * dim, slice(0, k))]
    return take_along(xp, x, index, dim), index


TOPK = primitive(
    "topk",
    "TopkBackward0",
    _topk_kernel,
    (_permutation_rule,),
    outputs=("values", "indices"),
)
