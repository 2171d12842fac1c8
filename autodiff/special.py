"""`torch.special`: special functions."""

from autodiff.functions.elementwise import erfc, exp2
from autodiff.functions.pointwise import erf, expm1, log1p
from autodiff.functions.pointwise import round as rounded
from autodiff.functions.pointwise import sigmoid as expit
from autodiff.functions.reductions import logsumexp
from autodiff.functions.special import (
    digamma,
    entr,
    erfcx,
    erfinv,
    i0,
    i0e,
    i1,
    i1e,
    log_ndtr,
    log_softmax,
    logit,
    ndtr,
    ndtri,
    polygamma,
    sinc,
    softmax,
    xlog1py,
    xlogy,
)
from autodiff.functions.special import lgamma as gammaln
from autodiff.functions.special import mvlgamma as multigammaln

psi = digamma
round = rounded

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammaln",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
]
