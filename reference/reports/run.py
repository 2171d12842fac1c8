"""Many checks together: what a test run, the command line and an audit leave behind."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from reference.reports.data import number

__all__ = ["STATES", "Entry", "Run", "environment", "merged", "now"]

STATES = ("error", "failed", "known", "passed")

_ALWAYS = ("autodiff-oracle", "numpy", "sympy", "python-flint")
_ENGINES = {  # module: distribution
    "torch": "torch",
    "jax": "jax",
    "autograd": "autograd",
    "mygrad": "mygrad",
    "tinygrad": "tinygrad",
    "cupy": "cupy",
}


@dataclass
class Entry:
    """One check.

    name: what was checked, unique within its group. group: what belongs together, such as a test
    or an operation. state: one of STATES; "error": the check did not come to an end; "known": it
    fails, and someone has said so beforehand. seconds: how long it took. report: `as_data` of the
    check's report, None where there is none. message: a line or a few on why it is not "passed".
    place: file:line or module:function. command: one line that repeats the check.
    """

    name: str
    group: str
    state: str
    seconds: float = 0.0
    report: dict[str, Any] | None = None
    message: str = ""
    place: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"state={self.state!r}: choose from {', '.join(STATES)}")

    @property
    def excess(self) -> float:
        """The largest excess error; nan where nothing was compared."""
        if self.report is None or not self.report.get("comparisons"):
            return float("nan")
        return number(self.report.get("excess"))

    @property
    def engine(self) -> str:
        """The engine that was checked, "" where there is no report."""
        return "" if self.report is None else str(self.report.get("engine", ""))

    @property
    def verdicts(self) -> dict[str, int]:
        """How many numbers got each verdict."""
        return {} if self.report is None else dict(self.report.get("counts", {}))


@dataclass
class Run:
    """Checks that were made together.

    created: UTC, ISO 8601. versions: of Python, of the libraries and of the engines. seed: what
    all draws of the run came from, None where there was no single one. notes: what else is to be
    said, a line each.

    >>> run = Run("nightly", entries=[Entry("a", "g", "passed"), Entry("b", "g", "failed")])
    >>> run.ok, run.counts
    (False, {'failed': 1, 'passed': 1})
    """

    title: str
    created: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    seed: int | None = None
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every entry passed, or is known."""
        return all(entry.state in ("passed", "known") for entry in self.entries)

    @property
    def counts(self) -> dict[str, int]:
        """How many entries are in which state, in the order of STATES."""
        found = Counter(entry.state for entry in self.entries)
        return {state: found[state] for state in STATES if found[state]}

    @property
    def verdicts(self) -> dict[str, int]:
        """How many numbers got each verdict."""
        total: Counter[str] = Counter()
        for entry in self.entries:
            total.update(entry.verdicts)
        return dict(total)

    @property
    def seconds(self) -> float:
        """The sum over all entries."""
        return sum(entry.seconds for entry in self.entries)

    @property
    def worst(self) -> Entry | None:
        """The entry with the largest excess error."""
        figured = [entry for entry in self.entries if entry.excess == entry.excess]
        return max(figured, key=lambda entry: entry.excess, default=None)

    def summary_lines(self) -> list[str]:
        """A few lines for a terminal: how many checks, the verdicts, the worst.

        >>> Run("t", entries=[Entry("a", "g", "passed")]).summary_lines()
        ['1 check: 1 passed']
        """
        count = len(self.entries)
        states = ", ".join(f"{n} {state}" for state, n in reversed(self.counts.items()))
        lines = [f"{count} check{'' if count == 1 else 's'}: {states or 'none'}"]
        if self.verdicts:
            total = sum(self.verdicts.values())
            named = ", ".join(f"{n:,} {name}" for name, n in self.verdicts.items())
            lines.append(f"{total:,} numbers judged: {named}")
        worst = self.worst
        if worst is not None and worst.excess > 0:
            lines.append(f"worst excess {worst.excess:.3g}: {worst.name}")
        lines += self.notes
        return lines


def now() -> str:
    """The time as `Run.created` has it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def environment(engines: Sequence[str] = ()) -> dict[str, str]:
    """Versions of Python, of what the oracle stands on, and of engines.

    engines: modules whose version is wanted; those that are loaded are named in any case.

    >>> sorted(environment())[:2]
    ['autodiff-oracle', 'numpy']
    """
    found = {}
    loaded = [name for module, name in _ENGINES.items() if module in sys.modules]
    for name in dict.fromkeys([*_ALWAYS, *(_ENGINES.get(e, e) for e in engines), *loaded]):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    found["python"] = platform.python_version()
    found["platform"] = f"{platform.system()} {platform.machine()}"
    return found


def merged(runs: Iterable[Run], title: str | None = None) -> Run:
    """One run with the entries of all, in order; of the same group and name, the last one counts.

    The versions are those of all; where they differ, they are all named. The seed is the common
    one. Raises ValueError where there are no runs.

    >>> first, again = Entry("a", "g", "failed"), Entry("a", "g", "passed")
    >>> merged([Run("one", entries=[first]), Run("two", entries=[again])]).counts
    {'passed': 1}
    """
    given = list(runs)
    if not given:
        raise ValueError("0 runs to merge: give at least one")
    versions: dict[str, list[str]] = {}
    for run in given:
        for name, version in run.versions.items():
            known = versions.setdefault(name, [])
            if version not in known:
                known.append(version)
    entries = {(entry.group, entry.name): entry for run in given for entry in run.entries}
    seeds = {run.seed for run in given}
    return Run(
        given[0].title if title is None else title,
        max(run.created for run in given),
        {name: ", ".join(all_of) for name, all_of in versions.items()},
        seeds.pop() if len(seeds) == 1 else None,
        list(entries.values()),
        list(dict.fromkeys(note for run in given for note in run.notes)),
    )
