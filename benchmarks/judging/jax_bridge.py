"""Pairs of NumPy functions as JAX functions: custom rules that call back into Python."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from judging.case import Rules

__all__ = ["function"]


def function(rules: Rules, arrays: Any, mode: str) -> Any:
    """A function of JAX arrays that runs the pair; mode: "rev" or "fwd"."""
    out = np.asarray(rules.forward(*[np.array(array) for array in arrays]))
    shape = jax.ShapeDtypeStruct(out.shape, out.dtype)
    inputs = tuple(jax.ShapeDtypeStruct(array.shape, array.dtype) for array in arrays)

    def call(f: Any, wanted: Any, *given: Any) -> Any:
        def run(*values: Any) -> Any:
            found = f(*[np.array(value) for value in values])
            if isinstance(wanted, tuple):
                listed = list(found) if isinstance(found, (tuple, list)) else [found]
                return tuple(
                    np.zeros(one.shape, one.dtype) if part is None else np.asarray(part)
                    for part, one in zip(listed, wanted, strict=True)
                )
            return np.asarray(found)

        return jax.pure_callback(run, wanted, *given)

    def value(*xs: Any) -> Any:
        return call(rules.forward, shape, *xs)

    count = len(arrays)
    if mode == "fwd":
        pushed = jax.custom_jvp(value)

        def push(primals: Any, tangents: Any) -> Any:
            found = call(
                lambda *v: rules.jvp(tuple(v[:count]), *v[count:]), shape, *tangents, *primals
            )
            return pushed(*primals), found

        pushed.defjvp(push)
        return pushed

    def gradients(g: Any, *xs: Any) -> Any:
        return call(rules.vjp, inputs, g, *xs)

    pull = jax.custom_vjp(gradients)

    def second(kept: Any, directions: Any) -> Any:
        g, *xs = kept
        by_g = call(lambda *v: rules.jvp(tuple(v[:count]), *v[count:]), shape, *directions, *xs)
        by_x = call(
            lambda g, *v: rules.second(g, tuple(v[:count]), *v[count:]), inputs, g,
            *directions, *xs,
        )  # fmt: skip
        return (by_g, *by_x)

    pull.defvjp(lambda g, *xs: (gradients(g, *xs), (g, *xs)), second)
    pulled = jax.custom_vjp(value)
    pulled.defvjp(lambda *xs: (pulled(*xs), xs), lambda xs, g: tuple(pull(g, *xs)))
    return pulled
