"""Anomaly mode: the forward call behind a failing backward."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import autodiff as torch
from autodiff.autograd import Function, detect_anomaly, grad, set_detect_anomaly


def said(function: Any) -> tuple[Exception | None, list[str]]:
    """The error and the warnings."""
    error = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            function()
        except Exception as raised:  # noqa: BLE001 - the tests look at it
            error = raised
    return error, [str(one.message) for one in caught]


def test_nan_is_found_and_its_forward_call_shown() -> None:
    def run() -> None:
        with set_detect_anomaly(True):
            x = torch.tensor([-1.0, 2.0], requires_grad=True)
            y = x.sqrt()
            y.sum().backward()

    error, messages = said(run)
    assert str(error) == "Function 'SqrtBackward0' returned nan values in its 0th output."
    assert len(messages) == 1
    assert messages[0].startswith("Error detected in SqrtBackward0. Traceback of forward call")
    assert messages[0].rstrip().endswith("y = x.sqrt()")


def test_detect_anomaly_warns_and_ends() -> None:
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        mode = detect_anomaly(check_nan=False)
    assert not torch.is_anomaly_enabled()
    with mode:
        assert torch.is_anomaly_enabled()
        assert not torch.is_anomaly_check_nan_enabled()
        x = torch.tensor([-1.0], requires_grad=True)
        x.sqrt().backward()
        assert x.grad.isnan().all()
    assert not torch.is_anomaly_enabled()
    assert torch.is_anomaly_check_nan_enabled()


def test_set_detect_anomaly_at_once() -> None:
    set_detect_anomaly(True)
    with torch.no_grad():
        assert torch.is_anomaly_enabled()
    set_detect_anomaly(False)
    assert not torch.is_anomaly_enabled()
    assert torch.is_grad_enabled() is True


def test_without_forward_information() -> None:
    y = torch.tensor([-1.0], requires_grad=True).sqrt()

    def run() -> None:
        with set_detect_anomaly(True):
            y.backward()

    error, messages = said(run)
    assert "SqrtBackward0" in str(error)
    assert "No forward pass information available. Enable detect anomaly" in messages[0]


def test_a_write_to_a_saved_value_is_placed() -> None:
    def run() -> None:
        with set_detect_anomaly(True):
            x = torch.tensor([1.0], requires_grad=True)
            y = x.exp()
            y.add_(1)
            y.backward()

    error, messages = said(run)
    assert str(error).endswith("was changed in there or anywhere later. Good luck!")
    assert messages[0].rstrip().endswith("y = x.exp()")


class Failing(Function):
    """Passes its input on; its backward raises."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        raise ValueError("mine")


class FailingLater(Function):
    """Passes its input on; the backward of its backward raises."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return Failing.apply(g)


def test_the_backward_that_a_node_was_made_in_is_shown() -> None:
    def run() -> None:
        with set_detect_anomaly(True):
            x = torch.tensor([2.0], requires_grad=True)
            y = FailingLater.apply(x * x)
            (g,) = grad(y * y, x, create_graph=True)
            (g * g).backward()

    error, messages = said(run)
    assert isinstance(error, ValueError)
    assert "Error detected in FailingBackward." in messages[0]
    assert "Previous calculation was induced by FailingLaterBackward. Traceback of" in messages[0]
    assert messages[0].rstrip().endswith("y = FailingLater.apply(x * x)")


def test_errors_of_users_are_passed_on() -> None:
    def run() -> None:
        with set_detect_anomaly(True):
            Failing.apply(torch.ones(1, requires_grad=True)).backward()

    error, messages = said(run)
    assert isinstance(error, ValueError)
    assert messages[0].startswith("Error detected in FailingBackward.")


def test_notes_are_in_the_metadata() -> None:
    with set_detect_anomaly(True):
        y = torch.ones(1, requires_grad=True) * 2
    assert list(y.grad_fn.metadata) == ["traceback_"]
