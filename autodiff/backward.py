"""The walk from results back to leaves. Knows no operation and no NumPy.

Nodes are numbered as they are made, so the needed part of the graph, sorted by number, is an
order of execution: the one that PyTorch has. An accumulator runs as soon as the last cotangent
that flows into it has arrived. There is no recursion, and what is done with is dropped at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff import errors
from autodiff.compiled import core
from autodiff.graph import (
    FREED,
    FREED_COUNTERS,
    AccumulateGrad,
    GroupHook,
    Node,
    NodeHooks,
    triples,
)
from autodiff.hooks import current_walk
from autodiff.plan import ALONE, ANY, ONE, XP_ONE

__all__ = ["Arithmetic", "Walk", "run"]

Edge = tuple[Node, int]


class Arithmetic:
    """What the walk must be able to do with cotangents; array mode and tensor mode differ.

    plus(a, b): the sum. add_into(a, b): the sum, in a's memory where it fits. holders(d[k]): how
    many references there are to a value; `sole` where the dictionary has the only one.
    accumulate(leaf tensor, cotangent, owned): add into `.grad`. wrap, unwrap: from and to what a
    hook sees.
    """

    __slots__ = (
        "accumulate", "add_into", "array_type", "create_graph", "guard", "holders", "namespace",
        "node_type", "plain", "plus", "sole", "unwrap", "wrap",
    )  # fmt: skip

    plus: Callable[[Any, Any], Any]
    add_into: Callable[[Any, Any], Any]
    holders: Callable[[Any], int]
    sole: int
    accumulate: Callable[[Any, Any, bool], None]
    wrap: Callable[[Any], Any]
    unwrap: Callable[[Any, Any], Any]
    array_type: type[Any]  # of cotangents that have a shape; others are scalars
    plain: set[Any]  # the types of cotangents on which the walk may run a node's rules itself
    node_type: type[
        Any
    ]  # of the nodes whose rules it may run: `plan`, `saved`, `shapes`, `fitted`
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
    """A pass that is going on: what has arrived where, and what is done at unusual nodes."""

    __slots__ = (
        "__weakref__", "accumulate", "arithmetic", "arrived", "captured", "needed", "order",
        "pending", "retain_graph", "sought", "watched",
    )  # fmt: skip

    pending: dict[Node, int]  # how many edges to each leaf have yet to deliver
    order: list[Node]
    needed: dict[Node, bool] | None
    arrived: dict[Node, Any]
    captured: dict[Edge, Any]
    sought: set[Edge]
    arithmetic: Arithmetic
    accumulate: bool
    retain_graph: bool
    watched: bool  # whether a user's code has run, which may have written to saved values

    def visits(self, node: Node) -> bool:
        """Whether the pass runs a node."""
        if node not in self.pending and node not in self.order:
            return False
        return self.needed is None or node in self.needed

    def arrive(self, node: Node, number: int, cotangent: Any) -> None:
        """Add what arrives at a node to what is there."""
        arrived = self.arrived
        if node.several:
            slots = arrived.setdefault(node, {})
            if number in slots:
                cotangent = self.arithmetic.plus(slots[number], cotangent)
            slots[number] = cotangent
        elif node in arrived:
            arithmetic = self.arithmetic
            if arithmetic.holders(arrived[node]) == arithmetic.sole:
                arrived[node] = arithmetic.add_into(arrived[node], cotangent)
            else:
                arrived[node] = arithmetic.plus(arrived[node], cotangent)
        else:
            arrived[node] = cotangent

    def finish(self, leaf: AccumulateGrad) -> None:
        """All that flows into a leaf has arrived."""
        needed = self.needed
        arithmetic, cotangent, owned = self.arithmetic, None, False
        if leaf in self.arrived:
            owned = arithmetic.holders(self.arrived[leaf]) == arithmetic.sole
            cotangent = self.arrived.pop(leaf)
        if needed is not None and leaf not in needed:
            return
        hooks = leaf.hooks
        if leaf.cast is not None and cotangent is not None:
            cotangent = leaf.cast(cotangent)
            owned = False
        if hooks is not None or leaf.post_hooks is not None:
            self.watched = True
        if hooks is not None:
            cotangent = _tensor_hooks(leaf, hooks, cotangent, arithmetic, self)
            owned = False
        if self.sought and (leaf, 0) in self.sought:
            self.captured[leaf, 0] = cotangent
            owned = False
        if self.accumulate:
            if hooks is not None and hooks.before:
                cotangent = _prehooks(hooks, cotangent, arithmetic, False)
            arithmetic.accumulate(leaf.variable, cotangent, owned)
            if hooks is not None and hooks.after:
                _posthooks(hooks, (), cotangent, arithmetic)

    def visit(self, node: Node) -> None:
        """Run a node of which nothing is known, and pass on what it gives."""
        cotangent = self.arrived.pop(node, None)
        results: Sequence[Any] = ()
        if self.needed is None or node in self.needed:
            results = self._run(node, cotangent)
        numbers, pending = node.numbers, self.pending
        for position, edge in enumerate(node.edges):
            if edge is None:
                continue
            if results:
                result = results[position]
                if result is not None:
                    self.arrive(edge, numbers[position] if numbers else 0, result)
            if type(edge) is AccumulateGrad:
                count = pending[edge] = pending[edge] - 1
                if not count:
                    result = None
                    if results:
                        results = list(results)
                        results[position] = None
                    self.finish(edge)

    def _run(self, node: Node, cotangent: Any) -> Sequence[Any]:
        """What a node sends to its inputs, hooks considered."""
        arithmetic, hooks = self.arithmetic, node.hooks
        self.watched = self.watched or hooks is not None or node.fills
        if node.several:
            cotangent = _as_list(node, cotangent)
        onward = self.needed is None or self.needed[node]
        if onward and self.sought:
            _capture(self.captured, self.sought, node, cotangent)
        if hooks is not None:
            cotangent = _tensor_hooks(node, hooks, cotangent, arithmetic, self)
            if onward and hooks.before:
                cotangent = _prehooks(hooks, cotangent, arithmetic, node.several)
        if not onward:
            _capture(self.captured, self.sought, node, cotangent)
            return ()
        results: Sequence[Any] = ()
        if cotangent is not None or node.fills:
            token = None if hooks is None else current_walk.set(self)
            try:
                if arithmetic.guard is None:
                    results = node.backward(cotangent, arithmetic.create_graph)
                else:
                    results = arithmetic.guard.backward(node, cotangent, arithmetic.create_graph)
            finally:
                if token is not None:
                    current_walk.reset(token)
        if hooks is not None and hooks.after:
            results = _posthooks(hooks, results, cotangent, arithmetic)
        if not self.retain_graph:
            node.release()
        return results


def run(
    roots: Sequence[tuple[Node, int, Any]],
    arithmetic: Arithmetic,
    retain_graph: bool,
    wanted: Sequence[Edge] | None,
    accumulate: bool,
) -> list[Any]:
    """Send the roots' cotangents through the graph.

    roots: (node, number of its output, cotangent). wanted: the edges whose cotangents are asked
    for, or None for every leaf; only the nodes on the way to them run. accumulate: whether leaves
    on wanted edges (all leaves if None) get their `.grad`. Returns the cotangents at the wanted
    edges, None where none arrived.
    """
    walk = Walk()
    pending, order, sound = (_survey if core is None else core.survey)(roots)
    needed = None
    if wanted is not None:
        needed = (_needed if core is None else core.needed)(order, wanted)
    if not sound:
        _check(order, needed, arithmetic.guard)
    walk.pending, walk.order, walk.needed = pending, order, needed
    walk.arithmetic, walk.accumulate, walk.retain_graph = arithmetic, accumulate, retain_graph
    walk.watched = False
    walk.arrived, walk.captured = {}, {}
    walk.sought = _NOTHING if wanted is None else set(wanted)
    for root, number, given in roots:
        walk.arrive(root, number, given)
    for leaf in pending:
        if not pending[leaf]:
            walk.finish(leaf)

    follow = _follow if core is None else core.follow
    if arithmetic.guard is not None:
        follow = _visit_all
    for node, _ in wanted or ():
        if type(node) is not AccumulateGrad:  # something is captured on the way
            follow = _visit_all
    follow(walk, order, arithmetic, needed, retain_graph)
    return [walk.captured.get(edge) for edge in wanted or ()]


def _visit_all(walk: Walk, order: Sequence[Node], *_: Any) -> None:
    """Run the nodes where somebody looks on."""
    for node in order:
        walk.visit(node)


def _follow(  # noqa: PLR0912, PLR0915 - one loop: a call per node is what it would cost to split
    walk: Walk,
    order: Sequence[Any],
    arithmetic: Arithmetic,
    needed: dict[Node, bool] | None,
    retain_graph: bool,
) -> None:
    """Run the nodes, latest first; compiled in compiled/walk.c."""
    result: Any
    arrived, pending, plain = walk.arrived, walk.pending, arithmetic.plain
    xp, node_type, array_type = arithmetic.namespace, arithmetic.node_type, arithmetic.array_type
    plus, add_into = arithmetic.plus, arithmetic.add_into
    holders, sole = arithmetic.holders, arithmetic.sole
    usual: Any = None  # the type of the last cotangent, which most have in common
    for node in order:
        if needed is not None and node not in needed:
            continue
        if type(node) is not node_type or node.hooks is not None or walk.watched:
            walk.visit(node)
            continue
        cotangent: Any = arrived.get(node)
        own = type(cotangent)
        if own is not usual:
            if own not in plain:
                walk.visit(node)
                continue
            usual = own
        # The common case, on which the rest of this page spends its time: the node's own rules,
        # one after the other, with nobody looking on.
        del arrived[node]
        plan, edges, shapes, saved = node.plan, node.edges, node.shapes, node.saved
        for position, form, rule, first, second, _ in plan.walked:
            edge = edges[position]
            if needed is not None and edge not in needed:
                continue
            if form == ONE:
                result = rule(cotangent, saved[first])
            elif form == ALONE:
                result = rule(cotangent)
            elif form == ANY:
                result = rule(node, position, cotangent, saved, xp)
            elif form == XP_ONE:
                result = rule(xp, cotangent, saved[first])
            else:
                result = rule(cotangent, saved[first], saved[second])
            if type(result) is not own:
                result = node.fitted(result, position, cotangent)
            elif own is not array_type:
                if shapes is not None and shapes[position]:
                    result = node.fitted(result, position, cotangent)
            elif shapes is None:
                size = result.nbytes  # what has the cotangent's fits: tests hold all rows to it
                if not size or size != cotangent.nbytes:
                    result = node.fitted(result, position, cotangent)
            elif result.shape != shapes[position] or result.dtype is not cotangent.dtype:
                result = node.fitted(result, position, cotangent)
            kind = type(edge)
            if kind is not node_type and kind is not AccumulateGrad:
                numbers = node.numbers
                walk.arrive(edge, numbers[position] if numbers else 0, result)
            elif edge in arrived:
                if own is array_type and holders(arrived[edge]) == sole:
                    arrived[edge] = add_into(arrived[edge], result)
                else:
                    arrived[edge] = plus(arrived[edge], result)
            else:
                arrived[edge] = result
            if kind is AccumulateGrad:
                count = pending[edge] = pending[edge] - 1
                if not count:
                    result = None  # the gradient is nobody else's
                    walk.finish(edge)
        if not retain_graph:
            if plan.indexed:
                node.release()
            elif saved is not None:
                node.saved, node.counters = FREED, FREED_COUNTERS


_NOTHING: set[Any] = set()


def _survey(  # noqa: PLR0912 - one loop, as above
    roots: Sequence[tuple[Node, int, Any]],
) -> tuple[dict[Any, int], list[Any], bool]:
    """How many edges lead to each leaf; all other nodes, latest first; whether all is as saved."""
    pending: dict[Any, int] = {}
    seen: dict[int, Node] = {}
    stack: list[Node] = []
    sound = True
    for node, _, _ in roots:
        if type(node) is AccumulateGrad:
            pending[node] = 0
        elif node.number not in seen:
            seen[node.number] = node
            stack.append(node)
    while stack:
        node = stack.pop()
        counters = node.counters
        if counters:
            if counters[0][0] != counters[1]:
                sound = False
            elif len(counters) > 3:
                for place in range(3, len(counters), 3):
                    if counters[place][0] != counters[place + 1]:
                        sound = False
        for edge in node.edges:
            if edge is None:
                continue
            if type(edge) is AccumulateGrad:
                pending[edge] = pending.get(edge, 0) + 1
            else:
                number = edge.number
                if number not in seen:
                    seen[number] = edge
                    stack.append(edge)
    return pending, [seen[number] for number in sorted(seen, reverse=True)], sound


def _check(order: Sequence[Node], needed: dict[Node, bool] | None, guard: Any) -> None:
    """Raise, before anything has run, if a saved value was freed or written to."""
    for node in order:
        counters = node.counters
        if counters:
            for counter, version, _ in triples(counters):
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
