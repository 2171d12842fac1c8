"""How many wrong gradients each checker catches, and how often it blames a right one.

Every labelled case of `judging/` is put to `reference.check`, and to the gradient checkers of
PyTorch (slow and fast), JAX and HIPS autograd at their defaults, as far as they are installed.

    python benchmarks/judge.py [--only PATTERN] [--alone] [--excess] [--json FILE]

--excess: how far from the threshold our verdicts are, by dtype.

Ends with status 1 if ours misses a wrong case or blames a right one.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # reference, from the checkout

from judging import CASES
from judging.case import Case, judged
from judging.competitors import Cannot, checkers

from reference.checking import Report

__all__ = ["Outcome", "distances", "main", "outcomes", "tally"]

OURS = "reference.check"
Outcome = dict[str, Any]


class Ours:
    """Our own verdicts, and for each case how far it is from the threshold."""

    def __init__(self) -> None:
        self.excess: list[tuple[Case, float]] = []

    def __call__(self, case: Case) -> bool:
        """Whether `check` finds nothing wrong."""
        report = judged(case)
        excess = _excess(case, report)
        if math.isfinite(excess):
            self.excess.append((case, excess))
        return report.ok


def _excess(case: Case, report: Report) -> float:
    """The largest excess; of a wrong case, that of its failures. nan: a matter of something else.

    At kinks, where runs differ and where an array is missing verdicts are found by other means.
    """
    if any(verdict.startswith("kink") for verdict in report.counts) or any(
        fault.kind == "non-deterministic" for fault in report.faults
    ):
        return math.nan
    chosen = report.comparisons if case.right else report.failures
    found = [c.excess for c in chosen if math.isfinite(c.excess)]
    return max((excess for excess in found if case.right or excess), default=math.nan)


def distances(found: Sequence[tuple[Case, float]]) -> list[str]:
    """A line of a table for each dtype: how far right and wrong cases are from the threshold."""
    columns = ("right cases", "median excess", "nine in ten below", "largest", "wrong cases")
    lines = [" | ".join(("| dtype", *columns, "smallest |")), "|---|---|---|---|---|---|---|"]
    for dtype in ("float64", "float32", "float16", "bfloat16"):
        own = [(case, excess) for case, excess in found if str(case.arrays[0].dtype) == dtype]
        right = sorted(excess for case, excess in own if case.right)
        wrong = sorted(excess for case, excess in own if not case.right)
        numbers: list[float] = [len(right), len(wrong)]
        if right:
            ninth = right[math.ceil(0.9 * len(right)) - 1]
            numbers[1:1] = [statistics.median(right), ninth, right[-1]]
        else:
            numbers[1:1] = [math.nan] * 3
        numbers.append(wrong[0] if wrong else math.nan)
        lines.append("| " + " | ".join([dtype, *(f"{n:.3g}" for n in numbers)]) + " |")
    return lines


def outcomes(name: str, checker: Callable[[Case], bool], cases: Sequence[Case]) -> list[Outcome]:
    """What a checker says of every case: passed is None where it cannot take it."""
    result = []
    for case in cases:
        start = time.perf_counter()
        passed: bool | None = None
        reason = ""
        try:
            passed = checker(case)
        except Cannot as error:
            reason = str(error)
        except Exception as error:  # whatever another checker makes of a case
            if name == OURS:
                raise
            reason = f"{type(error).__name__}: {str(error).strip().splitlines()[:1]}"
        result.append(
            {
                "checker": name, "case": case.label, "right": case.right, "passed": passed,
                "seconds": time.perf_counter() - start, "reason": reason,
            }
        )  # fmt: skip
    return result


def tally(found: Sequence[Outcome]) -> dict[str, float]:
    """Counts of one checker's outcomes, and its seconds."""
    taken = [one for one in found if one["passed"] is not None]
    return {
        "caught": sum(not o["right"] and not o["passed"] for o in taken),
        "missed": sum(not o["right"] and o["passed"] for o in taken),
        "passed": sum(o["right"] and o["passed"] for o in taken),
        "blamed": sum(o["right"] and not o["passed"] for o in taken),
        "cannot": len(found) - len(taken),
        "seconds": sum(o["seconds"] for o in found),
    }


def table(results: dict[str, list[Outcome]]) -> list[str]:
    """One line for each checker."""
    head = (
        f"{'checker':<24}{'wrong: caught':>14}{'missed':>8}{'right: passed':>15}{'blamed':>8}"
        f"{'cannot':>8}{'seconds':>9}"
    )
    lines = [head, "-" * len(head)]
    for name, found in results.items():
        t = tally(found)
        lines.append(
            f"{name:<24}{t['caught']:>14}{t['missed']:>8}{t['passed']:>15}{t['blamed']:>8}"
            f"{t['cannot']:>8}{t['seconds']:>9.1f}"
        )
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Run all, and print the table, the misses and the false alarms."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="*", help="cases whose label matches a pattern")
    parser.add_argument("--alone", action="store_true", help="our own verdicts only")
    parser.add_argument("--excess", action="store_true", help="a table of excess errors")
    parser.add_argument("--json", type=Path, help="write every outcome to a file")
    options = parser.parse_args(arguments)
    cases = [case for case in CASES if fnmatch(case.label, options.only)]
    others, missing = ({}, []) if options.alone else checkers()
    ours = Ours()
    results = {OURS: outcomes(OURS, ours, cases)}
    for name, checker in others.items():
        results[name] = outcomes(name, checker, cases)
    count = sum(case.right for case in cases)
    print(f"{len(cases)} cases: {count} right, {len(cases) - count} wrong\n")
    print("\n".join(table(results)))
    if options.excess:
        print("\n" + "\n".join(distances(ours.excess)))
        for right in (True, False):
            nearest = sorted((e, c.label) for c, e in ours.excess if c.right is right)
            for excess, label in nearest[-4:] if right else nearest[:4]:
                print(f"  {excess:.3g}  {label}")
    if missing:
        print(f"\nnot installed: {', '.join(missing)}")
    for name, found in results.items():
        shown = [o for o in found if o["passed"] is not None and o["passed"] != o["right"]]
        if shown:
            print(f"\n{name}:")
        for one in shown:
            print(f"  {'blamed' if one['right'] else 'missed'}  {one['case']}")
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2), encoding="utf-8")
    bad = tally(results[OURS])
    return 1 if bad["missed"] or bad["blamed"] else 0


if __name__ == "__main__":
    sys.exit(main())
