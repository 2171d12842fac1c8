"""More activation functions: compositions of those in `activations.py` and of selections."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.dtypes import int64
from autodiff.functions.activations import celu, elu, leaky_relu, selu, softplus
from autodiff.functions.arguments import axis, raw, require_tensor
from autodiff.functions.losses import softmax
from autodiff.functions.pointwise import clamp, kind_of, sigmoid, tanh, where
from autodiff.functions.shapes import chunk, reshape
from autodiff.likes import rand_like
from autodiff.modes import no_grad, random
from autodiff.ops import special as ops
from autodiff.ops.shapes import CLONE
from autodiff.primitive import handed_over, unary

__all__ = [
    "alpha_dropout",
    "celu_",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu_",
    "feature_alpha_dropout",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu_",
    "logsigmoid",
    "mish",
    "one_hot",
    "prelu",
    "relu6",
    "relu_",
    "rrelu",
    "selu_",
    "softmin",
    "softshrink",
    "softsign",
    "tanhshrink",
    "threshold",
    "threshold_",
]

_NODES = {
    name: CLONE.variant(f"{name}Backward0")
    for name in (
        *("Glu", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LogSigmoid", "Mish"),
        *("PreluKernel", "RreluWithNoise", "Softshrink", "Threshold"),
    )
}


def _told(name: str, input: Any, found: Any, inplace: bool = False) -> Any:
    """The result under the name of PyTorch's node, or written to the input."""
    return input.copy_(found) if inplace else _NODES[name](found)


@handed_over
def hardtanh(
    input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Any:
    """The nearest number within [min_val, max_val]; the gradient at the bounds is 0.

    Raises ValueError where the bounds are in the wrong order.
    """
    require_tensor("hardtanh", input)
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    inside = (input > min_val) & (input < max_val)
    return _told("Hardtanh", input, where(inside, input, clamp(input.detach(), min_val, max_val)),
                 inplace)  # fmt: skip


def relu6(input: Any, inplace: bool = False) -> Any:
    """The nearest number within [0, 6]."""
    return hardtanh(input, 0.0, 6.0, inplace)


@handed_over
def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """(input + 3) / 6, within [0, 1]; the gradient at the bounds is 0."""
    require_tensor("hardsigmoid", input)
    inside = (input > -3) & (input < 3)
    flat = (input.detach() >= 3).to(input.dtype)
    return _told("Hardsigmoid", input, where(inside, (input + 3) / 6, flat), inplace)


@handed_over
def hardswish(input: Any, inplace: bool = False) -> Any:
    """input times `hardsigmoid`."""
    require_tensor("hardswish", input)
    middle = where((input > -3) & (input < 3), input, 0.0)
    curved = middle * (middle + 3) / 6
    found = where(input <= -3, 0.0, where(input < 3, curved, input))
    return _told("Hardswish", input, found, inplace)


@handed_over
def mish(input: Any, inplace: bool = False) -> Any:
    """input · tanh(softplus(input))."""
    require_tensor("mish", input)
    return _told("Mish", input, input * tanh(softplus(input)), inplace)


@handed_over
def logsigmoid(input: Any) -> Any:
    """log(sigmoid(input)), accurate in both tails."""
    require_tensor("logsigmoid", input)
    return _NODES["LogSigmoid"](-softplus(-input))


def softsign(input: Any) -> Any:
    """input / (1 + |input|)."""
    return unary(ops.SOFTSIGN, require_tensor("softsign", input))


def tanhshrink(input: Any) -> Any:
    """input - tanh(input)."""
    return unary(ops.TANHSHRINK, require_tensor("tanhshrink", input))


def softmin(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """`softmax` of -input."""
    return softmax(-input, dim, dtype=dtype)


@handed_over
def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """Zero where |input| ≤ lambd."""
    require_tensor("hardshrink", input)
    small = (input >= -lambd) & (input <= lambd)
    return _NODES["Hardshrink"](where(small, 0.0, input))


@handed_over
def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """Zero where |input| ≤ lambd, and that much nearer to zero elsewhere."""
    require_tensor("softshrink", input)
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd:g}.")
    found = where(input > lambd, input - lambd, where(input < -lambd, input + lambd, input * 0.0))
    return _NODES["Softshrink"](found)


@handed_over
def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """input where that is above the threshold, `value` elsewhere."""
    require_tensor("threshold", input)
    return _told("Threshold", input, where(input <= threshold, value, input), inplace)


@handed_over
def prelu(input: Any, weight: Any) -> Any:
    """input where that is positive, weight · input elsewhere: one weight, or one per channel."""
    require_tensor("prelu", input)
    require_tensor("prelu", weight, "weight", 2)
    if weight.ndim > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        )
    if weight.numel() != 1:
        if not input.ndim:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.numel() != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
    shape = [1] * input.ndim
    if input.ndim > 1:
        shape[1] = weight.numel()
    each = reshape(weight, shape)
    return _NODES["PreluKernel"](where(input > 0, input, each * input))


@handed_over
def glu(input: Any, dim: int = -1) -> Any:
    """The first half along a dimension times the sigmoid of the second."""
    if not require_tensor("glu", input).ndim:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    size = input.shape[axis(dim, input.ndim)]
    if size % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {axis(dim, input.ndim)} is size {size}"
        )
    first, second = chunk(input, 2, dim)
    return _NODES["Glu"](first * sigmoid(second))


