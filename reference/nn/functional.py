"""PyTorch's `nn.functional`, one line for each definition that is one."""

from __future__ import annotations

from reference.functions import function

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "affine_grid",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "embedding",
    "embedding_bag",
    "feature_alpha_dropout",
    "fold",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "grid_sample",
    "group_norm",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "linear_cross_entropy",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
    "mish",
    "mse_loss",
    "multi_head_attention_forward",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pdist",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "rrelu",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "triplet_margin_loss",
    "unfold",
]

adaptive_avg_pool1d = function("adaptive_avg_pool1d")
adaptive_avg_pool2d = function("adaptive_avg_pool2d")
adaptive_avg_pool3d = function("adaptive_avg_pool3d")
adaptive_max_pool1d = function("adaptive_max_pool1d")
adaptive_max_pool2d = function("adaptive_max_pool2d")
adaptive_max_pool3d = function("adaptive_max_pool3d")
affine_grid = function("affine_grid")
alpha_dropout = function("alpha_dropout")
avg_pool1d = function("avg_pool1d")
avg_pool2d = function("avg_pool2d")
avg_pool3d = function("avg_pool3d")
batch_norm = function("batch_norm")
bilinear = function("bilinear")
binary_cross_entropy = function("binary_cross_entropy")
binary_cross_entropy_with_logits = function("binary_cross_entropy_with_logits")
celu = function("celu")
channel_shuffle = function("channel_shuffle")
conv1d = function("conv1d")
conv2d = function("conv2d")
conv3d = function("conv3d")
conv_transpose1d = function("conv_transpose1d")
conv_transpose2d = function("conv_transpose2d")
conv_transpose3d = function("conv_transpose3d")
cosine_embedding_loss = function("cosine_embedding_loss")
cosine_similarity = function("cosine_similarity")
cross_entropy = function("cross_entropy")
ctc_loss = function("ctc_loss")
dropout = function("dropout")
dropout1d = function("dropout1d")
dropout2d = function("dropout2d")
dropout3d = function("dropout3d")
elu = function("elu")
embedding = function("embedding")
embedding_bag = function("embedding_bag")
feature_alpha_dropout = function("feature_alpha_dropout")
fold = function("fold")
fractional_max_pool2d = function("fractional_max_pool2d")
fractional_max_pool3d = function("fractional_max_pool3d")
gaussian_nll_loss = function("gaussian_nll_loss")
gelu = function("gelu")
glu = function("glu")
grid_sample = function("grid_sample")
group_norm = function("group_norm")
hardshrink = function("hardshrink")
hardsigmoid = function("hardsigmoid")
hardswish = function("hardswish")
hardtanh = function("hardtanh")
hinge_embedding_loss = function("hinge_embedding_loss")
huber_loss = function("huber_loss")
instance_norm = function("instance_norm")
interpolate = function("interpolate")
kl_div = function("kl_div")
l1_loss = function("l1_loss")
layer_norm = function("layer_norm")
leaky_relu = function("leaky_relu")
linear = function("linear")
linear_cross_entropy = function("linear_cross_entropy")
local_response_norm = function("local_response_norm")
log_softmax = function("log_softmax")
logsigmoid = function("logsigmoid")
lp_pool1d = function("lp_pool1d")
lp_pool2d = function("lp_pool2d")
lp_pool3d = function("lp_pool3d")
margin_ranking_loss = function("margin_ranking_loss")
max_pool1d = function("max_pool1d")
max_pool2d = function("max_pool2d")
max_pool3d = function("max_pool3d")
max_unpool1d = function("max_unpool1d")
max_unpool2d = function("max_unpool2d")
max_unpool3d = function("max_unpool3d")
mish = function("mish")
mse_loss = function("mse_loss")
multi_head_attention_forward = function("multi_head_attention_forward")
multi_margin_loss = function("multi_margin_loss")
multilabel_margin_loss = function("multilabel_margin_loss")
multilabel_soft_margin_loss = function("multilabel_soft_margin_loss")
nll_loss = function("nll_loss")
normalize = function("normalize")
one_hot = function("one_hot")
pad = function("pad")
pairwise_distance = function("pairwise_distance")
pdist = function("pdist")
pixel_shuffle = function("pixel_shuffle")
pixel_unshuffle = function("pixel_unshuffle")
poisson_nll_loss = function("poisson_nll_loss")
prelu = function("prelu")
relu = function("relu")
relu6 = function("relu6")
rms_norm = function("rms_norm")
rrelu = function("rrelu")
scaled_dot_product_attention = function("scaled_dot_product_attention")
selu = function("selu")
sigmoid = function("sigmoid")
silu = function("silu")
smooth_l1_loss = function("smooth_l1_loss")
soft_margin_loss = function("soft_margin_loss")
softmax = function("softmax")
softmin = function("softmin")
softplus = function("softplus")
softshrink = function("softshrink")
softsign = function("softsign")
tanh = function("tanh")
tanhshrink = function("tanhshrink")
threshold = function("threshold")
triplet_margin_loss = function("triplet_margin_loss")
unfold = function("unfold")
