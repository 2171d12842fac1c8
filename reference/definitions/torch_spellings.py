"""Operations that PyTorch has twice under one name, with different meanings, or packed.

`torch.svd` gives V, `torch.linalg.svd` its transposed; `torch.cross` finds its axis itself;
`torch.vander` has the highest power first. The names here begin with `torch_` for these, and
with an underline or `native_` for what the recorded graph of a function calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.build.factor import transposed
from reference.definitions.decompositions import cross, eigh, general, svd, vander
from reference.definitions.linalg import solve
from reference.definitions.losses import cross_entropy
from reference.definitions.reductions import vector_norm
from reference.definitions.registry import REALS, Definition, Sample
from reference.definitions.sampling import calls, dyadic
from reference.graph import Constant, Node

__all__ = ["DEFINITIONS"]


def _torch_svd(input: Value, some: bool = True, compute_uv: bool = True) -> tuple[Node, ...]:
    """(U, s, V) with U diag(s) Vᵀ = A."""
    left, values, right = svd(input, not some)
    return left, values, transposed(right)


def _linalg_svd(
    A: Value, full_matrices: bool = False, compute_uv: bool = True, *, driver: Any = None
) -> tuple[Node, ...]:
    return svd(A, full_matrices)


def _linalg_eigh(A: Value, UPLO: str = "L", compute_v: bool = True) -> tuple[Node, Node]:
    return eigh(A, UPLO)


def _linalg_solve_ex(
    A: Value, B: Value, *, left: bool = True, check_errors: bool = False
) -> tuple[Node, ...]:
    """(X, and no factors)"""
    return (solve(A, B, left=left), *_nothing(3))


def _nothing(count: int) -> tuple[Node, ...]:
    """Results that only a backward pass would read."""
    return (Constant(np.zeros(0)),) * count


def _torch_cross(input: Value, other: Value, dim: int | None = None) -> Node:
    """The product of vectors along an axis, by default the first of length three."""
    source = build.node(input)
    axis = dim
    if axis is None:
        axis = next((k for k, size in enumerate(source.shape) if size == 3), None)
    if axis is None:
        raise RuntimeError("no dimension of size 3 in input")
    rank = max(source.ndim, build.node(other).ndim)
    return cross(input, other, dim=axis % rank - rank)


def _torch_vander(x: Value, N: int | None = None, increasing: bool = False) -> Node:
    """Powers of a vector's elements, the highest first."""
    table = vander(x, N=N)
    return table if increasing else build.flip(table, -1)


# normalisation with its statistics


def _moments(x: Node, axes: Sequence[int], eps: Value) -> tuple[Node, Node, Node]:
    """(the standardised array, the mean, 1 / √(variance + eps))"""
    middle = build.mean(x, axes, True)
    deviation = build.subtract(x, middle)
    variance = build.mean(build.power(deviation, 2), axes, True)
    scale = build.elementwise(lambda v, e: 1 / sp.sqrt(v + e), variance, eps)
    return build.multiply(deviation, scale), middle, scale


def _native_layer_norm(
    input: Value, normalized_shape: Sequence[int], weight: Value, bias: Value, eps: Value
) -> tuple[Node, Node, Node]:
    source = build.node(input)
    axes = range(source.ndim - len(tuple(normalized_shape)), source.ndim)
    result, middle, scale = _moments(source, list(axes), eps)
    if weight is not None:
        result = build.multiply(result, weight)
    return (result if bias is None else build.add(result, bias)), middle, scale


