"""Pooling: the mean or the largest element of windows that move over signals and images."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import Any

from autodiff import dtypes
from autodiff.functions.arguments import raw, require_tensor
from autodiff.ops import windows as ops
from autodiff.primitive import handed_over

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "avg_pool1d",
    "avg_pool2d",
    "even_windows",
    "joint_sizes",
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool2d",
    "max_pool2d_with_indices",
    "sliding_windows",
    "window_sizes",
    "window_tables",
]


def _pair(function: str, name: str, value: Any) -> tuple[int, int]:
    given = tuple(value) if isinstance(value, Iterable) else (value,)
    if len(given) not in (1, 2):
        raise RuntimeError(
            f"{function}: {name} must either be a single int, or a tuple of two ints"
        )
    first, last = (given * 2)[:2]
    return int(first), int(last)


@functools.lru_cache(maxsize=256)
def sliding_windows(size: int, width: int, step: int, pad: int, space: int, up: bool) -> Any:
    """The positions of the elements of each window along an axis, -1 in the padding."""
    room = size + 2 * pad - space * (width - 1) - 1
    count = -(-room // step) + 1 if up else room // step + 1
    if up and (count - 1) * step >= size + pad:
        count -= 1
    positions = range(-pad, -pad + space * width, space)
    return tuple(
        tuple(p + n * step if 0 <= p + n * step < size else -1 for p in positions)
        for n in range(count)
    )


def _checked(function: str, input: Any, words: str) -> None:
    kind = require_tensor(function, input)._data.dtype.kind
    if kind in "cbu":
        title = "Bool" if kind == "b" else input.dtype.title
        raise NotImplementedError(f"\"{function}\" not implemented for '{title}'")
    if input.ndim not in (3, 4) or 0 in input.shape[input.ndim - 3 :]:
        shown = words.format(list(input.shape))
        raise RuntimeError(shown)


_EXPECTED = (
    "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:{}"
)


def _geometry(
    function: str, kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[Any, Any, Any, Any]:
    kernel = _pair(function, "kernel_size", kernel_size)
    empty = stride is None or (isinstance(stride, Iterable) and not tuple(stride))
    steps = kernel if empty else _pair(function, "stride", stride)
    pads, spaces = _pair(function, "padding", padding), _pair(function, "dilation", dilation)
    if 0 in steps:
        raise RuntimeError("stride should not be zero")
    if min(steps) < 0:
        raise RuntimeError(
            f"stride should be greater than zero, but got dH: {steps[0]} dW: {steps[1]}"
        )
    for pad, width, space in zip(pads, kernel, spaces, strict=True):
        if pad < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {pad}")
        if pad > (space * (width - 1) + 1) // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={pad}, kernel_size={width} and dilation={space}"
            )
    return kernel, steps, pads, spaces


def window_tables(input: Any, geometry: tuple[Any, Any, Any, Any], ceil_mode: bool) -> Any:
    """The positions of the elements of each window, for each of the last axes.

    geometry: width, step, padding and spacing of the windows, each with a number for every axis.
    """
    rank = len(geometry[0])
    sizes = [int(n) for n in input.shape[-rank:]]
    tables = tuple(
        sliding_windows(size, width, step, pad, space, ceil_mode)
        for size, width, step, pad, space in zip(sizes, *geometry, strict=True)
    )
    if not all(tables):
        planes = int(input.shape[-rank - 1])
        found = "x".join(str(len(one)) for one in tables)
        shown = "x".join(map(str, sizes))
        raise RuntimeError(
            f"Given input size: ({planes}x{shown}). Calculated output size: ({planes}x{found}). "
            "Output size is too small"
        )
    return tables


def max_pool2d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """As :func:`max_pool2d`, with the places of the elements in each flattened image."""
    geometry = _geometry("max_pool2d", kernel_size, stride, padding, dilation)
    if require_tensor("max_pool2d", input).ndim not in (3, 4):
        raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")
    _checked("max_pool2d", input, _EXPECTED)
    return ops.MAX_POOL(input, windows=window_tables(input, geometry, ceil_mode))


@handed_over
def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of images (…, height, width); nan is the largest.

    stride: how far windows are apart, by default their size. padding: at most half a window, on
    each side, never the largest. The gradient goes to the first of equal elements.
    Raises RuntimeError, NotImplementedError as PyTorch does.

    >>> import autodiff
    >>> max_pool2d(autodiff.arange(16.).reshape(1, 4, 4), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    found = max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


def _alone(name: str, value: Any, function: str = "max_pool1d()") -> int:
    given = tuple(value) if isinstance(value, Iterable) else (value,)
    if len(given) != 1:
        raise RuntimeError(
            f"{function} {name} must be an int, list of ints or tuple of ints of size 1 but got "
            f"size {len(given)}"
        )
    return int(given[0])


def max_pool1d_with_indices(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """As :func:`max_pool1d`, with the places of the elements in each signal."""
    if require_tensor("max_pool1d", input).ndim not in (2, 3):
        raise RuntimeError("max_pool1d: " + _EXPECTED.replace("3D or 4D", "2D or 3D").format(
            list(input.shape)
        ))  # fmt: skip
    width = _alone("kernel_size", kernel_size)
    empty = stride is None or (isinstance(stride, Iterable) and not tuple(stride))
    step = width if empty else _alone("stride", stride)
    pad, space = _alone("padding", padding), _alone("dilation", dilation)
    for name, value in (("kernel_size", width), ("stride", step), ("dilation", space)):
        if value <= 0:
            raise RuntimeError(f"max_pool1d() {name} must be greater than zero, but got {value}")
    if pad < 0:
        raise RuntimeError(f"max_pool1d() padding must be non-negative, but got {pad}")
    if pad > width // 2:
        raise RuntimeError(
            "max_pool1d() padding should be at most half of kernel size, but got "
            f"padding={pad} and kernel_size={width}"
        )
    if raw(input).dtype.kind not in "fV":
        title = input.dtype.title
        raise NotImplementedError(f"\"max_pool1d_impl\" not implemented for '{title}'")
    table = sliding_windows(int(input.shape[-1]), width, step, pad, space, ceil_mode)
    if not table:
        raise RuntimeError("max_pool1d() Invalid computed output size: 0")
    values, indices = ops.MAX_POOL(input.unsqueeze(-2), windows=(((0,),), table))
    return values.squeeze(-2), indices.squeeze(-2)


@handed_over
def max_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of signals (…, length); see :func:`max_pool2d`."""
    found = max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return found if return_indices else found[0]


