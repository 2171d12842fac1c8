"""Functions that join, repeat, turn and part tensors: compositions of views and of `cat`."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.arguments import axis, is_tensor_like, raw, require_tensor
from autodiff.functions.indexing import index_select, narrow
from autodiff.functions.shapes import (
    cat,
    chunk,
    diagonal,
    expand,
    flip,
    movedim,
    reshape,
    split,
    stack,
    transpose,
    unsqueeze,
    view,
)
from autodiff.ops.shapes import CLONE

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "broadcast_tensors",
    "cartesian_prod",
    "column_stack",
    "combinations",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal_scatter",
    "dsplit",
    "dstack",
    "fliplr",
    "flipud",
    "hsplit",
    "hstack",
    "meshgrid",
    "narrow_copy",
    "repeat_interleave",
    "rot90",
    "row_stack",
    "select_scatter",
    "slice_scatter",
    "split_with_sizes",
    "tensor_split",
    "trace",
    "unsafe_chunk",
    "unsafe_split",
    "vsplit",
    "vstack",
]


def _copied(node: str) -> Any:
    """A copy under the name of PyTorch's node, the last of a composition."""
    return CLONE.variant(node)


_DIAGONAL_COPY = _copied("DiagonalBackward0_copy")
_DIAG_EMBED = _copied("DiagEmbedBackward0")
_TRACE = _copied("TraceBackward0")
_ROT90 = _copied("Rot90Backward0")
_BLOCK_DIAG = _copied("BlockDiagBackward0")
_SELECT_SCATTER = _copied("SelectScatterBackward0")
_SLICE_SCATTER = _copied("SliceScatterBackward0")
_DIAGONAL_SCATTER = _copied("DiagonalScatterBackward0")
_NARROW_COPY = _copied("NarrowCopyBackward0")


