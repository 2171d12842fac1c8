"""Methods of `Tensor` that read its memory with other strides."""

from __future__ import annotations

from typing import Any

from autodiff.functions import strided
from autodiff.methods.variants import viewed_in_place
from autodiff.state import TensorState

__all__ = ["Strided"]


class Strided(TensorState):
    """Methods of `Tensor` that read its memory with other strides."""

    __slots__ = ()

    as_strided = strided.as_strided
    unfold = strided.unfold

    def as_strided_(self, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
        return viewed_in_place(
            "as_strided_", strided.as_strided, self, size, stride, storage_offset
        )
