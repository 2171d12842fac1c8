"""Time of single operations: `autodiff` beside PyTorch.

Each line is one operation on tensors of a few elements, where what costs is the engine and not
arithmetic; with `--many` on tensors of up to a million, where it is the other way round: forward
with the graph recorded, and forward and backward.

    python benchmarks/operations.py [--many] [--rounds N] [--only TEXT] [--base NAME] [--json FILE]
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from timing import single_threaded

__all__ = ["MANY", "OPERATIONS", "main"]

OURS = "autodiff"
SECONDS = 0.004  # what a turn takes at least

# s: a number; x, y: vectors; m, n: matrices; b: a batch of matrices; p: positive; spd: positive
# definite; i: indices; c: a mask; w, d: no leaves; F: torch.nn.functional.
OPERATIONS = """
x + y | x * 2.0 | x / y | 2.0 - x | -x | x ** 2 | x ** 3 | p ** x | s * s | t.sin(s)
t.add(x, y, alpha=2.0) | t.addcmul(x, x, y) | t.lerp(x, y, 0.3)
t.exp(x) | t.log(p) | t.tanh(x) | t.sigmoid(x) | t.sqrt(p) | t.rsqrt(p) | t.abs(x) | t.square(x)
t.erf(x) | t.log1p(p) | t.reciprocal(p) | t.atan2(x, p) | t.hypot(x, y)
F.relu(x) | F.gelu(x) | F.silu(x) | F.softplus(x) | F.leaky_relu(x) | F.elu(x) | F.hardtanh(x)
t.maximum(x, y) | t.minimum(x, y) | t.clamp(x, -0.5, 0.5) | x.clamp(min=0.0) | t.where(c, x, y)
t.where(x > 0, x, y) | x.masked_fill(c, 0.0)
x.sum() | x.mean() | m.sum(1) | m.mean(dim=0) | m.sum((0, 1)) | x.prod() | x.var() | x.std()
x.norm() | x.max() | m.max(1).values | m.amax(1) | x.min() | x.logsumexp(0) | m.cumsum(0)
x.cumprod(0) | m.argmax(1)
t.softmax(m, 1) | t.log_softmax(m, 1) | F.layer_norm(m, (4,)) | F.normalize(m)
m @ n | m @ x | t.dot(x, y) | t.outer(x, y) | b @ b | t.bmm(b, b) | t.addmm(x, m, n)
t.einsum("ij,jk->ik", m, n) | t.einsum("ij,j->i", m, x) | t.tensordot(m, n, 1) | t.kron(m, n)
m.t() | m.T | m.reshape(16) | m.view(2, 8) | m.transpose(0, 1) | m.permute(1, 0) | m.flatten()
x.unsqueeze(0) | m.unsqueeze(1).squeeze(1) | x.expand(3, 4) | t.broadcast_to(x, (3, 4))
x.repeat(2) | m.flip(0) | m.roll(1, 0) | m.tril() | t.diag(x) | m.diagonal()
t.cat([x, y]) | t.cat([m, n], 1) | t.stack([x, y]) | m.split(2)[0] | m.chunk(2)[1] | m.unbind(0)[1]
x[0] | x[1:3] | m[:, 1] | m[1] | x[i] | m[i] | m[c] | x[c] | m.gather(1, j) | m.index_select(0, i)
x.scatter_add(0, i, y) | x.index_add(0, i, y) | m.take_along_dim(j, 1) | t.sort(x).values
t.topk(x, 2).values | x.clone() | x.detach() | x.to(t.float64) | x.double() | x.float()
F.linear(m, n, x) | F.mse_loss(m, n) | F.cross_entropy(m, labels) | F.nll_loss(m, labels)
F.binary_cross_entropy_with_logits(x, p) | F.l1_loss(m, n) | F.smooth_l1_loss(m, n)
F.kl_div(m, n, reduction="batchmean") | F.cosine_similarity(m, n) | F.embedding(labels, m)
F.dropout(x, 0.5) | F.one_hot(labels, 4) | F.pad(x, (1, 1))
F.scaled_dot_product_attention(b, b, b) | F.conv1d(m[:2], b) | F.conv2d(image, kernel)
F.max_pool2d(image, 2) | F.avg_pool2d(image, 2)
F.batch_norm(m, None, None, training=True)
t.linalg.inv(spd) | t.linalg.solve(spd, x) | t.linalg.det(spd) | t.linalg.slogdet(spd)[1]
t.linalg.cholesky(spd) | t.linalg.eigh(spd).eigenvalues | t.linalg.norm(m) | t.linalg.qr(spd).R
t.linalg.svdvals(spd) | t.linalg.vector_norm(x) | t.trace(m)
t.tensor([1.0, 2.0]) | t.tensor(1.0) | t.zeros(3) | t.ones(2, 2) | t.zeros_like(x) | t.arange(4)
t.full((2,), 1.5) | t.eye(3) | t.linspace(0, 1, 5) | t.randn(3) | x.numpy(force=True) | s.item()
x.tolist() | x == y | x > 0 | (x > 0).any() | t.isnan(x) | t.allclose(x, y) | repr(x)
w.add_(d) | w.mul_(0.5) | w.copy_(d) | w.zero_() | w[0:2].fill_(1.0)
x.requires_grad | x.shape | x.grad_fn | x.is_leaf | len(m) | x.dtype | x.size(0)
"""


# x: a vector of a million; m, n, p: matrices of as many; f: factors near one; a, b: of 40,000;
# image, kernel, up, signal, taps: 16 of 16 channels; c: a mask; i, j: indices; edges: in order.
MANY = """
m + n | m * n | m / p | t.exp(m) | t.log(p) | t.tanh(m) | t.sigmoid(m) | t.sqrt(p) | t.erf(m)
t.lerp(m, n, 0.3) | t.addcmul(m, m, n) | p ** 1.5 | m ** 3
F.relu(m) | F.gelu(m) | F.silu(m) | F.softplus(m) | F.elu(m) | t.clamp(m, -0.5, 0.5)
t.where(c, m, n) | m.masked_fill(c, 0.0) | m[c] | t.masked_select(m, c)
x.sum() | m.sum(0) | m.sum(1) | m.mean(1) | m.amax(1) | m.max(1).values | m.max(0).values
m.var(1) | x.std() | m.norm(dim=1) | m.logsumexp(1) | f.prod() | f.prod(0) | f.prod(1)
m.cumsum(0) | m.cumsum(1) | f.cumprod(1) | t.logcumsumexp(m, 1) | t.cummax(m, 1).values
t.sort(m, 1).values | t.topk(m, 10, 1).values | t.topk(m, 10, 0).values | t.topk(x, 10).values
x.median() | m.median(1).values | m.nanmedian(1).values | m.kthvalue(10, 1).values
t.quantile(m, 0.3, dim=1)
t.softmax(m, 1) | t.log_softmax(m, 1) | F.layer_norm(m, (1000,)) | F.normalize(m)
F.group_norm(image, 4) | F.batch_norm(image, None, None, training=True)
m[i] | m[:, i] | m.index_select(1, i) | m.gather(1, j) | m.scatter_add(1, j, n) | m[::2, 1:]
t.cat([m, n]) | t.stack([m, n], 1) | m.flip(1) | m.roll(3, 1) | m.tril() | m.repeat(1, 2)
m.T.contiguous() | t.diff(m) | m.unfold(1, 16, 8) * 1.0 | t.repeat_interleave(m, 2, 1)
a @ b | t.einsum("bij,bjk->bik", batch, batch) | t.outer(m[0], m[1]) | t.cdist(a, b)
F.conv1d(signal, taps) | F.conv2d(image, kernel) | F.conv_transpose2d(image, up)
F.max_pool2d(image, 2) | F.avg_pool2d(image, 2) | F.unfold(image, 3) | F.pad(image, (1, 1, 1, 1))
F.fold(F.unfold(image, 2, stride=2), 32, 2, stride=2)
F.interpolate(image, scale_factor=2.0, mode="bilinear") | F.interpolate(image, scale_factor=2.0)
F.mse_loss(m, n) | F.smooth_l1_loss(m, n) | F.binary_cross_entropy_with_logits(m, c.float())
F.cross_entropy(m, i) | F.kl_div(m, n.detach(), reduction="batchmean")
t.linalg.solve(spd, a) | t.linalg.cholesky(spd) | t.linalg.det(spd) | t.linalg.inv(spd)
t.linalg.eigh(spd).eigenvalues | t.linalg.svdvals(a) | t.fft.rfft(m).real
t.histc(m.detach(), 50) | t.bucketize(m.detach(), edges) | t.unique(j) | t.nonzero(c)
"""


def operations(pattern: str = "", table: str = OPERATIONS) -> list[str]:
    """The operations of a table whose text contains a pattern."""
    every = [one.strip() for line in table.split("\n") for one in line.split(" | ")]
    return [one for one in every if one and pattern in one]


def names_of_many(t: Any) -> dict[str, Any]:
    """The tensors that the texts of `MANY` name, in float32."""
    random = np.random.default_rng(0)

    def leaf(values: Any) -> Any:
        return t.from_numpy(np.asarray(values, np.float32)).requires_grad_()

    def normal(*shape: int) -> Any:
        return leaf(random.standard_normal(shape))

    square = random.standard_normal((200, 200))
    return {
        "t": t,
        "F": t.nn.functional,
        "x": normal(1_000_000),
        "m": normal(1000, 1000),
        "n": normal(1000, 1000),
        "p": leaf(random.uniform(0.1, 2.0, (1000, 1000))),
        "f": leaf(random.uniform(0.99, 1.01, (1000, 1000))),
        "a": normal(200, 200),
        "b": normal(200, 200),
        "batch": normal(64, 64, 64),
        "spd": leaf(square @ square.T + 200 * np.eye(200)),
        "i": t.from_numpy(random.integers(0, 1000, 1000)),
        "j": t.from_numpy(random.integers(0, 1000, (1000, 1000))),
        "c": t.from_numpy(random.standard_normal((1000, 1000)) > 0),
        "edges": t.from_numpy(np.sort(random.standard_normal(100)).astype(np.float32)),
        "image": normal(16, 16, 32, 32),
        "kernel": normal(32, 16, 3, 3),
        "up": normal(16, 16, 3, 3),
        "signal": normal(16, 16, 1000),
        "taps": normal(16, 16, 3),
    }


def names(t: Any) -> dict[str, Any]:
    """The tensors that the texts name, of a library with PyTorch's names."""

    def leaf(values: Any) -> Any:
        return t.tensor(values, requires_grad=True)

    square = [[0.1 * (4 * row + column) - 0.7 for column in range(4)] for row in range(4)]
    two = [[[0.3, -0.2], [0.5, 0.9]]]
    nine = [[[[0.1 * (3 * row + column) - 0.3 for column in range(6)] for row in range(6)]]]
    return {
        "t": t,
        "F": t.nn.functional,
        "s": leaf(0.3),
        "x": leaf([0.3, -0.8, 0.5, 0.9]),
        "y": leaf([0.4, 0.2, -0.6, 0.1]),
        "p": leaf([0.4, 0.2, 0.6, 0.1]),
        "w": t.tensor([0.4, 0.2, 0.6, 0.1]),
        "d": t.tensor([0.1, 0.2, 0.3, 0.1]),
        "m": leaf(square),
        "n": leaf([row[::-1] for row in square]),
        "b": leaf(two * 3),
        "spd": leaf([[4.0 * (i == j) + 0.3 * (i + j) for j in range(4)] for i in range(4)]),
        "i": t.tensor([2, 0, 0, 1]),
        "j": t.tensor([[1], [0], [3], [1]]),
        "c": t.tensor([True, False, True, True]),
        "labels": t.tensor([1, 0, 3, 2]),
        "image": leaf(nine),
        "kernel": leaf([two]),
    }


