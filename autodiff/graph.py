"""Nodes and edges of the recorded graph, and the values a node has saved.

This file knows no operation and no NumPy. A node remembers where each input came from (`edges`,
`numbers`), what its rules will read (`saved`), and runs its rules when a cotangent arrives. Nodes
point from results to inputs only, so a graph dies by reference count with its last result.
"""

from __future__ import annotations

import itertools
import weakref
from _thread import allocate_lock
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from autodiff.hooks import RemovableHandle

__all__ = [
    "FREED",
    "FREED_COUNTERS",
    "LAST",
    "AccumulateGrad",
    "GroupHook",
    "LeafState",
    "Node",
    "NodeHooks",
    "Nowhere",
    "accumulator",
    "next_number",
    "triples",
]

# Numbers grow with time, so an edge always leads to a lower one: sorting by them is a
# topological sort, and running the highest first is PyTorch's order of execution.
next_number: Callable[[], int] = itertools.count().__next__
_QUALIFIED = (
    "AccumulateGrad",
    "CopyBackwards",
    "CopySlices",
    "Error",
    "Identity",
    "NotImplemented",
)
LAST = 1 << 62  # AccumulateGrad runs as soon as all that flows into it has arrived


class NodeHooks:
    """What users attached to a node: called around its execution."""

    __slots__ = ("after", "before", "made", "on_output", "retained", "user")

    def __init__(self) -> None:
        self.before: dict[int, Callable[..., Any]] = {}
        self.after: dict[int, Callable[..., Any]] = {}
        self.on_output: dict[int, dict[int, Any]] = {}  # by number of the output
        self.retained: dict[int, Any] = {}  # number of the output -> weakref to its tensor
        self.user: dict[str, Any] = {}  # grad_fn.metadata
        self.made: Any = None  # (shape, dtype) of the output, where an edge to it was asked for


class GroupHook:
    """A hook of several tensors at once: `call(walk, cotangent)`, told of the walk, too."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[Any, Any], None]) -> None:
        self.call = call


class Node:
    """One recorded operation; the object that `tensor.grad_fn` shows."""

    __slots__ = ("__weakref__", "counters", "edges", "hooks", "number")
    several: ClassVar[bool] = False  # has several outputs, and gets a list of cotangents
    fills: ClassVar[bool] = False  # runs even where no cotangent at all arrives (user's code)

    # write counter, its count when the value was saved, place: these three, one after the other,
    # for each saved value that can be written to. The walk compares them before anything runs, and
    # calls `check` where they differ.
    counters: Any
    edges: tuple[Node | None, ...]  # the node that made each input; None: needs no gradient
    numbers: tuple[int, ...] | None = None  # which output of that node; None: all are output 0
    hooks: NodeHooks | None
    number: int

    def backward(self, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        """The cotangent of each input (None where none is needed) from that of the output.

        With `create_graph` the cotangents are tensors and what is computed is recorded;
        otherwise they are bare arrays. A node of several outputs gets a list.
        """
        raise NotImplementedError

    def __call__(self, *cotangents: Any) -> Any:
        """What the node makes of its outputs' cotangents: a tensor, or one for each input."""
        results = self.backward(list(cotangents) if self.several else cotangents[0], True)
        return results[0] if len(results) == 1 else tuple(results)

    def release(self) -> None:
        """Forget the saved values."""

    def check(self) -> None:
        """Raise if a saved value was freed or written to; called where `counters` say so."""

    def shown(self) -> Node:
        """The node, of the class that users see. Nodes that nobody looks at need no such class."""
        return self

    def title(self) -> str:
        """The name of the class that users see."""
        return type(self).__name__

    def name(self) -> str:
        """The name that PyTorch gives the node in messages."""
        name = self.title()
        return f"torch::autograd::{name}" if name in _QUALIFIED else name

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """Where cotangents go next: pairs of node and number of its output."""
        numbers = self.numbers or (0,) * len(self.edges)
        return tuple(
            (None, 0) if edge is None or type(edge) is Nowhere else (edge.shown(), number)
            for edge, number in zip(self.edges, numbers, strict=True)
        )

    @property
    def metadata(self) -> dict[str, Any]:
        """A dictionary for the user's own notes on this node."""
        return self.ensure_hooks().user

    def _sequence_nr(self) -> int:
        return self.number

    def ensure_hooks(self) -> NodeHooks:
        if self.hooks is None:
            self.hooks = NodeHooks()
        return self.hooks

    def register_prehook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(grad_outputs)` before the node runs; it may return other cotangents."""
        return RemovableHandle(self.ensure_hooks().before, hook)

    def register_hook(self, hook: Callable[[Any, Any], Any]) -> RemovableHandle:
        """Call `hook(grad_inputs, grad_outputs)` after the node ran; it may replace the first."""
        return RemovableHandle(self.ensure_hooks().after, hook)

    def __repr__(self) -> str:
        return f"<{self.title()} object at {id(self):#x}>"


class LeafState:
    """What a leaf that requires a gradient carries: the gradient and its accumulator."""

    __slots__ = ("accumulator", "grad", "lock", "post_hooks")

    def __init__(self) -> None:
        self.grad: Any = None
        self.accumulator: Callable[[], AccumulateGrad | None] = _nothing
        self.post_hooks: dict[int, Callable[..., Any]] | None = None
        self.lock = allocate_lock()  # several threads may add into `grad` at once


def _nothing() -> None:
    return None


class AccumulateGrad(Node):
    """The end of the graph at a leaf: adds what arrives into `variable.grad`."""

    __slots__ = ("cast", "variable")
    variable: Any
    cast: Any  # where the gradient shall have another dtype than the leaf: what makes it so

    @property
    def post_hooks(self) -> Any:
        """What users want to be called after the gradient has been added."""
        state = self.variable._leaf
        return None if state is None else state.post_hooks

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.cast = None
        self.edges = ()
        self.hooks = self.counters = None
        self.number = LAST


class Nowhere(Node):
    """Where the cotangent of a view made under `no_grad` ends, though the view needs a gradient.

    Its operations are recorded, as PyTorch records them, but nothing flows back to its base.
    """

    __slots__ = ()

    def __init__(self) -> None:
        self.edges = ()
        self.hooks = self.counters = None
        self.number = -1  # 0 is the number of the first node

    def backward(self, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        return ()


def accumulator(variable: Any) -> AccumulateGrad:
    """The one accumulator of a leaf, as long as any graph holds it."""
    leaf: LeafState = variable._leaf
    node = leaf.accumulator()
    if node is None:
        with leaf.lock:  # one for all threads: hooks on it must see every cotangent
            node = leaf.accumulator()
            if node is None:
                node = AccumulateGrad(variable)
                if variable._extra is not None:
                    node.cast = variable._extra.cast
                    if variable._extra.hooks:
                        node.ensure_hooks().on_output[0] = variable._extra.hooks
                leaf.accumulator = weakref.ref(node)
    return node


class _Freed:
    """Stands for saved values that backward has passed and freed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<freed>"


def triples(counters: Sequence[Any]) -> Iterator[tuple[list[Any], int, int]]:
    """A node's counters, each with its count and place."""
    return zip(counters[::3], counters[1::3], counters[2::3], strict=True)


FREED: Any = _Freed()
FREED_COUNTERS: Any = ([-1], 0, 0)  # differs from its count, so that the walk calls `check`
