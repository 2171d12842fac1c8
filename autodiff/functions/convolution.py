"""Convolutions of signals, images and volumes, and their transposes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autodiff.functions.arguments import raw, require_tensor
from autodiff.kernels.convolution import Geometry
from autodiff.operation import legacy_name
from autodiff.ops import convolution as ops
from autodiff.primitive import handed_over

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]


def _each(name: str, value: Any, rank: int, axes: int) -> tuple[int, ...]:
    """One number for each axis of an image, of which the weight has `axes`."""
    given = tuple(value) if isinstance(value, Iterable) else (value,)
    if len(given) == 1:
        given *= rank
    if len(given) != axes:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {axes} values to match "
            f"the convolution dimensions, but got {name}={list(given)}"
        )
    return tuple(int(one) for one in given)


def _batched(name: str, input: Any, rank: int) -> bool:
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, but got "
            f"input of size: {list(input.shape)}"
        )
    return bool(input.ndim == rank + 2)


def _check_numbers(stride: Any, padding: Any, dilation: Any, groups: int) -> None:
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if any(before < 0 for before, _ in padding):
        raise RuntimeError("negative padding is not supported")
    if any(step <= 0 for step in stride):
        raise RuntimeError("non-positive stride is not supported")
    if any(space <= 0 for space in dilation):
        raise RuntimeError("non-positive dilation is not supported")


def _paddings(
    padding: Any, kernel: tuple[int, ...], stride: Any, dilation: Any, rank: int, axes: int
) -> tuple[tuple[int, int], ...]:
    """Elements (before, after) each axis."""
    if not isinstance(padding, str):
        return tuple((one, one) for one in _each("padding", padding, rank, axes))
    if padding == "valid":
        return ((0, 0),) * axes
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: {padding!r}")
    if any(step != 1 for step in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [space * (width - 1) for width, space in zip(kernel, dilation, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


def _check_types(input: Any, weight: Any, bias: Any) -> None:
    if bias is not None and bias.dtype != input.dtype:
        raise RuntimeError(
            f"Input type ({input.dtype.title.lower()}) and bias type "
            f"({bias.dtype.title.lower()}) should be the same"
        )
    if weight.dtype != input.dtype:
        types = (legacy_name(raw(one)).split(" ")[0] for one in (input, weight))
        raise RuntimeError(
            "Input type ({}) and weight type ({}) should be the same or input should be a MKLDNN "
            "tensor and weight is a dense tensor".format(*types)
        )


def _check_shapes(
    input: Any, weight: Any, bias: Any, geometry: Geometry, transposed: bool
) -> None:
    groups, shape = geometry.groups, list(weight.shape)
    filters, channels = shape[0], shape[1] * groups
    given = f"groups={groups}"
    if transposed:
        filters, channels, given = channels, filters, "transposed=1"
    if weight.shape[0] < groups or weight.shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{shape}] instead"
        )
    if input.shape[1] != channels:
        raise RuntimeError(
            f"Given {given}, weight of size {shape}, expected input{list(input.shape)} to "
            f"have {channels} channels, but got {input.shape[1]} channels instead"
        )
    if bias is not None and tuple(bias.shape) != (filters,):
        raise RuntimeError(
            f"Given weight of size {shape}, expected bias to be 1-dimensional with {filters} "
            f"elements, but got bias of size {list(bias.shape)} instead"
        )


def _check_windows(input: Any, kernel: tuple[int, ...], geometry: Geometry) -> None:
    sizes = [n + sum(around) for n, around in zip(input.shape[2:], geometry.padding, strict=True)]
    widths = [d * (k - 1) + 1 for d, k in zip(geometry.dilation, kernel, strict=True)]
    if any(size < width for size, width in zip(sizes, widths, strict=True)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, sizes))}). Kernel "
            f"size: ({' x '.join(map(str, widths))}). Kernel size can't be greater than actual "
            "input size"
        )


def _convolution(rank: int) -> Callable[..., Any]:
    name = f"conv{rank}d"

    def conv(
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Any:
        """Σ over channels c, places k: weight[d, c, k] · input[n, c, o · stride + k · dilation].

        input: (batch, channels, sizes…), or without the batch. weight: (filters, channels /
        groups, sizes of the kernel…). padding: zeros before and after each axis, "valid" (none)
        or "same". Raises RuntimeError, in PyTorch's words, where shapes or dtypes do not fit.
        """
        require_tensor(name, input)
        require_tensor(name, weight, "weight", 2)
        if not _batched(name, input, rank):
            single = input.unsqueeze(0)
            return conv(single, weight, bias, stride, padding, dilation, groups).squeeze(0)
        own = weight.ndim - 2
        kernel = tuple(weight.shape[2:])
        steps, spaces = _each("stride", stride, rank, own), _each("dilation", dilation, rank, own)
        around = _paddings(padding, kernel, steps, spaces, rank, own)
        _check_types(input, weight, bias)
        _check_numbers(steps, around, spaces, groups)
        geometry = Geometry(steps, around, spaces, groups)
        _check_shapes(input, weight, bias, geometry, transposed=False)
        _check_windows(input, kernel, geometry)
        return ops.CONVOLUTION.straight(input, weight, bias, geometry=geometry)

    conv.__name__ = conv.__qualname__ = name
    return handed_over(conv)


def _transposed(rank: int) -> Callable[..., Any]:
    name = f"conv_transpose{rank}d"

    def conv_transpose(
        input: Any,
        weight: Any,
        bias: Any = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Any:
        """The transpose of a convolution in its input: every element spreads a kernel.

        weight: (channels of the input, channels of the result / groups, sizes of the kernel…).
        output_padding: by how much larger the result is on one side. Raises as `conv2d` does.
        """
        require_tensor(name, input)
        require_tensor(name, weight, "weight", 2)
        if not _batched(name, input, rank):
            rest = (stride, padding, output_padding, groups, dilation)
            return conv_transpose(input.unsqueeze(0), weight, bias, *rest).squeeze(0)
        own = weight.ndim - 2
        kernel = tuple(weight.shape[2:])
        steps, spaces = _each("stride", stride, rank, own), _each("dilation", dilation, rank, own)
        around = tuple((one, one) for one in _each("padding", padding, rank, own))
        more = _each("output_padding", output_padding, rank, own)
        _check_types(input, weight, bias)
        _check_numbers(steps, around, spaces, groups)
        geometry = Geometry(steps, around, spaces, groups)
        _check_shapes(input, weight, bias, geometry, transposed=True)
        axes = zip(input.shape[2:], kernel, steps, around, spaces, more, strict=True)
        sizes = tuple(
            (n - 1) * step - 2 * before + space * (width - 1) + extra + 1
            for n, width, step, (before, _), space, extra in axes
        )
        return ops.TRANSPOSED_CONVOLUTION.straight(
            input, weight, bias, sizes=sizes, geometry=geometry
        )

    conv_transpose.__name__ = conv_transpose.__qualname__ = name
    return handed_over(conv_transpose)


conv1d, conv2d, conv3d = (_convolution(rank) for rank in (1, 2, 3))
conv_transpose1d, conv_transpose2d, conv_transpose3d = (_transposed(rank) for rank in (1, 2, 3))
