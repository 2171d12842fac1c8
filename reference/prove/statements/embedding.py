"""Rows of a table, looked up and added up."""

from __future__ import annotations

from typing import Any

import numpy as np

from reference.differentiate import vjp
from reference.graph import Input, Node
from reference.prove.statement import Case, Shape, Statement, named

__all__ = ["STATEMENTS"]

_NOTE = "scales of zeros and ones: those of scale_grad_by_freq make what is no gradient"


def _looked_up(x: Any, index: np.ndarray, scales: Any) -> Node:
    padding = None if scales is None else int(index[scales[..., 0] == 0][0])
    return named("embedding")(index, x, padding)  # type: ignore[no-any-return]


def _added_up(x: Any, shape: Shape, index: np.ndarray, scales: Any) -> Node:
    at = Input("at", shape)
    (pulled,) = vjp([_looked_up(at, index, scales)], [at], [x])
    assert pulled is not None
    return pulled


def _given() -> list[tuple[Shape, np.ndarray, Any]]:
    vector, matrix = np.array([2, 0, 2]), np.array([[1, 1], [0, 2]])
    return [
        ((3, 2), vector, None),
        ((3, 2), matrix, None),
        ((4, 1), vector, None),
        ((3, 2), vector, np.where(vector == 2, 0.0, 1.0)[..., None]),
        ((3, 2), matrix, np.where(matrix == 1, 0.0, 1.0)[..., None]),
    ]


STATEMENTS = (
    Statement(
        "embedding.EMBEDDING",
        _looked_up,
        tuple(
            Case((shape,), {"index": index, "scales": scales}) for shape, index, scales in _given()
        ),
        _NOTE,
        kernel="expressions",
    ),
    Statement(
        "embedding.EMBEDDING_PUT",
        _added_up,
        tuple(
            Case(
                ((*index.shape, shape[1]),),
                {"shape": shape, "index": index, "scales": scales},
            )
            for shape, index, scales in _given()
        ),
        f"{_NOTE}; the kernel moves rows as bytes, and runs on floats alone",
        kernel="floats",
    ),
)
