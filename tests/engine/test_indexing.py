"""Indexing reads what NumPy reads, but that an int beside an index array selects first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff.functions.indexing import resolve

SHAPE = (3, 4, 2)
BASIC = st.one_of(
    st.just(None),
    st.just(Ellipsis),
    st.integers(-2, 1),
    st.builds(slice, st.integers(-4, 4), st.integers(-4, 4), st.integers(1, 3)),
)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(BASIC, max_size=4))
def test_views_are_numpys(parts: list[Any]) -> None:
    if sum(p is Ellipsis for p in parts) > 1 or sum(p not in (None, Ellipsis) for p in parts) > 3:
        return
    array = np.arange(24.0).reshape(SHAPE)
    x = torch.from_numpy(array.copy()).requires_grad_()
    index = tuple(parts)
    found = x[index]
    np.testing.assert_array_equal(found.detach().numpy(), array[index])
    assert found._is_view()
    found.sum().backward()
    counts = np.zeros(SHAPE)
    counts[index] += 1
    np.testing.assert_array_equal(x.grad.numpy(), counts)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(st.integers(-3, 2), min_size=1, max_size=5), st.integers(0, 2), st.booleans())
def test_index_arrays_count_every_repetition(numbers: list[int], axis: int, as_list: bool) -> None:
    size = SHAPE[axis]
    numbers = [n % size for n in numbers]
    array = np.arange(24.0).reshape(SHAPE)
    x = torch.from_numpy(array.copy()).requires_grad_()
    part: Any = numbers if as_list else torch.tensor(numbers)
    index = (*(slice(None),) * axis, part)
    found = x[index]
    plain = (*(slice(None),) * axis, numbers)
    np.testing.assert_array_equal(found.detach().numpy(), array[plain])
    found.sum().backward()
    counts = np.zeros(SHAPE)
    np.add.at(counts, plain, 1)
    np.testing.assert_array_equal(x.grad.numpy(), counts)


def test_an_int_beside_an_array_selects_first() -> None:
    x = torch.arange(24).reshape(SHAPE)
    assert tuple(x[0, :, [0, 1, 1]].shape) == (4, 3)  # NumPy: (3, 4)
    assert resolve((0, slice(None), [0, 1]), SHAPE)[1] is not None


FORMS: list[tuple[Callable[[Any], Any], str, list[int]]] = [
    (lambda x: x[0], "SelectBackward0", [4, 2]),
    (lambda x: x[:2], "SliceBackward0", [2, 4, 2]),
    (lambda x: x[:], "SliceBackward0", [3, 4, 2]),
    (lambda x: x[...], "AliasBackward0", [3, 4, 2]),
    (lambda x: x[:, :], "AliasBackward0", [3, 4, 2]),
    (lambda x: x[None], "UnsqueezeBackward0", [1, 3, 4, 2]),
    (lambda x: x[None, 0], "SelectBackward0", [1, 4, 2]),
    (lambda x: x[0, None], "UnsqueezeBackward0", [1, 4, 2]),
    (lambda x: x[[0]], "IndexBackward0", [1, 4, 2]),
    (lambda x: x[x > 3], "IndexBackward0", [20]),
    (lambda x: x[True], "IndexBackward0", [1, 3, 4, 2]),
    (lambda x: x[False], "IndexBackward0", [0, 3, 4, 2]),
    (lambda x: x[torch.tensor(1)], "SelectBackward0", [4, 2]),
    (lambda x: x.gather(2, torch.zeros(3, 4, 1, dtype=torch.int64)), "GatherBackward0", [3, 4, 1]),
    (lambda x: x.index_select(1, torch.tensor([0, 0])), "IndexSelectBackward0", [3, 2, 2]),
    (lambda x: x.masked_fill(x > 3, 0.0), "MaskedFillBackward0", [3, 4, 2]),
    (lambda x: x.masked_fill(x > 3, torch.tensor(1.0)), "MaskedFillBackward1", [3, 4, 2]),
    (lambda x: x.masked_select(x > 3), "MaskedSelectBackward0", [20]),
    (lambda x: x.narrow(0, -2, 1), "SliceBackward0", [1, 4, 2]),
    (lambda x: x.select(2, -1), "SelectBackward0", [3, 4]),
    (lambda x: x.index_put((torch.tensor([0]),), x[1]), "IndexPutBackward0", [3, 4, 2]),
]


@pytest.mark.parametrize(("read", "name", "shape"), FORMS, ids=[str(i) for i in range(len(FORMS))])
def test_names_and_shapes(read: Callable[[Any], Any], name: str, shape: list[int]) -> None:
    found = read(torch.arange(24.0).reshape(SHAPE).requires_grad_())
    assert type(found.grad_fn).__name__ == name
    assert list(found.shape) == shape


def test_index_put_adds_or_replaces() -> None:
    x = torch.zeros(3, requires_grad=True)
    values = torch.tensor([1.0, 2.0], requires_grad=True)
    twice = (torch.tensor([1, 1]),)
    assert x.index_put(twice, values, accumulate=True).tolist() == [0.0, 3.0, 0.0]
    y = x.index_put((torch.tensor([0, 2]),), values)
    y.backward(torch.tensor([1.0, 2.0, 3.0]))
    assert x.grad.tolist() == [0.0, 2.0, 0.0]
    assert values.grad.tolist() == [1.0, 3.0]


WRONG = [
    (lambda x: x[3], IndexError, "index 3 is out of bounds for dimension 0 with size 3"),
    (lambda x: x[0, 9], IndexError, "index 9 is out of bounds for dimension 1 with size 4"),
    (lambda x: x[0, 0, 0, 0], IndexError, "too many indices for tensor of dimension 3"),
    (lambda x: x[[0, 7]], IndexError, "index 7 is out of bounds for dimension 0 with size 3"),
    (lambda x: x[::-1], ValueError, "step must be greater than zero"),
    (lambda x: x[1.5], IndexError, r"\(got float\)"),
    (
        lambda x: x[x],
        IndexError,
        "tensors used as indices must be long, int, byte or bool tensors",
    ),
    (
        lambda x: x[torch.ones(2) > 0],
        IndexError,
        (
            r"The shape of the mask \[2\] at index 0 does not match the shape of the "
            r"indexed tensor \[3, 4, 2\] at index 0"
        ),
    ),
    (
        lambda x: x[[0, 1], [0, 1, 2]],
        IndexError,
        (
            r"shape mismatch: indexing tensors could not be broadcast together with "
            r"shapes \[2\], \[3\]"
        ),
    ),
    (lambda x: x.index_select(0, torch.tensor([5])), IndexError, "index out of range in self"),
    (
        lambda x: x.masked_fill(torch.ones(3, dtype=torch.int64), 0),
        RuntimeError,
        "only supports boolean masks, but got mask with dtype long int",
    ),
    (lambda x: torch.tensor(1.0)[0], IndexError, "invalid index of a 0-dim tensor."),
    (
        lambda x: x.gather(0, torch.tensor([0])),
        RuntimeError,
        "Index tensor must have the same number of dimensions as input tensor",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), WRONG)
def test_wrong_calls(call: Callable[[Any], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call(torch.zeros(SHAPE))
