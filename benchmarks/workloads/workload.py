"""What a workload is: arrays, the same loss spelled for each family of engines, gradients by hand.

A program is called as `program(namespace, leaves, constants)` and returns a scalar. The namespace
is `torch` or `autodiff` for those with PyTorch's names, and `jax.numpy`, `autograd.numpy` or
`mygrad` for those with NumPy's.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import numpy as np

__all__ = ["Arrays", "Kind", "Missing", "Problem", "Program", "Workload", "has", "relative_error"]

Program = Callable[[Any, Sequence[Any], Sequence[Any]], Any]
Arrays = Sequence[Any]
Names = Mapping[str, str]


class Kind(enum.Enum):
    """What is timed."""

    GRADIENT = "value and gradients"
    HESSIAN = "Hessian"
    PRODUCT = "Hessian-vector product"
    FORWARD = "forward, with the graph recorded and dropped"
    IMPORT = "import in a fresh process"


class Missing(Exception):
    """A contestant cannot take part; the text says why."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The numbers that a workload is run on."""

    leaves: Arrays
    constants: Sequence[Any] = ()
    direction: Arrays = ()  # of a Hessian-vector product, one array for each leaf


def nothing(rng: np.random.Generator) -> Problem:
    return Problem(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One row of the table."""

    name: str
    title: str
    kind: Kind = Kind.GRADIENT
    problem: Callable[..., Problem] = nothing  # (rng, **sizes)
    full: Mapping[str, int] = field(default_factory=dict)  # sizes that are timed
    small: Mapping[str, int] = field(default_factory=dict)  # sizes for tests
    by_hand: Callable[[Arrays, Sequence[Any]], Sequence[Any]] | None = None
    # Under "torch", "numpy", or a contestant's own name, which comes first. "composed" is what
    # `autodiff` runs as long as it lacks one of `needs`.
    programs: Mapping[str, Program] = field(default_factory=dict)
    needs: Sequence[str] = ()  # names below `torch` and `autodiff`
    without: Names = field(default_factory=dict)  # contestants that cannot take part, and why
    # The difference that rounding may make, in units of the dtype's epsilon, of the largest entry.
    tolerance: float = 256
    target: float | None = None  # ours over the base contestant, at most: issue 5
    base: str = "torch"
    nodes: str = ""  # the size that counts operations: bytes per node are measured as well
    quick: bool = True  # among what `--quick` and compare.py run

    def program(self, contestant: str, spelling: str, namespace: Any) -> tuple[Program, str]:
        """What a contestant runs, and a remark if that is not what PyTorch runs."""
        if contestant in self.without:
            raise Missing(self.without[contestant])
        if contestant in self.programs:
            return self.programs[contestant], ""
        if spelling not in self.programs:
            raise Missing("no program for it")
        if spelling == "torch":
            for name in self.needs:
                if not has(namespace, name):
                    if "composed" in self.programs:
                        return self.programs["composed"], f"composed: {name} not yet"
                    raise Missing(f"not yet: {name}")
        return self.programs[spelling], ""

    def make(self, *, small: bool = False, seed: int = 0) -> Problem:
        return self.problem(np.random.default_rng(seed), **(self.small if small else self.full))


def has(namespace: Any, name: str) -> bool:
    try:
        attrgetter(name)(namespace)
    except AttributeError:
        return False
    return True


def relative_error(got: Any, expected: Any) -> float:
    """The largest difference, in units of the dtype's epsilon, of the largest expected entry.

    >>> relative_error(np.array([1.0, 2.0]), np.array([1.0, 2.0 - 4 * 2.0**-52]))
    2.0
    """
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        return float("inf")
    if not expected.size:
        return 0.0
    epsilon = max(float(np.finfo(array.dtype).eps) for array in (got, expected))
    wide = expected.astype(np.float64)
    difference = np.abs(got.astype(np.float64) - wide).max()
    size = np.abs(wide).max()
    if difference == 0:
        return 0.0
    return float(difference / (epsilon * size)) if size else float("inf")
