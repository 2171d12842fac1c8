"""`check` on HIPS autograd, MyGrad and tinygrad, where they are installed."""

from typing import Any

import numpy as np
import pytest

from reference.checking import check

X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


def test_hips_autograd() -> None:
    numpy = pytest.importorskip("autograd.numpy")
    extend = pytest.importorskip("autograd.extend")
    for array in (X, X.astype(np.float64)):
        report = check(lambda x: numpy.sum(numpy.tanh(x) * x, axis=0), array, repeats=3)
        assert report.ok, report.text
        assert {"jvp", "second"} <= set(report.checked)

    @extend.primitive
    def cube(x: Any) -> Any:
        return x**3

    extend.defvjp(cube, lambda out, x: lambda g: 2 * g * x**2)
    report = check(cube, X, what="vjp")
    assert not report.ok
    assert "2/3" in str(report.failures[0].guess)


def test_mygrad() -> None:
    mygrad = pytest.importorskip("mygrad")
    x = mygrad.tensor(X)
    assert check(lambda x: np.exp(x) * x, x, repeats=3).ok
    assert check(lambda x: mygrad.exp(x) * x, x, definition=lambda x: np.exp(x) * x, repeats=3).ok
    assert not check(mygrad.exp, x, definition=lambda x: np.exp(-x), repeats=3).ok


def test_tinygrad() -> None:
    tinygrad = pytest.importorskip("tinygrad")
    x = tinygrad.Tensor(X)
    report = check(lambda x: x.exp() * x, x, what=("value", "vjp", "second"))
    assert report.ok, report.text
    wrong = check(lambda x: x.exp(), x, definition=lambda x: np.exp(-x), what="vjp")
    assert not wrong.ok
