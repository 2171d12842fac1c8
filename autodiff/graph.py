"""Nodes and edges of the recorded graph, and the values a node has saved.

This file knows no operation and no NumPy. A node remembers where each input came from (`edges`,
`numbers`), what its rules will read (`saved`), and runs its rules when a cotangent arrives. Nodes
point from results to inputs only, so a graph dies by reference count with its last result.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

__all__ = [
    "FREED",
    "AccumulateGrad",
    "LeafState",
    "Node",
    "NodeHooks",
    "accumulator",
    "next_number",
]

# Numbers grow with time, so an edge always leads to a lower one: sorting by them is a
# topological sort, and running the highest first is PyTorch's order of execution.
next_number: Callable[[], int] = itertools.count().__next__
_LAST = 1 << 62  # AccumulateGrad runs as soon as all that flows into it has arrived


class NodeHooks:
    """What users attached to a node: called around its execution."""

    __slots__ = ("after", "before", "on_output", "retained", "user")

    def __init__(self) -> None:
        self.before: dict[int, Callable[..., Any]] = {}
        self.after: dict[int, Callable[..., Any]] = {}
        self.on_output: dict[int, dict[int, Callable[..., Any]]] = {}  # by number of the output
        self.retained: dict[int, Any] = {}  # number of the output -> weakref to its tensor
        self.user: dict[str, Any] = {}  # grad_fn.metadata


class Node:
    """One recorded operation; the object that `tensor.grad_fn` shows."""

    __slots__ = ("__weakref__", "edges", "hooks", "number", "numbers")
    several: ClassVar[bool] = False  # has several outputs, and gets a list of cotangents

    edges: tuple[Node | None, ...]  # the node that made each input; None: needs no gradient
    numbers: tuple[int, ...] | None  # which output of that node; None: all are output 0
    hooks: NodeHooks | None
    number: int

    def backward(self, cotangent: Any, create_graph: bool) -> Sequence[Any]:
        """The cotangent of each input (None where none is needed) from that of the output.

        With `create_graph` the cotangents are tensors and what is computed is recorded;
        otherwise they are bare arrays. A node of several outputs gets a list.
        """
        raise NotImplementedError

    def release(self) -> None:
        """Forget the saved values."""

    def name(self) -> str:
        """The name that PyTorch prints."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """Where cotangents go next: pairs of node and number of its output."""
        numbers = self.numbers or (0,) * len(self.edges)
        return tuple(
            (edge, number if edge is not None else 0)
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

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class LeafState:
    """What a leaf that requires a gradient carries: the gradient and its accumulator."""

    __slots__ = ("accumulator", "grad", "post_hooks")

    def __init__(self) -> None:
        self.grad: Any = None
        self.accumulator: Callable[[], AccumulateGrad | None] = _nothing
        self.post_hooks: dict[int, Callable[..., Any]] | None = None


def _nothing() -> None:
    return None


class AccumulateGrad(Node):
    """The end of the graph at a leaf: adds what arrives into `variable.grad`."""

    __slots__ = ("variable",)
    variable: Any

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.edges = ()
        self.numbers = None
        self.hooks = None
        self.number = _LAST


def accumulator(variable: Any) -> AccumulateGrad:
    """The one accumulator of a leaf, as long as any graph holds it."""
    leaf: LeafState = variable._leaf
    node = leaf.accumulator()
    if node is None:
        node = AccumulateGrad(variable)
        if variable._extra is not None and variable._extra.hooks:
            node.ensure_hooks().on_output[0] = variable._extra.hooks
        leaf.accumulator = weakref.ref(node)
    return node


class _Freed:
    """Stands for saved values that backward has passed and freed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<freed>"


FREED: Any = _Freed()
