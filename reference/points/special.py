"""The points of a definition: its samples, moved to the special places of its graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import Any

import numpy as np

from reference.definitions import Definition, Sample
from reference.definitions import definition as defined
from reference.domains.certified import evaluate
from reference.floats import Format, format_of, round_to_format
from reference.graph import Constant, Contract, Input, Map, Node, Solve, topological
from reference.points.calls import Call, constants, filled, parts, templates, traced
from reference.points.elementwise import Row, is_elementwise, rows
from reference.points.ladder import beside
from reference.points.patterns import matrix_patterns, vector_patterns
from reference.points.places import places
from reference.points.point import Point, rounded
from reference.points.reach import Budget, moves

__all__ = ["LIMIT", "special_points"]

LIMIT = 64
_PACKED = 16  # numbers side by side in an array of an elementwise operation
_LENGTHS = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 33)
_EVALUATIONS = 600
# Patterns that make a matrix singular, or so nearly that no algorithm has a digit left.
_NO_MATRICES = ("tie", "cancellation", "infinite", "scales", "tail")
# Which solve, too, but by no equation.
_ELIMINATING = frozenset({"lu", "lu_factor", "lu_factor_ex"})
_CONSTANT_ARGUMENTS = (2, 3, -1, -2, 0, 1, 0.5, -0.5)


def special_points(
    definition: Definition | str, dtype: str, rng: np.random.Generator, *, limit: int = LIMIT
) -> list[Point]:
    """Calls of an operation at its special places, at most `limit`, of every kind some.

    definition: one, or its name. dtype: float64, float32, float16 or bfloat16; it says which
    numbers are huge or tiny, and every float is one of its numbers. rng: the same seed gives the
    same points. Some points lie where the mathematics has no value or no gradient; a judge says
    `undefined` there.

    Raises MissingDefinition for a name that is not defined, TypeError for a dtype that is no
    format of floats.

    >>> points = special_points("relu", "float32", np.random.default_rng(0))
    >>> any((point.args[0] == 0).any() for point in points)
    True
    """
    row = defined(definition) if isinstance(definition, str) else definition
    fmt = format_of(dtype)
    streams: list[Iterable[Point]] = []
    ways: set[str] = set()
    samples = list(_with_constants(row, templates(row, rng)))
    evaluations = max(20, min(_EVALUATIONS, 2 * limit * _PACKED) // max(1, len(samples)))
    for sample in samples:
        try:
            call = traced(row, sample)
        except (TypeError, ValueError, RuntimeError, NotImplementedError):
            continue  # a plain number where the definition wants an array
        stream = _elementwise(row, sample, fmt, ways)
        streams.append(_shaped(row, call, fmt, evaluations) if stream is None else stream)
    own = _samples(row, rng)
    points = (rounded(point, fmt) for point in _in_turn([own, *streams]))
    return list(islice(_defined_first(row, points, limit), limit))


def _samples(row: Definition, rng: np.random.Generator) -> list[Point]:
    """The definition's own samples: one of each kind, and the kinks."""
    found = () if row.samples is None else row.samples(rng)
    chosen = [s for s in found if s.kind != "plain"]
    chosen += [s for s in found if s.kind == "plain" and any(a.size for a in parts(s))][:3]
    return [Point(s.args, dict(s.kwargs), f"a {s.kind} sample", "sample") for s in chosen]


def _in_turn(streams: Sequence[Iterable[Point]]) -> Iterator[Point]:
    """One of each kind in turn, and within a kind one of each stream in turn."""
    kinds: dict[str, list[list[Point]]] = {}
    for number, stream in enumerate(streams):
        for point in stream:
            lists = kinds.setdefault(point.kind, [[] for _ in streams])
            lists[number].append(point)
    merged = [
        [point for layer in zip_longest(*lists) for point in layer if point is not None]
        for lists in kinds.values()
    ]
    for layer in zip_longest(*merged):
        yield from (point for point in layer if point is not None)


