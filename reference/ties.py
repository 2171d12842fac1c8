"""All directions that matter at a tie: the cells into which its comparisons cut the space.

Every comparison that is tied at the point has a slope there: a hyperplane, on one side of which
one branch is taken and on the other the other. Within a cell of the arrangement of all these
hyperplanes every comparison is decided, so the nearby gradients have one limit there. One
direction from each cell therefore gives every limit there is, and their convex hull is the Clarke
subdifferential (Clarke 1983, theorem 2.5.1). Slopes that depend on other ties are collected until
no cell shows a new one.

The list is complete where no slope vanishes and the slopes are linearly independent, or the
comparisons piecewise affine: curved surfaces that touch would leave slivers between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from reference.differentiate import vjp, zeros
from reference.domains.certified import Evaluation, Tie
from reference.graph import (
    Constant,
    Contract,
    Map,
    Node,
    Order,
    Put,
    Solve,
    Stop,
    Take,
    topological,
)
from reference.hulls import minimum_norm_point
from reference.problem import Problem

__all__ = ["Cells", "Difference", "cells_of", "differences"]

_MOST_COMPARISONS = 48
_MOST_CELLS = 150
_ROUNDS = 5
_FLAT = 1e-9  # two unit slopes closer than this are one


@dataclass(frozen=True, eq=False)
class Difference:
    """The difference of the two sides of a tied comparison: an element of a node."""

    node: Node
    positions: tuple[int, ...]  # of one element, or of two whose difference is meant


@dataclass(frozen=True)
class Cells:
    """A direction from every cell, flat over all inputs; `why` they may not be all."""

    directions: list[np.ndarray]
    why: str = ""

    @property
    def complete(self) -> bool:
        """Whether every cell has its direction."""
        return not self.why


def differences(problem: Problem, found: Evaluation) -> tuple[list[Difference], str]:
    """The tied comparisons of an evaluation, and why these may not be all."""
    result: list[Difference] = []
    why = ""
    for tie in found.ties:
        if isinstance(tie.node, Map):
            made = _of_map(problem, tie.node, tie.positions)
            why = why or ("" if made else "a comparison's sides were not found")
            result += made
        elif isinstance(tie.node, (Take, Put)) and isinstance(tie.node.index, Order):
            result += _of_order(problem, tie)
        else:
            why = why or f"a tie in a {type(tie.node).__name__} node"
        if len(result) > 8 * _MOST_COMPARISONS:
            return result, "too many comparisons are tied"
    return result, why


def _values(problem: Problem, nodes: Sequence[Node]) -> list[np.ndarray]:
    return _with(problem, nodes).evaluate(256, value=False).values if nodes else []


def _with(problem: Problem, nodes: Sequence[Node]) -> Problem:
    """The same point, with other nodes in the gradients' place."""
    return replace(problem, gradients=tuple(nodes), plans={})


def _of_map(problem: Problem, node: Map, positions: Sequence[int]) -> list[Difference]:
    relations = sorted(node.expression.atoms(sp.core.relational.Relational), key=str)
    made: list[Node] = [
        Map(relation.lhs - relation.rhs, node.inputs)
        for relation in relations
        if (relation.lhs - relation.rhs).free_symbols
    ]
    result = []
    for difference, balls in zip(made, _values(problem, made), strict=True):
        flat = np.broadcast_to(balls, node.shape).ravel()
        result += [Difference(difference, (p,)) for p in positions if flat[p].is_zero()]
    return result


def _of_order(problem: Problem, tie: Tie) -> list[Difference]:
    key = tie.node.inputs[1]
    flat = _values(problem, [key])[0].ravel()
    return [
        Difference(key, (one, other))
        for k, one in enumerate(tie.positions)
        for other in tie.positions[k + 1 :]
        if (flat[one] - flat[other]).is_zero()
    ]


def _slopes(problem: Problem, difference: Difference) -> list[Node]:
    cotangent = np.zeros(tuple(int(n) for n in difference.node.shape))
    for position, weight in zip(difference.positions, (1.0, -1.0), strict=False):
        cotangent.flat[position] += weight
    pulled = vjp([difference.node], problem.inputs, [Constant(cotangent)])
    return [
        zeros(node.shape) if one is None else one
        for one, node in zip(pulled, problem.inputs, strict=True)
    ]


def _branches(node: Node) -> bool:
    """Whether another comparison may decide what the node's slope is."""
    return any(
        (isinstance(one, (Take, Put)) and isinstance(one.index, Order))
        or (isinstance(one, Map) and one.expression.has(sp.Piecewise))
        for one in topological([node])
    )


def _piecewise_affine(nodes: Sequence[Node], inputs: Sequence[Node]) -> bool:
    """Whether the nodes are made of linear pieces, so that no surface between them is curved."""
    order = list(topological(nodes))
    varying = {id(node) for node in inputs}
    for node in order:
        if any(id(one) in varying for one in node.inputs):
            varying.add(id(node))
    for node in order:
        if id(node) not in varying or not node.inputs or isinstance(node, (Stop, Take, Put)):
            continue
        moving = [id(one) in varying for one in node.inputs]
        if isinstance(node, Contract) and sum(moving) <= 1:
            continue
        if isinstance(node, Solve) or not isinstance(node, Map):
            return False
        expression = node.expression
        pieces = (
            [value for value, _ in expression.args]
            if isinstance(expression, sp.Piecewise)
            else [expression]
        )
        symbols = [sp.Symbol(f"a{k}", real=True) for k, moves in enumerate(moving) if moves]
        for piece in pieces:
            if piece.has(sp.Piecewise) or any(
                sp.diff(piece, one, other) != 0 for one in symbols for other in symbols
            ):
                return False
    return True


