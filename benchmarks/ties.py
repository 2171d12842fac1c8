"""Time to certify and to judge gradients at ties: a dead unit of a network, equal numbers.

Run: python benchmarks/ties.py [--small]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np

from reference import build, linalg
from reference.certify import certify_problem
from reference.graph import Node
from reference.judge import judge
from reference.problem import Problem, trace, trace_nodes

__all__ = ["cases", "main", "timed"]

Case = tuple[str, Problem, list[np.ndarray], str]


def relu(x: Node) -> Node:
    return build.maximum(x, 0)


def network(width: int, batch: int, inputs: int) -> Iterator[Case]:
    """A relu network of which one unit is dead; float32."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, (batch, inputs)).astype(np.float32)
    first = (rng.standard_normal((inputs, width)) * 0.05).astype(np.float32)
    first[:, 1] = 0
    second = (rng.standard_normal((width, 10)) * 0.05).astype(np.float32)

    def f(w: Node, b: Node, v: Node, c: Node) -> Node:
        out = build.add(build.matmul(relu(build.add(build.matmul(x, w), b)), v), c)
        return build.mean(build.multiply(out, out))

    start = [first, np.zeros(width, np.float32), second, np.zeros(10, np.float32)]
    before = x.astype(np.float64) @ first
    hidden = np.maximum(before, 0)
    arriving = 2 * (hidden @ second) / (batch * 10)
    for name, slope in (("off", 0.0), ("on", 1.0), ("twice on", 2.0)):
        back = (arriving @ second.T) * ((before > 0) + slope * (before == 0))
        given = [x.T @ back, back.sum(0), hidden.T @ arriving, arriving.sum(0)]
        expected = "kink-outside" if slope > 1 else "kink-member"
        yield (
            f"dead unit of {sum(a.size for a in start)} parameters, {name}",
            trace_nodes(f, start),
            [g.astype(np.float32) for g in given],
            expected,
        )


def constant_arrays(size: int) -> Iterator[Case]:
    """Functions of equal numbers: a gradient that is right and one that is not."""
    weights = np.random.default_rng(size).standard_normal(size)
    unit = np.eye(size)[1]
    zero = np.zeros(size)
    rows: list[tuple[str, Callable[[Node], Node], np.ndarray]] = [
        ("largest", build.largest, unit),
        ("sort", lambda x: build.sum(build.multiply(build.sort(x), weights)), weights),
        ("two largest", lambda x: build.sum(build.getitem(build.sort(x), slice(-2, None))),
         unit + np.eye(size)[0]),
        ("relu", lambda x: build.sum(relu(x)), unit),
        ("pooling", lambda x: build.sum(build.largest(build.reshape(x, (-1, 4)), axes=1)),
         1.0 * (np.arange(size) % 4 == 0)),
    ]  # fmt: skip
    for name, f, right in rows:
        problem = trace_nodes(f, [zero])
        yield f"{name} of {size} equal numbers", problem, [right], "kink-member"
        yield f"{name} of {size} equal numbers, twice", problem, [2 * right], "kink-outside"


def spectra() -> Iterator[Case]:
    """Equal eigenvalues: limits of gradients, and what is no mean of them."""
    weights = np.array([1.0, 2.0, 4.0])
    problem = trace(linalg.eigvalsh, [np.eye(3)], cotangent=weights)
    yield "eigenvalues of the identity", problem, [np.diag(weights)], "kink-member"
    yield "eigenvalues of the identity, twice", problem, [2 * np.diag(weights)], "kink-outside"


def cases(small: bool) -> Iterator[Case]:
    """(name, problem, gradients, the verdict that is right for the tied elements)."""
    yield from network(*((16, 4, 8) if small else (512, 256, 784)))
    for size in (4, 8) if small else (4, 8, 16, 40):
        yield from constant_arrays(size)
    yield from spectra()


def timed(case: Case) -> tuple[str, bool, float, float]:
    """(name, whether the verdict is right, seconds to certify, seconds to judge)."""
    name, problem, gradients, expected = case
    start = time.perf_counter()
    found = certify_problem(problem)
    middle = time.perf_counter()
    counts = judge(gradients, found).counts
    end = time.perf_counter()
    good = expected in counts and set(counts) <= {expected, "correct"}
    return name, good, middle - start, end - middle


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 where a verdict is wrong."""
    parser = argparse.ArgumentParser(description="Time to certify and judge gradients at ties.")
    parser.add_argument("--small", action="store_true", help="small cases only")
    options = parser.parse_args(arguments)
    print(f"{'case':52} {'certify':>8} {'judge':>8}")
    bad = 0
    for case in cases(options.small):
        name, good, certifying, judging = timed(case)
        bad += not good
        print(f"{name:52} {certifying:8.2f} {judging:8.2f}{'' if good else '  WRONG VERDICT'}")
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
