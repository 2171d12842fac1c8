"""The language of definitions: values against NumPy, shapes, symbolic sizes, errors."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy as sp

from reference import build
from reference.differentiate import vjp
from reference.domains import closed_form, exact
from reference.graph import Constant, Input, Node

X = np.arange(12.0).reshape(3, 4) - 5.5
Y = np.array([2.0, -1.0, 0.5, 4.0])
Q = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.5, 0.0, 2.0]])
N = sp.Symbol("n", integer=True, positive=True)
M = sp.Symbol("m", integer=True, positive=True)


def values(node: Node) -> np.ndarray:
    """The exact values of a node, as floats."""
    array = exact.evaluate([node])[0]
    return np.array([float(exact.to_fraction(v)) for v in array.ravel()]).reshape(array.shape)


CASES: list[tuple[Callable[..., Node], Any, tuple[Any, ...]]] = [
    (build.add, X + Y, (X, Y)),
    (build.subtract, X - 2, (X, 2)),
    (build.multiply, 3 * X, (3, X)),
    (build.divide, X / Y, (X, Y)),
    (build.power, X**3, (X, 3)),
    (build.power, X**-2, (X, -2)),
    (build.negative, -X, (X,)),
    (build.absolute, abs(X), (X,)),
    (build.sign, np.sign(X), (X,)),
    (build.maximum, np.maximum(X, Y), (X, Y)),
    (build.minimum, np.minimum(X, 0), (X, 0)),
    (lambda x: build.clip(x, -1, 2), np.clip(X, -1, 2), (X,)),
    (build.less, X < Y, (X, Y)),
    (build.greater_equal, X >= 0.5, (X, 0.5)),
    (build.equal, X == 0.5, (X, 0.5)),
    (
        lambda x: build.logical_and(build.less(x, 2), build.logical_not(build.less(x, -2))),
        (X < 2) & ~(X < -2),
        (X,),
    ),
    (lambda x: build.logical_or(build.less(x, -2), X > 2), (X < -2) | (X > 2), (X,)),
    (lambda x: build.where(build.less(x, 0), x, 7), np.where(X < 0, X, 7), (X,)),
    (lambda x: build.where(X > 0, 1, x), np.where(X > 0, 1, X), (X,)),
    (lambda x: build.sum(x, 0), X.sum(0), (X,)),
    (lambda x: build.sum(x, (0, 1), True), X.sum((0, 1), keepdims=True), (X,)),
    (lambda x: build.mean(x, -1), X.mean(-1), (X,)),
    (lambda x: build.permute(x, (1, 0)), X.T, (X,)),
    (lambda x: build.broadcast_to(x, (2, 3, 4)), np.broadcast_to(Y, (2, 3, 4)), (Y,)),
    (lambda x: build.expand_dims(x, -1), X[..., None], (X,)),
    (build.squeeze, X[0], (X[:1],)),
    (build.matmul, X.T @ X, (X.T, X)),
    (build.matmul, np.stack([X, X]) @ Y, (np.stack([X, X]), Y)),
    (build.outer, np.outer(Y, Y), (Y, Y)),
    (lambda x: build.einsum("ij,kj->ik", x, x), X @ X.T, (X,)),
    (lambda x: build.einsum("ii", x), np.trace(Q), (Q,)),
    (lambda x: build.einsum("...j,j", x, Y), X @ Y, (X,)),
    (lambda x: build.tensordot(x, Y, 1), X @ Y, (X,)),
    (lambda x: build.reshape(x, (2, -1)), X.reshape(2, -1), (X,)),
    (lambda x: build.getitem(x, (slice(1, None), [0, 2])), X[1:, [0, 2]], (X,)),
    (lambda x: build.getitem(x, X > 0), X[X > 0], (X,)),
    (lambda x: build.concat([x, x], 1), np.concatenate([X, X], 1), (X,)),
    (lambda x: build.stack([x, x], -1), np.stack([X, X], -1), (X,)),
    (lambda x: build.flip(x, 1), X[:, ::-1], (X,)),
    (lambda x: build.roll(x, 1, 0), np.roll(X, 1, 0), (X,)),
    (
        lambda x: build.pad(x, [(1, 0), (0, 2)], 3),
        np.pad(X, [(1, 0), (0, 2)], constant_values=3),
        (X,),
    ),
    (lambda x: build.pad(x, [(-1, 0), (0, -2)]), X[1:, :-2], (X,)),
    (lambda x: build.diagonal(x, 1), np.diagonal(X, 1), (X,)),
    (lambda x: build.tril(x, 1), np.tril(X, 1), (X,)),
    (build.triu, np.triu(X), (X,)),
    (lambda x: build.repeat(x, (2, 1)), np.tile(X, (2, 1)), (X,)),
    (lambda x: build.largest(x, 1), X.max(1), (X,)),
    (build.smallest, X.min(), (X,)),
    (lambda x: build.prod(x, 0, True), X.prod(0, keepdims=True), (X,)),
    (build.prod, 1.0, (Y[:0],)),
    (lambda x: build.cumsum(x, 1), X.cumsum(1), (X,)),
    (lambda x: build.cumprod(x, 1), X.cumprod(1), (X,)),
    (lambda x: build.cummax(x, 0), np.maximum.accumulate(X[::-1], 0), (X[::-1],)),
    (lambda x: build.sort(x, 0, True), -np.sort(-X, 0), (X,)),
    (build.argsort, np.argsort(Y), (Y,)),
    (build.argmax, np.argmax(X), (X,)),
    (lambda x: build.argmin(x, 1, True), np.argmin(X, 1, keepdims=True), (X,)),
    (lambda x: build.solve_linear(x, Q), np.eye(3), (Q,)),
    (build.stop, X, (X,)),
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_values_are_numpys(number: int) -> None:
    function, wanted, arguments = CASES[number]
    node = function(*arguments)
    assert node.shape == np.shape(wanted)
    np.testing.assert_allclose(values(node), wanted, rtol=1e-15)


def test_writes() -> None:
    key = (np.array([2, 0, 2]),)
    new = np.arange(12.0).reshape(3, 4)
    written = X.copy()
    written[key] = new
    np.testing.assert_array_equal(values(build.index_put(X, key, new)), written)
    np.add.at(added := X.copy(), key, new)
    np.testing.assert_array_equal(values(build.index_put(X, key, new, True)), added)
    index = np.array([[0, 2, 1]])
    placed = X.copy()
    np.put_along_axis(placed, index.T, new[:, :1], 1)
    np.testing.assert_array_equal(values(build.scatter(X, 1, index.T, new[:, :1])), placed)
    gathered = np.take_along_axis(X, index.T, 1)
    np.testing.assert_array_equal(values(build.gather(X, 1, index.T)), gathered)


def test_numbers_mean_exactly_what_they_hold() -> None:
    tenth = build.multiply(build.node(np.array(1.0)), 0.1)
    assert exact.to_fraction(exact.evaluate([tenth])[0][()]) == Fraction(0.1)
    tenth = build.multiply(build.node(np.array(1.0)), Fraction(1, 10))
    assert exact.to_fraction(exact.evaluate([tenth])[0][()]) == Fraction(1, 10)
    assert build.exact_number(sp.Float(0.5)) == sp.Rational(1, 2)
    assert build.exact_number(float("nan")) is sp.nan


def test_conditions_are_one_case_distinction() -> None:
    x = Input("x", (2,))
    node = build.where(build.logical_and(build.greater(x, 0), build.less(x, 1)), x, 0)
    assert isinstance(node.expression, sp.Piecewise)  # type: ignore[attr-defined]
    assert len(node.expression.args) == 2  # type: ignore[attr-defined]


def test_symbolic_sizes() -> None:
    x = Input("x", (N, M))
    w = Input("w", (M,))
    loss = build.mean(build.power(build.subtract(build.matmul(x, w), 1), 2))
    assert loss.shape == ()
    (gradient,) = vjp([loss], [w], [Constant(1)])
    assert gradient is not None
    assert gradient.shape == (M,)
    assert build.flip(w).shape == (M,)
    assert build.getitem(x, (slice(1, None), None, -1)).shape == (N - 1, 1)
    assert build.reshape(w, (1, M)).shape == (1, M)
    i = sp.Symbol("i", integer=True)
    assert (
        closed_form.element(build.getitem(w, slice(2, None)), (i,))
        == (sp.IndexedBase("w", real=True)[i + 2])
    )


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: build.sum(X, 2), IndexError, "Dimension out of range (expected to be in range"),
        (lambda: build.sum(X, (0, 0)), RuntimeError, "dim 0 appears multiple times"),
        (lambda: build.add(X, Q), ValueError, "shapes (3, 4), (3, 3) do not broadcast"),
        (lambda: build.matmul(X, X), RuntimeError, "mat1 and mat2 shapes cannot be multiplied"),
        (lambda: build.matmul(X, 1.0), RuntimeError, "both arguments to matmul need to be at"),
        (lambda: build.reshape(X, (5, -1)), RuntimeError, "shape '[5, -1]' is invalid for input"),
        (lambda: build.concat([X, Q]), RuntimeError, "Sizes of tensors must match except in"),
        (lambda: build.concat([]), RuntimeError, "expected a non-empty list of Tensors"),
        (lambda: build.stack([X, Q]), RuntimeError, "stack expects each tensor to be equal size"),
        (lambda: build.largest(X[:0]), ValueError, "a reduction over no elements has no value"),
        (lambda: build.broadcast_to(X, (3, 5)), ValueError, "shapes (3, 4), (3, 5) do not"),
        (lambda: build.permute(X, (0, 0)), ValueError, "axes (0, 0) are not a permutation of 2"),
        (lambda: build.einsum("ij,j", X), ValueError, "einsum: 'ij,j' names 2 operands, 1 were"),
        (lambda: build.einsum("ij,ij", X, Q), ValueError, "sizes 4 and 3 meet under one label"),
        (
            lambda: build.largest(Input("x", (N,))),
            ValueError,
            "this reduction of an array of shape (n,) needs concrete sizes",
        ),
    ],
)
def test_errors(call: Callable[[], Node], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value).startswith(text)
