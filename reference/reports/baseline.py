"""Known failures: a JSON file that says which, why, and until when.

    {"schema": "reference.baseline/1",
     "known": [{"test": "tests/test_ops.py::test_softplus", "what": "second", "argument": "x",
                "reason": "issue 12", "expires": "2027-01-31"}]}

`test` is the name of what is checked, exactly. `what` (a kind of comparison, such as "vjp" or
"second") and `argument` are optional; without them, every failure of the test is known. `expires`
is the last day on which it is, in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from reference.reports.data import Data

__all__ = ["SCHEMA", "Baseline", "Failure", "Known", "failures_of", "today"]

SCHEMA = "reference.baseline/1"
_GRACE = timedelta(days=90)  # what an entry gets that `updated` writes
_KEYS = ("test", "what", "argument", "reason", "expires")
_OF = "the gradient of "


@dataclass(frozen=True)
class Failure:
    """One way in which a check fails: which kind of comparison, by which argument, in words."""

    what: str
    argument: str | None
    text: str


@dataclass(frozen=True)
class Known:
    """An entry of a baseline."""

    test: str
    reason: str
    expires: date
    what: str | None = None
    argument: str | None = None

    def covers(self, test: str, failure: Failure) -> bool:
        """Whether it speaks of this failure of this test, whatever the date."""
        return (
            self.test == test
            and self.what in (None, failure.what)
            and self.argument in (None, failure.argument)
        )

    @property
    def text(self) -> str:
        """Which failure, in a few words."""
        parts = [self.test, self.what, None if self.argument is None else f"of {self.argument}"]
        return " ".join(part for part in parts if part)


class Baseline:
    """The known failures of a project.

    >>> failure = Failure("second", "x", "wrong")
    >>> baseline = Baseline([Known("a", "issue 12", date(9999, 1, 1), what="second")])
    >>> [known.reason for known in baseline.covering("a", [failure], today()) or ()]
    ['issue 12']
    >>> baseline.covering("a", [failure, Failure("vjp", "x", "wrong")], today()) is None
    True
    """

    def __init__(self, known: Sequence[Known] = ()) -> None:
        self.known = tuple(known)

    @classmethod
    def read(cls, path: str | Path) -> Baseline:
        """The baseline in a file; it is read as JSON, nothing in it is evaluated.

        Raises ValueError, saying where, for anything but a baseline; OSError without a file.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            return cls(_entries(data))
        except ValueError as error:
            raise ValueError(f"baseline {str(path)!r}: {error}") from None

    def covering(
        self, test: str, failures: Sequence[Failure], day: date
    ) -> tuple[Known, ...] | None:
        """The entries that say that all these failures are known on that day; None if any is not.

        An entry that has expired says nothing.
        """
        valid = [known for known in self.known if known.expires >= day]
        found: dict[Known, None] = {}
        for failure in failures:
            speaking = [known for known in valid if known.covers(test, failure)]
            if not speaking:
                return None
            found.update(dict.fromkeys(speaking))
        return tuple(found) or None

    def speaking(self, test: str, failures: Sequence[Failure]) -> tuple[Known, ...]:
        """The entries that speak of any of these failures, whatever the date."""
        return tuple(k for k in self.known if any(k.covers(test, f) for f in failures))

    def updated(
        self, failing: Sequence[tuple[str, Failure]], gone: Sequence[Known], day: date
    ) -> Baseline:
        """A baseline without what is gone, and with what fails; entries that hold are kept.

        What was not known, or had expired, expires 90 days after `day`.
        """
        kept = [known for known in self.known if known not in gone]
        late = [known for known in kept if known.expires < day]
        kept = [known for known in kept if known.expires >= day]
        for test, failure in failing:
            if any(known.covers(test, failure) for known in kept):
                continue
            before = next((known for known in late if known.covers(test, failure)), None)
            reason = failure.text if before is None else before.reason
            kept.append(Known(test, reason, day + _GRACE, failure.what, failure.argument))
        seen = [known for known in late if not any(known.test == test for test, _ in failing)]
        return Baseline(sorted({*kept, *seen}, key=lambda k: (k.test, k.what or "", str(k))))

    def write(self, path: str | Path) -> None:
        """Write it as `read` reads it. Raises OSError where that cannot be."""
        known = []
        for entry in self.known:
            data = {"test": entry.test, "what": entry.what, "argument": entry.argument,
                    "reason": entry.reason, "expires": entry.expires.isoformat()}  # fmt: skip
            known.append({name: value for name, value in data.items() if value is not None})
        text = json.dumps({"schema": SCHEMA, "known": known}, indent=2) + "\n"
        Path(path).write_text(text, encoding="utf-8", newline="\n")


def today() -> date:
    """The day, in UTC, so that a baseline expires everywhere at once."""
    return datetime.now(UTC).date()


def failures_of(data: Data) -> list[Failure]:
    """What fails in a check's report, as `as_data` gives it; each kind once.

    >>> data = {"faults": [{"what": "vjp", "kind": "raised", "text": "..."}], "comparisons": []}
    >>> failures_of(data)
    [Failure(what='vjp', argument=None, text='raised: ...')]
    """
    found: dict[tuple[str, str | None], Failure] = {}
    for fault in data["faults"]:
        failure = Failure(fault["what"], None, f"{fault['kind']}: {fault['text']}")
        found.setdefault((failure.what, failure.argument), failure)
    for comparison in data["comparisons"]:
        if comparison["ok"]:
            continue
        target = comparison["target"]
        argument = target.removeprefix(_OF) if target.startswith(_OF) else None
        text = comparison["guess"] or ", ".join(name for name in comparison["counts"])
        found.setdefault((comparison["what"], argument),
                         Failure(comparison["what"], argument, text))  # fmt: skip
    return list(found.values())


# A wrong type in a file is a wrong file, hence ValueError and not TypeError (TRY004).


def _entries(data: Any) -> list[Known]:
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f'no "schema": "{SCHEMA}" at its top: see docs/ci.md for the format')
    if not isinstance(data.get("known"), list):
        raise ValueError('"known" is no list: give the known failures there')  # noqa: TRY004
    return [_known(number, entry) for number, entry in enumerate(data["known"])]


def _known(number: int, entry: Any) -> Known:
    place = f"entry {number}"
    if not isinstance(entry, dict):
        raise ValueError(f"{place} is {type(entry).__name__}: give an object")  # noqa: TRY004
    for key, value in entry.items():
        if key not in _KEYS:
            raise ValueError(f"{place} has {key!r}: choose from {', '.join(_KEYS)}")
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{place}: {key} is {value!r}: give text")
    missing = [key for key in ("test", "reason", "expires") if key not in entry]
    if missing:
        raise ValueError(f"{place} has no {', '.join(missing)}: every known failure has one")
    try:
        expires = date.fromisoformat(entry["expires"])
    except ValueError:
        raise ValueError(
            f"{place} expires {entry['expires']!r}: give a date such as 2027-01-31"
        ) from None
    what, argument = entry.get("what"), entry.get("argument")
    return Known(entry["test"], entry["reason"], expires, what, argument)
