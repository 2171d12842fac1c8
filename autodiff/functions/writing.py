"""Functions that write at indices, and elementwise functions of three tensors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from autodiff.errors import BatchedData, broadcast_mismatch
from autodiff.functions.arguments import axis, is_number, raw, require_tensor
from autodiff.functions.indexing import in_bounds
from autodiff.functions.undefined import refuse
from autodiff.ops import writing as ops
from autodiff.state import TensorState

F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "across_members",
    "addcdiv",
    "addcmul",
    "index_add",
    "index_copy",
    "index_fill",
    "lerp",
    "masked_scatter",
    "put",
    "scatter",
    "scatter_add",
    "scatter_places",
    "take",
    "take_along_dim",
]


def across_members(function: F) -> F:
    """A function of an index of which, in `vmap`, every member may have its own."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(input: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(input, *args, **kwargs)
        except BatchedData as data:
            if getattr(type(input), "stands_in", False):  # an in-place form, which asks again
                raise
            given = signature.bind(input, *args, **kwargs)
            given.apply_defaults()
            return data.by_member(function.__name__, *given.arguments.values())

    return cast(F, call)


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """input + weight · (end - input); the weight is a number or a tensor.

    >>> import autodiff
    >>> autodiff.lerp(autodiff.tensor([0., 10.]), autodiff.tensor([10., 20.]), 0.5)
    tensor([ 5., 15.])
    """
    require_tensor("lerp", input)
    require_tensor("lerp", end, "end", 2)
    _same_dtype("end", input, end)
    if is_number(weight):
        refuse("lerp_kernel_scalar", "iub", input)
        return ops.LERP.straight(input, end, weight=weight)
    _same_dtype("weight", input, require_tensor("lerp", weight, "weight", 3))
    refuse("lerp_kernel_tensor", "iub", input)
    return ops.LERP_TENSOR.straight(input, end, weight)


def _same_dtype(name: str, input: Any, other: Any) -> None:
    """PyTorch mixes no dtypes here, 0-d weights excepted."""
    found, wanted = raw(other).dtype, raw(input).dtype
    if found != wanted and not (name == "weight" and not raw(other).ndim):
        raise RuntimeError(
            f"expected dtype {_cpp(wanted)} for `{name}` but got dtype {_cpp(found)}"
        )


def _cpp(dtype: Any) -> str:
    names: dict[str, str] = {
        "float16": "c10::Half",
        "bfloat16": "c10::BFloat16",
        "float32": "float",
        "float64": "double",
        "complex64": "c10::complex<float>",
        "complex128": "c10::complex<double>",
        "int8": "signed char",
        "int16": "short int",
        "int32": "int",
        "int64": "long int",
        "uint8": "unsigned char",
    }
    return names.get(dtype.name, str(dtype.name))


def _check_together(*tensors: Any) -> None:
    """Shapes that do not broadcast, found one operand after the other as PyTorch does."""
    shape: tuple[int, ...] = tuple(raw(tensors[0]).shape)
    for one in tensors[1:]:
        found = tuple(raw(one).shape)
        if found == shape:
            continue
        mismatch = broadcast_mismatch(shape, found)
        if mismatch is not None:
            raise mismatch
        shape = np.broadcast_shapes(shape, found)


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """input + value · tensor1 · tensor2, broadcast."""
    require_tensor("addcmul", input)
    require_tensor("addcmul", tensor1, "tensor1", 2)
    require_tensor("addcmul", tensor2, "tensor2", 3)
    _check_together(input, tensor1, tensor2)
    if isinstance(value, float) and not any(
        raw(one).dtype.kind in "fcV" for one in (input, tensor1, tensor2)
    ):
        value = int(value)  # it is made a number of the tensors' dtype
    return ops.ADDCMUL.straight(input, tensor1, tensor2, value=value)


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """input + value · tensor1 / tensor2, broadcast; refuses to divide integers by integers."""
    require_tensor("addcdiv", input)
    require_tensor("addcdiv", tensor1, "tensor1", 2)
    require_tensor("addcdiv", tensor2, "tensor2", 3)
    _check_together(input, tensor1, tensor2)
    if raw(tensor1).dtype.kind in "iub" and raw(tensor2).dtype.kind in "iub":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release "
            "addcdiv will perform a true division of tensor1 and tensor2. The historic addcdiv "
            "behavior can be implemented as (input + value * torch.trunc(tensor1 / tensor2))."
            "to(input.dtype) for integer inputs and as (input + value * tensor1 / tensor2) for "
            "float inputs. The future addcdiv behavior is just the latter implementation: (input "
            "+ value * tensor1 / tensor2), for all dtypes."
        )
    return ops.ADDCDIV.straight(input, tensor1, tensor2, value=value)


