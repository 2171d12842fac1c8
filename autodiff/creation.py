"""Factories: tensors from data, filled, counted up, or drawn at random."""

from __future__ import annotations

import builtins
import importlib
import math
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.conversion import array_of, checked_number, is_number, wrapped
from autodiff.dtypes import as_dtype, float32, from_numpy_dtype, int64
from autodiff.dtypes import dtype as Dtype
from autodiff.graph import LeafState
from autodiff.modes import random, recording, settings
from autodiff.size import on_cpu
from autodiff.state import TensorState, Untracked
from autodiff.tensor_class import wrap

__all__ = [
    "arange",
    "as_tensor",
    "empty",
    "eye",
    "from_array",
    "from_dlpack",
    "from_numpy",
    "full",
    "generator",
    "get_default_dtype",
    "held",
    "linspace",
    "manual_seed",
    "ones",
    "rand",
    "randint",
    "randn",
    "randperm",
    "set_default_dtype",
    "tensor",
    "zeros",
]

settings.default_dtype = float32
settings.print_options = None  # the usual ones
settings.generator = None  # made at first use: numpy.random takes a while to import


def generator(own: Any = None) -> Any:
    """The random stream that is in use; that of a `Generator`, where one is given."""
    if own is not None:
        return getattr(own, "stream", own)
    if settings.generator is None:
        settings.generator = np.random.default_rng()
    return settings.generator


_stream = generator  # which some functions have an argument of that name beside


def from_array(array: Any, requires_grad: bool = False) -> Any:
    """A tensor around an array, without a copy."""
    tensor = wrap(array if array.ndim else array[()])  # single numbers compute faster as scalars
    if requires_grad:
        if array.dtype.kind not in "fcV":
            raise RuntimeError(errors.FLOAT_ONLY_FACTORY)
        tensor._leaf = LeafState()
    return _finished(tensor)


def _finished(tensor: Any) -> Any:
    """A tensor that a factory made, marked where that was in inference mode."""
    mode = recording()
    if mode is not True and mode is not False and mode.inference:
        tensor._counter = Untracked()
    return tensor


def _default(dtype: Any) -> Any:
    return settings.default_dtype.numpy if dtype is None else as_dtype(dtype).numpy


def _size(function: str, given: tuple[Any, ...], size: Any) -> tuple[int, ...]:
    """`f(2, 3)`, `f((2, 3))` and `f(size=(2, 3))` as (2, 3); PyTorch's words if it is none."""
    single = size is not None or (len(given) == 1 and not _is_count(given[0]))
    parts = (size if size is not None else given[0]) if single else given
    if not given and size is None:
        raise TypeError(f'{function}() missing 1 required positional arguments: "size"')
    if not isinstance(parts, Iterable) or isinstance(parts, str):
        raise _no_size(function, parts)
    sizes = []
    for position, part in enumerate(parts):
        if not _is_count(part):
            kind = type(part).__name__
            raise TypeError(
                f"{function}(): argument 'size' (position 1) must be tuple of ints, but found "
                f"element of type {kind} at pos 0"
                if not position
                else f"{function}(): argument 'size' failed to unpack the object at pos "
                f'{position + 1} with error "type must be tuple of ints,but got {kind}"'
            )
        sizes.append(int(part))
    for one in sizes:
        if one < 0:
            raise RuntimeError(
                f"{function}: Dimension size must be non-negative."
                if function == "zeros"
                else f"Trying to create tensor with negative dimension {one}: {sizes}"
            )
    return tuple(sizes)


def _no_size(function: str, found: Any) -> TypeError:
    return TypeError(
        f"{function}(): argument 'size' (position 1) must be tuple of ints, not "
        f"{type(found).__name__}"
    )


def _is_count(value: Any) -> bool:
    if isinstance(value, TensorState):
        return value._data.ndim == 0 and value._data.dtype.kind in "iu"
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _whole(function: str, name: str, value: Any, position: int = 1) -> int:
    if not _is_count(value):
        raise TypeError(
            f"{function}(): argument '{name}' (position {position}) must be int, not "
            f"{type(value).__name__}"
        )
    return int(value)


