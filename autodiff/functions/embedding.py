"""Rows of a table by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import BatchedData
from autodiff.functions.arguments import raw, real_only, require_tensor
from autodiff.modes import is_grad_enabled, no_grad
from autodiff.operation import legacy_name
from autodiff.ops import embedding as ops
from autodiff.primitive import handed_over
from autodiff.state import TensorState
from autodiff.views import requires_grad

__all__ = ["embedding"]


@handed_over
def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """The rows of `weight` with the numbers in `input`.

    input: an integer tensor of any shape. weight: (number of rows, width). The row `padding_idx`
    gets no gradient. max_norm: rows used whose norm is larger are scaled down, in place, before.
    scale_grad_by_freq: the gradient of a row is divided by how often it was used. sparse: is
    accepted; gradients are dense. Raises IndexError for a number outside of the table.

    >>> import autodiff as torch
    >>> table = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> torch.nn.functional.embedding(torch.tensor([1, 0]), table)
    tensor([[3., 4.],
            [1., 2.]])
    """
    require_tensor("embedding", input, "indices", 2)
    require_tensor("embedding", weight, "weight", 1)
    if padding_idx is not None:
        if not -weight.shape[0] <= padding_idx < weight.shape[0]:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= weight.shape[0]
    if weight.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    try:
        index = np.asarray(raw(input))
    except BatchedData:
        return weight[input]  # under vmap: indexing has rules for batches
    if index.dtype not in (np.int64, np.int32):
        found = "CPUBoolType" if index.dtype == bool else legacy_name(index).split(" ")[0]
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got {found} instead (while checking "
            "arguments for embedding)"
        )
    if index.size and (index.min() < 0 or index.max() >= weight.shape[0]):
        raise IndexError("index out of range in self")
    if isinstance(weight, TensorState) and is_grad_enabled() and requires_grad(weight):
        real_only(
            weight,
            "embedding does not support automatic differentiation for outputs with complex dtype.",
        )
    if max_norm is not None:
        _renormalise(weight, index, max_norm, norm_type)
    return ops.EMBEDDING.straight(
        weight, index=index, scales=_scales(index, weight, padding_idx, scale_grad_by_freq)
    )


def _scales(index: Any, weight: Any, padding_idx: int | None, by_frequency: bool) -> Any:
    """By what the cotangent of each place is multiplied; None if by one everywhere."""
    if padding_idx is None and not by_frequency:
        return None
    scales = np.ones(index.shape, raw(weight).dtype)
    if by_frequency:
        scales /= np.bincount(index.reshape(-1), minlength=1)[index]
    if padding_idx is not None:
        scales[index == padding_idx] = 0
    return scales[..., None]


def _renormalise(weight: Any, index: Any, max_norm: float, norm_type: float) -> None:
    """Scale rows down to a norm, in place, as PyTorch does before it looks them up."""
    with no_grad():
        rows = np.unique(index)
        used = weight.detach()[rows]
        norms = np.linalg.norm(np.asarray(raw(used)), norm_type, axis=1)
        large = norms > max_norm
        scales = np.where(large, max_norm / (norms + 1e-7), 1).astype(norms.dtype)
        if large.any():
            weight[rows[large]] = used[large] * scales[large][:, None]
