"""`autograd.graph`: nodes and edges of the graph, hooks on what is saved and on several gradients.

The names are PyTorch's; what they work on is in `graph.py`, `saved.py` and `modes.py`.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from autodiff import errors
from autodiff.graph import AccumulateGrad, GroupHook, Node, Nowhere
from autodiff.hooks import RemovableHandle
from autodiff.modes import Block, Mode, change_mode, recording
from autodiff.state import TensorState, Untracked, version_counter
from autodiff.views import edge_of, requires_grad

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "edge_meta",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


_NO_FUNCTION = "Expected gradient function to be set"


class GradientEdge(NamedTuple):
    """A place in the graph at which a gradient arrives: a node and the number of its output."""

    node: Node
    output_nr: int
    ownership_token: Node | None = None


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """Where the gradient of a tensor arrives; `grad` and `backward` take it for the tensor.

    Raises RuntimeError if the tensor needs no gradient.

    >>> import autodiff
    >>> x = autodiff.tensor(3., requires_grad=True)
    >>> edge = autodiff.autograd.graph.get_gradient_edge(x)
    >>> autodiff.autograd.grad(x * x, edge)
    (tensor(6.),)
    """
    node = None
    if requires_grad(tensor):
        node, number = edge_of(tensor)
    if node is None:
        raise RuntimeError(errors.NO_EDGE)
    if isinstance(node, Nowhere):
        raise AssertionError(_NO_FUNCTION)  # noqa: TRY004 - PyTorch's own type
    if not isinstance(node, AccumulateGrad) and not node.several:
        node.ensure_hooks().made = (tensor._data.shape, tensor._data.dtype)
    return GradientEdge(node.shown(), number)


def edge_meta(edge: GradientEdge) -> Any:
    """Something of the shape and dtype of what arrives at an edge; None if nobody knows them."""
    node = edge.node
    if isinstance(node, AccumulateGrad):
        return node.variable._data
    if node.several:
        made = node.output_meta[edge.output_nr]  # type: ignore[attr-defined]
    else:
        made = None if node.hooks is None else node.hooks.made
    return None if made is None else np.broadcast_to(np.empty((), made[1]), made[0])


def increment_version(tensor: Any) -> None:
    """Count a write to the memory of a tensor (or of several) that nobody has noticed.

    Inference tensors, which have no count, are left alone.
    """
    for one in (tensor,) if isinstance(tensor, TensorState) else tensor:
        counter = version_counter(one)
        if type(counter) is not Untracked:
            counter[0] += 1


class saved_tensors_hooks:
    """Keep `pack_hook(tensor)` instead of each tensor that is saved for backward.

    `unpack_hook` gets what the pack hook returned, whenever backward reads it, and gives a tensor
    of the same content. The innermost pair counts. Raises RuntimeError if a pack hook writes to
    what it is given, TypeError if an unpack hook returns no tensor.

    >>> import autodiff
    >>> x = autodiff.tensor([1., 2.], requires_grad=True)
    >>> double = lambda t: t * 2
    >>> with autodiff.autograd.graph.saved_tensors_hooks(double, lambda t: t):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([4., 8.])
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        mode = _mode()
        if mode.disabled is not None:
            raise RuntimeError(mode.disabled)
        change_mode(hooks=(*mode.hooks, (self.pack_hook, self.unpack_hook)))

    def __exit__(self, *exception: object) -> None:
        change_mode(hooks=_mode().hooks[:-1])


def _mode() -> Mode:
    mode = recording()
    return Mode(mode) if isinstance(mode, bool) else mode


class save_on_cpu(saved_tensors_hooks):
    """Keep copies of saved tensors in main memory, where all tensors are here anyway.

    pin_memory and device_type are accepted and change nothing.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(_unchanged, _unchanged)


def _unchanged(tensor: Any) -> Any:
    return tensor.detach()


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Raise RuntimeError with this message where saved-tensor hooks are used inside."""
    mode = _mode()
    if mode.hooks:
        raise RuntimeError(error_message)
    with Block(disabled=error_message):
        yield


