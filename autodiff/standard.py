"""The rest of the Python array API standard (2024.12) over tensors.

`Tensor.__array_namespace__()` is `autodiff.namespace`, which asks here for what no rule of the
engine needs: https://data-apis.org/array-api/latest/API_specification/
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff import creation, dtypes, fft, likes, namespace
from autodiff.functions import elementwise, logic, pointwise, reductions, shapes, sorting, writing
from autodiff.modes import settings
from autodiff.operation import wrap
from autodiff.size import device as Device
from autodiff.standard_linalg import linalg, tensordot, vecdot
from autodiff.state import TensorState

__all__ = [
    "__array_api_version__",
    "__array_namespace_info__",
    "acos",
    "acosh",
    "add",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "broadcast_arrays",
    "can_cast",
    "ceil",
    "clip",
    "complex64",
    "complex128",
    "copysign",
    "count_nonzero",
    "cumulative_prod",
    "diff",
    "divide",
    "e",
    "empty",
    "empty_like",
    "eye",
    "fft",
    "finfo",
    "from_dlpack",
    "full",
    "greater",
    "hypot",
    "iinfo",
    "inf",
    "int8",
    "int16",
    "isdtype",
    "less",
    "less_equal",
    "linalg",
    "linspace",
    "log2",
    "log10",
    "logaddexp",
    "logical_xor",
    "meshgrid",
    "moveaxis",
    "multiply",
    "nan",
    "negative",
    "newaxis",
    "nextafter",
    "nonzero",
    "not_equal",
    "ones",
    "pi",
    "positive",
    "pow",
    "remainder",
    "repeat",
    "result_type",
    "searchsorted",
    "signbit",
    "sort",
    "std",
    "subtract",
    "take",
    "tensordot",
    "tile",
    "trunc",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
    "unstack",
    "var",
    "vecdot",
]  # fmt: skip

__array_api_version__ = "2024.12"
e, inf, nan, pi, newaxis = math.e, math.inf, math.nan, math.pi, None
int8, int16 = dtypes.int8, dtypes.int16
uint8, uint16, uint32, uint64 = dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64
complex64, complex128 = dtypes.complex64, dtypes.complex128
finfo, iinfo, can_cast = dtypes.finfo, dtypes.iinfo, dtypes.can_cast

acos, acosh, asin, asinh = (
    elementwise.acos,
    elementwise.acosh,
    elementwise.asin,
    elementwise.asinh,
)
atan, atan2, atanh, ceil = (
    elementwise.atan,
    elementwise.atan2,
    elementwise.atanh,
    elementwise.ceil,
)
hypot, log2, log10, logaddexp = (
    elementwise.hypot,
    elementwise.log2,
    elementwise.log10,
    elementwise.logaddexp,
)
positive, trunc = elementwise.positive, elementwise.trunc


def _binary(operation: Callable[[Any, Any], Any], words: str) -> Callable[[Any, Any], Any]:
    """A function of two, of which one may be a number."""

    def function(x1: Any, x2: Any, /) -> Any:
        return operation(x1, x2)

    function.__doc__ = words
    return function


add = _binary(operator.add, "The sum.")
subtract = _binary(operator.sub, "The difference.")
multiply = _binary(operator.mul, "The product.")
divide = _binary(operator.truediv, "The quotient.")
pow = _binary(operator.pow, "The power.")
remainder = _binary(operator.mod, "The remainder, with the sign of the divisor.")
bitwise_and = _binary(operator.and_, "Bits that both have.")
bitwise_or = _binary(operator.or_, "Bits that one has.")
bitwise_xor = _binary(operator.xor, "Bits that one alone has.")
greater = _binary(operator.gt, "Whether the first is larger.")
less = _binary(operator.lt, "Whether the first is smaller.")
less_equal = _binary(operator.le, "Whether the first is at most the second.")
not_equal = _binary(operator.ne, "Whether two differ.")
logical_xor = _binary(logic.logical_xor, "Whether exactly one holds.")


def _of_arrays(function: Callable[..., Any], words: str) -> Callable[[Any, Any], Any]:
    """What has no derivative, of arrays or numbers."""

    def call(x1: Any, x2: Any, /) -> Any:
        return wrap(function(_raw(x1), _raw(x2)))

    call.__doc__ = words
    return call


def _raw(value: Any) -> Any:
    return value._data if isinstance(value, TensorState) else value


bitwise_left_shift = _of_arrays(np.left_shift, "Bits moved up.")
bitwise_right_shift = _of_arrays(np.right_shift, "Bits moved down.")
nextafter = _of_arrays(np.nextafter, "The next number in the direction of the second.")


def bitwise_invert(x: Any, /) -> Any:
    """The other bits."""
    return ~x


def negative(x: Any, /) -> Any:
    """The number with the other sign."""
    return -x


def signbit(x: Any, /) -> Any:
    """Whether the sign is negative, of zeros and nan, too."""
    return wrap(np.signbit(_raw(x)))


def copysign(x1: Any, x2: Any, /) -> Any:
    """The size of the first with the sign of the second.

    >>> import autodiff
    >>> copysign(autodiff.tensor([1., -2.]), autodiff.tensor([-0., 3.]))
    tensor([-1.,  2.])
    """
    size = pointwise.abs(x1) if isinstance(x1, TensorState) else builtins.abs(x1)
    return namespace.where(wrap(np.asarray(np.signbit(_raw(x2)))), -size, size)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """x, at least `min`, at most `max`."""
    return x if min is None and max is None else pointwise.clamp(x, min, max)


# creation: device is always the CPU


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None
) -> Any:
    """Numbers in equal steps, `stop` not among them."""
    first, last = (0, start) if stop is None else (start, stop)
    return creation.arange(first, last, step, dtype=dtype)


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Memory that nothing was written to."""
    return creation.empty(_sizes(shape), dtype=dtype)


