"""Inference mode: what is made in it, and where that may be used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import autodiff as torch


def test_what_is_made_is_marked() -> None:
    x = torch.ones(2, requires_grad=True)
    base = torch.ones(2)
    with torch.inference_mode():
        assert torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled() is False
        made = [torch.zeros(2), torch.tensor([1.0]), x * 2, x + base, base + 1, x.sum(), x @ x]
        views = [x[:1], base[0], base.view(1, 2)]
    assert all(one.is_inference() for one in made)
    assert not any(one.is_inference() for one in views)
    assert not any(one.requires_grad for one in made)
    assert not torch.is_inference_mode_enabled()
    assert torch.is_grad_enabled() is True
    assert not (x * 2).is_inference()


def test_no_version_counter() -> None:
    with torch.inference_mode():
        x = torch.ones(2)
        x.add_(1)
    assert x.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match=r"^Inference tensors do not track version counter\.$"):
        _ = x._version
    assert x[0].is_inference()
    assert x.detach().is_inference()
    assert x.data.is_inference()
    assert not x.clone().is_inference()


def test_they_cannot_be_saved() -> None:
    w = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        x = torch.ones(2)
    assert (w + x).requires_grad
    for use in (lambda: w * x, lambda: w @ x, lambda: torch.maximum(w, x)):
        with pytest.raises(RuntimeError, match=r"^Inference tensors cannot be saved for backward"):
            use()
    (w * x.clone()).sum().backward()
    assert w.grad.tolist() == [1.0, 1.0]


def test_they_cannot_be_written_to_or_need_a_gradient_outside() -> None:
    with torch.inference_mode():
        x = torch.ones(2)
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside"):
        x[0] = 3.0
    with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor"):
        x.requires_grad_()
    with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor"):
        torch.nn.Parameter(x)
    assert x.tolist() == [1.0, 1.0]
    with torch.inference_mode():
        assert x.add_(1).tolist() == [2.0, 2.0]


def test_views_made_inside_cannot_be_written_to_outside() -> None:
    y = torch.ones(2, requires_grad=True) * 1
    with torch.inference_mode():
        view = y[:1]
    with pytest.raises(RuntimeError, match="A view was created in inference mode and is being"):
        view.add_(1)


def test_other_modes_inside() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode(), torch.enable_grad():
        assert torch.is_grad_enabled()
        assert not (x * 2).requires_grad
    with torch.inference_mode(), torch.inference_mode(False):
        assert (x * 2).requires_grad
        assert torch.is_grad_enabled()


@torch.inference_mode()
def _in_mode() -> bool:
    return torch.is_inference_mode_enabled()


@torch.inference_mode
def _bare() -> bool:
    return torch.is_inference_mode_enabled()


@torch.inference_mode()
def _steps() -> Iterator[bool]:
    yield torch.is_inference_mode_enabled()
    yield torch.ones(1).is_inference()


def test_decorators() -> None:
    assert _in_mode()
    assert _bare()
    assert list(_steps()) == [True, True]
    assert [torch.is_inference_mode_enabled() for _ in _steps()] == [False, False]


def test_an_error_ends_the_mode() -> None:
    with pytest.raises(ZeroDivisionError), torch.inference_mode():
        raise ZeroDivisionError
    assert not torch.is_inference_mode_enabled()
