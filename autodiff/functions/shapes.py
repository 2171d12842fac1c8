"""Functions that change shape or arrangement."""

from __future__ import annotations

import builtins
import functools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.dtypes import promote_types
from autodiff.functions.arguments import (
    axes,
    axis,
    is_foreign,
    raw,
    require_tensor,
    shape_argument,
)
from autodiff.ops import shapes as ops
from autodiff.ops.indexing import ALIAS
from autodiff.size import contiguous_format
from autodiff.state import TensorState, storage

__all__ = [
    "broadcast_to",
    "cat",
    "chunk",
    "clone",
    "concat",
    "contiguous",
    "diagonal",
    "expand",
    "flatten",
    "flip",
    "movedim",
    "permute",
    "ravel",
    "repeat",
    "reshape",
    "roll",
    "split",
    "squeeze",
    "stack",
    "t",
    "tile",
    "transpose",
    "tril",
    "triu",
    "unbind",
    "unflatten",
    "unsqueeze",
    "view",
]


def _resolved(shape: tuple[int, ...], numel: int) -> tuple[int, ...]:
    """The shape with its -1 filled in."""
    unknown = [i for i, size in enumerate(shape) if size == -1]
    if len(unknown) > 1:
        raise RuntimeError("only one dimension can be inferred")
    for position, size in enumerate(shape):
        if size < -1:
            raise RuntimeError(
                f"invalid shape dimension {size} at index {position} of shape {list(shape)}"
            )
    known = math.prod(size for size in shape if size != -1)
    if unknown:
        if known == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
                "unspecified dimension size -1 can be any value and is ambiguous"
                if numel == 0
                else f"shape '{list(shape)}' is invalid for input of size {numel}"
            )
        if numel % known == 0:
            filled = numel // known
            return tuple(filled if size == -1 else size for size in shape)
    elif known == numel:
        return shape
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {numel}")


def _can_view(data: Any, shape: tuple[int, ...]) -> bool:
    """Whether the memory can be described with another shape without copying."""
    if not isinstance(data, np.ndarray) or data.flags.c_contiguous or data.size == 0:
        return True
    try:
        return np.reshape(data, shape, copy=False) is not None
    except ValueError:
        return False


def view(input: Any, *shape: Any) -> Any:
    """The same memory under another shape; raises where that is impossible."""
    sizes = _resolved(shape_argument(shape), input.numel())
    if isinstance(input, TensorState) and not _can_view(storage(input), sizes):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return ops.VIEW.straight(input, shape=sizes)


def reshape(input: Any, *shape: Any) -> Any:
    """Another shape: a view where memory allows, otherwise a copy."""
    require_tensor("reshape", input)
    sizes = _resolved(shape_argument(shape), input.numel())
    if isinstance(input, TensorState) and not _can_view(storage(input), sizes):
        return ops.RESHAPE.straight(input, shape=sizes)
    if isinstance(input, TensorState) and not storage(input).flags.c_contiguous:
        return ops.RESHAPE_ALIAS.straight(input, shape=sizes)
    return ops.VIEW.straight(input, shape=sizes)


def contiguous(input: Any) -> Any:
    """A copy in row-major order; gradients flow through."""
    return ops.CONTIGUOUS.straight(input)


def ravel(input: Any) -> Any:
    """All elements in one dimension."""
    if isinstance(input, TensorState) and not storage(input).flags.c_contiguous:
        input = contiguous(input)
    return view(input, -1) if input.numel() else view(input, 0)


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One dimension taken apart into several; one of the sizes may be -1."""
    where = axis(dim, require_tensor("unflatten", input).ndim)
    shape = tuple(input.shape)
    parts = tuple(int(size) for size in sizes)
    length = shape[where]
    known = math.prod(size for size in parts if size != -1)
    if not (parts.count(-1) == 1 and known and length % known == 0) and known != length:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(parts)} don't multiply up to the size of dim "
            f"{dim} ({length}) in the input tensor"
        )
    filled = tuple(length // known if size == -1 else size for size in parts)
    return view(input, *shape[:where], *filled, *shape[where + 1 :])


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions from `start_dim` to `end_dim` joined into one."""
    shape = require_tensor("flatten", input).shape
    if not len(shape):
        return reshape(input, 1)
    first, last = axis(start_dim, len(shape)), axis(end_dim, len(shape))
    if first > last:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if first == last:
        return input
    joined = math.prod(shape[first : last + 1])
    return reshape(input, (*shape[:first], joined, *shape[last + 1 :]))


