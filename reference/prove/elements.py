"""The elements of a graph as expressions without case distinctions, one case at a time.

Arrays are of fixed, small shapes. Wherever a case distinction is met, the path decides it, and
remembers what it decided; `explore` goes along all paths. On a path every comparison is strict:
ties are sets without volume, and the gradient at a tie is a set that the judge deals with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cmp_to_key
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from reference.build import exact_number
from reference.domains.walk import contract, object_array, positions_of, put, take
from reference.graph import (
    Constant,
    Contract,
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
from reference.prove.region import Region, linear

__all__ = ["Path", "TooManyCases", "Undecided", "elements", "explore"]

_MOST = 200  # cases that are gone through
_MOST_UNKNOWNS = 4
Result = TypeVar("Result")


class Undecided(ArithmeticError):
    """A comparison that could not be decided, or a node that has no expressions."""


class TooManyCases(Undecided):
    """More combinations of outcomes than are gone through."""


class Path:
    """One combination of outcomes of all comparisons that are met.

    region: the points at which the comparisons come out so. outcomes: those of comparisons that
    are not linear, which the region does not know.
    """

    def __init__(self, region: Region, prefix: Sequence[bool], rng: np.random.Generator) -> None:
        self.region = region
        self.outcomes: dict[sp.Expr, bool] = {}
        self.taken: list[bool] = []
        self.alternatives: list[list[bool]] = []
        self._prefix = list(prefix)
        self._rng = rng

    def decide(self, operation: str, left: sp.Expr, right: sp.Expr) -> bool:
        """Whether `left operation right` on this path."""
        difference = sp.expand(left - right)
        if operation in ("==", "!="):
            return self._is_zero(difference) == (operation == "==")
        if difference == 0:
            return operation in (">=", "<=")
        above = self._is_positive(difference)
        return above if operation in (">", ">=") else not above

    def _is_zero(self, difference: sp.Expr) -> bool:
        if difference.is_number:
            return bool(sp.simplify(difference) == 0)
        names = sorted(symbol.name for symbol in difference.free_symbols)
        by_name = {symbol.name: symbol for symbol in difference.free_symbols}
        for _ in range(2):
            point = self.region.point(self._rng, names)
            if point is None:
                return False
            here = {by_name[n]: sp.Rational(v.numerator, v.denominator) for n, v in point.items()
                    if n in by_name}  # fmt: skip
            value = sp.N(difference.xreplace(here), 30)
            if value.is_number and abs(value) > 1e-20:
                return False
        if sp.simplify(difference) == 0:
            return True
        raise Undecided(f"whether {difference} is zero everywhere is not known")

    def _is_positive(self, difference: sp.Expr) -> bool:
        if difference.is_number:
            return bool(difference > 0)
        inequality = linear(difference)
        if inequality is None:
            return self._chosen(difference)
        if self.region.with_(inequality).is_empty():
            return False
        if self.region.with_(inequality.negated()).is_empty():
            return True
        outcome = self._fork()
        self.region = self.region.with_(inequality if outcome else inequality.negated())
        return outcome

    def _chosen(self, difference: sp.Expr) -> bool:
        """The sign of what is not linear: known from assumptions, met before, or both."""
        if difference.is_positive or difference.is_negative:
            return bool(difference.is_positive)
        for known, outcome in self.outcomes.items():
            if known == difference:
                return outcome
            if known == -difference:
                return not outcome
        outcome = self._fork()
        self.outcomes[difference] = outcome
        return outcome

    def _fork(self) -> bool:
        place = len(self.taken)
        if place < len(self._prefix):
            outcome = self._prefix[place]
        else:
            outcome = True
            self.alternatives.append([*self.taken, False])
        self.taken.append(outcome)
        return outcome


def explore(
    run: Callable[[Path], Result], region: Region, rng: np.random.Generator
) -> Iterator[tuple[Path, Result]]:
    """What `run` gives along every path through its comparisons.

    Raises TooManyCases.
    """
    pending: list[list[bool]] = [[]]
    count = 0
    while pending:
        path = Path(region, pending.pop(), rng)
        result = run(path)
        pending.extend(path.alternatives)
        count += 1
        if count > _MOST:
            raise TooManyCases(f"more than {_MOST} combinations of cases: use a smaller shape")
        yield path, result


def elements(
    nodes: Sequence[Node], bindings: Mapping[Node, np.ndarray], path: Path
) -> list[np.ndarray]:
    """Every node as an object array of expressions, on one path.

    Raises Undecided for an ordering or an equation that has no expressions.
    """
    known: dict[int, np.ndarray] = {id(node): array for node, array in bindings.items()}
    for node in topological(nodes):
        if id(node) not in known:
            known[id(node)] = _evaluated(node, [known[id(child)] for child in node.inputs], path)
    return [known[id(node)] for node in nodes]


def _evaluated(node: Node, values: list[np.ndarray], path: Path) -> np.ndarray:
    if isinstance(node, Constant):
        return _numbers(node.value)
    if isinstance(node, Map):
        return _mapped(node, values, path)
    if isinstance(node, Contract):
        found = contract(node, values, sp.Integer(1), sp.Integer(0), _matrix_product)
        return np.asarray(found, dtype=object)
    if isinstance(node, Take):
        positions = _positions(node, values[1:], path)
        return take(values[0], positions, sp.Integer(0))
    if isinstance(node, Put):
        positions = _positions(node, values[1:], path)
        size = int(np.prod(node.shape, dtype=np.int64))
        return put(values[0], positions, size, sp.Integer(0)).reshape(node.shape)
    if isinstance(node, Stop):
        return values[0]
    if isinstance(node, Solve) and node.start is None:
        return _solved(node, values, path)
    what = node.name if isinstance(node, Input) else type(node).__name__
    raise Undecided(f"{what} has no expressions")


def _numbers(value: np.ndarray) -> np.ndarray:
    return object_array([exact_number(v) for v in value.ravel().tolist()], value.shape)


def _matrix_product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    rows, columns = left.shape[0], right.shape[1]
    result = np.empty((rows, columns), dtype=object)
    for i in range(rows):
        for j in range(columns):
            result[i, j] = sp.Add(*(a * b for a, b in zip(left[i], right[:, j], strict=True)))
    return result


def _mapped(node: Map, values: list[np.ndarray], path: Path) -> np.ndarray:
    used = [p for p in range(len(values)) if node.expression.has(argument(p))]
    shape = tuple(int(size) for size in node.shape)
    wide = [np.broadcast_to(values[p], shape) for p in used]
    symbols = [argument(p) for p in used]
    result = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        here = {s: array[index] for s, array in zip(symbols, wide, strict=True)}
        result[index] = _resolved(node.expression, here, path)
    return result


def _resolved(expression: Any, here: Mapping[Any, Any], path: Path) -> Any:
    """The expression with values put in, and the branch of each case distinction chosen."""
    if isinstance(expression, sp.Piecewise):
        for value, condition in expression.args:
            if _holds(condition, here, path):
                return _resolved(value, here, path)
        return sp.nan
    if expression.has(sp.Piecewise):
        return expression.func(*(_resolved(part, here, path) for part in expression.args))
    return expression.xreplace(here)


def _holds(condition: Any, here: Mapping[Any, Any], path: Path) -> bool:
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, sp.And):
        return all(_holds(part, here, path) for part in condition.args)
    if isinstance(condition, sp.Or):
        return any(_holds(part, here, path) for part in condition.args)
    if isinstance(condition, sp.Not):
        return not _holds(condition.args[0], here, path)
    if isinstance(condition, Relational):
        left, right = (_resolved(side, here, path) for side in (condition.lhs, condition.rhs))
        return path.decide(condition.rel_op, left, right)
    raise Undecided(f"the condition {condition} is not a comparison")


def _solved(node: Solve, values: list[np.ndarray], path: Path) -> np.ndarray:
    """The unknowns of linear equations, by Cramer's rule.

    Raises Undecided where there are too many.
    """
    size = int(node.shape[0])
    known: dict[Node, np.ndarray] = dict(zip(node.parameters, values, strict=True))

    def at(unknown: list[int]) -> sp.Matrix:
        held = object_array([sp.Integer(v) for v in unknown], (size,))
        return sp.Matrix(elements([node.equations], {node.unknown: held, **known}, path)[0])

    constant = at([0] * size)
    columns = [at([int(k == place) for k in range(size)]) - constant for place in range(size)]
    matrix = sp.Matrix.hstack(*columns)
    found = [sp.nan] * size
    for rows, unknowns in _systems(matrix):
        if len(rows) != len(unknowns) or len(rows) > _MOST_UNKNOWNS:
            raise Undecided(f"{len(rows)} equations at once are too many to solve in symbols")
        own = matrix.extract(rows, unknowns)
        whole = sp.expand(own.det(method="berkowitz"))
        for number, place in enumerate(unknowns):
            changed = own.copy()
            changed[:, number] = -constant.extract(rows, [0])
            found[place] = changed.det(method="berkowitz") / whole
    return object_array(found, (size,))


def _systems(matrix: sp.Matrix) -> list[tuple[list[int], list[int]]]:
    """(equations, unknowns) that have nothing to do with each other."""
    groups: list[tuple[set[int], set[int]]] = []
    for row in range(matrix.rows):
        rows, unknowns = {row}, {k for k in range(matrix.cols) if matrix[row, k] != 0}
        apart = []
        for group in groups:
            if group[1] & unknowns:
                rows, unknowns = rows | group[0], unknowns | group[1]
            else:
                apart.append(group)
        groups = [*apart, (rows, unknowns)]
    return [(sorted(rows), sorted(unknowns)) for rows, unknowns in groups]


def _positions(node: Take | Put, keys: list[np.ndarray], path: Path) -> np.ndarray:
    if not isinstance(node.index, Order):
        return positions_of(node.index)
    flat = keys[0].ravel().tolist()

    def compared(first: int, second: int) -> int:
        if path.decide("==", flat[first], flat[second]):
            return 0
        return 1 if path.decide(">", flat[first], flat[second]) else -1

    order = sorted(range(len(flat)), key=cmp_to_key(compared))
    ranks = np.zeros(len(flat), dtype=np.intp)
    for before, after in pairwise(order):
        ranks[after] = ranks[before] + (compared(before, after) != 0)
    return np.asarray(node.index.positions(ranks.reshape(keys[0].shape)), dtype=np.intp)
