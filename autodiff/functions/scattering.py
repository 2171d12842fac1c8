"""Functions that combine values at the same place: sums, means, products, extremes.

They are made of rows that are there: what comes to one place is gathered in a row of a table,
each row is reduced, and the results are written back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import BatchedData
from autodiff.functions.arguments import axis, raw, require_tensor
from autodiff.functions.pointwise import div
from autodiff.functions.reductions import amax, amin, prod
from autodiff.functions.shapes import cat
from autodiff.functions.writing import scatter_places
from autodiff.inplace import allowed, check_overlap, write
from autodiff.operation import wrap
from autodiff.ops import indexing as index_rows
from autodiff.ops import writing as ops
from autodiff.state import TensorState

__all__ = ["index_reduce", "index_reduce_", "scatter_reduce", "scatter_reduce_"]

_WAYS = ("sum", "prod", "mean", "amax", "amin")


def _fill(dtype: np.dtype[Any], way: str) -> Any:
    """What changes nothing: one, or the least or largest number."""
    if way == "prod":
        return np.ones((1,), dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return np.full((1,), limits.min if way == "amax" else limits.max, dtype)
    if dtype.kind == "b":
        return np.full((1,), way == "amin", dtype)
    return np.full((1,), -np.inf if way == "amax" else np.inf).astype(dtype)


def _extreme(joined: Any, table: Any, way: str) -> Any:
    rows = index_rows.INDEX.straight(joined, index=table)
    if way == "prod":
        return prod(rows, 1).to(joined.dtype)
    return (amax if way == "amax" else amin)(rows, 1)


def _together(input: Any, positions: Any, values: Any, way: str, own: bool) -> tuple[Any, Any]:
    """What is to be written, and where: flat positions that something comes to.

    positions: where each element of `values` comes to in `input`, flattened.
    """
    shape = tuple(int(n) for n in input.shape)
    flat = positions.reshape(-1)
    places, groups, counts = np.unique(flat, return_inverse=True, return_counts=True)
    index = np.unravel_index(places, shape) if shape else (Ellipsis,)
    given = values.reshape(-1)
    if not places.size:
        return given, index
    held = index_rows.INDEX.straight(input, index=index) if shape else input.reshape(1)
    if way in ("sum", "mean"):
        start = held if own else wrap(np.zeros(held.shape, raw(held).dtype))
        total = ops.INDEX_ADD.straight(start, given, index=(groups.reshape(-1),), accumulate=True)
        if way == "mean":
            total = _divided(total, counts + own)
        return total if shape else total.reshape(()), index
    order = np.argsort(groups.reshape(-1), kind="stable")
    starts = np.cumsum(counts) - counts
    rank = np.arange(flat.size) - np.repeat(starts, counts)
    lead = places.size if own else 0
    table = np.full((places.size, int(counts.max()) + own), lead + flat.size)  # the filling
    table[np.repeat(np.arange(places.size), counts), rank + own] = order + lead
    if own:
        table[:, 0] = np.arange(places.size)
    filling = wrap(_fill(raw(input).dtype, way))
    joined = cat([held, given, filling] if own else [given, filling])
    result = _extreme(joined, table, way)
    return result if shape else result.reshape(()), index


def _divided(total: Any, counts: Any) -> Any:
    if total.dtype.is_floating_point or total.dtype.is_complex:
        return div(total, wrap(counts.astype(raw(total).dtype)))
    return div(total, wrap(counts), rounding_mode="floor").to(total.dtype)


def _scattered(
    input: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool
) -> tuple[Any, Any]:
    """What `scatter_reduce` writes, and where."""
    if not isinstance(src, TensorState):
        require_tensor("scatter_reduce", src, "src", 4)
    if reduce not in _WAYS:
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    picked, used = scatter_places(input, dim, index, src)
    kind = raw(input).dtype.kind
    if (kind == "c" and reduce in ("amax", "amin")) or (kind == "b" and reduce == "mean"):
        raise NotImplementedError(
            f'"scatter_gather_tensor_cpu_reduce_{reduce}" not implemented for '
            f"'{input.dtype.title}'"
        )
    shape = tuple(int(n) for n in input.shape)
    numbers = np.arange(max(int(np.prod(shape)), 0)).reshape(shape)
    places = numbers[picked] if shape else numbers
    positions = np.broadcast_to(places, tuple(used.shape))
    return _together(input, positions, used, reduce, bool(include_self))


def scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """A copy in which what comes to one place, as in `scatter`, is combined there.

    reduce: "sum", "prod", "mean", "amax" or "amin". include_self: whether the element that stands
    there counts, too. The gradient of an extreme is shared evenly among equals.
    Raises RuntimeError for other ways, wrong shapes, dtypes and indices.

    >>> import autodiff
    >>> x, index = autodiff.tensor([1., 2.]), autodiff.tensor([0, 0, 1])
    >>> scatter_reduce(x, 0, index, autodiff.tensor([3., 4., 5.]), "prod")
    tensor([12., 10.])
    """
    require_tensor("scatter_reduce", input)
    try:
        values, where = _scattered(input, dim, index, src, reduce, include_self)
    except BatchedData as data:
        return data.by_member("scatter_reduce", input, dim, index, src, reduce, include_self)
    return ops.SCATTER_REDUCE.straight(input, values, index=where, accumulate=False)


def _indexed(
    input: Any, dim: int, index: Any, source: Any, reduce: str, include_self: bool
) -> tuple[Any, Any]:
    """What `index_reduce` writes, and where."""
    if reduce not in _WAYS[1:]:
        raise RuntimeError(
            "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got "
            f"{reduce}."
        )
    where = axis(dim, require_tensor("index_reduce", input).ndim)
    require_tensor("index_reduce", source, "source", 4)
    found = require_tensor("index_reduce", index, "index", 3).dtype.title
    array = np.array(raw(index))
    if array.dtype.type not in (np.int64, np.int32):
        raise RuntimeError(
            f"index_reduce_(): Expected dtype int32/int64 for index but got: {found}"
        )
    if array.ndim > 1:
        raise IndexError(
            "index_reduce_(): Index is supposed to be a vector, but got dim: "
            f"{array.ndim} with type: {found} and size: {list(array.shape)}"
        )
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"index_reduce_(): self ({input.dtype.title}) and source ({source.dtype.title}) must "
            "have the same scalar type"
        )
    size = source.shape[where] if source.ndim > where else 1
    if array.size != size:
        raise RuntimeError(
            f"index_reduce_(): Number of indices ({array.size}) should be equal to "
            f"source.size(dim): ({size}), for dim: {where}"
        )
    mine, given = list(input.shape), list(source.shape)
    if len(mine) != len(given) or mine[:where] + mine[where + 1 :] != (
        given[:where] + given[where + 1 :]
    ):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {mine} source.shape = {given}"
        )
    if array.size and input.ndim and (array.min() < 0 or array.max() >= input.shape[where]):
        raise IndexError("index out of range in self")
    numbers = np.arange(input.numel()).reshape(tuple(mine))
    positions = np.take(numbers, np.atleast_1d(array), where) if mine else np.zeros(1, int)
    return _together(input, positions, source, reduce, bool(include_self))


def index_reduce(
    input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """A copy in which slices of `source` are combined with those at the indices along `dim`.

    reduce: "prod", "mean", "amax" or "amin"; see :func:`scatter_reduce`.

    >>> import autodiff
    >>> x, index = autodiff.tensor([1., 2.]), autodiff.tensor([0, 0])
    >>> index_reduce(x, 0, index, autodiff.tensor([3., 8.]), "mean")
    tensor([4., 2.])
    """
    require_tensor("index_reduce", input)
    try:
        values, where = _indexed(input, dim, index, source, reduce, include_self)
    except BatchedData as data:
        return data.by_member("index_reduce", input, dim, index, source, reduce, include_self)
    return ops.INDEX_REDUCE.straight(input, values, index=where, accumulate=False)


def _written(row: Any, tensor: Any, source: Any, found: tuple[Any, Any]) -> Any:
    values, where = found
    check_overlap(tensor, (source,), same=False)
    return write(row, tensor, values, index=where, accumulate=False)


def scatter_reduce_(
    self: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """`scatter_reduce`, written to the tensor's own memory; returns the tensor."""
    allowed((self, src))
    if _layered(self, index, src):
        return self.copy_(scatter_reduce(self, dim, index, src, reduce, include_self=include_self))
    found = _scattered(self, dim, index, src, reduce, include_self)
    return _written(ops.SCATTER_REDUCE, self, src, found)


def index_reduce_(
    self: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """`index_reduce`, written to the tensor's own memory; returns the tensor."""
    allowed((self, source))
    if _layered(self, index, source):
        return self.copy_(
            index_reduce(self, dim, index, source, reduce, include_self=include_self)
        )
    found = _indexed(self, dim, index, source, reduce, include_self)
    return _written(ops.INDEX_REDUCE, self, source, found)


def _layered(*values: Any) -> bool:
    """Whether a tensor of a transform is among the values."""
    return any(isinstance(one, TensorState) and one._layered for one in values)
