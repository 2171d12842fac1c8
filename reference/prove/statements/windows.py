"""Windows that move over the last axes: their means and extremes, and views of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from reference import build
from reference.build.window import put_windows, take_windows
from reference.graph import Node
from reference.prove.statement import Case, Shape, Statement, named

__all__ = ["STATEMENTS"]

Windows = tuple[tuple[tuple[int, ...], ...], ...]

_PAIRS: Windows = (((0, 1), (1, 2)),)
_PADDED: Windows = (((-1, 0), (1, 2)),)
_IMAGE: Windows = (((0, 1), (1, 2)), ((-1, 0), (1, 2)))
_EVEN: Windows = (((0, 1), (2, -1)),)

# shape of the array, windows, by what sums are divided
_GIVEN: tuple[tuple[Shape, Windows, Any], ...] = (
    ((3,), _PAIRS, 2),
    ((2, 3), _PADDED, (1, 2)),
    ((3, 3), _IMAGE, 4),
    ((2, 3, 3), _IMAGE, ((2, 4), (2, 4))),
    ((3,), _EVEN, (2, 1)),
)


def _tables(windows: Windows) -> list[np.ndarray]:
    return [np.array(table) for table in windows]


def _shares(windows: Windows, scales: Any) -> np.ndarray:
    counts = tuple(map(len, windows))
    return np.broadcast_to(np.array(scales), counts)


def _means(x: Any, windows: Windows, scales: Any) -> Node:
    """The sum over the places of each window, over its share: as `avg_pool2d` is defined."""
    rank = len(windows)
    total = build.sum(take_windows(build.node(x), _tables(windows)), range(-rank, 0))
    return build.divide(total, _shares(windows, scales))


def _spread(x: Any, sizes: Shape, windows: Windows, scales: Any) -> Node:
    """Every share added where its window lies."""
    share = build.divide(x, _shares(windows, scales))
    widths = tuple(len(table[0]) for table in windows)
    lead = share.shape[: share.ndim - len(windows)]
    apart = build.reshape(share, (*share.shape, *(1,) * len(widths)))
    held = build.broadcast_to(apart, (*lead, *map(len, windows), *widths))
    return put_windows(held, sizes, _tables(windows))


def _columns(x: Any, windows: Windows) -> Node:
    """Windows of the last axes side by side, as `unfold` is defined."""
    held, rank = take_windows(build.node(x), _tables(windows)), len(windows)
    lead = held.ndim - 2 * rank
    order = (*range(lead), *range(lead + rank, lead + 2 * rank), *range(lead, lead + rank))
    counts, widths = zip(*(table.shape for table in _tables(windows)), strict=True)
    rows = int(held.shape[lead - 1]) * prod(widths)
    return build.reshape(build.permute(held, order), (*held.shape[: lead - 1], rows, prod(counts)))


def _folded(x: Any, sizes: Shape, windows: Windows) -> Node:
    """The columns put back as windows, as `fold` is defined."""
    held = build.node(x)
    counts, widths = zip(*(table.shape for table in _tables(windows)), strict=True)
    lead, rank = held.ndim - 1, len(windows)
    channels = int(held.shape[-2]) // prod(widths)
    apart = build.reshape(held, (*held.shape[:-2], channels, *widths, *counts))
    order = (*range(lead), *range(lead + rank, lead + 2 * rank), *range(lead, lead + rank))
    return put_windows(build.permute(apart, order), sizes, _tables(windows))


def _largest(x: Any, windows: Windows) -> Any:
    """By the definition of pooling, whose windows are the same."""
    (table,) = windows
    width = len(table[0])
    step = table[1][0] - table[0][0] if len(table) > 1 else 1
    held = build.node(x)
    flat = build.reshape(held, (1, *held.shape)) if held.ndim == 1 else held
    values, places = named("max_pool1d")(flat, width, step, return_indices=True)
    shape = (*held.shape[:-1], len(table))
    return build.reshape(values, shape), build.reshape(places, shape)


def _read(x: Any, index: np.ndarray, rank: int) -> Node:
    return named("gather")(x, -1, index)  # type: ignore[no-any-return]


def _added(x: Any, sizes: Shape, index: np.ndarray, rank: int) -> Node:
    zeros = np.zeros((*index.shape[:-1], *sizes))
    return named("scatter_add")(zeros, -1, index, x)  # type: ignore[no-any-return]


def _strided(
    x: Any, size: Sequence[int], stride: Sequence[int], offset: int, layout: Shape
) -> Node:
    """The elements of the memory, which is that of an array in row-major order."""
    memory = build.reshape(x, (prod(map(int, build.node(x).shape)),))
    return named("as_strided")(memory, size, stride, offset)  # type: ignore[no-any-return]


# shape of the array, windows: of one axis, padded, of two axes, with leading axes
_SIDE_BY_SIDE: tuple[tuple[Shape, Windows], ...] = (
    ((1, 3), _PAIRS),
    ((2, 3), _PADDED),
    ((1, 3, 3), _IMAGE),
    ((2, 2, 3), (((0,), (1,)), ((0, 2),))),
    ((1, 3), _EVEN),
)


def _columns_shape(shape: Shape, windows: Windows) -> Shape:
    *lead, channels = shape[: len(shape) - len(windows)]
    places = prod(len(table[0]) for table in windows)
    return (*lead, channels * places, prod(map(len, windows)))


def _strided_put(
    x: Any, shape: Shape, size: Sequence[int], stride: Sequence[int], offset: int
) -> Node:
    """What a view shows, added up in its memory."""
    places: Any = np.full(tuple(size), offset)
    for axis, (count, step) in enumerate(zip(size, stride, strict=True)):
        places = places + np.arange(count).reshape(-1, *(1,) * (len(size) - axis - 1)) * step
    flat = build.reshape(x, (prod(size),))
    memory = named("scatter_add")(np.zeros(prod(shape)), 0, places.reshape(-1), flat)
    return build.reshape(memory, shape)


_INDEX = np.array([[0, 0], [2, 1]])
_VIEWS: tuple[tuple[Shape, dict[str, Any]], ...] = (
    ((4,), {"size": (2, 2), "stride": (1, 2), "offset": 0, "layout": (1,)}),
    ((4,), {"size": (3, 2), "stride": (1, 1), "offset": 0, "layout": (1,)}),
    ((2, 3), {"size": (2, 2), "stride": (2, 1), "offset": 1, "layout": (3, 1)}),
)

STATEMENTS = (
    *(
        Statement(
            f"windows.{constant}",
            _means,
            tuple(
                Case((shape,), {"windows": windows, "scales": scales})
                for shape, windows, scales in _GIVEN
            ),
            kernel="expressions",
        )
        for constant in ("AVG_POOL", "AVG_POOL3D", "ADAPTIVE_AVG_POOL", "ADAPTIVE_AVG_POOL3D")
    ),
    Statement(
        "windows.AVG_POOL_SPREAD",
        _spread,
        tuple(
            Case(
                ((*shape[: len(shape) - len(windows)], *map(len, windows)),),
                {"sizes": shape[-len(windows) :], "windows": windows, "scales": scales},
            )
            for shape, windows, scales in _GIVEN
        ),
        kernel="expressions",
    ),
    *(
        Statement(
            f"windows.{constant}",
            _largest,
            (
                Case(((3,),), {"windows": _PAIRS}, orders=True),
                Case(((1, 4),), {"windows": (((0, 1), (2, 3)),)}, orders=True),
                Case(((2, 2),), {"windows": (((0, 1),),)}, orders=True),
            ),
            note="for every order of the elements",
        )
        for constant in ("MAX_POOL", "MAX_POOL3D", "ADAPTIVE_MAX_POOL", "ADAPTIVE_MAX_POOL3D")
    ),
    Statement(
        "windows.WINDOWS_PUT",
        _added,
        (Case(((2, 2),), {"sizes": (3,), "index": _INDEX, "rank": 1}),),
    ),
    Statement(
        "windows.WINDOWS_GATHER",
        _read,
        (Case(((2, 3),), {"index": _INDEX, "rank": 1}),),
    ),
    Statement(
        "windows.IM2COL",
        _columns,
        tuple(Case((shape,), {"windows": windows}) for shape, windows in _SIDE_BY_SIDE),
        kernel="expressions",
    ),
    Statement(
        "windows.COL2IM",
        _folded,
        tuple(
            Case(
                (_columns_shape(shape, windows),),
                {"sizes": shape[-len(windows) :], "windows": windows},
            )
            for shape, windows in _SIDE_BY_SIDE
        ),
        kernel="expressions",
    ),
    Statement(
        "windows.AS_STRIDED_PUT",
        _strided_put,
        tuple(
            Case(
                (params["size"],),
                {"shape": shape} | {key: params[key] for key in ("size", "stride", "offset")},
            )
            for shape, params in _VIEWS
        ),
        kernel="expressions",
    ),
    *(
        Statement(
            f"windows.{constant}",
            _strided,
            tuple(Case((shape,), params) for shape, params in _VIEWS),
            note="the kernel is a view of memory, and runs on floats alone",
            kernel="floats",
        )
        for constant in ("AS_STRIDED", "UNFOLD")
    ),
)
