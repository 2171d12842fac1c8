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
from autodiff.graph import FREED, FREED_COUNTERS, Node, Nowhere, accumulator, next_number
from autodiff.kernels.arrays import arrays as NUMPY
from autodiff.modes import recording
from autodiff.operation import sum_to, wrap
from autodiff.state import Chain, Extra, InferenceError, TensorState, ViewOf, version_counter

__all__ = [
    "chain_of",
    "check_writable",
    "edge_of",
    "like_strided",
    "link_view",
    "rebase",
    "replay",
    "requires_grad",
    "written_through",
]

_WRITTEN = -1  # the version of a view through which was written since somebody looked


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
        if tensor._leaf is not None:
            return accumulator(tensor), 0
        if extra is not None and extra.view is not None and _needs_grad(extra.view.base):
            return Nowhere(), 0
        return None, 0
    return node, number


def requires_grad(tensor: TensorState) -> bool:
    """Whether operations on the tensor are recorded; a view asks its base, too."""
    if tensor._node is not None or tensor._leaf is not None:
        return True
    extra = tensor._extra
    return extra is not None and extra.view is not None and _needs_grad(extra.view.base)


def _needs_grad(base: TensorState) -> bool:
    return base._node is not None or base._leaf is not None


def written_through(tensor: TensorState) -> bool:
    """Whether a view was written to itself, so that it has a history even if nobody looked."""
    extra = tensor._extra
    return extra is not None and extra.view is not None and extra.view.version == _WRITTEN


def _refresh(tensor: TensorState, extra: Extra, view: ViewOf) -> None:
    """Give a view whose base was written to the history that it has now.

    Raises RuntimeError for views that PyTorch does not let be written to, even through others.
    """
    base = view.base
    now = version_counter(base)[0]
    if view.version == now:
        return
    old, old_number = tensor._node, extra.number
    if old is None and not _needs_grad(base):
        return
    if view.made != "normal":
        raise errors.view_refused(view.made, extra.number, title(old), indirect=True)
    chain = chain_of(view)
    node, number = edge_of(base)
    tensor._node = _Strided(chain, node, number)
    if tensor._leaf is not None:  # `requires_grad_` was asked of a view before anybody looked
        extra.grad, tensor._leaf = tensor._leaf.grad, None
    extra.number = 0
    view.version = now
    _move_retained(tensor, old, old_number, tensor._node)


def chain_of(view: ViewOf) -> Chain:
    """The way from the base, as it is now, to the view; the base may have been turned in place.

    Raises RuntimeError if there is no way back to what the base was when the view was made.
    """
    turned = () if view.base._extra is None else view.base._extra.turned
    if view.turns != len(turned):
        back = turned[view.turns :]
        if None in back:
            raise RuntimeError(errors.TURNED_BASE)
        view.chain = (*reversed(back), *view.chain)
        view.turns = len(turned)
    return view.chain


def title(node: Node | None) -> str | None:
    """The name of a node's operation in messages: `Mul` for `MulBackward0`."""
    return None if node is None else errors.operation_title(node.name())


def replay(chain: Chain, value: Any) -> Any:
    """The view of `value` (array or tensor) that the chain leads to."""
    for primitive, params, _ in chain:
        if type(params) is tuple:  # one of several views of one operation
            primitive, params = primitive.single(*params)  # noqa: PLW2901
        value = primitive(value, **params)
    return value


def _pull_back(chain: Chain, cotangent: Any, xp: Any) -> Any:
    """The cotangent of the base from that of the view, by the rules of the chain."""
    for primitive, params, shape in reversed(chain):
        if type(params) is tuple:
            primitive, params = primitive.single(*params)  # noqa: PLW2901
        cotangent = primitive.pull_back(cotangent, shape, params, xp)
        if cotangent.shape != shape:
            cotangent = sum_to(cotangent, shape, xp)
    return cotangent


