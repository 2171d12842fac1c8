"""How many wrong rules the judge finds, and how often it blames a right one.

Every mistake of `tests/agreement/mistakes.py` is planted in a row of the engine, and the samples
of the operation's definition are judged, in float64, float32 and float16. A table by kind of
mistake shows in which dtypes it was found, in which order, and by what verdict.

    python benchmarks/planted.py [--verbose] [--json FILE] [--jobs N]

Ends with status 1 if a mistake escapes where it must be found, or a right rule is blamed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "agreement"), str(ROOT)]

import rows  # noqa: E402 - found through the path above
from mistakes import HARMLESS, MISTAKES  # noqa: E402
from planting import find  # noqa: E402

__all__ = ["main"]


def examine(number: int) -> dict[str, Any]:
    """What was found in each dtype, for one mistake."""
    mistake = MISTAKES[number]
    found = {dtype: find(mistake, dtype) for dtype in rows.DTYPES}
    return {
        "kind": mistake.kind,
        "text": mistake.text,
        "required": list(mistake.dtypes),
        "found": {
            dtype: None if e is None else {"case": e.case, "order": e.order, "text": e.text}
            for dtype, e in found.items()
        },
    }


def is_blamed(number: int) -> bool:
    """Whether a right rule is taken for a wrong one."""
    change = HARMLESS[number]
    return any(find(change, dtype) for dtype in change.dtypes)


def false_alarms(name: str) -> tuple[int, list[str]]:
    """Judgements of an operation of the engine as it is, and those that were wrong."""
    outcomes = [rows.judged(case, order) for case in rows.cases([name]) for order in (1, 2)]
    return len(outcomes), [outcome.text for outcome in outcomes if not outcome.ok]


def table(results: list[dict[str, Any]]) -> list[str]:
    """One line for each kind of mistake."""
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for result in results:
        kinds[result["kind"]].append(result)
    head = f"{'kind of mistake':<20}{'planted':>8}" + "".join(f"{d:>10}" for d in rows.DTYPES)
    lines = [head, "-" * len(head)]
    for kind, members in [*kinds.items(), ("all", results)]:
        counts = [sum(m["found"][dtype] is not None for m in members) for dtype in rows.DTYPES]
        if kind == "all":
            lines.append("-" * len(head))
        lines.append(f"{kind:<20}{len(members):>8}" + "".join(f"{n:>10}" for n in counts))
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--verbose", action="store_true", help="a line for every mistake")
    parser.add_argument("--json", type=Path, help="write the results to a file")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="processes (default: one a core)"
    )
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    names = sorted({mistake.name for mistake in MISTAKES})
    # spawned: a mistake is planted in the process, and nothing may be left over from another
    with ProcessPoolExecutor(options.jobs, get_context("spawn")) as pool:
        found = pool.map(examine, range(len(MISTAKES)))
        sound = pool.map(false_alarms, names)
        blames = pool.map(is_blamed, range(len(HARMLESS)))
        results, counts = list(found), list(sound)
        harmless = [change for change, blamed in zip(HARMLESS, blames, strict=True) if blamed]
    total = sum(number for number, _ in counts)
    blamed = [text for _, texts in counts for text in texts]
    escaped = [
        f"{r['kind']}: {r['text']} ({dtype})"
        for r in results
        for dtype in r["required"]
        if r["found"][dtype] is None
    ]
    print("\n".join(table(results)))
    required = sum(len(r["required"]) for r in results)
    print(f"\nfound where they must be: {required - len(escaped)} of {required}")
    print(f"right rules written otherwise: {len(HARMLESS)}, blamed: {len(harmless)}")
    print(f"judgements of the engine as it is: {total}, false alarms: {len(blamed)}")
    if options.verbose:
        for result in results:
            print(f"\n{result['kind']}: {result['text']}")
            for dtype, evidence in result["found"].items():
                said = "-" if evidence is None else f"{evidence['case']}: {evidence['text']}"
                print(f"  {dtype:<8} {said}")
    for text in (
        *(f"escaped: {e}" for e in escaped),
        *(f"blamed: {m.id}" for m in harmless),
        *blamed,
    ):
        print(text)
    print(f"{time.perf_counter() - start:.0f} s", file=sys.stderr)
    if options.json is not None:
        options.json.write_text(
            json.dumps(
                {
                    "mistakes": results,
                    "escaped": escaped,
                    "judgements": total,
                    "false_alarms": blamed,
                    "harmless_blamed": [m.id for m in harmless],
                },
                indent=2,
            ),
            encoding="utf-8",
        )
    return 1 if escaped or blamed or harmless else 0


if __name__ == "__main__":
    sys.exit(main())
