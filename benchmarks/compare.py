"""What became slower: a quick subset, `autodiff` beside NumPy by hand, against a stored base.

What is compared is the ratio to the hand-written NumPy of the same round, so that a base stored
on another day or another machine still says something. A workload that seems slower is measured
again, with more rounds, before it is called so.

    python benchmarks/compare.py --store        # writes benchmarks/base.json
    python benchmarks/compare.py [--base FILE] [--only PATTERN] [--margin SHARE]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import contestants
from engine import as_record, chosen_workloads, surroundings
from timing import measure, single_threaded
from workloads.workload import Workload

__all__ = ["Change", "change", "main"]

OURS, BESIDE = "autodiff", "numpy"
BASE = Path(__file__).with_name("base.json")
ROUNDS, SECONDS = 7, 0.02
AGAIN = 3  # times as many rounds, to be sure


@dataclass(frozen=True, slots=True)
class Change:
    """A workload's ratio to the hand-written NumPy, before and now."""

    name: str
    before: float | None
    now: float | None
    verdict: str  # "slower", "faster", "as before", "new", "gone", "failed"

    def line(self) -> str:
        before, now = (
            f"{'–':>9}" if ratio is None else f"{ratio:9.2f}" for ratio in (self.before, self.now)
        )
        factor = f"{self.now / self.before:7.2f} ×" if self.before and self.now else ""
        return f"{self.name:20} {before} {now} {factor:>10}  {self.verdict}"


def change(
    name: str, before: Mapping[str, Any] | None, now: Mapping[str, Any], margin: float
) -> Change:
    """Compares two records of `autodiff` on one workload.

    Slower is what lies beyond the margin, with quartiles that do not overlap; faster likewise.
    """
    old = None if before is None else before.get("ratio")
    new = now.get("ratio")
    if now.get("failed"):
        return Change(name, old, new, "failed")
    if before is None or old is None:
        return Change(name, old, new, "new" if new is not None else "not yet")
    if new is None:
        return Change(name, old, None, "gone")
    (low, high), (least, most) = before["ratio_quartiles"], now["ratio_quartiles"]
    if new > old * (1 + margin) and least > high:
        verdict = "slower"
    elif new * (1 + margin) < old and most < low:
        verdict = "faster"
    else:
        verdict = "as before"
    return Change(name, old, new, verdict)


def record_of(workload: Workload, rounds: int) -> dict[str, Any]:
    both = [contestants.named(name) for name in (BESIDE, OURS)]
    row = measure(workload, both, rounds=rounds, seconds=SECONDS, base=BESIDE)
    record: dict[str, Any] = as_record(row)["contestants"][OURS]
    record.pop("rounds", None)
    return record


def compare(
    chosen: Sequence[Workload], base: Mapping[str, Any], rounds: int, margin: float
) -> list[Change]:
    changes = []
    for workload in chosen:
        before = base.get(workload.name)
        found = change(workload.name, before, record_of(workload, rounds), margin)
        if found.verdict == "slower":
            found = change(workload.name, before, record_of(workload, AGAIN * rounds), margin)
        changes.append(found)
        print(found.line(), flush=True)
    return changes


def main(arguments: list[str] | None = None) -> int:
    """Status 1 if something became slower, failed or is gone."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--base", metavar="FILE", type=Path, default=BASE)
    parser.add_argument("--store", action="store_true", help="write the base instead")
    parser.add_argument("--only", metavar="PATTERN", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N")
    parser.add_argument(
        "--margin", type=float, default=0.15, metavar="SHARE", help="slower by less is no change"
    )
    options = parser.parse_args(arguments)
    chosen = chosen_workloads(options.only, quick=True)
    if not options.store and not options.base.exists():
        parser.error(f"there is no {options.base}; `--store` writes one")
    with single_threaded():
        if options.store:
            around = surroundings([contestants.named(name) for name in (BESIDE, OURS)])
            found = {one.name: record_of(one, AGAIN * options.rounds) for one in chosen}
            content = {"surroundings": around, "workloads": found}
            options.base.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            return 0
        base = json.loads(options.base.read_text(encoding="utf-8"))["workloads"]
        print(f"{'× NumPy by hand':20} {'before':>9} {'now':>9}")
        changes = compare(chosen, base, options.rounds, options.margin)
    return int(any(one.verdict in {"slower", "failed", "gone"} for one in changes))


if __name__ == "__main__":
    sys.exit(main())
