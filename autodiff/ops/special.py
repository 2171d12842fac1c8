"""Special functions: rows, as their derivatives are other special functions."""

from __future__ import annotations

import math
from typing import Any

from autodiff.kernels.bessel import bessel_i, bessel_ie
from autodiff.kernels.gamma import digamma, lgamma, polygamma
from autodiff.kernels.normal import erfcx, erfinv, log_ndtr, ndtri
from autodiff.kernels.remainders import (
    copysign,
    fmax,
    fmin,
    fmod,
    logaddexp2,
    sinc,
    tanhshrink,
    without_nan,
)
from autodiff.kernels.special import sign
from autodiff.ops.activations import NDTR
from autodiff.ops.pointwise import SIGMOID
from autodiff.primitive import Primitive, pointwise

__all__ = [
    "COPYSIGN",
    "COPYSIGN_NUMBER",
    "DIGAMMA",
    "ENTR",
    "ERFCX",
    "ERFINV",
    "FMAX",
    "FMIN",
    "FMOD",
    "FMOD_NUMBER",
    "I0",
    "I0E",
    "I1",
    "I1E",
    "LGAMMA",
    "LOGADDEXP2",
    "LOGIT",
    "LOG_NDTR",
    "NAN_TO_NUM",
    "NDTRI",
    "POLYGAMMA",
    "SINC",
    "SOFTSIGN",
    "TANHSHRINK",
    "XLOG1PY",
    "XLOGY",
    "XLOGY_NUMBER",
    "XLOGY_OF_NUMBER",
]

_ROOT_PI, _LN2 = math.sqrt(math.pi), math.log(2)


def _special(name: str, node: str, kernel: Any, rule: Any) -> Primitive:
    return pointwise(name, node, kernel, (rule,), inputs=("x",), holomorphic=False)


LGAMMA: Primitive = _special(
    "lgamma",
    "LgammaBackward0",
    lambda xp, x: lgamma(xp, x),
    lambda g, x: g * DIGAMMA(x),
)
DIGAMMA: Primitive = _special(
    "digamma",
    "DigammaBackward0",
    lambda xp, x: digamma(xp, x),
    lambda g, x: g * POLYGAMMA(x, n=1),
)
POLYGAMMA: Primitive = _special(
    "polygamma",
    "PolygammaBackward0",
    lambda xp, x, n: polygamma(xp, x, n),
    lambda g, x, n: g * POLYGAMMA(x, n=n + 1),
)
ERFINV = _special(
    "erfinv",
    "ErfinvBackward0",
    lambda xp, x: erfinv(xp, x),
    lambda xp, g, out: g * ((_ROOT_PI / 2) * xp.exp(out * out)),
)
NDTRI = _special(
    "ndtri",
    "SpecialNdtriBackward0",
    lambda xp, x: ndtri(xp, x),
    lambda xp, g, out: g * (math.sqrt(2 * math.pi) * xp.exp(out * out * 0.5)),
)
ERFCX = _special(
    "erfcx",
    "SpecialErfcxBackward0",
    lambda xp, x: erfcx(xp, x),
    lambda g, x, out: g * (2 * x * out - 2 / _ROOT_PI),
)


def _log_ndtr_rule(xp: Any, g: Any, x: Any) -> Any:
    """The density over the share below: both vanish far below zero, and erfcx overflows above."""
    above = x > 0
    below = xp.where(above, 0, x)
    density = xp.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))
    lower = math.sqrt(2 / math.pi) / ERFCX(below * -math.sqrt(0.5))
    return g * xp.where(above, density / NDTR(xp.where(above, x, 0)), lower)


LOG_NDTR = _special(
    "log_ndtr", "SpecialLogNdtrBackward0", lambda xp, x: log_ndtr(xp, x), _log_ndtr_rule
)
# n: how many times they are differentiated. Rules by neighbours, I0' = I1, I1' = I0 - I1/x, would
# cancel from the second order on.
I0: Primitive = _special(
    "i0", "I0Backward0", lambda xp, x, n: bessel_i(xp, x, 0, n), lambda g, x, n: g * I0(x, n=n + 1)
)
I1: Primitive = _special(
    "i1",
    "SpecialI1Backward0",
    lambda xp, x, n: bessel_i(xp, x, 1, n),
    lambda g, x, n: g * I1(x, n=n + 1),
)
I0E: Primitive = _special(
    "i0e",
    "SpecialI0EBackward0",
    lambda xp, x, n: bessel_ie(xp, x, 0, n),
    lambda g, x, n: g * I0E(x, n=n + 1),
)
I1E: Primitive = _special(
    "i1e",
    "SpecialI1EBackward0",
    lambda xp, x, n: bessel_ie(xp, x, 1, n),
    lambda g, x, n: g * I1E(x, n=n + 1),
)
LOGIT = _special(
    "logit",
    "LogitBackward0",
    lambda xp, x: xp.log(x / (1 - x)),
    lambda g, x: g / (x * (1 - x)),
)
ENTR = _special(
    "entr",
    "SpecialEntrBackward0",
    lambda xp, x: xp.where(
        x > 0,
        -x * xp.log(xp.where(x > 0, x, 1)),
        xp.where(xp.equal(x, 0), 0, xp.where(x < 0, -math.inf, x)),
    ),
    lambda xp, g, x: g * (-1 - xp.log(x)),
)


