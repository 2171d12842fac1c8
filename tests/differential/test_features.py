"""The table of features is sound: every test that it names exists, every difference says why."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = runpy.run_path(str(Path(__file__).with_name("features_page.py")), run_name="features_page")
FEATURES = PAGE["FEATURES"]
PROGRAMS = "".join(
    Path(__file__).with_name(name).read_text(encoding="utf-8")
    for name in (
        "semantics.txt",
        "semantics_tensor.txt",
        "semantics_functions.txt",
        "semantics_rows.txt",
        "semantics_writes.txt",
    )
)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.row)
def test_entry(feature: Any) -> None:
    if feature.test is not None:
        path, _, name = feature.test.partition("::")
        name, _, parameter = name.partition("[")
        text = (ROOT / path).read_text()
        assert not name or f"def {name}(" in text
        assert not parameter or f"def {parameter.rstrip(']')}(" in PROGRAMS
    if feature.status in {"same", "differs"}:
        assert feature.test is not None
    assert bool(feature.why) == (feature.status != "same")


def test_rows_are_named_once() -> None:
    rows = [feature.row for feature in FEATURES]
    assert len(rows) == len(set(rows))


def test_every_row_of_the_map_is_there() -> None:
    named = {feature.row for feature in FEATURES}
    assert sum(PAGE["SECTIONS"].values()) == 161
    assert [row for row in PAGE["ROWS"] if row not in named] == []


def test_the_page_has_the_table() -> None:
    page = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
    assert page.endswith(PAGE["table"]()), "run python tests/differential/features_page.py"
