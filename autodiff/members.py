"""Functions of batched indices: what no row can do, since a row's indices are plain arrays.

Where the batch can be worked into the index, that is one call; otherwise the function is called
for one member after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.creation import from_array
from autodiff.functions import indexing, losses, pointwise, scattering, shapes, writing
from autodiff.state import TensorState
from autodiff.trees import flatten

__all__ = ["BY_ROWS", "ONE_BY_ONE", "by_loop", "quick"]


def quick(name: str, args: tuple[Any, ...], size: int, ranks: tuple[Any, ...]) -> Any:
    """The function on a whole batch, the first axis of `args`; NotImplemented without a way.

    ranks: for each leaf of the arguments the number of axes of one member, None if not batched.
    """
    rule = _QUICK.get(name)
    return NotImplemented if rule is None else rule(args, size, ranks)


def by_loop(function: Callable[..., Any], members: list[tuple[Any, ...]]) -> Any:
    """The function of each member, stacked."""
    found = [function(*one) for one in members]
    shape = found[0].shape
    if any(one.shape != shape for one in found):
        raise errors.vmap_shapes(function.__name__)
    return shapes.stack(found)


def assigned(tensor: Any, index: Any, value: Any) -> Any:
    """A copy in which `value` was assigned at the index."""
    copy = shapes.clone(tensor)
    copy[index] = value
    return copy


def _whole(value: Any, size: int, rank: Any) -> Any:
    return value if rank is not None else value.expand(size, *value.shape)


def _gather(args: tuple[Any, ...], size: int, ranks: tuple[Any, ...]) -> Any:
    input, dim, index = args
    full = _whole(input, size, ranks[0])
    if full.ndim == 1 or ranks[2] == 0:
        return NotImplemented
    return indexing.gather(full, dim + 1 if dim >= 0 else dim, index)


def _getitem(args: tuple[Any, ...], size: int, ranks: tuple[Any, ...]) -> Any:
    """Index tensors in front: the batch becomes one index more."""
    input, index = args
    parts = index if isinstance(index, tuple) else (index,)
    if flatten(parts)[0] != list(parts) and len(flatten(parts)[0]) != len(parts):
        return NotImplemented
    tensors = [part for part in parts if isinstance(part, TensorState)]
    if len(tensors) != len(parts) or any(part._data.dtype.kind == "b" for part in tensors):
        return NotImplemented
    if ranks[0] is None and all(rank is not None for rank in ranks[1:]) and len(parts) == 1:
        return input[index]
    most = max(part.ndim - (rank is not None) for part, rank in zip(parts, ranks[1:], strict=True))
    lifted = []
    for part, rank in zip(parts, ranks[1:], strict=True):
        if rank is None:
            lifted.append(part)
        else:
            lifted.append(part.reshape(size, *(1,) * (most - rank), *part.shape[1:]))
    if ranks[0] is None:
        return input[tuple(lifted)]
    members = from_array(np.arange(size).reshape(size, *(1,) * most))
    return input[(members, *lifted)]


def _scattered(name: str) -> Callable[..., Any]:
    """Of every member the batch, too: the dimension is one further."""
    function = ALONG[name]

    def rule(args: tuple[Any, ...], size: int, ranks: tuple[Any, ...]) -> Any:
        input, dim, index, *rest = args
        leaves = flatten(args)[0]
        at = {id(one): rank for one, rank in zip(leaves, ranks, strict=True)}
        inner = [at[id(one)] if at[id(one)] is not None else one.ndim for one in (input, index)]
        if 0 in inner or any(isinstance(one, TensorState) and at[id(one)] == 0 for one in rest):
            return NotImplemented
        full = [
            _whole(one, size, at[id(one)]) if isinstance(one, TensorState) else one
            for one in (input, index, *rest)
        ]
        return function(full[0], dim + 1 if dim >= 0 else dim, *full[1:])

    return rule


def _scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool
) -> Any:
    return scattering.scatter_reduce(input, dim, index, src, reduce, include_self=include_self)


def _index_reduce(
    input: Any, dim: int, index: Any, source: Any, reduce: str, include_self: bool
) -> Any:
    return scattering.index_reduce(input, dim, index, source, reduce, include_self=include_self)


def _scatter(input: Any, dim: int, index: Any, src: Any, value: Any) -> Any:
    return writing.scatter(input, dim, index, src, value=value)


def _index_add(input: Any, dim: int, index: Any, source: Any, alpha: Any) -> Any:
    return writing.index_add(input, dim, index, source, alpha=alpha)


# where `dim` and an index of as many axes as the input say where to
ALONG: dict[str, Callable[..., Any]] = {
    "scatter": _scatter,
    "scatter_add": writing.scatter_add,
    "scatter_reduce": _scatter_reduce,
}
_QUICK: dict[str, Callable[..., Any]] = {"gather": _gather, "getitem": _getitem}
_QUICK.update({name: _scattered(name) for name in ALONG})


def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices at batched indices along `dim`."""
    return input.movedim(dim, 0)[index].movedim(0, dim)


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """A copy with `value` where a batched mask is true."""
    return pointwise.where(mask, value, input)


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """The loss for batched targets, from rows alone."""
    dim = 0 if input.ndim == 1 else 1
    kept = target != ignore_index
    safe = pointwise.where(kept, target, 0)
    found = -indexing.gather(input, dim, safe.unsqueeze(dim)).squeeze(dim)
    scale = kept.to(input.dtype) if weight is None else weight[safe] * kept
    found = pointwise.where(kept, found * scale, 0)
    if reduction == "none":
        return found
    return found.sum() if reduction == "sum" else found.sum() / scale.sum()


BY_ROWS: dict[str, Callable[..., Any]] = {
    "index_select": index_select,
    "masked_fill": masked_fill,
    "nll_loss": nll_loss,
}
ONE_BY_ONE: dict[str, Callable[..., Any]] = {
    "assign": assigned,
    "gather": indexing.gather,
    "getitem": indexing.getitem,
    "index_put": indexing.index_put,
    "cross_entropy": losses.cross_entropy,
    "index_add": _index_add,
    "index_copy": writing.index_copy,
    "index_fill": writing.index_fill,
    "index_reduce": _index_reduce,
    "put": writing.put,
    "take": writing.take,
    **ALONG,
}
