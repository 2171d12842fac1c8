"""Arguments at the special places of a user's function, near to those that the user gave."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from reference.floats import Format, format_of, round_to_format
from reference.graph import Input, Map, Node, topological
from reference.points.ladder import SMALL, beside, held
from reference.points.places import places
from reference.points.point import Point
from reference.points.reach import Budget, moves
from reference.problem import trace

__all__ = ["Neighbour", "around", "special_arguments"]

_EVALUATIONS = 400
_LARGEST = 20_000  # elements of a node beyond which its places are not searched for
_LIMIT = 32


@dataclass(frozen=True, slots=True, eq=False)
class Neighbour:
    """Arguments in the order of the inputs, float64 arrays whose numbers the dtypes hold."""

    arrays: tuple[np.ndarray, ...]
    kind: str
    why: str


def special_arguments(
    outputs: Sequence[Node],
    inputs: Sequence[Input],
    arrays: Sequence[np.ndarray],
    dtypes: Sequence[Any],
    rng: np.random.Generator,
    limit: int = _LIMIT,
) -> list[Neighbour]:
    """Arguments near the given ones at the special places of a traced function, at most `limit`.

    outputs: what the function gave, over `inputs`. arrays: their contents; dtypes: their formats.
    One element at a time is moved: to where a comparison in the graph is a tie (and to the floats
    beside), a denominator, root or logarithm meets zero, a function saturates, a power overflows;
    to zero; to another element of its array. A function whose course depends on numbers (a Python
    `if`) took the course of the given arguments: trace it again at these.

    >>> from reference import build
    >>> x = Input("x", (2,), np.array([0.5, 2.0]))
    >>> y = build.maximum(x, 1)
    >>> found = special_arguments([y], [x], [x.value], ["float32"], np.random.default_rng(0))
    >>> [n.arrays[0].tolist() for n in found if n.kind == "kink"][0]
    [1.0, 2.0]
    """
    formats = [format_of(dtype) for dtype in dtypes]
    base = [
        round_to_format(np.array(array, dtype=np.float64, order="C"), fmt)
        for array, fmt in zip(arrays, formats, strict=True)
    ]
    streams = [_at_places(outputs, inputs, base, formats, rng), _patterns(base, formats, rng)]
    kinds: dict[str, list[Neighbour]] = {}
    seen: set[bytes] = {_key(base)}
    for neighbour in (n for stream in streams for n in stream):
        if _key(neighbour.arrays) not in seen:
            seen.add(_key(neighbour.arrays))
            kinds.setdefault(neighbour.kind, []).append(neighbour)
    layers = zip_longest(*kinds.values())
    return [n for layer in layers for n in layer if n is not None][:limit]


def around(
    function: Callable[..., Any],
    arrays: Sequence[Any],
    dtype: Any,
    rng: np.random.Generator,
    limit: int = _LIMIT,
) -> list[Point]:
    """Points of a function near the arguments given; see :func:`special_arguments`.

    function: of the oracle's tensors, written with operators and NumPy's or PyTorch's functions,
    giving one array or a tuple of them. arrays: its arguments, all of them differentiated.
    dtype: the format of all.

    >>> points = around(lambda x: abs(x - 3), [np.array(5.0)], "float16",
    ...     np.random.default_rng(0))
    >>> points[0].args[0], points[0].kind
    (array(3.), 'kink')
    """
    fmt = format_of(dtype)
    contents = [round_to_format(np.asarray(array, dtype=np.float64), fmt) for array in arrays]
    nodes, inputs = _traced(function, contents)
    found = special_arguments(nodes, inputs, contents, [fmt] * len(contents), rng, limit)
    return [Point(n.arrays, {}, n.why, n.kind) for n in found]


def _traced(
    function: Callable[..., Any], contents: Sequence[np.ndarray]
) -> tuple[list[Node], Sequence[Input]]:
    nodes: list[Node] = []

    def total(*tensors: Any) -> Any:
        result = function(*tensors)
        parts = result if isinstance(result, (tuple, list)) else (result,)
        nodes.extend(part.node for part in parts if hasattr(part, "node"))
        return sum((part.sum() for part in parts), start=0.0)

    problem = trace(total, contents)
    return nodes, problem.inputs


def _key(arrays: Sequence[np.ndarray]) -> bytes:
    return b"|".join(np.ascontiguousarray(array).tobytes() for array in arrays)


def _with(
    base: Sequence[np.ndarray], number: int, element: int, value: float
) -> tuple[np.ndarray, ...]:
    changed = [np.array(array, order="C") for array in base]
    changed[number].reshape(-1)[element] = value
    return tuple(changed)


def _at_places(
    outputs: Sequence[Node],
    inputs: Sequence[Input],
    base: Sequence[np.ndarray],
    formats: Sequence[Format],
    rng: np.random.Generator,
) -> Iterator[Neighbour]:
    """Places of every Map: at its element that is nearest to the place, and at a random one."""
    budget = Budget(_EVALUATIONS)
    nodes = [n for n in topological(outputs) if isinstance(n, Map) and n.inputs]
    maps = [node for node in nodes if 0 < int(node.size) <= _LARGEST]
    widest = max(formats, key=lambda fmt: fmt.precision, default=format_of("float64"))
    pending = [(node, place) for node in maps for place in places(node.expression, widest)]
    pending.sort(key=lambda pair: pair[1].kind != "kink")  # stable: kinks first
    for node, place in pending:
        elements: Iterable[int | None] = (None,)
        if place.kind == "kink" and node.size > 1:
            elements = (None, int(rng.integers(int(node.size))))
        for element in elements:
            for move in moves(node, place, inputs, base, formats, budget, element):
                fmt = formats[move.number]
                values = [move.value, *(beside(move.value, fmt) if place.around else ())]
                if place.kind != "kink" and place.around:
                    values += [held(move.value + step, fmt) for step in SMALL]
                for value in values:
                    arrays = _with(base, move.number, move.element, value)
                    yield Neighbour(arrays, place.kind, place.why)
                if move.exact:
                    break  # other elements would do no better


def _patterns(
    base: Sequence[np.ndarray], formats: Sequence[Format], rng: np.random.Generator
) -> Iterator[Neighbour]:
    """A zero, a tie of two elements, all zeros, for every array."""
    for number, array in enumerate(base):
        if not array.size:
            continue
        element = int(rng.integers(array.size))
        yield Neighbour(_with(base, number, element, 0.0), "zero", "one element is zero")
        if array.size > 1:
            flat = array.reshape(-1)
            order = np.argsort(flat, kind="stable")
            for one, other in ((order[-2], order[-1]), (order[1], order[0])):
                tied = _with(base, number, int(one), float(flat[other]))
                yield Neighbour(tied, "tie", "the extreme element stands twice")
            whole = [*base[:number], np.zeros(array.shape), *base[number + 1 :]]
            yield Neighbour(tuple(whole), "zero", "an array of zeros")
            same = [*base[:number], np.full(array.shape, flat[0]), *base[number + 1 :]]
            yield Neighbour(tuple(same), "tie", "an array of equal elements")
