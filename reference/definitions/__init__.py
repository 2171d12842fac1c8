"""Operations as mathematics: the registry of definitions.

>>> from reference import build
>>> definition("softmax").name, "logsumexp" in names()
('softmax', True)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reference.definitions import (
    activations,
    alignment,
    arrangement,
    attention,
    bags,
    contraction,
    convolution,
    decompositions,
    elementwise_more,
    grids,
    indexing,
    linalg,
    losses,
    losses_more,
    matrices,
    normalisation,
    pointwise,
    pooling,
    pooling_more,
    recurrent,
    reductions,
    shapes,
    sorting,
    special,
    special_more,
    spectral,
    spectral_more,
    statistics,
    torch_spellings,
    writing,
)
from reference.definitions.registry import REALS, Definition, Domain, Sample, Samples

__all__ = [
    "FIRST_TIER",
    "REALS",
    "SECOND_TIER",
    "Definition",
    "Domain",
    "MissingDefinition",
    "Sample",
    "define",
    "definition",
    "definitions",
    "names",
]

FIRST_TIER = (
    pointwise,
    reductions,
    shapes,
    indexing,
    contraction,
    sorting,
    losses,
    linalg,
)
SECOND_TIER = (
    elementwise_more,
    special,
    activations,
    losses_more,
    normalisation,
    convolution,
    pooling,
    attention,
    statistics,
    arrangement,
    writing,
    decompositions,
    spectral,
    alignment,
    bags,
    grids,
    matrices,
    pooling_more,
    recurrent,
    spectral_more,
    special_more,
    torch_spellings,
)
_rows: dict[str, Definition] = {
    row.name: row for family in (*FIRST_TIER, *SECOND_TIER) for row in family.DEFINITIONS
}
_aliases: dict[str, str] = {alias: row.name for row in _rows.values() for alias in row.aliases}


class MissingDefinition(NotImplementedError):
    """An operation that no definition says what it is."""


def define(
    name: str,
    function: Callable[..., Any],
    *,
    domain: Sequence[Domain] = (),
    kinks: Sequence[float | str] = (),
    samples: Samples | None = None,
    aliases: Sequence[str] = (),
    results: Sequence[str] = ("value",),
) -> Definition:
    """Say what an operation is; a definition of the same name is replaced.

    function: takes the operation's parameters, arrays as nodes, and gives nodes; written with
    the functions of `reference.build`. The other parameters: see :class:`Definition`.

    >>> from reference import build
    >>> define("cube", lambda input: build.power(input, 3)).name
    'cube'
    """
    given: Any = name
    if not isinstance(given, str) or not callable(function):
        raise TypeError(
            f"define({name!r}, {function!r}): give the operation's name and a function of nodes"
        )
    row = Definition(
        name,
        function,
        tuple(domain),
        tuple(kinks),
        samples,
        tuple(aliases),
        tuple(results),
    )
    _rows[name] = row
    _aliases.update(dict.fromkeys(row.aliases, name))
    return row


def definition(name: str) -> Definition:
    """The definition of an operation, by its name or an alias.

    Raises MissingDefinition, which says how to add one.
    """
    row = _rows.get(_aliases.get(name, name) if name not in _rows else name)
    if row is None:
        raise MissingDefinition(
            f"the operation {name!r} has no definition. Add one, as mathematics:\n"
            "    import sympy\n"
            "    from reference import build, define\n"
            f'    define("{name}", lambda input: build.elementwise(sympy.exp, input))'
        )
    return row


def names() -> tuple[str, ...]:
    """The names of all definitions, without aliases."""
    return tuple(_rows)


def definitions() -> tuple[Definition, ...]:
    """All definitions."""
    return tuple(_rows.values())
