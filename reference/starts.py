"""Approximations of the factors of a matrix, which tell the roots of equations apart.

An approximation proves nothing; it says which root is meant, and a proof follows from there. Where
eigenvalues lie so close together that floats cannot keep their vectors apart, as they do near a
matrix with equal ones, it is computed with as many digits as the proof has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flint
import numpy as np

__all__ = ["Approximation", "EigenpairStart", "OrthogonalStart", "TripletStart"]

_arb = flint.arb
_APART = 2.0**-20  # relative gap of eigenvalues whose vectors floats keep apart safely


class Approximation:
    """A point near the root that is meant: nan, or None, where it cannot be told from others."""

    def __call__(self, given: np.ndarray) -> np.ndarray:
        """From floats to floats."""
        raise NotImplementedError

    def precise(self, given: np.ndarray) -> list[Any] | None:
        """From balls to balls, at the working precision."""
        raise NotImplementedError


class EigenpairStart(Approximation):
    """Eigenvector and eigenvalue of one number, in ascending order, of a symmetric matrix."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, given: np.ndarray) -> np.ndarray:
        values, vectors = np.linalg.eigh(given)
        if not _apart(values, self.number):
            return np.full(len(values) + 1, np.nan)
        return np.append(vectors[:, self.number], values[self.number])

    def precise(self, given: np.ndarray) -> list[Any] | None:
        pairs = _eigenpairs([[v.mid() for v in row] for row in given.tolist()])
        if pairs is None or not _told_apart([value for value, _ in pairs], self.number):
            return None
        value, vector = pairs[self.number]
        return [*vector, value]


class TripletStart(Approximation):
    """Left vector, right vector and singular value of one number, in descending order."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, given: np.ndarray) -> np.ndarray:
        left, values, right = np.linalg.svd(given, full_matrices=False)
        k = self.number
        together = np.append(values, 0.0)  # a value near zero is near its own opposite
        if not _apart(together, k):
            return np.full(sum(given.shape) + 1, np.nan)
        return np.concatenate([left[:, k], right[k], values[k : k + 1]])

    def precise(self, given: np.ndarray) -> list[Any] | None:
        matrix = flint.arb_mat([[v.mid() for v in row] for row in given.tolist()])
        wide = matrix.nrows() < matrix.ncols()
        tall = matrix.transpose() if wide else matrix
        pairs = _eigenpairs((tall.transpose() * tall).mid().tolist())
        if pairs is None:
            return None
        pairs.reverse()
        values = [value for value, _ in pairs]
        if not _told_apart([*values, _arb(0)], self.number):
            return None
        square, vector = pairs[self.number]
        size = square.sqrt().mid()
        image = tall * flint.arb_mat(len(vector), 1, vector)
        other = [(v / size).mid() for v in image.entries()]
        return [*vector, *other, size] if wide else [*other, *vector, size]


class OrthogonalStart(Approximation):
    """Q, then the upper triangle of R, row by row; the signs are LAPACK's."""

    def __call__(self, given: np.ndarray) -> np.ndarray:
        q, r = np.linalg.qr(given)
        lengths = np.abs(np.diagonal(r))
        if not (lengths > np.abs(r).max(initial=0.0) * _APART).all():
            return np.full(q.size + len(r) * (len(r) + 1) // 2, np.nan)
        return np.concatenate([q.ravel(), r[np.triu_indices(len(r))]])

    def precise(self, given: np.ndarray) -> list[Any] | None:
        """By Gram and Schmidt; None for columns that depend on each other."""
        height, width = given.shape
        floats = np.array([float(v.mid()) for v in given.ravel().tolist()])
        signs = np.sign(np.diagonal(np.linalg.qr(floats.reshape(given.shape))[1]))
        scale = max((abs(v).mid() for v in given.ravel().tolist()), key=_Sortable)
        columns: list[list[Any]] = []
        upper = [[_arb(0)] * width for _ in range(width)]
        for k in range(width):
            rest = [given[i, k].mid() for i in range(height)]
            for j, column in enumerate(columns):
                upper[j][k] = _dot(column, rest)
                rest = [(v - upper[j][k] * c).mid() for v, c in zip(rest, column, strict=True)]
            length = _dot(rest, rest).sqrt().mid()
            if not length > scale * _arb(2) ** (-flint.ctx.prec // 2):
                return None
            upper[k][k] = length if signs[k] >= 0 else -length
            columns.append([(v / upper[k][k]).mid() for v in rest])
        rows, places = np.triu_indices(width)
        triangle = [upper[i][j] for i, j in zip(rows.tolist(), places.tolist(), strict=True)]
        return [*(columns[j][i] for i in range(height) for j in range(width)), *triangle]


def _dot(one: Sequence[Any], other: Sequence[Any]) -> Any:
    return sum((a * b for a, b in zip(one, other, strict=True)), _arb(0)).mid()


def _apart(values: np.ndarray, number: int) -> bool:
    """Whether one of several floats is well apart from all the others."""
    scale = float(np.abs(values).max(initial=0.0))
    gaps = np.abs(np.delete(values, number) - values[number])
    return bool(np.isfinite(scale) and (gaps > scale * _APART).all())


def _told_apart(values: Sequence[Any], number: int) -> bool:
    """The same of balls: half of the digits are enough to tell them apart."""
    scale = max((abs(value) for value in values), key=lambda v: v.mid())
    least = scale * _arb(2) ** (-flint.ctx.prec * 3 // 4)
    here = values[number]
    return all(bool(abs(v - here) > least) for k, v in enumerate(values) if k != number)


def _eigenpairs(matrix: list[list[Any]]) -> list[tuple[Any, list[Any]]] | None:
    """(value, vector of length one) of a symmetric matrix, approximately, values ascending."""
    try:
        values, vectors = flint.acb_mat(matrix).eig(right=True, algorithm="approx")
    except (ValueError, ZeroDivisionError):
        return None
    size = len(matrix)
    pairs = []
    for k in range(size):
        column = [vectors[i, k] for i in range(size)]
        turn = max(column, key=lambda v: float(abs(v).mid()))  # a complex multiple of a real one
        real = [(v / turn).real.mid() for v in column]
        length = sum((v * v for v in real), _arb(0)).sqrt()
        vector = [(v / length).mid() for v in real]
        value = values[k].real.mid()
        if not (value.is_finite() and all(v.is_finite() for v in vector)):
            return None
        pairs.append((value, vector))
    order = sorted(range(size), key=lambda k: _Sortable(pairs[k][0]))
    return [pairs[k] for k in order]


class _Sortable:
    """A ball without radius, in order."""

    __slots__ = ("ball",)

    def __init__(self, ball: Any) -> None:
        self.ball = ball

    def __lt__(self, other: _Sortable) -> bool:
        return bool(self.ball < other.ball)
