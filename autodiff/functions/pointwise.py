"""Elementwise functions."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from autodiff.conversion import checked_number, wrapped
from autodiff.dtypes import complex64, int64
from autodiff.errors import broadcast_mismatch
from autodiff.functions.arguments import (
    is_number,
    is_tensor_like,
    raw,
    require_tensor,
)
from autodiff.modes import settings
from autodiff.ops import pointwise as ops
from autodiff.ops.complexes import POW_COMPLEX
from autodiff.primitive import binary, unary
from autodiff.promotion import result_type
from autodiff.state import TensorState
from autodiff.straight import straight_binary

__all__ = [
    "abs",
    "absolute",
    "add",
    "checked_alpha",
    "clamp",
    "clip",
    "comparing",
    "cos",
    "cosh",
    "div",
    "divide",
    "eq",
    "erf",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "ge",
    "gt",
    "isfinite",
    "isinf",
    "isnan",
    "kind_of",
    "le",
    "log",
    "log1p",
    "logical_and",
    "logical_not",
    "lt",
    "maximum",
    "minimum",
    "mul",
    "multiply",
    "ne",
    "neg",
    "negative",
    "ordered",
    "pow",
    "reciprocal",
    "relu",
    "remainder",
    "round",
    "rsqrt",
    "rsub",
    "sgn",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "sub",
    "subtract",
    "tan",
    "tanh",
    "true_divide",
    "where",
]


def _operands(function: str, input: Any, other: Any) -> None:
    """Each a tensor or a number, and one of them a tensor."""
    if not is_tensor_like(input) and not (is_tensor_like(other) and is_number(input)):
        require_tensor(function, input)
    if not is_tensor_like(other) and not is_number(other):
        require_tensor(function, other, "other", 2)


def kind_of(value: Any) -> str:
    """NumPy's letter for the kind of a tensor's or a number's dtype."""
    if isinstance(value, TensorState):
        return value._data.dtype.kind  # type: ignore[no-any-return]
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        return str(dtype.kind)
    return next((k for k, t in _NUMBER_KINDS if isinstance(value, t)), "f")


_NUMBER_KINDS = (("b", bool), ("i", int), ("f", float), ("c", complex))


def _check_alpha(input: Any, other: Any, alpha: Any) -> None:
    """PyTorch's complaints about a factor of another kind than what it scales."""
    kinds = kind_of(input) + kind_of(other)
    if isinstance(alpha, bool) and kinds != "bb":
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, complex) and "c" not in kinds:
        raise RuntimeError(
            "For non-complex input tensors, argument alpha must not be a complex number."
        )
    if not isinstance(alpha, int) and not set(kinds) & set("fcV"):
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )


def checked_alpha(input: Any, other: Any, alpha: Any) -> Any:
    """The factor of `other`, if it fits the numbers that it is multiplied with."""
    _check_alpha(input, other, alpha)
    if kind_of(input) + kind_of(other) == "bb":
        return bool(alpha)
    if type(alpha) is int and alpha < 0 and "u" in kind_of(input) + kind_of(other):
        return wrapped(alpha, result_type(input, other).numpy)
    return alpha


def _scaled(plain: Any, scaled: Any, input: Any, other: Any, alpha: Any) -> Any:
    if alpha is not True and type(alpha) is int and alpha == 1:
        return binary(plain, input, other)
    return scaled.straight(input, other, alpha=checked_alpha(input, other, alpha))


def _integral(value: Any) -> bool:
    data = raw(value)
    kind = getattr(getattr(data, "dtype", None), "kind", None)
    return kind in "iub" if kind else isinstance(value, int)


def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input + alpha · other, broadcast.

    >>> import autodiff
    >>> autodiff.add(autodiff.tensor([1., 2.]), 1, alpha=10)
    tensor([11., 12.])
    """
    _operands("add", input, other)
    if type(alpha) is int and alpha == 1:
        return binary(ops.ADD, input, other)
    return _scaled(ops.ADD, ops.ADD_SCALED, input, other, alpha)


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input - alpha · other, broadcast. Refuses bool tensors, as PyTorch does."""
    _operands("sub", input, other)
    refuse_bool(input, other)
    return _scaled(ops.SUB, ops.SUB_SCALED, input, other, alpha)


def refuse_bool(input: Any, other: Any) -> None:
    """Raise where a bool would be subtracted."""
    if _is_bool(input) or _is_bool(other):
        if _is_bool(input) and _is_bool(other):
            raise RuntimeError(
                "Subtraction, the `-` operator, with two bool tensors is not supported. Use the "
                "`^` or `logical_xor()` operator instead."
            )
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are "
            "trying to invert a mask, use the `~` or `logical_not()` operator instead."
        )


