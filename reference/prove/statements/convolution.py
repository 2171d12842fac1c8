"""Convolutions: their kernels are run on NumPy's arrays of expressions."""

from __future__ import annotations

from typing import Any, NamedTuple

from reference import build
from reference.differentiate import vjp
from reference.graph import Input, Node
from reference.prove.statement import Case, Shape, Statement, named

__all__ = ["STATEMENTS"]


class _Geometry(NamedTuple):
    """How kernels are moved, under the names that the row's kernels read."""

    stride: Shape
    padding: tuple[tuple[int, int], ...]
    dilation: Shape
    groups: int

    def counts(self, sizes: Shape, kernel: Shape) -> Shape:
        """The number of windows along each axis."""
        axes = zip(sizes, kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple(
            (size + sum(around) - space * (width - 1) - 1) // step + 1
            for size, width, step, around, space in axes
        )


def _convolved(x: Any, weight: Any, bias: Any, geometry: _Geometry) -> Node:
    padded = build.pad(x, ((0, 0), (0, 0), *geometry.padding))
    return named(f"conv{len(geometry.stride)}d")(  # type: ignore[no-any-return]
        padded, weight, bias, geometry.stride, 0, geometry.dilation, geometry.groups
    )


def _to_input(y: Any, weight: Any, bias: Any, sizes: Shape, geometry: _Geometry) -> Node:
    """The derived gradient of a convolution in its input, as an operation of its own."""
    held = build.node(weight)
    at = Input("at", (build.node(y).shape[0], held.shape[1] * geometry.groups, *sizes))
    (pulled,) = vjp([_convolved(at, held, None, geometry)], [at], [y])
    assert pulled is not None
    if bias is None:
        return pulled
    return build.add(pulled, build.reshape(bias, (-1, *(1,) * len(sizes))))


def _to_weight(y: Any, x: Any, shape: Shape, geometry: _Geometry) -> Node:
    at = Input("at", shape)
    (pulled,) = vjp([_convolved(x, at, None, geometry)], [at], [y])
    assert pulled is not None
    return pulled


def _spread(y: Any, weight: Any, bias: Any, sizes: Shape, geometry: _Geometry) -> Node:
    """The transposed convolution by its own definition."""
    axes = zip(
        build.node(y).shape[2:],
        build.node(weight).shape[2:],
        geometry.stride,
        geometry.padding,
        geometry.dilation,
        sizes,
        strict=True,
    )
    more = [
        size - ((int(n) - 1) * step - 2 * before + space * (int(width) - 1) + 1)
        for n, width, step, (before, _), space, size in axes
    ]
    around = [before for before, _ in geometry.padding]
    return named(f"conv_transpose{len(sizes)}d")(  # type: ignore[no-any-return]
        y, weight, bias, geometry.stride, around, more, geometry.groups, geometry.dilation
    )


# shape of the input, of the weight, geometry
_GIVEN: tuple[tuple[Shape, Shape, _Geometry], ...] = (
    ((2, 1, 3), (2, 1, 2), _Geometry((1,), ((0, 0),), (1,), 1)),
    ((1, 2, 3), (1, 2, 1), _Geometry((1,), ((0, 0),), (1,), 1)),
    ((1, 2, 5), (2, 1, 2), _Geometry((2,), ((1, 1),), (2,), 2)),
    ((1, 1, 3), (1, 1, 2), _Geometry((1,), ((0, 1),), (1,), 1)),
    ((1, 1, 3, 3), (2, 1, 2, 2), _Geometry((1, 1), ((0, 0), (1, 1)), (1, 1), 1)),
    ((1, 2, 3, 2), (2, 2, 2, 1), _Geometry((2, 1), ((1, 1), (0, 0)), (1, 1), 1)),
    (
        (1, 1, 2, 2, 2),
        (1, 1, 2, 1, 2),
        _Geometry((1, 1, 2), ((0, 0),) * 2 + ((1, 1),), (1,) * 3, 1),
    ),
)


def _result(x: Shape, weight: Shape, geometry: _Geometry) -> Shape:
    return (x[0], weight[0], *geometry.counts(x[2:], weight[2:]))


def _forward() -> tuple[Case, ...]:
    return tuple(
        Case((x, weight, (weight[0],)), {"geometry": geometry}, plain)
        for number, (x, weight, geometry) in enumerate(_GIVEN)
        for plain in (({}, {2: None}) if number == 0 else ({},))
    )


def _backward(symmetric: bool) -> tuple[Case, ...]:
    return tuple(
        Case(
            (_result(x, weight, geometry), weight, (x[1],)),
            {"sizes": x[2:], "geometry": geometry},
            plain,
        )
        for number, (x, weight, geometry) in enumerate(_GIVEN)
        if not symmetric or all(before == after for before, after in geometry.padding)
        for plain in (({}, {2: None}) if number == 0 else ({},))
    )


_NOTE = "its rules call rows of this file: what those mean is proved of their kernels"

STATEMENTS = (
    Statement("convolution.CONVOLUTION", _convolved, _forward(), _NOTE, kernel="expressions"),
    Statement(
        "convolution.CONVOLUTION_INPUT", _to_input, _backward(False), _NOTE, kernel="expressions"
    ),
    Statement(
        "convolution.TRANSPOSED_CONVOLUTION", _spread, _backward(True), _NOTE, kernel="expressions"
    ),
    Statement(
        "convolution.CONVOLUTION_WEIGHT",
        _to_weight,
        tuple(
            Case((_result(x, weight, geometry), x), {"shape": weight, "geometry": geometry})
            for x, weight, geometry in _GIVEN
        ),
        _NOTE,
        kernel="expressions",
    ),
)
