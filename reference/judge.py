"""Verdicts on an engine's numbers, element by element, against certified truth.

The error of an element is measured in ULPs and divided by what the arithmetic explains: half an
ULP plus the scatter of an ideal implementation in the dtype (`reference.domains.rounded`). The
quotient is the *excess error*; one threshold, the same for every function and dtype, separates
`correct` from the rest. Elements that fail are looked at once more (`reference.second_look`). At
kinks the question is membership (`reference.clarke`). No absolute tolerance enters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reference.certify import Certificate
from reference.clarke import Membership, Nearby, membership
from reference.curved import breaks_an_equation
from reference.enclosure import Enclosure
from reference.explained import promoted, scatter
from reference.floats import Format, exact_array, format_of, ulp_exponents
from reference.near_kinks import Interval, across, below, remainders
from reference.second_look import CAP, look_again

__all__ = ["THRESHOLD", "VERDICTS", "Verdict", "judge", "scatter"]

THRESHOLD = 30.0
VERDICTS = (
    "correct",
    "inaccurate",
    "wrong",
    "non-finite",
    "missing",
    "kink-member",
    "kink-outside",
    "undefined",
    "undecided",
)
_GOOD = ("correct", "kink-member", "undefined")
_FLUSHED = -126  # formats down to such exponents: processors may make zeros of subnormal numbers
_FAILING = ("inaccurate", "wrong", "missing")
_FEW_LIMITS = 2  # where each costs seconds: along the gradient, and against it
_SMALLEST = 2.0**-1074
_WITHOUT_SECOND = ("inaccurate", "wrong", "kink-outside", "undecided")


@dataclass(frozen=True)
class Verdict:
    """What is to be said of every element, per argument.

    verdicts: arrays of names from VERDICTS. ulps: errors in ULPs at the true value. excess:
    errors as multiples of what an ideal implementation shows. membership: of the kinks, jointly
    over all arguments, where there are any.
    """

    verdicts: tuple[np.ndarray, ...]
    ulps: tuple[np.ndarray, ...]
    excess: tuple[np.ndarray, ...]
    membership: Membership | None = None

    @property
    def ok(self) -> bool:
        """Whether every element is correct, a member at its kink, or has no truth to meet."""
        return all(bool(np.isin(v, _GOOD).all()) for v in self.verdicts)

    @property
    def counts(self) -> dict[str, int]:
        """How many elements got each verdict, in the order of VERDICTS."""
        found = Counter(str(v) for array in self.verdicts for v in array.ravel())
        return {name: found[name] for name in VERDICTS if found[name]}

    @property
    def worst(self) -> tuple[int, tuple[int, ...], float]:
        """(argument, position, excess) of the largest excess error; nan counts as largest."""
        best: tuple[int, tuple[int, ...], float] = (0, (), 0.0)
        for number, array in enumerate(self.excess):
            if array.size:
                filled = np.where(np.isnan(array), -1.0, array)
                place = int(np.argmax(filled))
                if filled.flat[place] > best[2]:
                    index = tuple(int(i) for i in np.unravel_index(place, array.shape))
                    best = (number, index, float(filled.flat[place]))
        return best

    def summary(self) -> str:
        """One line: counts, and the worst element."""
        text = ", ".join(f"{count} {name}" for name, count in self.counts.items()) or "nothing"
        number, position, excess = self.worst
        if excess:
            ulps = self.ulps[number][position]
            text += (
                f"; worst: argument {number} at {position}: {ulps:.3g} ULP, excess {excess:.3g}"
            )
        if self.membership is not None:
            text += f"; kinks: {self.membership.answer} of the Clarke subdifferential"
            text += f" ({self.membership.why})" if self.membership.why else ""
        return text


def judge(
    values: Any,
    truth: Certificate | Enclosure,
    dtype: Any = None,
    *,
    factor: float = 1.0,
    explain: Sequence[np.ndarray] | None = None,
    seed: int = 0,
) -> Verdict:
    """Judge gradients (or values) against a certificate (or an enclosure).

    values: for a certificate, one array per argument (None: missing), or just the array where
    there is one argument; for an enclosure, the array. dtype: what the values are numbers of;
    by default the arguments' dtypes (for an enclosure, the array's). factor: scales the
    threshold. explain: the scatter in ULPs, where it is known already.

    Raises ValueError where the number of arrays does not match.

    >>> from reference.certify import certify
    >>> truth = certify(lambda x: (x * x).sum(), np.array([0.1, 2.0], np.float32))
    >>> judge(np.array([0.2, 4.0], np.float32), truth).counts
    {'correct': 2}
    >>> judge(np.array([0.2, 4.1], np.float32), truth).counts
    {'correct': 1, 'wrong': 1}
    """
    if isinstance(truth, Enclosure):
        array, name = exact_array(values)
        fmt = format_of(dtype or name)
        explained = np.zeros(truth.shape) if explain is None else explain[0]
        status = np.where(truth.finite, "certified", "undefined")
        parts = _elements(array, truth, status, fmt, explained, THRESHOLD * factor)
        return Verdict((parts[0],), (parts[1],), (parts[2],))
    given = list(values) if isinstance(values, (list, tuple)) else [values]
    if len(given) != len(truth.gradients):
        raise ValueError(
            f"{len(given)} gradients for {len(truth.gradients)} arguments: give one for each, "
            "None where there is none"
        )
    formats = [format_of(dtype or name) for name in truth.dtypes]
    if explain is None:
        explain = scatter(truth, dtype, seed=seed)
    results = []
    for number, (value, enclosure, fmt) in enumerate(
        zip(given, truth.gradients, formats, strict=True)
    ):
        content = None if value is None else exact_array(value)[0]
        status = truth.status(number)
        results.append(
            _elements(content, enclosure, status, fmt, explain[number], THRESHOLD * factor)
        )
    _look_again(given, truth, dtype, formats, results, explain, THRESHOLD * factor, seed)
    verdicts = [result[0] for result in results]
    nearby = truth.nearby
    _find_kinks(given, truth, formats, verdicts, nearby, seed)
    answer = _decide_kinks(
        given, truth, formats, verdicts, explain, nearby, THRESHOLD * factor, seed
    )
    _excuse_second_order(given, truth, formats, results, THRESHOLD * factor, seed)
    return Verdict(
        tuple(verdicts),
        tuple(result[1] for result in results),
        tuple(result[2] for result in results),
        answer,
    )


def _elements(
    array: np.ndarray | None,
    truth: Enclosure,
    status: np.ndarray,
    fmt: Format,
    explained: np.ndarray,
    threshold: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(verdicts, ulps, excess) of one array."""
    if array is None:  # right exactly where zeros would be
        zeros = np.zeros(truth.shape)
        verdicts, _, _ = _elements(zeros, truth, status, fmt, explained, threshold)
        unknown = np.full(truth.shape, np.nan)
        asked = ~np.isin(verdicts, ("correct", "undefined"))
        return np.where(asked, "missing", verdicts), unknown, unknown.copy()
    verdicts = np.full(truth.shape, "undecided", dtype="U12")
    if array.shape != truth.shape:
        raise ValueError(
            f"a gradient has shape {array.shape}, its argument {truth.shape}: shapes must agree"
        )
    array = array.astype(np.float64)
    ulps = truth.ulps(array, fmt)
    infinite = np.isinf(array) & np.isinf(ulps)
    if infinite.any():  # an overflow by a whisker: infinity stands where 2**(emax + 1) would
        edge = np.ldexp(np.sign(array[infinite]), fmt.emax)
        half = Enclosure(truth.balls[infinite] / 2, truth.precision)
        ulps[infinite] = 2 * half.ulps(edge, Format("edge", fmt.precision, fmt.emin, fmt.emax))
    boundless = ~truth.finite
    if boundless.any():  # the truth is an infinity, which no other number is near
        ulps[boundless] = np.where(_exactly(truth.balls[boundless], array[boundless]), 0.0, np.inf)
    with np.errstate(invalid="ignore"):
        excess = ulps / (0.5 + explained)
    excess = np.where(np.isnan(excess), np.inf, excess)  # ULPs of zero, too many to be counted
    good = status == "certified"
    if fmt.emin <= _FLUSHED:
        excess[(array == 0) & (np.abs(truth.mid) < 2.0**fmt.emin)] = 0.0
    _grade(verdicts, good, excess, array, fmt, threshold)
    with np.errstate(over="ignore"):  # no number of the format is near: any overflow will do
        beyond = truth.finite & (np.abs(truth.mid) > float(fmt.largest))
    verdicts[beyond & (verdicts == "non-finite")] = "undefined"
    verdicts[status == "undefined"] = "undefined"
    verdicts[status == "kink"] = "kink"
    ulps = np.where(good, ulps, np.nan)
    return verdicts, ulps, np.where(good, excess, np.nan)


