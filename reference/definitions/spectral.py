"""Fourier transforms.

A complex array is a pair of real ones: arguments may be an array of real numbers, or a tuple
(real part, imaginary part); complex results are such tuples. PyTorch's `view_as_real` and
`view_as_complex` convert.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.build.fourier import fourier_sum, resized
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import dyadic
from reference.graph import Node

__all__ = ["DEFINITIONS", "transforms"]

Pair = tuple[Node, Node | None]
Sizes = int | Sequence[int] | None


def _parts(value: Any) -> Pair:
    """The real and the imaginary part; None where there is none."""
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return build.node(value[0]), build.node(value[1])
    return build.node(value), None


def _axes(x: Node, sizes: Sizes, dim: Any) -> tuple[int, ...]:
    """The axes to transform: those given, else the last ones that have a size, else all."""
    if dim is not None:
        given = (dim,) if isinstance(dim, int) else tuple(dim)
        return tuple(axis % x.ndim for axis in given)
    if sizes is not None:
        number = 1 if isinstance(sizes, int) else len(sizes)
        return tuple(range(x.ndim - number, x.ndim))
    return tuple(range(x.ndim))


def _counts(x: Node, s: Sizes, axes: tuple[int, ...]) -> list[int]:
    """How many elements of each axis are transformed."""
    given: Sequence[int | None]
    given = [None] * len(axes) if s is None else [s] if isinstance(s, int) else list(s)
    return [
        int(x.shape[axis]) if size in (None, -1) else int(size or 0)
        for axis, size in zip(axes, given, strict=True)
    ]


def _scale(total: int, norm: str | None, inverse: bool) -> sp.Expr:
    """What a sum over so many elements is multiplied by."""
    if norm == "ortho":
        return 1 / sp.sqrt(total)
    divided = {None: inverse, "backward": inverse, "forward": not inverse}
    if norm not in divided:
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return sp.Rational(1, total) if divided[norm] else sp.Integer(1)


def _scaled(x: Node, factor: sp.Expr) -> Node:
    return x if factor == 1 else build.multiply(x, factor)


def _summed(
    pair: Pair, axes: Sequence[int], sizes: Sequence[int], sign: int, half: bool = False
) -> tuple[Node, Node]:
    """Transformed along one axis after another, the last first; half: half of the last."""
    real, imaginary = pair
    for axis, size in reversed(list(zip(axes, sizes, strict=True))):
        last = half and axis == axes[-1]
        real = resized(real, axis, size)
        other = None if imaginary is None else resized(imaginary, axis, size)
        count = size // 2 + 1 if last else None
        real, imaginary = fourier_sum(real, other, axis, size, sign, count)
    if imaginary is None:
        imaginary = build.multiply(real, 0)
    return real, imaginary


Transform = Callable[[Any, Sizes, Any, str | None], Any]


def _complex(inverse: bool) -> Transform:
    def fft(input: Any, sizes: Sizes, dim: Any, norm: str | None) -> tuple[Node, Node]:
        """Σ x[k] exp(∓2 pi i j k / n) along the axes."""
        pair = _parts(input)
        axes = _axes(pair[0], sizes, dim)
        counts = _counts(pair[0], sizes, axes)
        factor = _scale(prod(counts), norm, inverse)
        real, imaginary = _summed(pair, axes, counts, 1 if inverse else -1)
        return _scaled(real, factor), _scaled(imaginary, factor)

    return fft


def _from_real(input: Any, sizes: Sizes, dim: Any, norm: str | None) -> tuple[Node, Node]:
    """The first half of the transform of a real array; the rest mirrors it."""
    source = build.node(input)
    axes = _axes(source, sizes, dim)
    counts = _counts(source, sizes, axes)
    factor = _scale(prod(counts), norm, False)
    real, imaginary = _summed((source, None), axes, counts, -1, True)
    return _scaled(real, factor), _scaled(imaginary, factor)


def _to_real(input: Any, sizes: Sizes, dim: Any, norm: str | None) -> Node:
    """The real array whose transform begins with the given half.

    The imaginary parts of the first element, and of the middle one of an even number, do not
    count.
    """
    real, imaginary = _parts(input)
    axes = _axes(real, sizes, dim)
    if sizes is None:
        sizes = [int(real.shape[axis]) for axis in axes]
        sizes[-1] = 2 * (sizes[-1] - 1)
    counts = _counts(real, sizes, axes)
    factor = _scale(prod(counts), norm, True)
    whole, last = counts[-1], axes[-1]
    if len(axes) > 1:
        real, imaginary = _summed((real, imaginary), axes[:-1], counts[:-1], 1)
    weights = np.full(whole // 2 + 1, 2)  # most elements stand for their mirror image, too
    weights[0] = 1
    if whole % 2 == 0:
        weights[-1] = 1
    spread = weights.reshape([-1 if axis == last else 1 for axis in range(real.ndim)])
    first, second = (
        None if part is None else build.multiply(resized(part, last, len(weights)), spread)
        for part in (real, imaginary)
    )
    return _scaled(fourier_sum(first, second, last, whole, 1)[0], factor)


def _one_axis(transform: Transform) -> Callable[..., Any]:
    """PyTorch's parameters of a transform along one axis."""

    def along(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
        return transform(input, n, dim, norm)

    return along


def _several_axes(transform: Transform, standard: tuple[int, ...] | None) -> Callable[..., Any]:
    """PyTorch's parameters of a transform along several axes."""

    def over(input: Any, s: Sizes = None, dim: Any = standard, norm: str | None = None) -> Any:
        return transform(input, s, dim, norm)

    return over


def _view_as_real(input: Any) -> Node:
    """The parts of complex numbers along a new last axis."""
    real, imaginary = _parts(input)
    return build.stack(
        [real, build.multiply(real, 0) if imaginary is None else imaginary], real.ndim
    )


def _view_as_complex(input: Value) -> tuple[Node, Node]:
    source = build.node(input)
    if source.ndim == 0 or source.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    return build.getitem(source, (Ellipsis, 0)), build.getitem(source, (Ellipsis, 1))


_Calls = tuple[tuple[tuple[int, ...], dict[str, Any]], ...]


def _calls(
    *given: tuple[tuple[int, ...], dict[str, Any]], pairs: bool = False, reals: bool = True
) -> Samples:
    """Calls with real arrays, with pairs, or both."""

    def samples(rng: np.random.Generator) -> list[Sample]:
        result = []
        for shape, more in given:
            if reals:
                result.append(Sample((dyadic(rng, shape),), more))
            if pairs:
                result.append(Sample(((dyadic(rng, shape), dyadic(rng, shape)),), more))
        return result

    return samples


_ONE: _Calls = (
    ((5,), {}),
    ((4, 3), {"dim": 0, "norm": "ortho"}),
    ((2, 4), {"n": 3, "norm": "forward"}),
    ((3,), {"n": 6}),
)
_TWO: _Calls = (((3, 4), {}), ((2, 3, 2), {"norm": "ortho"}))
_MANY: _Calls = (((2, 3), {}), ((2, 3, 2), {"dim": (0, 2), "norm": "ortho"}))
_HALVES: _Calls = (((3,), {}), ((3, 4), {"n": 5, "norm": "ortho"}), ((4, 3), {"dim": 0, "n": 6}))


def _row(
    name: str, function: Callable[..., Any], samples: Samples, *, real: bool = False
) -> Definition:
    results = ("real",) if real else ("real", "real")
    aliases = (f"fft_{name}", f"fft.{name}")
    return Definition(name, function, (REALS,), (), samples, aliases, results)


_FFT, _IFFT = _complex(False), _complex(True)
transforms: dict[str, Transform] = {"fft": _FFT, "rfft": _from_real, "irfft": _to_real}
"""By name: of the array (or pair), the sizes, the axes, and where the factor goes."""

_LAST_TWO = (-2, -1)

DEFINITIONS: tuple[Definition, ...] = (
    _row("fft", _one_axis(_FFT), _calls(*_ONE, pairs=True)),
    _row("ifft", _one_axis(_IFFT), _calls(*_ONE, pairs=True)),
    _row("fft2", _several_axes(_FFT, _LAST_TWO), _calls(*_TWO, pairs=True)),
    _row("ifft2", _several_axes(_IFFT, _LAST_TWO), _calls(*_TWO, pairs=True)),
    _row("fftn", _several_axes(_FFT, None), _calls(*_MANY, pairs=True)),
    _row("ifftn", _several_axes(_IFFT, None), _calls(*_MANY, pairs=True)),
    _row("rfft", _one_axis(_from_real), _calls(*_ONE)),
    _row("rfft2", _several_axes(_from_real, _LAST_TWO), _calls(*_TWO)),
    _row("rfftn", _several_axes(_from_real, None), _calls(*_MANY)),
    _row("irfft", _one_axis(_to_real), _calls(*_HALVES, pairs=True, reals=False), real=True),
    _row(
        "irfft2",
        _several_axes(_to_real, _LAST_TWO),
        _calls(*_TWO, pairs=True, reals=False),
        real=True,
    ),
    _row(
        "irfftn", _several_axes(_to_real, None), _calls(*_MANY, pairs=True, reals=False), real=True
    ),
    Definition(
        "view_as_real",
        _view_as_real,
        (REALS, REALS),
        (),
        _calls(((2, 3), {}), pairs=True, reals=False),
        view=True,
    ),
    Definition(
        "view_as_complex",
        _view_as_complex,
        (REALS,),
        (),
        _calls(((3, 2), {}), ((2,), {})),
        view=True,
    ),
)
