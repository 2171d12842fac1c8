"""An audit as files: JSON, the common reports, and a page of Markdown for the documentation."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from reference.audit.model import MODES, SYMBOLS, Finding, Outcome, Settings
from reference.audit.table_text import counts, finding_lines, gathered, legend
from reference.reports import Entry, Run, now

__all__ = ["as_run", "markdown", "whole_json"]

SCHEMA = "reference.audit/1"
_ERROR = re.compile(r"\w+(Error|Exception)\b")  # what was asked stands before it


def whole_json(
    engine: str, settings: Settings, versions: Mapping[str, str], outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    """Everything, for programs; see docs/command-line.md."""
    return {
        "schema": SCHEMA,
        "engine": engine,
        "settings": {**settings.fingerprint, "each": settings.each},
        "versions": dict(versions),
        "counts": counts(outcomes),
        "outcomes": [outcome.as_json() for outcome in outcomes],
    }


def as_run(
    engine: str, settings: Settings, versions: Mapping[str, str], outcomes: Sequence[Outcome]
) -> Run:
    """The audit as a run of checks, which `reference.reports` writes as a page or as JUnit XML."""
    return Run(
        f"audit of {engine}",
        now(),
        dict(versions),
        settings.seed,
        [_entry(outcome) for outcome in outcomes],
        [legend()],
    )


def _entry(outcome: Outcome) -> Entry:
    state = "passed" if outcome.ok else "error" if outcome.error else "failed"
    cells = "  ".join(f"{mode} {SYMBOLS[verdict]}" for mode, verdict in outcome.grid.items())
    lines = [cells]
    if outcome.error:
        lines.append(outcome.error)
    lines += [line for one, also in gathered(outcome) for line in finding_lines(one, also)]
    lines += [f"{mode}: {text}" for mode, text in outcome.raised.items()]
    command = outcome.findings[0].command if outcome.findings else ""
    return Entry(
        outcome.dtype, outcome.operation, state, outcome.seconds,
        message="" if state == "passed" else "\n".join(lines), command=command,
    )  # fmt: skip


def markdown(title: str, data: Mapping[str, Any]) -> str:
    """A page for the documentation, from what `whole_json` gave."""
    outcomes = [Outcome.from_json(one) for one in data["outcomes"]]
    dtypes = list(dict.fromkeys(outcome.dtype for outcome in outcomes))
    operations = list(dict.fromkeys(outcome.operation for outcome in outcomes))
    found = {(outcome.operation, outcome.dtype): outcome for outcome in outcomes}
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    cells = _numbers(data["counts"])
    ordinary = _numbers(Counter(v for outcome in outcomes for v in outcome.plain.values()))
    made = (
        f"Made by `{_command(data, dtypes)}` with {versions}: "
        f"{len(operations)} operations, at up to {data['settings']['points']} special points each "
        f"({sum(outcome.points for outcome in outcomes)} in all, "
        f"{sum(outcome.left for outcome in outcomes)} left out for want of time). "
        "[How to read this page](README.md)."
    )
    about = (
        f"One symbol for each of {', '.join(dtypes)}; in parentheses what is found at extreme "
        f"numbers only. {legend()}."
    )
    lines = [
        f"# {title}",
        "",
        made,
        "",
        f"Cells at ordinary numbers: {ordinary}.",
        "",
        f"Cells with extreme numbers, at which many products of two overflow or vanish: {cells}.",
        "",
        "## Verdicts",
        "",
        about,
        "",
        "| operation | " + " | ".join(MODES) + " |",
        "|---|" + "---|" * len(MODES),
    ]
    for operation in operations:
        rows = [found.get((operation, dtype)) for dtype in dtypes]
        cells_of = [
            " ".join("" if row is None else _cell(row, mode) for row in rows) for mode in MODES
        ]
        lines.append(f"| `{operation}` | " + " | ".join(cells_of) + " |")
    lines += ["", "## Findings", "", *_findings(operations, dtypes, found)]
    complaints = [line for outcome in outcomes for line in _complaints(outcome)]
    if complaints:
        lines += ["", "## Errors that were raised", "", *complaints]
    errors = [outcome for outcome in outcomes if outcome.error]
    if errors:
        lines += ["", "## Not brought to an end", ""]
        lines += [f"- `{o.operation}` {o.dtype}: {_plain(o.error or '')}" for o in errors]
    short = [outcome for outcome in outcomes if outcome.left and not outcome.error]
    if short:
        text = ", ".join(f"`{o.operation}` {o.dtype} ({o.left})" for o in short)
        lines += ["", "## Points left out", "", f"For want of time, so many of each: {text}."]
    return "\n".join(lines) + "\n"


def _command(data: Mapping[str, Any], dtypes: Sequence[str]) -> str:
    """The command that makes such a page, without what says where and in how many processes."""
    settings = data["settings"]
    words = ["python -m reference audit", f"--engine {data['engine']}"]
    words += [f"--dtype {dtype}" for dtype in dtypes]
    what = settings.get("what", MODES)
    words += [f"--what {mode}" for mode in what if len(what) < len(MODES)]
    words.append(f"--points {settings['points']}")
    words += [f"--seed {settings['seed']}"] if settings.get("seed") else []
    words += [f"--each {settings['each']:g}"] if "each" in settings else []
    return " ".join(words)


def _numbers(found: Mapping[str, int]) -> str:
    return ", ".join(f"{found[verdict]} {verdict}" for verdict in SYMBOLS if found.get(verdict))


def _findings(
    operations: Sequence[str],
    dtypes: Sequence[str],
    found: Mapping[tuple[str, str], Outcome],
) -> list[str]:
    """Derivatives that are wrong, inaccurate or not finite, the gravest of each dtype first."""
    lines: list[str] = []
    for operation in operations:
        own: list[str] = []
        for dtype in dtypes:
            outcome = found.get((operation, dtype))
            if outcome is None:
                continue
            own += [_item(one, also) for one, also in gathered(outcome)]
        if own:
            lines += [f"### {operation}", "", *own, ""]
    return lines or ["None."]


def _complaints(outcome: Outcome) -> list[str]:
    """What was raised, and by which modes; not what the engine says that it does not offer."""
    modes: dict[str, list[str]] = {}
    for mode, text in outcome.raised.items():
        point, _, said = text.partition(": ")
        if outcome.grid.get(mode) == "not offered" or "not on offer" in said:
            continue
        error = _ERROR.search(said)
        modes.setdefault(f"{said[error.start() :] if error else said} ({point})", []).append(mode)
    return [
        f"- `{outcome.operation}` {outcome.dtype} ({', '.join(found)}): {_plain(text)}"
        for text, found in modes.items()
    ]


def _cell(outcome: Outcome, mode: str) -> str:
    """The symbol of the ordinary points, and of the extreme ones where it is another."""
    whole = outcome.grid.get(mode, "nothing")
    plain = outcome.plain.get(mode, "nothing")
    if plain in (whole, "nothing"):
        return SYMBOLS[whole] if plain == whole else f"({SYMBOLS[whole]})"
    return f"{SYMBOLS[plain]}({SYMBOLS[whole]})"


def _item(finding: Finding, also: Sequence[str]) -> str:
    mode = ", ".join((finding.mode, *also))
    at = "" if finding.given is None else f" at {float.fromhex(finding.given)!r}"
    far = ", extreme numbers" if finding.extreme else ""
    error = "" if finding.ulps in ("nan", "inf") else f", {float(finding.ulps):.3g} ULP"
    return (
        f"- {finding.dtype} **{finding.verdict}** ({mode}{far}){at}: "
        f"returned {_plain(finding.returned)}, true {_plain(_short(finding.truth))}{error}. "
        f"`{finding.command}`"
    )


def _short(truth: str) -> str:
    """A number's text with fewer digits, rounded; in Python's own way where a float holds it."""
    try:
        value = Decimal(truth)
    except InvalidOperation:
        return truth  # a set
    near = float(value)
    if math.isfinite(near) and (near or not value):
        return repr(near)
    return f"{value:.16e}"  # beyond the range of floats


def _plain(text: str) -> str:
    """Text that Markdown takes as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|" else c for c in text.replace("\n", " "))