def _is_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return True
    return isinstance(value, TensorState) and value._data.dtype.kind == "b"


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """other - alpha · input."""
    require_tensor("rsub", input)
    refuse_bool(input, other)
    if is_tensor_like(other):
        _check_alpha(input, other, alpha)
        return ops.RSUB_TENSORS.straight(input, other, alpha=alpha)
    return _scaled(ops.RSUB, ops.RSUB_SCALED, input, other, alpha)


def mul(input: Any, other: Any) -> Any:
    """input · other, broadcast."""
    _operands("mul", input, other)
    return binary(ops.MUL, input, other)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """input / other, broadcast; integers divide to the default dtype.

    rounding_mode: None, "floor" or "trunc".
    """
    _operands("div", input, other)
    if rounding_mode is None:
        return binary(ops.DIV, input, other)
    _refuse_zero_divisor(input, other)
    if rounding_mode == "floor":
        return ops.DIV_FLOOR(input, other)
    if rounding_mode == "trunc":
        return ops.DIV_TRUNC(input, other)
    raise RuntimeError(
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
        f"'{rounding_mode}'"
    )


def floor_divide(input: Any, other: Any) -> Any:
    """The floor of input / other; not differentiable."""
    _refuse_zero_divisor(input, other)
    return ops.FLOOR_DIVIDE(input, other)


def remainder(input: Any, other: Any) -> Any:
    """input - other · floor(input / other): the sign is that of `other`."""
    _refuse_zero_divisor(input, other)
    if not is_tensor_like(other):
        return ops.REMAINDER_NUMBER(input, other)
    return (ops.REMAINDER if is_tensor_like(input) else ops.REMAINDER_OF_NUMBER)(input, other)


def _refuse_zero_divisor(input: Any, other: Any) -> None:
    """Whole numbers have no infinity to divide to."""
    if _integral(input) and _integral(other) and not np.all(raw(other)):
        if kind_of(input) + kind_of(other) == "bb":
            return  # which the rows refuse
        raise RuntimeError("ZeroDivisionError")


def pow(input: Any, exponent: Any) -> Any:
    """input to the power of exponent, either of which may be a number."""
    if is_tensor_like(input):
        if is_tensor_like(exponent):
            return binary(ops.POW_TENSORS, input, exponent)
        if not is_number(exponent):
            require_tensor("pow", exponent, "exponent", 2)
        if isinstance(input, TensorState):
            kind = input._data.dtype.kind
            if kind in "iub":
                if isinstance(exponent, bool) and kind == "b":
                    return input.clone() if exponent else input | True  # type: ignore[attr-defined,operator]
                if kind == "b" and isinstance(exponent, int):
                    input = input.to(int64)  # type: ignore[attr-defined]
                if isinstance(exponent, int):
                    if exponent < 0:
                        raise RuntimeError("Integers to negative integer powers are not allowed.")
                else:
                    input = input.to(settings.default_dtype)
            elif kind == "V" and isinstance(exponent, complex):
                input = input.to(complex64)  # type: ignore[attr-defined]
        if isinstance(exponent, complex) and kind_of(input) != "c":
            return POW_COMPLEX(input, exponent)
        return ops.POW_NUMBER.straight(input, exponent=exponent)
    require_tensor("pow", exponent, "exponent", 2)
    return ops.POW_BASE(input, exponent)


def _unary(row: Any, name: str, input: Any) -> Any:
    return unary(row, require_tensor(name, input))


def neg(input: Any) -> Any:
    """-input; refuses bool tensors."""
    if _is_bool(require_tensor("neg", input)):
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )
    if _integral(input):
        return ops.NEG_INTEGER(input)
    return unary(ops.NEG, input)


def abs(input: Any) -> Any:
    """The absolute value; its gradient at 0 is 0."""
    if _is_bool(input):
        raise NotImplementedError("\"abs_cpu\" not implemented for 'Bool'")
    if _integral(require_tensor("abs", input)):
        return ops.ABS_INTEGER(input)
    return unary(ops.ABS, input)


def sign(input: Any) -> Any:
    """-1, 0 or 1 (0 for nan); its gradient is 0."""
    kind = kind_of(require_tensor("sign", input))
    if kind == "b":
        return input.clone()
    if kind == "c":
        raise NotImplementedError(
            "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use "
            "torch.sgn instead."
        )
    return ops.SIGN_INTEGER(input) if kind in "iu" else unary(ops.SIGN, input)