@handed_over
def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window of images (…, height, width).

    count_include_pad: whether padding counts as zeros. divisor_override: what sums are divided by.

    >>> import autodiff
    >>> avg_pool2d(autodiff.arange(16.).reshape(1, 4, 4), 2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    geometry = _geometry("avg_pool2d", kernel_size, stride, padding, 1)
    if require_tensor("avg_pool2d", input)._data.dtype.kind == "i":  # quotients of whole numbers
        exact = input.to(dtypes.float64)
        return avg_pool2d(
            exact, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        ).to(input.dtype)
    if require_tensor("avg_pool2d", input).ndim < 3:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [-{input.ndim}, "
            f"{input.ndim - 1}], but got -3)"
        )
    _checked("avg_pool2d", input, _EXPECTED)
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    tables = window_tables(input, geometry, ceil_mode)
    if divisor_override is not None:
        return ops.AVG_POOL.straight(input, windows=tables, scales=int(divisor_override))
    scales = window_sizes(input, tables, geometry, count_include_pad)
    return ops.AVG_POOL.straight(input, windows=tables, scales=scales)


def window_sizes(
    input: Any, tables: Any, geometry: tuple[Any, Any, Any, Any], padded: bool
) -> Any:
    """The numbers of elements of the windows: one number if it is the same for all.

    padded: whether padding counts.
    """
    kernel, steps, pads, _ = geometry
    counts = [
        [
            min(n * step - pad + width, size + pad) - (n * step - pad)
            if padded
            else sum(place >= 0 for place in row)
            for n, row in enumerate(table)
        ]
        for table, width, step, pad, size in zip(
            tables, kernel, steps, pads, input.shape[-len(kernel) :], strict=True
        )
    ]
    return joint_sizes(counts)


def joint_sizes(counts: list[list[int]]) -> Any:
    """The same from the numbers of elements along each axis."""
    if all(len(set(one)) == 1 for one in counts):
        return math.prod(one[0] for one in counts)
    return _products(counts, 1)


def _products(counts: list[list[int]], factor: int) -> Any:
    """Every product of one number from each list, as nested tuples."""
    if not counts:
        return factor
    return tuple(_products(counts[1:], factor * one) for one in counts[0])


def _vectors(function: str, input: Any) -> None:
    if require_tensor(function, input).ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {input.ndim}-dimensional tensor for argument "
            f"#1 'self' (while checking arguments for {function})"
        )


