"""`check` on this distribution's own engine."""

from typing import Any

import numpy as np
import pytest

import autodiff
from reference.checking import assert_gradients, check


def leaf(shape: tuple[int, ...], dtype: Any = None) -> Any:
    content = np.random.default_rng(0).normal(size=shape)
    return autodiff.tensor(content.tolist(), dtype=dtype or autodiff.float32, requires_grad=True)


FUNCTIONS = {
    "softmax": lambda x: autodiff.softmax(x, -1),
    "logsumexp": lambda x: autodiff.logsumexp(x, 1),
    "variance": lambda x: ((x - x.mean()) ** 2).mean(),
    "relu": lambda x: autodiff.relu(x - x),
    "gram": lambda x: x @ x.T,
    "slices": lambda x: x[1:] * x[:1],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_operations_are_right_to_the_second_order(name: str) -> None:
    report = check(FUNCTIONS[name], leaf((2, 3)), repeats=3)
    assert report.ok, report.text
    assert "second" in report.checked


class Cube(autodiff.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x.detach() * x.detach()


def test_a_rule_wrong_only_in_the_second_order() -> None:
    report = check(Cube.apply, leaf((4,)), definition=lambda x: x**3)
    assert {failure.what for failure in report.failures} == {"second"}


def test_only_those_that_ask_are_differentiated() -> None:
    still = autodiff.tensor([1.0, 2.0, 3.0])
    report = check(lambda x, w: x * w, leaf((3,)), still, repeats=2)
    assert [argument.name for argument in report.arguments] == ["x"]
    assert_gradients(lambda x, w: x * w, leaf((3,)), leaf((3,)), repeats=2)


def test_numpy_arrays_are_taken_where_the_engine_is_named() -> None:
    assert check(autodiff.exp, np.ones(2, np.float32), engine="autodiff", repeats=2).ok
