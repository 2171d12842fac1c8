"""Views by size, strides and offset, and of windows side by side."""

from __future__ import annotations

from typing import Any

from autodiff.functions.arguments import axis, raw, require_tensor
from autodiff.kernels.strided import extent
from autodiff.ops import windows as ops
from autodiff.state import storage

__all__ = ["as_strided", "unfold"]


def _layout(array: Any) -> tuple[int, ...]:
    return tuple(step // array.itemsize for step in array.strides)


def as_strided(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """A view of the tensor's memory of this size, with these strides, in elements.

    storage_offset: where it starts, from the first element of the memory; by default where the
    tensor starts. Raises RuntimeError where it would reach beyond the memory.

    >>> import autodiff
    >>> as_strided(autodiff.arange(6.), (2, 2), (3, 1))
    tensor([[0., 1.],
            [3., 4.]])
    """
    size, stride = tuple(map(int, size)), tuple(map(int, stride))
    require_tensor("as_strided", input)
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(step < 0 for step in stride):
        raise RuntimeError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(stride)}"
        )
    start = input.storage_offset()
    offset = start if storage_offset is None else int(storage_offset)
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    array = storage(input)
    own, needed = extent(array.shape, _layout(array)), extent(size, stride)
    base = input._base
    root = array if base is None else storage(base)
    if extent(root.shape, _layout(root)) != root.size:
        raise RuntimeError(
            "as_strided of memory with gaps, which an array that was handed in may have: use "
            "as_strided on a copy of the array"
        )
    if base is not None and (offset < start or offset - start + needed > own):
        return as_strided(base, size, stride, offset)  # of which the tensor shows a part
    if needed and (offset < start or offset - start + needed > own):
        itemsize = array.itemsize
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, "
            f"and itemsize {itemsize} requiring a storage size of "
            f"{(offset + needed) * itemsize} are out of bounds for storage of size "
            f"{(start + own) * itemsize}"
        )
    return ops.AS_STRIDED(
        input, size=size, stride=stride, offset=offset - start, layout=_layout(array)
    )


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """A view of the windows of `size` elements, `step` apart, along a dimension, as a last axis.

    >>> import autodiff
    >>> unfold(autodiff.arange(5.), 0, 3, 2)
    tensor([[0., 1., 2.],
            [2., 3., 4.]])
    """
    where = axis(dimension, require_tensor("unfold", input).ndim)
    array = storage(input)
    shape, layout = array.shape or (1,), _layout(array) or (1,)
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > shape[where]:
        raise RuntimeError(
            f"maximum size for tensor at dimension {where} is {shape[where]} but size is {size}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    sizes, strides = [*shape, size], [*layout, layout[where]]
    sizes[where] = (shape[where] - size) // step + 1
    strides[where] *= step
    if not raw(input).ndim:
        sizes, strides = [size], [1]
    return ops.UNFOLD.straight(
        input, size=tuple(sizes), stride=tuple(strides), offset=0, layout=_layout(array)
    )
