"""Normalised exponentials and the losses built on them, fused for stability."""

from __future__ import annotations

import math
from typing import Any

from autodiff.kernels import normalisation as kernels
from autodiff.kernels.layers import mean_taken
from autodiff.kernels.layout import in_rows
from autodiff.kernels.scatter import put_number, take_along
from autodiff.ops.indexing import GATHER_PUT
from autodiff.primitive import primitive

__all__ = [
    "LOG_SOFTMAX",
    "MSE_LOSS",
    "NLL_LOSS",
    "NLL_LOSS_2D",
    "NLL_LOSS_VIEWED",
    "SOFTMAX",
]


def _softmax_kernel(xp: Any, x: Any, dim: int) -> Any:
    if 0 in x.shape:
        return xp.ones_like(x)
    if not x.ndim:
        return x - x + 1  # nan stays nan
    return in_rows(kernels.softmax(xp, x, dim))


def _softmax_rule(xp: Any, g: Any, out: Any, dim: int) -> Any:
    if not out.ndim:
        return g * out * (1 - out)
    return kernels.softmax_rule(xp, g, xp.conj(out), dim)


SOFTMAX = primitive("softmax", "SoftmaxBackward0", _softmax_kernel, (_softmax_rule,))


def _log_softmax_kernel(xp: Any, x: Any, dim: int) -> Any:
    found = kernels.log_softmax_of_rows(x, dim)
    if found is not None:
        return found
    if 0 in x.shape:
        return xp.zeros_like(x)
    if not x.ndim:
        return x - x
    return in_rows(kernels.log_softmax(xp, x, dim))


def _log_softmax_rule(xp: Any, g: Any, out: Any, dim: int) -> Any:
    if not out.ndim:
        return g - xp.exp(out) * g
    return kernels.log_softmax_rule(xp, g, out, dim)


LOG_SOFTMAX = primitive(
    "log_softmax", "LogSoftmaxBackward0", _log_softmax_kernel, (_log_softmax_rule,)
)


def _mse_kernel(xp: Any, x: Any, y: Any, reduction: str) -> Any:
    difference = x - y
    squares = difference * difference
    if reduction == "none":
        return squares
    return xp.mean(squares) if reduction == "mean" else xp.sum(squares)


def _mse_rule(xp: Any, g: Any, x: Any, y: Any, reduction: str) -> Any:
    difference = x - y
    count = math.prod(difference.shape)
    scale = 2 / count if reduction == "mean" and count else 2
    return (g * scale) * difference


MSE_LOSS = primitive(
    "mse_loss",
    "MseLossBackward0",
    _mse_kernel,
    (
        lambda xp, g, x, y, reduction: _mse_rule(xp, g, x, y, reduction),
        lambda xp, g, x, y, reduction: -_mse_rule(xp, g, x, y, reduction),
    ),
    promotion="common",
    broadcasts=True,
)


def _nll_kernel(
    xp: Any, x: Any, index: Any, scales: Any, total: Any, dim: int, reduce: bool
) -> Any:
    if scales is None and total is not None and dim == 1:
        found = mean_taken(x, index, total)
        if found is not None:
            return -found
    logs = take_along(xp, x, index, dim)
    if scales is not None:
        logs = logs * scales
    if not reduce:
        return xp.squeeze(-logs, axis=dim)
    summed = -xp.sum(logs)
    return summed if total is None else summed / x.dtype.type(total)


def _nll_rule(
    xp: Any,
    g: Any,
    x_shape: Any,
    index: Any,
    scales: Any,
    total: Any,
    dim: int,
    reduce: bool,
) -> Any:
    if not reduce:
        values = -xp.expand_dims(g, axis=dim)
    else:  # a total of zero: nothing counted, so nothing has an influence
        share = -(g if total is None else g / (total or math.inf))
        if scales is None:
            placed = put_number(share, x_shape, index, dim)
            if placed is not None:
                return placed
        values = xp.broadcast_to(share, index.shape)
    if scales is not None:
        values = values * xp.asarray(scales)
    return GATHER_PUT(values, shape=tuple(x_shape), index=index, dim=dim)


# index: of the target class, along dim. scales: the weight of each, or None. total: what a mean
# divides by, or None.
NLL_LOSS = primitive("nll_loss", "NllLossBackward0", _nll_kernel, (_nll_rule,), linear=True)
NLL_LOSS_2D = NLL_LOSS.variant("NllLoss2DBackward0")
NLL_LOSS_VIEWED = NLL_LOSS.variant("ViewBackward0")  # PyTorch reshapes to images, and back
