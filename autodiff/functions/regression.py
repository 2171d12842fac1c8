"""Losses of numbers and of probabilities."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff.functions.arguments import raw, real_only, require_tensor
from autodiff.functions.pointwise import where
from autodiff.ops import regression as ops
from autodiff.primitive import handed_over

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "smooth_l1_loss",
]


_OF_MEAN = (
    "reduction: 'mean' divides the total loss by both the batch size and the support size."
    "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
    "'mean' will be changed to behave the same as 'batchmean' in the next major release."
)


def _check_reduction(reduction: str) -> None:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")


def _warn_of_sizes(input: Any, target: Any) -> None:
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            UserWarning,
            stacklevel=3,
        )


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


def l1_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """|input - target|, averaged, summed ("sum") or each ("none"): a composition."""
    require_tensor("l1_loss", input)
    _check_reduction(reduction)
    _warn_of_sizes(input, target)
    losses = (input - target).abs()
    return _reduced(losses if weight is None else losses * weight, reduction)


@handed_over
def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Any:
    """Squares over 2 beta up to a distance of beta, the distance less beta / 2 beyond."""
    require_tensor("smooth_l1_loss", input)
    _check_reduction(reduction)
    _warn_of_sizes(input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    real_only(input, "smooth_l1_cpu")
    return ops.SMOOTH_L1_LOSS.straight(input, target, scale=beta, reduction=reduction)


@handed_over
def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    """Half the squares up to a distance of delta, delta · (distance - delta / 2) beyond."""
    real_only(require_tensor("huber_loss", input), "huber_cpu")
    _check_reduction(reduction)
    _warn_of_sizes(input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is None:
        return ops.HUBER_LOSS.straight(input, target, scale=delta, reduction=reduction)
    losses = ops.HUBER_LOSS.straight(input, target, scale=delta, reduction="none")
    return _reduced(losses * weight, reduction)


@handed_over
def kl_div(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """Σ target · (log target - input), of log-probabilities `input`; 0 log 0 is 0.

    reduction: also "batchmean", the sum over the size of the first dimension.
    """
    real_only(require_tensor("kl_div", input), "kl_div: Complex inputs not supported.")
    if reduction != "batchmean":
        _check_reduction(reduction)
    if reduction == "mean":
        warnings.warn(_OF_MEAN, UserWarning, stacklevel=2)
    if log_target:
        losses = target.exp() * (target - input)
    else:
        positive = target > 0
        logs = where(positive, target, 1.0).log()
        losses = where(positive, target * logs, 0.0) - target * input
    if reduction == "batchmean":
        return losses.sum() / input.shape[0]
    return _reduced(losses, reduction)


@handed_over
def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """-(target · log input + (1 - target) · log(1 - input)) of probabilities.

    Raises RuntimeError for an input outside of [0, 1], ValueError where sizes differ.
    """
    real_only(require_tensor("binary_cross_entropy", input), "binary_cross_entropy")
    _check_reduction(reduction)
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
    data = raw(input)
    if type(data) is np.ndarray and data.size and not (data.min() >= 0 and data.max() <= 1):
        raise RuntimeError("all elements of input should be between 0 and 1")
    chosen = reduction if weight is None else "none"
    losses = ops.BINARY_CROSS_ENTROPY.straight(input, target, scale=-100.0, reduction=chosen)
    return losses if weight is None else _reduced(losses * weight, reduction)


@handed_over
def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """`binary_cross_entropy` of sigmoid(input), accurate where that rounds to 0 or 1.

    pos_weight: the weight of the term with target, no gradient flows to it.
    """
    real_only(require_tensor("binary_cross_entropy_with_logits", input), "log_sigmoid_cpu")
    _check_reduction(reduction)
    if input.shape != target.shape:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    losses = ops.BINARY_CROSS_ENTROPY_WITH_LOGITS.straight(
        input,
        target,
        scale=None if pos_weight is None else np.asarray(raw(pos_weight)),
        reduction=reduction if weight is None else "none",
    )
    return losses if weight is None else _reduced(losses * weight, reduction)
