"""Looking up rows of a table, for speed: its transpose adds rows up after sorting them."""

from __future__ import annotations

from typing import Any

from autodiff.kernels.scatter import add_rows_to_zeros, take_rows
from autodiff.primitive import Primitive, primitive

__all__ = ["EMBEDDING", "EMBEDDING_PUT"]


def _rule(g: Any, x_shape: Any, index: Any, scales: Any) -> Any:
    return EMBEDDING_PUT(g, shape=tuple(x_shape), index=index, scales=scales)


# index: rows of the table. scales: by what the cotangent of each place is multiplied, or None.
EMBEDDING: Primitive = primitive(
    "embedding",
    "EmbeddingBackward0",
    lambda x, index, scales: take_rows(x, index),
    (_rule,),
    inputs=("x",),
    linear=True,
)


def _put(xp: Any, x: Any, shape: tuple[int, ...], index: Any, scales: Any) -> Any:
    return add_rows_to_zeros(shape, index, x if scales is None else x * xp.asarray(scales))


def _put_rule(xp: Any, g: Any, index: Any, scales: Any) -> Any:
    rows = EMBEDDING(g, index=index, scales=scales)
    return rows if scales is None else rows * xp.asarray(scales)


EMBEDDING_PUT: Primitive = primitive(
    "embedding_backward",
    "EmbeddingDenseBackwardBackward0",
    _put,
    (_put_rule,),
    inputs=("x",),
    linear=True,
)
