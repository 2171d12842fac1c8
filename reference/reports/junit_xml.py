"""Runs as JUnit XML, which CI systems show; a group is a suite, an entry a case."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from reference.reports.run import Entry, Run
from reference.reports.text import clean

__all__ = ["junit_xml"]


def junit_xml(run: Run) -> str:
    """A run as a `testsuites` document.

    A failed entry has a `failure`, an error an `error`, a known failure is `skipped` with the
    reason. Properties of a case hold the verdicts' counts and the largest excess error.

    >>> text = junit_xml(Run("t", entries=[Entry("a", "g", "failed", message="1 < 2")]))
    >>> '<failure message="1 &lt; 2"' in text
    True
    """
    groups: dict[str, list[Entry]] = {}
    for entry in run.entries:
        groups.setdefault(entry.group, []).append(entry)
    root = ET.Element("testsuites", _counted(run.title, run.entries))
    for group, entries in groups.items():
        suite = ET.SubElement(root, "testsuite", _counted(group, entries))
        suite.set("skipped", str(sum(entry.state == "known" for entry in entries)))
        if run.created:
            suite.set("timestamp", clean(run.created.removesuffix("Z")))
        facts = {**run.versions, **({} if run.seed is None else {"seed": str(run.seed)})}
        _properties(suite, facts)
        for entry in entries:
            _case(suite, entry)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, "unicode") + "\n"


def _counted(name: str, entries: list[Entry]) -> dict[str, str]:
    return {
        "name": clean(name),
        "tests": str(len(entries)),
        "failures": str(sum(entry.state == "failed" for entry in entries)),
        "errors": str(sum(entry.state == "error" for entry in entries)),
        "time": f"{sum(entry.seconds for entry in entries):.3f}",
    }


def _properties(parent: ET.Element, facts: dict[str, str]) -> None:
    if not facts:
        return
    properties = ET.SubElement(parent, "properties")
    for name, value in facts.items():
        ET.SubElement(properties, "property", name=clean(name), value=clean(value))


def _case(suite: ET.Element, entry: Entry) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        name=clean(entry.name),
        classname=clean(entry.group),
        time=f"{entry.seconds:.3f}",
    )
    facts = {f"verdict.{name}": str(count) for name, count in entry.verdicts.items()}
    if entry.excess == entry.excess:
        facts["excess"] = f"{entry.excess:.6g}"
    facts |= {"place": entry.place, "command": entry.command}
    _properties(case, {name: value for name, value in facts.items() if value})
    message = clean(entry.message)
    first = message.partition("\n")[0]
    if entry.state == "known":
        ET.SubElement(case, "skipped", message=first)
    elif entry.state in ("failed", "error"):
        tag = "failure" if entry.state == "failed" else "error"
        kind = "WrongGradients" if entry.state == "failed" else "Error"
        ET.SubElement(case, tag, message=first, type=kind).text = message
