"""Activation functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reference.prove.statement import Case, Statement, named, transposed

__all__ = ["STATEMENTS"]

_KINK = ((np.array(0.0),),)


def _one(
    constant: str,
    define: Callable[..., Any],
    *params: Mapping[str, Any],
    kinks: bool = False,
    note: str = "",
    kernel: str = "symbols",
) -> Statement:
    cases = tuple(
        Case((shape,), dict(given), special=_KINK if kinks and not shape else ())
        for given in params or ({},)
        for shape in ((), (2, 2))
    )
    return Statement(f"activations.{constant}", define, cases, note, kernel=kernel)


def _elu(x: Any, alpha: float, scale: float, inner: float) -> Any:
    return named("mul")(named("elu")(x, alpha), scale)


def _celu(x: Any, alpha: float, scale: float, inner: float) -> Any:
    return named("celu")(x, alpha)


_NUMPY = "the kernel takes erfc from the C library, number by number"
_SLOPES: tuple[Mapping[str, Any], ...] = ({"slope": 0.25}, {"slope": 0}, {"slope": -2})

STATEMENTS = (
    _one("SILU", named("silu")),
    _one("SOFTPLUS", named("softplus"), {"beta": 1}, {"beta": 2.5}),
    _one(
        "ELU",
        _elu,
        {"alpha": 1.0, "scale": 1.0, "inner": 1.0},
        {"alpha": 0.5, "scale": 1.0, "inner": 1.0},
        {"alpha": 1.75, "scale": 1.25, "inner": 1.0},
        kinks=True,
        note="scale is for selu",
    ),
    _one(
        "CELU",
        _celu,
        {"alpha": 1.0, "scale": 1.0, "inner": 1.0},
        {"alpha": 0.5, "scale": 1.0, "inner": 2.0},
        kinks=True,
    ),
    _one("LEAKY_RELU", named("leaky_relu", slope="negative_slope"), *_SLOPES, kinks=True),
    _one("LEAKY_RELU_INPLACE", named("leaky_relu", slope="negative_slope"), *_SLOPES, kinks=True),
    Statement(
        "activations.LEAKY_RELU_BACKWARD",
        transposed("leaky_relu", slope="negative_slope"),
        tuple(Case((shape, shape), dict(given)) for given in _SLOPES for shape in ((), (2, 2))),
    ),
    _one("NDTR", named("ndtr"), note=_NUMPY, kernel="floats"),
    _one("GELU", named("gelu"), note=_NUMPY, kernel="floats"),
    _one("GELU_TANH", lambda x: named("gelu")(x, "tanh")),
)
