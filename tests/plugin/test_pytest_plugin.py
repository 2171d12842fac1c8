"""The pytest plugin, in runs of its own."""

import json
import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import pytest_reference
from reference.checking import recording
from reference.reports import read

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
ALWAYS = ("-p", "pytest_reference", "-p", "no:cacheprovider")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps whatever other plugins are installed out of the runs."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


TESTS = """
import numpy as np
import pytest
from reference import assert_gradients, check
from reference.checking import Pair

RIGHT = Pair(lambda x: np.exp(x), lambda g, x: g * np.exp(x))
WRONG = Pair(lambda x: np.sin(x), lambda g, x: -g * np.cos(x))

def test_right():
    assert_gradients(RIGHT, np.ones(2))

def test_wrong():
    assert_gradients(WRONG, np.ones(2))

def test_fixture(oracle):
    oracle.assert_gradients(RIGHT, np.ones(2), what="vjp")

def test_fixture_wrong(oracle):
    oracle.assert_gradients(WRONG, np.ones(2), what="vjp")

def test_finds(oracle):
    assert not oracle.check(WRONG, np.ones(2), what="vjp")

def test_nothing():
    pass
"""


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """pytest in this process; with xdist, in processes of its own."""
    if "-n" in arguments:
        return pytester.runpytest_subprocess(*ALWAYS, "-p", "xdist", *arguments)
    return pytester.runpytest_inprocess(*ALWAYS, *arguments)


def write_baseline(pytester: pytest.Pytester, *known: dict[str, str]) -> Path:
    """A baseline file; the usual reason and date are filled in."""
    usual = {"reason": "issue 12", "expires": "9999-12-31"}
    data = {"schema": "reference.baseline/1", "known": [{**usual, **entry} for entry in known]}
    path = pytester.path / "baseline.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def known(name: str, **more: str) -> dict[str, str]:
    """An entry for a test of `TESTS`."""
    return {"test": f"test_ops.py::{name}", **more}


