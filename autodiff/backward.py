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
from autodiff.graph import AccumulateGrad, GroupHook, Node, NodeHooks
from autodiff.hooks import current_walk

__all__ = ["Arithmetic", "run"]

Edge = tuple[Node, int]


class Arithmetic:
    """What the walk must be able to do with cotangents; array mode and tensor mode differ.

    plus(a, b): the sum. add_into(a, b): the sum, a's memory may be used for it. owned(value, of):
    whether a node's result is an array that nobody else holds. accumulate(leaf tensor, cotangent,
    owned): add into `.grad`. wrap, unwrap: from and to what a hook sees.
    """

    __slots__ = (
        "accumulate", "add_into", "array_type", "create_graph", "guard", "namespace", "owned",
        "plain", "plus", "unwrap", "wrap",
    )  # fmt: skip

    plus: Callable[[Any, Any], Any]
    add_into: Callable[[Any, Any], Any]
    owned: Callable[[Any, Any, Node], bool]
    accumulate: Callable[[Any, Any, bool], None]
    wrap: Callable[[Any], Any]
    unwrap: Callable[[Any, Any], Any]
    array_type: type | None  # of cotangents that may lie in memory of their own
    plain: set[Any]  # the types of cotangents on which the walk may run a node's steps itself
    namespace: Any  # for these
    create_graph: bool
    guard: Any  # in anomaly mode, what runs the nodes and looks at what they return

    def guarded(self, guard: Any) -> Arithmetic:
        """The same, with every node run by a guard."""
        other = Arithmetic()
        for slot in Arithmetic.__slots__:
            setattr(other, slot, getattr(self, slot))
        other.guard, other.plain = guard, _NOTHING
        return other


class Walk:
    """A pass that is going on, as hooks of several tensors see it."""

    __slots__ = ("__weakref__", "needed", "order", "pending")

    def __init__(
        self, needed: dict[Node, bool] | None, pending: dict[Node, int], order: list[Node]
    ) -> None:
        self.needed, self.pending, self.order = needed, pending, order

    def visits(self, node: Node) -> bool:
        """Whether the pass runs a node."""
        if node not in self.pending and node not in self.order:
            return False
        return self.needed is None or node in self.needed


