"""What an engine showed, held to the documented text and to the oracle's exact numbers.

A number holds when it is the one of its format that lies nearest to the exact value: the
scenarios' results are a few roundings away from their inputs at most, and every engine can give
them so. A printed text holds when it reads as documented.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from reference.enclosure import Enclosure
from reference.floats import exact_array
from reference.scenarios.scenario import Observation, plain
from reference.tensor import Tensor

__all__ = ["Complaint", "Judged", "Numbers", "Snapshot", "Truth", "judge", "snapshot"]

_PRECISION = 256  # bits of the enclosures that errors are measured against
_NEAREST = 0.5  # ULPs


@dataclass(frozen=True, slots=True)
class Numbers:
    """An engine's numbers: float64 (every format fits), and the name of the format they had."""

    values: np.ndarray
    dtype: str


@dataclass(frozen=True, slots=True)
class Truth:
    """The oracle's numbers: exact ones, the same as balls, and the format that they belong to."""

    values: np.ndarray
    enclosure: Enclosure
    dtype: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An observation as it was at its moment: tensors change later in the program."""

    name: str
    shown: str
    texts: tuple[str, ...]
    numbers: Numbers | None
    truth: Truth | None
    stated: Any


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is not as it should be.

    what: text, dtype, shape, numbers, exact. `expected` and `seen` are texts.
    """

    what: str
    expected: str
    seen: str


@dataclass(frozen=True, slots=True)
class Judged:
    """An observation and its verdict. `exact` and `ulps` where it is one of numbers."""

    name: str
    shown: str
    expected: tuple[str, ...]
    numbers: Numbers | None
    exact: np.ndarray | None
    ulps: np.ndarray | None
    complaints: tuple[Complaint, ...]

    @property
    def holds(self) -> bool:
        """Nothing is to complain about."""
        return not self.complaints

    @property
    def error(self) -> float | None:
        """The largest error in ULPs; None where there are no numbers to compare."""
        if self.ulps is None:
            return None
        return float(np.nan_to_num(self.ulps, nan=np.inf, posinf=np.inf).max(initial=0.0))


def snapshot(observation: Observation) -> Snapshot:
    """Read text and numbers at once, before the program goes on."""
    seen = observation.seen
    truth = None
    if isinstance(seen, Tensor):
        truth = Truth(seen.exact, seen.enclosure(_PRECISION), seen.dtype.name)
    return Snapshot(
        name=observation.name,
        shown=plain(seen),
        texts=observation.texts,
        numbers=_numbers(seen),
        truth=truth,
        stated=observation.exact,
    )


def _numbers(seen: Any) -> Numbers | None:
    if not (hasattr(seen, "dtype") and hasattr(seen, "shape")):
        return None
    try:
        values, dtype = exact_array(seen)
        return Numbers(np.array(values, dtype=np.float64), dtype)
    except (TypeError, ValueError):  # a format that is not one of reals
        return None


def judge(seen: Snapshot, truth: Truth | None, *, reached: bool = True) -> Judged:
    """The verdict on what an engine showed.

    truth: the oracle's numbers at this point, if it has any. reached: whether its run got here;
    numbers without an exact value to compare them with do not hold.
    """
    complaints = []
    if seen.texts and seen.shown not in seen.texts:
        complaints.append(Complaint("text", " or ".join(seen.texts), seen.shown))
    if seen.truth is not None and seen.stated is not None:
        complaints += _stated(seen.truth.values, seen.stated)
    ulps = None
    if truth is not None:
        found, ulps = _compare(seen.numbers, truth)
        complaints += found
    elif not reached and seen.numbers is not None:
        complaints.append(Complaint("exact", "an exact value", "the oracle did not get here"))
    return Judged(
        name=seen.name,
        shown=seen.shown,
        expected=seen.texts,
        numbers=seen.numbers,
        exact=None if truth is None else truth.values,
        ulps=ulps,
        complaints=tuple(complaints),
    )


def _stated(values: np.ndarray, stated: Any) -> list[Complaint]:
    """The oracle against the documentation."""
    documented = np.array(stated, dtype=object)
    held = [Fraction(int(v.p), int(v.q)) if v.is_Rational else v for v in values.ravel().tolist()]
    if documented.shape == values.shape and held == documented.ravel().tolist():
        return []
    return [Complaint("exact", _listed(documented), _listed(values))]


def _compare(numbers: Numbers | None, truth: Truth) -> tuple[list[Complaint], np.ndarray | None]:
    if numbers is None:
        return [Complaint("numbers", _listed(truth.values), "no numbers")], None
    if numbers.values.shape != truth.values.shape:
        shapes = (str(tuple(held.shape)) for held in (truth.values, numbers.values))
        return [Complaint("shape", *shapes)], None
    complaints = []
    if numbers.dtype != truth.dtype:
        complaints.append(Complaint("dtype", truth.dtype, numbers.dtype))
    ulps = np.asarray(truth.enclosure.ulps(numbers.values, truth.dtype), dtype=np.float64)
    if not bool(np.all(ulps <= _NEAREST)):  # nan is not
        complaints.append(Complaint("numbers", _listed(truth.values), _listed(numbers.values)))
    return complaints, ulps


def _listed(values: np.ndarray) -> str:
    """Nested lists, as one line."""
    if values.ndim == 0:
        return str(values.item())
    return "[" + ", ".join(_listed(np.asarray(row)) for row in values) + "]"
