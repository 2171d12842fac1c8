"""What the numeric domains share: the walk over a graph, index maps, contractions, MASKED."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import sympy as sp

from reference.domains.compile import is_discrete
from reference.graph import (
    Constant,
    Contract,
    IndexMap,
    Input,
    Map,
    Node,
    Order,
    Put,
    Take,
    topological,
)

__all__ = [
    "MASKED",
    "Masked",
    "Plan",
    "concrete",
    "contract",
    "holds_masked",
    "leaf_values",
    "object_array",
    "order_positions",
    "plan",
    "positions_of",
    "put",
    "ranks_from_comparisons",
    "spread",
    "take",
    "unmask",
    "varying_nodes",
    "walk",
]

Value = TypeVar("Value")


class Masked:
    """The zero of a branch that is literally zero: absorbs every factor, even an undefined one.

    >>> MASKED * float("nan") is MASKED, MASKED + 3, 2 - MASKED
    (True, 3, 2)
    """

    __slots__ = ()

    def __mul__(self, other: Any) -> Masked:
        return self

    __rmul__ = __mul__

    def __neg__(self) -> Masked:
        return self

    def __add__(self, other: Any) -> Any:
        return other

    __radd__ = __add__

    def __rsub__(self, other: Any) -> Any:
        return other

    def __sub__(self, other: Any) -> Any:
        return -other

    def __truediv__(self, other: Any) -> Masked:
        return self

    def __pow__(self, exponent: Any) -> Masked:
        return self

    def __float__(self) -> float:
        return 0.0

    def __repr__(self) -> str:
        return "MASKED"


MASKED = Masked()


def object_array(values: Sequence[Any], shape: tuple[int, ...]) -> np.ndarray:
    """The values, in C order, as an object array of a shape (never looked into by NumPy)."""
    flat = np.empty(len(values), dtype=object)
    flat[:] = values
    return flat.reshape(shape)


def unmask(array: np.ndarray, zero: Any) -> np.ndarray:
    """The array with every MASKED replaced by `zero`; the same array where there is none."""
    values = array.ravel().tolist()
    if not holds_masked(values):
        return array
    return object_array([zero if value is MASKED else value for value in values], array.shape)


def holds_masked(values: Iterable[Any]) -> bool:
    """Whether any of the values is MASKED.

    >>> holds_masked([1, MASKED]), holds_masked([1, 2])
    (True, False)
    """
    return Masked in set(map(type, values))


def concrete(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape as ints; ValueError where a size is symbolic."""
    for size in shape:
        if isinstance(size, sp.Expr) and not size.is_Integer:
            raise ValueError(f"shape {shape} has the symbolic size {size}: give concrete sizes")
    return tuple(int(size) for size in shape)


def varying_nodes(order: Sequence[Node], inputs: Sequence[Node] | None = None) -> set[int]:
    """Ids of the nodes whose values move when the Inputs move a little.

    A case distinction between numbers is locally constant: what depends on it alone stays.
    """
    chosen = None if inputs is None else {id(node) for node in inputs}
    result: set[int] = set()
    for node in order:
        if isinstance(node, Input):
            moves = chosen is None or id(node) in chosen
        elif isinstance(node, Map) and is_discrete(node.expression):
            moves = False
        elif isinstance(node, (Take, Put)):  # a key that moves a little orders the same way
            moves = id(node.inputs[0]) in result
        else:
            moves = any(id(child) in result for child in node.inputs)
        if moves:
            result.add(id(node))
    return result


@dataclass(frozen=True)
class Plan:
    """An order of evaluation: `nodes`, inputs first, what each reads, and what is then over.

    children: per node, the places of its inputs. release: per node, the places that nothing
    reads later. roots: the places of the nodes asked for.
    """

    nodes: tuple[Node, ...]
    children: tuple[tuple[int, ...], ...]
    release: tuple[tuple[int, ...], ...]
    roots: tuple[int, ...]


