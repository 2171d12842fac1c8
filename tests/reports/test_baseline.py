"""Baselines of known failures."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from reference.reports.baseline import Baseline, Failure, Known, failures_of, today
from sample_runs import sample_run

DAY = date(2026, 11, 22)
VJP = Failure("vjp", "x", "wrong")
SECOND = Failure("second", "x", "inaccurate")
ENTRY = {"test": "a", "reason": "issue 12", "expires": "2026-12-31"}


def known(test: str = "a", expires: date = DAY, **more: str) -> Known:
    """An entry with the usual reason."""
    return Known(test, "issue 12", expires, **more)


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    baseline = Baseline([known(what="vjp", argument="x"), known("b\ud800 <ü>")])
    baseline.write(path)
    assert Baseline.read(path).known == baseline.known


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], 'no "schema": "reference.baseline/1" at its top'),
        ({"known": []}, 'no "schema"'),
        ({"schema": "reference.baseline/1"}, '"known" is no list'),
        ([3], "entry 0 is int: give an object"),
        ([ENTRY, {**ENTRY, "expires": "2026-13-01"}], "entry 1 expires '2026-13-01': give a date"),
        ([{**ENTRY, "expires": 20261231}], "entry 0: expires is 20261231: give text"),
        ([{**ENTRY, "reason": " "}], "entry 0: reason is ' ': give text"),
        ([{**ENTRY, "until": "x"}], "entry 0 has 'until': choose from test, what, argument"),
        ([{"test": "a"}], "entry 0 has no reason, expires"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, data: Any, message: str) -> None:
    path = tmp_path / "known.json"
    whole = {"schema": "reference.baseline/1", "known": data}
    text = json.dumps(whole if isinstance(data, list) and data else data)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"known\.json'") as caught:
        Baseline.read(path)
    assert message in str(caught.value)


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "known.json"
    path.write_text("__import__('os')", encoding="utf-8")
    with pytest.raises(ValueError, match=r"known\.json.*Expecting value"):
        Baseline.read(path)


@pytest.mark.parametrize(
    ("entries", "failures", "covered"),
    [
        ([known()], [VJP, SECOND], True),
        ([known(what="vjp")], [VJP], True),
        ([known(what="vjp")], [VJP, SECOND], False),
        ([known(what="vjp"), known(what="second")], [VJP, SECOND], True),
        ([known(argument="x")], [VJP, SECOND], True),
        ([known(argument="y")], [VJP], False),
        ([known("b")], [VJP], False),
        ([known(expires=DAY - timedelta(1))], [VJP], False),  # the date is the last day
        ([known()], [], False),
        ([], [VJP], False),
    ],
)
def test_what_is_covered(entries: list[Known], failures: list[Failure], covered: bool) -> None:
    assert (Baseline(entries).covering("a", failures, DAY) is not None) is covered


def test_updating() -> None:
    holds, gone = known(what="vjp"), known("gone")
    late, elsewhere = known("late", DAY - timedelta(9)), known("elsewhere", DAY - timedelta(9))
    old = Baseline([holds, gone, late, elsewhere])
    failing = [("a", VJP), ("a", SECOND), ("late", VJP)]
    new = Baseline(old.updated(failing, [gone], DAY).known)
    until = DAY + timedelta(90)
    assert set(new.known) == {
        holds,
        elsewhere,  # it did not run, so nothing is known of it
        Known("a", "inaccurate", until, "second", "x"),
        Known("late", "issue 12", until, "vjp", "x"),
    }
    assert new.covering("late", [VJP], DAY)


def test_failures_of_a_report() -> None:
    reports = {entry.name: entry.report for entry in sample_run().entries}
    wrong, right = reports["wrong sign"], reports["right"]
    assert wrong is not None
    assert right is not None
    assert [(f.what, f.argument) for f in failures_of(wrong)] == [("vjp", "x")]
    assert failures_of(right) == []
    wrong = {**wrong, "faults": [{"what": "jvp", "kind": "raised", "text": "no"}]}
    assert failures_of(wrong)[0] == Failure("jvp", None, "raised: no")


def test_today_is_a_day() -> None:
    assert abs((today() - date.today()).days) <= 1
