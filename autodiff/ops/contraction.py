"""Rows that multiply and sum: products of vectors, matrices and tensors."""

from __future__ import annotations

import math
from typing import Any

from autodiff.kernels.layers import column_sums, linear, outer_sum, product
from autodiff.kernels.products import mm, mm_first, mm_second
from autodiff.operation import sum_to
from autodiff.primitive import primitive

__all__ = [
    "ADDMM",
    "BMM",
    "DOT",
    "EINSUM",
    "LINEAR",
    "LINEAR_FOLDED",
    "LINEAR_WITHOUT_BIAS",
    "LINEAR_WITHOUT_BIAS_FOLDED",
    "MATMUL",
    "MATMUL_FOLDED",
    "MM",
    "MV",
    "OUTER_EINSUM",
]


def _t(xp: Any, x: Any) -> Any:
    return xp.matrix_transpose(x)


MM = primitive(
    "mm",
    "MmBackward0",
    mm,
    (mm_first, mm_second),
    promotion="common",
    holomorphic=True,
)
BMM = MM.variant("BmmBackward0")
BMM.name = "bmm"
MV = primitive(
    "mv",
    "MvBackward0",
    lambda x, y: x @ y,
    (
        lambda xp, g, y: xp.expand_dims(g, axis=-1) * y,
        lambda xp, g, x: _t(xp, x) @ g,
    ),
    promotion="common",
    holomorphic=True,
)
DOT = primitive(
    "dot",
    "DotBackward0",
    lambda x, y: x @ y,
    (lambda g, y: g * y, lambda g, x: g * x),
    promotion="common",
    holomorphic=True,
)


def _flat(xp: Any, value: Any) -> Any:
    """All but the last axis as one."""
    return xp.reshape(value, (math.prod(value.shape[:-1]), value.shape[-1]))


def _left(xp: Any, g: Any, y: Any, x_shape: Any) -> Any:
    if len(x_shape) == 1:  # (n) @ (…, n, m)
        result = xp.squeeze(y @ xp.expand_dims(g, axis=-1), axis=-1)
    elif y.ndim == 1:  # (…, m, n) @ (n)
        result = xp.expand_dims(g, axis=-1) * y
    else:
        result = product(xp, g, _t(xp, y))
    return result if result.shape == x_shape else sum_to(result, tuple(x_shape), xp)


def _right(xp: Any, g: Any, x: Any, y_shape: Any) -> Any:
    if len(y_shape) == 1:
        result = xp.squeeze(_t(xp, x) @ xp.expand_dims(g, axis=-1), axis=-1)
    elif x.ndim == 1:
        result = xp.expand_dims(x, axis=-1) * xp.expand_dims(g, axis=-2)
    elif len(y_shape) == 2:  # all rows at once, whatever batches they come in
        result = xp.matmul(_t(xp, _flat(xp, x)), _flat(xp, g))
    else:
        result = xp.matmul(_t(xp, x), g)
    return result if result.shape == y_shape else sum_to(result, tuple(y_shape), xp)


MATMUL = primitive(
    "matmul",
    "UnsafeViewBackward0",
    product,
    (_left, _right),
    promotion="common",
    holomorphic=True,
)
MATMUL_FOLDED = MATMUL.variant("CloneBackward0")  # PyTorch turns the matrix over, and back
ADDMM = primitive(
    "addmm",
    "AddmmBackward0",
    lambda z, x, y, beta, alpha: (
        (z if beta == 1 else beta * z) + (x @ y if alpha == 1 else alpha * (x @ y))
    ),
    (
        lambda g, beta: g if beta == 1 else beta * g,
        lambda xp, g, y, alpha: (g if alpha == 1 else alpha * g) @ _t(xp, y),
        lambda xp, g, x, alpha: _t(xp, x) @ (g if alpha == 1 else alpha * g),
    ),
    promotion="common",
    broadcasts=True,
    holomorphic=True,
)


def _linear_weight_rule(xp: Any, g: Any, x: Any) -> Any:
    found = outer_sum(g, x)
    if found is not None:
        return found
    if g.ndim < x.ndim:  # the weight is a vector
        return sum_to(xp.expand_dims(g, axis=-1) * x, tuple(x.shape[-1:]), xp)
    if x.ndim == 1:
        return xp.expand_dims(g, axis=-1) * x
    return xp.matmul(_t(xp, _flat(xp, g)), _flat(xp, x))


def _linear_input_rule(xp: Any, g: Any, weight: Any) -> Any:
    return xp.expand_dims(g, axis=-1) * weight if weight.ndim == 1 else product(xp, g, weight)


