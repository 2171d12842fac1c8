"""`torch.fft`: discrete Fourier transforms.

Single precision stays single. norm: "backward" (the default: inverse transforms are divided by
the number of elements), "forward" (the others are) or "ortho" (both by its root).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.dtypes import as_dtype
from autodiff.functions.arguments import axis, require_tensor
from autodiff.functions.complexes import conj, conj_physical
from autodiff.functions.pointwise import kind_of
from autodiff.functions.shapes import roll
from autodiff.modes import settings
from autodiff.ops import fourier as ops
from autodiff.primitive import handed_over

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
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
    "rfftfreq",
    "rfftn",
]

_SCALING = {
    (None, True): 0, ("backward", True): 0, ("forward", True): 2, ("ortho", True): 1,
    (None, False): 2, ("backward", False): 2, ("forward", False): 0, ("ortho", False): 1,
}  # fmt: skip

# ----------------------------------------------------------------------------------- arguments


def _promoted(input: Any, to_complex: bool = False) -> Any:
    """Integers in the default dtype; complex where that is asked for."""
    if kind_of(input) in "iub":
        input = input.to(settings.default_dtype)
    if input.dtype.itemsize == 2:
        raise RuntimeError(f"Unsupported dtype {input.dtype.title}")
    if to_complex and not input.is_complex():
        input = input.to(input.dtype.to_complex())
    return input


def _scaling(norm: str | None, forward: bool) -> int:
    found = _SCALING.get((norm, forward))
    if found is None:
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return found


def _size(name: str, n: Any, default: int) -> int:
    """The number of elements to transform along one dimension."""
    if n is None:
        n = default
    elif not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise TypeError(f"fft_{name}(): argument 'n' must be int, not {type(n).__name__}")
    return _positive(int(n))


def _positive(n: int) -> int:
    if n < 1:
        raise RuntimeError(f"Invalid number of data points ({n}) specified")
    return n


def _along(name: str, input: Any, dim: Any) -> int:
    if not isinstance(dim, int | np.integer):
        raise TypeError(f"fft_{name}(): argument 'dim' must be int, not {type(dim).__name__}")
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return axis(dim, input.ndim)


def _resized(input: Any, dims: Sequence[int], sizes: Sequence[int]) -> Any:
    """Cut off, or filled up with zeros, along dimensions."""
    more = [0] * input.ndim
    for dim, size in zip(dims, sizes, strict=True):
        found = input.shape[dim]
        if size < found:
            input = input[(slice(None),) * dim + (slice(size),)]
        more[dim] = max(size - found, 0)
    first = next((dim for dim, count in enumerate(more) if count), None)
    return input if first is None else ops.PAD_END(input, pad=tuple(more[first:]))


def _several(input: Any, s: Any, dim: Any) -> tuple[list[int], list[int]]:
    """(dimensions, sizes) of a transform along several dimensions."""
    sizes = None if s is None else [s] if isinstance(s, int) else list(s)
    if isinstance(s, str):
        raise TypeError("argument 's' must be tuple of ints, not str")
    given = None if dim is None else [dim] if isinstance(dim, int) else list(dim)
    dims = [axis(one, input.ndim) for one in given or ()]
    if len(set(dims)) != len(dims):
        raise RuntimeError("FFT dims must be unique")
    if sizes is not None:
        if given is not None and len(given) != len(sizes):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
        if len(sizes) > input.ndim:
            raise RuntimeError(
                f"Got shape with {len(sizes)} values but input tensor only has {input.ndim} "
                "dimensions."
            )
        if given is None:
            dims = list(range(input.ndim - len(sizes), input.ndim))
        found = [input.shape[d] if n == -1 else n for d, n in zip(dims, sizes, strict=True)]
    else:
        if given is None:
            dims = list(range(input.ndim))
        found = [input.shape[d] for d in dims]
    return dims, [_positive(int(n)) for n in found]


def _some(name: str, dims: Sequence[int]) -> None:
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")


def _from_end(input: Any, dims: Sequence[int]) -> tuple[int, ...]:
    return tuple(dim - input.ndim for dim in dims)


def _refuse_complex(name: str, input: Any, kind: str) -> None:
    if input.is_complex():
        raise RuntimeError(f"{name} expects a {kind} input tensor, but got {input.dtype.title}")


# ---------------------------------------------------------------------------------- transforms


def _c2c(input: Any, dims: Sequence[int], scaling: int, forward: bool) -> Any:
    return ops.FFT_C2C(input, dims=_from_end(input, dims), scaling=scaling, forward=forward)


def _r2c(input: Any, dims: Sequence[int], scaling: int, onesided: bool = True) -> Any:
    return ops.FFT_R2C(input, dims=_from_end(input, dims), scaling=scaling, onesided=onesided)


def _c2r(input: Any, dims: Sequence[int], scaling: int, last: int) -> Any:
    return ops.FFT_C2R(input, dims=_from_end(input, dims), scaling=scaling, last=last)


def _of_real(
    name: str, input: Any, n: Any, dim: Any, norm: str | None, forward: bool, onesided: bool
) -> Any:
    """Along one dimension of real numbers."""
    input = _promoted(input)
    place = _along(name, input, dim)
    size = _size(name, n, input.shape[place])
    part = _resized(input, [place], [size])
    result = _r2c(part, [place], _scaling(norm, forward), onesided)
    return result if forward else conj(result)


def _to_real(name: str, input: Any, n: Any, dim: Any, norm: str | None, forward: bool) -> Any:
    """The real numbers of which half of a transform along one dimension is given."""
    input = _promoted(require_tensor(f"fft_{name}", input), True)
    place = _along(name, input, dim)
    size = _size(name, n, 2 * (input.shape[place] - 1))
    scaling = _scaling(norm, forward)
    part = _resized(input, [place], [size // 2 + 1])
    return _c2r(conj(part) if forward else part, [place], scaling, size)


def _along_one(name: str, input: Any, n: Any, dim: Any, norm: str | None, forward: bool) -> Any:
    if not require_tensor(f"fft_{name}", input).is_complex():
        return _of_real(name, input, n, dim, norm, forward, False)
    place = _along(name, input, dim)
    size = _size(name, n, input.shape[place])
    part = _resized(input, [place], [size])
    return _c2c(part, [place], _scaling(norm, forward), forward)


def _along_several(
    name: str, input: Any, s: Any, dim: Any, norm: str | None, forward: bool
) -> Any:
    input = _promoted(require_tensor(f"fft_{name}", input), True)
    dims, sizes = _several(input, s, dim)
    return _c2c(_resized(input, dims, sizes), dims, _scaling(norm, forward), forward)


def _halves(name: str, input: Any, s: Any, dim: Any) -> tuple[Any, list[int], int]:
    """(the half that is read, dimensions, the size of the last one) of a transform to reals."""
    input = _promoted(input, True)
    dims, sizes = _several(input, s, dim)
    _some(name, dims)
    wanted = None if s is None else (s if isinstance(s, int) else s[-1])
    last = 2 * (input.shape[dims[-1]] - 1) if wanted in (None, -1) else int(wanted)
    sizes[-1] = _positive(last) // 2 + 1
    return _resized(input, dims, sizes), dims, last


@handed_over
def fft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Σ x[k] exp(-2πi jk/n) along one dimension, cut off or filled up with zeros to n elements.

    Raises RuntimeError where there is nothing to transform.

    >>> import autodiff as torch
    >>> torch.fft.fft(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor([10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j])
    """
    return _along_one("fft", input, n, dim, norm, True)


