"""The walk from results back to leaves. Knows no operation and no NumPy.

Nodes are numbered as they are made, so the needed part of the graph, sorted by number, is an
order of execution: the one that PyTorch has. An accumulator runs as soon as the last cotangent
that flows into it has arrived. There is no recursion, and what is done with is dropped at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from autodiff import errors
from autodiff.graph import AccumulateGrad, Node, NodeHooks

__all__ = ["Arithmetic", "run"]

Edge = tuple[Node, int]


class Arithmetic:
    """What the walk must be able to do with cotangents; array mode and tensor mode differ.

    plus(a, b): the sum. add_into(a, b): the sum, a's memory may be used for it. owned(value, of):
    whether a node's result is an array that nobody else holds. accumulate(leaf tensor, cotangent,
    owned): add into `.grad`. wrap, unwrap: from and to what a hook sees.
    """

    __slots__ = ("accumulate", "add_into", "create_graph", "owned", "plus", "unwrap", "wrap")

    plus: Callable[[Any, Any], Any]
    add_into: Callable[[Any, Any], Any]
    owned: Callable[[Any, Any, Node], bool]
    accumulate: Callable[[Any, Any, bool], None]
    wrap: Callable[[Any], Any]
    unwrap: Callable[[Any, Any], Any]
    create_graph: bool


def run(
    roots: Sequence[tuple[Node, int, Any]],
    arithmetic: Arithmetic,
    *,
    retain_graph: bool,
    wanted: Sequence[Edge] | None = None,
    accumulate: bool = True,
) -> list[Any]:
    """Send the roots' cotangents through the graph.

    roots: (node, number of its output, cotangent). wanted: the edges whose cotangents are asked
    for, or None for every leaf; only the nodes on the way to them run. accumulate: whether leaves
    on wanted edges (all leaves if None) get their `.grad`. Returns the cotangents at the wanted
    edges, None where none arrived.
    """
    pending, order = _survey([root[0] for root in roots])
    needed = None if wanted is None else _needed(order, wanted)
    arrived: dict[Node, Any] = {}
    mine: set[Node] = set()  # whose cotangent lies in memory that nobody else sees
    captured: dict[Edge, Any] = {}
    sought = set(wanted) if wanted is not None else _NOTHING
    plus, add_into, is_owned = arithmetic.plus, arithmetic.add_into, arithmetic.owned
    create_graph = arithmetic.create_graph

    for node, number, cotangent in roots:
        if node.several:
            _arrive_one_of_several(arrived, node, number, cotangent, plus)
        elif node in arrived:
            arrived[node] = plus(arrived[node], cotangent)
        else:
            arrived[node] = cotangent

    def finish(leaf: AccumulateGrad) -> None:
        """All that flows into a leaf has arrived."""
        if leaf not in arrived:
            return
        cotangent = arrived.pop(leaf)
        owned = leaf in mine
        hooks = leaf.hooks
        if hooks is not None:
            replaced = _before(leaf, hooks, cotangent, arithmetic)
            owned = owned and replaced is cotangent and not hooks.on_output
            cotangent = replaced
        if sought and (leaf, 0) in sought:
            captured[leaf, 0] = cotangent
        if accumulate and (needed is None or leaf in needed):
            arithmetic.accumulate(leaf.variable, cotangent, owned)
            if hooks is not None:
                for hook in tuple(hooks.after.values()):
                    hook((), (arithmetic.wrap(cotangent),))

    for root in {root[0]: None for root in roots}:
        if type(root) is AccumulateGrad and not pending[root]:
            finish(root)

    for node in order:
        cotangent = arrived.pop(node, None)
        results: Sequence[Any] = ()
        if cotangent is not None and (needed is None or node in needed):
            hooks = node.hooks
            if node.several:
                cotangent = _as_list(node, cotangent)
            if hooks is not None:
                cotangent = _before(node, hooks, cotangent, arithmetic)
            if sought:
                _capture(captured, sought, node, cotangent)
            if needed is None or needed[node]:
                results = node.backward(cotangent, create_graph)
                if hooks is not None and hooks.after:
                    results = _after(hooks, results, cotangent, arithmetic)
                if not retain_graph:
                    node.release()
        edges = node.edges
        if results:
            numbers = node.numbers
            for position, edge in enumerate(edges):
                if edge is None:
                    continue
                result = results[position]
                if result is not None:
                    if edge.several:
                        number = 0 if numbers is None else numbers[position]
                        _arrive_one_of_several(arrived, edge, number, result, plus)
                    elif edge in arrived:
                        if edge in mine:
                            arrived[edge] = add_into(arrived[edge], result)
                        else:
                            arrived[edge] = plus(arrived[edge], result)
                            mine.add(edge)
                    else:
                        arrived[edge] = result
                        if is_owned(result, cotangent, node):
                            mine.add(edge)
                if type(edge) is AccumulateGrad:
                    pending[edge] -= 1
                    if not pending[edge]:
                        finish(edge)
        else:
            for edge in edges:
                if type(edge) is AccumulateGrad:
                    pending[edge] -= 1
                    if not pending[edge]:
                        finish(edge)
    return [captured.get(edge) for edge in wanted or ()]


_NOTHING: set[Edge] = set()


def _survey(roots: Sequence[Node]) -> tuple[dict[Node, int], list[Node]]:
    """How many edges lead to each leaf, and all other nodes, latest first."""
    pending: dict[Node, int] = {}
    seen = set(roots)
    stack = list(seen)
    order: list[Node] = []
    while stack:
        node = stack.pop()
        if type(node) is AccumulateGrad:
            pending.setdefault(node, 0)
            continue
        order.append(node)
        for edge in node.edges:
            if edge is not None:
                if type(edge) is AccumulateGrad:
                    pending[edge] = pending.get(edge, 0) + 1
                elif edge not in seen:
                    seen.add(edge)
                    stack.append(edge)
    order.sort(key=attrgetter("number"), reverse=True)
    return pending, order


def _needed(order: Sequence[Node], wanted: Sequence[Edge]) -> dict[Node, bool]:
    """The nodes that matter; True where the walk must go on beyond the node."""
    needed: dict[Node, bool] = {node: False for node, _ in wanted}
    for node in reversed(order):
        if any(edge is not None and edge in needed for edge in node.edges):
            needed[node] = True
    return needed


def _arrive_one_of_several(
    arrived: dict[Node, Any], node: Node, number: int, cotangent: Any, plus: Callable[..., Any]
) -> None:
    slots = arrived.setdefault(node, {})
    slots[number] = plus(slots[number], cotangent) if number in slots else cotangent


def _as_list(node: Any, slots: dict[int, Any]) -> list[Any]:
    return [slots.get(number) for number in range(len(node.output_meta))]


def _capture(captured: dict[Edge, Any], sought: set[Edge], node: Node, cotangent: Any) -> None:
    if node.several:
        for number, one in enumerate(cotangent):
            if (node, number) in sought:
                captured[node, number] = one
    elif (node, 0) in sought:
        captured[node, 0] = cotangent


def _before(node: Node, hooks: NodeHooks, cotangent: Any, arithmetic: Arithmetic) -> Any:
    """Tensor hooks in the order of registration, then retain_grad, then the node's own."""
    several = node.several
    values = list(cotangent) if several else [cotangent]
    for number, registered in hooks.on_output.items():
        if values[number] is not None:
            for hook in tuple(registered.values()):
                given = arithmetic.wrap(values[number])
                returned = hook(given)
                if returned is not None:
                    _check_hook(hook, given, returned)
                    values[number] = arithmetic.unwrap(returned, values[number])
    for number, reference in hooks.retained.items():
        tensor = reference()
        if tensor is not None and values[number] is not None:
            tensor._keep_grad(arithmetic.wrap(values[number]))
    for hook in tuple(hooks.before.values()):
        shown = tuple(None if v is None else arithmetic.wrap(v) for v in values)
        returned = hook(shown)
        if returned is not None:
            returned = returned if isinstance(returned, tuple) else (returned,)
            values = [
                None if new is None else arithmetic.unwrap(new, old)
                for new, old in zip(returned, values, strict=True)
            ]
    return values if several else values[0]