def plan(roots: Sequence[Node]) -> Plan:
    """Every node that the roots need, inputs first.

    >>> from reference.graph import Map, argument
    >>> x = Input("x", ())
    >>> plan([Map(argument(0) + 1, [x])]).children
    ((), (0,))
    """
    nodes = tuple(topological(roots))
    places = {id(node): number for number, node in enumerate(nodes)}
    children = tuple(tuple(places[id(child)] for child in node.inputs) for node in nodes)
    ends = tuple(places[id(root)] for root in roots)
    kept = set(ends)
    release: list[tuple[int, ...]] = []
    for read in reversed(children):
        release.append(tuple(set(read) - kept))
        kept.update(read)
    return Plan(nodes, children, tuple(reversed(release)), ends)


def walk(
    roots: Sequence[Node],
    compute: Callable[[Node, list[Value]], Value],
    given: Plan | None = None,
) -> list[Value]:
    """Evaluate every node that the roots need, inputs first, dropping values after last use.

    given: the plan of these roots, where it is known.
    """
    order = plan(roots) if given is None else given
    known: list[Any] = [None] * len(order.nodes)
    for number, node in enumerate(order.nodes):
        known[number] = compute(node, [known[child] for child in order.children[number]])
        for child in order.release[number]:
            known[child] = None
    return [known[number] for number in order.roots]


def take(source: np.ndarray, positions: np.ndarray, zero: Any) -> np.ndarray:
    """`source.flat[positions]`, `zero` where a position is -1."""
    if source.size == 0:
        result = np.empty(positions.shape, dtype=object)
        result[...] = zero
        return result
    result = np.asarray(source.ravel()[positions], dtype=object).reshape(positions.shape)
    outside = positions < 0
    if outside.any():
        result[outside] = zero
    return result


def put(values: np.ndarray, positions: np.ndarray, size: int, zero: Any) -> np.ndarray:
    """Flat array of `size` holding at each position the sum of the values sent there."""
    result = np.empty(size, dtype=object)
    result[:] = zero
    flat = positions.ravel()
    kept = flat >= 0
    flat = flat[kept]
    arriving = values.ravel()[kept]
    if flat.size == 0:
        return result
    if np.bincount(flat, minlength=1).max() == 1:
        result[flat] = arriving
        return result
    order = np.argsort(flat, kind="stable")
    flat, arriving = flat[order], arriving[order]
    starts = np.flatnonzero(np.concatenate(([True], flat[1:] != flat[:-1])))
    result[flat[starts]] = np.add.reduceat(arriving, starts)
    return result


def ranks_from_comparisons(
    sorted_positions: np.ndarray, rises: np.ndarray, shape: tuple[int, ...]
) -> np.ndarray:
    """Dense ranks: `rises[i]` says whether the i-th in order exceeds the one before."""
    ranks = np.empty(sorted_positions.size, dtype=np.intp)
    ranks[sorted_positions] = np.cumsum(rises)
    return ranks.reshape(shape)


def order_positions(
    index: Order, sorted_positions: np.ndarray, rises: np.ndarray, shape: tuple[int, ...]
) -> tuple[np.ndarray, bool]:
    """The positions an Order gives, and whether its equal keys matter to them."""
    positions = index.rule(ranks_from_comparisons(sorted_positions, rises, shape))
    if rises.all():
        return positions, False
    groups = np.cumsum(rises)
    for place in (sorted_positions, -sorted_positions):
        broken = np.empty(rises.size, dtype=np.intp)
        broken[sorted_positions[np.lexsort((place, groups))]] = np.arange(rises.size)
        if not np.array_equal(index.rule(broken.reshape(shape)), positions):
            return positions, True
    return positions, False


