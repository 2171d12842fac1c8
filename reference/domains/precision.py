"""python-flint's working precision, set for a block."""

from __future__ import annotations

import flint

__all__ = ["working_precision"]


class working_precision:
    """A block with so many bits; what was set before is restored on the way out.

    >>> with working_precision(200):
    ...     flint.ctx.prec
    200
    """

    __slots__ = ("_before", "_bits")  # made for every number: a generator takes thrice as long

    def __init__(self, bits: int) -> None:
        self._bits = bits

    def __enter__(self) -> None:
        self._before = flint.ctx.prec
        flint.ctx.prec = self._bits

    def __exit__(self, *error: object) -> None:
        flint.ctx.prec = self._before
