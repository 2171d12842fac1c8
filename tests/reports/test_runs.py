"""The data of runs, and as JSON and JUnit XML."""

import json
import math
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.checking import Pair, check
from reference.checking.errors import ROWS, distribution
from reference.checking.recording import recording
from reference.judge import VERDICTS
from reference.reports import STATES, Entry, Run, environment, merged, read, write
from reference.reports.data import number, to_json
from reference.reports.json_file import from_json, json_text, schema
from reference.reports.junit_xml import junit_xml
from sample_runs import HOSTILE, hostile_run, sample_run

TEXT = json_text(sample_run())
KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}


def complaints(  # noqa: PLR0912  # a case for each keyword
    data: Any, rule: dict[str, Any], root: dict[str, Any], at: str = ""
) -> list[str]:
    """What does not meet a JSON Schema, for the keywords that ours uses."""
    found: list[str] = []
    for keyword, value in rule.items():
        match keyword:
            case "$schema" | "$defs" | "title" | "description":
                pass
            case "$ref":
                found += complaints(data, root["$defs"][value.removeprefix("#/$defs/")], root, at)
            case "type":
                kinds = [value] if isinstance(value, str) else value
                held = {k for k in KINDS if isinstance(data, KINDS[k])}
                if isinstance(data, bool):
                    held -= {"integer", "number"}
                found += [] if held & set(kinds) else [f"{at}: no {value}"]
            case "const":
                found += [] if data == value else [f"{at}: not {value!r}"]
            case "enum":
                found += [] if data in value else [f"{at}: {data!r} is none of {value}"]
            case "minimum":
                found += [f"{at}: below {value}"] if isinstance(data, int) and data < value else []
            case "anyOf":
                tried = [complaints(data, one, root, at) for one in value]
                found += [] if not all(tried) else [f"{at}: none of anyOf: {min(tried, key=len)}"]
            case "required":
                found += [
                    f"{at}: no {n}" for n in value if isinstance(data, dict) and n not in data
                ]
            case "properties":
                for name in data.keys() & value.keys() if isinstance(data, dict) else ():
                    found += complaints(data[name], value[name], root, f"{at}/{name}")
            case "additionalProperties":
                others = (
                    set(data) - set(rule.get("properties", ())) if isinstance(data, dict) else ()
                )
                for name in others:
                    if value is False:
                        found.append(f"{at}: has {name}")
                    else:
                        found += complaints(data[name], value, root, f"{at}/{name}")
            case "propertyNames":
                for name in data if isinstance(data, dict) else ():
                    found += complaints(name, value, root, f"{at}/{name} (its name)")
            case "items":
                for place, item in enumerate(data) if isinstance(data, list) else ():
                    found += complaints(item, value, root, f"{at}/{place}")
            case "prefixItems":
                pairs = zip(data, value, strict=False) if isinstance(data, list) else ()
                for place, (item, one) in enumerate(pairs):
                    found += complaints(item, one, root, f"{at}/{place}")
            case "minItems":
                few = isinstance(data, list) and len(data) < value
                found += [f"{at}: {len(data)} items"] if few else []
            case "maxItems":
                many = isinstance(data, list) and len(data) > value
                found += [f"{at}: {len(data)} items"] if many else []
            case _:
                raise ValueError(f"the schema uses {keyword}, which this test does not know")
    return found


# JSON


def test_json_keeps_everything(tmp_path: Path) -> None:
    run = sample_run()
    again = read(write(run, tmp_path / "deep" / "er" / "run.json"))
    assert again == run
    assert json_text(again) == json_text(run)
    assert not list(tmp_path.rglob("*.part"))


def test_json_meets_its_schema() -> None:
    assert complaints(json.loads(json_text(sample_run())), schema(), schema()) == []
    assert complaints(json.loads(json_text(Run("empty"))), schema(), schema()) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "other"),
        (("seed",), "3"),
        (("more",), 1),
        (("entries", 0, "state"), "great"),
        (("entries", 0, "seconds"), "fast"),
        (("entries", 1, "report", "counts"), {"splendid": 1}),
        (("entries", 1, "report", "comparisons", 0, "worst", 0, "ulps"), None),
        (("entries", 1, "report", "comparisons", 0, "worst", 0, "position"), [-1]),
        (("entries", 1, "report", "comparisons", 0, "histogram"), [[1.0, 2, 3]]),
        (("entries", 1, "report", "comparisons", 0, "grid"), [[0.0]] * 49),
        (("entries", 1, "report", "ok"), 0),
    ],
    ids=str,
)
def test_the_schema_refuses(path: tuple[Any, ...], value: Any) -> None:
    data = json.loads(json_text(sample_run()))
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert complaints(data, schema(), schema())


