"""`check` on JAX: complex numbers in its convention, pytrees, custom rules, structures."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from reference import definitions  # noqa: E402
from reference.checking import assert_gradients, check  # noqa: E402
from reference.definitions import MissingDefinition, define  # noqa: E402

jnp, lax = jax.numpy, jax.lax
FIRST = ("value", "vjp", "jvp")


@pytest.fixture(autouse=True)
def _doubles() -> Iterator[None]:
    before = jax.config.read("jax_enable_x64")
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def drawn(*shape: int, dtype: Any = np.complex64) -> Any:
    rng = np.random.default_rng(0)
    return jnp.asarray((rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype))


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "product": lambda z: z * z.conj() * z + 2j,
    "abs": jnp.abs,
    "angle": jnp.angle,
    "log": jnp.log,
    "power": lambda z: z**2.5 + z**3,
    "parts": lambda z: lax.complex(z.imag, 2 * z.real),
    "where": lambda z: jnp.where(z.real > 0, z, 2j * z),
    "fft": jnp.fft.fft,
    "irfft": jnp.fft.irfft,
    "rfft": lambda z: jnp.fft.rfft(z.real),
    "sum": lambda z: jnp.sum(z[::-1] * jnp.arange(3)),
    "scan": lambda z: lax.scan(lambda c, a: (c * a, c + a), 1 + 0j * z[0], z)[1],
    "cond": lambda z: lax.cond(z[0].real > 0, lambda y: y * 1j, lambda y: y, z),
    "at": lambda z: z.at[0].set(z[1] * 1j),
}
MATRICES: dict[str, Callable[[Any], Any]] = {
    "matmul": lambda a: a @ a.conj().T,
    "einsum": lambda a: jnp.einsum("ij,jk->ik", a, a.conj()),
    "inv": jnp.linalg.inv,
    "det": jnp.linalg.det,
    "eigvals": jnp.linalg.eigvals,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_complex_functions_are_right(name: str) -> None:
    report = check(FUNCTIONS[name], drawn(3), what=FIRST)
    assert report.ok, report.text


@pytest.mark.parametrize("name", MATRICES)
def test_complex_matrices(name: str) -> None:
    report = check(MATRICES[name], drawn(2, 2, dtype=np.complex128), what=FIRST)
    assert report.ok, report.text


def test_second_order_in_all_mode_pairs() -> None:
    report = check(jax.jit(lambda z: jnp.exp(z) * z.conj()), drawn(2), what=("vjp", "second"))
    assert report.ok, report.text


def custom(rule: Callable[[Any, Any], Any]) -> Any:
    @jax.custom_vjp
    def square(z: Any) -> Any:
        return z * z

    square.defvjp(lambda z: (z * z, z), lambda z, g: (rule(g, z),))
    return square


def test_conjugates_in_custom_rules() -> None:
    """JAX's rules are linear: what PyTorch conjugates, they do not."""
    z = drawn(3)
    assert_gradients(custom(lambda g, z: 2 * g * z), z, what="vjp")
    wrong = check(custom(lambda g, z: 2 * g * z.conj()), z, what="vjp")
    assert not wrong.ok
    assert {"wrong"} <= wrong.counts.keys()


def test_a_wrong_custom_jvp_is_caught_through_the_jaxpr() -> None:
    @jax.custom_jvp
    def size(z: Any) -> Any:
        return jnp.sqrt(z.real**2 + z.imag**2)

    @size.defjvp
    def _(primals: Any, tangents: Any) -> Any:
        ((z,), (t,)) = primals, tangents
        return size(z), (z * t).real / size(z)

    report = check(jax.jit(size), drawn(3), what=FIRST)
    assert {failure.what for failure in report.failures} == {"vjp", "jvp"}


def test_a_sign_that_jax_differentiates_to_zero() -> None:
    report = check(jnp.sign, drawn(2), what="jvp")
    assert "zero everywhere" in str(report.failures[0].guess)


@jax.tree_util.register_pytree_node_class
@dataclasses.dataclass
class Layer:
    weight: Any
    bias: Any

    def tree_flatten(self) -> Any:
        return (self.weight, self.bias), None

    @classmethod
    def tree_unflatten(cls, _: Any, children: Any) -> Any:
        return cls(*children)


class Registered:
    """A container that only JAX knows how to take apart."""

    def __init__(self, inside: Any) -> None:
        self.inside = inside


jax.tree_util.register_pytree_node(
    Registered, lambda held: ((held.inside,), None), lambda _, children: Registered(*children)
)


def test_pytrees_of_arguments_and_results() -> None:
    real = drawn(2, 2).real
    layers = [Layer(real, real[0]), Layer(2 * real, real[1])]

    def network(layers: Any, x: Any) -> Any:
        for layer in layers:
            x = jnp.tanh(layer.weight @ x + layer.bias)
        return {"out": x, "norm": jnp.sum(x**2)}

    report = check(network, layers, real[0], what=FIRST)
    assert report.ok, report.text
    assert [argument.name for argument in report.arguments][:2] == [
        "layers[0].weight",
        "layers[0].bias",
    ]
    held = Registered({"a": real})
    wrapped = check(lambda held: jnp.sin(held.inside["a"]), held, engine="jax", what=FIRST)
    assert wrapped.ok, wrapped.text


STRUCTURES: dict[str, Callable[[Any], Any]] = {
    "remat": jax.checkpoint(lambda x: jnp.sin(jnp.sin(x))),
    "nested jit": jax.jit(lambda x: jax.jit(jnp.cos)(x) * x),
    "vmap": jax.vmap(lambda row: row * jnp.sum(row)),
    "while": lambda x: lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, s[1] * x), (0, x))[
        1
    ],
    "grad inside": jax.grad(lambda x: jnp.sum(x**3)),
    "switch": lambda x: lax.switch(1, [jnp.sin, jnp.cos], x),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_what_transforms_a_function(name: str) -> None:
    forward = ("value", "jvp") if name == "while" else FIRST  # JAX has no reverse mode of it
    report = check(STRUCTURES[name], drawn(2, 2).real, what=forward)
    assert report.ok, report.text


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_every_dtype(dtype: str) -> None:
    assert_gradients(lambda x: jnp.tanh(x) * x, drawn(4).real.astype(dtype), what=FIRST)


def test_following_the_advice_of_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definitions, "_rows", dict(definitions._rows))
    x = drawn(2).real

    def following(x: Any) -> Any:
        return lax.nextafter(x, x + 1)

    with pytest.raises(MissingDefinition) as caught:
        check(following, x, what="value")
    lines = str(caught.value).splitlines()
    assert lines[1].strip() == "from reference import build, define"
    name = lines[2].split('"')[1]
    define(name, lambda x, y, **parameters: y)  # not what it is: the value must be found wrong
    assert not check(following, x, what="value").ok
