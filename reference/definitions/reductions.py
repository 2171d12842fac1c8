"""Reductions and running reductions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import distinct, dyadic
from reference.graph import Node

__all__ = ["DEFINITIONS", "vector_norm"]

Dim = int | Sequence[int] | None


def _sum(input: Value, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Node:
    return build.sum(input, _axes(dim), keepdim)


def _mean(input: Value, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Node:
    return build.mean(input, _axes(dim), keepdim)


def _axes(dim: Dim) -> Dim:
    """PyTorch reads an empty list of axes as all of them."""
    return None if isinstance(dim, (tuple, list)) and not dim else dim


def _prod(
    input: Value, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None
) -> Node:
    return build.prod(input, dim, keepdim)


def _amax(input: Value, dim: Dim = (), keepdim: bool = False) -> Node:
    return build.largest(input, _axes(dim), keepdim)


def _amin(input: Value, dim: Dim = (), keepdim: bool = False) -> Node:
    return build.smallest(input, _axes(dim), keepdim)


def _max(input: Value, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest value; with an axis (values, indices); with another array elementwise."""
    if dim is None:
        return build.largest(input)
    if isinstance(dim, (tuple, list)):  # several axes have no index: how autodiff asks
        return build.largest(input, dim, keepdim)
    if not isinstance(dim, (int, np.integer)):
        return build.maximum(input, dim)
    return build.largest(input, int(dim), keepdim), build.argmax(input, int(dim), keepdim)