def test_the_schema_names_what_there_is() -> None:
    rules = schema()["$defs"]
    assert tuple(rules["state"]["enum"]) == STATES
    assert tuple(rules["counts"]["propertyNames"]["enum"]) == VERDICTS
    assert rules["comparison"]["properties"]["grid"]["anyOf"][1]["maxItems"] == ROWS


def test_json_holds_no_number_that_json_has_not() -> None:
    text = json_text(Run("t", entries=[Entry("a", "g", "error", math.nan)]))
    assert "NaN" not in text
    assert math.isnan(from_json(text).entries[0].seconds)
    run = sample_run()
    spoiled = next(entry for entry in run.entries if entry.name == "one entry")
    assert spoiled.report is not None
    assert spoiled.report["excess"] == "inf"
    assert run.worst is spoiled


@given(st.floats())
@settings(deadline=None, derandomize=True)
def test_numbers_survive(value: float) -> None:
    again = number(json.loads(json.dumps(to_json(value), allow_nan=False)))
    assert again.hex() == value.hex()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting"),
        ("[]", "the schema is 'list'"),
        ('{"schema": "reference.scenarios/1"}', "the schema is 'reference.scenarios/1', not"),
        ('{"schema": "reference.run/1"}', "not a whole report"),
        (
            json_text(sample_run()).replace('"state": "error"', '"state": "odd"'),
            "choose from error",
        ),
        (
            re.sub(r'"report": \{', '"report": 3, "x": {', json_text(sample_run())),
            "is int, not an",
        ),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        read(path)
    assert "run.json" in str(caught.value)


def test_other_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"run\.pdf': .*\.html .*\.json .*\.xml"):
        write(sample_run(), tmp_path / "run.pdf")
    assert not list(tmp_path.iterdir())


# JUnit


def test_junit_says_what_happened() -> None:
    root = ET.fromstring(junit_xml(sample_run()))
    assert root.tag == "testsuites"
    assert {name: root.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "6",
        "failures": "3",
        "errors": "1",
    }
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["pairs", "a & b", "others"]
    assert suites["pairs"].get("skipped") == "1"
    assert suites["pairs"].get("timestamp") == "2026-11-22T21:30:00"
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert [child.tag for child in cases["right"]] == ["properties"]
    wrong = cases["wrong sign"].find("failure")
    assert wrong is not None
    assert (wrong.get("type"), "the sign is wrong" in (wrong.text or "")) == (
        "WrongGradients",
        True,
    )
    assert cases["broken"].find("error") is not None
    skipped = cases["known"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "issue 12 (until 9999-12-31)"
    properties = {p.get("name"): p.get("value") for p in cases["wrong sign"].iter("property")}
    assert float(properties["excess"] or "nan") > 1e10
    assert properties["command"] == "pytest a.py"
    assert int(properties["verdict.wrong"] or 0) > 3


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("suffix", [".html", ".json", ".xml"])
def test_hostile_texts_are_written(tmp_path: Path, suffix: str, text: str) -> None:
    path = write(hostile_run(text), tmp_path / f"run{suffix}")
    content = path.read_bytes().decode("utf-8")
    if suffix == ".json":
        assert read(path) == hostile_run(text)
    if suffix == ".xml":
        assert len(list(ET.fromstring(content).iter("testcase"))) == len(STATES)


@given(st.text(st.characters()))
@settings(deadline=None, derandomize=True, max_examples=300)
def test_junit_is_xml_whatever_the_names(text: str) -> None:
    root = ET.fromstring(junit_xml(hostile_run(text)).encode("utf-8"))
    assert len(list(root.iter("testcase"))) == len(STATES)


# runs


def test_summary_lines() -> None:
    lines = sample_run().summary_lines()
    assert lines[0] == "6 checks: 1 passed, 1 known, 3 failed, 1 error"
    assert re.fullmatch(r"[\d,]+ numbers judged: .*\d+ correct.*", lines[1])
    assert lines[2] == "worst excess inf: one entry"
    assert lines[3:] == ["a note"]
    assert Run("empty").summary_lines() == ["0 checks: none"]


@pytest.mark.parametrize(
    ("states", "ok"),
    [("", True), ("known passed", True), ("passed error", False), ("failed", False)],
)
def test_a_run_is_ok(states: str, ok: bool) -> None:
    entries = [Entry(str(k), "g", state) for k, state in enumerate(states.split())]
    assert Run("t", entries=entries).ok is ok


def test_an_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match="state='fine': choose from error, failed, known, passed"):
        Entry("a", "g", "fine")


