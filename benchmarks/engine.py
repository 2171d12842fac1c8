"""Time of one gradient: `autodiff` beside PyTorch, NumPy by hand, JAX, HIPS autograd and MyGrad.

Contestants that are not installed are left out. README.md in this folder says how it is measured.

    python benchmarks/engine.py [--quick] [--only PATTERN] [--rounds N] [--json FILE]
                                [--picture FILE] [--contestants NAMES] [--base NAME]
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import contestants
import workloads
from contestants import CONTESTANTS, Contestant
from timing import Entry, Row, measure, single_threaded, summary
from workloads.workload import Workload

__all__ = ["as_record", "main", "surroundings", "table"]

OURS = "autodiff"
ROUNDS, QUICK_ROUNDS = 15, 5
SECONDS, QUICK_SECONDS = 0.1, 0.02  # a contestant's turn in a round takes at least that long


def chosen_workloads(patterns: Sequence[str], quick: bool) -> list[Workload]:
    """Those whose name matches a pattern; a pattern without wildcards matches within the name."""
    wild = [one if set(one) & set("*?[") else f"*{one}*" for one in patterns]
    found = [
        workload
        for workload in workloads.WORKLOADS
        if (workload.quick or not quick or wild)
        and (not wild or any(fnmatch.fnmatch(workload.name, one) for one in wild))
    ]
    if not found:
        names = ", ".join(workload.name for workload in workloads.WORKLOADS)
        raise SystemExit(f"no workload matches {', '.join(patterns)}; there are {names}")
    return found


def chosen_contestants(names: str | None) -> list[Contestant]:
    if names is None:
        return [one for one in CONTESTANTS if one.installed() or not one.optional]
    wanted = names.split(",")
    unknown = set(wanted) - {one.name for one in CONTESTANTS}
    if unknown:
        raise SystemExit(f"unknown contestants: {', '.join(sorted(unknown))}")
    return [one for one in CONTESTANTS if one.name in wanted or not one.optional]


def surroundings(among: Sequence[Contestant]) -> dict[str, Any]:
    """The machine, how busy it is, and the versions: what figures mean nothing without."""
    return {
        "machine": platform.machine(),
        "processor": processor(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "threads": 1,
        "versions": {one.module: one.version() for one in among if one.installed()},
    }


def processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def as_record(row: Row) -> dict[str, Any]:
    """A row as JSON has it."""
    record: dict[str, Any] = {
        "title": row.workload.title,
        "kind": row.workload.kind.value,
        "base": row.base,
        "target": row.workload.target,
        "sizes": dict(row.workload.full),
        "contestants": {},
    }
    for name, entry in row.entries.items():
        shown: dict[str, Any] = {}
        if entry.seconds:
            shown["seconds"] = summary(entry.seconds)[1]
            shown["ratio"] = summary(entry.ratios)[1]
            shown["ratio_quartiles"] = [summary(entry.ratios)[place] for place in (0, 2)]
            shown["rounds"] = entry.seconds
        for key in ("missing", "failed", "remark", "error", "bytes_per_node"):
            value = getattr(entry, key)
            if value not in {"", None}:
                shown[key] = value
        record["contestants"][name] = shown
    return record


def duration(seconds: float) -> str:
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def cell(entry: Entry, base: bool) -> str:
    """A ratio, or the base's time, or why there is neither."""
    if not entry.seconds:
        return "failed" if entry.failed else "not yet" if "not yet" in entry.missing else "–"
    text = f"{summary(entry.ratios)[1]:.2g}" if not base else f"{duration(median(entry))} = 1"
    if not base and summary(entry.ratios)[1] >= 0.1:
        text = f"{summary(entry.ratios)[1]:.2f}"
    if entry.bytes_per_node is not None:
        text += f", {entry.bytes_per_node:.0f} B/node"
    if entry.failed:
        text += " wrong"
    return text + ("*" if entry.remark else "")


def median(entry: Entry) -> float:
    return summary(entry.seconds)[1]