# A 0-d tensor written to at an index, or not. Arrays, since PyTorch saves the index of a 0-d
# tensor, too, and frees it: a second pass is refused.
_THERE = (np.ones((), bool),)
_NOT_THERE = (np.zeros((), bool),)


def _index(function: str, index: Any, words: str = "Expected dtype int32/int64 for index") -> Any:
    data = raw(require_tensor(function, index, "index", 3))
    if data.dtype.type not in (np.int64, np.int32):
        raise RuntimeError(f"{function}(): {words}")
    return np.array(data)


def _grid(index: Any, dim: int) -> tuple[Any, ...]:
    """`index` along `dim` and each element's own place elsewhere, as NumPy takes it."""
    if index.ndim == 1:
        return (index,)
    places: list[Any] = list(np.ogrid[tuple(slice(size) for size in index.shape)])
    places[dim] = index
    return tuple(places)


def _scatter_index(input: Any, dim: Any, index: Any, src: Any) -> tuple[Any, ...]:
    where = axis(dim, require_tensor("scatter", input).ndim)
    array = _index("scatter", index)
    shape = tuple(input.shape)
    if isinstance(src, TensorState):
        if raw(src).dtype != raw(input).dtype:
            raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
        if not array.size:  # nothing is written, whatever the shapes are
            return (np.zeros(0, np.int64),) * len(shape)
        rank = max(array.ndim, 1)  # a 0-d tensor counts as one of one element
        if rank != max(src._data.ndim, 1) or rank != max(len(shape), 1):
            name = "self" if rank != max(len(shape), 1) else "src"
            raise RuntimeError(
                f"Index tensor must have the same number of dimensions as {name} tensor"
            )
        found: Any = src._data.shape
    else:
        found = array.shape
        if not array.size and shape:
            return (np.zeros(0, np.int64),) * len(shape)
        if shape and array.ndim != len(shape):
            raise RuntimeError(
                "Index tensor must have the same number of dimensions as self tensor"
            )
    for place, size in enumerate(array.shape):
        if size > found[place] or (place != where and size > shape[place]):
            raise RuntimeError(
                f"Expected index {list(array.shape)} to be no larger than self {list(shape)} "
                f"apart from dimension {where}"
                + (
                    f" and to be no larger size than src {list(found)}"
                    if isinstance(src, TensorState)
                    else ""
                )
            )
    if not shape:
        return _THERE
    in_bounds(array, shape[where], where)
    return _grid(array, where)


def _cut(src: Any, shape: tuple[int, ...]) -> Any:
    """The part of the source that the index speaks of; a vector where it speaks of none."""
    if 0 in shape:
        return src.reshape(-1)[:0]
    if tuple(src.shape) == tuple(shape):
        return src
    return src[tuple(slice(size) for size in shape)]