class _MultiHandle(RemovableHandle):
    """Removes the hooks that make up one hook on several tensors."""

    __slots__ = ("handles",)

    def __init__(self, handles: tuple[RemovableHandle, ...]) -> None:
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Callable[..., None], *, mode: str = "all"
) -> RemovableHandle:
    """Call `fn` once per pass: with all gradients of the tensors, or with the first to arrive.

    mode: "all" (None for a tensor that the pass does not reach) or "any".

    >>> import autodiff
    >>> a, b = (autodiff.tensor(v, requires_grad=True) for v in (1., 2.))
    >>> _ = autodiff.autograd.graph.register_multi_grad_hook((a, b), print)
    >>> (a * b).backward()
    [tensor(2.), tensor(1.)]
    """
    supported = ("all", "any")
    if mode not in supported:
        raise ValueError(f"Expects mode to be one of {supported} but got {mode}")
    if mode == "any":
        seen: weakref.WeakSet[Any] = weakref.WeakSet()

        def first(walk: Any, grad: Any) -> None:
            if walk not in seen:
                seen.add(walk)
                fn(grad)

        hook = functools.wraps(fn)(first)
        found = [t.register_hook(GroupHook(hook)) for t in tensors if t.requires_grad]
        return _MultiHandle(tuple(found))
    nodes = [_node_of(tensor) for tensor in tensors]
    arrived: weakref.WeakKeyDictionary[Any, list[Any]] = weakref.WeakKeyDictionary()

    def collect(place: int, walk: Any, grad: Any) -> None:
        if walk not in arrived:
            expected = sum(walk.visits(node) for node in nodes)
            arrived[walk] = [expected, [None] * len(nodes)]
        state = arrived[walk]
        state[0] -= 1
        state[1][place] = grad
        if not state[0]:
            del arrived[walk]
            fn(state[1])

    return _MultiHandle(
        tuple(
            tensor.register_hook(GroupHook(functools.partial(collect, place)))
            for place, tensor in enumerate(tensors)
        )
    )


def _node_of(tensor: Any) -> Node:
    node = tensor.node if isinstance(tensor, GradientEdge) else edge_of(tensor)[0]
    if node is None or isinstance(node, Nowhere):
        raise AssertionError(_NO_FUNCTION)
    return node


class _Kept:
    """Stands in the graph for a saved tensor, until this is read or its memory written to."""

    __slots__ = ("__weakref__",)


class _Mutations:
    """What is saved while `allow_mutation_on_saved_tensors` is on."""

    def __init__(self) -> None:
        self.cloned: weakref.WeakKeyDictionary[_Kept, Any] = weakref.WeakKeyDictionary()
        self.original: weakref.WeakKeyDictionary[_Kept, Any] = weakref.WeakKeyDictionary()
        self.open = True

    def pack(self, tensor: Any) -> _Kept:
        kept = _Kept()
        self.original[kept] = tensor
        return kept

    def unpack(self, kept: _Kept) -> Any:
        found = self.cloned.get(kept)
        found = self.original.get(kept) if found is None else found
        if found is None or not self.open:
            raise AssertionError(errors.MUTATION_OUTSIDE)
        return found

    def about_to_write(self, tensor: Any) -> None:
        """Put clones in the place of what shares the memory that will be written to."""
        counter = version_counter(tensor)
        with Block(hooks=(), cloner=None):
            for kept, saved in list(self.original.items()):
                if version_counter(saved) is counter:
                    self.cloned[kept] = saved.clone()
                    del self.original[kept]

    def clear(self) -> None:
        """Forget everything."""
        self.cloned.clear()
        self.original.clear()


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_Mutations]:
    """Let saved tensors be written to: backward reads clones made just before the write.

    Backward must run inside the same block; otherwise it raises AssertionError. Blocks cannot be
    nested (RuntimeError).

    >>> import autodiff
    >>> x = autodiff.tensor([1., 2.], requires_grad=True)
    >>> with autodiff.autograd.graph.allow_mutation_on_saved_tensors():
    ...     y = x.clone()
    ...     out = (y ** 2).sum()
    ...     _ = y.zero_()
    ...     out.backward()
    >>> x.grad
    tensor([2., 4.])
    """
    if _mode().cloner is not None:
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    context = _Mutations()
    try:
        hooks = saved_tensors_hooks(context.pack, context.unpack)
        with hooks, Block(cloner=context.about_to_write):
            yield context
    finally:
        context.open = False
        context.clear()
