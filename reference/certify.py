"""Gradients with proof: balls narrower than any float can tell, or a report of why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import Any

import flint
import numpy as np

from reference.clarke import Limits, Nearby
from reference.domains.certified import Evaluation, to_balls, working_precision
from reference.enclosure import Enclosure
from reference.floats import Format
from reference.graph import Solve
from reference.problem import Problem, trace

__all__ = ["Certificate", "Finding", "certify", "certify_problem"]

_arb = flint.arb
_MORE = 16  # directions, in pairs, where ties are more and the first directions agree
_SMALL = 1000  # elements up to which they are looked at
_FEW = 12  # tied elements up to which all directions are looked at for a certificate
_NO_FACTORS = (
    "no simple root of the equations: a matrix with equal eigenvalues has no such factors"
)
_JUMP = "the function jumps: its value at the point is not the limit of those nearby"
_STEEP = "the derivative by another argument is infinite: there is no set to choose from"
_GAP = 2.0**-40  # of a value, or of one: a larger change infinitely near is a jump
_SEVERAL_ROOTS = "equal eigenvalues, and nearby derivatives differ"
_SLACK = 10  # a radius below 2**-10 ULP decides every rounding but the closest


@dataclass(frozen=True)
class Finding:
    """Elements of one gradient (or of the value) that are no single certified number.

    argument: its number, or None for the value. kind: `kink`, `undefined`, `undecided`, or
    `limit` where the number is certified as the limit of nearby gradients.
    """

    argument: int | None
    positions: tuple[tuple[int, ...], ...]
    kind: str
    reason: str


@dataclass(frozen=True)
class Certificate:
    """Enclosures of a value and of its gradients at the exact inputs.

    gradients: one per array. precision: bits they were computed with. dtypes: of the arrays.
    findings: where there is no single number, and why.
    """

    value: Enclosure
    gradients: tuple[Enclosure, ...]
    precision: int
    dtypes: tuple[str, ...]
    findings: tuple[Finding, ...]
    problem: Problem
    around: Nearby | None = field(default=None, repr=False, compare=False)

    @cached_property
    def nearby(self) -> Nearby:
        """Gradients infinitely near to the point; what was found of them is kept."""
        if self.around is not None and self.around.problem is self.problem:
            return self.around
        return Nearby(self.problem)

    @property
    def certified(self) -> bool:
        """Whether every gradient element is a single number, known to 2**-10 ULP."""
        return all(f.kind == "limit" for f in self.findings if f.argument is not None)

    def status(self, argument: int) -> np.ndarray:
        """Per element: `certified`, `kink`, `undefined` or `undecided`."""
        result = np.full(self.gradients[argument].shape, "certified", dtype="U9")
        for finding in self.findings:
            if finding.argument == argument and finding.kind != "limit":
                for position in finding.positions:
                    result[position] = finding.kind
        return result

    @property
    def several_roots(self) -> bool:
        """Whether kinks are where eigenvalues are equal, so that their limits are no polytope."""
        return any(finding.reason.startswith(_SEVERAL_ROOTS) for finding in self.findings)

    def report(self) -> str:
        """What is certified and what is not, in a few lines of text."""
        lines = [f"value {_summary(self.value)}"]
        for number, (name, dtype, enclosure) in enumerate(
            zip(self.problem.names, self.dtypes, self.gradients, strict=True)
        ):
            good = int((self.status(number) == "certified").sum())
            lines.append(
                f"gradient of {name} ({dtype}, shape {enclosure.shape}): {good} of "
                f"{enclosure.size} numbers known to 2**-{_SLACK} ULP, at {self.precision} bits"
            )
        for finding in self.findings:
            where = "value" if finding.argument is None else self.problem.names[finding.argument]
            shown = ", ".join(_place(p) for p in finding.positions[:5])
            more = len(finding.positions) - 5
            rest = f" and {more} more" if more > 0 else ""
            lines.append(f"  {finding.kind} in {where} at {shown}{rest}: {finding.reason}")
        return "\n".join(lines)


def _summary(value: Enclosure) -> str:
    return value.to_text(17) if value.size <= 4 else f"of shape {value.shape}"


def _place(position: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, position)) + "]" if position else "()"


def certify(
    f: Callable[..., Any],
    *arrays: Any,
    cotangent: Any = None,
    order: int = 1,
    direction: Any = None,
    max_precision: int = 16384,
) -> Certificate:
    """Enclose the gradient of f at the exact values of the given floats.

    f: a function of the oracle's tensors, written with operators and NumPy functions. arrays:
    its arguments; a float means exactly the number that it holds. cotangent: weights of a
    non-scalar output. order: 2 for the gradient of <gradient, direction>. Precision is doubled
    until every radius is below 2**-10 ULP of the argument's dtype; where that cannot be (ties,
    undefined points), `findings` and `report()` say where and why.

    Raises RuntimeError for a non-scalar output without a cotangent.

    >>> certificate = certify(lambda x: (x * x).sum(), np.array([0.1, 2.0], np.float32))
    >>> certificate.gradients[0].to_text(12)
    '[0.200000002980, 4.00000000000]'
    >>> print(certificate.report())  # doctest: +NORMALIZE_WHITESPACE
    value 4.0100000002980232
    gradient of x (float32, shape (2,)): 2 of 2 numbers known to 2**-10 ULP, at 96 bits
    """
    problem = trace(f, arrays, cotangent=cotangent, order=order, direction=direction)
    return certify_problem(problem, max_precision=max_precision)


def certify_problem(problem: Problem, *, max_precision: int = 16384) -> Certificate:
    """The certificate of a traced problem; see :func:`certify`."""
    widest = max((fmt.precision for fmt in problem.formats), default=53)
    precision = 96 if widest <= 24 else 128
    loose_before = -1
    diagnose = False
    while True:
        found = problem.evaluate(precision, diagnose=diagnose)
        tight = [
            Enclosure(balls, precision).tight(fmt, _SLACK)
            for balls, fmt in zip(found.values[1:], problem.formats, strict=True)
        ]
        value = Enclosure(found.values[0], precision)
        output_format = max(problem.formats, key=lambda fmt: fmt.precision, default=None)
        tight_value = output_format is None or bool(value.tight(output_format, _SLACK).all())
        loose = sum(int((~mask).sum()) for mask in tight) + (not tight_value)
        if (loose == 0 and not found.unordered) or 2 * precision > max_precision:
            break
        if loose == loose_before and _is_hopeless(found, tight):
            break
        diagnose = diagnose or any(not _finite(balls).all() for balls in found.values)
        loose_before = loose
        precision = _next(precision, found, tight, problem.formats)
        while precision > max_precision:
            precision //= 2
    enclosures, findings, nearby = _resolve(problem, found, tight, precision, max_precision)
    return Certificate(
        value,
        tuple(enclosures),
        precision,
        tuple(fmt.name for fmt in problem.formats),
        (*findings, *_value_findings(value)),
        problem,
        nearby,
    )


def _next(
    precision: int, found: Evaluation, tight: Sequence[np.ndarray], formats: Sequence[Format]
) -> int:
    """The precision to go on with: doubled, and doubled again while it is known not to do.

    What is left of terms that cancel shrinks by a bit with every bit of precision. Where the
    sum may be zero, its ball must come down to the smallest numbers of the format.
    """
    wanted = 2 * precision
    if found.unordered or found.ties or found.undecided:
        return wanted
    missing = 0
    for balls, mask, fmt in zip(found.values[1:], tight, formats, strict=True):
        for ball in balls[~mask].tolist():
            if not ball.is_finite():
                return wanted
            if ball.contains(0):
                mantissa, exponent = ball.rad().man_exp()
                size = int(exponent) + int(mantissa).bit_length()
                missing = max(missing, size - (fmt.tiny_exponent - _SLACK))
    while wanted < precision + missing:
        wanted *= 2
    return wanted


def _finite(balls: np.ndarray) -> np.ndarray:
    return np.array([v.is_finite() for v in balls.ravel().tolist()], dtype=bool).reshape(
        balls.shape
    )


def _is_hopeless(found: Evaluation, tight: Sequence[np.ndarray]) -> bool:
    """No precision helps: a function left its domain at arguments that are known exactly."""
    if not found.singular or found.unordered:
        return False
    return all(
        bool((~_finite(balls))[~mask].all())
        for balls, mask in zip(found.values[1:], tight, strict=True)
    )


def _value_findings(value: Enclosure) -> list[Finding]:
    bad = ~value.finite
    if not bad.any():
        return []
    positions = tuple(tuple(int(i) for i in p) for p in np.argwhere(bad))
    reason = "the function is not finite or not defined there"
    return [Finding(None, positions, "undefined", reason)]


def _resolve(
    problem: Problem,
    found: Evaluation,
    tight: Sequence[np.ndarray],
    precision: int,
    max_precision: int,
) -> tuple[list[Enclosure], list[Finding], Nearby]:
    """Where there were ties or undefined points: what the nearby gradients say."""
    gradients = found.values[1:]
    nearby = Nearby(problem, max(max_precision, 16384), found)
    if all(mask.all() for mask in tight) and not found.ties and not found.unordered:
        return [Enclosure(balls, precision) for balls in gradients], [], nearby
    enclosures = [Enclosure(balls, precision) for balls in gradients]
    if problem.pointwise and not found.unordered and not found.undecided:
        return enclosures, _nowhere(tight), nearby
    loose = _loose(nearby, enclosures, tight)
    if not any(mask.any() for mask in loose):
        return enclosures, [], nearby
    factors = any(isinstance(s.node, Solve) and s.node.start is not None for s in found.singular)
    # two that are no opposites: the middle one of three eigenvalues is the same for these
    directions = nearby.random_directions(4)[::2] if factors else nearby.first_directions()
    limits = [nearby.along(direction) for direction in directions]
    several = nearby.approach.hull is not None and _differ(limits, loose, problem.formats)
    few = sum(len(tie.positions) for tie in found.ties) <= _FEW
    # where some directions agree, by chance perhaps, every cell is asked all the same
    if nearby.approach.hull is not None and few and not nearby.survey().why:
        limits, several = nearby.survey().limits, False
    elif nearby.approach.hull is not None and not several and nearby.size <= _SMALL:
        more = nearby.random_directions(_MORE, seed=1)[::2]
        limits = [*limits, *(nearby.along(direction) for direction in more)]
        several = _differ(limits, loose, problem.formats)
    findings = []
    steep, jumps = _steep(limits, problem.formats), cache(partial(_jumps, nearby))
    for number, fmt in enumerate(problem.formats):
        balls = np.array(gradients[number].ravel())
        good = tight[number].ravel() & (not found.unordered)
        examples: dict[str, str] = {}
        kinds: dict[tuple[str, str], list[int]] = {}
        steady = good & _unmoved(balls, limits, number, fmt) & (not several)
        for place in np.flatnonzero(loose[number] & ~steady).tolist():
            ball, kind, reason = _judge(
                balls[place], bool(good[place]), limits, number, place, fmt
            )
            if factors and kind == "kink":
                reason = f"{_SEVERAL_ROOTS} ({reason.partition(' (')[2]}"
            elif factors and kind == "undecided":
                kind, reason = "undefined", _NO_FACTORS
            none = _why_none(
                kind, bool(good[place]), jumps, [m for m in steep if m.size == balls.size], place
            )
            kind, reason = ("undefined", none) if none else (kind, reason)
            if several and kind in ("certified", "limit"):
                kind, reason = "kink", "a tie that makes others differ may decide it"
            balls[place] = ball
            if kind != "certified":
                kinds.setdefault((kind, reason.partition(" (")[0]), []).append(place)
                examples.setdefault(kind, reason)
        shape = gradients[number].shape
        enclosures[number] = Enclosure(balls.reshape(shape), precision)
        for (kind, reason), places in kinds.items():
            indices = tuple(tuple(int(i) for i in np.unravel_index(p, shape)) for p in places)
            shown = examples[kind] if examples[kind].startswith(reason) else reason
            findings.append(Finding(number, indices, kind, shown))
    return enclosures, findings, nearby


def _why_none(
    kind: str, good: bool, jumps: Callable[[], bool], steep: Sequence[np.ndarray], place: int
) -> str:
    """Why there is neither a derivative nor a set of them, where that is so.

    good: the formula gives a number at the point. steep: masks of the arguments of its size.
    """
    if kind == "limit" and good and jumps():
        return _JUMP
    return _STEEP if kind == "kink" and any(mask[place] for mask in steep) else ""


def _steep(limits: Sequence[Limits], formats: Sequence[Format]) -> list[np.ndarray]:
    """Where the derivative by an argument grows without bound, flat."""
    return [
        np.logical_or.reduce(
            [np.isin(limit.states[number], ("infinite", "none")) for limit in limits]
        )
        for number in range(len(formats))
    ]


def _jumps(nearby: Nearby) -> bool:
    """Whether a value that is known at the point is another one infinitely near to it.

    There, the formula at the point and the limit of the gradients may differ, and neither is a
    derivative by all arguments: `heaviside(x, values)` at x = 0 is `values`, for that x alone.
    """
    problem, precision = nearby.problem, 2 * nearby.bits + 256
    here = problem.evaluate(precision).values[0].ravel()
    for direction in nearby.random_directions(2):
        with working_precision(precision):
            step = _arb(2) ** -nearby.bits
            moved = [
                np.asarray(to_balls(array) + to_balls(part) * step, dtype=object).reshape(
                    array.shape
                )
                for array, part in zip(problem.arrays, direction, strict=True)
            ]
            there = problem.evaluate(precision, moved).values[0].ravel()
            pairs = zip(here.tolist(), there.tolist(), strict=True)
            if any(abs(two - one) > _GAP * (1 + abs(one)) for one, two in pairs):
                return True
    return False


def _nowhere(tight: Sequence[np.ndarray]) -> list[Finding]:
    """Findings for the values that are no numbers."""
    reason = "the function is not finite or not defined there"
    return [
        Finding(number, tuple(tuple(int(i) for i in p) for p in np.argwhere(~mask)), "undefined",
                reason)
        for number, mask in enumerate(tight)
        if not mask.all()
    ]  # fmt: skip


def _loose(
    nearby: Nearby, enclosures: Sequence[Enclosure], tight: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Flat masks of the elements that may be more than one number.

    Where an evaluation with every tie left open gives one number, no tie matters, unless it is
    another number than that of the formula as it is written: where a branch is for one point.
    """
    hull = nearby.approach.hull
    result = []
    for number, (enclosure, mask) in enumerate(zip(enclosures, tight, strict=True)):
        loose = np.ones(mask.size, dtype=bool)
        if hull is not None:
            whole = Enclosure(hull[number], enclosure.precision)
            known = whole.tight(nearby.problem.formats[number], _SLACK)
            loose = ~(known & mask.ravel() & _meets(hull[number], enclosure.balls.ravel()))
        result.append(loose)
    return result


