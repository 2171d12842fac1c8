"""Methods of `Tensor` for complex numbers."""

from __future__ import annotations

from typing import Any

from autodiff.functions import complexes
from autodiff.state import TensorState

__all__ = ["Complexes"]


class Complexes(TensorState):
    """Methods of `Tensor` for complex numbers."""

    __slots__ = ()
    copy_: Any

    @property
    def real(self) -> Any:
        """A view of the real parts; a real tensor itself. Assigning writes to them."""
        return complexes.real(self)

    @real.setter
    def real(self, value: Any) -> None:
        _write(self.real, value)

    @property
    def imag(self) -> Any:
        """A view of the imaginary parts. Assigning writes to them."""
        return complexes.imag(self)

    @imag.setter
    def imag(self, value: Any) -> None:
        _write(self.imag, value)

    @property
    def H(self) -> Any:
        """The conjugates of a matrix, transposed."""
        return complexes.hermitian(self)

    @property
    def mH(self) -> Any:
        """The conjugates of matrices, transposed."""
        return complexes.adjoint_of(self, "mH")

    def adjoint(self) -> Any:
        return complexes.adjoint(self)

    def conj(self) -> Any:
        return complexes.conj(self)

    def conj_physical(self) -> Any:
        return complexes.conj_physical(self)

    def angle(self) -> Any:
        return complexes.angle(self)

    def vdot(self, other: Any) -> Any:
        return complexes.vdot(self, other)

    def isreal(self) -> Any:
        return complexes.isreal(self)


def _write(part: Any, value: Any) -> None:
    """Write to a view; a tensor's shape is held to as `copy_` does."""
    if isinstance(value, TensorState):
        part.copy_(value)
    else:
        part[...] = value
