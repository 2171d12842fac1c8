"""The format of the parts of a complex array, and what rounding explains of them.

Complex arithmetic is accurate in the modulus: the smaller part of a product is off by an ULP of
the larger one even where every operation is rounded correctly. What rounding explains of one
part is therefore counted for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference.floats import format_of, ulp_exponents

__all__ = ["PartFormat", "explained_in_modulus", "guess_of_parts", "part_name"]


class PartFormat(str):
    """The name of a real format, of an array whose last axis holds parts of complex numbers.

    >>> PartFormat("float32") == "float32", PartFormat("float32").complex_name
    (True, 'complex64')
    """

    __slots__ = ()

    @property
    def complex_name(self) -> str:
        """The complex format."""
        return "complex128" if self == "float64" else "complex64"


def part_name(name: str, position: Sequence[int]) -> str:
    """An element of an array of parts, as it is written.

    >>> part_name("z", (1, 0)), part_name("z", (1,))
    ('z[1].real', 'z.imag')
    """
    *place, part = position
    return f"{name}{list(place) if place else ''}.{('real', 'imag')[part]}"


def guess_of_parts(value: np.ndarray | None, truth: np.ndarray, dtype: Any) -> str | None:
    """A mistake that complex numbers invite; None where it is none of these.

    value, truth: of shape (…, 2).

    >>> guess_of_parts(np.array([[1.0, 2.0]]), np.array([[1.0, -2.0]]), "float32")
    'the conjugate of what is right'
    """
    if value is None or value.shape != truth.shape or not truth.any():
        return None
    near = 2.0 ** (format_of(dtype).precision // -2)

    def close(other: np.ndarray) -> bool:
        known = np.isfinite(other) & np.isfinite(value)
        error = np.abs(np.where(known, value - other, np.inf)).max(initial=0.0)
        return bool(error <= near * np.abs(truth[np.isfinite(truth)]).max(initial=0.0))

    if close(truth):
        return None
    turned = truth[..., ::-1]
    guesses = {
        "the conjugate of what is right": truth * [1, -1],
        "the real and the imaginary part are exchanged": turned,
        "a factor of i too many": turned * [-1, 1],
        "a factor of i is missing": turned * [1, -1],
        "the imaginary part is missing": truth * [1, 0],
        "the real part is missing": truth * [0, 1],
    }
    return next((text for text, other in guesses.items() if close(other)), None)


def explained_in_modulus(explained: np.ndarray, truth: np.ndarray, dtype: Any) -> np.ndarray:
    """What rounding explains of each part, in its ULPs, given what it explains of both.

    explained, truth: of shape (…, 2).

    >>> explained_in_modulus(np.zeros(2), np.array([1.0, 2.0**-10]), "float32").tolist()
    [0.0, 511.5]
    """
    finite = np.where(np.isfinite(truth), truth, 0.0)
    units = ulp_exponents(finite, format_of(dtype))
    common = units.max(axis=-1, keepdims=True, initial=-4096)
    errors = np.ldexp(0.5 + explained, units - common).max(axis=-1, keepdims=True, initial=0.0)
    with np.errstate(over="ignore"):
        return np.asarray(np.ldexp(errors, common - units) - 0.5)
