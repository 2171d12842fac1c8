"""Order statistics, running extremes, moments and distances."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor, prod
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.axes import along
from reference.definitions.reductions import vector_norm
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import calls, distinct, dyadic
from reference.graph import Constant, Node

__all__ = ["DEFINITIONS"]

Dim = int | Sequence[int] | None


def _all_or(dim: Dim) -> Dim:
    """PyTorch reads an empty list of axes as all of them."""
    return None if isinstance(dim, (tuple, list)) and not dim else dim


def _quantile(
    input: Value,
    q: Value,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Node:
    """Values at places q (n - 1) of the n sorted values, in between by interpolation.

    q: numbers that must be known when the program runs; an axis of several comes first.
    """
    source = build.node(input)
    rank = source.ndim
    if rank == 0:
        dim = None
    if dim is None:
        source, axis = build.reshape(source, -1), 0
    else:
        (axis,) = build.normal_axes(dim, rank)
    ordered = build.sort(source, axis)
    size = int(ordered.shape[axis])
    given = build.node(q)
    parts = [
        _between(ordered, axis, share * (size - 1), interpolation) for share in _fractions(given)
    ]
    if keepdim:
        if dim is None:
            parts = [build.reshape(part, (1,) * rank) for part in parts]
        else:
            parts = [build.expand_dims(part, axis) for part in parts]
    return parts[0] if given.ndim == 0 else build.stack(parts, 0)


def _fractions(q: Node) -> list[Fraction]:
    held = getattr(q, "value", None)
    if held is None:
        raise ValueError("the shares of a quantile must be known numbers: give q as constants")
    shares = [
        Fraction(str(v)) if isinstance(v, sp.Expr) else Fraction(v) for v in held.ravel().tolist()
    ]
    if any(not 0 <= share <= 1 for share in shares):
        raise RuntimeError("quantile() q values must be in the range [0, 1]")
    return shares


def _between(ordered: Node, axis: int, place: Fraction, interpolation: str) -> Node:
    """The value at a place between those of a sorted axis."""
    low = floor(place)
    rest = place - low
    if interpolation == "nearest":
        low, rest = round(place), Fraction(0)
    elif interpolation == "lower":
        rest = Fraction(0)
    elif interpolation == "higher":
        low, rest = low + (rest > 0), Fraction(0)
    elif interpolation == "midpoint":
        rest = Fraction(1, 2) if rest else rest
    elif interpolation != "linear":
        raise RuntimeError(
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    first = build.getitem(ordered, along(axis, low))
    if not rest:
        return first
    second = build.getitem(ordered, along(axis, low + 1))
    return build.elementwise(lambda a, b, w: a + w * (b - a), first, second, rest)


def _kthvalue(input: Value, k: int, dim: int = -1, keepdim: bool = False) -> tuple[Node, Node]:
    source = build.node(input)
    if source.ndim == 0:
        return build.sort_with_indices(source)
    (axis,) = build.normal_axes(dim, source.ndim)
    key = (*(slice(None),) * axis, slice(k - 1, k) if keepdim else k - 1)
    values, indices = build.sort_with_indices(source, axis)
    return build.getitem(values, key), build.getitem(indices, key)


def _median(input: Value, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower of the middle values, as PyTorch takes it."""
    source = build.node(input)
    if dim is None:
        flat = build.reshape(source, -1)
        return _kthvalue(flat, (int(flat.shape[0]) + 1) // 2)[0]
    if source.ndim == 0:
        return build.sort_with_indices(source)
    (axis,) = build.normal_axes(dim, source.ndim)
    return _kthvalue(source, (int(source.shape[axis]) + 1) // 2, axis, keepdim)


def _nansum(input: Value, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Node:
    """The sum: of numbers, none of which is missing."""
    return build.sum(input, _all_or(dim), keepdim)


def _nanmean(input: Value, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None) -> Node:
    """The mean: of numbers, none of which is missing."""
    return build.mean(input, _all_or(dim), keepdim)


def _aminmax(input: Value, *, dim: int | None = None, keepdim: bool = False) -> tuple[Node, Node]:
    return build.smallest(input, dim, keepdim), build.largest(input, dim, keepdim)


def _moments(input: Value, dim: Any, correction: Any, unbiased: Any, keepdim: bool) -> Any:
    """(variance, mean)"""
    if isinstance(dim, bool):  # var_mean(x, True): PyTorch's overload without axes
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    source = build.node(input)
    axes = build.normal_axes(_all_or(dim), source.ndim)
    count = prod(int(source.shape[axis]) for axis in axes)
    deviation = build.subtract(source, build.mean(source, axes, True))
    total = build.sum(build.power(deviation, 2), axes, keepdim)
    variance = build.divide(total, count - build.exact_number(correction))
    return variance, build.mean(source, axes, keepdim)


def _var_mean(
    input: Value,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Node, Node]:
    variance, middle = _moments(input, dim, correction, unbiased, keepdim)
    return variance, middle


def _std_mean(
    input: Value,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Node, Node]:
    variance, middle = _moments(input, dim, correction, unbiased, keepdim)
    return build.elementwise(sp.sqrt, variance), middle


def _cov(
    input: Value, *, correction: int = 1, fweights: Value = None, aweights: Value = None
) -> Node:
    """Covariances of the rows, over their columns; of one row, its variance.

    fweights: how often each column counts. aweights: how much each counts.
    """
    source = build.node(input)
    rows = build.expand_dims(source, 0) if source.ndim < 2 else source
    if rows.ndim < 2:
        rows = build.expand_dims(rows, 0)
    weights: Node = Constant(np.ones(int(rows.shape[1]), dtype=np.int64))
    for given in (fweights, aweights):
        if given is not None:
            weights = build.multiply(weights, given)
    total = build.sum(weights)
    middle = build.divide(build.matmul(rows, weights), total)
    deviation = build.subtract(rows, build.expand_dims(middle, 1))
    products = build.einsum("ik,jk,k->ij", deviation, deviation, weights)
    number = total
    if aweights is not None:
        lost = build.divide(build.sum(build.multiply(weights, aweights)), total)
        number = build.subtract(total, build.multiply(lost, correction))
    else:
        number = build.subtract(total, correction)
    result = build.divide(products, number)
    return build.reshape(result, ()) if int(rows.shape[0]) == 1 else result


def _corrcoef(input: Value) -> Node:
    """Covariances over the products of the deviations."""
    covariance = _cov(input)
    if covariance.ndim == 0:
        return build.divide(covariance, covariance)
    own = build.diagonal(covariance)
    return build.elementwise(
        lambda c, a, b: c / sp.sqrt(a * b),
        covariance,
        build.expand_dims(own, 1),
        build.expand_dims(own, 0),
    )


def _running(input: Value, dim: int, greatest: bool) -> tuple[Node, Node]:
    """The running extreme along an axis, and where it stands: the latest of equal ones."""
    source = build.node(input)
    if source.ndim == 0:
        return source, Constant(np.zeros((), dtype=np.intp))
    (axis,) = build.normal_axes(dim, source.ndim)
    sizes = tuple(int(size) for size in source.shape)
    own = np.arange(sizes[axis]).reshape([-1 if k == axis else 1 for k in range(len(sizes))])

    def winners(ranks: np.ndarray) -> np.ndarray:
        held = ranks if greatest else -ranks
        best = np.maximum.accumulate(held, axis)
        return np.maximum.accumulate(np.where(held == best, own, 0), axis)

    def rule(ranks: np.ndarray) -> np.ndarray:
        flat = np.arange(prod(sizes)).reshape(sizes)
        return np.take_along_axis(flat, winners(ranks), axis)

    places = Constant(np.ascontiguousarray(np.broadcast_to(own, sizes)))
    values = build.take_by_order(source, source, source.shape, rule)
    return values, build.take_by_order(places, source, source.shape, rule)


def _cummax(input: Value, dim: int) -> tuple[Node, Node]:
    return _running(input, dim, True)


def _cummin(input: Value, dim: int) -> tuple[Node, Node]:
    return _running(input, dim, False)


def _logcumsumexp(input: Value, dim: int) -> Node:
    return build.elementwise(sp.log, build.cumsum(build.elementwise(sp.exp, input), dim))


def _diff(
    input: Value, n: int = 1, dim: int = -1, prepend: Value = None, append: Value = None
) -> Node:
    """Differences of neighbours along an axis, n times over."""
    source = build.node(input)
    (axis,) = build.normal_axes(dim, source.ndim)
    parts = [build.node(part) for part in (prepend, source, append) if part is not None]
    result = build.concat(parts, axis) if len(parts) > 1 else source
    for _ in range(n):
        later = build.getitem(result, along(axis, slice(1, None)))
        result = build.subtract(later, build.getitem(result, along(axis, slice(0, -1))))
    return result


def _dist(input: Value, other: Value, p: float = 2) -> Node:
    """The p-norm of the difference of two arrays."""
    return vector_norm(build.subtract(input, other), p)


def _cdist(x1: Value, x2: Value, p: float = 2.0, compute_mode: Any = None) -> Node:
    """p-norms of the differences of every row of one array and every row of another."""
    first, second = build.node(x1), build.node(x2)
    gap = build.subtract(
        build.expand_dims(first, first.ndim - 1), build.expand_dims(second, second.ndim - 2)
    )
    return vector_norm(gap, p, -1)


def _pdist(input: Value, p: float = 2.0) -> Node:
    """p-norms of the differences of every two rows."""
    source = build.node(input)
    one, other = np.triu_indices(int(source.shape[0]), 1)
    gap = build.subtract(build.getitem(source, one), build.getitem(source, other))
    return vector_norm(gap, p, -1)


def _trapezoid(y: Value, x: Value = None, *, dx: Value = 1, dim: int = -1) -> Node:
    """The integral of the straight lines between neighbours."""
    areas = _panels(y, x, dx, dim)
    return build.sum(areas, dim)


def _cumulative_trapezoid(y: Value, x: Value = None, *, dx: Value = 1, dim: int = -1) -> Node:
    return build.cumsum(_panels(y, x, dx, dim), dim)


def _panels(y: Value, x: Value, dx: Value, dim: int) -> Node:
    heights = build.node(y)
    (axis,) = build.normal_axes(dim, heights.ndim)
    later = build.getitem(heights, along(axis, slice(1, None)))
    middle = build.add(later, build.getitem(heights, along(axis, slice(0, -1))))
    width: Value = dx
    if x is not None:
        places = build.node(x)
        width = _diff(places, 1, dim if places.ndim > 1 else 0)
        if places.ndim == 1:
            width = build.reshape(width, [-1 if k == axis else 1 for k in range(heights.ndim)])
    return build.elementwise(lambda a, w: a * w / 2, middle, width)


_TIED = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, -1.0]])