@pytest.fixture
def tests(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with the tests above."""
    pytester.makepyfile(test_ops=TESTS)
    return pytester


def test_checks_are_counted_and_failures_fail(tests: pytest.Pytester) -> None:
    result = run(tests)
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(
        ["*gradients (the oracle)*", "5 checks: 2 passed, 1 known, 2 failed"]
    )
    result.stdout.fnmatch_lines(["*numbers judged: * correct, * wrong", "worst excess *: test_*"])


def test_nothing_is_said_where_nothing_is_checked(tests: pytest.Pytester) -> None:
    result = run(tests, "-k", "nothing")
    result.assert_outcomes(passed=1, deselected=5)
    result.stdout.no_fnmatch_line("*gradients (the oracle)*")


REPORTS = ("--oracle-report=out/r.html", "--oracle-report=out/r.json", "--oracle-report=out/r.xml")


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_reports(tests: pytest.Pytester, workers: tuple[str, ...]) -> None:
    result = run(tests, *workers, *REPORTS, "--oracle-seed=7")
    result.assert_outcomes(passed=4, failed=2)
    result.stdout.fnmatch_lines(["report: *r.html", "report: *r.json", "report: *r.xml"])
    found = read(tests.path / "out" / "r.json")
    assert found.seed == 7
    states = {entry.name: entry.state for entry in found.entries}
    assert states == {
        "test_right": "passed",
        "test_wrong": "failed",
        "test_fixture": "passed",
        "test_fixture_wrong": "failed",
        "test_finds": "known",
    }
    entry = next(entry for entry in found.entries if entry.name == "test_fixture_wrong")
    assert entry.report is not None
    assert (entry.report["seed"], entry.report["checked"]) == (7, ["vjp"])
    assert entry.group == "test_ops.py"
    assert re.fullmatch(r"test_ops\.py:\d+", entry.place)
    assert entry.command.startswith("python -m pytest test_ops.py::test_fixture_wrong")
    assert len(ET.parse(tests.path / "out" / "r.xml").findall(".//testcase")) == 5
    assert "test_fixture_wrong" in (tests.path / "out" / "r.html").read_text(encoding="utf-8")


def test_a_report_of_nothing_is_written(tests: pytest.Pytester) -> None:
    run(tests, "-k", "nothing", "--oracle-report=r.json")
    assert read(tests.path / "r.json").entries == []


def test_a_report_that_cannot_be_written_fails_the_run(tests: pytest.Pytester) -> None:
    (tests.path / "taken").write_text("", encoding="utf-8")
    result = run(tests, "-k", "right", "--oracle-report=taken/r.json")
    result.stdout.fnmatch_lines(["NOT WRITTEN: *taken*"])
    assert result.ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--oracle-report=r.pdf", r".*r\.pdf': a report's name ends in \.html"),
        ("--oracle-seed=-1", r".*--oracle-seed='-1': give a number"),
        ("--oracle-baseline=no.json", r".*no\.json' is no file: write one with --oracle-update"),
        ("--oracle-update-baseline", r".*without a baseline: name it by --oracle-baseline"),
    ],
)
def test_options_that_cannot_be_followed(
    tests: pytest.Pytester, option: str, message: str
) -> None:
    result = run(tests, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.re_match_lines([message])


def test_a_drawn_seed_is_printed_and_repeats(tests: pytest.Pytester) -> None:
    drawn = run(tests, "-k", "fixture", "--oracle-seed=random", "--oracle-report=one.json")
    drawn.stdout.re_match_lines([r"oracle: --oracle-seed=\d+ repeats this run"])
    seed = read(tests.path / "one.json").seed
    run(tests, "-k", "fixture", f"--oracle-seed={seed}", "--oracle-report=two.json")
    values = []
    for name in ("one.json", "two.json"):
        report = read(tests.path / name).entries[0].report
        assert report is not None
        values.append(report["comparisons"][0]["worst"])
    assert values[0] == values[1]


# the marker

MARKED = """
import numpy as np
import pytest
from reference.checking import Pair

RIGHT = Pair(lambda x: np.exp(x), lambda g, x: g * np.exp(x))

@pytest.mark.oracle(seed=5, what=["vjp"], factor=2.0)
class TestMarked:
    @pytest.mark.oracle(factor=3.0)
    def test_closest(self, oracle):
        report = oracle.check(RIGHT, np.ones(2))
        assert (report.seed, report.factor, report.checked) == (5, 3.0, ("vjp",))
        assert oracle.check(RIGHT, np.ones(2), seed=6).seed == 6
        assert [r.seed for r in oracle.reports] == [5, 6]

def test_plain(oracle):
    report = oracle.check(RIGHT, np.ones(2))
    assert (report.seed, report.factor) == (4, 1.0)
    assert not oracle.thorough
"""


def test_marker(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(MARKED)
    run(pytester, "--strict-markers", "--oracle-seed=4").assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("arguments", "shown"), [("colour=1", "colour"), ("3", "3"), ("facto=2, seed=1", "facto")]
)
def test_marker_without_such_a_parameter(
    pytester: pytest.Pytester, arguments: str, shown: str
) -> None:
    pytester.makepyfile(
        f"import pytest\n@pytest.mark.oracle({arguments})\ndef test_a():\n    pass"
    )
    result = run(pytester)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"*test_a: pytest.mark.oracle has no parameter {shown}: choose *"]
    )


THOROUGH = """
import numpy as np
import pytest
from reference.checking import Pair

SQUARE = Pair(lambda x: np.where(x > 1.0, x * x, x), lambda g, x: g * np.where(x > 1, 2 * x, 1.0))
HALF = Pair(lambda x: np.maximum(x, 1.0), lambda g, x: g * ((x > 1) + 2.0 * (x == 1)))

def test_more(oracle):
    oracle.assert_gradients(HALF, np.array([0.5, 2.0]), what="vjp")
"""


def test_thorough_looks_at_special_places(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(THOROUGH)
    run(pytester).assert_outcomes(passed=1)
    result = run(pytester, "--oracle-thorough", "--oracle-report=r.json")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*note: at a special place, kink*"])
    entries = read(pytester.path / "r.json").entries
    assert len(entries) > 2
    assert entries[1].name == "test_more, check 2"
    assert entries[0].command.endswith("--oracle-thorough")


def test_an_error_is_an_entry(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_a(oracle):
            def broken(x):
                raise RuntimeError("no such thing")
            oracle.check(broken, 1.0, engine="jaxx")
        """
    )
    run(pytester, "--oracle-report=r.json").assert_outcomes(failed=1)
    (entry,) = read(pytester.path / "r.json").entries
    assert entry.state == "error"
    assert entry.message.startswith("broken: ")
    assert "jaxx" in entry.message


# the baseline


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_known_failures_do_not_fail(tests: pytest.Pytester, workers: tuple[str, ...]) -> None:
    write_baseline(tests, known("test_wrong"), known("test_fixture_wrong", what="vjp"))
    result = run(
        tests, *workers, "-rx", "--oracle-baseline=baseline.json", "--oracle-report=r.json"
    )
    result.assert_outcomes(passed=4, xfailed=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines_random(["XFAIL *test_wrong - known: issue 12 (until 9999-12-31)*"])
    result.stdout.no_fnmatch_line("*no longer fails*")
    states = {entry.name: entry.state for entry in read(tests.path / "r.json").entries}
    assert states["test_wrong"] == states["test_fixture_wrong"] == "known"


@pytest.mark.parametrize(
    ("entry", "failed"),
    [
        ({"what": "vjp", "argument": "x"}, 1),  # the layout is wrong too
        ({"argument": "x"}, 0),
        ({"argument": "y"}, 1),
        ({"what": "second"}, 1),
        ({"expires": "2000-01-01"}, 1),
    ],
)
def test_what_an_entry_covers(tests: pytest.Pytester, entry: dict[str, str], failed: int) -> None:
    write_baseline(tests, known("test_wrong", **entry))
    result = run(tests, "-k", "test_wrong", "--oracle-baseline=baseline.json")
    result.assert_outcomes(failed=failed, xfailed=1 - failed, deselected=5)


def test_an_expired_entry_says_so(tests: pytest.Pytester) -> None:
    write_baseline(tests, known("test_wrong", expires="2000-01-31"))
    result = run(tests, "-k", "test_wrong", "--oracle-baseline=baseline.json")
    result.assert_outcomes(failed=1, deselected=5)
    result.stdout.fnmatch_lines(
        ["*test_wrong (issue 12) was a known failure until 2000-01-31, and today is *: mend *"]
    )


def test_an_entry_that_no_longer_fails_is_named(tests: pytest.Pytester) -> None:
    write_baseline(tests, known("test_right"), known("test_gone"))
    result = run(tests, "--oracle-baseline=baseline.json", "-k", "right")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["no longer fails, to be removed from the baseline: *test_right"])
    result.stdout.no_fnmatch_line("*test_gone*")  # it did not run


