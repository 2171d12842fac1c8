"""Sums of products over named axes: sum, mean, matmul, einsum, permutation, broadcasting.

Everything here works for symbolic sizes too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from reference.build.elementwise import Value, divide, elementwise, node
from reference.graph import Contract, IndexMap, Node, Shape, Size, Take, broadcast_shapes

__all__ = [
    "broadcast_to",
    "dot",
    "einsum",
    "expand_dims",
    "matmul",
    "mean",
    "normal_axes",
    "outer",
    "permute",
    "reshape_ones",
    "squeeze",
    "sum",
    "swap_axes",
    "tensordot",
]

Axes = int | Sequence[int] | None


def normal_axes(axes: Axes, ndim: int) -> tuple[int, ...]:
    """Axes as sorted, non-negative numbers; None means all of them.

    >>> normal_axes(-1, 3), normal_axes(None, 2)
    ((2,), (0, 1))
    """
    if axes is None:
        return tuple(range(ndim))
    given = (axes,) if isinstance(axes, (int, np.integer)) else tuple(axes)
    bound = max(ndim, 1)  # a 0-d array accepts the axes -1 and 0
    for axis in given:
        if not -bound <= axis < bound:
            raise IndexError(
                "Dimension out of range (expected to be in range of "
                f"[{-bound}, {bound - 1}], but got {axis})"
            )
    normal = sorted(int(axis) % bound for axis in given)
    for first, second in pairwise(normal):
        if first == second:
            raise RuntimeError(f"dim {first} appears multiple times in the list of dims")
    return tuple(axis for axis in normal if axis < ndim)


def sum(x: Value, axes: Axes = None, keepdims: bool = False) -> Node:
    """The sum over some axes.

    >>> sum(np.ones((2, 3)), 0, keepdims=True).shape
    (1, 3)
    """
    source = node(x)
    summed = normal_axes(axes, source.ndim)
    if not summed:
        return source
    sizes: dict[int, Size] = dict(enumerate(source.shape))
    output: list[int] = []
    for axis in range(source.ndim):
        if axis not in summed:
            output.append(axis)
        elif keepdims:
            sizes[source.ndim + axis] = 1
            output.append(source.ndim + axis)
    return Contract([source], [tuple(range(source.ndim))], tuple(output), sizes)


def mean(x: Value, axes: Axes = None, keepdims: bool = False) -> Node:
    """The sum over some axes, divided by how many elements it adds."""
    source = node(x)
    count: Any = 1
    for axis in normal_axes(axes, source.ndim):
        count = count * source.shape[axis]
    return divide(sum(source, axes, keepdims), count)


def permute(x: Value, axes: Sequence[int]) -> Node:
    """The axes in another order: axis k of the result is axis `axes[k]` of x."""
    source = node(x)
    order = tuple(int(axis) % max(source.ndim, 1) for axis in axes)
    if sorted(order) != list(range(source.ndim)):
        raise ValueError(f"axes {tuple(axes)} are not a permutation of {source.ndim} axes")
    if order == tuple(range(source.ndim)):
        return source
    labels = tuple(range(source.ndim))
    return Contract([source], [labels], order, dict(enumerate(source.shape)))


def swap_axes(x: Value, first: int, second: int) -> Node:
    """Two axes exchanged."""
    source = node(x)
    order = list(range(source.ndim))
    if order:
        order[first], order[second] = order[second], order[first]
    return permute(source, order)


def broadcast_to(x: Value, shape: Shape) -> Node:
    """x repeated along new axes and along axes of length one.

    >>> broadcast_to([[1.0], [2.0]], (4, 2, 3)).shape
    (4, 2, 3)
    """
    source = node(x)
    if source.shape == tuple(shape):
        return source
    if broadcast_shapes(source.shape, tuple(shape)) != tuple(shape):
        raise ValueError(f"an array of shape {source.shape} does not broadcast to {tuple(shape)}")
    lead = len(shape) - source.ndim
    sizes: dict[int, Size] = dict(enumerate(shape))
    labels: list[int] = []
    for axis, size in enumerate(source.shape):
        if size == shape[lead + axis]:
            labels.append(lead + axis)
        else:  # length one: a label of its own, summed over its single element
            sizes[len(shape) + axis] = 1
            labels.append(len(shape) + axis)
    return Contract([source], [tuple(labels)], tuple(range(len(shape))), sizes)


def reshape_ones(x: Value, shape: Shape) -> Node | None:
    """x with axes of length one added or removed, or None if `shape` differs in more."""
    source = node(x)
    kept = [axis for axis, size in enumerate(source.shape) if size != 1]
    if [source.shape[axis] for axis in kept] != [size for size in shape if size != 1]:
        return None
    if source.shape == tuple(shape):
        return source
    sizes: dict[int, Size] = dict(enumerate(source.shape))
    remaining = iter(kept)
    output: list[int] = []
    for position, size in enumerate(shape):
        label = source.ndim + position if size == 1 else next(remaining)
        sizes[label] = size
        output.append(label)
    return Contract([source], [tuple(range(source.ndim))], tuple(output), sizes)


def expand_dims(x: Value, axis: int) -> Node:
    """A new axis of length one at `axis` of the result."""
    source = node(x)
    place = axis if axis >= 0 else axis + source.ndim + 1
    if not 0 <= place <= source.ndim:
        raise IndexError(
            "Dimension out of range (expected to be in range of "
            f"[{-source.ndim - 1}, {source.ndim}], but got {axis})"
        )
    result = reshape_ones(source, (*source.shape[:place], 1, *source.shape[place:]))
    assert result is not None
    return result


def squeeze(x: Value, axes: Axes = None) -> Node:
    """x without those of the given axes that have length one."""
    source = node(x)
    dropped = [axis for axis in normal_axes(axes, source.ndim) if source.shape[axis] == 1]
    shape = tuple(size for axis, size in enumerate(source.shape) if axis not in dropped)
    result = reshape_ones(source, shape)
    assert result is not None
    return result


def matmul(x: Value, y: Value) -> Node:
    """The matrix product, with vectors and broadcast batches as in NumPy.

    >>> matmul(np.ones((5, 1, 2, 3)), np.ones((4, 3, 6))).shape
    (5, 4, 2, 6)
    """
    left, right = node(x), node(y)
    if left.ndim == 0 or right.ndim == 0:
        raise RuntimeError(
            "both arguments to matmul need to be at least 1D, but they are "
            f"{left.ndim}D and {right.ndim}D"
        )
    inner_left = left.shape[-1]
    inner_right = right.shape[-2] if right.ndim > 1 else right.shape[0]
    if inner_left != inner_right:
        raise RuntimeError(_product_mismatch(left.shape, right.shape))
    batch = broadcast_shapes(left.shape[:-2], right.shape[:-2])
    row, inner, column = len(batch), len(batch) + 1, len(batch) + 2
    sizes: dict[int, Size] = dict(enumerate(batch))
    sizes[inner] = inner_left
    output = list(range(len(batch)))
    labels = []
    fresh = len(batch) + 3
    for factor, last in ((left, (row, inner)), (right, (inner, column))):
        own: list[int] = []
        lead = len(batch) - max(factor.ndim - 2, 0)
        for axis, size in enumerate(factor.shape[:-2]):
            label = lead + axis
            if size != batch[label]:
                label, fresh = fresh, fresh + 1
                sizes[label] = size
            own.append(label)
        labels.append((*own, *last) if factor.ndim > 1 else (*own, inner))
    if left.ndim > 1:
        sizes[row] = left.shape[-2]
        output.append(row)
    if right.ndim > 1:
        sizes[column] = right.shape[-1]
        output.append(column)
    return Contract([left, right], labels, tuple(output), sizes)


def _product_mismatch(left: Shape, right: Shape) -> str:
    if len(left) == len(right) == 1:
        return (
            f"inconsistent tensor size, expected tensor {list(left)} and src {list(right)} to "
            "have the same number of elements"
        )
    if len(right) == 1:
        return (
            f"size mismatch, got input ({left[-2]}), mat ({left[-2]}x{left[-1]}), vec ({right[0]})"
        )
    rows = left[-2] if len(left) > 1 else 1
    return (
        f"mat1 and mat2 shapes cannot be multiplied ({rows}x{left[-1]} and "
        f"{right[-2]}x{right[-1]})"
    )


def dot(x: Value, y: Value) -> Node:
    """The sum of the products of two vectors' elements."""
    return einsum("i,i->", x, y)


