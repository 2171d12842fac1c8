"""In-place operations: memory, counter, history, and what they may be combined with."""

from __future__ import annotations

import math
from typing import Any

import pytest

import autodiff as torch

UNARY = [
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "sigmoid",
    "erf",
    "relu",
    "neg",
    "abs",
    "square",
    "floor",
    "round",
    "sign",
]


def leaf() -> Any:
    return torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("name", UNARY)
def test_in_place_equals_out_of_place(name: str) -> None:
    a, b = leaf(), leaf()
    kept = b * 1
    written = getattr(kept, f"{name}_")()
    assert written is kept
    assert kept._version == 1
    expected = getattr(a * 1, name)()
    assert kept.tolist() == expected.tolist()
    assert kept.grad_fn.name() == expected.grad_fn.name()
    expected.sum().backward()
    kept.sum().backward()
    assert a.grad.tolist() == b.grad.tolist()


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "pow"])
@pytest.mark.parametrize("number", [True, False])
def test_two_operands(name: str, number: bool) -> None:
    a, b, c, d = leaf(), leaf(), leaf(), leaf()
    expected = getattr(a * 1, name)(2.0 if number else c)
    kept = b * 1
    getattr(kept, f"{name}_")(2.0 if number else d)
    assert kept.tolist() == expected.tolist()
    expected.sum().backward()
    kept.sum().backward()
    assert a.grad.tolist() == b.grad.tolist()
    if not number:
        assert c.grad.tolist() == d.grad.tolist()


def test_operators_keep_the_object() -> None:
    x = leaf()
    y = same = x * 1
    y += x
    y -= 1
    y *= x
    y /= 2
    y **= 2
    assert y is same
    assert y._version == 5
    y.sum().backward()
    exact = [2 * ((2 * v - 1) * v / 2) * (4 * v - 1) / 2 for v in (0.5, 1.5)]
    assert x.grad.tolist() == pytest.approx(exact)


def test_what_operations_save_decides_what_may_be_written() -> None:
    x = leaf()
    y = x * 3
    y.mul_(2)  # a number saves nothing of y
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]
    x.grad = None
    y = x * 1
    z = y.exp()
    y.add_(1)  # exp saved its result
    z.sum().backward()
    assert x.grad.tolist() == pytest.approx([math.exp(0.5), math.exp(1.5)])


def test_a_tensor_written_with_itself() -> None:
    x = leaf()
    y = x * 2
    y.add_(y)
    y.sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]
    y = x * 2
    y.mul_(y)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_versions() -> None:
    t = torch.ones(3)
    view, detached = t[:2], t.detach()
    steps = [
        lambda: view.add_(1),
        lambda: detached.add_(1),
        lambda: t.__setitem__(0, 1.0),
        lambda: t.__setitem__(torch.tensor([0]), 2.0),
        lambda: t.__setitem__(t > 0, 1.0),
        t.zero_,
        lambda: t.copy_(torch.ones(3)),
        lambda: t.masked_fill_(t > 0, 2.0),
    ]
    for count, step in enumerate(steps, 1):
        step()
        assert t._version == view._version == detached._version == count
    t.data.add_(1)
    t.view(3, 1)
    t.requires_grad_()
    assert t._version == len(steps)
    assert t.clone()._version == 0


def test_names() -> None:
    x = leaf()

    def after(write: Any) -> str:
        y = x * 1
        write(y)
        return type(y.grad_fn).__name__

    assert after(lambda y: y.zero_()) == "ZeroBackward0"
    assert after(lambda y: y.fill_(2.0)) == "FillBackward2"
    assert after(lambda y: y.fill_(x[0])) == "FillBackward3"
    assert after(lambda y: y.copy_(x)) == "CopyBackwards"
    assert after(lambda y: y.__setitem__(..., x)) == "CopyBackwards"
    assert after(lambda y: y.__setitem__(slice(None), x)) == "CopyBackwards"
    assert after(lambda y: y.__setitem__(0, x[0])) == "CopySlices"
    assert after(lambda y: y.__setitem__(None, x)) == "CopySlices"
    assert after(lambda y: y.__setitem__(torch.tensor([0]), 1.0)) == "IndexPutBackward0"
    assert after(lambda y: y.__setitem__(y > 1, 1.0)) == "IndexPutBackward0"


@pytest.mark.parametrize(
    ("index", "value", "expected"),
    [
        (0, 9.0, [[9.0, 9.0, 9.0], [4.0, 5.0, 6.0]]),
        ((slice(None), 1), 9.0, [[1.0, 9.0, 3.0], [4.0, 9.0, 6.0]]),
        ((..., 0), [7.0, 8.0], [[7.0, 2.0, 3.0], [8.0, 5.0, 6.0]]),
        ((1, slice(1, None)), [7.0, 8.0], [[1.0, 2.0, 3.0], [4.0, 7.0, 8.0]]),
        (([0, 1], [2, 0]), 9.0, [[1.0, 2.0, 9.0], [9.0, 5.0, 6.0]]),
        (None, 9.0, [[9.0] * 3] * 2),
    ],
)
def test_assignment(index: Any, value: Any, expected: Any) -> None:
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    y = x * 1
    y[index] = torch.tensor(value) if isinstance(value, list) else value
    assert y.tolist() == expected
    y.sum().backward()
    kept = [
        [float(a == b) for a, b in zip(p, q, strict=True)]
        for p, q in zip(expected, x.tolist(), strict=True)
    ]
    assert x.grad.tolist() == kept


def test_the_assigned_value_gets_a_gradient() -> None:
    x, v = torch.zeros(2, 3), torch.ones(3, requires_grad=True)
    x[0] = v
    x[:, 1:] = v[1:]
    (x * torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).sum().backward()
    assert v.grad.tolist() == [1.0, 7.0, 9.0]


def test_dtypes_are_kept() -> None:
    x = torch.ones(2)
    x.add_(torch.ones(2, dtype=torch.float64))
    assert x.dtype is torch.float32
    i = torch.tensor([1, 2])
    i += 1
    assert i.tolist() == [2, 3]
    y = torch.zeros(2, dtype=torch.float64)
    z = torch.ones(2, requires_grad=True)
    y.copy_(z)
    y.sum().backward()
    assert z.grad.dtype is torch.float32


def test_leaves_may_be_written_without_grad() -> None:
    x = leaf()
    with torch.no_grad():
        x.mul_(2)
        x[0] = 5.0
        x += 1
    assert x.tolist() == [6.0, 4.0]
    assert x._version == 3
    assert x.is_leaf
    assert x.requires_grad
