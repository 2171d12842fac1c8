"""`out=`: the result of a function written into a tensor that is there already."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

from autodiff import errors
from autodiff.inplace import check_dtype, check_overlap, overwrite
from autodiff.modes import grad_mode, is_grad_enabled
from autodiff.state import TensorState
from autodiff.unusual import refuse_inference_write
from autodiff.views import requires_grad

__all__ = ["WITH_OUT", "with_out"]

F = TypeVar("F", bound=Callable[..., Any])


def with_out(function: F) -> F:
    """The function with PyTorch's `out=`.

    Raises RuntimeError where a gradient would be lost, where the dtype cannot be stored, and
    where the result would overwrite what is read.

    >>> import autodiff
    >>> kept = autodiff.empty(2)
    >>> autodiff.add(autodiff.ones(2), 1, out=kept) is kept, kept
    (True, tensor([2., 2.]))
    """

    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if out is None:
            return function(*args, **kwargs)
        return _into(function, args, kwargs, out)

    return cast(F, call)


def _tensors(parts: Any) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, TensorState):
            yield part
        elif isinstance(part, list | tuple):
            yield from _tensors(part)


def _into(function: Any, args: Any, kwargs: Any, out: Any) -> Any:
    name = function.__name__
    targets = out if isinstance(out, tuple | list) else (out,)
    for target in targets:
        if not isinstance(target, TensorState):
            kind = type(target).__name__.replace("ndarray", "numpy.ndarray")
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {kind}")
    inputs = list(_tensors((*args, *kwargs.values())))
    if is_grad_enabled() and any(requires_grad(one) for one in (*inputs, *targets)):
        raise RuntimeError(errors.OUT_GRAD.format(name))
    with grad_mode(False):
        found = function(*args, **kwargs)
    results = found if isinstance(found, tuple) else (found,)
    for target, result in zip(targets, results, strict=True):
        if target.shape == result.shape:
            check_overlap(target, inputs)
        check_dtype(target, result._data)
        refuse_inference_write(target)
        _fit(target, result)
        overwrite(target, result._data)
    return type(found)(targets) if hasattr(found, "_fields") else out


def _fit(target: Any, result: Any) -> None:
    """Give the target the result's shape, with PyTorch's warning if something was in it."""
    found, wanted = target._data.shape, result._data.shape
    if found == wanted:
        return
    if target._data.size:
        warnings.warn(
            errors.OUT_RESIZED.format(list(found), list(wanted)), UserWarning, stacklevel=5
        )
    target._resized(wanted, written=True)


# PyTorch's functions that take `out=`, of those that are here
WITH_OUT = tuple(
    """
    abs absolute add addcdiv addcmul addmm all amax amin any argmax argmin bitwise_and bitwise_not
    bitwise_or bitwise_xor bmm cat clamp clamp_max clamp_min clip concat cos cosh
    angle complex conj_physical polar vdot
    cumsum div divide dot eq erf exp expm1 floor floor_divide gather ge greater greater_equal gt
    index_add index_copy index_select le lerp less less_equal log log1p logical_and logical_not
    logical_or logical_xor logsumexp lt masked_select matmul max maximum mean min minimum mm mul
    multiply mv ne neg negative norm not_equal outer pow prod reciprocal remainder round rsqrt
    scatter scatter_add sgn sigmoid sign sin sinh sort sqrt square stack std sub subtract sum take
    take_along_dim tan tanh topk tril triu true_divide var where
    acos acosh asin asinh atan atan2 atanh ceil deg2rad erfc exp2 fix frac hypot log10 log2
    logaddexp rad2deg trunc
    """.split()  # noqa: SIM905 - a page of quotation marks says less
)
