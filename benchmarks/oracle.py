"""Time to certify a network's gradient, as a multiple of its bare matrix products.

A 784-512-10 tanh network, batch 256, float32, mean squared output: 406,528 parameters. The bare
products are the five that its forward and backward pass need, through `arb_mat` alone, at the
same precision.

    python benchmarks/oracle.py [--batch N] [--repeat N] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import flint
import numpy as np

from reference.certify import Certificate, certify
from reference.domains.certified import working_precision

__all__ = ["main", "network"]


def network(
    sizes: tuple[int, int, int], batch: int, seed: int = 0
) -> tuple[Callable[[Any, Any], Any], list[np.ndarray]]:
    """(the mean of squared outputs, as a user writes it; both weight matrices)."""
    rng = np.random.default_rng(seed)
    wide, hidden, narrow = sizes
    x = rng.standard_normal((batch, wide)).astype(np.float32)
    first = (rng.standard_normal((wide, hidden)) / np.sqrt(wide)).astype(np.float32)
    second = (rng.standard_normal((hidden, narrow)) / np.sqrt(hidden)).astype(np.float32)

    def loss(w1: Any, w2: Any) -> Any:
        output = np.tanh(x @ w1) @ w2
        return (output * output).mean()

    return loss, [first, second]


def bare_products(weights: Sequence[np.ndarray], batch: int, precision: int) -> float:
    """Seconds for the same five products through arb_mat, operands already converted."""
    first, second = (array.astype(np.float64) for array in weights)
    rng = np.random.default_rng(1)
    with working_precision(precision):
        x = flint.arb_mat(batch, len(first), rng.standard_normal(batch * len(first)).tolist())
        w1 = flint.arb_mat(first.shape[0], first.shape[1], first.ravel().tolist())
        w2 = flint.arb_mat(second.shape[0], second.shape[1], second.ravel().tolist())
        x_turned, w2_turned = x.transpose(), w2.transpose()
        start = time.perf_counter()
        hidden = x * w1
        output = hidden * w2
        hidden_turned = hidden.transpose()
        hidden_turned * output
        back = output * w2_turned
        x_turned * back
        return time.perf_counter() - start


def measure(batch: int, repeat: int) -> dict[str, Any]:
    loss, weights = network((784, 512, 10), batch)
    times, bare = [], []
    certificate: Certificate | None = None
    for _ in range(repeat):
        start = time.perf_counter()
        certificate = certify(loss, *weights)
        times.append(time.perf_counter() - start)
        bare.append(bare_products(weights, batch, certificate.precision))
    assert certificate is not None
    count = sum(enclosure.size for enclosure in certificate.gradients)
    good = sum(
        int((certificate.status(n) == "certified").sum())
        for n in range(len(certificate.gradients))
    )
    return {
        "network": "784-512-10 tanh",
        "batch": batch,
        "dtype": "float32",
        "parameters": count,
        "certified": good,
        "precision_bits": certificate.precision,
        "seconds": min(times),
        "bare_products_seconds": min(bare),
        "multiple_of_bare_products": min(times) / min(bare),
        "repeat": repeat,
        "python": platform.python_version(),
        "python_flint": flint.__version__,
        "machine": platform.machine(),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the measurement; print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description="Time to certify a network's gradient.")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args(arguments)
    result = measure(options.batch, options.repeat)
    for name, value in result.items():
        shown = f"{value:.3f}" if isinstance(value, float) else value
        print(f"{name.replace('_', ' '):28} {shown}")
    if options.json:
        Path(options.json).write_text(json.dumps(result, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