def _safely(xp: Any, x: Any, logs: Any) -> Any:
    """x · logs, and 0 where x is 0 but for what is nan."""
    return xp.where(xp.equal(x, 0) & ~xp.isnan(logs), 0, x * logs)


XLOGY = pointwise(
    "xlogy",
    "XlogyBackward0",
    lambda xp, x, y: _safely(xp, x, xp.log(y)),
    (
        lambda xp, g, x, y: xp.where(xp.equal(x, 0) & (y <= 0), 0, g * xp.log(y)),
        lambda g, x, y: g * (x / y),
    ),
    inputs=("x", "y"),
    holomorphic=False,
)
XLOG1PY = pointwise(
    "xlog1py",
    "SpecialXlog1PyBackward0",
    lambda xp, x, y: _safely(xp, x, xp.log1p(y)),
    (
        lambda xp, g, x, y: xp.where(xp.equal(x, 0) & (y <= -1), 0, g * xp.log1p(y)),
        lambda g, x, y: g * (x / (1 + y)),
    ),
    inputs=("x", "y"),
    holomorphic=False,
)
XLOGY_NUMBER = XLOGY.variant("XlogyBackward2")
XLOGY_OF_NUMBER = XLOGY.variant("XlogyBackward1")

# Functions of NumPy's that the Array API lacks: one kernel where a composition takes several.
SINC: Primitive = _special(
    "sinc",
    "SincBackward0",
    lambda xp, x, n: sinc(xp, x, n),
    lambda g, x, n: g * SINC(x, n=n + 1),
)
FMOD = pointwise(
    "fmod",
    "FmodBackward1",
    lambda xp, x, y: fmod(xp, x, y),
    (lambda g: g, lambda xp, g, x, y: -g * xp.trunc(x / y)),
    promotion="common",
    inputs=("x", "y"),
    holomorphic=False,
)
FMOD_NUMBER = FMOD.variant("FmodBackward0")
FMAX = pointwise(
    "fmax",
    "FmaxBackward0",
    lambda xp, x, y: fmax(xp, x, y),
    (
        lambda xp, g, x, y: xp.where((x >= y) | xp.isnan(y), g, 0),
        lambda xp, g, x, y: xp.where((x >= y) | xp.isnan(y), 0, g),
    ),
    promotion="common",
    inputs=("x", "y"),
    holomorphic=False,
)
FMIN = pointwise(
    "fmin",
    "FminBackward0",
    lambda xp, x, y: fmin(xp, x, y),
    (
        lambda xp, g, x, y: xp.where((x <= y) | xp.isnan(y), g, 0),
        lambda xp, g, x, y: xp.where((x <= y) | xp.isnan(y), 0, g),
    ),
    promotion="common",
    inputs=("x", "y"),
    holomorphic=False,
)
COPYSIGN = pointwise(
    "copysign",
    "CopysignBackward0",
    lambda xp, x, y: copysign(xp, x, y),
    (
        lambda xp, g, x, out: g * (sign(xp, x) * sign(xp, out)),
        lambda xp, g: xp.zeros_like(g),
    ),
    inputs=("x", "y"),
    holomorphic=False,
)
COPYSIGN_NUMBER = COPYSIGN.variant("CopysignBackward1")
LOGADDEXP2 = pointwise(
    "logaddexp2",
    "Logaddexp2Backward0",
    lambda xp, x, y: logaddexp2(xp, x, y),
    (
        lambda g, x, y: g * SIGMOID((x - y) * _LN2),
        lambda g, x, y: g * SIGMOID((y - x) * _LN2),
    ),
    promotion="common",
    inputs=("x", "y"),
    holomorphic=False,
)
NAN_TO_NUM = pointwise(
    "nan_to_num",
    "NanToNumBackward0",
    lambda xp, x, nan, posinf, neginf: without_nan(xp, x, nan, posinf, neginf),
    (lambda xp, g, x: xp.where(xp.isfinite(x), g, 0),),
    promotion="common",
    inputs=("x",),
    holomorphic=False,
)
# What compositions lose: near zero x - tanh x cancels, far away the slope of softsign does.
TANHSHRINK = pointwise(
    "tanhshrink",
    "SubBackward0",
    lambda xp, x: tanhshrink(xp, x),
    (lambda xp, g, x: g * (xp.tanh(x) * xp.tanh(x)),),
    inputs=("x",),
)
SOFTSIGN = pointwise(
    "softsign",
    "DivBackward0",
    lambda xp, x: x / (1 + xp.abs(x)),
    (lambda xp, g, x: g / (1 + xp.abs(x)) / (1 + xp.abs(x)),),
    inputs=("x",),
    holomorphic=False,
)
