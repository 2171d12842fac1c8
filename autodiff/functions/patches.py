"""Windows side by side and put together again, channels in the place of pixels, padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.arguments import raw, require_tensor
from autodiff.functions.indexing import index_select, narrow
from autodiff.functions.pooling import sliding_windows
from autodiff.functions.shapes import cat, permute, reshape
from autodiff.ops.shapes import CLONE
from autodiff.ops.windows import COL2IM, IM2COL
from autodiff.primitive import handed_over

__all__ = [
    "channel_shuffle",
    "fold",
    "pad",
    "pixel_shuffle",
    "pixel_unshuffle",
    "unfold",
]

_SHUFFLE = CLONE.variant("PixelShuffleBackward0")
_UNSHUFFLE = CLONE.variant("PixelUnshuffleBackward0")
_CHANNELS = CLONE.variant("ChannelShuffleBackward0")
_MODES = {"reflect": "ReflectionPad", "replicate": "ReplicationPad"}
_CONSTANT = CLONE.variant("ConstantPadNdBackward0")


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


_Pair = tuple[int, int]


def _check_geometry(*given: tuple[str, str, _Pair]) -> None:
    """PyTorch's complaints about widths and steps: what each is, its short name, its numbers."""
    for words, short, (height, width) in given:
        if min(height, width) < (0 if short == "pad" else 1):
            raise RuntimeError(f"{words}, but got {short}_height: {height} {short}_width: {width}")


def _counts(
    sizes: _Pair, kernel: _Pair, dilation: _Pair, padding: _Pair, stride: _Pair
) -> tuple[int, ...]:
    """How many windows there are along each axis: none where the count is not positive."""
    axes = zip(sizes, kernel, dilation, padding, stride, strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in axes)


def _windows(
    sizes: _Pair, kernel: _Pair, dilation: _Pair, padding: _Pair, stride: _Pair
) -> tuple[Any, ...]:
    """The positions of the elements of each window, for both axes."""
    axes = zip(sizes, kernel, stride, padding, dilation, strict=True)
    return tuple(sliding_windows(*axis, False) for axis in axes)


_KERNEL = "kernel size should be greater than zero", "kernel"
_DILATION = "dilation should be greater than zero", "dilation"
_PADDING = "padding should be non-negative", "pad"
_STRIDE = "stride should be greater than zero", "stride"


@handed_over
def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """Windows of (…, channels, height, width) as columns of (…, channels · k · k, windows)."""
    require_tensor("unfold", input)
    kernel, space, pads, step = map(_pair, (kernel_size, dilation, padding, stride))
    _check_geometry((*_KERNEL, kernel), (*_DILATION, space), (*_PADDING, pads), (*_STRIDE, step))
    shape = tuple(input.shape)
    if len(shape) not in (3, 4) or 0 in shape[len(shape) - 3 :]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    sizes = shape[-2], shape[-1]
    counts = _counts(sizes, kernel, space, pads, step)
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {sizes}, kernel_size={kernel}, dilation={space}, "
            f"padding={pads}, calculated shape of the array of sliding blocks as {counts}, but "
            "its components must be at least one."
        )
    return IM2COL.straight(input, windows=_windows(sizes, kernel, space, pads, step))


@handed_over
def fold(
    input: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Any:
    """Columns of windows added up in a plane: the transpose of :func:`unfold`."""
    require_tensor("fold", input)
    kernel, space, pads, step = map(_pair, (kernel_size, dilation, padding, stride))
    _check_geometry((*_KERNEL, kernel), (*_STRIDE, step), (*_DILATION, space), (*_PADDING, pads))
    shape = tuple(input.shape)
    if len(shape) not in (2, 3) or 0 in shape[len(shape) - 2 :]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    sizes = _pair(output_size)
    if shape[-2] % (kernel[0] * kernel[1]):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={shape[-2]} and kernel_size=({kernel[0]}, {kernel[1]})."
        )
    high, wide = _counts(sizes, kernel, space, pads, step)
    if shape[-1] != high * wide or min(high, wide) < 1:
        raise RuntimeError(
            f"Given output_size={sizes}, kernel_size={kernel}, dilation={space}, padding={pads}, "
            f"stride={step}, expected size of input's dimension 2 to match the calculated number "
            f"of sliding blocks {high} * {wide} = {high * wide}, but got "
            f"input.size(2)={shape[-1]}."
        )
    return COL2IM.straight(input, sizes=sizes, windows=_windows(sizes, kernel, space, pads, step))