def calls(library: str, many: bool = False) -> Callable[[str], tuple[Any, Any]]:
    """For a text: its evaluation, and its gradients, or None where there are none to take."""
    t = importlib.import_module(library)
    held = names_of_many(t) if many else names(t)

    def of(text: str) -> tuple[Any, Any]:
        forward = eval(compile(f"lambda: {text}", text, "eval"), held)
        forward()
        result = forward()
        if not (isinstance(result, t.Tensor) and result.requires_grad and result.grad_fn):
            return forward, None
        cotangent = t.ones_like(result).detach()
        every = [one for one in held.values() if isinstance(one, t.Tensor) and one.requires_grad]
        found = t.autograd.grad(result, every, cotangent, allow_unused=True)
        leaves = [one for one, slope in zip(every, found, strict=True) if slope is not None]

        def both() -> Any:
            return t.autograd.grad(forward(), leaves, cotangent)

        both()
        both()
        return forward, both

    return of


def worker(connection: Connection, library: str, many: bool) -> None:
    """Answers (text, which of its calls, how many) with seconds, until told None."""
    prepare = calls(library, many)
    known: dict[str, tuple[Any, Any]] = {}
    while (question := connection.recv()) is not None:
        text, which, count = question
        if text not in known:
            known = {text: prepare(text)}
            gc.collect()
            gc.freeze()
        call = known[text][which]
        if call is None:
            connection.send(None)
            continue
        start = time.perf_counter()
        for _ in range(count):
            call()
        connection.send(time.perf_counter() - start)


