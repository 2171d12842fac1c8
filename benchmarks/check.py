"""What a check costs, beside PyTorch's `gradcheck`, over the number of inputs; and its memory.

Every function is checked by `reference.check` (value, gradients for several cotangents, forward
mode, second order in four mode pairs, layouts, 64 repeats) and by `torch.autograd.gradcheck`,
slow (the whole Jacobian by finite differences) and fast (one random projection), of the first
order and with nothing else. `gradients` is `check(what="vjp")`, which answers the question of
gradcheck. All in float64, one thread, after one call that is not timed; processor time, the least
of several calls.

    python benchmarks/check.py [--repeat N] [--network] [--json FILE]

--network: also the 784-512-512-10 network at batch 256 in float32, in a process of its own, with
the most memory that it used.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import flint
import numpy as np
import torch

from reference.certify import certify
from reference.checking import Pair, check
from reference.domains.certified import working_precision

__all__ = ["main", "measure"]

_SLOWEST = 60.0  # seconds after which a contestant is not called again
Function = Callable[..., Any]


def scalar_pair() -> tuple[Function, list[Any]]:
    """sin(x) exp(x) and its derivative, as NumPy functions."""
    pair = Pair(
        lambda x: np.sin(x) * np.exp(x), lambda g, x: g * (np.cos(x) + np.sin(x)) * np.exp(x)
    )
    return pair, [np.array(0.7)]


def elementwise(count: int) -> tuple[Function, list[Any]]:
    """sin(x) exp(x), as many outputs as inputs."""
    x = torch.from_numpy(np.random.default_rng(0).normal(size=count)).requires_grad_()
    return lambda x: torch.sin(x) * torch.exp(x), [
        x if count > 1 else x.detach()[0].requires_grad_()
    ]


def cross_entropy(count: int) -> tuple[Function, list[Any]]:
    """The cross-entropy of rows of ten scores."""
    scores = np.random.default_rng(0).normal(size=(count // 10, 10))
    labels = torch.arange(count // 10) % 10
    x = torch.from_numpy(scores).requires_grad_()
    return lambda x: torch.nn.functional.cross_entropy(x, labels), [x]


def perceptron(
    sizes: tuple[int, ...], batch: int, dtype: type = np.float64
) -> tuple[Function, list[Any]]:
    """The mean of the squared outputs of a tanh network, by its weights."""
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(batch, sizes[0])).astype(dtype))
    weights = [
        torch.from_numpy((rng.normal(size=(m, n)) / m**0.5).astype(dtype)).requires_grad_()
        for m, n in pairwise(sizes)
    ]

    def loss(*weights: Any) -> Any:
        hidden = x
        for weight in weights[:-1]:
            hidden = torch.tanh(hidden @ weight)
        return ((hidden @ weights[-1]) ** 2).mean()

    return loss, weights


CASES: dict[str, Callable[[], tuple[Function, list[Any]]]] = {
    "sin(x) exp(x), a pair": scalar_pair,
    "sin(x) exp(x)": lambda: elementwise(1),
    "sin(x) exp(x), 10": lambda: elementwise(10),
    "sin(x) exp(x), 100": lambda: elementwise(100),
    "cross-entropy, 10": lambda: cross_entropy(10),
    "cross-entropy, 100": lambda: cross_entropy(100),
    "cross-entropy, 1,000": lambda: cross_entropy(1000),
    "perceptron, 1,200": lambda: perceptron((20, 40, 10), 16),
    "perceptron, 10,240": lambda: perceptron((64, 128, 16), 32),
}


def timed(function: Callable[[], Any], repeat: int) -> float:
    """The least processor time of several calls, in seconds, after one that does not count."""
    function()
    times: list[float] = []
    while len(times) < repeat and sum(times) < _SLOWEST:
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def measure(name: str, repeat: int) -> dict[str, Any]:
    """All contestants on one function, one after the other, in milliseconds."""
    f, arrays = CASES[name]()
    inputs = sum(int(np.prod(array.shape)) for array in arrays)
    row: dict[str, Any] = {"function": name, "inputs": inputs}
    row["check"] = 1e3 * timed(lambda: _right(check(f, *arrays)), repeat)
    row["gradients"] = 1e3 * timed(lambda: _right(check(f, *arrays, what="vjp")), repeat)
    if not isinstance(f, Pair):
        for kind, fast in (("slow gradcheck", False), ("fast gradcheck", True)):
            if inputs > 2_000 and not fast:
                repeat = 1
            compared = partial(torch.autograd.gradcheck, f, arrays, fast_mode=fast)
            row[kind] = 1e3 * timed(compared, repeat)
    return row


def _right(report: Any) -> None:
    if not report.ok:
        raise AssertionError(report.text)


def network() -> dict[str, Any]:
    """The whole check of a network of 668,672 weights; its certificate; the bare products."""
    f, weights = perceptron((784, 512, 512, 10), 256, np.float32)
    start = time.process_time()
    _right(check(f, *weights))
    whole = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    start = time.process_time()
    _right(check(f, *weights, what="vjp"))
    gradients = time.process_time() - start
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 784)).astype(np.float32)

    def loss(a: Any, b: Any, c: Any) -> Any:
        return ((np.tanh(np.tanh(x @ a) @ b) @ c) ** 2).mean()

    start = time.process_time()
    found = certify(loss, *(weight.detach().numpy() for weight in weights))
    certified = time.process_time() - start
    bare = bare_products(found.precision)
    return {
        "weights": sum(weight.numel() for weight in weights),
        "check_seconds": whole,
        "gradients_seconds": gradients,
        "check_gigabytes": memory,
        "certify_seconds": certified,
        "bare_products_seconds": bare,
        "multiple_of_bare_products": certified / bare,
    }


def bare_products(precision: int) -> float:
    """Seconds for the products of forward and backward pass through arb_mat alone."""
    rng = np.random.default_rng(1)

    def matrix(rows: int, columns: int) -> Any:
        return flint.arb_mat(rows, columns, rng.standard_normal(rows * columns).tolist())

    with working_precision(precision):
        x, w1, w2, w3 = matrix(256, 784), matrix(784, 512), matrix(512, 512), matrix(512, 10)
        turned = [value.transpose() for value in (x, w2, w3)]
        start = time.process_time()
        first = x * w1
        second = first * w2
        output = second * w3
        second.transpose() * output
        back = output * turned[2]
        first.transpose() * back
        turned[0] * (back * turned[1])
        return time.process_time() - start


def _in_a_process(function: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function)


def main(arguments: list[str] | None = None) -> int:
    """Run the measurements; print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description="What a check costs, beside gradcheck.")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--network", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    kinds = ("check", "gradients", "slow gradcheck", "fast gradcheck")
    print(f"{'processor time in ms':24}{'inputs':>8}" + "".join(f"{kind:>16}" for kind in kinds))
    rows = []
    for name in CASES:
        row = measure(name, options.repeat)
        rows.append(row)
        shown = "".join(f"{row[k]:16.1f}" if k in row else f"{'':16}" for k in kinds)
        print(f"{name:24}{row['inputs']:8}{shown}", flush=True)
    result: dict[str, Any] = {
        "rows": rows,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "python_flint": flint.__version__,
        "machine": platform.machine(),
    }
    if options.network:
        result["network"] = _in_a_process(network)
        for name, value in result["network"].items():
            print(f"{name.replace('_', ' '):28}{value:>12.4g}")
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
