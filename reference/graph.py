"""The graph of the oracle: five kinds of nodes, and nothing that knows a number.

A node is an immutable array-valued expression. Besides the leaves (:class:`Input`,
:class:`Constant`) there are five kinds, one per mechanical rule of differentiation:

========  ==================================================================================
Map       a scalar SymPy expression over broadcast arguments
Contract  a sum of products over named axes (sum, matmul, einsum, broadcasting)
Take/Put  an index map read from, or added into (reshape, slice, gather, pad, sort)
Solve     unknowns fixed by equations (solve, inverse, Cholesky, roots)
Stop      a value cut off from differentiation
========  ==================================================================================

Sizes in a shape are ints, or SymPy expressions for arrays of any size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import sympy as sp

__all__ = [
    "Cast",
    "Constant",
    "Contract",
    "IndexMap",
    "Input",
    "Map",
    "Node",
    "Order",
    "Put",
    "Restricted",
    "Shape",
    "Size",
    "Solve",
    "Stop",
    "Take",
    "Unrecorded",
    "argument",
    "broadcast_shapes",
    "substitute",
    "topological",
]

Size: TypeAlias = int | sp.Expr
Shape: TypeAlias = tuple[Size, ...]


@cache
def argument(position: int) -> sp.Symbol:
    """The real SymPy symbol that stands for argument `position` of every Map."""
    return sp.Symbol(f"a{position}", real=True)


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The common shape under NumPy's rules; symbolic sizes must be equal or 1.

    >>> broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    rank = max((len(shape) for shape in shapes), default=0)
    result: list[Size] = []
    for axis in range(-rank, 0):
        size: Size = 1
        for shape in shapes:
            if len(shape) >= -axis and shape[axis] != 1:
                if size != 1 and shape[axis] != size:
                    raise ValueError(
                        f"shapes {', '.join(map(str, shapes))} do not broadcast: "
                        f"sizes {size} and {shape[axis]} meet at axis {axis}"
                    )
                size = shape[axis]
        result.append(size)
    return tuple(result)


class Node:
    """An array-valued expression: `inputs` (nodes) and a `shape`. Compared by identity."""

    __slots__ = ("__weakref__", "inputs", "shape")
    inputs: tuple[Node, ...]
    shape: Shape

    def rebuild(self, inputs: tuple[Node, ...]) -> Node:
        """The same node over other inputs of the same shapes."""
        raise NotImplementedError

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> Any:
        """The number of elements: an int, or an expression of symbolic sizes."""
        total: Any = 1
        for size in self.shape:
            total = total * size
        return total


class Input(Node):
    """A variable. `value` is its exact content where the program ran on data.

    value: object array of exact numbers (fractions, ints or floats, each meaning exactly what
    it holds), of this shape, or None for a variable without data. `owner` names whose variable
    it is (a tensor's cell), so that several recordings of one leaf are told as one.
    """

    __slots__ = ("name", "owner", "value")

    def __init__(
        self, name: str, shape: Shape, value: np.ndarray | None = None, owner: object = None
    ) -> None:
        self.inputs = ()
        self.shape = shape
        self.name = name
        self.value = value
        self.owner = owner

    def rebuild(self, inputs: tuple[Node, ...]) -> Node:
        return self


class Constant(Node):
    """Numbers that nothing is differentiated with respect to.

    value: an ndarray of floats, ints, bools or exact numbers (Fraction, SymPy numbers).
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.inputs = ()
        self.value = value if isinstance(value, np.ndarray) else _object_array(value)
        self.shape = self.value.shape

    def rebuild(self, inputs: tuple[Node, ...]) -> Node:
        return self


def _object_array(value: Any) -> np.ndarray:
    array = np.empty((), dtype=object)
    array[()] = value
    return array


class Map(Node):
    """A scalar SymPy expression in `argument(0), argument(1), …`, over broadcast inputs.

    Case distinctions are `sp.Piecewise`, never Abs, Max, sign or Heaviside, so that every kink
    is a visible comparison.
    """

    __slots__ = ("expression",)

    def __init__(self, expression: sp.Expr, inputs: Sequence[Node]) -> None:
        self.expression = expression
        self.inputs = tuple(inputs)
        self.shape = broadcast_shapes(*(node.shape for node in self.inputs))

    def rebuild(self, inputs: tuple[Node, ...]) -> Node:
        return Map(self.expression, inputs)


class Cast(Map):
    """The value of its input, which an engine holds in the format of this name from here on.

    To the mathematics it is nothing; what rounding explains depends on it.
    """

    __slots__ = ("format",)

    def __init__(self, value: Node, name: str) -> None:
        super().__init__(argument(0), [value])
        self.format = name


class Restricted(Map):
    """The value of its input: what a function reads of `source`, such as its symmetric part.

    source: differs from the input outside of what the function is meant for only. Forward rules
    of engines suppose that tangents do not lead out of that (the tangent of a symmetric matrix
    is symmetric). loose: neither do gradients lead out, by convention; whatever an engine gives
    across is then as right.
    """

    __slots__ = ("loose", "source")

    def __init__(self, part: Node, source: Node, *, loose: bool = False) -> None:
        super().__init__(argument(0), [part])
        self.source = source
        self.loose = loose


class Contract(Node):
    """`out[o] = Σ Π_k input_k[labels_k]`: a sum of products over named axes.

    labels: one tuple of ints per input; no label twice within one input.
    output: labels of the result; a label that no input carries is broadcast along.
    sizes: label -> size. Labels that are not in `output` are summed.
    """

    __slots__ = ("labels", "output", "sizes")

    def __init__(
        self,
        inputs: Sequence[Node],
        labels: Sequence[tuple[int, ...]],
        output: tuple[int, ...],
        sizes: Mapping[int, Size],
    ) -> None:
        self.inputs = tuple(inputs)
        self.labels = tuple(labels)
        self.output = output
        self.sizes = dict(sizes)
        self.shape = tuple(self.sizes[label] for label in output)

    def rebuild(self, inputs: tuple[Node, ...]) -> Node:
        return Contract(inputs, self.labels, self.output, self.sizes)


class IndexMap:
    """Which element of a source each element of a result reads.

    positions: intp array of the result's shape, flat (C order) positions in the source, -1 for
    "no source" (zero); a callable is evaluated at first use. formula: for symbolic sizes, from
    the result's index expressions to the source's index expressions (None where undefined).
    """

    __slots__ = ("_positions", "formula", "shape", "source")

    def __init__(
        self,
        source: Shape,
        shape: Shape,
        positions: np.ndarray | Callable[[], np.ndarray] | None = None,
        formula: Callable[[tuple[sp.Expr, ...]], tuple[sp.Expr, ...]] | None = None,
    ) -> None:
        self.source = source
        self.shape = shape
        self._positions = positions
        self.formula = formula

    def positions(self, key: np.ndarray | None = None) -> np.ndarray:
        """The flat positions. `key` is for maps that depend on data (:class:`Order`)."""
        if callable(self._positions):
            self._positions = self._positions()
        if self._positions is None:
            raise ValueError(
                f"an index map from shape {self.source} to {self.shape} has no concrete "
                "positions: sizes are symbolic. Give concrete sizes."
            )
        return self._positions


class Order(IndexMap):
    """An index map fixed by the values of a key array: `rule(ranks)` gives the positions.

    ranks: intp array of the key's shape, the dense rank (0 = smallest, ties share a rank) of
    every element among all; whoever evaluates the graph computes it with certainty or reports
    that it could not.
    """

    __slots__ = ("rule",)

    def __init__(
        self, source: Shape, shape: Shape, rule: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        super().__init__(source, shape)
        self.rule = rule

    def positions(self, key: np.ndarray | None = None) -> np.ndarray:
        if key is None:
            raise ValueError("an ordering needs the ranks of its key")
        return self.rule(key)


class Take(Node):
    """`out[i] = source[index[i]]`, zero where the index is -1.

    inputs: (source,) or (source, key) where the index is an :class:`Order` by a key.
    """

    __slots__ = ("index",)

    def __init__(self, source: Node, index: IndexMap, key: Node | None = None) -> None:
        self.inputs = (source,) if key is None else (source, key)
        self.index = index
        self.shape = index.shape

    def rebuild(self, inputs: tuple[Node, ...]) -> Node:
        return Take(inputs[0], self.index, *inputs[1:])


class Put(Node):
    """The transpose of Take: `out[index[i]] += values[i]` into zeros of `index.source`."""

    __slots__ = ("index",)

    def __init__(self, values: Node, index: IndexMap, key: Node | None = None) -> None:
        self.inputs = (values,) if key is None else (values, key)
        self.index = index
        self.shape = index.source

    def rebuild(self, inputs: tuple[Node, ...]) -> Node:
        return Put(inputs[0], self.index, *inputs[1:])


class Solve(Node):
    """The vector `u` with `equations(u, parameters) = 0`, as many equations as unknowns.

    unknown: Input of shape (n,). equations: node of shape (n,) over `unknown` and `parameters`
    (Inputs). inputs: the nodes that the parameters stand for here. start: from float arrays of
    the parameters to a float approximation of `u`, which picks the branch of a nonlinear
    system; None where the equations are linear in the unknown.
    """

    __slots__ = ("equations", "parameters", "start", "unknown")

    def __init__(
        self,
        unknown: Input,
        equations: Node,
        parameters: Sequence[Input],
        inputs: Sequence[Node],
        start: Callable[..., np.ndarray] | None = None,
    ) -> None:
        if equations.shape != unknown.shape:
            raise ValueError(
                f"{equations.shape} equations for {unknown.shape} unknowns: give as many"
            )
        self.unknown = unknown
        self.equations = equations
        self.parameters = tuple(parameters)
        self.inputs = tuple(inputs)
        self.start = start
        self.shape = unknown.shape

    def rebuild(self, inputs: tuple[Node, ...]) -> Node:
        return Solve(self.unknown, self.equations, self.parameters, inputs, self.start)


class Stop(Node):
    """The value of its input, cut off: its derivative is zero.

    A user's own rule may stand in the derivative's place: `inputs[1:]` are then what the rule
    differentiates with respect to, and `rule(cotangent)` gives one node (or None) for each.
    """

    __slots__ = ("rule",)

    def __init__(
        self,
        value: Node,
        sources: Sequence[Node] = (),
        rule: Callable[[Node], Sequence[Node | None]] | None = None,
    ) -> None:
        self.inputs = (value, *sources)
        self.rule = rule
        self.shape = value.shape

    def rebuild(self, inputs: tuple[Node, ...]) -> Node:
        return type(self)(inputs[0], inputs[1:], self.rule)


class Unrecorded(Stop):
    """What was computed while recording was off (`no_grad`): only forward mode sees through it."""

    __slots__ = ()


def topological(roots: Iterable[Node]) -> Iterator[Node]:
    """Every node that the roots depend on, inputs before users, without recursion."""
    seen: set[int] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in roots]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for child in node.inputs if id(child) not in seen)


def substitute(roots: Sequence[Node], replacements: Mapping[Node, Node]) -> list[Node]:
    """The roots with some nodes replaced by others of the same shape."""
    done: dict[int, Node] = {id(old): new for old, new in replacements.items()}
    for node in topological(roots):
        if id(node) not in done:
            inputs = tuple(done[id(child)] for child in node.inputs)
            unchanged = all(new is old for new, old in zip(inputs, node.inputs, strict=True))
            done[id(node)] = node if unchanged else node.rebuild(inputs)
    return [done[id(root)] for root in roots]