@random
def _uniform(input: Any) -> Any:
    return rand_like(input.detach())


def rrelu(
    input: Any,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Any:
    """`leaky_relu` with a slope that is drawn between two numbers; their mean out of training."""
    require_tensor("rrelu", input)
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    with no_grad():
        slope = lower + (upper - lower) * rand_like(input)
    return _told("RreluWithNoise", input, where(input > 0, input, input * slope), inplace)


def _mask(input: Any, p: float, spread: tuple[int, ...], name: str) -> Any:
    """Ones with probability 1 - p, one draw for each element of a shape."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    with no_grad():
        drawn = rand_like(input.detach()[tuple(slice(0, size) for size in spread)])
        return (drawn >= p).to(input.dtype)


def _channels(input: Any, batched: int) -> tuple[int, ...]:
    keep = 2 if input.ndim >= batched else 1
    return (*input.shape[:keep], *(1,) * (input.ndim - keep))


def _dropped(input: Any, p: float, training: bool, inplace: bool, batched: int) -> Any:
    require_tensor(f"dropout{batched - 2}d", input)
    mask = _mask(input, p, _channels(input, batched), "dropout")
    if not training or p == 0:
        return input
    scale = mask if p == 1 else mask / (1 - p)
    return input.mul_(scale) if inplace else input * scale


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of (batch, channel, length) are zero with probability p."""
    return _dropped(input, p, training, inplace, 3)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of (batch, channel, height, width) are zero with probability p."""
    return _dropped(input, p, training, inplace, 4)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels of (batch, channel, depth, height, width) are zero with probability p."""
    return _dropped(input, p, training, inplace, 5)


_ALPHA = 1.7580993408473766  # selu(-∞), negative


def _alpha_dropped(
    input: Any, p: float, training: bool, inplace: bool, spread: tuple[int, ...]
) -> Any:
    mask = _mask(input, p, spread, "alpha_dropout")
    if not training or p == 0:
        return input
    if p == 1:
        found = input * 0.0
    else:
        a = 1 / ((_ALPHA * _ALPHA * p + 1) * (1 - p)) ** 0.5
        found = input * (mask * a) + ((1 - mask) * (-_ALPHA * a) + _ALPHA * a * p)
    return input.copy_(found) if inplace else found


def alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Any:
    """Dropout that keeps the mean and the variance of what `selu` gives."""
    require_tensor("alpha_dropout", input)
    return _alpha_dropped(input, p, training, inplace, tuple(input.shape))


def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Any:
    """As :func:`alpha_dropout`, of whole channels."""
    require_tensor("feature_alpha_dropout", input)
    return _alpha_dropped(input, p, training, inplace, _channels(input, 2))


def gumbel_softmax(
    logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Any:
    """A sample of the Gumbel-softmax distribution; `hard`: one-hot, with the soft gradient."""
    with no_grad():
        noise = -rand_like(logits.detach()).clamp_(min=1e-30).log().neg().clamp_(min=1e-30).log()
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    index = soft.detach().max(dim, keepdim=True)[1]
    chosen = (soft.detach() * 0).scatter_(dim, index, 1.0)
    return chosen - soft.detach() + soft


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """Rows that are 1 at the place that each whole number names, and 0 elsewhere.

    >>> import autodiff
    >>> one_hot(autodiff.tensor([2, 0]))
    tensor([[0, 0, 1],
            [1, 0, 0]])
    """
    if kind_of(require_tensor("one_hot", tensor, "tensor")) != "i" or tensor.dtype is not int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor._layered and num_classes > 0:  # of numbers that nobody can look into
        return (tensor.unsqueeze(-1) == from_array(np.arange(num_classes))).long()
    index = np.asarray(raw(tensor))
    if not index.size and num_classes <= 0:
        raise RuntimeError(
            "Can not infer total number of classes from empty tensor."
            if num_classes < 0
            else "num_classes should be positive"
        )
    if index.size and index.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    count = int(index.max()) + 1 if num_classes == -1 else num_classes
    if index.size and index.max() >= count:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return from_array((index[..., None] == np.arange(count)).astype(np.int64))


def relu_(input: Any) -> Any:
    """`relu`, in place."""
    return input.relu_()


def hardtanh_(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """`hardtanh`, in place."""
    return hardtanh(input, min_val, max_val, inplace=True)


def elu_(input: Any, alpha: float = 1.0) -> Any:
    """`elu`, in place."""
    return elu(input, alpha, inplace=True)


def celu_(input: Any, alpha: float = 1.0) -> Any:
    """`celu`, in place."""
    return celu(input, alpha, inplace=True)


def selu_(input: Any) -> Any:
    """`selu`, in place."""
    return selu(input, inplace=True)


def leaky_relu_(input: Any, negative_slope: float = 0.01) -> Any:
    """`leaky_relu`, in place."""
    return leaky_relu(input, negative_slope, inplace=True)


def threshold_(input: Any, threshold: float, value: float) -> Any:
    """`threshold`, in place."""
    return _told("Threshold", input, where(input <= threshold, value, input), True)
