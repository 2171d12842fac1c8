"""Functions of one number: stable formulas in hard places, and what engines get wrong there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from judging.case import Case, pointwise

__all__ = ["CASES"]

NEAR = np.linspace(-2.0, 2.0, 9)
POSITIVE = np.linspace(0.125, 4.0, 9)


def _sigmoid(x: Any) -> Any:
    powers = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + powers), powers / (1 + powers)).astype(x.dtype)


def _plain_sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _smooth_softplus(x: Any) -> Any:
    return np.log(1 + np.exp(x))


def _elu(x: Any) -> Any:
    return np.where(x > 0, x, np.expm1(x))


def _erf(x: Any) -> Any:
    return np.vectorize(math.erf, otypes=[np.float64])(x.astype(np.float64)).astype(x.dtype)


def _normal_share(x: Any) -> Any:
    return (1 + _erf(x * x.dtype.type(math.sqrt(0.5)))) / 2


def _gelu(x: Any) -> Any:
    return x * _normal_share(x)


def _gelu_slope(x: Any) -> Any:
    density = np.exp(-x * x / 2) * x.dtype.type(1 / math.sqrt(2 * math.pi))
    return _normal_share(x) + x * density


def _raw_sinc_slope(x: Any) -> Any:
    turned = x * x.dtype.type(math.pi)
    return (np.cos(turned) - np.sin(turned) / turned) / x


def _stable_sech2(x: Any) -> Any:
    powers = np.exp(-2 * np.abs(x))
    return 4 * powers / (1 + powers) ** 2


RIGHT: list[Case] = [
    *pointwise("plain", "sin", np.sin, np.cos, NEAR, "64 32 16 b16", right=True,
               curvature=lambda x: -np.sin(x)),
    *pointwise("plain", "x sin x", lambda x: x * np.sin(x), lambda x: np.sin(x) + x * np.cos(x),
               NEAR, "64 32 16", right=True, curvature=lambda x: 2 * np.cos(x) - x * np.sin(x)),
    *pointwise("plain", "cube", lambda x: x * x * x, lambda x: 3 * x * x, NEAR, "64 32 16 b16",
               right=True, curvature=lambda x: 6 * x),
    *pointwise("plain", "power 3.5", lambda x: x**3.5, lambda x: 3.5 * x**2.5, POSITIVE, "64 32",
               right=True),
    *pointwise("huge range", "sin of large numbers", np.sin, np.cos,
               [1e3, -2.5e4, 1e6, 3.0], right=True),
    *pointwise("huge range", "exp", np.exp, np.exp, [-85.0, -40.0, 0.0, 40.0, 87.0], right=True,
               curvature=np.exp),
    *pointwise("huge range", "exp, far", np.exp, np.exp, [-700.0, -300.0, 300.0, 700.0], "64",
               right=True),
    *pointwise("huge range", "reciprocal", lambda x: 1 / x, lambda x: -(1 / x) / x,
               [1e-18, -1e-5, 3.0, 1e15], right=True),
    *pointwise("huge range", "atan", np.arctan, lambda x: 1 / (1 + x * x),
               [-1e15, -7.0, 1e-20, 3.0, 1e8], right=True),
    *pointwise("huge range", "log", np.log, lambda x: 1 / x, [1e-30, 1e-4, 0.99, 1.01, 1e30],
               right=True, curvature=lambda x: -1 / x / x),
    *pointwise("stable tail", "tanh by 1/cosh²", np.tanh, lambda x: (1 / np.cosh(x)) ** 2,
               [-20.0, -9.0, -1.0, 0.0, 4.0, 15.0], "64 32", right=True),
    *pointwise("stable tail", "tanh by exp(-2|x|)", np.tanh, _stable_sech2,
               [-9.0, -4.5, -1.0, 0.0, 4.0, 6.0], "64 32 16", right=True),
    *pointwise("stable tail", "sigmoid by s(x) s(-x)", _plain_sigmoid,
               lambda x: _sigmoid(x) * _sigmoid(-x), [-30.0, -8.0, -1.0, 0.0, 3.0, 9.0, 36.0],
               "64 32", right=True),
    *pointwise("stable tail", "sigmoid by s(x) s(-x), near", _plain_sigmoid,
               lambda x: _sigmoid(x) * _sigmoid(-x), [-8.0, -1.0, 0.0, 3.0, 7.0], "16 b16",
               right=True),
    *pointwise("stable tail", "softplus", _smooth_softplus, _sigmoid,
               [-80.0, -20.0, 0.0, 25.0, 88.0], right=True, definition=_smooth_softplus),
    *pointwise("stable tail", "softplus written with abs", _softplus, _sigmoid,
               [-80.0, -20.0, 1.0, 25.0, 88.0], "64 32", right=True,
               definition=_smooth_softplus),
    *pointwise("stable tail", "log sigmoid", lambda x: -np.logaddexp(0, -x).astype(x.dtype),
               lambda x: _sigmoid(-x), [-50.0, -3.0, 0.0, 10.0, 60.0], right=True,
               definition="logsigmoid"),
    *pointwise("stable tail", "elu by exp", _elu, lambda x: np.where(x > 0, 1, np.exp(x)),
               [-60.0, -20.0, -1.0, 1.0, 5.0], right=True),
    *pointwise("stable tail", "expm1 by exp", np.expm1, np.exp, [-60.0, -1e-6, 0.0, 1e-6, 30.0],
               right=True, curvature=np.exp),
    *pointwise("stable tail", "log1p", np.log1p, lambda x: 1 / (1 + x),
               [-0.5, -1e-12, 0.0, 1e-12, 1e6], right=True),
    *pointwise("stable tail", "gelu", _gelu, _gelu_slope, [-1.5, -0.5, 0.0, 2.0], "64 32 16",
               right=True, definition="gelu"),
    *pointwise("cancelling", "gelu near the zero of its slope", _gelu, _gelu_slope,
               [-0.7529296875, -0.75, -0.751953125], "64 32 16", right=True, definition="gelu"),
    *pointwise("cancelling", "silu, textbook", lambda x: x * _plain_sigmoid(x),
               lambda x: _sigmoid(x) * (1 + x * (1 - _sigmoid(x))),
               [-9.0, -1.28125, -1.0, 0.5, 8.0], "64 32 16", right=True, definition="silu"),
    *pointwise("cancelling", "(x-1)(x-2)(x-3)", lambda x: (x - 1) * (x - 2) * (x - 3),
               lambda x: (x - 2) * (x - 3) + (x - 1) * (x - 3) + (x - 1) * (x - 2),
               [1.421875, 1.42265625, 2.578125, 2.0], "64 32 16", right=True),
    *pointwise("cancelling", "x² - 2x", lambda x: x * x - 2 * x, lambda x: x + x - 2,
               [1.0, 1.0009765625, 0.9990234375], "64 32 16", right=True),
    *pointwise("subnormal", "exp", np.exp, np.exp, [-100.0, -95.0, -88.0], "32", right=True),
    *pointwise("subnormal", "exp, double", np.exp, np.exp, [-740.0, -720.0, -709.0], "64",
               right=True),
    *pointwise("subnormal", "exp, half", np.exp, np.exp, [-16.0, -12.0, -10.0], "16", right=True),
    *pointwise("subnormal", "square", lambda x: x * x, lambda x: 2 * x,
               [1e-40, -3e-42, 1e-20], "32", right=True),
    *pointwise("exact zero", "clip", lambda x: np.clip(x, -1, 1),
               lambda x: ((x > -1) & (x < 1)).astype(x.dtype), [-5.0, -0.5, 0.25, 7.0],
               "64 32 16", right=True, curvature=np.zeros_like),
    *pointwise("exact zero", "relu", lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(x.dtype),
               [-3.0, -1e-7, 1e-7, 2.0], "64 32 16", right=True),
    *pointwise("exact zero", "x - x", lambda x: np.sin(x) - np.sin(x), np.zeros_like, NEAR,
               "64 32", right=True),
    *pointwise("exact zero", "sin² + cos²", lambda x: np.sin(x) ** 2 + np.cos(x) ** 2,
               lambda x: 2 * np.sin(x) * np.cos(x) - 2 * np.cos(x) * np.sin(x), NEAR, "64 32 16",
               right=True),
    *pointwise("exact zero", "sin² + cos², with a rest",
               lambda x: np.sin(x) ** 2 + np.cos(x) ** 2,
               lambda x: 2 * (np.sin(x) * (np.cos(x) * x)) / np.where(x == 0, 1, x)
               - 2 * np.cos(x) * np.sin(x), NEAR, "64 32 16", right=True),
    *pointwise("masked branch", "where(x > 0, sqrt(x), 0)",
               lambda x: np.where(x > 0, np.sqrt(np.where(x > 0, x, 1)), 0),
               lambda x: np.where(x > 0, 0.5 / np.sqrt(np.where(x > 0, x, 1)), 0),
               [-2.0, -1.0, 1.0, 4.0], "64 32 16", right=True,
               definition=lambda x: np.where(x > 0, np.sqrt(x), 0)),
    *pointwise("removable", "sinc, with a series", lambda x: np.sinc(x / math.pi).astype(x.dtype),
               lambda x: np.where(np.abs(x) < 0.5, -x / 3 * (1 - x * x / 10 * (1 - x * x / 28 * (
                   1 - x * x / 54 * (1 - x * x / 88 * (1 - x * x / 130))))),
                   (np.cos(x) - np.sin(x) / np.where(x == 0, 1, x)) / np.where(x == 0, 1, x)),
               [-2.0, -1e-4, 0.0, 1e-8, 0.25, 3.0], "64 32", right=True,
               definition=lambda x: np.sin(x) / x),
    *pointwise("overflow is the truth", "exp", np.exp, np.exp, [89.0, 100.0, 1.0], "32",
               right=True),
    *pointwise("overflow is the truth", "square of a square", lambda x: (x * x) * (x * x),
               lambda x: 4 * x * x * x, [1e100, 1.0], "64", right=True),
    *pointwise("overflow is the truth", "reciprocal of a subnormal", lambda x: 1 / x,
               lambda x: -1 / x / x, [1e-310, 2.0], "64", right=True),
    *pointwise("undefined", "sqrt at 0", np.sqrt, lambda x: 0.5 / np.sqrt(x), [0.0, 1.0, 4.0],
               "64 32", right=True),
]  # fmt: skip

WRONG: list[Case] = [
    *pointwise("y-based cancels", "tanh by 1 - y²", np.tanh, lambda x: 1 - np.tanh(x) ** 2,
               [-1.0, 0.5, 7.0, 8.5], "64 32", right=False),
    *pointwise("y-based cancels", "tanh by 1 - y², half", np.tanh, lambda x: 1 - np.tanh(x) ** 2,
               [-1.0, 0.5, 4.0, 4.5], "16", right=False),
    *pointwise("y-based cancels", "sigmoid by y (1 - y)", _sigmoid,
               lambda x: _sigmoid(x) * (1 - _sigmoid(x)), [-3.0, 0.0, 14.0, 16.0], "32",
               right=False, definition=_plain_sigmoid),
    *pointwise("y-based cancels", "sigmoid by y (1 - y), double", _sigmoid,
               lambda x: _sigmoid(x) * (1 - _sigmoid(x)), [-3.0, 0.0, 30.0, 35.0], "64",
               right=False, definition=_plain_sigmoid),
    *pointwise("y-based cancels", "expm1 by y + 1", np.expm1, lambda x: np.expm1(x) + 1,
               [-15.0, -1.0, 0.5, 3.0], "64 32", right=False),
    *pointwise("y-based cancels", "elu by y + 1", _elu,
               lambda x: np.where(x > 0, 1, _elu(x) + 1), [-12.0, -1.0, 2.0], "64 32",
               right=False),
    *pointwise("removable", "sinc by its formula", np.sinc, _raw_sinc_slope,
               [1e-3, 0.5, 2.25], "64 32", right=False, definition="sinc"),
    *pointwise("removable", "sinc, nan at zero", np.sinc, _raw_sinc_slope,
               [0.0, 1.5, 2.25], "64 32", right=False, definition="sinc"),
    *pointwise("y-based cancels", "gelu by 1 + erf, far below zero", _gelu, _gelu_slope,
               [-5.0, 0.5, 1.0], "32", right=False, definition="gelu"),
    *pointwise("removable", "sqrt(x⁴) by the chain, nan at zero", lambda x: np.sqrt(x**4),
               lambda x: 0.5 / np.sqrt(x**4) * 4 * x**3, [0.0, 1.0, -2.0], "64 32", right=False),
    *pointwise("inactive branch", "where(x > 0, sqrt(x), 0)",
               lambda x: np.where(x > 0, np.sqrt(x), 0),
               lambda x: (x > 0) * (0.5 / np.sqrt(x)), [-1.0, 1.0, 4.0], "64 32 16",
               right=False),
    *pointwise("inactive branch", "where(x > 0, log(x), 0) at 0",
               lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1)), 0),
               lambda x: (x > 0) * (1 / x), [-1.0, 0.0, 4.0], "64 32",
               right=False, definition=lambda x: np.where(x > 0.5, np.log(x), 0)),
    *pointwise("tiny constant", "sin, 1e-5 off", np.sin, lambda x: np.cos(x) * (1 + 1e-5), NEAR,
               "64 32", right=False),
    *pointwise("tiny constant", "sin, 1e-9 off", np.sin, lambda x: np.cos(x) * (1 + 1e-9), NEAR,
               "64", right=False),
    *pointwise("tiny constant", "sin, 1e-13 off", np.sin, lambda x: np.cos(x) * (1 + 1e-13), NEAR,
               "64", right=False),
    *pointwise("tiny constant", "gelu with √(2/π) as 0.7979", _gelu,
               lambda x: _normal_share(x) + x * np.exp(-x * x / 2) * x.dtype.type(0.7979 / 2),
               NEAR, "64 32", right=False, definition="gelu"),
    *pointwise("tiny constant", "log2 with ln 2 as 0.6931", np.log2, lambda x: 1 / (x * 0.6931),
               POSITIVE, "64 32", right=False),
    *pointwise("tiny constant", "exp, 10 % off, half", np.exp, lambda x: np.exp(x) * 1.1, NEAR,
               "16", right=False),
    *pointwise("tiny constant", "exp, twice, bfloat16", np.exp, lambda x: np.exp(x) * 2, NEAR,
               "b16", right=False),
    *pointwise("past a threshold", "exp wrong above 1.9", np.exp,
               lambda x: np.exp(np.minimum(x, 1.9)), NEAR, "64 32 16", right=False),
    *pointwise("past a threshold", "softplus slope is 1 above 8", _smooth_softplus,
               lambda x: np.where(x > 8, 1, _sigmoid(x)), [-4.0, 0.0, 2.0, 9.0], "64 32",
               right=False),
    *pointwise("past a threshold", "square root of large numbers", np.sqrt,
               lambda x: np.where(x > 1e6, 0, 0.5 / np.sqrt(x)), [1.0, 4.0, 1e7], "64 32",
               right=False),
    *pointwise("past a threshold", "sin, reduced badly far out", np.sin,
               lambda x: np.cos(x - 6.2831854820251465 * np.round(x / 6.2831854820251465)),
               [1.0, 1e3, 2e6], "64 32", right=False),
    *pointwise("trick in a smooth function", "x² by x|x| sign(x) at 0",
               lambda x: x * x + x, lambda x: np.abs(x) * 2 * np.sign(x) + np.abs(np.sign(x)),
               [0.0, 1.0, -2.0], "64 32", right=False),
    *pointwise("trick in a smooth function", "softplus by max and log1p, slope at 0", _softplus,
               lambda x: (x > 0) + np.where(x > 0, -1, 1) * np.exp(-np.abs(x))
               / (1 + np.exp(-np.abs(x))) * np.abs(np.sign(x)),
               [0.0, 1.0, -2.0], "64 32", right=False, definition=_smooth_softplus),
    *pointwise("overflow of an intermediate", "sigmoid by e/(1+e)²", _sigmoid,
               lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2, [-60.0, 0.0, 3.0], "32",
               right=False, definition=_plain_sigmoid),
    *pointwise("overflow of an intermediate", "sigmoid by e/(1+e)², half", _sigmoid,
               lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2, [-9.0, 0.0, 3.0], "16",
               right=False, definition=_plain_sigmoid),
    *pointwise("overflow of an intermediate", "softplus by log(1 + exp)", _softplus,
               lambda x: np.exp(x) / (1 + np.exp(x)), [-1.0, 0.0, 800.0], "64",
               right=False, definition="softplus"),
    *pointwise("overflow of an intermediate", "1/x⁴ by the quotient rule, half",
               lambda x: 1 / x**4, lambda x: -4 * x**3 / (x**4 * x**4), [5.0, 1.0, 2.0], "16",
               right=False),
    *pointwise("wrong branch", "log|x| as 1/|x|", lambda x: np.log(np.abs(x)),
               lambda x: 1 / np.abs(x), [-3.0, -1.0, 2.0], "64 32 16", right=False),
    *pointwise("wrong branch", "x|x| as 2x", lambda x: x * np.abs(x), lambda x: 2 * x,
               [-3.0, -1.0, 2.0], "64 32 16", right=False),
    *pointwise("formula", "sign", np.cos, np.sin, NEAR, "64 32 16", right=False),
    *pointwise("formula", "power rule without the factor", lambda x: x**3, lambda x: x**2, NEAR,
               "64 32 16", right=False),
    *pointwise("formula", "eps outside the root", lambda x: np.sqrt(x * x + 1e-3),
               lambda x: x / (np.sqrt(x * x) + 1e-3), NEAR + 0.03125, "64 32", right=False),
    *pointwise("formula", "zero", lambda x: np.exp(x) / 1000, np.zeros_like, NEAR, "64 32 16",
               right=False),
]  # fmt: skip

CASES: list[Case] = [*RIGHT, *WRONG]
