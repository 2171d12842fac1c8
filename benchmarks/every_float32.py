"""How far the compiled functions of float32 are from the truth, over all of its numbers.

Run: python benchmarks/every_float32.py [--step N] [--only NAME]

step: take every so many of the 2³² numbers (1: all, in an hour or two; 101: a minute). The truth
is NumPy's float64 or the C library's, whose own errors are nine digits further on.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff.compiled import kernels

__all__ = ["FUNCTIONS", "Worst", "main", "measured"]

Array = Any
ALL, BLOCK = 1 << 32, 1 << 20


def exact(name: str, x: Array) -> Array:
    """The function in float64; a slope is that of the function, times 1."""
    if name in ("exp", "expm1", "tanh"):
        return getattr(np, name)(x)
    if name in ("erf", "erfc", "cdf"):
        return of_the_c_library(name, x)
    small = np.exp(-np.abs(x) * (2 if name == "tanh_slope" else 1))
    if name == "sigmoid":
        return np.where(x < 0, small, 1) / (1 + small)
    slope = small / ((1 + small) * (1 + small))
    return 4 * slope if name == "tanh_slope" else slope


def of_the_c_library(name: str, x: Array) -> Array:
    """The error function, its complement, or the normal distribution up to x."""
    if name == "cdf":
        return of_the_c_library("erfc", x * -math.sqrt(0.5)) / 2
    function = getattr(math, name)
    return np.fromiter((function(one) for one in x), np.float64, len(x))


def applied(name: str, x: Array) -> Array:
    """What is compiled."""
    function: Callable[..., Array] = getattr(kernels, name)
    return function(np.ones_like(x), x) if name.endswith("slope") else function(x)


FUNCTIONS = ("exp", "expm1", "erf", "erfc", "cdf")
FUNCTIONS += ("tanh", "sigmoid", "sigmoid_slope", "tanh_slope")


@dataclass(slots=True)
class Worst:
    """The largest error, in units in the last place, and where it is.

    special: how many results should have been nan or an infinity, and are not.
    """

    units: float = 0.0
    at: float = 0.0
    special: int = 0


def numbers(step: int) -> Iterator[Array]:
    for start in range(0, ALL, step * BLOCK):
        bits = np.arange(start, min(ALL, start + step * BLOCK), step, dtype=np.uint64)
        yield bits.astype(np.uint32).view(np.float32)


def measured(name: str, step: int) -> Worst:
    """The worst over every so many numbers of 32 bits."""
    worst = Worst()
    with np.errstate(all="ignore"):
        for x in numbers(step):
            truth = exact(name, x.astype(np.float64))
            found, nearest = applied(name, x), truth.astype(np.float32)
            finite = np.isfinite(nearest)
            units = np.abs(found - truth) / np.spacing(np.abs(nearest))
            units[~finite] = 0
            place = int(units.argmax())
            if not units[place] <= worst.units:
                worst.units, worst.at = float(units[place]), float(x[place])
            same = (found == nearest) | (np.isnan(found) & np.isnan(nearest))
            worst.special += int((~finite & ~same).sum())
    return worst


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=101)
    parser.add_argument("--only", choices=FUNCTIONS)
    options = parser.parse_args(argv)
    if kernels is None:
        print("the compiled kernels were not built, or are switched off")
        return 1
    for name in FUNCTIONS if options.only is None else (options.only,):
        worst = measured(name, options.step)
        print(f"{name}: {worst.units:.3f} units in the last place, at {worst.at!r}", end="")
        print(f"; {worst.special} wrong where nan or an infinity is due")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
