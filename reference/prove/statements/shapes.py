"""Rows that move elements. Their rules are linear and read no values."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from reference.prove.statement import Case, Statement, named, transposed

__all__ = ["STATEMENTS"]


def _moved(constant: str, name: str, *given: tuple[tuple[int, ...], dict[str, Any]]) -> Statement:
    """A row of one input: its shape and parameters, case by case."""
    cases = tuple(Case((shape,), params) for shape, params in given)
    return Statement(f"shapes.{constant}", named(name), cases)


def _copied(constant: str, **params: Any) -> Statement:
    def define(x: Any, **given: Any) -> Any:
        return named("clone")(x)

    return Statement(f"shapes.{constant}", define, (Case(((),), params), Case(((2, 3),), params)))


def _rolled(x: Any, shifts: Any, dims: Any) -> Any:
    return named("roll")(x, shifts, dims or None)


def _split(x: Any, sizes: tuple[int, ...], dim: int) -> Any:
    return named("split")(x, list(sizes), dim)


def _cat(*tensors: Any, dim: int, starts: Any) -> Any:
    return named("cat")(list(tensors), dim)


def _stack(*tensors: Any, dim: int) -> Any:
    return named("stack")(list(tensors), dim)


def _starts(shapes: tuple[tuple[int, ...], ...], dim: int) -> tuple[int, ...]:
    return tuple(accumulate((shape[dim] for shape in shapes), initial=0))


_RESHAPES = (
    ((6,), {"shape": (2, 3)}),
    ((2, 3), {"shape": (3, 2)}),
    ((2, 1, 3), {"shape": (6,)}),
    ((), {"shape": (1, 1)}),
)
_SQUEEZES = (((1,), {"dim": (0,)}), ((2, 1, 3), {"dim": (1,)}), ((1, 2, 1), {"dim": (0, 2)}))
_SPLITS = (
    Case(((5,),), {"sizes": (2, 3), "dim": 0}),
    Case(((2, 3),), {"sizes": (1, 2), "dim": 1}),
    Case(((4, 2),), {"sizes": (2, 1, 1), "dim": 0}),
)
_TRIANGLES = (
    ((3, 3), {"diagonal": 0}),
    ((2, 3), {"diagonal": 1}),
    ((3, 2), {"diagonal": -1}),
    ((2, 2, 2), {"diagonal": 0}),
)
_DIAGONALS = (
    ((3, 3), {"offset": 0, "dim1": 0, "dim2": 1}, (3,)),
    ((2, 3), {"offset": 1, "dim1": 0, "dim2": 1}, (2,)),
    ((3, 2), {"offset": -1, "dim1": 0, "dim2": 1}, (2,)),
    ((2, 3, 2), {"offset": 0, "dim1": 0, "dim2": 2}, (3, 2)),
)
_JOINED = (
    (((2,), (3,)), 0),
    (((2, 2), (1, 2), (2, 2)), 0),
    (((2, 1), (2, 3)), 1),
)

STATEMENTS = (
    _moved("VIEW", "reshape", *_RESHAPES),
    _moved("RESHAPE", "reshape", *_RESHAPES),
    _moved("REPEAT", "reshape", *_RESHAPES),  # of what was expanded before
    _moved("RESHAPE_ALIAS", "reshape", *_RESHAPES),
    _moved("PERMUTE", "permute", ((2, 3), {"dims": (1, 0)}), ((2, 3, 2), {"dims": (2, 0, 1)})),
    _moved(
        "TRANSPOSE",
        "transpose",
        ((2, 3), {"dim0": 0, "dim1": 1}),
        ((2, 3, 2), {"dim0": 2, "dim1": 0}),
        ((3,), {"dim0": 0, "dim1": 0}),
    ),
    _moved("T", "t", ((2, 3), {}), ((3,), {}), ((), {})),
    _moved("SQUEEZE", "squeeze", *_SQUEEZES),
    _moved("SQUEEZE_ALL", "squeeze", *_SQUEEZES),
    _moved("SQUEEZE_SEVERAL", "squeeze", *_SQUEEZES),
    _moved("SQUEEZE_OWN", "squeeze", *_SQUEEZES),
    _moved("UNSQUEEZE", "unsqueeze", ((), {"dim": 0}), ((3,), {"dim": 1}), ((2, 3), {"dim": 1})),
    _moved(
        "EXPAND",
        "expand",
        ((), {"size": (2, 3)}),
        ((3,), {"size": (2, 3)}),
        ((2, 1), {"size": (2, 3)}),
        ((1, 2), {"size": (2, 3, 2)}),
    ),
    Statement("shapes.SPLIT", _split, _SPLITS),
    Statement("shapes.SPLIT_WITH_SIZES", _split, _SPLITS),
    _moved("UNBIND", "unbind", ((3,), {"dim": 0}), ((2, 3), {"dim": 1}), ((2, 3), {"dim": 0})),
    Statement(
        "shapes.CAT",
        _cat,
        tuple(
            Case(shapes, {"dim": dim, "starts": _starts(shapes, dim)}) for shapes, dim in _JOINED
        ),
    ),
    Statement(
        "shapes.STACK",
        _stack,
        (
            Case(((), (), ()), {"dim": 0}),
            Case(((2,), (2,)), {"dim": 1}),
            Case(((2, 3), (2, 3)), {"dim": 1}),
        ),
    ),
    _moved(
        "FLIP",
        "flip",
        ((3,), {"dims": (0,)}),
        ((2, 3), {"dims": (0, 1)}),
        ((2, 3), {"dims": (1,)}),
    ),
    Statement(
        "shapes.ROLL",
        _rolled,
        (
            Case(((4,),), {"shifts": (1,), "dims": (0,)}),
            Case(((2, 3),), {"shifts": (-1,), "dims": (1,)}),
            Case(((2, 3),), {"shifts": (1, 2), "dims": (0, 1)}),
            Case(((2, 3),), {"shifts": (2,), "dims": ()}),
        ),
    ),
    _moved("TRIL", "tril", *_TRIANGLES),
    _moved("TRIU", "triu", *_TRIANGLES),
    _moved("DIAGONAL", "diagonal", *((shape, params) for shape, params, _ in _DIAGONALS)),
    Statement(
        "shapes.DIAGONAL_PUT",
        transposed("diagonal"),
        tuple(Case((part,), {"shape": shape, **params}) for shape, params, part in _DIAGONALS),
    ),
    _copied("CLONE"),
    _copied("CONTIGUOUS"),
    _copied("COPY"),
    _copied("TO_COPY", dtype=np.dtype(np.float32)),
)
