"""How each row is applied to a whole batch at once: the batch is the first axis.

One table. A rule gets the values, which of them are batched, and the parameters; an elementwise
row needs none, and a row without a rule is applied to one member after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autodiff.dtypes import from_numpy_dtype, result_type
from autodiff.modes import settings
from autodiff.operation import wrap
from autodiff.ops import contraction, indexing, pointwise, reductions, shapes
from autodiff.state import TensorState, storage

__all__ = ["Across", "aligned", "apply"]

Rule = Callable[[Any, list[Any], Sequence[bool], dict[str, Any], int], Any]


class Across(NamedTuple):
    """A parameter with indices of every member, the batch first."""

    array: Any


def apply(
    row: Any, values: Sequence[Any], flags: Sequence[bool], params: dict[str, Any], size: int
) -> Any:
    """`row` for every member of a batch.

    values: the inputs; where a flag is set, with the batch as first axis. Returns tensors with
    the batch as first axis.
    """
    if row.elementwise:
        return row(*aligned(_promoted(row, values, flags), flags), **params)
    rule = RULES.get(row.name)
    if rule is None:
        return _one_by_one(row, list(values), flags, params, size)
    return rule(row, list(values), flags, params, size)


def _ndim(value: Any, flag: bool) -> int:
    """The number of axes of one member."""
    return value._data.ndim - flag if isinstance(value, TensorState) else np.ndim(value)


def aligned(values: Sequence[Any], flags: Sequence[bool]) -> list[Any]:
    """Axes of size one after the batch, so that members are broadcast against each other."""
    rank = max(_ndim(value, flag) for value, flag in zip(values, flags, strict=True))
    return [
        _lifted(value, rank) if flag else value for value, flag in zip(values, flags, strict=True)
    ]


def _lifted(value: Any, rank: int) -> Any:
    shape = tuple(value._data.shape)
    missing = rank - len(shape) + 1
    return _reshaped(value, (shape[0], *(1,) * missing, *shape[1:])) if missing > 0 else value


def _reshaped(value: Any, shape: Sequence[int]) -> Any:
    shape = tuple(shape)
    row = shapes.VIEW if _viewable(value, shape) else shapes.RESHAPE
    return row(value, shape=shape)


def _viewable(value: Any, shape: tuple[int, ...]) -> bool:
    """Whether memory has the values in this shape, under all layers."""
    if value._layered:
        if value._level.batches:
            shape = (value._level.size, *shape)
        return all(_viewable(part, shape) for part in value._parts())
    try:
        np.reshape(storage(value), shape, copy=False)
    except ValueError:
        return False
    return True


def _promoted(row: Any, values: Sequence[Any], flags: Sequence[bool]) -> Sequence[Any]:
    """A member without axes has the say of a 0-d tensor in the result's dtype, as in PyTorch."""
    start = 1 if row.promotion == "where" else 0
    tensors = [
        (value, flag)
        for value, flag in list(zip(values, flags, strict=True))[start:]
        if isinstance(value, TensorState)
    ]
    kinds = {value._data.dtype for value, _ in tensors}
    if len(kinds) < 2 or row.promotion is None:
        return values
    if all(_ndim(value, flag) == 0 for value, flag in tensors):
        return values
    operands: Any = tuple(
        (from_numpy_dtype(value._data.dtype), "dim" if _ndim(value, flag) else "zero")
        for value, flag in tensors
    )
    target = result_type(operands, settings.default_dtype).numpy
    cast = list(values)
    for place, value in enumerate(values):
        if place >= start and isinstance(value, TensorState) and value._data.dtype != target:
            cast[place] = shapes.TO_COPY(value, dtype=target)
    return cast


def _full(value: Any, flag: bool, size: int) -> Any:
    """The value for every member."""
    return value if flag else shapes.EXPAND(value, size=(size, *value._data.shape))


