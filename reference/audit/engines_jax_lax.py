"""Convolution and pooling by `jax.lax`, whose functions are told of windows and axes in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reference.audit.table import Maker
from reference.definitions.axes import each_axis

__all__ = ["LAX_OPERATIONS", "lax_operation"]


def _convolution(lax: Any, rank: int) -> Callable[..., Any]:
    def conv(
        x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1,
    ) -> Any:  # fmt: skip
        if x.ndim == rank + 1:
            return conv(x[None], weight, bias, stride, padding, dilation, groups)[0]
        spacing = each_axis(dilation, rank)
        result = lax.conv_general_dilated(
            x, weight, each_axis(stride, rank), _around(padding, weight.shape[2:], spacing),
            rhs_dilation=spacing, feature_group_count=groups,
        )  # fmt: skip
        return result if bias is None else result + bias.reshape((-1, *(1,) * rank))

    return conv


def _around(padding: Any, kernel: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(p, p) for p in each_axis(padding, len(kernel))]


def _max_pool(lax: Any, rank: int) -> Callable[..., Any]:
    def max_pool(
        x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ) -> Any:  # fmt: skip
        lead = (1,) * (x.ndim - rank)
        kernel = each_axis(kernel_size, rank)
        steps = kernel if stride is None else each_axis(stride, rank)
        around = [(0, 0)] * len(lead) + [(p, p) for p in each_axis(padding, rank)]
        return lax.reduce_window(
            x, -float("inf"), lax.max, (*lead, *kernel), (*lead, *steps), around,
            window_dilation=(*lead, *each_axis(dilation, rank)),
        )  # fmt: skip

    return max_pool


def _avg_pool(lax: Any, rank: int) -> Callable[..., Any]:
    def avg_pool(x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0) -> Any:
        lead = (1,) * (x.ndim - rank)
        kernel = each_axis(kernel_size, rank)
        steps = kernel if stride is None else each_axis(stride, rank)
        around = [(0, 0)] * len(lead) + [(p, p) for p in each_axis(padding, rank)]
        total = lax.reduce_window(x, 0.0, lax.add, (*lead, *kernel), (*lead, *steps), around)
        for size in kernel:
            total = total / size
        return total

    return avg_pool


_FAMILIES = {"conv": _convolution, "max_pool": _max_pool, "avg_pool": _avg_pool}
LAX_OPERATIONS = tuple(f"{family}{rank}d" for family in _FAMILIES for rank in (1, 2, 3))


def lax_operation(name: str) -> Maker:
    """One of `LAX_OPERATIONS`, with PyTorch's parameters.

    >>> "conv2d" in LAX_OPERATIONS
    True
    """
    family, rank = name[:-2], int(name[-2])
    return lambda root: _FAMILIES[family](root.lax, rank)
