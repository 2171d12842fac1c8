"""Ordinary calls of an operation: the samples of its definition, traced into graphs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.definitions import Definition, Sample
from reference.graph import Input, Node
from reference.points.point import Point, is_float_array, replaced

__all__ = ["Call", "constants", "parts", "templates", "traced"]


@dataclass(frozen=True, slots=True)
class Call:
    """A sample with its graph: `outputs` over one of the `inputs` for each array of floats."""

    sample: Sample
    arrays: tuple[np.ndarray, ...]
    inputs: tuple[Input, ...]
    outputs: tuple[Node, ...]


def parts(sample: Sample | Point) -> list[np.ndarray]:
    """The arrays of floats of a call, in the order of its parameters."""
    found: list[np.ndarray] = []

    def keep(array: np.ndarray) -> np.ndarray:
        found.append(array)
        return array

    for value in (*sample.args, *sample.kwargs.values()):
        replaced(value, keep)
    return found


def filled(sample: Sample, values: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The parameters of a call with its arrays of floats replaced by others, in order."""
    rest = iter(values)

    def change(_: np.ndarray) -> Any:
        return next(rest)

    args = tuple(replaced(value, change) for value in sample.args)
    return args, {name: replaced(value, change) for name, value in sample.kwargs.items()}


def traced(definition: Definition, sample: Sample, arrays: list[np.ndarray] | None = None) -> Call:
    """The graph of a call (with other arrays in its arrays' places, where they are given).

    Raises whatever the definition raises for arguments that it refuses.
    """
    held = parts(sample) if arrays is None else arrays
    inputs = [Input(f"x{k}", array.shape, array) for k, array in enumerate(held)]
    args, kwargs = filled(sample, list(inputs))
    result = definition.function(*args, **kwargs)
    outputs = result if isinstance(result, (tuple, list)) else (result,)
    nodes = tuple(output for output in outputs if isinstance(output, Node))
    return Call(sample, tuple(held), tuple(inputs), nodes)


def templates(definition: Definition, rng: np.random.Generator) -> list[Sample]:
    """One sample for each way in which the definition's samples differ but for numbers.

    Ways differ in which parameters are arrays, and in the values of all others. The sample is the
    largest of its kind with at most 24 numbers; empty arrays are no places.
    """
    best: dict[str, Sample] = {}
    for sample in () if definition.samples is None else definition.samples(rng):
        if sample.kind == "kink" or not parts(sample) or any(a.size == 0 for a in parts(sample)):
            continue
        key = _way(sample)
        known = best.get(key)
        if known is None or _weight(known) < _weight(sample):
            best[key] = sample
    return list(best.values())


def _weight(sample: Sample) -> tuple[bool, int]:
    size = sum(array.size for array in parts(sample))
    return size <= 24, size if size <= 24 else -size


def _way(sample: Sample) -> str:
    def shown(value: Any) -> str:
        if is_float_array(value):
            return f"float{min(value.ndim, 1) if value.ndim < 2 else 2}"
        if isinstance(value, np.ndarray):
            return f"{value.dtype.kind}{value.ndim}"
        if isinstance(value, (tuple, list)):
            return "(" + ",".join(map(shown, value)) + ")"
        return repr(value)

    named = [f"{name}={shown(value)}" for name, value in sample.kwargs.items()]
    return ",".join([*map(shown, sample.args), *named])


def constants(function: Callable[..., Any]) -> list[float]:
    """The plain numbers that are defaults of a function's parameters.

    >>> def softplus(input, beta=1, threshold=20): ...
    >>> constants(softplus)
    [1.0, 20.0]
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    found = [p.default for p in parameters if type(p.default) in (int, float)]
    return list(dict.fromkeys(float(value) for value in found))
