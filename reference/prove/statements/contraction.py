"""Rows that multiply and sum."""

from __future__ import annotations

from typing import Any

from reference.prove.statement import Case, Statement, named

__all__ = ["STATEMENTS"]

_MATRICES = (((2, 3), (3, 2)), ((1, 2), (2, 3)), ((2, 2), (2, 2)))
_PRODUCTS = (
    *_MATRICES,
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 2, 3), (3, 2)),
    ((2, 2), (2, 2, 1)),
    ((2, 1, 2, 2), (3, 2, 1)),
    ((2,), (3, 2, 2)),
    ((3, 2, 2), (2,)),
)


def _product(constant: str, name: str, shapes: Any = _MATRICES) -> Statement:
    return Statement(f"contraction.{constant}", named(name), tuple(Case(pair) for pair in shapes))


def _linear(constant: str, bias: bool) -> Statement:
    shapes: tuple[tuple[tuple[int, ...], ...], ...] = (
        ((2, 3), (2, 3), (2,)),
        ((3,), (2, 3), (2,)),
        ((2, 2, 3), (2, 3), (2,)),
        ((2, 3), (3,), ()),
    )
    cases = tuple(Case(given, plain={} if bias else {2: None}) for given in shapes)
    return Statement(f"contraction.{constant}", named("linear"), cases)


def _einsum(x: Any, y: Any, x_axes: str, y_axes: str, out_axes: str) -> Any:
    return named("einsum")(f"{x_axes},{y_axes}->{out_axes}", x, y)


def _equation(first: tuple[int, ...], second: tuple[int, ...], text: str) -> Case:
    left, out = text.split("->")
    x_axes, y_axes = left.split(",")
    return Case((first, second), {"x_axes": x_axes, "y_axes": y_axes, "out_axes": out})


_OUTER = (
    _equation((2,), (3,), "i,j->ij"),
    _equation((2,), (3,), "i,j->ji"),
    _equation((2, 3), (2,), "ij,k->kij"),
)

STATEMENTS = (
    _product("MM", "mm"),
    _product("BMM", "bmm", (((2, 2, 3), (2, 3, 2)), ((1, 2, 2), (1, 2, 1)))),
    _product("MV", "mv", (((2, 3), (3,)), ((3, 1), (1,)))),
    _product("DOT", "dot", (((3,), (3,)), ((1,), (1,)))),
    _product("MATMUL", "matmul", _PRODUCTS),
    _product("MATMUL_FOLDED", "matmul", _PRODUCTS),
    Statement(
        "contraction.ADDMM",
        named("addmm"),
        tuple(
            Case((bias, (2, 3), (3, 2)), {"beta": beta, "alpha": alpha})
            for bias in ((2, 2), (2,), (2, 1), ())
            for beta, alpha in ((1, 1), (0.5, -2))
        ),
    ),
    _linear("LINEAR", True),
    _linear("LINEAR_FOLDED", True),
    _linear("LINEAR_WITHOUT_BIAS", False),
    _linear("LINEAR_WITHOUT_BIAS_FOLDED", False),
    Statement(
        "contraction.EINSUM",
        _einsum,
        (
            _equation((2, 3), (3, 2), "ij,jk->ik"),
            _equation((2, 3), (3, 2), "ij,jk->ki"),
            _equation((2, 2, 3), (2, 3, 2), "bij,bjk->bik"),
            _equation((2, 3), (2, 3), "ij,ij->"),
            _equation((2, 3), (2, 3), "ij,ij->j"),
            _equation((2, 3), (2,), "ij,k->k"),
            _equation((2, 3), (3, 2), "ij,kl->il"),
            *_OUTER,
        ),
    ),
    Statement("contraction.OUTER_EINSUM", _einsum, _OUTER),
)
