"""JAX's spellings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.audit.numpy_names import spelled
from reference.audit.table import Maker, Table, numpy_style, path

__all__ = ["MODULES", "TABLE", "prepare"]

MODULES = ("jax.numpy", "jax.nn", "jax.scipy.special", "jax.scipy.linalg", "jax.lax")


def prepare(jax: Any) -> None:
    """JAX computes in float64 only where it is told to before the first array is made."""
    jax.config.update("jax_enable_x64", True)


def _special(name: str) -> Maker:
    return numpy_style(f"scipy.special.{name}")


def _nn(name: str) -> Maker:
    return numpy_style(f"nn.{name}")


def _norm(root: Any) -> Callable[..., Any]:
    def norm(x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
        flat = x.reshape(-1) if dim is None and not keepdim else x
        return root.numpy.linalg.norm(flat, None if p == "fro" else p, dim, keepdim)

    return norm


def _vector_norm(root: Any) -> Callable[..., Any]:
    def vector_norm(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
        return root.numpy.linalg.vector_norm(x, axis=dim, keepdims=keepdim, ord=ord)

    return vector_norm


def _moment(name: str) -> Maker:
    """Variance and deviation: NumPy divides by n where PyTorch divides by n - 1."""

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


def _layer_norm(root: Any) -> Callable[..., Any]:
    def layer_norm(
        x: Any, shape: Any, weight: Any = None, bias: Any = None, eps: Any = 1e-5
    ) -> Any:
        axes = tuple(range(-len(shape), 0))
        scaled = root.nn.standardize(x, axis=axes, epsilon=eps)
        scaled = scaled if weight is None else scaled * weight
        return scaled if bias is None else scaled + bias

    return layer_norm


def _sort(root: Any) -> Callable[..., Any]:
    def sort(x: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
        return root.numpy.sort(x, axis=dim, descending=descending)

    return sort


def _quantile(root: Any) -> Callable[..., Any]:
    def quantile(
        x: Any, q: Any, dim: Any = None, keepdim: bool = False, interpolation: str = "linear"
    ) -> Any:
        return root.numpy.quantile(x, q, axis=dim, keepdims=keepdim, method=interpolation)

    return quantile


def _fourier(name: str) -> Maker:
    """A pair of arrays stands for a complex one."""

    def make(root: Any) -> Callable[..., Any]:
        function = path(root, f"numpy.fft.{name}")

        def call(x: Any, *args: Any, **kwargs: Any) -> Any:
            given = root.lax.complex(*x) if isinstance(x, tuple) else x
            many = "axis" if name in ("fft", "ifft", "rfft", "irfft") else "axes"
            named = {many if key == "dim" else key: value for key, value in kwargs.items()}
            return function(given, *args, **named)

        return call

    return make


def _clamp(root: Any) -> Callable[..., Any]:
    return lambda x, min=None, max=None: root.numpy.clip(x, min, max)


def _svd(root: Any) -> Callable[..., Any]:
    return lambda x, full_matrices=True: tuple(
        root.numpy.linalg.svd(x, full_matrices=full_matrices)
    )


def _solve(root: Any) -> Callable[..., Any]:
    def solve(a: Any, b: Any, left: bool = True) -> Any:
        if b.ndim == 1 and left:
            return root.numpy.linalg.solve(a, b[:, None])[:, 0]
        if left:
            return root.numpy.linalg.solve(a, b)
        return root.numpy.linalg.solve(a.mT, b.mT).mT

    return solve


def _triangular(root: Any) -> Callable[..., Any]:
    def solve(
        a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
    ) -> Any:
        return root.lax.linalg.triangular_solve(
            a, b, left_side=left, lower=not upper, unit_diagonal=unitriangular
        )

    return solve


TABLE: Table = {
    **spelled("numpy"),
    **{
        name: _special(name)
        for name in ("digamma", "polygamma", "erf", "erfc", "erfinv", "ndtr", "log_ndtr", "ndtri",
                     "i0", "i1", "i0e", "i1e", "logit", "xlogy", "xlog1py", "entr")
    },
    "lgamma": _special("gammaln"),
    "mvlgamma": _special("multigammaln"),
    **{
        name: _nn(name)
        for name in ("sigmoid", "silu", "softplus", "relu", "relu6", "selu", "celu", "elu",
                     "leaky_relu", "mish", "glu", "softmax", "log_softmax", "logsumexp")
    },
    "logsigmoid": _nn("log_sigmoid"),
    "hardsigmoid": _nn("hard_sigmoid"),
    "hardswish": _nn("hard_silu"),
    "softsign": _nn("soft_sign"),
    "gelu": lambda root: lambda x, approximate="none": root.nn.gelu(x, approximate == "tanh"),
    "hardtanh": lambda root: (
        lambda x, min_val=-1.0, max_val=1.0: root.numpy.clip(x, min_val, max_val)
    ),
    "rsqrt": "lax.rsqrt",
    "clamp": _clamp,
    "norm": _norm,
    "vector_norm": _vector_norm,
    "var": _moment("var"),
    "std": _moment("std"),
    "layer_norm": _layer_norm,
    "sort": _sort,
    "quantile": _quantile,
    "max": numpy_style("numpy.max"),
    "min": numpy_style("numpy.min"),
    "cummax": lambda root: lambda x, dim: root.lax.cummax(x, dim % x.ndim),
    "cummin": lambda root: lambda x, dim: root.lax.cummin(x, dim % x.ndim),
    "logcumsumexp": lambda root: lambda x, dim: root.lax.cumlogsumexp(x, dim % x.ndim),
    "mm": numpy_style("numpy.matmul"),
    "mv": numpy_style("numpy.matmul"),
    "bmm": numpy_style("numpy.matmul"),
    "mse_loss": lambda root: lambda x, y: ((x - y) ** 2).mean(),
    "scaled_dot_product_attention": lambda root: (
        lambda q, k, v: root.nn.softmax(
            q @ root.numpy.swapaxes(k, -1, -2) / q.shape[-1] ** 0.5, axis=-1
        ) @ v
    ),
    "gather": lambda root: lambda x, dim, index: root.numpy.take_along_axis(x, index, axis=dim),
    "getitem": lambda root: lambda x, key: x[key],
    "transpose": "numpy.swapaxes",
    "inv": "numpy.linalg.inv",
    "det": "numpy.linalg.det",
    "slogdet": lambda root: lambda x: tuple(root.numpy.linalg.slogdet(x)),
    "cholesky": lambda root: lambda x, upper=False: root.numpy.linalg.cholesky(x, upper=upper),
    "qr": lambda root: lambda x, mode="reduced": tuple(root.numpy.linalg.qr(x, mode)),
    "eigh": lambda root: lambda x, UPLO="L": tuple(root.numpy.linalg.eigh(x, UPLO)),
    "eigvalsh": "numpy.linalg.eigvalsh",
    "svd": _svd,
    "svdvals": "numpy.linalg.svdvals",
    "pinv": "numpy.linalg.pinv",
    "matrix_power": "numpy.linalg.matrix_power",
    "multi_dot": "numpy.linalg.multi_dot",
    "matrix_norm": lambda root: (
        lambda x, ord="fro", dim=(-2, -1), keepdim=False: root.numpy.linalg.norm(
            x, ord, dim, keepdim
        )
    ),
    "solve": _solve,
    "solve_triangular": _triangular,
    "cond": "numpy.linalg.cond",
    **{
        name: _fourier(name)
        for name in ("fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "rfft", "rfft2", "rfftn",
                     "irfft", "irfft2", "irfftn")
    },
}  # fmt: skip
