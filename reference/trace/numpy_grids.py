"""NumPy's functions of cases, of padding, of places between points; and sums that it has its own
parameters for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference.trace.numpy_elements import is_mine

__all__ = ["GRIDS"]

Apply = Callable[..., Any]


def _select(
    apply: Apply, condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0
) -> Any:
    """The first choice whose condition holds."""
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    result = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        result = apply("where", _truths(condition), choice, result)
    return result


def _truths(condition: Any) -> Any:
    return condition if is_mine(condition) else np.asarray(condition)


def _piecewise(
    apply: Apply, x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any
) -> Any:
    """The last function whose condition holds; one more is for where none does."""
    conditions = list(condlist) if isinstance(condlist, (list, tuple)) else [condlist]
    functions = list(funclist)
    rest = functions.pop() if len(functions) == len(conditions) + 1 else 0

    def of(function: Any) -> Any:
        return function(x, *args, **kw) if callable(function) else function

    result = apply("add", apply("mul", x, 0), 0) if rest == 0 else of(rest)
    for condition, function in zip(conditions, functions, strict=True):
        result = apply("where", _truths(condition), of(function), result)
    return result


def _interp(
    apply: Apply, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Straight lines between points; outside of them the first value and the last.

    A sum of hinges: it has a kink at every point.
    """
    if period is not None:
        raise TypeError("interp(period=) is not understood on the oracle's tensors")
    count = int(np.shape(xp)[0])

    def at(values: Any, place: int) -> Any:
        return apply("getitem", values, place) if is_mine(values) else values[place]

    result = at(fp, 0) if left is None else left
    for place in range(count - 1):
        start, end = at(xp, place), at(xp, place + 1)
        rise = _difference(apply, at(fp, place + 1), at(fp, place))
        width = _difference(apply, end, start)
        share = _binary(apply, "div", _difference(apply, x, start), width)
        line = _binary(apply, "add", at(fp, place), _binary(apply, "mul", share, rise))
        result = apply("where", _at_least(apply, x, start), line, result)
    last = at(xp, count - 1)
    result = apply("where", _at_least(apply, x, last), at(fp, count - 1), result)
    if right is not None:
        result = apply("where", _more(apply, x, last), right, result)
    return result


def _binary(apply: Apply, name: str, one: Any, other: Any) -> Any:
    """An operation of tensors and numbers; of numbers alone, NumPy's."""
    if is_mine(one) or is_mine(other):
        return apply(name, one, other)
    return {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}[name](
        one, other
    )


def _difference(apply: Apply, one: Any, other: Any) -> Any:
    return _binary(apply, "sub", one, other)


def _at_least(apply: Apply, x: Any, bound: Any) -> Any:
    return apply("ge", x, bound) if is_mine(x) or is_mine(bound) else np.asarray(x >= bound)


def _more(apply: Apply, x: Any, bound: Any) -> Any:
    return apply("gt", x, bound) if is_mine(x) or is_mine(bound) else np.asarray(x > bound)


