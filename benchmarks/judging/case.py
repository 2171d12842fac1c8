"""What a labelled case is: a pair of NumPy functions, and whether its derivatives are right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reference.adapters import NotOffered, Pair
from reference.adapters.pair import PairAdapter
from reference.checking import Report, check

try:
    import ml_dtypes

    BFLOAT16: Any = np.dtype(ml_dtypes.bfloat16)
except ImportError:  # those cases are left out, then
    BFLOAT16 = None

__all__ = ["BFLOAT16", "Case", "Rules", "dtypes", "judged", "normal", "pointwise"]

Function = Callable[..., Any]


@dataclass(frozen=True)
class Rules(Pair):
    """A pair that may have second derivatives too.

    second(cotangent, directions, *arrays): the gradients of <<f, cotangent>', directions>, one
    for each array.
    """

    second: Function | None = None


@dataclass(frozen=True)
class Case:
    """A function with derivatives beside it, at a point, and a label.

    right: the label. kind: what is hard about it, or which mistake it has. rules: makes the pair
    anew for every checker, so that no state is carried over. definition: the mathematics, where
    the forward function cannot be traced, or is wrong itself.
    """

    name: str
    right: bool
    kind: str
    rules: Callable[[], Rules]
    arrays: tuple[Any, ...]
    definition: Function | str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its name, and what it is."""
        return f"{'right' if self.right else 'wrong'}: {self.kind}: {self.name}"


class _Rules(PairAdapter):
    """Pairs with second derivatives."""

    second_order = ("rr",)

    def second(
        self, mode: str, f: Any, arrays: Any, wrt: Any, cotangents: Any, tangents: Any
    ) -> Any:
        if f.second is None:
            raise NotOffered("the pair has no second derivatives")
        found = f.second(cotangents[0], tuple(tangents), *arrays)
        return list(found) if isinstance(found, (tuple, list)) else [found]


def judged(case: Case, **options: Any) -> Report:
    """What `check` says."""
    with np.errstate(all="ignore"):
        return check(
            case.rules(), *case.arrays, engine=_Rules(), definition=case.definition,
            **{**case.options, **options},
        )  # fmt: skip


def dtypes(names: str) -> list[Any]:
    """The dtypes with these short names that there are: "64 32 16 b16".

    >>> [str(dtype) for dtype in dtypes("64 16")]
    ['float64', 'float16']
    """
    known = {
        "64": np.dtype(np.float64), "32": np.dtype(np.float32), "16": np.dtype(np.float16),
        "b16": BFLOAT16,
    }  # fmt: skip
    return [known[name] for name in names.split() if known[name] is not None]


def normal(shape: Any, dtype: Any, seed: int = 0, scale: float = 1.0, shift: float = 0.0) -> Any:
    """Normally distributed numbers of a dtype."""
    drawn = np.random.default_rng(seed).standard_normal(shape)
    return np.asarray(drawn * scale + shift).astype(dtype)


def pointwise(
    kind: str,
    name: str,
    f: Function,
    slope: Function,
    points: Any,
    names: str = "64 32",
    *,
    right: bool,
    curvature: Function | None = None,
    forward_slope: Function | None = None,
    definition: Function | str | None = None,
) -> list[Case]:
    """Cases of a function of one number: one for each dtype.

    slope: its derivative, as the rule computes it, in the dtype of what it is given. curvature:
    the second. forward_slope: what the forward mode uses, where it is not the same.
    """

    def vjp(g: Any, x: Any) -> Any:
        return (g * slope(x)).astype(x.dtype)

    def jvp(tangents: Any, x: Any) -> Any:
        return (tangents[0] * (forward_slope or slope)(x)).astype(x.dtype)

    def second(g: Any, tangents: Any, x: Any) -> Any:
        return (g * tangents[0] * (curvature or slope)(x)).astype(x.dtype)

    rules = Rules(f, vjp, jvp, second if curvature is not None else None)
    cases = []
    for dtype in dtypes(names):
        with np.errstate(all="ignore"):
            x = np.asarray(points, dtype=np.float64).astype(dtype)
        cases.append(Case(f"{name}, {dtype}", right, kind, lambda: rules, (x,), definition))
    return cases