@handed_over
def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """(…, c · r², h, w) as (…, c, h · r, w · r)."""
    r = upscale_factor
    if require_tensor("pixel_shuffle", input).ndim < 3:
        raise RuntimeError(
            "pixel_shuffle expects input to have at least 3 dimensions, but got input with "
            f"{input.ndim} dimension(s)"
        )
    *lead, channels, height, width = input.shape
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    apart = reshape(input, (*lead, channels // (r * r), r, r, height, width))
    n = len(lead)
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    shape = (*lead, channels // (r * r), height * r, width * r)
    return _SHUFFLE(reshape(permute(apart, order), shape))


@handed_over
def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """(…, c, h · r, w · r) as (…, c · r², h, w)."""
    r = downscale_factor
    if require_tensor("pixel_unshuffle", input).ndim < 3:
        raise RuntimeError(
            "pixel_unshuffle expects input to have at least 3 dimensions, but got input with "
            f"{input.ndim} dimension(s)"
        )
    *lead, channels, height, width = input.shape
    for size, name, place in ((height, "height", -2), (width, "width", -1)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                f"input.size({place})={size} is not divisible by {r}"
            )
    apart = reshape(input, (*lead, channels, height // r, r, width // r, r))
    n = len(lead)
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    shape = (*lead, channels * r * r, height // r, width // r)
    return _UNSHUFFLE(reshape(permute(apart, order), shape))


@handed_over
def channel_shuffle(input: Any, groups: int) -> Any:
    """Channels taken in turn from each of so many groups."""
    if require_tensor("channel_shuffle", input).ndim < 3:
        raise RuntimeError(
            "channel_shuffle expects input to have > 2 dims, but got input with sizes "
            f"{list(input.shape)}"
        )
    batch, channels, *rest = input.shape
    if groups <= 0 or channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and "
            f"{groups} groups."
        )
    apart = reshape(input, (batch, groups, channels // groups, *rest))
    order = (0, 2, 1, *range(3, apart.ndim))
    return _CHANNELS(reshape(permute(apart, order), tuple(input.shape)))


@handed_over
def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    """More elements before and after: (last before, last after, next to last before, …).

    mode: "constant" (of `value`, 0; negative numbers take elements away), "reflect",
    "replicate" or "circular" (of the last one to three dimensions, with one or two before them).

    >>> import autodiff
    >>> pad(autodiff.tensor([[1, 2]]), (1, 0), value=7)
    tensor([[7, 1, 2]])
    """
    require_tensor("pad", input)
    amounts = [int(raw(one)) for one in pad]
    if len(amounts) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(amounts) > 2 * input.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but "
            f"got padding length {len(amounts)} and input of dimension {input.ndim}"
        )
    if mode == "constant":
        return _constant(input, amounts, 0 if value is None else value)
    if value not in (None, 0):
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    spatial = len(amounts) // 2
    if input.ndim not in (spatial + 1, spatial + 2):
        raise NotImplementedError(
            "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now"
        )
    for number in range(spatial):
        dim = input.ndim - 1 - number
        before, after = amounts[2 * number : 2 * number + 2]
        if before or after:
            index = _outside(input.shape[dim], before, after, mode, dim, tuple(input.shape))
            input = index_select(input, dim, from_array(index))
    if mode == "circular":
        return input
    return CLONE.variant(f"{_MODES[mode]}{spatial}DBackward0")(input)


def _constant(input: Any, amounts: list[int], value: Any) -> Any:
    shape = list(input.shape)
    for number in range(len(amounts) // 2):
        dim = input.ndim - 1 - number
        before, after = amounts[2 * number : 2 * number + 2]
        shape[dim] += before + after
        if shape[dim] < 0:
            raise RuntimeError(
                f"The input size {input.shape[dim]}, plus negative padding {before} and {after} "
                f"resulted in a negative output size, which is invalid. Check dimension {dim} of "
                "your input."
            )
        cut = max(-before, 0), max(-after, 0)
        if any(cut):
            input = narrow(input, dim, cut[0], max(input.shape[dim] - sum(cut), 0))
        parts = [
            from_array(np.full(
                [size if k != dim else more for k, size in enumerate(input.shape)],
                value, raw(input).dtype,
            ))
            for more in (max(before, 0), max(after, 0))
        ]  # fmt: skip
        if before > 0 or after > 0:
            given = [parts[0], input, parts[1]]
            input = cat([one for one in given if one is input or one.shape[dim]], dim)
    return _CONSTANT(input)


def _outside(
    size: int, before: int, after: int, mode: str, dim: int, shape: tuple[int, ...]
) -> np.ndarray:
    """Which element of a dimension stands at each place of the padded one."""
    places = np.arange(-before, size + after)
    if mode == "replicate":
        return np.clip(places, 0, size - 1)
    if mode == "circular":
        if max(before, after) > size:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        return places % size
    if max(before, after) >= size:
        raise RuntimeError(
            "Argument #4: Padding size should be less than the corresponding input dimension, "
            f"but got: padding ({before}, {after}) at dimension {dim} of input {list(shape)}"
        )
    period = max(2 * (size - 1), 1)
    folded = np.abs(places) % period
    return np.minimum(folded, period - folded) if size > 1 else folded * 0
