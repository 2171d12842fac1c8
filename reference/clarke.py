"""Kinks: limits of gradients at nearby points, and the hull that they span.

The Clarke subdifferential at a point is the convex hull of the limits of gradients at nearby
points where the function is differentiable (Clarke 1983, theorem 2.5.1). Exactly that is
computed: the gradient graph is evaluated at x + εd for a tiny ε, with enough precision. Removable
singularities, such as 0 · ∞ in the derivative of sqrt(x⁴) at 0, resolve the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flint
import numpy as np

from reference.domains.certified import to_balls, working_precision
from reference.problem import Problem

__all__ = ["Limits", "Membership", "Nearby", "membership", "minimum_norm_point"]

_arb = flint.arb
_SETTLED_BITS = 40  # agreement of the two nearby points that counts as one limit
_STEP_BITS = 64  # how much closer the second nearby point is


@dataclass(frozen=True)
class Limits:
    """Flat object arrays, one per input: the limit of each gradient element along one direction.

    states: per element `limit`, `infinite`, `none` (it does not settle), `undefined`, or `blurred`
    (the enclosure would not shrink, so nothing is known).
    """

    values: tuple[np.ndarray, ...]
    states: tuple[np.ndarray, ...]


@dataclass
class Nearby:
    """Gradients infinitely near to the inputs of a problem.

    >>> from reference import build
    >>> from reference.problem import trace_nodes
    >>> nearby = Nearby(trace_nodes(lambda x: build.maximum(x, 0), [np.float32(0)]))
    >>> [float(nearby.along([np.array(d)]).values[0][0]) for d in (1.0, -1.0)]
    [1.0, 0.0]
    """

    problem: Problem
    max_precision: int = 16384
    bits: int = field(init=False)

    def __post_init__(self) -> None:
        wide = any(fmt.precision > 24 for fmt in self.problem.formats)
        self.bits = 1200 if wide else 500

    @property
    def floor(self) -> int:
        """Exponent of a size that no float of the problem's formats can tell from zero."""
        return min((fmt.tiny_exponent for fmt in self.problem.formats), default=-1074) - 20

    def along(self, direction: Sequence[np.ndarray]) -> Limits:
        """The limit of the gradients at x + ε · direction as ε falls to zero."""
        first = self._gradients(direction, self.bits)
        second = self._gradients(direction, self.bits + _STEP_BITS)
        values, states = [], []
        for one, two in zip(first, second, strict=True):
            value, state = _settle(one, two, self.floor)
            values.append(value)
            states.append(state)
        return Limits(tuple(values), tuple(states))

    @property
    def size(self) -> int:
        """The number of gradient elements."""
        return sum(array.size for array in self.problem.arrays)

    def random_directions(self, count: int = 0, seed: int = 0) -> list[list[np.ndarray]]:
        """Directions with entries that are random dyadic numbers, in pairs of opposite sign.

        count: 4 by default, 2 where there are very many elements.
        """
        count = count or (4 if self.size <= 50_000 else 2)
        rng = np.random.default_rng(seed)
        result: list[list[np.ndarray]] = []
        while len(result) < count:
            drawn = [self._random(rng, array.shape) for array in self.problem.arrays]
            result.append(drawn)
            result.append([-part for part in drawn])
        return result[:count]

    @staticmethod
    def _random(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        size = rng.integers(1, 1 << 20, size=shape)
        return np.asarray(size * rng.choice([-1, 1], size=shape) / (1 << 20), dtype=np.float64)

    def _gradients(self, direction: Sequence[np.ndarray], bits: int) -> list[np.ndarray]:
        precision = 2 * bits + 256
        previous: list[np.ndarray] | None = None
        while True:
            with working_precision(precision):
                step = _arb(2) ** -bits
                moved = [
                    np.asarray(to_balls(array) + to_balls(part) * step, dtype=object).reshape(
                        array.shape
                    )
                    for array, part in zip(self.problem.arrays, direction, strict=True)
                ]
            found = self.problem.evaluate(precision, moved, value=False)
            flats = [array.ravel() for array in found.values]
            rough = sum(int((~_sharp(flat, self.floor)).sum()) for flat in flats)
            done = rough == 0 and not found.unordered
            if done or 2 * precision > self.max_precision:
                return flats
            if previous is not None and not found.undecided and not found.unordered:
                before = sum(int((~_sharp(flat, self.floor)).sum()) for flat in previous)
                if before == rough:
                    return flats  # what stays undefined is not for lack of precision
            previous = flats
            precision *= 2


_accuracy = np.frompyfunc(_arb.rel_accuracy_bits, 1, 1)


def _sharp(flat: np.ndarray, floor: int) -> np.ndarray:
    """Where a ball is narrow against its own size, or sits tightly at zero."""
    sharp = np.asarray(_accuracy(flat), dtype=np.float64) > 100
    tiny = _arb(2) ** floor
    for number in np.flatnonzero(~sharp):
        sharp[number] = flat[number].is_finite() and bool(flat[number].rad() < tiny)
    return sharp


def _settle(one: np.ndarray, two: np.ndarray, floor: int) -> tuple[np.ndarray, np.ndarray]:
    values = np.array(two)
    states = np.full(one.size, "limit", dtype="U9")
    sharp = _sharp(one, floor) & _sharp(two, floor)  # equal midpoints of wide balls say nothing
    first = np.array([float(v) for v in one.tolist()], dtype=np.float64)
    second = np.array([float(v) for v in two.tolist()], dtype=np.float64)
    with np.errstate(invalid="ignore"):
        steady = np.abs(first - second) <= np.abs(second) * 2.0**-_SETTLED_BITS
    steady &= np.isfinite(second) & (np.abs(second) > 2.0**-900) & sharp
    for number in np.flatnonzero(~steady):
        values[number], states[number] = _settled(
            one[number], two[number], floor, bool(sharp[number])
        )
    return values, states


def _settled(one: Any, two: Any, floor: int, sharp: bool) -> tuple[Any, str]:
    """The limit of a sequence of which two members are known."""
    if not one.is_finite() or not two.is_finite():
        return _arb.nan(), "undefined"
    if not sharp:
        return two, "blurred"
    tiny = _arb(2) ** floor
    if two.is_zero() or (abs(one) < tiny and abs(two) < tiny):
        return _arb(0), "limit"
    with working_precision(256):
        first, second = abs(one.mid()), abs(two.mid())
        if abs(one.mid() - two.mid()) <= second * _arb(2) ** -_SETTLED_BITS:
            return two.mid(), "limit"
        if second <= first * _arb(2) ** -8:
            return _arb(0), "limit"
        if second >= first * _arb(2) ** 8:
            return _arb.nan(), "infinite"
    return _arb.nan(), "none"


@dataclass(frozen=True)
class Membership:
    """Whether a gradient lies in the Clarke subdifferential.

    answer: `member`, `not a member` or `undecided`. distance: to the hull of the limits found,
    in the scaled norm. tried: directions evaluated.
    """

    answer: str
    distance: float
    vertices: int
    tried: int


def minimum_norm_point(points: np.ndarray, rounds: int = 10000) -> tuple[np.ndarray, np.ndarray]:
    """(point, weights) of least Euclidean norm in the convex hull of the rows of `points`.

    Wolfe's algorithm (Math. Programming 11, 1976).

    >>> minimum_norm_point(np.array([[1.0, 1.0], [1.0, -1.0]]))[0].tolist()
    [1.0, 0.0]
    """
    start = int(np.argmin((points**2).sum(axis=1)))
    corral = [start]
    weights = np.array([1.0])
    for _ in range(rounds):
        x = weights @ points[corral]
        best = int(np.argmin(points @ x))
        scale = max(1.0, float((points**2).sum(axis=1).max()))
        if points[best] @ x >= x @ x - 1e-13 * scale or best in corral:
            break
        corral.append(best)
        weights = np.append(weights, 0.0)
        while True:
            affine = _affine_minimizer(points[corral])
            if (affine > 1e-14).all():
                weights = affine
                break
            falling = affine <= 1e-14
            gap = np.maximum(weights[falling] - affine[falling], 1e-300)
            theta = float(min(1.0, (weights[falling] / gap).min()))
            weights = weights + theta * (affine - weights)
            keep = weights > 1e-14
            corral = [c for c, k in zip(corral, keep, strict=True) if k]
            weights = weights[keep] / weights[keep].sum()
    full = np.zeros(len(points))
    full[corral] = weights
    return full @ points, full


def _affine_minimizer(points: np.ndarray) -> np.ndarray:
    """Affine weights of the point of least norm in the affine hull."""
    count = len(points)
    if count == 1:
        return np.array([1.0])
    edges = points[1:] - points[0]
    tail, *_ = np.linalg.lstsq(edges.T, -points[0], rcond=None)
    return np.concatenate(([1.0 - tail.sum()], tail))


def membership(
    problem: Problem,
    gradients: Sequence[np.ndarray],
    scales: Sequence[np.ndarray],
    *,
    where: Sequence[np.ndarray] | None = None,
    nearby: Nearby | None = None,
    budget: int | None = None,
    seed: int = 0,
) -> Membership:
    """Decide whether gradients, over all inputs jointly, lie in the Clarke subdifferential.

    scales: the allowance of every element, such as half a ULP times the judge's threshold: a
    distance of at most 1 in every element counts as zero. where: masks of the elements that are
    compared, all by default. budget: nearby gradients to evaluate; by default 200, fewer where
    there are very many elements.

    Limits are found as columns are in linear programming: towards and away from the residual,
    and in random directions. A point with no hull near it is `not a member` once 24 directions
    in a row brought nothing new, `undecided` when the budget ends first.
    """
    nearby = nearby or Nearby(problem)
    scale = np.concatenate([np.asarray(s, dtype=np.float64).ravel() for s in scales])
    goal = np.concatenate([np.asarray(g, dtype=np.float64).ravel() for g in gradients])
    total = goal.size
    chosen = np.arange(total)
    if where is not None:
        chosen = np.flatnonzero(np.concatenate([np.asarray(mask).ravel() for mask in where]))
    goal, scale = goal[chosen], scale[chosen]
    if not np.isfinite(goal).all():
        return Membership("not a member", np.inf, 0, 0)
    if budget is None:
        budget = max(4, min(200, 2_000_000 // max(1, total)))
    rng = np.random.default_rng(seed)
    vertices: list[np.ndarray] = []
    tried = idle = 0
    distance = np.inf
    residual: np.ndarray | None = None
    while tried < budget:
        if residual is not None and tried % 3 != 2:
            flat = residual if tried % 3 == 0 else -residual
            full = np.zeros(total)
            full[chosen] = flat / scale
            direction = _towards(full, problem, rng)
        else:
            direction = [nearby._random(rng, array.shape) for array in problem.arrays]
        tried += 1
        limits = nearby.along(direction)
        states = np.concatenate([state.ravel() for state in limits.states])[chosen]
        if (states != "limit").any():
            idle += 1
        else:
            values = np.concatenate([value.ravel() for value in limits.values])[chosen]
            vertex = _difference(values, goal, scale)
            if any(np.abs(vertex - known).max(initial=0) < 1e-6 for known in vertices):
                idle += 1
            else:
                idle = 0
                vertices.append(vertex)
                nearest, _ = minimum_norm_point(np.array(vertices))
                distance = float(np.abs(nearest).max(initial=0))
                residual = -nearest
                if distance <= 1.0:
                    return Membership("member", distance, len(vertices), tried)
        if idle >= 24 and vertices:
            return Membership("not a member", distance, len(vertices), tried)
    return Membership("undecided", distance, len(vertices), tried)


def _difference(values: np.ndarray, goal: np.ndarray, scale: np.ndarray) -> np.ndarray:
    with working_precision(256):
        gap = values - to_balls(goal)
        floats: np.ndarray = np.array([float(v) for v in gap.tolist()], dtype=np.float64)
    return np.asarray(floats / scale)


def _towards(flat: np.ndarray, problem: Problem, rng: np.random.Generator) -> list[np.ndarray]:
    """The flat vector as arrays, made generic by a little randomness where it is zero."""
    size = float(np.abs(flat).max(initial=0.0)) or 1.0
    flat = flat / size + rng.uniform(-1e-6, 1e-6, size=flat.shape)
    parts, start = [], 0
    for array in problem.arrays:
        parts.append(flat[start : start + array.size].reshape(array.shape))
        start += array.size
    return parts
