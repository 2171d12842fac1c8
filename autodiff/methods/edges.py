"""Methods behind properties of `Tensor`: where in the graph it comes from."""

from __future__ import annotations

from autodiff.state import TensorState
from autodiff.views import edge_of, requires_grad, written_through

__all__ = ["Edges"]


class Edges(TensorState):
    """Methods behind properties of `Tensor`: where in the graph it comes from."""

    __slots__ = ()

    _edge = edge_of
    _requires_grad = requires_grad
    _written_through = written_through
