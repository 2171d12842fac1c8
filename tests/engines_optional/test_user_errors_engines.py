"""What a user may do wrong with JAX and HIPS autograd; runs that share a backward pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reference import check
from reference.adapters import NotOffered, adapter

jax = pytest.importorskip("jax")
jnp = jax.numpy
X = jnp.array([0.5, 2.0], dtype=jnp.float32)


def test_indices_beside_numbers_are_left_out() -> None:
    report = check(lambda x: (jnp.sum(x * x), jnp.argmax(x)), X)
    assert report.ok, report.text
    assert any("output 1 is ArrayImpl of int32" in note for note in report.notes)


def test_indices_alone_have_no_derivative() -> None:
    with pytest.raises(TypeError, match="has no derivative: return an array of floats of jax"):
        check(jnp.argmax, X)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x * float(x.sum()),
    ],
)
def test_a_course_that_depends_on_numbers_needs_a_definition(f: Any) -> None:
    with pytest.raises(NotOffered, match=r"jax\.lax\.cond.*definition="):
        check(f, X)
    assert check(f, X, definition=lambda x: x, what="value").engine == "jax"


def test_runs_together_are_the_runs_alone() -> None:
    used = adapter("jax")
    called = []

    def f(x: Any, y: Any) -> Any:
        called.append(1)
        return jnp.sin(x) * y, x + y

    runs = [[X + k, X * k] for k in range(3)]
    cotangents = [[X * k, X - k] for k in range(3)]
    together = used.pull_each(f, runs, [0, 1], cotangents)
    assert len(called) == 3
    for arrays, given, found in zip(runs, cotangents, together, strict=True):
        alone = used.pull(f, arrays, [0, 1], [given])
        assert all(map(np.array_equal, found.outputs, alone.outputs))
        assert all(map(np.array_equal, found.gradients[0], alone.gradients[0]))


def test_a_rule_that_errs_once_in_a_while_is_found() -> None:
    calls = []

    @jax.custom_vjp
    def sine(x: Any) -> Any:
        return jnp.sin(x)

    def backward(x: Any, g: Any) -> Any:
        calls.append(1)
        return (g * jnp.cos(x) * (1.5 if len(calls) % 20 == 0 else 1.0),)

    sine.defvjp(lambda x: (jnp.sin(x), x), backward)
    report = check(sine, X, what=["vjp", "repeat"])
    assert not report.ok
    assert {fault.what for fault in report.faults} == {"repeat"}


def test_hips_has_one_output() -> None:
    pytest.importorskip("autograd")
    report = check(lambda x: (x * 2, x), np.array([0.5, 1.0]), engine="hips")
    assert not report.ok
    assert "return one array, or check them one by one" in report.text
