"""The benchmark of ties gives the verdicts that it says are right."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
ties = importlib.import_module("ties")


@pytest.mark.parametrize("case", list(ties.cases(True)), ids=lambda case: case[0])
def test_verdicts(case: Any) -> None:
    assert ties.timed(case)[1]


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert ties.main(["--small"]) == 0
    assert "dead unit" in capsys.readouterr().out
