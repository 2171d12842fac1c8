"""Floating-point formats: units in the last place, correct rounding, distances.

A format is (precision, smallest and largest exponent); values travel as float64, which holds
every float16, bfloat16, float32 and float64 exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

__all__ = [
    "FORMATS",
    "Format",
    "dtype_name",
    "exact_array",
    "format_of",
    "round_fraction",
    "round_to_format",
    "ulp_exponents",
]


@dataclass(frozen=True)
class Format:
    """A binary format: `precision` significant bits, exponents `emin` to `emax` of 1.xxx · 2ᵉ."""

    name: str
    precision: int
    emin: int
    emax: int

    @property
    def tiny_exponent(self) -> int:
        """The exponent of the smallest positive subnormal, which is the smallest ULP."""
        return self.emin - self.precision + 1

    @cached_property
    def largest(self) -> Fraction:
        """The largest finite number."""
        return (2 - Fraction(1, 2 ** (self.precision - 1))) * Fraction(2) ** self.emax

    def ulp_exponent(self, exponent: int) -> int:
        """The exponent of one ULP of numbers in [2**exponent, 2**(exponent + 1))."""
        return max(min(exponent, self.emax), self.emin) - self.precision + 1

    def ulp_exponent_at(self, value: float) -> int:
        """The exponent of one ULP at a finite number.

        >>> FORMATS["float32"].ulp_exponent_at(1.5)
        -23
        """
        return self.ulp_exponent(math.frexp(value)[1] - 1 if value else self.emin)


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("float64", 53, -1022, 1023),
        Format("float32", 24, -126, 127),
        Format("float16", 11, -14, 15),
        Format("bfloat16", 8, -126, 127),
    )
}


def format_of(dtype: Any) -> Format:
    """The format of a dtype given by name, or of NumPy, PyTorch, JAX or ours; of its parts
    where the dtype is complex. Integers and bools are judged as float64.

    >>> format_of("torch.bfloat16").precision, format_of(np.float32).precision
    (8, 24)
    """
    if isinstance(dtype, Format):
        return dtype
    name = str(getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or dtype)
    name = name.rsplit(".", 1)[-1]
    if name in FORMATS:
        return FORMATS[name]
    known = {
        "double": "float64", "float": "float64", "single": "float32", "half": "float16",
        "complex128": "float64", "complex64": "float32", "complex32": "float16",
        "float_": "float64",
    }  # fmt: skip
    if name in known:
        return FORMATS[known[name]]
    if name.startswith(("int", "uint", "bool", "long")) or name == "object":
        return FORMATS["float64"]
    raise ValueError(f"no floating-point format {name!r}: use one of {', '.join(FORMATS)}")


@lru_cache(maxsize=256)
def dtype_name(dtype: Any) -> str:
    """A dtype's name without its library's, as in `float32`.

    >>> dtype_name(np.dtype(np.float32))
    'float32'
    """
    return str(dtype).rsplit(".", 1)[-1]


def exact_array(values: Any) -> tuple[np.ndarray, str]:
    """(the exact content, name of the dtype) of anything that looks like an array.

    Floats come as float64 (all formats fit), exact numbers as an object array. Tensors that
    require gradients or live on a device are detached and brought over.

    >>> exact_array(np.float32(0.1))[1], float(exact_array(np.float32(0.1))[0])
    ('float32', 0.10000000149011612)
    """
    if not isinstance(values, (np.ndarray, np.generic)):
        for method in ("detach", "cpu"):
            if hasattr(values, method):
                values = getattr(values, method)()
    name = dtype_name(getattr(values, "dtype", ""))
    if name == "bfloat16" and hasattr(values, "float"):
        values = values.float()
    array = np.asarray(values)
    if array.dtype.kind in "iub" and not name:
        name = "float64"  # Python numbers
    name = name or dtype_name(array.dtype)
    if array.dtype.kind == "f" or array.dtype.name == "bfloat16":
        if array.dtype.itemsize > 8:
            raise TypeError(f"dtype {array.dtype} is wider than float64, which is not supported")
        return array.astype(np.float64), name
    if array.dtype.kind in "iubO":
        return array, name
    raise TypeError(f"dtype {array.dtype} is not real: give floats, integers or exact numbers")


def ulp_exponents(values: np.ndarray, fmt: Format) -> np.ndarray:
    """The exponent of one ULP at every value (float64, finite): ints.

    >>> ulp_exponents(np.array([1.0, 1.5, 0.0]), FORMATS["float32"]).tolist()
    [-23, -23, -149]
    """
    if values.size == 1:  # as below, without arrays
        return np.full(values.shape, fmt.ulp_exponent_at(float(values.item())), dtype=np.int64)
    exponent = np.frexp(values)[1].astype(np.int64) - 1
    exponent = np.where(values == 0, fmt.emin, exponent)
    within = np.minimum(np.maximum(exponent, fmt.emin), fmt.emax)
    return np.asarray(within - fmt.precision + 1)


def round_to_format(values: np.ndarray, fmt: Format) -> np.ndarray:
    """float64 values rounded to nearest, ties to even, in a format; still as float64.

    >>> round_to_format(np.array([1 + 2.0**-8, 1e39]), FORMATS["bfloat16"]).tolist()
    [1.0, inf]
    """
    values = np.asarray(values, dtype=np.float64)
    if fmt.precision == 53:
        return values
    finite = np.isfinite(values)
    safe = np.where(finite, values, 0.0)
    exponents = ulp_exponents(safe, fmt)
    rounded = np.ldexp(np.rint(np.ldexp(safe, -exponents)), exponents)
    rounded = np.where(np.abs(rounded) > float(fmt.largest), np.copysign(np.inf, safe), rounded)
    return np.where(finite, rounded, values)


def round_fraction(value: Fraction, fmt: Format) -> float:
    """The number of a format nearest to an exact value, ties to even; inf past the largest.

    >>> round_fraction(Fraction(1, 10), FORMATS["float32"]).hex()
    '0x1.99999a0000000p-4'
    """
    if value == 0:
        return 0.0
    size = abs(value)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if Fraction(2) ** exponent > size:
        exponent -= 1
    unit = Fraction(2) ** fmt.ulp_exponent(exponent)
    rounded = round(size / unit) * unit  # Fraction.__round__ takes ties to even
    result = float("inf") if rounded > fmt.largest else float(rounded)
    return result if value > 0 else -result
