"""The workloads of benchmarks/ compute what they claim to; nothing here is timed."""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # its modules import one another by their bare names

contestants = importlib.import_module("contestants")
timing = importlib.import_module("timing")
workload = importlib.import_module("workloads.workload")
compare = importlib.import_module("compare")
engine = importlib.import_module("engine")
WORKLOADS = importlib.import_module("workloads").WORKLOADS

AUTODIFF = importlib.import_module("autodiff")
COMPUTED = [one for one in WORKLOADS if one.kind is not workload.Kind.IMPORT]


def results_of(name: str, row: Any) -> list[np.ndarray]:
    loaded = contestants.named(name).load()
    call, _ = loaded.call(row, row.make(small=True))
    return [loaded.to_numpy(result) for result in call()]


@pytest.mark.parametrize("row", COMPUTED, ids=lambda row: row.name)
def test_gradients_are_those_by_hand(row: Any) -> None:
    lacking = [name for name in row.needs if not workload.has(AUTODIFF, name)]
    if lacking and "composed" not in row.programs:
        with pytest.raises(workload.Missing, match=f"^not yet: {lacking[0]}$"):
            results_of("autodiff", row)
        return
    found, expected = results_of("autodiff", row), results_of("numpy", row)
    assert len(found) == len(expected)
    for got, want in zip(found, expected, strict=True):
        assert got.dtype == want.dtype
        assert workload.relative_error(got, want) <= 64


@pytest.mark.parametrize("row", COMPUTED, ids=lambda row: row.name)
def test_a_second_call_finds_the_same(row: Any) -> None:
    """A contestant that keeps something from one call to the next would be timed on less work."""
    loaded = contestants.named("numpy").load()
    call, _ = loaded.call(row, row.make(small=True))
    for first, second in zip(call(), call(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_there_is_a_row_for_each_of_the_table() -> None:
    assert len(WORKLOADS) == 18
    assert len({row.name for row in WORKLOADS}) == 18
    assert all(row.target is not None for row in WORKLOADS)


@pytest.mark.parametrize(
    ("got", "expected", "error"),
    [
        (np.float32([1, 2]), np.float32([1, 2]), 0.0),
        (np.float32([1 + 2**-22, 2]), np.float32([1, 2]), 1.0),
        (np.float64([0.0]), np.float64([0.0]), 0.0),
        (np.float64([1.0]), np.float64([0.0]), math.inf),
        (np.float64([1.0]), np.float64([1.0, 1.0]), math.inf),
    ],
)
def test_relative_error(got: np.ndarray, expected: np.ndarray, error: float) -> None:
    assert workload.relative_error(got, expected) == error


def test_a_wrong_gradient_fails() -> None:
    entry = timing.Entry("autodiff")
    timing.check(
        entry, [np.float64(1), np.float64([1, 2])], [np.float64(1), np.float64([1, 3])], 9
    )
    assert entry.failed.startswith("result 1 is off by")


def test_a_gradient_that_is_no_number_fails() -> None:
    entry = timing.Entry("autodiff")
    timing.check(entry, [np.float64(math.nan)], [np.float64(1)], 1e9)
    assert entry.failed


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        ((2.0, 1.9, 2.1), (2.0, 1.9, 2.1), "as before"),
        ((2.0, 1.9, 2.1), (2.2, 2.15, 2.3), "as before"),  # within the margin
        ((2.0, 1.9, 2.1), (3.0, 2.9, 3.1), "slower"),
        ((2.0, 1.5, 3.5), (3.0, 2.9, 3.1), "as before"),  # the quartiles overlap
        ((2.0, 1.9, 2.1), (1.0, 0.9, 1.1), "faster"),
        (None, (1.0, 0.9, 1.1), "new"),
        ((2.0, 1.9, 2.1), None, "gone"),
        (None, None, "not yet"),
    ],
)
def test_what_counts_as_slower(before: Any, now: Any, verdict: str) -> None:
    old, new = (
        None if one is None else {"ratio": one[0], "ratio_quartiles": one[1:]}
        for one in (before, now)
    )
    assert compare.change("row", old, new or {}, 0.15).verdict == verdict


def test_a_row_is_measured_in_processes_of_its_own() -> None:
    among = [contestants.named(name) for name in ("numpy", "autodiff")]
    row = timing.measure(WORKLOADS[0], among, rounds=2, seconds=0.0, base="numpy", small=True)
    record = engine.as_record(row)
    assert record["base"] == "numpy"
    assert record["contestants"]["numpy"]["ratio"] == 1.0
    ours = record["contestants"]["autodiff"]
    assert ours["ratio"] > 0
    assert len(ours["rounds"]) == 2
    assert "failed" not in ours
    assert WORKLOADS[0].title in engine.table([row], ["numpy", "autodiff"])
