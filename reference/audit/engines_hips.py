"""The spellings of HIPS autograd, which are NumPy's and SciPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.audit.numpy_names import clipped_logit, spelled
from reference.audit.table import Maker, Table, numpy_style, path

__all__ = ["MODULES", "TABLE", "join"]

MODULES = (
    "autograd.numpy",
    "autograd.numpy.linalg",
    "autograd.numpy.fft",
    "autograd.scipy.special",
)


def join(root: Any) -> Callable[[list[Any]], Any]:
    """Functions of several outputs are differentiated as functions of one."""
    return lambda parts: root.numpy.concatenate([root.numpy.ravel(part) for part in parts])


def _special(name: str) -> Maker:
    return numpy_style(f"scipy.special.{name}")


def _moment(name: str) -> Maker:
    def make(root: Any) -> Callable[..., Any]:
        function = path(root, f"numpy.{name}")

        def call(
            x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False,
            correction: Any = None,
        ) -> Any:  # fmt: skip
            given = correction if correction is not None else int(unbiased is not False)
            return function(x, axis=dim, ddof=given, keepdims=keepdim)

        return call

    return make


def _norm(root: Any) -> Callable[..., Any]:
    def norm(x: Any, p: Any = 2, dim: Any = None) -> Any:
        flat = root.numpy.ravel(x) if dim is None else x
        return root.numpy.linalg.norm(flat, None if p == "fro" else p, dim)

    return norm


def _fourier(name: str) -> Maker:
    def make(root: Any) -> Callable[..., Any]:
        function = path(root, f"numpy.fft.{name}")

        def call(x: Any, n: Any = None, dim: Any = None, norm: Any = None) -> Any:
            given = x[0] + 1j * x[1] if isinstance(x, tuple) else x
            many = "axis" if name in ("fft", "ifft", "rfft", "irfft") else "axes"
            named = {
                key: value for key, value in ((many, dim), ("norm", norm)) if value is not None
            }
            result = function(given, n, **named)
            if name.startswith("irfft"):
                return result
            return root.numpy.real(result), root.numpy.imag(result)

        return call

    return make


TABLE: Table = {
    **spelled("numpy", without=("cumprod", "copysign", "floor", "ceil", "trunc", "heaviside")),
    **{
        name: _special(name)
        for name in ("erf", "erfc", "erfinv", "i0", "i1", "digamma", "polygamma",
                     "logsumexp")
    },
    "sigmoid": _special("expit"),
    "logit": clipped_logit,
    "lgamma": _special("gammaln"),
    "mvlgamma": _special("multigammaln"),
    "clamp": lambda root: lambda x, min=None, max=None: root.numpy.clip(x, min, max),
    "max": numpy_style("numpy.max"),
    "min": numpy_style("numpy.min"),
    "var": _moment("var"),
    "std": _moment("std"),
    "norm": _norm,
    "sort": lambda root: lambda x, dim=-1: root.numpy.sort(x, dim),
    "diff": numpy_style("numpy.diff"),
    "mm": numpy_style("numpy.matmul"),
    "mv": numpy_style("numpy.matmul"),
    "bmm": numpy_style("numpy.matmul"),
    "roll": numpy_style("numpy.roll"),
    "rot90": numpy_style("numpy.rot90"),
    "getitem": lambda root: lambda x, key: x[key],
    "transpose": "numpy.swapaxes",
    "inv": "numpy.linalg.inv",
    "det": "numpy.linalg.det",
    "slogdet": lambda root: lambda x: tuple(root.numpy.linalg.slogdet(x)),
    "cholesky": "numpy.linalg.cholesky",
    "eigh": lambda root: lambda x, UPLO="L": tuple(root.numpy.linalg.eigh(x, UPLO)),
    "svd": lambda root: (
        lambda x, full_matrices=True: tuple(root.numpy.linalg.svd(x, full_matrices))
    ),
    "pinv": "numpy.linalg.pinv",
    "solve": lambda root: (
        lambda a, b: root.numpy.linalg.solve(a, b[:, None])[:, 0]
        if b.ndim == 1
        else root.numpy.linalg.solve(a, b)
    ),
    **{
        name: _fourier(name)
        for name in ("fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "rfft", "rfft2", "rfftn",
                     "irfft", "irfft2", "irfftn")
    },
}  # fmt: skip
