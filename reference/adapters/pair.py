"""A plain pair of Python functions: forward, and the vector-Jacobian product beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reference.adapters.adapter import Arrays, Function, NotOffered, Pulled, flattened
from reference.adapters.numpy_arrays import NumpyArrays

__all__ = ["Pair", "PairAdapter"]


@dataclass(frozen=True)
class Pair:
    """forward(*arrays) gives an output; vjp(cotangent, *arrays) the gradients, in order.

    jvp(tangents, *arrays), where there is one, gives the output's tangent; `tangents` has one
    array for each argument that is differentiated. Several outputs have tuples of cotangents.

    >>> import numpy as np
    >>> float(Pair(np.sin, lambda g, x: g * np.cos(x))(0.0))
    0.0
    """

    forward: Callable[..., Any]
    vjp: Callable[..., Any]
    jvp: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        for name in ("forward", "vjp", "jvp"):
            given = getattr(self, name)
            if not callable(given) and not (name == "jvp" and given is None):
                raise TypeError(f"Pair: {name} is {type(given).__name__}: give a function")

    def __call__(self, *arrays: Any) -> Any:
        return self.forward(*arrays)


class PairAdapter(NumpyArrays):
    """NumPy functions that stand beside each other."""

    name = "pair"
    forward_mode = True

    def pull(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], cotangents: Sequence[Arrays]
    ) -> Pulled:
        pair = _pair(f)
        outputs = flattened(pair.forward(*arrays))
        gradients = []
        for given in cotangents:
            cotangent = given[0] if len(given) == 1 else tuple(given)
            found = pair.vjp(cotangent, *arrays)
            listed = list(found) if isinstance(found, (tuple, list)) else [found]
            if len(listed) == len(arrays) > len(wrt):
                listed = [listed[number] for number in wrt]
            if len(listed) != len(wrt):
                raise ValueError(
                    f"vjp gave {len(listed)} gradients for {len(wrt)} arguments: give one for "
                    "each, None where there is none"
                )
            gradients.append(listed)
        return Pulled(outputs, gradients)

    def push(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], tangents: Arrays
    ) -> tuple[Arrays, Arrays]:
        pair = _pair(f)
        if pair.jvp is None:
            raise NotOffered("the pair has no jvp")
        pushed = flattened(pair.jvp(tuple(tangents), *arrays))
        return flattened(pair.forward(*arrays)), pushed

    def trace(self, f: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        return super().trace(_pair(f).forward, tensors, arrays)


def _pair(f: Function) -> Pair:
    if isinstance(f, Pair):
        return f
    raise TypeError(f"engine 'pair' checks a Pair(forward, vjp), not {type(f).__name__}")
