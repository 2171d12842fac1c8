"""Dual tensors: a value and its tangent, carried through every row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.formatting import format_tensor
from autodiff.graph import Node
from autodiff.inplace import write
from autodiff.layers import (
    Layered,
    Level,
    around,
    batch_levels,
    bottom,
    combine,
    gradients,
    highest,
    primal_at,
    reaches,
    settled,
    tangent_at,
)
from autodiff.modes import settings
from autodiff.operation import wrap
from autodiff.ops.shapes import CLONE
from autodiff.printing import print_options
from autodiff.state import TensorState, ViewOf, layered_by
from autodiff.tangents import computed, is_differentiable, tangents_of, zeros_for
from autodiff.tensor_class import Tensor
from autodiff.views import like_strided, replay, requires_grad

__all__ = ["Dual", "dual", "make_dual"]


class Dual(Layered):
    """A tensor of one level of forward mode. It is its primal, and has a tangent besides."""

    __slots__ = ()
    _tangent: Any

    def _parts(self) -> tuple[Any, ...]:
        return self._inner, self._tangent

    def _with_inner(self, inner: Any) -> Any:
        return dual(self._level, inner, self._tangent)

    def _settled(self) -> Any:
        return self if self._level.alive else _settle(self._inner)

    def _rewrapped(self, change: Callable[[Any], Any]) -> Any:
        primal, tangent = change(self._inner), change(self._tangent)
        if primal is None:
            if tangent is None:
                return None
            primal = zeros_for(tangent)
        return primal if tangent is None else dual(self._level, primal, tangent)

    def _joined(self, first: Any, second: Any, join: Callable[[Any, Any], Any]) -> Any:
        level = self._level
        primal = join(primal_at(first, level), primal_at(second, level))
        here, there = tangent_at(first, level), tangent_at(second, level)
        here = zeros_for(primal_at(first, level)) if here is None else here
        return dual(level, primal, join(here, there))

    def _apply_row(
        self, level: Level, row: Any, inputs: Sequence[Any], params: dict[str, Any]
    ) -> Any:
        if row.view:
            _lay_out(inputs[0], level)
        primals = [_primal(one, level) for one in inputs]
        out = computed(row, primals, params)
        if not row.rules:
            return out
        several = isinstance(out, tuple)
        results = list(out) if several else [out]
        found = tangents_of(
            row, primals, [_tangent(one, level) for one in inputs], params, results
        )
        for place, tangent in enumerate(found):
            if tangent is not None:
                shared = not row.view and _is_shared(tangent, inputs)
                own = CLONE(tangent) if shared else tangent
                results[place] = dual(level, results[place], own)
        return tuple(results) if several else results[0]

    def _write_row(
        self, level: Level, row: Any, inputs: Sequence[Any], params: dict[str, Any]
    ) -> None:
        target = inputs[0]
        primals = [_primal(one, level) for one in inputs]
        found = None
        if row.rules and is_differentiable(primals[0]):
            tangents = [_tangent(one, level) for one in inputs]
            # what the tangent's history will read is about to be overwritten
            before = [primals[0].clone(), *primals[1:]]
            if tangents[0] is not None:
                tangents[0] = tangents[0].clone()
            result = row(*before, **params)
            found = tangents_of(row, before, tangents, params, [result])[0]
        plain = type(target) is not Dual or target._level is not level
        if found is not None and plain and highest(primals[1:]) is not None:
            # the primal itself may be about to become layered, and its base with it
            target = _become_dual(target, level)
            primals[0] = target._inner
        write(row, *primals, **params)
        if type(target) is Dual and target._level is level:
            target._write_tangent(found)
        elif found is not None:
            _become_dual(target, level)._write_tangent(found)

    def _apply_function(
        self, level: Level, function: Any, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        """A user's function: its value as ever, its tangent by its `jvp`."""
        primals = [_primal(one, level) for one in args]
        tangents = [_tangent(one, level) for one in args]
        ctx = function._node_type()
        if any(layered_by(one) is not None for one in primals):
            output = function.apply(*primals, **kwargs)
            function.setup_context(ctx, tuple(primals), output)
        else:
            output = function._applied(ctx, tuple(primals), kwargs)
        if ctx.materialize_grads:
            tangents = [
                zeros_for(primal) if tangent is None and is_differentiable(primal) else tangent
                for primal, tangent in zip(primals, tangents, strict=True)
            ]
        several = isinstance(output, tuple)
        outputs = output if several else (output,)
        versions = [None if one is None else one._version for one in tangents]
        ctx.pushes = True
        try:
            found = function.jvp(ctx, *tangents)
        finally:
            ctx.pushes = False
        found = found if isinstance(found, tuple) else (found,)
        _check_slopes(ctx, outputs, found)
        results = []
        for value, tangent in zip(outputs, found, strict=True):
            place = next((i for i, one in enumerate(primals) if one is value), None)
            if place is not None and type(args[place]) is Dual:  # written to, and returned
                if tangent is not tangents[place]:
                    untouched = tangent is None or tangent._version == versions[place]
                    raise RuntimeError(
                        errors.JVP_NOT_IN_PLACE if untouched else errors.JVP_NOT_RETURNED
                    )
                results.append(args[place])
            elif tangent is None or not is_differentiable(value):
                results.append(value)
            else:
                _check_view(value, tangent, primals)
                results.append(dual(level, value, tangent))
        ctx.forget_marks()
        return tuple(results) if several else results[0]

    def _write_tangent(self, found: Any) -> None:
        """The tangent changes where it lies in memory, so that views of it change, too."""
        tangent = self._tangent
        if found is None:
            found = zeros_for(tangent)
        if not tangent._layered and tangent._node is None and requires_grad(tangent):
            self._tangent = found
            return
        known = batch_levels((tangent,))
        for level in batch_levels((found,)):
            if level not in known:
                level.turn(tangent)
        settled(tangent).copy_(found)

    def _adopt(self, view: Any) -> None:
        """Make a view of this tensor's memory dual that was made before this became dual."""
        below = view._extra.view
        tangent = replay(below.chain, self._tangent)
        below.base = self._inner
        _turn_dual(view, self._level, tangent)
        view._root, view._steps = self, below.chain

    def _adopt_view(self, view: Any) -> None:
        inner = self._inner
        if inner._layered and inner._level.number > view._level.number:
            inner._adopt_view(view)
        _turn_dual(view, self._level, replay(view._steps, self._tangent))
        view._root = self
        if inner._layered:
            view._inner._root = inner
        else:
            view._inner.__dict__.pop("_root", None)

    def _level_gradients(
        self,
        level: Level,
        outputs: Sequence[Any],
        targets: Sequence[Any],
        cotangents: Sequence[Any],
        keep: bool,
        create_graph: bool,
    ) -> tuple[Any, ...]:
        """Gradients and their tangents, from the history that tangents have.

        With a cotangent v, y' = J x' gives <v, y'>, whose gradient is the tangent of Jᵀ v for a
        constant v; what a tangent of v adds is Jᵀ v'.
        """
        values = [primal_at(one, level) for one in outputs]
        slopes = [tangent_at(one, level) for one in outputs]
        points = [primal_at(one, level) for one in targets]
        seeds = [primal_at(one, level) for one in cotangents]
        seed_slopes = [tangent_at(one, level) for one in cotangents]
        first = gradients(values, points, seeds, True, create_graph)
        pairs = [
            (slope, seed)
            for slope, seed in zip(slopes, seeds, strict=True)
            if slope is not None and requires_grad(slope)
        ]
        direct = [
            (value, slope)
            for value, slope in zip(values, seed_slopes, strict=True)
            if slope is not None
        ]
        second: Sequence[Any] = (None,) * len(points)
        if pairs or direct:
            roots, arriving = zip(*pairs, *direct, strict=True)
            second = gradients(roots, points, arriving, True, create_graph)
        results = []
        for target, point, gradient, total in zip(targets, points, first, second, strict=True):
            own = tangent_at(target, level)
            slope = total
            if slope is not None and pairs and own is not None and requires_grad(own):
                slope = _at_fixed_tangent(slope, own, point, pairs, create_graph)
            value = zeros_for(slope) if gradient is None and slope is not None else gradient
            results.append(None if value is None else combine(level, value, slope, dual))
        return tuple(results)

    def _layer_text(self) -> str:
        if not self._level.alive:
            return self._inner_text()
        if self._level.transform:
            return around("GradTrackingTensor", self._level, "", self._inner_text())
        return _printed(self)


