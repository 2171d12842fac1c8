"""Elementwise functions."""

from __future__ import annotations

from typing import Any

from autodiff.functions.arguments import is_number, is_tensor_like, raw, require_tensor
from autodiff.modes import settings
from autodiff.ops import pointwise as ops
from autodiff.primitive import binary, unary
from autodiff.state import TensorState

__all__ = [
    "abs",
    "absolute",
    "add",
    "clamp",
    "clip",
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
    "pow",
    "reciprocal",
    "relu",
    "remainder",
    "round",
    "rsqrt",
    "rsub",
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
    if not is_tensor_like(input) and not is_tensor_like(other):
        require_tensor(function, input)


def _scaled(function: str, input: Any, other: Any, alpha: Any) -> Any:
    if alpha == 1:
        return other
    if not isinstance(alpha, int) and _integral(input) and _integral(other):
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    return binary(ops.MUL, other, alpha) if is_tensor_like(other) else other * alpha


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
    return binary(ops.ADD, input, _scaled("add", input, other, alpha))


def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """input - alpha · other, broadcast. Refuses bool tensors, as PyTorch does."""
    _operands("sub", input, other)
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
    return binary(ops.SUB, input, _scaled("sub", input, other, alpha))


def _is_bool(value: Any) -> bool:
    return isinstance(value, TensorState) and value._data.dtype.kind == "b"


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """other - alpha · input."""
    return sub(other, _scaled("rsub", other, input, alpha))


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
    if rounding_mode == "floor":
        return ops.FLOOR_DIVIDE(input, other)
    if rounding_mode == "trunc":
        return ops.TRUNC_DIVIDE(input, other)
    raise RuntimeError(
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
        f"'{rounding_mode}'"
    )


def floor_divide(input: Any, other: Any) -> Any:
    """The floor of input / other; not differentiable."""
    return ops.FLOOR_DIVIDE(input, other)


def remainder(input: Any, other: Any) -> Any:
    """input - other · floor(input / other): the sign is that of `other`."""
    return ops.REMAINDER(input, other)


def pow(input: Any, exponent: Any) -> Any:
    """input to the power of exponent, either of which may be a number."""
    if is_tensor_like(input):
        if is_tensor_like(exponent):
            return ops.POW_TENSORS(input, exponent)
        if not is_number(exponent):
            require_tensor("pow", exponent, "exponent", 2)
        if isinstance(input, TensorState):
            kind = input._data.dtype.kind
            if kind in "iub":
                if isinstance(exponent, int):
                    if exponent < 0:
                        raise RuntimeError("Integers to negative integer powers are not allowed.")
                else:
                    input = input.to(settings.default_dtype)  # type: ignore[attr-defined]
        return ops.POW_NUMBER(input, exponent=exponent)
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
    if _integral(require_tensor("abs", input)):
        return ops.ABS_INTEGER(input)
    return unary(ops.ABS, input)


def sign(input: Any) -> Any:
    """-1, 0 or 1; its gradient is 0."""
    if _integral(require_tensor("sign", input)):
        return ops.SIGN_INTEGER(input)
    return unary(ops.SIGN, input)


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
    return _unary(ops.SIGMOID, "sigmoid", input)


def erf(input: Any) -> Any:
    """The error function."""
    return _unary(ops.ERF, "erf", input)


def relu(input: Any) -> Any:
    """max(input, 0); its gradient at 0 is 0."""
    return _unary(ops.RELU, "relu", input)


def floor(input: Any) -> Any:
    """The largest integer below; its gradient is 0."""
    return input.clone() if _integral(input) else _unary(ops.FLOOR, "floor", input)


def round(input: Any) -> Any:
    """The nearest integer, ties to even; its gradient is 0."""
    return input.clone() if _integral(input) else _unary(ops.ROUND, "round", input)


def maximum(input: Any, other: Any) -> Any:
    """The larger of two, element by element; a tie shares the gradient evenly."""
    require_tensor("maximum", input)
    return ops.MAXIMUM(input, require_tensor("maximum", other, "other", 2))


def minimum(input: Any, other: Any) -> Any:
    """The smaller of two, element by element; a tie shares the gradient evenly."""
    require_tensor("minimum", input)
    return ops.MINIMUM(input, require_tensor("minimum", other, "other", 2))


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """The nearest number within [min, max]; numbers or tensors, one may be None.

    The gradient is 1 at the bounds themselves.
    """
    require_tensor("clamp", input)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if is_tensor_like(min) or is_tensor_like(max):
        return ops.CLAMP_TENSORS(input, min, max)
    if _integral(input) and any(isinstance(bound, float) for bound in (min, max)):
        input = input.to(settings.default_dtype)
    return ops.CLAMP_NUMBERS(input, min=min, max=max)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where the condition holds, `other` elsewhere; alone, the indices of what holds."""
    require_tensor("where", condition, "condition")
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if isinstance(condition, TensorState) and condition._data.dtype.kind != "b":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype.title}"  # type: ignore[attr-defined]
        )
    return ops.WHERE(condition, input, other)


def _comparison(row: Any) -> Any:
    def compare(input: Any, other: Any) -> Any:
        _operands(row.name, input, other)
        return row(input, other)

    compare.__name__ = row.name
    compare.__doc__ = f"Elementwise `{row.name}`: a bool tensor, not differentiable."
    return compare


eq = _comparison(ops.EQ)
ne = _comparison(ops.NE)
lt = _comparison(ops.LT)
le = _comparison(ops.LE)
gt = _comparison(ops.GT)
ge = _comparison(ops.GE)
logical_and = _comparison(ops.LOGICAL_AND)


def logical_not(input: Any) -> Any:
    """True where the element is zero."""
    return ops.LOGICAL_NOT(require_tensor("logical_not", input))


def isnan(input: Any) -> Any:
    """True where the element is nan."""
    return ops.ISNAN(require_tensor("isnan", input))


def isinf(input: Any) -> Any:
    """True where the element is inf or -inf."""
    return ops.ISINF(require_tensor("isinf", input))


def isfinite(input: Any) -> Any:
    """True where the element is neither inf nor nan."""
    return ops.ISFINITE(require_tensor("isfinite", input))


absolute = abs
clip = clamp
divide = true_divide = div
multiply = mul
negative = neg
subtract = sub