def contract(
    node: Contract,
    arrays: Sequence[np.ndarray],
    one: Any,
    zero: Any,
    product: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """A Contract over object arrays; `product` multiplies two matrices.

    one, zero: the product of no factors, the sum of no terms. Labels are summed as soon as no
    later factor needs them.
    """
    sizes = {label: int(size) for label, size in node.sizes.items()}
    factors = list(zip(arrays, node.labels, strict=True))
    if not factors:
        factors = [(object_array([one], ()), ())]
    array, labels = _sum_unneeded(*factors[0], _needed(node.output, factors[1:]), zero)
    for number in range(1, len(factors)):
        needed = _needed(node.output, factors[number + 1 :])
        other, other_labels = _sum_unneeded(*factors[number], needed | set(labels), zero)
        array, labels = _multiply(array, labels, other, other_labels, needed, product)
    uncarried = {label for label in node.sizes if label not in node.output} - {
        label for given in node.labels for label in given
    }
    for label in uncarried:
        array = _scaled(array, sizes[label])
    return spread(array, labels, node.output, sizes)


def _needed(output: tuple[int, ...], rest: Sequence[tuple[Any, tuple[int, ...]]]) -> set[int]:
    return set(output).union(*(labels for _, labels in rest))


def _scaled(array: np.ndarray, count: int) -> np.ndarray:
    result = np.asarray(array * count, dtype=object)
    return result.reshape(array.shape)


def _sum_unneeded(
    array: np.ndarray, labels: tuple[int, ...], needed: set[int], zero: Any
) -> tuple[np.ndarray, tuple[int, ...]]:
    axes = tuple(axis for axis, label in enumerate(labels) if label not in needed)
    if not axes:
        return array, labels
    kept = tuple(label for label in labels if label in needed)
    order = [axis for axis in range(array.ndim) if axis not in axes] + list(axes)
    shape = tuple(array.shape[axis] for axis in range(array.ndim) if axis not in axes)
    summed = math.prod(array.shape[axis] for axis in axes)
    flat = array.transpose(order).reshape(math.prod(shape), summed)
    if flat.shape[1] == 0:
        result = np.empty(flat.shape[0], dtype=object)
        result[:] = zero
    else:
        result = np.add.reduce(flat, axis=1)
    return result.reshape(shape), kept


def _multiply(
    left: np.ndarray,
    left_labels: tuple[int, ...],
    right: np.ndarray,
    right_labels: tuple[int, ...],
    needed: set[int],
    product: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> tuple[np.ndarray, tuple[int, ...]]:
    shared = [label for label in left_labels if label in right_labels]
    batch = [label for label in shared if label in needed]
    summed = [label for label in shared if label not in needed]
    rows = [label for label in left_labels if label not in right_labels]
    columns = [label for label in right_labels if label not in left_labels]

    def arranged(array: np.ndarray, labels: tuple[int, ...], groups: Sequence[list[int]]) -> Any:
        order = [labels.index(label) for group in groups for label in group]
        sizes = [math.prod(array.shape[labels.index(lb)] for lb in group) for group in groups]
        return array.transpose(order).reshape(sizes)

    def size_of(label: int) -> int:
        if label in left_labels:
            return int(left.shape[left_labels.index(label)])
        return int(right.shape[right_labels.index(label)])

    shape = tuple(size_of(label) for label in (*batch, *rows, *columns))
    labels = (*batch, *rows, *columns)
    if not summed:
        first = arranged(left, left_labels, (batch, rows))[:, :, None]
        second = arranged(right, right_labels, (batch, columns))[:, None, :]
        return (first * second).reshape(shape), labels
    first = arranged(left, left_labels, (batch, rows, summed))
    second = arranged(right, right_labels, (batch, summed, columns))
    result = np.empty((first.shape[0], first.shape[1], second.shape[2]), dtype=object)
    for number in range(first.shape[0]):
        result[number] = product(first[number], second[number])
    return result.reshape(shape), labels


def spread(
    array: np.ndarray, labels: tuple[int, ...], output: tuple[int, ...], sizes: Mapping[int, int]
) -> np.ndarray:
    """Transpose to the output's order and broadcast along labels that nothing carried."""
    carried = [label for label in output if label in labels]
    array = array.transpose([labels.index(label) for label in carried])
    shape = tuple(array.shape[carried.index(lb)] if lb in labels else 1 for lb in output)
    return np.broadcast_to(array.reshape(shape), tuple(sizes[label] for label in output))


def leaf_values(node: Node) -> Any:
    """The array of a Constant or of an Input with data; ValueError where there is none."""
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, Input):
        if node.value is None:
            raise ValueError(
                f"the input {node.name!r} has no value: give one in bindings={{input: array}}; a "
                "formula has none, and follows neither float() nor a branch that asks for numbers"
            )
        return node.value
    raise TypeError(f"{type(node).__name__} is no leaf")


def positions_of(index: IndexMap) -> np.ndarray:
    """The flat positions of an index map that does not depend on data."""
    return np.asarray(index.positions(), dtype=np.intp).reshape(concrete(index.shape))