def outer(x: Value, y: Value) -> Node:
    """All products of an element of x with an element of y."""
    return einsum("i,j->ij", x, y)


def tensordot(x: Value, y: Value, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Node:
    """The sum of products over pairs of axes, as in NumPy."""
    left, right = node(x), node(y)
    if isinstance(axes, int):
        first = tuple(range(left.ndim - axes, left.ndim))
        second = tuple(range(axes))
    else:
        first = tuple(axis % left.ndim for axis in axes[0])
        second = tuple(axis % right.ndim for axis in axes[1])
    labels = list(range(left.ndim + right.ndim))
    left_labels, right_labels = labels[: left.ndim], labels[left.ndim :]
    for one, other in zip(first, second, strict=True):
        right_labels[other] = left_labels[one]
    output = [label for axis, label in enumerate(left_labels) if axis not in first]
    output += [label for axis, label in enumerate(right_labels) if axis not in second]
    return contract([left, right], [left_labels, right_labels], output)


def einsum(text: str, *values: Value) -> Node:
    """Einstein's summation convention, as in NumPy: `"...ij,...jk->...ik"`.

    >>> einsum("ii->i", np.ones((3, 3))).shape, einsum("ij->", np.ones((2, 3))).shape
    ((3,), ())
    """
    factors = [node(value) for value in values]
    compact = text.replace(" ", "")
    left, arrow, right = compact.partition("->")
    terms = left.split(",")
    if len(terms) != len(factors):
        raise ValueError(
            f"einsum: {text!r} names {len(terms)} operands, {len(factors)} were given"
        )
    numbers: dict[str, int] = {}
    dots = max(
        (
            factor.ndim - len(term.replace("...", ""))
            for term, factor in zip(terms, factors, strict=True)
            if "..." in term
        ),
        default=0,
    )

    def labels_of(term: str, rank: int) -> list[int]:
        before, ellipsis, after = term.partition("...")
        own = [numbers.setdefault(letter, dots + len(numbers)) for letter in before]
        if ellipsis:
            count = rank - len(before) - len(after)
            own += range(dots - count, dots)
        return own + [numbers.setdefault(letter, dots + len(numbers)) for letter in after]

    labels = [labels_of(term, f.ndim) for term, f in zip(terms, factors, strict=True)]
    for term, own, factor in zip(terms, labels, factors, strict=True):
        if len(own) != factor.ndim:
            raise ValueError(
                f"einsum: {term!r} names {len(own)} axes of an operand of shape {factor.shape}"
            )
    if arrow:
        output = labels_of(right, dots + len(right.replace("...", "")))
    else:
        letters = left.replace(",", "").replace("...", "")
        once = sorted(letter for letter in set(letters) if letters.count(letter) == 1)
        output = [*range(dots), *(numbers[letter] for letter in once)]
    return contract(factors, labels, output)


def contract(
    factors: Sequence[Node], labels: Sequence[Sequence[int]], output: Sequence[int]
) -> Node:
    """The sum of products with the given labels; repeated labels take the diagonal first.

    Axes of length one broadcast against longer axes of the same label.
    """
    sizes: dict[int, Size] = {}
    for own, factor in zip(labels, factors, strict=True):
        for label, size in zip(own, factor.shape, strict=True):
            present = sizes.get(label, 1)
            if present != 1 and size not in (1, present):
                raise ValueError(
                    f"sizes {present} and {size} meet under one label of an einsum: "
                    "an axis must have one length"
                )
            sizes[label] = present if size == 1 else size
    fresh = max([*sizes, *output, 0]) + 1
    ready: list[Node] = []
    final: list[tuple[int, ...]] = []
    for own, factor in zip(labels, factors, strict=True):
        here = list(own)
        held = factor
        for label in set(here):
            while here.count(label) > 1:
                held, here = _diagonal_of(held, here, label)
        for axis, label in enumerate(here):
            if held.shape[axis] != sizes[label]:
                here[axis], fresh = fresh, fresh + 1
                sizes[here[axis]] = 1
        ready.append(held)
        final.append(tuple(here))
    return Contract(ready, final, tuple(output), sizes)


def _diagonal_of(factor: Node, labels: list[int], label: int) -> tuple[Node, list[int]]:
    first = labels.index(label)
    second = labels.index(label, first + 1)
    shape = tuple(size for axis, size in enumerate(factor.shape) if axis != second)

    def positions() -> np.ndarray:
        flat = np.arange(factor.size).reshape(factor.shape)
        return np.moveaxis(np.diagonal(flat, 0, first, second), -1, first)

    def formula(indices: tuple[sp.Expr, ...]) -> tuple[sp.Expr, ...]:
        return (*indices[:second], indices[first], *indices[second:])

    index = IndexMap(factor.shape, shape, positions, formula)
    return Take(factor, index), labels[:second] + labels[second + 1 :]


def divide_by_size(x: Value, size: Size) -> Node:
    """x divided by a count, which may be symbolic."""
    return elementwise(lambda a: a / sp.sympify(size), x)
