"""Rows that standardise: layer, group and batch normalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference import build
from reference.graph import Node
from reference.prove.statement import Case, Shape, Statement, named

__all__ = ["STATEMENTS"]

_EPS = (0.5, 0.125)
_NOTE = "for the way on arrays, which reads the kernel's standardised values; a tensor's are anew"


def _with_parts(result: Callable[..., Node]) -> Callable[..., Any]:
    """The result by its own definition, and what the rules read beside it."""

    def define(
        x: Any, weight: Any, bias: Any, view: Shape, axes: Shape, affine: Shape, eps: float
    ) -> tuple[Node, Node, Node]:
        held = build.reshape(x, view)
        variance = named("var")(held, dim=axes, correction=0, keepdim=True)
        scale = named("rsqrt")(build.add(variance, eps))
        unit = build.multiply(build.subtract(held, build.mean(held, axes, True)), scale)
        return result(x, weight, bias, view, eps), unit, scale

    return define


def _layer(x: Any, weight: Any, bias: Any, view: Shape, eps: float) -> Node:
    wanted = (view[1],) if weight is None and bias is None else _shape_of(weight, bias)
    return named("layer_norm")(  # type: ignore[no-any-return]
        build.reshape(x, (view[0], *wanted)), wanted, weight, bias, eps
    )


def _shape_of(*parameters: Any) -> Shape:
    return next(tuple(int(n) for n in one.shape) for one in parameters if one is not None)


def _group(x: Any, weight: Any, bias: Any, view: Shape, eps: float) -> Node:
    return named("group_norm")(x, view[1], weight, bias, eps)  # type: ignore[no-any-return]


def _batch(x: Any, weight: Any, bias: Any, view: Shape, eps: float) -> Node:
    return named("batch_norm")(  # type: ignore[no-any-return]
        x, None, None, weight, bias, True, 0.1, eps
    )


def _cases(shapes: tuple[Shape, ...], **params: Any) -> tuple[Case, ...]:
    """With weight and bias, with either, with neither."""
    absent: tuple[dict[int, Any], ...] = ({}, {2: None}, {1: None}, {1: None, 2: None})
    return tuple(
        Case(shapes, {**params, "eps": eps}, plain)
        for plain, eps in zip(absent, (*_EPS, *_EPS), strict=True)
    )


STATEMENTS = (
    Statement(
        "normalisation.LAYER_NORM",
        _with_parts(_layer),
        (
            *_cases(((2, 2), (2,), (2,)), view=(2, 2), axes=(1,), affine=(1, 2)),
            *_cases(((1, 3, 1), (3, 1), (3, 1)), view=(1, 3), axes=(1,), affine=(1, 3))[:1],
        ),
        _NOTE,
    ),
    Statement(
        "normalisation.GROUP_NORM",
        _with_parts(_group),
        (
            *_cases(((1, 4), (4,), (4,)), view=(1, 2, 2, 1), axes=(2, 3), affine=(1, 2, 2, 1)),
            *_cases(((1, 2, 2), (2,), (2,)), view=(1, 1, 2, 2), axes=(2, 3), affine=(1, 1, 2, 1))[
                :1
            ],
        ),
        _NOTE,
    ),
    Statement(
        "normalisation.BATCH_NORM",
        _with_parts(_batch),
        (
            *_cases(((2, 2), (2,), (2,)), view=(2, 2), axes=(0,), affine=(1, 2)),
            *_cases(((3, 1, 1), (1,), (1,)), view=(3, 1, 1), axes=(0, 2), affine=(1, 1, 1))[:1],
        ),
        _NOTE,
    ),
)
