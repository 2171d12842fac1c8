"""JAX's primitives that slide windows over arrays: convolution, pooling and their transposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference import build
from reference.build.window import cell_positions, take_windows
from reference.definitions import MissingDefinition
from reference.graph import Node, Order, Put

__all__ = ["WINDOWS", "window_positions"]


def _table(
    size: int, width: int, step: int, around: Sequence[int], base: int, spacing: int
) -> np.ndarray:
    """Windows along an axis whose elements lie `base` apart, with places `spacing` apart."""
    spread = (size - 1) * base + 1 if size else 0
    room = spread + around[0] + around[1] - (width - 1) * spacing - 1
    count = room // step + 1 if room >= 0 else 0
    places = np.arange(count)[:, None] * step - around[0] + np.arange(width) * spacing
    inside = (places >= 0) & (places < spread) & (places % base == 0)
    return np.where(inside, places // base, -1)


def _tables(
    sizes: Sequence[Any],
    *,
    window_dimensions: Sequence[int],
    window_strides: Sequence[int],
    padding: Sequence[Sequence[int]],
    base_dilation: Sequence[int] | None = None,
    window_dilation: Sequence[int] | None = None,
    **parameters: Any,
) -> list[np.ndarray]:
    """A table for each of all the axes."""
    ones = (1,) * len(sizes)
    return [
        _table(int(size), *rest)
        for size, *rest in zip(
            sizes, window_dimensions, window_strides, padding, base_dilation or ones,
            window_dilation or ones, strict=True,
        )
    ]  # fmt: skip


def window_positions(sizes: Sequence[Any], **parameters: Any) -> np.ndarray:
    """Flat positions of what each window holds, along a new last axis; -1 for padding."""
    cells = cell_positions([int(n) for n in sizes], _tables(sizes, **parameters))
    return cells.reshape(*cells.shape[: len(sizes)], -1)


def _sums(x: Any, **parameters: Any) -> Node:
    source = build.node(x)
    windows = take_windows(source, _tables(source.shape, **parameters))
    return build.sum(windows, range(-source.ndim, 0))


def _winners(cells: np.ndarray, smallest: bool = False) -> Callable[[np.ndarray], np.ndarray]:
    """Positions of the first of the largest (or smallest) of each window, from ranks."""
    if (cells < 0).all(axis=-1).any():
        raise MissingDefinition("a window that lies in the padding altogether has no maximum")

    def rule(ranks: np.ndarray) -> np.ndarray:
        keys = -ranks if smallest else ranks
        held = np.where(cells >= 0, keys.reshape(-1)[cells], keys.min(initial=0) - 1)
        return np.take_along_axis(cells, held.argmax(axis=-1)[..., None], -1)[..., 0]

    return rule


def _largest(x: Any, **parameters: Any) -> Node:
    source = build.node(x)
    cells = window_positions(source.shape, **parameters)
    return build.take_by_order(source, source, cells.shape[:-1], _winners(cells))


def _smallest(x: Any, **parameters: Any) -> Node:
    source = build.node(x)
    cells = window_positions(source.shape, **parameters)
    return build.take_by_order(source, source, cells.shape[:-1], _winners(cells, True))


def _chosen_by(x: Any, operand: Any, *, select_prim: Any, **parameters: Any) -> Node:
    """Elements of x where the operand is largest (ge) or smallest (le) in its window."""
    key = build.node(operand)
    cells = window_positions(key.shape, **parameters)
    rule = _winners(cells, select_prim.name == "le")
    return build.take_by_order(x, key, cells.shape[:-1], rule)


def _put_by(x: Any, operand: Any, *, select_prim: Any, **parameters: Any) -> Node:
    """The transpose: elements of x, added up where the operand is largest or smallest."""
    key = build.node(operand)
    cells = window_positions(key.shape, **parameters)
    rule = _winners(cells, select_prim.name == "le")
    return Put(build.node(x), Order(key.shape, cells.shape[:-1], rule), key)


def _convolution(
    x: Any,
    kernel: Any,
    *,
    window_strides: Sequence[int],
    padding: Sequence[Sequence[int]],
    lhs_dilation: Sequence[int],
    rhs_dilation: Sequence[int],
    dimension_numbers: Any,
    feature_group_count: int,
    batch_group_count: int,
    **parameters: Any,
) -> Node:
    """Σ over channels and places; one of the two kinds of groups is 1."""
    source = build.permute(x, dimension_numbers.lhs_spec)
    weights = build.permute(kernel, dimension_numbers.rhs_spec)
    batch, channels, *sizes = (int(size) for size in source.shape)
    filters, depth, *widths = (int(size) for size in weights.shape)
    tables = [
        _table(*row)
        for row in zip(
            sizes, widths, window_strides, padding, lhs_dilation, rhs_dilation, strict=True
        )
    ]
    # axes of the parts: groups, batch, channels, places; groups, filters, channels, places
    if batch_group_count > 1:
        groups = batch_group_count
        held = build.reshape(source, (groups, batch // groups, channels, *sizes))
    else:
        groups = feature_group_count
        held = build.reshape(source, (batch, groups, channels // groups, *sizes))
        held = build.swap_axes(held, 0, 1)
    shared = build.reshape(weights, (groups, filters // groups, depth, *widths))
    rank = len(sizes)
    places, within = list(range(4, 4 + rank)), list(range(4 + rank, 4 + 2 * rank))
    products = build.contract(
        [take_windows(held, tables), shared],
        [[0, 1, 2, *places, *within], [0, 3, 2, *within]],
        [1, 0, 3, *places],
    )
    shape = (int(held.shape[1]), filters, *(len(table) for table in tables))
    order = np.argsort(dimension_numbers.out_spec).tolist()
    return build.permute(build.reshape(products, shape), order)


WINDOWS: dict[str, Callable[..., Any]] = {
    "conv_general_dilated": _convolution,
    "reduce_window_max": _largest,
    "reduce_window_min": _smallest,
    "reduce_window_sum": _sums,
    "select_and_gather_add": _chosen_by,
    "select_and_scatter_add": _put_by,
}
