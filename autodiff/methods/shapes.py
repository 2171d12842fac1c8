"""Methods of `Tensor` that rearrange and index."""

from __future__ import annotations

from typing import Any

from autodiff.functions import indexing, scattering, shapes, strided
from autodiff.methods.variants import viewed_in_place
from autodiff.state import TensorState

__all__ = ["Shapes"]


class Shapes(TensorState):
    """Methods of `Tensor` that rearrange and index."""

    __slots__ = ()

    def view(self, *shape: Any) -> Any:
        return shapes.view(self, *shape)

    def view_as(self, other: Any) -> Any:
        return shapes.view(self, *other.shape)

    def reshape(self, *shape: Any) -> Any:
        return shapes.reshape(self, *shape)

    def reshape_as(self, other: Any) -> Any:
        return shapes.reshape(self, *other.shape)

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> Any:
        return shapes.flatten(self, start_dim, end_dim)

    def ravel(self) -> Any:
        return shapes.ravel(self)

    def unflatten(self, dim: int, sizes: Any) -> Any:
        return shapes.unflatten(self, dim, sizes)

    def permute(self, *dims: Any) -> Any:
        return shapes.permute(self, *dims)

    def transpose(self, dim0: int, dim1: int) -> Any:
        return shapes.transpose(self, dim0, dim1)

    def swapaxes(self, axis0: int, axis1: int) -> Any:
        return shapes.transpose(self, axis0, axis1)

    def swapdims(self, dim0: int, dim1: int) -> Any:
        return shapes.transpose(self, dim0, dim1)

    def movedim(self, source: Any, destination: Any) -> Any:
        return shapes.movedim(self, source, destination)

    def t(self) -> Any:
        return shapes.t(self)

    def squeeze(self, dim: Any = None) -> Any:
        return shapes.squeeze(self, dim)

    def unsqueeze(self, dim: int) -> Any:
        return shapes.unsqueeze(self, dim)

    def expand(self, *sizes: Any) -> Any:
        return shapes.expand(self, *sizes)

    def expand_as(self, other: Any) -> Any:
        return shapes.expand(self, *other.shape)

    def broadcast_to(self, size: Any) -> Any:
        return shapes.expand(self, size)

    def split(self, split_size: Any, dim: int = 0) -> Any:
        return shapes.split(self, split_size, dim)

    def chunk(self, chunks: int, dim: int = 0) -> Any:
        return shapes.chunk(self, chunks, dim)

    def unbind(self, dim: int = 0) -> Any:
        return shapes.unbind(self, dim)

    def flip(self, *given: Any, dims: Any = None) -> Any:
        return shapes.flip(self, *given, dims=dims)

    def roll(self, shifts: Any, dims: Any = None) -> Any:
        return shapes.roll(self, shifts, dims)

    def tril(self, diagonal: int = 0) -> Any:
        return shapes.tril(self, diagonal)

    def triu(self, diagonal: int = 0) -> Any:
        return shapes.triu(self, diagonal)

    def diagonal(self, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
        return shapes.diagonal(self, offset, dim1, dim2)

    def clone(self, *, memory_format: Any = None) -> Any:
        return shapes.clone(self, memory_format=memory_format)

    def as_strided(self, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
        return strided.as_strided(self, size, stride, storage_offset)

    def as_strided_(self, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
        return viewed_in_place(
            "as_strided_", strided.as_strided, self, size, stride, storage_offset
        )

    def repeat(self, *repeats: Any) -> Any:
        return shapes.repeat(self, *repeats)

    def tile(self, *dims: Any) -> Any:
        return shapes.tile(self, *dims)

    scatter_reduce = scattering.scatter_reduce
    scatter_reduce_ = scattering.scatter_reduce_
    index_reduce = scattering.index_reduce
    index_reduce_ = scattering.index_reduce_

    def unfold(self, dimension: int, size: int, step: int) -> Any:
        return strided.unfold(self, dimension, size, step)

    def gather(self, dim: int, index: Any) -> Any:
        return indexing.gather(self, dim, index)

    def index_select(self, dim: int, index: Any) -> Any:
        return indexing.index_select(self, dim, index)

    def index_put(self, indices: Any, values: Any, accumulate: bool = False) -> Any:
        return indexing.index_put(self, indices, values, accumulate)

    def masked_fill(self, mask: Any, value: Any) -> Any:
        return indexing.masked_fill(self, mask, value)

    def masked_select(self, mask: Any) -> Any:
        return indexing.masked_select(self, mask)

    def narrow(self, dim: int, start: int, length: int) -> Any:
        return indexing.narrow(self, dim, start, length)

    def select(self, dim: int, index: int) -> Any:
        return indexing.select(self, dim, index)

    def nonzero(self, *, as_tuple: bool = False) -> Any:
        return indexing.nonzero(self, as_tuple=as_tuple)
