"""Methods of `Tensor` from linear algebra."""

from __future__ import annotations

from typing import Any

from autodiff.functions import linalg
from autodiff.state import TensorState

__all__ = ["Linalg"]


class Linalg(TensorState):
    """Methods of `Tensor` from linear algebra."""

    __slots__ = ()

    def det(self) -> Any:
        return linalg.det(self)

    def logdet(self) -> Any:
        return linalg.logdet(self)

    def slogdet(self) -> Any:
        return linalg.slogdet(self)

    def inverse(self) -> Any:
        return linalg.inv(self)

    def matrix_power(self, n: int) -> Any:
        return linalg.matrix_power(self, n)

    def cholesky_solve(self, input2: Any, upper: bool = False) -> Any:
        return linalg.cholesky_solve(self, input2, upper)
