"""What can be seen of the recorded graph."""

from __future__ import annotations

from typing import Any

import pytest

import autodiff as torch


def leaf() -> Any:
    return torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)


NAMES = {
    "AddBackward0": lambda x: x + 1,
    "SubBackward0": lambda x: x - 1,
    "RsubBackward1": lambda x: 1 - x,
    "MulBackward0": lambda x: 1 / x,
    "DivBackward0": lambda x: x / 2,
    "PowBackward0": lambda x: x**2,
    "PowBackward1": lambda x: x**x,
    "PowBackward2": lambda x: 2**x,
    "NegBackward0": lambda x: -x,
    "ExpBackward0": lambda x: x.exp(),
    "SumBackward0": lambda x: x.sum(),
    "SumBackward1": lambda x: x.sum(0),
    "MeanBackward0": lambda x: x.mean(),
    "MeanBackward1": lambda x: x.mean(0),
    "MaxBackward1": lambda x: x.max(),
    "MaxBackward0": lambda x: x.max(0)[0],
    "MmBackward0": lambda x: x @ x,
    "TBackward0": lambda x: x.t(),
    "PermuteBackward0": lambda x: x.T,
    "ViewBackward0": lambda x: x.reshape(4),
    "SelectBackward0": lambda x: x[0],
    "SliceBackward0": lambda x: x[:1],
    "IndexBackward0": lambda x: x[x > 1],
    "CloneBackward0": lambda x: x.clone(),
    "ToCopyBackward0": lambda x: x.double(),
    "SplitBackward0": lambda x: x.chunk(2)[1],
    "UnbindBackward0": lambda x: x.unbind()[1],
}


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    node = NAMES[name](leaf()).grad_fn
    assert node.name() == type(node).__name__ == name
    assert repr(node).startswith(f"<{name} object at 0x")


def test_next_functions() -> None:
    x = leaf()
    y = x.exp()
    z = y * 2
    assert z.grad_fn.next_functions == ((y.grad_fn, 0), (None, 0))
    ((end, number),) = y.grad_fn.next_functions
    assert number == 0
    assert end.variable is x
    assert end.name() == "torch::autograd::AccumulateGrad"
    assert type(end).__name__ == "AccumulateGrad"
    assert end is (x + 1).grad_fn.next_functions[0][0]
    assert end.next_functions == ()


def test_output_numbers() -> None:
    _, second = leaf().unbind()
    assert second.output_nr == 1
    assert second.exp().grad_fn.next_functions == ((second.grad_fn, 1),)


def test_metadata_and_numbers() -> None:
    y = leaf().exp()
    z = y * y
    y.grad_fn.metadata["note"] = 1
    assert y.grad_fn.metadata == {"note": 1}
    assert z.grad_fn._sequence_nr() > y.grad_fn._sequence_nr()


def test_nodes_are_callable() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    product = x * x
    assert product.grad_fn is not None
    ones = torch.ones(2)
    assert [one.tolist() for one in product.grad_fn(ones)] == [[1.0, 2.0], [1.0, 2.0]]
    doubled = (x * 2).grad_fn
    assert doubled is not None
    given, nothing = doubled(ones)
    assert (given.tolist(), nothing) == ([2.0, 2.0], None)
    first, _ = x.unbind(0)
    assert first.grad_fn is not None
    assert first.grad_fn(torch.tensor(3.0), torch.tensor(4.0)).tolist() == [3.0, 4.0]


def test_leaves() -> None:
    x = leaf()
    assert x.is_leaf
    assert x.grad_fn is None
    assert x.detach().is_leaf
    assert (torch.ones(1) * 2).is_leaf
    assert not (x * 2).is_leaf


def test_execution_order_is_latest_first() -> None:
    x = leaf()
    log: list[str] = []
    early = x * 1
    late = x * 2
    early.register_hook(lambda g: log.append("early"))
    late.register_hook(lambda g: log.append("late"))
    x.register_hook(lambda g: log.append("leaf"))
    (early + late).sum().backward()
    assert log == ["late", "early", "leaf"]