class _Strided(Node):
    """A view regenerated after its base was written to."""

    __slots__ = ("chain", "numbers")

    def __init__(self, chain: Chain, node: Node | None, number: int) -> None:
        self.chain = chain
        self.edges = (node,)
        self.numbers = (number,)
        self.hooks = self.counters = None
        self.number = next_number()

    def backward(self, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        xp = NUMPY if isinstance(cotangent, np.ndarray | np.generic) else None
        xp = cotangent.__array_namespace__() if xp is None else xp
        if create_graph and 0 in cotangent.shape:  # nothing comes back: PyTorch's history ends
            return (xp.zeros(self.chain[0][2], dtype=cotangent.dtype),)
        return (_pull_back(self.chain, cotangent, xp),)


_Strided.__name__ = _Strided.__qualname__ = "AsStridedBackward0"


class CopySlices(Node):
    """A base part of which was overwritten through a view by the operation `inner`."""

    __slots__ = ("chain", "inner", "numbers", "shape", "strides")
    inner: Any

    def __init__(
        self, base: TensorState, chain: Chain, inner: Node, base_edge: tuple[Node | None, int]
    ) -> None:
        node, number = base_edge
        self.chain = chain
        self.inner = inner
        self.shape = base._data.shape
        self.strides = base._data.strides
        self.edges = (node, *inner.edges[1:])
        self.numbers = (number, *(inner.numbers or (0,) * len(inner.edges))[1:])
        self.hooks = None
        self.counters = inner.counters
        self.number = next_number()

    def check(self) -> None:
        if self.inner is FREED:
            raise errors.already_freed()
        self.inner.check()

    def backward(self, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        self.check()
        part = replay(self.chain, cotangent)
        if self.inner.fills:  # the user's own code may write to what it is given
            part = part.clone() if create_graph else np.array(part)
        results = list(self.inner.backward(part, create_graph))
        if self.edges[0] is None:
            results[0] = None
        elif results[0] is not None:
            results[0] = self._with_part(cotangent, results[0], create_graph)
        return results

    def _with_part(self, cotangent: Any, part: Any, create_graph: bool) -> Any:
        """The cotangent of the base as it was before the write."""
        dtype = cotangent._data.dtype if create_graph else cotangent.dtype
        whole = _like_strided(self.shape, self.strides, dtype)
        if not create_graph:
            whole[...] = cotangent
            shown = replay(self.chain, whole)
            if not shown.flags.writeable:  # expanded: written with one value for all that share
                shown.flags.writeable = True
            shown[...] = part
            return whole
        tensor = wrap(whole)
        if cotangent._layered:
            tensor = cotangent._spread_over(tensor).clone()  # memory for each member
        tensor.copy_(cotangent)
        replay(self.chain, tensor).copy_(part)
        return tensor

    def release(self) -> None:
        if self.inner is not FREED:
            self.inner.release()
        self.inner = FREED
        self.counters = FREED_COUNTERS


def like_strided(array: Any, dtype: Any = None) -> Any:
    """Zeros in memory whose dimensions lie in the order of an array's."""
    strides = getattr(array, "strides", ())
    memory = _like_strided(array.shape, strides, array.dtype if dtype is None else dtype)
    memory[...] = 0
    return memory


def _like_strided(shape: tuple[int, ...], strides: tuple[int, ...], dtype: Any) -> Any:
    """New memory whose dimensions lie in the order of `strides`: then the same views exist."""
    order = sorted(range(len(shape)), key=lambda axis: -abs(strides[axis]))
    memory = np.empty(tuple(shape[axis] for axis in order), dtype)
    return memory.transpose(sorted(range(len(shape)), key=order.__getitem__))


def link_view(
    result: TensorState, source: TensorState, step: tuple[Any, Any], multiple: bool
) -> None:
    """Tell a tensor that shares the memory of another that it is a view of it."""
    result._counter = version_counter(source)
    extra = result._extra
    if extra is None:
        extra = result._extra = Extra()
    mode = recording()
    if mode:
        made = "multiple" if multiple else "normal"
    else:
        made = "no_grad" if mode is False or not mode.inference else "inference"
    last = (*step, source._data.shape)
    above = source._extra.view if source._extra is not None else None
    if above is None:
        try:
            extra.view = ViewOf(source, (last,), made)
        except InferenceError:  # views of inference tensors are not known as views
            return
    else:
        made = above.made if made == "normal" else made
        extra.view = ViewOf(above.base, (*chain_of(above), last), made)


def check_writable(tensor: TensorState, recording: bool) -> None:
    """Refuse in-place writes that PyTorch refuses, before anything has changed.

    recording: whether the write will be part of the graph (grad mode is on and the tensor or
    what is written needs a gradient).
    """
    if not recording:
        return
    extra = tensor._extra
    view = extra.view if extra is not None else None
    if extra is not None and view is not None:
        if view.made != "normal":
            found = title(tensor._node)
            raise errors.view_refused(view.made, extra.number, found, indirect=False)
        if view.base._node is None and requires_grad(tensor):
            raise RuntimeError(errors.VIEW_OF_LEAF_IN_PLACE)
    if tensor._node is None and not written_through(tensor) and requires_grad(tensor):
        raise RuntimeError(errors.LEAF_IN_PLACE)


def rebase(tensor: TensorState, node: Node, number: int = 0) -> None:
    """The tensor's memory was written by `node`: make that its history, and its base's."""
    extra = tensor._extra
    if extra is None or extra.view is None:
        old, old_number = tensor._node, 0 if extra is None else extra.number
        tensor._node = node
        if extra is not None:
            extra.number = number
        elif number:
            tensor._extra = Extra()
            tensor._extra.number = number
        _move_retained(tensor, old, old_number, node, number)
        _note_writer(tensor, node)
        return
    base = extra.view.base
    old, old_number = edge_of(base)
    slices = CopySlices(base, chain_of(extra.view), node, (old, old_number))
    base._node = slices
    if base._extra is not None:
        base._extra.number = 0
    _move_retained(base, old, old_number, slices)
    _note_writer(base, slices)
    extra.view.version = _WRITTEN  # the view itself is regenerated when somebody looks


def _note_writer(tensor: TensorState, node: Node) -> None:
    """Leave the name of the latest writer with the counter, for the message of a failed check."""
    version_counter(tensor)[1:] = [title(node)]


def _move_retained(
    tensor: TensorState, old: Node | None, old_number: int, node: Node, number: int = 0
) -> None:
    """`retain_grad` follows the tensor to its new version; hooks stay with the old one."""
    extra = tensor._extra
    if extra is not None and extra.retains and old is not None and old.hooks is not None:
        kept = old.hooks.retained.pop(old_number, None)
        if kept is not None:
            node.ensure_hooks().retained[number] = kept
