"""Losses and distances beyond the first tier."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.losses import reduced
from reference.definitions.reductions import vector_norm
from reference.definitions.registry import REALS, Definition, Domain, Sample
from reference.definitions.sampling import calls, dyadic
from reference.graph import Node, broadcast_shapes

__all__ = ["DEFINITIONS"]

_POSITIVE = Domain(0)
_UNIT = Domain(0, 1)


def _huber_loss(
    input: Value,
    target: Value,
    reduction: str = "mean",
    delta: Value = 1.0,
    weight: Value = None,
) -> Node:
    distance = build.absolute(build.subtract(input, target))
    loss = build.elementwise(
        lambda d, h: sp.Piecewise((d**2 / 2, d <= h), (h * (d - h / 2), True)), distance, delta
    )
    return reduced(loss if weight is None else build.multiply(weight, loss), reduction)


def _kl_div(
    input: Value,
    target: Value,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Node:
    """Σ t (log t - input), of log-probabilities `input`; 0 log 0 is 0."""
    if log_target:
        loss = build.elementwise(lambda x, t: sp.exp(t) * (t - x), input, target)
    else:
        loss = build.elementwise(
            lambda x, t: sp.Piecewise((t * (sp.log(t) - x), t > 0), (0, True)), input, target
        )
    if reduction == "batchmean":
        return build.divide(build.sum(loss), loss.shape[0])
    return reduced(loss, reduction)


def _poisson_nll_loss(
    input: Value,
    target: Value,
    log_input: bool = True,
    full: bool = False,
    size_average: Any = None,
    eps: float = 1e-8,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    if full:
        raise NotImplementedError(
            "poisson_nll_loss(full=True) adds Stirling's approximation, which is a constant of "
            "the target: leave it out"
        )
    if log_input:
        return reduced(build.elementwise(lambda x, t: sp.exp(x) - t * x, input, target), reduction)
    loss = build.elementwise(lambda x, t, e: x - t * sp.log(x + e), input, target, eps)
    return reduced(loss, reduction)


def _gaussian_nll_loss(
    input: Value,
    target: Value,
    var: Value,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Node:
    first = build.node(input)
    if build.node(var).shape == first.shape[:-1] != first.shape:  # one for each row
        var = build.expand_dims(var, first.ndim - 1)
    # the bound is no part of the gradient, says the documentation
    spread = build.add(var, build.stop(build.subtract(build.maximum(var, eps), var)))
    loss = build.elementwise(
        lambda x, t, v: (sp.log(v) + (x - t) ** 2 / v) / 2, input, target, spread
    )
    if full:
        loss = build.elementwise(lambda a: a + sp.log(2 * sp.pi) / 2, loss)
    return reduced(loss, reduction)


def _soft_margin_loss(
    input: Value,
    target: Value,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    return reduced(
        build.elementwise(lambda x, y: sp.log(1 + sp.exp(-y * x)), input, target), reduction
    )


def _hinge_embedding_loss(
    input: Value,
    target: Value,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    """The distance of alike pairs (target 1); how far others (-1) are inside the margin.

    Of any other target, both.
    """
    inside = build.maximum(build.subtract(margin, input), 0)
    alike = build.where(build.equal(target, -1), 0, input)
    unlike = build.where(build.equal(target, 1), 0, inside)
    return reduced(build.add(alike, unlike), reduction)


def _margin_ranking_loss(
    input1: Value,
    input2: Value,
    target: Value,
    margin: float = 0.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    gap = build.elementwise(lambda a, b, y, m: m - y * (a - b), input1, input2, target, margin)
    return reduced(build.maximum(gap, 0), reduction)


def _cosine_similarity(x1: Value, x2: Value, dim: int = 1, eps: Value = 1e-8) -> Node:
    """The product of two arrays' directions along an axis; lengths are at least eps."""
    one, other = build.node(x1), build.node(x2)
    shape = broadcast_shapes(one.shape, other.shape)
    held = [build.broadcast_to(x, shape) for x in (one, other)]
    first, second = (
        build.divide(x, build.maximum(vector_norm(x, 2, dim, True), eps)) for x in held
    )
    return build.sum(build.multiply(first, second), dim)


