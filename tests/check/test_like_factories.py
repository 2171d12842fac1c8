"""`zeros_like` and its kind in a function that is traced on the oracle's tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autodiff
from reference import check


@pytest.mark.parametrize(
    "function",
    [
        lambda x: autodiff.where(x > 0, x * 2, autodiff.zeros_like(x)),
        lambda x: x / (x * x + autodiff.ones_like(x)),
        lambda x: x.sin() * autodiff.full_like(x, 2.5),
        lambda x: autodiff.where(x < 9, x, autodiff.empty_like(x)) ** 2,
    ],
)
def test_is_traced(function: Callable[[Any], Any]) -> None:
    x = autodiff.tensor([1.0, -2.0, 0.5], dtype=autodiff.float64)
    assert check(function, x).ok


def test_a_wrong_engine_is_still_found() -> None:
    def broken(x: Any) -> Any:
        return autodiff.where(x > 0, x.detach() * 2, autodiff.zeros_like(x)) + x * 0

    x = autodiff.tensor([1.0, -2.0, 0.5], dtype=autodiff.float64)
    assert not check(broken, x, definition=lambda x: autodiff.where(x > 0, x * 2, x * 0)).ok


@pytest.mark.parametrize(
    "name", ["zeros_like", "ones_like", "empty_like", "rand_like", "randn_like"]
)
def test_what_brings_its_own_meaning_is_asked(name: str) -> None:
    class Own:
        """An input of which the factories know nothing."""

        @classmethod
        def __torch_function__(
            cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            return function.__name__, len(args), dict(kwargs or {})

    given = {"dtype": autodiff.float64}
    assert getattr(autodiff, name)(Own(), **given) == (name, 1, given)
    assert autodiff.randint_like(Own(), 3)[0] == "randint_like"
    assert autodiff.full_like(input=Own(), fill_value=3)[2]["fill_value"] == 3
