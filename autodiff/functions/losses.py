"""Normalised exponentials and losses."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff.errors import BatchedData
from autodiff.functions.arguments import (
    axis,
    is_foreign,
    is_tensor_like,
    raw,
    real_only,
    require_tensor,
)
from autodiff.ops import softmax as ops
from autodiff.ops.pointwise import DIV_NUMBER
from autodiff.primitive import hand_over
from autodiff.state import TensorState

__all__ = ["cross_entropy", "log_softmax", "mse_loss", "nll_loss", "softmax"]

_largest: Any = np.maximum.reduce


def _cast(input: Any, dtype: Any) -> Any:
    return input if dtype is None else input.to(dtype)


def _floats_only(input: Any, kernel: str) -> None:
    """Refuse complex and whole numbers; empty tensors of whole numbers are let through."""
    real_only(input, kernel)
    if isinstance(input, TensorState) and input._data.dtype.kind in "biu" and input._data.size:
        title = input.dtype.title  # type: ignore[attr-defined]
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{title}'")


def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """exp(input) / Σ exp(input) along `dim`, without overflow."""
    input = _cast(require_tensor("softmax", input), dtype)
    where = axis(dim, input.ndim)
    last = "_lastdim" if where >= input.ndim - 1 else ""
    _floats_only(input, f"softmax{last}_kernel_impl")
    return ops.SOFTMAX.straight(input, dim=where)


def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """log softmax(input) along `dim`, accurate where softmax itself would round to 0 or 1."""
    input = _cast(require_tensor("log_softmax", input), dtype)
    where = axis(dim, input.ndim)
    last = "_lastdim" if where >= input.ndim - 1 else ""
    _floats_only(input, f"log_softmax{last}_kernel_impl")
    return ops.LOG_SOFTMAX.straight(input, dim=where)


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
    if not is_tensor_like(target):
        raise AttributeError(f"{type(target).__name__!r} object has no attribute 'size'")
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
    real_only(input, "mse_cpu")
    return ops.MSE_LOSS.straight(input, target, reduction=reduction)


def _is_plain(input: Any, target: Any) -> bool:
    """The common case: a matrix of scores, and a class for each of its rows."""
    if not isinstance(input, TensorState) or not isinstance(target, TensorState):
        return False
    scores, classes = input._data, target._data
    return (
        type(classes) is np.ndarray
        and scores.ndim == 2
        and classes.dtype == np.int64
        and classes.shape == scores.shape[:1]
        and classes.size > 0
        and bool(_largest(classes.view(np.uint64)) < scores.shape[1])
    )


def _plain_nll(logs: Any, target: Any) -> Any:
    classes = target._data
    return ops.NLL_LOSS.straight(
        logs, index=classes[:, None], scales=None, total=classes.size, dim=1, reduce=True
    )


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """Minus the entries of log-probabilities at the target classes (second dimension)."""
    plain = weight is None and ignore_index == -100 and reduction == "mean"
    if plain and _is_plain(input, target):
        return _plain_nll(input, target)
    if is_foreign(weight):
        rest = {"ignore_index": ignore_index, "reduction": reduction}
        return hand_over(nll_loss, (input, target, weight), rest)
    require_tensor("nll_loss", input)
    require_tensor("nll_loss", target, "target", 2)
    _check_batch(input, target)
    where = 0 if input.ndim == 1 else 1
    if reduction not in ("none", "mean", "sum"):
        _reduced(input, reduction)
    try:
        classes = np.asarray(raw(target))
        weight = weight if weight is None else np.asarray(raw(weight))
    except BatchedData as data:
        return data.by_member("nll_loss", input, target, weight, ignore_index, reduction)
    kept, safe = _classes(classes, ignore_index, input.shape[where])
    scales = _scales(kept, safe, weight, input)
    total: Any = None
    if reduction == "mean":
        total = safe.size if scales is None else scales.sum()
    if input.ndim <= 2:
        row = ops.NLL_LOSS
    else:
        row = ops.NLL_LOSS_2D if reduction != "none" or input.ndim == 4 else ops.NLL_LOSS_VIEWED
    return row.straight(
        input,
        index=np.expand_dims(safe, where),
        scales=None if scales is None else np.expand_dims(scales, where),
        total=total,
        dim=where,
        reduce=reduction != "none",
    )


def _check_batch(input: Any, target: Any) -> None:
    if not input.ndim:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if input.ndim != 1 and input.shape[0] != target.shape[0]:
        raise ValueError(
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size "
            f"({target.shape[0]})."
        )
    expected = (*input.shape[:1], *input.shape[2:])
    if input.ndim > 2 and tuple(target.shape) != expected:
        raise RuntimeError(f"Expected target size {list(expected)}, got {list(target.shape)}")


def _classes(classes: Any, ignore_index: int, count: int) -> tuple[Any, Any]:
    """Where the target counts (None: everywhere), and a valid class for every place."""
    if classes.dtype == np.int64 and classes.size:  # a negative one counts as very large
        valid = _largest(classes.view(np.uint64), axis=None) < count
    else:
        valid = bool(classes.size) and classes.min() >= 0 and classes.max() < count
    if valid:
        if not 0 <= ignore_index < count:
            return None, classes
        return classes != ignore_index, classes
    kept = classes != ignore_index
    wrong = kept & ((classes < 0) | (classes >= count))
    if wrong.any():
        raise IndexError(f"Target {classes[wrong].flat[0]} is out of bounds.")
    return kept, np.where(kept, classes, 0)


def _scales(kept: Any, safe: Any, weight: Any, input: Any) -> Any:
    """The weight of every place; None if all are one."""
    if weight is None:
        return None if kept is None else kept.astype(raw(input).dtype)
    scales = np.asarray(raw(weight))[safe]
    return scales if kept is None else np.where(kept, scales, scales.dtype.type(0))


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
    if (
        weight is None
        and ignore_index == -100
        and reduction == "mean"
        and not label_smoothing
        and _is_plain(input, target)
    ):
        return _plain_nll(ops.LOG_SOFTMAX.straight(input, dim=1), target)
    if is_foreign(weight):
        rest = {
            "ignore_index": ignore_index,
            "reduction": reduction,
            "label_smoothing": label_smoothing,
        }
        return hand_over(cross_entropy, (input, target, weight), rest)
    require_tensor("cross_entropy_loss", input)
    require_tensor("cross_entropy_loss", target, "target", 2)
    where = 0 if input.ndim == 1 else 1
    if not isinstance(ignore_index, int):
        raise TypeError(
            "cross_entropy_loss(): argument 'ignore_index' (position 5) must be int, not "
            f"{type(ignore_index).__name__}"
        )
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(
            f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}"
        )
    count = input.shape[where]
    if weight is not None and (weight.ndim != 1 or weight.numel() != count):
        raise RuntimeError(
            f"weight tensor should be defined either for all {count} classes or no classes but "
            f"got weight tensor of shape: {list(weight.shape)}"
        )
    indices = tuple(input.shape) != tuple(target.shape)
    if not indices and not target.is_floating_point():
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            f"{target.dtype.title}"
        )
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
        return _smoothed(logs, target, weight, where, ignore_index, reduction, smoothing)
    if smoothing:
        target = target * (1 - smoothing) + smoothing / count
    product = logs * target if scale is None else logs * target * scale
    if reduction == "mean":
        return DIV_NUMBER(-product.sum(), logs.numel() / count)
    return -product.sum() if reduction == "sum" else _reduced(-product.sum(where), reduction)


def _smoothed(
    logs: Any,
    target: Any,
    weight: Any,
    where: int,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Any:
    """Against classes, each mixed with the uniform distribution."""
    count = logs.shape[where]
    shape = [1] * logs.ndim
    shape[where] = count
    weighted = logs if weight is None else logs * weight.reshape(shape)
    ignored = target == ignore_index
    smooth = (-weighted.sum(where)).masked_fill(ignored, 0.0)
    if reduction == "mean":
        kept = np.logical_not(raw(ignored))
        if weight is None:
            total = float(kept.sum())
        else:
            total = float(np.asarray(raw(weight))[np.asarray(raw(target))[kept]].sum())
        smooth = smooth.sum() / total
    elif reduction == "sum":
        smooth = smooth.sum()
    part = nll_loss(logs, target, weight, ignore_index, reduction)
    return part * (1 - smoothing) + smooth * (smoothing / count)
