"""NumPy's functions, by their full names, in terms of the functions here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import likes
from autodiff.functions import (
    contraction,
    indexing,
    pointwise,
    reductions,
    shapes,
    sorting,
    writing,
)
from autodiff.functions.arguments import axes
from autodiff.operation import wrap
from autodiff.state import TensorState, storage

__all__ = ["FUNCTIONS"]

FUNCTIONS: dict[str, Callable[..., Any]] = {}


def _numpy(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            FUNCTIONS[f"numpy.{name}"] = function
        return function

    return enter


def _t(value: Any) -> Any:
    return value if isinstance(value, TensorState) else wrap(np.array(value))


def _ts(values: Any) -> list[Any]:
    return [_t(one) for one in values]


@_numpy("sum")
def _sum(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    dims = tuple(range(_t(a).ndim)) if axis is None and keepdims else axis
    return reductions.sum(_t(a), dims, keepdims, dtype=dtype)


def _over(function: Any, a: Any, axis: Any, keepdims: bool) -> Any:
    """A reduction of one dimension at a time."""
    x = _t(a)
    for one in sorted(axes(axis, x.ndim), reverse=True):
        x = function(x, one, keepdims)
    return x


@_numpy("prod")
def _prod(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    result = _over(reductions.prod, a, axis, keepdims)
    return result if dtype is None else result.to(dtype)


@_numpy("all")
def _all(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _over(reductions.all, _t(a) != 0, axis, keepdims)


@_numpy("any")
def _any(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _over(reductions.any, _t(a) != 0, axis, keepdims)


@_numpy("mean")
def _mean(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    x = _t(a)
    dims = tuple(range(x.ndim)) if axis is None and keepdims else axis
    if dtype is None and x._data.dtype.kind in "iub":
        dtype = np.float64  # NumPy's choice
    return reductions.mean(x, dims, keepdims, dtype=dtype)


@_numpy("std")
def _std(a: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return reductions.std(_t(a), axis, keepdim=keepdims, correction=ddof)


@_numpy("var")
def _var(a: Any, axis: Any = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return reductions.var(_t(a), axis, keepdim=keepdims, correction=ddof)


@_numpy("max", "amax")
def _max(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return reductions.amax(_t(a), () if axis is None else axis, keepdims)


@_numpy("min", "amin")
def _min(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return reductions.amin(_t(a), () if axis is None else axis, keepdims)


@_numpy("argmax")
def _argmax(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return reductions.argmax(_t(a), axis, keepdims)


@_numpy("argmin")
def _argmin(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return reductions.argmin(_t(a), axis, keepdims)


@_numpy("cumsum")
def _cumsum(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    x = _t(a)
    return reductions.cumsum(x.reshape(-1) if axis is None else x, axis or 0, dtype=dtype)


@_numpy("count_nonzero")
def _count_nonzero(a: Any, axis: Any = None) -> Any:
    return reductions.count_nonzero(_t(a), axis)


@_numpy("reshape")
def _reshape(a: Any, /, shape: Any = None, order: str = "C") -> Any:
    if order != "C":
        raise TypeError(f"np.reshape() of tensors knows order='C' only; got {order!r}")
    return shapes.reshape(_t(a), *(shape if isinstance(shape, tuple | list) else (shape,)))


@_numpy("ravel")
def _ravel(a: Any, order: str = "C") -> Any:
    return _reshape(a, (-1,), order)


@_numpy("transpose", "permute_dims")
def _transpose(a: Any, axes: Any = None) -> Any:
    x = _t(a)
    return shapes.permute(x, *(tuple(range(x.ndim))[::-1] if axes is None else axes))


@_numpy("matrix_transpose")
def _matrix_transpose(x: Any, /) -> Any:
    return shapes.transpose(_t(x), -2, -1)


@_numpy("swapaxes")
def _swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    return shapes.transpose(_t(a), axis1, axis2)


@_numpy("moveaxis")
def _moveaxis(a: Any, source: Any, destination: Any) -> Any:
    return shapes.movedim(_t(a), source, destination)


@_numpy("squeeze")
def _squeeze(a: Any, axis: Any = None) -> Any:
    return shapes.squeeze(_t(a), axis)


@_numpy("expand_dims")
def _expand_dims(a: Any, axis: Any) -> Any:
    x = _t(a)
    given = axis if isinstance(axis, tuple) else (axis,)
    whole = x.ndim + len(given)
    for one in sorted(one % whole for one in given):
        x = shapes.unsqueeze(x, one)
    return x


@_numpy("broadcast_to")
def _broadcast_to(array: Any, shape: Any) -> Any:
    return shapes.expand(_t(array), shape)


@_numpy("concatenate", "concat")
def _concatenate(arrays: Any, /, axis: Any = 0) -> Any:
    parts = _ts(arrays)
    if axis is None:
        return shapes.cat([one.reshape(-1) for one in parts], 0)
    return shapes.cat(parts, axis)


@_numpy("stack")
def _stack(arrays: Any, axis: int = 0) -> Any:
    return shapes.stack(_ts(arrays), axis)


@_numpy("vstack")
def _vstack(tup: Any) -> Any:
    return shapes.cat([t.reshape(1, -1) if t.ndim < 2 else t for t in _ts(tup)], 0)


@_numpy("hstack")
def _hstack(tup: Any) -> Any:
    parts = [t.reshape(1) if not t.ndim else t for t in _ts(tup)]
    return shapes.cat(parts, 0 if parts[0].ndim == 1 else 1)


@_numpy("column_stack")
def _column_stack(tup: Any) -> Any:
    return shapes.cat([t.reshape(-1, 1) if t.ndim < 2 else t for t in _ts(tup)], 1)


@_numpy("split")
def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    x = _t(ary)
    size = x.shape[axis]
    if isinstance(indices_or_sections, int):
        if size % indices_or_sections:
            raise ValueError("array split does not result in an equal division")
        return list(shapes.split(x, size // indices_or_sections, axis))
    stops = [*indices_or_sections, size]
    starts = [0, *indices_or_sections]
    return list(shapes.split(x, [b - a for a, b in zip(starts, stops, strict=True)], axis))


@_numpy("where")
def _where(condition: Any, /, *choices: Any) -> Any:
    test = _t(condition)
    test = test if test._data.dtype.kind == "b" else test != 0
    if not choices:
        return test.nonzero(as_tuple=True)
    x, y = (one if isinstance(one, int | float | complex) else _t(one) for one in choices)
    return pointwise.where(test, x, y)


@_numpy("clip")
def _clip(
    a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    low, high = (_t(one) if isinstance(one, np.ndarray) else one for one in (low, high))
    return pointwise.clamp(_t(a), low, high)


@_numpy("dot")
def _dot(a: Any, b: Any) -> Any:
    first, second = _t(a), _t(b)
    if not first.ndim or not second.ndim:
        return first * second
    if second.ndim <= 2:
        return contraction.matmul(first, second)
    raise TypeError("np.dot() of tensors knows up to two dimensions of b: use np.matmul or einsum")


@_numpy("inner")
def _inner(a: Any, b: Any) -> Any:
    first, second = _t(a), _t(b)
    if not first.ndim or not second.ndim:
        return first * second
    return contraction.einsum(
        "...i,ji->...j" if second.ndim == 2 else "...i,i->...", first, second
    )


@_numpy("outer")
def _outer(a: Any, b: Any) -> Any:
    return contraction.outer(_t(a).reshape(-1), _t(b).reshape(-1))


@_numpy("einsum")
def _einsum(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    return contraction.einsum(subscripts, *_ts(operands))


@_numpy("linalg.norm")
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    tensor = _t(x)
    if ord is not None and not (tensor.ndim == 1 or isinstance(axis, int)):
        raise TypeError("np.linalg.norm() of tensors knows vector norms: use autodiff.linalg")
    return reductions.norm(tensor, 2 if ord is None else ord, axis, keepdims)


@_numpy("tril")
def _tril(m: Any, k: int = 0) -> Any:
    return shapes.tril(_t(m), k)


@_numpy("triu")
def _triu(m: Any, k: int = 0) -> Any:
    return shapes.triu(_t(m), k)


@_numpy("diagonal")
def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return shapes.diagonal(_t(a), offset, axis1, axis2)


@_numpy("trace")
def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return shapes.diagonal(_t(a), offset, axis1, axis2).sum(-1)


@_numpy("flip")
def _flip(m: Any, axis: Any = None) -> Any:
    return shapes.flip(_t(m), dims=axes(axis, _t(m).ndim))


@_numpy("roll")
def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    return shapes.roll(_t(a), shift, axis)


@_numpy("sort")
def _sort(a: Any, axis: Any = -1, *, stable: Any = None) -> Any:
    x = _t(a)
    return sorting.sort(x.reshape(-1) if axis is None else x, -1 if axis is None else axis)[0]


@_numpy("argsort")
def _argsort(a: Any, axis: Any = -1, *, stable: Any = None) -> Any:
    x = _t(a)
    return sorting.argsort(x.reshape(-1) if axis is None else x, -1 if axis is None else axis)


@_numpy("take")
def _take(a: Any, indices: Any, axis: Any = None) -> Any:
    x, index = _t(a), _t(indices)
    if axis is None:
        return writing.take(x, index)
    picked = indexing.index_select(x, axis, index.reshape(-1))
    where = axis % x.ndim
    return picked.reshape(*x.shape[:where], *index.shape, *x.shape[where + 1 :])


@_numpy("take_along_axis")
def _take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    return writing.take_along_dim(_t(arr), _t(indices), axis)


@_numpy("round", "around")
def _round(a: Any, decimals: int = 0) -> Any:
    return pointwise.round(_t(a), decimals=decimals)


@_numpy("copy")
def _copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    return shapes.clone(_t(a))


@_numpy("zeros_like")
def _zeros_like(a: Any, dtype: Any = None) -> Any:
    return likes.zeros_like(_t(a), dtype=dtype)


@_numpy("ones_like")
def _ones_like(a: Any, dtype: Any = None) -> Any:
    return likes.ones_like(_t(a), dtype=dtype)


@_numpy("empty_like")
def _empty_like(prototype: Any, dtype: Any = None) -> Any:
    return likes.empty_like(_t(prototype), dtype=dtype)


@_numpy("full_like")
def _full_like(a: Any, fill_value: Any, dtype: Any = None) -> Any:
    return likes.full_like(_t(a), fill_value, dtype=dtype)


@_numpy("shape")
def _shape(a: Any) -> Any:
    return tuple(_t(a).shape)


@_numpy("ndim")
def _ndim(a: Any) -> Any:
    return _t(a).ndim


@_numpy("size")
def _size(a: Any, axis: Any = None) -> Any:
    return _t(a).numel() if axis is None else _t(a).shape[axis]


@_numpy("iscomplexobj")
def _iscomplexobj(x: Any) -> Any:
    return _t(x).is_complex()


def _told(function: Any) -> Callable[..., Any]:
    """A function that tells something about values, and gives no numbers to differentiate."""

    def tell(*args: Any, **given: Any) -> Any:
        bare = [storage(one) if isinstance(one, TensorState) else one for one in args]
        return function(*bare, **given)

    return tell


for _name in ("allclose", "array_equal", "isclose", "array_repr", "array_str", "array2string"):
    FUNCTIONS[f"numpy.{_name}"] = _told(getattr(np, _name))
FUNCTIONS["numpy.nonzero"] = lambda a: _t(a).nonzero(as_tuple=True)