def _check_slopes(ctx: Any, outputs: Sequence[Any], found: Sequence[Any]) -> None:
    """What a user's `jvp` returned: one tensor or None for each output of forward."""
    if len(found) != len(outputs):
        raise RuntimeError(errors.JVP_COUNT.format(len(outputs), len(found)))
    for place, (value, slope) in enumerate(zip(outputs, found, strict=True)):
        if slope is None:
            continue
        if not isinstance(slope, TensorState):
            raise RuntimeError(  # noqa: TRY004 - PyTorch's own type
                errors.JVP_TYPE.format(type(slope).__name__, place)
            )
        stopped = any(value is one for one in ctx.non_differentiable)
        if stopped or not isinstance(value, TensorState) or not is_differentiable(value):
            raise RuntimeError(errors.JVP_NOT_DIFFERENTIABLE.format(place))
        if not is_differentiable(slope):
            raise RuntimeError(errors.JVP_DTYPE)
        if slope._data.shape != value._data.shape and not batch_levels((slope, value)):
            shapes = list(value._data.shape), list(slope._data.shape)
            raise RuntimeError(errors.TANGENT_SIZE.format(*shapes))


def _check_view(value: Any, tangent: Any, primals: Sequence[Any]) -> None:
    """Where forward gave a view of an input, `jvp` must give one of the input's tangent."""
    below = bottom(value)
    if below._extra is None or below._extra.view is None or tangent._layered:
        return
    base = below._extra.view.base
    bases = [bottom(one) for one in primals if isinstance(one, TensorState)]
    roots = [one._base if one._is_view() else one for one in bases]
    if any(base is one for one in roots) and not tangent._is_view():
        raise RuntimeError(errors.JVP_NO_VIEW)


