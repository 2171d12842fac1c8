"""`autograd.functional`: products with Jacobians and Hessians, strict mode, strategies."""

from __future__ import annotations

from typing import Any

import pytest

import autodiff
from autodiff.autograd import functional
from transform_checks import close

X, Y = autodiff.tensor([1.0, 2.0]), autodiff.tensor([3.0, 4.0])
CHOICES = [
    {},
    {"create_graph": True},
    {"vectorize": True},
    {"vectorize": True, "strategy": "forward-mode"},
]


def pair(a: Any, b: Any) -> Any:
    return a * b, (a**2).sum()


def cube(a: Any) -> Any:
    return (a**3).sum()


def mixed(a: Any, b: Any) -> Any:
    return (a**2 * b).sum()


@pytest.mark.parametrize("options", CHOICES)
def test_jacobian(options: dict[str, Any]) -> None:
    found = functional.jacobian(lambda a: a**3, X, **options)
    assert found.tolist() == [[3.0, 0.0], [0.0, 12.0]]
    (pa, pb), (sa, sb) = functional.jacobian(pair, (X, Y), **options)
    assert pa.tolist() == [[3.0, 0.0], [0.0, 4.0]]
    assert pb.tolist() == [[1.0, 0.0], [0.0, 2.0]]
    assert sa.tolist() == [2.0, 4.0]
    assert sb.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("strategy", ["reverse-mode", "forward-mode"])
def test_hessian(strategy: str) -> None:
    (aa, ab), (ba, bb) = functional.hessian(
        mixed, (X.clone(), Y.clone()), vectorize=True, outer_jacobian_strategy=strategy
    )
    assert aa.tolist() == [[6.0, 0.0], [0.0, 8.0]]
    assert ab.tolist() == ba.tolist() == [[2.0, 0.0], [0.0, 4.0]]
    assert bb.tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert functional.hessian(cube, X, strict=True).tolist() == [[6.0, 0.0], [0.0, 12.0]]


@pytest.mark.parametrize("create_graph", [False, True])
def test_products(create_graph: bool) -> None:
    x = X.clone().requires_grad_()
    options = {"create_graph": create_graph, "strict": True}
    for product in (functional.vjp, functional.jvp):
        value, found = product(lambda a: a**3, x, Y, **options)
        assert value.tolist() == [1.0, 8.0]
        assert found.tolist() == [9.0, 48.0]
        assert found.requires_grad is create_graph
    for product in (functional.vhp, functional.hvp):
        value, found = product(cube, x, Y, **options)
        assert (value.item(), found.tolist()) == (9.0, [18.0, 48.0])
        assert found.requires_grad is create_graph
    _, (by_a, by_b) = functional.vhp(mixed, (X, Y), (Y, X))
    _, (of_a, of_b) = functional.hvp(mixed, (X, Y), (Y, X))
    assert close(by_a.numpy(), of_a.numpy(), 1e-6)
    assert close(by_b.numpy(), of_b.numpy(), 1e-6)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: functional.jacobian(lambda a: autodiff.ones(2), X, strict=True), RuntimeError,
         "Output 0 of the user-provided function does not require gradients"),
        (lambda: functional.jacobian(pair, (X, Y), strict=True), RuntimeError,
         "Output 1 of the user-provided function is independent of input 1"),
        (lambda: functional.jacobian(lambda a: a * 2, X, create_graph=True, strict=True),
         RuntimeError, "The jacobian of the user-provided function is independent of input 0"),
        (lambda: functional.hessian(lambda a: (2 * a).sum(), X, strict=True), RuntimeError,
         "jacobian of the user-provided function"),
        (lambda: functional.vjp(lambda a, b: a.sum(), (X, Y), strict=True), RuntimeError,
         "The output of the user-provided function is independent of input 1"),
        (lambda: functional.jvp(lambda a: autodiff.ones(2), X, Y, strict=True), RuntimeError,
         "Output 0 of the user-provided function does not require gradients"),
        (lambda: functional.jacobian(pair, (X, Y), strategy="foo"), AssertionError,
         "Expected strategy to be either"),
        (lambda: functional.hessian(cube, X, outer_jacobian_strategy="foo"), AssertionError,
         "Expected strategy to be either"),
        (lambda: functional.jacobian(pair, (X, Y), strict=True, vectorize=True), RuntimeError,
         "`strict=True` and `vectorized=True` are not supported together"),
        (lambda: functional.jacobian(pair, (X, Y), strategy="forward-mode"), NotImplementedError,
         "only implemented for `vectorize=True`"),
        (lambda: functional.jacobian(cube, X, create_graph=True, strategy="forward-mode"),
         NotImplementedError, "are not supported together"),
        (lambda: functional.hessian(lambda a: a, X), RuntimeError,
         "The Tensor returned by the function given to hessian should contain a single element"),
        (lambda: functional.hessian(lambda a: (cube(a), cube(a)), X), RuntimeError,
         "The function given to hessian should return a single Tensor"),
        (lambda: functional.vhp(lambda a: a, X, Y), RuntimeError, "should contain a single"),
        (lambda: functional.hvp(lambda a: (cube(a),), X, Y), RuntimeError, "a single Tensor"),
        (lambda: functional.vjp(lambda a: a, X), RuntimeError, "The vector v can only be None"),
        (lambda: functional.jvp(lambda a: a, X), RuntimeError, "The vector v can only be None"),
        (lambda: functional.vjp(pair, (X, Y), (X,)), RuntimeError, "should be 2 but got 1"),
        (lambda: functional.vjp(lambda a: a, X, (X, X)), RuntimeError, "contain a single Tensor"),
        (lambda: functional.vjp(lambda a: a, X, autodiff.ones(3)), RuntimeError, "invalid size"),
        (lambda: functional.jacobian(pair, 3), TypeError, "given inputs has type <class 'int'>"),
        (lambda: functional.jacobian(pair, (X, 3)), TypeError, "at index 1 has type"),
    ],
)  # fmt: skip
def test_refusals(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()