def _triplet_margin_loss(
    anchor: Value,
    positive: Value,
    negative: Value,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Node:
    near, far = (
        _pairwise_distance(anchor, positive, p, eps),
        _pairwise_distance(anchor, negative, p, eps),
    )
    if swap:
        far = build.minimum(far, _pairwise_distance(positive, negative, p, eps))
    gap = build.add(build.subtract(near, far), margin)
    return reduced(build.maximum(gap, 0), reduction)


def _pairwise_distance(
    x1: Value, x2: Value, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Node:
    gap = build.add(build.subtract(x1, x2), eps)
    return vector_norm(gap, p, -1, keepdim)


def _distances(rng: np.random.Generator) -> list[Sample]:
    """Pairs closer and farther than the bend, and one at it."""
    far = np.array([0.25, -3.0, 4.0])
    return [
        Sample((dyadic(rng, (2, 3)), dyadic(rng, (2, 3)) + 0.015625)),
        Sample((dyadic(rng, (4, 3)).T, dyadic(rng, (3, 4)) + 0.015625), {"reduction": "sum"}),
        Sample((far, np.zeros(3)), {"reduction": "none", "delta": 0.5}),
        Sample((dyadic(rng, ()), np.asarray(dyadic(rng, ()) + 0.015625))),
        Sample((np.array([0.0, 1.0, -1.0]), np.zeros(3)), {"reduction": "sum"}, kind="kink"),
    ]


def _divergences(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (2, 3)), dyadic(rng, (2, 3), _UNIT)), {"reduction": "batchmean"}),
        Sample((dyadic(rng, (4, 3)).T, dyadic(rng, (3, 4), _UNIT)), {"reduction": "sum"}),
        Sample(
            (dyadic(rng, (2, 3)), dyadic(rng, (2, 3))), {"reduction": "none", "log_target": True}
        ),
        Sample((dyadic(rng, (3,)), np.array([0.5, 0.0, 0.5])), {"reduction": "sum"}, kind="kink"),
    ]


def _signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng.choice([-1, 1], size=shape))


DEFINITIONS: tuple[Definition, ...] = (
    Definition("huber_loss", _huber_loss, (REALS, REALS), ("equal",), _distances),
    Definition("kl_div", _kl_div, (REALS, _POSITIVE), (), _divergences),
    Definition(
        "poisson_nll_loss",
        _poisson_nll_loss,
        (REALS, _POSITIVE),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (2, 3), _POSITIVE)),
            lambda rng: (dyadic(rng, (3,), _POSITIVE), dyadic(rng, (3,), _POSITIVE), False),
        ),
    ),
    Definition(
        "gaussian_nll_loss",
        _gaussian_nll_loss,
        (REALS, REALS),
        (),
        calls(
            # PyTorch stops the gradient at the variance's lower bound, so none is near it
            lambda rng: (
                (dyadic(rng, (2, 3)), dyadic(rng, (2, 3)), dyadic(rng, (2, 3), _POSITIVE) + 1),
                {"full": True},
            ),
            lambda rng: (
                dyadic(rng, (2, 3)),
                dyadic(rng, (2, 3)),
                dyadic(rng, (2,), _POSITIVE) + 1,
            ),
        ),
    ),
    Definition(
        "soft_margin_loss",
        _soft_margin_loss,
        (REALS,),
        (),
        calls(lambda rng: (dyadic(rng, (2, 3)), _signs(rng, (2, 3)))),
        (),
        ("real",),
    ),
    Definition(
        "hinge_embedding_loss",
        _hinge_embedding_loss,
        (REALS,),
        (1.0,),
        calls(lambda rng: (dyadic(rng, (2, 3)) + 2.0**-6, _signs(rng, (2, 3)))),
        (),
        ("real",),
    ),
    Definition(
        "margin_ranking_loss",
        _margin_ranking_loss,
        (REALS, REALS),
        ("equal",),
        calls(
            lambda rng: (
                (dyadic(rng, (4,)), dyadic(rng, (4,)) + 2.0**-6, _signs(rng, (4,))),
                {"margin": 0.5},
            )
        ),
        (),
        ("real",),
    ),
    Definition(
        "cosine_similarity",
        _cosine_similarity,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (2, 3))),
            lambda rng: (dyadic(rng, (4, 3)).T, dyadic(rng, (4,)), 1),
            lambda rng: (dyadic(rng, (3,)), dyadic(rng, (3,)), 0),
        ),
        (),
        ("real",),
    ),
    Definition(
        "pairwise_distance",
        _pairwise_distance,
        (REALS, REALS),
        (),
        calls(lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (2, 3)) + 2.0**-6)),
        (),
        ("real",),
    ),
    Definition(
        "triplet_margin_loss",
        _triplet_margin_loss,
        (REALS, REALS, REALS),
        ("equal",),
        calls(
            lambda rng: (
                tuple(dyadic(rng, (3, 4)) for _ in range(3)),
                {"margin": 4.0, "swap": True},
            )
        ),
        (),
        ("real",),
    ),
)
