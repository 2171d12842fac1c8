"""Rows that read and write at indices."""

from __future__ import annotations

from typing import Any

from autodiff.kernels.picking import pick, pick_slices
from autodiff.kernels.scatter import add_at, assign_at, placed, put_along, take_along
from autodiff.primitive import Primitive, primitive

__all__ = [
    "ALIAS",
    "GATHER",
    "GATHER_PUT",
    "INDEX",
    "INDEX_PUT",
    "INDEX_SELECT",
    "MASKED_FILL",
    "MASKED_FILL_TENSOR",
    "MASKED_SELECT",
    "NEW_AXES",
    "PUT",
    "SELECT",
    "SLICE",
]

# `index` is what NumPy understands between the brackets; arrays in it are integer or bool.


def _put_rule(g: Any, x_shape: Any, index: Any) -> Any:
    return PUT(g, shape=tuple(x_shape), index=index)


def _place_rule(g: Any, x_shape: Any, index: Any) -> Any:
    """The same of a view, whose index names nothing twice."""
    found = placed(g, x_shape, index)
    return _put_rule(g, x_shape, index) if found is None else found


SELECT = primitive(
    "select",
    "SelectBackward0",
    lambda x, index: x[index],
    (_place_rule,),
    inputs=("x",),
    linear=True,
    view=True,
)
SLICE = primitive(
    "slice",
    "SliceBackward0",
    lambda x, index: x[index],
    (_place_rule,),
    inputs=("x",),
    linear=True,
    view=True,
)
ALIAS = SLICE.variant("AliasBackward0")
NEW_AXES = SLICE.variant("UnsqueezeBackward0")
INDEX = primitive(
    "getitem",
    "IndexBackward0",
    lambda x, index: pick(x, index),
    (_put_rule,),
    inputs=("x",),
    linear=True,
)
MASKED_SELECT = INDEX.variant("MaskedSelectBackward0")
INDEX_SELECT = primitive(
    "index_select",
    "IndexSelectBackward0",
    lambda x, index: pick_slices(x, index),
    (_put_rule,),
    inputs=("x",),
    linear=True,
)
PUT = primitive(  # zeros, with x added at the index: the transpose of reading there
    "getitem_backward",
    "IndexPutBackward0",
    lambda xp, x, shape, index: add_at(xp, xp.zeros(shape, dtype=x.dtype), index, x),
    (lambda g, index: _read(g, index),),
    linear=True,
)


def _read(x: Any, index: Any) -> Any:
    return INDEX(x, index=index)


def _index_put_base_rule(g: Any, index: Any, accumulate: bool) -> Any:
    return g if accumulate else INDEX_PUT(g, 0, index=index, accumulate=False)


INDEX_PUT = primitive(
    "index_put",
    "IndexPutBackward0",
    lambda xp, x, values, index, accumulate: (add_at if accumulate else assign_at)(
        xp, xp.asarray(x, copy=True), index, values
    ),
    (
        _index_put_base_rule,
        lambda g, index: _read(g, index),
    ),
    broadcasts=True,
    linear=True,
)


def _gather_rule(g: Any, x_shape: Any, index: Any, dim: int) -> Any:
    return GATHER_PUT(g, shape=tuple(x_shape), index=index, dim=dim)


GATHER: Primitive = primitive(
    "gather",
    "GatherBackward0",
    lambda xp, x, index, dim: take_along(xp, x, index, dim),
    (_gather_rule,),
    inputs=("x",),
    linear=True,
)


GATHER_PUT: Primitive = primitive(
    "gather_backward",
    "GatherBackwardBackward0",
    lambda xp, x, shape, index, dim: put_along(xp, x, shape, index, dim),
    (lambda g, index, dim: GATHER(g, index=index, dim=dim),),
    inputs=("x",),
    linear=True,
)
MASKED_FILL = primitive(
    "masked_fill",
    "MaskedFillBackward0",
    lambda xp, x, value, mask: xp.where(mask, xp.astype(xp.asarray(value), x.dtype), x),
    (
        lambda xp, g, mask: xp.where(mask, 0, g),
        lambda xp, g, mask: xp.where(mask, g, 0),
    ),
    broadcasts=True,
    linear=True,
)
MASKED_FILL_TENSOR = MASKED_FILL.variant("MaskedFillBackward1")
