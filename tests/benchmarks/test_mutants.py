"""The mistakes of benchmarks/mutants.py are mistakes, and distances are counted by dtype."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reference import certify
from reference.explained import scatter
from reference.judge import judge

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # its modules import one another by their bare names

CASES = importlib.import_module("judging").CASES
distances = importlib.import_module("judge").distances
mutants = importlib.import_module("mutants")


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_every_mistake_changes_the_gradient_and_is_seen(dtype: str) -> None:
    x = np.array([0.5, 1.25, -2.0, 3.0], dtype)
    truth = certify(lambda x: np.exp(x).sum(), x)
    right = [truth.gradients[0].round(dtype)]
    found = dict(mutants.mutants(right, truth.dtypes))
    assert list(found) == ["one entry", "exchanged", "half", "zero", "factor"]
    for (wrong,) in found.values():
        assert wrong.dtype == right[0].dtype
        assert (wrong != right[0]).any()
        assert not judge(wrong, truth).ok
        assert not mutants.is_rounding([wrong], truth, scatter(truth))
    assert mutants.is_rounding(right, truth, scatter(truth))
    changed = {kind: int((wrong != right[0]).sum()) for kind, (wrong,) in found.items()}
    assert changed == {"one entry": 1, "exchanged": 2, "half": 1, "zero": 1, "factor": 4}


def test_equal_entries_are_not_exchanged() -> None:
    kinds = [kind for kind, _ in mutants.mutants([np.ones(3)], ["float64"])]
    assert kinds == ["one entry", "half", "zero", "factor"]
    assert list(mutants.mutants([np.zeros(3)], ["float64"])) == []


def test_distances_from_the_threshold() -> None:
    def some(right: bool) -> list[Any]:
        every = [case for case in CASES if case.right is right]
        return [case for case in every if str(case.arrays[0].dtype) == "float64"][:3]

    found = [*zip(some(True), (1.0, 2.0, 5.0), strict=True)]
    found += zip(some(False), (700.0, 500.0, 600.0), strict=True)
    head, rule, double, *others = distances(found)
    assert head.count("|") == rule.count("|") == double.count("|")
    assert double == "| float64 | 3 | 2 | 5 | 5 | 3 | 500 |"
    assert [line.split(" | ")[1] for line in others] == ["0", "0", "0"]
