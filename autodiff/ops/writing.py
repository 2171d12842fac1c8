"""Rows that write at indices or fill, and those that combine three tensors."""

from __future__ import annotations

import operator
from typing import Any

from autodiff.ops.indexing import INDEX, INDEX_PUT
from autodiff.ops.pointwise import CLAMP_NUMBERS, CLAMP_TENSORS
from autodiff.primitive import Primitive, pointwise, primitive

__all__ = [
    "ADDCDIV",
    "ADDCMUL",
    "CLAMP_MAX",
    "CLAMP_MAX_TENSOR",
    "CLAMP_MIN",
    "CLAMP_MIN_TENSOR",
    "COMPARISONS",
    "DRAWN",
    "INDEX_ADD",
    "INDEX_COPY",
    "INDEX_FILL",
    "INDEX_FILL_TENSOR",
    "INDEX_REDUCE",
    "LERP",
    "LERP_TENSOR",
    "MASKED_SCATTER",
    "PUT_AT",
    "SCATTER",
    "SCATTER_ADD",
    "SCATTER_NUMBER",
    "SCATTER_REDUCE",
    "TAKE",
]


def _between(x: Any, y: Any, weight: Any) -> Any:
    """From the end that is nearer."""
    if weight < 0.5:
        return x + weight * (y - x)
    return y - (y - x) * (1 - weight)


LERP = pointwise(
    "lerp",
    "LerpBackward0",
    _between,
    (lambda g, weight: g * (1 - weight), lambda g, weight: g * weight),
    promotion="common",
    inputs=("x", "y"),
)
LERP_TENSOR = pointwise(
    "lerp",
    "LerpBackward1",
    lambda x, y, weight: x + weight * (y - x),
    (
        lambda g, weight: g * (1 - weight),
        lambda g, weight: g * weight,
        lambda g, x, y: g * (y - x),
    ),
    promotion="common",
)
ADDCMUL = pointwise(
    "addcmul",
    "AddcmulBackward0",
    lambda x, y, z, value: x + value * y * z,
    (lambda g: g, lambda g, z, value: g * (z * value), lambda g, y, value: g * (y * value)),
    promotion="common",
    inputs=("x", "y", "z"),
)
ADDCDIV = pointwise(
    "addcdiv",
    "AddcdivBackward0",
    lambda x, y, z, value: x + value * (y / z),
    (
        lambda g: g,
        lambda g, z, value: g * (value / z),
        lambda g, y, z, value: -g * (value * (y / z) / z),
    ),
    promotion="common",
    inputs=("x", "y", "z"),
)

CLAMP_MIN = CLAMP_NUMBERS.variant("ClampMinBackward0")
CLAMP_MIN_TENSOR = CLAMP_TENSORS.variant("ClampMinBackward1")
CLAMP_MAX = CLAMP_NUMBERS.variant("ClampMaxBackward0")
CLAMP_MAX_TENSOR = CLAMP_TENSORS.variant("ClampMaxBackward1")

# Writing at indices is one operation under many names: what differs is how the index was given.
SCATTER = INDEX_PUT.variant("ScatterBackward0")
SCATTER_NUMBER = INDEX_PUT.variant("ScatterBackward1")
SCATTER_ADD = INDEX_PUT.variant("ScatterAddBackward0")
INDEX_ADD = INDEX_PUT.variant("IndexAddBackward0")
INDEX_COPY = INDEX_PUT.variant("IndexCopyBackward0")
INDEX_FILL = INDEX_PUT.variant("IndexFillBackward0")
INDEX_FILL_TENSOR = INDEX_PUT.variant("IndexFillBackward1")
SCATTER_REDUCE = INDEX_PUT.variant("ScatterReduceBackward0")
INDEX_REDUCE = INDEX_PUT.variant("IndexReduceBackward0")
MASKED_SCATTER = INDEX_PUT.variant("MaskedScatterBackward0")
PUT_AT = INDEX_PUT.variant("PutBackward0")
TAKE = INDEX.variant("TakeBackward0")


def _nothing(xp: Any, g: Any) -> Any:
    return xp.zeros_like(g)


def _drawn(node: str) -> Primitive:
    """Memory overwritten with random numbers, drawn before."""
    return primitive(
        node.lower(),
        node,
        lambda xp, x, values: xp.astype(xp.asarray(values), x.dtype),
        (_nothing,),
        inputs=("x",),
    )


# by the name of the method, without its underscore
DRAWN = {
    "normal": _drawn("NormalBackward0"),
    "uniform": _drawn("UniformBackward0"),
    "exponential": _drawn("ExponentialBackward0"),
    "cauchy": _drawn("CauchyBackward0"),
    "log_normal": _drawn("LogNormalBackward0"),
    "geometric": _drawn("GeometricBackward0"),
    "bernoulli": _drawn("BernoulliBackward2"),
    "bernoulli_tensor": _drawn("BernoulliBackward1"),
    "random": _drawn("RandomBackward2"),
    "random_to": _drawn("RandomBackward1"),
    "random_from": _drawn("RandomBackward0"),
}


def _truth(name: str, node: str, test: Any) -> Primitive:
    """A test whose truth is stored as numbers, over the history of what stood there."""
    return pointwise(
        name,
        node,
        lambda xp, x, y: xp.astype(test(xp, x, y), x.dtype),
        (_nothing, _nothing),
        promotion="common",
        inputs=("x", "y"),
    )


def _comparison(name: str) -> tuple[Primitive, Primitive]:
    """With a number, and with a tensor."""
    compare = getattr(operator, name)
    node = f"{name.title()}Backward"
    rows = [_truth(name, f"{node}{kind}", lambda xp, x, y: compare(x, y)) for kind in (0, 1)]
    return rows[0], rows[1]


COMPARISONS = {name: _comparison(name) for name in ("eq", "ne", "lt", "le", "gt", "ge")}
