"""Pooling over windows, resampling, and windows laid side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import floor, prod
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.build.window import (
    adaptive_table,
    cell_positions,
    put_windows,
    sliding_table,
    take_windows,
)
from reference.definitions.axes import each_axis
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import calls, distinct, dyadic
from reference.graph import Constant, Node

__all__ = ["DEFINITIONS", "largest_of_windows"]

Steps = int | Sequence[int]


def _sizes(x: Node, rank: int) -> tuple[int, ...]:
    """The sizes of the last `rank` axes."""
    return tuple(int(size) for size in x.shape[x.ndim - rank :])


def _count(size: int, width: int, step: int, pad: int, ceil_mode: bool) -> int:
    """How many windows there are along an axis; none starts beyond the padding."""
    room = size + 2 * pad - width
    if not ceil_mode:
        return room // step + 1
    count = -(-room // step) + 1
    return count - 1 if (count - 1) * step >= size + pad else count


def largest_of_windows(x: Node, tables: Sequence[np.ndarray]) -> tuple[Node, Node]:
    """The largest element of each window, and where it stands in the last axes, flattened."""
    rank = len(tables)
    inner = _sizes(x, rank)
    lead = tuple(int(size) for size in x.shape[: x.ndim - rank])
    cells = cell_positions(inner, tables)
    cells = cells.reshape(*cells.shape[:rank], -1)
    shape = (*lead, *cells.shape[:-1])

    def winners(ranks: np.ndarray) -> np.ndarray:
        """Flat positions in the last axes, of the first of the largest."""
        flat = ranks.reshape(prod(lead), prod(inner))
        held = np.where(cells >= 0, flat[:, cells], -1)
        best = held.argmax(axis=-1)[..., None]
        spread = np.broadcast_to(cells, held.shape)
        return np.take_along_axis(spread, best, -1)[..., 0]

    def rule(ranks: np.ndarray) -> np.ndarray:
        own = winners(ranks)
        starts = np.arange(prod(lead)).reshape(-1, *(1,) * rank) * prod(inner)
        return np.asarray((starts + own).reshape(shape))

    places = np.broadcast_to(np.arange(prod(inner)).reshape(inner), (*lead, *inner))
    values = build.take_by_order(x, x, shape, rule)
    return values, build.take_by_order(Constant(np.ascontiguousarray(places)), x, shape, rule)


def _max_pool(rank: int) -> Callable[..., Any]:
    def max_pool(
        input: Value,
        kernel_size: Steps,
        stride: Steps | None = None,
        padding: Steps = 0,
        dilation: Steps = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        """The largest element of each window; what lies in the padding never is."""
        source = build.node(input)
        kernel, spacing = each_axis(kernel_size, rank), each_axis(dilation, rank)
        steps = kernel if stride is None or stride == [] else each_axis(stride, rank)
        tables = []
        for size, width, step, pad, space in zip(
            _sizes(source, rank), kernel, steps, each_axis(padding, rank), spacing, strict=True
        ):
            count = _count(size, space * (width - 1) + 1, step, pad, ceil_mode)
            tables.append(sliding_table(size, width, step, pad, count, space))
        values, places = largest_of_windows(source, tables)
        return (values, places) if return_indices else values

    return max_pool


def _avg_pool(rank: int) -> Callable[..., Node]:
    def avg_pool(
        input: Value,
        kernel_size: Steps,
        stride: Steps | None = None,
        padding: Steps = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Node:
        """The mean of each window, of which padding is a part where it is counted."""
        source = build.node(input)
        kernel = each_axis(kernel_size, rank)
        steps = kernel if stride is None or stride == [] else each_axis(stride, rank)
        tables, counts = [], []
        for size, width, step, pad in zip(
            _sizes(source, rank), kernel, steps, each_axis(padding, rank), strict=True
        ):
            count = _count(size, width, step, pad, ceil_mode)
            tables.append(sliding_table(size, width, step, pad, count))
            whole = sliding_table(size + 2 * pad, width, step, 0, count)
            counts.append(((whole if count_include_pad else tables[-1]) >= 0).sum(axis=1))
        return _mean(source, tables, counts, divisor_override)

    return avg_pool


def _mean(
    x: Node,
    tables: Sequence[np.ndarray],
    counts: Sequence[np.ndarray],
    divisor: int | None = None,
) -> Node:
    """The sums of windows over the products of their counts along the axes."""
    rank = len(tables)
    total = build.sum(take_windows(x, tables), range(-rank, 0))
    if divisor is not None:
        return build.divide(total, divisor)
    number = np.ones((), dtype=np.int64)
    for count in counts:
        number = np.multiply.outer(number, count)
    return build.divide(total, number)


def _targets(x: Node, output_size: Any, rank: int) -> tuple[int, ...]:
    """Sizes asked for; None keeps an axis as it is."""
    wanted = (output_size,) * rank if isinstance(output_size, int) else tuple(output_size)
    return tuple(
        size if new is None else int(new)
        for size, new in zip(_sizes(x, rank), wanted, strict=True)
    )


def _adaptive_tables(x: Node, output_size: Any, rank: int) -> list[np.ndarray]:
    pairs = zip(_sizes(x, rank), _targets(x, output_size, rank), strict=True)
    return [adaptive_table(size, count) for size, count in pairs]


def _adaptive_avg_pool(rank: int) -> Callable[..., Node]:
    def adaptive_avg_pool(input: Value, output_size: Any) -> Node:
        """The means of windows that cover every axis evenly."""
        source = build.node(input)
        tables = _adaptive_tables(source, output_size, rank)
        return _mean(source, tables, [(table >= 0).sum(axis=1) for table in tables])

    return adaptive_avg_pool


def _adaptive_max_pool(rank: int) -> Callable[..., Any]:
    def adaptive_max_pool(input: Value, output_size: Any, return_indices: bool = False) -> Any:
        """The largest elements of windows that cover every axis evenly."""
        source = build.node(input)
        values, places = largest_of_windows(source, _adaptive_tables(source, output_size, rank))
        return (values, places) if return_indices else values

    return adaptive_max_pool


def _lp_pool(rank: int) -> Callable[..., Node]:
    def lp_pool(
        input: Value,
        norm_type: float,
        kernel_size: Steps,
        stride: Steps | None = None,
        ceil_mode: bool = False,
    ) -> Node:
        """(Σ x^p)^(1/p) over each window."""
        power = build.exact_number(norm_type)
        source = build.node(input)
        sums = _avg_pool(rank)(
            build.power(source, power), kernel_size, stride, 0, ceil_mode, True, 1
        )
        return build.power(sums, 1 / power)

    return lp_pool


# windows side by side


def _block_tables(
    sizes: Sequence[int], kernel: Any, dilation: Any, padding: Any, stride: Any
) -> list[np.ndarray]:
    rank = len(sizes)
    tables = []
    for size, width, space, pad, step in zip(
        sizes,
        *(each_axis(value, rank) for value in (kernel, dilation, padding, stride)),
        strict=True,
    ):
        count = _count(size, space * (width - 1) + 1, step, pad, False)
        tables.append(sliding_table(size, width, step, pad, count, space))
    return tables


def _unfold(
    input: Value, kernel_size: Steps, dilation: Steps = 1, padding: Steps = 0, stride: Steps = 1
) -> Node:
    """Every window of (batch, channels, h, w) as a column: (batch, channels · places, windows)."""
    source = build.node(input)
    tables = _block_tables(_sizes(source, 2), kernel_size, dilation, padding, stride)
    windows = take_windows(source, tables)
    lead = source.ndim - 3
    order = (*range(lead + 1), *range(lead + 3, lead + 5), lead + 1, lead + 2)
    columns = build.permute(windows, order)
    blocks = prod(len(table) for table in tables)
    places = int(source.shape[lead]) * prod(table.shape[1] for table in tables)
    return build.reshape(columns, (*source.shape[:lead], places, blocks))


def _fold(
    input: Value,
    output_size: Steps,
    kernel_size: Steps,
    dilation: Steps = 1,
    padding: Steps = 0,
    stride: Steps = 1,
) -> Node:
    """The transpose of unfold: the columns put back as windows, adding up where they overlap."""
    source = build.node(input)
    sizes = each_axis(output_size, 2)
    tables = _block_tables(sizes, kernel_size, dilation, padding, stride)
    lead = source.ndim - 2
    counts, widths = zip(*(table.shape for table in tables), strict=True)
    channels = int(source.shape[lead]) // prod(widths)
    split = build.reshape(source, (*source.shape[:lead], channels, *widths, *counts))
    order = (*range(lead + 1), *range(lead + 3, lead + 5), lead + 1, lead + 2)
    return put_windows(build.permute(split, order), sizes, tables)


# resampling


def _interpolate(
    input: Value,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Node:
    """Resampled along all axes after the first two, one axis after another."""
    source = build.node(input)
    rank = source.ndim - 2
    if antialias:
        raise NotImplementedError("interpolate with antialias has no definition: leave it off")
    if mode in _BY_RANK and _BY_RANK[mode] != rank:
        raise NotImplementedError(
            f"interpolate of {source.ndim}D input in mode {mode!r}: that mode takes "
            f"{_BY_RANK[mode] + 2}D input"
        )
    factors: list[Fraction | None] = [None] * rank
    if size is not None:
        wanted = each_axis(size, rank)
    else:
        given = scale_factor if isinstance(scale_factor, Sequence) else [scale_factor] * rank
        exact = [Fraction(factor) for factor in given]
        wanted = tuple(floor(n * f) for n, f in zip(_sizes(source, rank), exact, strict=True))
        if not recompute_scale_factor:
            factors = [1 / factor for factor in exact]
    if mode == "area":
        return _adaptive_avg_pool(rank)(source, wanted)
    result = source
    for axis, (new, factor) in enumerate(zip(wanted, factors, strict=True)):
        old = int(source.shape[2 + axis])
        step = Fraction(old, new) if factor is None else factor
        table = np.zeros((new, old), dtype=object)
        for place in range(new):
            for cell, share in _shares(mode, place, old, new, step, bool(align_corners)):
                table[place, min(max(cell, 0), old - 1)] += share
        labels = list(range(result.ndim))
        output = [result.ndim if k == 2 + axis else k for k in labels]
        result = build.contract(
            [Constant(table), result], [[result.ndim, 2 + axis], labels], output
        )
    return result


_BY_RANK = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}


def _shares(
    mode: str, place: int, old: int, new: int, step: Fraction, align_corners: bool
) -> list[tuple[int, Fraction]]:
    """Which elements an element of the result is made of, and with what weights."""
    if mode == "nearest":
        return [(floor(place * step), Fraction(1))]
    if mode == "nearest-exact":
        return [(floor((place + Fraction(1, 2)) * step), Fraction(1))]
    if align_corners:
        where = Fraction(place * (old - 1), new - 1) if new > 1 else Fraction(0)
    else:
        where = (place + Fraction(1, 2)) * step - Fraction(1, 2)
    if mode == "bicubic":
        first = floor(where)
        return [(first + k, _cubic(abs(where - first - k))) for k in range(-1, 3)]
    if mode not in _BY_RANK:
        raise NotImplementedError(f"interpolate in mode {mode!r} has no definition")
    where = max(where, Fraction(0))
    first = floor(where)
    return [(first, 1 - (where - first)), (first + 1, where - first)]


def _cubic(distance: Fraction) -> Fraction:
    """Keys's cubic kernel with a = -3/4."""
    a, t = Fraction(-3, 4), distance
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a


