"""`check` on PyTorch's complex functions: right ones, planted mistakes, and PyTorch's own."""

from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from reference.checking import assert_gradients, check  # noqa: E402

fft, linalg = torch.fft, torch.linalg


def drawn(*shape: int, dtype: Any = None) -> Any:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(*shape, dtype=dtype or torch.complex64, generator=generator)


def leaf(*shape: int, dtype: Any = None) -> Any:
    return drawn(*shape, dtype=dtype).requires_grad_()


POINTWISE: dict[str, Callable[[Any], Any]] = {
    "product": lambda z: z * z.conj() * z + 2j * z,
    "quotient": lambda z: (1 + z) / (z * z),
    "abs": torch.abs,
    "angle": torch.angle,
    "sgn": torch.sgn,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "tanh": torch.tanh,
    "power": lambda z: z**3 + z**1.5,
    "parts": lambda z: torch.complex(z.imag, 2 * z.real),
    "polar": lambda z: torch.polar(z.abs() ** 2, z.angle()),
    "views": lambda z: torch.view_as_complex(2 * torch.view_as_real(z)),
    "in place": lambda z: (z * 1).mul_(z).add_(1j),
    "norm": linalg.vector_norm,
}
ARRAYS: dict[str, Callable[[Any], Any]] = {
    "matmul": lambda z: z @ z.mH,
    "einsum": lambda z: torch.einsum("ij,kj->ik", z, z.conj()),
    "fft": fft.fft,
    "irfft": fft.irfft,
    "rfft": lambda z: fft.rfft(z.real),
    "inv": linalg.inv,
    "solve": lambda z: linalg.solve(z, z[:, :1]),
    "eigvals": linalg.eigvals,
    "index": lambda z: torch.cat([z[1], z[:, 0].real + 0j]),
    "linear": lambda z: torch.nn.functional.linear(z, z, z[0]),
}
FIRST = ("value", "vjp", "jvp")


@pytest.mark.parametrize("name", POINTWISE)
def test_pointwise_functions_are_right_in_every_mode(name: str) -> None:
    report = check(POINTWISE[name], leaf(3), repeats=2)
    assert report.ok, report.text
    assert {"vjp", "jvp", "second"} <= set(report.checked)


@pytest.mark.parametrize("name", ARRAYS)
def test_functions_of_arrays_are_right(name: str) -> None:
    report = check(ARRAYS[name], leaf(2, 2, dtype=torch.complex128), what=FIRST)
    assert report.ok, report.text


def custom(forward: Any, backward: Any) -> Any:
    class Custom(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, z: Any) -> Any:
            ctx.save_for_backward(z)
            return forward(z)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (z,) = ctx.saved_tensors
            return backward(g, z)

    return Custom.apply


RULES: dict[str, tuple[Any, Any, Any]] = {
    "square": (lambda z: z * z, lambda g, z: g * (2 * z).conj(), lambda g, z: g * 2 * z),
    "exp": (torch.exp, lambda g, z: g * z.exp().conj(), lambda g, z: g.conj() * z.exp()),
    "abs": (torch.abs, lambda g, z: g * z.sgn(), lambda g, z: g * z.sgn().conj()),
    "real": (torch.real, lambda g, z: g + 0j * z, lambda g, z: 1j * g),
    "imag": (torch.imag, lambda g, z: 1j * g, lambda g, z: -1j * g),
    "conj": (torch.conj, lambda g, z: g.conj(), lambda g, z: g),
    "angle": (
        torch.angle,
        lambda g, z: 1j * g * z / z.abs() ** 2,
        lambda g, z: 1j * g * z.conj() / z.abs() ** 2,
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_conjugates_in_custom_rules(name: str) -> None:
    forward, right, wrong = RULES[name]
    z = leaf(3)
    assert_gradients(custom(forward, right), z, what="vjp", definition=forward)
    report = check(custom(forward, wrong), z, what="vjp", definition=forward)
    assert not report.ok
    assert {"wrong"} <= report.counts.keys()


def test_a_wrong_forward_mode_is_caught() -> None:
    """The tangent of abs, from a rule that forgets the conjugate."""

    class Size(torch.autograd.Function):
        @staticmethod
        def forward(z: Any) -> Any:
            return z.abs()

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.saved_tensors[0].sgn()

        @staticmethod
        def jvp(ctx: Any, tangent: Any) -> Any:
            (z,) = ctx.saved_tensors
            return (tangent * z.sgn()).real

    report = check(Size.apply, leaf(3), what=FIRST, definition=torch.abs)
    assert {failure.what for failure in report.failures} == {"jvp"}


def test_kinks() -> None:
    assert check(torch.abs, torch.zeros(1, dtype=torch.complex64), what=FIRST).ok
    assert check(torch.sgn, torch.zeros(1, dtype=torch.complex64), what=("value", "vjp")).ok


def test_second_derivatives_that_pytorch_gets_wrong() -> None:
    """Forward over forward of `det` drops a term; gradgradcheck does not look there."""
    report = check(linalg.det, leaf(2, 2, dtype=torch.complex128), what=("vjp", "second"))
    assert "second (forward over forward): the second tangent of output." in report.text


def test_real_arguments_beside_complex_ones() -> None:
    x, z = torch.ones(2, requires_grad=True), leaf(2)
    report = check(lambda x, z: (x * z, (x * z).abs()), x, z, what=FIRST)
    assert report.ok, report.text
    assert "x float32[2], z complex64[2]" in report.text
