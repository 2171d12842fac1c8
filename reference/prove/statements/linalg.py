"""Linear algebra: kernels call LAPACK, so they are run on floats; the rules are proved as ever.

Linear equations are solved in symbols where there are few of them. Factors have no expressions:
what a rule makes of one is evaluated with certified error bounds at random points.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.prove.statement import Case, Shape, Statement, named

__all__ = ["STATEMENTS"]

_NEAR_TWO = np.array([[2.0, 0.25], [-0.25, 4.0]])  # every neighbour has an inverse
_NEAR_THREE = np.array([[2.0, 0.25, 0.0], [-0.25, 4.0, 0.25], [0.25, 0.0, 8.0]])
_TALL = np.array([[2.0, 0.25], [-0.25, 4.0], [0.5, 0.25]])
_BATCH = np.stack([_NEAR_TWO, 2 * _NEAR_TWO])
_SINGULAR_FREE = np.eye(5) * np.arange(3.0, 8.0) + 0.25


def _case(matrix: np.ndarray, *others: Shape, **params: Any) -> Case:
    return Case((matrix.shape, *others), params, near={0: matrix})


def _symmetric(matrix: np.ndarray, **params: Any) -> Case:
    return Case((matrix.shape,), params, near={0: matrix}, symmetric=(0,))


def _solved(x: Any, y: Any, left: bool, vector: bool) -> Any:
    return named("solve")(x, y, left=left)


def _cholesky_solved(y: Any, x: Any, upper: bool) -> Any:
    return named("cholesky_solve")(y, x, upper)


def _eigen(x: Any, lower: bool) -> Any:
    return named("eigh")(x)


def _singular(x: Any, full: bool) -> Any:
    return named("svd")(x, full)


def _halves(matrix: np.ndarray, **params: Any) -> tuple[Case, ...]:
    return tuple(_symmetric(matrix, **params, upper=upper) for upper in (False, True))


_SYMMETRIC = "of x its symmetric part is meant, of which the kernel reads one triangle"

STATEMENTS = (
    Statement(
        "linalg.SOLVE",
        _solved,
        (
            _case(_NEAR_TWO, (2, 2), left=True, vector=False),
            _case(_NEAR_TWO, (2, 1), left=True, vector=False),
            _case(_NEAR_TWO, (1, 2), left=False, vector=False),
            _case(_NEAR_TWO, (2,), left=True, vector=True),
            _case(_NEAR_THREE, (3, 1), left=True, vector=False),
        ),
        kernel="floats",
    ),
    Statement(
        "linalg.SOLVE_TRIANGULAR",
        named("solve_triangular"),
        (
            *(
                _case(_NEAR_TWO, shape, upper=upper, left=left, unitriangular=unit)
                for upper in (False, True)
                for left, shape in ((True, (2, 1)), (False, (1, 2)))
                for unit in (False, True)
            ),
            _case(_NEAR_TWO, (2, 2), upper=False, left=True, unitriangular=False),
            _case(_NEAR_THREE, (3, 1), upper=True, left=True, unitriangular=False),
        ),
        kernel="floats",
    ),
    Statement(
        "linalg.CHOLESKY_SOLVE",
        _cholesky_solved,
        tuple(
            Case((shape, (2, 2)), {"upper": upper}, near={1: _NEAR_TWO})
            for upper in (False, True)
            for shape in ((2, 1), (2, 2))
        ),
        kernel="floats",
    ),
    Statement(
        "linalg.INV",
        named("inv"),
        (_case(np.array([[2.0]])), _case(_NEAR_TWO), _case(_NEAR_THREE)),
        kernel="floats",
    ),
    Statement(
        "linalg.DET",
        named("det"),
        (
            *(Case(((size, size),)) for size in (1, 2, 3, 4)),
            Case(((2, 2, 2),)),
            _case(_SINGULAR_FREE),
        ),
        kernel="floats",
    ),
    Statement(
        "linalg.SLOGDET",
        named("slogdet"),
        (_case(_NEAR_TWO), _case(-_NEAR_TWO[::-1]), _case(_NEAR_THREE)),
        kernel="floats",
    ),
    Statement(
        "linalg.CHOLESKY",
        named("cholesky"),
        (*_halves(np.array([[2.0]])), *_halves(_NEAR_TWO), *_halves(_NEAR_THREE)),
        _SYMMETRIC,
        kernel="floats",
    ),
    Statement(
        "linalg.EIGH",
        _eigen,
        (_symmetric(_NEAR_TWO, lower=True), _symmetric(_NEAR_THREE, lower=True)),
        f"{_SYMMETRIC}; signs are those of the lower triangle's LAPACK routine",
        kernel="floats",
    ),
    Statement(
        "linalg.SVD",
        _singular,
        (
            _case(_NEAR_TWO, full=True),
            _case(_TALL, full=False),
            _case(_TALL[:2, :1].T.copy(), full=False),
        ),
        kernel="floats",
    ),
    Statement(
        "linalg.QR",
        named("qr"),
        (
            _case(_NEAR_TWO, mode="reduced"),
            _case(_TALL, mode="reduced"),
            _case(_TALL.T.copy(), mode="reduced"),
        ),
        kernel="floats",
    ),
)
