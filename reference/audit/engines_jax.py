"""JAX's spellings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.audit.engines_jax_lax import LAX_OPERATIONS, lax_operation
from reference.audit.numpy_names import clipped_logit, spelled
from reference.audit.table import Maker, Table, numpy_style, path

__all__ = ["MODULES", "TABLE", "prepare"]

MODULES = ("jax.numpy", "jax.nn", "jax.scipy.special", "jax.scipy.linalg", "jax.scipy.integrate",
           "jax.lax")  # fmt: skip


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


def _lu(root: Any) -> Callable[..., Any]:
    def lu(x: Any) -> Any:
        return root.scipy.linalg.lu(x)

    return lu


def _logdet(root: Any) -> Callable[..., Any]:
    return lambda x: root.numpy.linalg.slogdet(x)[1]


def _index_select(root: Any) -> Callable[..., Any]:
    return lambda x, dim, index: root.numpy.take(x, index, axis=dim)


def _expand(root: Any) -> Callable[..., Any]:
    def expand(x: Any, *shape: Any) -> Any:
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        lead = len(wanted) - x.ndim
        sizes = [x.shape[k - lead] if size == -1 else size for k, size in enumerate(wanted)]
        return root.numpy.broadcast_to(x, sizes)

    return expand


TABLE: Table = {
    **spelled("numpy"),
    **{name: lax_operation(name) for name in LAX_OPERATIONS},
    "lu": _lu,
    "logdet": _logdet,
    "index_select": _index_select,
    "expand": _expand,
    "roll": numpy_style("numpy.roll"),
    "tile": numpy_style("numpy.tile"),
    "rot90": lambda root: lambda x, k=1, dims=(0, 1): root.numpy.rot90(x, k, dims),
    "tensordot": lambda root: lambda x, y, dims=2: root.numpy.tensordot(x, y, dims),
    "cov": lambda root: lambda x, correction=1: root.numpy.cov(x, ddof=correction),
    "corrcoef": "numpy.corrcoef",
    "nansum": numpy_style("numpy.nansum"),
    "nanmean": numpy_style("numpy.nanmean"),
    "diff": lambda root: lambda x, n=1, dim=-1: root.numpy.diff(x, n, dim),
    "trapezoid": lambda root: (
        lambda y, x=None, dx=1.0, dim=-1: root.scipy.integrate.trapezoid(y, x, dx, dim)
    ),
    "cross": lambda root: lambda x, y, dim=-1: root.numpy.cross(x, y, axis=dim),
    "vander": lambda root: (
        lambda x, N=None, increasing=True: root.numpy.vander(x, N, increasing=increasing)
    ),
    "atleast_1d": "numpy.atleast_1d",
    "atleast_2d": "numpy.atleast_2d",
    "block_diag": "scipy.linalg.block_diag",
    "cholesky_solve": lambda root: (
        lambda b, c, upper=False: root.scipy.linalg.cho_solve((c, not upper), b)
    ),
    "round": lambda root: lambda x: root.lax.round(x, root.lax.RoundingMethod.TO_NEAREST_EVEN),
    "linear": lambda root: (
        lambda x, weight, bias=None: x @ weight.mT if bias is None else x @ weight.mT + bias
    ),
    "addmm": lambda root: lambda c, a, b, *, beta=1, alpha=1: beta * c + alpha * (a @ b),
    **{
        name: _special(name)
        for name in ("digamma", "polygamma", "erf", "erfc", "erfinv", "ndtr", "log_ndtr", "ndtri",
                     "i0", "i1", "i0e", "i1e", "xlogy", "xlog1py", "entr")
    },
    "logit": clipped_logit,
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
