"""Losses of sequences and of several classes: CTC, margins, cosine distances."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.concrete import integers
from reference.definitions.losses import reduced
from reference.definitions.registry import REALS, Definition, Sample
from reference.definitions.sampling import calls, dyadic
from reference.graph import Constant, Node

__all__ = ["DEFINITIONS"]


# connectionist temporal classification (Graves and others, 2006)


def _ctc_loss(
    log_probs: Value,
    targets: Value,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Node:
    """- log of the probability that the steps, without repeats and blanks, spell the target.

    log_probs: (time, batch, classes) or (time, classes). The probability is the sum over all
    alignments, which are walks through the target's letters with blanks between them.
    """
    source = build.node(log_probs)
    single = source.ndim == 2
    steps = build.expand_dims(source, 1) if single else source
    powers = build.elementwise(sp.exp, steps)
    times = _lengths(input_lengths)
    lengths = _lengths(target_lengths)
    words = _words(integers(targets), lengths)
    losses = [
        _alignments(powers, number, int(time), word, blank, zero_infinity)
        for number, (time, word) in enumerate(zip(times, words, strict=True))
    ]
    loss = build.stack(losses)
    if reduction == "mean":
        return build.mean(build.divide(loss, np.maximum(lengths, 1)))
    return reduced(losses[0] if single else loss, reduction)


def _lengths(value: Any) -> np.ndarray:
    return np.atleast_1d(integers(value))


def _words(targets: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    """The targets one by one: rows of an array, or parts of one vector."""
    if targets.ndim > 1:
        return [row[:length] for row, length in zip(targets, lengths, strict=True)]
    ends = np.cumsum(lengths)
    return [targets[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def _alignments(
    powers: Node, number: int, time: int, word: np.ndarray, blank: int, zero_infinity: bool
) -> Node:
    """- log Σ over alignments of the product of the steps' probabilities."""
    letters = np.full(2 * len(word) + 1, blank, dtype=np.intp)
    letters[1::2] = word
    count = len(letters)
    repeats = int((word[1:] == word[:-1]).sum())
    if time < len(word) + repeats:  # no alignment is short enough
        return Constant(np.array(0 if zero_infinity else sp.oo, dtype=object))
    # from letter k to the same, the next, or over a blank between different letters
    steps = np.eye(count, dtype=np.int64) + np.eye(count, k=-1, dtype=np.int64)
    for k in range(2, count):
        steps[k, k - 2] = int(letters[k] != blank and letters[k] != letters[k - 2])
    first = np.zeros(count, dtype=np.int64)
    first[:2] = 1
    sums = build.multiply(first, build.getitem(powers, (0, number, letters)))
    for step in range(1, time):
        here = build.getitem(powers, (step, number, letters))
        sums = build.multiply(build.matmul(steps, sums), here)
    ended = build.sum(build.getitem(sums, slice(max(count - 2, 0), None)))
    return build.elementwise(lambda p: -sp.log(p), ended)


# margins