def _axes(
    *options: dict[str, Any], extreme: bool = False, always: bool = False, kink: bool = False
) -> Samples:
    """Calls over all elements, and along axes."""

    def samples(rng: np.random.Generator) -> list[Sample]:
        make = distinct if extreme else dyadic
        result = []
        for given in options or ({},):
            if not always:
                result.append(Sample((make(rng, (5,)),), given))
                result.append(Sample((make(rng, (4, 3)).T,), given))
            result.append(Sample((make(rng, (2, 3)),), {**given, "dim": 0}))
            result.append(Sample((make(rng, (3, 8))[:, ::2],), {**given, "dim": -1}))
        if kink:
            result.append(Sample((_TIED,), {"dim": 1}, kind="kink"))
        return result

    return samples


def _running_calls(extreme: bool) -> Samples:
    def samples(rng: np.random.Generator) -> list[Sample]:
        make = distinct if extreme else dyadic
        result = [
            Sample((make(rng, (6,)), 0)),
            Sample((make(rng, (4, 3)).T, 1)),
            Sample((make(rng, (2, 3, 2)), -2)),
            Sample((make(rng, (0, 3)), 1)),
        ]
        if extreme:
            result.append(Sample((_TIED, 1), kind="kink"))
        else:
            result.append(Sample((np.array([[-120.0, 120.0, 119.0]]), 1), kind="tail"))
        return result

    return samples