def sgn(input: Any) -> Any:
    """The sign; of a complex number, the number of size 1 in its direction."""
    if kind_of(require_tensor("sgn", input)) == "c":
        return ops.SGN(input)
    return unary(ops.SGN_REAL, input) if kind_of(input) in "fV" else sign(input)


def exp(input: Any) -> Any:
    """The exponential."""
    return _unary(ops.EXP, "exp", input)


def expm1(input: Any) -> Any:
    """exp(input) - 1, accurate near 0."""
    return _unary(ops.EXPM1, "expm1", input)


def log(input: Any) -> Any:
    """The natural logarithm."""
    return _unary(ops.LOG, "log", input)


def log1p(input: Any) -> Any:
    """log(1 + input), accurate near 0."""
    return _unary(ops.LOG1P, "log1p", input)


def sqrt(input: Any) -> Any:
    """The square root; its gradient at 0 is inf."""
    return _unary(ops.SQRT, "sqrt", input)


def rsqrt(input: Any) -> Any:
    """1 / sqrt(input)."""
    return _unary(ops.RSQRT, "rsqrt", input)


def square(input: Any) -> Any:
    """input²."""
    return pow(require_tensor("square", input), 2)


def reciprocal(input: Any) -> Any:
    """1 / input."""
    return _unary(ops.RECIPROCAL, "reciprocal", input)


def sin(input: Any) -> Any:
    """The sine."""
    return _unary(ops.SIN, "sin", input)


def cos(input: Any) -> Any:
    """The cosine."""
    return _unary(ops.COS, "cos", input)


def tan(input: Any) -> Any:
    """The tangent."""
    return _unary(ops.TAN, "tan", input)


def sinh(input: Any) -> Any:
    """The hyperbolic sine."""
    return _unary(ops.SINH, "sinh", input)


def cosh(input: Any) -> Any:
    """The hyperbolic cosine."""
    return _unary(ops.COSH, "cosh", input)


def tanh(input: Any) -> Any:
    """The hyperbolic tangent, with a gradient that is accurate in the tails."""
    return _unary(ops.TANH, "tanh", input)


def sigmoid(input: Any) -> Any:
    """1 / (1 + exp(-input)), accurate in both tails."""
    if isinstance(input, TensorState) and input._data.dtype.kind == "f":
        return ops.SIGMOID.straight(input)
    if kind_of(require_tensor("sigmoid", input)) == "c":
        return ops.SIGMOID_COMPLEX(input)
    return unary(ops.SIGMOID, input)


def erf(input: Any) -> Any:
    """The error function."""
    return _unary(ops.ERF, "erf", input)


def relu(input: Any) -> Any:
    """max(input, 0); its gradient at 0 is 0."""
    if isinstance(input, TensorState) and input._data.dtype.kind == "f":
        return ops.RELU.straight(input)
    kind = kind_of(require_tensor("relu", input))
    if kind == "b":
        raise RuntimeError("Boolean inputs not supported for relu")
    if kind == "c":
        raise NotImplementedError("clamp is not supported for complex types")
    return _unary(ops.RELU, "relu", input)


def _real(function: str, input: Any) -> str:
    """The kind of a real input; PyTorch's words for a complex one."""
    kind = kind_of(require_tensor(function, input))
    if kind == "c":
        raise NotImplementedError(f"{function} is not supported for complex inputs")
    return kind


def floor(input: Any) -> Any:
    """The largest integer below; its gradient is 0."""
    kind = _real("floor", input)
    if kind == "b":
        raise NotImplementedError("\"floor_vml_cpu\" not implemented for 'Bool'")
    return input.clone() if kind in "iu" else unary(ops.FLOOR, input)


