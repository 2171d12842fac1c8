"""What a sample is, and the arrays that samples are made of.

A sample is a function `(t, *tensors)` and the arrays from which its tensors are made. `DOMAIN`
says which dtypes a sample is meant for; inputs that hold integers or truth values keep theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = [
    "ANY",
    "COMPLEX_WIDE",
    "FIELD",
    "NUMBER",
    "ORDERED",
    "PAIRS",
    "REAL",
    "SAMPLES",
    "SIGNED",
    "WIDE",
    "Input",
    "Sample",
    "arrays",
    "column3",
    "condition",
    "cotangent",
    "empty03",
    "inf",
    "integers",
    "nan",
    "nowhere",
    "one",
    "positive",
    "row4",
    "samples",
    "spread",
    "truths",
    "values",
    "x34",
    "y34",
    "zero_d",
]

inf, nan = math.inf, math.nan


@dataclass(frozen=True)
class Input:
    """One input: its values, and whether they are cast to the dtype of the run."""

    values: np.ndarray
    cast: bool = True
    imaginary: float = 0.375  # complex runs use values · (1 + 0.375i)

    @property
    def T(self) -> Input:
        """The same values with the axes reversed: not contiguous."""
        return Input(self.values.T, self.cast, self.imaginary)

    @property
    def real(self) -> Input:
        """Real in complex runs, too."""
        return Input(self.values, self.cast, 0.0)


@dataclass(frozen=True)
class Sample:
    """One call. ulp: the bound on the error, in units of the dtype; norm: relative to the
    largest element rather than to each (sums of products lose digits to cancellation). The option
    "outside" marks calls that are refused, or whose gradient is not the slope, as documented."""

    operation: str
    number: int
    call: Callable[..., Any]
    inputs: tuple[Input, ...]
    dtypes: tuple[str, ...]
    ulp: float
    norm: bool
    options: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return f"{self.operation}-{self.number}"


REAL = ("float64", "float32", "float16")
WIDE = ("float64", "float32")
FIELD = (*REAL, "complex128", "complex64")
COMPLEX_WIDE = (*WIDE, "complex128", "complex64")
ANY = (*FIELD, "int64", "int32", "uint8", "bool")
NUMBER = (*FIELD, "int64", "int32", "uint8")
SIGNED = (*REAL, "int64", "int32")
ORDERED = (*REAL, "int64", "int32", "uint8")

SAMPLES: list[Sample] = []


def samples(
    operation: str,
    inputs: tuple[Input, ...],
    *calls: Callable[..., Any],
    dtypes: tuple[str, ...] = FIELD,
    ulp: float = 4,
    norm: bool = False,
    options: tuple[str, ...] = (),
) -> None:
    count = sum(sample.operation == operation for sample in SAMPLES)
    for number, call in enumerate(calls, count + 1):
        SAMPLES.append(
            Sample(operation, number, call, inputs, dtypes, ulp, norm, frozenset(options))
        )


def spread(*shape: int, low: float = -2.0, high: float = 2.0, seed: int = 0) -> Input:
    """Numbers with few binary digits, all over [low, high], none of them 0 or at an end."""
    size = math.prod(shape)
    steps = (np.arange(size) * 37 + 11 + 29 * seed) % 97  # 97 is prime: no value comes twice
    fractions = (2 * steps + 1) / 194
    grid = np.round((low + (high - low) * fractions) * 64) / 64
    return Input(np.where(grid == 0, 1 / 64, grid).reshape(shape))


def positive(*shape: int, seed: int = 0) -> Input:
    return spread(*shape, low=0.25, high=3.0, seed=seed)


def values(*numbers: Any) -> Input:
    return Input(np.array(numbers[0] if len(numbers) == 1 else numbers, dtype=float))


def integers(*numbers: Any) -> Input:
    array = np.array(numbers[0] if len(numbers) == 1 else numbers)
    return Input(array.astype(np.int64), cast=False)


def truths(*numbers: Any) -> Input:
    array = np.array(numbers[0] if len(numbers) == 1 else numbers)
    return Input(array.astype(bool), cast=False)


def arrays(sample: Sample, dtype: str) -> list[np.ndarray]:
    """The inputs of a sample in the dtype of a run, in the same memory layout."""
    made = []
    for one in sample.inputs:
        array = np.asarray(one.values)
        if not one.cast:
            made.append(array.copy(order="K"))
            continue
        if dtype.startswith("complex"):
            array = np.asarray(array * (1 + 1j * one.imaginary))
        if dtype in {"uint8", "bool"}:
            array = np.asarray(np.abs(array))
        made.append(array.astype(dtype, order="K"))
    return made


def cotangent(shape: tuple[int, ...], dtype: Any, seed: int = 0) -> np.ndarray:
    """What flows in at a result: like `spread`, complex where the result is."""
    array = spread(*shape, low=-1.5, high=1.5, seed=seed + 5).values
    if np.dtype(dtype).kind == "c":
        array = np.asarray(array * (1 - 0.75j))
    return np.asarray(array, dtype)


x34, y34, row4, column3, zero_d = (
    spread(3, 4),
    spread(3, 4, seed=1),
    spread(4, seed=2),
    spread(3, 1, seed=3),
    values(1.375),
)
empty03, one = Input(np.zeros((0, 3))), values([0.75])
nowhere = Input(np.zeros((2, 0, 3)))
PAIRS = ((x34, y34), (x34, row4), (x34, column3), (x34, zero_d), (zero_d, x34), (zero_d, zero_d),
         (x34.T, spread(4, 3, seed=1)), (empty03, spread(3)), (column3, row4),
         (spread(2, 1, 3), spread(4, 1)))  # fmt: skip

condition = truths([[1, 0, 1, 0], [0, 0, 1, 1], [1, 1, 1, 0]])
