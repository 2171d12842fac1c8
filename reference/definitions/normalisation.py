"""Normalisation by statistics of a batch, a group, a layer, or by a length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.reductions import vector_norm
from reference.definitions.registry import REALS, Definition, Domain, Sample
from reference.definitions.sampling import calls, distinct, dyadic
from reference.graph import Node

__all__ = ["DEFINITIONS"]

_POSITIVE = Domain(0)


def _standardised(x: Node, axes: Sequence[int], eps: Value) -> Node:
    """Deviations from the mean over some axes, over the square root of their mean square."""
    deviation = build.subtract(x, build.mean(x, axes, True))
    variance = build.mean(build.power(deviation, 2), axes, True)
    return build.elementwise(lambda d, v, e: d / sp.sqrt(v + e), deviation, variance, eps)


def _by_channel(x: Value, ndim: int) -> Node:
    """A vector with one number per channel, spread along axis 1 of `ndim` axes."""
    return build.reshape(x, [-1 if axis == 1 else 1 for axis in range(ndim)])


def _scaled(result: Node, weight: Value, bias: Value) -> Node:
    """Times weight, plus bias, of one number per channel; None is absent."""
    if weight is not None:
        result = build.multiply(result, _by_channel(weight, result.ndim))
    return result if bias is None else build.add(result, _by_channel(bias, result.ndim))


def _batch_norm(
    input: Value,
    running_mean: Value,
    running_var: Value,
    weight: Value = None,
    bias: Value = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: Value = 1e-5,
) -> Node:
    """By the batch's own statistics in training, else by those given.

    How training changes the running statistics is a side effect, and no part of the value.
    """
    source = build.node(input)
    if training:
        axes = [axis for axis in range(source.ndim) if axis != 1]
        result = _standardised(source, axes, eps)
    else:
        result = build.elementwise(
            lambda x, m, v, e: (x - m) / sp.sqrt(v + e),
            source,
            _by_channel(running_mean, source.ndim),
            _by_channel(running_var, source.ndim),
            eps,
        )
    return _scaled(result, weight, bias)


def _instance_norm(
    input: Value,
    running_mean: Value = None,
    running_var: Value = None,
    weight: Value = None,
    bias: Value = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: Value = 1e-5,
) -> Node:
    if not use_input_stats:
        return _batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    source = build.node(input)
    return _scaled(_standardised(source, range(2, source.ndim), eps), weight, bias)


def _group_norm(
    input: Value, num_groups: int, weight: Value = None, bias: Value = None, eps: Value = 1e-5
) -> Node:
    source = build.node(input)
    batch, channels, *rest = source.shape
    if int(channels) % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(source.shape)} and num_groups={num_groups}"
        )
    grouped = build.reshape(source, (batch, num_groups, int(channels) // num_groups, *rest))
    result = _standardised(grouped, range(2, grouped.ndim), eps)
    return _scaled(build.reshape(result, source.shape), weight, bias)


def _rms_norm(
    input: Value, normalized_shape: Sequence[int], weight: Value = None, eps: Value = None
) -> Node:
    """Divided by the root of the mean square; eps of None is the format's, of float64 here."""
    source = build.node(input)
    axes = range(source.ndim - len(tuple(normalized_shape)), source.ndim)
    small = np.finfo(np.float64).eps if eps is None else eps
    square = build.mean(build.power(source, 2), axes, True)
    result = build.elementwise(lambda x, s, e: x / sp.sqrt(s + e), source, square, small)
    return result if weight is None else build.multiply(result, weight)


def _local_response_norm(
    input: Value, size: int, alpha: Value = 1e-4, beta: Value = 0.75, k: Value = 1.0
) -> Node:
    """Over the channels around each: x / (k + alpha · mean of squares)^beta."""
    source = build.node(input)
    squares = build.power(source, 2)
    channels = int(source.shape[1])
    places = np.arange(channels)
    first = (places - size // 2)[:, None]
    near = (places >= first) & (places < first + size)
    window = build.einsum("dc,nc...->nd...", near.astype(np.int64), squares)
    return build.elementwise(
        lambda x, s, a, b, c: x / (c + a * s / size) ** b, source, window, alpha, beta, k
    )


def _normalize(input: Value, p: float = 2.0, dim: int = 1, eps: Value = 1e-12) -> Node:
    """Divided by its length along an axis; a length is at least eps."""
    return build.divide(input, build.maximum(vector_norm(input, p, dim, True), eps))


def _batches(rng: np.random.Generator) -> list[Sample]:
    scale, shift = dyadic(rng, (3,)), dyadic(rng, (3,))
    middle, spread = dyadic(rng, (3,)), dyadic(rng, (3,), _POSITIVE)
    return [
        Sample((distinct(rng, (4, 3)), None, None, scale, shift, True)),
        Sample((distinct(rng, (2, 3, 2)), None, None, None, None, True)),
        Sample((distinct(rng, (3, 4)).T, None, None, scale, shift, True, 0.1, 0.5)),
        Sample((distinct(rng, (2, 3, 2, 2)), middle, spread, scale, shift, False)),
        Sample((dyadic(rng, (0, 3)), middle, spread)),
        Sample((distinct(rng, (4, 3)) + 1024.0, None, None, None, None, True), kind="tail"),
    ]


def _groups(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((distinct(rng, (2, 4, 3)), 2, dyadic(rng, (4,)), dyadic(rng, (4,)))),
        Sample((distinct(rng, (4, 3)).T, 1)),
        Sample((distinct(rng, (1, 4, 2, 2)), 4, dyadic(rng, (4,)))),
    ]


def _directions(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (2, 3)),)),
        Sample((dyadic(rng, (4, 3)).T,), {"p": 1.0, "dim": 0}),
        Sample((dyadic(rng, (2, 3, 2)),), {"p": 3.0, "dim": -1}),
        Sample((np.array([[2.0**-60, 2.0**-60], [0.5, -2.0]]),), {"eps": 2.0**-10}, kind="tail"),
    ]


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "batch_norm", _batch_norm, (REALS, REALS, _POSITIVE), (), _batches, results=("real",)
    ),
    Definition(
        "instance_norm",
        _instance_norm,
        (REALS, REALS, _POSITIVE),
        (),
        calls(
            lambda rng: (
                distinct(rng, (2, 3, 4)),
                None,
                None,
                dyadic(rng, (3,)),
                dyadic(rng, (3,)),
            ),
            lambda rng: (distinct(rng, (1, 2, 2, 2)),),
        ),
        results=("real",),
    ),
    Definition("group_norm", _group_norm, (REALS, REALS, REALS), (), _groups, results=("real",)),
    Definition(
        "rms_norm",
        _rms_norm,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), (3,), dyadic(rng, (3,))),
            lambda rng: (dyadic(rng, (2, 2, 3)), (2, 3), None, 0.5),
            lambda rng: (dyadic(rng, (4, 3)).T, (4,)),
        ),
        results=("real",),
    ),
    Definition(
        "local_response_norm",
        _local_response_norm,
        (REALS,),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 4, 3)), 3, 0.5),
            lambda rng: (dyadic(rng, (1, 3, 2, 2)), 2, 0.5, 0.5, 2.0),
        ),
        results=("real",),
    ),
    Definition("normalize", _normalize, (REALS,), (), _directions, results=("real",)),
)
