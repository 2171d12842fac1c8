"""Solve nodes over balls: certified linear systems, and roots with a proof by Krawczyk's test.

The Jacobian of the equations comes from the mechanical rules of `reference.differentiate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import flint
import numpy as np

from reference.differentiate import vjp, zeros
from reference.graph import Constant, Input, Node, Solve, substitute
from reference.starts import Approximation

__all__ = ["NoRoot", "solve", "solve_blocks", "solve_linear"]

_arb = flint.arb
_Evaluate = Callable[..., list[np.ndarray]]


_CLOSE = 40  # bits of agreement from which on Newton's iteration keeps its Jacobian
_IDLE = 8  # steps in a row that gain nothing, after which Newton's iteration is given up


class NoRoot(ArithmeticError):
    """No root of the equations could be proved near the start."""


def _object(values: Sequence[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


@lru_cache(maxsize=64)
def _jacobian_nodes(equations: Node, unknown: Input) -> list[Node]:
    """The rows of ∂E/∂u: what a unit cotangent of each equation pulls back."""
    size = int(equations.shape[0])
    weight = Input("weight", equations.shape)
    pulled = vjp([equations], [unknown], [weight])[0]
    if pulled is None:
        return [zeros(equations.shape)] * size
    units = np.eye(size, dtype=np.int64)
    return [substitute([pulled], {weight: Constant(unit)})[0] for unit in units]


def _jacobian(node: Solve, bindings: Mapping[Node, Any], evaluate: _Evaluate) -> list[np.ndarray]:
    """The values of those rows, computed together: what they share is computed once."""
    nodes = _jacobian_nodes(node.equations, node.unknown)
    return evaluate(nodes, dict(bindings), precision=flint.ctx.prec)


def solve(node: Solve, inputs: Sequence[np.ndarray], evaluate: _Evaluate) -> np.ndarray:
    """The unknown as balls, at the current working precision; nan where nothing is proved.

    inputs: object arrays of balls. evaluate: `certified.evaluate`, passed in to avoid a cycle.
    """
    size = int(node.shape[0])
    if size == 0:
        return np.empty(0, dtype=object)
    bindings: dict[Node, Any] = dict(zip(node.parameters, inputs, strict=True))
    if node.start is None:
        return solve_linear(node, bindings, evaluate, _solve_dense)
    floats = [np.vectorize(float, otypes=[np.float64])(a) if a.size else a for a in inputs]
    try:
        return _solve_nonlinear(node, bindings, floats, evaluate, size)
    except (NoRoot, ZeroDivisionError):
        return _object([_arb.nan()] * size)


def solve_linear(
    node: Solve,
    bindings: dict[Node, Any],
    evaluate: _Evaluate,
    dense: Callable[[list[list[Any]], list[list[Any]]], list[list[Any]]],
) -> np.ndarray:
    """The unknown of equations that are linear in it; `dense` solves one matrix, many sides."""
    here = {**bindings, node.unknown: np.zeros(int(node.shape[0]))}
    rows = _jacobian(node, here, evaluate)
    constant = evaluate([node.equations], here, precision=flint.ctx.prec)[0]
    return solve_blocks(rows, [-value for value in constant.tolist()], dense)


def _solve_dense(matrix: list[list[Any]], right: list[list[Any]]) -> list[list[Any]]:
    try:
        solution = flint.arb_mat(matrix).solve(flint.arb_mat(right))
    except ZeroDivisionError:
        return [[_arb.nan() for _ in row] for row in right]
    return [list(row) for row in solution.tolist()]


def solve_blocks(
    rows: Sequence[np.ndarray],
    right: Sequence[Any],
    dense: Callable[[list[list[Any]], list[list[Any]]], list[list[Any]]],
) -> np.ndarray:
    """Solve a linear system block by block: equations that share no unknown do not meet.

    A X = B, written out for all of X, falls into one block per column, with one matrix: blocks
    of equal content are solved together.
    """
    size = len(rows)
    reads = [[j for j, v in enumerate(row.tolist()) if not bool(v == 0)] for row in rows]
    groups = _blocks(reads)
    result = np.empty(size, dtype=object)
    pending: list[tuple[list[list[Any]], list[tuple[list[int], list[int]]]]] = []
    for equations, unknowns in groups:
        matrix = [[rows[e][u] for u in unknowns] for e in equations]
        for known, members in pending:
            if _identical(known, matrix):
                members.append((equations, unknowns))
                break
        else:
            pending.append((matrix, [(equations, unknowns)]))
    for matrix, members in pending:
        columns = [[right[equations[i]] for equations, _ in members] for i in range(len(matrix))]
        solution = dense(matrix, columns)
        for number, (_, unknowns) in enumerate(members):
            for i, unknown in enumerate(unknowns):
                result[unknown] = solution[i][number]
    return result


def _blocks(reads: Sequence[Sequence[int]]) -> list[tuple[list[int], list[int]]]:
    """(equations, unknowns) of every block; one block of all where a block is not square."""
    size = len(reads)
    owner = list(range(size))

    def find(unknown: int) -> int:
        while owner[unknown] != unknown:
            owner[unknown] = owner[owner[unknown]]
            unknown = owner[unknown]
        return unknown

    for unknowns in reads:
        for unknown in unknowns[1:]:
            owner[find(unknown)] = find(unknowns[0])
    by_root: dict[int, tuple[list[int], list[int]]] = {}
    for unknown in range(size):
        by_root.setdefault(find(unknown), ([], []))[1].append(unknown)
    for equation, unknowns in enumerate(reads):
        if unknowns:
            by_root[find(unknowns[0])][0].append(equation)
    if any(len(equations) != len(unknowns) for equations, unknowns in by_root.values()):
        return [(list(range(size)), list(range(size)))]
    return list(by_root.values())


def _identical(first: list[list[Any]], second: list[list[Any]]) -> bool:
    """Certainly equal: the same exact numbers."""
    if len(first) != len(second):
        return False
    pairs = zip(first, second, strict=True)
    return all(a is b or bool(a == b) for one, two in pairs for a, b in zip(one, two, strict=True))


def _solve_nonlinear(
    node: Solve,
    bindings: dict[Node, Any],
    floats: Sequence[np.ndarray],
    evaluate: _Evaluate,
    size: int,
) -> np.ndarray:
    middle = _start(node, bindings, floats, size)
    inverse, middle = _newton(node, bindings, evaluate, middle)
    return _krawczyk(node, bindings, evaluate, middle, inverse)


def _start(
    node: Solve, bindings: dict[Node, Any], floats: Sequence[np.ndarray], size: int
) -> np.ndarray:
    """Where to look for the root; by balls where floats do not tell it from others."""
    assert node.start is not None
    try:
        start = np.asarray(node.start(*floats), dtype=np.float64).ravel()
    except np.linalg.LinAlgError:
        start = np.full(size, np.nan)
    if start.shape == (size,) and np.isfinite(start).all():
        return _object([_arb(v) for v in start.tolist()])
    if isinstance(node.start, Approximation):
        given = [bindings[parameter] for parameter in node.parameters]
        if all(value.is_finite() for array in given for value in array.ravel().tolist()):
            precise = node.start.precise(*given)
            if precise is not None:
                return _object(precise)
    raise NoRoot(f"the start {start} is no finite point of {size} unknowns")


def _mid(values: np.ndarray) -> np.ndarray:
    return _object([value.mid() for value in values.tolist()])


def _newton(
    node: Solve, bindings: dict[Node, Any], evaluate: _Evaluate, middle: np.ndarray
) -> tuple[Any, np.ndarray]:
    """Newton's iteration on midpoints; also the midpoint of an inverse Jacobian near its end.

    Once a step is small the Jacobian is kept: every further step then gains as many bits as the
    kept one is accurate to, for the price of a residual.
    """
    inverse: Any = None
    bound = None
    idle = 0
    close = False
    for _ in range(12 + 2 * max(1, flint.ctx.prec).bit_length() + flint.ctx.prec // _CLOSE):
        here = {**bindings, node.unknown: middle}
        if not close:
            inverse = _inverse(_jacobian(node, here, evaluate))
        residual = evaluate([node.equations], here, precision=flint.ctx.prec)[0]
        step = inverse * flint.arb_mat(len(middle), 1, _mid(residual).tolist())
        moves = [v.mid() for v in step.entries()]
        if not all(v.is_finite() for v in moves):
            raise NoRoot("Newton's iteration left the domain of the equations")
        middle = _object([(m - d).mid() for m, d in zip(middle.tolist(), moves, strict=True)])
        size = _largest([abs(v) for v in moves])
        scale = _largest([abs(v) for v in middle.tolist()])
        if size <= scale * _arb(2) ** (16 - flint.ctx.prec):
            break
        if (
            bound is not None
            and size >= bound
            and size <= scale * _arb(2) ** (-flint.ctx.prec // 3)
        ):
            break
        # near a simple root every step is far smaller than the last; near a double root, half
        idle = 0 if bound is None or size * 4 < bound else idle + 1
        if idle == _IDLE:
            raise NoRoot("Newton's iteration does not settle: the root is not simple")
        close = idle == 0 and bool(size <= scale * _arb(2) ** -_CLOSE)
        bound = size
    return inverse, middle


def _largest(values: Sequence[Any]) -> Any:
    """The largest of balls without radius, which may be below all floats."""
    best = values[0]
    for value in values[1:]:
        best = value if bool(value > best) else best
    return best


def _inverse(rows: Sequence[np.ndarray]) -> Any:
    matrix = flint.arb_mat([[v.mid() for v in row.tolist()] for row in rows])
    try:
        return matrix.inv().mid()
    except ZeroDivisionError:
        raise NoRoot("the Jacobian of the equations is singular at the start") from None


def _krawczyk(
    node: Solve,
    bindings: dict[Node, Any],
    evaluate: _Evaluate,
    middle: np.ndarray,
    inverse: Any,
) -> np.ndarray:
    """A box that holds exactly one root: K(X) inside X (Krawczyk 1969; Rump 2010, section 13)."""
    size = len(middle)

    def column(values: Sequence[Any]) -> Any:
        return flint.arb_mat(size, 1, list(values))

    here = {**bindings, node.unknown: middle}
    residual = evaluate([node.equations], here, precision=flint.ctx.prec)[0]
    shift = (inverse * column(residual.tolist())).entries()
    radius = [abs(v).upper() * 2 + abs(m) * _arb(2) ** (8 - flint.ctx.prec)
              for v, m in zip(shift, middle.tolist(), strict=True)]  # fmt: skip
    smallest = _largest(radius) * _arb(2) ** -16 + _arb(2) ** (-4 * flint.ctx.prec)
    identity = flint.arb_mat([[_arb(int(i == j)) for j in range(size)] for i in range(size)])
    for _ in range(12):
        radius = [(r + smallest).upper() for r in radius]
        ball = [_arb(0, r) for r in radius]
        box = _object([m + b for m, b in zip(middle.tolist(), ball, strict=True)])
        rows = _jacobian(node, {**bindings, node.unknown: box}, evaluate)
        slope = identity - inverse * flint.arb_mat([row.tolist() for row in rows])
        spread = (slope * column(ball)).entries()
        new = [m - s + d for m, s, d in zip(middle.tolist(), shift, spread, strict=True)]
        if all(
            value.is_finite() and bool(whole.contains_interior(value))
            for whole, value in zip(box.tolist(), new, strict=True)
        ):
            return _object(new)
        radius = [r * 8 for r in radius]
    raise NoRoot("Krawczyk's test did not prove a root near Newton's point")
