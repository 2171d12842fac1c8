"""The pytest plugin of the oracle: a fixture, a marker, options and reports; see docs/ci.md.

It is a module of its own because pytest imports it in every run of everyone who has the oracle
installed, and `import reference` would cost each of them half a second. It imports pytest alone;
`reference.plugin`, which does the work, is loaded by the first test that makes a check, or by an
option that asks for it.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Generator
from contextvars import ContextVar
from typing import Any

import pytest

__all__ = ["PARAMETERS", "oracle", "told"]

PARAMETERS = ("factor", "engine", "what", "seed", "thorough", "cotangents", "repeats")
_WORK = "reference.plugin"

_JUDGE = "reference-judge"

_test: ContextVar[_Test | None] = ContextVar("pytest_reference", default=None)
_session = pytest.StashKey[Any]()


def told(check: Any) -> None:
    """Note a check that the test in progress made; `reference.checking.recording` calls this."""
    test = _test.get()
    if test is not None:
        test.note(check)


@pytest.fixture
def oracle(request: pytest.FixtureRequest) -> Any:
    """Checks gradients: `oracle.check`, `oracle.assert_gradients`; see docs/ci.md."""
    return _work(request.config).oracle(request.node, told)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, all named --oracle-..., and what an ini file may set."""
    group = parser.getgroup("oracle", "gradients (the oracle)")
    group.addoption(
        "--oracle-report",
        action="append",
        default=[],
        metavar="FILE",
        help="write what was checked to FILE.html, .json or .xml (JUnit); may be given again",
    )
    group.addoption(
        "--oracle-thorough",
        action="store_true",
        help="more cotangents, more repeats, and points at the special places of each function",
    )
    group.addoption(
        "--oracle-baseline",
        metavar="FILE",
        help="JSON file of known failures, each until a date",
    )
    group.addoption(
        "--oracle-update-baseline",
        action="store_true",
        help="write the failures of this run to the baseline, and remove what no longer fails",
    )
    group.addoption(
        "--oracle-seed",
        metavar="N",
        help="what the fixture's cotangents are drawn from: a number, or 'random'; default 0",
    )
    parser.addini("oracle_baseline", "the same as --oracle-baseline, from the root directory")
    parser.addini("oracle_seed", "the same as --oracle-seed")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker, settles the seed, and refuses options that cannot be followed."""
    named = "=..., ".join(PARAMETERS)
    config.addinivalue_line(
        "markers", f"oracle({named}=...): what the fixture `oracle` checks, and how"
    )
    option = config.option
    given = option.oracle_seed or config.getini("oracle_seed") or "0"
    # The workers of xdist get the controller's options, and with them the number that is drawn.
    option.oracle_seed = str(random.randrange(1 << 31)) if given == "random" else given
    if not option.oracle_seed.isdecimal():
        raise pytest.UsageError(f"--oracle-seed={given!r}: give a number, 0 or more, or 'random'")
    start = config.invocation_params.dir
    option.oracle_report = [str(start / path) for path in option.oracle_report]
    if option.oracle_baseline:
        option.oracle_baseline = str(start / option.oracle_baseline)
    asked = option.oracle_report, option.oracle_baseline, option.oracle_update_baseline
    if any(asked) or config.getini("oracle_baseline"):
        _work(config)
    if not hasattr(config, "workerinput"):  # a worker of xdist leaves this to the controller
        config.pluginmanager.register(_Collector(config), "reference-collector")


def pytest_report_header(config: pytest.Config) -> str | None:
    """The seed, where it is not the usual one."""
    seed = config.option.oracle_seed
    return None if seed == "0" else f"oracle: --oracle-seed={seed} repeats this run"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses markers with parameters that do not exist."""
    for item in items:
        for mark in item.iter_markers("oracle"):
            unknown = [*map(repr, mark.args), *(n for n in mark.kwargs if n not in PARAMETERS)]
            if unknown:
                raise pytest.UsageError(
                    f"{item.nodeid}: pytest.mark.oracle has no parameter {', '.join(unknown)}: "
                    f"choose from {', '.join(PARAMETERS)}, by name"
                )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Listens to the checks of one test."""
    token = _test.set(_Test(item.config))
    try:
        return (yield)
    finally:
        _test.reset(token)


class _Test:
    """The test in progress: the checks that it made since its last report."""

    __slots__ = ("config", "made")

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.made: list[Any] = []

    def note(self, check: Any) -> None:
        """Keep a check for the test's report; from the first one on, reports are looked at."""
        self.made.append(check)
        if not self.config.pluginmanager.has_plugin(_JUDGE):
            self.config.pluginmanager.register(_Judge(), _JUDGE)


class _Judge:
    """Registered by the first check: tests of a run without checks have no such hook to pass."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Hands the checks of a test to its report, which xdist takes to the controller."""
        report = yield
        test = _test.get()
        if test is not None and test.made:
            _work(item.config).judge(item, call, report, test.made[:])
            test.made.clear()
        return report


class _Collector:
    """Brings together what the tests' reports hold, in the process that has the terminal."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes the checks out of a test's report."""
        if "oracle_entries" in report.__dict__ or _session in self.config.stash:
            _work(self.config).collect(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Writes the reports."""
        if _session in self.config.stash:
            _work(self.config).finish(session)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Says what was checked, in a few lines."""
        if _session in self.config.stash:
            _work(self.config).summarise(terminalreporter)


def _work(config: pytest.Config) -> Any:
    """The part that knows the oracle, loaded when it is first needed."""
    if _session not in config.stash:
        config.stash[_session] = importlib.import_module(_WORK).Session(config)
    return config.stash[_session]
