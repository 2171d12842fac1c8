"""What rounding explains of a tangent, where its own graph has less to say than the gradient's.

Forward mode may well be the product of the gradient with the direction: PyTorch's of a standard
deviation is. What rounding explains of a gradient, such as that of the mean in x - mean, which
an ideal forward mode loses again because the differences add up to zero, is then explained of the
tangent, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reference.checking.draws import unit_arrays
from reference.checking.truth import Row, Truth
from reference.explained import promoted
from reference.floats import format_of, ulp_exponents
from reference.second_look import allowances

__all__ = ["widened"]

_FEW = 8  # elements that are looked at
_SIZES = 2_000  # numbers of the direction up to which they are


def widened(
    truth: Truth,
    row: Row,
    values: Sequence[np.ndarray | None],
    direction: Sequence[np.ndarray],
    *,
    second: bool,
    factor: float,
    seed: int,
) -> Row:
    """The row, with more explained of those few elements that fail and are near the truth.

    values: an engine's tangents, of the outputs' shapes, of which not all are plainly correct.
    direction: along which they are. second: they are second derivatives along it.
    """
    if row.certificate.findings:
        return row
    size = sum(part.size for part in direction)
    if size > _SIZES:
        return row
    verdicts = row.judge(values, factor, seed).verdicts
    places = [
        (number, int(place))
        for number, (verdict, value) in enumerate(zip(verdicts, values, strict=True))
        if value is not None
        for place in np.flatnonzero(_near(row, number, value) & np.isin(verdict, _FAILING).ravel())
    ]
    if not 0 < len(places) <= _FEW:
        return row
    shapes = [array.shape for array in verdicts]
    explain = [np.array(sizes) for sizes in row.explain]
    for number, place in places:
        unit = unit_arrays(shapes, number, place)
        base = truth.second(unit, direction) if second else truth.pulled([unit])[0]
        mid = float(row.certificate.gradients[number].mid.flat[place])
        ulp = int(ulp_exponents(np.array([mid]), format_of(row.certificate.dtypes[number]))[0])
        if base not in truth.allowed:
            truth.allowed[base] = _allowed(base, seed)
        size = np.sqrt(
            sum(
                float(np.square(sizes * part).sum())
                for sizes, part in zip(truth.allowed[base], direction, strict=False)
            )
        )
        found = float(np.ldexp(size, -ulp))
        explain[number].flat[place] = max(float(explain[number].flat[place]), found)
    return Row(row.certificate, tuple(explain), row.count, row.paired)


_FAILING = ("inaccurate", "wrong")


def _near(row: Row, number: int, value: np.ndarray) -> np.ndarray:
    mid = row.certificate.gradients[number].mid
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.abs(value - mid) <= np.abs(mid) / 2).ravel()


def _allowed(base: Row, seed: int) -> list[np.ndarray]:
    """What is explained of every element of a gradient."""
    held = base.certificate
    formats = [format_of(name) for name in held.dtypes]
    found = allowances(held, promoted(held), formats, base.explain, seed)
    return [
        np.ldexp(sizes, enclosure.ulp_exponents(own))
        for sizes, enclosure, own in zip(found, held.gradients, formats, strict=True)
    ]
