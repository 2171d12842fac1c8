"""Order statistics, running extremes, moments: compositions of sorts, sums and selections."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.arguments import axis, is_number, raw, real_only, require_tensor
from autodiff.functions.indexing import gather
from autodiff.functions.pointwise import clamp, isnan, kind_of, where
from autodiff.functions.reductions import amax, amin, mean, std, var, vector_norm
from autodiff.functions.reductions import sum as total_of
from autodiff.functions.shapes import reshape, squeeze, stack
from autodiff.functions.sorting import sort
from autodiff.functions.undefined import refuse
from autodiff.kernels.cumulative import running_extreme
from autodiff.named import return_type
from autodiff.ops.shapes import CLONE
from autodiff.ops.sorting import ARGKTH, ARGMEDIAN

__all__ = [
    "aminmax",
    "corrcoef",
    "cov",
    "cummax",
    "cummin",
    "kthvalue",
    "median",
    "mode",
    "msort",
    "nanmean",
    "nanmedian",
    "nanquantile",
    "nansum",
    "quantile",
    "renorm",
    "std_mean",
    "var_mean",
]

_PAIRS = {
    name: return_type(name, "values", "indices")
    for name in ("cummax", "cummin", "kthvalue", "median", "mode", "nanmedian")
}
_AMinMax = return_type("aminmax", "min", "max")
_NAMED = {
    name: CLONE.variant(f"{name}")
    for name in (
        *(
            "AminmaxBackward0",
            "CummaxBackward0",
            "CumminBackward0",
            "KthvalueBackward0",
            "MedianBackward0",
            "MedianBackward1",
        ),
        *("ModeBackward0", "NanmedianBackward0", "NanmedianBackward1", "NansumBackward0"),
        *("RenormBackward0", "SqueezeBackward4", "StdMeanBackward0", "VarMeanBackward0"),
    )
}


def _nonempty(function: str, input: Any, dim: int) -> None:
    if input.ndim and not input.shape[dim]:
        raise IndexError(f"{function}(): Expected reduction dim {dim} to have non-zero size.")


def _taken(name: str, node: str, input: Any, place: Any, dim: int, keepdim: bool) -> Any:
    """The elements at these places of a dimension, and the places."""
    values = gather(input, dim, place)
    if not keepdim:
        values, place = squeeze(values, dim), squeeze(place, dim).clone()
    return _PAIRS[name]((_NAMED[node](values), place))


def _single(name: str, node: str, input: Any) -> Any:
    """The result for a number: itself."""
    return _PAIRS[name]((_NAMED[node](input), from_array(np.zeros((), np.int64))))


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """A named pair (values, indices) of the k-th smallest element along a dimension.

    >>> import autodiff
    >>> kthvalue(autodiff.tensor([3, 1, 2]), 2).values
    tensor(2)
    """
    place = axis(dim, require_tensor("kthvalue", input).ndim)
    if not 1 <= k <= (input.shape[place] if input.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {place}")
    if not input.ndim:
        return _single("kthvalue", "KthvalueBackward0", input)
    found = ARGKTH(input, k=k - 1, dim=place)
    return _taken("kthvalue", "KthvalueBackward0", input, found, place, keepdim)


def _middle(name: str, input: Any, dim: int | None, keepdim: bool) -> Any:
    ignoring = name == "nanmedian"
    node = f"{name.title()}Backward"
    refuse("median_cpu" if dim is None else "median_out", "bc", require_tensor(name, input))
    whole = dim is None
    place = 0 if dim is None else axis(dim, input.ndim)
    flat = reshape(input, -1) if dim is None else input
    if not flat.ndim:
        return _single(name, f"{node}1", input)
    if whole and not input.numel():
        if kind_of(input) in "iub":
            return from_array(np.asarray(np.iinfo(raw(input).dtype).min, raw(input).dtype))
        return _NAMED[f"{node}0"](total_of(input) + math.nan)
    _nonempty(name, flat, place)
    found = ARGMEDIAN(flat, dim=place, ignoring=ignoring)
    if not whole:
        return _taken(name, f"{node}1", input, found, place, keepdim)
    value = squeeze(gather(flat.detach(), 0, found), 0)
    if kind_of(input) not in "fV":
        return value.clone()
    # equal elements share the gradient evenly, as those of amax do
    same = where(isnan(value), isnan(flat), flat == value)
    return _NAMED[f"{node}0"](amax(where(same, flat, -math.inf)))


def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element, the lower of two; with `dim`, a named pair (values, indices).

    nan if one element is. Over all elements equal ones share the gradient.

    >>> import autodiff
    >>> median(autodiff.tensor([3., 1., 2., 9.]))
    tensor(2.)
    """
    return _middle("median", input, dim, keepdim)


