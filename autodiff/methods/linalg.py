"""Methods of `Tensor` from linear algebra."""

from __future__ import annotations

from typing import Any

from autodiff.functions import linalg
from autodiff.state import TensorState

__all__ = ["Linalg"]


class Linalg(TensorState):
    """Methods of `Tensor` from linear algebra."""

    __slots__ = ()

    det = linalg.det
    logdet = linalg.logdet
    slogdet = linalg.slogdet
    inverse = linalg.inv
    matrix_power = linalg.matrix_power

    def cholesky_solve(self, input2: Any, upper: bool = False) -> Any:
        return linalg.cholesky_solve(self, input2, upper)