def test_merging() -> None:
    first = Run("one", "2026-01-01T00:00:00Z", {"numpy": "2.1"}, 3,
                [Entry("a", "g", "failed"), Entry("b", "g", "passed")], ["n"])  # fmt: skip
    second = Run("two", "2026-01-02T00:00:00Z", {"numpy": "2.4", "torch": "2.13"}, 3,
                 [Entry("a", "g", "passed"), Entry("a", "h", "error")], ["n", "m"])  # fmt: skip
    both = merged([first, second])
    assert (both.title, both.created, both.seed) == ("one", "2026-01-02T00:00:00Z", 3)
    assert both.versions == {"numpy": "2.1, 2.4", "torch": "2.13"}
    assert both.counts == {"error": 1, "passed": 2}
    assert both.notes == ["n", "m"]
    assert merged([first, replace(second, seed=4)], title="all").seed is None
    with pytest.raises(ValueError, match="0 runs to merge"):
        merged([])


def test_versions() -> None:
    found = environment(["mygrad", "nonsense"])
    assert re.match(r"\d+\.\d+", found["numpy"])
    assert found["nonsense"] == "not installed"
    assert {"python", "platform", "sympy", "python-flint", "mygrad"} <= found.keys()


def test_checks_are_recorded_within_the_block_only() -> None:
    pair = Pair(np.exp, lambda g, x: g * np.exp(x))
    made: list[Any] = []
    with recording(made.append), recording(made.append):
        check(pair, np.ones(1), what="value")
    check(pair, np.ones(1), what="value")
    assert len(made) == 2
    assert made[0] is made[1]


# the errors of an array

errors = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0, 3.0, 1e9, math.inf, math.nan]),
                  min_size=1, max_size=200)  # fmt: skip


@given(errors, st.booleans())
@settings(deadline=None, derandomize=True)
def test_a_histogram_counts_every_error_once(values: list[float], bad: bool) -> None:
    array = np.array(values)
    found = dict(distribution(array, np.full(array.shape, bad)).histogram)
    known = np.where(np.isnan(array), np.inf if bad else np.nan, array)
    bounds = [0.0, *found]
    assert sum(found.values()) == int((~np.isnan(known)).sum())
    for below, bound in pairwise(bounds):
        inside = (known <= bound) & ((known > below) | (below == 0))
        assert found[bound] == int(inside.sum())


@given(st.tuples(st.integers(0, 130), st.integers(0, 130)), st.integers(0, 10**6))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_a_grid_loses_no_error(shape: tuple[int, int], place: int) -> None:
    array = np.zeros(shape)
    if array.size:
        array.flat[place % array.size] = 7.0
    grid = np.array(distribution(array, np.zeros(shape, bool)).grid)
    if not array.size:
        assert grid.size == 0
        return
    assert grid.shape == tuple(min(ROWS, n) for n in shape)
    assert (grid == 7.0).sum() == 1
    row, column = np.argwhere(array)[0] * grid.shape // shape
    seen = np.argwhere(grid)[0]
    assert np.abs(seen - (row, column)).max() <= 1


@pytest.mark.parametrize("shape", [(), (1,), (47,), (49,), (5000,), (3, 4, 5), (2, 3000)])
def test_grids_of_other_shapes(shape: tuple[int, ...]) -> None:
    array = np.full(shape, 2.0)
    grid = np.array(distribution(array, np.zeros(shape, bool)).grid)
    assert max(grid.shape) <= ROWS
    assert np.nanmin(grid) == np.nanmax(grid) == 2.0
