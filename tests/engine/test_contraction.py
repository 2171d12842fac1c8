"""Products: einsum says what NumPy's says, and everything else is an einsum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch

SIZES = {"a": 2, "b": 3, "c": 4, "d": 1}


@st.composite
def equations(draw: st.DrawFn) -> str:
    terms = draw(st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1, max_size=3))
    used = sorted(set("".join(terms)))
    output = draw(st.lists(st.sampled_from(used), unique=True, max_size=len(used)))
    return ",".join(terms) + "->" + "".join(output)


@settings(deadline=None, derandomize=True, max_examples=200)
@given(equations())
def test_einsum_and_its_gradients(equation: str) -> None:
    """Small whole numbers, so that every order of summation is exact."""
    terms = equation.partition("->")[0]
    shapes = [tuple(SIZES[a] for a in term) for term in terms.split(",")]
    operands = [np.arange(np.prod(s), dtype=float).reshape(s) % 5 - 2 for s in shapes]
    leaves = [torch.from_numpy(o).requires_grad_() for o in operands]
    found = torch.einsum(equation, *leaves)
    np.testing.assert_array_equal(found.detach().numpy(), np.einsum(equation, *operands))
    weight = np.arange(found.numel(), dtype=float).reshape(tuple(found.shape)) % 3 - 1
    found.backward(torch.from_numpy(np.array(weight)))
    for place, leaf in enumerate(leaves):
        for direction in np.eye(leaf.numel()):
            moved = list(operands)
            moved[place] = direction.reshape(shapes[place])  # linear in each operand
            slope = (np.einsum(equation, *moved) * weight).sum()
            assert (leaf.grad.numpy() * moved[place]).sum() == slope


PRODUCTS: list[tuple[Callable[[Any, Any], Any], tuple[int, ...], tuple[int, ...], str, str]] = [
    (torch.matmul, (2, 3), (3, 4), "ij,jk->ik", "MmBackward0"),
    (torch.matmul, (2, 3), (3,), "ij,j->i", "MvBackward0"),
    (torch.matmul, (3,), (3,), "i,i->", "DotBackward0"),
    (torch.matmul, (3,), (3, 4), "i,ij->j", "SqueezeBackward4"),
    (torch.matmul, (5, 2, 3), (3, 4), "bij,jk->bik", "UnsafeViewBackward0"),
    (torch.matmul, (5, 2, 3), (5, 3, 4), "bij,bjk->bik", "UnsafeViewBackward0"),
    (torch.bmm, (5, 2, 3), (5, 3, 4), "bij,bjk->bik", "BmmBackward0"),
    (torch.outer, (2,), (3,), "i,j->ij", "MulBackward0"),
    (torch.nn.functional.linear, (2, 3), (4, 3), "ij,kj->ik", "MmBackward0"),
    (torch.nn.functional.linear, (5, 2, 3), (4, 3), "bij,kj->bik", "UnsafeViewBackward0"),
    (torch.matmul, (2, 3), (5, 3, 4), "ij,bjk->bik", "CloneBackward0"),
    (torch.matmul, (5, 2, 3), (3,), "bij,j->bi", "UnsafeViewBackward0"),
]


@pytest.mark.parametrize(("product", "first", "second", "equation", "name"), PRODUCTS)
def test_products(
    product: Callable[[Any, Any], Any],
    first: tuple[int, ...],
    second: tuple[int, ...],
    equation: str,
    name: str,
) -> None:
    x = np.arange(np.prod(first), dtype=float).reshape(first) % 7 - 3
    y = np.arange(np.prod(second), dtype=float).reshape(second) % 5 - 2
    a, b = torch.from_numpy(x).requires_grad_(), torch.from_numpy(y).requires_grad_()
    found = product(a, b)
    np.testing.assert_array_equal(found.detach().numpy(), np.einsum(equation, x, y))
    assert type(found.grad_fn).__name__ == name
    found.sum().backward()
    left, right = equation.partition("->")[0].split(",")
    ones = np.ones(tuple(found.shape))
    output = equation.partition("->")[2]
    np.testing.assert_array_equal(a.grad.numpy(), np.einsum(f"{output},{right}->{left}", ones, y))
    np.testing.assert_array_equal(b.grad.numpy(), np.einsum(f"{output},{left}->{right}", ones, x))


def test_addmm() -> None:
    bias, x, y = torch.ones(2), torch.ones(3, 4), torch.ones(4, 2)
    assert torch.addmm(bias, x, y, beta=2, alpha=0.5).tolist() == [[4.0, 4.0]] * 3


def test_complex_gradients_are_conjugate() -> None:
    x = torch.tensor([1 + 2j], dtype=torch.complex128, requires_grad=True)
    (x * (3 - 4j)).abs().sum().backward()
    z = (1 + 2j) * (3 - 4j)
    np.testing.assert_allclose(x.grad.numpy(), [z / abs(z) * (3 + 4j)], rtol=1e-15)
    y = torch.tensor([3 + 4j], dtype=torch.complex128, requires_grad=True)
    y.abs().sum().backward()
    assert y.grad.tolist() == [0.6 + 0.8j]


WRONG = [
    (lambda x: x @ x, RuntimeError, r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 2x3\)"),
    (lambda x: torch.dot(x, x), RuntimeError, "1D tensors expected, but got 2D and 2D tensors"),
    (lambda x: torch.mm(x[0], x), RuntimeError, "self must be a matrix"),
    (
        lambda x: x @ x.t().double(),
        RuntimeError,
        "expected m1 and m2 to have the same dtype, but got: float != double",
    ),
    (
        lambda x: torch.einsum("ij,jk->ik", x, x),
        RuntimeError,
        (
            r"einsum\(\): subscript j has size 2 for operand 1 which does not "
            r"broadcast with previously seen size 3"
        ),
    ),
    (
        lambda x: torch.einsum("ij->k", x),
        RuntimeError,
        "output subscript k does not appear in the equation for any input operand",
    ),
    (lambda x: torch.einsum("i1", x), RuntimeError, "invalid subscript given at index 1"),
    (
        lambda x: x @ torch.tensor(1.0),
        RuntimeError,
        "both arguments to matmul need to be at least 1D, but they are 2D and 0D",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), WRONG)
def test_wrong_calls(call: Callable[[Any], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call(torch.ones(2, 3))
