"""Runs as JSON; `schema.json` beside this file says what it holds.

Numbers that JSON does not have are the strings "nan", "inf" and "-inf".
"""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from typing import Any

from reference.reports.data import to_json
from reference.reports.run import Entry, Run

__all__ = ["SCHEMA", "from_json", "json_text", "schema"]

SCHEMA = "reference.run/1"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of what `json_text` writes.

    >>> schema()["properties"]["schema"]
    {'const': 'reference.run/1'}
    """
    text = resources.files("reference.reports").joinpath("schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def json_text(run: Run) -> str:
    """A run as JSON, in ASCII.

    >>> from_json(json_text(Run("t", seed=3))).seed
    3
    """
    worst = run.worst
    data = {
        "schema": SCHEMA,
        "title": run.title,
        "created": run.created,
        "versions": run.versions,
        "seed": run.seed,
        "summary": {
            "ok": run.ok,
            "states": run.counts,
            "verdicts": run.verdicts,
            "seconds": to_json(run.seconds),
            "worst": None
            if worst is None
            else {"name": worst.name, "group": worst.group, "excess": to_json(worst.excess)},
        },
        "notes": run.notes,
        "entries": [{**asdict(entry), "seconds": to_json(entry.seconds)} for entry in run.entries],
    }
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def from_json(text: str) -> Run:
    """The run that `json_text` wrote.

    Raises ValueError for what is not JSON, not of this schema, or lacks a field.
    """
    data = json.loads(text)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        held = data.get("schema") if isinstance(data, dict) else type(data).__name__
        raise ValueError(f"the schema is {held!r}, not {SCHEMA!r}: give a report of this program")
    try:
        return Run(
            str(data["title"]),
            str(data["created"]),
            {str(name): str(version) for name, version in data["versions"].items()},
            None if data["seed"] is None else int(data["seed"]),
            [_entry(entry) for entry in data["entries"]],
            [str(note) for note in data["notes"]],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a whole report ({type(error).__name__}: {error})") from None


def _entry(data: dict[str, Any]) -> Entry:
    report = data["report"]
    if report is not None and not isinstance(report, dict):
        raise ValueError(f"an entry's report is {type(report).__name__}, not an object")
    return Entry(
        str(data["name"]),
        str(data["group"]),
        str(data["state"]),
        float(data["seconds"]),
        report,
        str(data["message"]),
        str(data["place"]),
        str(data["command"]),
    )