def _defined_first(row: Definition, points: Iterable[Point], limit: int) -> Iterator[Point]:
    """Points without any value come last, and few of them."""
    outside: list[Point] = []
    for point in points:
        if _has_value(row, point):
            yield point
        elif len(outside) < max(2, limit // 8):
            outside.append(point)
    yield from outside


def _has_value(row: Definition, point: Point) -> bool:
    sample = Sample(point.args, point.kwargs)
    call = traced(row, sample)
    if not all(array.size for array in call.arrays):
        return True
    if any(isinstance(node, Solve) for node in topological(call.outputs)):  # slow to solve
        return all(bool(np.isfinite(array).all()) for array in call.arrays)
    found = evaluate(call.outputs, precision=128)
    return any(ball.is_finite() for array in found for ball in array.ravel().tolist())


def _with_constants(row: Definition, samples: Sequence[Sample]) -> Iterator[Sample]:
    """The samples; plain numbers too where one of them has one as its second, as in x ** -2."""
    ways = list(samples)
    yield from ways
    for sample in ways:
        if len(sample.args) == len(row.domain) == 2 and type(sample.args[1]) in (int, float):
            for number in _CONSTANT_ARGUMENTS:
                yield Sample((sample.args[0], number))
            return


# elementwise operations: rows of numbers, packed into arrays


def _elementwise(
    row: Definition, sample: Sample, fmt: Format, ways: set[str]
) -> list[Point] | None:
    """Points of an elementwise operation; None if it is not one, or not in this call."""
    arrays = parts(sample)
    if any(isinstance(value, np.ndarray) for value in _others(sample)):
        return None
    flats = [np.resize(array.ravel(), 3) for array in arrays]
    try:
        call = traced(row, sample, flats)
        if not is_elementwise(call.outputs, (3,)):
            return None
        whole = traced(row, sample)
        if len(arrays) == 1 and not is_elementwise(whole.outputs, arrays[0].shape):
            return None  # of vectors only, for which an engine may not be made
        small = traced(row, sample, [flat[:1] for flat in flats])
    except (TypeError, ValueError, RuntimeError, IndexError):
        return None
    way = repr(_others(sample))
    if way in ways:
        return []
    ways.add(way)
    numbers = [] if ways - {way} else _numbers(row, sample)
    bases = [tuple(float(flat[k]) for flat in flats) for k in range(2)]
    found = rows(small.outputs, small.inputs, bases, numbers, fmt)
    found = [_rounded_row(line, fmt) for line in found]
    points = [*_packed(sample, _finite_first(call, small, found))]
    return points if ways - {way} else [*points, *_lengths(sample)]


def _others(sample: Sample) -> list[object]:
    """What is not differentiated."""
    return [
        value
        for value in (*sample.args, *sorted(sample.kwargs.items()))
        if not (isinstance(value, np.ndarray) and value.dtype.kind == "f")
    ]


def _numbers(row: Definition, sample: Sample) -> list[float]:
    given = [v for v in (*sample.args, *sample.kwargs.values()) if type(v) in (int, float)]
    return list(dict.fromkeys([*constants(row.function), *map(float, given)]))


def _rounded_row(line: Row, fmt: Format) -> Row:
    values = round_to_format(np.array(line.values), fmt)
    return Row(tuple(values.tolist()), line.kind, line.why)


def _finite_first(call: Call, small: Call, found: list[Row]) -> list[Row]:
    """Rows where the operation has a value; of the others a few of each kind, apart."""
    columns = [np.array(column) for column in zip(*(line.values for line in found), strict=True)]
    retraced = _resized(call, columns)
    balls = evaluate(retraced, precision=128)
    good = [
        all(_is_known(array[k], infinite) for array in balls)
        for k, infinite in enumerate(not np.isfinite(line.values).all() for line in found)
    ]
    kept = [line for line, fine in zip(found, good, strict=True) if fine]
    outside: dict[str, list[Row]] = {}
    for line, fine in zip(found, good, strict=True):
        if not fine and line.kind not in ("scales", "infinite"):
            outside.setdefault(line.kind, []).append(line)
    rest = [line._replace(kind="outside") for line in _spread(outside)]
    return kept + rest


def _is_known(ball: Any, at_infinity: bool) -> bool:
    """Whether there is a value; the sine of infinity is a ball too, but of all values."""
    finite = bool(ball.is_finite())
    return finite and (not at_infinity or ball.is_exact() or ball.rel_accuracy_bits() > 20)


def _spread(groups: dict[str, list[Row]]) -> Iterator[Row]:
    for lines in groups.values():
        yield from lines[:4]


def _resized(call: Call, columns: Sequence[np.ndarray]) -> list[Node]:
    """The outputs of a graph over inputs of another length, elementwise as it is."""
    done: dict[int, Node] = {}
    for held, column in zip(call.inputs, columns, strict=True):
        done[id(held)] = Input(held.name, column.shape, column)
    for node in topological(call.outputs):
        if id(node) not in done:
            done[id(node)] = node.rebuild(tuple(done[id(child)] for child in node.inputs))
    return [done[id(output)] for output in call.outputs]


def _packed(sample: Sample, found: Sequence[Row]) -> Iterator[Point]:
    kinds: dict[str, list[Row]] = {}
    for line in found:
        kinds.setdefault(line.kind, []).append(line)
    for kind, lines in kinds.items():
        for start in range(0, len(lines), _PACKED):
            chunk = lines[start : start + _PACKED]
            columns = [np.array(column) for column in zip(*(c.values for c in chunk), strict=True)]
            args, kwargs = filled(sample, columns)
            why = "; ".join(dict.fromkeys(line.why for line in chunk))
            yield Point(args, kwargs, why, kind)


def _lengths(sample: Sample) -> Iterator[Point]:
    """Arrays of every length around the width of vector registers, of one number and of many."""
    arrays = parts(sample)
    for length in _LENGTHS:
        same = [np.full(length, array.ravel()[0]) for array in arrays]
        args, kwargs = filled(sample, list(same))
        yield Point(args, kwargs, f"{length} times the same numbers", "length")


# all others: patterns, and elements moved to the places of the graph


def _shaped(row: Definition, call: Call, fmt: Format, evaluations: int) -> list[Point]:
    sample, arrays = call.sample, call.arrays
    solves = row.name in _ELIMINATING or any(
        isinstance(node, Solve) for node in topological(call.outputs)
    )
    found = [*_patterned(sample, arrays, fmt, solves), *_moved(call, fmt, evaluations)]
    if solves:  # matrices first, as these are what there is to say of them
        found = [*_matrices(sample, arrays, fmt), *found]
    elif _multiplies(call):
        found += _matrices(sample, arrays, fmt)
    fixed = any(isinstance(value, np.ndarray) for value in _others(sample))
    if not fixed and all(array.ndim == 1 for array in arrays):
        found += _resizable(row, sample, arrays)
    return found


def _patterned(
    sample: Sample, arrays: Sequence[np.ndarray], fmt: Format, solves: bool
) -> Iterator[Point]:
    single = len(arrays) > 1
    for kind, why, change in vector_patterns(fmt):
        if solves and kind in _NO_MATRICES:
            continue
        with np.errstate(all="ignore"):
            changed = [np.asarray(change(array)) for array in arrays]
            args, kwargs = filled(sample, list(changed))
            yield Point(args, kwargs, why, kind)
            if single and kind in ("zero", "tie", "infinite", "overflow"):
                for number in range(len(arrays)):
                    one = [*arrays[:number], changed[number], *arrays[number + 1 :]]
                    args, kwargs = filled(sample, one)
                    yield Point(args, kwargs, f"{why}, in array {number} alone", kind)


def _multiplies(call: Call) -> bool:
    """Whether arrays are read as matrices: factors of sums of products."""
    return any(
        isinstance(node, Contract)
        and sum(not isinstance(child, Constant) for child in node.inputs) > 1
        for node in topological(call.outputs)
    )


def _matrices(sample: Sample, arrays: Sequence[np.ndarray], fmt: Format) -> Iterator[Point]:
    matrices = [number for number, array in enumerate(arrays) if array.ndim >= 2]
    for kind, why, change in matrix_patterns(fmt) if matrices else ():
        for number in matrices[:2]:
            one = [*arrays[:number], change(arrays[number]), *arrays[number + 1 :]]
            args, kwargs = filled(sample, one)
            yield Point(args, kwargs, why, kind)


def _moved(call: Call, fmt: Format, evaluations: int) -> Iterator[Point]:
    """One element moved so that somewhere in the graph a special value is met."""
    arrays = [round_to_format(array, fmt) for array in call.arrays]
    formats = [fmt] * len(arrays)
    budget = Budget(evaluations)
    seen: set[tuple[int, int, float]] = set()
    for node in topological(call.outputs):
        if not isinstance(node, Map) or not node.size:
            continue
        for place in places(node.expression, fmt):
            for move in islice(moves(node, place, call.inputs, arrays, formats, budget), 1):
                values = [move.value]
                values += beside(move.value, fmt) if place.around else ()
                for value in values:
                    key = (move.number, move.element, value)
                    if key in seen:
                        continue
                    seen.add(key)
                    changed = [np.array(array, order="C") for array in arrays]
                    changed[move.number].reshape(-1)[move.element] = value
                    args, kwargs = filled(call.sample, list(changed))
                    yield Point(args, kwargs, place.why, place.kind)


def _resizable(row: Definition, sample: Sample, arrays: Sequence[np.ndarray]) -> Iterator[Point]:
    """The same call at other lengths, where the operation takes them."""
    for length in _LENGTHS:
        others = [np.resize(array, length) for array in arrays]
        try:
            evaluate(traced(row, sample, others).outputs, precision=64)
        except (TypeError, ValueError, RuntimeError, IndexError):
            continue
        args, kwargs = filled(sample, list(others))
        yield Point(args, kwargs, f"vectors of length {length}", "length")