def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Memory of x's shape."""
    return likes.empty_like(x, dtype=dtype)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None
) -> Any:
    """Ones on the diagonal number `k`."""
    kind = dtypes.float32 if dtype is None else dtypes.as_dtype(dtype)
    return wrap(np.eye(n_rows, n_cols, k, kind.numpy))


def from_dlpack(x: Any, /, *, device: Any = None, copy: Any = None) -> Any:
    """A tensor on another library's memory, or a copy of it."""
    made = creation.from_dlpack(x)
    return made.clone() if copy else made


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """One value everywhere."""
    return creation.full(_sizes(shape), fill_value, dtype=dtype)


def linspace(
    start: Any,
    stop: Any,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Any:
    """`num` numbers evenly from start to stop."""
    kind = dtypes.float32 if dtype is None else dtypes.as_dtype(dtype)
    return wrap(np.linspace(start, stop, num, endpoint, dtype=kind.numpy))


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Any:
    """Ones."""
    return creation.ones(_sizes(shape), dtype=dtype)


def _sizes(shape: Any) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Any]:
    """Coordinates of a grid, of each axis: `xy` has the second axis first, `ij` the first.

    >>> import autodiff
    >>> meshgrid(autodiff.tensor([1, 2]), autodiff.tensor([3, 4]), indexing="ij")[1]
    tensor([[3, 4],
            [3, 4]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"indexing is {indexing!r}: say 'xy' or 'ij'")
    order = list(builtins.range(len(arrays)))
    if indexing == "xy":
        order[:2] = order[:2][::-1]
    sizes = tuple(arrays[place].numel() for place in order)
    found = []
    for place, one in enumerate(arrays):
        lone = [1] * len(arrays)
        lone[order.index(place)] = one.numel()
        found.append(shapes.expand(shapes.reshape(one, tuple(lone)), sizes))
    return found


# dtypes

_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """Whether the dtype is of a kind, or of one of several."""
    if isinstance(kind, tuple):
        return builtins.any(isdtype(dtype, one) for one in kind)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"kind is {kind!r}: say one of {sorted(_KINDS)}")
        letter = dtypes.as_dtype(dtype).numpy.kind
        return ("f" if letter == "V" else letter) in _KINDS[kind]
    return dtypes.as_dtype(dtype) is dtypes.as_dtype(kind)


def result_type(*arrays_and_dtypes: Any) -> Any:
    """The dtype of what is computed from all of these."""
    found = [one for one in arrays_and_dtypes if isinstance(one, TensorState | dtypes.dtype)]
    if not found:
        raise ValueError("result_type needs a tensor or a dtype, besides numbers")
    kinds = [one if isinstance(one, dtypes.dtype) else one.dtype for one in found]  # type: ignore[attr-defined]
    joint = kinds[0]
    for one in kinds[1:]:
        joint = dtypes.promote_types(joint, one)
    numbers = [one for one in arrays_and_dtypes if not isinstance(one, TensorState | dtypes.dtype)]
    if not numbers:
        return joint
    probe = creation.ones(1, dtype=joint)
    for one in numbers:
        probe = probe * one
    return probe.dtype


def broadcast_arrays(*arrays: Any) -> list[Any]:
    """All in the shape that they have together."""
    shape = np.broadcast_shapes(*(tuple(one.shape) for one in arrays))
    return [shapes.expand(one, shape) for one in arrays]


# manipulation


def moveaxis(x: Any, source: Any, destination: Any, /) -> Any:
    """Axes in other places."""
    return shapes.movedim(x, source, destination)


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """Each element so many times, one after the other.

    >>> import autodiff
    >>> repeat(autodiff.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    flat, where = (x, axis) if axis is not None else (shapes.reshape(x, -1), 0)
    where %= builtins.max(flat.ndim, 1)
    times = np.broadcast_to(np.asarray(_raw(repeats)), (flat.shape[where],))
    return flat[(slice(None),) * where + (np.repeat(np.arange(flat.shape[where]), times),)]


def tile(x: Any, repetitions: Sequence[int], /) -> Any:
    """Laid side by side with itself, so many times along each axis."""
    return shapes.tile(x, tuple(repetitions))


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The parts along an axis."""
    return shapes.unbind(x, axis)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Any:
    """The slices at indices along an axis."""
    return x[(slice(None),) * _only_axis(x, axis) + (indices,)]


def nonzero(x: Any, /) -> tuple[Any, ...]:
    """The indices of what is not zero, one vector for each axis."""
    return tuple(wrap(one) for one in np.nonzero(_raw(x)))


def searchsorted(x1: Any, x2: Any, /, *, side: Any = "left", sorter: Any = None) -> Any:
    """Where elements of x2 go into the sorted x1."""
    return wrap(np.asarray(np.searchsorted(_raw(x1), _raw(x2), side, _raw(sorter))))


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Sorted along an axis."""
    return sorting.sort(x, dim=axis, descending=descending, stable=stable)[0]


class UniqueAll(NamedTuple):
    """What `unique_all` gives."""

    values: Any
    indices: Any
    inverse_indices: Any
    counts: Any


class UniqueCounts(NamedTuple):
    """What `unique_counts` gives."""

    values: Any
    counts: Any


class UniqueInverse(NamedTuple):
    """What `unique_inverse` gives."""

    values: Any
    inverse_indices: Any


def unique_all(x: Any, /) -> UniqueAll:
    """Different elements (differentiable), where each is first, which each is, how often."""
    _, first, inverse, counts = np.unique(
        _raw(x), return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    values = writing.take(x, wrap(first))
    return UniqueAll(values, wrap(first), wrap(inverse.reshape(tuple(x.shape))), wrap(counts))


def unique_counts(x: Any, /) -> UniqueCounts:
    """Different elements, and how often each is there."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    """Different elements, and which of them each element is."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Any, /) -> Any:
    """Different elements.

    >>> import autodiff
    >>> unique_values(autodiff.tensor([2, 1, 2]))
    tensor([1, 2])
    """
    return unique_all(x).values


# statistics and truth


def _axes(axis: Any) -> Any:
    return axis if axis is None or isinstance(axis, int) else tuple(axis)


def var(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The mean square of the deviations."""
    return reductions.var(x, _axes(axis), correction=correction, keepdim=keepdims)


def std(x: Any, /, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """The root of the variance."""
    return reductions.std(x, _axes(axis), correction=correction, keepdim=keepdims)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """Running products along an axis.

    >>> import autodiff
    >>> cumulative_prod(autodiff.tensor([2., 3., 4.]))
    tensor([ 2.,  6., 24.])
    """
    where = _only_axis(x, axis)
    given = x if dtype is None else namespace.astype(x, dtype)
    if dtype is None and given._data.dtype.kind in "biu":
        given = given.to(dtypes.int64)
    parts = list(shapes.unbind(given, where))
    for place in builtins.range(1, len(parts)):
        parts[place] = parts[place - 1] * parts[place]
    if include_initial:
        sizes = [size for place, size in enumerate(given.shape) if place != where]
        parts.insert(0, creation.ones(sizes, dtype=given.dtype))
    return shapes.stack(parts, where) if parts else given


def _only_axis(x: Any, axis: int | None) -> int:
    if axis is None:
        if x.ndim != 1:
            raise ValueError(f"axis is needed: the tensor has {x.ndim} axes, not one")
        return 0
    return int(axis % x.ndim)


def count_nonzero(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """How many elements are not zero."""
    return reductions.sum((x != 0).to(dtypes.int64), _axes(axis), keepdim=keepdims)


def all(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether every element is true."""
    return wrap(np.asarray(np.all(_raw(x), axis=_axes(axis), keepdims=keepdims)))


def any(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Whether some element is true."""
    return wrap(np.asarray(np.any(_raw(x), axis=_axes(axis), keepdims=keepdims)))


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the largest element is."""
    return wrap(np.asarray(np.argmax(_raw(x), axis=axis, keepdims=keepdims)))


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """Where the smallest element is."""
    return wrap(np.asarray(np.argmin(_raw(x), axis=axis, keepdims=keepdims)))


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours, `n` times.

    >>> import autodiff
    >>> diff(autodiff.tensor([1., 4., 9.]))
    tensor([3., 5.])
    """
    where = axis % x.ndim
    parts = [one for one in (prepend, x, append) if one is not None]
    whole = shapes.cat(parts, where) if len(parts) > 1 else x
    lead = (slice(None),) * where
    for _ in builtins.range(n):
        whole = whole[(*lead, slice(1, None))] - whole[(*lead, slice(None, -1))]
    return whole


class _Info:
    """What the namespace can do."""

    def capabilities(self) -> dict[str, Any]:
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Any:
        return Device("cpu")

    def devices(self) -> list[Any]:
        return [Device("cpu")]

    def default_dtypes(self, *, device: Any = None) -> dict[str, Any]:
        kind = settings.default_dtype
        double = kind is dtypes.float64
        return {
            "real floating": kind,
            "complex floating": complex128 if double else complex64,
            "integral": dtypes.int64,
            "indexing": dtypes.int64,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, Any]:
        names = (
            *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
            *("float32", "float64", "complex64", "complex128"),
        )
        found = {name: getattr(dtypes, name) for name in names}
        return {n: one for n, one in found.items() if kind is None or isdtype(one, kind)}


def __array_namespace_info__() -> _Info:
    """An object that tells dtypes, devices and abilities."""
    return _Info()
