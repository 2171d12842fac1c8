"""`check` on JAX, through its jaxprs."""

from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from reference.checking import assert_gradients, check  # noqa: E402
from reference.definitions import MissingDefinition  # noqa: E402

jnp, lax = jax.numpy, jax.lax


def drawn(*shape: int) -> Any:
    return jnp.asarray(np.random.default_rng(0).normal(size=shape).astype(np.float32))


FUNCTIONS = {
    "softmax": jax.jit(jax.nn.softmax),
    "logsumexp": jax.nn.logsumexp,
    "gelu": jax.nn.gelu,
    "variance": jnp.var,
    "scan": lambda x: lax.scan(lambda c, a: (c * 0.5 + a, c), jnp.zeros(3), x)[0],
    "fori": lambda x: lax.fori_loop(0, 3, lambda i, c: c * x[0], x[1]),
    "cond": lambda x: lax.cond(x[0, 0] > 0, lambda y: y * 2, lambda y: y, x),
    "at": lambda x: x.at[0].add(2.0).at[1].set(x[0] * 3),
    "sort": lambda x: jnp.sort(x)[..., ::-1] * jnp.argmax(x),
    "cumulative": lambda x: jnp.cumsum(x) + lax.cummax(x.ravel()),
    "solve": lambda x: jnp.linalg.solve(x @ x.T + jnp.eye(2), x),
    "top k": lambda x: lax.top_k(x, 2)[0],
    "powers": lambda x: jnp.abs(x) ** 1.5 + jnp.cbrt(x),
    "pad": lambda x: jnp.pad(x[1:], 1),
    "take": lambda x: jnp.take_along_axis(x, jnp.array([[0], [1]]), 1),
    "einsum": lambda x: jnp.einsum("ij,kj->ik", x, jnp.tanh(x)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_traced_and_right(name: str) -> None:
    report = check(FUNCTIONS[name], drawn(2, 3), repeats=2)
    assert report.ok, report.text
    assert {"vjp", "jvp", "second"} <= set(report.checked)


def test_short_floats_and_kinks() -> None:
    assert_gradients(lambda x: jnp.tanh(x) * x, drawn(4).astype(jnp.bfloat16), repeats=2)
    assert_gradients(lambda x: jax.nn.log_softmax(8 * x), drawn(4).astype(jnp.float16), repeats=2)
    assert_gradients(jax.nn.relu, jnp.zeros(2), repeats=2)


def test_a_custom_rule_is_held_to_its_function() -> None:
    @jax.custom_vjp
    def square(x: Any) -> Any:
        return x * x

    square.defvjp(lambda x: (x * x, x), lambda x, g: (g * x,))
    report = check(square, drawn(3), repeats=2)
    assert report.failures[0].what in {"vjp", "second", "repeat"}
    assert any("1/2 too small" in str(failure.guess) for failure in report.failures)


def test_an_unknown_primitive_is_named() -> None:
    with pytest.raises(MissingDefinition, match="random_gamma"):
        check(lambda x: jax.random.gamma(jax.random.key(0), x), jnp.ones(2))
