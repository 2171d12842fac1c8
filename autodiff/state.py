"""What a tensor consists of; everything that it can do is in `tensor_class.py`.

Five slots are set for every result of every operation, so they hold just what the common case
needs. What is rare (views, hooks, a second output's number) hangs off `_extra`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from autodiff import errors
from autodiff.graph import LeafState, Node
from autodiff.modes import levels

__all__ = [
    "Chain",
    "Extra",
    "InferenceError",
    "TensorState",
    "Untracked",
    "ViewOf",
    "is_layered",
    "layered_by",
    "storage",
    "version_counter",
]

# view operations from a base to a view: (primitive, params, shape of what it is applied to); of an
# operation that gives several views, params are its own and the number of the view
Chain = tuple[tuple[Any, Any, tuple[int, ...]], ...]


class Untracked(list[Any]):
    """The write counter of an inference tensor: there is no count, so nothing can be saved.

    Functions that a transform differentiates may save it all the same, as in PyTorch.
    """

    lent = False  # to a transform, whose passes may come later

    def __getitem__(self, place: Any) -> Any:
        if self.lent or levels.get():
            self.lent = True
            return 0
        raise InferenceError(errors.INFERENCE_SAVED)


class InferenceError(RuntimeError):
    """What the counter of an inference tensor raises; users see a RuntimeError."""


InferenceError.__name__ = InferenceError.__qualname__ = "RuntimeError"


class ViewOf:
    """Where a view's memory comes from.

    base: the tensor that owns the memory (never itself a view). chain: the view operations that
    lead from the base to this tensor. version: the counter's value when the view's grad_fn was
    last right. made: "normal", or "no_grad", "multiple" (one of several views that one operation
    gave) or "custom" (by a user's Function), which may not be written to. turns: how often the
    base had been turned in place (`t_`) when the chain was right.
    """

    __slots__ = ("base", "chain", "made", "turns", "version")

    def __init__(self, base: TensorState, chain: Chain, made: str) -> None:
        self.base = base
        self.chain = chain
        self.made = made
        self.version = base._counter[0] if base._counter is not None else 0
        self.turns = 0 if base._extra is None else len(base._extra.turned)


class Extra:
    """The rare parts of a tensor's state."""

    __slots__ = (
        "cast", "grad", "grad_dtype", "hooks", "number", "retains", "turned", "view",
    )  # fmt: skip

    def __init__(self) -> None:
        self.number = 0  # which output of its node the tensor is
        self.view: ViewOf | None = None
        self.hooks: dict[int, Any] | None = None  # hooks of a leaf
        self.grad: TensorState | None = None  # of a tensor that is not a leaf requiring grad
        self.retains = False
        self.grad_dtype: Any = ...  # of the gradient: the tensor's own, None for any
        self.cast: Any = None  # makes the gradient of that dtype
        # of a base that itself became a view in place (`t_`): the ways back to what it was, None
        # where there is none
        self.turned: tuple[Any, ...] = ()


class TensorState:
    """The state of a tensor.

    _data: the array; a NumPy scalar stands for a 0-d array that nobody else can see.
    _node: the node that made it, None for leaves and constants.
    _leaf: set when the tensor is a leaf that requires a gradient.
    _counter: a list that starts with the number of in-place writes, shared by all that share the
    memory; None stands for a count of zero that nobody looked at yet. A second element names the
    operation that wrote last.
    """

    __slots__ = ("__dict__", "__weakref__", "_counter", "_data", "_extra", "_leaf", "_node")
    _dispatch: Callable[..., Any]  # of layered tensors: what a row, or a write of its result, does
    _dispatch_write: Callable[..., Any]
    _layered: ClassVar[bool] = False  # whether a transform has put a layer around it (layers.py)

    _data: Any
    _node: Node | None
    _leaf: LeafState | None
    _counter: list[Any] | None
    _extra: Extra | None


def layered_by(value: Any) -> Any:
    """The layered tensor that says what operations on the value mean: itself, or a view's base."""
    if not isinstance(value, TensorState):
        return None
    if value._layered:
        return value
    extra = value._extra
    if extra is not None and extra.view is not None and extra.view.base._layered:
        return extra.view.base
    return None


def is_layered(view: ViewOf | None) -> bool:
    """Whether a view is one of a layered tensor."""
    return view is not None and view.base._layered


def storage(tensor: TensorState) -> Any:
    """The tensor's array in a form that can be shared and written to."""
    data = tensor._data
    if isinstance(data, np.generic):
        data = tensor._data = np.array(data)
    return data


def version_counter(tensor: TensorState) -> list[Any]:
    """The write counter, made at first use."""
    counter = tensor._counter
    if counter is None:
        counter = tensor._counter = [0]
    return counter
