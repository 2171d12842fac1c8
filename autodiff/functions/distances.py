"""Distances and angles between vectors: compositions of norms and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.arguments import require_tensor
from autodiff.functions.arrangement import broadcast_tensors
from autodiff.functions.indexing import index_select
from autodiff.functions.pointwise import clamp
from autodiff.functions.reductions import vector_norm
from autodiff.functions.shapes import expand, unsqueeze
from autodiff.ops.shapes import CLONE

__all__ = ["cdist", "cosine_similarity", "dist", "normalize", "pairwise_distance", "pdist"]

_DIST = CLONE.variant("DistBackward0")
_CDIST = CLONE.variant("CdistBackward0")
_PAIRWISE = CLONE.variant("NormBackward1")
_PDIST = CLONE.variant("PdistBackward0")


def dist(input: Any, other: Any, p: float = 2) -> Any:
    """The p-norm of the difference of two tensors.

    >>> import autodiff
    >>> dist(autodiff.tensor([0., 3.]), autodiff.tensor([4., 0.]))
    tensor(5.)
    """
    require_tensor("dist", input)
    require_tensor("dist", other, "other", 2)
    return _DIST(vector_norm(input - other, p))


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    """The p-norms of the differences of every row of `x1` and every row of `x2`.

    x1: (…, n, d). x2: (…, m, d). Of the differences themselves, whatever `compute_mode` says.
    """
    for number, one in enumerate((x1, x2), 1):
        if require_tensor("cdist", one, f"x{number}", number).ndim < 2:
            raise RuntimeError(
                f"cdist only supports at least 2D tensors, X{number} got: {one.ndim}D"
            )
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            "X1 and X2 must have the same number of columns. X1: "
            f"{x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    return _CDIST(vector_norm(unsqueeze(x1, -2) - unsqueeze(x2, -3), p, -1))


def pdist(input: Any, p: float = 2.0) -> Any:
    """The p-norms of the differences of every two rows."""
    if require_tensor("pdist", input).ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    one, other = (from_array(index) for index in np.triu_indices(input.shape[0], 1))
    return _PDIST(vector_norm(index_select(input, 0, one) - index_select(input, 0, other), p, -1))


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors along a dimension; norms count as at least eps."""
    require_tensor("cosine_similarity", x1, "x1")
    require_tensor("cosine_similarity", x2, "x2", 2)
    x1, x2 = broadcast_tensors(x1, x2)
    first, second = (
        one / clamp(vector_norm(one, 2, dim, keepdim=True), min=eps) for one in (x1, x2)
    )
    return (first * second).sum(dim)


def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """The p-norms of x1 - x2 + eps over the last dimension."""
    require_tensor("pairwise_distance", x1, "x1")
    require_tensor("pairwise_distance", x2, "x2", 2)
    return _PAIRWISE(vector_norm(x1 - x2 + eps, p, -1, keepdim))


def normalize(
    input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None
) -> Any:
    """Vectors along a dimension over their p-norm, which counts as at least eps.

    >>> import autodiff
    >>> normalize(autodiff.tensor([[3., 4.]]))
    tensor([[0.6000, 0.8000]])
    """
    require_tensor("normalize", input)
    size = clamp(vector_norm(input, p, dim, keepdim=True), min=eps)
    found = input / expand(size, tuple(input.shape))
    return found if out is None else out.copy_(found)
