"""Convolutions and their transposes: sums of products over windows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.build.window import put_windows, sliding_table, take_windows
from reference.definitions.axes import each_axis
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import dyadic
from reference.graph import Node

__all__ = ["DEFINITIONS"]

Steps = int | Sequence[int]


def _paddings(
    padding: Any, kernel: Sequence[int], dilation: Sequence[int]
) -> list[tuple[int, int]]:
    """Elements of padding (before, after) each axis."""
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(p, p) for p in each_axis(padding, len(kernel))]


def _check_groups(name: str, channels: int, filters: int, weight: Node, groups: int) -> None:
    if channels % groups or filters % groups:
        raise RuntimeError(
            f"{name}: {channels} channels and a weight of shape {list(weight.shape)} do not "
            f"divide into {groups} groups"
        )


def _convolution(rank: int) -> Callable[..., Node]:
    def conv(
        input: Value,
        weight: Value,
        bias: Value = None,
        stride: Steps = 1,
        padding: Any = 0,
        dilation: Steps = 1,
        groups: int = 1,
    ) -> Node:
        """Σ over channels c, places k: weight[d, c, k] · input[n, c, o · stride + k · dilation].

        input: (batch, channels, sizes…), or without the batch.
        """
        source, kernels = build.node(input), build.node(weight)
        if source.ndim == rank + 1:
            single = conv(
                build.expand_dims(source, 0), weight, bias, stride, padding, dilation, groups
            )
            return build.getitem(single, 0)
        batch, channels, *sizes = (int(size) for size in source.shape)
        filters, depth, *kernel = (int(size) for size in kernels.shape)
        _check_groups(f"conv{rank}d", channels, filters, kernels, groups)
        if depth * groups != channels:
            raise RuntimeError(
                f"Given groups={groups}, weight of size {list(kernels.shape)}, expected "
                f"input{list(source.shape)} to have {depth * groups} channels, but got "
                f"{channels} channels instead"
            )
        steps, spacing = each_axis(stride, rank), each_axis(dilation, rank)
        tables = []
        around = _paddings(padding, kernel, spacing)
        for size, width, step, space, (before, after) in zip(
            sizes, kernel, steps, spacing, around, strict=True
        ):
            count = (size + before + after - space * (width - 1) - 1) // step + 1
            if count < 1:
                raise RuntimeError(
                    f"Calculated padded input size per channel: ({size + before + after}). Kernel "
                    f"size: ({space * (width - 1) + 1}). Kernel size can't be greater than actual "
                    "input size"
                )
            tables.append(sliding_table(size, width, step, before, count, space))
        grouped = build.reshape(source, (batch, groups, depth, *sizes))
        windows = take_windows(grouped, tables)
        shared = build.reshape(kernels, (groups, filters // groups, depth, *kernel))
        places, within = _labels(rank)
        products = build.contract(
            [windows, shared],
            [[0, 1, 2, *places, *within], [1, 3, 2, *within]],
            [0, 1, 3, *places],
        )
        result = build.reshape(products, (batch, filters, *(len(table) for table in tables)))
        return _with_bias(result, bias, rank)

    return conv


def _labels(rank: int) -> tuple[list[int], list[int]]:
    """Labels of the axes of windows, and of the places within one."""
    return list(range(4, 4 + rank)), list(range(4 + rank, 4 + 2 * rank))


def _with_bias(result: Node, bias: Value, rank: int) -> Node:
    return result if bias is None else build.add(result, build.reshape(bias, (-1, *(1,) * rank)))


def _transposed(rank: int) -> Callable[..., Node]:
    def conv_transpose(
        input: Value,
        weight: Value,
        bias: Value = None,
        stride: Steps = 1,
        padding: Steps = 0,
        output_padding: Steps = 0,
        groups: int = 1,
        dilation: Steps = 1,
    ) -> Node:
        """The transpose of a convolution in its input: every element spreads a kernel."""
        source, kernels = build.node(input), build.node(weight)
        if source.ndim == rank + 1:
            single = conv_transpose(
                build.expand_dims(source, 0), weight, bias, stride, padding, output_padding,
                groups, dilation,
            )  # fmt: skip
            return build.getitem(single, 0)
        batch, channels, *sizes = (int(size) for size in source.shape)
        depth, filters, *kernel = (int(size) for size in kernels.shape)
        _check_groups(f"conv_transpose{rank}d", channels, filters * groups, kernels, groups)
        if depth != channels:
            raise RuntimeError(
                f"Given transposed=1, weight of size {list(kernels.shape)}, expected "
                f"input{list(source.shape)} to have {depth} channels, but got {channels} "
                "channels instead"
            )
        steps, spacing = each_axis(stride, rank), each_axis(dilation, rank)
        around, extra = each_axis(padding, rank), each_axis(output_padding, rank)
        wide = [
            (size - 1) * step - 2 * before + space * (width - 1) + more + 1
            for size, width, step, space, before, more in zip(
                sizes, kernel, steps, spacing, around, extra, strict=True
            )
        ]
        tables = [
            sliding_table(whole, width, step, before, size, space)
            for whole, size, width, step, space, before in zip(
                wide, sizes, kernel, steps, spacing, around, strict=True
            )
        ]
        places, within = _labels(rank)
        products = build.contract(
            [
                build.reshape(source, (batch, groups, channels // groups, *sizes)),
                build.reshape(kernels, (groups, channels // groups, filters, *kernel)),
            ],
            [[0, 1, 2, *places], [1, 2, 3, *within]],
            [0, 1, 3, *places, *within],
        )
        spread = put_windows(products, wide, tables)
        return _with_bias(build.reshape(spread, (batch, groups * filters, *wide)), bias, rank)

    return conv_transpose


Call = tuple[tuple[int, ...], tuple[int, ...], int, dict[str, Any]]


def _samples(*given: Call) -> Samples:
    """Calls from (shape of the input, shape of the weight, length of the bias, options)."""

    def samples(rng: np.random.Generator) -> list[Sample]:
        result = []
        for shape, kernel, length, options in given:
            bias = (dyadic(rng, (length,)),) if length else ()
            result.append(Sample((dyadic(rng, shape), dyadic(rng, kernel), *bias), options))
        shape, kernel, _, options = given[0]
        turned = dyadic(rng, shape[::-1]).T
        result.append(Sample((turned, dyadic(rng, kernel)), options))
        return result

    return samples


_CONV1D: tuple[Call, ...] = (
    ((2, 2, 5), (3, 2, 3), 3, {}),
    ((1, 2, 6), (2, 2, 2), 0, {"stride": 2, "padding": 1}),
    ((1, 4, 7), (2, 2, 3), 2, {"dilation": 2, "groups": 2, "padding": 2}),
    ((2, 4), (1, 2, 2), 1, {"padding": "same"}),
    ((0, 2, 4), (1, 2, 2), 0, {}),
)
_CONV2D: tuple[Call, ...] = (
    ((1, 2, 3, 4), (2, 2, 2, 2), 2, {}),
    ((1, 2, 4, 3), (2, 1, 3, 2), 2, {"stride": (2, 1), "padding": (1, 0), "groups": 2}),
    ((1, 1, 5, 4), (1, 1, 2, 2), 0, {"dilation": (2, 1), "padding": (0, 1)}),
    ((1, 3, 3), (1, 1, 2, 3), 1, {"padding": "same"}),
)
_CONV3D: tuple[Call, ...] = (
    ((1, 1, 2, 3, 2), (2, 1, 2, 2, 1), 2, {}),
    ((1, 2, 2, 2, 3), (2, 1, 1, 2, 2), 0, {"padding": (0, 1, 0), "groups": 2, "stride": 2}),
)
_BACK1D: tuple[Call, ...] = (
    ((2, 2, 3), (2, 3, 2), 3, {}),
    ((1, 2, 3), (2, 1, 3), 2, {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2}),
)
_BACK2D: tuple[Call, ...] = (
    ((1, 2, 2, 3), (2, 2, 2, 2), 2, {}),
    ((1, 2, 2, 2), (2, 1, 3, 2), 2, {"stride": (2, 1), "padding": (1, 0), "groups": 2}),
    ((1, 1, 2, 2), (1, 1, 2, 2), 0, {"stride": 2, "output_padding": (1, 0), "dilation": 2}),
    ((1, 2, 2), (1, 1, 2, 2), 1, {}),
)
_BACK3D: tuple[Call, ...] = (((1, 1, 2, 1, 2), (1, 2, 2, 1, 2), 2, {"stride": 2}),)

_THREE = (REALS, REALS, REALS)

DEFINITIONS: tuple[Definition, ...] = (
    Definition("conv1d", _convolution(1), _THREE, (), _samples(*_CONV1D)),
    Definition("conv2d", _convolution(2), _THREE, (), _samples(*_CONV2D)),
    Definition("conv3d", _convolution(3), _THREE, (), _samples(*_CONV3D)),
    Definition("conv_transpose1d", _transposed(1), _THREE, (), _samples(*_BACK1D)),
    Definition("conv_transpose2d", _transposed(2), _THREE, (), _samples(*_BACK2D)),
    Definition("conv_transpose3d", _transposed(3), _THREE, (), _samples(*_BACK3D)),
)
