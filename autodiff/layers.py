"""Layered tensors: what `jvp` and `vmap` put around the tensors of the function they transform.

A transform opens a level. A tensor of that level holds another tensor, of a lower level or of
none, and what the transform knows besides: its tangent (`dual.py`), or that its first axis is a
batch (`batched.py`). A row applied to layered tensors is handled by the highest level among them,
which applies the same row to what lies below; at the bottom are bare tensors, and only these are
recorded. So there is one tape, and transforms compose in any order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from textwrap import indent
from typing import Any, ClassVar

import numpy as np

from autodiff import modes
from autodiff.gradients import passed
from autodiff.graph import Node
from autodiff.inplace import write
from autodiff.operation import wrap
from autodiff.state import TensorState
from autodiff.tensor_class import Tensor
from autodiff.views import edge_of, requires_grad

__all__ = [
    "Layered",
    "Level",
    "around",
    "batch_levels",
    "bottom",
    "combine",
    "entered",
    "gradients",
    "highest",
    "open_levels",
    "primal_at",
    "reaches",
    "reopened",
    "settled",
    "tangent_at",
]


class Level:
    """One running transform. Levels inside others have higher numbers."""

    __slots__ = ("alive", "number")
    number: int
    alive: bool
    batches: ClassVar[bool] = False
    transform: ClassVar[bool] = True  # opened by a function of `func`, not by hand

    def __init__(self) -> None:
        above = open_levels()
        self.number = above[-1].number + 1 if above else 1
        self.alive = True

    def spread(self, tensor: Any) -> Any:
        """The tensor as one of this level that is the same for every member of a batch."""
        return tensor

    def turn(self, tensor: Any) -> None:
        """Give each member of a batch memory of its own, in the place of this very tensor's."""

    def follows(self, tensor: Any) -> bool:
        """Whether a bare tensor depends on what this level differentiates by."""
        return False

    def before(self, tensor: Any) -> tuple[Node | None, bool]:
        """The node of a bare tensor, and whether it requires a gradient, outside of this level."""
        raise NotImplementedError

    def shown(self, tensor: Any) -> str:
        """How a tensor is printed while this is the innermost level."""
        return _shown(tensor, None)


def _shown(tensor: Any, below: int | None) -> str:
    """The text of a tensor with what the levels under the number `below` put around it."""
    own, text = 0, ""
    if tensor._layered:
        own = tensor._level.number
        text = tensor._layer_text()
    following = [level for level in open_levels() if level.follows(bottom(tensor))]
    if not own:
        text = tensor._text(*following[0].before(tensor)) if following else tensor._text()
    following = [
        level
        for level in following
        if own < level.number and (below is None or level.number < below)
    ]
    for level in following:
        text = around("GradTrackingTensor", level, "", text)
    return text


def around(name: str, level: Level, more: str, text: str) -> str:
    """The text of a tensor with a layer around it, as PyTorch prints it."""
    return f"{name}(lvl={level.number}, {more}value=\n{indent(text, '    ')}\n)"


def open_levels() -> tuple[Level, ...]:
    """The levels that are open in this thread or task, lowest first."""
    return modes.levels.get()


@contextlib.contextmanager
def entered(level: Level) -> Iterator[Level]:
    """A block in which `level` is the highest; what escapes from it has lost the level."""
    token = modes.levels.set((*open_levels(), level))
    try:
        yield level
    finally:
        level.alive = False
        modes.levels.reset(token)


@contextlib.contextmanager
def reopened(level: Level) -> Iterator[Level]:
    """A block in which a level that may have been closed is open again."""
    if level.alive:
        yield level
        return
    number, above = level.number, open_levels()
    level.alive, level.number = True, above[-1].number + 1 if above else 1
    try:
        with entered(level):
            yield level
    finally:
        level.alive, level.number = False, number


def _passed_on(name: str) -> Any:
    """An attribute of a layered tensor that is the tensor's below."""
    return property(
        lambda self: getattr(self._inner, name),
        lambda self, value: setattr(self._inner, name, value),
    )


