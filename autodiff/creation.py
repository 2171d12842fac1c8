"""Factories: tensors from data, filled, counted up, or drawn at random."""

from __future__ import annotations

import builtins
import math
import warnings
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.dtypes import as_dtype, float32, from_numpy_dtype, int64
from autodiff.dtypes import dtype as Dtype
from autodiff.formatting import PrintOptions
from autodiff.functions.arguments import shape_argument
from autodiff.graph import LeafState
from autodiff.modes import settings
from autodiff.operation import wrap
from autodiff.state import TensorState

__all__ = [
    "arange",
    "as_tensor",
    "empty",
    "empty_like",
    "eye",
    "from_array",
    "from_numpy",
    "full",
    "full_like",
    "get_default_dtype",
    "linspace",
    "manual_seed",
    "ones",
    "ones_like",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "set_default_dtype",
    "tensor",
    "zeros",
    "zeros_like",
]

settings.default_dtype = float32
settings.print_options = PrintOptions()
settings.generator = np.random.default_rng()


def from_array(array: Any, requires_grad: bool = False) -> Any:
    """A tensor around an array, without a copy."""
    return _finished(array, requires_grad)


def _finished(array: Any, requires_grad: bool) -> Any:
    tensor = wrap(array)
    if requires_grad:
        if array.dtype.kind not in "fcV":
            raise RuntimeError(errors.FLOAT_ONLY_FACTORY)
        tensor._leaf = LeafState()
    return tensor


def _default(dtype: Any) -> Any:
    return settings.default_dtype.numpy if dtype is None else as_dtype(dtype).numpy


def _plain(data: Any) -> Any:
    """Nested lists with tensors in them as nested lists of numbers."""
    if isinstance(data, TensorState):
        return data._data if data._data.ndim else data._data[()]
    if isinstance(data, list | tuple):
        return [_plain(part) for part in data]
    return data


def _kinds(data: Any, found: set[type]) -> set[type]:
    if isinstance(data, list | tuple):
        for part in data:
            _kinds(part, found)
    else:
        found.add(type(data))
    return found


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
    if isinstance(data, TensorState):
        warnings.warn(errors.COPY_CONSTRUCT, UserWarning, stacklevel=2)
        array = np.array(data._data)
    elif isinstance(data, np.ndarray | np.generic):
        array = np.array(data)
    else:
        array = _from_python(data, dtype)
    if dtype is not None:
        with np.errstate(all="ignore"):
            array = array.astype(as_dtype(dtype, "tensor").numpy, copy=False)
    from_numpy_dtype(array.dtype)
    return _finished(array, requires_grad)


def _from_python(data: Any, dtype: Any) -> Any:
    plain = _plain(data)
    try:
        array = np.array(plain)
    except ValueError:
        raise _ragged(plain) from None
    kinds = _kinds(plain, set())
    if array.dtype == object or array.dtype.kind in "USO":
        if array.dtype.kind in "US":
            raise TypeError(f"new(): invalid data type '{next(iter(kinds)).__name__}'")
        wrong = next((k for k in kinds if not issubclass(k, int | float | complex)), None)
        if wrong is not None:
            raise RuntimeError(f"Could not infer dtype of {wrong.__name__}")
        raise RuntimeError("Overflow when unpacking long long")
    python = kinds and all(k in (bool, int, float, complex) for k in kinds)
    if not array.size or (python and array.dtype.kind in "fc"):
        base = settings.default_dtype
        wanted = base.to_complex() if array.dtype.kind == "c" else base
        with np.errstate(all="ignore"):
            return array.astype(wanted.numpy)
    if python and array.dtype.kind in "iu":
        return array.astype(np.int64)
    return array


def _ragged(data: Any, depth: int = 1) -> Exception:
    """PyTorch's words for lists of unequal length."""
    lengths = [len(part) if isinstance(part, list | tuple) else None for part in data]
    expected = lengths[0]
    for found in lengths[1:]:
        if found != expected:
            if found is None or expected is None:
                return TypeError(
                    "not a sequence"
                    if found is None
                    else "only size-1 arrays can be converted to Python scalars"
                )
            return ValueError(
                f"expected sequence of length {expected} at dim {depth} (got {found})"
            )
    for part in data:
        if isinstance(part, list | tuple):
            error = _ragged(part, depth + 1)
            if error is not None:
                return error
    return ValueError("the nested sequence is not rectangular")


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """A tensor of `data`, sharing memory with an array of the same dtype."""
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
    if builtins.any(stride < 0 for stride in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
    if not array.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable "
            "tensors. This means writing to this tensor will result in undefined behavior. You may "
            "want to copy the array to protect its data or make it writable before converting it "
            "to a tensor. This type of warning will be suppressed for the rest of this program.",
            UserWarning,
            stacklevel=2,
        )
    return wrap(array)


