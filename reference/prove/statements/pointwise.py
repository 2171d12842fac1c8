"""Elementwise rows. What holds for a scalar holds for every element of an array of any shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import inf
from typing import Any

import numpy as np

from reference import build
from reference.graph import Node
from reference.prove.statement import Case, Statement, named, transposed

__all__ = ["STATEMENTS"]

_POSITIVE = (0.0, inf)
_SHAPES = ((), (2, 2))
_PAIRS = (((), ()), ((2, 3), (2, 3)), ((2, 1), (3,)), ((2, 2), ()))
_FEW_PAIRS = (((), ()), ((2, 1), (2,)))  # where there are cases to distinguish
_MASK = np.array([[True, False], [False, True]])


def _one(
    constant: str,
    name: str,
    domain: tuple[float, float] | None = None,
    kinks: tuple[float, ...] = (),
    *,
    note: str = "",
    define: Callable[..., Any] | None = None,
    params: tuple[Mapping[str, Any], ...] = ({},),
) -> Statement:
    """A row of one input: a scalar, and a matrix to be sure of the plumbing."""
    cases = tuple(
        Case(
            (shape,),
            dict(given),
            domain={} if domain is None else {0: domain},
            special=() if shape else tuple((np.array(kink),) for kink in kinks),
        )
        for given in params
        for shape in _SHAPES
    )
    return Statement(f"pointwise.{constant}", define or named(name), cases, note)


def _two(
    constant: str,
    define: Callable[..., Any],
    *,
    params: tuple[Mapping[str, Any], ...] = ({},),
    shapes: tuple[tuple[tuple[int, ...], ...], ...] = _PAIRS,
    domain: Mapping[int, tuple[float, float]] | None = None,
    special: tuple[tuple[Any, ...], ...] = (),
    more: tuple[Case, ...] = (),
    note: str = "",
) -> Statement:
    """A row of two inputs, equal in shape and broadcast."""
    cases = tuple(
        Case(pair, dict(given), domain=domain or {}, special=special if pair == ((), ()) else ())
        for given in params
        for pair in shapes
    )
    return Statement(f"pointwise.{constant}", define, (*cases, *more), note)


def _same(x: Any) -> Node:
    """What the row does to real numbers: nothing."""
    return build.node(x)


def _bounds(params: Mapping[str, Any]) -> tuple[tuple[Any, ...], ...]:
    """The kinks of clamp; equal bounds leave none: see the note of its statement."""
    return (
        tuple((np.array(bound),) for bound in dict.fromkeys(params.values()) if bound is not None)
        if params["min"] != params["max"]
        else ()
    )


def _rounded(x: Any, decimals: int) -> Node:
    """To a multiple of a power of ten."""
    scale = Fraction(10) ** decimals
    return build.divide(named("round")(build.multiply(x, scale)), scale)


def _chosen(condition: Any, x: Any, y: Any) -> Node:
    return named("where")(condition, x, y)  # type: ignore[no-any-return]


_TIE = (np.array(0.5), np.array(0.5))
_ALPHAS: tuple[Mapping[str, Any], ...] = ({"alpha": 3}, {"alpha": -0.25})
_BOUNDS: tuple[Mapping[str, Any], ...] = (
    {"min": -0.5, "max": 0.75},
    {"min": None, "max": 0.25},
    {"min": 0.25, "max": None},
    {"min": 0.5, "max": 0.5},
    {"min": 0.75, "max": -0.5},
)
_EXPONENTS: tuple[Mapping[str, Any], ...] = tuple(
    {"exponent": value} for value in (0, 1, 2, 3, 5, -1, -2)
)
_REAL_NOTE = "a row for complex numbers: proved for real ones"

STATEMENTS = (
    # sums and products
    _two("ADD", named("add")),
    _two("SUB", named("sub")),
    _two("ADD_SCALED", named("add"), params=_ALPHAS),
    _two("SUB_SCALED", named("sub"), params=_ALPHAS),
    _two("RSUB", named("rsub")),
    _two("RSUB_SCALED", named("rsub"), params=_ALPHAS),
    _two("RSUB_TENSORS", named("rsub"), params=_ALPHAS),
    _two("MUL", named("mul"), special=((np.array(0.0), np.array(0.5)),)),
    _two("DIV", named("div")),
    _two("DIV_NUMBER", named("div")),
    _one("NEG", "neg"),
    # functions of one variable
    _one("ABS", "abs", kinks=(0.0,)),
    _one("SIGN", "sign"),
    _one("SGN", "sign", note=_REAL_NOTE),
    _one("SGN_REAL", "sign"),
    _one("EXP", "exp"),
    _one("EXPM1", "expm1"),
    _one("LOG", "log", _POSITIVE),
    _one("LOG1P", "log1p", (-1.0, inf)),
    _one("SQRT", "sqrt", _POSITIVE),
    _one("SQUARE", "square"),
    _one("RSQRT", "rsqrt", _POSITIVE),
    _one("RECIPROCAL", "reciprocal"),
    _one("SIN", "sin"),
    _one("COS", "cos"),
    _one("TAN", "tan"),
    _one("TANH", "tanh"),
    _two("TANH_BACKWARD", transposed("tanh"), shapes=(((), ()), ((2, 2), (2, 2)))),
    _one("COSH", "cosh"),
    _one("SINH", "sinh"),
    _one("SIGMOID", "sigmoid"),
    _two("SIGMOID_BACKWARD", transposed("sigmoid"), shapes=(((), ()), ((2, 2), (2, 2)))),
    _one(
        "SIGMOID_COMPLEX",
        "sigmoid",
        note="both sides are holomorphic: what holds for real numbers holds for complex ones",
    ),
    _one("ERF", "erf"),
    _one("RELU", "relu", kinks=(0.0,)),
    _two(
        "THRESHOLD",
        transposed("relu"),
        shapes=(((), ()), ((2, 2), (2, 2))),
        domain={1: _POSITIVE},
        note="of a positive part, which is never below zero",
    ),
    _one("REAL", "", define=_same, note=_REAL_NOTE),
    _one("CONJ", "", define=_same, note=_REAL_NOTE),
    # extremes and choices
    _two("MAXIMUM", named("maximum"), shapes=_FEW_PAIRS, special=(_TIE,)),
    _two("MINIMUM", named("minimum"), shapes=_FEW_PAIRS, special=(_TIE,)),
    Statement(
        "pointwise.WHERE",
        _chosen,
        (
            Case(((2, 2), (2, 2), (2, 2)), plain={0: _MASK}),
            Case(((2, 2), (2,), ()), plain={0: _MASK}),
        ),
    ),
    Statement(
        "pointwise.CLAMP_NUMBERS",
        named("clamp"),
        tuple(
            Case(
                (shape,),
                dict(params),
                special=_bounds(params) if shape == () else (),
            )
            for params in _BOUNDS
            for shape in ((), (2,))
        ),
        note="where min = max, the rule gives PyTorch's 1 at that point of a constant function",
    ),
    Statement(
        "pointwise.CLAMP_TENSORS",
        named("clamp"),
        (
            Case(
                ((), (), ()),
                special=(
                    (np.array(0.5), np.array(0.5), np.array(2.0)),
                    (np.array(2.0), np.array(0.5), np.array(2.0)),
                ),
            ),
            Case(((2,), (), (2,))),
            Case(((2,), (2,), ()), plain={2: None}, special=((np.ones(2), np.array([1.0, 0.5])),)),
            Case(((2,), (), (2,)), plain={1: None}, special=((np.ones(2), np.array([1.0, 0.5])),)),
        ),
    ),
    # powers
    Statement(
        "pointwise.POW_NUMBER",
        named("pow"),
        (
            *(
                Case(((),), params, special=((np.array(0.0),),) if params["exponent"] >= 0 else ())
                for params in _EXPONENTS
            ),
            Case(((2, 2),), {"exponent": 3}),
            Case(((),), {"exponent": 0.5}, domain={0: _POSITIVE}),
            Case(((),), {"exponent": -1.5}, domain={0: _POSITIVE}),
        ),
    ),
    _two(
        "POW_TENSORS",
        named("pow"),
        domain={0: _POSITIVE},
        special=((np.array(2.0), np.array(0.0)), (np.array(2.0), np.array(1.0))),
    ),
    _two(
        "POW_BASE",
        named("pow"),
        domain={0: _POSITIVE},
        more=(Case(((), (2,)), plain={0: 2.0}),),
    ),
    # steps
    _two("REMAINDER", named("remainder"), shapes=_FEW_PAIRS),
    _two("REMAINDER_NUMBER", named("remainder"), shapes=_FEW_PAIRS),
    Statement(
        "pointwise.REMAINDER_OF_NUMBER",
        named("remainder"),
        (Case(((), ())),),
        note="PyTorch's refuses too",
        raises="RuntimeError",
    ),
    Statement(
        "pointwise.FLOOR_DIVIDE",
        named("floor_divide"),
        (Case(((), ())),),
        note="PyTorch's refuses too",
        raises="RuntimeError",
    ),
    _two("DIV_FLOOR", named("floor_divide"), shapes=_FEW_PAIRS),
    _two("DIV_TRUNC", named("trunc_divide"), shapes=_FEW_PAIRS),
    _one("FLOOR", "floor"),
    _one("ROUND", "round"),
    _one("ROUND_DECIMALS", "", define=_rounded, params=({"decimals": 2}, {"decimals": -1})),
)
