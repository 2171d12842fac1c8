"""Losses and normalised exponentials: by their definitions, and without overflow."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff import autograd
from autodiff.nn import functional

ROWS = st.lists(st.floats(-50, 50), min_size=2, max_size=6)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(ROWS)
def test_softmax_and_its_logarithm(row: list[float]) -> None:
    """Values and Jacobian against 40 digits, relative to the largest element."""
    x = torch.tensor(row, dtype=torch.float64, requires_grad=True)
    with mpmath.workdps(40):
        powers = [mpmath.exp(v) for v in row]
        shares = [p / mpmath.fsum(powers) for p in powers]
        logs = [mpmath.log(s) for s in shares]
    found, log_found = torch.softmax(x, 0), torch.log_softmax(x, 0)
    np.testing.assert_allclose(found.tolist(), [float(s) for s in shares], rtol=2e-15 * 64)
    np.testing.assert_allclose(
        log_found.tolist(), [float(v) for v in logs], rtol=1e-15, atol=3e-14
    )
    for i in range(len(row)):
        (slope,) = autograd.grad(found[i], x, retain_graph=True)
        (log_slope,) = autograd.grad(log_found[i], x, retain_graph=True)
        for j, (one, log_one) in enumerate(zip(slope.tolist(), log_slope.tolist(), strict=True)):
            exact = shares[i] * ((i == j) - shares[j])
            assert abs(one - float(exact)) <= 1e-14
            assert abs(log_one - float((i == j) - shares[j])) <= 1e-13


def test_nothing_overflows() -> None:
    x = torch.tensor([1e4, 0.0, -1e4])
    assert torch.softmax(x, 0).tolist() == [1.0, 0.0, 0.0]
    assert torch.log_softmax(x, 0).tolist() == [0.0, -1e4, -2e4]
    assert functional.cross_entropy(x, torch.tensor(2)).item() == 2e4


def reference(
    x: np.ndarray, classes: np.ndarray, weight: np.ndarray, ignore: int, smoothing: float
) -> tuple[np.ndarray, np.ndarray]:
    """The losses and their weights, example by example, as the definition says."""
    count = x.shape[1]
    losses, weights = np.zeros(len(x)), np.zeros(len(x))
    for i, (row, k) in enumerate(zip(x, classes, strict=True)):
        if k == ignore:
            continue
        logs = row - math.log(math.fsum(math.exp(v) for v in row))
        plain = -logs[k] * weight[k]
        losses[i] = (1 - smoothing) * plain - smoothing / count * (logs * weight).sum()
        weights[i] = weight[k]
    return losses, weights


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
@pytest.mark.parametrize("ignore", [-100, 1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_cross_entropy(smoothing: float, ignore: int, weighted: bool, reduction: str) -> None:
    x = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.5], [0.0, 1.0, -2.0], [3.0, 2.0, 1.0]])
    classes = np.array([2, 1, 0, 2])
    weight = np.array([0.5, 2.0, 1.5]) if weighted else np.ones(3)
    losses, weights = reference(x, classes, weight, ignore, smoothing)
    expected = {"none": losses, "sum": losses.sum(), "mean": losses.sum() / weights.sum()}
    options: dict[str, Any] = {"ignore_index": ignore, "label_smoothing": smoothing}
    if weighted:
        options["weight"] = torch.from_numpy(weight)
    found = functional.cross_entropy(
        torch.from_numpy(x), torch.from_numpy(classes), reduction=reduction, **options
    )
    np.testing.assert_allclose(found.numpy(), expected[reduction], rtol=1e-14)
    # the same over images: classes in the second of four dimensions
    images = torch.from_numpy(np.ascontiguousarray(x.T).reshape(1, 3, 2, 2))
    again = functional.cross_entropy(
        images, torch.from_numpy(classes.reshape(1, 2, 2)), reduction=reduction, **options
    )
    np.testing.assert_allclose(again.numpy().ravel(), np.ravel(expected[reduction]), rtol=1e-14)


def test_probabilities_of_one_class_are_that_class() -> None:
    x = torch.tensor([[0.5, -1.0, 2.0]], dtype=torch.float64)
    one_hot = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64)
    by_class = functional.cross_entropy(x, torch.tensor([2]))
    assert functional.cross_entropy(x, one_hot).item() == pytest.approx(by_class.item(), rel=1e-15)


def test_ignoring_everything_teaches_nothing() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    loss = functional.cross_entropy(x, torch.tensor([-100, -100]))
    loss.backward()
    assert math.isnan(loss.item())
    assert x.grad.tolist() == [[0.0] * 3] * 2


def test_mean_squared_error() -> None:
    x, y = torch.tensor([1.0, 4.0], requires_grad=True), torch.tensor([2.0, 2.0])
    loss = functional.mse_loss(x, y)
    loss.backward()
    assert (loss.item(), x.grad.tolist()) == (2.5, [-1.0, 2.0])
    assert functional.mse_loss(x, y, reduction="none").tolist() == [1.0, 4.0]
    assert functional.mse_loss(x, y, reduction="sum").item() == 5.0
    with pytest.warns(UserWarning, match="Using a target size"):
        functional.mse_loss(x, y[:1])


NAMES = [
    (functional.cross_entropy, "NllLossBackward0"),
    (lambda x, k: functional.cross_entropy(x[..., None], k[:, None]), "NllLoss2DBackward0"),
    (lambda x, k: functional.mse_loss(x, x.detach()), "MseLossBackward0"),
    (lambda x, k: functional.cross_entropy(x, x.detach().softmax(1)), "DivBackward1"),
    (lambda x, k: functional.nll_loss(x, k, reduction="none"), "NllLossBackward0"),
]


@pytest.mark.parametrize(("function", "name"), NAMES)
def test_names_of_nodes(function: Callable[[Any, Any], Any], name: str) -> None:
    found = function(torch.ones(2, 3, requires_grad=True), torch.tensor([0, 2]))
    assert type(found.grad_fn).__name__ == name


WRONG = [
    (
        lambda x: functional.cross_entropy(x, torch.tensor([0, 1, 2])),
        ValueError,
        r"Expected input batch_size \(2\) to match target batch_size \(3\).",
    ),
    (
        lambda x: functional.cross_entropy(x, torch.tensor([0, 3])),
        IndexError,
        "Target 3 is out of bounds.",
    ),
    (
        lambda x: functional.cross_entropy(x, torch.tensor([0, 1]), reduction="all"),
        ValueError,
        "all is not a valid value for reduction",
    ),
    (
        lambda x: functional.cross_entropy(x, x.long()),
        RuntimeError,
        "Expected floating point type for target with class probabilities, got Long",
    ),
    (
        lambda x: functional.cross_entropy(x, torch.tensor([0, 1]), torch.ones(2)),
        RuntimeError,
        "weight tensor should be defined either for all 3 classes",
    ),
    (
        lambda x: functional.cross_entropy(x, torch.tensor([0, 1]), label_smoothing=2.0),
        RuntimeError,
        "label_smoothing must be between 0.0 and 1.0. Got: 2",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), WRONG)
def test_wrong_calls(call: Callable[[Any], Any], kind: type[Exception], text: str) -> None:
    with warnings.catch_warnings(), pytest.raises(kind, match=text):
        call(torch.ones(2, 3))
