"""What kind of mistake it may be, from the numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

__all__ = ["guess_mistake"]


def guess_mistake(
    number: int,
    values: Sequence[np.ndarray | None],
    truths: Sequence[np.ndarray],
    verdicts: Sequence[np.ndarray],
    inputs: Sequence[np.ndarray],
) -> str | None:
    """A guess about array `number` of a comparison; None where nothing stands out.

    values: what the engine gave, truths: what is right, both as float64. inputs: the arguments,
    where the arrays compared are gradients of them.

    >>> truth = np.array([1.0, -2.0, 3.0])
    >>> guess_mistake(0, [-truth], [truth], [np.array(["wrong"] * 3)], [truth])
    'the sign is wrong'
    """
    value, truth, verdict = values[number], truths[number], verdicts[number]
    bad = ~np.isin(verdict, ("correct", "kink-member", "undefined"))
    if value is None:
        return "no gradient arrives at this argument: its path is cut, or not implemented"
    if (verdict[bad] == "kink-outside").all() and bad.any():
        return (
            "at this kink no limit of nearby gradients, and no mean of them, is this: shares of a "
            "tie must sum to one"
        )
    known = bad & np.isfinite(truth)
    if (verdict[bad] == "non-finite").all():
        return (
            "an intermediate overflows, 0 · inf or 0 / 0 is formed, or a branch that is not "
            "taken leaks"
        )
    if not known.any() or not np.isfinite(value[known]).all():
        return None
    if truth.any() and not value.any():
        return "zero everywhere: a term, or the whole path, is missing"
    return _exchanged(number, value, truth, truths) or _shared(
        value, truth, known, inputs[number] if number < len(inputs) else None
    )


def _near(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-3, atol=0.0))


def _exchanged(
    number: int, value: np.ndarray, truth: np.ndarray, truths: Sequence[np.ndarray]
) -> str | None:
    if value.ndim == 2 and value.size > 1 and _near(value, truth.T):
        return "transposed"
    for other, expected in enumerate(truths):
        if other != number and _near(value, expected):
            return f"the gradient of another argument (number {other}) stands here"
    return None


def _shared(
    value: np.ndarray, truth: np.ndarray, bad: np.ndarray, given: np.ndarray | None
) -> str | None:
    """What the wrong elements have in common."""
    with np.errstate(all="ignore"):
        ratios = (value / truth)[bad & (truth != 0)]
    if not ratios.size:
        return "not zero where the truth is zero: a term too many"
    middle = float(np.median(ratios))
    same = bool((np.abs(ratios - middle) <= 1e-3 * abs(middle)).all()) and middle != 0
    place = _place(bad, given, truth)
    alone = (bad.sum() == 1) and (truth != 0).sum() > 1  # one among many says little
    if not same or alone:
        return f"wrong {place}" if place else None
    where = f", {place}" if place else ""
    if abs(middle + 1) < 1e-3:
        return "the sign is wrong" + where
    if abs(middle - 1) < 1e-2:
        relative = float(np.median(ratios - 1))
        return f"a constant or a formula is off, by a factor of 1 {relative:+.2g}" + where
    fraction = Fraction(middle).limit_denominator(64)
    shown = (
        str(fraction) if abs(float(fraction) - middle) <= 1e-3 * abs(middle) else f"{middle:.6g}"
    )
    return f"a factor of {shown} too {'large' if abs(middle) > 1 else 'small'}" + where


def _place(bad: np.ndarray, given: np.ndarray | None, truth: np.ndarray) -> str:
    """Which elements are wrong, if it is not most of those that are not zero."""
    count = int(bad.sum())
    if bool((bad | (truth == 0)).all()):
        return ""  # a cotangent with a single entry, say
    if given is not None and given.shape == bad.shape and 0 < count < bad.size and bad.size >= 4:
        inside, outside = given[bad], given[~bad]
        if inside.max() < outside.min():
            return f"only where the argument is below {outside.min():.6g}"
        if inside.min() > outside.max():
            return f"only where the argument is above {outside.max():.6g}"
    if count <= max(1, bad.size // 100) and bad.size > 1:
        positions = ", ".join(str([int(i) for i in p]) for p in np.argwhere(bad)[:3])
        return f"in {count} of {bad.size} entries only, at {positions}"
    return ""
