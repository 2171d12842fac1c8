"""Methods of `Tensor` for complex numbers."""

from __future__ import annotations

from autodiff.functions import complexes
from autodiff.state import TensorState

__all__ = ["Complexes"]


class Complexes(TensorState):
    """Methods of `Tensor` for complex numbers."""

    __slots__ = ()

    adjoint = complexes.adjoint
    conj = complexes.conj
    conj_physical = complexes.conj_physical
    angle = complexes.angle
    vdot = complexes.vdot
    isreal = complexes.isreal
    _real = complexes.real
    _imag = complexes.imag
    _hermitian = complexes.hermitian
    _adjoint_of = complexes.adjoint_of
