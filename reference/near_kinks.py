"""More questions about elements that fail: is a kink a rounding away, or one order below?

*A rounding away.* `relu6(x + 3)` at 3 - 2⁻⁵¹ computes 6, which is where its slope changes. The
answer for the other side is right for an input, or an intermediate result, that differs by a
rounding. So the definition is run with its inputs and results moved by roundings; where that
makes a comparison come out otherwise, the slopes on both sides, and what lies between, are right.

*One order below.* Where the gradient has a kink, there is no second derivative. Its formula may
have a limit all the same, the same on both sides, as that of exp(-|x|) at 0; engines give that, or
leave out the terms that have the sign of zero as a factor.

*What remains of a zero.* A second derivative that is zero everywhere is a constant to one engine,
and a difference of equal terms to another, of the size of the gradient over the argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import flint
import numpy as np
import sympy as sp

from reference.certify import Certificate, certify_problem
from reference.domains.certified import Balls, evaluate, to_balls, working_precision
from reference.domains.rounded import BallRounding
from reference.domains.walk import unmask
from reference.floats import Format
from reference.graph import Constant, Map, Node, topological

__all__ = ["Interval", "across", "below", "remainders"]

_arb = flint.arb
_RUNS = 24
_FEW = 8  # runs after which it stops where no comparison has come out otherwise
_LARGE = 20_000  # numbers from which there are only that many
_REMAIN = 4.0  # roundings that may be left of what cancels
_INPUTS = 2.0  # roundings that inputs are moved by: one unit in the last place, at least

Interval = tuple[np.ndarray, np.ndarray]


class _Watched(BallRounding):
    """Rounds every result; `told` are the signs of all comparisons on the way."""

    def __init__(self, fmt: Format, rng: np.random.Generator | None) -> None:
        super().__init__(fmt, np.random.default_rng(0) if rng is None else rng)
        self.exact = rng is None
        self.told: list[bytes] = []

    def __call__(self, node: Node, inputs: list[Balls], result: Balls) -> Balls:
        if isinstance(node, Map) and 0 not in result.shape:
            gaps = _gaps(node)
            given = [Constant(unmask(value.array(), _arb(0))) for value in inputs] if gaps else []
            for gap in gaps:
                values = evaluate([Map(gap, given)])[0].ravel().tolist()
                signs = [(value > 0) - (value < 0) for value in values]
                self.told.append(np.array(signs, dtype=np.int8).tobytes())
        return result if self.exact else super().__call__(node, inputs, result)


def _gaps(node: Map) -> list[sp.Expr]:
    """The differences between the sides of the comparisons that a Map makes."""
    if not node.expression.has(sp.Piecewise):
        return []
    found = sorted(node.expression.atoms(sp.core.relational.Relational), key=str)
    gaps = dict.fromkeys(relation.lhs - relation.rhs for relation in found)
    return [gap for gap in gaps if gap.free_symbols]


def across(certificate: Certificate, fmt: Format, seed: int) -> list[Interval] | None:
    """What gradients a rounding away range over, where comparisons come out otherwise there.

    fmt: what is computed in. Inputs of values stay: a step of the function itself is no matter of
    rounding. (low, high) of every gradient, float64, the truth included; None
    where all comparisons are decided alike.
    """
    problem = certificate.problem
    nodes = topological(problem.gradients)
    if not any(isinstance(node, Map) and _gaps(node) for node in nodes):
        return None
    precision = certificate.precision + 32
    here = _Watched(fmt, None)
    problem.evaluate(precision, value=False, after=here)
    lows = [enclosure.mid.copy() for enclosure in certificate.gradients]
    highs = [low.copy() for low in lows]
    large = sum(array.size for array in problem.arrays) > _LARGE
    crossed = False
    for number in range(_FEW if large else _RUNS):
        if number == _FEW and not crossed:
            break
        rng = np.random.default_rng([seed, 12, number])
        there = _Watched(fmt, rng)
        moved = None if problem.pointwise else _moved(problem.arrays, fmt, rng, precision)
        found = problem.evaluate(precision, moved, value=False, after=there)
        if there.told == here.told:
            continue
        crossed = True
        for low, high, balls in zip(lows, highs, found.values, strict=True):
            values = np.array([float(v) for v in balls.ravel().tolist()], dtype=np.float64)
            values = values.reshape(low.shape)
            np.fmin(low, values, out=low)
            np.fmax(high, values, out=high)
    return list(zip(lows, highs, strict=True)) if crossed else None


def _moved(
    arrays: Sequence[np.ndarray], fmt: Format, rng: np.random.Generator, precision: int
) -> list[np.ndarray]:
    """All inputs larger or smaller by the same share: which of two is larger, nobody rounds."""
    unit = 2.0**-fmt.precision * _INPUTS
    with working_precision(precision):
        factor = 1 + _arb(float(rng.uniform(-unit, unit)))
        return [
            np.asarray(to_balls(array) * factor, dtype=object).reshape(array.shape)
            for array in arrays
        ]


def below(certificate: Certificate, seed: int) -> list[tuple[np.ndarray, Interval]] | None:
    """Where second derivatives are asked for at kinks of first ones, and what passes there.

    For every gradient a mask, and (low, high): from zero to the limits of the formula. None where
    no first derivative has a kink, or nothing is known of them.
    """
    problem = certificate.problem
    if not problem.below:
        return None
    nearby = certificate.nearby
    if not nearby.approach.base.ties:
        return None
    first = certify_problem(replace(problem, gradients=problem.below, below=(), plans={}))
    masks = [first.status(number) == "kink" for number in range(len(problem.below))]
    if not any(mask.any() for mask in masks):
        return None
    result = []
    limits = nearby.sampled(seed)
    for number, mask in enumerate(masks):
        low, high = np.zeros(mask.shape), np.zeros(mask.shape)
        for limit in limits:
            there = np.array([float(v) for v in limit.values[number].tolist()], dtype=np.float64)
            np.fmin(low, there.reshape(mask.shape), out=low)
            np.fmax(high, there.reshape(mask.shape), out=high)
        result.append((mask, (low, high)))
    return result


def remainders(certificate: Certificate, fmt: Format) -> list[np.ndarray] | None:
    """What terms that cancel may leave of second derivatives that are exactly zero.

    A few roundings of the first derivative over the argument; zero where the truth is not, or
    arguments are. None where there are no such elements.
    """
    problem = certificate.problem
    if not problem.below:
        return None
    zeros = [
        np.array([bool(ball.is_zero()) for ball in e.balls.ravel().tolist()]).reshape(e.shape)
        for e in certificate.gradients
    ]
    if not any(mask.any() for mask in zeros):
        return None
    found = replace(problem, gradients=problem.below, below=(), plans={}).evaluate(
        certificate.precision, value=False
    )
    result = []
    for mask, balls, array in zip(zeros, found.values, problem.arrays, strict=True):
        size = np.zeros(mask.shape)
        if array.shape == mask.shape and balls.shape == mask.shape:
            first = np.array([abs(float(v)) for v in balls.ravel().tolist()]).reshape(mask.shape)
            known = mask & np.isfinite(first) & (array != 0)
            with np.errstate(all="ignore"):
                size[known] = _REMAIN * 2.0**-fmt.precision * first[known] / np.abs(array[known])
        result.append(np.where(np.isfinite(size), size, 0.0))
    return result
