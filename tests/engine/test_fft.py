"""Fourier transforms: sums of exponentials, inverses of each other, single precision kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff.autograd import forward_ad
from autodiff.gradcheck import gradcheck, gradgradcheck

NORMS = (None, "backward", "ortho", "forward")


def numbers(*shape: int, seed: int = 0) -> Any:
    rng = np.random.default_rng([seed, *shape])
    return torch.from_numpy(rng.standard_normal(shape) + 1j * rng.standard_normal(shape))


def test_is_the_sum_of_exponentials() -> None:
    z = numbers(5)
    j = np.arange(5)
    matrix = np.exp(-2j * np.pi * np.outer(j, j) / 5)
    assert np.allclose(torch.fft.fft(z).numpy(), matrix @ z.numpy(), rtol=1e-13)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    st.integers(1, 7), st.integers(1, 7), st.integers(-2, 1), st.sampled_from(NORMS), st.booleans()
)
def test_inverses(rows: int, columns: int, dim: int, norm: Any, real: bool) -> None:
    z = numbers(rows, columns)
    size = z.shape[dim]
    if real:
        x = z.real
        back = torch.fft.irfft(torch.fft.rfft(x, dim=dim, norm=norm), size, dim, norm)
        other = torch.fft.hfft(torch.fft.ihfft(x, dim=dim, norm=norm), size, dim, norm)
        assert x.allclose(other)
        assert x.allclose(back)
    else:
        assert z.allclose(torch.fft.ifft(torch.fft.fft(z, dim=dim, norm=norm), None, dim, norm))
        assert z.allclose(torch.fft.ifftn(torch.fft.fftn(z, norm=norm), norm=norm))


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    st.sampled_from(["fft", "ifft", "irfft", "hfft", "rfft", "ihfft"]),
    st.integers(2, 5), st.one_of(st.none(), st.integers(1, 7)), st.sampled_from(NORMS),
)  # fmt: skip
def test_slopes(name: str, size: int, n: Any, norm: Any) -> None:
    z = numbers(size, 2)
    x = (z.real.clone() if name in ("rfft", "ihfft") else z).requires_grad_()
    transform = getattr(torch.fft, name)
    assert gradcheck(lambda x: transform(x, n, 0, norm), x, check_forward_ad=True)
    assert gradgradcheck(lambda x: transform(x, n, 0, norm) ** 2, x)


@pytest.mark.parametrize(
    "name", ["fft2", "ifft2", "irfft2", "hfft2", "fftn", "ifftn", "irfftn", "hfftn", "rfftn",
             "rfft2", "ihfftn", "ihfft2"],
)  # fmt: skip
def test_slopes_along_several_axes(name: str) -> None:
    z = numbers(2, 3, 2)
    x = (z.real.clone() if name.startswith(("r", "ih")) else z).requires_grad_()
    assert gradcheck(getattr(torch.fft, name), x, check_forward_ad=True)


@pytest.mark.parametrize(
    ("name", "dtype", "result"),
    [
        ("fft", torch.float32, torch.complex64),
        ("fft", torch.complex64, torch.complex64),
        ("rfft", torch.float64, torch.complex128),
        ("irfft", torch.complex64, torch.float32),
        ("hfft", torch.float32, torch.float32),
        ("ihfft", torch.int64, torch.complex64),
    ],
)
def test_precision_is_kept(name: str, dtype: Any, result: Any) -> None:
    x = torch.ones(4, dtype=dtype)
    assert getattr(torch.fft, name)(x).dtype == result


def test_history() -> None:
    x = torch.ones(4, requires_grad=True)
    assert str(torch.fft.fft(x).grad_fn).startswith("<FftR2CBackward0")
    assert str(torch.fft.fft(x * 1j).grad_fn).startswith("<FftC2CBackward0")
    assert str(torch.fft.irfft(x, 4).grad_fn).startswith("<FftC2RBackward0")
    padded = torch.fft.rfft(x, 6).grad_fn.next_functions[0][0]
    assert padded.name() == "ConstantPadNdBackward0"


def test_tangents_are_transformed() -> None:
    x, v = numbers(4), numbers(4, seed=1)
    with forward_ad.dual_level():
        out = forward_ad.unpack_dual(torch.fft.fft(forward_ad.make_dual(x, v)))
        assert out.tangent.tolist() == torch.fft.fft(v).tolist()


def test_batches() -> None:
    z = numbers(3, 5)
    assert torch.vmap(torch.fft.fft)(z).tolist() == torch.fft.fft(z).tolist()
    by_member = torch.vmap(lambda x: torch.fft.irfft(x, 7))(z)
    assert by_member.tolist() == torch.fft.irfft(z, 7).tolist()


def test_frequencies() -> None:
    assert torch.fft.fftfreq(5, 0.5).tolist() == torch.tensor([0, 0.4, 0.8, -0.8, -0.4]).tolist()
    assert torch.fft.rfftfreq(4).tolist() == [0.0, 0.25, 0.5]
    shifted = torch.fft.fftshift(torch.fft.fftfreq(4))
    assert shifted.tolist() == [-0.5, -0.25, 0.0, 0.25]
    assert torch.fft.ifftshift(shifted).tolist() == torch.fft.fftfreq(4).tolist()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: torch.fft.fft(x, 0), r"Invalid number of data points \(0\) specified"),
        (lambda x: torch.fft.fft(x, norm="x"), 'Invalid normalization mode: "x"'),
        (lambda x: torch.fft.fft(x.half()), "Unsupported dtype Half"),
        (lambda x: torch.fft.rfft(x * 1j), "rfft expects a real input tensor, but got Complex"),
        (lambda x: torch.fft.rfftn(x, dim=()), "rfftn must transform at least one axis"),
        (lambda x: torch.fft.fftn(x, dim=(0, 0)), "FFT dims must be unique"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        call(torch.ones(2, 3))
