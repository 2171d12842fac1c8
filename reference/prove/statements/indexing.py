"""Rows that read and write at indices: single, sliced, by arrays with repetitions, by masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.prove.statement import Case, Statement, named, transposed

__all__ = ["STATEMENTS"]

_ALL = slice(None)
_REPEATED = np.array([2, 0, 2])
_MASK = np.array([[True, False, True], [False, True, True]])
_SLICES = (
    ((4,), (slice(1, 3),)),
    ((5,), (slice(0, 5, 2),)),
    ((4,), (slice(None, None, -1),)),
    ((2, 3), (_ALL, slice(1, None))),
    ((2, 3), (Ellipsis, slice(0, 2))),
)
_SINGLES = (((3,), (1,)), ((3,), (-1,)), ((2, 3), (1,)), ((2, 3), (_ALL, 2)))
_ARRAYS = (
    ((3,), (_REPEATED,)),
    ((2, 3), (_ALL, _REPEATED)),
    ((2, 3), (np.array([0, 1, 0]), np.array([2, 2, 2]))),
    ((3, 2), (np.array([[0, 0], [2, 1]]),)),
)
_MASKS = (((2, 3), (_MASK,)), ((3,), (np.array([False, True, True]),)))
_GATHERED = (
    ((3,), np.array([2, 0, 2, 1]), 0),
    ((2, 3), np.array([[0, 0, 2], [1, 1, 0]]), 1),
    ((3, 2), np.array([[2, 2]]), 0),
)


def _read(constant: str, *given: tuple[tuple[int, ...], tuple[Any, ...]]) -> Statement:
    cases = tuple(Case((shape,), {"index": index}) for shape, index in given)
    return Statement(f"indexing.{constant}", named("getitem", index="key"), cases)


def _part(shape: tuple[int, ...], index: Any) -> tuple[int, ...]:
    return tuple(np.zeros(shape)[index].shape)


def _filled(x: Any, value: Any, mask: Any) -> Any:
    return named("masked_fill")(x, mask, value)


def _written(x: Any, values: Any, index: Any, accumulate: bool) -> Any:
    return named("index_put")(x, index, values, accumulate)


def _masked(constant: str) -> Statement:
    return Statement(
        f"indexing.{constant}",
        _filled,
        (
            Case(((2, 3), ()), {"mask": _MASK}),
            Case(((3,), ()), {"mask": _MASK}),
            Case(((2, 3), ()), {"mask": np.array(True)}),
        ),
    )


STATEMENTS = (
    _read("SELECT", *_SINGLES),
    _read("SLICE", *_SLICES),
    _read("ALIAS", ((2, 3), (Ellipsis,)), ((3,), (_ALL,))),
    _read("NEW_AXES", ((3,), (None, _ALL)), ((2, 3), (_ALL, None))),
    _read("INDEX", *_ARRAYS, *_MASKS, *_SLICES),
    _read("MASKED_SELECT", *_MASKS),
    _read("INDEX_SELECT", ((3,), (_REPEATED,)), ((2, 3), (_ALL, _REPEATED))),
    Statement(
        "indexing.PUT",
        transposed("getitem", index="key"),
        tuple(
            Case((_part(shape, index),), {"shape": shape, "index": index})
            for shape, index in (*_ARRAYS, *_MASKS, *_SLICES, *_SINGLES)
        ),
    ),
    Statement(
        "indexing.INDEX_PUT",
        _written,
        (
            Case(((4,), (2,)), {"index": (slice(1, 3),), "accumulate": False}),
            Case(((3,), ()), {"index": (np.array([2, 0]),), "accumulate": False}),
            Case(((2, 3), (3,)), {"index": (np.array([1]),), "accumulate": False}),
            Case(((2, 3), (4,)), {"index": (_MASK,), "accumulate": False}),
            Case(((3,), (3,)), {"index": (_REPEATED,), "accumulate": True}),
            Case(((2, 3), ()), {"index": (_ALL, _REPEATED), "accumulate": True}),
        ),
    ),
    Statement(
        "indexing.GATHER",
        named("gather"),
        tuple(Case((shape,), {"index": index, "dim": dim}) for shape, index, dim in _GATHERED),
    ),
    Statement(
        "indexing.GATHER_PUT",
        transposed("gather"),
        tuple(
            Case((index.shape,), {"shape": shape, "index": index, "dim": dim})
            for shape, index, dim in _GATHERED
        ),
    ),
    _masked("MASKED_FILL"),
    _masked("MASKED_FILL_TENSOR"),
)
