"""Normalised exponentials and losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.graph import Constant
from reference.prove.statement import Case, Statement, named

__all__ = ["STATEMENTS"]

_ALONG = (((3,), 0), ((2, 3), 1), ((3, 2), 0), ((2, 2, 2), 1), ((), 0))
_WEIGHTS = np.array([0.5, 2.0, 1.0])


def _along(constant: str, name: str) -> Statement:
    cases = tuple(Case((shape,), {"dim": dim}) for shape, dim in _ALONG)
    return Statement(f"softmax.{constant}", named(name), cases)


def _loss(constant: str) -> Statement:
    """The row is given what a call of `nll_loss` comes to: `define` goes back from there."""

    def define(
        x: Any, index: Any, scales: Any, total: Any, dim: int, reduce: bool, target: Any = None
    ) -> Any:
        how = ("sum" if total is None else "mean") if reduce else "none"
        classes = index.squeeze(dim)
        if scales is None:
            return named("nll_loss")(x, Constant(classes), reduction=how)
        ignored = np.where(scales.squeeze(dim) == 0, -100, classes)
        weight = Constant(_WEIGHTS) if (scales > 0).any() and not _ones(scales) else None
        return named("nll_loss")(x, Constant(ignored), weight, reduction=how)

    cases = []
    for shape, classes in (((2, 3), [2, 0]), ((3,), 1), ((2, 3, 2), [[0, 2], [2, 1]])):
        dim = 1 if len(shape) > 1 else 0
        index = np.expand_dims(np.array(classes), dim)
        weights = _WEIGHTS[index]
        ones = np.ones(index.shape)
        ones.flat[0] = 0 if index.size > 1 else 1
        for scales in (None, weights, ones):
            size = index.size if scales is None else scales.sum()
            for total, reduce in ((None, False), (None, True), (size, True)):
                cases.append(
                    Case(
                        (shape,),
                        {
                            "index": index,
                            "scales": scales,
                            "total": total,
                            "dim": dim,
                            "reduce": reduce,
                        },
                    )
                )
    return Statement(f"softmax.{constant}", define, tuple(cases))


def _ones(scales: np.ndarray) -> bool:
    return bool(np.isin(scales, (0.0, 1.0)).all())


STATEMENTS = (
    _along("SOFTMAX", "softmax"),
    _along("LOG_SOFTMAX", "log_softmax"),
    Statement(
        "softmax.MSE_LOSS",
        named("mse_loss"),
        tuple(
            Case(shapes, {"reduction": how})
            for how in ("mean", "sum", "none")
            for shapes in (((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (3,)))
        ),
    ),
    _loss("NLL_LOSS"),
    _loss("NLL_LOSS_2D"),
    _loss("NLL_LOSS_VIEWED"),
)
