"""Grad mode: in every form, restored however it is left."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from typing import Any

import pytest

import autodiff as torch


def enabled() -> bool:
    return torch.is_grad_enabled()


def test_blocks_nest_and_restore() -> None:
    with torch.no_grad():
        assert not enabled()
        with torch.enable_grad():
            assert enabled()
            with torch.set_grad_enabled(False):
                assert not enabled()
            assert enabled()
        assert not enabled()
    assert enabled()


@pytest.mark.parametrize("mode", [torch.no_grad, lambda: torch.set_grad_enabled(False)])
def test_exceptions_restore(mode: Any) -> None:
    with pytest.raises(ValueError, match="stop"), mode():
        raise ValueError("stop")
    assert enabled()


def test_calls() -> None:
    torch.set_grad_enabled(False)
    try:
        assert not enabled()
    finally:
        torch.set_grad_enabled(True)
    before = torch.set_grad_enabled(False)
    with before:
        assert not enabled()
    assert enabled()


def test_decorators() -> None:
    @torch.no_grad()
    def first() -> bool:
        """Its text."""
        return enabled()

    @torch.no_grad
    def second() -> bool:
        return enabled()

    @torch.set_grad_enabled(False)
    def third() -> bool:
        return enabled()

    assert enabled()
    assert not any([first(), second(), third()])
    assert first.__name__ == "first"
    assert first.__doc__ == "Its text."
    with torch.no_grad():
        assert torch.enable_grad()(enabled)()
    assert enabled()


def test_generators() -> None:
    closed: list[bool] = []

    @torch.no_grad()
    def steps() -> Iterator[Any]:
        try:
            sent = yield enabled()
            with torch.enable_grad():
                yield enabled(), sent
            try:
                yield enabled()
            except KeyError:
                yield "caught", enabled()
        finally:
            closed.append(enabled())

    run = steps()
    assert next(run) is False
    assert enabled()
    assert run.send(5) == (True, 5)
    assert enabled()
    assert next(run) is False
    assert run.throw(KeyError()) == ("caught", False)
    run.close()
    assert closed == [False]
    assert enabled()


def test_nothing_is_recorded() -> None:
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        y = x * 2
        made = torch.ones(2, requires_grad=True)
    assert not y.requires_grad
    assert y.is_leaf
    assert made.requires_grad


def test_other_contexts_keep_their_own() -> None:
    with torch.no_grad():
        inside = contextvars.copy_context()
        fresh = contextvars.Context()
        assert inside.run(enabled) is False
        assert fresh.run(enabled) is True


def test_a_failing_backward_restores() -> None:
    x = torch.ones(2, requires_grad=True)
    y = x * x
    y.register_hook(lambda g: 1 / 0)
    with torch.no_grad(), pytest.raises(ZeroDivisionError):
        torch.autograd.grad(y.sum() if enabled() else y, x, torch.ones(2), create_graph=True)
    assert enabled()


def test_wrong_modes() -> None:
    with pytest.raises(TypeError):
        torch.set_grad_enabled("no")  # type: ignore[arg-type]
    assert enabled()
