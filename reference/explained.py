"""How far an ideal implementation in a dtype lands from the truth, element by element.

Formats of at most 24 bits are run in float64, every result rounded at random, all runs at once
(`reference.domains.rounded`); float64 itself, and what float64 cannot run, to first order, beside
the certified values (`reference.domains.linearised`); and what neither can do, on balls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference.certify import Certificate
from reference.domains.linearised import Linearised
from reference.domains.rounded import BallRounding, Unsupported, float_runs
from reference.enclosure import Enclosure
from reference.floats import Format, format_of, ulp_exponents
from reference.problem import Problem

__all__ = ["bounded", "in_ulps", "promoted", "promoted_of", "rms", "runs_for", "scatter"]

_RUNS = 24  # an RMS of so many runs is off by a third once in a thousand elements
_FEWER = 16  # where there are many elements
_ON_BALLS = 12
_MANY = 50_000
_AT_ONCE = 1 << 22  # numbers of the largest array, times runs, that are held at once
_MOST = np.finfo(np.float64).max  # no Python float, which would take the format of the errors
_CAP = 8.0  # ULPs that gradual underflow of intermediate results explains at most


def scatter(
    certificate: Certificate, dtype: Any = None, *, runs: int | None = None, seed: int = 0
) -> tuple[np.ndarray, ...]:
    """RMS distance from the truth, in ULPs, of an ideal implementation in the dtype.

    dtype: the format computed in and judged by; by default, judged by the arguments' own
    formats and computed in the one that they promote to. runs: how many random runs; by default
    as many as make the RMS reliable for every element.
    """
    problem = certificate.problem
    formats = problem.formats if dtype is None else (format_of(dtype),) * len(problem.formats)
    if not formats:
        return ()
    fmt = format_of(dtype) if dtype is not None else promoted(certificate)
    count = runs or runs_for(sum(enclosure.size for enclosure in certificate.gradients))
    units = [_units(e, own) for e, own in zip(certificate.gradients, formats, strict=True)]
    sizes: Sequence[np.ndarray] | None = None
    subnormal = False
    for quick in (_in_floats, _linearised) if fmt.precision <= 24 else (_linearised,):
        sizes, subnormal = quick(certificate, fmt, units, count, seed, False)
        if sizes is not None:
            break
    if sizes is None:
        sizes = _on_balls(certificate, fmt, formats, runs or min(count, _ON_BALLS), seed)
    if subnormal:
        sizes = _with_subnormals(sizes, certificate, fmt, units, count, seed)
    return tuple(sizes)


def _with_subnormals(
    sizes: Sequence[np.ndarray],
    certificate: Certificate,
    fmt: Format,
    units: Sequence[np.ndarray],
    runs: int,
    seed: int,
) -> Sequence[np.ndarray]:
    """What gradual underflow on the way explains beyond that.

    A few ULPs; of a result that is next to nothing itself, half of the digits that the smallest
    normal number has, as what was subnormal may have been multiplied up again. Where the truth is
    subnormal, that is explained by whatever graph it was computed.
    """
    lost: Sequence[np.ndarray] | None = None
    for quick in (_in_floats, _linearised) if fmt.precision <= 24 else (_linearised,):
        lost, _ = quick(certificate, fmt, units, runs, seed, True)
        if lost is not None:
            break
    result = []
    for number, (size, unit) in enumerate(zip(sizes, units, strict=True)):
        truth = np.abs(certificate.gradients[number].mid)
        blank = np.exp2(np.minimum(fmt.emin - fmt.precision / 2 - 3 - unit, 1000.0))
        found = np.where((truth < 2.0**fmt.emin) & (truth != 0), blank, 0.0)
        if lost is not None:
            found = np.maximum(found, np.minimum(lost[number], np.maximum(_CAP, blank)))
        result.append(np.maximum(size, found))
    return result


def runs_for(size: int) -> int:
    """How many random runs make the RMS reliable for every one of so many elements."""
    return _RUNS if size <= _MANY else _FEWER


def promoted(certificate: Certificate) -> Format:
    """The widest format of the float arrays; of 0-d ones only where there are no others.

    Arrays without elements, which stand for a function's outputs, only where all are empty.
    """
    return promoted_of(certificate.problem)


def promoted_of(problem: Problem) -> Format:
    """The same, before there is a certificate."""
    every = list(zip(problem.arrays, problem.formats, strict=True))
    pairs = [(array, fmt) for array, fmt in every if array.size] or every
    floats = [(array, fmt) for array, fmt in pairs if array.dtype.kind == "f"] or pairs
    chosen = [fmt for array, fmt in floats if array.ndim] or [fmt for _, fmt in floats]
    widest = max(chosen, key=lambda fmt: fmt.precision)
    coarsest = problem.coarsest
    narrower = coarsest is not None and coarsest.precision < widest.precision
    return coarsest if coarsest is not None and narrower else widest


def _units(truth: Enclosure, fmt: Format) -> np.ndarray:
    """The exponent of one ULP at each true value."""
    mids = truth.mid
    exponents = ulp_exponents(np.where(np.isfinite(mids), mids, 0.0), fmt)
    beyond = np.isinf(mids) & truth.finite
    return np.where(beyond, fmt.emax - fmt.precision + 1, exponents)


def in_ulps(errors: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """errors · 2**-exponents, in two steps so that neither factor leaves float64."""
    half = exponents // 2
    with np.errstate(over="ignore"):
        return np.asarray(np.ldexp(np.ldexp(errors, -half), half - exponents))


def bounded(errors: np.ndarray) -> np.ndarray:
    """The errors, at most as many as there are floats for: ULPs of a truth of zero are tiny."""
    # np.clip takes twice as long
    return np.asarray(np.minimum(np.maximum(errors, -_MOST), _MOST))


def rms(errors: np.ndarray) -> np.ndarray:
    """The root of the mean square along the first axis, wherever float64 has a number for it."""
    with np.errstate(all="ignore"):
        result = np.sqrt(np.mean(np.square(errors), axis=0))
        if not np.isfinite(result).all():  # ULPs of a truth of zero: their squares are too many
            largest = np.max(np.abs(errors), axis=0)
            scale = np.where(np.isfinite(largest) & (largest > 0), largest, 1.0)
            result = scale * np.sqrt(np.mean(np.square(errors / scale), axis=0))
    return np.asarray(result)


def _in_floats(
    certificate: Certificate,
    fmt: Format,
    units: Sequence[np.ndarray],
    runs: int,
    seed: int,
    floors: bool,
) -> tuple[list[np.ndarray] | None, bool]:
    """(the scatter by perturbed runs in float64, whether results were subnormal).

    None unless float64 is far more accurate than the scatter.
    """
    truths = [enclosure.mid for enclosure in certificate.gradients]
    try:
        plain, sizes, subnormal = _perturbed(certificate, fmt, truths, units, runs, seed, floors)
    except Unsupported:
        return None, False
    good = all((e <= 0.1 * (0.5 + size)).all() for e, size in zip(plain, sizes, strict=True))
    return (sizes if good else None), subnormal


def _perturbed(
    certificate: Certificate,
    fmt: Format,
    truths: Sequence[np.ndarray],
    units: Sequence[np.ndarray],
    runs: int,
    seed: int,
    floors: bool,
) -> tuple[list[np.ndarray], list[np.ndarray], bool]:
    """(errors of the exact run, RMS of the others, whether results were subnormal), in ULPs."""
    problem = certificate.problem
    bindings = problem.bindings()
    largest = max((truth.size for truth in truths), default=1)
    at_once = min(runs, max(1, _AT_ONCE // max(1, largest)))
    known = [np.isfinite(truth) for truth in truths]
    plain: list[np.ndarray] = []
    totals = [np.zeros(truth.shape) for truth in truths]
    subnormal = False
    for start in range(0, runs, at_once):
        count = min(at_once, runs - start)
        rng = np.random.default_rng([seed, start])
        found, here = float_runs(
            problem.gradients, bindings, fmt, rng, count,
            floors=floors, plan=problem.prepared(False).plan,
        )  # fmt: skip
        subnormal = subnormal or here
        errors = []
        for values, truth, k, unit in zip(found, truths, known, units, strict=True):
            if not np.isfinite(values[:, k]).all():
                raise Unsupported("a result is not finite in float64")
            gap = np.where(k, values - np.where(k, truth, 0.0), 0.0)
            errors.append(np.abs(in_ulps(gap, unit)))
        plain = [error[0] for error in errors]
        with np.errstate(over="ignore"):  # ULPs of a truth of zero
            totals = [
                total + np.square(error[1:]).sum(axis=0)
                for total, error in zip(totals, errors, strict=True)
            ]
    return plain, [np.sqrt(total / runs) for total in totals], subnormal


def _linearised(
    certificate: Certificate,
    fmt: Format,
    units: Sequence[np.ndarray],
    runs: int,
    seed: int,
    floors: bool,
) -> tuple[list[np.ndarray] | None, bool]:
    """The same to first order, beside the certified values; None where float64 has no range."""
    problem = certificate.problem
    rng = np.random.default_rng([seed, 0])
    after = Linearised(fmt, runs, rng, problem.gradients, floors)
    try:
        problem.evaluate(certificate.precision, value=False, after=after)
    except Unsupported:
        return None, after.subnormal
    sizes = []
    for node, enclosure, unit in zip(problem.gradients, certificate.gradients, units, strict=True):
        tangent = after.tangents.get(id(node))
        if tangent is None:
            sizes.append(np.zeros(enclosure.shape))
            continue
        size = rms(np.where(np.isfinite(tangent), bounded(in_ulps(tangent, unit)), np.nan))
        known = np.isfinite(size)
        if not known[enclosure.finite].all():
            return None, after.subnormal
        sizes.append(np.where(known, size, 0.0))
    return sizes, after.subnormal


def _on_balls(
    certificate: Certificate, fmt: Format, formats: Sequence[Format], runs: int, seed: int
) -> tuple[np.ndarray, ...]:
    """By perturbed runs on balls."""
    problem = certificate.problem
    totals = [np.zeros(enclosure.shape) for enclosure in certificate.gradients]
    for number in range(runs):
        rounding = BallRounding(fmt, np.random.default_rng([seed, number]))
        found = problem.evaluate(certificate.precision + 32, value=False, after=rounding)
        for total, balls, truth, own in zip(
            totals, found.values, certificate.gradients, formats, strict=True
        ):
            with np.errstate(over="ignore"):  # ULPs of a truth of zero
                np.hypot(total, _distance(balls, truth, own), out=total)
    return tuple(total / np.sqrt(runs) for total in totals)


def _distance(balls: np.ndarray, truth: Enclosure, fmt: Format) -> np.ndarray:
    """|ball - truth| in ULPs; 0 where either is unknown (nothing explained)."""
    moved = Enclosure(balls, truth.precision)
    distance = moved.distance(truth, fmt)
    return np.where(np.isfinite(distance), distance, 0.0)