def _exactly(balls: np.ndarray, array: np.ndarray) -> np.ndarray:
    """Where a ball that is not finite is an infinity, and the number is the same."""
    return np.array(
        [
            not ball.is_nan() and bool(ball.rad() == 0) and float(ball) == number
            for ball, number in zip(balls.tolist(), array.tolist(), strict=True)
        ],
        dtype=bool,
    )


def _grade(
    verdicts: np.ndarray,
    chosen: np.ndarray,
    excess: np.ndarray,
    array: np.ndarray,
    fmt: Format,
    threshold: float,
) -> None:
    """Write the verdicts of the chosen elements, whose truth is certain."""
    verdicts[chosen & (excess > threshold)] = "inaccurate"
    verdicts[chosen & (excess > threshold * 2.0 ** (fmt.precision / 2))] = "wrong"
    verdicts[chosen & ~np.isfinite(array)] = "non-finite"
    verdicts[chosen & (excess <= threshold)] = "correct"


def _look_again(
    given: Sequence[Any],
    truth: Certificate,
    dtype: Any,
    formats: Sequence[Format],
    results: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    explain: Sequence[np.ndarray],
    threshold: float,
    seed: int,
) -> None:
    """Judge finite elements that are not correct once more, with more to explain them by."""
    arrays = [None if v is None else exact_array(v)[0].astype(np.float64) for v in given]
    failing = [
        np.isin(verdicts, ("inaccurate", "wrong")) & enclosure.finite
        for (verdicts, _, _), enclosure in zip(results, truth.gradients, strict=True)
    ]
    if not any(mask.any() for mask in failing):
        return
    fmt = format_of(dtype) if dtype is not None else promoted(truth)
    found = look_again(truth, fmt, formats, arrays, failing, explain, threshold, seed)
    for (verdicts, _, excess), array, mask, again, enclosure in zip(
        results, arrays, failing, found, truth.gradients, strict=True
    ):
        if array is not None and mask.any():
            excess[mask] = np.minimum(excess[mask], again)
            # with a wrong sign or size, it stays wrong whatever explains how digits are lost
            with np.errstate(invalid="ignore", over="ignore"):
                near = np.abs(array - enclosure.mid) <= np.abs(enclosure.mid) / 2
            chosen = mask & (near | (excess <= threshold))
            _grade(verdicts, chosen, excess, array, fmt, threshold)
    _look_across(truth, fmt, formats, arrays, results, threshold, seed)


