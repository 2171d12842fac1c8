"""The methods of NumPy's ufuncs, and what its reductions take besides an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

__all__ = ["REDUCTIONS", "accumulated", "outer", "reduced", "reduced_at"]

Apply = Callable[..., Any]
Call = Callable[..., Any]

_ABSENT = np._NoValue


def _axes(axis: Any, rank: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(rank))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    return tuple(int(place) % rank for place in given)


def _reduction(name: str, combine: str, neutral: float | None) -> Callable[..., Any]:
    """sum, prod, max, min: of the elements that are picked, and of a first number."""

    def function(
        apply: Apply,
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = _ABSENT,
        where: Any = True,
    ) -> Any:
        if where is not True and where is not _ABSENT:
            first = neutral if neutral is not None else initial
            if first is _ABSENT or first is None:
                raise ValueError(
                    f"reduction operation {name} does not have an identity, so to use a where "
                    "mask one has to specify 'initial'"
                )
            a = apply("where", np.asarray(where), a, first)
        own = axis if axis is not None or neutral is not None else ()
        found = apply(name, a, own, keepdims is True)
        if initial is _ABSENT or initial is None:
            return found
        return apply(combine, found, initial)

    return function


def _extreme(name: str, combine: str) -> Callable[..., Any]:
    """The same without a dtype."""
    inner = _reduction(name, combine, None)

    def function(
        apply: Apply,
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = False,
        initial: Any = _ABSENT,
        where: Any = True,
    ) -> Any:
        return inner(apply, a, axis, None, None, keepdims, initial, where)

    return function


def _mean(
    apply: Apply,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    keep = keepdims is True
    if where is True or where is _ABSENT:
        return apply("mean", a, axis, keep)
    picked = np.broadcast_to(np.asarray(where), tuple(int(n) for n in a.shape))
    count = np.asarray(picked.sum(axis=axis, keepdims=keep), dtype=np.float64)
    return apply("div", apply("sum", apply("where", picked, a, 0.0), axis, keep), count)


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _reduction("sum", "add", 0.0),
    "prod": _reduction("prod", "mul", 1.0),
    "max": _extreme("amax", "maximum"),
    "amax": _extreme("amax", "maximum"),
    "min": _extreme("amin", "minimum"),
    "amin": _extreme("amin", "minimum"),
    "mean": _mean,
}
_OF_UFUNCS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}


def reduced(
    apply: Apply,
    call: Call,
    name: str,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = _ABSENT,
    where: Any = True,
) -> Any:
    """`ufunc.reduce`: of any ufunc of two arguments, one element after the other."""
    if name in _OF_UFUNCS:
        named = {"axis": axis, "keepdims": keepdims, "initial": initial, "where": where}
        return REDUCTIONS[_OF_UFUNCS[name]](apply, array, **named)
    if initial is not _ABSENT or where is not True:
        raise TypeError(f"{name}.reduce(initial=, where=) is not understood on tensors")
    result = array
    for place in sorted(_axes(axis, array.ndim), reverse=True):
        found = reduce(call, apply("unbind", result, place))
        result = apply("unsqueeze", found, place) if keepdims else found
    return result


def accumulated(
    apply: Apply, call: Call, name: str, array: Any, axis: int = 0, dtype: Any = None
) -> Any:
    """`ufunc.accumulate`."""
    if name in ("add", "multiply"):
        return apply("cumsum" if name == "add" else "cumprod", array, axis)
    rows = list(apply("unbind", array, axis))
    done = rows[:1]
    for row in rows[1:]:
        done.append(call(done[-1], row))
    return apply("stack", done, axis)


def outer(apply: Apply, call: Call, one: Any, other: Any) -> Any:
    """`ufunc.outer`: every element of the one with every element of the other."""
    first = tuple(int(n) for n in np.shape(one))
    rank = len(np.shape(other))
    return call(apply("reshape", one, (*first, *(1,) * rank)), other)


def reduced_at(
    apply: Apply, call: Call, name: str, array: Any, indices: Sequence[int], axis: int = 0
) -> Any:
    """`ufunc.reduceat`: of the slices between indices that follow each other."""
    size = int(array.shape[axis])
    places = [int(n) for n in indices]
    parts = []
    for start, end in zip(places, [*places[1:], size], strict=True):
        length = end - start if end > start else 1
        part = apply("narrow", array, axis, start, length)
        parts.append(reduced(apply, call, name, part, axis))
    return apply("stack", parts, axis)