def _one_by_one(
    row: Any, values: list[Any], flags: Sequence[bool], params: dict[str, Any], size: int
) -> Any:
    """The row applied to each member, the results stacked."""
    found = []
    for number in range(max(size, 1)):
        member = [
            _member(value, number, size) if flag else value
            for value, flag in zip(values, flags, strict=True)
        ]
        own = {
            name: value.array[number] if type(value) is Across else value
            for name, value in params.items()
        }
        found.append(row(*member, **own))
    if isinstance(found[0], tuple):
        return tuple(_stacked(part, size) for part in zip(*found, strict=True))
    return _stacked(found, size)


def _member(value: Any, number: int, size: int) -> Any:
    if not size:
        return wrap(np.ones(value._data.shape[1:], value._data.dtype))
    return indexing.SELECT(value, index=(number, ...))


def _stacked(parts: Sequence[Any], size: int) -> Any:
    if not size:
        return shapes.EXPAND(parts[0], size=(1, *parts[0].shape))[:0]
    return shapes.STACK(*parts, dim=0)


def _shift(dim: Any) -> Any:
    return tuple(one + 1 for one in dim) if isinstance(dim, tuple) else dim + 1


def _along(names: Sequence[str]) -> Rule:
    """Rows of one tensor whose parameters of these names count axes."""

    def rule(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
        changed = {**params, **{name: _shift(params[name]) for name in names}}
        return row(values[0], **changed)

    return rule


def _reduce(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    """Rows along `dim`; of a member without axes, along one that is put in for it."""
    value, dim = values[0], params["dim"]
    if dim is None:
        ones = (1,) * (value._data.ndim - 1) if params["keepdim"] else ()
        flat = _reshaped(value, (size, math.prod(value._data.shape[1:])))
        return _reshaped(row(flat, **{**params, "dim": 1}), (size, *ones))
    if value._data.ndim > 1 or isinstance(dim, tuple):
        return row(value, **{**params, "dim": _shift(dim)})
    out = row(_reshaped(value, (size, 1)), **{**params, "dim": 1})
    if isinstance(out, tuple):
        return tuple(_reshaped(one, (size,)) for one in out)
    return _reshaped(out, (size,))


def _unchanged(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    return row(*values, **params)


def _windows_at(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    """Flat positions in windows of every member: the batch is one axis more before these."""
    value, index = _full(values[0], flags[0], size), params["index"]
    shared = type(index) is not Across
    index = np.broadcast_to(index, (size, *index.shape)) if shared else index.array
    return row(value, **{**params, "index": index})


def _view(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    return _reshaped(values[0], (size, *params["shape"]))


def _permute(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    return row(values[0], dims=(0, *_shift(params["dims"])))


def _transpose(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    if values[0]._data.ndim == 1:
        return values[0]
    return row(values[0], dim0=params["dim0"] + 1, dim1=params["dim1"] + 1)


def _t(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    order = range(values[0]._data.ndim)
    return shapes.PERMUTE(values[0], dims=(0, *tuple(order)[:0:-1]))


def _expand(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    return row(_lifted(values[0], len(params["size"])), size=(size, *params["size"]))


def _cat(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    parts = [_full(value, flag, size) for value, flag in zip(values, flags, strict=True)]
    return row(*parts, **{**params, "dim": params["dim"] + 1})


def _roll(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    if params["dims"]:
        return row(values[0], shifts=params["shifts"], dims=_shift(params["dims"]))
    flat = _reshaped(values[0], (size, int(np.prod(values[0].shape[1:]))))
    turned = row(flat, shifts=params["shifts"], dims=(1,) * len(params["shifts"]))
    return _reshaped(turned, values[0].shape)


def _diagonal_put(
    row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int
) -> Any:
    changed = {"dim1": params["dim1"] + 1, "dim2": params["dim2"] + 1}
    return row(values[0], **{**params, **changed, "shape": (size, *params["shape"])})


# indices


def _index(index: Any) -> tuple[tuple[Any, ...], int | None]:
    """The index behind the batch, and where NumPy puts the batch in the result (None: first).

    Index arrays that stand apart come first in a result, before the batch.
    """
    parts = index if isinstance(index, tuple) else (index,)
    places = [k for k, part in enumerate(parts) if isinstance(part, np.ndarray)]
    apart = bool(places) and places[-1] - places[0] + 1 != len(places)
    if not apart:
        return (slice(None), *parts), None
    picked = [
        np.nonzero(part)[0] if part.dtype.kind == "b" else part
        for part in parts
        if isinstance(part, np.ndarray)
    ]
    return (slice(None), *parts), len(np.broadcast_shapes(*(part.shape for part in picked)))


def _batch_first(value: Any, place: int | None) -> Any:
    if not place:
        return value
    order = [axis for axis in range(value._data.ndim) if axis != place]
    return shapes.PERMUTE(value, dims=(place, *order))


def _batch_to(value: Any, place: int | None) -> Any:
    if not place:
        return value
    order = list(range(1, value._data.ndim))
    return shapes.PERMUTE(value, dims=(*order[:place], 0, *order[place:]))


def _getitem(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    index, place = _index(params["index"])
    return _batch_first(row(values[0], index=index), place)


def _put(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    index, place = _index(params["index"])
    shape = (size, *params["shape"])
    return row(_batch_to(values[0], place), shape=shape, index=index)


def _index_put(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    whole = _full(values[0], flags[0], size)
    index, place = _index(params["index"])
    written = values[1]
    if flags[1]:
        probe = np.broadcast_to(np.empty(()), whole.shape)[index]
        written = _batch_to(_lifted(written, probe.ndim - 1), place)
    return row(whole, written, **{**params, "index": index})


def _gather(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    index, value = params["index"], values[0]
    changed = dict(params)
    across = type(index) is Across
    ndim = index.array.ndim - 1 if across else index.ndim
    if "shape" in params:
        if not params["shape"] or not ndim:
            return _one_by_one(row, values, flags, params, size)
        changed["shape"] = (size, *params["shape"])
    elif value._data.ndim == 1 or not ndim:
        return _one_by_one(row, values, flags, params, size)
    whole = index.array if across else np.broadcast_to(index, (size, *index.shape))
    changed["index"] = whole
    changed["dim"] = params["dim"] + 1
    return row(value, **changed)


def _masked_fill(
    row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int
) -> Any:
    rank = max(_ndim(values[0], flags[0]), params["mask"].ndim)
    lifted = [
        _lifted(_full(value, flag, size) if place == 0 else value, rank)
        if flag or place == 0
        else value
        for place, (value, flag) in enumerate(zip(values, flags, strict=True))
    ]
    return row(*lifted, **params)


def _nll(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    spread = {
        name: None if params[name] is None else np.broadcast_to(
            params[name], (size, *params[name].shape)
        )
        for name in ("index", "scales")
    }  # fmt: skip
    each = {**params, **spread, "total": None, "reduce": False, "dim": params["dim"] + 1}
    losses = row(values[0], **each)
    if not params["reduce"]:
        return losses
    summed = reductions.SUM(losses, dim=tuple(range(1, losses.ndim)), keepdim=False)
    total = params["total"]
    return summed if total is None else pointwise.DIV_NUMBER(summed, float(total))


def _mse(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    squares = row(*aligned(values, flags), reduction="none")
    if params["reduction"] == "none":
        return squares
    reduce = reductions.MEAN if params["reduction"] == "mean" else reductions.SUM
    return reduce(squares, dim=tuple(range(1, squares.ndim)), keepdim=False)


# products


def _matmul(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    x, y = values
    x_rank, y_rank = _ndim(x, flags[0]), _ndim(y, flags[1])
    if x_rank == 1:
        x = shapes.UNSQUEEZE(x, dim=x._data.ndim - 1)
    if y_rank == 1:
        y = shapes.UNSQUEEZE(y, dim=y._data.ndim)
    rank = max(x_rank, y_rank, 2)
    x = _lifted(x, rank) if flags[0] else x
    y = _lifted(y, rank) if flags[1] else y
    product = contraction.MATMUL(x, y)
    axes = product._data.ndim
    gone = tuple(axis for axis, one in ((axes - 2, x_rank), (axes - 1, y_rank)) if one == 1)
    return shapes.SQUEEZE(product, dim=gone) if gone else product


def _einsum(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    used = set(params["x_axes"] + params["y_axes"] + params["out_axes"])
    fresh = next(chr(code) for code in range(ord("A"), 0x10000) if chr(code) not in used)
    x_axes = (fresh if flags[0] else "") + params["x_axes"]
    y_axes = (fresh if flags[1] else "") + params["y_axes"]
    return row(*values, x_axes=x_axes, y_axes=y_axes, out_axes=fresh + params["out_axes"])


def _addmm(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    z, x, y = values
    product = _matmul(contraction.MATMUL, [x, y], flags[1:], {}, size)
    if not (flags[1] or flags[2]):
        product = contraction.MATMUL(x, y)
    product = product if params["alpha"] == 1 else product * params["alpha"]
    base = z if params["beta"] == 1 else z * params["beta"]
    pair = aligned([base, product], [flags[0], flags[1] or flags[2]])
    return pointwise.ADD(*pair)


def _linear(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    x, weight, bias = values
    if _ndim(weight, flags[1]) > 1:
        last = weight._data.ndim
        weight = shapes.TRANSPOSE(weight, dim0=last - 2, dim1=last - 1)
    either = flags[0] or flags[1]
    if either:
        product = _matmul(contraction.MATMUL, [x, weight], flags[:2], {}, size)
    else:
        product = contraction.MATMUL(x, weight)
    if bias is None:
        return product
    return pointwise.ADD(*aligned([product, bias], [either, flags[2]]))


def _transform(row: Any, values: list[Any], flags: Any, params: dict[str, Any], size: int) -> Any:
    return row(values[0], **params)  # its dimensions count from the end


RULES: dict[str, Rule] = {
    **dict.fromkeys(("fft_c2c", "fft_r2c", "fft_c2r"), _transform),
    **dict.fromkeys(
        (
            "sum", "mean", "prod", "amax", "amin", "max", "min", "var", "std", "logsumexp",
            "linalg_vector_norm", "all", "any", "count_nonzero", "argmax", "argmin", "cumsum",
            "softmax", "log_softmax", "sort", "argsort", "topk", "argkth",
            "argmedian",
        ),
        _reduce,
    ),
    **dict.fromkeys(("clone", "contiguous", "to", "tril", "triu", "zero", "pad"), _unchanged),
    **dict.fromkeys(("avg_pool2d", "avg_pool2d_backward", "max_pool2d"), _unchanged),
    **dict.fromkeys(("im2col", "col2im"), _unchanged),
    **dict.fromkeys(("max_pool2d_gather", "max_pool2d_backward"), _windows_at),
    **dict.fromkeys(("view", "reshape"), _view),
    **dict.fromkeys(("squeeze", "unsqueeze", "split", "unbind"), _along(("dim",))),
    **dict.fromkeys(("cat", "stack"), _cat),
    **dict.fromkeys(("select", "slice", "getitem", "index_select"), _getitem),
    **dict.fromkeys(("gather", "gather_backward"), _gather),
    **dict.fromkeys(("mm", "bmm", "mv", "dot", "matmul"), _matmul),
    "permute": _permute,
    "transpose": _transpose,
    "t": _t,
    "expand": _expand,
    "flip": _along(("dims",)),
    "roll": _roll,
    "diagonal": _along(("dim1", "dim2")),
    "diagonal_backward": _diagonal_put,
    "getitem_backward": _put,
    "index_put": _index_put,
    "masked_fill": _masked_fill,
    "nll_loss": _nll,
    "mse_loss": _mse,
    "einsum": _einsum,
    "addmm": _addmm,
    "linear": _linear,
}  # fmt: skip
