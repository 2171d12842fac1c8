"""Runs of checks for the tests of reports."""

from __future__ import annotations

import functools
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np

from reference.checking import Pair, check
from reference.reports import STATES, Entry, Run, as_data

__all__ = ["HOSTILE", "entry_of", "hostile_run", "sample_run"]

HOSTILE = [
    "<script>document.title = 'taken'</script>",
    '"><img src=x onerror="document.title=\'taken\'">',
    "' onmouseover='document.title=1",
    "]]> --> </style></script></textarea><!--",
    "null \x00 escape \x1b[31m bell \x07 vertical \x0b delete \x7f",
    "lone \ud800 surrogate, \ufffe and \uffff",
    "turned \u202e round",
    "&lt;b&gt; &#0; &bogus;",
    "línea\nsecond line\ttab\r\nthird",
    "𝒳 ∂f/∂x 😀",
    "",
    "x" * 3000,
]


def entry_of(
    name: str, pair: Pair, *arrays: Any, group: str = "pairs", **parameters: Any
) -> Entry:
    """A check as an entry."""
    report = check(pair, *arrays, **parameters)
    state = "passed" if report.ok else "failed"
    text = "" if report.ok else report.text
    return Entry(
        name, group, state, report.seconds, as_data(report), text, "a.py:1", "pytest a.py"
    )


def _spoiled(g: np.ndarray, x: np.ndarray) -> np.ndarray:
    result = g * np.cos(x)
    result.flat[7] = np.nan
    return result


@functools.cache
def sample_run() -> Run:
    """Right, wrong, inaccurate, non-finite, known and broken. Not to be changed."""
    points = np.arange(1, 31) / 16
    right = Pair(np.exp, lambda g, x: g * np.exp(x))
    wrong = Pair(np.sin, lambda g, x: -g * np.cos(x))
    saturated = Pair(np.tanh, lambda g, x: g * (1 - np.tanh(x) ** 2))
    entries = [
        entry_of("right", right, points.reshape(5, 6), what=["value", "vjp"]),
        entry_of("wrong sign", wrong, points[:3], what="vjp"),
        entry_of("saturated", saturated, np.linspace(-20, 20, 60).reshape(6, 10), what="vjp"),
        entry_of("one entry", Pair(np.sin, _spoiled), points, what="vjp", group="a & b"),
    ]
    known = entry_of("known", wrong, np.float32(0.5), what="vjp")
    known.state, known.message = "known", "issue 12 (until 9999-12-31)"
    entries += [known, Entry("broken", "others", "error", 0.25, None, "ValueError: no", "m:f", "")]
    return Run("nightly", "2026-11-22T21:30:00Z", {"numpy": "2.4"}, 3, entries, ["a note"])


def hostile_run(text: str) -> Run:
    """A run in which every text is this one."""
    wrong = next(entry for entry in sample_run().entries if entry.name == "wrong sign")
    report = deepcopy(wrong.report)
    assert report is not None
    report.update(function=text, engine=text, notes=[text], source=[text])
    report["arguments"][0]["name"] = text
    report["faults"] = [{"what": text, "kind": text, "text": text}]
    report["comparisons"][0].update(detail=text, target=text, guess=text)
    report["comparisons"][0]["worst"][0].update(truth=text, verdict=text)
    entries = [replace(wrong, name=text, group=text, report=report, message=text, place=text,
                       command=text, state=state) for state in STATES]  # fmt: skip
    return Run(text, text, {text: text}, 0, entries, [text])
