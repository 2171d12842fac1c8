"""One check on the page: what it found, where it is worst, and how to repeat it."""

from __future__ import annotations

import math
from collections import Counter

from reference.checking.report import GOOD
from reference.reports.data import Data, number
from reference.reports.figures import heat_map, histogram, summed
from reference.reports.markup import Node, tag
from reference.reports.run import Entry

__all__ = ["details", "sortable"]

_COMPARISONS = 60
_WORST = 3  # comparisons whose worst elements are shown
_GUESSES = 2
_MAPS = 2


def details(place: int, entry: Entry) -> Node:
    """The section of an entry, `place` in its run; open where it did not pass."""
    bad = entry.state in ("failed", "error")
    summary = tag(
        "summary",
        tag("span", entry.state, class_=f"state {entry.state}"),
        tag("b", entry.name),
        tag("span", entry.group, class_="faint"),
    )
    body: list[Node | None] = [tag("p", tag("code", entry.place)) if entry.place else None]
    if entry.message:
        text = tag("pre", entry.message)
        long = entry.report is not None and entry.message.count("\n") > 3
        body.append(tag("details", tag("summary", "As text"), text) if long else text)
    if entry.report is not None:
        body += _report(entry.report)
    body += _repeat(entry)
    return tag(
        "details", summary, body, id=f"check-{place}", class_="check", open="open" if bad else None
    )


def _report(report: Data) -> list[Node | None]:
    arguments = ", ".join(
        f"{argument['name']} {argument['dtype']}{argument['shape']}"
        for argument in report["arguments"]
    )
    ranked = sorted(report["comparisons"], key=_gravity)
    parts: list[Node | None] = [
        tag("p", f"{report['function']} on {report['engine']}: {arguments}; seed {report['seed']}")
    ]
    if report["faults"]:
        parts.append(
            tag(
                "ul",
                [
                    tag(
                        "li",
                        tag("b", fault["kind"], class_="bad"),
                        f" ({fault['what']}): ",
                        fault["text"],
                    )
                    for fault in report["faults"]
                ],
            )
        )
    guesses = Counter(c["guess"] for c in ranked if c["guess"]).most_common(_GUESSES)
    parts += [tag("p", f"Guess: {guess}.", class_="guess") for guess, _ in guesses]
    bars = histogram(
        summed(comparison["histogram"] for comparison in ranked),
        "Errors in ULP; heights are logarithmic",
    )
    maps = [
        heat_map(c["grid"], c["shape"], f"Error of {c['target']} ({c['what']}, {c['detail']})")
        for c in ranked[:_MAPS]
        if c["grid"] and math.prod(c["shape"]) > 1
    ]
    parts.append(tag("div", bars, maps, class_="figures") if bars is not None or maps else None)
    parts += _worst(ranked)
    parts.append(_comparisons(ranked))
    if report["notes"]:
        parts.append(tag("ul", [tag("li", note) for note in report["notes"]], class_="faint"))
    return parts


def _gravity(comparison: Data) -> tuple[bool, int, float]:
    """Those that fail first, then those with most bad numbers, then the largest excess error."""
    counts = comparison["counts"]
    bad = sum(count for verdict, count in counts.items() if verdict not in GOOD)
    excess = number(comparison["excess"])
    return comparison["ok"], -bad, 1.0 if math.isnan(excess) else -excess


def _worst(ranked: list[Data]) -> list[Node | None]:
    """The worst elements of the first comparisons."""
    shown = [c for c in ranked if not c["ok"]][:_WORST] or ranked[:1]
    rows = [
        _element(comparison, element)
        for comparison in shown
        for element in comparison["worst"]
        if comparison["ok"] or element["verdict"] not in GOOD
    ]
    if not rows:
        return []
    names = (
        "number", "at", "argument", "returned", "truth", "± radius", "ULP", "excess", "verdict",
    )  # fmt: skip
    numeric = ("ULP", "excess")
    heads = [
        tag("th", name, scope="col", class_="number" if name in numeric else None)
        for name in names
    ]
    table = tag(
        "table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="sortable worst"
    )
    return [tag("h3", "Worst elements"), tag("div", table, class_="wide")]


def _element(comparison: Data, element: Data) -> Node:
    returned = element["returned"]
    ulps, excess = number(element["ulps"]), number(element["excess"])
    radius = number(element["radius"])
    fine = element["verdict"] in GOOD
    return tag(
        "tr",
        tag("td", f"{comparison['target']} ({comparison['what']}, {comparison['detail']})"),
        tag("td", str(element["position"]), class_="mono"),
        tag("td", _both(element["given"]), class_="mono"),
        tag("td", "nothing" if returned is None else _both(number(returned).hex()), class_="mono"),
        tag("td", element["truth"], class_="mono"),
        tag("td", "" if math.isinf(radius) else f"{radius:.2g}", class_="mono"),
        tag("td", _figure(ulps), data_value=sortable(ulps), class_="number"),
        tag("td", _figure(excess), data_value=sortable(excess), class_="number"),
        tag("td", element["verdict"], class_="good narrow" if fine else "bad narrow"),
    )


def _both(text: str | None) -> list[Node | str]:
    """A hexadecimal float, exact, and below it the same in decimals."""
    if text is None:
        return []
    value = float.fromhex(text)
    if not math.isfinite(value):
        return [text]
    return [text, tag("br"), tag("span", repr(value), class_="faint")]


def sortable(value: float) -> str:
    """A number as the page's script reads it; "" sorts last.

    >>> sortable(float("inf")), sortable(float("nan"))
    ('Infinity', '')
    """
    if math.isnan(value):
        return ""
    return repr(value) if math.isfinite(value) else repr(value).replace("inf", "Infinity")


def _figure(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3g}"


def _comparisons(ranked: list[Data]) -> Node | None:
    if not ranked:
        return None
    rows = [
        tag(
            "tr",
            tag("td", comparison["what"], class_="narrow"),
            tag("td", comparison["detail"]),
            tag("td", comparison["target"]),
            tag("td", f"{comparison['dtype']}{comparison['shape']}", class_="narrow"),
            tag(
                "td",
                ", ".join(f"{count:,} {name}" for name, count in comparison["counts"].items()),
                class_="good" if comparison["ok"] else "bad",
            ),
            tag("td", _figure(number(comparison["excess"])),
                data_value=sortable(number(comparison["excess"])), class_="number"),
            tag("td", _figure(number(comparison["norm"])),
                data_value=sortable(number(comparison["norm"])), class_="number"),
        )
        for comparison in ranked[:_COMPARISONS]
    ]  # fmt: skip
    names = ("what", "detail", "array", "dtype", "verdicts", "excess", "norm-wise, epsilon")
    heads = [tag("th", name, scope="col", class_="number" if k > 4 else None)
             for k, name in enumerate(names)]  # fmt: skip
    left = len(ranked) - len(rows)
    table = tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="sortable")
    return tag(
        "details",
        tag("summary", f"All {len(ranked)} comparisons"),
        tag("div", table, class_="wide"),
        tag("p", f"and {left} more", class_="faint") if left else None,
    )


def _repeat(entry: Entry) -> list[Node]:
    lines = [] if entry.report is None else [str(line) for line in entry.report["source"]]
    parts = [tag("h3", "Repeat it")] if lines or entry.command else []
    if lines:
        parts.append(tag("pre", "\n".join(lines)))
    if entry.command:
        parts.append(tag("pre", entry.command))
    return parts
