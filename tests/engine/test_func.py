"""`grad`, `vjp`, `jvp`, `linearize`, Jacobians and Hessians as functions of functions."""

from __future__ import annotations

import gc
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff.func import (
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    vjp,
    vmap,
)
from transform_checks import close

X = autodiff.tensor([1.0, 2.0])
Pair = namedtuple("Pair", ["first", "second"])


def squares(x: Any) -> Any:
    return (x**2).sum()


def product(x: Any, y: Any) -> Any:
    return squares(x) * squares(y)


def test_gradients() -> None:
    assert grad(squares)(X).tolist() == [2.0, 4.0]
    assert [g.tolist() for g in grad(product, argnums=(0, 1))(X, X)] == [[10.0, 20.0]] * 2
    assert grad(product, argnums=-1)(X, X).tolist() == [10.0, 20.0]
    gradient, aux = grad(lambda x: (squares(x), x * 2), has_aux=True)(X)
    assert gradient.tolist() == aux.tolist() == [2.0, 4.0]
    gradient, (value, aux) = grad_and_value(lambda x: (squares(x), "aux"), has_aux=True)(X)
    assert (gradient.tolist(), value.item(), aux) == ([2.0, 4.0], 5.0, "aux")
    assert grad(lambda x, *, k: squares(x) * k)(X, k=3).tolist() == [6.0, 12.0]
    assert grad(lambda x, y: squares(x), argnums=1)(X, X).tolist() == [0.0, 0.0]
    assert grad(lambda x: autodiff.tensor(3.0))(X).tolist() == [0.0, 0.0]
    assert grad(grad(grad(lambda x: x**4)))(autodiff.tensor(2.0)).item() == 48.0


def test_nested_arguments() -> None:
    tree = {"a": X, "b": [X, Pair(X, X)]}
    found = grad(lambda t: product(t["a"], t["b"][0]) + squares(t["b"][1].second))(tree)
    assert found["a"].tolist() == found["b"][0].tolist() == [10.0, 20.0]
    assert found["b"][1].first.tolist() == [0.0, 0.0]
    assert found["b"][1].second.tolist() == [2.0, 4.0]


def test_results_have_the_history_of_what_lies_outside() -> None:
    w = X.clone().requires_grad_()
    assert not grad(squares)(X).requires_grad
    assert not grad(grad(lambda x: x**3))(autodiff.tensor(2.0)).requires_grad
    found = grad(squares)(w)
    assert found.requires_grad
    found.sum().backward()
    assert w.grad.tolist() == [2.0, 2.0]
    assert grad(lambda x: (x * w).sum())(X).requires_grad
    _, value = grad_and_value(squares)(X)
    assert not value.requires_grad
    with autodiff.no_grad():
        assert grad(squares)(w).tolist() == [2.0, 4.0]
        assert not grad(squares)(w).requires_grad