def _look_across(
    truth: Certificate,
    fmt: Format,
    formats: Sequence[Format],
    arrays: Sequence[np.ndarray | None],
    results: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    threshold: float,
    seed: int,
) -> None:
    """Let pass what is right on the other side of a kink a rounding away, or left of a zero."""
    failing = [np.isin(verdicts, ("inaccurate", "wrong")) for verdicts, _, _ in results]
    if not any(mask.any() for mask in failing):
        return
    left = remainders(truth, fmt) or [np.zeros(mask.shape) for mask in failing]
    for (verdicts, _, excess), array, mask, size in zip(
        results, arrays, failing, left, strict=True
    ):
        if array is not None:
            small = mask & (size > 0) & (np.abs(array) <= size)
            verdicts[small], excess[small] = "correct", 1.0
            np.logical_and(mask, ~small, out=mask)
    found = across(truth, fmt, seed) if any(mask.any() for mask in failing) else None
    if found is None:
        return
    for (verdicts, _, excess), array, mask, interval, own in zip(
        results, arrays, failing, found, formats, strict=True
    ):
        if array is not None and mask.any():
            off = _off(array, interval, own)
            excess[mask] = np.minimum(excess[mask], off[mask])
            verdicts[mask & (off <= threshold)] = "correct"


def _off(array: np.ndarray, interval: Interval, fmt: Format) -> np.ndarray:
    """How far numbers are from an interval, in half ULPs of its larger end."""
    low, high = interval
    gap = np.maximum(np.maximum(low - array, array - high), 0.0)
    with np.errstate(over="ignore"):
        unit = _ulp(np.maximum(np.abs(low), np.abs(high)), fmt) / 2
        return np.asarray(gap / np.maximum(unit, _SMALLEST))


def _excuse_second_order(
    given: Sequence[Any],
    truth: Certificate,
    formats: Sequence[Format],
    results: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    threshold: float,
    seed: int,
) -> None:
    """Call second derivatives undefined where there are none, for a kink in the first."""
    failing = [np.isin(verdicts, _WITHOUT_SECOND) for verdicts, _, _ in results]
    if not any(mask.any() for mask in failing):
        return
    found = below(truth, seed)
    if found is None:
        return
    for value, (mask, interval), (verdicts, _, excess), bad, fmt in zip(
        given, found, results, failing, formats, strict=True
    ):
        if value is not None and (mask & bad).any():
            array = exact_array(value)[0].astype(np.float64)
            chosen = mask & bad & (_off(array, interval, fmt) <= threshold)
            verdicts[chosen], excess[chosen] = "undefined", np.nan


