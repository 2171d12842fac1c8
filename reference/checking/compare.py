"""One array of an engine against a row of truth, as a :class:`Comparison`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from reference.checking.errors import distribution, of_one
from reference.checking.guess import guess_mistake
from reference.checking.report import GOOD, Comparison, Element
from reference.checking.truth import Correct, Row
from reference.complexes.formats import PartFormat, guess_of_parts
from reference.floats import Format, format_of
from reference.judge import VERDICTS

__all__ = ["compare"]

_WITHOUT = dict.fromkeys(("kink-member", "kink-outside"), "a set: the function has a kink here")
_KEPT = 5  # worst elements that a comparison remembers


def compare(
    what: str,
    detail: str,
    targets: Sequence[str],
    values: Sequence[np.ndarray | None],
    row: Row,
    *,
    inputs: Sequence[np.ndarray] = (),
    factor: float = 1.0,
    seed: int = 0,
    quick: Correct | None = None,
) -> list[Comparison]:
    """A comparison for each array of the row.

    targets: what each is called. values: float64 contents of the right shapes, None where there
    is none. inputs: where the arrays are gradients, the arguments that they belong to. quick: what
    `row.correct` says of the values, where that is known.
    """
    quick = quick or row.correct(values, factor)
    if quick is not None:
        return [
            _of_correct(what, detail, targets[k], values[k], row, k, quick[k], inputs)
            for k in range(row.count)
        ]
    verdict = row.judge(values, factor, seed)
    certificate = row.certificate
    truths = [certificate.gradients[k].mid for k in range(row.count)]
    result = []
    for number, (target, value) in enumerate(zip(targets, values, strict=True)):
        verdicts = verdict.verdicts[number]
        found = Counter(verdicts.ravel().tolist())
        ok = bool(np.isin(verdicts, GOOD).all())
        given = inputs[number] if inputs and inputs[number].shape == verdicts.shape else None
        finite = verdict.excess[number][~np.isnan(verdict.excess[number])]
        result.append(
            Comparison(
                what,
                detail,
                target,
                tuple(verdicts.shape),
                _shown(certificate.dtypes[number], row, number),
                ok,
                {name: found[name] for name in VERDICTS if found[name]},
                float(finite.max(initial=0.0)),
                _norm(value, truths[number], certificate.dtypes[number]),
                tuple(_worst(number, value, row, verdict.ulps, verdict.excess, verdicts, given)),
                None
                if ok
                else _guess_of_parts(number, value, truths[number], row)
                or guess_mistake(number, values, truths, list(verdict.verdicts), inputs),
                distribution(verdict.ulps[number], ~np.isin(verdicts, GOOD)),
            )
        )
    return result


def _of_correct(
    what: str,
    detail: str,
    target: str,
    value: np.ndarray | None,
    row: Row,
    number: int,
    errors: tuple[np.ndarray, np.ndarray] | tuple[float, float],
    inputs: Sequence[np.ndarray],
) -> Comparison:
    """The comparison of an array of correct elements; errors: in ULPs, and excess."""
    ulps, excess = errors
    assert value is not None
    if isinstance(ulps, float) or isinstance(excess, float):
        given = inputs[number] if inputs and inputs[number].shape == value.shape else None
        return _of_one(what, detail, target, value, row, number, (float(ulps), float(excess)),
                       given)  # fmt: skip
    shape, size = ulps.shape, ulps.size
    enclosure = row.certificate.gradients[number]
    given = inputs[number] if inputs and inputs[number].shape == shape else None
    flat = excess.ravel()
    places = np.argsort(-flat, kind="stable")[:_KEPT].tolist() if size > 1 else [0] * size
    worst = []
    for place in places:
        position = tuple(int(i) for i in np.unravel_index(place, shape)) if shape else ()
        ball = enclosure.balls[position]
        worst.append(
            Element(
                position,
                None if given is None else float(given[position]).hex(),
                float(value[position]),
                str(ball.str(20, radius=False)),
                float(ball.rad()),
                float(ulps[position]),
                float(excess[position]),
                "correct",
            )
        )
    dtype = row.certificate.dtypes[number]
    return Comparison(
        what,
        detail,
        target,
        shape,
        _shown(dtype, row, number),
        True,
        {"correct": size} if size else {},
        worst[0].excess if worst else 0.0,
        _norm(value, enclosure.mid, dtype),
        tuple(worst),
        None,
        distribution(ulps, np.zeros(shape, dtype=bool)),
    )


def _of_one(
    what: str,
    detail: str,
    target: str,
    value: np.ndarray,
    row: Row,
    number: int,
    errors: tuple[float, float],
    given: np.ndarray | None,
) -> Comparison:
    """The same of a single number, without arrays."""
    ulps, excess = errors
    certificate = row.certificate
    dtype = certificate.dtypes[number]
    ball, one = certificate.gradients[number].balls.item(), float(value.item())
    element = Element(
        (0,) * value.ndim,
        None if given is None else float(given.item()).hex(),
        one,
        str(ball.str(20, radius=False)),
        float(ball.rad()),
        ulps,
        excess,
        "correct",
    )
    return Comparison(
        what,
        detail,
        target,
        value.shape,
        _shown(dtype, row, number),
        True,
        {"correct": 1},
        excess,
        _norm_of_one(one, float(ball), certificate.problem.formats[number]),
        (element,),
        None,
        of_one(ulps),
    )


def _guess_of_parts(
    number: int, value: np.ndarray | None, truth: np.ndarray, row: Row
) -> str | None:
    if number >= len(row.paired) or not row.paired[number]:
        return None
    return guess_of_parts(value, truth, row.certificate.dtypes[number])


def _shown(dtype: str, row: Row, number: int) -> str:
    paired = number < len(row.paired) and row.paired[number]
    return PartFormat(dtype) if paired else dtype


def _norm(value: np.ndarray | None, truth: np.ndarray, dtype: str) -> float:
    """The norm of the error over the norm of the truth, in epsilons of the dtype."""
    if value is None:
        return float("inf") if truth.any() else 0.0
    if value.size == 1 and np.isfinite(truth).all():
        return _norm_of_one(float(value.item()), float(truth.item()), format_of(dtype))
    known = np.isfinite(truth)
    with np.errstate(all="ignore"):
        size = float(np.linalg.norm(truth[known]))
        error = float(np.linalg.norm((value - np.where(known, truth, 0.0))[known]))
        if error == 0:
            return 0.0
        return error / size * 2.0 ** (format_of(dtype).precision - 1) if size else float("inf")


def _norm_of_one(one: float, other: float, fmt: Format) -> float:
    if one == other:
        return 0.0
    unit = 2.0 ** (fmt.precision - 1)
    return abs(one - other) / abs(other) * unit if other else float("inf")


def _worst(
    number: int,
    value: np.ndarray | None,
    row: Row,
    ulps: Sequence[np.ndarray],
    excess: Sequence[np.ndarray],
    verdicts: np.ndarray,
    given: np.ndarray | None,
) -> list[Element]:
    """The elements with the gravest verdict and the largest excess, the worst first."""
    errors = np.where(np.isnan(excess[number]), -1.0, excess[number]).ravel()
    bad = ~np.isin(verdicts, GOOD).ravel()
    keys = np.where(bad, np.where(errors < 0, 1e300, errors + 1.0), -1.0 / (errors + 2.0))
    count = min(_KEPT, errors.size)
    places = (
        np.argpartition(-keys, count - 1)[:count]
        if 0 < count < errors.size
        else (np.arange(errors.size))
    )
    places = places[np.argsort(-keys[places], kind="stable")]
    balls = row.certificate.gradients[number]
    result = []
    for place in places.tolist():
        position = tuple(int(i) for i in np.unravel_index(place, verdicts.shape))
        ball = balls[position]
        grade = str(verdicts[position])
        known = ball.is_finite() and grade not in _WITHOUT
        result.append(
            Element(
                position,
                None if given is None else float(given[position]).hex(),
                None if value is None else float(value[position]),
                str(ball.str(20, radius=False)) if known else _WITHOUT.get(grade, "undefined"),
                float(ball.rad()) if known else float("inf"),
                float(ulps[number][position]),
                float(excess[number][position]),
                grade,
            )
        )
    return result
