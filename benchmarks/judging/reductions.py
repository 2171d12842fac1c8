"""Sums, means, variances, norms and products: orders of adding, scales, and cancellation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from judging.case import Case, Rules, dtypes, normal

__all__ = ["CASES", "blocked", "fused", "kahan", "pairwise", "sequential"]

Adder = Callable[[Any], Any]


def sequential(values: Any) -> Any:
    """One after the other."""
    total = values.dtype.type(0)
    for value in values:
        total = total + value
    return total


def reversed_order(values: Any) -> Any:
    """From the last to the first."""
    return sequential(values[::-1])


def pairwise(values: Any) -> Any:
    """By halves."""
    if len(values) <= 2:
        return sequential(values)
    middle = len(values) // 2
    return pairwise(values[:middle]) + pairwise(values[middle:])


def blocked(values: Any) -> Any:
    """Eight partial sums side by side, as vector units keep them."""
    lanes = np.zeros(8, values.dtype)
    for start in range(0, len(values), 8):
        part = values[start : start + 8]
        lanes[: len(part)] += part
    return sequential(lanes)


def kahan(values: Any) -> Any:
    """Compensated."""
    total = rest = values.dtype.type(0)
    for value in values:
        wanted = value - rest
        grown = total + wanted
        rest = (grown - total) - wanted
        total = grown
    return total


def fused(values: Any) -> Any:
    """In double precision, rounded once at the end."""
    return values.dtype.type(np.sum(values.astype(np.float64)))


ADDERS: dict[str, Adder] = {
    "sequential": sequential, "reversed": reversed_order, "pairwise": pairwise,
    "blocked": blocked, "Kahan": kahan, "wide accumulator": fused,
}  # fmt: skip


def _dots(right: bool = True) -> list[Case]:
    """sum(x y)² by every order of adding."""
    cases = []
    for dtype in dtypes("64 32 16"):
        x, y = normal(201, dtype, 1), normal(201, dtype, 2)
        for name, add in ADDERS.items():

            def forward(x: Any, y: Any, add: Adder = add) -> Any:
                return add(x * y) ** 2

            def vjp(g: Any, x: Any, y: Any, add: Adder = add) -> Any:
                total = 2 * add(x * y) * g
                return total * y, total * x

            cases.append(
                Case(f"squared dot product, {name}, {dtype}", right, "order of adding",
                     lambda f=forward, r=vjp: Rules(f, r), (x, y),
                     lambda x, y: np.sum(x * y) ** 2)
            )  # fmt: skip
    return cases


def _cancelling() -> list[Case]:
    """Sums whose terms are far larger than they are."""
    cases = []
    for dtype in dtypes("64 32"):
        x = normal(100, dtype, 3)
        w = normal((100, 3), dtype, 4)
        w[:, 0] -= (w[:, 0].astype(np.float64) @ x / 100 / x.astype(np.float64)).astype(dtype)
        for name, add in ADDERS.items():

            def forward(x: Any, w: Any, add: Adder = add) -> Any:
                return np.stack([add(x * w[:, k]) ** 2 for k in range(3)])

            def vjp(g: Any, x: Any, w: Any, add: Adder = add) -> Any:
                totals = np.stack([2 * g[k] * add(x * w[:, k]) for k in range(3)])
                by_x = np.stack([add(totals * row) for row in w])
                return by_x, x[:, None] * totals

            cases.append(
                Case(f"sums close to zero, {name}, {dtype}", True, "cancelling contraction",
                     lambda f=forward, r=vjp: Rules(f, r), (x, w),
                     lambda x, w: np.matmul(x, w) ** 2)
            )  # fmt: skip
    return cases


def _two_passes(x: Any) -> tuple[Any, Any]:
    mean = x.mean(dtype=x.dtype)
    return mean, np.mean((x - mean) ** 2, dtype=x.dtype)


def _corrected(x: Any) -> tuple[Any, Any]:
    """(mean, variance), and (x - mean) without the mean's rounding: see `vjp`."""
    mean, _ = _two_passes(x)
    rest = np.mean(x - mean, dtype=x.dtype)
    return mean, np.mean((x - mean - rest) ** 2, dtype=x.dtype)


def _welford(x: Any) -> tuple[Any, Any]:
    mean = total = x.dtype.type(0)
    for number, value in enumerate(x, 1):
        step = value - mean
        mean = mean + step / x.dtype.type(number)
        total = total + step * (value - mean)
    return mean, total / x.dtype.type(len(x))


def _squares(x: Any) -> tuple[Any, Any]:
    mean = x.mean(dtype=x.dtype)
    return mean, np.mean(x * x, dtype=x.dtype) - mean * mean


def _deviation(x: Any) -> Any:
    return np.sqrt(np.mean((x - np.mean(x)) ** 2))


