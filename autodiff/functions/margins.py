"""More losses: of counts, of variances, and of margins between scores or distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.activations import softplus
from autodiff.functions.arguments import raw, require_tensor
from autodiff.functions.distances import pairwise_distance
from autodiff.functions.gates import logsigmoid
from autodiff.functions.indexing import gather
from autodiff.functions.logic import clamp_min
from autodiff.functions.pointwise import minimum, where
from autodiff.functions.shapes import reshape, unsqueeze
from autodiff.functions.special import xlogy
from autodiff.modes import no_grad
from autodiff.ops.shapes import CLONE

__all__ = [
    "cosine_embedding_loss",
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "poisson_nll_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]

_SOFT = CLONE.variant("SoftMarginLossBackward0")
_MULTI = CLONE.variant("MultiMarginLossBackward0")
_LABELS = CLONE.variant("MultilabelMarginLossBackward0")


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: Any = None,
    eps: float = 1e-8,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """input - target · log(input) of rates, or of their logarithms (`log_input`).

    full: with Stirling's approximation of log target!, of targets above 1.
    """
    require_tensor("poisson_nll_loss", input)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = xlogy(target, target) - target + 0.5 * (2 * math.pi * target).log()
        losses = losses + where(target <= 1, 0.0, stirling)
    return _reduced(losses, reduction)


def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """Half of log var + (input - target)² / var, var counting as at least eps.

    Raises ValueError for negative variances, and for one whose size does not fit.
    """
    require_tensor("gaussian_nll_loss", input)
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * input.detach().new_ones(input.shape)
    elif np.any(np.asarray(raw(var)) < 0):
        raise ValueError("var has negative entry/entries")
    if var.shape != input.shape:
        unlike = [
            other for one, other in zip(input.shape, var.shape, strict=False) if one != other
        ]
        if tuple(input.shape[:-1]) == tuple(var.shape):
            var = unsqueeze(var, -1)
        elif not (input.ndim == var.ndim and sum(unlike) == 1):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    var = var.clone()
    with no_grad():
        var.clamp_(min=eps)
    losses = 0.5 * (var.log() + (input - target) ** 2 / var)
    return _reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def soft_margin_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """log(1 + exp(-target · input)), of targets ±1."""
    require_tensor("soft_margin_loss", input)
    return _SOFT(_reduced(softplus(-target * input), reduction))


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """The distance itself where the target is 1, what it lacks of a margin where it is -1."""
    require_tensor("hinge_embedding_loss", input)
    lacking = where(target != 1, clamp_min(margin - input, 0), 0.0)
    return _reduced(lacking + where(target != -1, input, 0.0), reduction)


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """What -target · (input1 - input2) is above -margin: the order of two scores."""
    require_tensor("margin_ranking_loss", input1, "input1")
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return _reduced(clamp_min(-target * (input1 - input2) + margin, 0), reduction)


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """1 - cos where the target is 1, what cos is above a margin where it is -1."""
    require_tensor("cosine_embedding_loss", input1, "input1")
    epsilon = 1e-12
    product = (input1 * input2).sum(-1)
    first = (input1 * input1).sum(-1) + epsilon
    second = (input2 * input2).sum(-1) + epsilon
    cosine = product / (first * second).sqrt()
    losses = where(target == 1, 1 - cosine, 0.0)
    losses = losses + where(target == -1, clamp_min(cosine - margin, 0), 0.0)
    return _reduced(losses, reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """What the distance to the positive is above that to the negative, less a margin.

    swap: take the distance between the two where that is smaller. Raises ValueError for a margin
    that is not positive.
    """
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return _reduced(clamp_min(margin + near - far, 0), reduction)


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Any = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """`triplet_margin_loss` with a distance of the caller's."""
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return _reduced(clamp_min(margin + near - far, 0), reduction)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """What other scores are above that of the right class, less a margin, to the power of p."""
    require_tensor("multi_margin_loss", input)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    scores = input if input.ndim == 2 else reshape(input, (1, -1))
    chosen = reshape(target, (-1, 1))
    gaps = clamp_min(margin - gather(scores, 1, chosen) + scores, 0)
    losses = gaps if p == 1 else gaps * gaps
    if weight is not None:
        classes = np.asarray(raw(target)).reshape(-1)
        losses = losses * from_array(np.asarray(raw(weight))[classes][:, None])
    own = from_array(np.arange(scores.shape[1])) == chosen
    found = where(own, 0.0, losses).sum(1) / scores.shape[1]
    return _MULTI(_reduced(found if input.ndim == 2 else found[0], reduction))


def multilabel_margin_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """What scores of other classes are above those of the right ones, less 1.

    target: the numbers of the right classes, ended by -1.
    """
    require_tensor("multilabel_margin_loss", input)
    scores = input if input.ndim == 2 else reshape(input, (1, -1))
    labels = np.asarray(raw(target)).reshape(tuple(scores.shape))
    given = np.cumsum(labels < 0, axis=1) == 0
    right = np.zeros(labels.shape, bool)
    np.put_along_axis(right, np.where(given, labels, 0), False, 1)
    for row, (numbers, known) in enumerate(zip(labels, given, strict=True)):
        right[row, numbers[known]] = True
    own = gather(scores, 1, from_array(np.where(given, labels, 0)))
    gaps = clamp_min(1 - (unsqueeze(own, 2) - unsqueeze(scores, 1)), 0)
    counted = from_array(given[:, :, None] & ~right[:, None, :])
    found = where(counted, gaps, 0.0).sum((1, 2)) / scores.shape[1]
    return _LABELS(_reduced(found if input.ndim == 2 else found[0], reduction))


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """Cross entropies of independent classes, averaged over them."""
    require_tensor("multilabel_soft_margin_loss", input)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * weight
    return _reduced(losses.sum(-1) / input.shape[-1], reduction)
