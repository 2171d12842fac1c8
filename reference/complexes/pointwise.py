"""Functions of a complex number, each as its real and its imaginary part.

Branches are the usual ones (ISO C, NumPy, PyTorch): cuts of `log`, `sqrt` and `angle` along the
negative axis. On a cut the value is the limit from above, where the imaginary part is +0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from reference import build
from reference.complexes.pair import (
    Complex,
    add,
    conjugate,
    divide,
    imaginary,
    multiply,
    negative,
    parts,
    reciprocal,
    scaled,
    subtract,
    times_i,
    whole,
)
from reference.graph import Node

__all__ = ["POINTWISE", "magnitude", "phase", "power", "squared_magnitude"]

Expression = Callable[..., Any]


def _of(real: Expression, imag: Expression) -> Callable[[Any], Complex]:
    """The function with these parts, as expressions of x and y."""

    def function(input: Any) -> Complex:
        held = whole(input)
        return Complex(
            build.elementwise(real, held.real, held.imag),
            build.elementwise(imag, held.real, held.imag),
        )

    return function


def squared_magnitude(value: Any) -> Node:
    """|z|²"""
    held = whole(value)
    return build.elementwise(lambda x, y: x**2 + y**2, held.real, held.imag)


def magnitude(value: Any) -> Node:
    """|z|"""
    return build.elementwise(sp.sqrt, squared_magnitude(value))


def phase(value: Any) -> Node:
    """The angle of z, in (-π, π]."""
    held = whole(value)
    return build.elementwise(sp.atan2, held.imag, held.real)


def _sgn(value: Any) -> Complex:
    """z / |z|, and 0 at 0."""
    held = whole(value)

    def over(part: Any, x: Any, y: Any) -> Any:
        size = x**2 + y**2
        return sp.Piecewise((part / sp.sqrt(size), size > 0), (0, True))

    return Complex(
        build.elementwise(lambda x, y: over(x, x, y), held.real, held.imag),
        build.elementwise(lambda x, y: over(y, x, y), held.real, held.imag),
    )


_exp = _of(lambda x, y: sp.exp(x) * sp.cos(y), lambda x, y: sp.exp(x) * sp.sin(y))
_log = _of(lambda x, y: sp.log(x**2 + y**2) / 2, lambda x, y: sp.atan2(y, x))
_sin = _of(lambda x, y: sp.sin(x) * sp.cosh(y), lambda x, y: sp.cos(x) * sp.sinh(y))
_cos = _of(lambda x, y: sp.cos(x) * sp.cosh(y), lambda x, y: -sp.sin(x) * sp.sinh(y))
_sinh = _of(lambda x, y: sp.sinh(x) * sp.cos(y), lambda x, y: sp.cosh(x) * sp.sin(y))
_cosh = _of(lambda x, y: sp.cosh(x) * sp.cos(y), lambda x, y: sp.sinh(x) * sp.sin(y))
_tan = _of(
    lambda x, y: sp.sin(2 * x) / (sp.cos(2 * x) + sp.cosh(2 * y)),
    lambda x, y: sp.sinh(2 * y) / (sp.cos(2 * x) + sp.cosh(2 * y)),
)
_tanh = _of(
    lambda x, y: sp.sinh(2 * x) / (sp.cosh(2 * x) + sp.cos(2 * y)),
    lambda x, y: sp.sin(2 * y) / (sp.cosh(2 * x) + sp.cos(2 * y)),
)


def _turned(exponent: sp.Expr) -> Callable[[Any], Complex]:
    """z to a real power: the modulus to the power, the angle times it."""
    return _of(
        lambda x, y: (x**2 + y**2) ** (exponent / 2) * sp.cos(sp.atan2(y, x) * exponent),
        lambda x, y: (x**2 + y**2) ** (exponent / 2) * sp.sin(sp.atan2(y, x) * exponent),
    )


_root = _turned(sp.Rational(1, 2))


def _sqrt(input: Any) -> Complex:
    """The root in the right half-plane; 0 at 0, where the angle is none."""
    held = whole(input)
    zero = build.equal(squared_magnitude(held), 0)
    safe = Complex(build.where(zero, 1, held.real), held.imag)
    found = _root(safe)
    return Complex(build.where(zero, 0, found.real), build.where(zero, 0, found.imag))


def _integer_power(base: Any, exponent: int) -> Complex:
    if exponent < 0:
        return reciprocal(_integer_power(base, -exponent))
    result: Any = None
    square: Any = whole(base)
    while exponent:
        if exponent & 1:
            result = square if result is None else multiply(result, square)
        exponent >>= 1
        if exponent:
            square = multiply(square, square)
    if result is None:
        real = build.add(build.multiply(whole(base).real, 0), 1)
        return Complex(real, build.multiply(real, 0))
    return whole(result)


def power(input: Any, exponent: Any) -> Complex:
    """input to the exponent: exp(exponent · log(input)); whole powers by multiplication."""
    if isinstance(exponent, (int, float)) and float(exponent).is_integer():
        return _integer_power(input, int(exponent))
    if exponent == 0.5 and isinstance(exponent, float):
        return _sqrt(input)
    if isinstance(exponent, (int, float)):
        return _turned(sp.Rational(*float(exponent).as_integer_ratio()))(input)
    return _exp(multiply(exponent, _log(input)))


def _log1p(input: Any) -> Complex:
    return _log(add(input, 1))


def _asin(input: Any) -> Complex:
    """-i log(i z + sqrt(1 - z) sqrt(1 + z))"""
    roots = multiply(_sqrt(subtract(1, input)), _sqrt(add(1, input)))
    return times_i(_log(add(times_i(input), roots)), -1)


def _acos(input: Any) -> Complex:
    """π/2 - asin(z)"""
    held = _asin(input)
    return Complex(
        build.elementwise(lambda a: sp.pi / 2 - a, held.real), build.negative(held.imag)
    )


def _asinh(input: Any) -> Complex:
    """-i asin(i z)"""
    return times_i(_asin(times_i(input)), -1)


def _acosh(input: Any) -> Complex:
    """log(z + sqrt(z - 1) sqrt(z + 1))"""
    return _log(add(input, multiply(_sqrt(subtract(input, 1)), _sqrt(add(input, 1)))))


def _atanh(input: Any) -> Complex:
    """(log(1 + z) - log(1 - z)) / 2"""
    return scaled(subtract(_log(add(1, input)), _log(subtract(1, input))), sp.Rational(1, 2))


def _atan(input: Any) -> Complex:
    """-i atanh(i z)"""
    return times_i(_atanh(times_i(input)), -1)


def _sigmoid(input: Any) -> Complex:
    return reciprocal(add(1, _exp(negative(input))))


def _log_base(base: int) -> Callable[[Any], Complex]:
    def logarithm(input: Any) -> Complex:
        held = _log(input)
        return Complex(
            build.elementwise(lambda a: a / sp.log(base), held.real),
            build.elementwise(lambda a: a / sp.log(base), held.imag),
        )

    return logarithm


def _exp2(input: Any) -> Complex:
    return _of(
        lambda x, y: 2**x * sp.cos(y * sp.log(2)), lambda x, y: 2**x * sp.sin(y * sp.log(2))
    )(input)


def _add(input: Any, other: Any, *, alpha: Any = 1) -> Complex:
    return add(input, other if alpha == 1 else multiply(other, alpha))


def _sub(input: Any, other: Any, *, alpha: Any = 1) -> Complex:
    return subtract(input, other if alpha == 1 else multiply(other, alpha))


def _div(input: Any, other: Any, *, rounding_mode: Any = None) -> Complex:
    if rounding_mode is not None:
        raise NotImplementedError(f"div({rounding_mode=}) has no meaning for complex numbers")
    return divide(input, other)


def _addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Complex:
    return add(input, multiply(multiply(tensor1, tensor2), value))


def _addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Complex:
    return add(input, multiply(divide(tensor1, tensor2), value))


def _lerp(input: Any, end: Any, weight: Any) -> Complex:
    return add(input, multiply(weight, subtract(end, input)))


def _eq(input: Any, other: Any) -> Node:
    gap = subtract(input, other)
    return build.logical_and(build.equal(gap.real, 0), build.equal(gap.imag, 0))


def _where(condition: Any, input: Any, other: Any) -> Complex:
    one, two = whole(input), whole(other)
    return Complex(
        build.where(condition, one.real, two.real), build.where(condition, one.imag, two.imag)
    )


def _complex(real: Any, imag: Any) -> Complex:
    """real + i imag"""
    first, second = build.node(real), build.node(imag)
    return Complex(
        build.add(first, build.multiply(second, 0)), build.add(second, build.multiply(first, 0))
    )


def _polar(abs: Any, angle: Any) -> Complex:
    """abs · exp(i angle)"""
    return Complex(
        build.elementwise(lambda r, a: r * sp.cos(a), abs, angle),
        build.elementwise(lambda r, a: r * sp.sin(a), abs, angle),
    )


POINTWISE: dict[str, Callable[..., Any]] = {
    "abs": magnitude,
    "acos": _acos,
    "acosh": _acosh,
    "add": _add,
    "addcdiv": _addcdiv,
    "addcmul": _addcmul,
    "angle": phase,
    "asin": _asin,
    "asinh": _asinh,
    "atan": _atan,
    "atanh": _atanh,
    "complex": _complex,
    "conj": conjugate,
    "conj_physical": conjugate,
    "cos": _cos,
    "cosh": _cosh,
    "div": _div,
    "eq": _eq,
    "exp": _exp,
    "exp2": _exp2,
    "expm1": lambda input: subtract(_exp(input), 1),
    "imag": imaginary,
    "lerp": _lerp,
    "log": _log,
    "log10": _log_base(10),
    "log1p": _log1p,
    "log2": _log_base(2),
    "mul": multiply,
    "ne": lambda input, other: build.logical_not(_eq(input, other)),
    "polar": _polar,
    "pow": power,
    "real": lambda input: parts(input)[0],
    "reciprocal": reciprocal,
    "rsqrt": lambda input: reciprocal(_sqrt(input)),
    "sgn": _sgn,
    "sigmoid": _sigmoid,
    "sin": _sin,
    "sinh": _sinh,
    "sqrt": _sqrt,
    "square": lambda input: multiply(input, input),
    "sub": _sub,
    "tan": _tan,
    "tanh": _tanh,
    "where": _where,
}
