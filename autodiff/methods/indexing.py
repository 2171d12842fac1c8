"""Methods of `Tensor` that index."""

from __future__ import annotations

from typing import Any

from autodiff.functions import indexing
from autodiff.methods.assignment import assign
from autodiff.state import TensorState

__all__ = ["Indexing"]


class Indexing(TensorState):
    """Methods of `Tensor` that index."""

    __slots__ = ()

    gather = indexing.gather
    index_select = indexing.index_select
    index_put = indexing.index_put
    masked_fill = indexing.masked_fill
    masked_select = indexing.masked_select
    narrow = indexing.narrow
    select = indexing.select
    nonzero = indexing.nonzero

    def __getitem__(self, index: Any) -> Any:
        return indexing.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        assign(self, index, value)
