"""PyTorch's `nn.functional`, one line for each definition that is one."""

from __future__ import annotations

from reference.functions import function

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "elu",
    "embedding",
    "gelu",
    "hardtanh",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "mse_loss",
    "nll_loss",
    "pad",
    "relu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
]

binary_cross_entropy = function("binary_cross_entropy")
binary_cross_entropy_with_logits = function("binary_cross_entropy_with_logits")
cross_entropy = function("cross_entropy")
elu = function("elu")
embedding = function("embedding")
gelu = function("gelu")
hardtanh = function("hardtanh")
l1_loss = function("l1_loss")
layer_norm = function("layer_norm")
leaky_relu = function("leaky_relu")
linear = function("linear")
log_softmax = function("log_softmax")
logsigmoid = function("logsigmoid")
mse_loss = function("mse_loss")
nll_loss = function("nll_loss")
pad = function("pad")
relu = function("relu")
sigmoid = function("sigmoid")
silu = function("silu")
smooth_l1_loss = function("smooth_l1_loss")
softmax = function("softmax")
softplus = function("softplus")
tanh = function("tanh")
