"""`check` on complex functions and nests of `autodiff`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autodiff
from reference.checking import check

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "product": lambda z: z * z + 2j * z,
    "quotient": lambda z: 1 / z,
    "power": lambda z: z**3,
    "abs": lambda z: z.abs(),
    "exp": autodiff.exp,
    "log": autodiff.log,
    "sqrt": autodiff.sqrt,
    "tanh": autodiff.tanh,
    "matmul": lambda z: z @ z,
    "sum": autodiff.sum,
    "prod": autodiff.prod,
    "views": lambda z: z.reshape(3, 1)[1:],
    "real": lambda z: z.real * z,
    "imag": lambda z: z.imag**2,
    "conj": lambda z: z * z.conj(),
    "angle": autodiff.angle,
    "sgn": autodiff.sgn,
    "complex": lambda z: autodiff.complex(z.imag, z.real),
    "polar": lambda z: autodiff.polar(z.abs(), z.real),
    "view as real": lambda z: autodiff.view_as_real(z) ** 2,
    "vdot": lambda z: autodiff.vdot(z, z[[1, 2, 0]]),
    "vector norm": lambda z: autodiff.linalg.vector_norm(z, 3),
    "complex exponent": lambda z: z.abs() ** (0.5 + 1j),
    "fft": autodiff.fft.fft,
    "ifft": lambda z: autodiff.fft.ifft(z, norm="ortho"),
    "irfft": autodiff.fft.irfft,
    "irfft odd": lambda z: autodiff.fft.irfft(z, 5),
    "rfft": lambda z: autodiff.fft.rfft(z.real, 4),
    "rfft odd": lambda z: autodiff.fft.rfft(z.real),
    "fft of a power": lambda z: autodiff.fft.fft(z * z.real, 4),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", [autodiff.complex64, autodiff.complex128])
def test_complex_functions_are_right(name: str, dtype: Any) -> None:
    z = autodiff.tensor([1 + 2j, 0.5 - 1j, -0.25 + 0.5j], dtype=dtype, requires_grad=True)
    report = check(FUNCTIONS[name], z, repeats=2)
    assert report.ok, report.text
    assert {"vjp", "second"} <= set(report.checked)


def test_a_custom_rule_without_its_conjugate() -> None:
    class Square(autodiff.autograd.Function):
        @staticmethod
        def forward(ctx: Any, z: Any) -> Any:
            ctx.save_for_backward(z)
            return z * z

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (z,) = ctx.saved_tensors
            return 2 * g * z

    z = autodiff.tensor([1 + 2j, 0.5 - 1j], requires_grad=True)
    assert not check(Square.apply, z, definition=lambda z: z * z, what="vjp").ok


def test_nests() -> None:
    given = {"w": autodiff.tensor([[1.0, 2.0]]), "b": (autodiff.tensor([0.5]),)}
    x = autodiff.tensor([0.25, -1.0])
    report = check(lambda p, x: autodiff.tanh(p["w"] @ x) + p["b"][0], given, x, repeats=2)
    assert report.ok, report.text
    assert [a.name for a in report.arguments] == ["p['w']", "p['b'][0]", "x"]