def _min(input: Value, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest value; with an axis (values, indices); with another array elementwise."""
    if dim is None:
        return build.smallest(input)
    if isinstance(dim, (tuple, list)):  # several axes have no index: how autodiff asks
        return build.smallest(input, dim, keepdim)
    if not isinstance(dim, (int, np.integer)):
        return build.minimum(input, dim)
    return build.smallest(input, int(dim), keepdim), build.argmin(input, int(dim), keepdim)


def _var(
    input: Value,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: int | float | None = None,
) -> Node:
    """The sum of squared deviations from the mean, over the count less the correction."""
    if isinstance(dim, bool):  # var(x, True): PyTorch's overload without axes
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    source = build.node(input)
    axes = build.normal_axes(_axes(dim), source.ndim)
    count: Any = 1
    for axis in axes:
        count = count * source.shape[axis]
    deviation = build.subtract(source, build.mean(source, axes, True))
    total = build.sum(build.power(deviation, 2), axes, keepdim)
    return build.divide(total, build.exact_number(count) - build.exact_number(correction))


def _std(
    input: Value,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: int | float | None = None,
) -> Node:
    return build.elementwise(sp.sqrt, _var(input, dim, unbiased, keepdim, correction=correction))


def _logsumexp(input: Value, dim: Dim, keepdim: bool = False) -> Node:
    total = build.sum(build.elementwise(sp.exp, input), _axes(dim), keepdim)
    return build.elementwise(sp.log, total)


def vector_norm(
    x: Value, ord: Any = 2, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None
) -> Node:
    """(Σ |x|^ord)^(1/ord), with the limits for ord = ±inf and the count of non-zeros for 0."""
    axes = _axes(dim)
    if ord == 2:
        squares = build.sum(build.power(x, 2), axes, keepdim)
        return build.elementwise(sp.sqrt, squares)
    if ord == 0:
        return build.sum(build.not_equal(x, 0), axes, keepdim)
    size = build.absolute(x)
    if ord == float("inf"):
        return build.largest(size, axes, keepdim)
    if ord == float("-inf"):
        return build.smallest(size, axes, keepdim)
    if ord == 1:
        return build.sum(size, axes, keepdim)
    total = build.sum(build.power(size, ord), axes, keepdim)
    return build.power(total, 1 / build.exact_number(ord))


def _norm(
    input: Value, p: Any = 2, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None
) -> Node:
    if p == "fro" or p is None:
        p = 2
    if isinstance(p, str):
        raise NotImplementedError(f"norm of kind {p!r} has no definition: give 'fro' or a number")
    return vector_norm(input, p, dim, keepdim)


def _cumsum(input: Value, dim: int, *, dtype: Any = None) -> Node:
    return build.cumsum(input, dim)


def _cumprod(input: Value, dim: int, *, dtype: Any = None) -> Node:
    return build.cumprod(input, dim)


def _argmax(input: Value, dim: int | None = None, keepdim: bool = False) -> Node:
    return build.argmax(input, dim, keepdim)


def _argmin(input: Value, dim: int | None = None, keepdim: bool = False) -> Node:
    return build.argmin(input, dim, keepdim)


def _all(input: Value, dim: Dim = None, keepdim: bool = False) -> Node:
    return build.prod(build.not_equal(input, 0), _axes(dim), keepdim)


def _any(input: Value, dim: Dim = None, keepdim: bool = False) -> Node:
    return build.subtract(1, build.prod(build.equal(input, 0), _axes(dim), keepdim))


def _count_nonzero(input: Value, dim: Dim = None) -> Node:
    return build.sum(build.not_equal(input, 0), _axes(dim))


def _zeros_and_others(rng: np.random.Generator) -> list[Sample]:
    few, many = (rng.integers(0, high, (4, 3)) * 0.5 for high in (2, 9))
    return [Sample((a, *rest)) for a in (few, many.T) for rest in ((), (0,), (1,))]


def _places(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((distinct(rng, (5,)),)),
        Sample((distinct(rng, (4, 3)).T,)),
        Sample((distinct(rng, (2, 3)), 0)),
        Sample((distinct(rng, (2, 3, 2)), -2, True)),
    ]


def _trace(input: Value) -> Node:
    return build.sum(build.diagonal(input))


def _reductions(
    *options: dict[str, Any], empty: bool = True, extreme: bool = False, always: bool = False
) -> Samples:
    """Calls over all elements and over axes. always: the axis may not be left out."""
    make: Callable[..., np.ndarray] = distinct if extreme else dyadic

    def samples(rng: np.random.Generator) -> list[Sample]:
        result = []
        for given in (*options, {}):
            if not always:
                result.append(Sample((make(rng, (5,)),), given))
                result.append(Sample((make(rng, (4, 3)).T,), given))
            result += [
                Sample((make(rng, (2, 3)),), {**given, "dim": 0}),
                Sample((make(rng, (3, 6))[:, ::2],), {**given, "dim": -1, "keepdim": True}),
            ]
        if not extreme and not always:
            result.append(
                Sample((make(rng, (2, 3, 2)),), {**(options[0] if options else {}), "dim": (0, 2)})
            )
        if not always and not options:
            result.append(Sample((make(rng, ()),)))
        if empty:
            result.append(Sample((make(rng, (0, 3)),), {"dim": 0}))
        if extreme:
            tied = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, -1.0]])
            result.append(Sample((tied,), {"dim": 1}, kind="kink"))
        return result

    return samples


def _spreads(rng: np.random.Generator) -> list[Sample]:
    """Calls of variance and deviation, over values that are not all equal."""
    options: tuple[dict[str, Any], ...] = ({}, {"correction": 0}, {"unbiased": False})
    result = [Sample((distinct(rng, (5,)),), given) for given in options]
    result += [Sample((distinct(rng, (2, 3)), 1), given) for given in options]
    result.append(Sample((distinct(rng, (4, 3)).T,), {"dim": 0, "keepdim": True}))
    result.append(Sample((distinct(rng, (2, 3, 2)), (0, 2))))
    result.append(Sample((distinct(rng, (3, 6))[:, ::2] + 1024.0,)))  # far from zero
    return result


def _along_axis(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (5,)), 0)),
        Sample((dyadic(rng, (4, 3)).T, 1)),
        Sample((dyadic(rng, (2, 3, 2)), -2)),
        Sample((dyadic(rng, ()), 0)),
        Sample((dyadic(rng, (0, 3)), 0)),
        Sample((np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 1.0]]), 1)),
    ]


def _products(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (4,)),)),
        Sample((dyadic(rng, (2, 3)), 1)),
        Sample((dyadic(rng, (4, 3)).T, 0, True)),
        Sample((np.array([2.0, 0.0, 3.0]),)),
        Sample((np.array([[2.0, 0.0, 0.0], [0.5, 0.0, 4.0]]), 1)),
        Sample((dyadic(rng, ()),)),
        Sample((dyadic(rng, (0, 3)), 0)),
    ]


def _far_sums(rng: np.random.Generator) -> list[Sample]:
    """Calls of logsumexp: near the end of float32's powers, and beyond it."""
    near = np.array(
        [[84.0, 83.0, 82.5], [85.0, 84.5, 80.0], [81.0, 80.25, 79.0], [-80.0, -81.0, -79.5]]
    )
    far = np.array([[120.0, 119.0, -120.0], [-120.0, -121.5, -120.0]])
    farther = np.array([[900.0, 900.25, 901.0], [-1000.0, -999.5, -999.0]])
    return [
        *_reductions(empty=False, always=True)(rng),
        Sample((dyadic(rng, (2, 3, 2)), (0, 2))),
        Sample((near, 1), kind="tail"),
        Sample((far, 1), kind="tail"),
        Sample((farther, 1), kind="tail"),
    ]


def _plain_lengths(rng: np.random.Generator) -> list[Sample]:
    """Euclidean norms: of zero, and where squares would overflow or vanish."""
    large = np.array([3.0, -4.0, 1.0])
    return [
        *_reductions(empty=False)(rng),
        Sample((np.array([[0.0, 3.0], [-4.0, 0.0]]),)),
        Sample((np.zeros(3),), kind="kink"),
        *(Sample((large * 2.0**e,), kind="tail") for e in (-70, 100)),
    ]


def _lengths(rng: np.random.Generator) -> list[Sample]:
    """Norms of several orders."""
    return [
        *_reductions(*_ORDERS, empty=False)(rng),
        *_plain_lengths(rng)[-4:],
        Sample((distinct(rng, (2, 3)) + 0.03125,), {"ord": float("inf"), "dim": 1}),
        Sample((distinct(rng, (2, 3)) + 0.03125,), {"ord": float("-inf"), "dim": 1}),
    ]


_ORDERS = ({"ord": 1}, {"ord": 3}, {"ord": 2.5})

DEFINITIONS: tuple[Definition, ...] = (
    Definition("sum", _sum, (REALS,), (), _reductions(), results=("total",)),
    Definition("mean", _mean, (REALS,), (), _reductions(empty=False), results=("real",)),
    Definition("prod", _prod, (REALS,), (), _products, results=("total",)),
    Definition("amax", _amax, (REALS,), ("equal",), _reductions(empty=False, extreme=True)),
    Definition("amin", _amin, (REALS,), ("equal",), _reductions(empty=False, extreme=True)),
    Definition(
        "max",
        _max,
        (REALS,),
        ("equal",),
        _reductions(empty=False, extreme=True),
        results=("value", "index"),
    ),
    Definition(
        "min",
        _min,
        (REALS,),
        ("equal",),
        _reductions(empty=False, extreme=True),
        results=("value", "index"),
    ),
    Definition("argmax", _argmax, samples=_places, results=("index",)),
    Definition("argmin", _argmin, samples=_places, results=("index",)),
    Definition("all", _all, samples=_zeros_and_others, results=("truth",)),
    Definition("any", _any, samples=_zeros_and_others, results=("truth",)),
    Definition("count_nonzero", _count_nonzero, samples=_zeros_and_others, results=("index",)),
    Definition("var", _var, (REALS,), (), _spreads, results=("real",)),
    Definition("std", _std, (REALS,), (), _spreads, results=("real",)),
    Definition(
        "logsumexp",
        _logsumexp,
        (REALS,),
        (),
        _far_sums,
        results=("real",),
    ),
    Definition(
        "vector_norm",
        vector_norm,
        (REALS,),
        (),
        _lengths,
        ("linalg_vector_norm", "linalg.vector_norm"),
        ("real",),
    ),
    Definition("norm", _norm, (REALS,), (), _plain_lengths, results=("real",)),
    Definition("cumsum", _cumsum, (REALS,), (), _along_axis, results=("total",)),
    Definition("cumprod", _cumprod, (REALS,), (), _along_axis, results=("total",)),
    Definition(
        "trace",
        _trace,
        (REALS,),
        (),
        lambda rng: [Sample((dyadic(rng, (3, 3)),)), Sample((dyadic(rng, (3, 3)).T,))],
        results=("total",),
    ),
)