def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest number with so many decimals, ties to even; its gradient is 0."""
    kind = kind_of(require_tensor("round", input))
    if kind in "bc" or (kind in "iu" and decimals):
        kernel = "round_cpu" if decimals else "round_vml_cpu"
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{input.dtype.title}'")
    if kind in "iu":
        return input.clone()
    return (
        ops.ROUND_DECIMALS.straight(input, decimals=decimals)
        if decimals
        else unary(ops.ROUND, input)
    )


def maximum(input: Any, other: Any) -> Any:
    """The larger of two, element by element; a tie shares the gradient evenly."""
    require_tensor("maximum", input)
    require_tensor("maximum", other, "other", 2)
    if "c" in kind_of(input) + kind_of(other):
        raise RuntimeError("maximum not implemented for complex tensors.")
    return binary(ops.MAXIMUM, input, other)


def minimum(input: Any, other: Any) -> Any:
    """The smaller of two, element by element; a tie shares the gradient evenly."""
    require_tensor("minimum", input)
    require_tensor("minimum", other, "other", 2)
    if "c" in kind_of(input) + kind_of(other):
        raise RuntimeError("minimum not implemented for complex tensors.")
    return binary(ops.MINIMUM, input, other)


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """The nearest number within [min, max]; numbers or tensors, one may be None.

    The gradient is 1 at the bounds themselves.
    """
    require_tensor("clamp", input)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if kind_of(input) == "c":
        raise NotImplementedError("clamp is not supported for complex types")
    if is_tensor_like(min) or is_tensor_like(max):
        if is_tensor_like(min) == is_tensor_like(max) or min is None or max is None:
            return ops.CLAMP_TENSORS.straight(input, min, max)
        # a tensor beside a number: PyTorch takes both as numbers
        min, max = (v.item() if is_tensor_like(v) else v for v in (min, max))
    if any(isinstance(bound, complex) for bound in (min, max)):
        if _integral(input):
            raise NotImplementedError("clamp is not supported for complex types")
        raise RuntimeError("value cannot be converted to type double without overflow")
    if _integral(input) and any(isinstance(bound, float) for bound in (min, max)):
        input = input.to(settings.default_dtype)
    if kind_of(input) in "iu":
        for bound in (min, max):
            checked_number(bound, raw(input).dtype)
    if kind_of(input) == "u":  # a negative bound wraps round
        dtype = raw(input).dtype
        min, max = (wrapped(v, dtype) if type(v) is int else v for v in (min, max))
    return ops.CLAMP_NUMBERS.straight(input, min=min, max=max)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, `other` elsewhere; alone, the indices of what holds."""
    if not is_tensor_like(condition):
        kinds = ", ".join(
            "Tensor" if is_tensor_like(v) else type(v).__name__
            for v in (condition, input, other)
            if v is not None
        )
        raise TypeError(
            f"where() received an invalid combination of arguments - got ({kinds}), but expected "
            "one of: (Tensor condition), (Tensor condition, Tensor or Number input, Tensor or "
            "Number other)"
        )
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if isinstance(condition, TensorState) and condition._data.dtype.kind != "b":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype.title}"  # type: ignore[attr-defined]
        )
    shape: tuple[int, ...] = tuple(raw(condition).shape)
    for one in (input, other):
        if isinstance(one, TensorState) and one._data.shape != shape:
            mismatch = broadcast_mismatch(shape, one._data.shape)
            if mismatch is not None:
                raise mismatch
            shape = np.broadcast_shapes(shape, one._data.shape)
    return ops.WHERE.straight(condition, input, other)


def ordered(row: Any, input: Any, other: Any) -> Any:
    """A comparison by size, which complex numbers do not have."""
    kinds = kind_of(input) + kind_of(other)
    if "c" in kinds:
        title = result_type(input, other).title
        raise NotImplementedError(f"\"{row.name}_cpu\" not implemented for '{title}'")
    return row(input, other)


def comparing(row: Any) -> Any:
    """A comparison as a function of a tensor and a tensor or a number, straight where possible."""
    if row.name in ("eq", "ne"):
        return row.straight
    return straight_binary(row, functools.partial(ordered, row))


def _comparison(row: Any) -> Any:
    compared = comparing(row)

    def compare(input: Any, other: Any) -> Any:
        _operands(row.name, input, other)
        return compared(input, other)

    compare.__name__ = row.name
    compare.__doc__ = f"Elementwise `{row.name}`: a bool tensor, not differentiable."
    return compare


eq = _comparison(ops.EQ)
ne = _comparison(ops.NE)
lt = _comparison(ops.LT)
le = _comparison(ops.LE)
gt = _comparison(ops.GT)
ge = _comparison(ops.GE)


def logical_and(input: Any, other: Any) -> Any:
    """True where an element of neither is zero."""
    require_tensor("logical_and", input)
    return binary(ops.LOGICAL_AND, input, require_tensor("logical_and", other, "other", 2))


def logical_not(input: Any) -> Any:
    """True where the element is zero."""
    return ops.LOGICAL_NOT.straight(require_tensor("logical_not", input))


def isnan(input: Any) -> Any:
    """True where the element is nan."""
    return ops.ISNAN.straight(require_tensor("isnan", input))


def isinf(input: Any) -> Any:
    """True where the element is inf or -inf."""
    return ops.ISINF.straight(require_tensor("isinf", input))


def isfinite(input: Any) -> Any:
    """True where the element is neither inf nor nan."""
    return ops.ISFINITE.straight(require_tensor("isfinite", input))


absolute = abs
clip = clamp
divide = true_divide = div
multiply = mul
negative = neg
subtract = sub