def zeros(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Zeros of the given size."""
    return _finished(np.zeros(shape_argument(size), _default(dtype)), requires_grad)


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Ones of the given size.

    >>> ones(2, requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """
    return _finished(np.ones(shape_argument(size), _default(dtype)), requires_grad)


def empty(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Memory of the given size with whatever is in it."""
    return _finished(np.empty(shape_argument(size), _default(dtype)), requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """One value everywhere; its kind decides the dtype unless given."""
    value = fill_value._data[()] if isinstance(fill_value, TensorState) else fill_value
    if dtype is None:
        dtype = tensor(value).dtype
    return _finished(np.full(shape_argument((size,)), value, _default(dtype)), requires_grad)


def arange(
    start: Any,
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
    if end is None:
        start, end = 0, start
    start, end, step = (v.item() if hasattr(v, "item") else v for v in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is None:
        whole = builtins.all(isinstance(v, int) for v in (start, end, step))
        dtype = int64 if whole else settings.default_dtype
    target = _default(dtype)
    count = math.ceil((end - start) / step)
    if target.kind in "iu":
        array = np.arange(count, dtype=np.int64) * int(step) + int(start)
    else:
        array = start + step * np.arange(count, dtype=np.float64)
    return _finished(array.astype(target), requires_grad)


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
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    array = np.linspace(float(start), float(end), steps).astype(_default(dtype))
    return _finished(array, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """The identity matrix."""
    if n < 0:
        raise RuntimeError(f"n must be greater or equal to 0, got {n}")
    return _finished(np.eye(n, m, dtype=_default(dtype)), requires_grad)


def _like(input: Any, dtype: Any) -> tuple[tuple[int, ...], Any]:
    return input._data.shape, input._data.dtype if dtype is None else as_dtype(dtype).numpy


def zeros_like(input: Any, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """Zeros of the shape and dtype of a tensor."""
    return _finished(np.zeros(*_like(input, dtype)), requires_grad)


def ones_like(input: Any, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """Ones of the shape and dtype of a tensor."""
    return _finished(np.ones(*_like(input, dtype)), requires_grad)


def empty_like(input: Any, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """Memory of the shape and dtype of a tensor."""
    return _finished(np.empty(*_like(input, dtype)), requires_grad)


def full_like(
    input: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False
) -> Any:
    """One value in the shape and dtype of a tensor."""
    shape, target = _like(input, dtype)
    return _finished(np.full(shape, fill_value, target), requires_grad)


def manual_seed(seed: int) -> Any:
    """Start the random stream again; the stream is NumPy's, not PyTorch's."""
    settings.generator = np.random.default_rng(seed)
    return settings.generator


def rand(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Uniform on [0, 1)."""
    array = settings.generator.random(shape_argument(size))
    target = _default(dtype)
    rounded = np.asarray(array, target)
    if target != np.float64:  # rounding to fewer digits may give 1, which is excluded
        rounded = np.minimum(rounded, np.nextafter(target.type(1), target.type(0)))
    return _finished(rounded, requires_grad)


def randn(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Any:
    """Standard normal."""
    array = settings.generator.standard_normal(shape_argument(size))
    return _finished(np.asarray(array, _default(dtype)), requires_grad)


def rand_like(input: Any, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """Uniform on [0, 1), in the shape and dtype of a tensor."""
    shape, target = _like(input, dtype)
    return rand(shape, dtype=from_numpy_dtype(target), requires_grad=requires_grad)


def randn_like(input: Any, *, dtype: Any = None, requires_grad: bool = False) -> Any:
    """Standard normal, in the shape and dtype of a tensor."""
    shape, target = _like(input, dtype)
    return randn(shape, dtype=from_numpy_dtype(target), requires_grad=requires_grad)


def randint(low: int, high: Any = None, size: Any = None, *, dtype: Any = None) -> Any:
    """Integers from low (0 if only one bound is given) to high, exclusive."""
    if size is None:
        low, high, size = 0, low, high
    array = settings.generator.integers(low, high, shape_argument((size,)))
    return _finished(np.asarray(array, np.int64 if dtype is None else _default(dtype)), False)


def randperm(n: int) -> Any:
    """The integers below n in random order."""
    return _finished(settings.generator.permutation(n).astype(np.int64), False)


def get_default_dtype() -> Dtype:
    """The dtype of floating-point tensors made from Python numbers."""
    return settings.default_dtype  # type: ignore[no-any-return]


def set_default_dtype(d: Any) -> None:
    """Change the dtype of floating-point tensors made from Python numbers."""
    chosen = as_dtype(d)
    if not chosen.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    settings.default_dtype = chosen
