"""Complex numbers in the oracle: pairs of real nodes, differentiated as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import reference as t
from reference.checking import Pair, check
from reference.complexes.formats import explained_in_modulus
from reference.definitions import MissingDefinition
from reference.tensor import apply

Z = np.array([[0.5 - 1.25j, 2.0 + 0.5j], [1.5 + 0.25j, -0.75 - 1j]])
W = np.array([[1.0 + 1j, 2.0 - 0.5j], [0.5j, -3.0 + 0j]])

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda z: z * W - 2j * z + z / W - 1 / z,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "arcsin": np.arcsin,
    "arccos": np.arccos,
    "arctan": np.arctan,
    "arcsinh": np.arcsinh,
    "arccosh": np.arccosh,
    "arctanh": np.arctanh,
    "log1p": np.log1p,
    "expm1": np.expm1,
    "powers": lambda z: z**3 + z**-2 + z**0.5 + z**1.25 + z**0,
    "complex power": lambda z: z**W,
    "abs": np.abs,
    "angle": np.angle,
    "conj": np.conj,
    "parts": lambda z: np.real(z) - 2 * np.imag(z),
    "matmul": lambda z: z @ W + W @ z,
    "real factor": lambda z: z @ Z.real,
    "einsum": lambda z: np.einsum("ij,jk,k->i", z, W, np.conj(z[0])),
    "sum": lambda z: np.sum(z, axis=0),
    "mean": np.mean,
    "prod": lambda z: np.prod(z, axis=1),
    "cumprod": lambda z: np.cumprod(z, axis=1),
    "cumsum": lambda z: np.cumsum(z, axis=0),
    "indexing": lambda z: z[1:, None, [1, 0]],
    "reshape": lambda z: np.reshape(z, (4,)).T,
    "join": lambda z: np.concatenate([z, Z.real, W]),
    "stack": lambda z: np.stack([z, np.conj(z)]),
    "where": lambda z: np.where(np.real(z) > 0, z, 1j),
    "diagonal": np.diagonal,
    "norm": np.linalg.norm,
    "norm of rows": lambda z: np.linalg.norm(z, axis=1),
    "inv": np.linalg.inv,
    "solve": lambda z: np.linalg.solve(z, W),
    "det": np.linalg.det,
    "eigvals": np.linalg.eigvals,
    "eig": lambda z: np.linalg.eig(z)[1],
    "fft": lambda z: np.fft.fft(z, axis=0),
    "ifft": lambda z: np.fft.ifft(z, n=3),
    "fft of reals": lambda z: np.fft.rfft(np.real(z)) + np.fft.fft(np.imag(z)),
    "irfft": np.fft.irfft,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_are_numpys(name: str) -> None:
    f = FUNCTIONS[name]
    result, wanted = f(t.variable("z", Z)), f(Z)
    found = result.detach().numpy()
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype
    assert_allclose(found, wanted, rtol=1e-13, atol=1e-14)


HERMITIAN = Z @ Z.conj().T + np.eye(2)
FACTORS: dict[str, tuple[np.ndarray, Callable[..., np.ndarray]]] = {
    "cholesky": (HERMITIAN, lambda lower: lower @ lower.conj().T),
    "qr": (np.concatenate([Z, W]), lambda q, r: q @ r),
    "svd": (np.concatenate([Z, W]), lambda u, s, vh: u * s @ vh),
    "eigh": (HERMITIAN, lambda w, v: v * w @ v.conj().T),
    "eig": (Z, lambda w, v: v * w @ np.linalg.inv(v)),
}


@pytest.mark.parametrize("name", FACTORS)
def test_factors_multiply_to_the_matrix(name: str) -> None:
    matrix, product = FACTORS[name]
    options = {"full_matrices": False} if name == "svd" else {}
    result = apply(name, t.variable("a", matrix), **options)
    parts = result if isinstance(result, tuple) else (result,)
    found = [part.detach().numpy() for part in parts]
    assert_allclose(product(*found), matrix, rtol=1e-13, atol=1e-13)


ANALYTIC: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda z: 1 / z),
    "sqrt": (np.sqrt, lambda z: 0.5 / np.sqrt(z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "arcsin": (np.arcsin, lambda z: 1 / np.sqrt(1 - z**2)),
    "cube": (lambda z: z**3, lambda z: 3 * z**2),
}
FAR = st.integers(-24, 24).filter(bool).map(lambda k: k / 16 + (1 / 64 if k > 0 else -1 / 64))


@pytest.mark.parametrize("name", ANALYTIC)
@settings(deadline=None, derandomize=True, max_examples=8)
@given(x=FAR, y=FAR)
def test_analytic_functions_have_the_gradient_of_their_derivative(
    name: str, x: float, y: float
) -> None:
    """For L = Re(conj(c) f(z)): ∂L/∂re + i ∂L/∂im = c · conj(f'(z))."""
    f, derivative = ANALYTIC[name]
    z = t.tensor(np.array([complex(x, y)]), requires_grad=True)
    f(z).backward(t.tensor(np.array([2.0 - 3j])))
    assert z.grad is not None
    wanted = (2.0 - 3j) * np.conj(derivative(complex(x, y)))
    assert_allclose(z.grad.numpy(), wanted, rtol=1e-12)


def test_a_real_loss_is_differentiated_by_both_parts() -> None:
    z = t.tensor(Z, requires_grad=True)
    (z.abs() ** 2).sum().backward()
    assert z.grad is not None
    assert z.grad.dtype is t.tensor(Z).dtype
    assert_allclose(z.grad.numpy(), 2 * Z)
    assert z.real.dtype is t.tensor(1.0, dtype="float64").dtype
    assert_allclose((z.mH @ z).detach().numpy(), Z.conj().T @ Z)


def test_numbers_and_formats() -> None:
    z = t.tensor([1 + 2j, 3.0])
    assert str(z.dtype) == "torch.complex64"
    assert z.shape == (2,)
    assert z.tolist() == [1 + 2j, 3 + 0j]
    assert str((z * t.tensor([1.0, 2.0], dtype="float64")).dtype) == "torch.complex128"
    assert str((t.tensor([1.0], dtype="float64") * 1j).dtype) == "torch.complex128"
    assert str((t.tensor([1.0]) * 1j).dtype) == "torch.complex64"
    assert z.exact.tolist() == [[1, 2], [3, 0]]
    assert t.tensor([1.0]).to("complex64").tolist() == [1 + 0j]


def test_what_has_no_definition_says_how_to_add_one() -> None:
    with pytest.raises(MissingDefinition, match="'erf' has no definition for complex numbers"):
        apply("erf", t.variable("z", Z))
    with pytest.raises(MissingDefinition, match=r'define\("complex.erf"'):
        apply("erf", t.variable("z", Z))


# check


def power_pair(backward: Callable[[Any, Any], Any]) -> Pair:
    return Pair(lambda z: z * z * z, backward, lambda tangents, z: 3 * z * z * tangents[0])


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_a_right_pair_passes(dtype: Any) -> None:
    report = check(power_pair(lambda g, z: g * np.conj(3 * z * z)), Z.astype(dtype))
    assert report.ok, report.text
    assert {"value", "vjp", "jvp", "layout"} <= set(report.checked)
    assert f"z {np.dtype(dtype).name}[2, 2]" in report.text


MISTAKES: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "no conjugate": (lambda g, z: g * 3 * z * z, ""),
    "conjugated result": (lambda g, z: np.conj(g) * 3 * z * z, "conjugate"),
    "swapped parts": (
        lambda g, z: 1j * np.conj(g * np.conj(3 * z * z)),
        "exchanged",
    ),
    "real part only": (lambda g, z: (g * np.conj(3 * z * z)).real + 0j, "imaginary part is"),
    "factor of i": (lambda g, z: 1j * g * np.conj(3 * z * z), "factor of i"),
    "slightly off": (lambda g, z: g * np.conj(3.0003 * z * z), ""),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_with_conjugates_are_caught(name: str) -> None:
    backward, guess = MISTAKES[name]
    report = check(power_pair(backward), Z, what="vjp")
    assert not report.ok
    assert any(guess in str(failure.guess) for failure in report.failures)
    assert "the gradient of z[" in report.text
    assert "].imag: wrong" in report.text or "].real: wrong" in report.text


def test_a_wrong_tangent_is_caught() -> None:
    """`abs` in forward mode with the tangent not conjugated."""
    size = Pair(
        np.abs,
        lambda g, z: g * z / np.abs(z),
        lambda tangents, z: np.real(tangents[0] * z) / np.abs(z),
    )
    assert {failure.what for failure in check(size, Z).failures} == {"jvp"}
    right = Pair(
        np.abs, size.vjp, lambda tangents, z: np.real(np.conj(tangents[0]) * z) / np.abs(z)
    )
    assert check(right, Z).ok


def test_kinks_of_complex_functions() -> None:
    at_zero = np.zeros(1, np.complex128)
    inside = Pair(np.abs, lambda g, z: np.full(1, 0.5 - 0.5j) * np.sign(g))
    outside = Pair(np.abs, lambda g, z: np.full(1, 3 + 3j))
    assert check(inside, at_zero, what="vjp", cotangents=[np.ones(1)]).ok
    assert not check(outside, at_zero, what="vjp", cotangents=[np.ones(1)]).ok


def test_a_smaller_part_is_held_to_the_modulus() -> None:
    """The imaginary part of a product is off by ULPs of the real part in every engine."""
    explained = explained_in_modulus(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]]), "float32")
    assert explained[0, 0] == 0
    assert explained[0, 1] > 2.0**100


def test_real_arguments_and_complex_outputs() -> None:
    spectrum = Pair(np.fft.fft, lambda g, x: np.real(np.fft.ifft(g)) * x.shape[0])
    assert check(spectrum, np.array([0.5, -1.0, 2.0, 1.25]), what=("value", "vjp")).ok
    wrong = Pair(np.fft.fft, lambda g, x: np.real(np.fft.fft(g)))
    assert not check(wrong, np.array([0.5, -1.0, 2.0, 1.25]), what="vjp").ok


def test_certificates_of_complex_arguments() -> None:
    certificate = t.certify(lambda z: np.sum(np.abs(z) ** 2), Z.astype(np.complex64))
    assert certificate.certified
    assert_allclose(certificate.gradients[0].mid, 2 * np.stack([Z.real, Z.imag], -1), rtol=1e-6)
