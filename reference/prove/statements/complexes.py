"""Rows for complex numbers, on real ones; and those of the padding of Fourier transforms.

What takes parts of complex numbers, or puts them together, has no meaning on symbols, which are
real: `reference.engines.autodiff_rules.OF_COMPLEX` names those rows.
"""

from __future__ import annotations

from typing import Any

from reference.prove.statement import Case, Statement, named

__all__ = ["STATEMENTS"]

_REAL_NOTE = "a row for complex numbers: proved for real ones"


def _padded(x: Any, pad: tuple[int, ...]) -> Any:
    return named("pad")(x, [size for more in reversed(pad) for size in (0, more)])


STATEMENTS = (
    Statement(
        "complexes.VDOT",
        named("vdot"),
        (Case(((1,), (1,))), Case(((3,), (3,)))),
        _REAL_NOTE,
    ),
    Statement(
        "fourier.PAD_END",
        _padded,
        (
            Case(((2,),), {"pad": (1,)}),
            Case(((2, 3),), {"pad": (1, 0)}),
            Case(((2, 3),), {"pad": (2,)}),
            Case(((2, 2),), {"pad": (1, 2)}),
        ),
        kernel="floats",
    ),
)