def run(  # noqa: PLR0912, PLR0915 - one loop: a call per node is what it would cost to split it
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
    pending, order, sound = _survey([root[0] for root in roots])
    needed = None if wanted is None else _needed(order, wanted)
    guard = arithmetic.guard
    walk: Walk | None = None  # made where a hook may ask for it
    if not sound:
        _check(order, needed, guard)
    arrived: dict[Node, Any] = {}
    mine: set[Node] = set()  # whose cotangent lies in memory that nobody else sees
    captured: dict[Edge, Any] = {}
    sought = set(wanted) if wanted is not None else _NOTHING
    plus, add_into, is_owned = arithmetic.plus, arithmetic.add_into, arithmetic.owned
    array_type = arithmetic.array_type
    create_graph = arithmetic.create_graph
    watched = False  # whether a user's code has run, which may have written to saved values

    for node, number, cotangent in roots:
        if node.several:
            _arrive_one_of_several(arrived, node, number, cotangent, plus)
        elif node in arrived:
            arrived[node] = plus(arrived[node], cotangent)
        else:
            arrived[node] = cotangent

    def finish(leaf: AccumulateGrad) -> None:
        """All that flows into a leaf has arrived."""
        nonlocal watched, walk
        if needed is not None and leaf not in needed:
            arrived.pop(leaf, None)
            return
        cotangent = arrived.pop(leaf, None)
        hooks = leaf.hooks
        owned = leaf in mine
        if leaf.cast is not None and cotangent is not None:
            cotangent = leaf.cast(cotangent)
        watched = watched or hooks is not None or leaf.post_hooks is not None
        if hooks is not None:
            walk = walk or Walk(needed, pending, order)
            hooked = _tensor_hooks(leaf, hooks, cotangent, arithmetic, walk)
            owned = owned and hooked is cotangent and not hooks.on_output
            cotangent = hooked
        if sought and (leaf, 0) in sought:
            captured[leaf, 0] = cotangent
        if accumulate:
            if hooks is not None and hooks.before:
                owned, cotangent = False, _prehooks(hooks, cotangent, arithmetic, False)
            arithmetic.accumulate(leaf.variable, cotangent, owned)
            if hooks is not None and hooks.after:
                _posthooks(hooks, (), cotangent, arithmetic)

    def visit(  # noqa: PLR0912 - one page, as above
        node: Node, cotangent: Any
    ) -> tuple[Sequence[Any], Any]:
        """Run a node of which nothing is known; also what it was given, hooks considered."""
        nonlocal watched, walk
        if needed is not None and node not in needed:
            return (), cotangent
        hooks = node.hooks
        watched = watched or hooks is not None or node.fills
        if node.several:
            cotangent = _as_list(node, cotangent)
        onward = needed is None or needed[node]
        if onward and sought:
            _capture(captured, sought, node, cotangent)
        if hooks is not None:
            walk = walk or Walk(needed, pending, order)
            cotangent = _tensor_hooks(node, hooks, cotangent, arithmetic, walk)
            if onward and hooks.before:
                cotangent = _prehooks(hooks, cotangent, arithmetic, node.several)
        if not onward:
            _capture(captured, sought, node, cotangent)
            return (), cotangent
        results: Sequence[Any] = ()
        if cotangent is not None or node.fills:
            token = None if hooks is None else current_walk.set(walk)
            try:
                if guard is None:
                    results = node.backward(cotangent, create_graph)
                else:
                    results = guard.backward(node, cotangent, create_graph)
            finally:
                if token is not None:
                    current_walk.reset(token)
        if hooks is not None and hooks.after:
            results = _posthooks(hooks, results, cotangent, arithmetic)
        if not retain_graph:
            node.release()
        return results, cotangent

    for root in {root[0]: None for root in roots}:
        if type(root) is AccumulateGrad and not pending[root]:
            finish(root)

    def pass_on(edge: Node, number: int, result: Any, owned: bool) -> None:
        """Add what arrives at a node to what is there."""
        if edge.several:
            _arrive_one_of_several(arrived, edge, number, result, plus)
        elif edge in arrived:
            if edge in mine:
                arrived[edge] = add_into(arrived[edge], result)
            else:
                arrived[edge] = plus(arrived[edge], result)
                mine.add(edge)
        else:
            arrived[edge] = result
            if owned:
                mine.add(edge)

    plain, path = arithmetic.plain, order
    if needed is not None and all(type(node) is AccumulateGrad for node, _ in sought):
        path = [node for node in order if node in needed]  # nothing is captured on the way
    elif needed is not None:
        plain = _NOTHING
    xp = arithmetic.namespace
    for node in path:
        cotangent = arrived.pop(node, None)
        edges = node.edges
        own = type(cotangent)
        if own not in plain or node.steps is None or node.hooks is not None or watched:
            results, cotangent = visit(node, cotangent)
            numbers = node.numbers
            for position, edge in enumerate(edges):
                if edge is None:
                    continue
                result = results[position] if results else None
                if result is not None:
                    owned = type(result) is array_type and is_owned(result, cotangent, node)
                    pass_on(edge, numbers[position] if numbers else 0, result, owned)
                if type(edge) is AccumulateGrad:
                    count = pending[edge] = pending[edge] - 1
                    if not count:
                        finish(edge)
            continue
        # The common case, on which the rest of this page spends its time: the node's own rules,
        # one after the other, with nobody looking on.
        shapes, saved = node.shapes, node.saved
        for position, call in node.steps:
            edge = edges[position]
            if needed is not None and edge not in needed:
                continue
            result = call(node, position, cotangent, saved, xp)
            if own is not array_type:
                if type(result) is not own or (shapes is not None and shapes[position]):
                    result = node.fitted(result, position, cotangent)
            elif (
                type(result) is not own
                or result.dtype is not cotangent.dtype
                or result.shape != (cotangent.shape if shapes is None else shapes[position])
            ):
                result = node.fitted(result, position, cotangent)
            if edge.several or edge in arrived:
                numbers = node.numbers
                pass_on(edge, numbers[position] if numbers else 0, result, False)
            else:
                arrived[edge] = result
                if type(result) is array_type and is_owned(result, cotangent, node):
                    mine.add(edge)
            if type(edge) is AccumulateGrad:
                count = pending[edge] = pending[edge] - 1
                if not count:
                    finish(edge)
        if not retain_graph:
            node.release()
    return [captured.get(edge) for edge in wanted or ()]


_NOTHING: set[Any] = set()


def _survey(roots: Sequence[Node]) -> tuple[dict[Node, int], list[Node], bool]:
    """How many edges lead to each leaf; all other nodes, latest first; whether all is as saved."""
    pending: dict[Node, int] = {}
    seen = set(roots)
    stack = list(seen)
    order: list[Node] = []
    sound = True
    while stack:
        node = stack.pop()
        if type(node) is AccumulateGrad:
            pending.setdefault(node, 0)
            continue
        order.append(node)
        counters = node.counters
        if counters:
            for counter, version, _ in counters:
                if counter[0] != version:
                    sound = False
        for edge in node.edges:
            if edge is not None:
                if type(edge) is AccumulateGrad:
                    pending[edge] = pending.get(edge, 0) + 1
                elif edge not in seen:
                    seen.add(edge)
                    stack.append(edge)
    order.sort(key=_by_number, reverse=True)
    return pending, order, sound


_by_number = attrgetter("number")


def _check(order: Sequence[Node], needed: dict[Node, bool] | None, guard: Any) -> None:
    """Raise, before anything has run, if a saved value was freed or written to."""
    for node in order:
        counters = node.counters
        if counters:
            for counter, version, _ in counters:
                if counter[0] != version and (needed is None or needed.get(node)):
                    (node.check if guard is None else guard.checking(node))()


def _needed(order: Sequence[Node], wanted: Sequence[Edge]) -> dict[Node, bool]:
    """The nodes that matter; True where the walk must go on beyond the node."""
    needed: dict[Node, bool] = {node: False for node, _ in wanted}
    for node in reversed(order):
        for edge in node.edges:
            if edge in needed:
                needed[node] = True
                break
    return needed


def _arrive_one_of_several(
    arrived: dict[Node, Any], node: Node, number: int, cotangent: Any, plus: Callable[..., Any]
) -> None:
    slots = arrived.setdefault(node, {})
    slots[number] = plus(slots[number], cotangent) if number in slots else cotangent


def _as_list(node: Any, slots: dict[int, Any] | None) -> list[Any] | None:
    """The cotangents of all outputs; None if there is not a single one."""
    if slots is None:
        return [None] * len(node.output_meta) if node.fills else None
    return [slots.get(number) for number in range(len(node.output_meta))]


def _capture(captured: dict[Edge, Any], sought: set[Edge], node: Node, cotangent: Any) -> None:
    if node.several:
        for number, one in enumerate(cotangent or ()):
            if (node, number) in sought:
                captured[node, number] = one
    elif (node, 0) in sought:
        captured[node, 0] = cotangent


def _tensor_hooks(
    node: Node, hooks: NodeHooks, cotangent: Any, arithmetic: Arithmetic, walk: Walk
) -> Any:
    """Tensor hooks in the order of registration, then retain_grad."""
    if not hooks.on_output and not hooks.retained:
        return cotangent
    several = node.several
    if several and cotangent is None:
        cotangent = [None] * len(node.output_meta)  # type: ignore[attr-defined]
    values = list(cotangent) if several else [cotangent]
    for number, registered in hooks.on_output.items():
        for hook in tuple(registered.values()):
            value = values[number]
            given = None if value is None else arithmetic.wrap(value)
            if isinstance(hook, GroupHook):
                hook.call(walk, given)
                continue
            returned = hook(given)
            if returned is not None:
                _check_hook(hook, given, returned)
                values[number] = arithmetic.unwrap(returned, value)
    for number, reference in hooks.retained.items():
        tensor = reference()
        if tensor is not None and values[number] is not None:
            tensor._keep_grad(arithmetic.wrap(values[number]))
    return values if several else values[0]


def _prehooks(hooks: NodeHooks, cotangent: Any, arithmetic: Arithmetic, several: bool) -> Any:
    """The node's own hooks, before it runs."""
    values = list(cotangent) if isinstance(cotangent, list) else [cotangent]
    for hook in tuple(hooks.before.values()):
        values = _replaced(hook, (_shown(values, arithmetic),), values, arithmetic)
    return values if several else values[0]


def _posthooks(
    hooks: NodeHooks, results: Sequence[Any], cotangent: Any, arithmetic: Arithmetic
) -> Sequence[Any]:
    """The node's hooks after it ran see the cotangents of its inputs and outputs."""
    outputs = _shown(cotangent if isinstance(cotangent, list) else [cotangent], arithmetic)
    for hook in tuple(hooks.after.values()):
        results = _replaced(hook, (_shown(results, arithmetic), outputs), results, arithmetic)
    return results


def _shown(values: Sequence[Any], arithmetic: Arithmetic) -> tuple[Any, ...]:
    return tuple(None if value is None else arithmetic.wrap(value) for value in values)


def _replaced(
    hook: Any, arguments: tuple[Any, ...], values: Sequence[Any], arithmetic: Arithmetic
) -> list[Any]:
    """The values that a node's hook gave in place of its first argument, checked."""
    returned = hook(*arguments)
    if returned is None:
        return list(values)
    if not isinstance(returned, tuple):
        raise TypeError(errors.NODE_HOOK_TYPE.format(type(returned).__name__))
    if len(returned) != len(values):
        raise RuntimeError(
            errors.NODE_HOOK_COUNT.format(_hook_name(hook), len(returned), len(values))
        )
    for new, given in zip(returned, arguments[0], strict=True):
        if new is not None and given is not None:
            _check_hook(hook, given, new)
    return [
        None if new is None else arithmetic.unwrap(new, old)
        for new, old in zip(returned, values, strict=True)
    ]


def _hook_name(hook: Any) -> str:
    return getattr(hook, "__name__", "<unknown>")


def _check_hook(hook: Any, given: Any, returned: Any) -> None:
    if given is None:
        return
    if not isinstance(returned, type(given)):
        raise TypeError(errors.HOOK_TYPE.format(type(returned).__name__))
    if returned.shape != given.shape:
        raise RuntimeError(errors.HOOK_SIZE.format(_hook_name(hook)))
    if returned.dtype is not given.dtype:
        raise RuntimeError(
            errors.HOOK_DTYPE.format(_hook_name(hook), given.type(), returned.type())
        )