def permute(input: Any, *dims: Any) -> Any:
    """The dimensions in another order."""
    order = shape_argument(dims)
    ndim = require_tensor("permute", input).ndim
    if len(order) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            "length of the desired ordering of dimensions i.e. "
            f"input.dim() = {ndim} is not equal to len(dims) = {len(order)}"
        )
    found = tuple(axis(one, ndim) for one in order)
    if len(set(found)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return ops.PERMUTE.straight(input, dims=found)


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two dimensions exchanged."""
    ndim = require_tensor("transpose", input).ndim
    first, second = axis(dim0, ndim), axis(dim1, ndim)
    return ops.TRANSPOSE.straight(input, dim0=first, dim1=second)


def t(input: Any) -> Any:
    """The transpose of a tensor of at most two dimensions."""
    ndim = require_tensor("t", input).ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return ops.T.straight(input)


def reversed_dims(input: Any) -> Any:
    """`tensor.T`: all dimensions reversed; on other than two dimensions PyTorch warns."""
    if not input.ndim:
        warnings.warn(
            "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases.",
            UserWarning,
            stacklevel=3,
        )
    elif input.ndim != 2:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
            "deprecated and it will throw an error in a future release. Consider `x.mT` to "
            "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to "
            "reverse the dimensions of a tensor.",
            UserWarning,
            stacklevel=3,
        )
    return ops.PERMUTE.straight(input, dims=tuple(range(input.ndim))[::-1])


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Dimensions moved to other places, the rest in their order."""
    ndim = require_tensor("movedim", input).ndim
    sources, targets = axes((*_several(source),), ndim), axes((*_several(destination),), ndim)
    if len(sources) != len(targets):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(sources)} dims) should "
            f"contain the same number of dims as destination ({list(targets)} dims)"
        )
    if not ndim:
        return ALIAS.straight(input, index=(...,))
    order = [one for one in range(ndim) if one not in sources]
    for target, source_dim in sorted(zip(targets, sources, strict=True)):
        order.insert(target, source_dim)
    return ops.PERMUTE.straight(input, dims=tuple(order))


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, Sequence) else (value,)


def squeeze(input: Any, dim: Any = None) -> Any:
    """Dimensions of size one removed: all, or those given."""
    ndim = require_tensor("squeeze", input).ndim
    if dim is None:
        return ops.SQUEEZE_ALL.straight(input, dim=tuple(range(ndim)))
    if isinstance(dim, Sequence):
        return ops.SQUEEZE_SEVERAL.straight(input, dim=axes(tuple(dim), ndim) if dim else ())
    return ops.SQUEEZE.straight(input, dim=axes((dim,), ndim))


def unsqueeze(input: Any, dim: int) -> Any:
    """A dimension of size one inserted before position `dim`."""
    return ops.UNSQUEEZE.straight(
        require_tensor("unsqueeze", input), dim=axis(dim, input.ndim + 1)
    )


def expand(input: Any, *sizes: Any) -> Any:
    """Repeated along dimensions of size one, without copying; -1 keeps a size."""
    wanted = shape_argument(sizes)
    shape = tuple(require_tensor("expand", input).shape)
    lead = len(wanted) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand({_type_name(input)}{{{list(shape)}}}, size={list(wanted)}): the number of "
            f"sizes provided ({len(wanted)}) must be greater or equal to the number of "
            f"dimensions in the tensor ({len(shape)})"
        )
    result = list(wanted)
    for i, size in reversed(list(enumerate(shape))):
        if result[lead + i] == -1:
            result[lead + i] = size
        elif size not in (1, result[lead + i]):
            raise RuntimeError(
                f"The expanded size of the tensor ({result[lead + i]}) must match the existing "
                f"size ({size}) at non-singleton dimension {lead + i}.  Target sizes: "
                f"{list(wanted)}.  Tensor sizes: {list(shape)}"
            )
    for i in range(lead):
        if result[i] < 0:
            raise RuntimeError(
                f"The expanded size of the tensor ({result[i]}) isn't allowed in a leading, "
                f"non-existing dimension {i}"
            )
    return ops.EXPAND.straight(input, size=tuple(result))


