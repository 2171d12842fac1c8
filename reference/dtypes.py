"""Number formats under PyTorch's names, promotion, and exact rounding into a format.

A value in the oracle is exact; its format says how an engine would hold it, and how it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.floats import format_of, round_to_format

__all__ = [
    "DTYPES",
    "DType",
    "Size",
    "as_dtype",
    "bfloat16",
    "bool_",
    "complex64",
    "complex128",
    "default",
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "of_array",
    "promote",
    "round_array",
    "uint8",
]


@dataclass(frozen=True, slots=True)
class DType:
    """A number format as a tensor's `dtype`; `kind` is "bool", "int", "float" or "complex".

    >>> float32, float32.is_floating_point, float32.itemsize
    (torch.float32, True, 4)
    """

    name: str
    kind: str
    itemsize: int

    @property
    def is_floating_point(self) -> bool:
        return self.kind == "float"

    @property
    def is_complex(self) -> bool:
        return self.kind == "complex"

    @property
    def is_inexact(self) -> bool:
        """Whether its numbers can have a gradient."""
        return self.kind in ("float", "complex")

    @property
    def parts(self) -> DType:
        """The format of the real and of the imaginary part of complex numbers."""
        return _PARTS.get(self.name, self)

    @property
    def as_complex(self) -> DType:
        """The format of complex numbers with parts of this format."""
        return complex128 if self.name in ("float64", "complex128") else complex64

    @property
    def array_type(self) -> np.dtype[Any]:
        """The NumPy type that holds every value of this format (bfloat16 sits in float32)."""
        return np.dtype("float32" if self.name == "bfloat16" else self.name)

    def __eq__(self, other: object) -> bool:
        """Whether it is the same format; PyTorch's own objects are known by their text."""
        if isinstance(other, DType):
            return self.name == other.name
        return type(other).__module__ == "torch" and str(other) == f"torch.{self.name}"

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"torch.{self.name}"


float64 = DType("float64", "float", 8)
float32 = DType("float32", "float", 4)
float16 = DType("float16", "float", 2)
bfloat16 = DType("bfloat16", "float", 2)
int64 = DType("int64", "int", 8)
int32 = DType("int32", "int", 4)
int16 = DType("int16", "int", 2)
int8 = DType("int8", "int", 1)
uint8 = DType("uint8", "int", 1)
bool_ = DType("bool", "bool", 1)
complex64 = DType("complex64", "complex", 8)
complex128 = DType("complex128", "complex", 16)
_PARTS = {"complex64": float32, "complex128": float64}


class Size(tuple[Any, ...]):
    """A shape, shown as PyTorch shows it.

    >>> Size((2, 3)), Size((2, 3)).numel()
    (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    def numel(self) -> Any:
        """The number of elements."""
        total: Any = 1
        for size in self:
            total = total * size
        return total


default = float32
"""The format of Python floats, as in PyTorch."""

DTYPES: dict[str, DType] = {
    held.name: held
    for held in (
        float64,
        float32,
        float16,
        bfloat16,
        int64,
        int32,
        int16,
        int8,
        uint8,
        bool_,
        complex64,
        complex128,
    )
}


def as_dtype(dtype: Any) -> DType:
    """A format from a format, a name ("float32", "torch.float32") or a NumPy or engine dtype.

    >>> as_dtype("torch.float64"), as_dtype(np.float16), as_dtype(float), as_dtype(bool)
    (torch.float64, torch.float16, torch.float32, torch.bool)
    """
    if isinstance(dtype, DType):
        return dtype
    if dtype is float:
        return default
    if dtype is int:
        return int64
    if dtype is bool:
        return bool_
    if dtype is complex:
        return complex64
    name = str(dtype).rpartition(".")[2]
    if name in DTYPES:
        return DTYPES[name]
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = ""
    if name not in DTYPES:
        raise TypeError(
            f"dtype {dtype!r} is not one that the oracle has: use one of {', '.join(DTYPES)}"
        )
    return DTYPES[name]


def of_array(array: np.ndarray) -> DType:
    """The format of a NumPy array; object arrays hold exact numbers shown in the default."""
    return default if array.dtype == object else as_dtype(array.dtype)


def promote(*operands: tuple[DType, int]) -> DType:
    """The format of a result from (format, rank) pairs; rank is -1 for Python numbers.

    The widest of the highest kind decides; arrays of rank zero and Python numbers only count
    where they are of a higher kind.

    >>> promote((float32, 1), (float64, 0)), promote((int64, 1), (float32, -1))
    (torch.float32, torch.float32)
    """
    order = {"bool": 0, "int": 1, "float": 2, "complex": 3}
    result: DType | None = None
    for wanted in (1, 0, -1):
        group = [held for held, rank in operands if min(rank, 1) == wanted]
        if group:
            widest = _widest(group)
            if result is None or order[widest.kind] > order[result.kind]:
                wide = result is float64 and widest is complex64  # parts stay as wide
                result = complex128 if wide else widest
    return result or default


def _widest(formats: list[DType]) -> DType:
    result = formats[0]
    order = {"bool": 0, "int": 1, "float": 2, "complex": 3}
    for other in formats[1:]:
        if {result, other} == {float64, complex64}:
            result = complex128
            continue
        if {result, other} == {float16, bfloat16}:
            result = float32
        elif {result.name, other.name} == {"uint8", "int8"}:
            result = int16
        elif (order[other.kind], other.itemsize) > (order[result.kind], result.itemsize):
            result = other
    return result


def round_array(array: np.ndarray, held: DType) -> np.ndarray:
    """Numbers rounded into a format: a float64 array, or an integer or bool array.

    Of a complex format, the numbers are the parts.
    """
    if held.is_inexact:
        return round_to_format(array.astype(np.float64), format_of(held.name))
    return array.astype(held.array_type)
