"""In-place writes inside of transforms: compositions give what functions without them give.

Each function writes into copies, views or buffers of its own; its twin computes the same without a
write. PyTorch refuses some of these compositions and gets others wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import func

Function = Callable[[Any], Any]


def _view(a: Any) -> Any:
    b = a.clone()
    b[0].mul_(a[1])
    return b.prod()


def _reshaped(a: Any) -> Any:
    b = a.clone()
    b.view(2, 1).mul_(a[:, None])
    return b.pow(3).sum()


def _transposed(a: Any) -> Any:
    b = autodiff.outer(a, a)
    b.t().mul_(a)
    return b.pow(2).sum()


def _buffer(a: Any) -> Any:
    b = a.new_zeros(2)
    b[0] = a[1] ** 2
    b[1] = a[0]
    return b.prod()


def _rows(a: Any) -> Any:
    b = a.new_zeros(2, 2)
    b[0].copy_(a)
    b[1].copy_(a * a)
    return (b @ b.t()).sum()


def _diagonal(a: Any) -> Any:
    b = autodiff.outer(a, a)
    b.diagonal().add_(a)
    return b.pow(3).sum()


def _indexed(a: Any) -> Any:
    b = a.clone()
    b[autodiff.tensor([1, 0])] = a * a
    return (b * b * a).sum()


def _two_views(a: Any) -> Any:
    b = a.clone()
    first, second = b[:1], b[1:]
    first.mul_(a[1])
    second.add_(first)
    return b.pow(2).prod()


def _added(a: Any) -> Any:
    b = a.clone()
    b[0] += a[1]
    b *= a
    return b.pow(2).sum()


PAIRS: dict[str, tuple[Function, Function]] = {
    "chain": (
        lambda a: a.clone().mul_(a).add_(a.sin()).pow_(2).sum(),
        lambda a: (a * a + a.sin()).pow(2).sum(),
    ),
    "result saved": (
        lambda a: a.clone().sin_().exp_().sum(),
        lambda a: a.sin().exp().sum(),
    ),
    "mixed": (
        lambda a: a.clone().add_(a, alpha=2).addcmul_(a, a).lerp_(a * a, 0.3).pow_(2).sum(),
        lambda a: (3 * a + a * a).lerp(a * a, 0.3).pow(2).sum(),
    ),
    "zeroed": (
        lambda a: (a * 2).fill_(3.0).mul_(a).pow_(2).sum(),
        lambda a: (3 * a).pow(2).sum(),
    ),
    "view": (_view, lambda a: a[0] * a[1] * a[1]),
    "reshaped": (_reshaped, lambda a: a.pow(6).sum()),
    "transposed": (
        _transposed,
        lambda a: (autodiff.outer(a, a) * a[:, None]).pow(2).sum(),
    ),
    "buffer": (_buffer, lambda a: a[1] ** 2 * a[0]),
    "rows": (_rows, lambda a: (a + a * a).pow(2).sum()),
    "diagonal": (
        _diagonal,
        lambda a: (autodiff.outer(a, a) + autodiff.diag(a)).pow(3).sum(),
    ),
    "indexed": (_indexed, lambda a: (a.flip(0).pow(4) * a).sum()),
    "two views": (
        _two_views,
        lambda a: (a[0] * a[1] * (a[1] + a[0] * a[1])).pow(2),
    ),
    "added": (
        _added,
        lambda a: ((a[0] + a[1]) * a[0]).pow(2) + (a[1] * a[1]).pow(2),
    ),
}


def _members(f: Function) -> Function:
    return lambda q: func.vmap(f)(autodiff.stack([q, q + 0.3]))


def _along(f: Function) -> Function:
    """The third derivative along a direction, tangents of tangents of tangents."""

    def push(g: Function) -> Function:
        return lambda q: func.jvp(g, (q,), (autodiff.ones(2, dtype=autodiff.float64),))[1]

    return push(push(push(f)))


COMPOSITIONS: dict[str, Callable[[Function], Function]] = {
    "grad": func.grad,
    "reverse over reverse": lambda f: func.jacrev(func.grad(f)),
    "forward over reverse": func.hessian,
    "reverse over forward": lambda f: func.jacrev(func.jacfwd(f)),
    "forward over forward": lambda f: func.jacfwd(func.jacfwd(f)),
    "third, forward": lambda f: func.jacfwd(func.jacfwd(func.jacfwd(f))),
    "third, mixed": lambda f: func.jacfwd(func.jacrev(func.jacfwd(f))),
    "third, along": _along,
    "vmap of grad": lambda f: _members(func.grad(f)),
    "vmap of hessian": lambda f: _members(func.hessian(f)),
    "vmap of forward over forward": lambda f: _members(func.jacfwd(func.jacfwd(f))),
    "linear map": lambda f: lambda q: func.linearize(f, q)[1](q),
}


@pytest.mark.parametrize("composition", COMPOSITIONS)
@pytest.mark.parametrize("name", PAIRS)
def test_writes_change_nothing(name: str, composition: str) -> None:
    point = autodiff.tensor([0.4, 1.3], dtype=autodiff.float64)
    written, plain = (COMPOSITIONS[composition](f)(point).numpy() for f in PAIRS[name])
    np.testing.assert_allclose(written, plain, rtol=1e-12, atol=1e-12)


def test_memory_that_all_members_share_is_refused() -> None:
    def fill(a: Any) -> Any:
        b = autodiff.zeros(2)
        b[0] = a[0]
        return b

    with pytest.raises(RuntimeError, match="vmap: inplace arithmetic"):
        func.vmap(fill)(autodiff.ones(3, 2))


def test_directions_are_no_members() -> None:
    def fill(a: Any) -> Any:
        b = autodiff.zeros(2)
        b[0] = a[1] ** 2
        b[1] = a[0]
        return b

    x = autodiff.tensor([2.0, 3.0])
    expected = [[0.0, 6.0], [1.0, 0.0]]
    assert func.jacfwd(fill)(x).tolist() == expected
    assert func.jacrev(fill)(x).tolist() == expected
    second = func.hessian(lambda a: fill(a).prod())(x)
    assert second.tolist() == [[0.0, 6.0], [6.0, 4.0]]


def test_new_memory_of_members_belongs_to_each() -> None:
    def fill(a: Any) -> Any:
        b = a.new_zeros(2)
        b += a
        c = autodiff.zeros_like(a)
        c[0] = a[1]
        return b * 2 + c

    given = autodiff.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert func.vmap(fill)(given).tolist() == [[4.0, 4.0], [10.0, 8.0]]


def test_differentiation_under_inference_mode() -> None:
    with autodiff.inference_mode():
        x = autodiff.tensor([1.0, 2.0])
        assert func.grad(lambda a: (a * a).sum())(x).tolist() == [2.0, 4.0]
        assert func.jacfwd(lambda a: a.softmax(0))(x)[0, 0].item() > 0
        assert func.hessian(lambda a: (a**3).sum())(x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert func.grad(lambda a: (a * x).sum())(autodiff.ones(2)).tolist() == [1.0, 2.0]


def test_what_inner_differentiations_captured_leaves_no_history() -> None:
    x = autodiff.tensor([1.0, 2.0])
    found = func.jacrev(lambda a: func.jacrev(lambda b: a * b * b)(x).sum(0))(x)
    assert not found.requires_grad
    assert found.tolist() == [[2.0, 0.0], [0.0, 4.0]]
