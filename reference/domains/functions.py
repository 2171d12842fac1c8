"""The elementary and special functions over balls, by their SymPy names."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flint
import numpy as np
import sympy as sp

from reference.domains.walk import MASKED

__all__ = ["BALL_FUNCTIONS", "BallFunctions", "ball_number"]

_arb = flint.arb


def _plain(value: Any) -> Any:
    return _arb(0) if value is MASKED else value


def _cbrt(x: Any) -> Any:
    return x.root(3) if not x < 0 else -((-x).root(3))


def _polygamma(order: Any, x: Any) -> Any:
    if order == 0:
        return x.digamma()
    return flint.acb(x).polygamma(flint.acb(order)).real


def _sec_inverse(of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: of(1 / x)


def _beta(a: Any, b: Any) -> Any:
    return a.gamma() * b.gamma() * (a + b).rgamma()


def _binomial(n: Any, k: Any) -> Any:
    return (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma()


def _zeta(s: Any, a: Any = None) -> Any:
    return s.zeta() if a is None else s.zeta(a)


_METHODS = """
exp log sin cos tan cot sec csc asin acos atan sinh cosh tanh coth sech csch asinh acosh atanh
erf erfc erfi erfinv erfcinv gamma digamma
""".split()  # noqa: SIM905  # a list of 28 names reads worse

# An unbound method of python-flint's (`arb.exp`) reads whatever it is given as a ball, MASKED too,
# and gives garbage or ends the process; asked for by name, MASKED has none.
_method = operator.methodcaller

_UNARY: dict[str, Callable[..., Any]] = {name: _method(name) for name in _METHODS}
_UNARY |= {
    "loggamma": _method("lgamma"),
    "log1p": _method("log1p"),
    "expm1": _method("expm1"),
    "cbrt": _cbrt,
    "factorial": _method("fac"),
    "LambertW": _method("lambertw"),
    "lambertw": _method("lambertw"),
    "Ei": _method("ei"),
    "li": _method("li"),
    "Si": _method("si"),
    "Ci": _method("ci"),
    "Shi": _method("shi"),
    "Chi": _method("chi"),
    "sinc": _method("sinc"),
    "floor": _method("floor"),
    "ceiling": _method("ceil"),
    "airyai": _method("airy_ai"),
    "airybi": _method("airy_bi"),
    "airyaiprime": lambda x: x.airy_ai(derivative=1),
    "airybiprime": lambda x: x.airy_bi(derivative=1),
    "fresnels": lambda x: x.fresnel_s(),
    "fresnelc": lambda x: x.fresnel_c(),
    "acot": _sec_inverse(_method("atan")),
    "asec": _sec_inverse(_method("acos")),
    "acsc": _sec_inverse(_method("asin")),
    "asech": _sec_inverse(_method("acosh")),
    "acsch": _sec_inverse(_method("asinh")),
    "acoth": _sec_inverse(_method("atanh")),
    "zeta": _zeta,
}


def _angle(y: Any, x: Any) -> Any:
    """The angle of a point, which the origin has none of."""
    return _arb.nan() if y.is_zero() and x.is_zero() else _arb.atan2(y, x)


_BINARY: dict[str, Callable[..., Any]] = {
    "pow": operator.pow,
    "atan2": _angle,
    "polygamma": _polygamma,
    "besselj": lambda n, x: x.bessel_j(n),
    "bessely": lambda n, x: x.bessel_y(n),
    "besseli": lambda n, x: x.bessel_i(n),
    "besselk": lambda n, x: x.bessel_k(n),
    "expint": lambda s, x: x.expint(s),
    "uppergamma": lambda s, x: x.gamma_upper(s),
    "lowergamma": lambda s, x: x.gamma_lower(s),
    "beta": _beta,
    "binomial": _binomial,
    "zeta": _zeta,
    "log": lambda x, base: x.log() / base.log(),
    "erf2": lambda a, b: b.erf() - a.erf(),
    "RisingFactorial": lambda x, n: (x + n).gamma() * x.rgamma(),
}

_NARY: dict[str, Callable[..., Any]] = {
    "betainc": lambda a, b, x, y: y.beta_lower(a, b) - x.beta_lower(a, b),
    "betainc_regularized": lambda a, b, x, y: (
        y.beta_lower(a, b, regularized=1) - x.beta_lower(a, b, regularized=1)
    ),
}

_SCALAR_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "negative": operator.neg,
    "divide": operator.truediv,
}
_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "negative": np.negative,
}


def _reciprocal_safe(numerator: Any, denominator: Any) -> Any:
    if denominator is MASKED:
        return MASKED if numerator is MASKED else _arb.nan()
    return numerator / denominator


class BallFunctions:
    """Calls functions on object arrays of balls that may hold MASKED zeros."""

    def __init__(
        self,
        unary: Mapping[str, Callable[..., Any]],
        binary: Mapping[str, Callable[..., Any]],
        more: Mapping[str, Callable[..., Any]],
    ) -> None:
        self._scalar: dict[int, dict[str, Callable[..., Any]]] = {
            0: {}, 1: dict(unary), 2: dict(binary), 3: {},
        }  # fmt: skip
        self._more = dict(more)
        self._fast = {
            (name, count): np.frompyfunc(function, count, 1)
            for count, table in self._scalar.items()
            if table
            for name, function in table.items()
        }
        self._divide = np.frompyfunc(_reciprocal_safe, 2, 1)
        self._sqrt = np.frompyfunc(_method("sqrt"), 1, 1)
        self._plain = np.frompyfunc(_plain, 1, 1)

    def call(self, name: str, operands: Sequence[Any]) -> Any:
        """The function over broadcast operands; ValueError for one that is not known."""
        if all(type(operand) is _arb for operand in operands):
            scalar = _SCALAR_ARITHMETIC.get(name) or self._scalar[len(operands) & 3].get(name)
            if scalar is not None:
                return scalar(*operands)
        if name in _ARITHMETIC:
            return _ARITHMETIC[name](*operands)
        if name == "divide":
            try:
                return np.divide(*operands)
            except TypeError:  # MASKED in the denominator
                return self._divide(*operands)
        fast = self._fast.get((name, len(operands)))
        if fast is None and name in self._more:
            fast = np.frompyfunc(self._more[name], len(operands), 1)
        if fast is None:
            raise ValueError(
                f"the function {name} of {len(operands)} arguments has no certified evaluation: "
                "define the operation with functions of reference.domains.functions"
            )
        try:
            return fast(*operands)
        except (TypeError, AttributeError):  # MASKED among the operands
            return fast(*(self._plain(operand) for operand in operands))

    def of_numbers(self, name: str, count: int) -> Callable[..., Any]:
        """The function of so many single balls."""
        scalar = _SCALAR_ARITHMETIC.get(name) or self._scalar[count & 3].get(name)
        return scalar or (lambda *operands: self.call(name, operands))

    def power(self, base: Any, numerator: int, denominator: int) -> Any:
        """The real root to a positive power; MASKED stays MASKED."""
        if denominator == 1:
            return _whole_power(base, numerator)
        try:
            root = self._root(base, denominator)
        except TypeError:
            root = self._root(self._plain(base), denominator)
        return _whole_power(root, numerator)

    def _root(self, base: Any, degree: int) -> Any:
        if degree == 2:
            return self._sqrt(base)
        return np.frompyfunc(lambda value: value.root(degree), 1, 1)(base)


def _whole_power(base: Any, exponent: int) -> Any:
    """base to a positive whole power by squaring: Arb's own `**` gives nan around zero."""
    result = None
    while exponent:
        if exponent & 1:
            result = base if result is None else result * base
        exponent >>= 1
        if exponent:
            base = base * base
    return result