def _meets(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Where two balls have a number in common."""
    pairs = zip(ones.tolist(), others.tolist(), strict=True)
    return np.array([bool(one.overlaps(other)) for one, other in pairs], dtype=bool)


def _differ(
    limits: Sequence[Limits], loose: Sequence[np.ndarray], formats: Sequence[Format]
) -> bool:
    """Whether a limit differs from direction to direction."""
    for number, (mask, fmt) in enumerate(zip(loose, formats, strict=True)):
        for place in np.flatnonzero(mask).tolist():
            values = [
                limit.values[number][place]
                for limit in limits
                if limit.states[number][place] == "limit"
            ]
            if any(not _same(value, values[0], fmt) for value in values[1:]):
                return True
    return False


def _unmoved(balls: np.ndarray, limits: Sequence[Limits], number: int, fmt: Format) -> np.ndarray:
    """Where every nearby gradient equals the one at the point, seen in float64 (quickly)."""
    here = np.array([float(v) for v in balls.tolist()], dtype=np.float64)
    result = np.isfinite(here) & (np.abs(here) > 2.0**-900)
    for limit in limits:
        there = np.array([float(v) for v in limit.values[number].tolist()], dtype=np.float64)
        with np.errstate(invalid="ignore"):
            near = np.abs(there - here) <= np.abs(here) * 2.0 ** -min(52, fmt.precision + 12)
        result &= near & (limit.states[number] == "limit")
    return result


def _judge(
    ball: Any, good: bool, limits: Sequence[Limits], number: int, place: int, fmt: Format
) -> tuple[Any, str, str]:
    """(ball, kind, reason) of one element, from its ball at the point and its limits nearby."""
    states = [str(limit.states[number][place]) for limit in limits]
    values = [
        limit.values[number][place]
        for limit, state in zip(limits, states, strict=True)
        if state == "limit"
    ]
    if "infinite" in states:
        return _arb.nan(), "undefined", "the derivative is infinite"
    if "none" in states:
        return _arb.nan(), "undefined", "the nearby derivatives have no limit"
    if "blurred" in states and not good:
        return ball, "undecided", "a comparison could not be decided at any precision"
    if not values:
        if good:
            return ball, "certified", ""
        reason = "no derivative exists at the point or near it"
        return _arb.nan(), "undefined", reason
    if not all(_same(value, values[0], fmt) for value in values[1:]):
        shown = sorted({value.str(4, radius=False) for value in values})
        reason = "one-sided derivatives differ (" + ", ".join(shown[:4]) + ")"
        return ball, "kink", reason
    if good and _same(ball.mid(), values[0], fmt):
        return ball, "certified", ""
    with working_precision(256):
        widened = values[0].mid() + _arb(0, _arb(2) ** (_unit(values[0], fmt) - _SLACK - 1))
    return widened, "limit", "the limit of the nearby derivatives, where the formula has none"


def _unit(value: Any, fmt: Format) -> int:
    if value.is_zero():
        return fmt.tiny_exponent
    mantissa, exponent = value.mid().man_exp()
    size = int(abs(int(mantissa)).bit_length() + int(exponent) - 1)
    return max(size, fmt.emin) - fmt.precision + 1  # beyond the largest number, too


def _same(one: Any, two: Any, fmt: Format) -> bool:
    """Equal to well within an ULP."""
    with working_precision(512):
        unit = _arb(2) ** (max(_unit(one, fmt), _unit(two, fmt)) - _SLACK - 2)
        return bool(abs(one.mid() - two.mid()) <= unit)
