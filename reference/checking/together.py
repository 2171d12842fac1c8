"""All rows of a check in one evaluation, where the point holds no surprises.

Rows of different kinds (values, gradients, tangents, second derivatives) share most of their
graph. One pass through it gives every number, certified, and beside it what rounding explains of
each. Where something is not clear-cut (a tie, a comparison that is close, a value that is not
finite, results below the normal numbers), nothing is said here, and the rows are certified kind
by kind; so are rows with a number that is not narrow enough yet, such as a sum that is zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reference.certify import Certificate
from reference.domains.certified import examine, prepare
from reference.domains.linearised import Linearised
from reference.domains.rounded import Unsupported, float_runs
from reference.domains.straight import Known, Straight, straight
from reference.domains.walk import holds_masked
from reference.enclosure import Enclosure
from reference.explained import bounded, in_ulps, promoted_of, rms, runs_for
from reference.floats import Format, ulp_exponents
from reference.graph import Node
from reference.problem import Problem

__all__ = ["certified_together"]

_SLACK = 10  # bits below an ULP that a certificate's radius has, and two to be safe
_SEED = (0, 0)


Found = tuple[Certificate, tuple[np.ndarray, ...]]


def certified_together(problems: Sequence[Problem], known: Known) -> list[Found | None]:
    """(certificate, what rounding explains) of each problem; None where that is not enough.

    problems: of one output, at the same inputs. known: of their graphs together.
    """
    nothing: list[Found | None] = [None] * len(problems)
    output, inputs = problems[0].output, problems[0].inputs
    gradients = [node for problem in problems for node in problem.gradients]
    formats = [fmt for problem in problems for fmt in problem.formats]
    bindings = {k: v for problem in problems for k, v in problem.bindings().items()}
    nodes = [output, *gradients]
    if known.prepared is None:
        every = [node for problem in problems for node in problem.inputs]
        known.prepared = prepare(nodes, [output], every if problems[0].extra else inputs)
        known.straight = straight(known.prepared)
    fmt = promoted_of(problems[0])
    widest = max(f.precision for f in formats)
    precision = 96 if widest <= 24 else 128
    runs = runs_for(sum(int(node.size) for node in gradients))
    linear = fmt.precision > 24
    values, tangents = _evaluated(known, nodes, bindings, precision, fmt, runs if linear else 0)
    if values is None:
        return nothing
    numbers = _Numbers(values, [_widest(formats), *formats])
    narrow = numbers.narrow()
    if not narrow[0]:
        return nothing
    if not linear:
        tangents = _in_floats(gradients, bindings, fmt, runs, np.random.default_rng(_SEED))
    if tangents is None:
        return nothing
    explain = numbers.explained(gradients, tangents, narrow, not linear)
    good = [fine and held for fine, (_, held) in zip(narrow[1:], explain, strict=True)]
    return _apart(problems, numbers, good, [size for size, _ in explain], precision)


def _evaluated(
    known: Known,
    nodes: Sequence[Node],
    bindings: Mapping[Node, Any],
    precision: int,
    fmt: Format,
    runs: int,
) -> tuple[list[np.ndarray] | None, dict[int, np.ndarray] | None]:
    """(balls of the nodes; what roundings move them by, in so many runs, by id).

    None, and None, where something is not clear-cut; no roundings where `runs` is 0.
    """
    if isinstance(known.straight, Straight):
        held = known.straight.run(bindings, precision)
        if not runs:
            return known.straight.values(held), {}
        moved = known.straight.tangents(held, fmt, runs, _SEED)
        if moved is not None:
            by_node = {id(nodes[place]): row for place, row in moved.items()}
            return known.straight.values(held), by_node
    after = Linearised(fmt, runs, np.random.default_rng(_SEED), nodes[1:]) if runs else None
    try:
        found = examine(nodes, bindings, precision=precision, after=after, prepared=known.prepared)
    except Unsupported:
        return None, None
    if found.ties or found.undecided or found.unordered or (after and after.subnormal):
        return None, None
    return found.values, None if after is None else after.tangents


def _widest(formats: Sequence[Format]) -> Format:
    return max(formats, key=lambda fmt: fmt.precision)


def _in_floats(
    nodes: Sequence[Node],
    bindings: Mapping[Node, Any],
    fmt: Format,
    runs: int,
    rng: np.random.Generator,
) -> dict[int, np.ndarray] | None:
    """Values of perturbed runs in float64 behind those of one that is not perturbed."""
    try:
        found, subnormal = float_runs([*nodes], bindings, fmt, rng, runs)
    except Unsupported:
        return None
    if subnormal:
        return None
    return {id(node): values for node, values in zip(nodes, found, strict=True)}


class _Numbers:
    """Arrays of balls, one behind the other, so that questions are asked once."""

    def __init__(self, arrays: Sequence[np.ndarray], formats: Sequence[Format]) -> None:
        self.shapes = [array.shape for array in arrays]
        sizes = [array.size for array in arrays]
        self.ends = np.cumsum(sizes).tolist()
        self.arrays = arrays
        self.formats = formats
        self.balls = [ball for array in arrays for ball in array.ravel().tolist()]
        self.mids = np.array([float(ball) for ball in self.balls], dtype=np.float64)
        self.bits = np.repeat([fmt.precision + _SLACK + 2 for fmt in formats], sizes)

    def narrow(self) -> list[bool]:
        """Whether all balls of an array are finite, far narrower than an ULP, and floats."""
        if holds_masked(self.balls):
            return [False] * len(self.arrays)
        good = np.array([ball.rel_accuracy_bits() for ball in self.balls]) >= self.bits
        for place in np.flatnonzero(~good).tolist():
            good[place] = self.balls[place].is_exact()
        good &= np.isfinite(self.mids)
        return self.all_of(good)

    def all_of(self, good: np.ndarray) -> list[bool]:
        """Whether all is good, array by array."""
        if good.all():
            return [True] * len(self.arrays)
        return [bool(part.all()) for part in self.split(good)]

    def split(self, flat: np.ndarray) -> list[np.ndarray]:
        """One array for each, of its shape, from the numbers of all."""
        parts, start = [], 0
        for shape, end in zip(self.shapes, self.ends, strict=True):
            parts.append(flat[start:end].reshape(shape))
            start = end
        return parts

    def explained(
        self,
        nodes: Sequence[Node],
        found: Mapping[int, np.ndarray],
        narrow: Sequence[bool],
        absolute: bool,
    ) -> list[tuple[np.ndarray, bool]]:
        """Per array, the RMS of what runs moved its numbers by, in ULPs, and whether it holds.

        found: by node, along a first axis, how far every run is off; absolute: the values
        themselves, those of an exact run first. narrow: of which arrays that is asked.
        """
        runs = next(iter(found.values())).shape[0] if found else 1
        moved = np.zeros((runs, self.ends[-1]))
        start = self.ends[0]
        for node, end, good in zip(nodes, self.ends[1:], narrow[1:], strict=True):
            here = found.get(id(node))
            if good and here is not None:
                moved[:, start:end] = here[:, None] if here.ndim == 1 else here.reshape(runs, -1)
                if absolute:
                    moved[:, start:end] -= self.mids[start:end]
            start = end
        errors = in_ulps(moved, self._units(narrow))
        if absolute:
            size = rms(errors[1:])
        else:
            size = rms(np.where(np.isfinite(moved), bounded(errors), np.nan))
        known = np.isfinite(size)
        if absolute:
            with np.errstate(invalid="ignore"):
                known &= np.abs(errors[0]) <= 0.1 * (0.5 + size)
        return list(zip(self.split(size)[1:], self.all_of(known)[1:], strict=True))

    def _units(self, narrow: Sequence[bool]) -> np.ndarray:
        """The exponent of one ULP of each number; 0 where an array is not narrow."""
        first = self.formats[0]
        if all(narrow) and all(fmt is first for fmt in self.formats):
            return ulp_exponents(self.mids, first)
        pairs = zip(self.split(self.mids), self.formats, narrow, strict=True)
        return np.concatenate(
            [
                ulp_exponents(mids.ravel(), fmt) if good else np.zeros(mids.size, dtype=np.int64)
                for mids, fmt, good in pairs
            ]
        )


def _apart(
    problems: Sequence[Problem],
    numbers: _Numbers,
    good: Sequence[bool],
    explain: Sequence[np.ndarray],
    precision: int,
) -> list[Found | None]:
    mids = numbers.split(numbers.mids)
    value, *enclosures = (
        Enclosure(balls, precision, mid) for balls, mid in zip(numbers.arrays, mids, strict=True)
    )
    result: list[Found | None] = []
    start = 0
    for problem in problems:
        end = start + len(problem.gradients)
        dtypes = tuple(fmt.name for fmt in problem.formats)
        gradients = tuple(enclosures[start:end])
        part = Certificate(value, gradients, precision, dtypes, (), problem)
        known = all(good[start:end])
        result.append((part, tuple(explain[start:end])) if known else None)
        start = end
    return result
