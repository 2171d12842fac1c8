"""Rows of matrices beside those of `linalg.py`: the pseudo-inverse."""

from __future__ import annotations

from typing import Any

from autodiff.kernels.matrices import pinv
from autodiff.primitive import Primitive, primitive

__all__ = ["PINV"]


def _adjoint(xp: Any, x: Any) -> Any:
    return xp.conj(xp.matrix_transpose(x))


def _pinv_rule(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """Of matrices whose rank does not change nearby; products in the order of the smaller side."""
    turned, inverse_turned = _adjoint(xp, g), _adjoint(xp, out)
    if x.shape[-2] <= x.shape[-1]:
        k = turned @ out
        right = k @ inverse_turned
        rest = (inverse_turned @ out) @ (turned - k @ x)
        return right - _adjoint(xp, out @ k) - (x @ out) @ right + rest
    k = out @ turned
    left = inverse_turned @ k
    rest = (turned - x @ k) @ (out @ inverse_turned)
    return left - _adjoint(xp, k @ out) + rest - (left @ out) @ x


PINV: Primitive = primitive(
    "pinv",
    "LinalgPinvBackward0",
    lambda xp, x, rtol, atol, hermitian: pinv(xp, x, rtol, atol, hermitian),
    (_pinv_rule,),
    inputs=("x",),
)
