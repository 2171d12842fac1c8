"""Running products and sums, differences, and integrals by trapezoids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.dtypes import as_dtype, int64
from autodiff.functions.arguments import axes, axis, is_tensor_like, raw, real_only, require_tensor
from autodiff.functions.indexing import narrow
from autodiff.functions.pointwise import kind_of
from autodiff.functions.reductions import cumsum
from autodiff.functions.shapes import cat
from autodiff.ops import cumulative as ops
from autodiff.ops.pointwise import MUL

__all__ = [
    "cumprod",
    "cumulative_trapezoid",
    "diff",
    "gradient",
    "logcumsumexp",
    "trapezoid",
    "trapz",
]

_BY_NUMBER = MUL.variant("MulBackward1")


def cumprod(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """Running products along a dimension; exact gradients at zeros.

    >>> import autodiff
    >>> cumprod(autodiff.tensor([1, 2, 3]), 0)
    tensor([1, 2, 6])
    """
    require_tensor("cumprod", input)
    if dtype is not None:
        input = input.to(as_dtype(dtype))
    elif kind_of(input) in "iub":
        input = input.to(int64)
    return ops.CUMPROD.straight(input, dim=axis(dim, input.ndim))


def logcumsumexp(input: Any, dim: int) -> Any:
    """The logarithm of running sums of exponentials along a dimension."""
    require_tensor("logcumsumexp", input)
    if kind_of(input) in "iub":
        title = input.dtype.title
        raise NotImplementedError(f"\"logcumsumexp_out_dispatch\" not implemented for '{title}'")
    real_only(input, "logcumsumexp of complex tensors is not here: use cumsum of exp, and log")
    return ops.LOGCUMSUMEXP.straight(input, dim=axis(dim, input.ndim))


def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Differences of neighbours along a dimension, n times over.

    >>> import autodiff
    >>> diff(autodiff.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    if not require_tensor("diff", input).ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    where = axis(dim, input.ndim)
    parts = [part for part in (prepend, input, append) if part is not None]
    found = cat(parts, where) if len(parts) > 1 else input
    if not n:
        return found.clone() if found is input else found
    for _ in range(n):
        size = found.shape[where]
        if not size:
            return found.clone()
        later, before = narrow(found, where, 1, size - 1), narrow(found, where, 0, size - 1)
        found = later != before if kind_of(found) == "b" else later - before
    return found


def _panels(y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    where = axis(dim, require_tensor("trapezoid", y, "y").ndim)
    if not y.shape[where]:
        return narrow(y, where, 0, 0), where
    size = y.shape[where] - 1
    middle = narrow(y, where, 0, size) + narrow(y, where, 1, size)
    if x is None:
        if is_tensor_like(dx):
            return middle * dx / 2, where
        return middle if dx == 2 else middle * (dx / 2), where
    if x.ndim == 1:
        if x.shape[0] != y.shape[where]:
            raise RuntimeError("trapezoid: There must be one `x` value for each sample point")
        width = diff(x).reshape([-1 if k == where else 1 for k in range(y.ndim)])
    else:
        width = diff(x, dim=dim)
    return middle * width / 2, where


def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The integral of the straight lines between neighbours along a dimension.

    x: where they stand; otherwise `dx` (1) apart.
    """
    if x is None and not is_tensor_like(dx):
        middle, where = _panels(y, None, 2, dim)
        return _BY_NUMBER(middle.sum(where), (1 if dx is None else dx) / 2)
    areas, where = _panels(y, x, dx, dim)
    return areas.sum(where)


trapz = trapezoid


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The integral up to each element: see :func:`trapezoid`."""
    areas, where = _panels(y, x, 1 if dx is None else dx, dim)
    return cumsum(areas, where)


def gradient(
    input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1
) -> tuple[Any, ...]:
    """Estimates of the derivative along dimensions: central differences, one-sided at the ends.

    spacing: a number, one for each dimension, or tensors of coordinates. edge_order: 1 or 2.
    """
    require_tensor("gradient", input)
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    along = axes(dim, input.ndim)
    steps = list(spacing) if isinstance(spacing, Sequence) else [spacing] * len(along)
    if len(steps) != len(along):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"equal to 'self.dim() = {input.ndim}', since dim argument was not given, but got a "
            f"list of length {len(steps)}"
        )
    return tuple(
        _slopes(input, where, step, edge_order) for where, step in zip(along, steps, strict=True)
    )


def _slopes(input: Any, where: int, step: Any, edge: int) -> Any:
    size = input.shape[where]
    if size < edge + 1:
        raise RuntimeError(
            "torch.gradient expected each dimension size to be at least edge_order+1"
        )
    if is_tensor_like(step) and step.ndim == 1:
        places = np.asarray(raw(step))
    else:
        places = np.arange(size) * float(raw(step))
    gaps = np.diff(places.astype(raw(input).dtype))

    def at(start: int, length: int = 1) -> Any:
        return narrow(input, where, start, length)

    def shaped(values: Any) -> Any:
        return from_array(
            np.asarray(values).reshape([-1 if k == where else 1 for k in range(input.ndim)])
        )

    parts = []
    before, after = gaps[:-1], gaps[1:]
    if edge == 1:
        parts.append((at(1) - at(0)) / shaped(gaps[:1]))
        last = (at(size - 1) - at(size - 2)) / shaped(gaps[-1:])
    else:
        parts.append(_edge(at, shaped, gaps[0], gaps[1], (0, 1, 2)))
        last = -_edge(at, shaped, gaps[-1], gaps[-2], (size - 1, size - 2, size - 3))
    if size > 2:
        inner = (
            at(0, size - 2) * shaped(-after / (before * (before + after)))
            + at(1, size - 2) * shaped((after - before) / (before * after))
            + at(2, size - 2) * shaped(before / (after * (before + after)))
        )
        parts.append(inner)
    return cat([*parts, last], where)


def _edge(at: Any, shaped: Any, first: Any, second: Any, places: tuple[int, int, int]) -> Any:
    both = first + second
    return (
        at(places[0]) * shaped([-(2 * first + second) / (first * both)])
        + at(places[1]) * shaped([both / (first * second)])
        + at(places[2]) * shaped([-first / (second * both)])
    )