def repeat(input: Any, *repeats: Any) -> Any:
    """A copy that is laid side by side with itself, so many times along each dimension.

    repeats: one number for each dimension, and for new ones before these.
    Raises RuntimeError for fewer numbers than dimensions.

    >>> import autodiff
    >>> repeat(autodiff.tensor([1, 2]), 2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times = shape_argument(repeats)
    if not repeats:
        raise TypeError('repeat() missing 1 required positional arguments: "repeats"')
    shape = tuple(require_tensor("repeat", input).shape)
    lead = len(times) - len(shape)
    if lead < 0:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    sizes = (*(1,) * lead, *shape)
    result = tuple(size * count for size, count in zip(sizes, times, strict=True))
    for size in result:
        if size < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {size}: {list(result)}"
            )
    if all(count == 1 for count in times):
        return ops.REPEAT.straight(clone(input), shape=result)
    apart = [part for size in sizes for part in (1, size)]
    spread = [part for size, count in zip(sizes, times, strict=True) for part in (count, size)]
    whole = ops.EXPAND.straight(reshape(input, apart), size=tuple(spread))
    return ops.REPEAT.straight(whole, shape=result)


def tile(input: Any, *dims: Any) -> Any:
    """As :func:`repeat`; numbers that are missing in front are ones."""
    times = shape_argument(dims)
    missing = require_tensor("tile", input).ndim - len(times)
    return repeat(input, (*(1,) * missing, *times))


def _type_name(input: Any) -> str:
    return errors.legacy_name(input.dtype.title)


broadcast_to = expand


def _tensors(function: str, tensors: Any) -> list[Any]:
    if not isinstance(tensors, Sequence):
        raise TypeError(
            f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, "
            f"not {type(tensors).__name__}"
        )
    if not tensors:
        raise (RuntimeError if function == "stack" else ValueError)(
            f"{function} expects a non-empty TensorList"
            if function == "stack"
            else f"torch.{function}(): expected a non-empty list of Tensors"
        )
    for position, one in enumerate(tensors):
        if not hasattr(one, "shape"):
            raise TypeError(
                f"expected Tensor as element {position} in argument 0, "
                f"but got {type(one).__name__}"
            )
    return list(tensors)


def cat(tensors: Any, dim: int = 0) -> Any:
    """Tensors joined along an existing dimension."""
    given = _tensors("cat", tensors)
    shapes: list[tuple[int, ...]] = [tuple(raw(p).shape) for p in given]
    parts = given
    if (0,) in shapes:
        parts = _without_empty(given, shapes, dim)
        shapes = [tuple(p.shape) for p in parts]
    for position, shape in enumerate(shapes):
        if not shape:
            raise RuntimeError(
                f"zero-dimensional tensor (at position {position}) cannot be concatenated"
            )
    first = shapes[0]
    where = axis(dim, len(first)) if first != (0,) else 0  # vectors that are all empty fit anyhow
    starts = [0]
    for position, shape in enumerate(shapes):
        if len(shape) != len(first):
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}"
            )
        if shape != first:
            for i, (a, b) in enumerate(zip(first, shape, strict=True)):
                if i != where and a != b:
                    raise RuntimeError(
                        f"Sizes of tensors must match except in dimension {where}. Expected size "
                        f"{a} but got size {b} for tensor number {position} in the list."
                    )
        starts.append(starts[-1] + shape[where])
    return ops.CAT.straight(*parts, dim=where, starts=tuple(starts))


def _without_empty(given: list[Any], shapes: list[tuple[int, ...]], dim: int) -> list[Any]:
    """PyTorch's legacy: an empty vector has no part but in the dtype, and an empty gradient."""
    parts = [p for p, shape in zip(given, shapes, strict=True) if shape != (0,)] or given[:1]
    if len(parts) == len(given) or any(is_foreign(p) for p in given):
        return parts
    dtype = functools.reduce(promote_types, (p.dtype for p in given))
    kept = list(parts[0].shape)
    if kept != [0] and parts[0].ndim:
        kept[axis(dim, len(kept))] = 0
        whole = [p for p in given if tuple(p.shape) != (0,) or p.requires_grad]
        parts = [p if tuple(p.shape) != (0,) else p.view(kept) for p in whole]
    return [p.to(dtype) for p in parts]


concat = cat


def stack(tensors: Any, dim: int = 0) -> Any:
    """Tensors of one shape joined along a new dimension."""
    parts = _tensors("stack", tensors)
    shapes = [tuple(raw(part).shape) for part in parts]
    first = shapes[0]
    where = axis(dim, len(first) + 1)
    for position, shape in enumerate(shapes):
        if shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 "
                f"and {list(shape)} at entry {position}"
            )
    return ops.STACK.straight(*parts, dim=where)


