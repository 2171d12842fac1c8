"""The closed form of a graph: SymPy expressions for small fixed shapes and for any size.

`evaluate` gives every element of a node of fixed shape as an expression of its own. `element`
writes one element of a node of any shape in index notation: `x[j]`, `Sum(x[k], (k, 0, n - 1))`,
`KroneckerDelta`. Neither approximates anything: a float stands for the number that it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

import numpy as np
import sympy as sp

from reference.graph import (
    Constant,
    Contract,
    IndexMap,
    Input,
    Map,
    Node,
    Order,
    Put,
    Solve,
    Stop,
    Take,
    argument,
    topological,
)
from reference.simplify_sums import Simplifier, guarded

__all__ = ["Elements", "NoClosedForm", "element", "evaluate", "exact_number", "variable"]

_CASES = 64  # largest table of numbers or positions that is written as a case distinction


class NoClosedForm(NotImplementedError):
    """A node cannot be written as a formula."""


def exact_number(value: Any) -> sp.Expr:
    """The number that `value` holds, exactly.

    >>> exact_number(0.5), exact_number(Fraction(1, 10)), exact_number(True)
    (1/2, 1/10, 1)
    """
    if isinstance(value, sp.Basic):
        return value
    if isinstance(value, (bool, np.bool_)):
        return sp.Integer(int(value))
    if isinstance(value, (int, np.integer)):
        return sp.Integer(int(value))
    if isinstance(value, (float, np.floating)):
        if np.isnan(value):
            return sp.nan
        if np.isinf(value):
            return sp.oo if value > 0 else -sp.oo
        return sp.Rational(*value.as_integer_ratio())
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    numerator, denominator = getattr(value, "p", None), getattr(value, "q", None)
    if numerator is not None and denominator is not None:  # a python-flint rational
        return sp.Rational(int(numerator), int(denominator))
    raise TypeError(
        f"{value!r} of type {type(value).__name__} is not an exact number: "
        "give an int, a float, a Fraction or a SymPy expression"
    )


def variable(name: str, indices: Sequence[Any]) -> sp.Expr:
    """The real variable `name`, or its element at the indices.

    >>> variable("x", [sp.Symbol("i", integer=True)])
    x[i]
    """
    if not indices:
        return sp.Symbol(name, real=True)
    return sp.IndexedBase(name, real=True)[tuple(indices)]


def evaluate(
    nodes: Iterable[Node], bindings: Mapping[Input, np.ndarray] | None = None
) -> list[np.ndarray]:
    """Every node as an object array of SymPy expressions, one for each element.

    bindings: contents of Inputs; an Input without any stands for its own value, or for elements
    `name[i]` where it has none.

    Raises NoClosedForm for a node of symbolic shape, for equations that are not linear in the
    unknowns and for an ordering of symbols that are not numbers.

    >>> x = Input("x", (2,))
    >>> evaluate([Map(argument(0) ** 2, [x])])[0]
    array([x[0]**2, x[1]**2], dtype=object)
    """
    wanted = list(nodes)
    given = bindings or {}
    known: dict[int, np.ndarray] = {}
    for node in topological(wanted):
        if any(not isinstance(size, (int, np.integer)) for size in node.shape):
            raise NoClosedForm(
                f"a node of shape {node.shape} has a symbolic size: use `element`, or bind "
                "arrays of fixed sizes"
            )
        if isinstance(node, Input) and node in given:
            known[id(node)] = _exact_array(given[node], node.shape)
        else:
            known[id(node)] = _evaluated(node, [known[id(child)] for child in node.inputs])
    return [known[id(node)] for node in wanted]


def _evaluated(node: Node, values: list[np.ndarray]) -> np.ndarray:
    if isinstance(node, Input):
        if node.value is not None:
            return _exact_array(node.value, node.shape)
        return _filled(node.shape, lambda index: variable(node.name, index))
    if isinstance(node, Constant):
        return _exact_array(node.value, node.shape)
    if isinstance(node, Map):
        return _mapped(node.expression, values, node.shape)
    if isinstance(node, Contract):
        return _contracted(node, values)
    if isinstance(node, Take):
        positions = _positions(node.index, values[1:])
        padded = np.append(values[0].reshape(-1), sp.Integer(0))
        return np.asarray(padded[positions], dtype=object).reshape(node.shape)
    if isinstance(node, Put):
        positions = _positions(node.index, values[1:]).reshape(-1)
        total = _filled(node.shape, lambda index: sp.Integer(0))
        flat = total.reshape(-1)
        for position, value in zip(positions, values[0].reshape(-1), strict=True):
            if position >= 0:
                flat[position] += value
        return total
    if isinstance(node, Stop):
        return values[0]
    if isinstance(node, Solve):
        return _solved(node, values)
    raise NoClosedForm(f"a node of type {type(node).__name__} has no closed form")


def _filled(shape: Sequence[Any], content: Callable[[tuple[int, ...]], sp.Expr]) -> np.ndarray:
    array = np.empty(tuple(shape), dtype=object)
    for index in np.ndindex(*array.shape):
        array[index] = content(index)
    return array


def _exact_array(values: Any, shape: Sequence[Any]) -> np.ndarray:
    array = np.asarray(values)
    return _filled(shape, lambda index: exact_number(array[index]))


def _mapped(expression: sp.Expr, values: list[np.ndarray], shape: Sequence[Any]) -> np.ndarray:
    used = [p for p in range(len(values)) if expression.has(argument(p))]
    wide = [np.broadcast_to(values[p], tuple(shape)) for p in used]
    symbols = [argument(p) for p in used]
    return _filled(
        shape,
        lambda index: expression.xreplace(
            {symbol: array[index] for symbol, array in zip(symbols, wide, strict=True)}
        ),
    )


def _contracted(node: Contract, values: list[np.ndarray]) -> np.ndarray:
    summed = tuple(label for label in node.sizes if label not in node.output)
    order = (*node.output, *summed)
    product = np.full((), sp.Integer(1), dtype=object)
    for value, labels in zip(values, node.labels, strict=True):
        axes = sorted(range(len(labels)), key=lambda axis: order.index(labels[axis]))
        shape = tuple(node.sizes[label] if label in labels else 1 for label in order)
        product = product * value.transpose(axes).reshape(shape)
    product = np.broadcast_to(product, tuple(node.sizes[label] for label in order))
    rows = product.reshape((*node.shape, -1))
    return _filled(node.shape, lambda index: sp.Add(*rows[index]))


def _positions(index: IndexMap, keys: list[np.ndarray]) -> np.ndarray:
    if not isinstance(index, Order):
        return np.asarray(index.positions())
    flat = list(keys[0].reshape(-1))
    if not all(key.is_number and key.is_comparable for key in flat):
        raise NoClosedForm(
            "an ordering needs numbers to compare, and its key holds variables: bind arrays of "
            "numbers"
        )
    distinct = sorted(set(flat), key=cmp_to_key(_compared))
    ranks = {key: rank for rank, key in enumerate(distinct)}
    shape = keys[0].shape
    return np.asarray(
        index.positions(np.array([ranks[key] for key in flat], dtype=np.intp).reshape(shape))
    )


def _compared(first: sp.Expr, second: sp.Expr) -> int:
    return int(bool(first > second)) - int(bool(first < second))


def _solved(node: Solve, values: list[np.ndarray]) -> np.ndarray:
    """The solution of linear equations over the closed forms of their parameters."""
    if node.start is not None:
        raise NoClosedForm("equations that are not linear in the unknowns have no closed form")
    unknowns = _filled(node.shape, lambda index: sp.Symbol(f"_{node.unknown.name}{index[0]}"))
    bindings = {node.unknown: unknowns, **dict(zip(node.parameters, values, strict=True))}
    equations = evaluate([node.equations], bindings)[0]
    matrix, right = sp.linear_eq_to_matrix(list(equations), list(unknowns))
    solution = matrix.LUsolve(right)
    return _filled(node.shape, lambda index: solution[index[0]])


def element(
    node: Node, indices: Sequence[Any], bindings: Mapping[Input, Any] | None = None
) -> sp.Expr:
    """One element of a node of any shape, in index notation.

    indices: an integer SymPy symbol or number for each axis. bindings: for an Input, a callable
    from its indices to an expression; without one it stands for `name[indices]`.

    Raises NoClosedForm for Solve, for orderings, and for index maps of symbolic sizes without a
    formula.

    >>> n, j = sp.Symbol("n", integer=True, positive=True), sp.Symbol("j", integer=True)
    >>> x = Input("x", (n,))
    >>> total = Contract([x], [(0,)], (), {0: n})
    >>> element(Map(argument(0) / argument(1), [x, total]), [j])
    x[j]/Sum(x[k], (k, 0, n - 1))
    """
    names = {symbol.name for index in indices for symbol in sp.sympify(index).free_symbols}
    for part in topological([node]):
        if isinstance(part, Input):
            names.add(part.name)
        for size in part.shape:
            names.update(symbol.name for symbol in sp.sympify(size).free_symbols)
    return Elements(Simplifier(names), bindings)(node, indices)


class Elements:
    """Elements of nodes in index notation, each node written once at indices of its own.

    Call with a node and its indices. `simplifier` knows the names and ranges of all indices.
    """

    def __init__(
        self, simplifier: Simplifier, bindings: Mapping[Input, Any] | None = None
    ) -> None:
        self._simplifier = simplifier
        self._bindings = dict(bindings or {})
        self._known: dict[int, tuple[tuple[sp.Symbol, ...], sp.Expr]] = {}
        self._kept: list[Node] = []  # ids stay valid as long as the nodes live

    def __call__(self, node: Node, indices: Sequence[Any]) -> sp.Expr:
        if len(indices) != len(node.shape):
            raise IndexError(
                f"{len(indices)} indices for shape {node.shape}: give one for each axis"
            )
        for part in topological([node]):
            if id(part) not in self._known:
                own = tuple(self._simplifier.fresh(size) for size in part.shape)
                written = self._simplifier.tidy(self._written(part, own))
                self._known[id(part)] = (own, written)
                self._kept.append(part)
        return self._simplifier.tidy(self._at(node, indices))

    def _at(self, node: Node, indices: Sequence[Any]) -> sp.Expr:
        own, written = self._known[id(node)]
        return written.xreplace(
            {old: sp.sympify(new) for old, new in zip(own, indices, strict=True)}
        )

    def _written(self, node: Node, indices: tuple[sp.Symbol, ...]) -> sp.Expr:
        if isinstance(node, Input):
            if node in self._bindings:
                return sp.sympify(self._bindings[node](indices))
            if node.value is not None:
                return self._looked_up(_exact_array(node.value, node.shape), indices)
            return variable(node.name, indices)
        if isinstance(node, Constant):
            return self._looked_up(_exact_array(node.value, node.shape), indices)
        if isinstance(node, Map):
            return node.expression.xreplace(
                {
                    argument(position): self._at(child, _aligned(child, indices))
                    for position, child in enumerate(node.inputs)
                }
            )
        if isinstance(node, Contract):
            return self._contracted(node, indices)
        if isinstance(node, Take) and not isinstance(node.index, Order):
            return self._taken(node, indices)
        if isinstance(node, Put) and not isinstance(node.index, Order):
            return self._put(node, indices)
        if isinstance(node, Stop):
            return self._at(node.inputs[0], indices)
        raise NoClosedForm(
            f"a {type(node).__name__} node of shape {node.shape} has no closed form in index "
            "notation: give arrays of fixed sizes"
        )

    def _looked_up(self, table: np.ndarray, indices: Sequence[Any]) -> sp.Expr:
        """The entry of a table of numbers at symbolic indices."""
        entries = list(table.reshape(-1))
        if all(entry == entries[0] for entry in entries[1:]):
            return entries[0] if entries else sp.Integer(0)
        return self._by_cases(
            table.shape, indices, lambda index: sp.sympify(table[index]), "a constant array"
        )

    def _by_cases(
        self,
        shape: Sequence[Any],
        indices: Sequence[Any],
        value: Callable[[tuple[int, ...]], sp.Expr],
        what: str,
    ) -> sp.Expr:
        if any(not isinstance(size, (int, np.integer)) for size in shape):
            raise NoClosedForm(
                f"{what} of symbolic shape {tuple(shape)} has no formula: give fixed sizes"
            )
        if int(np.prod(shape)) > _CASES:
            raise NoClosedForm(
                f"{what} of shape {tuple(shape)} is too large for a formula: give fixed sizes to "
                "all arguments"
            )
        return sp.Piecewise(
            *(
                (
                    value(place),
                    sp.And(*(sp.Eq(i, p) for i, p in zip(indices, place, strict=True))),
                )
                for place in np.ndindex(*shape)
            ),
            (sp.Integer(0), True),
        )

    def _contracted(self, node: Contract, indices: Sequence[Any]) -> sp.Expr:
        place: dict[int, Any] = dict(zip(node.output, indices, strict=True))
        bounds = []
        for label, size in node.sizes.items():
            if label not in place:
                place[label] = self._simplifier.fresh(size)
                bounds.append(place[label])
        factors = [
            self._at(child, [place[label] for label in labels])
            for child, labels in zip(node.inputs, node.labels, strict=True)
        ]
        return self._simplifier.sum(sp.Mul(*factors), bounds)

    def _taken(self, node: Take, indices: tuple[sp.Symbol, ...]) -> sp.Expr:
        source = node.inputs[0]
        if node.index.formula is not None:
            return self._inside(source, node.index.formula(indices))
        positions = node.index.positions()

        def value(place: tuple[int, ...]) -> sp.Expr:
            position = int(positions[place])
            if position < 0:
                return sp.Integer(0)
            return self._at(source, [int(i) for i in np.unravel_index(position, _known(source))])

        return self._by_cases(node.shape, indices, value, "an index map")

    def _inside(self, source: Node, place: Sequence[Any] | None) -> sp.Expr:
        """An element of the source, or zero where the place is outside of it."""
        if place is None:
            return sp.Integer(0)
        condition: Any = sp.true
        for index, size in zip(place, source.shape, strict=True):
            condition = sp.And(condition, self._simplifier.within(sp.sympify(index), size))
        if condition == sp.false:
            return sp.Integer(0)
        return guarded(self._at(source, list(place)), condition)

    def _put(self, node: Put, indices: tuple[sp.Symbol, ...]) -> sp.Expr:
        values = node.inputs[0]
        if node.index.formula is not None:
            bounds = [self._simplifier.fresh(size) for size in values.shape]
            place = node.index.formula(tuple(bounds))
            deltas = [sp.KroneckerDelta(p, i) for p, i in zip(place, indices, strict=True)]
            return self._simplifier.sum(sp.Mul(*deltas, self._at(values, bounds)), bounds)
        positions = node.index.positions().reshape(-1)
        places = [np.unravel_index(p, _known(values)) for p in range(positions.size)]

        def total(place: tuple[int, ...]) -> sp.Expr:
            here = int(np.ravel_multi_index(place, _known(node))) if place else 0
            sources = (places[int(p)] for p in np.flatnonzero(positions == here))
            return sp.Add(*(self._at(values, [int(i) for i in s]) for s in sources))

        return self._by_cases(node.shape, indices, total, "an index map")


def _known(node: Node) -> tuple[int, ...]:
    return tuple(int(size) for size in node.shape)


def _aligned(child: Node, indices: Sequence[Any]) -> list[Any]:
    """The indices of an input that broadcasts to the indices of the result."""
    tail = list(indices[len(indices) - len(child.shape) :])
    return [sp.Integer(0) if size == 1 else i for i, size in zip(tail, child.shape, strict=True)]
