"""Functions that reduce over dimensions."""

from __future__ import annotations

import builtins
import math
import warnings
from typing import Any

import numpy as np

from autodiff.dtypes import as_dtype, int64, uint8
from autodiff.functions.arguments import axes, axis, is_tensor_like, real_only, require_tensor
from autodiff.functions.pointwise import kind_of, maximum, minimum
from autodiff.modes import settings
from autodiff.named import return_type
from autodiff.ops import reductions as ops
from autodiff.state import TensorState

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "cumsum",
    "logsumexp",
    "max",
    "mean",
    "min",
    "norm",
    "prod",
    "std",
    "sum",
    "var",
    "vector_norm",
]

_MaxResult = return_type("max", "values", "indices")
_MinResult = return_type("min", "values", "indices")


def _to(input: Any, dtype: Any) -> Any:
    return input if dtype is None else input.to(as_dtype(dtype))


def _summable(function: str, input: Any, dtype: Any) -> Any:
    """The input in the dtype in which it is summed: integers and bools in int64."""
    require_tensor(function, input)
    if dtype is None and isinstance(input, TensorState) and input._data.dtype.kind in "iub":
        dtype = int64
    return _to(input, dtype)


def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over `dim` (an int, several, or None for all); integers sum to int64.

    >>> import autodiff
    >>> autodiff.sum(autodiff.ones(2, 3), dim=1)
    tensor([3., 3.])
    """
    input = _summable("sum", input, dtype)
    row = ops.SUM if dim is None else ops.SUM_DIM
    return row.straight(input, dim=axes(dim, input.ndim), keepdim=keepdim)


def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean over `dim` (an int, several, or None for all) of a floating-point tensor."""
    input = _to(require_tensor("mean", input), dtype)
    if isinstance(input, TensorState) and input._data.dtype.kind in "iub":
        title = input.dtype.title  # type: ignore[attr-defined]
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point "
            f"or complex dtype. Got: {title}"
        )
    row = ops.MEAN if dim is None else ops.MEAN_DIM
    return row.straight(input, dim=axes(dim, input.ndim), keepdim=keepdim)


def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The product over one dimension, or of all elements; exact gradients at zeros."""
    input = _summable("prod", input, dtype)
    row = ops.PROD if dim is None else ops.PROD_DIM
    return row.straight(input, dim=axes(dim, input.ndim), keepdim=keepdim)


def _as_given(dim: Any, where: tuple[int, ...]) -> Any:
    """The dimensions as they were asked for, which PyTorch's words repeat."""
    if dim is None:
        return where
    return dim if isinstance(dim, tuple | list) else (dim,)


def _nonempty(function: str, input: Any, dim: Any) -> None:
    if isinstance(input, TensorState):
        shape = input._data.shape
        for one in dim:
            if shape and shape[one] == 0:
                raise IndexError(
                    f"{function}(): Expected reduction dim {one} to have non-zero size."
                )


def _not_all_of_nothing(function: str, input: Any) -> None:
    if isinstance(input, TensorState) and not input._data.size:
        raise RuntimeError(
            f"{function}(): Expected reduction dim to be specified for input.numel() == 0. "
            "Specify the reduction dim with the 'dim' argument."
        )


def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The largest element over `dim`; ties share the gradient evenly."""
    where = axes(dim, require_tensor("amax", input).ndim)
    if isinstance(dim, tuple | list) and not dim:
        _not_all_of_nothing("amax", input)
    _nonempty("amax", input, _as_given(dim, where))
    real_only(input, "max_values_cpu")
    return ops.AMAX.straight(input, dim=where, keepdim=keepdim)


def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The smallest element over `dim`; ties share the gradient evenly."""
    where = axes(dim, require_tensor("amin", input).ndim)
    if isinstance(dim, tuple | list) and not dim:
        _not_all_of_nothing("amin", input)
    _nonempty("amin", input, _as_given(dim, where))
    real_only(input, "min_values_cpu")
    return ops.AMIN.straight(input, dim=where, keepdim=keepdim)


def _extreme(
    name: str, input: Any, dim: Any, keepdim: bool, whole: Any, along: Any, pair: Any
) -> Any:
    require_tensor(name, input)
    if dim is None:
        _not_all_of_nothing(name, input)
        real_only(input, f"{name}_all")
        return whole(input, dim=axes(None, input.ndim), keepdim=False)
    one = axis(dim, input.ndim)
    _nonempty(name, input, (one,))
    real_only(input, f"{name}(): does not support complex input")
    return pair(along(input, dim=one, keepdim=keepdim))


def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element; with `dim`, a named pair (values, indices); with a tensor, maximum.

    Over all elements ties share the gradient evenly; along `dim` the first index takes it all.
    """
    if other is not None or is_tensor_like(dim):
        return maximum(input, dim if other is None else other)
    return _extreme("max", input, dim, keepdim, ops.MAX.straight, ops.MAX_DIM, _MaxResult)


def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element; with `dim`, a named pair (values, indices); with a tensor, minimum."""
    if other is not None or is_tensor_like(dim):
        return minimum(input, dim if other is None else other)
    return _extreme("min", input, dim, keepdim, ops.MIN.straight, ops.MIN_DIM, _MinResult)


