"""Softmax, normalisation and losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.concrete import integers
from reference.definitions.registry import REALS, Definition, Domain, Sample
from reference.definitions.sampling import calls, dyadic
from reference.graph import Node

__all__ = ["DEFINITIONS", "cross_entropy", "reduced"]


def _softmax(input: Value, dim: int, dtype: Any = None) -> Node:
    powers = build.elementwise(sp.exp, input)
    return build.divide(powers, build.sum(powers, dim, True))


def _log_softmax(input: Value, dim: int, dtype: Any = None) -> Node:
    return build.elementwise(sp.log, _softmax(input, dim))


def reduced(loss: Node, reduction: str) -> Node:
    """Every loss, their sum, or their mean."""
    if reduction == "none":
        return loss
    if reduction == "sum":
        return build.sum(loss)
    if reduction == "mean":
        return build.mean(loss)
    raise ValueError(f"{reduction} is not a valid value for reduction")


def _mse_loss(
    input: Value,
    target: Value,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Value = None,
) -> Node:
    return _shares(build.power(build.subtract(input, target), 2), weight, reduction)


def _shares(loss: Node, weight: Value, reduction: str) -> Node:
    """A loss times weights, reduced; its mean is over the sum of the weights."""
    if weight is None:
        return reduced(loss, reduction)
    weights = build.broadcast_to(weight, loss.shape)
    return _weighted(build.multiply(weights, loss), weights, reduction)


def _l1_loss(
    input: Value,
    target: Value,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Value = None,
) -> Node:
    return _shares(build.absolute(build.subtract(input, target)), weight, reduction)


def _smooth_l1_loss(
    input: Value,
    target: Value,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: Value = 1.0,
) -> Node:
    distance = build.absolute(build.subtract(input, target))
    loss = build.elementwise(
        lambda d, b: sp.Piecewise((d**2 / (2 * b), d < b), (d - b / 2, True)), distance, beta
    )
    return reduced(loss, reduction)


def _binary_cross_entropy(
    input: Value,
    target: Value,
    weight: Value = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    loss = build.elementwise(
        lambda p, t: -(t * sp.log(p) + (1 - t) * sp.log(1 - p)), input, target
    )
    return reduced(loss if weight is None else build.multiply(weight, loss), reduction)


def _binary_cross_entropy_with_logits(
    input: Value,
    target: Value,
    weight: Value = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Value = None,
) -> Node:
    positive = 1 if pos_weight is None else pos_weight
    loss = build.elementwise(
        lambda x, t, w: w * t * sp.log(1 + sp.exp(-x)) + (1 - t) * sp.log(1 + sp.exp(x)),
        input,
        target,
        positive,
    )
    return reduced(loss if weight is None else build.multiply(weight, loss), reduction)


def _nll_loss(
    input: Value,
    target: Value,
    weight: Value = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    """Minus the entries at the target classes, times their classes' weights."""
    scores = build.node(input)
    axis = 1 if scores.ndim > 1 else 0
    classes = integers(target)
    counted = classes != ignore_index
    places = np.expand_dims(np.where(counted, classes, 0), axis)
    if np.any((places < 0) | (places >= int(scores.shape[axis]))):
        raise IndexError(f"Target {classes[counted].max()} is out of bounds.")
    flat = np.arange(int(scores.size)).reshape([int(size) for size in scores.shape])
    taken = np.take_along_axis(flat, places, axis).squeeze(axis)
    picked = build.take(scores, np.where(counted, taken, -1))  # nothing at ignored places
    if weight is None:
        return _weighted(build.negative(picked), build.node(counted.astype(np.int64)), reduction)
    own = build.take(weight, np.where(counted, places.squeeze(axis), -1))
    return _weighted(build.negative(build.multiply(own, picked)), own, reduction)


def _weighted(loss: Node, weights: Node, reduction: str) -> Node:
    """A loss reduced; its mean is over the sum of the weights."""
    if reduction != "mean":
        return reduced(loss, reduction)
    return build.divide(build.sum(loss), build.sum(weights))


