"""Windows, and Fourier transforms of a signal's windows: compositions of those in `fourier.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.dtypes import as_dtype
from autodiff.functions.arguments import raw, require_tensor
from autodiff.functions.complexes import view_as_real
from autodiff.functions.fourier import fft, ifft, irfft, rfft
from autodiff.functions.patches import pad
from autodiff.functions.pointwise import kind_of
from autodiff.functions.shapes import reshape, squeeze, transpose, unsqueeze
from autodiff.functions.strided import unfold
from autodiff.modes import settings
from autodiff.ops.indexing import PUT

__all__ = [
    "bartlett_window",
    "blackman_window",
    "hamming_window",
    "hann_window",
    "istft",
    "kaiser_window",
    "stft",
]


def _window(name: str, length: int, periodic: bool, dtype: Any, made: Any, flag: bool) -> Any:
    if length < 0:
        raise RuntimeError(
            f"{name} requires non-negative window_length, got window_length={length}"
        )
    kind = settings.default_dtype if dtype is None else as_dtype(dtype)
    if not kind.is_floating_point:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {kind.title}")
    values = np.ones(length)
    if length > 1:
        values = made(length + 1)[:-1] if periodic else made(length)
    return from_array(np.asarray(values, kind.numpy), flag)


def _cosines(*shares: float) -> Any:
    def made(length: int) -> Any:
        angle = 2 * np.pi * np.arange(length) / (length - 1)
        return sum(share * np.cos(k * angle) for k, share in enumerate(shares))

    return made


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """(1 - cos) / 2, once over its length; periodic: the first elements of one that is longer.

    >>> hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    made = _cosines(0.5, -0.5)
    return _window("hann_window", window_length, periodic, dtype, made, requires_grad)


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *,
    dtype: Any = None, device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """alpha - beta · cos."""
    made = _cosines(alpha, -beta)
    return _window("hamming_window", window_length, periodic, dtype, made, requires_grad)


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """0.42 - 0.5 cos + 0.08 cos of twice the angle."""
    made = _cosines(0.42, -0.5, 0.08)
    return _window("blackman_window", window_length, periodic, dtype, made, requires_grad)


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """A triangle."""
    return _window("bartlett_window", window_length, periodic, dtype, np.bartlett, requires_grad)


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """A Bessel function of a half circle over its value in the middle."""

    def made(length: int) -> Any:
        return np.kaiser(length, beta)

    return _window("kaiser_window", window_length, periodic, dtype, made, requires_grad)


def _weights(window: Any, n_fft: int, win_length: int | None, like: Any) -> Any:
    """The window, with zeros on both sides up to n_fft; None for ones."""
    length = n_fft if win_length is None else win_length
    window = from_array(window) if isinstance(window, np.ndarray) else window
    if not 0 < length <= n_fft:
        raise RuntimeError(f"stft: expected 0 < win_length <= n_fft, but got win_length={length}")
    if window is None:
        if length == n_fft:
            return None
        window = from_array(np.ones(length, raw(like).real.dtype))
    elif window.ndim != 1 or window.shape[0] != length:
        raise RuntimeError(
            f"stft: expected a 1D window tensor of size equal to win_length={length}, but got "
            f"window with size {list(window.shape)}"
        )
    before = (n_fft - length) // 2
    return pad(window, (before, n_fft - length - before)) if length < n_fft else window


def stft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Any:
    """The Fourier transforms of windows of a signal: (…, frequencies, times).

    center: with padding at both ends, so that window t is about t · hop_length. A last dimension
    of two parts where `return_complex` is False; it must be said for real input.
    """
    require_tensor("stft", input)
    hop = n_fft // 4 if hop_length is None else hop_length
    whole = "c" in kind_of(input) + kind_of(window)
    if return_complex is None:
        if not whole:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will "
                "further require that return_complex=True in a future PyTorch release."
            )
        return_complex = True
    if input.ndim not in (1, 2):
        raise RuntimeError(
            f"stft expected a 1D or 2D tensor, but got a tensor with {input.ndim} dimensions"
        )
    rows = unsqueeze(input, 0) if input.ndim == 1 else input
    if center:
        both = (n_fft // 2, n_fft // 2)
        rows = squeeze(pad(unsqueeze(rows, 1), both, mode=pad_mode), 1)
    if not 0 < n_fft <= rows.shape[1]:
        raise RuntimeError(f"stft: expected 0 < n_fft < {rows.shape[1]}, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"stft: expected hop_length > 0, but got hop_length={hop}")
    frames = unfold(rows, 1, n_fft, hop)
    weights = _weights(window, n_fft, win_length, input)
    if weights is not None:
        frames = frames * weights
    sided = not whole if onesided is None else onesided
    norm = "ortho" if normalized else "backward"
    found = transpose((rfft if sided else fft)(frames, n_fft, -1, norm), 1, 2)
    found = squeeze(found, 0) if input.ndim == 1 else found
    return found if return_complex else view_as_real(found)


def istft(
    input: Any,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Any = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Any:
    """The signal that has these transforms of its windows, in the sense of least squares."""
    if kind_of(require_tensor("istft", input)) != "c":
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with "
            "return_complex=True."
        )
    hop = n_fft // 4 if hop_length is None else hop_length
    single = input.ndim == 2
    spectra = transpose(unsqueeze(input, 0) if single else input, 1, 2)
    sided = spectra.shape[-1] != n_fft if onesided is None else onesided
    norm = "ortho" if normalized else "backward"
    frames = irfft(spectra, n_fft, -1, norm) if sided else ifft(spectra, n_fft, -1, norm)
    if not sided and not return_complex:
        frames = frames.real
    weights = _weights(window, n_fft, win_length, frames)
    ones = from_array(np.ones(n_fft, raw(frames).real.dtype))
    weights = ones if weights is None else weights
    batch, count = frames.shape[:2]
    total = n_fft + hop * (count - 1)
    places = np.arange(count)[:, None] * hop + np.arange(n_fft)
    signal = PUT.straight(frames * weights, shape=(batch, total), index=(slice(None), places))
    squares = (weights * weights).expand(count, n_fft)
    envelope = PUT.straight(squares, shape=(total,), index=(places,))
    first = n_fft // 2 if center else 0
    last = total - first if length is None else min(first + length, total)
    signal, envelope = signal[:, first:last], envelope[first:last]
    if np.abs(np.asarray(raw(envelope.detach()))).min(initial=1) < 1e-11:
        raise RuntimeError(
            "istft(...) window overlap add min: the window's squares vanish somewhere"
        )
    found = signal / envelope
    if length is not None and found.shape[1] < length:
        found = pad(found, (0, length - found.shape[1]))
    return reshape(found, (found.shape[1],)) if single else found
