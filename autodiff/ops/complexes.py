"""Complex numbers, their parts, sizes and directions.

The gradient of a complex number x + iy is ∂L/∂x + i ∂L/∂y, as in PyTorch (twice the derivative
with respect to the conjugate). Rows here are not holomorphic, so their rules are those of
cotangents themselves; of what a rule gives a real input, the engine takes the real part.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff.kernels.complexes import as_complex, as_reals, direction, joined, polar
from autodiff.ops.pointwise import CONJ, POW_TENSORS
from autodiff.primitive import Primitive, pointwise, primitive

__all__ = [
    "ANGLE",
    "ANGLE_REAL",
    "COMPLEX",
    "CONJ_PHYSICAL",
    "JOIN",
    "POLAR",
    "POW_COMPLEX",
    "VDOT",
    "VIEW_AS_COMPLEX",
    "VIEW_AS_REAL",
]

VIEW_AS_REAL: Primitive = primitive(
    "view_as_real",
    "ViewAsRealBackward0",
    lambda x: as_reals(x),
    (lambda g: JOIN(g),),
    linear=True,
    view=True,
)
VIEW_AS_COMPLEX: Primitive = primitive(
    "view_as_complex",
    "ViewAsComplexBackward0",
    lambda x: as_complex(x),
    (lambda g: VIEW_AS_REAL(g),),
    linear=True,
    view=True,
)
JOIN: Primitive = primitive(  # of parts that need not lie side by side: no view
    "view_as_complex",
    "ViewAsComplexBackward0",
    lambda x: as_complex(x),
    (lambda g: VIEW_AS_REAL(g),),
    linear=True,
)
COMPLEX = primitive(
    "complex",
    "ComplexBackward0",
    lambda x, y: joined(x, y),
    (lambda xp, g: xp.real(g), lambda xp, g: xp.imag(g)),
    promotion="common",
    broadcasts=True,
    linear=True,
)
POLAR = primitive(
    "polar",
    "PolarBackward0",
    lambda x, y: polar(x, y),
    (
        lambda xp, g, y: g * direction(xp, -y),
        lambda xp, g, out: g * (xp.conj(out) * -1j),
    ),
    promotion="common",
    broadcasts=True,
)


def _angle_rule(xp: Any, g: Any, x: Any) -> Any:
    """Across the direction of x, and shorter the longer x is; 0 at 0, as in PyTorch."""
    at_zero = xp.equal(x, 0)
    turned = g * 1j / xp.conj(xp.where(at_zero, 1, x))
    return xp.where(at_zero, 0, turned)


def _angle_kernel(xp: Any, x: Any) -> Any:
    return xp.atan2(xp.imag(x), xp.real(x))


def _angle_of_real(xp: Any, x: Any) -> Any:
    """0 or pi; nan of nan."""
    return xp.where(xp.isnan(x), x, xp.astype(x < 0, x.dtype) * math.pi)


ANGLE = pointwise("angle", "AngleBackward0", _angle_kernel, (_angle_rule,), holomorphic=False)
ANGLE_REAL = pointwise(
    "angle", "AngleBackward0", _angle_of_real, (lambda xp, g: xp.zeros_like(g),)
)
# a power with a complex number as exponent: as an input, so that what is complex is seen
POW_COMPLEX = POW_TENSORS.variant("PowBackward0")
CONJ_PHYSICAL = CONJ.variant("ConjPhysicalBackward0")
VDOT = primitive(  # the sum of the products of the first's conjugates and the second
    "vdot",
    "VdotBackward0",
    lambda xp, x, y: xp.sum(xp.conj(x) * y),
    (lambda xp, g, y: xp.conj(g) * y, lambda g, x: g * x),
)
