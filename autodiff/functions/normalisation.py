"""Layer, group, batch and root-mean-square normalization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.arguments import raw, real_only, require_tensor
from autodiff.kernels.range import has_safe_squares, unit_power
from autodiff.modes import no_grad
from autodiff.ops import normalisation as ops
from autodiff.primitive import handed_over

__all__ = ["batch_norm", "group_norm", "layer_norm", "rms_norm"]


def _check_trailing(function: str, input: Any, normalized_shape: Any) -> tuple[int, ...]:
    """The normalized shape; PyTorch's complaints unless it is the end of the input's."""
    if not isinstance(normalized_shape, Sequence):
        raise TypeError(
            f"{function}(): argument 'normalized_shape' (position 2) must be tuple of ints, not "
            f"{type(normalized_shape).__name__}"
        )
    wanted = tuple(int(size) for size in normalized_shape)
    if not wanted:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
            "one element, but got normalized_shape = []"
        )
    if tuple(input.shape[-len(wanted) :]) != wanted:
        lead = "*" if function == "rms_norm" else "*, "
        raise RuntimeError(
            f"Given normalized_shape={list(wanted)}, expected input with shape "
            f"[{lead}{', '.join(map(str, wanted))}], but got "
            f"input of size{list(input.shape)}"
        )
    return wanted


def _check_floating(input: Any, kernel: str, *parameters: Any) -> None:
    if raw(input).dtype.kind not in "fcV":
        raise NotImplementedError(f'"{kernel}" not implemented for {input.dtype.title!r}')
    for one in parameters:
        if one is not None and one.dtype != input.dtype and input.itemsize != 2:
            raise RuntimeError(
                f"mixed dtype (CPU): expect parameter to have scalar type of {input.dtype.title}"
            )


@handed_over
def layer_norm(
    input: Any,
    normalized_shape: Sequence[int],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Any:
    """(input - mean) / √(variance + eps) · weight + bias over the last dimensions.

    normalized_shape: the sizes of those dimensions, and the shape of weight and bias. The
    variance is the biased one. Raises RuntimeError where shapes or dtypes do not fit.

    >>> import autodiff as torch
    >>> torch.nn.functional.layer_norm(torch.tensor([[1.0, 3.0]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """
    require_tensor("layer_norm", input)
    wanted = _check_trailing("layer_norm", input, normalized_shape)
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and tuple(value.shape) != wanted:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of "
                f"shape {list(value.shape)} and normalized_shape = {list(wanted)}"
            )
    _check_floating(input, "LayerNormKernelImpl", weight, bias)
    count = math.prod(wanted)
    groups = math.prod(input.shape[: input.ndim - len(wanted)])
    return ops.LAYER_NORM(
        input, weight, bias, view=(groups, count), axes=(1,), affine=(1, count), eps=eps
    )[0]


@handed_over
def rms_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None
) -> Any:
    """input / √(mean of squares + eps) · weight over the last dimensions: a composition.

    eps: by default the distance from 1 to the next number of the dtype.
    """
    require_tensor("rms_norm", input)
    wanted = _check_trailing("rms_norm", input, normalized_shape)
    if weight is not None and tuple(weight.shape) != wanted:
        raise RuntimeError(
            "Expected weight to be of same shape as normalized_shape, but got weight of shape "
            f"{list(weight.shape)} and normalized_shape = {list(wanted)}"
        )
    own = input.dtype
    wide = input.float() if input.itemsize == 2 else input
    if eps is None:
        eps = float(np.finfo(raw(wide).dtype).eps)
    axes = tuple(range(-len(wanted), 0))
    total = wide.pow(2).mean(axes, keepdim=True) + eps
    if not has_safe_squares(total):
        power = from_array(unit_power(wide, axes, math.sqrt(eps)))
        wide = wide * power
        total = wide.pow(2).mean(axes, keepdim=True) + eps * power * power
    scale = total.rsqrt()
    result = (wide * scale).to(own)
    return result if weight is None else result * weight


@handed_over
def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Channels (dimension 1) in groups, each standardised with all its places.

    weight, bias: one number for each channel. Raises RuntimeError where shapes do not fit.
    """
    require_tensor("group_norm", input)
    if input.ndim < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.ndim}"
        )
    batch, channels, *sizes = input.shape
    real_only(input, "GroupNormKernelImpl")
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and tuple(value.shape) != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input,"
                f" but got {name} of shape {list(value.shape)} and input of shape "
                f"{list(input.shape)}"
            )
    _check_floating(input, "GroupNormKernelImpl", weight, bias)
    each = channels // num_groups
    return ops.GROUP_NORM(
        input,
        weight,
        bias,
        view=(batch, num_groups, each, math.prod(sizes)),
        axes=(2, 3),
        affine=(1, num_groups, each, 1),
        eps=eps,
    )[0]


@handed_over
def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Channels (dimension 1) standardised over the batch, or by running statistics.

    In training the running statistics, where given, move by `momentum` towards those of the batch
    (of the unbiased variance). Raises ValueError for a single value per channel.
    """
    require_tensor("batch_norm", input)
    channels = input.shape[1] if input.ndim > 1 else 0
    count = math.prod(input.shape) // max(channels, 1)
    if training and count <= 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {input.shape}"
        )
    statistics = {"running_mean": running_mean, "running_var": running_var}
    if not training:
        for name, value in statistics.items():
            if value is None:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
    for name, value in {**statistics, "weight": weight, "bias": bias}.items():
        if value is not None and value.numel() != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {value.numel()}")
    shape = (1, channels, *(1,) * (input.ndim - 2))
    if not training:
        scale = (running_var + eps).rsqrt()
        scale = scale if weight is None else scale * weight
        result = (input - running_mean.reshape(shape)) * scale.reshape(shape)
        return result if bias is None else result + bias.reshape(shape)
    axes = tuple(axis for axis in range(input.ndim) if axis != 1)
    _follow(input, running_mean, running_var, axes, count, momentum)
    return ops.BATCH_NORM(
        input, weight, bias, view=tuple(input.shape), axes=axes, affine=shape, eps=eps
    )[0]


def _follow(
    input: Any, mean: Any, variance: Any, axes: tuple[int, ...], count: int, momentum: float
) -> None:
    """Move running statistics towards those of a batch."""
    with no_grad():
        plain = input.detach()
        if mean is not None:
            mean.mul_(1 - momentum).add_(plain.mean(axes) * momentum)
        if variance is not None:
            own = plain.var(axes, correction=0) * (count / (count - 1))
            variance.mul_(1 - momentum).add_(own * momentum)
