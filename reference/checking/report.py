"""What a check found: comparisons, faults, and what was not on offer, as data and as text."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from reference.checking.errors import Errors
from reference.complexes.formats import PartFormat, part_name

__all__ = ["GOOD", "Argument", "Comparison", "Element", "Fault", "Report", "WrongGradients"]

_WIDEST = 600
GOOD = ("correct", "kink-member", "undefined")  # verdicts that let a check pass


@dataclass(frozen=True)
class Argument:
    """One array that was differentiated."""

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def text(self) -> str:
        """Name, dtype and shape; of complex numbers, whose parts lie along the last axis, theirs.

        >>> Argument("x", (2, 3), "float32").text
        'x float32[2, 3]'
        """
        if isinstance(self.dtype, PartFormat):
            return f"{self.name} {self.dtype.complex_name}{list(self.shape[:-1])}"
        return f"{self.name} {self.dtype}{list(self.shape)}"


@dataclass(frozen=True)
class Element:
    """One number that was judged.

    given: the argument's element (float.hex), where the number is a derivative by it. radius: of
    the ball that holds the truth.
    """

    position: tuple[int, ...]
    given: str | None
    returned: float | None
    truth: str
    radius: float
    ulps: float
    excess: float
    verdict: str


@dataclass(frozen=True)
class Comparison:
    """One array against its truth.

    what: "value", "vjp", "jvp", "second", "layout", "again" or "repeat". detail: which cotangent,
    mode or run. target: what the array is, such as "the gradient of x". counts: how many
    elements got each verdict. excess: the largest; norm: the error's norm over the truth's norm,
    in units of the dtype's epsilon. worst: the worst elements first. errors: those of all
    elements, in summary.
    """

    what: str
    detail: str
    target: str
    shape: tuple[int, ...]
    dtype: str
    ok: bool
    counts: dict[str, int]
    excess: float
    norm: float
    worst: tuple[Element, ...]
    guess: str | None = None
    errors: Errors | None = None

    @property
    def bad(self) -> int:
        """How many elements got a verdict that is not a good one."""
        return sum(count for verdict, count in self.counts.items() if verdict not in GOOD)

    @property
    def text(self) -> str:
        """A few lines: the worst element, how many there are of which verdict, the guess."""
        element = self.worst[0] if self.worst else None
        place = "" if element is None or not element.position else f" at {list(element.position)}"
        if element is not None and isinstance(self.dtype, PartFormat):
            place = part_name("", element.position)
        verdict = "" if element is None else f": {element.verdict}"
        lines = [f"{self.what} ({self.detail}): {self.target}{place}{verdict}"]
        if element is not None:
            if element.given is not None:
                lines.append(f"    argument  {element.given} ({float.fromhex(element.given)!r})")
            returned = "nothing" if element.returned is None else repr(element.returned)
            lines.append(f"    returned  {returned}")
            if math.isinf(element.radius):
                lines.append(f"    truth     {element.truth}")
            else:
                lines.append(f"    truth     {element.truth} ± {element.radius:.2g}")
            if not math.isnan(element.ulps):
                lines.append(
                    f"    error     {element.ulps:.3g} ULP of {self.dtype}, excess "
                    f"{element.excess:.3g}"
                )
        total = sum(self.counts.values())
        counted = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        lines.append(
            f"    of {total} elements: {counted}; norm-wise error {self.norm:.3g} epsilon"
        )
        if self.guess:
            lines.append(f"    guess     {self.guess}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Fault:
    """A mistake that is not about a number's accuracy.

    kind: "wrong dtype", "wrong shape", "modified", "non-deterministic", "raised" or "missing".
    """

    what: str
    kind: str
    text: str


@dataclass(repr=False)
class Report:
    """What a check found.

    origin: where the function is written, "module:name". notes: what the engine or the function
    does not offer, and was not asked for by name.
    repeats: how often the same gradient was asked for. source: where something is wrong, the
    lines of code that repeat the check.
    """

    function: str
    engine: str
    arguments: tuple[Argument, ...]
    seed: int
    factor: float
    comparisons: list[Comparison] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    source: tuple[str, ...] = ()
    repeats: int = 0
    seconds: float = 0.0
    origin: str = ""

    @property
    def ok(self) -> bool:
        """Whether every comparison holds and there is no fault."""
        return not self.faults and all(comparison.ok for comparison in self.comparisons)

    @property
    def failures(self) -> list[Comparison]:
        """The comparisons that do not hold; the most bad numbers first, then the worst."""
        bad = [comparison for comparison in self.comparisons if not comparison.ok]
        return sorted(bad, key=lambda c: (-c.bad, -c.excess if c.excess == c.excess else 0.0))

    @property
    def counts(self) -> dict[str, int]:
        """How many elements got each verdict, over all comparisons."""
        total: Counter[str] = Counter()
        for comparison in self.comparisons:
            total.update(comparison.counts)
        return dict(total)

    @property
    def excess(self) -> float:
        """The largest excess error."""
        return max((c.excess for c in self.comparisons if c.excess == c.excess), default=0.0)

    @property
    def checked(self) -> tuple[str, ...]:
        """What was compared: "value", "vjp", ..."""
        return tuple(dict.fromkeys(comparison.what for comparison in self.comparisons))

    def summary(self) -> str:
        """One line."""
        counted = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        state = "correct" if self.ok else "NOT correct"
        faults = "".join(f"; {fault.kind}" for fault in self.faults)
        return (
            f"{self.function} on {self.engine}: {state} ({counted or 'nothing compared'}; "
            f"largest excess {self.excess:.3g}{faults})"
        )

    @property
    def text(self) -> str:
        """The summary, then every failure with its worst element, and lines that reproduce it."""
        shown = ", ".join(argument.text for argument in self.arguments)
        lines = [self.summary(), f"  arguments: {shown}; seed {self.seed}"]
        lines += [f"  {fault.what}: {fault.kind}: {fault.text}" for fault in self.faults]
        failures = self.failures
        for failure in failures[:6]:
            lines += [f"  {line}" for line in failure.text.splitlines()]
        if len(failures) > 6:
            lines.append(f"  and {len(failures) - 6} more comparisons that fail")
        lines += [f"  note: {note}" for note in self.notes]
        if not self.ok and self.source:
            lines.append("  reproduce:")
            lines += [f"    {_short(line)}" for line in self.source]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Report: {self.summary()}>"  # pytest shows it where `assert report` fails

    def __bool__(self) -> bool:
        return self.ok


def _short(line: str) -> str:
    """A line of code; of one with many numbers, its beginning."""
    if len(line) <= _WIDEST:
        return line
    return f"{line[:_WIDEST]}…  # {len(line):,} characters, all of them in `report.source`"


class WrongGradients(AssertionError):
    """What `assert_gradients` raises; `report` says what is wrong."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.text)
        self.report = report
