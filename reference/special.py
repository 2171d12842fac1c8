"""PyTorch's `special`, one line for each definition that is one."""

from __future__ import annotations

from reference.functions import function

__all__ = [
    "airy_ai",
    "bessel_j0",
    "bessel_j1",
    "bessel_y0",
    "bessel_y1",
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammainc",
    "gammaincc",
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
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
    "zeta",
]

airy_ai = function("airy_ai")
bessel_j0 = function("bessel_j0")
bessel_j1 = function("bessel_j1")
bessel_y0 = function("bessel_y0")
bessel_y1 = function("bessel_y1")
digamma = function("digamma")
entr = function("entr")
erf = function("erf")
erfc = function("erfc")
erfcx = function("erfcx")
erfinv = function("erfinv")
exp2 = function("exp2")
expit = function("sigmoid")
expm1 = function("expm1")
gammainc = function("igamma")
gammaincc = function("igammac")
gammaln = function("lgamma")
i0 = function("i0")
i0e = function("i0e")
i1 = function("i1")
i1e = function("i1e")
log1p = function("log1p")
log_ndtr = function("log_ndtr")
log_softmax = function("log_softmax")
logit = function("logit")
logsumexp = function("logsumexp")
multigammaln = function("mvlgamma")
ndtr = function("ndtr")
ndtri = function("ndtri")
polygamma = function("polygamma")
psi = function("digamma")
sinc = function("sinc")
softmax = function("softmax")
xlog1py = function("xlog1py")
xlogy = function("xlogy")
zeta = function("zeta")
