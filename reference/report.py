"""Results of scenarios as text of at most 100 columns, and as JSON."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.engines.engine import Engine
from reference.scenarios.judge import Complaint, Judged
from reference.scenarios.run import Outcome, Raised, Result

__all__ = ["SCHEMA", "Style", "as_json", "heading", "scenario_text", "summary"]

SCHEMA = "reference.scenarios/1"

WIDTH = 100
_NAME = 20
_SHOWN = 48
_EXACT = 20
_INDENT = "  "
_BEYOND_NAME = " " * (len(_INDENT) + _NAME + 1)


@dataclass(frozen=True, slots=True)
class Style:
    """How words are set off: by ANSI colours, or not at all."""

    colours: bool = False

    def bold(self, text: str) -> str:
        """What a line is about."""
        return self._set("1", text)

    def faint(self, text: str) -> str:
        """What may be read over."""
        return self._set("2", text)

    def good(self, text: str) -> str:
        """A verdict that holds."""
        return self._set("32", text)

    def bad(self, text: str) -> str:
        """A verdict that does not."""
        return self._set("1;31", text)

    def _set(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours and text else text


# -------------------------------------------------------------------------------------------------
# Text


def heading(engines: Sequence[Engine], style: Style) -> str:
    """What ran, and the names of the columns."""
    labels = ", ".join(engine.label for engine in engines)
    intro = textwrap.fill(f"The documented scenarios on {labels}.", WIDTH)
    columns = _columns("", "shown", "exact value", "ULPs")
    return f"{intro}\n\n{style.faint(columns)}\n{style.faint('-' * WIDTH)}\n"


def scenario_text(result: Result, style: Style) -> str:
    """One scenario: its steps, what was seen beside what is exact, the verdicts.

    What all engines showed alike is shown once.
    """
    scenario = result.scenario
    lines = [style.bold(f"{scenario.id}  {scenario.title}")]
    lines += [style.faint(_INDENT + line) for line in _steps(scenario.steps)]
    for row in _rows(result.outcomes):
        lines += row
    lines += _verdicts(result, style)
    return "\n".join(lines) + "\n"


def summary(results: Sequence[Result], style: Style) -> str:
    """The count of scenarios that hold, and the largest error, of every engine."""
    lines = [style.faint("-" * WIDTH)]
    engines = [outcome.engine for outcome in results[0].outcomes]
    wide = max(map(len, engines))
    for number, engine in enumerate(engines):
        outcomes = [result.outcomes[number] for result in results]
        failed = [r.scenario.id for r, o in zip(results, outcomes, strict=True) if not o.holds]
        held = f"{len(outcomes) - len(failed)} of {len(outcomes)} scenarios hold"
        errors = [j.error for o in outcomes for j in o.seen if j.error is not None]
        largest = f", largest error {_figure(max(errors))} ULPs" if errors else ""
        text = held + largest
        if failed:
            lines += _wrapped(
                f"{engine:{wide}}  ", f"{text}; fails: {', '.join(failed)}", style.bad
            )
        else:
            lines.append(f"{engine:{wide}}  {style.good(text)}")
    return "\n".join(lines) + "\n"


def _steps(steps: str) -> Iterator[str]:
    for line in steps.splitlines():
        yield from textwrap.wrap(line, WIDTH - len(_INDENT), subsequent_indent="  ")


def _rows(outcomes: Sequence[Outcome]) -> Iterator[list[str]]:
    """The lines of each observation; several blocks of them where engines differ."""
    names = dict.fromkeys(judged.name for outcome in outcomes for judged in outcome.seen)
    for name in names:
        groups: dict[tuple[str, str], tuple[Judged, list[str]]] = {}
        for outcome in outcomes:
            for judged in outcome.seen:
                if judged.name == name:
                    key = (judged.shown, _error(judged))
                    groups.setdefault(key, (judged, []))[1].append(outcome.engine)
        alike = sum(len(engines) for _, engines in groups.values()) == len(outcomes)
        for judged, engines in groups.values():
            if alike and len(groups) == 1:
                yield _row([name], judged)
            else:
                yield _row([name, *(f" {engine}" for engine in engines)], judged)


def _row(names: Sequence[str], judged: Judged) -> list[str]:
    exact = [] if judged.exact is None else _exact_lines(judged.exact, _EXACT)
    error = [_error(judged)]
    fits = _SHOWN if exact else WIDTH - len(_BEYOND_NAME)
    shown = [piece for line in judged.shown.splitlines() for piece in _cut(line, fits)]
    names = [piece for name in names for piece in _cut(name, _NAME)]
    height = max(len(names), len(shown), len(exact))
    cells = ([*column, *[""] * height][:height] for column in (names, shown, exact, error))
    lines = []
    for name, text, number, figure in zip(*cells, strict=True):
        lines.append(_columns(name, text, number, figure))
    return lines


def _columns(name: str, shown: str, exact: str, error: str) -> str:
    line = f"{_INDENT}{name:{_NAME}} {shown:{_SHOWN}} {exact:{_EXACT}} {error}"
    return line.rstrip()


def _cut(line: str, width: int) -> list[str]:
    """A line too long for its column, in pieces."""
    return [line[at : at + width].rstrip() for at in range(0, len(line), width)] or [""]


def _exact_lines(values: np.ndarray, width: int) -> list[str]:
    """Exact numbers as nested lists; one number a line where a row is wider than its column."""
    lines = _nested(values, width)
    return [piece for line in lines for piece in _cut(line, width)]


def _nested(values: np.ndarray, width: int) -> list[str]:
    if values.ndim == 0:
        return [str(values.item())]
    if values.ndim == 1:
        flat = "[" + ", ".join(str(value) for value in values.tolist()) + "]"
        if len(flat) <= width:
            return [flat]
    blocks = [_nested(np.asarray(row, dtype=object), width - 1) for row in values]
    lines = [line for block in blocks for line in [*block[:-1], block[-1] + ","]]
    lines = [(" " if number else "[") + line for number, line in enumerate(lines)]
    return [*lines[:-1], lines[-1][:-1] + "]"] if lines else ["[]"]


def _error(judged: Judged) -> str:
    return "" if judged.error is None else _figure(judged.error)


def _figure(error: float) -> str:
    """
    >>> [_figure(error) for error in (0.0, 0.25, 9.43718, 20971520.0, math.inf)]
    ['0', '0.25', '9.44', '2.1e+07', 'inf']
    """
    return f"{error:.3g}" if error < 1e4 else f"{error:.2g}"


def _verdicts(result: Result, style: Style) -> list[str]:
    held = [outcome.engine for outcome in result.outcomes if outcome.holds]
    lines = []
    if held:
        lines += _wrapped(_INDENT, "holds on " + ", ".join(held), style.good)
    for outcome in result.outcomes:
        if not outcome.holds:
            lines.append(_INDENT + style.bad(f"fails on {outcome.engine}"))
            for judged in outcome.seen:
                for complaint in judged.complaints:
                    lines += _complaint_lines(judged, complaint)
            if outcome.raised is not None:
                lines += _raised_lines(outcome.raised)
    return lines


def _complaint_lines(judged: Judged, complaint: Complaint) -> Iterator[str]:
    what = complaint.what
    if what == "numbers" and judged.error is not None:
        what = f"numbers, {_figure(judged.error)} ULPs from the exact ones"
    yield f"{_INDENT * 2}{judged.name}: {what}"
    for title, text in (("expected", complaint.expected), ("seen", complaint.seen)):
        label = f"{_INDENT * 3}{title:8}  "
        pieces = [p for line in text.splitlines() for p in _cut(line, WIDTH - len(label))]
        for number, piece in enumerate(pieces or ["(nothing)"]):
            yield (" " * len(label) if number else label) + piece


def _raised_lines(raised: Raised) -> Iterator[str]:
    place = "before the first observation" if raised.after is None else f"after {raised.after}"
    yield f"{_INDENT * 2}an error {place}"
    for line in f"{raised.type}: {raised.message}".splitlines():
        for piece in _cut(line, WIDTH - 6):
            yield _INDENT * 3 + piece


def _wrapped(opening: str, text: str, set_off: Any) -> list[str]:
    pieces = textwrap.wrap(text, WIDTH - len(opening)) or [""]
    blank = " " * len(opening)
    return [(blank if number else opening) + set_off(p) for number, p in enumerate(pieces)]


# -------------------------------------------------------------------------------------------------
# JSON


def as_json(results: Iterable[Result], engines: Sequence[Engine]) -> dict[str, Any]:
    """All results as what `json.dump` takes; docs/scenarios.md describes it.

    Numbers that JSON does not have are the strings "nan", "inf" and "-inf".
    """
    listed = list(results)
    return {
        "schema": SCHEMA,
        "holds": all(result.holds for result in listed),
        "engines": [{"name": e.name, "version": e.version} for e in engines],
        "scenarios": [_scenario(result) for result in listed],
    }


def _scenario(result: Result) -> dict[str, Any]:
    return {
        "id": result.scenario.id,
        "title": result.scenario.title,
        "steps": result.scenario.steps,
        "holds": result.holds,
        "outcomes": [_outcome(outcome) for outcome in result.outcomes],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    raised = outcome.raised
    return {
        "engine": outcome.engine,
        "holds": outcome.holds,
        "raised": raised
        and {"type": raised.type, "message": raised.message, "after": raised.after},
        "observations": [_observation(judged) for judged in outcome.seen],
    }


def _observation(judged: Judged) -> dict[str, Any]:
    numbers = judged.numbers
    return {
        "name": judged.name,
        "holds": judged.holds,
        "shown": judged.shown,
        "expected": list(judged.expected),
        "dtype": None if numbers is None else numbers.dtype,
        "shape": None if numbers is None else list(numbers.values.shape),
        "values": None if numbers is None else _each(numbers.values.tolist(), _number),
        "exact": None if judged.exact is None else _each(judged.exact.tolist(), str),
        "ulps": None if judged.ulps is None else _each(judged.ulps.tolist(), _number),
        "complaints": [
            {"what": c.what, "expected": c.expected, "seen": c.seen} for c in judged.complaints
        ],
    }


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _each(values: Any, convert: Any) -> Any:
    return [_each(v, convert) for v in values] if isinstance(values, list) else convert(values)
