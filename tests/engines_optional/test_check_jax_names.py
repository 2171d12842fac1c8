"""JAX's functions that choose by numbers, loop by numbers, or look at numbers' bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from reference.checking import check  # noqa: E402

jnp, lax = jax.numpy, jax.lax
V = np.array([0.75, -1.5, 2.25, 0.125, -0.5])
X = np.array([[0.5, -1.25, 2.0, 0.75], [1.5, 0.25, -0.75, -2.0], [0.25, 1.0, 3.0, -1.0]])

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "largest by its place": (lambda a: a[jnp.argmax(a)] * a, V),
    "slice at a place": (lambda a: lax.dynamic_slice(a, (jnp.argmin(a[:3]),), (2,)), V),
    "sorted by places": (lambda a: a[jnp.argsort(a)], V),
    "taken along": (lambda a: jnp.take_along_axis(a, jnp.argsort(a, 1), 1), X),
    "unique": (lambda a: jnp.unique(a, size=5), V),
    "nonzero": (lambda a: a[jnp.nonzero(a > 0, size=3)], V),
    "triangle": (lambda a: a[jnp.triu_indices(3)], X[:, :3]),
    "insert": (lambda a: jnp.insert(a, 1, 5.0), V),
    "nanmedian": (jnp.nanmedian, X),
    "nanquantile": (lambda a: jnp.nanquantile(a, 0.3), V),
    "interp": (lambda a: jnp.interp(a, jnp.arange(5.0) - 2, jnp.arange(5.0) ** 2), V),
    "digitize": (lambda a: jnp.digitize(a, jnp.arange(3.0)) * a, V),
    "filled outside": (
        lambda a: a.at[jnp.array([1, 9])].get(mode="fill", fill_value=0.5) ** 2,
        V,
    ),
    "clipped outside": (lambda a: a.at[jnp.array([1, 9])].get(mode="clip"), V),
    "halved": (lambda a: lax.while_loop(lambda s: jnp.sum(s**2) > 1, lambda s: s / 2, a), V),
    "halved each": (
        jax.vmap(lambda a: lax.while_loop(lambda s: s > 1, lambda s: s / 2, a)),
        np.abs(V),
    ),
    "copysign": (lambda a: jnp.copysign(a, a[::-1]), V),
    "ldexp": (lambda a: jnp.ldexp(a, 2), V),
    "gamma": (jax.scipy.special.gamma, np.abs(V) + 0.25),
    "lu_solve": (
        lambda a: jax.scipy.linalg.lu_solve(jax.scipy.linalg.lu_factor(a), jnp.ones(3)),
        X[:, :3],
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_jaxs_functions(name: str) -> None:
    function, array = FUNCTIONS[name]
    forward = name.startswith("halved")  # JAX has no reverse mode of it
    with jax.enable_x64(True):
        what = ("value", "jvp") if forward else ("value", "vjp")
        report = check(function, jnp.asarray(array), what=what, repeats=2)
    assert report.ok, report.text