def nanmedian(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """As :func:`median`, of the elements that are not nan."""
    return _middle("nanmedian", input, dim, keepdim)


def mode(input: Any, dim: int = -1, keepdim: bool = False) -> Any:
    """A named pair (values, indices) of the most frequent element, the smallest of several."""
    place = axis(dim, require_tensor("mode", input).ndim)
    refuse("mode_cpu", "c", input)
    if not input.ndim:
        return _single("mode", "ModeBackward0", input)
    _nonempty("mode", input, place)
    lines = np.moveaxis(np.asarray(raw(input)), place, -1)
    index = np.empty(lines.shape[:-1], np.int64)
    for spot in np.ndindex(index.shape):
        values, counts = np.unique(lines[spot], return_counts=True)
        index[spot] = np.flatnonzero(lines[spot] == values[counts.argmax()])[-1]
    chosen = from_array(np.expand_dims(index, place))
    values = gather(input, place, chosen)
    if not keepdim:
        values, chosen = squeeze(values, place), squeeze(chosen, place).clone()
    return _PAIRS["mode"]((_NAMED["ModeBackward0"](values), chosen))


_WAYS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantiles(
    name: str, input: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str
) -> Any:
    if kind_of(require_tensor(name, input)) != "f":  # PyTorch refuses float16, too
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if not is_number(q) and raw(require_tensor(name, q, "q", 2)).dtype != raw(input).dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if interpolation not in _WAYS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    shares = np.asarray(raw(q), raw(input).dtype)
    if shares.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    for one in shares.reshape(-1):
        if not 0 <= one <= 1:
            raise RuntimeError(
                f"{name}() q must be in the range [0, 1] but got {float(one):g}"
                if is_number(q)
                else f"{name}() q values must be in the range [0, 1]"
            )
    rank = input.ndim
    flat = reshape(input, -1) if dim is None or not rank else input
    place = 0 if dim is None or not rank else axis(dim, rank)
    if not flat.shape[place]:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    ordered = sort(flat, place).values.movedim(place, -1)
    missing = isnan(ordered).sum(-1, keepdim=True)
    size = flat.shape[place]
    numbers = size - missing if name == "nanquantile" else size
    results = [_between(ordered, share, numbers, interpolation) for share in shares.reshape(-1)]
    if name == "quantile":
        results = [where(missing > 0, math.nan, one) for one in results]
    if keepdim and dim is None:
        results = [reshape(one, (1,) * rank) for one in results]
    elif keepdim:
        results = [one.movedim(-1, place) for one in results]
    else:
        results = [squeeze(one, -1) for one in results]
    return _NAMED["SqueezeBackward4"](stack(results, 0) if shares.ndim else results[0])


def _between(ordered: Any, share: Any, numbers: Any, interpolation: str) -> Any:
    """The value at a share of the numbers in the sorted last dimension."""
    if isinstance(numbers, int):
        position = float(share) * (numbers - 1)
        low, high = math.floor(position), math.ceil(position)
        rest = position - low
        if interpolation == "nearest":
            low, rest = round(position), 0.0
        elif interpolation == "lower":
            rest = 0.0
        elif interpolation == "higher":
            low, rest = high, 0.0
        elif interpolation == "midpoint":
            rest = 0.5 if rest else 0.0
        first = ordered[..., low : low + 1]
        if not rest:
            return first.clone()
        return first + (ordered[..., high : high + 1] - first) * rest
    places = clamp(numbers - 1, min=0) * float(share)
    lower, upper = places.floor(), places.ceil()
    rest_of = places - lower
    if interpolation == "nearest":
        lower, rest_of = places.round(), rest_of * 0
    elif interpolation == "lower":
        rest_of = rest_of * 0
    elif interpolation == "higher":
        lower, rest_of = upper, rest_of * 0
    elif interpolation == "midpoint":
        rest_of = (rest_of > 0) * 0.5
    first = gather(ordered, -1, lower.long())
    second = gather(ordered, -1, upper.long())
    weight = rest_of.to(ordered.dtype)
    return where(weight > 0, first + (second - first) * weight, first)


def quantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Any:
    """The values below which shares q of the elements lie, interpolated between neighbours.

    q: a number, or a vector, along a new first dimension. nan if one element is.

    >>> import autodiff
    >>> quantile(autodiff.tensor([1., 2., 4.]), 0.75)
    tensor(3.)
    """
    return _quantiles("quantile", input, q, dim, keepdim, interpolation)


def nanquantile(
    input: Any,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Any:
    """As :func:`quantile`, of the elements that are not nan."""
    return _quantiles("nanquantile", input, q, dim, keepdim, interpolation)


def msort(input: Any) -> Any:
    """Sorted along the first dimension."""
    return sort(require_tensor("msort", input), 0).values if input.ndim else input.clone()


def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum of the elements that are not nan."""
    require_tensor("nansum", input)
    real_only(input, "nansum does not support complex inputs")
    if kind_of(input) in "iub":
        return total_of(input, dim, keepdim, dtype=dtype)
    total = total_of(where(isnan(input), 0.0, input), dim, keepdim, dtype=dtype)
    return _NAMED["NansumBackward0"](total)


def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean of the elements that are not nan."""
    if kind_of(require_tensor("nanmean", input)) in "iub":
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{input.dtype.title}"
        )
    numbers = (~isnan(input.detach())).sum(dim, keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / numbers


def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """A named pair (min, max), over all elements or along a dimension."""
    require_tensor("aminmax", input)
    if not input.numel() and (dim is None or not input.shape[axis(dim, input.ndim)]):
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
            "identity."
        )
    over = () if dim is None else dim
    name = _NAMED["AminmaxBackward0"]
    return _AMinMax((name(amin(input, over, keepdim)), name(amax(input, over, keepdim))))


def cummax(input: Any, dim: int) -> Any:
    """A named pair (values, indices) of the largest element so far, the latest of equal ones."""
    place = axis(dim, require_tensor("cummax", input).ndim)
    return _so_far("cummax", input, place, greatest=True)


def cummin(input: Any, dim: int) -> Any:
    """A named pair (values, indices) of the smallest element so far, the latest of equal ones."""
    place = axis(dim, require_tensor("cummin", input).ndim)
    return _so_far("cummin", input, place, greatest=False)


def _so_far(name: str, input: Any, dim: int, greatest: bool) -> Any:
    if not input.ndim:
        return _single(name, f"{name.title()}Backward0", input)
    refuse(f"{name}_cpu", "c", input)
    index = running_extreme(np.asarray(raw(input)), dim, greatest)
    chosen = from_array(index)
    return _PAIRS[name]((_NAMED[f"{name.title()}Backward0"](gather(input, dim, chosen)), chosen))


def _spread(
    name: str, spread: Any, input: Any, dim: Any, unbiased: Any, correction: Any, keepdim: bool
) -> Any:
    require_tensor(name, input)
    if isinstance(dim, bool):  # var_mean(x, True): PyTorch's overload without dimensions
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    node = _NAMED[f"{'Std' if name == 'std_mean' else 'Var'}MeanBackward0"]
    width = spread(input, dim, correction=correction, keepdim=keepdim)
    return node(width), node(mean(input, dim, keepdim))


def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Any, Any]:
    """(variance, mean) over dimensions."""
    return _spread("var_mean", var, input, dim, unbiased, correction, keepdim)  # type: ignore[no-any-return]


