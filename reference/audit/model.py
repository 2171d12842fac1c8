"""What an audit is made of, as data that goes through JSON unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = [
    "GRAVITY",
    "MODES",
    "MODE_NAMES",
    "SYMBOLS",
    "Finding",
    "Outcome",
    "Piece",
    "Settings",
    "graver",
]

MODES = ("value", "vjp", "jvp", "rr", "fr", "rf", "ff")
MODE_NAMES = {
    "rr": "reverse over reverse",
    "fr": "forward over reverse",
    "rf": "reverse over forward",
    "ff": "forward over forward",
}
SYMBOLS = {
    "wrong": "✗",
    "kink-outside": "∂",
    "non-finite": "∞",
    "missing": "∅",
    "wrong shape": "#",
    "wrong dtype": "#",
    "inaccurate": "≈",
    "undecided": "?",
    "correct": "✓",
    "raised": "!",
    "not offered": "·",
    "nothing": "–",
}
GRAVITY = tuple(SYMBOLS)
"""Verdicts, the gravest first; the last three say that nothing was compared."""


def graver(one: str, other: str) -> str:
    """The graver of two verdicts.

    >>> graver("correct", "wrong")
    'wrong'
    """
    return min(one, other, key=GRAVITY.index)


@dataclass(frozen=True)
class Settings:
    """What an audit asks. points: how many of the special points at most, for each dtype.

    seconds: after which no further point of an operation is begun. each: seconds of the
    processor's time that one point may take, which do not depend on what else a machine does.
    load: modules that are imported first, in every process: of users who register engines or
    definitions.
    """

    engine: str
    what: tuple[str, ...] = MODES
    points: int = 24
    seed: int = 0
    factor: float = 1.0
    seconds: float = 60.0
    load: tuple[str, ...] = ()
    each: float = 20.0

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What results depend on, and so must be equal for them to be taken over."""
        kept = ("engine", "what", "points", "seed", "factor")
        return {name: _listed(getattr(self, name)) for name in kept}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True)
class Piece:
    """A piece of work: one operation in one dtype."""

    settings: Settings
    operation: str
    dtype: str


@dataclass(frozen=True)
class Finding:
    """The worst element of one mode and verdict, and at which points there were others.

    arguments: every array of the call, as text with hex floats where it is small. given: the
    element of the argument that the returned derivative belongs to. returned, radius, ulps and
    excess are texts: JSON has no infinity. extreme: whether it was met only where numbers are so
    large or small (or infinite) that a few products of them overflow or vanish.
    """

    operation: str
    dtype: str
    mode: str
    verdict: str
    point: int
    why: str
    target: str
    detail: str
    arguments: tuple[str, ...]
    position: tuple[int, ...]
    given: str | None
    returned: str
    truth: str
    radius: str
    ulps: str
    excess: str
    guess: str | None
    points: tuple[int, ...]
    command: str
    extreme: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came out for an operation in a dtype.

    grid: per mode, the gravest verdict over all points. plain: the same over the points where no
    number is extreme. points: how many were looked at; left: how
    many were not, for want of time. raised: per mode, what the engine complained of. excess: per
    mode, the largest excess of points that are correct. error: why there is no result, or not all.
    """

    operation: str
    dtype: str
    grid: Mapping[str, str] = field(default_factory=dict)
    points: int = 0
    left: int = 0
    findings: tuple[Finding, ...] = ()
    raised: Mapping[str, str] = field(default_factory=dict)
    excess: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    seconds: float = 0.0
    plain: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain lists, dicts, texts and finite numbers."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Outcome:
        """The outcome that `as_json` was made of."""
        findings = tuple(
            Finding(**{name: _frozen(value) for name, value in one.items()})
            for one in data["findings"]
        )
        return Outcome(**{**data, "findings": findings})

    @property
    def ok(self) -> bool:
        """Whether nothing is to be said against it."""
        good = ("correct", "not offered", "nothing", "raised", "undecided")
        return self.error is None and all(verdict in good for verdict in self.grid.values())


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
