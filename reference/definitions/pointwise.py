"""Elementwise operations: scalar expressions, as a textbook writes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Domain, Sample
from reference.definitions.sampling import calls, dyadic, layouts, pairs, unary
from reference.floats import FORMATS
from reference.graph import Cast, Node

__all__ = ["DEFINITIONS"]

_POSITIVE = Domain(0)


def _unary(
    name: str,
    expression: Callable[[sp.Expr], Any],
    domain: Domain = REALS,
    *,
    tails: Sequence[float] = (),
    kinks: Sequence[float] = (),
    aliases: Sequence[str] = (),
    results: tuple[str, ...] = ("real",),
) -> Definition:
    """A definition of one argument from a scalar expression."""

    def function(input: Value) -> Node:
        return build.elementwise(expression, input)

    samples = unary(domain, tails, kinks)
    return Definition(name, function, (domain,), tuple(kinks), samples, aliases, results)


def _sigmoid(x: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-x))


def _sigmoid_steps(input: Value) -> Node:
    """Two steps, because everybody rounds between them: the second derivative cancels at 0."""
    power = build.elementwise(lambda x: sp.exp(-x), input)
    return build.elementwise(lambda power: 1 / (1 + power), power)


def _silu(input: Value) -> Node:
    return build.multiply(input, _sigmoid_steps(input))


def _softplus_expression(x: sp.Expr) -> sp.Expr:
    return sp.log(1 + sp.exp(x))


def _add(input: Value, other: Value, *, alpha: Value = 1) -> Node:
    return build.add(input, build.multiply(alpha, other) if _is_not_one(alpha) else other)


def _sub(input: Value, other: Value, *, alpha: Value = 1) -> Node:
    return build.subtract(input, build.multiply(alpha, other) if _is_not_one(alpha) else other)


def _is_not_one(alpha: Value) -> bool:
    return not (build.is_number(alpha) and alpha == 1)


def _rsub(input: Value, other: Value, *, alpha: Value = 1) -> Node:
    return _sub(other, input, alpha=alpha)


def _mul(input: Value, other: Value) -> Node:
    return build.multiply(input, other)


def _div(input: Value, other: Value, *, rounding_mode: str | None = None) -> Node:
    if rounding_mode == "floor":
        return _floor_divide(input, other)
    if rounding_mode == "trunc":
        return _trunc_divide(input, other)
    if rounding_mode is not None:
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    return build.divide(input, other)


def _pow(input: Value, exponent: Value) -> Node:
    return build.power(input, exponent)


def _clamp(input: Value, min: Value = None, max: Value = None) -> Node:
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    return build.clip(input, min, max)


def _where(condition: Value, input: Value, other: Value) -> Node:
    return build.where(condition, input, other)


def _abs(input: Value) -> Node:
    return build.absolute(input)


def _sign(input: Value) -> Node:
    return build.sign(input)


def _relu(input: Value) -> Node:
    return build.where(build.greater(input, 0), input, 0)


def _maximum(input: Value, other: Value) -> Node:
    return build.maximum(input, other)


def _minimum(input: Value, other: Value) -> Node:
    return build.minimum(input, other)


def _atan2(input: Value, other: Value) -> Node:
    return build.elementwise(sp.atan2, input, other)


def _hypot(input: Value, other: Value) -> Node:
    return build.elementwise(lambda a, b: sp.sqrt(a**2 + b**2), input, other)


def _logaddexp(input: Value, other: Value) -> Node:
    return build.elementwise(lambda a, b: sp.log(sp.exp(a) + sp.exp(b)), input, other)


def _lerp(input: Value, end: Value, weight: Value) -> Node:
    return build.elementwise(lambda a, b, w: a + w * (b - a), input, end, weight)


def _addcmul(input: Value, tensor1: Value, tensor2: Value, *, value: Value = 1) -> Node:
    return build.elementwise(lambda a, b, c, v: a + v * b * c, input, tensor1, tensor2, value)


def _addcdiv(input: Value, tensor1: Value, tensor2: Value, *, value: Value = 1) -> Node:
    return build.elementwise(lambda a, b, c, v: a + v * b / c, input, tensor1, tensor2, value)


def _softplus(input: Value, beta: Value = 1, threshold: Value = 20) -> Node:
    """log(1 + exp(beta x)) / beta, and x above a low threshold.

    A threshold of 20 or more is an engine's shortcut, not mathematics.
    """
    soft = build.elementwise(lambda x, b: _softplus_expression(b * x) / b, input, beta)
    if not build.is_number(threshold) or threshold >= _SHORTCUT:
        return soft
    beyond = build.greater(build.multiply(input, beta), threshold)
    return build.where(beyond, input, soft)


_SHORTCUT = 20


def _leaky_relu(input: Value, negative_slope: Value = 0.01) -> Node:
    return build.elementwise(
        lambda x, s: sp.Piecewise((x, x > 0), (s * x, True)), input, negative_slope
    )


def _elu(input: Value, alpha: Value = 1.0) -> Node:
    return build.elementwise(
        lambda x, a: sp.Piecewise((x, x > 0), (a * (sp.exp(x) - 1), True)), input, alpha
    )


def _gelu(input: Value, approximate: str = "none") -> Node:
    if approximate == "tanh":
        inner = sp.Rational(44715, 10**6)
        return build.elementwise(
            lambda x: x / 2 * (1 + sp.tanh(sp.sqrt(2 / sp.pi) * (x + inner * x**3))), input
        )
    return build.elementwise(lambda x: x / 2 * (1 + sp.erf(x / sp.sqrt(2))), input)


def _gelus(rng: np.random.Generator) -> list[Sample]:
    near = {"approximate": "tanh"}
    return [
        *unary(tails=(-6.0, 6.0))(rng),
        Sample((dyadic(rng, (2, 3)),), near),
        Sample((np.array([-6.0, 6.0]),), near, kind="tail"),
    ]


def _hardtanh(input: Value, min_val: Value = -1.0, max_val: Value = 1.0) -> Node:
    return build.clip(input, min_val, max_val)


def _xlogy(input: Value, other: Value) -> Node:
    return build.elementwise(
        lambda a, b: sp.Piecewise((a * sp.log(b), b > 0), (0, sp.Eq(a, 0)), (a * sp.log(b), True)),
        input,
        other,
    )


def _clone(input: Value, *, memory_format: Any = None) -> Node:
    return build.elementwise(lambda a: a, input)


def _to(input: Value, *args: Any, **kwargs: Any) -> Node:
    """The same numbers: what a conversion rounds is no part of the mathematics.

    The name of a format leaves a mark, by which it is known how an engine rounds.
    """
    named = [given for given in (*args, *kwargs.values()) if isinstance(given, str)]
    known = [name for name in named if name in FORMATS]
    return Cast(build.node(input), known[0]) if known else build.elementwise(lambda a: a, input)


def _comparison(name: str, function: Callable[[Value, Value], Node], alias: str) -> Definition:
    def compare(input: Value, other: Value) -> Node:
        return function(input, other)

    return Definition(
        name,
        compare,
        kinks=("equal",),
        samples=_compared,
        aliases=(alias,),
        results=("truth",),
    )


def _compared(rng: np.random.Generator) -> list[Sample]:
    """Unequal pairs, and equal ones."""
    same = dyadic(rng, (3,))
    return [*pairs()(rng), Sample((same, same.copy()))]


def _off_the_grid(rng: np.random.Generator) -> list[Sample]:
    """No integers and no halves among the arguments."""
    return [Sample((a,)) for a in layouts(lambda shape: np.asarray(dyadic(rng, shape) + 2.0**-6))]


def _quotients(rng: np.random.Generator) -> list[Sample]:
    """Pairs whose quotient is no integer, of both signs."""
    return [
        Sample((dyadic(rng, (2, 3)) + 2.0**-6, dyadic(rng, (3,), _NOT_ZERO))),
        Sample((dyadic(rng, (4, 3)).T + 2.0**-6, -dyadic(rng, (3, 8), _NOT_ZERO)[:, ::2])),
        Sample((np.asarray(dyadic(rng, ()) + 2.0**-6), dyadic(rng, (2, 2), _NOT_ZERO))),
        Sample((dyadic(rng, (0, 3)), dyadic(rng, (3,), _NOT_ZERO))),
        Sample((np.asarray(dyadic(rng, (3,)) + 2.0**-6), 1.75)),
    ]


def _scaled_pairs(rng: np.random.Generator) -> list[Sample]:
    """Pairs, a plain number as the second, and a factor for the second."""
    return [
        *pairs()(rng),
        Sample((dyadic(rng, (2, 3)), 2.5)),
        Sample((dyadic(rng, (2, 3)), dyadic(rng, (3,))), {"alpha": 2.5}),
        Sample((dyadic(rng, (3,)), -1.5), {"alpha": 2.5}),
    ]


def _fractions(rng: np.random.Generator) -> list[Sample]:
    """Divisors of both signs, small and large; dividends of zero."""
    return [
        *pairs(REALS, _NOT_ZERO)(rng),
        Sample((np.array([0.0, 1.5, -2.0, 3.0]), np.array([-2.5, -0.75, 2.0**-6, -512.0]))),
    ]


def _powers(rng: np.random.Generator) -> list[Sample]:
    """Plain numbers as exponents of bases of any sign; arrays under positive bases."""
    whole = [Sample((dyadic(rng, (2, 3)), e)) for e in (2, 3, -1, 1, 0)]
    return [
        *whole,
        Sample((dyadic(rng, (4,), _POSITIVE), 0.5)),
        Sample((dyadic(rng, (2, 3), _POSITIVE), dyadic(rng, (3,)))),
        Sample((dyadic(rng, (), _POSITIVE), dyadic(rng, (2, 2)))),
        Sample((2.0, dyadic(rng, (3,)))),
        Sample((dyadic(rng, (0, 2), _POSITIVE), dyadic(rng, (2,)))),
        *(Sample((np.array([0.0, 1.5, -2.0]), e)) for e in (2, 3)),
        Sample((np.array([1.5, 2.0, 0.25]), np.array([0.0, 1.0, 2.0]))),
    ]


def _floor(input: Value) -> Node:
    return build.stop(build.elementwise(sp.floor, input))


def _nearest(x: sp.Expr) -> sp.Expr:
    """The nearest integer, the even one of two."""
    upper = sp.floor(x + sp.Rational(1, 2))
    tie = sp.And(sp.Eq(upper - x, sp.Rational(1, 2)), sp.Eq(upper - 2 * sp.floor(upper / 2), 1))
    return sp.Piecewise((upper - 1, tie), (upper, True))


def _round(input: Value, *, decimals: int = 0) -> Node:
    scale = sp.Integer(10) ** decimals
    return build.stop(build.elementwise(lambda x: _nearest(x * scale) / scale, input))


def _floor_divide(input: Value, other: Value) -> Node:
    return _floor(build.divide(input, other))


def _trunc_divide(input: Value, other: Value) -> Node:
    return build.stop(
        build.elementwise(
            lambda q: sp.Piecewise((sp.floor(q), q >= 0), (-sp.floor(-q), True)),
            build.divide(input, other),
        )
    )


def _remainder(input: Value, other: Value) -> Node:
    return build.subtract(input, build.multiply(_floor_divide(input, other), other))


def _always(name: str, holds: bool) -> Definition:
    """What is true of every real number, or of none."""

    def function(input: Value) -> Node:
        return build.elementwise(lambda x: sp.Integer(int(holds)), input)

    return Definition(name, function, samples=unary(), results=("truth",))


def _logical_and(input: Value, other: Value) -> Node:
    return build.logical_and(input, other)


def _logical_or(input: Value, other: Value) -> Node:
    return build.logical_or(input, other)


def _logical_xor(input: Value, other: Value) -> Node:
    return build.not_equal(build.not_equal(input, 0), build.not_equal(other, 0))


def _logical_not(input: Value) -> Node:
    return build.logical_not(input)


def _truths(rng: np.random.Generator) -> list[Sample]:
    one, other = (np.asarray(rng.integers(0, 2, (2, 4)) * 1.5) for _ in range(2))
    return [Sample((one, other)), Sample((one[:1], other[:, :1]))]


_MINUS_ONE_TO_ONE = Domain(-1, 1)
_NOT_ZERO = Domain(0.25)

DEFINITIONS: tuple[Definition, ...] = (
    # arithmetic
    Definition("add", _add, (REALS, REALS), (), _scaled_pairs, ("__add__", "__radd__")),
    Definition("sub", _sub, (REALS, REALS), (), _scaled_pairs, ("subtract", "__sub__")),
    Definition("rsub", _rsub, (REALS, REALS), (), _scaled_pairs, ("__rsub__",)),
    Definition("mul", _mul, (REALS, REALS), (), pairs(), ("multiply", "__mul__", "__rmul__")),
    Definition(
        "div",
        _div,
        (REALS, _NOT_ZERO),
        (),
        _fractions,
        ("divide", "true_divide", "__truediv__", "__div__"),
        ("real",),
    ),
    Definition(
        "pow",
        _pow,
        (_POSITIVE, REALS),
        (),
        _powers,
        ("__pow__", "float_power"),
    ),
    _unary("neg", lambda x: -x, aliases=("negative", "__neg__"), results=("value",)),
    _unary("positive", lambda x: x, aliases=("__pos__",), results=("value",)),
    _unary("reciprocal", lambda x: 1 / x, _NOT_ZERO, tails=(2.0**-8, 512.0, -0.75, -3.0)),
    _unary("square", lambda x: x**2, results=("value",)),
    Definition(
        "abs",
        _abs,
        (REALS,),
        (0.0,),
        unary(kinks=(0.0,)),
        ("absolute", "__abs__"),
    ),
    Definition("sign", _sign, (REALS,), (0.0,), unary(kinks=(0.0,))),
    # exponentials, logarithms, roots
    _unary("exp", sp.exp, tails=(-10.0, 10.0)),
    _unary("exp2", lambda x: 2**x),
    _unary("expm1", lambda x: sp.exp(x) - 1, tails=(-10.0, 2.0**-10, 10.0)),
    _unary("log", sp.log, _POSITIVE, tails=(2.0**-10, 1024.0)),
    _unary("log2", lambda x: sp.log(x) / sp.log(2), _POSITIVE),
    _unary("log10", lambda x: sp.log(x) / sp.log(10), _POSITIVE),
    _unary("log1p", lambda x: sp.log(1 + x), Domain(-1), tails=(2.0**-10, -1 + 2.0**-10, 1024.0)),
    _unary("sqrt", sp.sqrt, _POSITIVE, tails=(2.0**-10, 1024.0)),
    _unary("rsqrt", lambda x: 1 / sp.sqrt(x), _POSITIVE, tails=(2.0**-8, 1024.0)),
    # trigonometric and hyperbolic
    _unary("sin", sp.sin, tails=(100.0, -1000.0)),
    _unary("cos", sp.cos, tails=(100.0, -1000.0)),
    _unary("tan", sp.tan, Domain(-1.5, 1.5), tails=(1.5625,)),
    _unary("asin", sp.asin, _MINUS_ONE_TO_ONE, aliases=("arcsin",)),
    _unary("acos", sp.acos, _MINUS_ONE_TO_ONE, aliases=("arccos",)),
    _unary("atan", sp.atan, tails=(-100.0, 100.0), aliases=("arctan",)),
    _unary("sinh", sp.sinh),
    _unary("cosh", sp.cosh),
    _unary("tanh", sp.tanh, tails=(-20.0, -8.0, 8.0, 20.0)),
    _unary("asinh", sp.asinh, tails=(-100.0, 100.0), aliases=("arcsinh",)),
    _unary("acosh", sp.acosh, Domain(1), aliases=("arccosh",)),
    _unary("atanh", sp.atanh, _MINUS_ONE_TO_ONE, aliases=("arctanh",)),
    Definition("atan2", _atan2, (_POSITIVE, REALS), (), pairs(_POSITIVE), ("arctan2",), ("real",)),
    Definition("hypot", _hypot, (_POSITIVE, REALS), (), pairs(_POSITIVE), (), ("real",)),
    Definition("logaddexp", _logaddexp, (REALS, REALS), (), pairs(), (), ("real",)),
    Definition("xlogy", _xlogy, (REALS, _POSITIVE), (), pairs(REALS, _POSITIVE), (), ("real",)),
    # special functions and activations
    _unary("erf", sp.erf, tails=(-6.0, -4.0, 4.0, 6.0)),
    _unary("erfc", sp.erfc, tails=(-6.0, -4.0, 4.0, 6.0)),
    Definition(
        "sigmoid",
        _sigmoid_steps,
        (REALS,),
        (),
        unary(tails=(-20.0, -8.0, 8.0, 20.0)),
        ("expit",),
        ("real",),
    ),
    _unary("logsigmoid", lambda x: sp.log(_sigmoid(x)), tails=(-20.0, 20.0)),
    Definition("silu", _silu, (REALS,), (), unary(tails=(-20.0, 20.0)), ("swish",), ("real",)),
    Definition("softplus", _softplus, (REALS,), (), unary(tails=(-10.0, 10.0)), (), ("real",)),
    Definition("gelu", _gelu, (REALS,), (), _gelus, (), ("real",)),
    Definition("elu", _elu, (REALS,), (0.0,), unary(), (), ("real",)),
    Definition("leaky_relu", _leaky_relu, (REALS,), (0.0,), unary(kinks=(0.0,)), (), ("real",)),
    Definition(
        "hardtanh", _hardtanh, (REALS,), (-1.0, 1.0), unary(kinks=(-1.0, 1.0)), (), ("real",)
    ),
    Definition("relu", _relu, (REALS,), (0.0,), unary(kinks=(0.0,))),
    # choices
    Definition(
        "maximum",
        _maximum,
        (REALS, REALS),
        ("equal",),
        pairs(ties=True),
        ("fmax",),
    ),
    Definition(
        "minimum",
        _minimum,
        (REALS, REALS),
        ("equal",),
        pairs(ties=True),
        ("fmin",),
    ),
    Definition(
        "clamp",
        _clamp,
        (REALS,),
        ("equal",),
        calls(
            lambda rng: ((dyadic(rng, (2, 3)),), {"min": -1.015625, "max": 1.015625}),
            lambda rng: ((dyadic(rng, (5,)),), {"min": 0.015625}),
            lambda rng: ((dyadic(rng, (4, 3)).T,), {"max": 0.515625}),
            lambda rng: ((dyadic(rng, ()),), {"min": -0.515625}),
            lambda rng: ((dyadic(rng, (0, 2)),), {"min": 0.0}),
            lambda rng: (
                dyadic(rng, (2, 3)),
                dyadic(rng, (3,)) - 2.015625,
                np.asarray(dyadic(rng, ()) + 2.125),
            ),
            lambda rng: Sample(
                (np.array([-1.0, 0.5, 1.0]),), {"min": -1.0, "max": 1.0}, kind="kink"
            ),
        ),
        ("clip",),
    ),
    Definition(
        "where",
        _where,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (rng.random((2, 3)) < 0.5, dyadic(rng, (2, 3)), dyadic(rng, (3,))),
            lambda rng: (rng.random((4,)) < 0.5, dyadic(rng, ()), dyadic(rng, (2, 1))),
            lambda rng: (rng.random((3,)) < 0.5, dyadic(rng, (3,)), 0.0),
            lambda rng: (rng.random((0, 3)) < 0.5, dyadic(rng, (3,)), dyadic(rng, (0, 1))),
        ),
    ),
    # three arguments
    Definition(
        "lerp",
        _lerp,
        (REALS, REALS, REALS),
        (),
        calls(lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (3,)), dyadic(rng, ()))),
    ),
    Definition(
        "addcmul",
        _addcmul,
        (REALS, REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (3,)), dyadic(rng, (2, 1))),
            lambda rng: ((dyadic(rng, (2,)), dyadic(rng, (2,)), dyadic(rng, ())), {"value": -0.5}),
        ),
    ),
    Definition(
        "addcdiv",
        _addcdiv,
        (REALS, REALS, _NOT_ZERO),
        (),
        calls(lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (3,)), dyadic(rng, (3,), _NOT_ZERO))),
        (),
        ("real",),
    ),
    # copies
    Definition("clone", _clone, (REALS,), (), unary(), ("copy", "contiguous")),
    Definition("to", _to, (REALS,), (), unary(), ("type_as",)),
    # comparisons
    _comparison("lt", build.less, "less"),
    _comparison("le", build.less_equal, "less_equal"),
    _comparison("gt", build.greater, "greater"),
    _comparison("ge", build.greater_equal, "greater_equal"),
    _comparison("eq", build.equal, "equal"),
    _comparison("ne", build.not_equal, "not_equal"),
    Definition("logical_and", _logical_and, (), (), _truths, ("__and__",), ("truth",)),
    Definition("logical_or", _logical_or, (), (), _truths, ("__or__",), ("truth",)),
    Definition("logical_xor", _logical_xor, (), (), _truths, ("__xor__",), ("truth",)),
    Definition(
        "logical_not",
        _logical_not,
        (),
        (),
        lambda rng: [Sample(sample.args[:1]) for sample in _truths(rng)],
        ("__invert__",),
        ("truth",),
    ),
    _always("isfinite", True),
    _always("isinf", False),
    _always("isnan", False),
    # steps
    Definition("floor", _floor, (REALS,), (), _off_the_grid),
    Definition("round", _round, (REALS,), (), _off_the_grid),
    Definition("remainder", _remainder, (REALS, _NOT_ZERO), (), _quotients, ("__mod__",)),
    Definition("floor_divide", _floor_divide, (REALS, _NOT_ZERO)),
    Definition("trunc_divide", _trunc_divide, (REALS, _NOT_ZERO)),
    # complex numbers, as they act on real ones
    _unary("real", lambda x: x, results=("value",)),
    _unary("conj", lambda x: x, results=("value",)),
)
