"""Sample calls of every operation, as functions of a namespace: `autodiff`, PyTorch, or another.

A sample is a function `(t, *tensors)` and the arrays from which its tensors are made. Its dtypes
say where it is run; inputs that hold whole numbers or truth values keep theirs.
"""

from __future__ import annotations

from samples import (
    activations,
    arithmetic,
    complexes,
    compositions,
    decompositions,
    elementwise,
    elementwise_more,
    fourier,
    indexing,
    layers,
    losses,
    products,
    reductions,
    shapes,
    sorting,
    windows,
)
from samples.build import SAMPLES, Input, Sample, arrays, cotangent
from samples.wrong_calls import ERROR_INPUTS, ERRORS

__all__ = [
    "ERRORS",
    "ERROR_INPUTS",
    "FAMILIES",
    "SAMPLES",
    "Input",
    "Sample",
    "arrays",
    "cotangent",
]

FAMILIES = (
    arithmetic,
    elementwise,
    elementwise_more,
    reductions,
    shapes,
    indexing,
    sorting,
    products,
    losses,
    activations,
    layers,
    windows,
    decompositions,
    complexes,
    fourier,
    compositions,
)