def _cosine_embedding_loss(
    input1: Value,
    input2: Value,
    target: Value,
    margin: Value = 0.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    """1 - cos where the target is 1; max(0, cos - margin) where it is -1.

    A tiny number, in PyTorch 10⁻¹², is added to the squared lengths.
    """
    tiny = build.exact_number(1e-12)
    first, second = build.node(input1), build.node(input2)
    product = build.sum(build.multiply(first, second), -1)
    lengths = [build.sum(build.power(held, 2), -1) for held in (first, second)]
    cosine = build.elementwise(
        lambda p, a, b: p / sp.sqrt((a + tiny) * (b + tiny)), product, *lengths
    )
    loss = build.elementwise(
        lambda c, t, m: sp.Piecewise(
            (1 - c, sp.Eq(t, 1)), (0, sp.Ne(t, -1)), (c - m, c > m), (0, True)
        ),
        cosine,
        target,
        margin,
    )
    return reduced(loss, reduction)


def _multi_margin_loss(
    input: Value,
    target: Value,
    p: int = 1,
    margin: Value = 1.0,
    weight: Value = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    """Σ max(0, margin - x[target] + x[k])^p over the other classes k, over their number."""
    source = build.node(input)
    rows = build.expand_dims(source, 0) if source.ndim < 2 else source
    classes = np.atleast_1d(integers(target))
    count = int(rows.shape[1])
    own = build.gather(rows, 1, classes[:, None])
    others = (classes[:, None] != np.arange(count)).astype(np.int64)
    loss = build.elementwise(
        lambda m, a, b: sp.Piecewise(((m - a + b) ** int(p), m - a + b > 0), (0, True)),
        margin,
        own,
        rows,
    )
    if weight is not None:
        loss = build.multiply(loss, build.getitem(weight, classes[:, None]))
    total = build.divide(build.sum(build.multiply(loss, others), 1), count)
    return reduced(total if source.ndim == 2 else build.reshape(total, ()), reduction)


def _multilabel_margin_loss(
    input: Value,
    target: Value,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    """Σ max(0, 1 - x[y] + x[k]) over labels y and classes k that are none, over the classes.

    The labels of a row end at the first -1.
    """
    source = build.node(input)
    rows = build.reshape(source, (1, -1)) if source.ndim < 2 else source
    labels = np.atleast_2d(integers(target))
    count = int(rows.shape[1])
    losses = []
    for number, row in enumerate(labels):
        end = int(np.argmax(row < 0)) if (row < 0).any() else len(row)
        own = row[:end]
        rest = np.setdiff1d(np.arange(count), own)
        here = build.getitem(rows, number)
        gaps = build.elementwise(
            lambda a, b: sp.Piecewise((1 - a + b, 1 - a + b > 0), (0, True)),
            build.expand_dims(build.getitem(here, own), 1),
            build.expand_dims(build.getitem(here, rest), 0),
        )
        losses.append(build.divide(build.sum(gaps), count))
    loss = build.stack(losses)
    return reduced(loss if source.ndim == 2 else build.reshape(loss, ()), reduction)


def _multilabel_soft_margin_loss(
    input: Value,
    target: Value,
    weight: Value = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    """The mean over classes of - y log σ(x) - (1 - y) log σ(-x)."""
    loss = build.elementwise(
        lambda x, y: y * sp.log(1 + sp.exp(-x)) + (1 - y) * sp.log(1 + sp.exp(x)), input, target
    )
    if weight is not None:
        loss = build.multiply(loss, weight)
    return reduced(build.mean(loss, -1), reduction)


def _bilinear(input1: Value, input2: Value, weight: Value, bias: Value = None) -> Node:
    """xᵀ W y + b, for every matrix W."""
    result = build.einsum("...i,oij,...j->...o", input1, weight, input2)
    return result if bias is None else build.add(result, bias)


# samples


def _spelled(rng: np.random.Generator) -> list[Sample]:
    def logs(*shape: int) -> np.ndarray:
        return dyadic(rng, shape) / 2 - 2

    rows = np.array([[1, 2, 2], [3, 1, 0]])
    lengths = np.array([5, 4]), np.array([3, 2])
    return [
        Sample((logs(5, 2, 4), rows, *lengths)),
        Sample((logs(5, 2, 4), rows, *lengths), {"reduction": "none"}),
        Sample((logs(4, 1, 3), np.array([[0, 1]]), np.array([4]), np.array([2]), 2, "sum")),
        Sample((logs(2, 1, 3), np.array([[1, 1]]), np.array([2]), np.array([2]), 0, "sum", True)),
    ]


def _turned(rng: np.random.Generator) -> list[Sample]:
    labels = np.array([1, -1, -1])
    return [
        Sample((dyadic(rng, (3, 4)), dyadic(rng, (3, 4)), labels)),
        Sample((dyadic(rng, (4, 3)).T, dyadic(rng, (3, 4)), labels, 0.25), {"reduction": "none"}),
        Sample((dyadic(rng, (3,)), dyadic(rng, (3,)), np.array(1)), {"reduction": "sum"}),
    ]


def _margins(rng: np.random.Generator) -> list[Sample]:
    classes = np.array([1, 0, 3])
    return [
        Sample((dyadic(rng, (3, 4)), classes)),
        Sample((dyadic(rng, (4, 3)).T, classes, 2, 0.5), {"reduction": "none"}),
        Sample((dyadic(rng, (3, 4)), classes), {"weight": np.abs(dyadic(rng, (4,)))}),
        Sample((dyadic(rng, (4,)), np.array(2)), {"reduction": "sum"}),
        Sample((np.array([[0.0, 1.0, 0.0]]), np.array([1])), kind="kink"),
    ]


def _labelled(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (2, 4)), np.array([[2, 0, -1, 1], [1, 2, 3, -1]]))),
        Sample((dyadic(rng, (3,)), np.array([1, -1, 0])), {"reduction": "sum"}),
    ]


def _soft(rng: np.random.Generator) -> list[Sample]:
    truths = (rng.integers(0, 2, (2, 3)) * 1).astype(np.int64)
    return [
        Sample((dyadic(rng, (2, 3)), truths)),
        Sample((dyadic(rng, (3, 2)).T, truths), {"reduction": "none"}),
    ]


DEFINITIONS: tuple[Definition, ...] = (
    Definition("ctc_loss", _ctc_loss, (REALS,), (), _spelled, results=("real",)),
    Definition(
        "cosine_embedding_loss",
        _cosine_embedding_loss,
        (REALS, REALS),
        (),
        _turned,
        results=("real",),
    ),
    Definition("multi_margin_loss", _multi_margin_loss, (REALS,), (), _margins, results=("real",)),
    Definition(
        "multilabel_margin_loss",
        _multilabel_margin_loss,
        (REALS,),
        (),
        _labelled,
        results=("real",),
    ),
    Definition(
        "multilabel_soft_margin_loss",
        _multilabel_soft_margin_loss,
        (REALS,),
        (),
        _soft,
        results=("real",),
    ),
    Definition(
        "bilinear",
        _bilinear,
        (REALS, REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (2, 2)), dyadic(rng, (4, 3, 2))),
            lambda rng: (
                dyadic(rng, (3,)),
                dyadic(rng, (2,)),
                dyadic(rng, (1, 3, 2)),
                dyadic(rng, (1,)),
            ),
        ),
        results=("value",),
    ),
)