def _place(function: str, row: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    require_tensor(function, input)
    where = None if dim is None else axis(dim, input.ndim)
    if where is not None:
        _nonempty(function, input, (where,))
    elif isinstance(input, TensorState) and not input._data.size:
        raise IndexError(
            f"{function}(): Expected reduction dim to be specified for input.numel() == 0."
        )
    real_only(input, f"{function}(): does not support complex input")
    if isinstance(input, TensorState) and input._data.dtype.kind == "b":
        raise RuntimeError(f"{function}(): does not support bool input")
    return row.straight(input, dim=where if input.ndim else None, keepdim=keepdim)


def argmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The index of the largest element, of the flattened tensor or along `dim`."""
    return _place("argmax", ops.ARGMAX, input, dim, keepdim)


def argmin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The index of the smallest element, of the flattened tensor or along `dim`."""
    return _place("argmin", ops.ARGMIN, input, dim, keepdim)


def _truth(row: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    """A bool tensor, but for uint8, which was PyTorch's type of truth values once."""
    result = row.straight(input, dim=axes(dim, input.ndim), keepdim=keepdim)
    if isinstance(input, TensorState) and input._data.dtype == np.uint8:
        result = result.to(uint8)
    return result


def all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether every element (along `dim`) is non-zero."""
    return _truth(ops.ALL, require_tensor("all", input), dim, keepdim)


def any(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether some element (along `dim`) is non-zero."""
    return _truth(ops.ANY, require_tensor("any", input), dim, keepdim)


def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements are not zero."""
    return ops.COUNT_NONZERO.straight(
        require_tensor("count_nonzero", input), dim=axes(dim, input.ndim)
    )


def _degrees(correction: Any, unbiased: bool | None) -> Any:
    if unbiased is not None:
        return 1 if unbiased else 0
    return 1 if correction is None else correction


def _spread(
    function: str,
    row: Any,
    input: Any,
    dim: Any,
    unbiased: bool | None,
    keepdim: bool,
    correction: Any,
) -> Any:
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    require_tensor(function, input)
    if isinstance(input, TensorState) and input._data.dtype.kind in "iub":
        raise RuntimeError("std and var only support floating point and complex dtypes")
    where = axes(dim, input.ndim)
    degrees = _degrees(correction, unbiased)
    counted = math.prod(input.shape[one] for one in where) if input.numel() else 1
    if degrees >= builtins.max(1, counted):
        warnings.warn(
            f"{function}(): degrees of freedom is <= 0. Correction should be strictly less than "
            "the reduction factor (input numel divided by output numel).",
            UserWarning,
            stacklevel=3,
        )
    return row.straight(input, dim=where, correction=degrees, keepdim=keepdim)


def var(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """The variance over `dim`, divided by N - correction (1 unless given)."""
    return _spread("var", ops.VAR, input, dim, unbiased, keepdim, correction)


def std(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """The standard deviation over `dim`, the root of :func:`var`."""
    return _spread("std", ops.STD, input, dim, unbiased, keepdim, correction)


def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log Σ exp(input) over `dim`, without overflow."""
    require_tensor("logsumexp", input)
    if isinstance(input, TensorState) and input._data.dtype.kind in "iub":
        input = input.to(settings.default_dtype)  # type: ignore[attr-defined]
    return ops.LOGSUMEXP.straight(input, dim=axes(dim, input.ndim), keepdim=keepdim)


def vector_norm(
    x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """(Σ |x|^ord)^(1/ord) over `dim`; the gradient of the zero vector is zero."""
    require_tensor("linalg.vector_norm", x)
    if dtype is not None and not as_dtype(dtype).is_complex and kind_of(x) == "c":
        raise RuntimeError(
            "linalg.vector_norm: dtype should be complex for complex inputs, but got "
            f"{as_dtype(dtype).title}"
        )
    x = _to(x, dtype)
    if isinstance(x, TensorState) and x._data.dtype.kind in "iub":
        title = x.dtype.title  # type: ignore[attr-defined]
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. "
            f"Got {title}"
        )
    order, where = builtins.float(ord), axes(dim, x.ndim)
    if order < 0 or order == math.inf:
        _refuse_norm_of_nothing(x, order, dim, where)
    return ops.VECTOR_NORM.straight(x, ord=order, dim=where, keepdim=keepdim)


def _refuse_norm_of_nothing(x: Any, order: float, dim: Any, where: tuple[int, ...]) -> None:
    shape = tuple(x.shape)
    text = f"{order:g}" if math.isfinite(order) else str(order)
    if dim is None and not math.prod(shape):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {text} norm on an empty tensor because the "
            "operation does not have an identity"
        )
    for one in where:
        if not shape[one]:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {text} norm on the dimension {one}because "
                "this dimension is empty and the operation does not have an identity"
            )


def norm(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The vector norm (the Frobenius norm of a matrix, for p = "fro")."""
    order = 2 if p in (None, "fro") else p
    if isinstance(order, str):
        raise RuntimeError(  # noqa: TRY004 - of the type that PyTorch raises
            f"norm(): p must be a number, inf or 'fro', but got {order!r}"
        )
    return vector_norm(input, order, dim, keepdim, dtype=dtype)


def cumsum(input: Any, dim: Any, *, dtype: Any = None) -> Any:
    """Running sums along `dim`."""
    input = _summable("cumsum", input, dtype)
    return ops.CUMSUM.straight(input, dim=axis(dim, input.ndim))
