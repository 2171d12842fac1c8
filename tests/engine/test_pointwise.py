"""Elementwise operations: accuracy in the tails, kinks, dtypes, names, and PyTorch's refusals."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff as torch
from autodiff import autograd

inf, nan = math.inf, math.nan


def slope(function: Callable[[Any], Any], at: float, order: int = 1) -> float:
    x = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    y = function(x)
    for _ in range(order):
        (y,) = autograd.grad(y, x, create_graph=True)
    return float(y.item())


# value, derivative, and the domain to look at
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], float, float]] = {
    "exp": (mpmath.exp, mpmath.exp, -700.0, 700.0),
    "expm1": (mpmath.expm1, mpmath.exp, -700.0, 700.0),
    "log": (mpmath.log, lambda x: 1 / x, 1e-300, 1e300),
    "log1p": (mpmath.log1p, lambda x: 1 / (1 + x), -0.999, 1e300),
    "sqrt": (mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x)), 1e-300, 1e300),
    "sin": (mpmath.sin, mpmath.cos, -1e3, 1e3),
    "cos": (mpmath.cos, lambda x: -mpmath.sin(x), -1e3, 1e3),
    "tan": (mpmath.tan, lambda x: mpmath.sec(x) ** 2, -1.5, 1.5),
    "sinh": (mpmath.sinh, mpmath.cosh, -700.0, 700.0),
    "cosh": (mpmath.cosh, mpmath.sinh, -700.0, 700.0),
    "tanh": (mpmath.tanh, lambda x: mpmath.sech(x) ** 2, -300.0, 300.0),
    "erf": (mpmath.erf, lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x), -20.0, 20.0),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / (x * x), 1e-150, 1e150),
    "sigmoid": (
        lambda x: 1 / (1 + mpmath.exp(-x)),
        lambda x: mpmath.exp(-x) / (1 + mpmath.exp(-x)) ** 2,
        -700.0,
        700.0,
    ),
    "rsqrt": (
        lambda x: 1 / mpmath.sqrt(x),
        lambda x: -1 / (2 * x * mpmath.sqrt(x)),
        1e-150,
        1e150,
    ),
    "square": (lambda x: x * x, lambda x: 2 * x, -1e100, 1e100),
}


def distance(found: float, exact: Any) -> float:
    """Units in the last place between a float and a number of many digits."""
    near = float(exact)
    if math.isinf(near) or near == 0.0:
        return 0.0 if found == near else inf
    return float(abs(mpmath.mpf(found) - exact) / mpmath.mpf(float(np.spacing(abs(near)))))


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(deadline=None, derandomize=True, max_examples=60)
@given(place=st.floats(0.0, 1.0))
def test_values_and_slopes_are_accurate(name: str, place: float) -> None:
    """Against 60 digits; the bound grows where the function itself magnifies its argument."""
    exact, derivative, low, high = FUNCTIONS[name]
    at = low + (high - low) * place
    magnified = at * at if name == "erf" else 0.0  # exp(-x²) magnifies the rounding of x²
    with mpmath.workdps(60):
        x = mpmath.mpf(at)
        value = getattr(torch, name)(torch.tensor(at, dtype=torch.float64))
        assert distance(float(value.item()), exact(x)) <= 4
        assert distance(slope(getattr(torch, name), at), derivative(x)) <= 8 + 4 * magnified


@pytest.mark.parametrize("at", [-30.0, -12.5, -1.0, 0.0, 1e-9, 3.0, 20.0, 40.0])
def test_tails_keep_their_digits(at: float) -> None:
    """Formulas in the result (1 - out², out·(1 - out), out + 1) have none left there."""
    with mpmath.workdps(60):
        x = mpmath.mpf(at)
        assert distance(slope(torch.tanh, at), mpmath.sech(x) ** 2) <= 8
        sigmoid = mpmath.exp(-x) / (1 + mpmath.exp(-x)) ** 2
        assert distance(slope(torch.sigmoid, at), sigmoid) <= 8
        assert distance(slope(torch.expm1, at), mpmath.exp(x)) <= 2
        assert distance(slope(lambda t: 2**t, at), mpmath.log(2) * mpmath.mpf(2) ** x) <= 4


KINKS: list[tuple[str, Callable[[Any], Any], list[float], list[float]]] = [
    ("abs", torch.abs, [-2.0, -0.0, 0.0, 3.0, nan], [-1.0, 0.0, 0.0, 1.0, 0.0]),
    ("sign", torch.sign, [-2.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
    ("relu", torch.relu, [-1.0, 0.0, 2.0], [0.0, 0.0, 1.0]),
    ("sqrt", torch.sqrt, [0.0, 4.0], [inf, 0.25]),
    ("log", torch.log, [0.0, 2.0], [inf, 0.5]),
    ("floor", torch.floor, [0.5, 1.0], [0.0, 0.0]),
    ("round", torch.round, [0.5, 1.0], [0.0, 0.0]),
    ("clamp", lambda x: x.clamp(-1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 1.0, 1.0, 0.0]),
    ("x**0", lambda x: x**0, [0.0, 2.0], [0.0, 0.0]),
    ("x**0.5", lambda x: x**0.5, [0.0, 4.0], [inf, 0.25]),
    ("x**2", lambda x: x**2, [0.0, -3.0], [0.0, -6.0]),
    ("0**x", lambda x: 0.0**x, [0.0, 1.0, 2.0], [0.0, 0.0, 0.0]),
    ("where", lambda x: torch.where(x > 0, torch.sqrt(x), 0.0), [-1.0, 4.0], [nan, 0.25]),
    ("maximum tie", lambda x: torch.maximum(x, torch.tensor([1.0, 1.0])), [1.0, 2.0], [0.5, 1.0]),
    ("minimum tie", lambda x: torch.minimum(x, torch.tensor([1.0, 1.0])), [1.0, 2.0], [0.5, 0.0]),
    ("remainder", lambda x: 7.5 - torch.remainder(torch.tensor(7.5), x), [2.0, -2.0], [3.0, -4.0]),
]


@pytest.mark.parametrize(("name", "function", "at", "expected"), KINKS, ids=[k[0] for k in KINKS])
def test_gradients_at_kinks(
    name: str, function: Callable[[Any], Any], at: list[float], expected: list[float]
) -> None:
    x = torch.tensor(at, requires_grad=True)
    function(x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.array(expected, np.float32))


def test_second_derivatives_at_zero_are_finite() -> None:
    assert [slope(lambda x: x**2, 0.0, order=2), slope(lambda x: x**3, 0.0, order=2)] == [2.0, 0.0]
    assert slope(lambda x: x**3, 0.0, order=3) == 6.0
    assert slope(torch.tanh, 0.0, order=2) == 0.0
    assert slope(torch.sigmoid, 0.0, order=2) == 0.0


NAMES = [
    (lambda x: x + 1, "AddBackward0"),
    (lambda x: x - 1, "SubBackward0"),
    (lambda x: 1 - x, "RsubBackward1"),
    (lambda x: torch.rsub(x, x), "RsubBackward0"),
    (lambda x: x * 2, "MulBackward0"),
    (lambda x: x / 2, "DivBackward0"),
    (lambda x: 1 / x, "MulBackward0"),
    (lambda x: x**2, "PowBackward0"),
    (lambda x: x**x, "PowBackward1"),
    (lambda x: 2**x, "PowBackward2"),
    (lambda x: -x, "NegBackward0"),
    (abs, "AbsBackward0"),
    (lambda x: x % 2, "RemainderBackward0"),
    (lambda x: x % x, "RemainderBackward1"),
    (lambda x: x // 2, "NotImplemented"),
    (lambda x: 7 % x, "NotImplemented"),
    (torch.rsqrt, "RsqrtBackward0"),
    (torch.sigmoid, "SigmoidBackward0"),
    (torch.relu, "ReluBackward0"),
    (lambda x: x.clamp(0, 1), "ClampBackward1"),
    (lambda x: torch.clamp(x, x, x), "ClampBackward0"),
    (lambda x: torch.where(x > 0, x, x), "WhereBackward0"),
    (lambda x: torch.maximum(x, x), "MaximumBackward0"),
    (lambda x: x.double(), "ToCopyBackward0"),
    (lambda x: torch.div(x, x, rounding_mode="floor"), "DivBackward2"),
    (torch.square, "PowBackward0"),
    (torch.log1p, "Log1PBackward0"),
    (torch.expm1, "Expm1Backward0"),
]


@pytest.mark.parametrize(("function", "name"), NAMES, ids=[name for _, name in NAMES])
def test_names_of_nodes(function: Callable[[Any], Any], name: str) -> None:
    assert type(function(torch.tensor([1.5], requires_grad=True)).grad_fn).__name__ == name


DTYPES = [
    (lambda: torch.tensor([1]) / torch.tensor([2]), "float32"),
    (lambda: torch.tensor([1]) + 1.5, "float32"),
    (lambda: torch.tensor([1.0]) + torch.tensor(1.0, dtype=torch.float64), "float32"),
    (lambda: torch.tensor([1], dtype=torch.uint8) + 300, "uint8"),
    (lambda: torch.tensor([True]) + torch.tensor([True]), "bool"),
    (lambda: torch.tensor([True]) + 1, "int64"),
    (lambda: torch.sin(torch.tensor([1])), "float32"),
    (lambda: torch.tensor([1.0]) * 1j, "complex64"),
    (lambda: torch.tensor([1], dtype=torch.int32) ** 2, "int32"),
    (lambda: torch.tensor([1]) ** 0.5, "float32"),
    (lambda: torch.abs(torch.tensor([3 + 4j])), "float32"),
    (lambda: torch.tensor([1.0], dtype=torch.float16) + torch.tensor([1.0]), "float32"),
    (lambda: torch.add(torch.tensor([True]), torch.tensor([True]), alpha=2), "bool"),
    (lambda: torch.where(torch.tensor([True]), 1, 2.5), "float32"),
    (lambda: torch.clamp(torch.tensor([1]), 0.5, 1.5), "float32"),
    (lambda: torch.tensor([5]) // 2, "int64"),
    (lambda: torch.floor(torch.tensor([5])), "int64"),
    (lambda: torch.sign(torch.tensor([True])), "bool"),
]


@pytest.mark.parametrize(("call", "dtype"), DTYPES)
def test_dtypes_of_results(call: Callable[[], Any], dtype: str) -> None:
    assert call().dtype is getattr(torch, dtype)


WRONG = [
    (
        lambda x, n: x + torch.ones(3),
        RuntimeError,
        (
            r"The size of tensor a \(2\) must match the size of tensor b \(3\) at "
            r"non-singleton dimension 0"
        ),
    ),
    (
        lambda x, n: torch.sin(1.0),
        TypeError,
        r"sin\(\): argument 'input' \(position 1\) must be Tensor, not float",
    ),
    (
        lambda x, n: torch.add(x, "a"),
        TypeError,
        r"add\(\): argument 'other' \(position 2\) must be Tensor, not str",
    ),
    (
        lambda x, n: torch.add(n, n, alpha=1.5),
        RuntimeError,
        "For integral input tensors, argument alpha must not be a floating point number.",
    ),
    (lambda x, n: n**-1, RuntimeError, "Integers to negative integer powers are not allowed."),
    (lambda x, n: n // 0, RuntimeError, "ZeroDivisionError"),
    (
        lambda x, n: torch.clamp(x),
        RuntimeError,
        "torch.clamp: At least one of 'min' or 'max' must not be None",
    ),
    (lambda x, n: (n > 0) - (n > 1), RuntimeError, "with two bool tensors is not supported"),
    (lambda x, n: -(n > 0), RuntimeError, "Negation, the `-` operator, on a bool tensor"),
    (
        lambda x, n: torch.maximum(x, 1),
        TypeError,
        r"maximum\(\): argument 'other' \(position 2\) must be Tensor, not int",
    ),
    (
        lambda x, n: torch.where(n, x, x),
        RuntimeError,
        "where expected condition to be a boolean tensor, but got a tensor with dtype Long",
    ),
    (
        lambda x, n: (x // 2).sum().backward(),
        RuntimeError,
        "derivative for aten::floor_divide is not implemented",
    ),
    (lambda x, n: x + "a", TypeError, r"unsupported operand type\(s\) for \+: 'Tensor' and 'str'"),
    (lambda x, n: torch.sign(x * 1j), NotImplementedError, "Please use torch.sgn instead."),
]


@pytest.mark.parametrize(("call", "kind", "text"), WRONG)
def test_wrong_calls(call: Callable[[Any, Any], Any], kind: type[Exception], text: str) -> None:
    x = torch.tensor([1.5, 2.5], requires_grad=True)
    with pytest.raises(kind, match=text):
        call(x, torch.tensor([1, 2]))
    assert x.grad is None
    assert x.tolist() == [1.5, 2.5]