def split(tensor: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views of consecutive parts: of one size (the last may be smaller), or of given sizes."""
    ndim = require_tensor("split", tensor).ndim
    if not ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    where = axis(dim, ndim)
    length = tensor.shape[where]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size == 0 and length:
            raise RuntimeError(
                "split_size can only be 0 if dimension size is 0, but got dimension size of "
                f"{length}"
            )
        if size < 0:
            raise RuntimeError(
                f"split expects split_size be non-negative, but got split_size={size}"
            )
        return _in_parts(tensor, length, size, where)
    else:
        if not isinstance(split_size_or_sections, Sequence) or isinstance(
            split_size_or_sections, str
        ):
            raise TypeError(
                "split_with_sizes(): argument 'split_sizes' (position 2) must be tuple of ints, "
                f"not {type(split_size_or_sections).__name__}"
            )
        sizes = tuple(int(size) for size in split_size_or_sections)
        if builtins.sum(sizes) != length:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {length} (input "
                f"tensor's size at dimension {dim}), but got split_sizes={list(sizes)}"
            )
    return ops.SPLIT_WITH_SIZES.straight(tensor, sizes=sizes, dim=where)  # type: ignore[no-any-return]


def _in_parts(tensor: Any, length: int, size: int, dim: int) -> tuple[Any, ...]:
    whole, rest = divmod(length, size) if size else (0, 0)
    sizes = (size,) * whole
    if rest or not whole:
        sizes += (rest,)
    return ops.SPLIT.straight(tensor, sizes=sizes, dim=dim)  # type: ignore[no-any-return]


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most `chunks` views of equal size along a dimension (the last may be smaller)."""
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    ndim = require_tensor("chunk", input).ndim
    if not ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    where = axis(dim, ndim)
    length = input.shape[where]
    if not length:  # as many as were asked for, all empty
        return split(input, [0] * chunks, where)
    return _in_parts(input, length, -(-length // chunks), where)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views of all slices along a dimension."""
    ndim = require_tensor("unbind", input).ndim
    if not ndim:
        raise IndexError(f"Dimension specified as {axis(dim, 0)} but tensor has no dimensions")
    where = axis(dim, ndim)
    if not input.shape[where]:
        return ()
    return ops.UNBIND.straight(input, dim=where)  # type: ignore[no-any-return]


def flip(input: Any, *given: Any, dims: Any = None) -> Any:
    """The order along dimensions reversed (a copy)."""
    given = shape_argument(given if dims is None else (dims,))
    return ops.FLIP.straight(
        require_tensor("flip", input), dims=axes(given, input.ndim) if given else ()
    )


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Elements moved on along dimensions, the last coming first again."""
    require_tensor("roll", input)
    steps, along = _several(shifts), () if dims is None else _several(dims)
    if len(steps) != len(along) and (along or len(steps) != 1):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(along)}"
        )
    if not input.ndim and along:
        raise IndexError(f"Dimension specified as {along[0]} but tensor has no dimensions")
    if not input.numel():
        return ops.ROLL.straight(input, shifts=(0,), dims=())  # their numbers do not matter
    return ops.ROLL.straight(
        input, shifts=steps, dims=tuple(axis(one, input.ndim) for one in along)
    )


def tril(input: Any, diagonal: int = 0) -> Any:
    """The lower triangle; zeros above the diagonal."""
    return ops.TRIL.straight(_matrices("tril", input), diagonal=diagonal)


def triu(input: Any, diagonal: int = 0) -> Any:
    """The upper triangle; zeros below the diagonal."""
    return ops.TRIU.straight(_matrices("triu", input), diagonal=diagonal)


def _matrices(function: str, input: Any) -> Any:
    if require_tensor(function, input).ndim < 2:
        raise RuntimeError(f"{function}: input tensor must have at least 2 dimensions")
    return input


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A view of the diagonal with respect to two dimensions, as the last dimension."""
    ndim = require_tensor("diagonal", input).ndim
    first, second = axis(dim1, ndim), axis(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return ops.DIAGONAL.straight(input, offset=offset, dim1=first, dim2=second)


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy, through which gradients flow; in the order of the input's axes in memory.

    memory_format: `contiguous_format` for row-major order.
    """
    if memory_format is contiguous_format:
        return contiguous(input)
    return ops.CLONE.straight(require_tensor("clone", input))
