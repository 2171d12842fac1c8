"""Every labelled case of benchmarks/judging gets the verdict that its label asks for."""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # its modules import one another by their bare names

CASES = importlib.import_module("judging").CASES
judged = importlib.import_module("judging.case").judged
judge = importlib.import_module("judge")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_the_verdict_is_the_label(case: Any) -> None:
    report = judged(case, repeats=40 if "non-deterministic" in case.kind else 10)
    assert report.ok is case.right, report.text


def test_there_are_enough_cases_of_both_kinds() -> None:
    labels = Counter(case.right for case in CASES)
    assert min(labels.values()) >= 150
    assert len({case.label for case in CASES}) == len(CASES)
    assert len({case.kind for case in CASES if not case.right}) >= 25


def test_the_command_counts_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "outcomes.json"
    pattern = "*: formula: cotangent *"
    assert judge.main(["--alone", "--only", pattern, "--json", str(written)]) == 0
    printed = capsys.readouterr().out
    assert "2 cases: 0 right, 2 wrong" in printed
    outcomes = json.loads(written.read_text(encoding="utf-8"))["reference.check"]
    assert [one["passed"] for one in outcomes] == [False, False]


def test_what_a_checker_misses_or_blames_is_counted() -> None:
    cases = [case for case in CASES if case.kind == "formula"][:2]
    cases += [case for case in CASES if case.kind == "plain"][:2]
    found = judge.outcomes("always", lambda case: True, cases)
    assert judge.tally(found)["missed"] == 2
    assert judge.tally(found)["passed"] == 2
    found = judge.outcomes("never", lambda case: False, cases)
    assert (judge.tally(found)["caught"], judge.tally(found)["blamed"]) == (2, 2)

    def refuses(case: Any) -> bool:
        raise judge.Cannot("not this one")

    assert judge.tally(judge.outcomes("cannot", refuses, cases))["cannot"] == 4
