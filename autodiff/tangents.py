"""Forward mode: the tangent of a row's result from the tangents of its inputs, by the same rules.

A linear row is its own tangent rule. A rule of an elementwise row multiplies by a derivative, so
what it does to a cotangent it does to a tangent. Products that are linear in each factor have one
factor exchanged for its tangent. Any other rule is a linear map of its cotangent, of which the
tangent's map is the transpose: it is recorded on a stand-in, and the tangent sent back through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff import namespace
from autodiff.gradients import grad
from autodiff.graph import LeafState
from autodiff.layers import batch_levels
from autodiff.modes import is_grad_enabled, recorded
from autodiff.operation import GeneralOperation, wrap
from autodiff.plan import Plan
from autodiff.row import Row
from autodiff.state import TensorState
from autodiff.views import requires_grad

__all__ = ["computed", "is_differentiable", "tangents_of", "zeros_for"]

_BILINEAR = ("bmm", "dot", "einsum", "matmul", "mm", "mv")


class _Applied(GeneralOperation):
    """An application whose rules read the tensors themselves, with whatever layers they have."""

    __slots__ = ("tensors",)
    tensors: list[Any]

    def _saved_tensors(self, saved: tuple[Any, ...]) -> list[Any]:
        return self.tensors


def is_differentiable(value: Any) -> bool:
    """Whether a value is a tensor of real or complex numbers."""
    return isinstance(value, TensorState) and value._data.dtype.kind in "fcV"


def computed(row: Row, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
    """The row's result, by its straight path where that is possible.

    Straight paths are for rows with rules that lead from real numbers to real ones.
    """
    if row.rules and None not in row.rules:
        result = row.straight(*inputs, **params)
        if isinstance(result, TensorState) and result._data.dtype.kind == "f":
            return result
    return row(*inputs, **params)


def zeros_for(tensor: Any) -> Any:
    """Zeros in the shape and dtype of a tensor."""
    return wrap(np.zeros(tensor._data.shape, tensor._data.dtype))


def tangents_of(
    row: Row,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    params: dict[str, Any],
    results: Sequence[Any],
) -> list[Any]:
    """The tangent of each result of `row(*primals, **params)`; None for zero.

    tangents: of each input; None for zero.
    """
    nothing: list[Any] = [None] * len(results)
    rules, variadic = row.rules, row.variadic
    wanted = [
        place
        for place, tangent in enumerate(tangents)
        if tangent is not None and rules[0 if variadic else place] is not None
    ]
    if not wanted or not any(map(is_differentiable, results)):
        return nothing
    if row.linear:
        found = computed(row, list(map(_filled, primals, tangents)), params)
        return list(found) if isinstance(found, tuple) else [found]
    if row.name in _BILINEAR:
        return [_by_factors(row, primals, tangents, wanted, params)]
    plan = _plan(row, primals, wanted, results)
    if row.elementwise and (row.holomorphic or (not plan.conjugate and _real(primals))):
        return [_by_element(_Site(plan, primals, params), tangents, results[0])]
    return _by_transposition(_applied(plan, primals, params, results), tangents, results)


def _filled(primal: Any, tangent: Any) -> Any:
    """What stands for an input where a linear row is applied to tangents."""
    if tangent is not None:
        return tangent
    if isinstance(primal, TensorState):
        return zeros_for(primal)
    return None if primal is None else 0


def _real(values: Sequence[Any]) -> bool:
    for value in values:
        if isinstance(value, TensorState):
            if value._data.dtype.kind == "c":
                return False
        elif type(value) is complex:
            return False
    return True


def _plan(row: Row, primals: Sequence[Any], wanted: Sequence[int], results: Sequence[Any]) -> Plan:
    conjugate = row.holomorphic and not _real((*primals, *results))
    mask = 0
    for place in wanted:
        mask |= 1 << place
    key = -mask if conjugate else mask
    plan: Plan | None = row.plans.get(key)
    if plan is None:
        plan = row.plans[key] = Plan(row, wanted, conjugate)
    return plan


def _read(plan: Plan, primals: Sequence[Any], results: Sequence[Any]) -> list[Any]:
    """The tensors that the rules read."""
    return [results[-1 - source] if source < 0 else primals[source] for source in plan.sources]


class _Site:
    """An application as the call of an elementwise rule asks of it."""

    __slots__ = ("_primals", "params", "plan")

    def __init__(self, plan: Plan, primals: Sequence[Any], params: dict[str, Any]) -> None:
        self.plan = plan
        self.params = params
        self._primals = primals

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        return tuple(map(_shape, self._primals))

    def tensors(self, result: Any) -> list[Any]:
        """What the rules read."""
        return _read(self.plan, self._primals, (result,))


def _applied(
    plan: Plan, primals: Sequence[Any], params: dict[str, Any], results: Sequence[Any]
) -> _Applied:
    """The application as a node of no graph."""
    applied = _Applied()
    applied.plan = plan
    applied.tensors = _read(plan, primals, results)
    applied.edges = (None,) * len(primals)
    applied.shapes = tuple(_shape(one) for one in primals)
    applied.types = tuple(
        one._data.dtype if isinstance(one, TensorState) else None for one in primals
    )
    applied.params = params
    applied.numbers = applied.hooks = None
    applied.saved, applied.counters = (), ()
    several = plan.row.outputs == -1
    applied.output_meta = (
        [(one._data.shape, one._data.dtype) for one in results] if several else None
    )
    return applied


def _shape(value: Any) -> tuple[int, ...]:
    return value._data.shape if isinstance(value, TensorState) else np.shape(value)


def _by_factors(
    row: Row,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    wanted: Sequence[int],
    params: dict[str, Any],
) -> Any:
    total = None
    for place in wanted:
        factors = list(primals)
        factors[place] = tangents[place]
        part = computed(row, factors, params)
        total = part if total is None else total + part
    return total


def _by_element(site: _Site, tangents: Sequence[Any], result: Any) -> Any:
    data = result._data
    dtype, shape = data.dtype, data.shape
    tensors = site.tensors(result)
    total: Any = None
    for place, call in site.plan.steps:
        tangent = tangents[place]
        if tangent._data.dtype is not dtype:
            tangent = namespace.astype(tangent, dtype)
        part = call(site, place, tangent, tensors, namespace)
        if not isinstance(part, TensorState):
            part = namespace.asarray(part, dtype=dtype)
        total = part if total is None else total + part
    data = total._data
    if data.dtype is not dtype and data.dtype != dtype:
        total = namespace.astype(total, dtype)
    if data.shape != shape:
        total = namespace.broadcast_to(total, shape)
    return total


def _by_transposition(
    applied: _Applied, tangents: Sequence[Any], results: Sequence[Any]
) -> list[Any]:
    row = applied.row
    several = row.outputs == -1
    stand_ins = []
    with recorded():
        levels = batch_levels((*applied.tensors, *tangents, *results))
        for result in results if several else results[:1]:
            stand_in = zeros_for(result)
            if is_differentiable(result):
                stand_in._leaf = LeafState()
            for level in levels:
                stand_in = level.spread(stand_in)
            stand_ins.append(stand_in)
        pulled = applied.backward(stand_ins if several else stand_ins[0], True)
    pairs = [
        (part, tangents[place])
        for place, part in enumerate(pulled)
        if part is not None and requires_grad(part)
    ]
    marked = [one for one in stand_ins if requires_grad(one)]
    found: Sequence[Any] = (None,) * len(marked)
    if pairs:
        parts, given = zip(*pairs, strict=True)
        types = [part._data.dtype for part in parts]
        cotangents = [namespace.astype(t, dtype) for t, dtype in zip(given, types, strict=True)]
        found = grad(parts, marked, cotangents, create_graph=is_grad_enabled(), allow_unused=True)
    by_stand_in = {id(one): value for one, value in zip(marked, found, strict=True)}
    answers: list[Any] = [None] * len(results)
    for place, stand_in in enumerate(stand_ins):
        if requires_grad(stand_in):
            value = by_stand_in[id(stand_in)]
            answers[place] = zeros_for(results[place]) if value is None else value
    return answers
