"""Mechanical differentiation: one short rule for each of the five kinds of nodes.

The gradient of a graph is a graph of the same nodes, so derivatives of every order come from
these rules. No operation is known here, and no formula: a Map asks SymPy, a Contract swaps one
factor, Take and Put are each other's transpose, Solve follows from the implicit function theorem.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import sympy as sp

from reference.graph import (
    Constant,
    Contract,
    Input,
    Map,
    Node,
    Put,
    Shape,
    Solve,
    Stop,
    Take,
    argument,
    substitute,
    topological,
)

__all__ = ["add", "jvp", "partial_derivative", "sum_to_shape", "vjp", "zeros"]


def vjp(
    outputs: Sequence[Node], wrt: Sequence[Node], cotangents: Sequence[Node]
) -> list[Node | None]:
    """The cotangent of every node of `wrt`: Σ over outputs of cotangentᵀ · Jacobian.

    outputs, cotangents: as many of each, of equal shapes. None stands for zero (no path).

    >>> from reference.graph import Constant
    >>> x = Input("x", ())
    >>> y = Map(argument(0) ** 2, [x])
    >>> vjp([y], [x], [Constant(1)])[0].expression
    2*a0*a1
    """
    order = list(topological(outputs))
    relevant = {id(node) for node in wrt}
    for node in order:
        if any(id(child) in relevant for child in node.inputs):
            relevant.add(id(node))
    arrived: dict[int, Node] = {}
    for output, cotangent in zip(outputs, cotangents, strict=True):
        if id(output) in relevant:
            _accumulate(arrived, output, cotangent)
    sought = {id(node) for node in wrt}
    for node in reversed(order):
        cotangent_here = arrived.get(id(node))
        if cotangent_here is None or id(node) not in relevant:
            continue
        if id(node) not in sought:
            del arrived[id(node)]
        for child, contribution in _contributions(node, cotangent_here, relevant):
            _accumulate(arrived, child, contribution)
    return [arrived.get(id(node)) for node in wrt]


def jvp(
    outputs: Sequence[Node], wrt: Sequence[Node], tangents: Sequence[Node]
) -> list[Node | None]:
    """The tangent of every output: Σ over inputs of Jacobian · tangent.

    The vector-Jacobian product is linear in its cotangent; transposing it once more gives the
    Jacobian-vector product, with no further rule.
    """
    result: list[Node | None] = []
    for output in outputs:
        dummy = Input("cotangent", output.shape)
        pulled = vjp([output], wrt, [dummy])
        pairs = [(p, t) for p, t in zip(pulled, tangents, strict=True) if p is not None]
        pushed = vjp([p for p, _ in pairs], [dummy], [t for _, t in pairs])[0] if pairs else None
        if pushed is not None:
            pushed = substitute([pushed], {dummy: zeros(output.shape)})[0]
        result.append(pushed)
    return result


def add(first: Node, second: Node) -> Node:
    """The elementwise sum of two nodes."""
    return Map(argument(0) + argument(1), [first, second])


def zeros(shape: Shape) -> Node:
    """A node of zeros, of concrete or symbolic shape."""
    labels = tuple(range(len(shape)))
    return Contract([Constant(0)], [()], labels, dict(enumerate(shape)))


def sum_to_shape(node: Node, shape: Shape) -> Node:
    """Undo broadcasting: sum over the axes along which `shape` was repeated."""
    if node.shape == shape:
        return node
    lead = len(node.shape) - len(shape)
    summed = tuple(
        axis
        for axis in range(len(node.shape))
        if axis < lead or (shape[axis - lead] == 1 and node.shape[axis] != 1)
    )
    sizes = dict(enumerate(node.shape))
    kept = tuple(axis for axis in range(len(node.shape)) if axis not in summed)
    fresh = len(node.shape)
    output = []
    for axis in range(lead, len(node.shape)):
        if axis in kept:
            output.append(axis)
        else:  # a summed axis that stays with size one: a label that no input carries
            sizes[fresh] = 1
            output.append(fresh)
            fresh += 1
    return Contract([node], [tuple(range(len(node.shape)))], tuple(output), sizes)


def _accumulate(arrived: dict[int, Node], node: Node, contribution: Node) -> None:
    present = arrived.get(id(node))
    arrived[id(node)] = contribution if present is None else add(present, contribution)


def _contributions(  # noqa: PLR0912 - one branch for each kind of node
    node: Node, cotangent: Node, relevant: set[int]
) -> Iterator[tuple[Node, Node]]:
    """What `cotangent`, arriving at `node`, adds to the cotangents of its inputs."""
    if isinstance(node, Map):
        for position, child in enumerate(node.inputs):
            if id(child) in relevant:
                contribution = _through_map(node, position, cotangent)
                if contribution is not None:
                    yield child, contribution
    elif isinstance(node, Contract):
        for position, child in enumerate(node.inputs):
            if id(child) in relevant:
                yield child, _through_contract(node, position, cotangent)
    elif isinstance(node, (Take, Put)):
        transpose = Put if isinstance(node, Take) else Take
        if id(node.inputs[0]) in relevant:
            yield node.inputs[0], transpose(cotangent, node.index, *node.inputs[1:])
    elif isinstance(node, Solve):
        yield from _implicit(node, cotangent, relevant)
    elif isinstance(node, Stop) and node.rule is not None:
        for child, given in zip(node.inputs[1:], node.rule(cotangent), strict=True):
            if given is not None and id(child) in relevant:
                yield child, given


def _through_map(node: Map, position: int, cotangent: Node) -> Node | None:
    partial = partial_derivative(node.expression, position)
    if partial == 0:
        return None
    return sum_to_shape(_times(partial, node.inputs, cotangent), node.inputs[position].shape)


def _through_contract(node: Contract, position: int, cotangent: Node) -> Node:
    """Linear in each factor: the same contraction with that factor swapped for the cotangent."""
    others = node.inputs[:position] + node.inputs[position + 1 :]
    labels = node.labels[:position] + node.labels[position + 1 :]
    return Contract(
        (*others, cotangent), (*labels, node.output), node.labels[position], node.sizes
    )


@lru_cache(maxsize=4096)
def partial_derivative(expression: sp.Expr, position: int) -> sp.Expr:
    """What SymPy says of the expression of a Map, by one of its arguments."""
    return sp.diff(expression, argument(position))


def _times(partial: sp.Expr, inputs: Sequence[Node], cotangent: Node) -> Node:
    """partial(inputs) · cotangent as one Map over just the arguments that it reads."""
    used = [p for p in range(len(inputs)) if partial.has(argument(p))]
    renamed = partial.xreplace({argument(p): argument(i) for i, p in enumerate(used)})
    expression = _masked(renamed, argument(len(used)))
    arguments = [inputs[p] for p in used]
    return Map(expression, [*arguments, cotangent])


def _masked(partial: sp.Expr, cotangent: sp.Symbol) -> sp.Expr:
    """partial · cotangent, with the product drawn into the branches of a case distinction.

    A branch that is literally zero then stays a literal zero: what is masked is masked, whatever
    the cotangent holds.
    """
    if isinstance(partial, sp.Piecewise):
        return sp.Piecewise(
            *((_masked(value, cotangent), condition) for value, condition in partial.args),
            evaluate=False,
        )
    return partial * cotangent


def _implicit(node: Solve, cotangent: Node, relevant: set[int]) -> Iterator[tuple[Node, Node]]:
    """E(u, p) = 0: solve (∂E/∂u)ᵀ w = cotangent; the parameters receive -(∂E/∂p)ᵀ w."""
    weight = Input("w", node.shape)
    arriving = Input("g", node.shape)
    at_unknown = vjp([node.equations], [node.unknown], [weight])[0]
    if at_unknown is None:
        raise ValueError("the equations of a Solve node do not depend on its unknown")
    adjoint = Solve(
        unknown=weight,
        equations=Map(argument(0) - argument(1), [at_unknown, arriving]),
        parameters=(node.unknown, *node.parameters, arriving),
        inputs=(node, *node.inputs, cotangent),
    )
    here: dict[Node, Node] = dict(zip(node.parameters, node.inputs, strict=True))
    pulled = vjp([node.equations], node.parameters, [weight])
    for child, contribution in zip(node.inputs, pulled, strict=True):
        if contribution is not None and id(child) in relevant:
            bound = substitute([contribution], {node.unknown: node, weight: adjoint, **here})[0]
            yield child, Map(-argument(0), [bound])
