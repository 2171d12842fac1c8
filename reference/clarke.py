"""Kinks: limits of gradients at nearby points, and the hull that they span.

The Clarke subdifferential at a point is the convex hull of the limits of gradients at nearby
points where the function is differentiable (Clarke 1983, theorem 2.5.1). Where comparisons are
tied and nothing is singular, a limit is the formula at the point itself, with the ties decided
as they are in one direction (`reference.approach`). Elsewhere the gradient graph is evaluated at
x + εd for a tiny ε, with enough precision. Removable singularities, such as 0 · ∞ in the
derivative of sqrt(x⁴) at 0, resolve that way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import flint
import numpy as np

from reference.approach import Approach, Found
from reference.domains.certified import Evaluation, to_balls, working_precision
from reference.hulls import decide, minimum_norm_point
from reference.problem import Problem
from reference.ties import Cells, cells_of, parts_of

__all__ = ["Limits", "Membership", "Nearby", "Survey", "membership", "minimum_norm_point"]

_arb = flint.arb
_SETTLED_BITS = 40  # agreement of the two nearby points that counts as one limit
_LEAST = 1e-300  # allowance
_RANKED = 64  # elements up to which every rank of every one is tried
_SURVEYED = 4000  # elements up to which ties are taken apart
_STEP_BITS = 64  # how much closer the second nearby point is


@dataclass(frozen=True)
class Limits:
    """Flat object arrays, one per input: the limit of each gradient element along one direction.

    states: per element `limit`, `infinite`, `none` (it does not settle), `undefined`, or `blurred`
    (the enclosure would not shrink, so nothing is known).
    """

    values: tuple[np.ndarray, ...]
    states: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Survey:
    """Limits along several directions; all there are, unless `why` says what may be missing."""

    limits: list[Limits]
    why: str = ""


@dataclass
class Nearby:
    """Gradients infinitely near to the inputs of a problem.

    base: the evaluation of its value and gradients at the point, where it is known.

    >>> from reference import build
    >>> from reference.problem import trace_nodes
    >>> nearby = Nearby(trace_nodes(lambda x: build.maximum(x, 0), [np.float32(0)]))
    >>> [float(nearby.along([np.array(d)]).values[0][0]) for d in (1.0, -1.0)]
    [1.0, 0.0]
    """

    problem: Problem
    max_precision: int = 16384
    base: Evaluation | None = None
    bits: int = field(init=False)
    _survey: Survey | None = field(init=False, default=None)
    _patterns: dict[bytes, Found] = field(init=False, default_factory=dict)
    _known: dict[bytes, Limits] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        wide = any(fmt.precision > 24 for fmt in self.problem.formats)
        self.bits = 1200 if wide else 500

    @property
    def floor(self) -> int:
        """Exponent of a size that no float of the problem's formats can tell from zero."""
        return min((fmt.tiny_exponent for fmt in self.problem.formats), default=-1074) - 20

    def along(self, direction: Sequence[np.ndarray]) -> Limits:
        """The limit of the gradients at x + ε · direction as ε falls to zero (kept)."""
        parts = [np.asarray(part, dtype=np.float64, order="C") for part in direction]
        key = hashlib.blake2b(b"".join(part.tobytes() for part in parts)).digest()
        if key not in self._known:
            found = self.approach.along(parts, self._patterns)
            if found is None:
                self._known[key] = self._stepping(parts)
            else:
                states = [np.full(flat.size, "limit", dtype="U9") for flat in found.values]
                self._known[key] = Limits(tuple(found.values), tuple(states))
        return self._known[key]

    @cached_property
    def approach(self) -> Approach:
        """The ties at the point."""
        return Approach(self.problem, self.floor, self.base)

    def seen(self) -> list[Limits]:
        """The limits found so far."""
        return list(self._known.values())

    def canonical_directions(
        self, own: Sequence[np.ndarray] | None = None
    ) -> list[list[np.ndarray]]:
        """Directions in which engines choose: all up, all down, by place, as the gradient is."""
        count = self.size
        places = np.arange(count, dtype=np.float64)
        made = [np.ones(count), -np.ones(count)]
        if count <= _SURVEYED:
            made += [places + 1, -places - 1]
        if count <= _SURVEYED and own is not None:
            flat = np.concatenate([np.asarray(part, dtype=np.float64).ravel() for part in own])
            flat = np.where(np.isfinite(flat), flat, 0.0)
            ends = self._ends(flat)
            made += [flat, -flat, ends, -ends]
        return self._generic(made)

    def ranked_directions(self) -> list[list[np.ndarray]]:
        """With few elements: directions in which every element has every rank once."""
        count = self.size
        places = np.arange(count) - (count - 1) / 2
        turns = range(count) if 2 < count <= _RANKED else ()
        return self._generic([np.roll(places, turn) for turn in turns])

    def _ends(self, own: np.ndarray) -> np.ndarray:
        """Up where a gradient is at the upper end of what its limits can be, down at the lower."""
        middle, radius = np.zeros(own.size), np.ones(own.size)
        for number, ball in enumerate(np.concatenate(self.approach.hull or [own]).tolist()):
            if isinstance(ball, _arb) and ball.is_finite() and not ball.rad().is_zero():
                middle[number], radius[number] = float(ball.mid()), float(ball.rad())
        with np.errstate(over="ignore", invalid="ignore"):
            return np.clip(np.nan_to_num((own - middle) / radius), -1.0, 1.0)

    def _generic(self, made: Sequence[np.ndarray]) -> list[list[np.ndarray]]:
        rng = np.random.default_rng(self.size)
        noise = 1e-3 / max(1, self.size)
        return [_towards(one, self.problem, rng, noise) for one in made if one.any()]

    def first_directions(self, seed: int = 0) -> list[list[np.ndarray]]:
        """A few directions that show where limits differ."""
        if self.size > _SURVEYED and self.approach.hull is not None:
            return self.canonical_directions()
        return self.random_directions(seed=seed)

    def sampled(self, seed: int) -> list[Limits]:
        """Limits that show how large gradients are around the point."""
        if self.approach.hull is not None:
            return [self.along(direction) for direction in self.first_directions(seed)]
        survey = self.survey()
        more = self.random_directions(seed=seed) if survey.why else []
        return [*survey.limits, *(self.along(direction) for direction in more)]

    def _stepping(self, direction: Sequence[np.ndarray]) -> Limits:
        first = self._gradients(direction, self.bits)
        second = self._gradients(direction, self.bits + _STEP_BITS)
        values, states = [], []
        for one, two in zip(first, second, strict=True):
            value, state = _settle(one, two, self.floor)
            values.append(value)
            states.append(state)
        return Limits(tuple(values), tuple(states))

    def survey(self) -> Survey:
        """The limits in all directions that matter at the point (once)."""
        if self._survey is None:
            cells = (
                cells_of(self.problem, Nearby)
                if self.size <= _SURVEYED
                else Cells([], "there are too many elements")
            )
            limits = [self.along(parts_of(cell, self.problem.arrays)) for cell in cells.directions]
            self._survey = Survey(limits, cells.why)
        return self._survey

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

    def pointed_directions(
        self, own: Sequence[np.ndarray], failing: Sequence[np.ndarray], seed: int = 0
    ) -> list[list[np.ndarray]]:
        """Random directions, those of the arrays `own`, and along the first failing elements."""
        if self.approach.hull is not None:
            return []  # what may be a kink is known without
        count = 32 if self.size <= _SURVEYED else 4
        result = self.random_directions(count, seed + 1)
        flat = np.concatenate([np.asarray(part, dtype=np.float64).ravel() for part in own])
        flat = np.where(np.isfinite(flat), flat, 0.0)
        rng = np.random.default_rng(seed)
        places = np.flatnonzero(np.concatenate([mask.ravel() for mask in failing]))[:count]
        chosen = [flat, -flat] if flat.any() else []
        for place in places:
            for sign in (1.0, -1.0):
                chosen.append(np.zeros(flat.size))
                chosen[-1][place] = sign
        return result + [_towards(one, self.problem, rng, 1e-3) for one in chosen]

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
    as a multiple of what is allowed. tried: directions evaluated. why: where it is undecided.
    """

    answer: str
    distance: float
    vertices: int
    tried: int
    why: str = ""


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
    compared, all by default. budget: nearby gradients to evaluate; by default 64, fewer where
    there are very many elements.

    A mean of limits is a `member`. It is `not a member` where a plane has it on one side and all
    limits on the other: those that were found, if all can be listed (`reference.ties`), or the
    tangent of the function along the plane's normal (`reference.supporting`). Limits are looked
    for where engines choose, and as columns are in linear programming: towards and away from the
    residual, and in random directions. The rest is `undecided`.
    """
    nearby = nearby or Nearby(problem)
    scale = np.concatenate([np.asarray(s, dtype=np.float64).ravel() for s in scales])
    scale = np.maximum(scale, _LEAST)  # where every limit is zero
    goal = np.concatenate([np.asarray(g, dtype=np.float64).ravel() for g in gradients])
    total = goal.size
    chosen = np.arange(total)
    if where is not None:
        chosen = np.flatnonzero(np.concatenate([np.asarray(mask).ravel() for mask in where]))
    whole = goal
    goal, scale = goal[chosen], scale[chosen]
    if not np.isfinite(goal).all():
        return Membership("not a member", np.inf, 0, 0)
    if budget is None:
        budget = max(4, min(64 + 2 * min(chosen.size, 64), 2_000_000 // max(1, total)))
    search = _Search(chosen, goal, scale)
    shapes = [array.shape for array in problem.arrays]
    search.aligned = [np.shape(part) for part in gradients] == shapes
    if _beyond(nearby, chosen, goal, scale):
        return Membership("not a member", np.inf, 0, 0)
    for limits in nearby.seen():
        search.add(limits)
    search.settle()
    search.look_where_engines_choose(nearby, gradients)
    if search.climbed(nearby, budget):
        return search.membership("not a member")
    if search.answer == "inside":
        return search.membership("member")
    why = search.look_everywhere(nearby)
    if search.answer == "inside" or (search.answer == "outside" and not why):
        return search.membership("member" if search.answer == "inside" else "not a member")
    return _searched(search, nearby, whole, budget, seed, why)


def _searched(
    search: _Search, nearby: Nearby, whole: np.ndarray, budget: int, seed: int, why: str
) -> Membership:
    """What a search for vertices brings."""
    problem = nearby.problem
    rng = np.random.default_rng(seed)
    given = np.where(np.isfinite(whole), whole, 0.0)
    own = (given, -given) if given.any() and search.aligned else ()
    queue = [parts_of(part, problem.arrays) for part in own]
    queue += nearby.random_directions(seed=seed)  # gradients point their own way at a cone's tip
    idle = 0
    budget += len(search.tried)
    while len(search.tried) < budget and idle < _IDLE:
        before = len(search.vertices)
        direction = queue.pop(0) if queue else search.next_direction(problem, rng)
        search.add(nearby.along(direction), direction)
        idle = 0 if len(search.vertices) > before else idle + 1
        if not queue and (len(search.vertices) > before or search.answer == "open"):
            search.settle()
            if search.answer == "outside" and search.proved(nearby):
                return search.membership("not a member")
        if search.answer == "inside":
            return search.membership("member")
    search.settle()
    if search.answer == "inside":
        return search.membership("member")
    return search.membership("undecided", why or "the search ended without an answer")


def _beyond(nearby: Nearby, chosen: np.ndarray, goal: np.ndarray, scale: np.ndarray) -> bool:
    """Whether one element alone lies outside all that its limits can be."""
    hull = nearby.approach.hull
    if hull is None:
        return False
    balls = np.concatenate(hull)[chosen]
    with working_precision(256):
        return any(
            ball.is_finite() and bool(abs(ball - _arb(float(g))) > _arb(float(s)))
            for ball, g, s in zip(balls.tolist(), goal, scale, strict=True)
        )


_IDLE = 24  # directions in a row that bring nothing new


class _Search:
    """Vertices found so far, and where the goal lies."""

    def __init__(self, chosen: np.ndarray, goal: np.ndarray, scale: np.ndarray) -> None:
        self.chosen = chosen
        self.goal = goal
        self.scale = scale
        self.vertices: list[np.ndarray] = []
        self.answer = "open"
        self.distance = float("inf")
        self.direction: np.ndarray | None = None
        self.normal: np.ndarray | None = None
        self.aligned = True  # the gradients have the inputs' shapes
        self.ranked: list[int] = []
        self.tried: list[np.ndarray] = []
        self.found: list[np.ndarray] = []

    def add(
        self, limits: Limits, direction: Sequence[np.ndarray] = (), ranked: bool = False
    ) -> bool:
        """Take in the limits along a direction; whether all of them are numbers."""
        if ranked:
            self.ranked.append(len(self.tried))
        flat = [np.asarray(part, dtype=np.float64).ravel() for part in direction]
        self.tried.append(np.concatenate(flat) if flat else np.zeros(0))
        self.found.append(np.zeros(0))
        states = np.concatenate([state.ravel() for state in limits.states])[self.chosen]
        if (states != "limit").any():
            return False
        values = np.concatenate([value.ravel() for value in limits.values])[self.chosen]
        vertex = np.array([float(v) for v in values.tolist()], dtype=np.float64)
        if not np.isfinite(vertex).all():
            return False
        self.found[-1] = vertex
        known = any((np.abs(vertex - old) <= self.scale * 1e-3).all() for old in self.vertices)
        if not known:
            self.vertices.append(vertex)
        return True

    def next_direction(self, problem: Problem, rng: np.random.Generator) -> list[np.ndarray]:
        """Where the next vertex is looked for: four ways, in turn.

        With every element from the direction that brought its gradient nearest to the goal;
        towards the residual and away from it; at random.
        """
        total = sum(array.size for array in problem.arrays)
        turn = len(self.tried) % 4 if self.aligned else 3
        pairs = [
            (tried, found)
            for tried, found in zip(self.tried, self.found, strict=True)
            if tried.size and found.size
        ]
        full = np.zeros(total)
        if turn == 0 and self.ranked:
            pairs = [(self.tried[k], self.found[k]) for k in self.ranked if self.found[k].size]
        if turn == 0 and pairs:
            directions = np.array([tried[self.chosen] for tried, _ in pairs])
            gaps = np.abs(np.array([found for _, found in pairs]) - self.goal)
            gaps = gaps + rng.uniform(0, 1, size=gaps.shape) * self.scale
            best = np.argmin(gaps, axis=0)
            full[self.chosen] = directions[best, np.arange(best.size)]
            return _towards(full, problem, rng)
        if self.direction is not None and turn < 3:
            sizes = self.scale / self.scale.max()
            full[self.chosen] = self.direction / np.where(sizes > 0, sizes, 1.0)
            return _towards(full if turn == 1 else -full, problem, rng)
        return [Nearby._random(rng, array.shape) for array in problem.arrays]

    def look_where_engines_choose(self, nearby: Nearby, gradients: Sequence[np.ndarray]) -> None:
        """Take in limits in directions that suggest themselves, where they cost little."""
        if self.answer == "inside" or nearby.approach.hull is None:
            return
        for direction in nearby.canonical_directions(gradients if self.aligned else None):
            self.add(nearby.along(direction), direction)
        self.settle()
        if self.answer != "inside":
            for direction in nearby.ranked_directions():
                self.add(nearby.along(direction), direction, ranked=True)
            self.settle()

    def look_everywhere(self, nearby: Nearby) -> str:
        """Take in the limits in all directions that matter; why these may not be all."""
        survey = nearby.survey()
        why = survey.why
        for limits in survey.limits:
            if not self.add(limits):
                why = why or "a limit is infinite or does not exist"
        self.settle()
        return why

    def membership(self, answer: str, why: str = "") -> Membership:
        """The answer, and what was done for it."""
        return Membership(answer, self.distance, len(self.vertices), len(self.tried), why)

    def climbed(self, nearby: Nearby, budget: int) -> bool:
        """Whether it is proved outside; vertices are looked for beyond the plane until then.

        That is linear programming by columns, where it is known in which direction the limits
        beyond a plane lie: among equal keys of a sort, and, where there are no ties but a norm is
        zero, in that of the plane.
        """
        if self.answer == "outside" and self.aligned:  # it may be a corner itself
            own = nearby.approach.climbing(self._parts(self.goal, nearby))
            if own is not None:
                self.add(nearby.along(own), own)
                self.settle()
        for _ in range(budget):
            if self.answer != "outside" or self.normal is None:
                return False
            if self.proved(nearby):
                return True
            beyond = self._parts(-self.normal, nearby)
            if nearby.approach.base.ties:
                ordered = nearby.approach.climbing(beyond)
                if ordered is None:
                    return False
                beyond = ordered
            before = len(self.vertices)
            if not self.aligned or not self.add(nearby.along(beyond), beyond):
                return False
            if len(self.vertices) == before:
                return False
            self.settle()
        return False

    def _parts(self, chosen: np.ndarray, nearby: Nearby) -> list[np.ndarray]:
        """Arrays like the inputs, zero but for the elements that are compared."""
        full = np.zeros(nearby.size)
        full[self.chosen] = chosen
        return parts_of(full, nearby.problem.arrays)

    def proved(self, nearby: Nearby) -> bool:
        """Whether the plane found has all limits on the other side, also those not found."""
        if self.normal is None or not self.aligned:
            return False
        bound = nearby.approach.bound(self._parts(self.normal, nearby))
        if bound is None:
            return False
        with working_precision(256):
            level = _arb(0)
            for n, g, s in zip(self.normal, self.goal, self.scale, strict=True):
                level += _arb(float(n)) * _arb(float(g)) + _arb(abs(float(n))) * _arb(float(s))
            return bool(bound > level)

    def settle(self) -> None:
        """Where the goal lies with respect to the vertices so far."""
        if self.vertices:
            self.answer, self.distance, self.direction, self.normal = decide(
                np.array(self.vertices), self.goal, self.scale
            )


def _towards(
    flat: np.ndarray, problem: Problem, rng: np.random.Generator, noise: float = 1e-6
) -> list[np.ndarray]:
    """The flat vector as arrays, made generic by a little randomness where it is zero."""
    size = float(np.abs(flat).max(initial=0.0)) or 1.0
    flat = flat / size + rng.uniform(-noise, noise, size=flat.shape)
    return parts_of(flat, problem.arrays)
