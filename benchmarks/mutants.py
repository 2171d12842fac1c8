"""How many true gradients with one mistake made in them the judge lets pass.

The true gradients of the right cases of `judging/`, rounded to the dtype and then changed in one
way, are put to `reference.judge` alone: one entry, two entries exchanged, one entry halved, one
set to zero, and all multiplied by a factor that is as close to one as the dtype can be held to.

    python benchmarks/mutants.py [--verbose]

Some are within the judge's threshold times what a run of the definition in the dtype shows: a
mistake that rounding could have made. What passes beyond that is what the second look costs.
Ends with status 1 where a true gradient itself is not found right.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # reference, from the checkout

from judging import CASES
from judging.case import Case

from reference import certify
from reference.certify import Certificate
from reference.checking.special import mathematics
from reference.explained import scatter
from reference.judge import THRESHOLD, judge

__all__ = ["FACTORS", "main", "mutants"]

FACTORS = {"float64": 1 + 1e-9, "float32": 1 + 1e-4, "float16": 1.1, "bfloat16": 1.9}
"""Too far from one for any rounding, as far as the benchmark knows."""
Gradients = list[np.ndarray]


def certified(case: Case) -> Certificate | None:
    """The true gradient of a right case; None where it is not one array of numbers each."""
    function = case.definition or case.rules().forward
    function = mathematics(function) if isinstance(function, str) else function
    with np.errstate(all="ignore"):
        shape = np.shape(case.rules().forward(*case.arrays))
        cotangent = np.random.default_rng(0).uniform(0.5, 1.5, shape)
        try:
            truth = certify(function, *case.arrays, cotangent=cotangent)
        except Exception:  # noqa: BLE001 - several outputs, or nothing to trace
            return None
    return truth if truth.certified and not truth.findings else None


def mutants(truth: Gradients, dtypes: Sequence[str]) -> Iterator[tuple[str, Gradients]]:
    """Each mistake in the first array where it makes a difference."""

    def changed(number: int, flat: np.ndarray) -> Gradients:
        result = list(truth)
        result[number] = flat.reshape(truth[number].shape).astype(truth[number].dtype)
        return result

    for kind in ("one entry", "exchanged", "half", "zero", "factor"):
        for number, (array, dtype) in enumerate(zip(truth, dtypes, strict=True)):
            flat = array.astype(np.float64).ravel()
            places = np.flatnonzero(flat)
            if not places.size:
                continue
            place = places[len(places) // 2]
            factor = FACTORS[dtype]
            if kind == "exchanged":
                others = np.flatnonzero(
                    np.abs(flat - flat[place]) > (factor - 1) * abs(flat[place])
                )
                if not others.size:
                    continue
                flat[[place, others[0]]] = flat[[others[0], place]]
            elif kind == "factor":
                flat *= factor
            else:
                flat[place] *= {"one entry": factor, "half": 0.5, "zero": 0.0}[kind]
            yield kind, changed(number, flat)
            break


def is_rounding(found: Gradients, truth: Certificate, explain: Sequence[np.ndarray]) -> bool:
    """Whether no element is off by more than the threshold times what rounding explains."""
    return all(
        bool((enclosure.ulps(array.astype(np.float64), dtype) <= THRESHOLD * (0.5 + size)).all())
        for array, enclosure, dtype, size in zip(
            found, truth.gradients, truth.dtypes, explain, strict=True
        )
    )


def main(arguments: list[str] | None = None) -> int:
    """Print a table by dtype; the mutants that were missed with --verbose."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--verbose", action="store_true", help="name the mutants that were missed")
    options = parser.parse_args(arguments)
    tried: Counter[str] = Counter()
    excused: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    blamed = []
    np.seterr(all="ignore")
    for case in CASES:
        truth = certified(case) if case.right else None
        if truth is None:
            continue
        dtype = str(case.arrays[0].dtype)
        right = _rounded(truth, case.arrays)
        if right is None:
            continue
        explain = scatter(truth)
        if not judge(right, truth, explain=explain).ok:
            blamed.append(case.label)
        for kind, wrong in mutants(right, truth.dtypes):
            tried[dtype] += 1
            if is_rounding(wrong, truth, explain):
                excused[dtype] += 1
            elif judge(wrong, truth, explain=explain).ok:
                missed[dtype] += 1
                kinds[kind] += 1
                if options.verbose:
                    print(f"missed  {kind}: {case.label}")
    print("| dtype | mutants | within rounding | missed |\n|---|---|---|---|")
    for dtype in FACTORS:
        print(f"| {dtype} | {tried[dtype]} | {excused[dtype]} | {missed[dtype]} |")
    print(", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "none missed")
    for label in blamed:
        print(f"blamed: {label}")
    return 1 if blamed else 0


def _rounded(truth: Certificate, arrays: Sequence[Any]) -> Gradients | None:
    """The true gradients in the dtypes of the arguments; None where one is beyond its range."""
    found = [
        enclosure.round(dtype).astype(array.dtype)
        for enclosure, dtype, array in zip(truth.gradients, truth.dtypes, arrays, strict=True)
    ]
    good = all(math.isfinite(float(v)) for array in found for v in array.ravel())
    return found if good else None


if __name__ == "__main__":
    sys.exit(main())