def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Any, Any]:
    """(standard deviation, mean) over dimensions."""
    return _spread("std_mean", std, input, dim, unbiased, correction, keepdim)  # type: ignore[no-any-return]


def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """Covariances of the rows, over their columns; of one row, its variance.

    fweights: how often each column counts. aweights: how much each counts.
    """
    if require_tensor("cov", input).ndim > 2:
        raise RuntimeError(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    rows_ = input if input.ndim == 2 else reshape(input, (1, -1))
    weights = None
    fweights, aweights = (
        from_array(one) if isinstance(one, np.ndarray) else one for one in (fweights, aweights)
    )
    for given in (fweights, aweights):
        if given is not None:
            weights = given if weights is None else weights * given
    if weights is None:
        total: Any = rows_.shape[1]
        middle = rows_.sum(1, keepdim=True) / total
        centred = rows_ - middle
        weighted, freedom = centred, total - correction
    else:
        total = weights.sum()
        middle = (rows_ * weights).sum(1, keepdim=True) / total
        centred = rows_ - middle
        weighted = centred * weights
        if aweights is None or not correction:
            freedom = total - correction
        else:
            freedom = total - correction * (weights * aweights).sum() / total
    products = weighted @ (centred.mH if kind_of(input) == "c" else centred.t())
    return squeeze(products / freedom)


def corrcoef(input: Any) -> Any:
    """Correlations of the rows, over their columns; within [-1, 1]."""
    if require_tensor("corrcoef", input).ndim > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    covariance = cov(input)
    if not covariance.ndim:
        return covariance / covariance
    width = covariance.diagonal()
    width = (width.real if kind_of(input) == "c" else width).sqrt()
    found = covariance / width[:, None] / width[None, :]
    return found if kind_of(input) == "c" else clamp(found, -1, 1)


def renorm(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    """Every slice along a dimension scaled down to a norm of at most `maxnorm`."""
    if require_tensor("renorm", input).ndim < 2:
        raise RuntimeError(
            f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions"
        )
    if p <= 0:
        raise RuntimeError("renorm: non-positive norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")
    place = axis(dim, input.ndim)
    rest = tuple(one for one in range(input.ndim) if one != place)
    sizes = vector_norm(input, p, rest, keepdim=True)
    factor = where(sizes > maxnorm, maxnorm / (sizes + 1e-7), 1.0)
    return _NAMED["RenormBackward0"](input * factor.to(input.dtype))
