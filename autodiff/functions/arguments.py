"""Arguments as PyTorch accepts them, and its words where they are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autodiff.conversion import is_number
from autodiff.state import TensorState

__all__ = [
    "array_index",
    "axes",
    "axis",
    "is_foreign",
    "is_number",
    "is_tensor_like",
    "raw",
    "real_only",
    "require_tensor",
    "shape_argument",
]


def is_tensor_like(value: object) -> bool:
    """A tensor, or an object that brings its own meaning of operations."""
    return isinstance(value, TensorState) or hasattr(type(value), "__torch_function__")


def is_foreign(value: object) -> bool:
    """An object of another library that brings its own meaning of operations."""
    return not isinstance(value, TensorState) and hasattr(type(value), "__torch_function__")


def require_tensor(function: str, value: object, name: str = "input", position: int = 1) -> Any:
    """The value if it is a tensor; PyTorch's TypeError if not."""
    if is_tensor_like(value):
        return value
    raise TypeError(
        f"{function}(): argument '{name}' (position {position}) must be Tensor, "
        f"not {type(value).__name__}"
    )


def raw(value: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return value._data if isinstance(value, TensorState) else value


def real_only(input: Any, kernel: str) -> None:
    """Refuse complex numbers in PyTorch's words: its kernel's name, or a whole sentence.

    Raises NotImplementedError with the kernel's name, RuntimeError with a sentence.
    """
    if not isinstance(input, TensorState) or input._data.dtype.kind != "c":
        return
    if " " in kernel:
        raise RuntimeError(kernel)
    title = input.dtype.title  # type: ignore[attr-defined]
    raise NotImplementedError(f"\"{kernel}\" not implemented for '{title}'")


def axis(dim: Any, ndim: int) -> int:
    """A dimension counted from the front.

    Raises IndexError with PyTorch's words.

    >>> axis(-1, 3)
    2
    """
    if not isinstance(dim, int | np.integer):
        raise TypeError(
            f"argument 'dim' must be int, not {type(dim).__name__}: pass the number of a dimension"
        )
    bound = max(ndim, 1)
    if not -bound <= dim < bound:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], "
            f"but got {int(dim)})"
        )
    return int(dim) % bound


def axes(dim: Any, ndim: int) -> tuple[int, ...]:
    """Dimensions as a tuple counted from the front; None and () stand for all."""
    if dim is None or (isinstance(dim, Sequence) and not len(dim)):
        return tuple(range(ndim))
    given = tuple(dim) if isinstance(dim, Iterable) else (dim,)
    found = tuple(axis(one, ndim) for one in given)
    for position, one in enumerate(found):
        if one in found[:position]:
            raise RuntimeError(f"dim {one} appears multiple times in the list of dims")
    return () if ndim == 0 else found


def shape_argument(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """`f(2, 3)` and `f((2, 3))` both give (2, 3)."""
    if len(sizes) == 1 and isinstance(sizes[0], Iterable):
        sizes = tuple(sizes[0])
    return tuple(int(raw(size)) for size in sizes)


def array_index(index: Any) -> Any:
    """An index with tensors and lists in it, as NumPy takes it."""
    if isinstance(index, tuple):
        return tuple(array_index(part) for part in index)
    if isinstance(index, TensorState):
        data = index._data
        return int(data) if data.ndim == 0 and data.dtype.kind in "iu" else np.asarray(data)
    if isinstance(index, list):
        return np.asarray([raw(part) for part in index]) if index else np.zeros(0, np.int64)
    if isinstance(index, range):
        return np.asarray(index)
    return index