def test_a_known_failure_hides_no_other(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_ops=TESTS.replace("\n\ndef test_finds", "\n    1 / 0\n\ndef test_finds")
    )
    write_baseline(pytester, known("test_fixture_wrong"))
    result = run(pytester, "-k", "fixture_wrong", "--oracle-baseline=baseline.json")
    result.assert_outcomes(failed=1, deselected=5)
    result.stdout.fnmatch_lines(["*ZeroDivisionError*"])


ASSERTED = """
import numpy as np
from reference import check
from reference.checking import Pair

wrong = Pair(np.sin, lambda g, x: -g * np.cos(x))

def test_plainly():
    assert check(wrong, np.ones(2))

def test_with_its_text(oracle):
    report = oracle.check(wrong, np.ones(2))
    assert report, report.text

def test_something_else():
    check(wrong, np.ones(2))
    assert 1 == 2, "another matter"
"""


def test_an_assertion_about_a_known_failure_is_no_failure(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_ops=ASSERTED)
    names = ("test_plainly", "test_with_its_text", "test_something_else")
    write_baseline(pytester, *map(known, names))
    result = run(pytester, "--oracle-baseline=baseline.json")
    result.assert_outcomes(xfailed=2, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: another matter*"])


def test_thorough_under_warnings_as_errors(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_ops="""
import numpy as np
import pytest
from reference.checking import Pair

@pytest.mark.filterwarnings("error")
def test_exp(oracle):
    oracle.assert_gradients(Pair(np.exp, lambda g, x: g * np.exp(x)), np.ones(2), repeats=2)
"""
    )
    run(pytester, "--oracle-thorough").assert_outcomes(passed=1)


def test_the_baseline_of_the_ini_file(tests: pytest.Pytester) -> None:
    tests.makeini("[pytest]\noracle_baseline = baseline.json\noracle_seed = 9")
    write_baseline(tests, known("test_wrong"))
    result = run(tests, "-k", "test_wrong", "--oracle-report=r.json")
    result.assert_outcomes(xfailed=1, deselected=5)
    assert read(tests.path / "r.json").seed == 9


def test_update(tests: pytest.Pytester) -> None:
    option = "--oracle-baseline=baseline.json"
    run(tests, option, "--oracle-update-baseline").assert_outcomes(passed=4, failed=2)
    written = json.loads((tests.path / "baseline.json").read_text(encoding="utf-8"))["known"]
    assert {entry["test"] for entry in written} == {
        "test_ops.py::test_wrong",
        "test_ops.py::test_fixture_wrong",
    }
    assert {entry["reason"] for entry in written} == {"the sign is wrong"}
    run(tests, option).assert_outcomes(passed=4, xfailed=2)
    mended = TESTS.replace("-g * np.cos", "g * np.cos").replace(
        "assert not oracle", "assert oracle"
    )
    tests.makepyfile(test_ops=mended)
    run(tests, option, "--oracle-update-baseline").assert_outcomes(passed=6)
    assert json.loads((tests.path / "baseline.json").read_text(encoding="utf-8"))["known"] == []


# what it costs


def test_the_plugin_loads_pytest_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_a():
            heavy = {"numpy", "sympy", "flint", "mpmath"}
            assert not heavy & {name.partition(".")[0] for name in sys.modules}
            assert not [name for name in sys.modules if name.split(".")[0] == "reference"]
            assert "pytest_reference" in sys.modules
        """
    )
    result = pytester.runpytest_subprocess(*ALWAYS)
    result.assert_outcomes(passed=1)


def test_a_test_that_imports_the_oracle_itself_is_heard(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_a():
            assert "reference" not in sys.modules
            import numpy as np
            from reference import assert_gradients
            from reference.checking import Pair
            assert_gradients(Pair(np.exp, lambda g, x: g * np.exp(x)), np.ones(2))
        """
    )
    result = pytester.runpytest_subprocess(*ALWAYS)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 check: 1 passed"])


def test_the_oracle_tells_this_plugin() -> None:
    assert pytest_reference.__name__ == recording.PLUGIN


def test_the_plugin_is_an_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"reference": pytest_reference.__name__}
