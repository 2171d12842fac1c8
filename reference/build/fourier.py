"""Fourier transforms of arrays whose complex numbers are pairs (real part, imaginary part).

A transform is a sum of products with cosines and sines at rational parts of a turn, which stay
exact: `cos(2 pi 3 / 7)` is a number of SymPy until it is evaluated.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from reference.build.contract import contract
from reference.build.elementwise import Value, add, node, subtract
from reference.build.index import getitem, pad
from reference.graph import Constant, Node

__all__ = ["fourier_sum", "resized"]


@lru_cache(maxsize=64)
def _waves(size: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """cos and sin of every multiple of the size-th part of a turn."""
    angles = [2 * sp.pi * sp.Rational(k, size) for k in range(size)]
    return tuple(sp.cos(a) for a in angles), tuple(sp.sin(a) for a in angles)


def _table(values: tuple[Any, ...], rows: int, columns: int, size: int) -> Constant:
    """values[j k mod size] at row j and column k."""
    result = np.empty((rows, columns), dtype=object)
    for row in range(rows):
        for column in range(columns):
            result[row, column] = values[row * column % size]
    return Constant(result)


def resized(x: Value, axis: int, size: int) -> Node:
    """The first `size` elements of an axis, with zeros behind where there are fewer."""
    source = node(x)
    present = int(source.shape[axis])
    if present >= size:
        return getitem(source, (*(slice(None),) * axis, slice(0, size)))
    return pad(source, [(0, size - present if k == axis else 0) for k in range(source.ndim)])


def fourier_sum(
    real: Value, imaginary: Value, axis: int, size: int, sign: int, count: int | None = None
) -> tuple[Node, Node]:
    """Σ over k of x[k] exp(sign · 2 pi i j k / size), for j = 0 … count - 1, along an axis.

    imaginary: None for a real array. sign: -1 or 1. count: `size` if None.

    >>> real, imaginary = fourier_sum(np.ones(4), None, 0, 4, -1)
    >>> real.shape, imaginary.shape
    ((4,), (4,))
    """
    held = node(real)
    rows = size if count is None else count
    columns = int(held.shape[axis])
    tables = [_table(values, rows, columns, size) for values in _waves(size)]
    labels = list(range(held.ndim))
    output = [held.ndim if k == axis else k for k in labels]

    def along(part: Value, table: Constant) -> Node:
        return contract([table, node(part)], [[held.ndim, axis], labels], output)

    cosines, sines = (along(held, table) for table in tables)
    turned = sines if sign > 0 else subtract(0, sines)
    if imaginary is None:
        return cosines, turned
    other_cosines, other_sines = (along(imaginary, table) for table in tables)
    mixed = subtract(cosines, other_sines) if sign > 0 else add(cosines, other_sines)
    return mixed, add(other_cosines, turned)
