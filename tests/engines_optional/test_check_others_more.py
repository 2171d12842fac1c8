"""Complex numbers, nests and missing definitions on HIPS autograd, MyGrad and tinygrad."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy

from reference import build, definitions
from reference.adapters import NotOffered
from reference.checking import check
from reference.definitions import MissingDefinition, define

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(2, 2)) + 1j * RNG.normal(size=(2, 2))
P = {"w": RNG.normal(size=(2, 3)), "b": RNG.normal(size=2)}
X = RNG.normal(size=3)
FIRST = ("value", "vjp", "jvp")

HIPS: dict[str, Callable[[Any, Any], Any]] = {
    "product": lambda np_, z: z * np_.conj(z) * z + 2j * z,
    "abs": lambda np_, z: np_.abs(z),
    "angle": lambda np_, z: np_.angle(z),
    "exp": lambda np_, z: np_.exp(z),
    "power": lambda np_, z: z**3,
    "imag": lambda np_, z: np_.imag(z) * np_.real(z),
    "matmul": lambda np_, z: np_.dot(z, z),
}


@pytest.mark.parametrize("name", HIPS)
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_hips_complex_functions(name: str, dtype: Any) -> None:
    numpy = pytest.importorskip("autograd.numpy")
    report = check(lambda z: HIPS[name](numpy, z), Z.astype(dtype), what=FIRST)
    assert report.ok, report.text


def test_hips_second_order_and_what_it_does_not_have() -> None:
    numpy = pytest.importorskip("autograd.numpy")
    assert check(lambda z: z * z * numpy.conj(z), Z, what=("vjp", "second")).ok
    report = check(numpy.linalg.inv, Z)
    assert report.ok, report.text
    assert any("JVP of inv" in note for note in report.notes)
    assert "missing" in {fault.kind for fault in check(numpy.linalg.inv, Z, what="jvp").faults}


def test_hips_primitives_are_linear_in_the_cotangent() -> None:
    extend = pytest.importorskip("autograd.extend")

    def cube(rule: Callable[[Any, Any], Any]) -> Any:
        @extend.primitive
        def power(z: Any) -> Any:
            return z**3

        extend.defvjp(power, lambda out, z: lambda g: rule(g, z))
        return power

    assert check(cube(lambda g, z: 3 * g * z**2), Z, what="vjp").ok
    assert not check(cube(lambda g, z: 3 * g * np.conj(z) ** 2), Z, what="vjp").ok


def test_hips_nests_and_missing_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {name: row for name, row in definitions._rows.items() if name != "sinh"}
    monkeypatch.setattr(definitions, "_rows", others)
    numpy = pytest.importorskip("autograd.numpy")
    report = check(lambda p, x: numpy.tanh(numpy.dot(p["w"], x) + p["b"]), P, X, what=FIRST)
    assert report.ok, report.text
    assert [argument.name for argument in report.arguments] == ["p['w']", "p['b']", "x"]
    with pytest.raises(MissingDefinition, match="'sinh'") as caught:
        check(numpy.sinh, X)
    lines = str(caught.value).splitlines()
    assert "    from reference import build, define" in lines
    define(lines[-1].split('"')[1], lambda a: build.elementwise(sympy.sinh, a))
    assert check(numpy.sinh, X, what="value").ok
    assert check(numpy.nancumsum, X, what="value").ok  # by NumPy's own code


def test_mygrad_nests_and_missing_definitions() -> None:
    mygrad = pytest.importorskip("mygrad")
    held = {key: mygrad.tensor(value) for key, value in P.items()}
    report = check(lambda p, x: np.matmul(p["w"], x) * p["b"], held, mygrad.tensor(X), what="vjp")
    assert report.ok, report.text
    with pytest.raises(NotOffered, match="give its mathematics as definition="):
        check(mygrad.exp, mygrad.tensor(X))
    assert check(np.cbrt, mygrad.tensor(X), what=("value", "vjp")).ok


def test_tinygrad_nests_with_a_definition() -> None:
    tinygrad = pytest.importorskip("tinygrad")
    held = {"a": tinygrad.Tensor(X.astype(np.float32)), "b": [tinygrad.Tensor([1.0, 2.0, 3.0])]}
    report = check(
        lambda p: p["a"] * p["b"][0],
        held,
        definition=lambda p: p["a"] * p["b"][0],
        what=("value", "vjp"),
    )
    assert report.ok, report.text
