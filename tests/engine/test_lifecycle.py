"""Copies, pickles, conversions to Python, and tensors made like another."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import autodiff as torch


def both(value: Any) -> list[Any]:
    return [copy.deepcopy(value), pickle.loads(pickle.dumps(value))]


def test_views_of_one_memory_stay_so_in_deep_copies() -> None:
    base = torch.arange(6.0).view(2, 3)
    view = base[:, 1:]
    for shared, (a, b) in zip((True, False), both((base, view)), strict=True):
        assert b.stride() == (3, 1)
        b.add_(1)
        assert a.tolist() == ([[0, 2, 3], [3, 5, 6]] if shared else base.tolist())
        assert not b._is_view()
    assert base.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    "made",
    [
        lambda: torch.tensor(2.0),
        lambda: torch.zeros(0, 3),
        lambda: torch.ones(2, 3).t(),
        lambda: torch.ones(1).expand(3),
        lambda: torch.ones(2, dtype=torch.bfloat16),
        lambda: torch.tensor([1 + 2j]),
        lambda: torch.tensor([True, False]),
        lambda: torch.arange(10)[3::2],
    ],
)
def test_layout_and_elements_survive(made: Any) -> None:
    original = made()
    for found in both(original):
        assert found.tolist() == original.tolist()
        assert (found.dtype, found.shape) == (original.dtype, original.shape)
        assert found.stride() == original.stride()
        assert found.data_ptr() != original.data_ptr() or not original.numel()


def test_gradients_and_attributes() -> None:
    x = torch.ones(2, requires_grad=True)
    x.grad = torch.tensor([3.0, 4.0])
    x.label = ["name"]
    deep, pickled = both(x)
    shallow = copy.copy(x)
    assert deep.grad.tolist() == [3.0, 4.0]
    assert deep.grad is not x.grad
    assert pickled.grad is None
    assert shallow.grad is None
    assert deep.label == pickled.label == shallow.label == ["name"]
    assert deep.label is not x.label
    assert all(t.requires_grad and t.is_leaf for t in (deep, pickled, shallow))
    assert shallow.data_ptr() == x.data_ptr()


def test_what_is_not_a_leaf() -> None:
    y = torch.ones(2, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match=r"^Only Tensors created explicitly by the user"):
        copy.deepcopy(y)
    for found in (copy.copy(y), pickle.loads(pickle.dumps(y))):
        assert found.is_leaf
        assert found.requires_grad


def test_memo_of_deepcopy() -> None:
    x = torch.ones(2, requires_grad=True)
    first, second = copy.deepcopy([x, x])
    assert first is second


def test_pickling_a_hook_warns() -> None:
    x = torch.ones(2, requires_grad=True)
    x.register_hook(lambda g: g)
    with pytest.warns(UserWarning, match="will not be serialized"):
        pickle.dumps(x)


def test_conversions_to_python() -> None:
    assert complex(torch.tensor(1 + 2j)) == 1 + 2j
    assert float(torch.tensor(1 + 0j)) == 1.0
    with pytest.raises(RuntimeError, match="type double without overflow"):
        float(torch.tensor(1 + 2j))
    with pytest.raises(RuntimeError, match="type int64_t without overflow"):
        int(torch.tensor(1 + 2j))
    with pytest.raises(ValueError, match="cannot convert float NaN to integer"):
        int(torch.tensor(float("nan")))
    with pytest.raises(TypeError, match="argument 'force' must be bool, not int"):
        torch.ones(1).numpy(force=1)
    assert torch.ones(1, requires_grad=True).numpy(force=True).tolist() == [1.0]


def test_made_like_another() -> None:
    x = torch.ones(2, dtype=torch.float64)
    assert x.new_zeros(2, 1).tolist() == [[0.0], [0.0]]
    assert x.new_ones((2,), dtype=torch.int64).dtype is torch.int64
    assert x.new_full((1,), 3).dtype is torch.float64
    assert x.new_empty(0).shape == (0,)
    assert x.new_tensor([1, 2], requires_grad=True).dtype is torch.float64
    with pytest.warns(UserWarning, match=r"rather than tensor\.new_tensor\(sourceTensor\)"):
        x.new_tensor(x)
    assert torch.tensor([1]).type_as(x).dtype is torch.float64
    assert x.type("torch.IntTensor").dtype is torch.int32
    with pytest.raises(ValueError, match=r"^invalid type: 'x'$"):
        x.type("x")


def test_small_facts() -> None:
    x = torch.ones(2, 3)
    assert (x.nbytes, x.element_size(), x.nelement(), x.ndimension()) == (24, 4, 6, 2)
    assert x.is_signed()
    assert x.is_cpu
    assert not x.is_cuda
    assert x.get_device() == -1
    assert x.is_same_size(torch.zeros(2, 3))
    assert x.equal(x.clone())
    assert not x.equal(torch.ones(3))
    assert x.is_set_to(x.view(2, 3))
    assert not x.is_set_to(x.clone())
    assert x.allclose(x + 1e-9)
    assert torch.tensor([3.0]).is_nonzero()


def test_resizing() -> None:
    x = torch.arange(4.0)
    assert x.resize_(2, 3).shape == (2, 3)
    assert x.reshape(-1)[:4].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert x._version == 1
    assert x.resize_as_(torch.ones(2)).tolist() == [0.0, 1.0]
    with pytest.raises(RuntimeError, match=r"^cannot resize variables that require grad$"):
        torch.ones(2, requires_grad=True).resize_(3)
    with pytest.raises(RuntimeError, match="is shared with another tensor"):
        torch.ones(4)[:2].resize_(3)


def test_out() -> None:
    kept = torch.empty(2)
    assert torch.add(torch.ones(2), 1, out=kept) is kept
    assert kept.tolist() == [2.0, 2.0]
    assert kept._version == 1
    with pytest.raises(RuntimeError, match=r"^exp\(\): functions with out=\.\.\. arguments don't"):
        torch.exp(torch.ones(2, requires_grad=True), out=kept)
    with pytest.raises(RuntimeError, match=r"^result type Float can't be cast"):
        torch.exp(torch.ones(2), out=torch.empty(2, dtype=torch.int64))
    with pytest.warns(UserWarning, match=r"^An output with one or more elements was resized"):
        assert torch.exp(torch.zeros(3), out=kept).tolist() == [1.0, 1.0, 1.0]
    assert torch.exp(torch.zeros(3), out=torch.empty(0)).tolist() == [1.0, 1.0, 1.0]
    base = torch.arange(4.0)
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        torch.add(base[:3], 1, out=base[1:])
    with torch.no_grad():
        x = torch.ones(2, requires_grad=True)
        assert torch.mul(x, 3, out=x).tolist() == [3.0, 3.0]
    values, indices = torch.max(torch.eye(2), 0, out=(torch.empty(2), torch.empty(2).long()))
    assert values.tolist() == [1.0, 1.0]
    assert indices.tolist() == [0, 1]
    with pytest.raises(TypeError, match=r"^exp\(\): argument 'out' must be Tensor, not int$"):
        torch.exp(torch.ones(2), out=3)