def _random_dtype(kernel: str, dtype: Any) -> Any:
    target = _default(dtype)
    if target.kind not in "fcV":
        title = from_numpy_dtype(target).title
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{title}'")
    return target


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """A new leaf holding a copy of `data` (numbers, nested lists, arrays).

    dtype: by default that of an array, int64 or bool for Python integers and bools, otherwise
    the default dtype. Raises RuntimeError if a gradient is asked of an integer tensor.

    >>> tensor([[1, 2], [3, 4]], dtype=float32)
    tensor([[1., 2.],
            [3., 4.]])
    """
    on_cpu(device)
    if isinstance(data, TensorState):
        warnings.warn(errors.COPY_CONSTRUCT, UserWarning, stacklevel=2)
    wanted = None if dtype is None else as_dtype(dtype, "tensor")
    return from_array(array_of(data, wanted), requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """A tensor of `data`, sharing memory with an array of the same dtype."""
    on_cpu(device)
    if isinstance(data, TensorState):
        return data if dtype is None else data.to(dtype)  # type: ignore[attr-defined]
    if isinstance(data, np.ndarray) and (dtype is None or as_dtype(dtype).numpy == data.dtype):
        return from_numpy(data)
    return tensor(data, dtype=dtype)


def from_numpy(array: np.ndarray) -> Any:
    """A tensor that shares the array's memory.

    A write to the array is a write to the tensor that its version counter cannot see.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    from_numpy_dtype(array.dtype)
    if array.ndim and builtins.min(array.strides) < 0:
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
    if not array.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable "
            "tensors. This means writing to this tensor will result in undefined behavior. You "
            "may want to copy the array to protect its data or make it writable before converting "
            "it to a tensor. This type of warning will be suppressed for the rest of this "
            "program.",
            UserWarning,
            stacklevel=2,
        )
    return _finished(wrap(array))


def from_dlpack(ext_tensor: Any) -> Any:
    """A tensor that shares the memory of an object with `__dlpack__` (an array, a tensor, ...).

    Raises BufferError if that is a tensor that requires a gradient.

    >>> from_dlpack(np.ones(2))
    tensor([1., 1.], dtype=torch.float64)
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        raise RuntimeError(
            "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed "
            "only once, so you might have already constructed a tensor from it once."
        )
    array = np.from_dlpack(ext_tensor)
    if not array.flags.writeable:  # NumPy's caution; whoever exports memory lets it be written
        array = np.asarray(_Shared(array)).view(array.dtype)
    return wrap(array)


class _Shared:
    """Memory that NumPy has from another library, as one that may be written to."""

    def __init__(self, array: Any) -> None:
        where = array.__array_interface__["data"][0]
        self.__array_interface__ = {**array.__array_interface__, "data": (where, False)}
        self.owner = array


def zeros(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Zeros of the given size."""
    on_cpu(device)
    return from_array(np.zeros(_size("zeros", shape, size), _default(dtype)), requires_grad)


def ones(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Ones of the given size.

    >>> ones(2, requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """
    on_cpu(device)
    return from_array(np.ones(_size("ones", shape, size), _default(dtype)), requires_grad)


def empty(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Memory of the given size with whatever is in it."""
    on_cpu(device)
    return from_array(np.empty(_size("empty", shape, size), _default(dtype)), requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """One value everywhere; its kind decides the dtype unless given."""
    on_cpu(device)
    if isinstance(fill_value, TensorState) and fill_value._data.size == 1:
        fill_value = fill_value._data.item()
    if not is_number(fill_value):
        kind = "Tensor" if isinstance(fill_value, TensorState) else type(fill_value).__name__
        raise TypeError(f"full(): argument 'fill_value' (position 2) must be Number, not {kind}")
    if not isinstance(size, Iterable) or isinstance(size, str):
        raise _no_size("full", size)
    if dtype is None:
        dtype = array_of(fill_value, None).dtype
    target = _default(dtype)
    shape = _size("full", (tuple(size),), None)
    return from_array(np.full(shape, held(fill_value, target), target), requires_grad)


def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Numbers from start (inclusive) to end (exclusive); int64 if all arguments are integers.

    >>> arange(3), arange(1.0, 2.0, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    on_cpu(device)
    if end is None:
        start, end = 0, start
    start, end, step = (v.item() if hasattr(v, "item") else v for v in (start, end, step))
    if not is_number(end):
        raise TypeError(
            f"arange(): argument 'end' (position 1) must be Number, not {type(end).__name__}"
        )
    if dtype is None:
        whole = builtins.all(isinstance(v, int) for v in (start, end, step))
        dtype = int64 if whole else settings.default_dtype
    target = _default(dtype)
    if target.kind not in "iufV":
        title = from_numpy_dtype(target).title
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{title}'")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start:g} -> {end:g}")
    if target.kind in "iu":
        start, end, step = int(start), int(end), int(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if target.kind in "iu":
        array = np.arange(-((start - end) // step), dtype=np.int64) * step + start
    else:
        array = start + step * np.arange(math.ceil((end - start) / step), dtype=np.float64)
    return from_array(array.astype(target), requires_grad)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """`steps` numbers from start to end, both inclusive, evenly spaced."""
    on_cpu(device)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    target = _default(dtype)
    if target.kind == "b":
        raise NotImplementedError("\"linspace_cpu\" not implemented for 'Bool'")
    start, end = (v.item() if hasattr(v, "item") else v for v in (start, end))
    return from_array(_evenly(start, end, steps, target), requires_grad)


def _evenly(start: Any, end: Any, steps: int, target: Any) -> Any:
    """From both ends towards the middle, with a step of the dtype's precision: as PyTorch does."""
    if steps < 2:
        return np.full(steps, start, target)
    exact = target if target.kind == "f" and target.itemsize >= 4 else np.dtype(np.float64)
    if target.kind == "c":
        exact = np.dtype(np.complex128)
    first, last = exact.type(start), exact.type(end)
    step = (last - first) / exact.type(steps - 1)
    if target.kind == "f":
        step = np.float64(target.type(step))
        first, last = np.float64(target.type(start)), np.float64(target.type(end))
    places = np.arange(steps)
    array = np.where(
        places < steps // 2, first + step * places, last - step * (steps - 1 - places)
    )
    return array.astype(target)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """The identity matrix."""
    on_cpu(device)
    n = _whole("eye", "n", n)
    m = n if m is None else _whole("eye", "m", m, 2)
    for name, count in (("n", n), ("m", m)):
        if count < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {count}")
    return from_array(np.eye(n, m, dtype=_default(dtype)), requires_grad)


def held(value: Any, target: Any) -> Any:
    """The number as the dtype holds it: a negative one wraps round where there is no sign."""
    value = checked_number(value, target)
    return wrapped(value, target) if target.kind == "u" and type(value) is int else value


def manual_seed(seed: int) -> Any:
    """Start the random stream again; the stream is NumPy's, not PyTorch's."""
    return importlib.import_module("autodiff.generators").default_generator.manual_seed(seed)


@random
def rand(
    *shape: Any,
    size: Any = None,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Uniform on [0, 1)."""
    on_cpu(device)
    sizes, target = _size("rand", shape, size), _random_dtype("check_uniform_bounds", dtype)
    stream = _stream(generator)
    if target.kind == "c":
        array = stream.random(sizes) + 1j * stream.random(sizes)
        return from_array(np.asarray(array, target), requires_grad)
    rounded = np.asarray(stream.random(sizes), target)
    if target != np.float64:  # rounding to fewer digits may give 1, which is excluded
        rounded = np.minimum(rounded, np.nextafter(target.type(1), target.type(0)))
    return from_array(rounded, requires_grad)


@random
def randn(
    *shape: Any,
    size: Any = None,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Standard normal; of a complex dtype, with a variance of one in all."""
    on_cpu(device)
    sizes, target = _size("randn", shape, size), _random_dtype("normal_kernel_cpu", dtype)
    stream = _stream(generator)
    array = stream.standard_normal(sizes)
    if target.kind == "c":
        array = (array + 1j * stream.standard_normal(sizes)) * math.sqrt(0.5)
    return from_array(np.asarray(array, target), requires_grad)


@random
def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Integers from low (0 if only one bound is given) to high, exclusive."""
    on_cpu(device)
    if isinstance(high, list | tuple):  # randint(high, size)
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    sizes = _size("randint", (tuple(size),), None)
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    array = _stream(generator).integers(low, high, sizes)
    target = np.dtype(np.int64) if dtype is None else _default(dtype)
    return from_array(np.asarray(array, target), requires_grad)


@random
def randperm(n: int, *, generator: Any = None, dtype: Any = None, device: Any = None) -> Any:
    """The integers below n in random order."""
    if _whole("randperm", "n", n) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    target = np.dtype(np.int64) if dtype is None else _default(dtype)
    return from_array(_stream(generator).permutation(n).astype(target))


def get_default_dtype() -> Dtype:
    """The dtype of floating-point tensors made from Python numbers."""
    return settings.default_dtype  # type: ignore[no-any-return]


def set_default_dtype(d: Any) -> None:
    """Change the dtype of floating-point tensors made from Python numbers."""
    chosen = as_dtype(d)
    if not chosen.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    settings.default_dtype = chosen
