"""The outcomes of an audit as a table of symbols, on a terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reference.audit.model import GRAVITY, MODES, SYMBOLS, Finding, Outcome

__all__ = ["counts", "finding_lines", "gathered", "legend", "row_text", "table_heading"]

_NAME = 30


def legend() -> str:
    """What the symbols mean, in one line.

    >>> legend().split("  ")[0]
    '✗ wrong'
    """
    shown: dict[str, str] = {}
    for verdict, symbol in SYMBOLS.items():
        shown[symbol] = f"{shown[symbol]}, {verdict}" if symbol in shown else verdict
    return "  ".join(f"{symbol} {verdict}" for symbol, verdict in shown.items())


def table_heading(what: Sequence[str] = MODES) -> str:
    """The names of the columns."""
    return f"{'operation':{_NAME}} {'dtype':9}" + "".join(f"{mode:>6}" for mode in what)


def row_text(outcome: Outcome, what: Sequence[str] = MODES) -> str:
    """One line for an operation in a dtype."""
    cells = "".join(f"{SYMBOLS[outcome.grid.get(mode, 'nothing')]:>6}" for mode in what)
    left = f"  {outcome.left} points left out" if outcome.left else ""
    error = f"  {outcome.error}" if outcome.error else ""
    return f"{outcome.operation:{_NAME}} {outcome.dtype:9}{cells}{left}{error}"


def gathered(outcome: Outcome) -> list[tuple[Finding, tuple[str, ...]]]:
    """The findings with the other modes that have the same verdict, the gravest first."""
    modes: dict[str, list[str]] = {}
    first: dict[str, Finding] = {}
    for finding in outcome.findings:
        # a derivative of the value is what an audit is about: the value comes after them
        known = first.get(finding.verdict)
        if known is None or known.mode == "value":
            first[finding.verdict] = finding
        modes.setdefault(finding.verdict, []).append(finding.mode)
    order = sorted(first, key=GRAVITY.index)
    return [(first[v], tuple(m for m in modes[v] if m != first[v].mode)) for v in order]


def finding_lines(finding: Finding, also: Sequence[str] = ()) -> list[str]:
    """A few lines: what is wrong, where, and the command that shows it again.

    also: further modes in which the same operation has the same verdict.
    """
    place = f"{list(finding.position)}" if finding.position else ""
    others = len(finding.points) - 1
    more = f", and at {others} more points" if others > 0 else ""
    modes = ", ".join((finding.mode, *also))
    where = f"(point {finding.point}: {finding.why}{more})"
    lines = [f"{finding.operation} {finding.dtype} {modes}: {finding.verdict} {where}"]
    if finding.target:
        lines.append(f"    {finding.target}{place}, {finding.detail}")
    if finding.given is not None:
        lines.append(f"    argument  {finding.given} ({float.fromhex(finding.given)!r})")
    lines.append(f"    returned  {finding.returned}")
    radius = "" if finding.radius in ("inf", "nan") else f" ± {finding.radius}"
    lines.append(f"    truth     {finding.truth}{radius}")
    if finding.ulps != "nan":
        lines.append(f"    error     {finding.ulps} ULP, excess {finding.excess}")
    if finding.guess:
        lines.append(f"    guess     {finding.guess}")
    lines.append(f"    {finding.command}")
    return lines


def counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many cells of the table hold which verdict."""
    found = dict.fromkeys(SYMBOLS, 0)
    for outcome in outcomes:
        for verdict in outcome.grid.values():
            found[verdict] += 1
    return {verdict: count for verdict, count in found.items() if count}