def _linear_bias_rule(xp: Any, g: Any, bias_shape: Any) -> Any:
    if len(bias_shape) == 1 and bias_shape == g.shape[1:]:
        found = column_sums(g)
        return xp.sum(g, axis=0) if found is None else found
    return sum_to(g, tuple(bias_shape), xp)


LINEAR = primitive(
    "linear",
    "AddmmBackward0",
    linear,
    (_linear_input_rule, _linear_weight_rule, _linear_bias_rule),
    promotion="common",
    broadcasts=True,
    holomorphic=True,
)
LINEAR_FOLDED = LINEAR.variant("ViewBackward0")  # of more or fewer than two dimensions
LINEAR_WITHOUT_BIAS = LINEAR.variant("MmBackward0")
LINEAR_WITHOUT_BIAS_FOLDED = LINEAR.variant("UnsafeViewBackward0")


def _einsum_pair_rules() -> tuple[Any, Any]:
    def left(
        xp: Any, g: Any, y: Any, x_shape: Any, x_axes: str, y_axes: str, out_axes: str
    ) -> Any:
        return _einsum_pull(xp, g, y, x_shape, x_axes, y_axes, out_axes)

    def right(
        xp: Any, g: Any, x: Any, y_shape: Any, x_axes: str, y_axes: str, out_axes: str
    ) -> Any:
        return _einsum_pull(xp, g, x, y_shape, y_axes, x_axes, out_axes)

    return left, right


def _einsum_pull(
    xp: Any, g: Any, other: Any, shape: Any, axes: str, other_axes: str, out_axes: str
) -> Any:
    """The same contraction with one factor swapped for the cotangent."""
    present = "".join(a for a in axes if a in out_axes or a in other_axes)
    result = EINSUM(g, other, x_axes=out_axes, y_axes=other_axes, out_axes=present)
    if present != axes:  # axes summed alone: the cotangent is the same all along them
        size = tuple(n if a in present else 1 for a, n in zip(axes, shape, strict=True))
        result = xp.broadcast_to(xp.reshape(result, size), tuple(shape))
    return result


EINSUM = primitive(
    "einsum",
    "ViewBackward0",
    lambda xp, x, y, x_axes, y_axes, out_axes: _einsum_kernel(xp, x, y, x_axes, y_axes, out_axes),
    _einsum_pair_rules(),
    promotion="common",
    holomorphic=True,
)
OUTER_EINSUM = EINSUM.variant("MulBackward0")  # nothing is summed


def _einsum_kernel(xp: Any, x: Any, y: Any, x_axes: str, y_axes: str, out_axes: str) -> Any:
    """Two factors, no repeated axis within one, by one batched matrix product."""
    alone_x = tuple(i for i, a in enumerate(x_axes) if a not in y_axes and a not in out_axes)
    alone_y = tuple(i for i, a in enumerate(y_axes) if a not in x_axes and a not in out_axes)
    if alone_x:
        x, x_axes = xp.sum(x, axis=alone_x), _drop(x_axes, alone_x)
    if alone_y:
        y, y_axes = xp.sum(y, axis=alone_y), _drop(y_axes, alone_y)
    batch = [a for a in x_axes if a in y_axes and a in out_axes]
    rows = [a for a in x_axes if a not in y_axes]
    columns = [a for a in y_axes if a not in x_axes]
    inner = [a for a in x_axes if a in y_axes and a not in out_axes]
    sizes = {**dict(zip(x_axes, x.shape, strict=True)), **dict(zip(y_axes, y.shape, strict=True))}

    def arranged(value: Any, axes: str, first: list[str], second: list[str]) -> Any:
        order = tuple(axes.index(a) for a in (*batch, *first, *second))
        shape = tuple(sizes[a] for a in batch)
        moved = xp.permute_dims(value, order)
        return xp.reshape(moved, (*shape, _product(sizes, first), _product(sizes, second)))

    result = arranged(x, x_axes, rows, inner) @ arranged(y, y_axes, inner, columns)
    order = [*batch, *rows, *columns]
    result = xp.reshape(result, tuple(sizes[a] for a in order))
    return xp.permute_dims(result, tuple(order.index(a) for a in out_axes))


def _drop(axes: str, positions: tuple[int, ...]) -> str:
    return "".join(a for i, a in enumerate(axes) if i not in positions)


def _product(sizes: dict[str, int], axes: list[str]) -> int:
    total = 1
    for a in axes:
        total *= sizes[a]
    return total
