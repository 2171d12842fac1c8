"""Figures of errors as inline SVG: a histogram and a heat map, coloured by the page's classes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from reference.reports.data import number
from reference.reports.markup import Node, tag

__all__ = ["heat_map", "histogram", "summed"]

_BARS = 20
_BAR, _GAP, _HEIGHT = 24, 4, 96
_LEVELS = 8  # colours of a heat map, besides those of "none" and of "infinite"

_CALM = 256.0  # ULPs that have the strongest colour at least, or rounding alone would alarm

Buckets = Sequence[tuple[float, int]]


def summed(histograms: Iterable[Iterable[Sequence[Any]]]) -> list[tuple[float, int]]:
    """One histogram of many, as a report has them in JSON: [[bound, count], ...].

    >>> summed([[[0.5, 2], ["inf", 1]], [[0.5, 3]]])
    [(0.5, 5), (inf, 1)]
    """
    total: Counter[float] = Counter()
    for found in histograms:
        for bound, count in found:
            total[number(bound)] += int(count)
    return sorted(total.items())


def histogram(buckets: Buckets, label: str) -> Node | None:
    """Bars over powers of two of an ULP, heights logarithmic; None where there is nothing."""
    bars = _merged(buckets)
    if not bars:
        return None
    most = max(count for _, count in bars)
    width = len(bars) * (_BAR + _GAP) + 44
    children = []
    for place, (name, count) in enumerate(bars):
        left = 22 + place * (_BAR + _GAP)
        tall = 3 + (_HEIGHT - 3) * math.log1p(count) / math.log1p(most) if count else 0
        middle = left + _BAR / 2
        kind = "bar beyond" if name == "∞" else "bar"
        children += [
            tag("rect", tag("title", f"{count:,} of at most {name} ULP"), class_=kind, x=left,
                y=round(18 + _HEIGHT - tall, 1), width=_BAR, height=round(tall, 1)),
            tag("text", _short(count) if count else "", class_="count", x=middle,
                y=round(14 + _HEIGHT - tall, 1)),
            tag("text", name, class_="tick", x=middle, y=_HEIGHT + 32),
        ]  # fmt: skip
    floor = 18 + _HEIGHT
    children.append(tag("line", class_="axis", x1=16, x2=width - 16, y1=floor, y2=floor))
    drawing = tag(
        "svg", children, class_="histogram", viewBox=f"0 0 {width} {_HEIGHT + 40}", width=width,
        height=_HEIGHT + 40, role="img", aria_label=label,
    )  # fmt: skip
    return tag("figure", drawing, tag("figcaption", label))


def _merged(buckets: Buckets) -> list[tuple[str, int]]:
    """(bound, count) of at most _BARS bars, neighbours put together where there are more."""
    finite = {int(math.log2(bound)): count for bound, count in buckets if math.isfinite(bound)}
    beyond = sum(count for bound, count in buckets if math.isinf(bound))
    bars: list[tuple[str, int]] = []
    if finite:
        span = max(finite) + 2
        step = -(-span // _BARS)
        for first in range(-1, max(finite) + 1, step):
            count = sum(finite.get(e, 0) for e in range(first, first + step))
            bars.append((_power(first + step - 1), count))
    if beyond:
        bars.append(("∞", beyond))
    return bars


def _power(exponent: int) -> str:
    if exponent < 0:
        return "½"
    if exponent < 10:
        return str(2**exponent)
    raised = str(exponent).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"2{raised}"


def _short(count: int) -> str:
    for size, name in ((10**9, "G"), (10**6, "M"), (10**4, "k")):
        if count >= size:
            return f"{count / min(size, 10 ** (len(str(size)) // 3 * 3)):.3g}{name}"
    return str(count)


def heat_map(grid: Sequence[Sequence[Any]], shape: Sequence[int], label: str) -> Node | None:
    """The errors over an array's elements; None for an empty array.

    grid: rows of errors in ULPs as JSON has them. shape: of the array that the grid stands for.
    """
    rows = [[number(value) for value in row] for row in grid]
    if not rows or not rows[0]:
        return None
    finite = [v for row in rows for v in row if math.isfinite(v)]
    top = max([_CALM, *finite])
    cells: dict[str, list[str]] = {}
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            cells.setdefault(_level(value, top), []).append(f"M{x} {y}h1v1h-1z")
    high, wide = len(rows), len(rows[0])
    size = max(6, min(18, 300 // max(high, wide)))
    drawing = tag(
        "svg",
        [tag("path", class_=level, d="".join(path)) for level, path in sorted(cells.items())],
        class_="heat", viewBox=f"0 0 {wide} {high}", width=wide * size, height=high * size,
        role="img", aria_label=label,
    )  # fmt: skip
    elements = math.prod(shape)
    folded = ""
    if elements < high * wide:
        folded = "; wrapped, the last cells are empty"
    elif elements > high * wide:
        folded = f"; {elements:,} elements, each cell the largest error of a block"
    name = " × ".join(map(str, shape)) or "a single number"
    return tag(
        "figure", drawing, _scale(top, cells), tag("figcaption", f"{label}: {name}{folded}")
    )


def _level(value: float, top: float) -> str:
    if math.isnan(value):
        return "none"
    if math.isinf(value):
        return "infinite"
    if value <= 0.5:
        return "h0"
    part = math.log2(value / 0.5) / max(1.0, math.log2(top / 0.5))
    return f"h{max(1, min(_LEVELS - 1, math.ceil(part * (_LEVELS - 1))))}"


def _scale(top: float, cells: dict[str, list[str]]) -> Node:
    steps = [
        tag("svg", tag("path", class_=f"h{k}", d="M0 0h1v1h-1z"), class_="key", viewBox="0 0 1 1")
        for k in range(_LEVELS)
    ]
    parts = [tag("span", "≤ ½ ULP"), *steps, tag("span", f"{top:.3g} ULP")]
    for level, text in (("infinite", "no number"), ("none", "no truth to meet")):
        if level in cells:
            key = tag("path", class_=level, d="M0 0h1v1h-1z")
            parts += [tag("svg", key, class_="key apart", viewBox="0 0 1 1"), tag("span", text)]
    return tag("div", parts, class_="scale")