def cells_of(problem: Problem, nearby: Any, seed: int = 0) -> Cells:
    """Directions from all cells at the problem's point.

    nearby: a `clarke.Nearby` maker: from a Problem to something with `along`.
    """
    size = sum(array.size for array in problem.arrays)
    if size == 1:
        return Cells([np.ones(1), -np.ones(1)])
    found = problem.evaluate(256, value=False)
    if found.undecided or found.unordered:
        return Cells([], "a comparison could not be decided")
    if any(not ball.is_finite() for array in found.values for ball in array.ravel().tolist()):
        return Cells([], "the formula of the gradient is singular at the point")
    tied, why = differences(problem, found)
    if why or len(tied) > _MOST_COMPARISONS:
        return Cells([], why or f"{len(tied)} comparisons are tied")
    if not tied:
        return Cells([], "no tie was found")
    compared = [one.node for one in tied]
    gradients = tuple(node for one in tied for node in _slopes(problem, one))
    walker = nearby(_with(problem, gradients))
    rng = np.random.default_rng([seed, 11])
    normals: list[np.ndarray] = []
    cells = [rng.uniform(-1.0, 1.0, size=size)]
    seen: set[bytes] = set()
    for turn in range(_ROUNDS):
        if turn == 1:  # slopes that no other comparison decides are known by now
            tied = [one for one in tied if _branches(one.node)]
            gradients = tuple(node for one in tied for node in _slopes(problem, one))
            walker = nearby(_with(problem, gradients))
        fresh = [cell for cell in cells if np.sign(cell).tobytes() + cell.tobytes() not in seen]
        seen.update(np.sign(cell).tobytes() + cell.tobytes() for cell in fresh)
        grown, why = _further(walker, problem, fresh if tied else [], len(tied), normals)
        if why:
            return Cells(cells if normals else [], why)
        if not grown:
            break
        made = _cells(np.array(normals), rng)
        if made is None:
            return Cells([], f"{len(normals)} hyperplanes cut out too many cells")
        cells = made
    else:
        return Cells(cells, "the slopes of comparisons depend on one another")
    matrix = np.array(normals)
    if np.linalg.matrix_rank(matrix, tol=1e-6) < len(normals) and not _piecewise_affine(
        compared, problem.inputs
    ):
        return Cells(cells, "curved surfaces between branches touch")
    return Cells(cells)


def _further(
    walker: Any, problem: Problem, directions: Sequence[np.ndarray], count: int,
    normals: list[np.ndarray],
) -> tuple[bool, str]:  # fmt: skip
    """Add to the normals what the slopes are in these directions; why that cannot be done."""
    grown = False
    per = len(problem.inputs)
    for direction in directions:
        limits = walker.along(parts_of(direction, problem.arrays))
        for number in range(count):
            part = slice(number * per, (number + 1) * per)
            if any((state != "limit").any() for state in limits.states[part]):
                return grown, "the slope of a comparison has no limit"
            normal = np.array(
                [float(v) for values in limits.values[part] for v in values.ravel().tolist()]
            )
            size = float(np.linalg.norm(normal))
            if size == 0:
                return grown, "the sides of a comparison touch"
            normal /= size
            if all(
                min(np.abs(normal - one).max(), np.abs(normal + one).max()) > _FLAT
                for one in normals
            ):
                normals.append(normal)
                grown = True
                if len(normals) > _MOST_COMPARISONS:
                    return grown, f"more than {_MOST_COMPARISONS} hyperplanes"
    return grown, ""


def parts_of(flat: np.ndarray, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """A flat vector as arrays of these shapes."""
    parts, start = [], 0
    for array in arrays:
        parts.append(flat[start : start + array.size].reshape(array.shape))
        start += array.size
    return parts


def _cells(normals: np.ndarray, rng: np.random.Generator) -> list[np.ndarray] | None:
    """A direction from every cell of a central arrangement; None where there are too many."""
    count, size = normals.shape
    if np.linalg.matrix_rank(normals, tol=1e-6) == count:
        if 2**count > _MOST_CELLS:
            return None
        inverse = np.linalg.pinv(normals)
        signs = ((np.arange(2**count)[:, None] >> np.arange(count)) & 1) * 2.0 - 1.0
        return [_generic(inverse @ sign, normals, rng) for sign in signs]
    directions: list[np.ndarray] = [np.asarray(rng.uniform(-1.0, 1.0, size=size))]
    for number in range(count):
        grown: list[np.ndarray] = []
        for direction in directions:
            products = normals[: number + 1] @ direction
            signs = np.sign(products)
            grown.append(direction)
            signs[number] = -signs[number]
            inside, _ = minimum_norm_point(normals[: number + 1] * signs[:, None])
            if ((normals[: number + 1] @ inside) * signs > _FLAT).all():
                grown.append(_generic(inside, normals[: number + 1], rng))
        directions = grown
        if len(directions) > _MOST_CELLS:
            return None
    return directions


def _generic(direction: np.ndarray, normals: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Moved a little within its cell, so that it lies on no other surface."""
    direction = direction / np.abs(direction).max()
    margin = float(np.abs(normals @ direction).min())
    return np.asarray(
        direction + rng.uniform(-1.0, 1.0, size=direction.shape) * margin * 0.1 / direction.size
    )
