"""Rows that order elements: proved for every order of the elements."""

from __future__ import annotations

from typing import Any

from reference.prove.statement import Case, Statement, named

__all__ = ["STATEMENTS"]

_NOTE = "for every order of the elements"


def _sorted(constant: str) -> Statement:
    return Statement(
        f"sorting.{constant}",
        named("sort"),
        tuple(
            Case((shape,), {"dim": dim, "descending": descending}, orders=True)
            for shape, dim, descending in (
                ((3,), 0, False),
                ((3,), 0, True),
                ((2, 2), 1, False),
                ((2, 2), 0, True),
            )
        ),
        note=_NOTE,
    )


def _largest(x: Any, k: int, dim: int, largest: bool) -> Any:
    return named("topk")(x, k, dim, largest)


STATEMENTS = (
    _sorted("SORT"),
    _sorted("SORT_STABLE"),
    Statement(
        "sorting.TOPK",
        _largest,
        tuple(
            Case((shape,), {"k": k, "dim": dim, "largest": largest}, orders=True)
            for shape, k, dim, largest in (
                ((3,), 2, 0, True),
                ((3,), 1, 0, False),
                ((2, 2), 1, 1, True),
                ((2, 2), 2, 0, False),
            )
        ),
        note=_NOTE,
    ),
)
