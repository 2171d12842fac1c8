"""Activation functions, and dropout."""

from __future__ import annotations

from typing import Any

from autodiff.functions.arguments import real_only, require_tensor
from autodiff.inplace import write
from autodiff.likes import rand_like
from autodiff.modes import is_grad_enabled, no_grad
from autodiff.ops import activations as ops
from autodiff.primitive import Primitive, handed_over
from autodiff.state import TensorState
from autodiff.views import requires_grad

__all__ = [
    "celu",
    "dropout",
    "elu",
    "gelu",
    "leaky_relu",
    "selu",
    "silu",
    "softplus",
]

_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_ALPHA = 1.6732632423543772848170429916717


def _applied(row: Primitive, input: Any, inplace: bool, **params: Any) -> Any:
    return write(row, input, **params) if inplace else row.straight(input, **params)


@handed_over
def silu(input: Any, inplace: bool = False) -> Any:
    """input · sigmoid(input), also called swish."""
    require_tensor("silu", input)
    recorded = isinstance(input, TensorState) and is_grad_enabled() and requires_grad(input)
    if recorded and not inplace:
        real_only(
            input,
            "silu does not support automatic differentiation for outputs with complex dtype.",
        )
    return _applied(ops.SILU, input, inplace)


@handed_over
def gelu(input: Any, approximate: str = "none") -> Any:
    """input · Φ(input), Φ the normal distribution; with "tanh" by a formula near to it.

    Raises RuntimeError for any other `approximate`.
    """
    require_tensor("gelu", input)
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    real_only(input, "GeluKernelImpl")
    row = ops.GELU if approximate == "none" else ops.GELU_TANH
    return row.straight(input)


@handed_over
def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + exp(beta · input)) / beta, accurate everywhere.

    threshold: where PyTorch takes the straight line instead; not used, as nothing overflows here.
    """
    real_only(require_tensor("softplus", input), "softplus_cpu")
    return ops.SOFTPLUS.straight(input, beta=beta)


@handed_over
def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """input where that is positive, alpha · (exp(input) - 1) elsewhere."""
    real_only(require_tensor("elu", input), "elu_cpu")
    return _applied(ops.ELU, input, inplace, alpha=alpha, scale=1.0, inner=1.0)


@handed_over
def selu(input: Any, inplace: bool = False) -> Any:
    """`elu` with the scale and the alpha that keep mean and variance."""
    real_only(require_tensor("selu", input), "elu_cpu")
    return _applied(ops.ELU, input, inplace, alpha=_SELU_ALPHA, scale=_SELU_SCALE, inner=1.0)


@handed_over
def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """input where that is positive, alpha · (exp(input / alpha) - 1) elsewhere."""
    real_only(require_tensor("celu", input), "elu_cpu")
    return _applied(ops.CELU, input, inplace, alpha=alpha, scale=1.0, inner=1 / alpha)


@handed_over
def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """input where that is positive, negative_slope · input elsewhere."""
    real_only(require_tensor("leaky_relu", input), "leaky_relu_cpu")
    row = ops.LEAKY_RELU_INPLACE if inplace else ops.LEAKY_RELU
    return _applied(row, input, inplace, slope=negative_slope)


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Each element is zero with probability p, and 1 / (1 - p) times itself otherwise.

    Drawn from the generator that `manual_seed` sets. Raises ValueError for a p that is no
    probability.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    require_tensor("dropout", input)
    if not training or p == 0:
        return input
    with no_grad():
        kept = (rand_like(input) >= p).to(input.dtype)
        mask = kept if p == 1 else kept / (1 - p)
    return input.mul_(mask) if inplace else input * mask
