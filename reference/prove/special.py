"""Rules at points that no random point hits: ties, kinks and zeros.

A proof by cases is about what holds around almost every point. At a tie or a kink the derived
gradient is a set, the Clarke subdifferential, and what the rules of all inputs give together has
to be a member of it, as the judge asks of any engine's gradient. Where the set is one gradient
alone (at a zero by which a wrong rule divides) the rules' own derivatives are held to the second
derivative as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference import build
from reference.clarke import Nearby, minimum_norm_point
from reference.differentiate import vjp, zeros
from reference.domains.certified import evaluate
from reference.floats import format_of
from reference.graph import Constant, Input, Node
from reference.problem import Problem

__all__ = ["wrong_at"]

_NEAR = 2.0**-30  # distance from the hull of the limits that passes for zero
_DIRECTIONS = 32  # from which a point is approached; half of them are opposite to the others


def wrong_at(
    result: Node,
    cotangent: Input,
    targets: Sequence[Input],
    ruled: Sequence[Node],
    values: Sequence[np.ndarray],
    rng: np.random.Generator,
) -> str | None:
    """In words, how the rules are wrong at a point, or None.

    result: of the operation; cotangent: of it, in the rules' graphs. targets: its inputs.
    ruled: the graph of the rule of each. values: the point.
    """
    weights = _weights(result, rng)
    total = build.sum(build.multiply(result, Constant(weights)))
    derived = _gradients([total], [Constant(1)], targets)
    arrays = [np.asarray(value, dtype=np.float64) for value in values]
    point = dict(zip(targets, arrays, strict=True))
    bindings: dict[Node, Any] = {cotangent: weights}
    bindings |= dict(zip(targets, arrays, strict=True))
    given, distance, vertices = _judged(total, derived, ruled, bindings, point)
    where = ", ".join(f"{target.name} = {array.tolist()}" for target, array in point.items())
    if not distance <= _NEAR:
        return (
            f"at {where}, with g = {weights.tolist()}, the rules give {given}: "
            "not in the subdifferential"
        )
    if vertices > 1:
        return None
    directions = [Constant(_weights(target, rng)) for target in targets]
    again = build.sum(
        build.concat(
            [
                build.reshape(build.multiply(part, direction), (-1,))
                for part, direction in zip(derived, directions, strict=True)
            ]
        )
    )
    second = _gradients(derived, directions, targets)
    ruled_second = _gradients(ruled, directions, targets)
    given, distance, vertices = _judged(again, second, ruled_second, bindings, point)
    if vertices == 1 and not distance <= _NEAR:
        return f"at {where} the derivatives of the rules are {given}: not the second derivatives"
    return None


def _weights(node: Node, rng: np.random.Generator) -> np.ndarray:
    """Random dyadic numbers, none zero, of both signs."""
    shape = tuple(int(size) for size in node.shape)
    return np.asarray(rng.integers(1, 64, size=shape) * rng.choice([-1.0, 1.0], size=shape) / 32)


def _gradients(
    outputs: Sequence[Node], cotangents: Sequence[Node], targets: Sequence[Input]
) -> list[Node]:
    pulled = vjp(outputs, targets, cotangents)
    return [
        zeros(target.shape) if node is None else node
        for node, target in zip(pulled, targets, strict=True)
    ]


def _judged(
    output: Node,
    derived: Sequence[Node],
    ruled: Sequence[Node],
    bindings: dict[Node, Any],
    point: dict[Input, np.ndarray],
) -> tuple[str, float, int]:
    """What the rules give at the point, its distance from the limits' hull, how many limits."""
    targets = tuple(point)
    problem = Problem(
        output,
        targets,
        tuple(point.values()),
        tuple(format_of("float64") for _ in targets),
        tuple(derived),
        tuple(target.name for target in targets),
    )
    found = np.concatenate(
        [
            np.array([float(ball.mid()) if ball.is_finite() else np.nan for ball in array.ravel()])
            for array in evaluate(list(ruled), bindings)
        ]
    )
    limits: list[np.ndarray] = []
    nearby = Nearby(problem)
    for direction in nearby.random_directions(_DIRECTIONS):
        seen = nearby.along(direction)
        if all((state == "limit").all() for state in seen.states):
            limit = np.array([float(ball) for part in seen.values for ball in part.ravel()])
            if not any(np.abs(limit - known).max(initial=0) <= _NEAR for known in limits):
                limits.append(limit)
    if not limits or not np.isfinite(found).all():
        return str(found.tolist()), np.inf, len(limits)
    gap, _ = minimum_norm_point(np.array(limits) - found)
    return str(found.tolist()), float(np.abs(gap).max(initial=0)), len(limits)
