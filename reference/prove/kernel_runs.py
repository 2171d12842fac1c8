"""Kernels that do not run on arrays of symbols.

One that is made of NumPy's sums and products alone runs on NumPy's arrays of SymPy expressions:
the very code that users run, for all inputs of a shape at once. One that calls LAPACK runs on
floats, and is looked at at random points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from reference.prove.zero import same

__all__ = ["by_expressions", "flattened"]


def flattened(found: Any) -> np.ndarray:
    """All results of a kernel in one vector."""
    parts = found if isinstance(found, tuple) else (found,)
    return np.concatenate([np.ravel(part) for part in parts])


def by_expressions(
    run: Callable[[Sequence[Any]], Any],
    values: Sequence[Any],
    expected: np.ndarray,
    symbols: Sequence[sp.Symbol],
    rng: np.random.Generator,
) -> tuple[str, str]:
    """(method, text) for a kernel on NumPy's arrays of expressions.

    values: of the inputs, arrays of expressions among them. expected: the definition's elements.
    """
    found = flattened(run(values))
    if found.shape != expected.shape:
        return "refuted", f"it has {found.size} elements, the definition {expected.size}"
    methods = []
    for one, two in zip(map(sp.sympify, found), expected, strict=True):
        how = same(one, two)
        if how is None:
            at = {s: sp.Rational(int(rng.integers(-99, 100)), 32) for s in symbols}
            if sp.simplify((one - two).xreplace(at)) != 0:
                return "refuted", f"it gives {one}, the definition is {two}"
            return "not proved", f"whether {one} is {two} is not known"
        methods.append(how)
    return ("simplified" if "simplified" in methods else "identical"), ""
