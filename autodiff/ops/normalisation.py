"""Standardised values, scaled and shifted: layer, group and batch normalization.

One row, for stability (the variance is taken of deviations, in at least 32 bits) and for speed
(a composition would make a dozen arrays). It looks at its input in a shape `view`, standardises
over `axes` of that, and broadcasts weight and bias from the shape `affine`. Standardised values
and their scales are results, too, but of no interest outside: rules on arrays read them; rules
on tensors compute them anew from the input, for these are to be differentiated.
"""

from __future__ import annotations

from typing import Any

from autodiff.kernels.normalisation import normalise, standardised, sum_products, unnormalise
from autodiff.operation import sum_to
from autodiff.primitive import Primitive, primitive
from autodiff.state import TensorState

__all__ = ["BATCH_NORM", "GROUP_NORM", "LAYER_NORM"]

Shape = tuple[int, ...]


def _kernel(
    xp: Any, x: Any, weight: Any, bias: Any, view: Shape, axes: Shape, affine: Shape, eps: float
) -> Any:
    out, unit, scale = normalise(
        xp,
        _shaped(xp, x, view),
        None if weight is None else xp.reshape(weight, affine),
        None if bias is None else xp.reshape(bias, affine),
        axes,
        eps,
    )
    return _shaped(xp, out, x.shape), unit, scale


def _shaped(xp: Any, x: Any, shape: Any) -> Any:
    """x in another shape; itself where it has that, for a view of it would not own its memory."""
    return x if x.shape == shape else xp.reshape(x, tuple(shape))


def _parts(
    xp: Any, g: Any, x: Any, unit: Any, scale: Any, view: Shape, axes: Shape, eps: float
) -> tuple[Any, Any]:
    """The standardised input and its scales: those found before, if nobody differentiates."""
    if isinstance(g, TensorState):
        return standardised(xp, _shaped(xp, x, view), axes, eps)
    return unit, scale


def _input_rule(
    xp: Any,
    g: Any,
    x: Any,
    weight: Any,
    unit: Any,
    scale: Any,
    view: Shape,
    axes: Shape,
    affine: Shape,
    eps: float,
) -> Any:
    unit, scale = _parts(xp, g, x, unit, scale, view, axes, eps)
    weight = None if weight is None else xp.reshape(weight, affine)
    result = unnormalise(xp, _shaped(xp, g, view), unit, scale, weight, axes)
    return _shaped(xp, result, x.shape)


def _weight_rule(
    xp: Any,
    g: Any,
    x: Any,
    unit: Any,
    scale: Any,
    weight_shape: Shape,
    view: Shape,
    axes: Shape,
    affine: Shape,
    eps: float,
) -> Any:
    unit, _ = _parts(xp, g, x, unit, scale, view, axes, eps)
    found = sum_products(xp, _shaped(xp, g, view), unit, affine)
    return _shaped(xp, found, weight_shape)


def _bias_rule(xp: Any, g: Any, bias_shape: Shape, view: Shape, affine: Shape) -> Any:
    return _shaped(xp, sum_to(_shaped(xp, g, view), affine, xp), bias_shape)


LAYER_NORM = primitive(
    "layer_norm",
    "NativeLayerNormBackward0",
    _kernel,
    (_input_rule, _weight_rule, _bias_rule),
    inputs=("x", "weight", "bias"),
    outputs=("out", "unit", "scale"),
)


def _named(name: str, node: str) -> Primitive:
    row = LAYER_NORM.variant(node)
    row.name = name
    return row


GROUP_NORM = _named("group_norm", "NativeGroupNormBackward0")
BATCH_NORM = _named("batch_norm", "NativeBatchNormBackward0")
