"""One run of pytest, as far as gradients are concerned."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from reference.checking.report import Report, WrongGradients
from reference.plugin.fixture import Interrupted, Oracle, options
from reference.reports.baseline import Baseline, Known, failures_of, today
from reference.reports.data import as_data
from reference.reports.files import suffix_of, write
from reference.reports.run import Entry, Run, environment, now

__all__ = ["Session"]

_counted = pytest.StashKey[int]()


class Session:
    """What the plugin's hooks share; one in every process that runs tests, one that reports."""

    def __init__(self, config: pytest.Config) -> None:
        """Raises pytest.UsageError for options that cannot be followed."""
        option = config.option
        self.seed = int(option.oracle_seed)
        self.thorough = bool(option.oracle_thorough)
        self.paths = [Path(path) for path in option.oracle_report]
        self.update = bool(option.oracle_update_baseline)
        self.day = today()
        self.entries: list[Entry] = []
        self.failing: list[tuple[str, dict[str, Any]]] = []
        self.used: set[Known] = set()
        self.passed: set[str] = set()
        self.lines: list[str] = []
        try:
            for path in self.paths:
                suffix_of(path)
            self.baseline_path = _baseline_path(config)
            self.baseline = self._baseline()
        except (ValueError, OSError) as error:
            raise pytest.UsageError(str(error)) from None

    def _baseline(self) -> Baseline:
        path = self.baseline_path
        if path is None:
            if self.update:
                raise ValueError(
                    "--oracle-update-baseline without a baseline: name it by --oracle-baseline"
                )
            return Baseline()
        if self.update and not path.exists():
            return Baseline()
        if not path.is_file():
            raise ValueError(
                f"baseline {str(path)!r} is no file: write one with --oracle-update-baseline"
            )
        return Baseline.read(path)

    # in the process that runs tests

    def oracle(self, item: pytest.Item, tell: Callable[[Any], None]) -> Oracle:
        """The fixture, for one test."""
        marked = [dict(mark.kwargs) for mark in item.iter_markers("oracle")]
        given = options({"seed": self.seed, "thorough": self.thorough}, marked[::-1])

        def is_known(report: Report) -> bool:
            return self._covering(item.nodeid, as_data(report)) is not None

        return Oracle(given, tell=tell, is_known=is_known)

    def judge(
        self,
        item: pytest.Item,
        call: pytest.CallInfo[None],
        outcome: pytest.TestReport,
        made: list[Any],
    ) -> None:
        """Put the checks that a test made into its report; a known failure is no failure."""
        found = [(check, _data(check)) for check in made]
        known = [self._covering(item.nodeid, data) for _, data in found]
        error = None if call.excinfo is None else call.excinfo.value
        excused = [
            entries
            for (check, _), entries in zip(found, known, strict=True)
            if entries and (error is None or _is_about(error, check))
        ]
        if excused and outcome.outcome in ("passed", "failed"):
            reasons = dict.fromkeys(
                f"{k.reason} (until {k.expires})" for entries in excused for k in entries
            )
            outcome.outcome = "skipped"
            outcome.wasxfail = f"known: {'; '.join(reasons)}"
            outcome.longrepr = outcome.wasxfail
        if outcome.outcome == "failed":
            self._explain(item.nodeid, outcome, [data for _, data in found])
        if not self.paths:
            found = [(check, _without_details(data)) for check, data in found]
        entries = [
            asdict(self._entry(item, outcome, check, data, covered))
            for (check, data), covered in zip(found, known, strict=True)
        ]
        outcome.oracle_entries = entries  # type: ignore[attr-defined]  # a field of our own

    def _covering(self, test: str, data: dict[str, Any] | None) -> tuple[Known, ...] | None:
        if data is None or data["ok"]:
            return None
        return self.baseline.covering(test, failures_of(data), self.day)

    def _explain(
        self, test: str, outcome: pytest.TestReport, found: list[dict[str, Any] | None]
    ) -> None:
        """Say in the test's report that the baseline's word has expired."""
        for data in found:
            failures = [] if data is None or data["ok"] else failures_of(data)
            for known in self.baseline.speaking(test, failures):
                if known.expires < self.day:
                    text = (
                        f"{known.text} ({known.reason}) was a known failure until "
                        f"{known.expires}, and today is {self.day}: mend the gradient, or give "
                        f"the entry in {self.baseline_path} a later date"
                    )
                    outcome.sections.append(("oracle baseline", text))

    def _entry(
        self,
        item: pytest.Item,
        outcome: pytest.TestReport,
        check: Any,
        data: dict[str, Any] | None,
        covered: tuple[Known, ...] | None,
    ) -> Entry:
        number = item.stash.get(_counted, 0) + 1
        item.stash[_counted] = number
        name = item.name if number == 1 else f"{item.name}, check {number}"
        path, line, _ = item.location
        entry = Entry(
            name,
            item.nodeid.removesuffix(f"::{item.name}"),
            "passed",
            0.0 if data is None else float(check.seconds),
            data,
            "",
            f"{path}:{(line or 0) + 1}",
            f"python -m pytest {shlex.quote(item.nodeid)} --oracle-seed={self.seed}"
            + (" --oracle-thorough" if self.thorough else ""),
        )
        if isinstance(check, Interrupted):
            entry.state = "error"
            entry.message = f"{check.function}: {type(check.error).__name__}: {check.error}"
        elif covered:
            entry.state = "known"
            entry.message = "; ".join(f"{k.reason} (until {k.expires})" for k in covered)
        elif not check.ok:
            entry.state = "failed" if outcome.outcome == "failed" else "known"
            entry.message = check.text if entry.state == "failed" else "the test does not mind"
        return entry

    # in the process that reports

    def collect(self, report: pytest.TestReport) -> None:
        """Take the checks out of a test's report."""
        if report.when == "call" and (report.passed or hasattr(report, "wasxfail")):
            self.passed.add(report.nodeid)
        for data in getattr(report, "oracle_entries", ()):
            entry = Entry(**data)
            self.entries.append(entry)
            if entry.report is not None and not entry.report["ok"]:
                failures = failures_of(entry.report)
                self.used.update(self.baseline.speaking(report.nodeid, failures))
                if entry.state == "failed":
                    self.failing.append((report.nodeid, entry.report))

    @property
    def gone(self) -> list[Known]:
        """What the baseline calls known, and fails no longer."""
        return [k for k in self.baseline.known if k.test in self.passed and k not in self.used]

    def run(self) -> Run:
        """All that was checked."""
        engines = sorted({entry.engine for entry in self.entries} - {""})
        notes = [f"no longer fails, to be removed from the baseline: {k.text}" for k in self.gone]
        return Run(
            "pytest",
            now(),
            environment(engines),
            self.seed,
            sorted(self.entries, key=lambda entry: (entry.place, entry.group)),
            [] if self.update else notes,
        )

    def finish(self, session: pytest.Session) -> None:
        """Write the reports, and the baseline where that was asked for."""
        run = self.run()
        try:
            for path in self.paths:
                self.lines.append(f"report: {write(run, path)}")
            if self.update and self.baseline_path is not None:
                failing = [(test, f) for test, data in self.failing for f in failures_of(data)]
                changed = self.baseline.updated(failing, self.gone, self.day)
                changed.write(self.baseline_path)
                self.lines.append(f"baseline: {self.baseline_path}, {len(changed.known)} known")
        except OSError as error:
            self.lines.append(f"NOT WRITTEN: {error}")
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def summarise(self, terminal: Any) -> None:
        """A section of the terminal's summary."""
        if not self.entries and not self.lines and not self.gone:
            return
        terminal.section("gradients (the oracle)")
        for line in [*self.run().summary_lines(), *self.lines]:
            terminal.write_line(line)


def _is_about(error: BaseException, check: Any) -> bool:
    """Whether a test failed by this check: `assert_gradients`, or an assertion that shows it."""
    if isinstance(error, WrongGradients):
        return error.report is check
    return isinstance(error, AssertionError) and check.summary() in str(error)


def _baseline_path(config: pytest.Config) -> Path | None:
    given = config.option.oracle_baseline
    if given:
        return Path(given)
    named = str(config.getini("oracle_baseline"))
    return config.rootpath / named if named else None


def _without_details(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the summary needs of a report; a run that writes none keeps no more of each check."""
    if data is None:
        return None
    chosen = [c for c in data["comparisons"] if not c["ok"]] or data["comparisons"][:1]
    slim = [{**c, "worst": [], "histogram": [], "grid": None} for c in chosen]
    return {**data, "comparisons": slim}


def _data(check: Any) -> dict[str, Any] | None:
    return None if isinstance(check, Interrupted) else as_data(check)
