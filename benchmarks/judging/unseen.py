"""Cases of a set that was written before the judge was mended by it; see docs/judging.md."""

from __future__ import annotations

from typing import Any

import numpy as np

from judging.case import Case, Rules, dtypes, normal, pointwise

__all__ = ["CASES"]


def _pair(
    right: bool, kind: str, name: str, forward: Any, vjp: Any, *arrays: Any, definition: Any = None
) -> Case:
    rules = Rules(forward, vjp)
    return Case(f"unseen, {name}", right, kind, lambda: rules, arrays, definition)


# ------------------------------------------------------------------ softmax, sharp and steep


def _softmax(x: Any, axis: int = -1) -> Any:
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def _softmax_vjp(g: Any, x: Any) -> Any:
    y = _softmax(x)
    return y * (g - (g * y).sum(-1, keepdims=True))


def _softmax_definition(x: Any) -> Any:
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def _steep(factor: float) -> tuple[Any, Any, Any]:
    """Softmax of a multiple: forward, backward, definition."""
    return (
        lambda x: _softmax(x * x.dtype.type(factor)),
        lambda g, x: _softmax_vjp(g, x * x.dtype.type(factor)) * x.dtype.type(factor),
        lambda x: _softmax_definition(x * factor),
    )


def _softmaxes() -> list[Case]:
    found = []
    for dtype in dtypes("64 32"):
        for factor in (30.0, 300.0):
            f, vjp, definition = _steep(factor)
            name = f"softmax of {factor:g} x, {dtype}"
            x = normal((3, 5), dtype, 4)
            found.append(_pair(True, "subnormal on the way", name, f, vjp, x,
                               definition=definition))  # fmt: skip
        x = np.array([[0.0, -37.0, -20.0], [1.0, 2.0, 3.0]], dtype)
        found.append(_pair(True, "sharp", f"softmax of three, {dtype}", _softmax, _softmax_vjp, x,
                           definition=_softmax_definition))  # fmt: skip
        x = normal((3, 5), dtype, 5)
        found.append(_pair(False, "dropped sum", f"softmax, {dtype}", _softmax,
                           lambda g, x: _softmax(x) * g * (1 - _softmax(x)), x,
                           definition=_softmax_definition))  # fmt: skip
        found.append(_pair(False, "wrong axis", f"softmax, {dtype}", _softmax,
                           lambda g, x: _softmax(x) * (g - (g * _softmax(x)).sum()), x,
                           definition=_softmax_definition))  # fmt: skip
    return found


# ------------------------------------------------------------------ variance far from zero


def _variance(x: Any) -> Any:
    return ((x - x.mean()) ** 2).mean()


def _one_pass(x: Any) -> Any:
    return (x * x).mean() - x.mean() ** 2


def _variance_vjp(g: Any, x: Any) -> Any:
    return g * 2 * (x - x.mean()) / x.dtype.type(x.size)


def _deviation_vjp(g: Any, x: Any) -> Any:
    return g * (x - x.mean()) / x.dtype.type(x.size) / np.sqrt(_variance(x))


def _variances() -> list[Case]:
    found = []
    for dtype, shift in [(d, s) for d in dtypes("64 32") for s in (1e2, 1e3)] + [
        (np.dtype(np.float64), 1e8)
    ]:
        x = normal(20, dtype, 6, shift=shift)
        at = f"numbers around {shift:g}, {dtype}"
        far = "far from zero"
        found += [
            _pair(True, far, f"variance of {at}", _variance, _variance_vjp, x),
            _pair(True, far, f"variance of {at}, given as NumPy's", _variance, _variance_vjp, x,
                  definition=lambda x: x.var()),
            _pair(True, far, f"deviation of {at}", lambda x: np.sqrt(_variance(x)),
                  _deviation_vjp, x, definition=lambda x: x.std()),
            _pair(False, "cancels", f"variance in one pass of {at}", _one_pass, _variance_vjp, x,
                  definition=_variance),
            _pair(False, "count less one", f"variance of {at}", _variance,
                  lambda g, x: g * 2 * (x - x.mean()) / x.dtype.type(x.size - 1), x),
        ]  # fmt: skip
    return found


# ------------------------------------------------------------------ textbook slopes of tanh


def _textbook(x: Any) -> Any:
    return 1 - np.tanh(x) ** 2


def _factored_curvature(x: Any) -> Any:
    """The product rule on (1 + y) (1 - y): a difference of numbers near one."""
    y = np.tanh(x)
    slope = (1 + y) * (1 - y)
    return slope * (1 - y) - (slope + slope * y) + 0 * x


CASES: list[Case] = [
    *_softmaxes(),
    *_variances(),
    *pointwise("textbook", "unseen, tanh", np.tanh, _textbook, [-2.96, 0.3, 3.3, 1e-9], "64 32",
               right=True),
    *pointwise("textbook", "unseen, tanh in factors", np.tanh, _textbook,
               [-0.0077, 0.3, -1.2, 0.8], "64 32", right=True, curvature=_factored_curvature),
    *pointwise("cancels", "unseen, tanh in its tail", np.tanh, _textbook, [0.3, 7.0], "64 32",
               right=False),
]  # fmt: skip