@handed_over
def avg_pool1d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window of signals (…, length); see :func:`avg_pool2d`."""
    _vectors("avg_pool1d", input)
    given = [kernel_size, kernel_size if stride is None else stride, padding]
    for place, name in enumerate(("kernel_size", "stride", "padding")):
        one = tuple(given[place]) if isinstance(given[place], Iterable) else (given[place],)
        if len(one) != 1:
            raise RuntimeError(
                f"avg_pool1d() argument '{name}' should contain one int (got {len(one)})"
            )
        given[place] = one[0]
    width, step, pad = given
    image = avg_pool2d(
        input.unsqueeze(-2), (1, width), (1, step), (0, pad), ceil_mode, count_include_pad
    )
    return image.squeeze(-2)


def even_windows(size: int, count: int) -> Any:
    """Windows that cover an axis evenly, all as wide as the widest, -1 where they are less."""
    bounds = [(n * size // count, -(-(n + 1) * size // count)) for n in range(count)]
    width = max((last - first for first, last in bounds), default=0)
    return tuple(
        tuple(p if p < last else -1 for p in range(first, first + width)) for first, last in bounds
    )


def _targets(input: Any, output_size: Any, message: str) -> tuple[int, ...]:
    given = tuple(output_size) if isinstance(output_size, Iterable) else (output_size,) * 2
    if len(given) != 2:
        raise RuntimeError(message)
    sizes = [int(n) for n in input.shape[-2:]]
    return tuple(size if new is None else int(new) for size, new in zip(sizes, given, strict=True))


def _one_target(function: str, output_size: Any) -> Any:
    given = tuple(output_size) if isinstance(output_size, Iterable) else (output_size,)
    if len(given) != 1:
        raise RuntimeError(
            f"{function}() argument 'output_size' should contain one int (got {len(given)})"
        )
    return given[0]


def _floats(function: str, input: Any) -> None:
    if raw(input).dtype.kind not in "fV":
        title = input.dtype.title
        raise NotImplementedError(f"\"{function}\" not implemented for '{title}'")


@handed_over
def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Means of as many windows as asked for, which cover images (…, height, width) evenly.

    >>> import autodiff
    >>> adaptive_avg_pool2d(autodiff.arange(6.).reshape(1, 2, 3), (1, 2))
    tensor([[[2., 3.]]])
    """
    shape = list(require_tensor("adaptive_avg_pool2d", input).shape)
    wanted = _targets(input, output_size, "adaptive_avg_pool2d: output_size must be 2")
    if min(wanted) < 0:
        raise RuntimeError(
            "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but "
            f"received {{{wanted[0]}, {wanted[1]}}}"
        )
    if len(shape) not in (3, 4):
        raise RuntimeError(f"adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got {shape}")
    if wanted == (1, 1):
        return input.mean((-1, -2), keepdim=True)
    _floats("adaptive_avg_pool2d", input)
    tables = tuple(
        even_windows(size, count) for size, count in zip(shape[-2:], wanted, strict=True)
    )
    counts = [[sum(place >= 0 for place in row) for row in table] for table in tables]
    return ops.ADAPTIVE_AVG_POOL.straight(input, windows=tables, scales=joint_sizes(counts))


@handed_over
def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """Means of as many windows as asked for, which cover signals (…, length) evenly."""
    _vectors("adaptive_avg_pool1d", input)
    count = _one_target("adaptive_avg_pool1d", output_size)
    return adaptive_avg_pool2d(input.unsqueeze(-2), (1, count)).squeeze(-2)


def adaptive_max_pool2d_with_indices(
    input: Any, output_size: Any, return_indices: bool = False
) -> Any:
    """As :func:`adaptive_max_pool2d`, with places in each flattened image."""
    shape = list(require_tensor("adaptive_max_pool2d", input).shape)
    if len(shape) not in (3, 4):
        raise RuntimeError(f"adaptive_max_pool2d(): Expected 3D or 4D tensor, but got: {shape}")
    message = "adaptive_max_pool2d(): internal error: output_size.size() must be 2"
    wanted = _targets(input, output_size, message)
    if min(wanted) < 0:
        bad = min(wanted)
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {bad}: {[*shape[:-2], *wanted]}"
        )
    _floats("adaptive_max_pool2d", input)
    tables = tuple(
        even_windows(size, count) for size, count in zip(shape[-2:], wanted, strict=True)
    )
    return ops.ADAPTIVE_MAX_POOL(input, windows=tables)


@handed_over
def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of as many windows as asked for, which cover images evenly."""
    found = adaptive_max_pool2d_with_indices(input, output_size)
    return found if return_indices else found[0]


def adaptive_max_pool1d_with_indices(
    input: Any, output_size: Any, return_indices: bool = False
) -> Any:
    """As :func:`adaptive_max_pool1d`, with places in each signal."""
    _vectors("adaptive_max_pool1d", input)
    count = _one_target("adaptive_max_pool1d", output_size)
    values, indices = adaptive_max_pool2d_with_indices(input.unsqueeze(-2), (1, count))
    return values.squeeze(-2), indices.squeeze(-2)


@handed_over
def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of as many windows as asked for, which cover signals evenly."""
    found = adaptive_max_pool1d_with_indices(input, output_size)
    return found if return_indices else found[0]