def _check_hook(hook: Any, given: Any, returned: Any) -> None:
    name = getattr(hook, "__name__", type(hook).__name__)
    if not isinstance(returned, type(given)):
        raise TypeError(errors.HOOK_TYPE.format(type(returned).__name__))
    if returned.shape != given.shape:
        raise RuntimeError(errors.HOOK_SIZE.format(name))
    if returned.dtype is not given.dtype:
        raise RuntimeError(errors.HOOK_DTYPE.format(name, given.type(), returned.type()))


def _after(
    hooks: NodeHooks, results: Sequence[Any], cotangent: Any, arithmetic: Arithmetic
) -> Sequence[Any]:
    """The node's post-hooks see the cotangents of its inputs and outputs, and may replace."""
    given = cotangent if isinstance(cotangent, list) else [cotangent]
    outputs = tuple(None if c is None else arithmetic.wrap(c) for c in given)
    for hook in tuple(hooks.after.values()):
        inputs = tuple(None if r is None else arithmetic.wrap(r) for r in results)
        returned = hook(inputs, outputs)
        if returned is not None:
            returned = returned if isinstance(returned, tuple) else (returned,)
            results = [
                None if new is None else arithmetic.unwrap(new, old)
                for new, old in zip(returned, results, strict=True)
            ]
    return results
