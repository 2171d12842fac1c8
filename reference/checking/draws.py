"""Cotangents and directions: seeded, never zero, exact in the format that they are drawn for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from reference.adapters.adapter import flattened
from reference.content import complex_array
from reference.floats import exact_array

__all__ = ["cotangents_of", "random_arrays", "single_entries", "unit_arrays"]

Shape = tuple[int, ...]
_FEW = 256  # numbers up to which what was drawn is kept


def random_arrays(
    shapes: Sequence[Shape], seed: int, number: int, bits: Sequence[int] | None = None
) -> list[np.ndarray]:
    """One array for each shape, of ±k/16 with 8 <= k < 32, which is exact in every format.

    bits: significant ones that each array's numbers have instead; such numbers show where an
    engine takes them through a narrower format than their own.

    >>> random_arrays([(2,)], 0, 0)[0].tolist() == random_arrays([(2,)], 0, 0)[0].tolist()
    True
    >>> wide = random_arrays([(3,)], 0, 0, [24])[0]
    >>> bool((wide == wide.astype(np.float32)).all()), bool((wide == wide.astype("f2")).any())
    (True, False)
    """
    held, told = tuple(shapes), None if bits is None else tuple(bits)
    if sum(map(math.prod, held)) > _FEW:
        return list(_drawn(held, seed, number, told))
    return [array.copy() for array in _few(held, seed, number, told)]


def _drawn(
    shapes: tuple[Shape, ...], seed: int, number: int, bits: tuple[int, ...] | None
) -> tuple[np.ndarray, ...]:
    if bits is not None:
        return _wide(shapes, seed, number, bits)
    rng = np.random.default_rng([seed, number])
    return tuple(
        np.asarray(rng.integers(8, 32, size=shape) * rng.choice([-1, 1], size=shape) / 16)
        for shape in shapes
    )


def _wide(
    shapes: Sequence[Shape], seed: int, number: int, bits: Sequence[int]
) -> tuple[np.ndarray, ...]:
    """±k/2**(bits - 1), of odd k, with 2**(bits - 2) <= k < 2**bits: from 1/2 to 2."""
    rng = np.random.default_rng([seed, number])
    arrays = []
    for shape, count in zip(shapes, bits, strict=True):
        drawn = rng.integers(1 << (count - 2), 1 << count, size=shape) | 1
        signs = rng.choice([-1.0, 1.0], size=shape)
        arrays.append(np.asarray(np.ldexp(drawn * signs, 1 - count)))
    return tuple(arrays)


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
        for position in range(math.prod(shape) if count is None else 0)
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


def cotangents_of(given: Sequence[Any], shapes: Sequence[Shape]) -> list[list[np.ndarray]]:
    """Cotangents that a user gives, as arrays. Raises ValueError where they do not fit.

    shapes: those of the outputs; of complex ones, with a last axis for the parts.
    """
    found = []
    for number, cotangent in enumerate(given):
        arrays = [_content(part) for part in flattened(cotangent)]
        held = [tuple(array.shape) for array in arrays]
        if held != list(shapes):
            raise ValueError(
                f"cotangent {number} has the shape {_shapes(held)}, the output {_shapes(shapes)}: "
                "give one array of the same shape for each output"
            )
        found.append(arrays)
    if not found:
        raise ValueError("cotangents=[]: give one at least, or how many are drawn")
    return found


def _content(part: Any) -> np.ndarray:
    """An array's numbers as float64; of complex ones, the parts along a last axis."""
    if isinstance(part, complex) or "complex" in str(getattr(part, "dtype", "")):
        whole = np.asarray(complex_array(part))
        return np.stack([whole.real, whole.imag], -1).astype(np.float64)
    return exact_array(part)[0].astype(np.float64)


def _shapes(shapes: Sequence[Shape]) -> str:
    return str(shapes[0]) if len(shapes) == 1 else ", ".join(map(str, shapes))
