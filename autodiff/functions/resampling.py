"""Images of another size, power means of windows, norms of neighbouring channels."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.arguments import raw, require_tensor
from autodiff.functions.contraction import einsum
from autodiff.functions.indexing import index_select
from autodiff.functions.normalisation import batch_norm
from autodiff.functions.patches import pad
from autodiff.functions.pointwise import absolute, relu, sign
from autodiff.functions.pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    avg_pool1d,
    avg_pool2d,
    max_pool1d,
    max_pool2d,
)
from autodiff.functions.shapes import reshape, squeeze, unsqueeze, view
from autodiff.functions.volumes import adaptive_avg_pool3d, avg_pool3d, max_pool3d
from autodiff.ops.shapes import CLONE

__all__ = [
    "bilinear",
    "instance_norm",
    "interpolate",
    "local_response_norm",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]

_RANKS = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}
_NODES = {
    ("nearest", 1): "UpsampleNearest1DBackward0",
    ("nearest", 2): "UpsampleNearest2DBackward0",
    ("nearest", 3): "UpsampleNearest3DBackward0",
    ("nearest-exact", 1): "UpsampleNearestExact1DBackward0",
    ("nearest-exact", 2): "UpsampleNearestExact2DBackward0",
    ("nearest-exact", 3): "UpsampleNearestExact3DBackward0",
    ("linear", 1): "UpsampleLinear1DBackward0",
    ("bilinear", 2): "UpsampleBilinear2DBackward0",
    ("trilinear", 3): "UpsampleTrilinear3DBackward0",
    ("bicubic", 2): "UpsampleBicubic2DBackward0",
}
_AREA = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
_CUBIC = -0.75


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """(batch, channel, …) of another size: one to three last dimensions are resampled.

    mode: "nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic" or "area".
    Raises ValueError for arguments that do not go together.

    >>> import autodiff
    >>> interpolate(autodiff.tensor([[[1., 3.]]]), scale_factor=2.0)
    tensor([[[1., 1., 3., 3.]]])
    """
    rank = require_tensor("interpolate", input).ndim - 2
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | "
                "bilinear | bicubic | trilinear"
            )
    elif align_corners is None:
        align_corners = False
    sizes, factors = _wanted(input, size, scale_factor, rank)
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if recompute_scale_factor:
        factors = [None] * rank
    if antialias:
        raise NotImplementedError("interpolate with antialias is not here: leave it off")
    if mode == "area" and rank in _AREA:
        return _AREA[rank](input, sizes if rank > 1 else sizes[0])
    if (mode, rank) not in _NODES:
        if mode in _RANKS and 1 <= rank <= 3:
            raise NotImplementedError(
                f"Got {rank + 2}D input, but {mode} mode needs {_RANKS[mode] + 2}D input"
            )
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported"
            f" (got {input.ndim}D) for the modes: nearest | linear | bilinear | bicubic | "
            f"trilinear | lanczos | area | nearest-exact (got {mode})"
        )
    found = input
    for number, (new, factor) in enumerate(zip(sizes, factors, strict=True)):
        found = _resampled(found, 2 + number, new, factor, mode, bool(align_corners))
    return CLONE.variant(_NODES[mode, rank])(found)


def _wanted(
    input: Any, size: Any, scale_factor: Any, rank: int
) -> tuple[list[int], list[float | None]]:
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    given = scale_factor if size is None else size
    name = "scale_factor" if size is None else "output size"
    if isinstance(given, Sequence) and len(given) != rank:
        raise ValueError(
            f"Input and {name} must have the same number of spatial dimensions, but got input "
            f"with spatial dimensions of {list(input.shape[2:])} and {name} of "
            f"{'shape ' if size is None else ''}{given}. Please provide input tensor in (N, C, "
            "d1, d2, ...,dK) format and "
            + (
                "scale_factor in (s1, s2, ...,sK) format."
                if size is None
                else "output size in (o1, o2, ...,oK) format."
            )
        )
    each = list(given) if isinstance(given, Sequence) else [given] * rank
    if size is not None:
        return [int(one) for one in each], [None] * rank
    sizes = [math.floor(old * one) for old, one in zip(input.shape[2:], each, strict=True)]
    return sizes, [1 / one for one in each]


def _resampled(
    input: Any, dim: int, new: int, factor: float | None, mode: str, align: bool
) -> Any:
    old = input.shape[dim]
    step = old / new if factor is None else factor
    places = np.arange(new)
    if mode.startswith("nearest"):
        shift = 0.5 if mode == "nearest-exact" else 0.0
        cells = np.minimum(np.floor((places + shift) * step), old - 1).astype(np.int64)
        return index_select(input, dim, from_array(cells))
    if align:
        where = places * ((old - 1) / (new - 1) if new > 1 else 0.0)
    else:
        where = (places + 0.5) * step - 0.5
        where = where if mode == "bicubic" else np.maximum(where, 0)
    low = np.floor(where).astype(np.int64)
    rest = where - low
    if mode == "bicubic":
        shares = [_cubic(rest + 1), _cubic(rest), _cubic(1 - rest), _cubic(2 - rest)]
        cells_of = [low - 1, low, low + 1, low + 2]
    else:
        shares, cells_of = [1 - rest, rest], [low, low + 1]
    shape = [-1 if k == dim else 1 for k in range(input.ndim)]
    total = None
    for share, cells in zip(shares, cells_of, strict=True):
        index = from_array(np.clip(cells, 0, old - 1))
        weight = from_array(share.reshape(shape).astype(raw(input).dtype))
        part = index_select(input, dim, index) * weight
        total = part if total is None else total + part
    return total


def _cubic(distance: Any) -> Any:
    """The weight of a cell at a distance, by the cubic kernel."""
    x = np.abs(distance)
    near = ((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1
    far = ((_CUBIC * x - 5 * _CUBIC) * x + 8 * _CUBIC) * x - 4 * _CUBIC
    return np.where(x <= 1, near, far)


def _warn_upsample(name: str) -> None:
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.",
        UserWarning,
        stacklevel=3,
    )


def upsample(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Any:
    """The former name of :func:`interpolate`."""
    _warn_upsample("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """:func:`interpolate` in mode "nearest"."""
    _warn_upsample("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """:func:`interpolate` in mode "bilinear", corners aligned."""
    _warn_upsample("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _power_mean(
    input: Any, norm_type: float, window: Any, stride: Any, ceil_mode: bool, pools: Any
) -> Any:
    average, largest, rank = pools
    if norm_type == math.inf:
        return largest(absolute(input), window, stride, 0, 1, ceil_mode)
    if norm_type == -math.inf:
        return -largest(-absolute(input), window, stride, 0, 1, ceil_mode)
    sizes = (window,) * rank if isinstance(window, int) else tuple(window)
    mean = average(input**norm_type, window, stride, 0, ceil_mode)
    return (sign(mean) * relu(absolute(mean)) * math.prod(sizes)) ** (1.0 / norm_type)


def lp_pool1d(
    input: Any, norm_type: float, kernel_size: int, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """The root of the sum of powers in windows of the last dimension."""
    pools = (avg_pool1d, max_pool1d, 1)
    return _power_mean(input, norm_type, kernel_size, stride, ceil_mode, pools)


def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """The root of the sum of powers in windows of the last two dimensions."""
    pools = (avg_pool2d, max_pool2d, 2)
    return _power_mean(input, norm_type, kernel_size, stride, ceil_mode, pools)


def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Any:
    """The root of the sum of powers in windows of the last three dimensions."""
    pools = (avg_pool3d, max_pool3d, 3)
    return _power_mean(input, norm_type, kernel_size, stride, ceil_mode, pools)


def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """Divided by (k + alpha · the mean square of neighbouring channels) to the power of beta."""
    rank = require_tensor("local_response_norm", input).ndim
    if rank < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality                          input (got {rank} "
            "dimensions)"
        )
    if not input.numel():
        return input
    squares = input * input
    before, after = size // 2, (size - 1) // 2
    if rank == 3:
        padded = pad(unsqueeze(squares, 1), (0, 0, before, after))
        means = squeeze(avg_pool2d(padded, (size, 1), stride=1), 1)
    else:
        sizes = tuple(input.shape)
        apart = view(squares, sizes[0], 1, sizes[1], sizes[2], -1)
        padded = pad(apart, (0, 0, 0, 0, before, after))
        means = reshape(squeeze(avg_pool3d(padded, (size, 1, 1), stride=1), 1), sizes)
    return input / (means * alpha + k) ** beta


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Every channel of every member normalised by its own mean and variance.

    running_mean, running_var: are updated by the averages over members; used themselves where
    `use_input_stats` is false.
    """
    require_tensor("instance_norm", input)
    if input.ndim < 3 and use_input_stats:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    members, channels, *rest = input.shape
    if use_input_stats and math.prod(rest) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    kept = [
        None if one is None else one.detach().repeat(members)
        for one in (running_mean, running_var)
    ]
    given = [None if one is None else one.repeat(members) for one in (weight, bias)]
    joined = reshape(input, (1, members * channels, *rest))
    found = batch_norm(joined, kept[0], kept[1], given[0], given[1], True, momentum, eps)
    for own, new in zip((running_mean, running_var), kept, strict=True):
        if own is not None and new is not None:
            own.copy_(reshape(new, (members, channels)).mean(0))
    return reshape(found, tuple(input.shape))


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """x1ᵀ A x2 + b for each matrix A of `weight`: (out, in1, in2)."""
    require_tensor("bilinear", input1, "input1")
    require_tensor("bilinear", weight, "weight", 3)
    if weight.ndim != 3:
        raise RuntimeError(f"bilinear(): weight must be 3-D, got {weight.ndim}-D")
    found = einsum("...i,oij,...j->...o", input1, weight, input2)
    return found if bias is None else found + bias
