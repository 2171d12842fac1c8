"""Cases of a second author, written without a look at the judge or at the other families."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from judging.case import Case, Rules

__all__ = ["CASES"]

F32, F64, F16 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.float16)
Function = Callable[..., Any]
CASES: list[Case] = []


def _drawn(*shape: int, seed: int = 0, dtype: Any = F64, low: Any = None, high: Any = None) -> Any:
    """Normally distributed, or uniform between low and high."""
    rng = np.random.default_rng([seed, 5, *shape])
    numbers = rng.standard_normal(shape) if low is None else rng.uniform(low, high, shape)
    return np.asarray(numbers).astype(dtype)


def _case(
    right: bool, kind: str, name: str, forward: Function, vjp: Function, *arrays: Any,
    definition: Any = None,
) -> None:  # fmt: skip
    held = tuple(
        value if isinstance(value, np.ndarray) else np.array(value, F64) for value in arrays
    )
    rules = Rules(forward, vjp)
    CASES.append(Case(f"independent, {name}", right, kind, lambda: rules, held, definition))


def _right(
    kind: str, name: str, forward: Function, vjp: Function, *arrays: Any, **kw: Any
) -> None:
    _case(True, kind, name, forward, vjp, *arrays, **kw)


def _wrong(
    kind: str, name: str, forward: Function, vjp: Function, *arrays: Any, **kw: Any
) -> None:
    _case(False, kind, name, forward, vjp, *arrays, **kw)


# ------------------------------------------------------------------ scales, tails, cancellation

SIDES = (np.array([3e30, 1.0], F32), np.array([4e30, 1e-3], F32))


def _scaled_hypot(g: Any, x: Any, y: Any) -> Any:
    length = np.hypot(x, y)
    return g * (x / length), g * (y / length)


def _squared_hypot(g: Any, x: Any, y: Any) -> Any:
    length = np.sqrt(x * x + y * y)
    return g * x / length, g * y / length


def _scaled_angle(g: Any, y: Any, x: Any) -> Any:
    length = np.hypot(x, y)
    return g * (x / length) / length, -g * (y / length) / length


def _squared_angle(g: Any, y: Any, x: Any) -> Any:
    square = x * x + y * y
    return g * x / square, -g * y / square


TINY_ANGLE = ([1e-200, 3.0], [2e-200, -4.0])
_right("huge range", "hypot, scaled", np.hypot, _scaled_hypot, *SIDES)
_wrong("overflow", "hypot of squares", np.hypot, _squared_hypot, *SIDES)
_right("huge range", "atan2, scaled", np.arctan2, _scaled_angle, *TINY_ANGLE)
_wrong("underflow", "atan2 of squares", np.arctan2, _squared_angle, *TINY_ANGLE)
_right(
    "stable tail",
    "logaddexp, by differences",
    np.logaddexp,
    lambda g, x, y: (g / (1 + np.exp(y - x)), g / (1 + np.exp(x - y))),
    [1.0, 20.0, -30.0],
    [2.0, -20.0, 5.0],
)
_wrong(
    "overflow",
    "logaddexp, by exp",
    np.logaddexp,
    lambda g, x, y: (
        g * np.exp(x) / (np.exp(x) + np.exp(y)),
        g * np.exp(y) / (np.exp(x) + np.exp(y)),
    ),
    [1.0, 800.0],
    [2.0, -20.0],
)
_right(
    "stable tail",
    "log1p of tiny numbers",
    np.log1p,
    lambda g, x: g / (1 + x),
    [1e-10, 1e-300, -0.999],
)
_wrong(
    "cancellation",
    "expm1, the value by exp - 1",
    lambda x: np.exp(x) - 1,
    lambda g, x: g * np.exp(x),
    [1e-10, 0.3],
    definition=np.expm1,
)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _from_value(g: Any, x: Any) -> Any:
    return g * _sigmoid(x) * (1 - _sigmoid(x))


_right(
    "stable tail",
    "sigmoid from both sides",
    _sigmoid,
    lambda g, x: g * _sigmoid(x) * _sigmoid(-x),
    [-30.0, 3.0, 30.0],
)
_right("plain", "sigmoid from its value, near 0", _sigmoid, _from_value, [3.0, -2.0, 0.0, 0.1])
_wrong("cancellation", "sigmoid from its value, far", _sigmoid, _from_value, [3.0, 30.0])
_right(
    "stable tail",
    "logistic loss",
    lambda z: np.log1p(np.exp(-z)).sum(),
    lambda g, z: -g / (1 + np.exp(z)),
    [50.0, 1.0, -3.0],
)
_wrong(
    "cancellation",
    "logistic loss, s - 1",
    lambda z: np.log1p(np.exp(-z)).sum(),
    lambda g, z: g * (_sigmoid(z) - 1),
    [40.0, 1.0, -3.0],
)
_right("stable tail", "tanh by cosh", np.tanh, lambda g, x: g / np.cosh(x) ** 2, [15.0, -9.0, 3.0])
_right(
    "half precision",
    "tanh from its value, float16",
    np.tanh,
    lambda g, x: g * (1 - np.tanh(x) ** 2),
    _drawn(100, dtype=F16, low=-2, high=2),
)
_right(
    "near a root",
    "a polynomial, as a product",
    lambda x: (x - 1) * (x - 2) * (x - 3),
    lambda g, x: g * ((x - 2) * (x - 3) + (x - 1) * (x - 3) + (x - 1) * (x - 2)),
    [1.42264973, 2.0000001, 1.0],
)
_right(
    "plain",
    "the complex step",
    np.sin,
    lambda g, x: g * np.imag(np.sin(x + 1e-30j)) / 1e-30,
    _drawn(4),
)
_wrong(
    "formula",
    "central differences for a gradient",
    np.sin,
    lambda g, x: g * (np.sin(x + 1e-6) - np.sin(x - 1e-6)) / 2e-6,
    _drawn(4),
)
_wrong(
    "tiny constant",
    "1e-5 added to the slope",
    lambda x: x * x,
    lambda g, x: g * (2 * x + 1e-5),
    _drawn(6),
)
_wrong("formula", "degrees for radians", np.sin, lambda g, x: g * np.cos(np.deg2rad(x)), _drawn(4))

# ------------------------------------------------------------------------- sums and statistics


def _weights(x: Any) -> Any:
    powers = np.exp(x - x.max())
    return powers / powers.sum()


def _softmax_vjp(g: Any, x: Any) -> Any:
    p = _weights(x)
    return p * (g - (g * p).sum())


for size in (40, 500):
    _right(
        "reordered sum",
        f"softmax of {size} sharp logits, float32",
        _weights,
        _softmax_vjp,
        _drawn(size, dtype=F32) * np.float32(5),
    )
    _right(
        "reordered sum",
        f"log-sum-exp of {size}, float32",
        lambda x: np.log(np.exp(x - x.max()).sum()) + x.max(),
        lambda g, x: g * _weights(x),
        _drawn(size, dtype=F32),
    )
_wrong(
    "formula",
    "softmax, the diagonal only",
    _weights,
    lambda g, x: _weights(x) * (1 - _weights(x)) * g,
    _drawn(40, dtype=F32),
)


def _half_sum(a: Any) -> Any:
    total = np.float16(0)
    for value in a:
        total = np.float16(total + value)
    return total


_right(
    "half precision",
    "a sum in float16, one by one",
    _half_sum,
    lambda g, a: np.full(a.shape, g, F16),
    _drawn(64, dtype=F16),
    definition=np.sum,
)
_right(
    "reordered sum",
    "a sum of 3,000 positive numbers, one by one",
    lambda a: np.cumsum(a, dtype=F32)[-1],
    lambda g, a: np.full(a.shape, g),
    _drawn(3000, dtype=F32, low=0, high=1),
    definition=np.sum,
)
_right(
    "plain",
    "numpy's var, a method",
    lambda x: x.var(),
    lambda g, x: g * 2 * (x - x.mean()) / x.size,
    _drawn(50),
)
_wrong(
    "wrong count",
    "var, the count without the correction",
    lambda x: x.var(ddof=1),
    lambda g, x: g * 2 * (x - x.mean()) / x.size,
    _drawn(50),
)
_right(
    "plain",
    "numpy's max of rows, a method",
    lambda x: x.max(1),
    lambda g, x: g[:, None] * (np.arange(4) == x.argmax(1)[:, None]),
    _drawn(3, 4),
)
_right(
    "plain",
    "numpy's median of four",
    np.median,
    lambda g, x: g * np.array([0, 0.5, 0.5, 0]),
    [1.0, 2.0, 3.0, 4.0],
)
_wrong(
    "formula",
    "median of four, the upper one",
    np.median,
    lambda g, x: g * np.array([0.0, 0, 1, 0]),
    [1.0, 2.0, 3.0, 4.0],
)
_right(
    "plain",
    "entropy",
    lambda p: -(p * np.log(p)).sum(),
    lambda g, p: -g * (np.log(p) + 1),
    [0.2, 0.3, 0.5],
)
_wrong(
    "missing term",
    "entropy, without the one",
    lambda p: -(p * np.log(p)).sum(),
    lambda g, p: -g * np.log(p),
    [0.2, 0.3, 0.5],
)
_right("empty", "no elements", lambda a: a * 2, lambda g, a: g * 2, np.zeros(0))
_wrong(
    "cotangent",
    "the size of the cotangent, of one output",
    lambda x: np.exp(x).sum(),
    lambda g, x: np.abs(g) * np.exp(x),
    _drawn(3),
)

# ------------------------------------------------------------------------------- linear algebra


def _row_masked(s: Any) -> Any:
    weights = np.exp(np.where(MASK, -np.inf, s))
    return weights / weights.sum(-1, keepdims=True)


def _row_masked_vjp(g: Any, s: Any) -> Any:
    p = _row_masked(s)
    return p * (g - (g * p).sum(-1, keepdims=True))


def _unmasked_vjp(g: Any, s: Any) -> Any:
    p = np.exp(s) / np.exp(s).sum(-1, keepdims=True)
    return p * (g - (g * p).sum(-1, keepdims=True))


MASK = np.triu(np.ones((6, 6), bool), 1)
_right(
    "masked",
    "softmax of rows masked by -inf, float32",
    _row_masked,
    _row_masked_vjp,
    _drawn(6, 6, dtype=F32),
)
_wrong(
    "masked",
    "softmax of rows, the rule without the mask",
    _row_masked,
    _unmasked_vjp,
    _drawn(6, 6, dtype=F32),
)


def _masked_scores(q: Any, k: Any) -> Any:
    return _row_masked(q @ k.T)


def _masked_scores_vjp(g: Any, q: Any, k: Any) -> Any:
    inner = _row_masked_vjp(g, q @ k.T)
    return inner @ k, inner.T @ q


_right(
    "masked",
    "weights of causal attention, float32",
    _masked_scores,
    _masked_scores_vjp,
    _drawn(6, 4, dtype=F32),
    _drawn(6, 4, seed=1, dtype=F32),
)


def _solve_vjp(g: Any, a: Any, b: Any) -> Any:
    weight = np.linalg.solve(a.T, g)
    return -np.outer(weight, np.linalg.solve(a, b)), weight


def _enlarged_vjp(g: Any, a: Any, b: Any) -> Any:
    of_a, of_b = _solve_vjp(g, a, b)
    return of_a, of_b * np.float32(1.001)


def _inverse_vjp(g: Any, a: Any) -> Any:
    inverse = np.linalg.inv(a)
    return -(inverse.T @ g @ inverse.T)


BLOCKS = [[2.0, 1.0, 0.0], [1.0, 3.0, 0.0], [0.0, 0.0, 5.0]]
ILL = np.vander(np.linspace(0.1, 1.0, 6))
_right("ill-conditioned", "a system of condition 1e6", np.linalg.solve, _solve_vjp, ILL, _drawn(6))
_right(
    "ill-conditioned",
    "the same in float32, condition 1e3",
    np.linalg.solve,
    _solve_vjp,
    np.vander(np.linspace(0.4, 1.6, 5)).astype(F32),
    _drawn(5, dtype=F32),
)
_wrong(
    "tiny constant",
    "a system, the right side's gradient off by 1e-3",
    np.linalg.solve,
    _enlarged_vjp,
    (np.eye(4) * 3 + _drawn(4, 4) * 0.3).astype(F32),
    _drawn(4, dtype=F32),
)
_wrong(
    "transposed",
    "a system, the matrix as it is",
    np.linalg.solve,
    lambda g, a, b: (*_solve_vjp(g, a.T, b)[:1], np.linalg.solve(a, g)),
    np.eye(4) * 3 + _drawn(4, 4),
    _drawn(4),
)
_right("structural zeros", "the inverse of blocks", np.linalg.inv, _inverse_vjp, BLOCKS)
_wrong(
    "transposed",
    "the inverse, nothing transposed",
    np.linalg.inv,
    lambda g, a: -(np.linalg.inv(a) @ g @ np.linalg.inv(a)),
    _drawn(4, 4),
)
_right(
    "plain",
    "a quadratic form",
    lambda a, x: x @ a @ x,
    lambda g, a, x: (g * np.outer(x, x), g * (a + a.T) @ x),
    _drawn(5, 5),
    _drawn(5),
)
_wrong(
    "formula",
    "a quadratic form, taken for symmetric",
    lambda a, x: x @ a @ x,
    lambda g, a, x: (g * np.outer(x, x), g * 2 * a @ x),
    _drawn(5, 5),
    _drawn(5),
)

# ------------------------------------------------------------------------- contracts and kinks

_wrong(
    "shape",
    "a gradient of shape (1,) for a number",
    lambda a, b: a * b,
    lambda g, a, b: (g * b, (g * a).sum().reshape(1)),
    _drawn(3, 4),
    _drawn(),
)
_wrong(
    "dtype",
    "float64 for float32",
    np.sin,
    lambda g, x: (g * np.cos(x)).astype(F64),
    _drawn(3, dtype=F32),
)
_wrong(
    "missing",
    "no gradient for a broadcast number",
    lambda a, b: a * b,
    lambda g, a, b: (g * b, None),
    _drawn(3),
    _drawn(),
)
_right(
    "none",
    "no gradient where it is zero",
    lambda a, b: a + 0 * b,
    lambda g, a, b: (g, None),
    _drawn(3),
    _drawn(3),
)
_wrong("straight through", "the identity for round", np.round, lambda g, x: g, [1.3, -0.2])


def _first(x: Any) -> Any:
    return np.arange(x.size) == np.abs(x).argmax()


TIED = [1.0, 3.0, 3.0, 3.0, 0.0]
BOTH_SIGNS = [2.0, -2.0, 1.0]
_right(
    "tie",
    "max, shares of a third",
    lambda x: x.max(),
    lambda g, x: g * (x == x.max()) / (x == x.max()).sum(),
    TIED,
)
_wrong(
    "tie", "max, halves for three", lambda x: x.max(), lambda g, x: g * (x == x.max()) / 2, TIED
)
_wrong(
    "tie",
    "max, a negative share",
    lambda x: x.max(),
    lambda g, x: g * np.array([0, 1.5, -0.5, 0, 0]),
    TIED,
)
_right(
    "tie",
    "the largest |x|, one of two",
    lambda x: np.abs(x).max(),
    lambda g, x: g * _first(x) * np.sign(x),
    BOTH_SIGNS,
)
_wrong(
    "tie",
    "the largest |x|, both",
    lambda x: np.abs(x).max(),
    lambda g, x: g * (np.abs(x) == np.abs(x).max()) * np.sign(x),
    BOTH_SIGNS,
)
_wrong(
    "tie",
    "sorted twins, doubled",
    np.sort,
    lambda g, x: np.array([g[1] + g[2], g[0], g[1] + g[2]]),
    [2.0, 1.0, 2.0],
)
_right(
    "kink",
    "the length of nothing, zero",
    lambda x: np.sqrt((x * x).sum()),
    lambda g, x: np.zeros_like(x),
    np.zeros(2),
)
