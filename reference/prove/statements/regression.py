"""Losses of numbers and of probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.graph import Constant
from reference.prove.statement import Case, Shape, Statement, named

__all__ = ["STATEMENTS"]

_PAIRS: tuple[tuple[Shape, Shape], ...] = (((), ()), ((2,), (2,)), ((2,), ()))
_UNIT = {0: (0.0, 1.0), 1: (0.0, 1.0)}


def _cases(*scales: Any, **options: Any) -> tuple[Case, ...]:
    found = [
        Case(shapes, {"scale": scale, "reduction": how}, **options)
        for scale in scales
        for how, shapes in zip(("mean", "none", "mean"), _PAIRS, strict=True)
    ]
    return (*found, Case(((2,), (2,)), {"scale": scales[0], "reduction": "sum"}, **options))


def _smooth(x: Any, y: Any, scale: float, reduction: str) -> Any:
    if scale == 0:
        return named("l1_loss")(x, y, reduction=reduction)
    return named("smooth_l1_loss")(x, y, reduction=reduction, beta=scale)


def _huber(x: Any, y: Any, scale: float, reduction: str) -> Any:
    return named("huber_loss")(x, y, reduction=reduction, delta=scale)


def _entropy(x: Any, y: Any, scale: float, reduction: str) -> Any:
    return named("binary_cross_entropy")(x, y, reduction=reduction)


def _logits(x: Any, y: Any, scale: Any, reduction: str) -> Any:
    weight = None if scale is None else Constant(scale)
    return named("binary_cross_entropy_with_logits")(x, y, reduction=reduction, pos_weight=weight)


STATEMENTS = (
    Statement("regression.SMOOTH_L1_LOSS", _smooth, _cases(1.0, 0.25, 0)),
    Statement("regression.HUBER_LOSS", _huber, _cases(1.0, 0.25)),
    Statement(
        "regression.BINARY_CROSS_ENTROPY",
        _entropy,
        _cases(-100.0, domain=_UNIT),
        "of probabilities whose logarithms are not cut off",
    ),
    Statement(
        "regression.BINARY_CROSS_ENTROPY_WITH_LOGITS",
        _logits,
        _cases(None, np.array(2.5)),
    ),
)
