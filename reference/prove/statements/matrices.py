"""The pseudo-inverse, of full rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.prove.statement import Case, Statement, named

__all__ = ["STATEMENTS"]

_TALL = np.array([[2.0], [0.25]])


def _pinv(x: Any, rtol: Any, atol: Any, hermitian: bool) -> Any:
    return named("pinv")(x)


STATEMENTS = (
    Statement(
        "matrices.PINV",
        _pinv,
        tuple(
            Case(
                (matrix.shape,), {"rtol": None, "atol": None, "hermitian": False}, near={0: matrix}
            )
            for matrix in (_TALL[:1], _TALL, _TALL.T.copy())
        ),
        "of matrices of full rank",
        kernel="floats",
    ),
)