def cross_entropy(
    input: Value,
    target: Value,
    weight: Value = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Node:
    """-Σ_c w_c p_c log softmax(input)_c; the target holds classes, or probabilities p."""
    scores = build.node(input)
    axis = 1 if scores.ndim > 1 else 0
    logs = _log_softmax(scores, axis)
    held = build.node(target)
    number = int(scores.shape[axis])
    if held.shape != scores.shape and not label_smoothing:
        return _nll_loss(logs, held, weight, None, ignore_index, None, reduction)
    smooth = build.exact_number(label_smoothing)
    shares: Node = held
    counted = np.ones(1, dtype=np.int64)
    if held.shape != scores.shape:
        classes = integers(held)
        counted = (classes != ignore_index).astype(np.int64)
        numbers = np.arange(number).reshape([-1 if k == axis else 1 for k in range(scores.ndim)])
        chosen = np.expand_dims(np.where(counted, classes, 0), axis)
        shares = build.node((numbers == chosen) * np.expand_dims(counted, axis))
    mixed = build.elementwise(lambda p: (1 - smooth) * p + smooth / number, shares)
    terms = build.multiply(mixed, logs)
    if weight is not None:
        spread = [-1 if k == axis else 1 for k in range(scores.ndim)]
        terms = build.multiply(build.reshape(weight, spread), terms)
    loss = build.negative(build.sum(terms, axis))
    if held.shape == scores.shape:
        if reduction == "mean":
            return build.divide(build.sum(loss), max(int(loss.size), 1))
        return reduced(loss, reduction)
    masked = build.multiply(build.node(counted), loss)
    own = build.node(counted)
    if weight is not None:
        places = np.where(counted, integers(held), -1)
        own = build.take(weight, places)
    return _weighted(masked, own, reduction)


def _layer_norm(
    input: Value,
    normalized_shape: Sequence[int],
    weight: Value = None,
    bias: Value = None,
    eps: Value = 1e-5,
) -> Node:
    source = build.node(input)
    axes = tuple(range(source.ndim - len(tuple(normalized_shape)), source.ndim))
    deviation = build.subtract(source, build.mean(source, axes, True))
    variance = build.mean(build.power(deviation, 2), axes, True)
    result = build.elementwise(lambda d, v, e: d / sp.sqrt(v + e), deviation, variance, eps)
    if weight is not None:
        result = build.multiply(result, weight)
    return result if bias is None else build.add(result, bias)


def _rows(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (2, 3)), 1)),
        Sample((dyadic(rng, (4, 3)).T, 0)),
        Sample((dyadic(rng, (5,)), -1)),
        Sample((dyadic(rng, (2, 3, 2)), 1)),
        Sample((dyadic(rng, (0, 3)), 1)),
        Sample((dyadic(rng, ()), 0)),
        Sample((np.array([[8.0, -8.0, 0.0], [10.0, 9.0, 0.0]]), 1), kind="tail"),
        Sample((np.array([[120.0, 119.0, -1.0], [-120.0, -121.5, -120.0]]), 1), kind="tail"),
    ]


def _entropies(rng: np.random.Generator) -> list[Sample]:
    shares = rng.integers(1, 8, (3, 4)) / 8.0
    smooth = {"label_smoothing": 0.125}
    some = np.array([0, -100, 2])
    return [
        Sample((dyadic(rng, (3, 4)), np.array([0, 3, 1]))),
        Sample((dyadic(rng, (4, 3)).T, np.array([0, 3, 1])), {"reduction": "sum"}),
        Sample((dyadic(rng, (3, 4)), np.array([0, 3, 1])), {"reduction": "none"}),
        Sample((dyadic(rng, (4,)), np.array(2))),
        Sample((dyadic(rng, (2, 3, 2)), np.array([[0, 2], [1, 1]]))),
        Sample((dyadic(rng, (3, 4)), some)),
        Sample((dyadic(rng, (3, 4)), np.array([0, 3, 1]), np.array([0.5, 1.0, 2.0, 0.25]))),
        Sample((dyadic(rng, (3, 4)), shares)),
        Sample((dyadic(rng, (3, 4)), shares), {"reduction": "none"}),
        Sample((dyadic(rng, (3, 4)), np.array([0, 3, 1])), smooth),
        Sample((np.array([[8.0, -8.0, 0.0]]), np.array([1])), kind="tail"),
        Sample((np.array([[120.0, 119.0, -1.0]]), np.array([1])), kind="tail"),
    ]


def _distances(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (2, 3)), dyadic(rng, (2, 3)) + 0.015625)),
        Sample((dyadic(rng, (4, 3)).T, dyadic(rng, (3, 4)) + 0.015625), {"reduction": "sum"}),
        Sample((dyadic(rng, (5,)), dyadic(rng, (5,)) + 0.015625), {"reduction": "none"}),
        Sample((dyadic(rng, ()), np.asarray(dyadic(rng, ()) + 0.015625))),
    ]


_UNIT = Domain(0, 1)

DEFINITIONS: tuple[Definition, ...] = (
    Definition("softmax", _softmax, (REALS,), (), _rows, results=("real",)),
    Definition("log_softmax", _log_softmax, (REALS,), (), _rows, results=("real",)),
    Definition("mse_loss", _mse_loss, (REALS, REALS), (), _distances),
    Definition("l1_loss", _l1_loss, (REALS, REALS), ("equal",), _distances),
    Definition("smooth_l1_loss", _smooth_l1_loss, (REALS, REALS), (), _distances),
    Definition(
        "nll_loss",
        _nll_loss,
        (REALS,),
        (),
        calls(
            lambda rng: (dyadic(rng, (3, 4)), np.array([0, 3, 1])),
            lambda rng: ((dyadic(rng, (4, 3)).T, np.array([0, 3, 1])), {"reduction": "sum"}),
            lambda rng: ((dyadic(rng, (3, 4)), np.array([0, 3, -100])), {"reduction": "none"}),
            lambda rng: (dyadic(rng, (4,)), np.array(2)),
        ),
    ),
    Definition("cross_entropy", cross_entropy, (REALS, REALS), (), _entropies),
    Definition(
        "binary_cross_entropy",
        _binary_cross_entropy,
        (_UNIT, _UNIT),
        (),
        calls(lambda rng: (dyadic(rng, (2, 3), _UNIT), dyadic(rng, (2, 3), _UNIT))),
    ),
    Definition(
        "binary_cross_entropy_with_logits",
        _binary_cross_entropy_with_logits,
        (REALS, _UNIT),
        (),
        calls(lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (2, 3), _UNIT))),
    ),
    Definition(
        "layer_norm",
        _layer_norm,
        (REALS, REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), (3,), dyadic(rng, (3,)), dyadic(rng, (3,))),
            lambda rng: (dyadic(rng, (2, 3)), (3,)),
        ),
    ),
)
