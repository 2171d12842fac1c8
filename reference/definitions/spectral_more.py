"""Fourier transforms of Hermitian arrays, of short times, and shifts of their elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import dyadic
from reference.definitions.spectral import transforms
from reference.graph import Node

__all__ = ["DEFINITIONS"]

Sizes = int | Sequence[int] | None

# a Hermitian array's transform is real: the inverse one's of the conjugate, but for its factor
_TURNED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def _turned(norm: str | None) -> str:
    if norm not in _TURNED:
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return _TURNED[norm]


def _conjugate(pair: Any) -> Any:
    if isinstance(pair, (tuple, list)):
        return build.node(pair[0]), build.negative(pair[1])
    return build.node(pair)


def _hermitian(standard: Any, single: bool) -> Callable[..., Node]:
    def over(input: Any, s: Sizes, dim: Any, norm: str | None) -> Node:
        found: Node = transforms["irfft"](_conjugate(input), s, dim, _turned(norm))
        return found

    return _named(over, standard, single)


def _half(standard: Any, single: bool) -> Callable[..., tuple[Node, Node]]:
    def over(input: Any, s: Sizes, dim: Any, norm: str | None) -> tuple[Node, Node]:
        real, imaginary = transforms["rfft"](input, s, dim, _turned(norm))
        return real, build.negative(imaginary)

    return _named(over, standard, single)


def _named(over: Callable[..., Any], standard: Any, single: bool) -> Callable[..., Any]:
    """PyTorch's parameters."""
    if single:

        def along(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
            return over(input, n, dim, norm)

        return along

    def several(input: Any, s: Sizes = None, dim: Any = standard, norm: str | None = None) -> Any:
        return over(input, s, dim, norm)

    return several


def _fftshift(input: Value, dim: Any = None) -> Node:
    """The first half of each axis behind the second."""
    return _shifted(input, dim, lambda size: size // 2)


def _ifftshift(input: Value, dim: Any = None) -> Node:
    return _shifted(input, dim, lambda size: (size + 1) // 2)


def _shifted(input: Value, dim: Any, by: Callable[[int], int]) -> Node:
    source = build.node(input)
    axes = tuple(range(source.ndim)) if dim is None else (dim,) if isinstance(dim, int) else dim
    return build.roll(source, [by(int(source.shape[axis])) for axis in axes], tuple(axes))


# short times


def _stft(
    input: Value,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Value = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Any:
    """The transforms of windows of a signal: (…, frequencies, times).

    A pair of parts; their stack along a last axis where return_complex is False.
    """
    source = build.node(input)
    hop = n_fft // 4 if hop_length is None else hop_length
    single = source.ndim == 1
    rows = build.expand_dims(source, 0) if single else source
    if center:
        rows = _extended(rows, n_fft // 2, pad_mode)
    length = int(rows.shape[1])
    count = 1 + (length - n_fft) // hop
    places = np.arange(count)[:, None] * hop + np.arange(n_fft)
    frames = build.getitem(rows, (slice(None), places))
    weights = _window(window, n_fft, win_length)
    if weights is not None:
        frames = build.multiply(frames, weights)
    kind = "fft" if onesided is False else "rfft"
    norm = "ortho" if normalized else None
    parts = [build.swap_axes(part, 1, 2) for part in transforms[kind](frames, n_fft, -1, norm)]
    if single:
        parts = [build.getitem(part, 0) for part in parts]
    if return_complex is False:
        return build.stack(parts, parts[0].ndim)
    return tuple(parts)


def _extended(rows: Node, by: int, mode: str) -> Node:
    """The signal with padding at both of its ends."""
    size = int(rows.shape[1])
    if mode == "constant":
        return build.pad(rows, [(0, 0), (by, by)])
    names = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    if mode not in names:
        raise NotImplementedError(f"stft with pad_mode={mode!r} has no definition")
    places = np.pad(np.arange(size), by, mode=names[mode])  # type: ignore[call-overload]
    return build.getitem(rows, (slice(None), places))


def _window(window: Value, n_fft: int, win_length: int | None) -> Node | None:
    """The window's weights, zeros on both sides of a short one."""
    length = n_fft if win_length is None else win_length
    if window is None:
        if length == n_fft:
            return None
        window = np.ones(length, dtype=np.int64)
    left = (n_fft - length) // 2
    return build.pad(window, [(left, n_fft - length - left)])


def _istft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Value = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Node:
    """The signal that has these transforms of its windows, in the sense of least squares."""
    if onesided is False or return_complex:
        raise NotImplementedError(
            "istft has a definition for onesided transforms and a real result: leave "
            "onesided=True and return_complex=False"
        )
    pair = [build.node(part) for part in input]
    hop = n_fft // 4 if hop_length is None else hop_length
    single = pair[0].ndim == 2
    if single:
        pair = [build.expand_dims(part, 0) for part in pair]
    turned = tuple(build.swap_axes(part, 1, 2) for part in pair)
    frames = transforms["irfft"](turned, n_fft, -1, "ortho" if normalized else None)
    weights = _window(window, n_fft, win_length)
    if weights is None:
        weights = build.node(np.ones(n_fft, dtype=np.int64))
    batch, count = int(frames.shape[0]), int(frames.shape[1])
    total = n_fft + hop * (count - 1)
    places = np.arange(count)[:, None] * hop + np.arange(n_fft)
    signal = build.index_put(
        np.zeros((batch, total), dtype=np.int64),
        (slice(None), places),
        build.multiply(frames, weights),
        accumulate=True,
    )
    squares = build.broadcast_to(build.power(weights, 2), (count, n_fft))
    envelope = build.index_put(
        np.zeros(total, dtype=np.int64), (places,), squares, accumulate=True
    )
    first = n_fft // 2 if center else 0
    last = total - (n_fft // 2 if center else 0)
    if length is not None:
        last = min(first + length, total)
    inside = slice(first, last)
    found = build.divide(
        build.getitem(signal, (slice(None), inside)), build.getitem(envelope, inside)
    )
    if length is not None and last - first < length:
        found = build.pad(found, [(0, 0), (0, length - (last - first))])
    return build.getitem(found, 0) if single else found


# samples


def _calls(*given: tuple[tuple[int, ...], dict[str, Any]], pairs: bool = False) -> Samples:
    def samples(rng: np.random.Generator) -> list[Sample]:
        return [
            Sample(
                ((dyadic(rng, shape), dyadic(rng, shape)) if pairs else dyadic(rng, shape),), more
            )
            for shape, more in given
        ]

    return samples


_ONE: tuple[tuple[tuple[int, ...], dict[str, Any]], ...] = (
    ((3,), {}),
    ((3, 4), {"n": 5, "norm": "ortho"}),
    ((4, 3), {"dim": 0, "norm": "forward"}),
)
_TWO: tuple[tuple[tuple[int, ...], dict[str, Any]], ...] = (
    ((3, 4), {}),
    ((2, 3, 2), {"norm": "ortho"}),
)


def _signals(rng: np.random.Generator) -> list[Sample]:
    window = np.abs(dyadic(rng, (4,))) + 0.5
    return [
        Sample((dyadic(rng, (10,)), 4), {"return_complex": True, "window": window}),
        Sample(
            (dyadic(rng, (2, 9)), 4, 3),
            {"center": False, "normalized": True, "return_complex": True, "window": window},
        ),
        Sample(
            (dyadic(rng, (8,)), 4, 2, 3),
            {"onesided": False, "return_complex": True, "window": window[:3]},
        ),
    ]


def _spectra(rng: np.random.Generator) -> list[Sample]:
    window = np.abs(dyadic(rng, (4,))) + 0.5

    def pair(*shape: int) -> tuple[np.ndarray, np.ndarray]:
        return dyadic(rng, shape), dyadic(rng, shape)

    return [
        Sample((pair(3, 6), 4), {"window": window}),
        Sample((pair(2, 3, 5), 4, 2), {"window": window, "length": 7}),
    ]


def _row(
    name: str, function: Callable[..., Any], samples: Samples, *, real: bool = False
) -> Definition:
    results = ("real",) if real else ("real", "real")
    return Definition(
        name, function, (REALS,), (), samples, (f"fft_{name}", f"fft.{name}"), results
    )


_LAST_TWO = (-2, -1)

DEFINITIONS: tuple[Definition, ...] = (
    _row("hfft", _hermitian(None, True), _calls(*_ONE, pairs=True), real=True),
    _row("hfft2", _hermitian(_LAST_TWO, False), _calls(*_TWO, pairs=True), real=True),
    _row("hfftn", _hermitian(None, False), _calls(*_TWO, pairs=True), real=True),
    _row("ihfft", _half(None, True), _calls(*_ONE)),
    _row("ihfft2", _half(_LAST_TWO, False), _calls(*_TWO)),
    _row("ihfftn", _half(None, False), _calls(*_TWO)),
    _row("fftshift", _fftshift, _calls(((5,), {}), ((2, 3), {"dim": 1})), real=True),
    _row("ifftshift", _ifftshift, _calls(((5,), {}), ((2, 3), {"dim": 1})), real=True),
    Definition("stft", _stft, (REALS,), (), _signals, results=("real", "real")),
    Definition("istft", _istft, (REALS,), (), _spectra, results=("real",)),
)
