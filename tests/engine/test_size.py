"""Size and device."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from autodiff.size import Size, device


def test_size_prints_and_multiplies() -> None:
    size = Size([2, 3])
    assert repr(size) == str(size) == "torch.Size([2, 3])"
    assert repr(Size()) == "torch.Size([])"
    assert (size.numel(), Size().numel(), Size((2, 0)).numel()) == (6, 1, 0)


def test_size_is_a_tuple() -> None:
    size = Size([2, 3])
    assert size == (2, 3)
    assert hash(size) == hash((2, 3))
    assert size[0] == 2
    assert size[-1] == 3
    assert pickle.loads(pickle.dumps(size)) == copy.deepcopy(size) == size
    assert type(pickle.loads(pickle.dumps(size))) is Size


def test_operations_give_sizes() -> None:
    size = Size([2, 3])
    tail = (4,)
    made = [size[1:], size + tail, tail + size, size * 2, 2 * size]
    assert made == [(3,), (2, 3, 4), (4, 2, 3), (2, 3, 2, 3), (2, 3, 2, 3)]
    assert all(type(each) is Size for each in made)


def test_lengths_become_plain_ints() -> None:
    size = Size((np.int64(3), True))
    assert repr(size) == "torch.Size([3, 1])"
    assert [type(length) for length in size] == [int, int]


@pytest.mark.parametrize("bad", [1.5, "a", None])
def test_other_lengths_are_refused(bad: Any) -> None:
    name = type(bad).__name__
    message = rf"^torch\.Size\(\) takes an iterable of 'int' \(item 1 is '{name}'\)$"
    with pytest.raises(TypeError, match=message):
        Size([2, bad])
    tail = (bad,)
    with pytest.raises(TypeError, match=message):
        _ = Size([2]) + tail


def test_lists_are_not_added() -> None:
    listed: Any = [3]
    with pytest.raises(TypeError, match=r"can only concatenate tuple \(not list\) to torch\.Size"):
        _ = Size([2]) + listed
    with pytest.raises(TypeError, match="can only concatenate list"):
        _ = listed + Size([2])


@pytest.mark.parametrize(
    ("made", "shown", "name"),
    [
        (device("cpu"), "device(type='cpu')", "cpu"),
        (device("cuda:0"), "device(type='cuda', index=0)", "cuda:0"),
        (device("cuda", 1), "device(type='cuda', index=1)", "cuda:1"),
        (device(type="cuda", index=2), "device(type='cuda', index=2)", "cuda:2"),
        (device(device("mps")), "device(type='mps')", "mps"),
    ],
)
def test_device(made: device, shown: str, name: str) -> None:
    assert repr(made) == shown
    assert str(made) == name
    assert made == device(name)
    assert hash(made) == hash(device(name))
    assert pickle.loads(pickle.dumps(made)) == copy.copy(made) == made


def test_device_equality() -> None:
    assert device("cpu") != device("cpu:0")
    assert device("cpu") != "cpu"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Device string must not be empty"),
        ("foo", "Expected one of cpu, cuda, ipu, .* at start of device string: foo"),
        ("CPU", "device type at start of device string: CPU"),
        ("cuda:", "Invalid device string: 'cuda:'"),
        ("cuda:-1", "Invalid device string: 'cuda:-1'"),
        ("cuda:01", "Invalid device string: 'cuda:01'"),
        ("cuda:x", "Invalid device string: 'cuda:x'"),
        ("cuda:0:1", "Invalid device string: 'cuda:0:1'"),
        (" cpu", "Invalid device string: ' cpu'"),
        ("cuda:99999999999999", "Could not parse device index '99999999999999'"),
    ],
)
def test_device_strings_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        device(text)


def test_device_arguments_that_are_refused() -> None:
    with pytest.raises(RuntimeError, match=r"must not include an index .* explicitly: cpu:0"):
        device("cpu:0", 1)
    with pytest.raises(RuntimeError, match="Device index must not be negative"):
        device("cuda", -1)
    with pytest.raises(RuntimeError, match="at most 127; got 128"):
        device("cuda", 128)
    with pytest.raises(TypeError, match=r"'index' \(position 2\) must be int, not str"):
        device("cuda", "x")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"must be str, not torch\.device"):
        device(device("cpu"), 0)
    with pytest.raises(TypeError, match=r"must be str or torch\.device, not float"):
        device(1.5)  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match=r"attribute 'type' of 'torch\.device' objects"):
        device("cpu").type = "cuda"
    with pytest.raises(AttributeError, match=r"attribute 'type' of 'torch\.device' objects"):
        del device("cpu").type


def test_arrays_are_added_and_multiplied_elementwise() -> None:
    array: Any = np.array([1, 2])
    assert (Size([2]) + array).tolist() == [3, 4]
    assert (Size([2]) * array).tolist() == [2, 4]
    with pytest.raises(TypeError, match="can't multiply sequence by non-int of type 'float'"):
        _ = Size([2]) * 1.5  # type: ignore[operator]
