"""Sampling at places that are computed: grids of coordinates over images."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Sample
from reference.definitions.sampling import dyadic
from reference.graph import Constant, Node

__all__ = ["DEFINITIONS"]

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


def _grid_sample(
    input: Value,
    grid: Value,
    mode: str | int = "bilinear",
    padding_mode: str | int = "zeros",
    align_corners: bool | None = None,
) -> Node:
    """Values of an image (batch, channels, [depth,] height, width) at the places of a grid.

    grid: (batch, …, 2 or 3), the last axis x, y[, z] from -1 to 1. An element counts by how near
    it is to the place along each axis, which makes the sum over all elements the interpolation.
    mode, padding_mode: PyTorch's names, or its numbers of them.
    """
    kind = mode if isinstance(mode, str) else _MODES[mode]
    beyond = padding_mode if isinstance(padding_mode, str) else _PADDINGS[padding_mode]
    source, places = build.node(input), build.node(grid)
    rank = source.ndim - 2
    if kind not in _MODES or beyond not in _PADDINGS:
        raise ValueError(
            f"grid_sample has mode {list(_MODES)} and padding_mode {list(_PADDINGS)}, but got "
            f"{kind!r} and {beyond!r}"
        )
    if kind == "bicubic" and (beyond != "zeros" or rank != 2):
        raise NotImplementedError(
            f"grid_sample in mode 'bicubic' with padding_mode={beyond!r} of {source.ndim}D input "
            "has no definition: use padding_mode='zeros' and 4D input"
        )
    letters = "dhw"[3 - rank :]
    factors = []
    for axis in range(rank):
        size = int(source.shape[2 + axis])
        own = build.getitem(places, (Ellipsis, rank - 1 - axis))
        where = _coordinate(own, size, bool(align_corners))
        factors.append(
            _nearness(kind, _kept_inside(where, size, beyond, bool(align_corners)), size)
        )
    out = "xyz"[:rank]
    terms = ",".join(f"n{out}{letter}" for letter in letters)
    return build.einsum(f"nc{letters},{terms}->nc{out}", source, *factors)


def _coordinate(place: Node, size: int, align_corners: bool) -> Node:
    """From [-1, 1] to numbers of elements; the ends are the corner elements' centres or edges."""
    if align_corners:
        return build.elementwise(lambda g: (g + 1) * sp.Rational(size - 1, 2), place)
    return build.elementwise(lambda g: ((g + 1) * size - 1) / 2, place)


def _kept_inside(where: Node, size: int, beyond: str, align_corners: bool) -> Node:
    """Coordinates brought among the elements, or left outside, where the image is zero."""
    if beyond == "zeros":
        return where
    if beyond == "reflection":
        # mirrored at the corner elements' centres or at their edges
        low = sp.Integer(0) if align_corners else sp.Rational(-1, 2)
        span = sp.Integer(size - 1 if align_corners else size)
        if span == 0:
            return build.multiply(where, 0)

        # how often there and back; a whole number, which does not change with the place
        turns = build.stop(build.elementwise(lambda x: sp.floor((x - low) / (2 * span)), where))

        def mirrored(x: sp.Expr, times: sp.Expr) -> sp.Expr:
            turn = (x - low) - 2 * span * times
            return sp.Piecewise((low + turn, turn <= span), (low + 2 * span - turn, True))

        where = build.elementwise(mirrored, where, turns)
    return build.elementwise(
        lambda x: sp.Piecewise((0, x <= 0), (size - 1, x >= size - 1), (x, True)), where
    )


def _nearness(kind: str, where: Node, size: int) -> Node:
    """What each of the elements along an axis counts at each place: (…, size)."""
    elements = Constant(np.arange(size))
    away = build.subtract(build.expand_dims(where, where.ndim), elements)
    if kind == "nearest":  # the even one of two that are as near
        even = Constant((np.arange(size) % 2 == 0).astype(np.int64))
        half = sp.Rational(1, 2)
        nearest = build.elementwise(
            lambda t, e: sp.Piecewise(
                (1, (t > -half) & (t < half)),
                (e, sp.Eq(t, half) | sp.Eq(t, -half)),
                (0, True),
            ),
            away,
            even,
        )
        return build.stop(nearest)
    if kind == "bilinear":
        return build.elementwise(
            lambda t: sp.Piecewise((0, t <= -1), (1 + t, t <= 0), (1 - t, t < 1), (0, True)), away
        )
    return build.elementwise(_cubic, away)


