"""Rows that reduce over axes."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from reference.prove.statement import Case, Statement, named

__all__ = ["STATEMENTS"]

_AXES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3,), (0,)),
    ((2, 3), (1,)),
    ((2, 3), (0, 1)),
    ((2, 2, 2), (0, 2)),
)
_FEW: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((3,), (0,)),
    ((2, 2), (1,)),
    ((2, 2), (0, 1)),
)
_ALL: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (((3,), (0,)), ((2, 2), (0, 1)))
_ZEROS = ((np.array([0.0, 1.0, 2.0, -1.0]),), (np.array([0.0, 1.0, 0.0, 2.0]),))
_TIED = ((np.array([1.0, 1.0, 0.5]),), (np.array([0.25, 0.25, 0.25]),))


def _over(
    place: str,
    name: str,
    shapes: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = _AXES,
    special: tuple[tuple[Any, ...], ...] = (),
    **params: Any,
) -> Statement:
    """Over some axes, which stay with size one or go."""
    return Statement(
        f"reductions.{place}",
        named(name),
        tuple(
            Case(
                (shape,),
                {"dim": dim, **params, "keepdim": keepdim},
                special=special if shape == (3,) and not keepdim else (),
            )
            for shape, dim in shapes
            for keepdim in (False, True)
        ),
    )


def _product(place: str) -> Statement:
    """The row takes a tuple of axes, the definition one or all."""

    def define(x: Any, dim: tuple[int, ...], keepdim: bool) -> Any:
        one = dim[0] if len(dim) == 1 else None
        return named("prod")(x, dim=one, keepdim=keepdim)

    cases = [
        Case((shape,), {"dim": dim, "keepdim": keepdim}, special=_ZEROS if shape == (4,) else ())
        for shape, dim in (
            ((4,), (0,)),
            ((2, 3), (0,)),
            ((2, 3), (1,)),
            ((2, 2), (0, 1)),
            ((1,), (0,)),
        )
        for keepdim in (False, True)
    ]
    return Statement(f"reductions.{place}", define, tuple(cases))


def _with_index(place: str, name: str) -> Statement:
    return Statement(
        f"reductions.{place}",
        named(name),
        tuple(
            Case((shape,), {"dim": dim, "keepdim": keepdim}, orders=True)
            for shape, dim, keepdim in (
                ((3,), 0, False),
                ((3,), 0, True),
                ((2, 2), 1, False),
                ((2, 2), 0, True),
            )
        ),
        note="for every order of the elements",
    )


def _spread(place: str, name: str) -> Statement:
    return Statement(
        f"reductions.{place}",
        named(name),
        tuple(
            Case((shape,), {"dim": dim, "correction": correction, "keepdim": keepdim})
            for shape, dim, correction, keepdim in (
                ((3,), (0,), 1, False),
                ((3,), (0,), 0, True),
                ((2, 3), (1,), 1, False),
                ((2, 3), (0,), 0, True),
                ((2, 2), (0, 1), 1, False),
                ((4,), (0,), 2, False),
                ((4,), (0,), 0.5, False),
            )
        ),
    )


def _lengths() -> Statement:
    points: dict[float, tuple[tuple[Any, ...], ...]] = {
        1: ((np.array([0.0, 1.0, -0.5]),),),
        2: ((np.zeros(3),),),
        3: ((np.zeros(2),),),
        inf: ((np.array([1.0, -1.0, 0.5]),),),
        -inf: ((np.array([1.0, -0.5, 0.5]),),),
    }
    given: list[tuple[float, tuple[int, ...], tuple[int, ...], bool]] = [
        (order, shape, dim, keepdim)
        for order in (1, 2, 0, inf, -inf)
        for shape, dim, keepdim in (((3,), (0,), False), ((1, 2), (1,), True))
    ]
    given += [(order, (2,), (0,), False) for order in (3, 4, 1.5, 2.5, 0.5, -1)]
    given += [(2, (2, 1), (0, 1), False), (3, (1, 2), (1,), True), (1, (2, 2), (1,), False)]
    cases = [
        Case(
            (shape,),
            {"ord": order, "dim": dim, "keepdim": keepdim},
            special=points.get(order, ()) if len(shape) == 1 else (),
        )
        for order, shape, dim, keepdim in given
    ]
    return Statement("reductions.VECTOR_NORM", named("vector_norm"), tuple(cases))


STATEMENTS = (
    _over("SUM", "sum"),
    _over("SUM_DIM", "sum"),
    _over("MEAN", "mean"),
    _over("MEAN_DIM", "mean"),
    _product("PROD"),
    _product("PROD_DIM"),
    _over("AMAX", "amax", _FEW, _TIED),
    _over("AMIN", "amin", _FEW, _TIED),
    _over("MAX", "amax", _ALL, _TIED),
    _over("MIN", "amin", _ALL, _TIED),
    _with_index("MAX_DIM", "max"),
    _with_index("MIN_DIM", "min"),
    _spread("VAR", "var"),
    _spread("STD", "std"),
    _over("LOGSUMEXP", "logsumexp", _FEW),
    _lengths(),
    Statement(
        "reductions.CUMSUM",
        named("cumsum"),
        tuple(
            Case((shape,), {"dim": dim})
            for shape, dim in (((4,), 0), ((2, 3), 0), ((2, 3), 1), ((), 0))
        ),
    ),
)
