"""Tangents as a graph: how every node moves when the inputs move along given directions.

`differentiate.jvp` transposes the gradient. That is right at every point but a tie, where the
two sides of a comparison come apart: the tangent of max(x, y) becomes a sum of two terms, each
with a comparison of its own. Here, a case distinction stays one: its tangent takes the branch that
its value takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import sympy as sp

from reference.differentiate import add, jvp
from reference.graph import (
    Contract,
    Input,
    Map,
    Node,
    Put,
    Take,
    argument,
    substitute,
    topological,
)

__all__ = ["directional", "pushforward"]


def pushforward(nodes: Sequence[Node], directions: Mapping[Node, Node]) -> dict[Node, Node]:
    """The tangent of every node that moves, among `nodes` and all that they depend on.

    directions: from inputs to their tangents, of equal shapes.

    >>> x, u = Input("x", ()), Input("u", ())
    >>> pushforward([y := Map(argument(0) ** 2, [x])], {x: u})[y].expression
    2*a0*a1
    """
    found: dict[Node, Node] = dict(directions)
    for node in topological(nodes):
        if node in found or not any(child in found for child in node.inputs):
            continue
        tangent = _tangent(node, found)
        if tangent is not None:
            found[node] = tangent
    return found


def _tangent(node: Node, found: Mapping[Node, Node]) -> Node | None:
    moving = tuple(k for k, child in enumerate(node.inputs) if child in found)
    if isinstance(node, Map):
        expression = directional(node.expression, len(node.inputs), moving)
        if expression == 0:
            return None
        return Map(expression, [*node.inputs, *(found[node.inputs[k]] for k in moving)])
    if isinstance(node, Contract):
        terms: list[Node] = [
            Contract(
                [found[child] if place == k else child for place, child in enumerate(node.inputs)],
                node.labels,
                node.output,
                node.sizes,
            )
            for k in moving
        ]
        total = terms[0]
        for term in terms[1:]:
            total = add(total, term)
        return total
    if isinstance(node, (Take, Put)):
        if node.inputs[0] not in found:
            return None
        return type(node)(found[node.inputs[0]], node.index, *node.inputs[1:])
    held = [Input("held", child.shape) for child in node.inputs]
    alone = node.rebuild(tuple(held))
    pushed = jvp([alone], [held[k] for k in moving], [found[node.inputs[k]] for k in moving])[0]
    if pushed is None:
        return None
    real: dict[Node, Node] = {**dict(zip(held, node.inputs, strict=True)), alone: node}
    return substitute([pushed], real)[0]


@lru_cache(maxsize=4096)
def directional(expression: sp.Expr, count: int, moving: tuple[int, ...]) -> sp.Expr:
    """The derivative of a Map's expression along tangents of the arguments in `moving`.

    The tangents are the arguments from `count` on, in the order of `moving`.
    """
    if isinstance(expression, sp.Piecewise):
        branches = [(directional(value, count, moving), when) for value, when in expression.args]
        if all(value == 0 for value, _ in branches):
            return sp.S.Zero
        return sp.Piecewise(*branches, evaluate=False)
    if isinstance(expression, sp.Add) and expression.has(sp.Piecewise):
        return sp.Add(*(directional(part, count, moving) for part in expression.args))
    return sp.Add(
        *(sp.diff(expression, argument(k)) * argument(count + j) for j, k in enumerate(moving))
    )