def _at_least_vectors(input: Any, index: Any, src: Any) -> tuple[Any, Any]:
    """A 0-d index speaks of one element of a vector, and so does a 0-d source."""
    if not isinstance(index, TensorState) or index._data.ndim:
        return index, src
    vector = isinstance(src, TensorState) and src._data.ndim == 1
    if input.ndim == 1 or (vector and not input.ndim):
        index = index.reshape(1)  # type: ignore[attr-defined]
        if isinstance(src, TensorState) and not src._data.ndim:
            src = src.reshape(1)  # type: ignore[attr-defined]
    return index, src


def scatter_places(input: Any, dim: int, index: Any, src: Any) -> tuple[tuple[Any, ...], Any]:
    """Where `scatter` writes, as NumPy takes it, and the part of the source that it writes."""
    index, src = _at_least_vectors(input, index, src)
    picked = _scatter_index(input, dim, index, src)
    return picked, _cut(src, index.shape)


def _untouched(row: Any, input: Any, src: Any) -> Any:
    """A copy of a 0-d tensor to which nothing was written; its history knows of the source."""
    if not isinstance(src, TensorState):
        return input.clone()
    none = src.reshape(-1)[:0].sum()  # type: ignore[attr-defined]
    return row(input, none, index=_NOT_THERE, accumulate=True)


@across_members
def scatter(input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None) -> Any:
    """A copy in which out[index[i][j]][j] = src[i][j] along `dim`; src may be a number."""
    src = value if src is None else src
    index, src = _at_least_vectors(input, index, src)
    picked = _scatter_index(input, dim, index, src)
    if not picked:
        return _untouched(ops.SCATTER, input, src)
    if isinstance(src, TensorState):
        if not input.ndim and src.numel() > 1 and index.numel() > 1:  # type: ignore[attr-defined]
            raise RuntimeError(
                f"scatter(): one of {index.numel()} elements would stand in a 0-d tensor, and "
                "nobody says which: scatter the one element that is meant"
            )
        return ops.SCATTER.straight(input, _cut(src, index.shape), index=picked, accumulate=False)
    return ops.SCATTER_NUMBER.straight(input, src, index=picked, accumulate=False)


@across_members
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """A copy in which out[index[i][j]][j] += src[i][j] along `dim`, repetitions added up.

    >>> import autodiff
    >>> autodiff.scatter_add(autodiff.zeros(2), 0, autodiff.tensor([1, 1]), autodiff.ones(2))
    tensor([0., 2.])
    """
    require_tensor("scatter_add", src, "src", 4)
    index, src = _at_least_vectors(input, index, src)
    picked = _scatter_index(input, dim, index, src)
    if not picked:
        return _untouched(ops.SCATTER_ADD, input, src)
    if not input.ndim and src.ndim:
        return ops.SCATTER_ADD.straight(
            input, _cut(src, index.shape).sum(), index=picked, accumulate=True
        )
    return ops.SCATTER_ADD.straight(input, _cut(src, index.shape), index=picked, accumulate=True)


def _along(dim: int, array: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * dim, array.reshape(-1))


@across_members
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """A copy with alpha · source added to the slices at the indices along `dim`."""
    where = axis(dim, require_tensor("index_add", input).ndim)
    require_tensor("index_add", source, "source", 4)
    found = require_tensor("index_add", index, "index", 3).dtype.title
    array = _index("index_add_", index, f"Expected dtype int32/int64 for index but got: {found}")
    if array.ndim > 1:
        raise IndexError(
            f"index_add_(): Index is supposed to be a vector, but got dim: {array.ndim} with "
            f"type: {found} and size: {list(array.shape)}"
        )
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"index_add_(): self ({input.dtype.title}) and source ({source.dtype.title}) must "
            "have the same scalar type"
        )
    if where >= max(source.ndim, 1):
        raise RuntimeError(
            f"index_add_(): Indexing dim {where} is out of bounds of the source tensor with dim "
            f"{source.ndim}"
        )
    size = source.shape[where] if source.ndim > where else 1
    if array.size != size:
        raise RuntimeError(
            f"index_add_(): Number of indices ({array.size}) should be equal to "
            f"source.size(dim): ({size}), for dim: {where}"
        )
    mine, given = list(input.shape), list(source.shape)
    rest = mine[:where] + mine[where + 1 :]
    if rest != given[:where] + given[where + 1 :] or len(mine) != len(given):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {mine} source.shape = {given}"
        )
    if not input.ndim:
        scaled = source if alpha == 1 else source * alpha
        return ops.INDEX_ADD.straight(input, scaled, index=_THERE, accumulate=True)
    if array.size and (array.min() < 0 or array.max() >= input.shape[where]):
        raise RuntimeError("index out of range in self")
    scaled = source if alpha == 1 else source * alpha
    return ops.INDEX_ADD.straight(input, scaled, index=_along(where, array), accumulate=True)


