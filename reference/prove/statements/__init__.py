"""What is proved of each row of the engine: one file for each family, as in `autodiff/ops/`."""

from __future__ import annotations

from reference.prove.statement import Statement
from reference.prove.statements import (
    activations,
    complexes,
    contraction,
    convolution,
    cumulative,
    elementwise,
    embedding,
    indexing,
    linalg,
    matrices,
    normalisation,
    pointwise,
    reductions,
    regression,
    shapes,
    softmax,
    sorting,
    special,
    windows,
    writing,
)

__all__ = ["statements"]

_FAMILIES = (
    activations,
    complexes,
    contraction,
    convolution,
    cumulative,
    elementwise,
    embedding,
    indexing,
    linalg,
    matrices,
    normalisation,
    pointwise,
    reductions,
    regression,
    shapes,
    softmax,
    sorting,
    special,
    windows,
    writing,
)


def statements() -> dict[str, Statement]:
    """The statements by the place of their rows.

    >>> statements()["pointwise.EXP"].cases[0].text
    'scalar'
    """
    return {entry.place: entry for family in _FAMILIES for entry in family.STATEMENTS}