@handed_over
def ifft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of :func:`fft`."""
    return _along_one("ifft", input, n, dim, norm, False)


@handed_over
def rfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The first half, n // 2 + 1 elements, of the transform of real numbers."""
    _refuse_complex("rfft", require_tensor("fft_rfft", input), "real")
    return _of_real("rfft", input, n, dim, norm, True, True)


@handed_over
def irfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of :func:`rfft`: n real numbers; by default n is even."""
    return _to_real("irfft", input, n, dim, norm, False)


@handed_over
def hfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The transform, which is real, of numbers of which half is given: the rest mirrors it."""
    return _to_real("hfft", input, n, dim, norm, True)


@handed_over
def ihfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of :func:`hfft`."""
    _refuse_complex("ihfft", require_tensor("fft_ihfft", input), "real")
    return _of_real("ihfft", input, n, dim, norm, False, True)


@handed_over
def fftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """:func:`fft` along several dimensions; s: their sizes, -1 for what they are."""
    return _along_several("fftn", input, s, dim, norm, True)


@handed_over
def ifftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """The inverse of :func:`fftn`."""
    return _along_several("ifftn", input, s, dim, norm, False)


@handed_over
def fft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """:func:`fft` along the last two dimensions."""
    return _along_several("fft2", input, s, dim, norm, True)


@handed_over
def ifft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """The inverse of :func:`fft2`."""
    return _along_several("ifft2", input, s, dim, norm, False)


def _rfftn(name: str, input: Any, s: Any, dim: Any, norm: str | None) -> Any:
    _refuse_complex("rfftn", require_tensor(f"fft_{name}", input), "real-valued")
    input = _promoted(input)
    dims, sizes = _several(input, s, dim)
    _some("rfftn", dims)
    return _r2c(_resized(input, dims, sizes), dims, _scaling(norm, True))


@handed_over
def rfftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """The transform of real numbers along several dimensions: half of it along the last."""
    return _rfftn("rfftn", input, s, dim, norm)


@handed_over
def rfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """:func:`rfftn` along the last two dimensions."""
    return _rfftn("rfft2", input, s, dim, norm)


def _irfftn(name: str, input: Any, s: Any, dim: Any, norm: str | None) -> Any:
    part, dims, last = _halves("irfftn", require_tensor(f"fft_{name}", input), s, dim)
    return _c2r(part, dims, _scaling(norm, False), last)


@handed_over
def irfftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """The inverse of :func:`rfftn`."""
    return _irfftn("irfftn", input, s, dim, norm)


@handed_over
def irfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """The inverse of :func:`rfft2`."""
    return _irfftn("irfft2", input, s, dim, norm)


def _hfftn(name: str, input: Any, s: Any, dim: Any, norm: str | None) -> Any:
    part, dims, last = _halves("hfftn", require_tensor(f"fft_{name}", input), s, dim)
    scaling = _scaling(norm, True)
    if len(dims) > 1:
        part = _c2c(part, dims[:-1], scaling, True)
    return _c2r(conj(part), dims[-1:], scaling, last)


@handed_over
def hfftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """:func:`hfft` along the last of several dimensions, :func:`fft` along the others."""
    return _hfftn("hfftn", input, s, dim, norm)


@handed_over
def hfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """:func:`hfftn` along the last two dimensions."""
    return _hfftn("hfft2", input, s, dim, norm)


def _ihfftn(name: str, input: Any, s: Any, dim: Any, norm: str | None) -> Any:
    if require_tensor(f"fft_{name}", input).is_complex():
        raise RuntimeError(f"Only supports floating-point dtypes, but found: {input.dtype.title}")
    input = _promoted(input)
    dims, sizes = _several(input, s, dim)
    _some("ihfftn", dims)
    scaling = _scaling(norm, False)
    half = _r2c(_resized(input, dims, sizes), dims[-1:], scaling)
    if len(dims) == 1:
        return conj(half)
    return _c2c(conj_physical(half), dims[:-1], scaling, False)


@handed_over
def ihfftn(input: Any, s: Any = None, dim: Any = None, norm: str | None = None) -> Any:
    """The inverse of :func:`hfftn`."""
    return _ihfftn("ihfftn", input, s, dim, norm)


@handed_over
def ihfft2(input: Any, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Any:
    """The inverse of :func:`hfft2`."""
    return _ihfftn("ihfft2", input, s, dim, norm)


# --------------------------------------------------------------------------------- frequencies


def _frequencies(name: str, n: int, numbers: Any, d: Any, dtype: Any, requires_grad: bool) -> Any:
    wanted = settings.default_dtype if dtype is None else as_dtype(dtype)
    if not (wanted.is_floating_point or wanted.is_complex):
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    if wanted.is_complex:
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{wanted.title}'")
    with np.errstate(all="ignore"):
        factor = np.float64(1.0) / np.float64(n * d)
        array = numbers.astype(wanted.numpy) * wanted.numpy.type(factor)
    return from_array(array, requires_grad)


def _count(name: str, n: Any) -> int:
    if not isinstance(n, int | np.integer) or isinstance(n, bool):
        raise TypeError(
            f"fft_{name}(): argument 'n' (position 1) must be int, not {type(n).__name__}"
        )
    return int(n)


def fftfreq(
    n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """The frequencies of the elements of a transform, in cycles per unit of d, the spacing.

    >>> import autodiff as torch
    >>> torch.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    count = _count("fftfreq", n)
    if count < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {count}: [{count}]")
    numbers = np.concatenate([np.arange((count + 1) // 2), np.arange(-(count // 2), 0)])
    return _frequencies("fftfreq", count, numbers, d, dtype, requires_grad)


def rfftfreq(
    n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Any:
    """The frequencies of the elements of half a transform, as :func:`fftfreq`."""
    count = _count("rfftfreq", n)
    size = int(count / 2) + 1  # towards zero
    if size < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {size}: [{size}]")
    return _frequencies("rfftfreq", count, np.arange(size), d, dtype, requires_grad)


def _shifted(name: str, input: Any, dim: Any, up: int) -> Any:
    require_tensor(f"fft_{name}", input)
    if dim is None:
        dims = tuple(range(input.ndim))
    else:
        dims = tuple(axis(one, input.ndim) for one in ([dim] if isinstance(dim, int) else dim))
    if not dims:
        raise RuntimeError("`shifts` required")
    return roll(input, tuple((input.shape[one] + up) // 2 for one in dims), dims)


@handed_over
def fftshift(input: Any, dim: Any = None) -> Any:
    """The elements rolled so that frequency 0 is in the middle.

    >>> import autodiff as torch
    >>> torch.fft.fftshift(torch.fft.fftfreq(4))
    tensor([-0.5000, -0.2500,  0.0000,  0.2500])
    """
    return _shifted("fftshift", input, dim, 0)


@handed_over
def ifftshift(input: Any, dim: Any = None) -> Any:
    """The inverse of :func:`fftshift`."""
    return _shifted("ifftshift", input, dim, 1)
