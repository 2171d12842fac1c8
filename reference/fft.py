"""PyTorch's `fft`, one line for each definition that is one."""

from __future__ import annotations

from reference.functions import function

__all__ = [
    "fft",
    "fft2",
    "fftn",
    "fftshift",
    "hfft",
    "hfft2",
    "hfftn",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "ihfft2",
    "ihfftn",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftn",
]

fft = function("fft")
fft2 = function("fft2")
fftn = function("fftn")
fftshift = function("fftshift")
hfft = function("hfft")
hfft2 = function("hfft2")
hfftn = function("hfftn")
ifft = function("ifft")
ifft2 = function("ifft2")
ifftn = function("ifftn")
ifftshift = function("ifftshift")
ihfft = function("ihfft")
ihfft2 = function("ihfft2")
ihfftn = function("ihfftn")
irfft = function("irfft")
irfft2 = function("irfft2")
irfftn = function("irfftn")
rfft = function("rfft")
rfft2 = function("rfft2")
rfftn = function("rfftn")
