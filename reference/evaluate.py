"""Numbers of nodes: correctly rounded floats, whole numbers, exact values."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import sympy as sp

from reference.domains import certified, closed_form, exact
from reference.dtypes import DType, round_array
from reference.enclosure import Enclosure
from reference.floats import format_of, round_fraction
from reference.graph import Constant, Input, Node, topological

__all__ = ["enclosure", "exact_values", "rounded", "whole_numbers"]

_PRECISIONS = (128, 256, 1024, 4096)
_MANY = 100_000
_SMALL = 64  # elements of which a closed form is tried


def rounded(node: Node, dtype: DType, forward: Sequence[Node] = ()) -> np.ndarray:
    """The node's values rounded correctly to a format: float64 (or integer, or bool) array.

    forward: where the node is a derivative, the outputs that were differentiated. An undefined
    value is nan.
    """
    if not dtype.is_inexact:
        return whole_numbers(node).astype(dtype.array_type)
    if isinstance(node, (Constant, Input)) and node.value is not None:
        direct = _leaf(node.value, dtype)
        if direct is not None:
            return direct
    for precision in _PRECISIONS:
        found = certified.examine([node], precision=precision, forward=tuple(forward) or (node,))
        balls = Enclosure(found.values[0], precision)
        clear = not found.undecided and not found.unordered
        numbers, settled = balls.rounding(dtype.name)
        if clear and (settled | _undefined(balls, precision)).all():
            return _with_infinities(balls, numbers)
        if precision == _PRECISIONS[0] and _is_small(node):  # rationals decide exact equality
            try:
                return _from_rationals(
                    exact.evaluate([node], forward=tuple(forward) or (node,))[0], dtype
                )
            except exact.NotExact:
                continue
    return _with_infinities(balls, numbers)


def _is_small(node: Node) -> bool:
    """Whether rationals, whose digits grow with every step, are worth a try."""
    return sum(int(held.size) for held in topological([node])) <= _MANY


def _undefined(balls: Enclosure, precision: int) -> np.ndarray:
    """Balls that stay infinite although the precision was raised once."""
    return ~balls.finite & (precision > _PRECISIONS[0])


def _with_infinities(balls: Enclosure, numbers: np.ndarray) -> np.ndarray:
    """The rounded numbers; a ball that is an infinity and nothing else stays one."""
    result = np.array(numbers, dtype=np.float64)
    for place in np.argwhere(~balls.finite):
        ball = balls.balls[tuple(place)]
        if not ball.is_nan() and ball.rad() == 0:
            result[tuple(place)] = float(ball)
    return result


def _leaf(value: np.ndarray, dtype: DType) -> np.ndarray | None:
    """A leaf's own numbers, where rounding them needs no evaluation."""
    if value.dtype == object:
        return None
    if value.dtype.kind in "iub" and value.size and np.abs(value.astype(np.int64)).max() >= 2**53:
        return None
    return round_array(value, dtype)


def _from_rationals(values: np.ndarray, dtype: DType) -> np.ndarray:
    fmt = format_of(dtype.name)
    flat = [round_fraction(exact.to_fraction(value), fmt) for value in values.ravel().tolist()]
    return np.array(flat, dtype=np.float64).reshape(values.shape)


def whole_numbers(node: Node) -> np.ndarray:
    """Integers (or truth values as 0 and 1) that a node is certain to hold.

    Raises ValueError where a value is not an integer, or cannot be decided.
    """
    if isinstance(node, (Constant, Input)) and node.value is not None:
        return np.asarray(node.value).astype(np.int64)
    try:
        values = exact.evaluate([node])[0]
        numbers = [exact.to_fraction(value) for value in values.ravel().tolist()]
    except exact.NotExact:
        found = certified.examine([node], precision=_PRECISIONS[2], forward=(node,))
        if found.undecided or found.unordered:
            raise ValueError(
                "a comparison that picks elements cannot be decided: its sides agree to "
                f"{_PRECISIONS[2]} bits. Pick the elements by known indices."
            ) from None
        balls = Enclosure(found.values[0], _PRECISIONS[2])
        numbers = [Fraction(value) for value in balls.mid.ravel().tolist()]
        values = found.values[0]
    whole = [int(number) for number in numbers]
    if any(number != held for number, held in zip(numbers, whole, strict=True)):
        raise ValueError(f"an index is not a whole number: {numbers[:5]}. Round it first.")
    return np.array(whole, dtype=np.int64).reshape(values.shape)


def exact_values(node: Node, forward: Sequence[Node] = ()) -> np.ndarray:
    """An object array of SymPy numbers: rationals, else closed forms such as exp(1/2).

    Raises NotExact where neither exists.
    """
    try:
        values = exact.evaluate([node], forward=tuple(forward) or (node,))[0]
        numbers = [sp.Rational(int(v.p), int(v.q)) for v in values.ravel().tolist()]
    except exact.NotExact as error:
        if node.size > _SMALL:
            raise exact.NotExact(
                error.node,
                f"{error.reason}; {node.size} elements are too many for closed forms: "
                "use .enclosure()",
            ) from None
        try:
            values = closed_form.evaluate([node])[0]
        except closed_form.NoClosedForm:
            raise error from None
        numbers = [sp.simplify(value) for value in values.ravel().tolist()]
    result = np.empty(len(numbers), dtype=object)
    result[:] = numbers
    return result.reshape(values.shape)


def enclosure(node: Node, precision: int = 128, forward: Sequence[Node] = ()) -> Enclosure:
    """Balls that provably hold the node's values."""
    found = certified.examine([node], precision=precision, forward=tuple(forward) or (node,))
    return Enclosure(found.values[0], precision)
