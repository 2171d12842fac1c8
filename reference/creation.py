"""Factories under PyTorch's names.

Random numbers are float32 numbers from NumPy's PCG64 generator: reproducible, but not PyTorch's
stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

import numpy as np

from reference.dtypes import as_dtype, default
from reference.tensor import Tensor, tensor

__all__ = [
    "arange",
    "empty",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "linspace",
    "manual_seed",
    "ones",
    "ones_like",
    "rand",
    "randn",
    "randn_like",
    "zeros",
    "zeros_like",
]

_generator: ContextVar[np.random.Generator | None] = ContextVar("generator", default=None)


def manual_seed(seed: int) -> np.random.Generator:
    """Start the random numbers of this context anew."""
    made = np.random.default_rng(seed)
    _generator.set(made)
    return made


def _random() -> np.random.Generator:
    held = _generator.get()
    return manual_seed(np.random.SeedSequence().entropy) if held is None else held  # type: ignore[arg-type]


def _shape(size: Sequence[Any]) -> tuple[int, ...]:
    given = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    return tuple(int(length) for length in given)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones.

    >>> ones(2, 2, requires_grad=True)
    tensor([[1., 1.],
            [1., 1.]], requires_grad=True)
    """
    return full(_shape(size), 1, dtype=dtype or default, requires_grad=requires_grad)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros."""
    return full(_shape(size), 0, dtype=dtype or default, requires_grad=requires_grad)


empty = zeros


def full(
    size: Sequence[int], fill_value: Any, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor with one number everywhere."""
    one = tensor(fill_value, dtype=dtype)
    held = one.cell.node.value  # type: ignore[attr-defined]
    repeated = np.full(_shape((tuple(size),)), held[()], dtype=held.dtype)
    return tensor(repeated, dtype=one.dtype, requires_grad=requires_grad)


def arange(*bounds: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """The numbers start, start + step, … below the end.

    >>> arange(3), arange(1.0, 2.0, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    start, end, step = {1: (0, *bounds, 1), 2: (*bounds, 1)}.get(len(bounds), bounds)
    values = np.arange(start, end, step)
    held = dtype or (default if values.dtype.kind == "f" else None)
    return tensor(values, dtype=held, requires_grad=requires_grad)


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` evenly spaced numbers from start to end, rounded to the format."""
    low, high = Fraction(start), Fraction(end)
    gap = (high - low) / max(steps - 1, 1)
    values = np.array([float(low + gap * number) for number in range(steps)])
    return tensor(values, dtype=dtype or default, requires_grad=requires_grad)


def eye(n: int, m: int | None = None, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones on the diagonal, zeros elsewhere."""
    return tensor(np.eye(n, m), dtype=dtype or default, requires_grad=requires_grad)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor of an array's values and format (the memory is not shared)."""
    return tensor(np.array(array))


def randn(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Normally distributed numbers."""
    values = _random().standard_normal(_shape(size), dtype=np.float32)
    return tensor(np.asarray(values), dtype=dtype or default, requires_grad=requires_grad)


def rand(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Numbers evenly distributed between 0 and 1."""
    values = _random().random(_shape(size), dtype=np.float32)
    return tensor(np.asarray(values), dtype=dtype or default, requires_grad=requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape and format of another tensor."""
    return full_like(input, 1, dtype=dtype, requires_grad=requires_grad)


def zeros_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and format of another tensor."""
    return full_like(input, 0, dtype=dtype, requires_grad=requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """One number in the shape and format of another tensor."""
    held = input.dtype if dtype is None else as_dtype(dtype)
    return full(input.shape, fill_value, dtype=held, requires_grad=requires_grad)


def randn_like(input: Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Normally distributed numbers in the shape of another tensor."""
    return randn(*input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)
