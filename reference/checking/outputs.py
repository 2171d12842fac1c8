"""The outputs that have derivatives: floats. Indices, flags and numbers beside them have none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference.adapters import Pair
from reference.adapters.adapter import Adapter, flattened

__all__ = ["chosen", "of_chosen"]


def chosen(adapter: Adapter, outputs: Sequence[Any]) -> tuple[list[int], list[str]]:
    """(which outputs are arrays of floats, notes about the others).

    Raises TypeError where none is.
    """
    kept = [number for number, output in enumerate(outputs) if adapter.is_float(output)]
    if not kept:
        given = ", ".join(_described(output) for output in outputs) or "nothing: ()"
        raise TypeError(
            f"the function returned {given}, which has no derivative: return an array of floats "
            f"of {adapter.name}, or several of them in a tuple, list or dict"
        )
    notes = [
        f"output {number} is {_described(output)}, which has no derivative: left out"
        for number, output in enumerate(outputs)
        if number not in kept
    ]
    return kept, notes


def of_chosen(f: Any, kept: Sequence[int], outputs: Sequence[Any]) -> Any:
    """The function that gives the chosen ones alone; outputs: all that f gave."""
    if isinstance(f, Pair):
        return _pair_of_chosen(f, kept, outputs)
    selecting = _selecting(f, kept)
    original = getattr(f, "_torchdynamo_orig_callable", None)
    if original is not None:  # what PyTorch compiled f from: that is traced
        selecting._torchdynamo_orig_callable = _selecting(original, kept)
    return selecting


def _selecting(f: Callable[..., Any], kept: Sequence[int]) -> Any:
    def selecting(*arrays: Any) -> Any:
        every = flattened(f(*arrays))
        found = tuple(every[number] for number in kept)
        return found[0] if len(found) == 1 else found

    return selecting


def _pair_of_chosen(pair: Pair, kept: Sequence[int], outputs: Sequence[Any]) -> Pair:
    """Its vjp still gets a cotangent for each output: zeros for those that have no derivative."""

    def vjp(cotangent: Any, *arrays: Any) -> Any:
        given = iter((cotangent,) if len(kept) == 1 else cotangent)
        every = tuple(
            next(given) if number in kept else np.zeros(np.shape(output))
            for number, output in enumerate(outputs)
        )
        return pair.vjp(every, *arrays)

    def jvp(tangents: Any, *arrays: Any) -> Any:
        every = flattened(pair.jvp(tangents, *arrays)) if pair.jvp else []
        if len(every) == len(kept):
            return tuple(every)
        return tuple(every[number] for number in kept)

    return Pair(_selecting(pair.forward, kept), vjp, jvp if pair.jvp else None)


def _described(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    kind = type(value).__name__
    return kind if dtype is None or str(dtype) == kind else f"{kind} of {dtype}"
