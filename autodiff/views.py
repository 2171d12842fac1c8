"""Aliasing: which history a tensor has when its memory is shared and written to.

A view shares memory and write counter with its base. Writing to a view rewrites the history of
the base (`CopySlices`); writing to the base gives each view a new history the next time somebody
looks (`AsStridedBackward0`). The way from base to view is kept as the chain of view operations,
whose own rules are then all that is needed, on any array library.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.graph import Node, accumulator, next_number
from autodiff.modes import is_grad_enabled
from autodiff.state import Extra, TensorState, ViewOf, version_counter

__all__ = ["check_writable", "edge_of", "link_view", "rebase", "replay"]

Chain = tuple[tuple[Any, dict[str, Any]], ...]


def edge_of(tensor: TensorState) -> tuple[Node | None, int]:
    """Where the tensor's cotangent goes: its node (or accumulator) and output number."""
    extra = tensor._extra
    number = 0
    if extra is not None:
        if extra.view is not None:
            _refresh(tensor, extra, extra.view)
        number = extra.number
    node = tensor._node
    if node is None:
        return (accumulator(tensor), 0) if tensor._leaf is not None else (None, 0)
    return node, number


def _refresh(tensor: TensorState, extra: Extra, view: ViewOf) -> None:
    """Give a view whose base was written to the history that it has now."""
    now = version_counter(view.base)[0]
    if view.version == now:
        return
    node, number = edge_of(view.base)
    if node is not None and tensor._leaf is None:
        tensor._node = _Strided(view.chain, view.base._data.shape, node, number)
        extra.number = 0
    view.version = now


def replay(chain: Chain, value: Any) -> Any:
    """The view of `value` (array or tensor) that the chain leads to."""
    for primitive, params in chain:
        value = primitive(value, **params)
    return value


def _pull_back(chain: Chain, shape: tuple[int, ...], cotangent: Any, xp: Any) -> Any:
    """The cotangent of the base from that of the view, by the rules of the chain."""
    shapes = [shape]
    stand_in = np.broadcast_to(np.zeros(()), shape)
    for primitive, params in chain:
        stand_in = primitive.run(stand_in, **params)
        shapes.append(stand_in.shape)
    for (primitive, params), before in zip(reversed(chain), reversed(shapes[:-1]), strict=True):
        cotangent = primitive.pull_back(cotangent, before, params, xp)
    return cotangent


class _Strided(Node):
    """A view regenerated after its base was written to."""

    __slots__ = ("chain", "shape")

    def __init__(self, chain: Chain, shape: tuple[int, ...], node: Node, number: int) -> None:
        self.chain = chain
        self.shape = shape
        self.edges = (node,)
        self.numbers = (number,)
        self.hooks = None
        self.number = next_number()

    def backward(self, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        xp = np if isinstance(cotangent, np.ndarray | np.generic) else None
        xp = cotangent.__array_namespace__() if xp is None else xp
        return (_pull_back(self.chain, self.shape, cotangent, xp),)


_Strided.__name__ = _Strided.__qualname__ = "AsStridedBackward0"


class CopySlices(Node):
    """A base part of which was overwritten through a view by the operation `inner`."""

    __slots__ = ("chain", "inner", "shape")

    def __init__(
        self, base: TensorState, chain: Chain, inner: Node, base_edge: tuple[Node | None, int]
    ) -> None:
        node, number = base_edge
        self.chain = chain
        self.inner = inner
        self.shape = base._data.shape
        self.edges = (node, *inner.edges[1:])
        self.numbers = (number, *(inner.numbers or (0,) * len(inner.edges))[1:])
        self.hooks = None
        self.number = next_number()

    def backward(self, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        if create_graph:
            whole = cotangent.clone()
            part = replay(self.chain, whole)
            inner = list(self.inner.backward(replay(self.chain, cotangent), True))
        else:
            whole = cotangent.copy() if cotangent.ndim else np.array(cotangent)
            part = replay(self.chain, whole)
            inner = list(self.inner.backward(part.copy(), False))
        if create_graph:
            if inner[0] is None:
                part.zero_()
            else:
                part.copy_(inner[0])
        else:
            part[...] = 0 if inner[0] is None else inner[0]
        inner[0] = whole if self.edges[0] is not None else None
        return inner

    def release(self) -> None:
        self.inner.release()


def link_view(
    result: TensorState, source: TensorState, step: tuple[Any, dict[str, Any]], multiple: bool
) -> None:
    """Tell a tensor that shares the memory of another that it is a view of it."""
    counter = version_counter(source)
    result._counter = counter
    extra = result._extra
    if extra is None:
        extra = result._extra = Extra()
    above = source._extra.view if source._extra is not None else None
    made = "multiple" if multiple else ("normal" if is_grad_enabled() else "no_grad")
    if above is None:
        extra.view = ViewOf(source, (step,), made)
    else:
        if above.made != "normal" and made == "normal":
            made = above.made
        extra.view = ViewOf(above.base, (*above.chain, step), made)


def check_writable(tensor: TensorState, recording: bool) -> None:
    """Refuse in-place writes that PyTorch refuses, before anything has changed.

    recording: whether the write will be part of the graph (grad mode is on and the tensor or
    what is written needs a gradient).
    """
    extra = tensor._extra
    view = extra.view if extra is not None else None
    if recording:
        if view is not None:
            needs = tensor._node is not None or edge_of(view.base)[0] is not None
            if view.made == "multiple":
                node, number = edge_of(tensor)
                producer = _producer(node)
                raise errors.multi_output_view(number, producer)
            if view.made == "no_grad" and needs:
                raise RuntimeError(errors.NO_GRAD_VIEW)
            if view.base._leaf is not None:
                raise RuntimeError(errors.VIEW_OF_LEAF_IN_PLACE)
        if tensor._leaf is not None:
            raise RuntimeError(errors.LEAF_IN_PLACE)
    data = tensor._data
    if isinstance(data, np.ndarray) and 0 in data.strides:
        overlaps = any(
            stride == 0 and size > 1 for stride, size in zip(data.strides, data.shape, strict=True)
        )
        if overlaps:
            raise RuntimeError(errors.WRITE_TO_EXPANDED)


def _producer(node: Node | None) -> str:
    name = node.name() if node is not None else "View"
    return name.split("Backward", 1)[0]


def rebase(tensor: TensorState, node: Node) -> None:
    """The tensor's memory was written by `node`: make that its history, and its base's."""
    extra = tensor._extra
    if extra is None or extra.view is None:
        _move_retain(tensor, node)
        tensor._node = node
        if extra is not None:
            extra.number = 0
        return
    view = extra.view
    base_edge = edge_of(view.base)
    slices = CopySlices(view.base, view.chain, node, base_edge)
    _move_retain(view.base, slices)
    view.base._node = slices
    if view.base._extra is not None:
        view.base._extra.number = 0
    view.version = -1  # the view itself is regenerated when somebody looks


def _move_retain(tensor: TensorState, node: Node) -> None:
    """`retain_grad` follows the tensor to its new version; hooks stay with the old one."""
    extra = tensor._extra
    old = tensor._node
    if extra is not None and extra.retains and old is not None and old.hooks is not None:
        kept = old.hooks.retained.pop(extra.number, None)
        if kept is not None:
            node.ensure_hooks().retained[0] = kept
