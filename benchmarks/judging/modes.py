"""Second order, forward mode, and all that is not about one gradient's numbers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from judging.case import Case, Rules, dtypes, normal, pointwise

__all__ = ["CASES"]

NEAR = np.linspace(-2.0, 2.0, 9)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _slope(x: Any) -> Any:
    return _sigmoid(x) * _sigmoid(-x)


def _sech2(x: Any) -> Any:
    return 1 / np.cosh(x) ** 2


SECOND: list[Case] = [
    *pointwise("second order", "tanh", np.tanh, _sech2, NEAR, "64 32 16", right=True,
               curvature=lambda x: -2 * np.tanh(x) * _sech2(x)),
    *pointwise("second order", "softplus", lambda x: np.log(1 + np.exp(x)), _sigmoid,
               [-30.0, -2.0, 0.5, 30.0], "64 32", right=True, curvature=_slope),
    *pointwise("second order", "relu", lambda x: np.maximum(x, 0),
               lambda x: (x > 0).astype(x.dtype), [-1.0, 0.5, 3.0], "64 32", right=True,
               curvature=np.zeros_like),
    *pointwise("second order", "power 1.5", lambda x: x**1.5, lambda x: 1.5 * np.sqrt(x),
               [0.25, 1.0, 30.0], "64 32", right=True, curvature=lambda x: 0.75 / np.sqrt(x)),
    *pointwise("second order only", "tanh, sign", np.tanh, _sech2, NEAR, "64 32 16", right=False,
               curvature=lambda x: 2 * np.tanh(x) * _sech2(x)),
    *pointwise("second order only", "sigmoid, factor 1 - 2y missing", _sigmoid, _slope, NEAR,
               "64 32", right=False, curvature=_slope),
    *pointwise("second order only", "softplus, zero past 20", lambda x: np.log(1 + np.exp(x)),
               _sigmoid, [-2.0, 0.5, 25.0], "64 32", right=False, definition="softplus",
               curvature=lambda x: np.where(x > 20, 0, _slope(x))),
    *pointwise("second order only", "exp, zero", np.exp, np.exp, NEAR, "64 32", right=False,
               curvature=np.zeros_like),
    *pointwise("second order only", "log, 1e-5 off", np.log, lambda x: 1 / x, [0.5, 1.0, 3.0],
               "64 32", right=False, curvature=lambda x: -1 / x / x * (1 + 1e-5)),
    *pointwise("second order only", "x sin x, a term dropped", lambda x: x * np.sin(x),
               lambda x: np.sin(x) + x * np.cos(x), NEAR, "64 32", right=False,
               curvature=lambda x: np.cos(x) - x * np.sin(x)),
    *pointwise("second order only", "sin, by 1 - y² cancelling", np.tanh, _sech2,
               [1.0, 9.0, 12.0], "32", right=False,
               curvature=lambda x: -2 * np.tanh(x) * (1 - np.tanh(x) ** 2)),
    *pointwise("forward mode", "sin", np.sin, np.cos, NEAR, "64 32 16", right=True,
               forward_slope=np.cos),
    *pointwise("forward mode only", "sin, sign", np.sin, np.cos, NEAR, "64 32 16", right=False,
               forward_slope=lambda x: -np.cos(x)),
    *pointwise("forward mode only", "exp, 1e-5 off", np.exp, np.exp, NEAR, "64 32", right=False,
               forward_slope=lambda x: np.exp(x) * (1 + 1e-5)),
    *pointwise("forward mode only", "tanh by 1 - y²", np.tanh, _sech2, [1.0, 9.0, 8.0], "32",
               right=False, forward_slope=lambda x: 1 - np.tanh(x) ** 2),
    *pointwise("forward mode only", "zero above 1", np.exp, np.exp, NEAR, "64", right=False,
               forward_slope=lambda x: np.where(x > 1, 0, np.exp(x))),
]  # fmt: skip


def _products() -> list[Case]:
    """x @ y in second order and forward mode."""

    def vjp(g: Any, x: Any, y: Any) -> Any:
        return g @ y.T, x.T @ g

    def jvp(u: Any, x: Any, y: Any) -> Any:
        return u[0] @ y + x @ u[1]

    def second(g: Any, u: Any, x: Any, y: Any) -> Any:
        return g @ u[1].T, u[0].T @ g

    cases = []
    for dtype in dtypes("64 32 16"):
        arrays = (normal((3, 4), dtype, 50), normal((4, 3), dtype, 51))
        cases.append(
            Case(f"product of matrices, {dtype}", True, "second order",
                 lambda: Rules(np.matmul, vjp, jvp, second), arrays)
        )  # fmt: skip
    square = (normal((3, 3), np.float64, 52), normal((3, 3), np.float64, 53))
    for name, kind, rules in (
        ("order of factors", "factor order",
         lambda: Rules(np.matmul, lambda g, x, y: (y.T @ g, g @ x.T))),
        ("not transposed", "factor order",
         lambda: Rules(np.matmul, lambda g, x, y: (g @ y, x @ g))),
        ("forward mode drops a term", "forward mode only",
         lambda: Rules(np.matmul, vjp, lambda u, x, y: u[0] @ y)),
        ("second order exchanged", "second order only",
         lambda: Rules(np.matmul, vjp, jvp, lambda g, u, x, y: (g @ u[1], u[0] @ g))),
        ("second order dropped", "second order only",
         lambda: Rules(np.matmul, vjp, jvp, lambda g, u, x, y: (0 * x, 0 * y))),
    ):  # fmt: skip
        cases.append(Case(f"product of matrices, {name}", False, kind, rules, square))
    return cases


def _algebra() -> list[Case]:
    """Solving, inverting, factorising."""
    cases = []

    def system(dtype: Any) -> tuple[Any, Any]:
        matrix = normal((4, 4), dtype, 54)
        return matrix + 4 * np.eye(4, dtype=dtype), normal((4, 2), dtype, 55)

    def solved(g: Any, a: Any, b: Any) -> Any:
        by_b = np.linalg.solve(a.T, g)
        return -by_b @ np.linalg.solve(a, b).T, by_b

    def inverted(g: Any, a: Any) -> Any:
        inverse = np.linalg.inv(a)
        return -inverse.T @ g @ inverse.T

    def cofactors(g: Any, a: Any) -> Any:
        return (g * np.linalg.det(a) * np.linalg.inv(a).T).astype(a.dtype)

    def by_cholesky(a: Any, b: Any) -> Any:
        low = np.linalg.cholesky(a.T @ a)
        return np.linalg.solve(low.T, np.linalg.solve(low, b))

    def cholesky_rule(g: Any, a: Any, b: Any) -> Any:
        by_b, y = by_cholesky(a, g), by_cholesky(a, b)
        outer = by_b @ y.T
        return -a @ (outer + outer.T), by_b

    for dtype in dtypes("64 32"):
        a, b = system(dtype)
        cases += [
            Case(f"solve, {dtype}", True, "linear algebra",
                 lambda: Rules(np.linalg.solve, solved), (a, b)),
            Case(f"inverse, {dtype}", True, "linear algebra",
                 lambda: Rules(np.linalg.inv, inverted), (a,)),
            Case(f"normal equations by Cholesky, {dtype}", True, "linear algebra",
                 lambda: Rules(by_cholesky, cholesky_rule), (a, b),
                 lambda a, b: np.linalg.solve(np.matmul(a.T, a), b)),
            Case(f"determinant, {dtype}", True, "linear algebra",
                 lambda: Rules(np.linalg.det, cofactors), (a,)),
        ]  # fmt: skip
    a, b = system(np.float64)
    cases += [
        Case("solve, matrix not transposed", False, "factor order",
             lambda: Rules(np.linalg.solve,
                           lambda g, a, b: (solved(g, a.T, b)[0], np.linalg.solve(a, g))), (a, b)),
        Case("inverse, factors exchanged", False, "factor order",
             lambda: Rules(np.linalg.inv, lambda g, a: -np.linalg.inv(a) @ g @ np.linalg.inv(a)),
             (a,)),
        Case("determinant, cofactors transposed", False, "factor order",
             lambda: Rules(np.linalg.det, lambda g, a: g * np.linalg.det(a) * np.linalg.inv(a)),
             (a,)),
        Case("determinant by its inverse, singular", False, "degenerate spectrum",
             lambda: Rules(lambda a: a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0],
                           lambda g, a: g * (a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0])
                           * _inverse_of_two(a).T), (np.array([[1.0, 2.0], [2.0, 4.0]]),)),
        Case("normal equations, symmetric part left out", False, "factor order",
             lambda: Rules(by_cholesky,
                           lambda g, a, b: (-2 * a @ by_cholesky(a, g) @ by_cholesky(a, b).T,
                                            by_cholesky(a, g))), (a, b),
             lambda a, b: np.linalg.solve(np.matmul(a.T, a), b)),
    ]  # fmt: skip
    return cases


def _inverse_of_two(a: Any) -> Any:
    turned = np.array([[a[1, 1], -a[0, 1]], [-a[1, 0], a[0, 0]]])
    return turned / (a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0])


def _complex_parts() -> list[Case]:
    """Products of complex numbers, as pairs of reals: what a missing conjugate does."""

    def product(x: Any, y: Any) -> Any:
        return np.stack([x[0] * y[0] - x[1] * y[1], x[0] * y[1] + x[1] * y[0]])

    def conjugate(x: Any) -> Any:
        return np.stack([x[0], -x[1]])

    arrays = (normal((2, 5), np.float64, 56), normal((2, 5), np.float64, 57))
    right = Rules(product, lambda g, x, y: (product(g, conjugate(y)), product(g, conjugate(x))))
    wrong = Rules(product, lambda g, x, y: (product(g, y), product(g, x)))
    half = Rules(product, lambda g, x, y: (product(g, conjugate(y)), product(conjugate(g), x)))
    return [
        Case("complex product", True, "conjugation", lambda: right, arrays),
        Case("complex product, not conjugated", False, "conjugation", lambda: wrong, arrays),
        Case("complex product, wrong factor conjugated", False, "conjugation", lambda: half,
             arrays),
    ]  # fmt: skip


def _behaviour() -> list[Case]:
    """Calls that differ, dtypes, shapes, arguments written to, gradients that do not come."""
    x = NEAR.copy()

    def right(g: Any, x: Any) -> Any:
        return g * np.exp(x)

    def counted(share: int, amount: float) -> Any:
        def make() -> Rules:
            calls = itertools.count(1)
            return Rules(
                np.exp, lambda g, x: right(g, x) * (1 + amount * (next(calls) % share == 0))
            )

        return make

    def stale() -> Rules:
        kept: dict[str, Any] = {}

        def vjp(g: Any, x: Any) -> Any:
            kept.setdefault("powers", np.exp(x))
            found = g * kept["powers"]
            kept["powers"] = kept["powers"] * 1.001
            return found

        return Rules(np.exp, vjp)

    def writes_argument(g: Any, x: Any) -> Any:
        found = right(g, x)
        x *= 2
        return found

    def writes_cotangent(g: Any, x: Any) -> Any:
        g *= np.exp(x)
        return g

    def by_memory(g: Any, x: Any) -> Any:
        """Reads neighbours in memory, and forgets about strides."""
        whole = x if x.base is None else x.base.ravel()[: x.size]
        return g * np.exp(whole.reshape(x.shape))

    def rule(name: str, kind: str, vjp: Any, *arrays: Any, ok: bool = False,
             forward: Any = np.exp) -> Case:  # fmt: skip
        return Case(name, ok, kind, lambda: Rules(forward, vjp), arrays)

    single = x.astype(np.float32)
    rows = normal((3, 4), np.float64, 58)
    return [
        Case("one call in ten", False, "non-deterministic", counted(10, 1e-3), (x,)),
        Case("one call in thirty", False, "non-deterministic", counted(30, 1e-3), (x,)),
        Case("every other call", False, "non-deterministic", counted(2, 1e-6), (x,)),
        Case("a value that was saved and written to", False, "stale value", stale, (x,)),
        rule("float64 for float32", "wrong dtype",
             lambda g, x: right(g, x).astype(np.float64), single),
        rule("float32 for float64", "wrong dtype",
             lambda g, x: right(g, x).astype(np.float32), x),
        rule("float32 inside float64", "precision lost",
             lambda g, x: right(g, x).astype(np.float32).astype(np.float64), x),
        rule("half inside float32", "precision lost",
             lambda g, x: right(g, x).astype(np.float16).astype(np.float32), single),
        rule("writes to its argument", "modified input", writes_argument, x),
        rule("writes to its cotangent", "modified input", writes_cotangent, x),
        rule("no gradient", "missing", lambda g, x: None, x),
        rule("no gradient for the second", "missing", lambda g, x, y: (g * y, None), x, x + 3,
             forward=np.multiply),
        rule("arguments exchanged", "formula", lambda g, x, y: (g * x, g * y), x, x + 3,
             forward=np.multiply),
        rule("cotangent ignored", "formula", lambda g, x: np.exp(x), x),
        rule("cotangent summed", "formula", lambda g, x: np.sum(g) * np.exp(x) / 9, x),
        rule("strides forgotten", "layout", by_memory, x),
        rule("flat for a matrix", "wrong shape", lambda g, x: right(g, x).ravel(), rows),
        rule("transposed", "wrong shape", lambda g, x: right(g, x).T.copy(), rows[:, :3] + 0),
        rule("broadcast sum dropped", "broadcasting", lambda g, x, y: (g * y, (g * x)[0]), rows,
             normal(4, np.float64, 59), forward=np.multiply),
        rule("broadcast sum over the wrong axis", "broadcasting",
             lambda g, x, y: (g * y, (g * x).sum(axis=1)), rows[:, :3] + 0,
             normal(3, np.float64, 60), forward=np.multiply),
        rule("broadcast sum, right", "broadcasting",
             lambda g, x, y: (g * y, (g * x).sum(axis=0)), rows, normal(4, np.float64, 59),
             ok=True, forward=np.multiply),
        Case("value of another function", False, "value",
             lambda: Rules(lambda x: np.expm1(x) + 1.00001, right), (x,), np.exp),
        Case("value in half precision", False, "value",
             lambda: Rules(lambda x: np.exp(x.astype(np.float16)).astype(np.float32), right),
             (single,), np.exp),
        Case("noise within the rounding", True, "order of adding",
             counted(2, 2.0**-52), (x,)),
    ]  # fmt: skip


CASES: list[Case] = [
    *SECOND, *_products(), *_algebra(), *_complex_parts(), *_behaviour(),
]  # fmt: skip