def _find_kinks(
    given: Sequence[Any],
    certificate: Certificate,
    formats: Sequence[Format],
    verdicts: Sequence[np.ndarray],
    nearby: Nearby,
    seed: int,
) -> None:
    """Mark as `kink` what a few directions did not show to be one, where elements fail.

    At a tie of ten, each is the largest in one direction of ten.
    """
    failing = [np.isin(verdict, _FAILING) for verdict in verdicts]
    if not any(mask.any() for mask in failing):
        return
    problem = certificate.problem
    found = problem.evaluate(certificate.precision, value=False)
    if not found.ties and not found.undecided and not found.unordered:
        return
    if nearby.approach.hull is not None:
        return  # what a tie decides is known
    limits = list(nearby.survey().limits)
    if nearby.survey().why:
        own = [
            np.zeros(array.shape) if value is None else exact_array(value)[0]
            for value, array in zip(given, problem.arrays, strict=True)
        ]
        limits += [nearby.along(d) for d in nearby.pointed_directions(own, failing, seed)]
    for number, (verdict, enclosure, fmt) in enumerate(
        zip(verdicts, certificate.gradients, formats, strict=True)
    ):
        here = enclosure.mid
        unit = _ulp(here, fmt)
        for limit in limits:
            there = np.array([float(v) for v in limit.values[number].tolist()])
            there = there.reshape(verdict.shape)
            with np.errstate(invalid="ignore"):
                apart = np.abs(there - here) > unit
            apart &= limit.states[number].reshape(verdict.shape) == "limit"
            verdict[apart & np.isin(verdict, ("correct", *_FAILING))] = "kink"


def _ulp(values: np.ndarray, fmt: Format) -> np.ndarray:
    known = np.where(np.isfinite(values), values, 0.0)
    return np.asarray(np.ldexp(1.0, ulp_exponents(known, fmt)))


def _decide_kinks(
    given: Sequence[Any],
    certificate: Certificate,
    formats: Sequence[Format],
    verdicts: list[np.ndarray],
    explain: Sequence[np.ndarray],
    nearby: Nearby,
    threshold: float,
    seed: int,
) -> Membership | None:
    """Replace `kink` by the answer, over all arguments jointly."""
    where = [verdict == "kink" for verdict in verdicts]
    if not any(mask.any() for mask in where):
        return None
    arrays = [
        np.zeros(mask.shape) if value is None else exact_array(value)[0].astype(np.float64)
        for value, mask in zip(given, where, strict=True)
    ]
    open_ended = certificate.several_roots  # a curved set: only members are ever found
    limits = nearby.seen() if open_ended else nearby.sampled(seed)
    scales = []
    for number, (mask, fmt, explained) in enumerate(zip(where, formats, explain, strict=True)):
        size = np.zeros(mask.shape)
        for limit in limits:
            found = np.array([abs(float(v)) for v in limit.values[number].tolist()])
            found = np.where(np.isfinite(found), found, 0.0).reshape(mask.shape)
            np.maximum(size, found, out=size)
        size = np.where(size > 0, size, size.max(initial=0.0))
        noise = explained * _ulp(certificate.gradients[number].mid, fmt)
        noise = np.fmin(noise, size * 2.0 ** (-fmt.precision / 2) * CAP)
        scales.append((_ulp(size, fmt) / 2 + noise) * threshold)
    answer = membership(
        certificate.problem, arrays, scales,
        where=where, nearby=nearby, budget=_FEW_LIMITS if open_ended else None, seed=seed,
    )  # fmt: skip
    if open_ended and answer.answer == "undecided":
        answer = _by_equations(answer, nearby, arrays, scales, where, seed)
    name = {"member": "kink-member", "not a member": "kink-outside"}.get(
        answer.answer, "undefined" if open_ended else "undecided"
    )
    for verdict, mask in zip(verdicts, where, strict=True):
        verdict[mask] = name
    return answer


def _by_equations(
    answer: Membership,
    nearby: Nearby,
    arrays: Sequence[np.ndarray],
    scales: Sequence[np.ndarray],
    where: Sequence[np.ndarray],
    seed: int,
) -> Membership:
    """What the equations say that all limits satisfy, where eigenvalues are equal."""
    chosen = np.flatnonzero(np.concatenate([mask.ravel() for mask in where]))

    def limit(number: int) -> np.ndarray | None:
        direction = nearby.random_directions(2, (seed << 8) + 77 + number)[number % 2]
        found = nearby.along(direction)
        if np.isin(np.concatenate(found.states)[chosen], ("undefined", "blurred")).any():
            return None
        return np.array([float(v) for v in np.concatenate(found.values)[chosen].tolist()])

    goal = np.concatenate([array.ravel() for array in arrays])[chosen]
    allowed = np.concatenate([scale.ravel() for scale in scales])[chosen]
    if breaks_an_equation(limit, goal, allowed):
        return replace(answer, answer="not a member", why="")
    return answer