def _cubic(t: sp.Expr) -> sp.Expr:
    """Keys's cubic kernel with a = -3/4, on both sides of zero."""
    a = sp.Rational(-3, 4)

    def inner(s: sp.Expr) -> sp.Expr:
        return (a + 2) * s**3 - (a + 3) * s**2 + 1

    def outer(s: sp.Expr) -> sp.Expr:
        return a * s**3 - 5 * a * s**2 + 8 * a * s - 4 * a

    return sp.Piecewise(
        (0, t <= -2),
        (outer(-t), t <= -1),
        (inner(-t), t <= 0),
        (inner(t), t <= 1),
        (outer(t), t < 2),
        (0, True),
    )


def _affine_grid(theta: Value, size: Sequence[int], align_corners: bool | None = None) -> Node:
    """θ applied to the centres (x, y[, z], 1) of the elements of an image of a size.

    theta: (batch, 2, 3) or (batch, 3, 4).
    """
    inner = [int(n) for n in list(size)[2:]]
    axes = [_centres(n, bool(align_corners)) for n in inner]
    rank = len(inner)
    base = np.empty((*inner, rank + 1), dtype=object)
    base[..., rank] = Fraction(1)
    for axis, centres in enumerate(axes):
        spread = centres.reshape([-1 if k == axis else 1 for k in range(rank)])
        base[..., rank - 1 - axis] = np.broadcast_to(spread, inner)
    letters = "xyz"[:rank]
    return build.einsum(f"{letters}k,njk->n{letters}j", Constant(base), theta)


def _centres(count: int, align_corners: bool) -> np.ndarray:
    """From -1 to 1, the ends included, or half a step inside of them."""
    result = np.empty(count, dtype=object)
    for k in range(count):
        if align_corners:
            result[k] = Fraction(2 * k, count - 1) - 1 if count > 1 else Fraction(0)
        else:
            result[k] = Fraction(2 * k + 1, count) - 1
    return result


# samples


def _off_centre(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Places between elements, some outside of the image."""
    return np.asarray(dyadic(rng, shape) * 0.40625 + 2.0**-9)


def _sampled(rng: np.random.Generator) -> list[Sample]:
    options: list[dict[str, Any]] = [
        {"align_corners": False},
        {"align_corners": True},
        {"padding_mode": "border", "align_corners": False},
        {"padding_mode": "reflection", "align_corners": False},
        {"padding_mode": "reflection", "align_corners": True},
        {"mode": "nearest", "align_corners": False},
        {"mode": "bicubic", "align_corners": True},
    ]
    result = [
        Sample((dyadic(rng, (1, 2, 3, 4)), _off_centre(rng, 1, 2, 2, 2)), more) for more in options
    ]
    image = dyadic(rng, (1, 1, 2, 3, 2)), _off_centre(rng, 1, 1, 2, 2, 3)
    result.append(Sample(image, {"align_corners": False}))
    result.append(Sample(image, {"align_corners": True, "padding_mode": "border"}))
    corner = np.array([[[[0.0, 0.0], [1.0, -1.0]]]])  # on an element, and at a corner
    result.append(Sample((dyadic(rng, (1, 1, 3, 3)), corner), {"align_corners": True}, "kink"))
    return result


def _turned(rng: np.random.Generator) -> list[Sample]:
    return [
        Sample((dyadic(rng, (2, 2, 3)), (2, 1, 3, 2)), {"align_corners": False}),
        Sample((dyadic(rng, (1, 2, 3)), (1, 1, 2, 4)), {"align_corners": True}),
        Sample((dyadic(rng, (1, 3, 4)), (1, 1, 2, 1, 3)), {"align_corners": False}),
    ]


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "grid_sample",
        _grid_sample,
        (REALS, REALS),
        (),
        _sampled,
        ("grid_sampler", "grid_sampler_2d", "grid_sampler_3d"),
        ("real",),
    ),
    Definition(
        "affine_grid",
        _affine_grid,
        (REALS,),
        (),
        _turned,
        ("affine_grid_generator",),
        ("real",),
    ),
)
