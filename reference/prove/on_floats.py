"""The same rule on NumPy's arrays of float64, at one point.

A rule may ask what kind of array it was given, and take another way for NumPy's. What it computes
on symbols would then say nothing about what users get, so it is run on floats as well. This looks
for another formula, not for rounding, which is what `reference.check` is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reference.domains.certified import evaluate
from reference.graph import Node
from reference.prove.points import name_of

__all__ = ["CLOSE", "floats_of", "other_on_floats"]

CLOSE = 2.0**-26
"""Largest distance, relative to the largest element, that passes for rounding."""


def floats_of(nodes: Sequence[Node], point: Mapping[Node, np.ndarray]) -> list[np.ndarray]:
    """The values of nodes at a point, rounded to float64."""
    return [
        np.array([float(ball.mid()) for ball in array.ravel()]).reshape(array.shape)
        for array in evaluate(nodes, point)
    ]


def other_on_floats(given: Any, derived: Node, point: Mapping[Node, np.ndarray]) -> str | None:
    """In words, how what a rule made of floats differs from the derived gradient; else None."""
    (expected,) = floats_of([derived], point)
    found = np.asarray(given, dtype=np.float64)
    if found.shape != expected.shape:
        return f"on NumPy's arrays it has shape {found.shape}, not {expected.shape}"
    if not np.isfinite(expected).all():
        return None
    gap = np.abs(found - expected)
    if not (gap <= CLOSE * max(1.0, np.abs(expected).max(initial=0))).all():
        where = ", ".join(f"{name_of(node)} = {array.tolist()}" for node, array in point.items())
        return (
            f"on NumPy's arrays, at {where}, it gives {found.tolist()}; the derived gradient is "
            f"{expected.tolist()}"
        )
    return None
