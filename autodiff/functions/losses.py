"""Normalised exponentials and losses."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff.functions.arguments import axis, raw, require_tensor
from autodiff.functions.pointwise import relu as relu
from autodiff.ops import softmax as ops
from autodiff.state import TensorState

__all__ = ["cross_entropy", "log_softmax", "mse_loss", "nll_loss", "softmax"]


def _cast(input: Any, dtype: Any) -> Any:
    return input if dtype is None else input.to(dtype)


def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """exp(input) / Σ exp(input) along `dim`, without overflow."""
    input = _cast(require_tensor("softmax", input), dtype)
    return ops.SOFTMAX(input, dim=axis(dim, input.ndim))


def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """log softmax(input) along `dim`, accurate where softmax itself would round to 0 or 1."""
    input = _cast(require_tensor("log_softmax", input), dtype)
    return ops.LOG_SOFTMAX(input, dim=axis(dim, input.ndim))


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    if reduction == "mean":
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    raise ValueError(f"{reduction} is not a valid value for reduction")


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """(input - target)², averaged, summed ("sum") or each ("none")."""
    require_tensor("mse_loss", input)
    require_tensor("mse_loss", target, "target", 2)
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            UserWarning,
            stacklevel=2,
        )
    if reduction not in ("none", "mean", "sum"):
        _reduced(input, reduction)
    return ops.MSE_LOSS(input, target, reduction=reduction)


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """Minus the entries of log-probabilities at the target classes (second dimension)."""
    require_tensor("nll_loss", input)
    classes = np.asarray(raw(require_tensor("nll_loss", target, "target", 2)))
    where = 0 if input.ndim == 1 else 1
    kept = classes != ignore_index
    count = input.shape[where]
    if kept.any() and (classes[kept].max() >= count or classes[kept].min() < 0):
        wrong = classes[kept][(classes[kept] >= count) | (classes[kept] < 0)].flat[0]
        raise IndexError(f"Target {wrong} is out of bounds.")
    safe = np.where(kept, classes, 0)
    scale = np.ones(count) if weight is None else np.asarray(raw(weight))
    scales = np.where(kept, scale[safe], 0)
    if reduction not in ("none", "mean", "sum"):
        _reduced(input, reduction)
    if reduction == "mean":
        total = scales.sum()
        with np.errstate(all="ignore"):
            scales = scales / total
    return ops.NLL_LOSS(
        input,
        index=np.expand_dims(safe, where),
        scales=np.expand_dims(scales, where),
        dim=where,
        reduce=reduction != "none",
    )


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """The negative log-likelihood of `target` under softmax(input) over the class dimension.

    target: class indices (an integer tensor), or probabilities of input's shape.
    """
    require_tensor("cross_entropy_loss", input)
    require_tensor("cross_entropy_loss", target, "target", 2)
    where = 0 if input.ndim == 1 else 1
    indices = isinstance(target, TensorState) and target._data.dtype.kind in "iu"
    if indices:
        expected = tuple(size for i, size in enumerate(input.shape) if i != where)
        if tuple(target.shape) != expected:
            if input.ndim == 2 and target.ndim == 1:
                raise ValueError(
                    f"Expected input batch_size ({input.shape[0]}) to match target batch_size "
                    f"({target.shape[0]})."
                )
            raise RuntimeError(f"Expected target size {list(expected)}, got {list(target.shape)}")
    logs = log_softmax(input, where)
    if indices and not label_smoothing:
        return nll_loss(logs, target, weight, ignore_index, reduction)
    return _soft_cross_entropy(
        logs, target, weight, where, indices, ignore_index, reduction, label_smoothing
    )


def _soft_cross_entropy(
    logs: Any,
    target: Any,
    weight: Any,
    where: int,
    indices: bool,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Any:
    """Against probabilities: -Σ target · log p, smoothed towards the uniform distribution."""
    count = logs.shape[where]
    shape = [1] * logs.ndim
    shape[where] = count
    scale = None if weight is None else weight.reshape(shape)
    if indices:
        part = nll_loss(logs, target, weight, ignore_index, reduction)
        weighted = logs if scale is None else logs * scale
        classes = np.asarray(raw(target))
        kept = classes != ignore_index
        mask = np.expand_dims(kept, where)
        smooth = -_masked(weighted, mask).sum(where)
        if reduction == "mean":
            table = np.ones(count) if weight is None else np.asarray(raw(weight))
            total = float(np.where(kept, table[np.where(kept, classes, 0)], 0).sum())
            smooth = smooth.sum() / total
        elif reduction == "sum":
            smooth = smooth.sum()
        return (1 - smoothing) * part + (smoothing / count) * smooth
    if tuple(target.shape) != tuple(logs.shape):
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {target.dtype}"
            if not target.is_floating_point()
            else f"Expected target size {list(logs.shape)}, got {list(target.shape)}"
        )
    if smoothing:
        target = target * (1 - smoothing) + smoothing / count
    product = logs * target if scale is None else logs * target * scale
    losses = -product.sum(where)
    if reduction == "mean":
        return losses.sum() / (logs.numel() // count)
    return _reduced(losses, reduction)


def _masked(value: Any, mask: Any) -> Any:
    return value if mask.all() else value * mask.astype(value._data.dtype)