def line_of(row: Row, columns: Sequence[str]) -> list[str]:
    """Title, cells, and the target, which means nothing beside another base."""
    target = row.workload.target if row.base == row.workload.base else None
    cells = [cell(row.entries[name], name == row.base) for name in columns]
    return [row.workload.title, *cells, "" if target is None else f"{target:.2f}"]


def table(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """The rows in Markdown."""
    titles = ["workload", *(contestants.named(name).title for name in columns), "at most"]
    lines = [titles, ["---"] * len(titles), *(line_of(row, columns) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def remarks(rows: Sequence[Row]) -> list[str]:
    return [
        f"{row.workload.name}: {contestants.named(name).title}: {text}"
        for row in rows
        for name, entry in row.entries.items()
        for text in (entry.failed, entry.missing, entry.remark)
        if text not in {"", "not installed"}
    ]


def draw(rows: Sequence[Row], columns: Sequence[str], file: str) -> None:
    """A picture: a line for each workload, a mark for each contestant, ratios on a log scale."""
    importlib.import_module("matplotlib").use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    rows = [row for row in rows if any(entry.ratios for entry in row.entries.values())]
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.36 * len(rows)), layout="constrained")
    colours = dict(zip(columns, pyplot.colormaps["tab10"].colors, strict=False))
    colours[OURS] = "black"
    for name in columns:
        found = [
            (summary(row.entries[name].ratios)[1], -place)
            for place, row in enumerate(rows)
            if row.entries[name].ratios
        ]
        if found:
            axes.scatter(
                *zip(*found, strict=True),
                label=contestants.named(name).title,
                color=colours[name],
                marker="D" if name == OURS else "o",
                s=42 if name == OURS else 26,
                zorder=3 if name == OURS else 2,
            )
    for place, row in enumerate(rows):
        if row.workload.target is not None and row.base == row.workload.base:
            ends = [-place - 0.32, -place + 0.32]
            axes.plot([row.workload.target] * 2, ends, color="black", linewidth=2.5)
    axes.axvline(1, color="grey", linewidth=0.8, zorder=1)
    axes.set_xscale("log")
    axes.set_yticks(
        [-place for place in range(len(rows))],
        [row.workload.title.strip("`") for row in rows],
        fontsize=8,
    )
    axes.grid(axis="x", linewidth=0.3)
    axes.set_xlabel("time, as a multiple of the base's; bar: at most, for ours")
    axes.legend(fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.35, 1.0))
    figure.savefig(file, dpi=150)


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement; status 1 if a gradient is wrong or a contestant broke down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", metavar="PATTERN", action="append", default=[])
    parser.add_argument("--rounds", type=int, metavar="N")
    parser.add_argument("--contestants", metavar="NAMES", help="separated by commas")
    parser.add_argument("--base", metavar="NAME", help="whose time is 1 (torch, if it is there)")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--picture", metavar="FILE", help="needs matplotlib")
    options = parser.parse_args(arguments)
    among = chosen_contestants(options.contestants)
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    seconds = QUICK_SECONDS if options.quick else SECONDS
    around = surroundings(among)
    rows = []
    columns = [one.name for one in among]
    with single_threaded():
        for workload in chosen_workloads(options.only, options.quick):
            row = measure(workload, among, rounds=rounds, seconds=seconds, base=options.base)
            rows.append(row)
            print(f"{workload.name}: " + "  ".join(line_of(row, columns)[1:-1]), file=sys.stderr)
    around["load_after"] = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    print(table(rows, columns))
    print()
    for text in remarks(rows):
        print(text)
    if (around["load"] or 0) > 1:
        print(f"Measured under load: {around['load']:.1f} on {around['processors']} processors.")
    if options.json:
        record = {"surroundings": around, "rounds": rounds, "turn_seconds": seconds}
        record["workloads"] = {row.workload.name: as_record(row) for row in rows}
        Path(options.json).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if options.picture:
        draw(rows, columns, options.picture)
    return int(any(entry.failed for row in rows for entry in row.entries.values()))


if __name__ == "__main__":
    sys.exit(main())
