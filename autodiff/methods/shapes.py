"""Methods of `Tensor` that rearrange."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from autodiff.functions import shapes
from autodiff.state import TensorState

__all__ = ["Shapes"]


class Shapes(TensorState):
    """Methods of `Tensor` that rearrange."""

    __slots__ = ()

    view = shapes.view
    reshape = shapes.reshape
    flatten = shapes.flatten
    ravel = shapes.ravel
    unflatten = shapes.unflatten
    permute = shapes.permute
    transpose = shapes.transpose
    swapdims = shapes.transpose
    movedim = shapes.movedim
    t = shapes.t
    squeeze = shapes.squeeze
    unsqueeze = shapes.unsqueeze
    expand = shapes.expand
    chunk = shapes.chunk
    unbind = shapes.unbind
    flip = shapes.flip
    roll = shapes.roll
    tril = shapes.tril
    triu = shapes.triu
    diagonal = shapes.diagonal
    clone = shapes.clone
    repeat = shapes.repeat
    tile = shapes.tile
    _reversed = shapes.reversed_dims

    def view_as(self, other: Any) -> Any:
        return shapes.view(self, *other.shape)

    def reshape_as(self, other: Any) -> Any:
        return shapes.reshape(self, *other.shape)

    def swapaxes(self, axis0: int, axis1: int) -> Any:
        return shapes.transpose(self, axis0, axis1)

    def expand_as(self, other: Any) -> Any:
        return shapes.expand(self, *other.shape)

    def broadcast_to(self, size: Any) -> Any:
        return shapes.expand(self, size)

    def split(self, split_size: Any, dim: int = 0) -> Any:
        return shapes.split(self, split_size, dim)

    def __iter__(self) -> Iterator[Any]:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(shapes.unbind(self, 0))
