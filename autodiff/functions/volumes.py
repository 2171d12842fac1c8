"""Pooling of volumes: as in `pooling`, over windows of three axes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autodiff import dtypes
from autodiff.functions.arguments import raw, require_tensor
from autodiff.functions.pooling import even_windows, joint_sizes, window_sizes, window_tables
from autodiff.ops import windows as ops
from autodiff.primitive import handed_over

__all__ = [
    "adaptive_avg_pool3d",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
    "avg_pool3d",
    "max_pool3d",
    "max_pool3d_with_indices",
]


def _triple(words: str, value: Any) -> tuple[int, int, int]:
    given = tuple(value) if isinstance(value, Iterable) else (value,)
    if len(given) not in (1, 3):
        raise RuntimeError(words)
    first, second, third = (given * 3)[:3]
    return int(first), int(second), int(third)


def _steps(function: str, kernel: tuple[int, ...], stride: Any, words: str) -> tuple[int, ...]:
    empty = stride is None or (isinstance(stride, Iterable) and not tuple(stride))
    steps = kernel if empty else _triple(words.format("stride"), stride)
    if 0 in steps:
        raise RuntimeError("stride should not be zero")
    if min(steps) < 0:
        raise RuntimeError(
            f"stride should be greater than zero, but got dT: {steps[0]} dH: {steps[1]} dW: "
            f"{steps[2]}"
        )
    return steps


def _check_pads(pads: tuple[int, ...], kernel: tuple[int, ...], spaces: tuple[int, ...]) -> None:
    for pad, width, space in zip(pads, kernel, spaces, strict=True):
        if pad < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {pad}")
        if pad > (space * (width - 1) + 1) // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={pad}, kernel_size={width} and dilation={space}"
            )


def _check_shape(function: str, input: Any) -> None:
    shape = list(require_tensor(function, input).shape)
    if len(shape) not in (4, 5):
        raise RuntimeError("non-empty 4D or 5D (batch mode) tensor expected for input")
    for place, size in enumerate(shape[-4:]):
        if not size:
            raise RuntimeError(
                f"{function}(): Expected input's non-batch dimensions to have positive length, "
                f"but input has a shape of {shape} and non-batch dimension {place} has length "
                "zero!"
            )


def _refused(function: str, input: Any, kinds: str) -> None:
    if raw(input).dtype.kind not in kinds:
        kind = raw(input).dtype.kind
        title = "Bool" if kind == "b" else input.dtype.title
        raise NotImplementedError(f"\"{function}\" not implemented for '{title}'")


def max_pool3d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """As :func:`max_pool3d`, with the places of the elements in each flattened volume."""
    words = "max_pool3d: {} must either be a single int, or a tuple of three ints"
    kernel = _triple(words.format("kernel_size"), kernel_size)
    steps = _steps("max_pool3d", kernel, stride, words)
    pads = _triple(words.format("padding"), padding)
    spaces = _triple(words.format("dilation"), dilation)
    _check_shape("max_pool3d_with_indices_out_cpu_template", input)
    if min(spaces) <= 0:
        raise RuntimeError(
            f"dilation should be greater than zero, but got dilationT: {spaces[0]} dilationH: "
            f"{spaces[1]} dilationW: {spaces[2]}"
        )
    _check_pads(pads, kernel, spaces)
    tables = window_tables(input, (kernel, steps, pads, spaces), ceil_mode)
    _refused("max_pool3d", input, "fVi")
    return ops.MAX_POOL3D(input, windows=tables)


@handed_over
def max_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of volumes (…, depth, height, width).

    stride: how far windows are apart, by default their size. padding: at most half a window, on
    each side, never the largest. The gradient goes to the first of equal elements.
    Raises RuntimeError, NotImplementedError as PyTorch does.

    >>> import autodiff
    >>> max_pool3d(autodiff.arange(8.).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    found = max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


@handed_over
def avg_pool3d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window of volumes (…, depth, height, width).

    count_include_pad: whether padding counts as zeros. divisor_override: what sums are divided by.

    >>> import autodiff
    >>> avg_pool3d(autodiff.arange(8.).reshape(1, 2, 2, 2), 2)
    tensor([[[[3.5000]]]])
    """
    words = "avg_pool3d: {} must be a single int, or a tuple of three ints"
    kernel = _triple(words.format("kernel_size"), kernel_size)
    steps = _steps("avg_pool3d", kernel, stride, words)
    pads = _triple(words.format("padding"), padding)
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    _check_shape("avg_pool3d", input)
    _check_pads(pads, kernel, (1, 1, 1))
    sizes = [int(n) for n in input.shape[-3:]]
    if any(size + 2 * pad < width for size, pad, width in zip(sizes, pads, kernel, strict=True)):
        raise RuntimeError(
            f"input image (T: {sizes[0]} H: {sizes[1]} W: {sizes[2]}) smaller than kernel size "
            f"(kT: {kernel[0]} kH: {kernel[1]} kW: {kernel[2]})"
        )
    if raw(input).dtype.kind == "i":  # quotients of whole numbers
        exact = input.to(dtypes.float64)
        return avg_pool3d(
            exact, kernel, steps, pads, ceil_mode, count_include_pad, divisor_override
        ).to(input.dtype)
    _refused("avg_pool3d_out_frame", input, "fV")
    geometry = (kernel, steps, pads, (1, 1, 1))
    tables = window_tables(input, geometry, ceil_mode)
    if divisor_override is not None:
        return ops.AVG_POOL3D.straight(input, windows=tables, scales=int(divisor_override))
    scales = window_sizes(input, tables, geometry, count_include_pad)
    return ops.AVG_POOL3D.straight(input, windows=tables, scales=scales)


