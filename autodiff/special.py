"""`torch.special`: special functions."""

from autodiff.functions.losses import log_softmax as log_softmax
from autodiff.functions.losses import softmax as softmax
from autodiff.functions.pointwise import erf as erf
from autodiff.functions.pointwise import expm1 as expm1
from autodiff.functions.pointwise import log1p as log1p
from autodiff.functions.pointwise import sigmoid as expit
from autodiff.functions.reductions import logsumexp as logsumexp

__all__ = ["erf", "expit", "expm1", "log1p", "log_softmax", "logsumexp", "softmax"]
