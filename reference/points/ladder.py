"""Numbers of a format that are special by their size: zeros, subnormals, radii of overflow."""

from __future__ import annotations

import math

import numpy as np

from reference.floats import Format, round_to_format

__all__ = ["SMALL", "beside", "extremes", "held", "ladder", "largest", "near", "tails"]

SMALL = (1e-8, 1e-5, 1e-3)
"""Distances from a place at which formulas lose what they cancel."""

_MODERATE = (0.1, 0.5, 1.0, 1.5, 3.0, 8.0, 20.0, 60.0, 1000.0)


def largest(fmt: Format) -> float:
    """The largest finite number."""
    return float(fmt.largest)


def held(value: float, fmt: Format) -> float:
    """The number of the format nearest to a value, never infinite for a finite one.

    >>> from reference.floats import FORMATS
    >>> held(1e9, FORMATS["float16"]), held(0.1, FORMATS["bfloat16"])
    (65504.0, 0.10009765625)
    """
    if math.isinf(value) or math.isnan(value):
        return value
    top = largest(fmt)
    return float(round_to_format(np.array(max(-top, min(top, value))), fmt))


def beside(value: float, fmt: Format) -> tuple[float, float]:
    """The numbers of the format just below and just above one of its numbers.

    >>> from reference.floats import FORMATS
    >>> beside(1.0, FORMATS["float16"])
    (0.99951171875, 1.0009765625)
    """
    if fmt.precision == 53:
        return math.nextafter(value, -math.inf), math.nextafter(value, math.inf)
    exponent = math.frexp(abs(value))[1] - 1 if value else fmt.emin
    unit = math.ldexp(1.0, fmt.ulp_exponent(exponent))
    inwards = unit
    if value and abs(math.frexp(value)[0]) == 0.5 and exponent > fmt.emin:
        inwards = unit / 2  # below a power of two the numbers are twice as close
    if value > 0:
        return held(value - inwards, fmt), held(value + unit, fmt)
    return held(value - unit, fmt), held(value + inwards, fmt)


def near(value: float, fmt: Format) -> list[float]:
    """A place, its two neighbours, and numbers at small distances on both sides."""
    here = held(value, fmt)
    found = [here, *beside(here, fmt)]
    scale = max(1.0, abs(here))
    for distance in SMALL:
        found += [held(here - distance * scale, fmt), held(here + distance * scale, fmt)]
    return list(dict.fromkeys(found))


def ladder(fmt: Format) -> list[float]:
    """Positive numbers from the smallest subnormal to the largest number, with few bits.

    >>> from reference.floats import FORMATS
    >>> numbers = ladder(FORMATS["float16"])
    >>> numbers == sorted(numbers), numbers[0] == 2.0**-24, numbers[-1]
    (True, True, 65504.0)
    """
    tiny, top = math.ldexp(1.0, fmt.emin), largest(fmt)
    root, under = math.sqrt(top), math.sqrt(tiny)
    sizes = [
        math.ldexp(1.0, fmt.tiny_exponent), tiny, under / 4, under * 4, *SMALL, *_MODERATE,
        root / 4, root * 4, top / 2, top,
    ]  # fmt: skip
    return sorted({held(size, fmt) for size in sizes} - {0.0})


def extremes(fmt: Format) -> list[float]:
    """The few sizes at which squares vanish or overflow."""
    top = largest(fmt)
    under = math.sqrt(math.ldexp(1.0, fmt.emin))
    return [held(size, fmt) for size in (under / 16, under * 2, math.sqrt(top) * 4, top / 4)]


def tails(fmt: Format) -> list[float]:
    """Arguments at which exp, tanh and erf saturate: half and all digits gone, then overflow.

    >>> from reference.floats import FORMATS
    >>> [round(t, 1) for t in tails(FORMATS["float32"])]
    [8.3, 9.8, 18.3, 20.0, 53.2, 87.8, 90.4]
    """
    digits, top = fmt.precision * math.log(2), math.log(largest(fmt))
    sizes = (digits / 2, digits / 2 + 1.5, digits * 1.1, 20.0, top * 0.6, top * 0.99, top + 1.7)
    return sorted({held(size, fmt) for size in sizes})