def _each(tensors: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The tensors if they were given as one sequence."""
    given = tensors[0] if len(tensors) == 1 else tensors
    return tuple(given) if isinstance(given, Sequence) else None


def _lifted(function: str, rank: int, tensors: tuple[Any, ...]) -> Any:
    several = _each(tensors)
    if several is not None:
        return tuple(_of_rank(function, rank, one) for one in several)
    return _of_rank(function, rank, tensors[0])


def _of_rank(function: str, rank: int, input: Any) -> Any:
    require_tensor(function, input)
    if input.ndim >= rank:
        return input
    if not input.ndim:
        return reshape(input, (1,) * rank)
    front = unsqueeze(input, 0) if input.ndim == 1 and rank > 1 else input
    return unsqueeze(front, -1) if rank == 3 else front


def atleast_1d(*tensors: Any) -> Any:
    """A number as a vector of one; anything else as it is. Of several tensors, a tuple."""
    return _lifted("atleast_1d", 1, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """Numbers and vectors as rows; anything else as it is. Of several tensors, a tuple."""
    return _lifted("atleast_2d", 2, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """Dimensions of size one added until there are three. Of several tensors, a tuple."""
    return _lifted("atleast_3d", 3, tensors)


def _stackable(function: str, tensors: Any) -> tuple[Any, ...]:
    if not tensors:
        raise RuntimeError(f"{function} expects a non-empty TensorList")
    return tuple(tensors)


def hstack(tensors: Any) -> Any:
    """Joined along the second dimension; of vectors along the first.

    >>> import autodiff
    >>> hstack((autodiff.tensor([1, 2]), autodiff.tensor([3])))
    tensor([1, 2, 3])
    """
    parts = atleast_1d(_stackable("hstack", tensors))
    return cat(parts, 0 if parts[0].ndim == 1 else 1)


def vstack(tensors: Any) -> Any:
    """Joined along the first dimension; vectors as rows."""
    return cat(atleast_2d(_stackable("vstack", tensors)), 0)


def dstack(tensors: Any) -> Any:
    """Joined along the third dimension."""
    return cat(atleast_3d(_stackable("dstack", tensors)), 2)


def column_stack(tensors: Any) -> Any:
    """Joined along the second dimension; vectors as columns."""
    given = _stackable("column_stack", tensors)
    return hstack([one if one.ndim > 1 else reshape(one, (-1, 1)) for one in given])


row_stack = vstack


def fliplr(input: Any) -> Any:
    """The order of columns reversed."""
    if require_tensor("fliplr", input).ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


def flipud(input: Any) -> Any:
    """The order of rows reversed."""
    if require_tensor("flipud", input).ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """Turned by k quarters in the plane of two dimensions, from the first to the second.

    >>> import autodiff
    >>> rot90(autodiff.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    rank = require_tensor("rot90", input).ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if rank < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {rank}")
    first, second = (axis(one, rank) for one in dims)
    if first == second:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {dims[0]} and "
            f"dim1 = {dims[1]}"
        )
    quarters = k % 4
    if quarters == 0:
        return _ROT90(input)
    if quarters == 2:
        return _ROT90(flip(input, first, second))
    return _ROT90(transpose(flip(input, second if quarters == 1 else first), first, second))


def tensor_split(input: Any, indices_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views of so many nearly equal parts, or of the parts between indices.

    >>> import autodiff
    >>> tensor_split(autodiff.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if not require_tensor("tensor_split", input).ndim:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    where = axis(dim, input.ndim)
    length = input.shape[where]
    given = raw(indices_or_sections)
    if is_tensor_like(indices_or_sections):
        given = given.tolist()
    if isinstance(given, int):
        if given <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {given}")
        small, more = divmod(length, given)
        bounds = list(itertools.accumulate([0] + [small + 1] * more + [small] * (given - more)))
    else:
        bounds = [0, *given, length]
    pieces = []
    for start, stop in itertools.pairwise(bounds):
        low, high, _ = slice(start, stop).indices(length)
        pieces.append(narrow(input, where, low, max(high - low, 0)))
    return tuple(pieces)


def _split_along(function: str, input: Any, parts: Any, dim: int, least: int) -> tuple[Any, ...]:
    rank = require_tensor(function, input).ndim
    if rank < least:
        raise RuntimeError(
            f"torch.{function} requires a tensor with at least {least} dimension"
            f"{'s' if least > 1 else ''}, but got a tensor with {rank} dimensions!"
        )
    if isinstance(parts, int) and (parts == 0 or input.shape[dim] % parts):
        raise RuntimeError(
            f"torch.{function} attempted to split along dimension {dim}, but the size of the "
            f"dimension {input.shape[dim]} is not divisible by the split_size {parts}!"
        )
    return tensor_split(input, parts, dim)


def hsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Parts of equal width, or between indices, along the second dimension."""
    dim = 0 if require_tensor("hsplit", input).ndim == 1 else 1
    return _split_along("hsplit", input, indices_or_sections, dim, 1)


def vsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Parts of equal height, or between indices, along the first dimension."""
    return _split_along("vsplit", input, indices_or_sections, 0, 2)


def dsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Parts of equal depth, or between indices, along the third dimension."""
    return _split_along("dsplit", input, indices_or_sections, 2, 3)


def split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> tuple[Any, ...]:
    """Views of consecutive parts of given sizes."""
    return split(input, list(split_sizes), dim)


def unsafe_chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """Copies of the parts that :func:`chunk` gives, which may be written to each."""
    return tuple(part.clone() for part in chunk(input, chunks, dim))


def unsafe_split(tensor: Any, split_size: Any, dim: int = 0) -> tuple[Any, ...]:
    """Copies of the parts that :func:`split` gives, which may be written to each."""
    return tuple(part.clone() for part in split(tensor, split_size, dim))


def narrow_copy(input: Any, dim: int, start: int, length: int) -> Any:
    """A copy of a range along a dimension."""
    return _NARROW_COPY(narrow(input, dim, start, length))


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """Views of the shape to which all are broadcast together."""
    given = _each(tensors) or tensors
    if not given:
        return ()
    shape: tuple[int, ...] = ()
    for one in given:
        require_tensor("broadcast_tensors", one)
        shape = _joined(shape, tuple(one.shape))
    return tuple(expand(one, shape) for one in given)


def _joined(shape: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    rank = max(len(shape), len(other))
    a, b = ((1,) * (rank - len(s)) + s for s in (shape, other))
    for place, (m, n) in enumerate(zip(a, b, strict=True)):
        if m != n and 1 not in (m, n):
            raise RuntimeError(
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at "
                f"non-singleton dimension {place}"
            )
    return tuple(n if m == 1 else m for m, n in zip(a, b, strict=True))


_INDEXING = (
    "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument."
)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    """Coordinates of a grid from those along its sides: views.

    indexing: "ij", or "xy", where the first two dimensions change places.

    >>> import autodiff
    >>> meshgrid(autodiff.arange(2), autodiff.arange(3), indexing="ij")[1]
    tensor([[0, 1, 2],
            [0, 1, 2]])
    """
    given = _each(tensors) or tensors
    if indexing is None:
        warnings.warn(_INDEXING, UserWarning, stacklevel=2)
    elif indexing not in ("ij", "xy"):
        raise RuntimeError(
            'torch.meshgrid: indexing must be one of "xy" or "ij", but received: ' + indexing
        )
    if not given:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for one in given:
        if require_tensor("meshgrid", one).ndim > 1:
            raise RuntimeError(
                f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {one}"
            )
        if one.dtype != given[0].dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    swapped = indexing == "xy" and len(given) > 1
    sides = (given[1], given[0], *given[2:]) if swapped else given
    shape = tuple(one.numel() for one in sides)
    grids = []
    for place, one in enumerate(sides):
        apart = [1] * len(sides)
        apart[place] = -1
        grids.append(expand(view(one, *apart), shape))
    if swapped:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


def diag(input: Any, diagonal: int = 0) -> Any:
    """The diagonal of a matrix, copied; of a vector the matrix with it on the diagonal.

    >>> import autodiff
    >>> diag(autodiff.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    rank = require_tensor("diag", input).ndim
    if rank == 1:
        return diag_embed(input, diagonal)
    if rank != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {rank}D")
    return _DIAGONAL_COPY(input.diagonal(diagonal))


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices with the last dimension on their diagonals, in two new dimensions."""
    rank = require_tensor("diag_embed", input).ndim + 1
    first, second = axis(dim1, rank), axis(dim2, rank)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    size = input.shape[-1] + abs(offset)
    made = input.new_zeros((*input.shape[:-1], size, size))
    return _DIAG_EMBED(movedim(_with_diagonal(made, input, offset), (-2, -1), (first, second)))


def _with_diagonal(matrices: Any, values: Any, offset: int) -> Any:
    """A copy of the matrices of the last two dimensions with other values on a diagonal."""
    number = np.arange(values.shape[-1])
    copy = matrices.clone()
    copy[..., number + max(-offset, 0), number + max(offset, 0)] = values
    return copy


def diagflat(input: Any, offset: int = 0) -> Any:
    """The matrix with all elements on its diagonal."""
    return diag_embed(reshape(require_tensor("diagflat", input), -1), offset)


def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """A copy in which a diagonal is `src`."""
    require_tensor("diagonal_scatter", input)
    return _scattered(_DIAGONAL_SCATTER, input, src, diagonal, offset, dim1, dim2)


def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """A copy in which `input.select(dim, index)` is `src`."""
    require_tensor("select_scatter", input)
    return _scattered(_SELECT_SCATTER, input, src, lambda x: x.select(dim, index))


def slice_scatter(
    input: Any,
    src: Any,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Any:
    """A copy in which the slice `start:end:step` of a dimension is `src`."""
    where = axis(dim, require_tensor("slice_scatter", input).ndim)
    index = (*(slice(None),) * where, slice(start, end, step))
    return _scattered(_SLICE_SCATTER, input, src, lambda x: x[index])


def _scattered(row: Any, input: Any, src: Any, part: Any, *args: Any) -> Any:
    copy = row(input)
    place = part(copy, *args)
    if tuple(place.shape) != tuple(src.shape):
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src.shape)}, slice size = {list(place.shape)}"
        )
    place.copy_(src)
    return copy


def trace(input: Any) -> Any:
    """The sum of the diagonal of a matrix."""
    if require_tensor("trace", input).ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    return _TRACE(diagonal(input).sum())


def block_diag(*tensors: Any) -> Any:
    """Matrices one after the other along the diagonal, zeros elsewhere."""
    blocks = []
    for number, one in enumerate(tensors):
        if require_tensor("block_diag", one).ndim > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{number} has {one.ndim} dimensions"
            )
        blocks.append(atleast_2d(one))
    width = sum(one.shape[1] for one in blocks)
    rows, before = [], 0
    for one in blocks:
        height, own = one.shape
        left, right = (
            from_array(np.zeros((height, size), raw(one).dtype))
            for size in (before, width - before - own)
        )
        rows.append(cat([left, one, right], 1))
        before += own
    return _BLOCK_DIAG(cat(rows, 0)) if rows else from_array(np.zeros((1, 0), np.float32))


def cartesian_prod(*tensors: Any) -> Any:
    """All combinations of one element of each vector, as rows."""
    for one in tensors:
        if require_tensor("cartesian_prod", one).ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(one.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape(one, -1) for one in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All choices of r elements of a vector, as rows."""
    if require_tensor("combinations", input).ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    choose = (
        itertools.combinations_with_replacement if with_replacement else itertools.combinations
    )
    chosen = np.array(list(choose(range(input.shape[0]), r)), np.int64).reshape(-1, r)
    if not r:
        return from_array(np.zeros(0, raw(input).dtype))
    return stack([index_select(input, 0, from_array(column.copy())) for column in chosen.T], 1)


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Each element so many times, one after the other, along a dimension or of all in a row.

    repeats: a number, or a tensor of one number for each element. Given that tensor alone, the
    numbers of its elements, repeated so.

    >>> import autodiff
    >>> repeat_interleave(autodiff.tensor([1, 2]), autodiff.tensor([1, 2]))
    tensor([1, 2, 2])
    """
    require_tensor("repeat_interleave", input)
    if repeats is None:
        times = np.asarray(raw(input))
        return from_array(np.repeat(np.arange(len(times)), times))
    flat = reshape(input, -1) if dim is None else input
    where = axis(0 if dim is None else dim, flat.ndim)
    if isinstance(repeats, int):
        if repeats < 0:
            raise RuntimeError(f"Repeats must be non-negative, got {repeats}")
        if not flat.ndim:
            flat = reshape(flat, 1)
        sizes = list(flat.shape)
        wide = expand(
            unsqueeze(flat, where + 1), (*sizes[: where + 1], repeats, *sizes[where + 1 :])
        )
        sizes[where] *= repeats
        return view(wide.contiguous(), *sizes)
    counts = np.asarray(raw(repeats))
    if counts.dtype.kind not in "iu":
        raise RuntimeError("repeats has to be Long or Int tensor")
    if counts.size == 1:
        counts = np.broadcast_to(counts.reshape(-1), flat.shape[where : where + 1])
    elif counts.shape != tuple(flat.shape[where : where + 1]):
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{counts.shape[0]} and input.size({where}) = {flat.shape[where]}"
        )
    if (counts < 0).any():
        raise RuntimeError("repeats can not be negative")
    index = from_array(np.repeat(np.arange(len(counts)), counts))
    return index_select(flat, where, index)
