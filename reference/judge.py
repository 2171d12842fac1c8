"""Verdicts on an engine's numbers, element by element, against certified truth.

The error of an element is measured in ULPs and divided by what the arithmetic explains: half an
ULP plus the scatter of an ideal implementation in the dtype (`reference.domains.rounded`). The
quotient is the *excess error*; one threshold, the same for every function and dtype, separates
`correct` from the rest. No absolute tolerance enters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.certify import Certificate
from reference.clarke import Membership, Nearby, membership
from reference.domains.rounded import BallRounding, Unsupported, run_in_floats
from reference.enclosure import Enclosure
from reference.floats import Format, exact_array, format_of, ulp_exponents

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
_RUNS = 6


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
        return text


def scatter(
    certificate: Certificate, dtype: Any = None, *, runs: int = _RUNS, seed: int = 0
) -> tuple[np.ndarray, ...]:
    """RMS distance from the truth, in ULPs, of an ideal implementation in the dtype.

    dtype: the format computed in and judged by; by default, judged by the arguments' own
    formats and computed in the one that they promote to.
    """
    problem = certificate.problem
    formats = problem.formats if dtype is None else (format_of(dtype),) * len(problem.formats)
    if not formats:
        return ()
    fmt = format_of(dtype) if dtype is not None else _promoted(certificate)
    if fmt.precision <= 24:
        quick = _scatter_in_floats(certificate, fmt, formats, runs, seed)
        if quick is not None:
            return quick
    totals = [np.zeros(enclosure.shape) for enclosure in certificate.gradients]
    for number in range(runs):
        rounding = BallRounding(fmt, np.random.default_rng([seed, number]))
        found = problem.evaluate(certificate.precision + 32, value=False, after=rounding)
        for total, balls, truth, own in zip(
            totals, found.values, certificate.gradients, formats, strict=True
        ):
            np.hypot(total, _distance(balls, truth, own), out=total)
    return tuple(total / np.sqrt(runs) for total in totals)


def _promoted(certificate: Certificate) -> Format:
    """The widest format of the float arrays; of 0-d ones only where there are no others."""
    pairs = list(zip(certificate.problem.arrays, certificate.problem.formats, strict=True))
    floats = [(array, fmt) for array, fmt in pairs if array.dtype.kind == "f"] or pairs
    chosen = [fmt for array, fmt in floats if array.ndim] or [fmt for _, fmt in floats]
    return max(chosen, key=lambda fmt: fmt.precision)


def _distance(balls: np.ndarray, truth: Enclosure, fmt: Format) -> np.ndarray:
    """|ball - truth| in ULPs; 0 where either is unknown (nothing explained)."""
    moved = Enclosure(balls, truth.precision)
    distance = moved.distance(truth, fmt)
    return np.where(np.isfinite(distance), distance, 0.0)


def _scatter_in_floats(
    certificate: Certificate, fmt: Format, formats: Sequence[Format], runs: int, seed: int
) -> tuple[np.ndarray, ...] | None:
    """The same in float64; None unless float64 itself is far more accurate than the scatter."""
    problem = certificate.problem
    bindings: dict[Any, np.ndarray] = dict(zip(problem.inputs, problem.arrays, strict=True))
    truths = [enclosure.mid for enclosure in certificate.gradients]
    known = [np.isfinite(truth) for truth in truths]
    units = [
        np.ldexp(1.0, ulp_exponents(np.where(k, t, 0.0), own))
        for t, k, own in zip(truths, known, formats, strict=True)
    ]
    try:
        plain = run_in_floats(problem.gradients, bindings, fmt, None)
        totals = [np.zeros(truth.shape) for truth in truths]
        for number in range(runs):
            rng = np.random.default_rng([seed, number])
            moved = run_in_floats(problem.gradients, bindings, fmt, rng)
            for total, values, truth, unit, k in zip(
                totals, moved, truths, units, known, strict=True
            ):
                error = np.where(k, (values - np.where(k, truth, 0.0)) / unit, 0.0)
                np.hypot(total, error, out=total)
    except Unsupported:
        return None
    result = tuple(total / np.sqrt(runs) for total in totals)
    for values, truth, unit, k, size in zip(plain, truths, units, known, result, strict=True):
        own_error = np.where(k, np.abs(values - np.where(k, truth, 0.0)) / unit, 0.0)
        if (own_error > 0.1 * (0.5 + size)).any():
            return None
    return result


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
    verdicts = [result[0] for result in results]
    answer = _decide_kinks(given, truth, formats, verdicts, THRESHOLD * factor, seed)
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
        return np.where(verdicts == "correct", "correct", "missing"), unknown, unknown.copy()
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
    excess = ulps / (0.5 + explained)
    good = status == "certified"
    with np.errstate(invalid="ignore"):
        verdicts[good & (excess > threshold)] = "inaccurate"
        verdicts[good & (excess > threshold * 2.0 ** (fmt.precision / 2))] = "wrong"
        verdicts[good & ~np.isfinite(array)] = "non-finite"
        verdicts[good & (excess <= threshold)] = "correct"
    verdicts[status == "undefined"] = "undefined"
    verdicts[status == "kink"] = "kink"
    ulps = np.where(good, ulps, np.nan)
    return verdicts, ulps, np.where(good, excess, np.nan)


def _decide_kinks(
    given: Sequence[Any],
    certificate: Certificate,
    formats: Sequence[Format],
    verdicts: list[np.ndarray],
    threshold: float,
    seed: int,
) -> Membership | None:
    """Replace `kink` by the answer, over all arguments jointly."""
    where = [verdict == "kink" for verdict in verdicts]
    if not any(mask.any() for mask in where):
        return None
    nearby = Nearby(certificate.problem)
    sizes = [np.zeros(mask.shape) for mask in where]
    for direction in nearby.random_directions(seed=seed):
        limits = nearby.along(direction)
        for size, values in zip(sizes, limits.values, strict=True):
            found = np.array([abs(float(v)) for v in values.tolist()]).reshape(size.shape)
            np.maximum(size, np.where(np.isfinite(found), found, 0.0), out=size)
    scales = [
        np.ldexp(0.5, ulp_exponents(size, fmt)) * threshold
        for size, fmt in zip(sizes, formats, strict=True)
    ]
    arrays = [
        np.zeros(mask.shape) if value is None else exact_array(value)[0].astype(np.float64)
        for value, mask in zip(given, where, strict=True)
    ]
    answer = membership(certificate.problem, arrays, scales, where=where, nearby=nearby, seed=seed)
    name = {"member": "kink-member", "not a member": "kink-outside"}.get(
        answer.answer, "undecided"
    )
    for verdict, mask in zip(verdicts, where, strict=True):
        verdict[mask] = name
    return answer