def _deviations() -> list[Case]:
    """Standard deviations with several ways to the mean and the variance."""
    methods = {
        "two passes": _two_passes,
        "two passes, corrected": _corrected,
        "Welford": _welford,
        "E[x²] - E[x]²": _squares,
    }
    chosen = [
        ("two passes", "64 32 16", 0.0, True), ("Welford", "64 32 16", 0.0, True),
        ("two passes", "64 32", 10.0, True), ("Welford", "64 32", 10.0, True),
        ("two passes, corrected", "64 32", 1000.0, True),
        ("two passes", "16", 8.0, True), ("Welford", "16", 8.0, True),
        ("E[x²] - E[x]²", "64 32", 1000.0, False), ("E[x²] - E[x]²", "64", 1e6, False),
    ]  # fmt: skip
    cases = []
    for name, names, shift, right in chosen:
        moments = methods[name]
        for dtype in dtypes(names):

            def forward(x: Any, moments: Any = moments) -> Any:
                return np.sqrt(moments(x)[1])

            def vjp(g: Any, x: Any, moments: Any = moments) -> Any:
                mean, variance = moments(x)
                centred = x - mean
                if moments is _corrected:
                    centred = centred - np.mean(centred, dtype=x.dtype)
                return g * centred / (np.sqrt(variance) * x.dtype.type(len(x)))

            kind = "variance" if right else "cancelling variance"
            cases.append(
                Case(f"std by {name}, mean {shift:g}, {dtype}", right, kind,
                     lambda f=forward, r=vjp: Rules(f, r), (normal(60, dtype, 5, 1.0, shift),),
                     _deviation)
            )  # fmt: skip
    return cases


def _plain_norm(x: Any) -> Any:
    return np.sqrt((x * x).sum(dtype=x.dtype))


def _scaled_norm(x: Any) -> Any:
    scale = np.max(np.abs(x))
    return scale * _plain_norm(x / scale)


def _norms() -> list[Case]:
    cases = []
    table = [
        ("scaled", _scaled_norm, 1e200, "64", True), ("scaled", _scaled_norm, 1e-200, "64", True),
        ("scaled", _scaled_norm, 1e30, "32", True), ("scaled", _scaled_norm, 1e-30, "32", True),
        ("scaled", _scaled_norm, 3e3, "16", True), ("scaled", _scaled_norm, 1e-4, "16", True),
        ("plain", _plain_norm, 1.0, "64 32 16", True), ("plain", _plain_norm, 1e30, "32", False),
        ("plain", _plain_norm, 1e-30, "32", False), ("plain", _plain_norm, 1e200, "64", False),
        ("plain", _plain_norm, 3e3, "16", False), ("plain", _plain_norm, 1e-200, "64", False),
    ]  # fmt: skip
    for name, norm, scale, names, right in table:
        for dtype in dtypes(names):
            kind = "scaled norm" if right else "overflow of an intermediate"
            cases.append(
                Case(f"norm, {name}, {scale:g}, {dtype}", right, kind,
                     lambda n=norm: Rules(n, lambda g, x: g * (x / n(x))),
                     (normal(9, dtype, 6, scale),), lambda x: np.sqrt(np.sum(x * x)))
            )  # fmt: skip
    hypots = [
        ("scaled", np.hypot, 1e200, "64", True), ("scaled", np.hypot, 1e-30, "32", True),
        ("plain", lambda x, y: np.sqrt(x * x + y * y), 1e200, "64", False),
        ("plain", lambda x, y: np.sqrt(x * x + y * y), 300.0, "16", False),
    ]  # fmt: skip
    for name, hypot, scale, names, right in hypots:
        for dtype in dtypes(names):
            arrays = (normal(5, dtype, 7, scale), normal(5, dtype, 8, scale))
            cases.append(
                Case(f"hypot, {name}, {scale:g}, {dtype}", right,
                     "scaled norm" if right else "overflow of an intermediate",
                     lambda h=hypot: Rules(
                         h, lambda g, x, y: (g * (x / h(x, y)), g * (y / h(x, y))),
                         lambda u, x, y: u[0] * (x / h(x, y)) + u[1] * (y / h(x, y))),
                     arrays, lambda x, y: np.sqrt(x * x + y * y))
            )  # fmt: skip
    return cases


def _others(g: Any, x: Any) -> Any:
    """Products of all others, from the left and from the right."""
    one = np.ones(1, x.dtype)
    before = np.concatenate([one, np.cumprod(x, dtype=x.dtype)[:-1]])
    after = np.concatenate([one, np.cumprod(x[::-1], dtype=x.dtype)[:-1]])[::-1]
    return g * before * after


