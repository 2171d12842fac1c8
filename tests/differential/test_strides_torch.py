"""How results lie in memory: strides as in PyTorch, for what `view` and `stride` tell of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")

INPUTS: dict[str, Callable[[Any], Any]] = {
    "expanded in front": lambda T: T.ones(2, 2).expand(3, 2, 2),
    "expanded, turned": lambda T: T.ones(2, 2).expand(3, 2, 2).transpose(0, 2),
    "expanded, swapped": lambda T: T.ones(2, 2).expand(3, 2, 2).transpose(0, 1),
    "rows of one": lambda T: T.ones(3).expand(4, 3),
    "columns of one": lambda T: T.ones(3, 1).expand(3, 4),
    "columns of one, turned": lambda T: T.ones(3, 1).expand(3, 4).t(),
    "expanded in the middle": lambda T: T.ones(2, 1, 3).expand(2, 4, 3),
    "in the middle, turned": lambda T: T.ones(2, 1, 3).expand(2, 4, 3).permute(2, 1, 0),
    "a number": lambda T: T.ones(()).expand(2, 3),
    "permuted": lambda T: T.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1),
    "permuted, expanded": lambda T: (
        T.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1).unsqueeze(1).expand(4, 5, 2, 3)
    ),
    "turned, expanded": lambda T: T.ones(2, 3).t().expand(4, 3, 2),
    "with gaps": lambda T: T.arange(24.0).reshape(2, 3, 4)[:, ::2],
    "with gaps, turned": lambda T: T.arange(24.0).reshape(2, 3, 4)[:, ::2].permute(2, 1, 0),
    "with gaps, expanded": lambda T: T.arange(24.0).reshape(2, 3, 4)[:, ::2, :1].expand(2, 2, 5),
}
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "clone": lambda T, x: x.clone(),
    "clone in rows": lambda T, x: x.clone(memory_format=T.contiguous_format),
    "clone as it is": lambda T, x: T.clone(x, memory_format=T.preserve_format),
    "contiguous": lambda T, x: x.contiguous(),
    "to": lambda T, x: x.to(T.float64),
    "to, copied": lambda T, x: x.to(T.float32, copy=True),
    "zeros_like": lambda T, x: T.zeros_like(x),
    "ones_like": lambda T, x: T.ones_like(x, dtype=T.int64),
    "empty_like": lambda T, x: T.empty_like(x),
    "full_like": lambda T, x: T.full_like(x, 2.0),
    "cat": lambda T, x: T.cat([x, x]),
    "stack": lambda T, x: T.stack([x, x]),
    "flip": lambda T, x: x.flip(0, -1),
    "roll": lambda T, x: x.roll(1, 0),
    "tril": lambda T, x: x.tril(),
    "triu": lambda T, x: x.triu(),
    "softmax": lambda T, x: x.softmax(-1),
    "log_softmax": lambda T, x: x.log_softmax(0),
    "cumsum": lambda T, x: x.cumsum(0),
}


@pytest.mark.parametrize("given", INPUTS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_strides(operation: str, given: str) -> None:
    found, wanted = (OPERATIONS[operation](T, INPUTS[given](T)) for T in (autodiff, torch))
    assert tuple(found.shape) == tuple(wanted.shape)
    assert found.stride() == wanted.stride()
    if operation != "empty_like":
        np.testing.assert_allclose(found.tolist(), wanted.tolist(), rtol=1e-6)


PERMUTATIONS = list(itertools.permutations(range(3)))
PICKS: dict[str, Callable[..., Any]] = {
    "i": lambda t, x, i, j, m: x[i],
    ":i": lambda t, x, i, j, m: x[:, i],
    "::i": lambda t, x, i, j, m: x[:, :, i],
    "j": lambda t, x, i, j, m: x[j],
    ":j": lambda t, x, i, j, m: x[:, j],
    "::j": lambda t, x, i, j, m: x[:, :, j],
    "ii": lambda t, x, i, j, m: x[i, i],
    "i:i": lambda t, x, i, j, m: x[i, :, i],
    ":ii": lambda t, x, i, j, m: x[:, i, i],
    "outer": lambda t, x, i, j, m: x[:, i[:, None], i[None]],
    "jt": lambda t, x, i, j, m: x[:, j.T],
    "m": lambda t, x, i, j, m: x[m],
    ":m": lambda t, x, i, j, m: x[:, m],
    "all of a mask": lambda t, x, i, j, m: x[x > 3],
    "mask of two": lambda t, x, i, j, m: x[x[:, :, 0] > 3],
    ":mask of two": lambda t, x, i, j, m: x[:, x[0] > 3],
    "true": lambda t, x, i, j, m: x[t.tensor(True)],
    "zeros": lambda t, x, i, j, m: t.zeros(3, 0, 2),
    "1i": lambda t, x, i, j, m: x[1, i],
    ":1i": lambda t, x, i, j, m: x[:, 1, i],
    "slices": lambda t, x, i, j, m: x[1:, i, ::2],
    "select 0": lambda t, x, i, j, m: t.index_select(x, 0, i),
    "select 1": lambda t, x, i, j, m: t.index_select(x, 1, i),
    "select 2": lambda t, x, i, j, m: t.index_select(x, 2, i),
    "take": lambda t, x, i, j, m: t.take(x, j),
    "gather": lambda t, x, i, j, m: t.gather(x, 1, t.zeros(3, 3, 3, dtype=t.int64)),
    "topk": lambda t, x, i, j, m: t.topk(x, 2, 1)[0],
    "topk indices": lambda t, x, i, j, m: t.topk(x, 2, 0)[1],
}


def picked(t: Any, name: str, permutation: tuple[int, ...]) -> Any:
    x = t.arange(27.0).reshape(3, 3, 3).permute(*permutation)
    i, j = t.tensor([0, 2, 1]), t.tensor([[0, 1], [1, 2]])
    return PICKS[name](t, x, i, j, t.tensor([True, False, True]))


@pytest.mark.parametrize("permutation", PERMUTATIONS)
@pytest.mark.parametrize("name", PICKS)
def test_strides_of_what_is_picked(name: str, permutation: tuple[int, ...]) -> None:
    found, wanted = (picked(T, name, permutation) for T in (autodiff, torch))
    assert found.tolist() == wanted.tolist()
    assert found.stride() == wanted.stride()
