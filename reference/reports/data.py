"""A check's report as data that JSON can hold.

A number that JSON cannot hold is one of the strings "nan", "inf" and "-inf": `float` takes the
number and the string alike.
"""

from __future__ import annotations

import math
from typing import Any

from reference.checking.report import Comparison, Element, Fault, Report

__all__ = ["as_data", "number", "to_json"]

Data = dict[str, Any]


def to_json(value: float) -> float | str:
    """A float, or its name where JSON has no number for it.

    >>> to_json(0.5), to_json(float("-inf"))
    (0.5, '-inf')
    """
    if math.isfinite(value):
        return float(value)
    return str(float(value))


def number(value: float | str | None) -> float:
    """The float that `to_json` gave; nan for None.

    >>> number("inf"), number(2)
    (inf, 2.0)
    """
    return math.nan if value is None else float(value)


def as_data(report: Report) -> Data:
    """What a check found, as dictionaries, lists, strings and numbers; see docs/reports.md.

    Grids of errors, which are large, are kept for the comparisons that fail and for the worst one.

    >>> as_data(Report("f", "pair", (), 0, 1.0))["ok"]
    True
    """
    worst = max(
        range(len(report.comparisons)),
        key=lambda k: _rank(report.comparisons[k].excess),
        default=None,
    )
    return {
        "function": report.function,
        "origin": report.origin,
        "engine": report.engine,
        "arguments": [
            {"name": a.name, "shape": [int(n) for n in a.shape], "dtype": str(a.dtype)}
            for a in report.arguments
        ],
        "seed": int(report.seed),
        "factor": to_json(report.factor),
        "ok": report.ok,
        "excess": to_json(report.excess),
        "counts": {str(name): int(count) for name, count in report.counts.items()},
        "checked": list(report.checked),
        "repeats": int(report.repeats),
        "seconds": to_json(report.seconds),
        "comparisons": [
            _comparison(comparison, grid=not comparison.ok or place == worst)
            for place, comparison in enumerate(report.comparisons)
        ],
        "faults": [_fault(fault) for fault in report.faults],
        "notes": list(report.notes),
        "source": list(report.source),
    }


def _rank(excess: float) -> float:
    return -1.0 if math.isnan(excess) else excess


def _comparison(comparison: Comparison, *, grid: bool) -> Data:
    errors = comparison.errors
    return {
        "what": comparison.what,
        "detail": comparison.detail,
        "target": comparison.target,
        "shape": [int(n) for n in comparison.shape],
        "dtype": str(comparison.dtype),
        "ok": comparison.ok,
        "counts": {str(name): int(count) for name, count in comparison.counts.items()},
        "excess": to_json(comparison.excess),
        "norm": to_json(comparison.norm),
        "guess": comparison.guess,
        "worst": [_element(element) for element in comparison.worst],
        "histogram": []
        if errors is None
        else [[to_json(bound), int(count)] for bound, count in errors.histogram],
        "grid": None
        if errors is None or not grid
        else [[to_json(value) for value in row] for row in errors.grid],
    }


def _element(element: Element) -> Data:
    return {
        "position": [int(i) for i in element.position],
        "given": element.given,
        "returned": None if element.returned is None else to_json(element.returned),
        "truth": element.truth,
        "radius": to_json(element.radius),
        "ulps": to_json(element.ulps),
        "excess": to_json(element.excess),
        "verdict": element.verdict,
    }


def _fault(fault: Fault) -> Data:
    return {"what": fault.what, "kind": fault.kind, "text": fault.text}
