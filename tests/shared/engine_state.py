"""What a failing call must leave as it was."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

__all__ = ["refused", "snapshot"]


def snapshot(*tensors: Any) -> list[Any]:
    """All that can be seen of the tensors, and of the graph behind them."""
    found: list[Any] = []
    for tensor in tensors:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            grad = tensor.grad
        node = tensor.grad_fn
        found.append(
            {
                "data": tensor.detach().tolist(),
                "shape": tuple(tensor.shape),
                "dtype": tensor.dtype,
                "requires_grad": tensor.requires_grad,
                "is_leaf": tensor.is_leaf,
                "grad": grad,
                "grad values": None if grad is None else grad.detach().tolist(),
                "grad version": None if grad is None else grad._version,
                "node": node,
                "next": None if node is None else node.next_functions,
                "retains": tensor.retains_grad,
                "version": tensor._version,
            }
        )
    return found


@contextmanager
def refused(error: type[Exception], text: str, *tensors: Any) -> Iterator[None]:
    """The block raises exactly this text, and leaves the tensors as they were."""
    before = snapshot(*tensors)
    with pytest.raises(error) as caught:
        yield
    assert str(caught.value) == text
    assert type(caught.value) is error
    assert snapshot(*tensors) == before
