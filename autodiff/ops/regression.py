"""Losses of numbers and of probabilities: rows, for stability.

Each is reduced in its row, as PyTorch's are: "none", "mean" or "sum".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autodiff.kernels.kinks import cut, cut_squares
from autodiff.ops.pointwise import SIGMOID
from autodiff.primitive import Primitive, primitive

__all__ = [
    "BINARY_CROSS_ENTROPY",
    "BINARY_CROSS_ENTROPY_WITH_LOGITS",
    "HUBER_LOSS",
    "SMOOTH_L1_LOSS",
]


def _reduced(xp: Any, losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    return xp.mean(losses) if reduction == "mean" else xp.sum(losses)


def _share(g: Any, shape: Any, reduction: str) -> Any:
    """The cotangent of each loss, before the reduction."""
    count = math.prod(shape) if reduction == "mean" else 1
    return g / count if count > 1 else g


def _loss(
    name: str, node: str, losses: Callable[..., Any], slopes: tuple[Callable[..., Any], ...]
) -> Primitive:
    """A row from the loss of each pair, and its slopes: functions of (xp, x, y, scale)."""

    def rule(slope: Callable[..., Any]) -> Callable[..., Any]:
        def pull(xp: Any, g: Any, x: Any, y: Any, scale: float, reduction: str) -> Any:
            found = slope(xp, x, y, scale)
            return _share(g, found.shape, reduction) * found

        return pull

    return primitive(
        name,
        node,
        lambda xp, x, y, scale, reduction: _reduced(xp, losses(xp, x, y, scale), reduction),
        tuple(map(rule, slopes)),
        inputs=("x", "y"),
        promotion="common",
        broadcasts=True,
    )


def _over(found: Any, beta: float) -> Any:
    return found if beta == 1 else found / beta


def _smooth(xp: Any, x: Any, y: Any, beta: float) -> Any:
    difference = x - y
    kept = cut(difference, beta)
    if kept is not None:
        return _over(cut_squares(difference, kept), beta)
    distance = xp.abs(difference)
    if not beta:
        return distance
    return xp.where(distance < beta, difference * difference * (0.5 / beta), distance - 0.5 * beta)


def _smooth_slope(xp: Any, x: Any, y: Any, beta: float) -> Any:
    difference = x - y
    if not beta:
        return xp.sign(difference)
    kept = cut(difference, beta)
    if kept is not None:
        return _over(kept, beta)
    return xp.where(xp.abs(difference) < beta, difference / beta, xp.sign(difference))


SMOOTH_L1_LOSS = _loss(
    "smooth_l1_loss",
    "SmoothL1LossBackward0",
    _smooth,
    (_smooth_slope, lambda xp, x, y, beta: -_smooth_slope(xp, x, y, beta)),
)


def _huber(xp: Any, x: Any, y: Any, delta: float) -> Any:
    difference = x - y
    kept = cut(difference, delta)
    if kept is not None:
        return cut_squares(difference, kept)
    distance = xp.abs(difference)
    return xp.where(
        distance <= delta, 0.5 * (difference * difference), delta * (distance - 0.5 * delta)
    )


def _huber_slope(xp: Any, x: Any, y: Any, delta: float) -> Any:
    difference = x - y
    kept = cut(difference, delta)
    if kept is not None:
        return kept
    return xp.where(xp.abs(difference) <= delta, difference, delta * xp.sign(difference))


HUBER_LOSS = _loss(
    "huber_loss",
    "HuberLossBackward0",
    _huber,
    (_huber_slope, lambda xp, x, y, delta: -_huber_slope(xp, x, y, delta)),
)


def _entropy(xp: Any, x: Any, y: Any, least: float) -> Any:
    """Logarithms are not taken below `least`, so that a certain mistake has a finite loss."""
    return -(y * xp.maximum(xp.log(x), least) + (1 - y) * xp.maximum(xp.log1p(-x), least))


def _entropy_target_slope(xp: Any, x: Any, y: Any, least: float) -> Any:
    return xp.maximum(xp.log1p(-x), least) - xp.maximum(xp.log(x), least)


BINARY_CROSS_ENTROPY = _loss(
    "binary_cross_entropy",
    "BinaryCrossEntropyBackward0",
    _entropy,
    (
        lambda xp, x, y, least: (x - y) / xp.maximum((1 - x) * x, 1e-12),
        _entropy_target_slope,
    ),
)


def _softplus(xp: Any, x: Any) -> Any:
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


def _logits(xp: Any, x: Any, y: Any, weight: Any) -> Any:
    """(1 - y) x + (1 + (weight - 1) y) log(1 + exp(-x))."""
    factor = 1 if weight is None else 1 + (xp.asarray(weight) - 1) * y
    return (1 - y) * x + factor * _softplus(xp, -x)


def _logits_slope(xp: Any, x: Any, y: Any, weight: Any) -> Any:
    if weight is None:
        return SIGMOID(x) - y
    return (1 - y) * SIGMOID(x) - xp.asarray(weight) * y * SIGMOID(-x)


def _logits_target_slope(xp: Any, x: Any, y: Any, weight: Any) -> Any:
    if weight is None:
        return xp.broadcast_to(-x, (x + y).shape)
    return (xp.asarray(weight) - 1) * _softplus(xp, -x) - x


BINARY_CROSS_ENTROPY_WITH_LOGITS = _loss(
    "binary_cross_entropy_with_logits",
    "BinaryCrossEntropyWithLogitsBackward0",
    _logits,
    (_logits_slope, _logits_target_slope),
)
