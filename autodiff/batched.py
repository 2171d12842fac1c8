"""Batched tensors: what a function under `vmap` sees is one member of a batch.

The tensor below has the batch as its first axis. In place of an array a batched tensor has a
stand-in that knows shape and dtype and nothing else, so that whatever reaches for numbers past
the rows is refused, in PyTorch's words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from autodiff import batching, errors, members
from autodiff.function import Function
from autodiff.functions.shapes import movedim, stack
from autodiff.inplace import allowed, write
from autodiff.layers import (
    Layered,
    Level,
    around,
    batch_levels,
    gradients,
    reopened,
    settled,
)
from autodiff.operation import wrap
from autodiff.ops.pointwise import WHERE
from autodiff.ops.shapes import CLONE, EXPAND, PERMUTE
from autodiff.state import TensorState
from autodiff.trees import flatten, spread_prefix, tree_map
from autodiff.views import replay

__all__ = ["BatchLevel", "Batched", "batched", "batched_at", "physical_at"]


class BatchLevel(Level):
    """A running `vmap`: the size of its batch, and what random numbers do in it."""

    __slots__ = ("randomness", "size")
    batches: ClassVar[bool] = True
    lenient: ClassVar[bool] = False  # members may be written into what all of them share

    def __init__(self, size: int, randomness: str) -> None:
        super().__init__()
        self.size = size
        self.randomness = randomness

    def drawn(self, draw: Callable[[], Any]) -> Any:
        """Random numbers, as the randomness of the batch says. Raises RuntimeError on "error"."""
        if self.randomness == "error":
            raise RuntimeError(errors.VMAP_RANDOM)
        if self.randomness == "same":
            return draw()
        return batched(self, stack([draw() for _ in range(self.size)]))

    def spread(self, tensor: Any) -> Any:
        if _is_at(tensor, self):
            return tensor
        if tensor._layered and tensor._level.number > self.number:
            return tensor._rewrapped(self.spread)
        physical = EXPAND(tensor, size=(self.size, *tensor.shape))
        if self.lenient:
            _forget_view(physical)
        return batched(self, physical)

    def turn(self, tensor: Any) -> None:
        if _is_at(tensor, self):
            return
        if tensor._layered and tensor._level.number > self.number:
            for part in tensor._parts():
                self.turn(part)
            return
        extra = tensor._extra
        if not tensor._layered and extra is not None and extra.view is not None:
            self.turn(extra.view.base)
            settled(tensor)
            return
        root = tensor.__dict__.get("_root") if tensor._layered else None
        if root is not None:
            self.turn(root)
            if root._level is self:
                root._adopt_view(tensor)
            return
        inner = object.__new__(type(tensor))
        if tensor._layered:
            inner.__dict__.update(tensor.__dict__)
        else:
            allowed((tensor,))
            inner._data, inner._node, inner._leaf = tensor._data, tensor._node, tensor._leaf
            inner._counter, inner._extra = tensor._counter, extra
        each = CLONE(EXPAND(inner, size=(self.size, *inner.shape)))
        _turn_batched(tensor, self, each.contiguous())  # so that members have the same views


def _forget_view(physical: Any) -> None:
    """What the tensor shows may `turn`, and it has the batch already."""
    if physical._layered:
        for part in physical._parts():
            _forget_view(part)
    elif physical._extra is not None:
        physical._extra.view = None


def _turn_batched(tensor: Any, level: Level, inner: Any) -> None:
    tensor.__class__ = Batched
    tensor._level, tensor._inner = level, inner


class _Flags:
    """Of an array that nobody can look into."""

    __slots__ = ("c_contiguous",)
    writeable = True
    f_contiguous = False

    def __init__(self, contiguous: bool) -> None:
        self.c_contiguous = contiguous


class StandIn:
    """Shape and dtype of one member of a batch, without numbers."""

    __slots__ = ("dtype", "owner", "shape", "strides")

    def __init__(self, owner: Any) -> None:
        data = owner._inner._data
        self.owner = owner
        self.shape: tuple[int, ...] = data.shape[1:]
        self.dtype = data.dtype
        self.strides: tuple[int, ...] = data.strides[1:]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        total = 1
        for length in self.shape:
            total *= length
        return total

    @property
    def itemsize(self) -> int:
        return int(self.dtype.itemsize)

    @property
    def flags(self) -> _Flags:
        step, contiguous = self.itemsize, True
        for length, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            contiguous = contiguous and (length == 1 or stride == step)
            step *= length
        return _Flags(contiguous)

    def __len__(self) -> int:
        return self.shape[0]


class _Opaque(errors.BatchedData):
    """Raised by what needs the numbers; functions with indices catch it and ask for more."""

    def by_member(self, name: str, *args: Any) -> Any:
        return _by_member(self, name, args)


_Opaque.__name__ = _Opaque.__qualname__ = "RuntimeError"  # as PyTorch's is printed
_Opaque.__module__ = "builtins"


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(self: Any, *arguments: Any, **options: Any) -> Any:
        raise _Opaque(errors.VMAP_ITEM.format(name, name))

    return refuse


_NAMES = """
    item tolist astype copy view reshape transpose min max any all sum __array__
    __array_ufunc__ __array_function__ __bool__ __int__ __float__ __complex__ __index__
    __getitem__ __setitem__ __iter__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __add__ __radd__
    __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __and__ __or__ __invert__
    __neg__ __pow__ __matmul__