def _quantiles(rng: np.random.Generator) -> list[Sample]:
    ways = ("lower", "higher", "midpoint", "nearest")
    return [
        Sample((distinct(rng, (5,)), 0.375)),
        Sample((distinct(rng, (4, 3)).T, 0.25, 1, True)),
        Sample((distinct(rng, (2, 3)), 0.75)),
        *(Sample((distinct(rng, (6,)), 0.3125), {"interpolation": way}) for way in ways),
        Sample((dyadic(rng, ()), 0.5, -1)),
        Sample((_TIED, 0.625, 1), kind="kink"),
    ]


def _ranked(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((distinct(rng, (5,)), 2)),
        Sample((distinct(rng, (4, 3)).T, 3, 0)),
        Sample((distinct(rng, (2, 3)), 1, -1, True)),
        Sample((_TIED, 2, 1), kind="kink"),
    ]


_PAIR = ("value", "index")
_TWO = ("real", "real")

DEFINITIONS: tuple[Definition, ...] = (
    # by order
    Definition(
        "median", _median, (REALS,), ("equal",), _axes(extreme=True, kink=True), results=_PAIR
    ),
    Definition("kthvalue", _kthvalue, (REALS,), ("equal",), _ranked, results=_PAIR),
    Definition("quantile", _quantile, (REALS,), ("equal",), _quantiles, ("nanquantile",)),
    Definition(
        "nanmedian",
        _median,  # of numbers, none of which is missing
        (REALS,),
        ("equal",),
        _axes(extreme=True, kink=True),
        results=_PAIR,
    ),
    Definition(
        "aminmax", _aminmax, (REALS,), ("equal",), _axes(extreme=True), results=("value", "value")
    ),
    Definition("cummax", _cummax, (REALS,), ("equal",), _running_calls(True), results=_PAIR),
    Definition("cummin", _cummin, (REALS,), ("equal",), _running_calls(True), results=_PAIR),
    # sums and moments
    Definition("nansum", _nansum, (REALS,), (), _axes({}, {"keepdim": True}), results=("total",)),
    Definition("nanmean", _nanmean, (REALS,), (), _axes(), results=("real",)),
    Definition(
        "var_mean",
        _var_mean,
        (REALS,),
        (),
        _axes({}, {"correction": 0}, extreme=True),
        results=_TWO,
    ),
    Definition("std_mean", _std_mean, (REALS,), (), _axes(extreme=True), results=_TWO),
    Definition(
        "cov",
        _cov,
        (REALS,),
        (),
        calls(
            lambda rng: (distinct(rng, (2, 4)),),
            lambda rng: ((distinct(rng, (4, 3)).T,), {"correction": 0}),
            lambda rng: (distinct(rng, (4,)),),
            lambda rng: (
                (distinct(rng, (2, 3)),),
                {"fweights": np.array([1, 3, 2]), "aweights": np.array([0.5, 1.0, 2.0])},
            ),
        ),
        results=("real",),
    ),
    Definition(
        "corrcoef",
        _corrcoef,
        (REALS,),
        (),
        calls(lambda rng: (distinct(rng, (3, 4)),), lambda rng: (distinct(rng, (4, 2)).T,)),
        results=("real",),
    ),
    Definition(
        "logcumsumexp", _logcumsumexp, (REALS,), (), _running_calls(False), results=("real",)
    ),
    # differences and integrals
    Definition(
        "diff",
        _diff,
        (REALS,),
        (),
        calls(
            lambda rng: (dyadic(rng, (5,)),),
            lambda rng: (dyadic(rng, (4, 3)).T, 2, 1),
            lambda rng: (dyadic(rng, (2, 3)), 1, 0, dyadic(rng, (1, 3)), dyadic(rng, (2, 3))),
        ),
    ),
    Definition(
        "trapezoid",
        _trapezoid,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 4)),),
            lambda rng: ((dyadic(rng, (3, 2)), dyadic(rng, (3,))), {"dim": 0}),
            lambda rng: ((dyadic(rng, (4,)),), {"dx": 0.5}),
        ),
        ("trapz",),
        ("real",),
    ),
    Definition(
        "cumulative_trapezoid",
        _cumulative_trapezoid,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 4)),),
            lambda rng: ((dyadic(rng, (3, 2)), dyadic(rng, (3,))), {"dim": 0}),
        ),
        results=("real",),
    ),
    # distances
    Definition(
        "dist",
        _dist,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (3,)) + 2.0**-6),
            lambda rng: (dyadic(rng, (4, 3)).T, dyadic(rng, (3, 4)) + 2.0**-6, 1),
            lambda rng: (dyadic(rng, (4,)), dyadic(rng, (4,)) + 2.0**-6, 3.0),
            lambda rng: Sample((np.ones(3), np.ones(3)), kind="kink"),
        ),
        results=("real",),
    ),
    Definition(
        "cdist",
        _cdist,
        (REALS, REALS),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), dyadic(rng, (4, 3)) + 2.0**-6),
            lambda rng: (dyadic(rng, (2, 2, 3)), dyadic(rng, (2, 1, 3)) + 2.0**-6, 1.0),
            lambda rng: (dyadic(rng, (3, 2)).T, dyadic(rng, (2, 3)) + 2.0**-6, 3.0),
            lambda rng: Sample((np.eye(2), np.eye(2)), kind="kink"),
        ),
        results=("real",),
    ),
    Definition(
        "pdist",
        _pdist,
        (REALS,),
        (),
        calls(lambda rng: (distinct(rng, (4, 3)),), lambda rng: (distinct(rng, (3, 2)), 1.0)),
        results=("real",),
    ),
)