def _pad(apply: Apply, array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """All modes: elements of the array where NumPy puts them, else NumPy's own arithmetic."""
    shape = tuple(int(n) for n in array.shape)
    odd = kwargs.get("reflect_type", "even") != "even"
    if mode in ("edge", "wrap", "empty") or (mode in ("reflect", "symmetric") and not odd):
        places = np.pad(np.arange(int(np.prod(shape))).reshape(shape), pad_width, mode, **kwargs)
        return apply("take", array, places.astype(np.int64))
    fill = kwargs.get("constant_values", 0)
    widths = np.broadcast_to(np.asarray(pad_width), (array.ndim, 2))
    if mode == "constant" and np.ndim(fill) == 0 and not isinstance(pad_width, dict):
        return apply("pad", array, widths[::-1].ravel().tolist(), "constant", fill)
    return NotImplemented


def _partition(apply: Apply, a: Any, kth: Any, axis: Any = -1, **kwargs: Any) -> Any:
    """The elements in the order that NumPy leaves them in."""
    if axis is None:
        a, axis = apply("flatten", a), -1
    places = np.argpartition(a.detach().numpy(), kth, axis=axis, **kwargs)
    return apply("take_along_dim", a, places, axis)


def _unique(apply: Apply, ar: Any, *args: Any, **kwargs: Any) -> Any:
    """One of each number, in order."""
    if args or kwargs:
        return NotImplemented
    flat = apply("flatten", ar)
    _, places = np.unique(flat.detach().numpy(), return_index=True)
    return apply("getitem", flat, (places,))


def _nanspread(name: str) -> Callable[..., Any]:
    """Of numbers, none of which is missing."""

    def function(
        apply: Apply, a: Any, axis: Any = None, dtype: Any = None, out: Any = None,
        ddof: Any = 0, keepdims: Any = False, **kwargs: Any,
    ) -> Any:  # fmt: skip
        return apply(name, a, axis, keepdim=keepdims is True, correction=ddof)

    return function


def _linspace(
    apply: Apply, start: Any, stop: Any, num: int = 50, endpoint: bool = True, **kwargs: Any
) -> Any:
    """As many numbers at even steps."""
    if kwargs.get("retstep") or kwargs.get("axis", 0) != 0:
        return NotImplemented
    shares = np.arange(num) / max(num - 1 if endpoint else num, 1)
    rank = max(len(np.shape(start)), len(np.shape(stop)))
    spread = shares.reshape((num, *(1,) * rank))
    return _binary(
        apply, "add", start, _binary(apply, "mul", spread, _difference(apply, stop, start))
    )


def _cbrt(apply: Apply, x: Any, **kwargs: Any) -> Any:
    return apply("cbrt", x)


def _modf(apply: Apply, x: Any, **kwargs: Any) -> Any:
    return apply("frac", x), apply("trunc", x)


def _along(apply: Apply, matrix: np.ndarray, values: Any, axis: int) -> Any:
    """A matrix of known numbers times an array along an axis."""
    return apply("movedim", apply("tensordot", matrix, values, ((1,), (axis,))), 0, axis)


def _gradient(apply: Apply, f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Differences, which are sums of the values with known factors."""
    if any(is_mine(step) for step in varargs) or not is_mine(f):
        return NotImplemented
    axes = range(f.ndim) if axis is None else axis
    chosen = [int(place) % f.ndim for place in (axes if np.iterable(axes) else (axes,))]
    steps = varargs * len(chosen) if len(varargs) == 1 else varargs
    found = []
    for number, place in enumerate(chosen):
        unit: Any = np.eye(int(f.shape[place]))
        own: Any = steps[number : number + 1]
        order: Any = edge_order
        matrix = np.gradient(unit, *own, axis=0, edge_order=order)
        found.append(_along(apply, np.asarray(matrix), f, place))
    return found[0] if len(found) == 1 else tuple(found)


def _polyfit(apply: Apply, x: Any, y: Any, deg: int, **kwargs: Any) -> Any:
    """The coefficients of least squares, which are sums of the values with known factors."""
    if kwargs or is_mine(x):
        return NotImplemented
    matrix = np.linalg.pinv(np.vander(np.asarray(x, dtype=np.float64), deg + 1))
    return _along(apply, matrix, y, 0)


def _bincount(apply: Apply, x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """Sums of weights, by number."""
    numbers = np.asarray(x.detach().numpy() if is_mine(x) else x).astype(np.intp)
    if weights is None or not is_mine(weights):
        return np.bincount(numbers, weights, minlength)
    size = max(int(numbers.max(initial=-1)) + 1, minlength)
    return apply("index_add", np.zeros(size), 0, numbers, weights)


def _cov(
    apply: Apply, m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None,
    fweights: Any = None, aweights: Any = None, **kwargs: Any,
) -> Any:  # fmt: skip
    """PyTorch's, of rows or of columns."""
    parts = [part if rowvar or part.ndim < 2 else apply("mT", part) for part in (m, y)
             if part is not None]  # fmt: skip
    rows = (
        parts[0] if len(parts) == 1 else apply("cat", [apply("atleast_2d", p) for p in parts], 0)
    )
    less = (0 if bias else 1) if ddof is None else ddof
    return apply("cov", rows, correction=less, fweights=fweights, aweights=aweights)


def _cross(
    apply: Apply, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1,
    axis: int | None = None,
) -> Any:  # fmt: skip
    """Of vectors of three elements, or of two."""
    if axis is not None:
        axisa = axisb = axisc = axis
    one, other = apply("movedim", a, axisa, -1), apply("movedim", b, axisb, -1)
    if int(one.shape[-1]) == 3 and int(other.shape[-1]) == 3:
        found = apply("cross", one, other)
        return apply("movedim", found, -1, axisc)
    if int(one.shape[-1]) != 2 or int(other.shape[-1]) != 2:
        return NotImplemented

    def part(values: Any, place: int) -> Any:
        return apply("getitem", values, (..., place))

    ahead = apply("mul", part(one, 0), part(other, 1))
    return apply("sub", ahead, apply("mul", part(one, 1), part(other, 0)))


def _diff(
    apply: Apply, a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None
) -> Any:
    """Differences of neighbours; what is put before and behind may be one number."""

    def edge(value: Any) -> Any:
        if value is None or value is np._NoValue:
            return None
        if np.ndim(value):
            return value
        first = apply("narrow", a, axis, 0, 1)
        return apply("add", apply("mul", first, 0), value)

    return apply("diff", a, n, axis, edge(prepend), edge(append))


def _einsum(apply: Apply, *operands: Any, **kwargs: Any) -> Any:
    """Axes by letters, or by numbers after each array."""
    if isinstance(operands[0], str):
        return apply("einsum", *operands)
    arrays, lists = operands[0:-1:2], operands[1::2]
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def text(axes: Sequence[Any]) -> str:
        return "".join("..." if axis is Ellipsis else letters[axis] for axis in axes)

    if len(operands) % 2 == 0:
        return apply("einsum", ",".join(map(text, lists)), *operands[0::2])
    left = ",".join(map(text, lists))
    return apply("einsum", f"{left}->{text(operands[-1])}", *arrays)


GRIDS: dict[str, Callable[..., Any]] = {
    "bincount": _bincount,
    "cbrt": _cbrt,
    "cov": _cov,
    "cross": _cross,
    "diff": _diff,
    "einsum": _einsum,
    "gradient": _gradient,
    "interp": _interp,
    "linspace": _linspace,
    "modf": _modf,
    "nanstd": _nanspread("std"),
    "nanvar": _nanspread("var"),
    "pad": _pad,
    "partition": _partition,
    "piecewise": _piecewise,
    "polyfit": _polyfit,
    "select": _select,
    "unique": _unique,
}
