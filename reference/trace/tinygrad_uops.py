"""tinygrad's own record of a function, a graph of micro-operations, as mathematics.

tinygrad computes nothing before it must: what a function gives is a graph of about thirty kinds of
operations over the buffers that it starts from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.definitions import MissingDefinition, definition
from reference.graph import Node
from reference.tensor import Tensor, from_node

__all__ = ["run_traced"]


def run_traced(
    tinygrad: Any, f: Callable[..., Any], tensors: Sequence[Any], arrays: Sequence[Any]
) -> Any:
    """What f gives on the oracle's tensors, which stand for `arrays`.

    Raises MissingDefinition for an operation that is not known, or where the record of the
    arguments is lost because f computes numbers on its way.
    """
    held = {
        array.uop: value.node
        for value, array in zip(tensors, arrays, strict=True)
        if isinstance(value, Tensor)
    }
    run = _Run(tinygrad, held)
    result = f(*arrays)
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    found = [from_node(build.node(run.value(output.uop)), run.dtype(output)) for output in outputs]
    if not run.reached:
        raise MissingDefinition(
            "the function's result does not depend on its arguments in tinygrad's record: it "
            "computes numbers on the way (realize, item, numpy). Give its mathematics as "
            "definition="
        )
    return found if isinstance(result, (tuple, list)) else found[0]


class _Run:
    """One interpretation."""

    def __init__(self, tinygrad: Any, held: dict[Any, Node]) -> None:
        self.tinygrad = tinygrad
        self.known: dict[Any, Any] = dict(held)
        self.inputs = set(held)
        self.reached = False

    def dtype(self, array: Any) -> str:
        names = {"half": "float16", "float": "float32", "double": "float64"}
        text = str(array.dtype).removeprefix("dtypes.")
        return names.get(text, text)

    def value(self, root: Any) -> Any:
        """The node, or the number, that an operation gives."""
        stack = [root]
        while stack:
            uop = stack[-1]
            if uop in self.known:
                self.reached = self.reached or uop in self.inputs
                stack.pop()
                continue
            if str(uop.op.name) == "CONST":
                self.known[uop] = _exactly(uop.arg)
                continue
            operands = self.operands(uop)
            self.reached = self.reached or any(child in self.inputs for child in operands)
            waiting = [child for child in operands if child not in self.known]
            if waiting:
                stack.extend(waiting)
                continue
            self.known[uop] = self.computed(uop)
        return self.known[root]

    def operands(self, uop: Any) -> Sequence[Any]:
        """The arrays among the sources; the rest of them say shapes, or what is done before."""
        name = str(uop.op.name)
        if name in _SHAPED or name in _SAME or name == "CAST":
            return tuple(uop.src[:1])
        if name == "AFTER":  # memory once a value was stored in it
            return tuple(self.stored(uop).src[1:2])
        return tuple(uop.src) if name in _POINTWISE or name == "STACK" else ()

    def stored(self, uop: Any) -> Any:
        """The one store that fills the memory that is looked at."""
        place, *done = uop.src
        if len(done) != 1 or str(done[0].op.name) != "STORE" or done[0].src[0] is not place:
            raise _missing("AFTER")
        return done[0]

    def computed(self, uop: Any) -> Any:
        name = str(uop.op.name)
        if name == "BUFFER":
            return self.numbers(uop)
        values = [self.known[child] for child in self.operands(uop)]
        if name in _SAME:
            return values[0]
        if name == "AFTER":
            return build.broadcast_to(build.node(values[0]), _shape(uop))
        if name in _POINTWISE:
            return _POINTWISE[name](*values)
        if name in _SHAPED:
            return _SHAPED[name](build.node(values[0]), uop, self)
        if name == "STACK":
            return build.stack([build.node(value) for value in values])
        if name == "CAST":
            return _converted(build.node(values[0]), uop)
        raise _missing(name)

    def numbers(self, uop: Any) -> np.ndarray:
        """What a buffer holds, which no argument is in."""
        return np.asarray(self.tinygrad.Tensor(uop).numpy()).reshape(_shape(uop))

    def whole(self, uop: Any) -> list[int]:
        """Sizes, which stand in the graph: one, or a stack of them."""
        parts = uop.src if str(uop.op.name) == "STACK" else (uop,)
        return [int(part.arg) for part in parts]


def _exactly(value: Any) -> Any:
    """A number; those that stand for constants of mathematics as what they stand for."""
    if isinstance(value, float) and math.isinf(value):  # what maxima and masks begin with
        return -_BEYOND if value < 0 else _BEYOND
    known = _CONSTANTS.get(abs(value)) if isinstance(value, float) else None
    if known is None:
        return value
    return -known if value < 0 else known


_BEYOND = 10**300  # larger than what is compared with it
_CONSTANTS: dict[float, Any] = {
    1 / math.log(2): 1 / sp.log(2),
    math.log(2): sp.log(2),
    math.log(10): sp.log(10),
    1 / math.log(10): 1 / sp.log(10),
    math.pi: sp.pi,
    math.pi / 2: sp.pi / 2,
    math.pi * 2: 2 * sp.pi,
    math.sqrt(2 / math.pi): sp.sqrt(2 / sp.pi),
    math.sqrt(2): sp.sqrt(2),
    1 / math.sqrt(2): 1 / sp.sqrt(2),
}


def _map(expression: Callable[..., Any]) -> Callable[..., Node]:
    return lambda *values: build.elementwise(expression, *values)


def _defined(name: str) -> Callable[..., Any]:
    return lambda *values: definition(name).function(*values)


def _shape(uop: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in uop.shape)


def _reduced(value: Node, uop: Any, run: _Run) -> Node:
    """Over the first axes."""
    operation, count = uop.arg[0], uop.arg[1]
    axes = tuple(range(int(count)))
    kind = str(operation.name)
    if kind not in _REDUCTIONS:
        raise _missing(f"REDUCE {kind}")
    return build.reshape(_REDUCTIONS[kind](value, axes), _shape(uop))


def _padded(value: Node, uop: Any, run: _Run) -> Node:
    """Zeros around an array: where it begins, and the size of the whole."""
    first, shape = run.whole(uop.src[1]), _shape(uop)
    places = np.full(shape, -1)
    window = tuple(
        slice(start, start + int(size)) for start, size in zip(first, value.shape, strict=True)
    )
    places[window] = np.arange(int(value.size)).reshape(tuple(int(n) for n in value.shape))
    return build.take(value, places)


def _shrunk(value: Node, uop: Any, run: _Run) -> Node:
    """A window: where it begins, and its size."""
    first, sizes = run.whole(uop.src[1]), _shape(uop)
    window = tuple(slice(s, s + n) for s, n in zip(first, sizes, strict=True))
    return build.getitem(value, window)


def _flipped(value: Node, uop: Any, run: _Run) -> Node:
    axes = [axis for axis, turned in enumerate(uop.arg) if turned]
    return build.flip(value, tuple(axes))


def _converted(value: Node, uop: Any) -> Node:
    """Another format for the same numbers; integers have no derivative."""
    source, target = str(uop.src[0].dtype), str(uop.dtype)
    if "float" in target or "double" in target or "half" in target or "bool" in source:
        return value
    if "bool" in target:
        return build.not_equal(value, 0)
    if "int" in source:
        return value
    whole: Node = definition("trunc").function(value)
    return whole


_REDUCTIONS: dict[str, Callable[..., Node]] = {
    "ADD": build.sum,
    "MAX": build.largest,
    "MUL": build.prod,
}
_SAME = frozenset({"CONTIGUOUS", "CONTIGUOUS_BACKWARD", "COPY", "NOOP"})
_POINTWISE: dict[str, Callable[..., Any]] = {
    "ADD": build.add,
    "AND": build.logical_and,
    "CMPEQ": build.equal,
    "CMPLT": build.less,
    "CMPNE": build.not_equal,
    "COS": _map(sp.cos),
    "DETACH": build.stop,
    "EXP2": _map(lambda x: 2**x),
    "FDIV": build.divide,
    "FLOORDIV": _defined("floor_divide"),
    "FLOORMOD": _defined("remainder"),
    "IDIV": _defined("trunc_divide"),
    "LOG2": _map(lambda x: sp.log(x) / sp.log(2)),
    "MAX": build.maximum,
    "MOD": _defined("fmod"),
    "MUL": build.multiply,
    "NEG": build.negative,
    "OR": build.logical_or,
    "POW": build.power,
    "RECIPROCAL": _map(lambda x: 1 / x),
    "SIN": _map(sp.sin),
    "SQRT": _map(sp.sqrt),
    "SUB": build.subtract,
    "TRUNC": _defined("trunc"),
    "WHERE": build.where,
}
_SHAPED: dict[str, Callable[[Node, Any, _Run], Node]] = {
    "EXPAND": lambda value, uop, run: build.broadcast_to(value, _shape(uop)),
    "FLIP": _flipped,
    "PAD": _padded,
    "PERMUTE": lambda value, uop, run: build.permute(value, tuple(uop.arg)),
    "REDUCE": _reduced,
    "RESHAPE": lambda value, uop, run: build.reshape(value, _shape(uop)),
    "SHRINK": _shrunk,
}


def _missing(name: str) -> MissingDefinition:
    return MissingDefinition(
        f"tinygrad's operation {name!r} is not known: give the function's mathematics as "
        "definition="
    )