def test_no_grad_inside_is_honoured() -> None:
    def program(x: Any) -> Any:
        with autodiff.no_grad():
            constant = x**2
        return (x - constant).sum()

    assert grad(program)(X).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: grad(lambda x: x)(X), RuntimeError, "got tensor with 1 dims. Maybe you wanted"),
        (lambda: grad(lambda x: 3)(X), RuntimeError, "return a Tensor, got <class 'int'>"),
        (lambda: grad(squares, has_aux=True)(X), RuntimeError, r"a tuple: \(output, aux\) if"),
        (lambda: grad(squares, argnums=1)(X), RuntimeError, "Got argnum=1, but only 1 positional"),
        (lambda: grad(product, argnums=(0, 0))(X, X), RuntimeError, "elements must be unique"),
        (lambda: grad(squares, argnums=())(X), RuntimeError, "argnums must be non-empty"),
        (lambda: grad(squares, argnums=1.0)(X), RuntimeError, "argnums must be int or Tuple"),
        (lambda: grad(squares, argnums=(1.0,))(X), RuntimeError, "argnum must be int, got"),
        (lambda: grad(squares)(autodiff.tensor([1])), RuntimeError, "floating point dtype can"),
        (lambda: grad(squares)(1.0), ValueError, "Thing passed to transform API must be Tensor"),
        (lambda: grad(lambda x: squares(x.requires_grad_()))(X), RuntimeError, "functorch"),
        (lambda: grad(lambda x: squares(x).backward())(X), RuntimeError, "functorch transform"),
        (lambda: grad(lambda x: squares(x.mul_(2)))(X.clone()), RuntimeError, "a leaf Variable"),
        (lambda: vjp(lambda x: (x, x), X)[1](X), RuntimeError, r"cotangents: \*, primal output"),
        (lambda: vjp(squares, X)[1](X), RuntimeError, "Mismatch in shape"),
        (lambda: vjp(lambda x: 3, X), RuntimeError, "to return only tensors, got unsupported"),
        (lambda: jvp(squares, X, X), RuntimeError, "Expected primals to be a tuple"),
        (lambda: jvp(squares, (X,), (X, X)), RuntimeError, "to have the same python structure"),
        (lambda: jvp(squares, (), ()), RuntimeError, "to contain at least one Tensor"),
        (lambda: jvp(squares, (X,), (autodiff.ones(3),)), RuntimeError, r"of size \[2\] while"),
        (lambda: jvp(squares, (1.0,), (X,)), RuntimeError, "Expected primals to only contain"),
        (lambda: jvp(squares, (X,), (1.0,)), RuntimeError, "Expected tangents to only contain"),
        (lambda: jvp(lambda x: 3, (X,), (X,)), RuntimeError, "to return only tensors"),
        (lambda: linearize(squares, X)[1](autodiff.ones(3)), RuntimeError, "doesn't match the sh"),
        (lambda: linearize(squares, X)[1](X.double()), RuntimeError, "doesn't match the dtype"),
        (lambda: linearize(squares, X)[1](X, X), RuntimeError, "to have the same argspec"),
        (lambda: jacrev(squares, chunk_size=0), ValueError, "`chunk_size` should be greater"),
        (lambda: jacfwd(squares, randomness="x")(X), RuntimeError, "Got x"),
    ],
)
def test_refusals(call: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_pulling_back_and_pushing_forward() -> None:
    output, pull_back = vjp(lambda x, y: {"p": x * y, "s": x.sum()}, X, X)
    assert output["p"].tolist() == [1.0, 4.0]
    one = autodiff.tensor(1.0)
    for _ in range(2):
        by_x, by_y = pull_back({"p": autodiff.ones(2), "s": one})
        assert by_x.tolist() == [2.0, 3.0]
        assert by_y.tolist() == [1.0, 2.0]
    output, slope = jvp(lambda x, y: (x * y, x + y), (X, X), (X, autodiff.ones(2)))
    assert [s.tolist() for s in slope] == [[2.0, 6.0], [2.0, 3.0]]
    assert jvp(lambda x: autodiff.ones(2), (X,), (X,))[1].tolist() == [0.0, 0.0]
    output, push = linearize(lambda x: x**3, X)
    assert output.tolist() == [1.0, 8.0]
    assert push(X).tolist() == [3.0, 24.0]
    assert vmap(push)(autodiff.eye(2)).tolist() == [[3.0, 0.0], [0.0, 12.0]]
    inner = jvp(lambda x: jvp(lambda y: y**3, (x,), (X,))[1], (X,), (X,))
    assert inner[1].tolist() == [6.0, 48.0]


def test_no_confusion_of_perturbations() -> None:
    """d/dx [x · d/dy (x + y)] = 1 at every x, whichever directions are nested."""
    one = autodiff.tensor(1.0)

    def slope(f: Any, x: Any) -> Any:
        return jvp(f, (x,), (one,))[1]

    for outer in (lambda f, x: grad(f)(x), slope):
        for inner in (lambda f, x: grad(f)(x), slope):
            found = outer(lambda x, inner=inner: x * inner(lambda y: x + y, one), one)
            assert found.item() == 1.0


def test_jacobians() -> None:
    first = jacrev(lambda a, b: (a * b, {"s": a.sum()}), argnums=(0, 1))(X, X)
    assert first[0][0].tolist() == [[1.0, 0.0], [0.0, 2.0]]
    assert [one.tolist() for one in first[1]["s"]] == [[1.0, 1.0], [0.0, 0.0]]
    second = jacfwd(lambda a, b: (a * b, a.sum()), argnums=(0, 1))(X, X)
    assert second[0][1].tolist() == [[1.0, 0.0], [0.0, 2.0]]
    found, aux = jacfwd(lambda a: (a * 2, a), has_aux=True)(X)
    assert (found.tolist(), aux.tolist()) == ([[2.0, 0.0], [0.0, 2.0]], [1.0, 2.0])
    found = jacrev(lambda a: a**2, chunk_size=1)(X)
    assert found.tolist() == [[2.0, 0.0], [0.0, 4.0]]


def program(x: Any) -> Any:
    rows = autodiff.stack([x, x**2, autodiff.sin(x)])
    weights = autodiff.softmax(rows, 0)
    picked = autodiff.sort(rows.reshape(-1))[0][1:5]
    return (weights * rows).sum(0).prod() + (picked * picked).sum() / x.norm()


ORDERS = [jacfwd, jacrev]


@pytest.mark.parametrize("outer", ORDERS)
@pytest.mark.parametrize("middle", ORDERS)
@pytest.mark.parametrize("inner", ORDERS)
def test_third_derivatives_in_any_order(outer: Any, middle: Any, inner: Any) -> None:
    x = autodiff.tensor([0.75, -0.5], dtype=autodiff.float64)
    found = outer(middle(inner(program)))(x).numpy()
    wanted = jacrev(jacrev(jacrev(program)))(x).numpy()
    assert close(found, wanted, 1e-11)
    assert close(found, found.transpose(2, 0, 1), 1e-11)  # the order of differentiation is none


def test_hessian_by_autograd_functional() -> None:
    x = autodiff.tensor([0.75, -0.5], dtype=autodiff.float64)
    wanted = autodiff.autograd.functional.hessian(program, x).numpy()
    assert close(hessian(program)(x).numpy(), wanted, 1e-11)
    np.testing.assert_allclose(wanted, wanted.T, rtol=1e-12)


def test_names_are_found_where_pytorch_has_them() -> None:
    assert autodiff.func.grad is grad
    assert autodiff.vmap is vmap
    assert autodiff.autograd.forward_ad.dual_level is not None
    assert autodiff.autograd.functional.jacobian is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        autodiff.nothing  # noqa: B018


def test_transforms_leave_no_circles_of_references() -> None:
    def transforms() -> None:
        hessian(program)(autodiff.tensor([0.75, -0.5]))
        linearize(program, autodiff.tensor([0.75, -0.5]))[1](X)
        vmap(grad(program))(autodiff.ones(2, 2) * X)

    transforms()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        transforms()
        assert len(gc.get_objects()) <= before + 1
    finally:
        gc.enable()
