"""Convolution, for speed: linear in the input and in the weight, as its two transposes are.

With conv(x, w) the result, and input(y, w) and weight(y, x) the cotangents of x and w for a
cotangent y, <conv(x, w), y> = <x, input(y, w)> = <w, weight(y, x)>: so each of the three has
rules in terms of the other two, and every order of derivative is at hand.
"""

from __future__ import annotations

from typing import Any

from autodiff.kernels.convolution import (
    channel_sums,
    convolve,
    convolve_input,
    convolve_weight,
)
from autodiff.primitive import Primitive, primitive

__all__ = ["CONVOLUTION", "CONVOLUTION_INPUT", "CONVOLUTION_WEIGHT", "TRANSPOSED_CONVOLUTION"]


def _input_rule(g: Any, weight: Any, x_shape: Any, geometry: Any) -> Any:
    return CONVOLUTION_INPUT(g, weight, None, sizes=tuple(x_shape[2:]), geometry=geometry)


def _weight_rule(g: Any, x: Any, weight_shape: Any, geometry: Any) -> Any:
    return CONVOLUTION_WEIGHT(g, x, shape=tuple(weight_shape), geometry=geometry)


CONVOLUTION: Primitive = primitive(
    "conv2d",  # and of images with one or three axes
    "ConvolutionBackward0",
    lambda x, weight, bias, geometry: convolve(x, weight, bias, geometry),
    (_input_rule, _weight_rule, channel_sums),
    inputs=("x", "weight", "bias"),
    holomorphic=True,
)
CONVOLUTION_INPUT: Primitive = primitive(
    "conv2d_input",
    "ConvolutionBackwardBackward0",
    lambda y, weight, bias, sizes, geometry: convolve_input(y, weight, bias, sizes, geometry),
    (
        lambda g, weight, geometry: CONVOLUTION(g, weight, None, geometry=geometry),
        lambda g, y, weight_shape, geometry: CONVOLUTION_WEIGHT(
            y, g, shape=tuple(weight_shape), geometry=geometry
        ),
        channel_sums,
    ),
    inputs=("y", "weight", "bias"),
    holomorphic=True,
)
TRANSPOSED_CONVOLUTION = CONVOLUTION_INPUT.variant("ConvolutionBackward0")
TRANSPOSED_CONVOLUTION.name = "conv_transpose2d"
CONVOLUTION_WEIGHT: Primitive = primitive(
    "conv2d_weight",
    "ConvolutionBackwardBackward0",
    lambda y, x, shape, geometry: convolve_weight(y, x, shape, geometry),
    (
        lambda g, x, geometry: CONVOLUTION(x, g, None, geometry=geometry),
        lambda g, y, x_shape, geometry: CONVOLUTION_INPUT(
            y, g, None, sizes=tuple(x_shape[2:]), geometry=geometry
        ),
    ),
    inputs=("y", "x"),
    holomorphic=True,
)