@across_members
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """A copy with the slices at the indices along `dim` replaced by those of `source`."""
    where = axis(dim, require_tensor("index_copy", input).ndim)
    require_tensor("index_copy", source, "source", 4)
    array = raw(require_tensor("index_copy", index, "index", 3))
    if array.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {array.ndim})")
    if source.ndim and input.ndim and source.ndim != input.ndim:
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality "
            f"must match. Source dimensionality ({source.ndim}), destination dimensionality "
            f"({input.ndim})"
        )
    if array.dtype.type is not np.int64:
        raise RuntimeError(
            f"index_copy_(): Expected a long tensor for index, but got {index.dtype.title}"
        )
    if source.dtype is not input.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{input.dtype.title} and (source) {source.dtype.title}"
        )
    if not input.ndim and (source.ndim > 1 or source.numel() != 1):
        given = list(source.shape)[1:]
        if given:
            raise RuntimeError(
                "index_copy_(): Source/destination tensor must have same slice shapes. "
                "Destination slice shape:  at dimension 0 and source slice shape: "
                f"{' '.join(map(str, given))} at dimension 0."
            )
        raise IndexError(
            f"index_copy_(): Number of indices ({array.size}) should be equal to "
            f"source.size(dim) ({source.numel()})"
        )
    if not input.ndim:
        return ops.INDEX_COPY.straight(input, source.reshape(()), index=_THERE, accumulate=False)
    rest, given = list(input.shape), list(source.shape)
    del rest[where]
    if source.ndim:
        del given[where]
    if rest != given:
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination "
            f"slice shape: {' '.join(map(str, rest))} at dimension {where} and source slice "
            f"shape: {' '.join(map(str, given))} at dimension 0."
        )
    if source.ndim and array.size != source.shape[where]:
        raise IndexError(
            f"index_copy_(): Number of indices ({array.size}) should be equal to "
            f"source.size(dim) ({source.shape[where]})"
        )
    size = input.shape[where]
    if array.size and (array.min() < 0 or array.max() >= size):
        raise IndexError(
            f"index_copy_(): index {array.max()} is out of bounds for dimension {where} with "
            f"size {size}"
        )
    return ops.INDEX_COPY.straight(
        input, source, index=_along(where, np.array(array)), accumulate=False
    )