def _targets(input: Any, output_size: Any, message: str) -> tuple[int, ...]:
    given = tuple(output_size) if isinstance(output_size, Iterable) else (output_size,) * 3
    if len(given) != 3:
        raise RuntimeError(message)
    sizes = [int(n) for n in input.shape[-3:]]
    return tuple(size if new is None else int(new) for size, new in zip(sizes, given, strict=True))


@handed_over
def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """Means of as many windows as asked for, which cover volumes evenly.

    >>> import autodiff
    >>> adaptive_avg_pool3d(autodiff.arange(8.).reshape(1, 2, 2, 2), (1, 1, 2))
    tensor([[[[3., 4.]]]])
    """
    require_tensor("adaptive_avg_pool3d", input)
    wanted = _targets(input, output_size, "adaptive_avg_pool3d: output_size must be 3")
    if min(wanted) < 0:
        first, second, third = wanted
        raise RuntimeError(
            "adaptive_avg_pool3d: elements of output_size must be greater than or equal to 0 but "
            f"received {{{first}, {second},{third}}}"
        )
    if input.ndim not in (4, 5):
        raise RuntimeError(
            f"adaptive_avg_pool3d(): Expected 4D or 5D tensor, but got {list(input.shape)}"
        )
    if wanted == (1, 1, 1):
        return input.mean((-1, -2, -3), keepdim=True)
    _refused("adaptive_avg_pool3d_cpu", input, "fV")
    tables = tuple(even_windows(int(n), m) for n, m in zip(input.shape[-3:], wanted, strict=True))
    counts = [[sum(place >= 0 for place in row) for row in table] for table in tables]
    return ops.ADAPTIVE_AVG_POOL3D.straight(input, windows=tables, scales=joint_sizes(counts))


def adaptive_max_pool3d_with_indices(
    input: Any, output_size: Any, return_indices: bool = False
) -> Any:
    """As :func:`adaptive_max_pool3d`, with places in each flattened volume."""
    shape = list(require_tensor("adaptive_max_pool3d", input).shape)
    if len(shape) not in (4, 5):
        raise RuntimeError(f"adaptive_max_pool3d(): Expected 4D or 5D tensor, but got: {shape}")
    message = "adaptive_max_pool3d(): internal error: output_size.size() must be 3"
    wanted = _targets(input, output_size, message)
    if min(wanted) < 0:
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(wanted)}: "
            f"{[*shape[:-3], *wanted]}"
        )
    _refused("adaptive_max_pool3d_cpu", input, "fV")
    tables = tuple(even_windows(int(n), m) for n, m in zip(shape[-3:], wanted, strict=True))
    return ops.ADAPTIVE_MAX_POOL3D(input, windows=tables)


@handed_over
def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of as many windows as asked for, which cover volumes evenly."""
    found = adaptive_max_pool3d_with_indices(input, output_size)
    return found if return_indices else found[0]
