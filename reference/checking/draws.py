"""Cotangents and directions: seeded, never zero, exact in every format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

__all__ = ["random_arrays", "single_entries", "unit_arrays"]

Shape = tuple[int, ...]
_FEW = 256  # numbers up to which what was drawn is kept


def random_arrays(shapes: Sequence[Shape], seed: int, number: int) -> list[np.ndarray]:
    """One array for each shape, of ±k/16 with 8 <= k < 32.

    >>> random_arrays([(2,)], 0, 0)[0].tolist() == random_arrays([(2,)], 0, 0)[0].tolist()
    True
    """
    if sum(math.prod(shape) for shape in shapes) > _FEW:
        return list(_drawn(tuple(shapes), seed, number))
    return [array.copy() for array in _few(tuple(shapes), seed, number)]


def _drawn(shapes: tuple[Shape, ...], seed: int, number: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng([seed, number])
    return tuple(
        np.asarray(rng.integers(8, 32, size=shape) * rng.choice([-1, 1], size=shape) / 16)
        for shape in shapes
    )


_few = lru_cache(maxsize=256)(_drawn)  # starting a generator costs more than drawing a few


def unit_arrays(shapes: Sequence[Shape], output: int, position: int) -> list[np.ndarray]:
    """Zeros, but a one at a flat position of one of the arrays."""
    arrays = [np.zeros(shape) for shape in shapes]
    arrays[output].flat[position] = 1.0
    return arrays


def single_entries(
    shapes: Sequence[Shape], seed: int, count: int | None = None
) -> list[tuple[str, list[np.ndarray]]]:
    """(where, arrays) with a single one: at every place, or at `count` seeded places."""
    places = [
        (output, position)
        for output, shape in enumerate(shapes)
        for position in range(int(np.prod(shape, dtype=np.intp)) if count is None else 0)
    ]
    if count is not None:
        sizes = [int(np.prod(shape, dtype=np.intp)) for shape in shapes]
        ends = np.cumsum(sizes)
        rng = np.random.default_rng([seed, 1 << 20])
        for flat in sorted(rng.choice(ends[-1], size=min(count, ends[-1]), replace=False)):
            output = int(np.searchsorted(ends, flat, side="right"))
            places.append((output, int(flat - (ends[output] - sizes[output]))))
    return [
        (_place(shapes, output, position), unit_arrays(shapes, output, position))
        for output, position in places
    ]


def _place(shapes: Sequence[Shape], output: int, position: int) -> str:
    index = [int(i) for i in np.unravel_index(position, shapes[output])] if shapes[output] else ""
    name = "" if len(shapes) == 1 else f" of output {output}"
    return f"a one at {index}{name}" if index else f"a one{name}"