@across_members
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """A copy with one number (or 0-d tensor) in the slices at the indices along `dim`."""
    where = axis(dim, require_tensor("index_fill", input).ndim)
    if isinstance(value, TensorState) and value._data.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._data.ndim} dimension(s)."
        )
    array = np.array(raw(require_tensor("index_fill", index, "index", 3)))
    if array.dtype.type is not np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if array.ndim > 1:
        raise IndexError("Index is supposed to be a vector")
    size = input.shape[where] if input.ndim else 1
    if array.size and (array.min() < -size or array.max() >= size):
        raise IndexError("index out of range in self")
    picked = _along(where, array) if input.ndim else _THERE
    row = ops.INDEX_FILL_TENSOR if isinstance(value, TensorState) else ops.INDEX_FILL
    return row(input, value, index=picked, accumulate=False)


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """A copy in which the elements under the mask are those of `source`, in order."""
    require_tensor("masked_scatter", input)
    require_tensor("masked_scatter", source, "source", 3)
    if source.dtype is not input.dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got"
            f"{input.dtype.title} and {source.dtype.title}"
        )
    chosen = raw(require_tensor("masked_scatter", mask, "mask", 2))
    if chosen.dtype.kind != "b":
        raise RuntimeError(
            "masked_scatter_ only supports boolean masks, but got mask with dtype "
            f"{mask.dtype.title}"
        )
    joint = tuple(input.shape)
    if not getattr(type(input), "stands_in", False):  # the copy may be larger, not what is written
        mismatch = broadcast_mismatch(joint, chosen.shape)
        if mismatch is not None:
            raise mismatch
        joint = np.broadcast_shapes(joint, chosen.shape)
        input = input.expand(joint) if joint != tuple(input.shape) else input
    if chosen.shape != joint:
        chosen = raw(mask.expand(joint))
    count = int(chosen.sum())
    if count > source.numel():
        raise RuntimeError("Number of elements of source < number of ones in mask")
    if not input.ndim:
        if not count:
            return input.clone()
        return ops.MASKED_SCATTER.straight(
            input, source.reshape(-1)[0], index=_THERE, accumulate=False
        )
    taken = source.reshape(-1)[:count]
    return ops.MASKED_SCATTER.straight(input, taken, index=np.nonzero(chosen), accumulate=False)


def _places(function: str, input: Any, index: Any) -> tuple[Any, ...]:
    """Flat indices, in row-major order, as one index array a dimension."""
    array = raw(require_tensor(function, index, "index", 2))
    if array.dtype.type is not np.int64:
        raise RuntimeError(
            f"{function}(): Expected a long tensor for index, but got {index.dtype.title}"
        )
    size = input.numel()
    outside = (array < -size) | (array >= size)
    if np.any(outside):
        wrong = np.asarray(array)[outside].flat[0]
        raise IndexError(
            f"out of range: tried to access index {wrong} on a tensor of {size} elements."
        )
    flat = np.where(array < 0, array + size, array)
    return np.unravel_index(flat, tuple(input.shape)) if input.ndim else _THERE


@across_members
def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """A copy with `source` written (or added) at flat, row-major indices."""
    require_tensor("put", input)
    require_tensor("put", source, "source", 3)
    count = require_tensor("put", index, "index", 2).numel()
    if source.numel() != count:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.numel()}, index.numel() = {count}"
        )
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{input.dtype.title} and source.dtype = {source.dtype.title}"
        )
    if count and not input.numel():
        raise IndexError("put_(): Tried to put elements into an empty tensor")
    picked = _places("put_", input, index)
    values = source.reshape(index.shape if input.ndim else ())
    return ops.PUT_AT.straight(input, values, index=picked, accumulate=accumulate)


@across_members
def take(input: Any, index: Any) -> Any:
    """The elements at flat, row-major indices."""
    if not require_tensor("take", input).numel() and require_tensor("take", index).numel():
        raise IndexError("take(): tried to take from an empty tensor")
    flat = input if input.ndim else input.reshape(1)
    return ops.TAKE.straight(flat, index=_places("take", flat, index))


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """As `gather`, with the index broadcast; along the flattened tensor without a dimension."""
    require_tensor("take_along_dim", input)
    if dim is None:
        return input.reshape(-1).gather(0, indices.reshape(-1))
    where = axis(dim, input.ndim)
    if indices.ndim != input.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of "
            f"dimensions, but got {input.ndim} dimensions for input, and {indices.ndim} "
            "dimensions for indices"
        )
    shape = np.broadcast_shapes(
        *(tuple(1 if i == where else n for i, n in enumerate(t.shape)) for t in (input, indices))
    )
    mine, theirs = list(shape), list(shape)
    mine[where], theirs[where] = input.shape[where], indices.shape[where]
    return input.expand(mine).gather(where, indices.expand(theirs))
