"""`torch.special`: special functions."""

from autodiff.functions.elementwise import erfc, exp2
from autodiff.functions.losses import log_softmax, softmax
from autodiff.functions.pointwise import erf, expm1, log1p
from autodiff.functions.pointwise import sigmoid as expit
from autodiff.functions.reductions import logsumexp

__all__ = ["erf", "erfc", "exp2", "expit", "expm1", "log1p", "log_softmax", "logsumexp", "softmax"]
