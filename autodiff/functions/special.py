"""Special functions, and elementwise functions that are asked for less often."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.dtypes import complex128, float64
from autodiff.functions.arguments import is_number, is_tensor_like, raw, require_tensor
from autodiff.functions.losses import log_softmax as _log_softmax
from autodiff.functions.losses import softmax as _softmax
from autodiff.functions.pointwise import clamp, kind_of
from autodiff.functions.pointwise import pow as power
from autodiff.functions.undefined import refuse, refuse_together
from autodiff.modes import settings
from autodiff.ops import special as ops
from autodiff.ops.activations import NDTR
from autodiff.ops.pointwise import ADD
from autodiff.primitive import binary, unary

__all__ = [
    "copysign",
    "digamma",
    "entr",
    "erfcx",
    "erfinv",
    "float_power",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "ldexp",
    "lgamma",
    "log_ndtr",
    "log_softmax",
    "logaddexp2",
    "logit",
    "mvlgamma",
    "nan_to_num",
    "ndtr",
    "ndtri",
    "polygamma",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
]


_NDTR = NDTR.variant("MulBackward1")
_MVLGAMMA = ADD.variant("MvlgammaBackward0")


def _real(function: str, input: Any, name: str = "input", position: int = 1) -> Any:
    """The input; PyTorch's words for a complex one."""
    if kind_of(require_tensor(function, input, name, position)) == "c":
        title = "ComplexFloat" if raw(input).dtype.itemsize == 8 else "ComplexDouble"
        raise NotImplementedError(f"\"{function}\" not implemented for '{title}'")
    return input


def _two(function: str, input: Any, other: Any, undefined: str = "c") -> None:
    """Each a tensor or a number, and one of them a tensor."""
    for one, name, position in ((input, "input", 1), (other, "other", 2)):
        if not is_number(one):
            require_tensor(function, one, name, position)
    if is_number(input) and is_number(other):
        require_tensor(function, input)
    refuse_together(f"{function}_cpu", undefined, input, other)


def lgamma(input: Any) -> Any:
    """log |Γ(input)|.

    >>> import autodiff
    >>> lgamma(autodiff.tensor([1.0, 5.0]))
    tensor([0.0000, 3.1781])
    """
    return unary(ops.LGAMMA, _real("lgamma_vml_cpu", input))


def digamma(input: Any) -> Any:
    """The derivative of `lgamma`."""
    return unary(ops.DIGAMMA, _real("digamma", input))


def polygamma(n: Any, input: Any = None) -> Any:
    """The n-th derivative of `digamma`; as a method, `input.polygamma(n)`.

    Raises RuntimeError for a negative n.
    """
    if is_tensor_like(n):
        n, input = input, n
    require_tensor("polygamma", input, "input", 2)
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return ops.POLYGAMMA.straight(_floating(input), n=int(n))


def _floating(input: Any) -> Any:
    return input.to(settings.default_dtype) if kind_of(input) in "iub" else input


def mvlgamma(input: Any, p: int) -> Any:
    """The logarithm of the gamma function of p dimensions, of numbers above (p - 1) / 2."""
    require_tensor("mvlgamma", input)
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    constant = p * (p - 1) / 4 * math.log(math.pi)
    parts = [lgamma(input - k / 2) for k in range(p)]
    total = parts[0]
    for one in parts[1:]:
        total = total + one
    return _MVLGAMMA(total, constant)


def erfinv(input: Any) -> Any:
    """The number whose `erf` is `input`; nan outside of [-1, 1]."""
    return unary(ops.ERFINV, _real("erfinv_vml_cpu", input))


def erfcx(input: Any) -> Any:
    """exp(input²) · erfc(input), which overflows late and does not vanish."""
    return unary(ops.ERFCX, _real("erfcx_cpu", input))


def ndtr(input: Any) -> Any:
    """The share of the standard normal distribution below `input`."""
    return unary(_NDTR, _floating(_real("ndtr", input)))


def log_ndtr(input: Any) -> Any:
    """The logarithm of `ndtr`, in the lower tail, too."""
    return unary(ops.LOG_NDTR, _real("log_ndtr_cpu", input))


def ndtri(input: Any) -> Any:
    """The number below which the standard normal distribution has the share `input`."""
    return unary(ops.NDTRI, _real("ndtri_cpu", input))


def i0(input: Any) -> Any:
    """The modified Bessel function of the first kind, of order 0."""
    return ops.I0.straight(_floating(_real("i0_vml_cpu", input)), n=0)


def i0e(input: Any) -> Any:
    """exp(-|input|) · i0(input)."""
    return ops.I0E.straight(_floating(_real("i0e_cpu", input)), n=0)


def i1(input: Any) -> Any:
    """The modified Bessel function of the first kind, of order 1."""
    return ops.I1.straight(_floating(_real("i1_cpu", input)), n=0)


def i1e(input: Any) -> Any:
    """exp(-|input|) · i1(input)."""
    return ops.I1E.straight(_floating(_real("i1e_cpu", input)), n=0)


def sinc(input: Any) -> Any:
    """sin(π input) / (π input), and 1 at zero."""
    return ops.SINC.straight(_floating(_real("sinc_cpu", input)), n=0)


