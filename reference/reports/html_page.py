"""Runs as one self-contained HTML page: no network, and readable without its script."""

from __future__ import annotations

import base64
import hashlib
import math
from importlib import resources

from reference.checking.report import GOOD
from reference.reports.details import details, sortable
from reference.reports.figures import histogram, summed
from reference.reports.markup import Node, document, tag
from reference.reports.run import STATES, Entry, Run

__all__ = ["html_page"]

_BAD = 300  # entries that did not pass, shown in detail
_PASSED = 60  # and those that did
_COLUMNS = (  # name, whether it is a number
    ("state", False),
    ("group", False),
    ("check", False),
    ("engine", False),
    ("dtype", False),
    ("numbers", True),
    ("not correct", True),
    ("excess", True),
    ("seconds", True),
)


def html_page(run: Run) -> str:
    """A run as a page.

    A policy in its head forbids every script and every style but its own, and every connection.

    >>> page = html_page(Run("<b>", entries=[Entry("a", "g", "passed")]))
    >>> "<b>" in page.partition("<h1>")[2].partition("</h1>")[0]
    False
    """
    style, script = _resource("page.css"), _resource("page.js")
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{run.title}: gradients checked"),
        tag("style", style),
    )
    chosen = _chosen(run)
    body = tag("body", _header(run), _overview(run), _checks(run, chosen), _details(run, chosen))
    body.append(tag("script", script))
    return document(tag("html", head, body, lang="en"))


def _resource(name: str) -> str:
    return resources.files("reference.reports").joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _chosen(run: Run) -> list[int]:
    """The entries that are shown in detail, the gravest state and the largest excess first."""

    def rank(number: int) -> tuple[int, float, int]:
        entry = run.entries[number]
        known = entry.excess == entry.excess
        return STATES.index(entry.state), -entry.excess if known else 0.0, number

    ranked = sorted(range(len(run.entries)), key=rank)
    bad = [n for n in ranked if run.entries[n].state != "passed"]
    good = [n for n in ranked if run.entries[n].state == "passed"]
    return bad[:_BAD] + good[:_PASSED]


def _header(run: Run) -> Node:
    facts = [run.created and f"created {run.created}"]
    facts += [] if run.seed is None else [f"seed {run.seed}"]
    facts += [f"{name} {version}" for name, version in run.versions.items()]
    return tag(
        "header",
        tag("h1", run.title),
        tag("div", [tag("span", fact) for fact in facts if fact], class_="facts"),
    )


def _overview(run: Run) -> Node:
    counts = run.counts
    tiles = [_tile("", f"{len(run.entries):,}", "checks")]
    tiles += [_tile(state, f"{n:,}", state) for state, n in reversed(counts.items())]
    verdicts = run.verdicts
    if verdicts:
        tiles.append(_tile("", f"{sum(verdicts.values()):,}", "numbers judged"))
    worst = run.worst
    if worst is not None:
        tiles.append(_tile("", f"{worst.excess:.3g}", "worst excess error"))
    bars = histogram(
        summed(
            comparison["histogram"]
            for entry in run.entries
            if entry.report is not None
            for comparison in entry.report.get("comparisons", ())
        ),
        "Errors of all numbers that were judged, in ULP; heights are logarithmic",
    )
    named = ", ".join(f"{count:,} {name}" for name, count in verdicts.items())
    return tag(
        "section",
        tag("div", tiles, class_="tiles"),
        tag("p", f"Verdicts: {named}.") if named else None,
        tag(
            "p",
            "The excess error is the error as a multiple of what an ideal implementation in the "
            "same dtype shows: about 1 is as good as the dtype allows.",
            class_="faint",
        )
        if worst is not None
        else None,
        [tag("p", note) for note in run.notes],
        bars,
    )


def _tile(kind: str, value: str, name: str) -> Node:
    return tag("div", tag("b", value), tag("span", name), class_=f"tile {kind}".strip())


def _checks(run: Run, chosen: list[int]) -> Node:
    heads = [
        tag(
            "th",
            name,
            scope="col",
            data_name=name,
            data_first="down" if numeric else None,
            class_="number" if numeric else None,
        )
        for name, numeric in _COLUMNS
    ]
    shown = set(chosen)
    rows = [_row(number, entry, number in shown) for number, entry in enumerate(run.entries)]
    options = [tag("option", "every state", value="")]
    options += [tag("option", state, value=state) for state in run.counts]
    sift = tag(
        "div",
        tag("input", id="words", type="search", placeholder="filter", aria_label="filter"),
        tag("select", options, id="state", aria_label="state"),
        tag("span", id="shown", class_="faint"),
        id="filter",
        hidden="hidden",
    )
    table = tag(
        "table",
        tag("thead", tag("tr", heads)),
        tag("tbody", rows),
        id="checks",
        class_="sortable",
    )
    return tag("section", tag("h2", "Checks"), sift, tag("div", table, class_="wide"))


def _row(number: int, entry: Entry, detailed: bool) -> Node:
    report = entry.report or {}
    dtypes = dict.fromkeys(argument["dtype"] for argument in report.get("arguments", ()))
    verdicts = entry.verdicts
    total = sum(verdicts.values())
    wrong = total - sum(verdicts.get(name, 0) for name in GOOD)
    name = tag("a", entry.name, href=f"#check-{number}") if detailed else entry.name
    excess = entry.excess
    known = not math.isnan(excess)
    return tag(
        "tr",
        tag("td", tag("span", entry.state, class_=f"state {entry.state}")),
        tag("td", entry.group),
        tag("td", name),
        tag("td", entry.engine, class_="narrow"),
        tag("td", ", ".join(dtypes), class_="narrow"),
        tag("td", f"{total:,}" if total else "", data_value=total, class_="number"),
        tag("td", f"{wrong:,}" if wrong else "", data_value=wrong, class_="number bad"),
        tag(
            "td",
            f"{excess:.3g}" if known else "",
            data_value=sortable(excess),
            class_="number",
        ),
        tag("td", f"{entry.seconds:.3g}", data_value=sortable(entry.seconds), class_="number"),
        data_state=entry.state,
    )


def _details(run: Run, chosen: list[int]) -> Node:
    left = len(run.entries) - len(chosen)
    note = (
        f"{left:,} more checks are in the table only: the page shows at most {_BAD} that did not "
        f"pass, and {_PASSED} that did. The JSON report has them all."
    )
    return tag(
        "section",
        tag("h2", "One by one"),
        [details(number, run.entries[number]) for number in chosen],
        tag("p", note, class_="faint") if left else None,
    )