class Layered(Tensor):
    """A tensor that belongs to a level and holds a tensor of the levels below in `_inner`."""

    __slots__ = ()
    _layered = True
    _inner: Any
    _level: Level

    _data = _passed_on("_data")
    _node = _passed_on("_node")
    _leaf = _passed_on("_leaf")
    _counter = _passed_on("_counter")
    _extra = _passed_on("_extra")

    def _dispatch(self, row: Any, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        """Apply a row to inputs some of which are layered."""
        values = [settled(value) for value in inputs]
        top = highest(values)
        if top is None:
            return row(*values, **params)
        out = top._apply_row(top._level, row, values, params)
        if row.view:  # writes of a higher level to the view must reach what it shows
            known = values[0].__dict__
            root, steps = known.get("_root", values[0]), known.get("_steps", ())
            for number, view in enumerate(out if isinstance(out, tuple) else (out,)):
                if view._layered:
                    step = (row, params if row.single is None else (params, number), None)
                    view._root, view._steps = root, (*steps, step)
        return out

    def _dispatch_write(self, row: Any, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
        """Write the result of a row into its first input; some of the inputs are layered."""
        target = inputs[0]
        if row.name == "copy" and len(inputs) == 2 and _same_memory(*inputs):
            return target  # `x[0] += y` assigns to x[0] what x[0] is
        values = [settled(value) for value in inputs]
        top = highest(values)
        if top is None:
            write(row, *values, **params)
        else:
            top._write_row(top._level, row, values, params)
        return target

    def _dispatch_function(
        self, function: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        """Apply a user's `Function` to arguments some of which are layered."""
        values = [settled(value) for value in args]
        top = highest(values)
        if top is None:
            return function.apply(*values, **kwargs)
        return top._apply_function(top._level, function, values, kwargs)

    def _gradients(
        self,
        outputs: Sequence[Any],
        targets: Sequence[Any],
        cotangents: Sequence[Any],
        keep: bool,
        create_graph: bool,
    ) -> tuple[Any, ...]:
        """The gradients of outputs some of which are layered; None where there is none."""
        return gradients(
            [settled(one) for one in outputs],
            [settled(one) for one in targets],
            [
                wrap(np.ones(one.shape, one._data.dtype))
                if cotangent is None
                else settled(cotangent)
                for one, cotangent in zip(outputs, cotangents, strict=True)
            ],
            keep,
            create_graph,
        )

    def _roots(self, outputs: Sequence[Any], cotangents: Sequence[Any]) -> Any:
        """Where `backward` starts: at what lies below all tangents, as in PyTorch."""
        if batch_levels((*outputs, *cotangents)):
            raise RuntimeError(
                "backward() was called on a tensor inside of vmap, where each member of the batch "
                "would add into the same .grad: use autodiff.func.grad or autodiff.autograd.grad"
            )
        below = [None if one is None else bottom(one) for one in cotangents]
        return [bottom(one) for one in outputs], below

    # what each kind of layer knows to do

    def _apply_row(
        self, level: Any, row: Any, inputs: Sequence[Any], params: dict[str, Any]
    ) -> Any:
        raise NotImplementedError

    def _apply_function(
        self, level: Any, function: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        raise NotImplementedError

    def _write_row(
        self, level: Any, row: Any, inputs: Sequence[Any], params: dict[str, Any]
    ) -> None:
        raise NotImplementedError

    def _level_gradients(
        self,
        level: Any,
        outputs: Sequence[Any],
        targets: Sequence[Any],
        cotangents: Sequence[Any],
        keep: bool,
        create_graph: bool,
    ) -> tuple[Any, ...]:
        raise NotImplementedError

    def _rewrapped(self, change: Callable[[Any], Any]) -> Any:
        """The same layer around what `change` makes of the tensors in it; None for None."""
        raise NotImplementedError

    def _joined(self, level: Any, tangent: Any, join: Callable[[Any, Any], Any]) -> Any:
        """The same layer around what `join` makes of the tensors in this and in `tangent`."""
        raise NotImplementedError

    def _with_inner(self, inner: Any) -> Any:
        """The same layer around another tensor."""
        raise NotImplementedError

    def _settled(self) -> Any:
        """The tensor without a level that is no longer open."""
        raise NotImplementedError

    def _parts(self) -> tuple[Any, ...]:
        """The tensors that this one consists of."""
        raise NotImplementedError

    def _layer_text(self) -> str:
        """How the tensor is printed, without what higher levels put around it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return _shown(self, None)

    def _inner_text(self) -> str:
        return _shown(self._inner, self._level.number)

    def _spread_over(self, tensor: Any) -> Any:
        """A bare tensor as one of a batch wherever this one is."""
        for level in batch_levels((self,)):
            tensor = level.spread(tensor)
        return tensor

    def storage_offset(self) -> int:
        """Where the first element lies in the memory below."""
        return self._inner.storage_offset()  # type: ignore[no-any-return]

    def _made(self, made: Any, given: dict[str, Any]) -> Any:
        return self._like_this(super()._made(made, given))

    def _adopt_view(self, view: Any) -> None:
        """Give a view of this tensor the levels that it got by a write since the view was made."""

    def _like_this(self, tensor: Any) -> Any:
        """A new bare tensor, with memory for each member wherever this one is batched."""
        spread = self._spread_over(tensor)
        return tensor if spread is tensor else spread.clone().contiguous()

    def __format__(self, spec: str) -> str:
        if self._data.ndim:
            return object.__format__(self, spec)
        return format(self._inner, spec)


def _same_memory(first: Any, second: Any) -> bool:
    """Whether two tensors are the same view of the same tensor."""
    if not (isinstance(second, Layered) and isinstance(first, Layered)):
        return False
    mine, theirs = first.__dict__, second.__dict__
    if mine.get("_root") is None or mine["_root"] is not theirs.get("_root"):
        return False
    one, other = bottom(first)._data, bottom(second)._data
    if not (isinstance(one, np.ndarray) and isinstance(other, np.ndarray)):
        return False
    start, end = one.__array_interface__["data"], other.__array_interface__["data"]
    return start == end and one.shape == other.shape and one.strides == other.strides


def settled(value: Any) -> Any:
    """What to compute with: no closed levels, and views of dual memory with their tangents."""
    if not isinstance(value, TensorState):
        return value
    if value._layered:
        root = value.__dict__.get("_root")
        if root is not None and root._level.number > value._level.number and root._level.alive:  # type: ignore[attr-defined]
            root._adopt_view(value)
        return value._settled()  # type: ignore[attr-defined]
    extra = value._extra
    if extra is not None and extra.view is not None and extra.view.base._layered:
        extra.view.base._adopt(value)  # type: ignore[attr-defined]
        return value._settled()  # type: ignore[attr-defined]
    return value


def highest(values: Iterable[Any]) -> Any:
    """A tensor of the highest level among the values; None if none is layered."""
    top = None
    for value in values:
        if (
            isinstance(value, TensorState)
            and value._layered
            and (top is None or value._level.number > top._level.number)  # type: ignore[attr-defined]
        ):
            top = value
    return top


def bottom(tensor: Any) -> Any:
    """The bare tensor under all layers."""
    while isinstance(tensor, Layered):
        tensor = tensor._inner
    return tensor


def batch_levels(values: Iterable[Any]) -> list[Level]:
    """The levels of batches that occur anywhere in the values, lowest first."""
    found: dict[int, Level] = {}
    stack = [value for value in values if isinstance(value, TensorState) and value._layered]
    while stack:
        value: Any = stack.pop()
        if value._level.batches:
            found[value._level.number] = value._level
        stack += [one for one in value._parts() if one._layered]
    return [found[number] for number in sorted(found)]


# One layer among others: tensors of higher levels lie around it.


def primal_at(tensor: Any, level: Level) -> Any:
    """The tensor without its tangent of a level."""
    if not tensor._layered or tensor._level.number < level.number:
        return tensor
    if tensor._level is level:
        return tensor._inner
    return tensor._rewrapped(lambda inner: primal_at(inner, level))


def tangent_at(tensor: Any, level: Level) -> Any:
    """The tensor's tangent of a level; None stands for zero."""
    if not tensor._layered or tensor._level.number < level.number:
        return None
    if tensor._level is level:
        return tensor._tangent
    return tensor._rewrapped(lambda inner: tangent_at(inner, level))


def combine(level: Level, primal: Any, tangent: Any, make: Callable[..., Any]) -> Any:
    """`make(level, primal, tangent)`, placed under the layers of higher levels."""
    if tangent is None:
        return primal
    top = highest((primal, tangent))
    if top is None or top._level.number < level.number:
        return make(level, primal, tangent)
    return top._joined(primal, tangent, lambda p, t: combine(level, p, t, make))


def gradients(
    outputs: Sequence[Any],
    targets: Sequence[Any],
    cotangents: Sequence[Any],
    keep: bool,
    create_graph: bool,
) -> tuple[Any, ...]:
    """The gradients of tensors of any levels; None where no output depends on the target."""
    top = highest((*outputs, *targets))
    if top is not None:
        return top._level_gradients(  # type: ignore[no-any-return]
            top._level, outputs, targets, cotangents, keep, create_graph
        )
    roots = [
        (one, cotangent)
        for one, cotangent in zip(outputs, cotangents, strict=True)
        if requires_grad(one)
    ]
    if not roots:
        return (None,) * len(targets)
    starts, seeds = zip(*roots, strict=True)
    return passed(starts, targets, seeds, keep, create_graph)


def reaches(start: Any, goal: Any) -> bool:
    """Whether the history of one bare tensor leads to that of another."""
    goals = {edge_of(one)[0] for one in goal} - {None}
    seen: set[Node] = set()
    stack = [node for node in (edge_of(one)[0] for one in start) if node is not None]
    while stack:
        node = stack.pop()
        if node in goals:
            return True
        if node not in seen:
            seen.add(node)
            stack += [edge for edge in node.edges if edge is not None]
    return False