def ask(connection: Connection, question: Any) -> Any:
    connection.send(question)
    return connection.recv()


def measured(ends: dict[str, Connection], text: str, which: int, rounds: int) -> Any:
    """Seconds per call and library, medians, and the median ratio of the first to the second."""
    counts = {}
    for name, end in ends.items():
        count = 3
        while (seconds := ask(end, (text, which, count))) is not None and seconds < SECONDS:
            count = max(2 * count, min(int(1.2 * count * SECONDS / seconds), 10 * count))
        if seconds is None:
            return None
        counts[name] = count
    found: dict[str, list[float]] = {name: [] for name in ends}
    for _ in range(rounds):
        for name, end in ends.items():
            found[name].append(ask(end, (text, which, counts[name])) / counts[name])
    pairs = zip(*found.values(), strict=True)
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    return {**{name: statistics.median(of) for name, of in found.items()}, "ratio": ratio}


def shown(figures: Any, base: str) -> str:
    if figures is None:
        return f"{'':27s}"
    return f"{1e6 * figures[OURS]:9.2f} {1e6 * figures[base]:9.2f} {figures['ratio']:7.2f}"


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each operation, and how many are slower than the base's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--many", action="store_true", help="on up to a million elements")
    parser.add_argument("--rounds", type=int, metavar="N", default=7)
    parser.add_argument("--only", metavar="TEXT", default="", help="operations with it in them")
    parser.add_argument("--base", metavar="NAME", default="torch")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args(arguments)
    start = multiprocessing.get_context("spawn")
    ends: dict[str, Connection] = {}
    record: dict[str, Any] = {}
    with single_threaded():
        for name in (OURS, options.base):
            ends[name], other = start.Pipe()
            start.Process(target=worker, args=(other, name, options.many), daemon=True).start()
    print(f"{'microseconds: ours, ' + options.base + ', ratio':56s} forward", end="")
    print(f"{'forward and backward':>38s}")
    for text in operations(options.only, MANY if options.many else OPERATIONS):
        figures = [measured(ends, text, which, options.rounds) for which in (0, 1)]
        record[text] = dict(zip(("forward", "gradient"), figures, strict=True))
        print(f"{text:56s}", *(shown(one, options.base) for one in figures), flush=True)
    for end in ends.values():
        end.send(None)
    for kind in ("forward", "gradient"):
        ratios = [one[kind]["ratio"] for one in record.values() if one[kind] is not None]
        if ratios:
            slower = sum(ratio > 1 for ratio in ratios)
            middle = statistics.median(ratios)
            print(f"{kind}: {len(ratios)} operations, median {middle:.2f}, {slower} above 1")
    if options.json:
        Path(options.json).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