def _products() -> list[Case]:
    cases = []
    zero, two = [1.5, -2.0, 0.0, 0.75], [1.5, 0.0, 0.0, 0.75]
    for points, what in (([1.5, -2.0, 0.5, 0.75], "none"), (zero, "a zero"), (two, "two zeros")):
        for dtype in dtypes("64 32 16"):
            factors = np.array(points, dtype)
            cases.append(
                Case(f"prod without division, {what}, {dtype}", True, "removable",
                     lambda: Rules(lambda x: np.prod(x, dtype=x.dtype), _others),
                     (factors,), np.prod)
            )  # fmt: skip
        if what != "none":
            cases.append(
                Case(f"prod by out / x, {what}", False, "removable",
                     lambda: Rules(np.prod, lambda g, x: g * np.prod(x) / x),
                     (np.array(points),), np.prod)
            )  # fmt: skip

    def suffix_sums(g: Any, x: Any) -> Any:
        out = np.cumprod(x)
        return np.cumsum((g * out)[::-1])[::-1] / x

    for values, what in ((zero, "a zero"), (two, "two zeros")):
        cases.append(
            Case(f"cumprod by division, {what}", False, "removable",
                 lambda: Rules(np.cumprod, suffix_sums), (np.array(values),), np.cumprod)
        )  # fmt: skip
    for dtype in dtypes("64 32 16"):
        terms = normal(50, dtype, 9)
        cases.append(
            Case(f"cumsum backwards, {dtype}", True, "order of adding",
                 lambda: Rules(lambda x: np.cumsum(x, dtype=x.dtype),
                               lambda g, x: np.cumsum(g[::-1], dtype=x.dtype)[::-1],
                               lambda u, x: np.cumsum(u[0], dtype=x.dtype)),
                 (terms,), np.cumsum)
        )  # fmt: skip
    return cases


def _wrong() -> list[Case]:
    """Mistakes in reductions."""

    def rule(name: str, kind: str, forward: Any, vjp: Any, *arrays: Any, definition: Any = None,
             jvp: Any = None) -> Case:  # fmt: skip
        return Case(name, False, kind, lambda: Rules(forward, vjp, jvp), arrays, definition)

    def variance(x: Any, correction: int) -> Any:
        return np.sum((x - np.mean(x)) ** 2) / (len(x) - correction)

    def tail(g: Any, x: Any) -> Any:
        result = g * 2 * x
        result[len(x) // 8 * 8 :] = 0
        return result

    def one_of_many(g: Any, x: Any) -> Any:
        result = g * 2 * x
        result[617] *= x.dtype.type(1.001)
        return result

    def exchanged(g: Any, x: Any) -> Any:
        result = g * 2 * x
        result[[10, 11]] = result[[11, 10]]
        return result

    x = normal(20, np.float64, 10)
    cases = [
        rule("mean without 1/n", "scale of a reduction", np.mean, lambda g, x: g * np.ones_like(x),
             x, definition=np.mean),
        rule("mean with 1/(n-1)", "scale of a reduction", np.mean,
             lambda g, x: g * np.ones_like(x) / (len(x) - 1), x),
        rule("variance, biased for unbiased", "unbiased or biased", lambda x: variance(x, 1),
             lambda g, x: g * 2 * (x - x.mean()) / len(x), x),
        rule("variance, unbiased for biased, n = 1000", "unbiased or biased",
             lambda x: variance(x, 0), lambda g, x: g * 2 * (x - x.mean()) / (len(x) - 1),
             normal(1000, np.float32, 11)),
        rule("std, eps inside for outside", "eps",
             lambda x: np.sqrt(variance(x, 0)) + 1e-5,
             lambda g, x: g * (x - x.mean()) / len(x) / np.sqrt(variance(x, 0) + 1e-5), x),
        rule("cumsum forwards", "direction", np.cumsum, lambda g, x: np.cumsum(g), x),
        rule("log-sum-exp without the maximum", "overflow of an intermediate",
             lambda x: np.max(x) + np.log(np.sum(np.exp(x - np.max(x)))),
             lambda g, x: g * np.exp(x) / np.sum(np.exp(x)), np.array([1000.0, 999.0, 0.0]),
             definition=lambda x: np.log(np.sum(np.exp(x)))),
    ]  # fmt: skip
    for dtype in dtypes("64 32"):
        cases += [
            rule(f"sum of squares, tail of an odd length, {dtype}", "vector tail",
                 lambda x: np.sum(x * x), tail, normal(37, dtype, 12)),
            rule(f"sum of squares, one entry of 1000, {dtype}", "one entry",
                 lambda x: np.sum(x * x), one_of_many, normal(1000, dtype, 13)),
            rule(f"sum of squares, two entries exchanged, {dtype}", "one entry",
                 lambda x: np.sum(x * x), exchanged, normal(1000, dtype, 14)),
        ]  # fmt: skip
    return cases


CASES: list[Case] = [
    *_dots(), *_cancelling(), *_deviations(), *_norms(), *_products(), *_wrong(),
]  # fmt: skip
