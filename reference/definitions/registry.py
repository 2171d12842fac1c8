"""What a definition is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np

__all__ = ["REALS", "Definition", "Domain", "Sample", "Samples"]


@dataclass(frozen=True, slots=True)
class Domain:
    """The open interval that an argument comes from.

    >>> Domain(0), 0.0 in Domain(0)
    (Domain(low=0, high=inf), False)
    """

    low: float = -inf
    high: float = inf

    def __contains__(self, value: float) -> bool:
        return self.low < value < self.high


REALS = Domain()


@dataclass(frozen=True, slots=True)
class Sample:
    """One call: the arguments; float64 arrays among them are what is differentiated.

    kind: "plain", "tail" (extreme arguments, where a format may overflow) or "kink" (points where
    the derivative is a set).
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    kind: str = "plain"

    def __post_init__(self) -> None:
        """NumPy turns 0-d results of arithmetic into scalars; here they are arrays again."""
        arrays = (np.asarray(v) if isinstance(v, np.generic) else v for v in self.args)
        object.__setattr__(self, "args", tuple(arrays))


Samples = Callable[[np.random.Generator], list[Sample]]


@dataclass(frozen=True, slots=True)
class Definition:
    """An operation as mathematics: `function` takes PyTorch's parameters and gives nodes.

    domain: one interval for each differentiable argument, in order. kinks: places of the first
    argument where the derivative is a set: numbers, or "equal" where arguments tie.
    samples: from a random generator to calls that exercise the operation.
    results: what each result is: "value" (the promoted format of the arguments), "real" (the
    same, integers becoming floats), "total" (the same, bools becoming int64), "index" (int64),
    "index32" (int32) or "truth" (bool). view: whether the result shares memory with the first
    argument in PyTorch.
    """

    name: str
    function: Callable[..., Any]
    domain: tuple[Domain, ...] = ()
    kinks: tuple[float | str, ...] = ()
    samples: Samples | None = None
    aliases: Sequence[str] = ()
    results: tuple[str, ...] = ("value",)
    view: bool = False
