"""More elementwise functions: inverse functions, logarithms, rounding, angles."""

from __future__ import annotations

from typing import Any

from autodiff.functions.arguments import require_tensor
from autodiff.functions.pointwise import kind_of
from autodiff.functions.undefined import refuse, refuse_together
from autodiff.ops import elementwise as ops
from autodiff.primitive import binary, unary

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "ceil",
    "deg2rad",
    "erfc",
    "exp2",
    "fix",
    "frac",
    "hypot",
    "log2",
    "log10",
    "logaddexp",
    "positive",
    "rad2deg",
    "trunc",
]


def acos(input: Any) -> Any:
    """The angle in radians whose cosine is `input`; nan outside of [-1, 1]."""
    return unary(ops.ACOS, require_tensor("acos", input))


def asin(input: Any) -> Any:
    """The angle in radians whose sine is `input`; nan outside of [-1, 1]."""
    return unary(ops.ASIN, require_tensor("asin", input))


def atan(input: Any) -> Any:
    """The angle in radians whose tangent is `input`."""
    return unary(ops.ATAN, require_tensor("atan", input))


def acosh(input: Any) -> Any:
    """The inverse of cosh; nan below 1."""
    return unary(ops.ACOSH, require_tensor("acosh", input))


def asinh(input: Any) -> Any:
    """The inverse of sinh."""
    if kind_of(require_tensor("asinh", input)) == "c":
        return unary(ops.ASINH_COMPLEX, input)
    return unary(ops.ASINH, input)


def atanh(input: Any) -> Any:
    """The inverse of tanh; nan outside of [-1, 1]."""
    return unary(ops.ATANH, require_tensor("atanh", input))


def exp2(input: Any) -> Any:
    """2 to the power of `input`."""
    return unary(ops.EXP2, require_tensor("exp2", input))


def log2(input: Any) -> Any:
    """The logarithm to base 2."""
    return unary(ops.LOG2, require_tensor("log2", input))


def log10(input: Any) -> Any:
    """The logarithm to base 10."""
    return unary(ops.LOG10, require_tensor("log10", input))


def erfc(input: Any) -> Any:
    """1 - erf(input), accurate where erf is near 1."""
    refuse("erfc_vml_cpu", "c", require_tensor("erfc", input))
    return unary(ops.ERFC, input)


def _rounded(row: Any, function: str, input: Any) -> Any:
    kind = kind_of(require_tensor(function, input))
    if kind == "c":
        raise NotImplementedError(f"{function} is not supported for complex inputs")
    refuse(f"{function}_vml_cpu", "b", input)
    return input.clone() if kind in "iu" else unary(row, input)


def ceil(input: Any) -> Any:
    """The smallest integer above; its gradient is 0."""
    return _rounded(ops.CEIL, "ceil", input)


def trunc(input: Any) -> Any:
    """The integer part; its gradient is 0."""
    return _rounded(ops.TRUNC, "trunc", input)


def frac(input: Any) -> Any:
    """What trunc takes away, of the sign of the input; its gradient is 1.

    >>> import autodiff
    >>> autodiff.frac(autodiff.tensor([1.5, -2.25]))
    tensor([ 0.5000, -0.2500])
    """
    refuse("frac_cpu", "iubc", require_tensor("frac", input))
    return unary(ops.FRAC, input)


def deg2rad(input: Any) -> Any:
    """Degrees as radians."""
    if kind_of(require_tensor("deg2rad", input)) == "c":
        raise RuntimeError("deg2rad is not supported for complex tensors.")
    return unary(ops.DEG2RAD, input)


def rad2deg(input: Any) -> Any:
    """Radians as degrees."""
    if kind_of(require_tensor("rad2deg", input)) == "c":
        raise RuntimeError("rad2deg is not supported for complex tensors.")
    return unary(ops.RAD2DEG, input)


def atan2(input: Any, other: Any) -> Any:
    """The angle in radians, in (-π, π], of the point with y = input and x = other.

    >>> import autodiff
    >>> autodiff.atan2(autodiff.tensor([1., -1.]), autodiff.tensor([1., -1.]))
    tensor([ 0.7854, -2.3562])
    """
    _pair("atan2", input, other)
    refuse_together("atan2_cpu", "c", input, other)
    return binary(ops.ATAN2, input, other)


def _pair(function: str, input: Any, other: Any) -> None:
    require_tensor(function, input)
    require_tensor(function, other, "other", 2)


def hypot(input: Any, other: Any) -> Any:
    """√(input² + other²), without overflow on the way; its gradient at 0, 0 is 0."""
    _pair("hypot", input, other)
    refuse_together("hypot_cpu", "iubc", input, other)
    return binary(ops.HYPOT, input, other)


def logaddexp(input: Any, other: Any) -> Any:
    """log(exp(input) + exp(other)), without overflow on the way."""
    _pair("logaddexp", input, other)
    refuse_together("logaddexp_cpu", "iub", input, other)
    if "c" in kind_of(input) + kind_of(other):
        return binary(ops.LOGADDEXP_COMPLEX, input, other)
    return binary(ops.LOGADDEXP, input, other)


def positive(input: Any) -> Any:
    """The tensor itself; refuses bool tensors."""
    if kind_of(require_tensor("positive", input)) == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


arccos, arcsin, arctan, arctan2, fix = acos, asin, atan, atan2, trunc
arccosh, arcsinh, arctanh = acosh, asinh, atanh
