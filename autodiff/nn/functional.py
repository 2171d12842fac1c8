"""`torch.nn.functional`: activations, linear maps and losses."""

from autodiff.functions.contraction import linear
from autodiff.functions.losses import cross_entropy, log_softmax, mse_loss, nll_loss, softmax
from autodiff.functions.pointwise import relu, sigmoid, tanh

__all__ = [
    "cross_entropy",
    "linear",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