BALL_FUNCTIONS = BallFunctions(_UNARY, _BINARY, _NARY)

_CONSTANTS: dict[Any, Callable[[], Any]] = {
    sp.pi: _arb.pi,
    sp.E: _arb.const_e,
    sp.EulerGamma: _arb.const_euler,
    sp.Catalan: _arb.const_catalan,
    sp.oo: _arb.pos_inf,
    -sp.oo: _arb.neg_inf,
    sp.nan: _arb.nan,
    sp.zoo: _arb.nan,
}


def ball_number(expression: sp.Expr) -> Any:
    """The ball, at the working precision, of a SymPy expression without symbols.

    >>> print(ball_number(sp.sqrt(2) / 2).str(5))
    [0.70711 +/- 3.22e-6]
    """
    if expression.is_Rational:
        return _arb(flint.fmpq(int(expression.p), int(expression.q)))
    if expression in _CONSTANTS:
        return _CONSTANTS[expression]()
    if isinstance(expression, sp.Float):
        sign, mantissa, exponent, _ = expression._mpf_
        value = flint.fmpq(int(mantissa) * (-1) ** int(sign))
        return _arb(value) * _arb(2) ** int(exponent)
    parts = [ball_number(part) for part in expression.args]
    if isinstance(expression, (sp.Add, sp.Mul)):
        combine = operator.add if isinstance(expression, sp.Add) else operator.mul
        total = parts[0]
        for part in parts[1:]:
            total = combine(total, part)
        return total
    if isinstance(expression, sp.Pow):
        exponent_text = expression.exp
        if exponent_text.is_Rational:
            root = BALL_FUNCTIONS.power(parts[0], abs(int(exponent_text.p)), int(exponent_text.q))
            return 1 / root if exponent_text < 0 else root
        return parts[0] ** parts[1]
    if not parts:
        raise ValueError(f"the constant {expression} has no certified value")
    return BALL_FUNCTIONS.call(type(expression).__name__, parts)
