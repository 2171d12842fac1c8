"""JAX: functions under `jit` or not, custom VJPs and JVPs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference.adapters.adapter import (
    Adapter,
    Arrays,
    Function,
    NotOffered,
    Pulled,
    flattened,
    framework,
)
from reference.trace.jaxpr import run_traced

__all__ = ["JaxAdapter"]


class JaxAdapter(Adapter):
    """Both modes, in all four pairs. Every array of floats asks for its gradient."""

    name = "jax"
    forward_mode = True
    second_order = ("rr", "rc", "fr", "rf", "ff")
    layouts = False
    conjugates = True

    def recognises(self, value: Any) -> bool:
        return type(value).__module__.partition(".")[0] in ("jax", "jaxlib")

    def adopt(self, content: np.ndarray, like: Any, *, layout: str = "plain") -> Any:
        return framework("jax.numpy").asarray(content.astype(np.dtype(like.dtype)))

    def copies(self, content: np.ndarray, like: Any, count: int) -> Arrays:
        return [self.adopt(content, like)] * count  # nothing can change them

    def pytrees(self, value: Any) -> Any:
        """Whatever is registered with JAX: Equinox's modules, Flax's structures."""
        return framework("jax.tree_util")

    def from_numpy(self, array: np.ndarray) -> Any:
        return framework("jax.numpy").asarray(array)

    def pull(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], cotangents: Sequence[Arrays]
    ) -> Pulled:
        jax = framework("jax")
        outputs, back = jax.vjp(_of(f, arrays, wrt), *(arrays[number] for number in wrt))
        return Pulled(list(outputs), [list(back(tuple(given))) for given in cotangents])

    def pull_each(
        self,
        f: Function,
        runs: Sequence[Arrays],
        wrt: Sequence[int],
        cotangents: Sequence[Arrays],
    ) -> list[Pulled]:
        """All runs under one `vjp`: f is called, and its rules are run, for each of them."""
        each = [_of(f, arrays, wrt) for arrays in runs]
        size = len(wrt)

        def every(*chosen: Any) -> tuple[tuple[Any, ...], ...]:
            starts = range(0, len(chosen), size)
            return tuple(
                of(*chosen[start : start + size]) for of, start in zip(each, starts, strict=True)
            )

        primals = [arrays[number] for arrays in runs for number in wrt]
        outputs, back = framework("jax").vjp(every, *primals)
        found = back(tuple(tuple(given) for given in cotangents))
        return [
            Pulled(list(output), [list(found[number * size : (number + 1) * size])])
            for number, output in enumerate(outputs)
        ]

    def push(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], tangents: Arrays
    ) -> tuple[Arrays, Arrays]:
        primals = tuple(arrays[number] for number in wrt)
        outputs, pushed = framework("jax").jvp(_of(f, arrays, wrt), primals, tuple(tangents))
        return list(outputs), list(pushed)

    def second(
        self,
        mode: str,
        f: Function,
        arrays: Arrays,
        wrt: Sequence[int],
        cotangents: Arrays,
        tangents: Arrays,
    ) -> Arrays:
        jax = framework("jax")
        of = _of(f, arrays, wrt)
        primals = tuple(arrays[number] for number in wrt)
        given, along = tuple(cotangents), tuple(tangents)

        def pulled(*chosen: Any) -> Any:
            return jax.vjp(of, *chosen)[1](given)

        def pushed(*chosen: Any) -> Any:
            return jax.jvp(of, chosen, along)[1]

        try:
            if mode == "rc":
                back = jax.vjp(of, *primals)[1]
                return list(jax.vjp(lambda *each: back(each), *given)[1](along))
            return self._composed(jax, mode, pulled, pushed, primals, given, along)
        except NotImplementedError as error:
            raise NotOffered(str(error).strip().splitlines()[0][:200]) from error

    @staticmethod
    def _composed(
        jax: Any,
        mode: str,
        pulled: Function,
        pushed: Function,
        primals: tuple[Any, ...],
        given: tuple[Any, ...],
        along: tuple[Any, ...],
    ) -> Arrays:
        if mode == "rr":
            return list(jax.vjp(pulled, *primals)[1](along))
        if mode == "fr":
            return list(jax.jvp(pulled, primals, along)[1])
        if mode == "rf":
            return list(jax.vjp(pushed, *primals)[1](given))
        return list(jax.jvp(pushed, primals, along)[1])

    def trace(self, f: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        jax = framework("jax")
        try:
            return run_traced(jax, f, tensors, arrays)
        except jax.errors.ConcretizationTypeError as error:
            raise NotOffered(
                "the function's course depends on the numbers in its arguments (an if, a while, "
                "float()), which a jaxpr cannot hold: write it with jax.lax.cond, jnp.where and "
                "their like, or give its mathematics as definition="
            ) from error

    def source(self, name: str, values: str, dtype: str) -> str:
        return f"{name} = jnp.array({values}, dtype=jnp.{dtype})"


def _of(f: Function, arrays: Arrays, wrt: Sequence[int]) -> Callable[..., tuple[Any, ...]]:
    """f as a function of the chosen arguments, giving a flat tuple."""

    def function(*chosen: Any) -> tuple[Any, ...]:
        given = list(arrays)
        for number, value in zip(wrt, chosen, strict=True):
            given[number] = value
        return tuple(flattened(f(*given)))

    return function
