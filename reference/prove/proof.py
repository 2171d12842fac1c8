"""What is known about one derivative rule of an engine."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FOUND_WRONG", "METHODS", "Proof", "weakest"]

METHODS = ("identical", "simplified", "evaluated", "run", "raises", "not proved", "refuted")
"""Kinds of methods, from the strongest: see :class:`Proof`."""
FOUND_WRONG = ("not proved", "refuted")


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the rule for one argument of an operation is the derived gradient.

    operation: the row, as `pointwise.EXP`. argument: the input's name, or the names of several.
    method: "identical" (the same expressions), "simplified" (SymPy shows the difference to be
    zero), "evaluated at N points" (SymPy could not decide; certified evaluation found zero),
    "run at N points" (a kernel made of LAPACK, within rounding of certified values),
    "raises" (the rule refuses, as it is meant to), "not proved", or "refuted" (certified not to
    be zero at a point, which `text` shows). shapes: of the arrays, and the parameters, for which
    this was done. text: one line for people. seconds: how long it took.
    """

    operation: str
    argument: str
    method: str
    shapes: tuple[str, ...]
    text: str
    seconds: float

    @property
    def kind(self) -> str:
        """One of METHODS.

        >>> Proof("pointwise.EXP", "x", "evaluated at 20 points", (), "", 0.0).kind
        'evaluated'
        """
        return _kind(self.method)

    @property
    def ok(self) -> bool:
        """Whether nothing speaks against the rule."""
        return self.kind not in FOUND_WRONG


def weakest(methods: list[str]) -> str:
    """The method that stands for all: the last in METHODS.

    >>> weakest(["identical", "evaluated at 20 points", "simplified"])
    'evaluated at 20 points'
    """
    return max(methods, key=lambda method: METHODS.index(_kind(method)), default="not proved")


def _kind(method: str) -> str:
    return method.partition(" at ")[0]
