"""A complex array, its parts, and arithmetic on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference import build
from reference.graph import Node, Shape

__all__ = [
    "Complex",
    "add",
    "by_parts",
    "conjugate",
    "divide",
    "imaginary",
    "joined",
    "lifted",
    "multiply",
    "negative",
    "parts",
    "reciprocal",
    "scaled",
    "split",
    "subtract",
    "times_i",
    "whole",
]


@dataclass(frozen=True, eq=False)
class Complex:
    """real + i imag: two nodes of one shape.

    >>> Complex(build.node(np.ones(3)), build.node(np.zeros(3))).shape
    (3,)
    """

    real: Node
    imag: Node

    @property
    def shape(self) -> Shape:
        return self.real.shape

    @property
    def ndim(self) -> int:
        return self.real.ndim

    @property
    def size(self) -> Any:
        """The number of elements."""
        return self.real.size


def parts(value: Any) -> tuple[Node, Node | None]:
    """The real and the imaginary part of a value; None where it is real."""
    if isinstance(value, Complex):
        return value.real, value.imag
    if isinstance(value, complex) or (
        isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind == "c"
    ):
        array = np.asarray(value, dtype=np.complex128)
        return build.node(np.array(array.real)), build.node(np.array(array.imag))
    return build.node(value), None


def imaginary(value: Any) -> Node:
    """The imaginary part, zeros where there is none."""
    real, held = parts(value)
    return build.multiply(real, 0) if held is None else held


def whole(value: Any) -> Complex:
    """The value as a pair."""
    if isinstance(value, Complex):
        return value
    return Complex(parts(value)[0], imaginary(value))


def joined(value: Any) -> Node:
    """One node, the two parts along a new last axis.

    >>> joined(Complex(build.node(np.ones(3)), build.node(np.zeros(3)))).shape
    (3, 2)
    """
    held = whole(value)
    real, imag = _broadcast(held.real, held.imag)
    return build.stack([real, imag], real.ndim)


def _broadcast(real: Node, imag: Node) -> tuple[Node, Node]:
    if real.shape == imag.shape:
        return real, imag
    shape = np.broadcast_shapes(real.shape, imag.shape)
    return build.broadcast_to(real, shape), build.broadcast_to(imag, shape)


def split(node: Node) -> Complex:
    """The pair of which `node` has the parts along its last axis."""
    return Complex(build.getitem(node, (Ellipsis, 0)), build.getitem(node, (Ellipsis, 1)))


def by_parts(function: Callable[..., Any], *values: Any) -> Any:
    """A function that is linear with real coefficients, of the real parts and of the others.

    Where it gives several arrays, so does this.
    """
    first = function(*(parts(value)[0] for value in values))
    second = function(*(imaginary(value) for value in values))
    if isinstance(first, (tuple, list)):
        return tuple(Complex(a, b) for a, b in zip(first, second, strict=True))
    return Complex(first, second)


def lifted(product: Callable[[Any, Any], Node], left: Any, right: Any) -> Complex | Node:
    """A bilinear function with real coefficients, of complex arguments."""
    a, b = parts(left)
    c, d = parts(right)
    if b is None and d is None:
        return product(a, c)
    if b is None:
        return Complex(product(a, c), product(a, d))
    if d is None:
        return Complex(product(a, c), product(b, c))
    return Complex(
        build.subtract(product(a, c), product(b, d)), build.add(product(a, d), product(b, c))
    )


def multiply(left: Any, right: Any) -> Complex | Node:
    """left · right"""
    return lifted(build.multiply, left, right)


def add(left: Any, right: Any) -> Complex:
    """left + right"""
    return by_parts(build.add, left, right)  # type: ignore[no-any-return]


def subtract(left: Any, right: Any) -> Complex:
    """left - right"""
    return by_parts(build.subtract, left, right)  # type: ignore[no-any-return]


def negative(value: Any) -> Complex:
    """-value"""
    return by_parts(build.negative, value)  # type: ignore[no-any-return]


def scaled(value: Any, factor: Any) -> Complex:
    """A real multiple."""
    return by_parts(lambda part: build.multiply(part, factor), value)  # type: ignore[no-any-return]


def conjugate(value: Any) -> Complex:
    """real - i imag"""
    held = whole(value)
    return Complex(held.real, build.negative(held.imag))


def times_i(value: Any, sign: int = 1) -> Complex:
    """± i · value"""
    held = whole(value)
    if sign > 0:
        return Complex(build.negative(held.imag), held.real)
    return Complex(held.imag, build.negative(held.real))


def reciprocal(value: Any) -> Complex:
    """1 / value"""
    held = whole(value)
    return Complex(
        build.elementwise(lambda x, y: x / (x**2 + y**2), held.real, held.imag),
        build.elementwise(lambda x, y: -y / (x**2 + y**2), held.real, held.imag),
    )


def divide(left: Any, right: Any) -> Complex:
    """left / right"""
    below = parts(right)
    if below[1] is None:
        return by_parts(lambda part: build.divide(part, below[0]), left)  # type: ignore[no-any-return]
    return whole(multiply(left, reciprocal(right)))
