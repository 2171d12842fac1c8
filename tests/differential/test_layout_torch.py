"""What indices pick lies in memory as PyTorch lays it out: `view` and `stride` can tell."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch

import autodiff

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
def test_memory_is_pytorchs(name: str, permutation: tuple[int, ...]) -> None:
    mine, theirs = (picked(t, name, permutation) for t in (autodiff, torch))
    assert mine.tolist() == theirs.tolist()
    assert mine.stride() == theirs.stride()
