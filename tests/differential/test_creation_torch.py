"""Factories give PyTorch's values, dtypes, shapes, texts and complaints."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")

DTYPES = [
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
    "int64",
    "int32",
    "uint8",
    "bool",
]
inf, nan = math.inf, math.nan

CALLS: list[Callable[[Any], Any]] = [
    lambda t: t.tensor(1),
    lambda t: t.tensor(1.5),
    lambda t: t.tensor(True),
    lambda t: t.tensor(1 + 2j),
    lambda t: t.tensor([]),
    lambda t: t.tensor([[], []]),
    lambda t: t.tensor([1, 2.5]),
    lambda t: t.tensor([True, 2]),
    lambda t: t.tensor([True, 2.5]),
    lambda t: t.tensor([1, 2j]),
    lambda t: t.tensor([[1, 2], [3, 4]]),
    lambda t: t.tensor(((1.0,), (2.0,))),
    lambda t: t.tensor([t.tensor(1), t.tensor(2)]),
    lambda t: t.tensor([t.tensor(1.5), 2]),
    lambda t: t.tensor(np.float32(1.5)),
    lambda t: t.tensor(np.float64(1.5)),
    lambda t: t.tensor(np.int32(3)),
    lambda t: t.tensor(np.arange(3)),
    lambda t: t.tensor(np.ones((2, 3), np.float16)),
    lambda t: t.tensor([np.float64(1), np.float64(2)]),
    lambda t: t.tensor([np.int64(1), 2]),
    lambda t: t.tensor([1, 2], dtype=t.float16),
    lambda t: t.tensor([1.7, -2.7], dtype=t.int64),
    lambda t: t.tensor([0, 2], dtype=t.bool),
    lambda t: t.tensor(300, dtype=t.float32),
    lambda t: t.tensor([1.0, 2.0], requires_grad=True),
    lambda t: t.tensor([inf, nan, -inf]),
    lambda t: t.tensor(range(3)),
    lambda t: t.tensor(2**40),
    lambda t: t.tensor(1e300),
    lambda t: t.tensor(1e300, dtype=t.float64),
    lambda t: t.tensor(t.ones(2)),
    lambda t: t.tensor([[True], [False]]),
    lambda t: (
        t.tensor([1, 2]).new_zeros(2)
        if hasattr(t.Tensor, "new_zeros") and hasattr(autodiff.Tensor, "new_zeros")
        else t.zeros(2)
    ),
    lambda t: t.as_tensor([1, 2]),
    lambda t: t.as_tensor(np.ones(2)),
    lambda t: t.as_tensor(np.ones(2), dtype=t.float32),
    lambda t: t.as_tensor(t.ones(2)),
    lambda t: t.as_tensor(2.5),
    lambda t: t.zeros(2, 3),
    lambda t: t.zeros((2, 3)),
    lambda t: t.zeros([2]),
    lambda t: t.zeros(()),
    lambda t: t.zeros(0),
    lambda t: t.zeros(2, dtype=t.int64),
    lambda t: t.zeros(t.Size([2, 1])),
    lambda t: t.zeros(size=(2,)),
    lambda t: t.ones(2, 3),
    lambda t: t.ones((2,), requires_grad=True),
    lambda t: t.ones(2, dtype=t.bool),
    lambda t: t.ones(2, dtype=t.complex64),
    lambda t: t.ones(3, 0),
    lambda t: t.full((2, 2), 3),
    lambda t: t.full((2,), 1.5),
    lambda t: t.full((2,), True),
    lambda t: t.full((2,), 1j),
    lambda t: t.full((), 7),
    lambda t: t.full((2,), 3, dtype=t.float64),
    lambda t: t.full((2,), 2.5, requires_grad=True),
    lambda t: t.full([3], inf),
    lambda t: t.full((2,), t.tensor(2.0)),
    lambda t: t.full(size=(1,), fill_value=2),
    lambda t: t.full((2,), 2.7, dtype=t.int64),
    lambda t: t.eye(3),
    lambda t: t.eye(2, 3),
    lambda t: t.eye(3, 2, dtype=t.int64),
    lambda t: t.eye(0),
    lambda t: t.eye(2, requires_grad=True),
    lambda t: t.eye(n=2, m=1),
    lambda t: t.arange(5),
    lambda t: t.arange(2, 5),
    lambda t: t.arange(0, 10, 3),
    lambda t: t.arange(5, 0, -2),
    lambda t: t.arange(0),
    lambda t: t.arange(2.5),
    lambda t: t.arange(0, 1, 0.1),
    lambda t: t.arange(1, 2, 0.25),
    lambda t: t.arange(0, 1, 0.1, dtype=t.float64),
    lambda t: t.arange(5, dtype=t.float32),
    lambda t: t.arange(5, dtype=t.float16),
    lambda t: t.arange(3.0, requires_grad=True),
    lambda t: t.arange(1, 4, dtype=t.uint8),
    lambda t: t.arange(-3, 3.0),
    lambda t: t.arange(0, 100, 0.3),
    lambda t: t.arange(0, 100, 0.3, dtype=t.float64),
    lambda t: t.arange(start=1, end=3),
    lambda t: t.arange(end=3),
    lambda t: t.arange(0, 2.5, 1, dtype=t.int64),
    lambda t: t.arange(3, 3),
    lambda t: t.arange(10, 0, -0.7),
    lambda t: t.arange(t.tensor(4)),
    lambda t: t.arange(0, 1, 1 / 3),
    lambda t: t.arange(-1, 1, 0.001),
    lambda t: t.arange(-1, 1, 0.001, dtype=t.float64),
    lambda t: t.linspace(0, 1, 5),
    lambda t: t.linspace(0, 1, 11),
    lambda t: t.linspace(-3, 10, 7),
    lambda t: t.linspace(0, 1, 1),
    lambda t: t.linspace(0, 1, 0),
    lambda t: t.linspace(0, 1, 2),
    lambda t: t.linspace(1, 0, 4),
    lambda t: t.linspace(2, 2, 3),
    lambda t: t.linspace(0, 1, 5, dtype=t.float64),
    lambda t: t.linspace(0, 10, 4, dtype=t.int64),
    lambda t: t.linspace(0, 1, 100),
    lambda t: t.linspace(0, 1, 100, dtype=t.float64),
    lambda t: t.linspace(start=0, end=1, steps=3),
    lambda t: t.linspace(-1, 1, 33, requires_grad=True),
    lambda t: t.linspace(0, 1, 5, dtype=t.complex64),
    lambda t: t.linspace(0.1, 0.7, 1000),
    lambda t: t.linspace(0.1, 0.7, 1000, dtype=t.float64),
    lambda t: t.linspace(0, 1, 7, dtype=t.float16),
    lambda t: t.linspace(t.tensor(0.0), 1, 3),
    lambda t: t.linspace(-7, 9, 12, dtype=t.int32),
    lambda t: t.zeros_like(t.ones(2, 3)),
    lambda t: t.ones_like(t.tensor([1, 2])),
    lambda t: t.full_like(t.ones(2), 3),
    lambda t: t.full_like(t.tensor([1, 2]), 2.7),
    lambda t: t.zeros_like(t.ones(2), dtype=t.int64),
    lambda t: t.ones_like(t.ones(2, 3).t()),
    lambda t: t.ones_like(t.ones(2), requires_grad=True),
    lambda t: t.zeros_like(t.ones(2, requires_grad=True)),
    lambda t: t.full_like(t.ones(2), 1.5, dtype=t.float64),
    lambda t: t.zeros_like(input=t.ones(1)),
    lambda t: t.from_numpy(np.arange(3.0)),
    lambda t: t.from_numpy(np.arange(6).reshape(2, 3).T),
    lambda t: t.from_numpy(np.float32([[1]])),
    lambda t: t.from_numpy(np.array(2.0)),
    lambda t: t.from_numpy(np.array([True])),
    lambda t: t.empty(2, 3).shape,
    lambda t: t.empty((2,), dtype=t.int64).dtype,
    lambda t: t.empty_like(t.ones(2, 3)).shape,
    lambda t: t.rand(2, 3).shape,
    lambda t: t.randn(2).dtype,
    lambda t: t.randn(2, dtype=t.float64).dtype,
    lambda t: t.rand(()).shape,
    lambda t: t.rand((2, 3), requires_grad=True).requires_grad,
    lambda t: t.randn(2, dtype=t.complex64).dtype,
    lambda t: t.randint(5, (3,)).dtype,
    lambda t: t.randint(2, 5, (3, 2)).shape,
    lambda t: t.randint(0, 2, (2,), dtype=t.uint8).dtype,
    lambda t: t.randperm(5).sort().values,
    lambda t: t.rand_like(t.ones(2, dtype=t.float64)).dtype,
    lambda t: t.randn_like(t.ones(2, 2)).shape,
    lambda t: t.randint(low=1, high=2, size=(3,)),
    lambda t: t.rand(2, 0),
    lambda t: t.randperm(0),
    lambda t: t.get_default_dtype(),
    lambda t: t.randint(3, 4, (2, 2)),
]

WRONG: list[Callable[[Any], Any]] = [
    lambda t: t.tensor([[1, 2], [3]]),
    lambda t: t.tensor([1, [2]]),
    lambda t: t.tensor([[1], 2]),
    lambda t: t.tensor("a"),
    lambda t: t.tensor(["a", "b"]),
    lambda t: t.tensor(None),
    lambda t: t.tensor([None]),
    lambda t: t.tensor({}),
    lambda t: t.tensor([1, 2], requires_grad=True),
    lambda t: t.tensor(2**70),
    lambda t: t.tensor(object()),
    lambda t: t.ones(2, dtype=t.int64, requires_grad=True),
    lambda t: t.zeros(-1),
    lambda t: t.zeros(2, -3),
    lambda t: t.ones("a"),
    lambda t: t.ones(1.5),
    lambda t: t.full((2,), "a"),
    lambda t: t.eye(-1),
    lambda t: t.eye(2, -1),
    lambda t: t.arange(0, 3, 0),
    lambda t: t.arange(3, 0),
    lambda t: t.arange(0, 3, -1),
    lambda t: t.arange(0, inf),
    lambda t: t.arange(0, nan),
    lambda t: t.linspace(0, 1, -1),
    lambda t: t.from_numpy([1]),
    lambda t: t.from_numpy(np.arange(3)[::-1]),
    lambda t: t.from_numpy(np.array(["a"])),
    lambda t: t.from_numpy(np.array([1, 2], dtype=">i4")),
    lambda t: t.from_numpy(np.array([object()])),
    lambda t: t.zeros_like(2),
    lambda t: t.full_like([1], 2),
    lambda t: t.arange(5, requires_grad=True),
    lambda t: t.randn(2, dtype=t.int64),
    lambda t: t.rand(2, dtype=t.int64),
    lambda t: t.randint(5, 5, (2,)),
    lambda t: t.randint(0, (2,)),
    lambda t: t.randperm(-1),
    lambda t: t.tensor(np.array(["a"])),
    lambda t: t.set_default_dtype(t.int64),
    lambda t: t.tensor([1.0], dtype="float32"),
    lambda t: t.full((-1,), 2.0),
    lambda t: t.zeros((2, "a")),
    lambda t: t.randint(2, 1, (2,)),
    lambda t: t.tensor([t.ones(2), t.ones(3)]),
    lambda t: t.tensor([t.ones(2)]),
]


def assert_close(mine: np.ndarray, theirs: np.ndarray) -> None:
    """Equal; or, far along a range, the last bit apart.

    What PyTorch computes there depends on the width of the machine's vectors: it starts anew
    every 4, 8 or 16 elements, where we round once.
    """
    if mine.dtype.kind not in "fc" or mine.size < 3:
        assert mine.tobytes() == theirs.tobytes()
        return
    largest = np.max(np.abs(theirs[np.isfinite(theirs)]), initial=0)
    with np.errstate(invalid="ignore"):
        distance = np.abs(mine - theirs)
    same = (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))
    assert np.all(same | (distance <= np.spacing(largest)))


def outcome(module: Any, call: Callable[[Any], Any]) -> tuple[Any, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call(module)
        except Exception as error:  # noqa: BLE001 - which errors there are is what is compared
            text = str(error).split("\nException raised from")[0].rstrip()
            result = f"{type(error).__name__}: {text}"
    return result, [str(w.message).split(" (Triggered internally")[0] for w in caught]


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_made_alike(number: int) -> None:
    """Equal to the last bit, and in every fact about them."""
    mine, my_warnings = outcome(autodiff, CALLS[number])
    theirs, their_warnings = outcome(torch, CALLS[number])
    assert my_warnings == their_warnings
    assert repr(mine) == repr(theirs)
    if isinstance(theirs, torch.Tensor):
        left, right = mine.detach().numpy(), theirs.detach().numpy()
        assert left.dtype == right.dtype
        assert left.shape == right.shape
        assert_close(left, right)
        assert mine.requires_grad == theirs.requires_grad
        if theirs.numel():
            assert mine.stride() == theirs.stride()


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_refused_alike(number: int) -> None:
    mine, _ = outcome(autodiff, WRONG[number])
    theirs, _ = outcome(torch, WRONG[number])
    if "invalid combination of arguments" in theirs:  # its list of overloads is PyTorch's own
        mine, theirs = mine.partition(":")[0], theirs.partition(":")[0]
    assert mine == theirs


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "call",
    [
        lambda t, d: t.zeros(2, 2, dtype=d),
        lambda t, d: t.ones(2, dtype=d),
        lambda t, d: t.full((2,), 1, dtype=d),
        lambda t, d: t.eye(2, dtype=d),
        lambda t, d: t.tensor([0, 1, 2], dtype=d),
        lambda t, d: t.ones_like(t.zeros(2, dtype=d)),
        lambda t, d: t.full_like(t.zeros(2, dtype=d), 1),
        lambda t, d: t.full((2,), t.tensor(1, dtype=d)),
    ],
)
def test_every_dtype(call: Callable[[Any, Any], Any], dtype: str) -> None:
    assert repr(call(autodiff, getattr(autodiff, dtype))) == repr(
        call(torch, getattr(torch, dtype))
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_ranges(dtype: str) -> None:
    """arange and linspace over many bounds, steps and lengths, to the last bit of the largest."""
    bounds = [-3.3, -1.0, -0.1, 0.0, 0.7, 1.0, 12.5]
    for start, end in itertools.product(bounds, bounds):
        for step in (0.1, 0.3, 1.0, 1 / 3):
            signed = step if end >= start else -step
            mine = autodiff.arange(start, end, signed, dtype=getattr(autodiff, dtype)).numpy()
            theirs = torch.arange(start, end, signed, dtype=getattr(torch, dtype)).numpy()
            assert_close(mine, theirs)
        for steps in (1, 2, 3, 7, 8, 9, 33, 100, 1001):
            mine = autodiff.linspace(start, end, steps, dtype=getattr(autodiff, dtype)).numpy()
            theirs = torch.linspace(start, end, steps, dtype=getattr(torch, dtype)).numpy()
            assert_close(mine, theirs)
