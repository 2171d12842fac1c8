"""JAX's primitives of real numbers as mathematics: elementwise ones, reductions, sorting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.definitions import MissingDefinition, definition
from reference.floats import FORMATS
from reference.graph import Cast, Constant, Node
from reference.trace.jax_factors import FACTORS
from reference.trace.jax_windows import WINDOWS

__all__ = ["POINTWISE", "PRIMITIVES"]


def _same(x: Any, **parameters: Any) -> Any:
    return x


def _map(expression: Callable[..., Any]) -> Callable[..., Node]:
    return lambda *values: build.elementwise(expression, *values)


def _defined(name: str) -> Callable[..., Any]:
    return lambda *values: definition(name).function(*values)


def _extreme(choose: Callable[..., Node], neutral: float) -> Callable[..., Any]:
    """max and min; an infinity that cannot win is left out."""

    def function(x: Any, y: Any) -> Any:
        for one, other in ((x, y), (y, x)):
            if not isinstance(one, Node) and bool((np.asarray(one) == neutral).all()):
                return other
        return choose(x, y)

    return function


def _select(which: Any, *cases: Any) -> Any:
    """select_n: the case that `which` counts out, elementwise."""
    if not isinstance(which, Node):
        numbers = np.asarray(which).astype(np.intp)
        if numbers.size and (numbers == numbers.flat[0]).all():
            return build.broadcast_to(cases[int(numbers.flat[0])], numbers.shape or _shape(cases))
    if len(cases) == 2:
        return build.where(which, cases[1], cases[0])
    result = cases[-1]
    for number in reversed(range(len(cases) - 1)):
        result = build.where(build.less(which, number + 0.5), cases[number], result)
    return result


def _shape(cases: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(cases[0].shape)


def _converted(x: Any, *, new_dtype: Any, **parameters: Any) -> Any:
    """Another format for the same numbers; truncation to integers has a derivative of zero."""
    if np.dtype(new_dtype).kind in "iu" and not _is_whole(x):
        towards_zero = build.where(
            build.greater_equal(x, 0), _map(sp.floor)(x), _map(sp.ceiling)(x)
        )
        return build.stop(towards_zero)
    name = np.dtype(new_dtype).name
    return Cast(x, name) if name in FORMATS and isinstance(x, Node) and not _is_whole(x) else x


def _is_whole(x: Any) -> bool:
    """Whether a node is a truth value or an index, by what it is made of."""
    expression = getattr(x, "expression", None)
    if expression is None:
        return bool(x.inputs) and all(
            _is_whole(child) or (isinstance(child, Constant) and child.value.dtype.kind in "iub")
            for child in x.inputs[:1]
        )
    return isinstance(expression, sp.Piecewise) and all(
        value.is_Integer for value, _ in expression.args
    )


def _dot_general(x: Any, y: Any, *, dimension_numbers: Any, **parameters: Any) -> Node:
    (summed, batched) = dimension_numbers
    left, right = build.node(x), build.node(y)
    mine = list(range(left.ndim))
    theirs = list(range(left.ndim, left.ndim + right.ndim))
    for one, other in (*zip(*summed, strict=True), *zip(*batched, strict=True)):
        theirs[other] = mine[one]
    lead = [mine[axis] for axis in batched[0]]
    output = [*lead, *(mine[a] for a in range(left.ndim) if a not in (*summed[0], *batched[0]))]
    output += [theirs[a] for a in range(right.ndim) if a not in (*summed[1], *batched[1])]
    return build.contract([left, right], [mine, theirs], output)


def _cumulative(scan: Callable[..., Node]) -> Callable[..., Node]:
    def function(x: Any, *, axis: int, reverse: bool) -> Node:
        if reverse:
            return build.flip(scan(build.flip(x, axis), axis), axis)
        return scan(x, axis)

    return function


def _cumlogsumexp(x: Any, axis: int) -> Node:
    return _map(sp.log)(build.cumsum(_map(sp.exp)(x), axis))


def _sort(*values: Any, dimension: int, num_keys: int, **parameters: Any) -> tuple[Node, ...]:
    """By the first key, and where that is equal by the next: stable sorts, the last key first."""
    shape = tuple(int(size) for size in build.node(values[0]).shape)
    flat = np.arange(int(np.prod(shape, dtype=np.intp))).reshape(shape)

    def rule(ranks: np.ndarray) -> np.ndarray:
        return np.take_along_axis(flat, np.argsort(ranks, dimension, kind="stable"), dimension)

    held = [build.node(value) for value in values]
    for number in reversed(range(num_keys)):
        key = held[number]
        held = [build.take_by_order(value, key, shape, rule) for value in held]
    return tuple(held)


def _top_k(x: Any, *, k: int, axis: int = -1, **parameters: Any) -> tuple[Node, Node]:
    values, places = build.sort_with_indices(x, axis, descending=True)
    lead = (slice(None),) * (axis % values.ndim)
    key = (*lead, slice(0, k))
    return build.getitem(values, key), build.getitem(places, key)


def _reduced(reduce: Callable[..., Node]) -> Callable[..., Node]:
    return lambda x, *, axes, **parameters: reduce(x, tuple(axes))


def _over_one_axis(choose: Callable[..., Node]) -> Callable[..., Node]:
    return lambda x, *, axes, **parameters: choose(x, axes[0])


def _round(x: Any, *, rounding_method: Any) -> Any:
    """To the nearest integer; halves to the even one, or away from zero."""
    if int(rounding_method) == 1:
        return _defined("round")(x)
    half = sp.Rational(1, 2)
    away = build.where(
        build.greater_equal(x, 0),
        _map(lambda v: sp.floor(v + half))(x),
        _map(lambda v: sp.ceiling(v - half))(x),
    )
    return build.stop(away)


def _polygamma(order: Any, x: Any) -> Node:
    """The derivative of digamma of an order that may differ from element to element."""
    _constant("polygamma", "order", order)
    numbers = np.unique(np.asarray(order))
    if numbers.size == 1 and numbers[0] == int(numbers[0]):
        number = int(numbers[0])
        return _map(lambda v: sp.polygamma(number, v))(build.add(x, np.zeros(np.shape(order))))
    return _map(sp.polygamma)(order, x)


def _zeta(s: Any, q: Any) -> Node:
    """Σ (k + q)⁻ˢ over k ≥ 0."""
    _constant("zeta", "exponent", s)
    return _map(sp.zeta)(s, q)


def _igamma(a: Any, x: Any) -> Node:
    """The share of gamma(a) = ∫ t^(a - 1) exp(-t) dt that lies below x."""
    _constant("igamma", "parameter", a)
    return _map(lambda s, v: sp.lowergamma(s, v) / sp.gamma(s))(a, x)


def _igammac(a: Any, x: Any) -> Node:
    """The share that lies above x."""
    _constant("igammac", "parameter", a)
    return _map(lambda s, v: sp.uppergamma(s, v) / sp.gamma(s))(a, x)


def _betainc(a: Any, b: Any, x: Any) -> Node:
    """The share of ∫ t^(a - 1) (1 - t)^(b - 1) dt over [0, 1] that lies below x."""
    _constant("regularized_incomplete_beta", "parameter", a)
    _constant("regularized_incomplete_beta", "parameter", b)
    return _map(lambda s, t, v: sp.betainc_regularized(s, t, 0, v))(a, b, x)


def _constant(name: str, role: str, value: Any) -> None:
    if isinstance(value, Node):
        raise MissingDefinition(
            f"{name} with a {role} that varies with x has no derivative. Give a number"
        )


POINTWISE: dict[str, Callable[..., Any]] = {
    "abs": build.absolute,
    "add": build.add,
    "add_any": build.add,
    "and": build.logical_and,
    "asin": _map(sp.asin),
    "asinh": _map(sp.asinh),
    "acos": _map(sp.acos),
    "acosh": _map(sp.acosh),
    "atan": _map(sp.atan),
    "atan2": _map(sp.atan2),
    "atanh": _map(sp.atanh),
    "bessel_i0e": _defined("i0e"),
    "bessel_i1e": _defined("i1e"),
    "cbrt": lambda x: build.multiply(
        build.sign(x), build.power(build.absolute(x), sp.Rational(1, 3))
    ),
    "ceil": lambda x: build.negative(definition("floor").function(build.negative(x))),
    "clamp": lambda low, x, high: build.clip(x, low, high),
    "copy": lambda x: x,
    "copy_p": lambda x: x,
    "cos": _map(sp.cos),
    "cosh": _map(sp.cosh),
    "digamma": _defined("digamma"),
    "div": build.divide,
    "eq": build.equal,
    "erf": _map(sp.erf),
    "erf_inv": _defined("erfinv"),
    "erfc": _map(sp.erfc),
    "exp": _map(sp.exp),
    "exp2": _map(lambda x: 2**x),
    "expm1": _map(lambda x: sp.exp(x) - 1),
    "floor": _defined("floor"),
    "ge": build.greater_equal,
    "gt": build.greater,
    "igamma": _igamma,
    "igammac": _igammac,
    "is_finite": _defined("isfinite"),
    "le": build.less_equal,
    "le_to": build.less_equal,
    "lgamma": _defined("lgamma"),
    "log": _map(sp.log),
    "log1p": _map(lambda x: sp.log(1 + x)),
    "logistic": _defined("sigmoid"),
    "lt": build.less,
    "lt_to": build.less,
    "max": _extreme(build.maximum, -np.inf),
    "min": _extreme(build.minimum, np.inf),
    "mul": build.multiply,
    "ne": build.not_equal,
    "neg": build.negative,
    "not": build.logical_not,
    "optimization_barrier": lambda x: x,
    "or": build.logical_or,
    "polygamma": _polygamma,
    "pow": build.power,
    "regularized_incomplete_beta": _betainc,
    "rem": _defined("fmod"),
    "rsqrt": _map(lambda x: 1 / sp.sqrt(x)),
    "select_n": _select,
    "sign": build.sign,
    "sin": _map(sp.sin),
    "sinh": _map(sp.sinh),
    "sqrt": _map(sp.sqrt),
    "square": _map(lambda x: x**2),
    "stop_gradient": build.stop,
    "sub": build.subtract,
    "tan": _map(sp.tan),
    "tanh": _map(sp.tanh),
    "zeta": _zeta,
}

PRIMITIVES: dict[str, Callable[..., Any]] = {
    **FACTORS,
    **WINDOWS,
    "argmax": _over_one_axis(build.argmax),
    "argmin": _over_one_axis(build.argmin),
    "convert_element_type": _converted,
    "cumlogsumexp": _cumulative(_cumlogsumexp),
    "cummax": _cumulative(build.cummax),
    "cummin": _cumulative(build.cummin),
    "cumprod": _cumulative(build.cumprod),
    "cumsum": _cumulative(build.cumsum),
    "device_put": lambda *values, **parameters: values,
    "dot_general": _dot_general,
    "integer_pow": lambda x, *, y: build.power(x, int(y)),
    "layout_constraint": _same,
    "name": _same,
    "pvary": lambda *values, **parameters: values,
    "reduce_and": _reduced(build.smallest),
    "reduce_max": _reduced(build.largest),
    "reduce_min": _reduced(build.smallest),
    "reduce_or": _reduced(build.largest),
    "reduce_precision": _same,
    "reduce_prod": _reduced(build.prod),
    "reduce_sum": _reduced(build.sum),
    "round": _round,
    "sharding_constraint": _same,
    "sort": _sort,
    "top_k": _top_k,
}
