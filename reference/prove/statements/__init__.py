"""What is proved of each row of the engine: one file for each family, as in `autodiff/ops/`."""

from __future__ import annotations

from reference.prove.statement import Statement
from reference.prove.statements import (
    contraction,
    indexing,
    pointwise,
    reductions,
    shapes,
    softmax,
    sorting,
)

__all__ = ["statements"]

_FAMILIES = (contraction, indexing, pointwise, reductions, shapes, softmax, sorting)


def statements() -> dict[str, Statement]:
    """The statements by the place of their rows.

    >>> statements()["pointwise.EXP"].cases[0].text
    'scalar'
    """
    return {entry.place: entry for family in _FAMILIES for entry in family.STATEMENTS}