def entr(input: Any) -> Any:
    """-input · log(input); 0 at zero, -inf below."""
    return unary(ops.ENTR, _real("entr", input))


def logit(input: Any, eps: float | None = None) -> Any:
    """log(input / (1 - input)); with `eps`, of the input brought into [eps, 1 - eps]."""
    _real("logit", input)
    if eps is not None:
        input = clamp(_floating(input), eps, 1 - eps)
    return unary(ops.LOGIT, input)


def xlogy(input: Any, other: Any) -> Any:
    """input · log(other), and 0 where input is 0 (and `other` is not nan).

    >>> import autodiff
    >>> xlogy(autodiff.tensor([0., 2.]), autodiff.tensor([0., 1.]))
    tensor([0., 0.])
    """
    _two("xlogy", input, other)
    if is_number(other):
        return ops.XLOGY_NUMBER(input, other)
    return (
        ops.XLOGY_OF_NUMBER(input, other) if is_number(input) else binary(ops.XLOGY, input, other)
    )


def xlog1py(input: Any, other: Any) -> Any:
    """input · log(1 + other), and 0 where input is 0 (and `other` is not nan)."""
    _two("xlog1py", input, other)
    return binary(ops.XLOG1PY, input, other)


def fmod(input: Any, other: Any) -> Any:
    """What remains after division, of the sign of `input`.

    Raises RuntimeError where whole numbers are divided by zero.
    """
    require_tensor("fmod", input)
    _two("fmod", input, other)
    if kind_of(input) + kind_of(other) == "bb":
        raise NotImplementedError("\"fmod_cpu\" not implemented for 'Bool'")
    if kind_of(input) in "iub" and kind_of(other) in "iub" and not np.all(raw(other)):
        raise RuntimeError("ZeroDivisionError")
    return ops.FMOD_NUMBER(input, other) if is_number(other) else ops.FMOD(input, other)


def _ordered(function: str, input: Any, other: Any) -> None:
    require_tensor(function, input)
    require_tensor(function, other, "other", 2)
    if "c" in kind_of(input) + kind_of(other):
        raise RuntimeError(f"{function} not implemented for complex tensors.")


def fmax(input: Any, other: Any) -> Any:
    """The larger of two, a number before nan; at a tie the first takes the gradient."""
    _ordered("fmax", input, other)
    return binary(ops.FMAX, input, other)


def fmin(input: Any, other: Any) -> Any:
    """The smaller of two, a number before nan; at a tie the first takes the gradient."""
    _ordered("fmin", input, other)
    return binary(ops.FMIN, input, other)


def copysign(input: Any, other: Any) -> Any:
    """The size of `input` with the sign of `other`; the gradient at zero is 0."""
    require_tensor("copysign", input)
    _two("copysign", input, other)
    if is_number(other):
        return ops.COPYSIGN_NUMBER(_floating(input), other)
    return binary(ops.COPYSIGN, input, other)


def heaviside(input: Any, values: Any) -> Any:
    """0 below zero, 1 above, `values` at zero; it has no derivative here."""
    require_tensor("heaviside", input)
    require_tensor("heaviside", values, "values", 2)
    if "c" in kind_of(input) + kind_of(values):
        raise RuntimeError("heaviside is not yet implemented for complex tensors.")
    if input.dtype != values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    x, at_zero = np.asarray(raw(input)), np.asarray(raw(values))
    steps = np.where(np.isnan(x) if x.dtype.kind in "fV" else False, x, (x > 0).astype(x.dtype))
    return from_array(np.where(x == 0, at_zero, steps).astype(x.dtype))


def logaddexp2(input: Any, other: Any) -> Any:
    """log2(2^input + 2^other), without overflow on the way."""
    _two("logaddexp2", input, other, "iubc")
    return binary(ops.LOGADDEXP2, input, other)


def ldexp(input: Any, other: Any) -> Any:
    """input · 2^other."""
    require_tensor("ldexp", input)
    factor = power(2.0, require_tensor("ldexp", other, "other", 2))
    if kind_of(input) in "fV":
        refuse("ldexp_cpu_exp", "b", other)
    if kind_of(input) in "fcV" and kind_of(other) in "iub":
        factor = factor.to(input.dtype)
    return input * factor


def float_power(input: Any, exponent: Any) -> Any:
    """input to the power of exponent, in double precision (complex where one is)."""
    wide = complex128 if "c" in kind_of(input) + kind_of(exponent) else float64
    first, second = (
        one.to(wide)
        if is_tensor_like(one)
        else (complex(one) if wide is complex128 else float(one))
        for one in (input, exponent)
    )
    return power(first, second)


def nan_to_num(
    input: Any, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Any:
    """Numbers in the place of nan (0) and of infinities (the largest numbers of the dtype)."""
    require_tensor("nan_to_num", input)
    if kind_of(input) in "iub":
        return input.clone()
    return ops.NAN_TO_NUM.straight(
        input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf
    )


def softmax(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """Exponentials over their sum along a dimension."""
    return _softmax(input, dim, dtype=dtype)


def log_softmax(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """The logarithm of `softmax`."""
    return _log_softmax(input, dim, dtype=dtype)
