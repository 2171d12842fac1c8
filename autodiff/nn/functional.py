"""`torch.nn.functional`: activations, linear maps and losses."""

from autodiff.functions.contraction import linear as linear
from autodiff.functions.losses import cross_entropy as cross_entropy
from autodiff.functions.losses import log_softmax as log_softmax
from autodiff.functions.losses import mse_loss as mse_loss
from autodiff.functions.losses import nll_loss as nll_loss
from autodiff.functions.losses import softmax as softmax
from autodiff.functions.pointwise import relu as relu
from autodiff.functions.pointwise import sigmoid as sigmoid
from autodiff.functions.pointwise import tanh as tanh

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