def _native_group_norm(
    input: Value,
    weight: Value,
    bias: Value,
    N: int,
    C: int,
    HxW: int,
    group: int,
    eps: Value,
) -> tuple[Node, Node, Node]:
    source = build.node(input)
    rows = build.reshape(source, (N, group, (C // group) * HxW))
    found, middle, scale = _moments(rows, [2], eps)
    result = build.reshape(found, source.shape)
    spread = (1, C, *(1,) * (source.ndim - 2))
    if weight is not None:
        result = build.multiply(result, build.reshape(weight, spread))
    if bias is not None:
        result = build.add(result, build.reshape(bias, spread))
    return result, build.reshape(middle, (N, group)), build.reshape(scale, (N, group))


def _native_batch_norm(
    input: Value,
    weight: Value,
    bias: Value,
    running_mean: Value,
    running_var: Value,
    training: bool,
    momentum: float,
    eps: Value,
) -> tuple[Node, Node, Node]:
    source = build.node(input)
    spread = [-1 if axis == 1 else 1 for axis in range(source.ndim)]
    if training:
        axes = [axis for axis in range(source.ndim) if axis != 1]
        result, middle, scale = _moments(source, axes, eps)
        statistics = build.reshape(middle, (-1,)), build.reshape(scale, (-1,))
    else:
        scale = build.elementwise(lambda v, e: 1 / sp.sqrt(v + e), running_var, eps)
        deviation = build.subtract(source, build.reshape(running_mean, spread))
        result = build.multiply(deviation, build.reshape(scale, spread))
        statistics = _nothing(2)[0], _nothing(2)[1]
    if weight is not None:
        result = build.multiply(result, build.reshape(weight, spread))
    if bias is not None:
        result = build.add(result, build.reshape(bias, spread))
    return result, *statistics


def _linear_cross_entropy(
    input: Value,
    linear_weight: Value,
    target: Value,
    *,
    linear_bias: Value = None,
    weight: Value = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Node:
    """Cross entropy of a linear layer's results."""
    scores = build.matmul(input, build.swap_axes(linear_weight, -2, -1))
    if linear_bias is not None:
        scores = build.add(scores, linear_bias)
    if scores.ndim > 2:
        scores = build.permute(scores, (0, scores.ndim - 1, *range(1, scores.ndim - 1)))
    return cross_entropy(
        scores,
        target,
        weight,
        ignore_index=-100 if ignore_index is None else ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )


# elements


def _ldexp(input: Value, other: Value) -> Node:
    """x times two to a power."""
    return build.multiply(input, build.power(2, other))


def _as_strided_scatter(
    input: Value,
    src: Value,
    size: Sequence[int],
    stride: Sequence[int],
    storage_offset: int | None = None,
) -> Node:
    """The array with values written at fixed steps through it."""
    source = build.node(input)
    places = np.full((), storage_offset or 0, dtype=np.intp)
    for length, step in zip(size, stride, strict=True):
        places = places[..., None] + np.arange(length) * step
    flat = build.index_put(build.reshape(source, -1), (places,), src)
    return build.reshape(flat, source.shape)


def _mode(input: Value, dim: int = -1, keepdim: bool = False) -> tuple[Node, Node]:
    """The most frequent value along an axis, the smallest of several; and its last place."""
    source = build.node(input)
    if source.ndim == 0:
        return build.elementwise(lambda a: a, source), Constant(np.zeros((), dtype=np.intp))
    (axis,) = build.normal_axes(dim, source.ndim)
    shape = [int(n) for n in source.shape]
    rest = tuple(1 if k == axis else n for k, n in enumerate(shape))
    flat = np.arange(prod(shape)).reshape(shape)

    def rule(ranks: np.ndarray) -> np.ndarray:
        moved = np.moveaxis(ranks, axis, -1)
        same = moved[..., :, None] == moved[..., None, :]
        counts = same.sum(axis=-1)
        best = counts == counts.max(axis=-1, keepdims=True)
        value = np.where(best, moved, moved.max(initial=0) + 1).min(axis=-1, keepdims=True)
        last = moved.shape[-1] - 1 - np.flip(moved == value, -1).argmax(axis=-1)[..., None]
        along = np.moveaxis(last, -1, axis)
        return np.take_along_axis(flat, along, axis)

    places = np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    numbers = Constant(np.ascontiguousarray(np.broadcast_to(places, shape)))
    values = build.take_by_order(source, source, rest, rule)
    indices = build.take_by_order(numbers, source, rest, rule)
    if keepdim:
        return values, indices
    return build.squeeze(values, axis), build.squeeze(indices, axis)


def _renorm(input: Value, p: float, dim: int, maxnorm: float) -> Node:
    """Slices along an axis, those longer than `maxnorm` shortened to it.

    PyTorch adds 10⁻⁷ to the lengths that it divides by.
    """
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    rest = [k for k in range(source.ndim) if k != axis]
    most, tiny = build.exact_number(maxnorm), build.exact_number(1e-7)
    lengths = vector_norm(source, p, rest, True)
    return build.elementwise(
        lambda x, s: sp.Piecewise((x, s <= most), (x * most / (s + tiny), True)), source, lengths
    )


def _rrelu_with_noise(
    input: Value,
    noise: Value = None,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
) -> Node:
    if training:
        raise NotImplementedError(
            "rrelu in training draws its slopes, and is no function: set training=False"
        )
    slope = (build.exact_number(lower) + build.exact_number(upper)) / 2
    return build.where(build.greater(input, 0), input, build.multiply(input, slope))


# samples


def _frequent(rng: np.random.Generator) -> list[Sample]:
    table = np.array([[1.0, 2.0, 2.0, 3.0], [0.5, 0.5, -1.0, -1.0]])
    return [Sample((table,), kind="kink"), Sample((dyadic(rng, (1, 3)).T,))]


def _entropies(rng: np.random.Generator) -> list[Sample]:
    classes = np.array([1, 0])
    return [
        Sample((dyadic(rng, (2, 3)), dyadic(rng, (4, 3)), classes)),
        Sample(
            (dyadic(rng, (2, 3)), dyadic(rng, (4, 3)), classes),
            {"reduction": "none", "linear_bias": dyadic(rng, (4,))},
        ),
    ]


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "torch_svd",
        _torch_svd,
        (REALS,),
        (),
        lambda rng: [Sample((general(rng, 3, 2),)), Sample((general(rng, 2, 2, 3),))],
        results=("real",) * 3,
    ),
    Definition("_linalg_svd", _linalg_svd, results=("real",) * 3),
    Definition("_linalg_eigh", _linalg_eigh, results=("real",) * 2),
    Definition("_linalg_solve_ex", _linalg_solve_ex, results=("real",) * 4),
    Definition(
        "torch_cross",
        _torch_cross,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (3, 3)), dyadic(rng, (3, 3)).T),
            lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (2, 3)), -1),
        ),
    ),
    Definition(
        "torch_vander",
        _torch_vander,
        (REALS,),
        (),
        calls(lambda rng: (dyadic(rng, (3,)),), lambda rng: (dyadic(rng, (3,)), 4, True)),
    ),
    Definition("native_layer_norm", _native_layer_norm, results=("real",) * 3),
    Definition("native_group_norm", _native_group_norm, results=("real",) * 3),
    Definition("native_batch_norm", _native_batch_norm, results=("real",) * 3),
    Definition(
        "linear_cross_entropy",
        _linear_cross_entropy,
        (REALS, REALS),
        (),
        _entropies,
        results=("real",),
    ),
    Definition(
        "ldexp",
        _ldexp,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), rng.integers(-3, 4, (3,))),
            lambda rng: (dyadic(rng, (4, 3)).T, dyadic(rng, (3, 4))),
        ),
        results=("real",),
    ),
    Definition(
        "as_strided_scatter",
        _as_strided_scatter,
        (REALS, REALS),
        (),
        calls(lambda rng: (dyadic(rng, (6,)), dyadic(rng, (2, 2)), (2, 2), (3, 1), 1)),
    ),
    Definition("mode", _mode, (REALS,), ("equal",), _frequent, results=("value", "index")),
    Definition(
        "renorm",
        _renorm,
        (REALS,),
        (),
        calls(
            lambda rng: (dyadic(rng, (3, 4)), 2.0, 0, 2.5),
            lambda rng: (dyadic(rng, (4, 3)).T, 1.5, 1, 3.0),
        ),
    ),
    Definition("rrelu_with_noise", _rrelu_with_noise, results=("real",)),
)