"""
for _name in _NAMES.split():
    setattr(StandIn, _name, _refusal("item" if _name.startswith("__") else _name))


class Batched(Layered):
    """A tensor of one level of `vmap`; the tensor below has the batch as its first axis."""

    __slots__ = ()

    @property
    def _data(self) -> Any:
        return StandIn(self)

    @_data.setter
    def _data(self, value: Any) -> None:
        raise RuntimeError("the data of a tensor inside of vmap cannot be exchanged")

    def _parts(self) -> tuple[Any, ...]:
        return (self._inner,)

    def _with_inner(self, inner: Any) -> Any:
        return batched(self._level, inner)

    def _adopt(self, view: Any) -> None:
        """Make a view of this tensor's memory batched that was made before this became batched."""
        steps = view._extra.view.chain
        _turn_batched(view, self._level, replay(steps, self)._inner)
        view._root, view._steps = self, steps

    def _adopt_view(self, view: Any) -> None:
        _turn_batched(view, self._level, replay(view._steps, self)._inner)
        view._root = self

    def _settled(self) -> Any:
        if not self._level.alive:
            raise RuntimeError(
                "Either your tensor may have escaped from inside a function being vmapped and "
                "this is a user error (see "
                "https://pytorch.org/functorch/stable/ux_limitations.html), or there is an "
                "internal functorch error in `gen_vmap_plumbing` Please file an issue if it looks "
                "like the latter"
            )
        extra: Any = None if self._inner._layered else self._inner._extra
        view = None if extra is None else extra.view
        if view is not None and getattr(view.base, "_level", None) is self._level:
            extra.view = None  # what it showed got this batch by a write, and it has it too
        return self

    def _rewrapped(self, change: Callable[[Any], Any]) -> Any:
        inner = change(self._inner)
        return None if inner is None else batched(self._level, inner)

    def _joined(self, first: Any, second: Any, join: Callable[[Any, Any], Any]) -> Any:
        level: Any = self._level
        return batched(level, join(physical_at(first, level), physical_at(second, level)))

    def _apply_row(
        self, level: Any, row: Any, inputs: Sequence[Any], params: dict[str, Any]
    ) -> Any:
        flags = [_is_at(one, level) for one in inputs]
        values = [one._inner if flag else one for one, flag in zip(inputs, flags, strict=True)]
        for name, value in params.items():
            if type(value) is StandIn:  # of indices that an operation gave
                across = batching.Across(physical_at(value.owner, level)._data)
                params = {**params, name: across}
        out = batching.apply(row, values, flags, params, level.size)
        if level.lenient and not row.view:
            for one in out if isinstance(out, tuple) else (out,):
                _forget_view(one)
        if isinstance(out, tuple):
            return tuple(batched(level, one) for one in out)
        return batched(level, out)

    def _apply_function(
        self, level: Any, function: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        """A user's function: by its own rule for batches, or by running it on batched tensors."""
        own = function.vmap is not Function.vmap
        if own and function.generate_vmap_rule:
            raise RuntimeError(errors.BOTH_VMAPS.format(function.__name__))
        if not own and not function.generate_vmap_rule:
            raise RuntimeError(errors.NO_VMAP.format(function.__name__))
        flags = [_is_at(one, level) for one in args]
        physical = [one._inner if flag else one for one, flag in zip(args, flags, strict=True)]
        if own:
            info = VmapInfo(level.size, level.randomness)
            dims = tuple(0 if flag else None for flag in flags)
            returned = function.vmap(info, dims, *physical)
            if not isinstance(returned, tuple):
                raise RuntimeError(errors.VMAP_RETURNS.format(f"a {type(returned)} instead"))
            if len(returned) != 2:
                raise RuntimeError(errors.VMAP_RETURNS.format(f"{len(returned)} returns instead"))
            output, out_dims = returned
            leaves, structure = flatten(output)
            places = spread_prefix(out_dims, structure)
            if places is None:
                shape = flatten(out_dims)[1]
                raise RuntimeError(errors.VMAP_OUT_DIMS.format(out_dims, shape, structure))
            return structure.build(
                [
                    one if place is None else batched(level, movedim(one, place, 0))
                    for one, place in zip(leaves, places, strict=True)
                ]
            )
        call = _Mapped(level, tuple(flags), kwargs)
        output = _generated(function).apply(call, *physical)
        leaves, structure = flatten(output)
        return structure.build([batched(level, one) for one in leaves])

    def _write_row(
        self, level: Any, row: Any, inputs: Sequence[Any], params: dict[str, Any]
    ) -> None:
        target = inputs[0]
        if not _is_at(target, level):
            if not level.lenient:
                raise RuntimeError(errors.VMAP_IN_PLACE)
            level.turn(target)
            target = settled(target)
        physical = target._inner
        if row.name in ("copy", "fill"):
            if len(inputs) == 1:
                write(row, physical, **params)
            else:
                source = settled(inputs[1])  # once more: it may show what has just turned
                flags = [True, _is_at(source, level)]
                source = source._inner if flags[1] else source
                aligned = batching.aligned([physical, source], flags)[1]
                physical.copy_(aligned)
            return
        result = row(CLONE(target), *inputs[1:], **params)
        if result.shape != target.shape:
            raise errors.output_shape(tuple(target.shape), tuple(result.shape))
        physical.copy_(result._inner)

    def _level_gradients(
        self,
        level: Any,
        outputs: Sequence[Any],
        targets: Sequence[Any],
        cotangents: Sequence[Any],
        keep: bool,
        create_graph: bool,
    ) -> tuple[Any, ...]:
        found: list[Any] = [None] * len(targets)
        inside = [k for k, one in enumerate(outputs) if batched_at(one, level)]
        wanted = [k for k, one in enumerate(targets) if batched_at(one, level)]
        rest = [k for k in range(len(targets)) if k not in wanted]
        if inside and wanted:
            values = gradients(
                [physical_at(outputs[k], level) for k in inside],
                [physical_at(targets[k], level) for k in wanted],
                [physical_at(cotangents[k], level) for k in inside],
                keep or bool(rest),
                create_graph,
            )
            for place, value in zip(wanted, values, strict=True):
                found[place] = None if value is None else _back(level, value)
        if rest:  # all members share these targets, and yet each has a gradient of its own
            values = gradients(
                [physical_at(one, level) if k in inside else one for k, one in enumerate(outputs)],
                [targets[k] for k in rest],
                [
                    _each_alone(physical_at(one, level), level) if k in inside else one
                    for k, one in enumerate(cotangents)
                ],
                keep,
                create_graph,
            )
            for place, value in zip(rest, values, strict=True):
                found[place] = value
        return tuple(found)

    def detach(self) -> Any:
        return batched(self._level, self._inner.detach())

    @property
    def data(self) -> Any:
        """Refused: a tensor whose writes autograd does not see would be one for all members."""
        raise RuntimeError(errors.VMAP_DATA)

    @data.setter
    def data(self, value: Any) -> None:
        raise RuntimeError("the data of a tensor inside of vmap cannot be exchanged")

    def numpy(self, *, force: Any = False) -> Any:
        raise RuntimeError(errors.VMAP_ITEM.format("numpy", "numpy"))

    def item(self) -> Any:
        raise RuntimeError(errors.VMAP_ITEM.format("item", "item"))

    def __bool__(self) -> Any:
        raise RuntimeError(errors.VMAP_CONTROL_FLOW)

    def _layer_text(self) -> str:
        return around("BatchedTensor", self._level, "bdim=0, ", self._inner_text())

    def __format__(self, spec: str) -> str:
        return repr(self)


class VmapInfo(NamedTuple):
    """What a Function's own `vmap` is told."""

    batch_size: int
    randomness: str


class _Mapped(NamedTuple):
    """One application of a user's function to a batch."""

    level: BatchLevel
    flags: tuple[bool, ...]  # which arguments are batched
    kwargs: dict[str, Any]

    def lifted(self, values: Sequence[Any], which: Sequence[bool]) -> tuple[Any, ...]:
        """Members, where tensors are batched."""
        return tuple(
            batched(self.level, one) if flag and isinstance(one, TensorState) else one
            for one, flag in zip(values, which, strict=True)
        )

    def lowered(self, one: Any) -> Any:
        return physical_at(one, self.level) if isinstance(one, TensorState) else one


def _generated(function: Any) -> Any:
    """A Function of whole batches that runs forward and backward of another on their members."""
    known = function.__dict__.get("_of_batches")
    if known is not None:
        return known

    class Generated(Function):
        @staticmethod
        def forward(call: _Mapped, *args: Any) -> Any:
            output = function.forward(*call.lifted(args, call.flags), **call.kwargs)
            return tree_map(call.lowered, output)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
            call, level = inputs[0], inputs[0].level
            inner = function._node_type()
            members = tree_map(lambda one: batched(level, one), output)
            function.setup_context(inner, call.lifted(inputs[1:], call.flags), members)
            pairs = zip(flatten(members)[0], flatten(output)[0], strict=True)
            stopped = inner.non_differentiable
            ctx.mark_non_differentiable(
                *(whole for one, whole in pairs if any(one is other for other in stopped))
            )
            saved, forward = inner.to_save, inner.saved_for_forward
            inner.to_save, inner.saved_for_forward = (), None  # which may hold the output
            ctx.inner, ctx.call = inner, call
            ctx.which = [_is_at(one, level) for one in saved]
            ctx.save_for_backward(*(_below(one, level) for one in saved))
            ctx.which_forward = []
            if forward is not None:
                ctx.which_forward = [_is_at(one, level) for one in forward]
                ctx.save_for_forward(*(_below(one, level) for one in forward))
            ctx.set_materialize_grads(inner.materialize_grads)

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> Any:
            inner, call = ctx.inner, ctx.call
            inner.needs_input_grad = ctx.needs_input_grad[1:]
            inner.lent = call.lifted(ctx.saved_tensors, ctx.which)
            with reopened(call.level):
                seeds = call.lifted(cotangents, (True,) * len(cotangents))
                found = function._backward_rule()(inner, *seeds)
                inner.lent = None
                found = found if isinstance(found, tuple) else (found,)
                return None, *(
                    one if one is None else _for_input(call.lowered(one), flag)
                    for one, flag in zip(found, call.flags, strict=True)
                )

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            inner, call = ctx.inner, ctx.call
            inner.lent = call.lifted(ctx.saved_tensors, ctx.which_forward)
            with reopened(call.level):
                whole = [
                    one if one is None else _whole_batch(one, flag, call.level)
                    for one, flag in zip(tangents[1:], call.flags, strict=True)
                ]
                slopes = call.lifted(whole, (True,) * len(whole))
                found = tree_map(call.lowered, function.jvp(inner, *slopes))
            inner.lent = None
            return found

    Generated.__name__ = function.__name__
    Generated._node_type.__name__ = f"{function.__name__}GeneratedBackward"
    function._of_batches = Generated
    return Generated


def _below(value: Any, level: Level) -> Any:
    return value._inner if _is_at(value, level) else value


def _whole_batch(tangent: Any, flag: bool, level: BatchLevel) -> Any:
    return tangent if flag else EXPAND(tangent, size=(level.size, *tangent.shape))


def _for_input(gradient: Any, flag: bool) -> Any:
    """Of an argument that all members share, the sum of their gradients."""
    return gradient if flag else gradient.sum(0)


def _by_member(refused: _Opaque, name: str, args: tuple[Any, ...]) -> Any:
    """A function of batched indices, for the highest level of the batches among them."""
    if name in members.BY_ROWS:
        return members.BY_ROWS[name](*args)
    leaves, structure = flatten([settled(one) for one in args])
    leaves = [settled(one) for one in leaves]
    levels: list[Any] = batch_levels(leaves)
    if not levels or name not in members.ONE_BY_ONE:
        raise refused
    level = levels[-1]
    ranks = tuple(one.ndim if batched_at(one, level) else None for one in leaves)
    lowered = [
        one if rank is None else physical_at(one, level)
        for one, rank in zip(leaves, ranks, strict=True)
    ]
    found = members.quick(name, tuple(structure.build(lowered)), level.size, ranks)
    if found is NotImplemented:
        each = [
            tuple(
                structure.build(
                    [
                        one if rank is None else one[number]
                        for one, rank in zip(lowered, ranks, strict=True)
                    ]
                )
            )
            for number in range(level.size)
        ]
        found = members.by_loop(members.ONE_BY_ONE[name], each)
    return _back(level, found)


def _is_at(value: Any, level: Level) -> bool:
    return type(value) is Batched and value._level is level


def batched(level: Level, physical: Any) -> Any:
    """A tensor that stands for each member of a batch along the first axis of `physical`."""
    result = object.__new__(Batched)
    result._inner = physical
    result._level = level
    return result


def batched_at(tensor: Any, level: Level) -> bool:
    """Whether the tensor differs from member to member of a level's batch."""
    while isinstance(tensor, TensorState) and tensor._layered:
        if _is_at(tensor, level):
            return True
        if any(batched_at(one, level) for one in tensor._parts()[1:]):  # type: ignore[attr-defined]
            return True
        tensor = tensor._inner  # type: ignore[attr-defined]
    return False


def physical_at(tensor: Any, level: BatchLevel) -> Any:
    """The tensor with the batch of a level as its first axis, under its higher layers."""
    if _is_at(tensor, level):
        return tensor._inner
    if not tensor._layered or tensor._level.number < level.number:
        return EXPAND(tensor, size=(level.size, *tensor.shape))
    if type(tensor) is Batched:
        inner = physical_at(tensor._inner, level)  # (size, batch of the higher level, …)
        order = (1, 0, *range(2, inner.ndim))
        return batched(tensor._level, PERMUTE(inner, dims=order))
    return tensor._rewrapped(lambda inner: physical_at(inner, level))


def _each_alone(physical: Any, level: BatchLevel) -> Any:
    """For each member a cotangent of the whole batch that is zero at all others."""
    ones = (1,) * (physical._data.ndim - 1)
    here = wrap(np.eye(level.size, dtype=bool).reshape(level.size, level.size, *ones))
    return _back(level, WHERE(here, physical, 0.0))


def _back(level: BatchLevel, tensor: Any) -> Any:
    """The inverse of :func:`physical_at`."""
    if tensor._layered and tensor._level.number > level.number:
        if type(tensor) is Batched:
            inner = tensor._inner  # (batch of the higher level, size, …)
            order = (1, 0, *range(2, inner.ndim))
            return batched(tensor._level, _back(level, PERMUTE(inner, dims=order)))
        return tensor._rewrapped(lambda inner: _back(level, inner))
    return batched(level, tensor)
