"""Two graphs at one point, exactly given: certified to differ, or known to agree closely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.domains.certified import evaluate
from reference.graph import Input, Node

__all__ = ["POINTS", "RADIUS", "Difference", "difference_at", "name_of"]

POINTS = 20
RADIUS = 1e-25
_PRECISION = 192


@dataclass(frozen=True)
class Difference:
    """certain: the graphs certainly differ. zero: an enclosure of less than RADIUS holds 0."""

    certain: bool
    zero: bool
    text: str = ""


def difference_at(
    ruled: Node, derived: Node, bindings: Mapping[Node, np.ndarray]
) -> Difference | None:
    """The difference of two graphs of one shape at a point; None where the second has no value.

    >>> from fractions import Fraction
    >>> from reference import build
    >>> x = Input("x", ())
    >>> at = {x: np.array(Fraction(1, 2), dtype=object)}
    >>> difference_at(build.multiply(x, 2), build.add(x, x), at)
    Difference(certain=False, zero=True, text='')
    >>> print(difference_at(build.multiply(x, 3), build.add(x, x), at).text)
    at x = 1/2 the rule gives 1.5, the derived gradient is 1
    """
    first, second = evaluate([ruled, derived], bindings, precision=_PRECISION)
    zero = True
    for index in np.ndindex(*second.shape):
        one: Any = first[index]
        two: Any = second[index]
        if not two.is_finite():
            return None
        gap = one - two
        if not one.is_finite() or not gap.contains(0):
            place = f" in element [{', '.join(map(str, index))}]" if index else ""
            return Difference(
                True,
                False,
                f"at {_shown(bindings)} the rule gives {_short(one)}{place}, the derived "
                f"gradient is {_short(two)}",
            )
        zero = zero and float(gap.rad()) < RADIUS * max(1.0, abs(float(two.mid())))
    return Difference(False, zero)


def name_of(node: Node) -> str:
    """The name of a variable."""
    return node.name if isinstance(node, Input) else type(node).__name__


def _short(ball: Any) -> str:
    return "nan" if not ball.is_finite() else f"{float(ball.mid()):.12g}"


def _shown(bindings: Mapping[Node, np.ndarray]) -> str:
    return ", ".join(f"{name_of(node)} = {_array(value)}" for node, value in bindings.items())


def _array(value: np.ndarray) -> str:
    if value.ndim == 0:
        return str(value[()])
    return "[" + ", ".join(_array(np.asarray(part, dtype=object)) for part in value) + "]"
