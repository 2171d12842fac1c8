"""How many wrong gradients each checker catches, and how often it blames a right one.

Every labelled case of `judging/` is put to `reference.check`, and to the gradient checkers of
PyTorch (slow and fast), JAX and HIPS autograd at their defaults, as far as they are installed.

    python benchmarks/judge.py [--only PATTERN] [--alone] [--json FILE]

Ends with status 1 if ours misses a wrong case or blames a right one.
"""

from __future__ import annotations

import argparse
import json
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

__all__ = ["Outcome", "main", "outcomes", "tally"]

OURS = "reference.check"
Outcome = dict[str, Any]


def ours(case: Case) -> bool:
    """Whether `check` finds nothing wrong."""
    return judged(case).ok


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
    parser.add_argument("--json", type=Path, help="write every outcome to a file")
    options = parser.parse_args(arguments)
    cases = [case for case in CASES if fnmatch(case.label, options.only)]
    others, missing = ({}, []) if options.alone else checkers()
    results = {OURS: outcomes(OURS, ours, cases)}
    for name, checker in others.items():
        results[name] = outcomes(name, checker, cases)
    right = sum(case.right for case in cases)
    print(f"{len(cases)} cases: {right} right, {len(cases) - right} wrong\n")
    print("\n".join(table(results)))
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
