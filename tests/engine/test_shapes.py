"""Shapes: each rearrangement is NumPy's, its gradient puts everything back, its name PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as torch

FORMS: list[tuple[Callable[[Any], Any], Callable[[Any], Any], str, bool]] = [
    (lambda x: x.view(6, 4), lambda a: a.reshape(6, 4), "ViewBackward0", True),
    (lambda x: x.reshape(-1, 2), lambda a: a.reshape(-1, 2), "ViewBackward0", True),
    (
        lambda x: x.mT.reshape(24),
        lambda a: a.transpose(0, 2, 1).reshape(24),
        "UnsafeViewBackward0",
        False,
    ),
    (
        lambda x: x.mT.reshape(2, 4, 3),
        lambda a: a.transpose(0, 2, 1),
        "ReshapeAliasBackward0",
        True,
    ),
    (lambda x: x.flatten(1), lambda a: a.reshape(2, 12), "ViewBackward0", True),
    (lambda x: x.transpose(0, 2), lambda a: a.transpose(2, 1, 0), "TransposeBackward0", True),
    (lambda x: x.permute(2, 0, 1), lambda a: a.transpose(2, 0, 1), "PermuteBackward0", True),
    (lambda x: x[0].t(), lambda a: a[0].T, "TBackward0", True),
    (lambda x: x[0].T, lambda a: a[0].T, "PermuteBackward0", True),
    (lambda x: x.movedim(0, 2), lambda a: np.moveaxis(a, 0, 2), "PermuteBackward0", True),
    (lambda x: x.unsqueeze(1), lambda a: a[:, None], "UnsqueezeBackward0", True),
    (lambda x: x[:1].squeeze(), lambda a: a[0], "SqueezeBackward0", True),
    (lambda x: x[:1].squeeze(0), lambda a: a[0], "SqueezeBackward1", True),
    (lambda x: x[:1].squeeze((0, 1)), lambda a: a[0], "SqueezeBackward2", True),
    (
        lambda x: x[:1].expand(3, 3, 4),
        lambda a: np.broadcast_to(a[:1], (3, 3, 4)),
        "ExpandBackward0",
        True,
    ),
    (lambda x: x.flip(0, 2), lambda a: a[::-1, :, ::-1], "FlipBackward0", False),
    (lambda x: x.roll(1), lambda a: np.roll(a, 1), "RollBackward0", False),
    (
        lambda x: x.roll((1, 2), (0, 2)),
        lambda a: np.roll(a, (1, 2), (0, 2)),
        "RollBackward0",
        False,
    ),
    (lambda x: x.tril(1), lambda a: np.tril(a, 1), "TrilBackward0", False),
    (lambda x: x.triu(-1), lambda a: np.triu(a, -1), "TriuBackward0", False),
    (lambda x: x.diagonal(1, 1, 2), lambda a: a.diagonal(1, 1, 2), "DiagonalBackward0", True),
    (lambda x: x.clone(), lambda a: a, "CloneBackward0", False),
    (lambda x: torch.cat([x, x], 1), lambda a: np.concatenate([a, a], 1), "CatBackward0", False),
    (lambda x: torch.stack([x, x], -1), lambda a: np.stack([a, a], -1), "StackBackward0", False),
    (lambda x: x.split(2, 2)[1], lambda a: a[..., 2:], "SplitBackward0", True),
    (lambda x: x.split([1, 3], 2)[1], lambda a: a[..., 1:], "SplitWithSizesBackward0", True),
    (lambda x: x.chunk(3, 2)[0], lambda a: a[..., :2], "SplitBackward0", True),
    (lambda x: x.unbind(1)[2], lambda a: a[:, 2], "UnbindBackward0", True),
    (lambda x: x.ravel(), lambda a: a.ravel(), "ViewBackward0", True),
    (lambda x: x.unflatten(2, (2, -1)), lambda a: a.reshape(2, 3, 2, 2), "ViewBackward0", True),
    (lambda x: x.swapaxes(0, 1), lambda a: a.swapaxes(0, 1), "TransposeBackward0", True),
]


@pytest.mark.parametrize(("move", "plain", "name", "view"), FORMS)
def test_moves(
    move: Callable[[Any], Any], plain: Callable[[Any], Any], name: str, view: bool
) -> None:
    array = np.arange(1.0, 25.0).reshape(2, 3, 4)
    x = torch.from_numpy(array.copy()).requires_grad_()
    found = move(x)
    np.testing.assert_array_equal(found.detach().numpy(), plain(array))
    assert type(found.grad_fn).__name__ == name
    assert found._is_view() is view
    weight = np.arange(found.numel(), dtype=float).reshape(tuple(found.shape))
    found.backward(torch.from_numpy(weight))
    # a linear map: the gradient at each element is the weight of where that element goes
    expected = np.zeros(24)
    for place, unit in enumerate(np.eye(24)):
        expected[place] = (plain(unit.reshape(2, 3, 4)) * weight).sum()
    np.testing.assert_array_equal(x.grad.numpy().ravel(), expected)


def test_contiguous_is_row_major() -> None:
    x = torch.arange(6.0).reshape(2, 3).t()
    assert not x.is_contiguous()
    copy = x.contiguous()
    assert copy.is_contiguous()
    assert copy.view(-1).tolist() == [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]
    assert copy.contiguous() is copy


def test_cat_takes_dtypes_together_and_drops_empty_vectors() -> None:
    x = torch.ones(2, 2)
    assert torch.cat([torch.zeros(0), x]).shape == (2, 2)
    assert torch.cat([x, torch.zeros(0, dtype=torch.float64)]).dtype is torch.float64
    assert torch.cat([x, torch.ones(1, 2, dtype=torch.int64)]).dtype is torch.float32


def test_dot_T_warns_beyond_matrices() -> None:
    with pytest.warns(UserWarning, match="The use of `x.T` on tensors of dimension other than 2"):
        assert torch.ones(2, 3, 4).T.shape == (4, 3, 2)
    with pytest.warns(UserWarning, match="Tensor.T is deprecated on 0-D tensors"):
        assert torch.tensor(1.0).T.shape == ()


WRONG = [
    (lambda x: x.view(5), RuntimeError, r"shape '\[5\]' is invalid for input of size 6"),
    (lambda x: x.view(-1, -1), RuntimeError, "only one dimension can be inferred"),
    (
        lambda x: x.t().view(6),
        RuntimeError,
        "view size is not compatible with input tensor's size and stride",
    ),
    (
        lambda x: x.expand(3, 3),
        RuntimeError,
        (
            r"The expanded size of the tensor \(3\) must match the existing size "
            r"\(2\) at non-singleton dimension 0.  Target sizes: \[3, 3\].  Tensor sizes: \[2, 3\]"
        ),
    ),
    (lambda x: x.transpose(0, 2), IndexError, "Dimension out of range"),
    (lambda x: x.permute(0, 0), RuntimeError, "duplicate dims are not allowed"),
    (
        lambda x: torch.cat([x, torch.ones(2)]),
        RuntimeError,
        "Tensors must have same number of dimensions: got 2 and 1",
    ),
    (lambda x: torch.cat([]), ValueError, "expected a non-empty list of Tensors"),
    (lambda x: torch.stack([]), RuntimeError, "stack expects a non-empty TensorList"),
    (
        lambda x: torch.cat([x, torch.ones(3, 2)]),
        RuntimeError,
        (
            "Sizes of tensors must match except in dimension 0. Expected size 3 but "
            "got size 2 for tensor number 1 in the list."
        ),
    ),
    (
        lambda x: torch.stack([x, x[0]]),
        RuntimeError,
        (
            r"stack expects each tensor to be equal size, but got \[2, 3\] at entry 0 "
            r"and \[3\] at entry 1"
        ),
    ),
    (lambda x: x.split(0), RuntimeError, "split_size can only be 0 if dimension size is 0"),
    (
        lambda x: x.split([1, 2]),
        RuntimeError,
        "split_with_sizes expects split_sizes to sum exactly to 2",
    ),
    (
        lambda x: x.roll((1, 2), 0),
        RuntimeError,
        "shifts and dimensions must align. shifts: 2, dims:1",
    ),
    (lambda x: x[0].tril(), RuntimeError, "tril: input tensor must have at least 2 dimensions"),
]


@pytest.mark.parametrize(("call", "kind", "text"), WRONG)
def test_wrong_calls(call: Callable[[Any], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call(torch.ones(2, 3))
