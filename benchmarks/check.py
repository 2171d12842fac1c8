"""What a check costs, beside PyTorch's `gradcheck`, over the number of inputs; and its memory.

Every function is put to

- `check`: `reference.check` with its defaults (value, gradients for several cotangents, forward
  mode, second order in four mode pairs, layouts, a second backward pass, 64 repeats);
- `engine`: what of this the engine itself takes, whose passes `check` asks for;
- `gradients`: `check(what="vjp")`, which answers the question of slow gradcheck;
- `slow`: `torch.autograd.gradcheck` at its defaults, the whole Jacobian by finite differences;
- `fast`: the same along one random projection;
- `both orders`: slow gradcheck with forward mode, and gradgradcheck with forward over reverse,
  which ask more nearly what `check` asks.

In float64, one thread, other arguments at every call. Contestants take turns; each figure is the
least processor time of several rounds, after one that does not count.

    python benchmarks/check.py [--repeat N] [--only PATTERN] [--network] [--json FILE]

--network: also the 784-512-512-10 network at batch 256 in float32, in a process of its own, with
the most memory that it used; the certificate of a network with a dead unit; and the import.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import multiprocessing
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import flint
import numpy as np
import torch
from ties import network as tied_network
from timing import import_seconds

from reference.adapters import adapter
from reference.certify import certify, certify_problem
from reference.checking import Pair, check
from reference.domains.certified import working_precision

__all__ = ["CASES", "main", "measure"]

_SLOWEST = 20.0  # seconds of a contestant after which it is not called again
_SECOND_ORDER = 1_500  # inputs up to which gradgradcheck is waited for
_ENGINE = ("pull", "pull_each", "push", "second")
Function = Callable[..., Any]
Case = tuple[Function, Callable[[int], list[Any]]]
"""A function, and its arguments for the round of that number."""


def tensor(array: Any, dtype: type = np.float64) -> Any:
    return torch.from_numpy(np.asarray(array, dtype=dtype)).requires_grad_()


def scalar_pair() -> Case:
    """sin(x) exp(x) and its derivative, as NumPy functions."""
    pair = Pair(
        lambda x: np.sin(x) * np.exp(x), lambda g, x: g * (np.cos(x) + np.sin(x)) * np.exp(x)
    )
    return pair, lambda k: [np.array(0.7 + k / 64)]


def scalar_autodiff() -> Case:
    """The same of the engine of this distribution."""
    import autodiff  # noqa: PLC0415  # only where it is asked for

    return lambda x: autodiff.sin(x) * autodiff.exp(x), lambda k: [
        autodiff.tensor(0.7 + k / 64, dtype=autodiff.float64, requires_grad=True)
    ]


def scalar_jax() -> Case:
    """The same of a compiled function of JAX."""
    import jax  # noqa: PLC0415  # only where it is installed

    jax.config.update("jax_enable_x64", True)
    numpy = jax.numpy
    return jax.jit(lambda x: numpy.sin(x) * numpy.exp(x)), lambda k: [numpy.asarray(0.7 + k / 64)]


def elementwise(count: int) -> Case:
    """sin(x) exp(x), as many outputs as inputs."""
    numbers = np.random.default_rng(0).normal(size=count)
    return lambda x: torch.sin(x) * torch.exp(x), lambda k: [
        tensor(numbers + k / 64 if count > 1 else 0.7 + k / 64)
    ]


def cross_entropy(count: int) -> Case:
    """The cross-entropy of rows of ten scores."""
    scores = np.random.default_rng(0).normal(size=(count // 10, 10))
    labels = torch.arange(count // 10) % 10
    return lambda x: torch.nn.functional.cross_entropy(x, labels), lambda k: [
        tensor(scores * (1 + k / 64))
    ]


def softmax(count: int) -> Case:
    """The softmax of standardised rows of ten, written out.

    (What PyTorch 2.13 gives for second derivatives of its own `layer_norm` by way of forward
    mode is wrong: `check` says so.)
    """
    rows = np.random.default_rng(0).normal(size=(count // 10, 10))

    def f(x: Any) -> Any:
        centred = x - x.mean(-1, keepdim=True)
        return torch.softmax(centred / ((centred**2).mean(-1, keepdim=True) + 1e-5).sqrt(), -1)

    return f, lambda k: [tensor(rows * (1 + k / 64))]


def perceptron(sizes: tuple[int, ...], batch: int, dtype: type = np.float64) -> Case:
    """The mean of the squared outputs of a tanh network, by its weights."""
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(batch, sizes[0])).astype(dtype))
    held = [rng.normal(size=(m, n)) / m**0.5 for m, n in pairwise(sizes)]

    def loss(*weights: Any) -> Any:
        hidden = x
        for weight in weights[:-1]:
            hidden = torch.tanh(hidden @ weight)
        return ((hidden @ weights[-1]) ** 2).mean()

    return loss, lambda k: [tensor(weight * (1 + k / 64), dtype) for weight in held]


CASES: dict[str, Callable[[], Case]] = {
    "sin(x) exp(x), a pair": scalar_pair,
    "sin(x) exp(x), autodiff": scalar_autodiff,
    "sin(x) exp(x), JAX": scalar_jax,
    "sin(x) exp(x)": partial(elementwise, 1),
    **{
        f"sin(x) exp(x), {count}": partial(elementwise, count) for count in (10, 50, 100, 200, 400)
    },
    **{
        f"cross-entropy, {count}": partial(cross_entropy, count)
        for count in (10, 100, 200, 400, 1000)
    },
    **{f"softmax of layer norm, {count}": partial(softmax, count) for count in (10, 100, 200)},
    **{
        f"perceptron, {a * b + b * 5}": partial(perceptron, (a, b, 5), 8)
        for a, b in ((5, 10), (10, 10), (15, 20))
    },
    "perceptron, 1200": partial(perceptron, (20, 40, 10), 16),
    "perceptron, 10240": partial(perceptron, (64, 128, 16), 32),
}


@contextmanager
def clock(name: str) -> Iterator[list[float]]:
    """Adds up the processor time that an engine's adapter spends in the engine's passes."""
    total = [0.0]
    kind = type(adapter(name))
    before = {method: getattr(kind, method) for method in _ENGINE}
    inside = [False]

    def clocked(method: Function) -> Function:
        def call(*arguments: Any, **options: Any) -> Any:
            if inside[0]:
                return method(*arguments, **options)
            inside[0] = True
            start = time.process_time()
            try:
                return method(*arguments, **options)
            finally:
                total[0] += time.process_time() - start
                inside[0] = False

        return call

    own = {method for method in _ENGINE if method in vars(kind)}
    for method in _ENGINE:
        setattr(kind, method, clocked(before[method]))
    try:
        yield total
    finally:
        for method in _ENGINE:
            if method in own:
                setattr(kind, method, before[method])
            else:
                delattr(kind, method)


def measure(name: str, repeat: int) -> dict[str, Any]:
    """All contestants on one function, in turns, in milliseconds."""
    f, arguments = CASES[name]()
    inputs = sum(int(np.prod(array.shape)) for array in arguments(0))
    row: dict[str, Any] = {"function": name, "inputs": inputs}
    engine = check(f, *arguments(0)).engine  # the first trace
    gradcheck, second = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    contestants: dict[str, Callable[[list[Any]], Any]] = {
        "check": lambda x: check(f, *x),
        "gradients": lambda x: check(f, *x, what="vjp"),
    }
    if engine == "torch":
        contestants["slow"] = lambda x: gradcheck(f, x)
        contestants["fast"] = lambda x: gradcheck(f, x, fast_mode=True)
        if inputs <= _SECOND_ORDER:
            contestants["both orders"] = lambda x: (
                gradcheck(f, x, check_forward_ad=True) and second(f, x, check_fwd_over_rev=True)
            )
    times: dict[str, list[float]] = {kind: [] for kind in contestants}
    for number in range(repeat + 1):
        for kind, call in contestants.items():
            if sum(times[kind]) > _SLOWEST:
                continue
            given = arguments(number)
            start = time.process_time()
            found = call(given)
            taken = time.process_time() - start
            if not found:
                raise AssertionError(getattr(found, "text", f"{kind} on {name} fails"))
            if number or taken > _SLOWEST / 4:
                times[kind].append(taken)
    row |= {kind: 1e3 * min(found) for kind, found in times.items() if found}
    shares = []
    for number in range(repeat):
        with clock(engine) as total:
            check(f, *arguments(number))
        shares.append(total[0])
    row["engine"] = 1e3 * min(shares)
    return row


def _right(report: Any) -> None:
    if not report.ok:
        raise AssertionError(report.text)


def network() -> dict[str, Any]:
    """The whole check of a network of 668,672 weights; its certificate; the bare products."""
    f, arguments = perceptron((784, 512, 512, 10), 256, np.float32)
    weights = arguments(0)
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
    _, problem, *_ = next(iter(tied_network(512, 256, 784)))
    start = time.process_time()
    certify_problem(problem)
    dead = time.process_time() - start
    return {
        "weights": sum(weight.numel() for weight in weights),
        "check_seconds": whole,
        "gradients_seconds": gradients,
        "check_gigabytes": memory,
        "certify_seconds": certified,
        "bare_products_seconds": bare,
        "multiple_of_bare_products": certified / bare,
        "certify_dead_unit_seconds": dead,
    }


def imports(repeat: int) -> dict[str, float]:
    """Milliseconds to import `reference`, and SymPy."""
    times: dict[str, float] = {"reference": math.inf, "sympy": math.inf}
    for _ in range(repeat + 1):
        for name, least in times.items():
            times[name] = min(least, 1e3 * import_seconds(name))
    return times


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
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--only", metavar="PATTERN", default="*", help="of functions' names")
    parser.add_argument("--network", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    kinds = ("check", "engine", "gradients", "slow", "fast", "both orders")
    print(f"{'processor time in ms':28}{'inputs':>7}" + "".join(f"{kind:>12}" for kind in kinds))
    rows = []
    for name in CASES:
        if not fnmatch(name, options.only):
            continue
        if name.endswith("JAX") and importlib.util.find_spec("jax") is None:
            continue
        row = measure(name, options.repeat)
        rows.append(row)
        shown = "".join(f"{row[k]:12.1f}" if k in row else f"{'':12}" for k in kinds)
        print(f"{name:28}{row['inputs']:7}{shown}", flush=True)
    result: dict[str, Any] = {
        "rows": rows,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "python_flint": flint.__version__,
        "machine": platform.machine(),
    }
    if options.network:
        result["network"] = _in_a_process(network)
        result["import_ms"] = imports(options.repeat)
        for name, value in (result["network"] | result["import_ms"]).items():
            print(f"{name.replace('_', ' '):28}{value:>12.4g}")
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