# samples


def _windows(*given: tuple[tuple[int, ...], tuple[Any, ...], dict[str, Any]]) -> Samples:
    def samples(rng: np.random.Generator) -> list[Sample]:
        result = [Sample((distinct(rng, shape), *rest), more) for shape, rest, more in given]
        shape, rest, more = given[0]
        return [*result, Sample((distinct(rng, shape[::-1]).T, *rest), more)]

    return samples


def _with_ties(samples: Samples, tied: np.ndarray, *rest: Any) -> Samples:
    return lambda rng: [*samples(rng), Sample((tied, *rest), kind="kink")]


_TIED = np.array([[[1.0, 1.0, -2.0, 0.5, 3.0, 3.0]]])

_MAX1D = _windows(
    ((1, 2, 6), (2,), {}),
    ((2, 7), (3, 2, 1), {}),
    ((1, 1, 7), (2,), {"stride": 2, "padding": 1, "dilation": 2}),
    ((1, 1, 6), (3,), {"stride": 2, "ceil_mode": True}),
    ((1, 2, 5), (2,), {"return_indices": True}),
)
_MAX2D = _windows(
    ((1, 2, 4, 4), (2,), {}),
    ((1, 4, 5), ((2, 3), (1, 2), (1, 1)), {}),
    ((2, 1, 4, 3), (2,), {"stride": 1, "ceil_mode": True, "return_indices": True}),
)
_MAX3D = _windows(((1, 1, 2, 3, 2), (2, 1), {}))
_AVG1D = _windows(
    ((1, 2, 6), (2,), {}),
    ((2, 7), (3, 2, 1), {}),
    ((1, 1, 6), (3,), {"stride": 2, "padding": 1, "ceil_mode": True}),
    ((1, 1, 5), (3,), {"stride": 1, "padding": 1, "count_include_pad": False}),
)
_AVG2D = _windows(
    ((1, 2, 4, 4), (2,), {}),
    ((1, 4, 5), ((2, 3), (1, 2), (1, 1)), {"count_include_pad": False}),
    ((1, 1, 4, 3), (2,), {"divisor_override": 3}),
    ((1, 1, 5, 4), (3, 2, 1, True), {}),
)
_RESAMPLED = _windows(
    ((1, 2, 4), (6,), {}),
    ((1, 1, 3, 2), (), {"scale_factor": 2, "mode": "nearest-exact"}),
    ((1, 1, 5), (3,), {"mode": "linear", "align_corners": False}),
    ((1, 1, 3, 2), ((5, 4),), {"mode": "bilinear", "align_corners": True}),
    ((1, 1, 3, 4), (), {"scale_factor": (1.5, 0.5), "mode": "bilinear"}),
    ((1, 1, 4, 3), ((6, 2),), {"mode": "bicubic", "align_corners": False}),
    ((1, 1, 2, 2, 3), ((3, 2, 2),), {"mode": "trilinear", "align_corners": False}),
    ((1, 1, 4, 5), ((2, 3),), {"mode": "area"}),
)