def _settle(value: Any) -> Any:
    return value._settled() if value._layered else value


def _primal(value: Any, level: Level) -> Any:
    return value._inner if type(value) is Dual and value._level is level else value


def _tangent(value: Any, level: Level) -> Any:
    return value._tangent if type(value) is Dual and value._level is level else None


def dual(level: Level, primal: Any, tangent: Any) -> Any:
    """A dual tensor; primal and tangent are of lower levels."""
    result = object.__new__(Dual)
    result._inner = primal
    result._tangent = tangent
    result._level = level
    return result


def make_dual(level: Level, primal: Any, tangent: Any) -> Any:
    """A dual tensor of tensors of any levels."""
    return combine(level, primal, tangent, dual)


def _turn_dual(tensor: Any, level: Level, tangent: Any) -> Any:
    """Make this very object dual: what it was goes into a tensor below it."""
    inner = object.__new__(Tensor)
    inner._data, inner._node, inner._leaf = tensor._data, tensor._node, tensor._leaf
    inner._counter, inner._extra = tensor._counter, tensor._extra
    if tensor._layered:
        inner = object.__new__(type(tensor))
        inner.__dict__.update(tensor.__dict__)
    tensor.__class__ = Dual
    tensor._inner = inner
    tensor._tangent = tangent
    tensor._level = level
    return tensor


def _become_dual(tensor: Any, level: Level) -> Any:
    """A tensor into which something with a tangent was written, and its base, become dual."""
    view: ViewOf | None = None if tensor._extra is None else tensor._extra.view
    root = tensor.__dict__.get("_root") if tensor._layered else None
    if root is not None:
        if root._level is not level:
            data = root._data
            plain = isinstance(data, np.ndarray)
            _turn_dual(root, level, wrap(like_strided(data)) if plain else zeros_for(root))
        root._adopt_view(tensor)
        return tensor
    if tensor._layered or view is None:
        return _turn_dual(tensor, level, zeros_for(tensor))
    base: Any = view.base
    _turn_dual(base, level, wrap(like_strided(base._data)))
    base._adopt(tensor)
    return tensor


def _lay_out(value: Any, level: Level) -> None:
    """Views of a tangent are those of its primal: both lie in memory in the same order."""
    if type(value) is not Dual or value._level is not level:
        return
    primal, tangent = bottom(value._inner), value._tangent
    if tangent._layered or value._inner._layered:
        return
    data, below = tangent._data, primal._data
    if not isinstance(data, np.ndarray) or not data.size:
        return
    if data.strides != getattr(below, "strides", None) or not data.flags.writeable:
        laid = wrap(like_strided(below, data.dtype))
        laid.copy_(tangent)
        value._tangent = laid


def _is_shared(tangent: Any, inputs: Sequence[Any]) -> bool:
    """Whether a result's tangent is, or shows, memory of another tangent."""
    for one in inputs:
        if type(one) is Dual and tangent is one._tangent:
            return True
    extra = bottom(tangent)._extra
    return extra is not None and extra.view is not None


def _at_fixed_tangent(
    slope: Any, own: Any, point: Any, pairs: Sequence[Any], create_graph: bool
) -> Any:
    """Take out what reached a target through its own tangent, where that was made of it."""
    if not reaches([bottom(own)], [bottom(point)]):
        return slope
    roots, arriving = zip(*pairs, strict=True)
    through = gradients(roots, (own,), arriving, True, create_graph)[0]
    if through is None:
        return slope
    back = gradients((own,), (point,), (through,), True, create_graph)[0]
    return slope if back is None else slope - back


def _printed(tensor: Any) -> str:
    below = bottom(tensor)
    try:
        node: Node | None = below.grad_fn
        name = None if node is None else node.title()
    except RuntimeError:  # a view that may not be regenerated; PyTorch prints so, too
        name = "Invalid"
    return format_tensor(
        below._data,
        options=print_options(),
        default_dtype=settings.default_dtype,
        requires_grad=below.requires_grad,
        grad_fn_name=name,
        tangent=format(tensor._tangent),
    )
