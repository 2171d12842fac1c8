"""Rows that write at indices under PyTorch's names, and those that combine three arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference import build
from reference.prove.statement import Case, Statement, named
from reference.prove.statements import indexing

__all__ = ["STATEMENTS"]

_TRIPLES = (((), (), ()), ((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), ()))
_GRID = np.array([[0, 2], [1, 0]])
_PLACES = (np.arange(2)[:, None], _GRID)  # what scatter along axis 1 comes to
_TWICE = np.array([2, 0, 2])
_ALL = slice(None)


def _triples(constant: str, name: str) -> Statement:
    cases = tuple(
        Case(shapes, {"value": value}, special=()) for value in (1, -2.5) for shapes in _TRIPLES
    )
    return Statement(f"writing.{constant}", named(name), cases)


def _lerp(x: Any, y: Any, weight: Any) -> Any:
    return named("lerp")(x, y, weight)


def _same_as(place: str, constant: str, *cases: Case) -> Statement:
    """A row that is another one under a name of its own, for the indices that it is given."""
    define = next(s.define for s in indexing.STATEMENTS if s.place == place)
    return Statement(f"writing.{constant}", define, cases)


def _write(constant: str, *given: tuple[Any, Any, Any], accumulate: bool = False) -> Statement:
    cases = (
        Case((shape, values), {"index": index, "accumulate": accumulate})
        for shape, values, index in given
    )
    return _same_as("indexing.INDEX_PUT", constant, *cases)


def _bounded(constant: str, low: Any, high: Any) -> Statement:
    """One bound: a number."""
    kink = ((np.array(low if high is None else high),),)
    cases = (
        Case(((),), {"min": low, "max": high}, special=kink),
        Case(((2,),), {"min": low, "max": high}),
    )
    return Statement(f"writing.{constant}", named("clamp"), cases)


def _bounded_by_array(constant: str, absent: int) -> Statement:
    """One bound: an array."""
    shapes = ((2, 2), (2,), (2,))
    tie = (np.ones(()), np.ones(()))
    cases = (
        Case(((), (), ()), plain={absent: None}, special=(tie,)),
        Case(shapes, plain={absent: None}),
    )
    return Statement(f"writing.{constant}", named("clamp"), cases)


_FLAT = np.unravel_index(np.array([5, 0]), (2, 3))
_CHOSEN = np.nonzero(np.array([[True, False, True], [False, True, True]]))

STATEMENTS = (
    Statement(
        "writing.LERP",
        _lerp,
        tuple(
            Case(shapes, {"weight": weight})
            for weight in (0.25, 3)
            for shapes in (((), ()), ((2, 3), (2, 3)), ((2, 1), (3,)))
        ),
    ),
    Statement("writing.LERP_TENSOR", _lerp, tuple(Case(shapes) for shapes in _TRIPLES)),
    _triples("ADDCMUL", "addcmul"),
    _triples("ADDCDIV", "addcdiv"),
    _bounded("CLAMP_MIN", 0.25, None),
    _bounded("CLAMP_MAX", None, 0.25),
    _bounded_by_array("CLAMP_MIN_TENSOR", 2),
    _bounded_by_array("CLAMP_MAX_TENSOR", 1),
    Statement(
        "writing.SCATTER",
        lambda x, values, index, accumulate: named("scatter")(x, 1, _GRID, values),
        (Case(((2, 3), (2, 2)), {"index": _PLACES, "accumulate": False}),),
    ),
    Statement(
        "writing.SCATTER_NUMBER",
        lambda x, value, index, accumulate: named("scatter")(
            x, 1, _GRID, build.broadcast_to(value, _GRID.shape)
        ),
        (Case(((2, 3), ()), {"index": _PLACES, "accumulate": False}),),
    ),
    Statement(
        "writing.SCATTER_ADD",
        lambda x, values, index, accumulate: named("scatter_add")(x, 1, index[1], values),
        tuple(
            Case(
                ((2, 3), grid.shape), {"index": (np.arange(2)[:, None], grid), "accumulate": True}
            )
            for grid in (_GRID, np.array([[0, 0, 2], [1, 1, 1]]))
        ),
    ),
    Statement(
        "writing.INDEX_ADD",
        lambda x, values, index, accumulate: named("index_add")(
            x, len(index) - 1, index[-1], values
        ),
        (
            Case(((3, 2), (3, 2)), {"index": (_TWICE,), "accumulate": True}),
            Case(((2, 3), (2, 3)), {"index": (_ALL, _TWICE), "accumulate": True}),
        ),
    ),
    Statement(
        "writing.INDEX_COPY",
        lambda x, values, index, accumulate: named("index_copy")(
            x, len(index) - 1, index[-1], values
        ),
        (
            Case(((3, 2), (2, 2)), {"index": (np.array([2, 0]),), "accumulate": False}),
            Case(((2, 3), (2, 2)), {"index": (_ALL, np.array([2, 0])), "accumulate": False}),
        ),
    ),
    _write("INDEX_FILL", ((3, 2), (), (np.array([2, 0]),)), ((2, 3), (), (_ALL, np.array([1])))),
    _write(
        "INDEX_FILL_TENSOR", ((3, 2), (), (np.array([2, 0]),)), ((2, 3), (), (_ALL, np.array([1])))
    ),
    _write("SCATTER_REDUCE", ((2, 3), (2,), _FLAT)),  # of what was combined before
    _write("INDEX_REDUCE", ((2, 3), (2,), _FLAT)),
    Statement(
        "writing.MASKED_SCATTER",
        lambda x, values, index, accumulate: named("masked_scatter")(
            x, np.array([[True, False, True], [False, True, True]]), values
        ),
        (Case(((2, 3), (4,)), {"index": _CHOSEN, "accumulate": False}),),
    ),
    Statement(
        "writing.PUT_AT",
        lambda x, values, index, accumulate: named("put")(
            x, np.ravel_multi_index(index, (2, 3)), values, accumulate
        ),
        (
            Case(((2, 3), (2,)), {"index": _FLAT, "accumulate": False}),
            Case(((2, 3), (2,)), {"index": _FLAT, "accumulate": True}),
        ),
    ),
    Statement(
        "writing.TAKE",
        lambda x, index: named("take")(x, np.ravel_multi_index(index, (2, 3))),
        (
            Case(
                ((2, 3),),
                {"index": np.unravel_index(np.array([[5, 0], [4, 5]]), (2, 3))},
            ),
        ),
    ),
)