def _lp_samples(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((np.abs(distinct(rng, (1, 2, 6))), 3.0, 2)),
        Sample((dyadic(rng, (1, 1, 5)), 2.0, 3, 1)),
    ]


def _lp_planes(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((np.abs(distinct(rng, (1, 2, 4, 3))), 3.0, 2)),
        Sample((dyadic(rng, (1, 1, 3, 4)), 2.0, (3, 2), 1)),
    ]


def _extreme(name: str, function: Callable[..., Any], samples: Samples) -> Definition:
    """A row under the name, too, by which PyTorch asks for the indices."""
    aliases = (f"{name}_with_indices",)
    return Definition(
        name, function, (REALS,), ("equal",), samples, aliases, results=("value", "index")
    )


DEFINITIONS: tuple[Definition, ...] = (
    _extreme("max_pool1d", _max_pool(1), _with_ties(_MAX1D, _TIED, 2)),
    _extreme("max_pool2d", _max_pool(2), _MAX2D),
    _extreme("max_pool3d", _max_pool(3), _MAX3D),
    Definition("avg_pool1d", _avg_pool(1), (REALS,), (), _AVG1D),
    Definition("avg_pool2d", _avg_pool(2), (REALS,), (), _AVG2D),
    Definition("avg_pool3d", _avg_pool(3), (REALS,), (), _windows(((1, 1, 2, 3, 2), (2, 1), {}))),
    Definition("lp_pool1d", _lp_pool(1), (REALS,), (), _lp_samples),
    Definition("lp_pool2d", _lp_pool(2), (REALS,), (), _lp_planes),
    Definition(
        "lp_pool3d",
        _lp_pool(3),
        (REALS,),
        (),
        calls(lambda rng: (np.abs(distinct(rng, (1, 1, 2, 2, 3))), 3.0, 2)),
    ),
    Definition(
        "adaptive_avg_pool1d", _adaptive_avg_pool(1), (REALS,), (), _windows(((1, 2, 5), (3,), {}))
    ),
    Definition(
        "adaptive_avg_pool2d",
        _adaptive_avg_pool(2),
        (REALS,),
        (),
        _windows(((1, 2, 3, 4), (2,), {}), ((1, 3, 5), ((2, None),), {})),
    ),
    Definition(
        "adaptive_avg_pool3d",
        _adaptive_avg_pool(3),
        (REALS,),
        (),
        _windows(((1, 1, 2, 3, 4), (2,), {}), ((1, 2, 3, 2), ((1, None, 2),), {})),
    ),
    _extreme("adaptive_max_pool1d", _adaptive_max_pool(1), _windows(((1, 2, 5), (3,), {}))),
    _extreme(
        "adaptive_max_pool2d",
        _adaptive_max_pool(2),
        _windows(((1, 2, 3, 4), (2,), {}), ((1, 3, 5), ((2, None), True), {})),
    ),
    _extreme(
        "adaptive_max_pool3d",
        _adaptive_max_pool(3),
        _windows(((1, 1, 2, 3, 4), (2,), {}), ((1, 2, 3, 2), ((1, None, 2), True), {})),
    ),
    Definition(
        "unfold",
        _unfold,
        (REALS,),
        (),
        calls(
            lambda rng: (dyadic(rng, (1, 2, 3, 4)), 2),
            lambda rng: (dyadic(rng, (2, 1, 4, 4)), (2, 3), 1, 1, 2),
        ),
        ("im2col",),
    ),
    Definition(
        "fold",
        _fold,
        (REALS,),
        (),
        calls(
            lambda rng: (dyadic(rng, (1, 8, 6)), (3, 4), 2),
            lambda rng: (dyadic(rng, (1, 6, 6)), 4, (2, 3), 1, 1, 2),
        ),
        ("col2im",),
    ),
    Definition("interpolate", _interpolate, (REALS,), (), _RESAMPLED, ("upsample",), ("value",)),
)
