"""The cotangents of a recorded program's leaves, with users' hooks on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference.differentiate import vjp, zeros
from reference.grad_fn import AccumulateGrad, GradFn, node_class
from reference.graph import Constant, Node, Stop, substitute

__all__ = ["accumulators", "derived", "gradients", "history", "prepared", "run_backward"]


def history(roots: Sequence[GradFn]) -> list[GradFn]:
    """Everything that the roots depend on, users before what they use."""
    seen: set[int] = set()
    done: list[GradFn] = []
    stack: list[tuple[GradFn, bool]] = [(root, False) for root in roots]
    while stack:
        here, expanded = stack.pop()
        if expanded:
            done.append(here)
        elif id(here) not in seen:
            seen.add(id(here))
            stack.append((here, True))
            stack.extend((child, False) for child, _ in here.next_functions if child is not None)
    return done[::-1]


def accumulators(order: Sequence[GradFn]) -> list[AccumulateGrad]:
    """The leaves of a history."""
    return [here for here in order if isinstance(here, AccumulateGrad)]


def gradients(
    roots: Sequence[tuple[GradFn, Node, Node]], targets: Sequence[GradFn]
) -> list[Node | None]:
    """The cotangent of every target.

    roots: (grad_fn, node, cotangent) of each output.

    A hook stands between what is computed from its tensor and what its tensor is computed from:
    the graph is cut there (its value stays, as a Stop), and goes on with what the hook gives.
    """
    wanted = [_node_of(target) for target in targets]
    fixed = {id(node) for node in wanted}
    pulled: list[tuple[Node, Node]] = [(node, cotangent) for _, node, cotangent in roots]
    caught: dict[int, Node] = {}
    for here in history([root for root, _, _ in roots]):
        if isinstance(here, AccumulateGrad) or not here.hooks:
            continue
        node = _node_of(here)
        cut = Stop(node)
        leaves = {held: held for held in wanted if held is not node}
        outputs = substitute([output for output, _ in pulled], {**leaves, node: cut})
        pulled = [(new, cotangent) for new, (_, cotangent) in zip(outputs, pulled, strict=True)]
        arriving = vjp(outputs, [cut], [cotangent for _, cotangent in pulled])[0]
        if arriving is None:
            continue
        for hook in here.hooks:
            arriving = hook(arriving) or arriving
        if id(node) in fixed:
            caught[id(node)] = arriving
        pulled.append((node, arriving))
    outputs = [output for output, _ in pulled]
    found = vjp(outputs, wanted, [cotangent for _, cotangent in pulled])
    return [caught.get(id(node), given) for node, given in zip(wanted, found, strict=True)]


def _node_of(here: GradFn) -> Node:
    if here.node is None:
        raise RuntimeError(f"{here.name()} holds no value: its tensor was never recorded")
    return here.node


def run_backward(
    tensors: Sequence[Any],
    cotangents: Sequence[Any],
    *,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradient of Σ <tensor, cotangent> into the leaves, or into `inputs`."""
    chosen = None if inputs is None else _as_list(inputs)
    if chosen is not None and not chosen:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    roots = prepared(tensors, cotangents)
    if chosen is None:
        leaves = accumulators(history([root for root, _, _ in roots]))
        edges: list[GradFn] = list(leaves)
        owners = [leaf.variable for leaf in leaves]
    else:
        owners = list(chosen)
        edges = [owner.edge() for owner in owners]
    forward = tuple(node for _, node, _ in roots)
    source = derived(roots, cotangents) if create_graph else None
    for owner, edge, found in zip(owners, edges, gradients(roots, edges), strict=True):
        node = zeros(owner.shape) if found is None else found
        if isinstance(edge, AccumulateGrad):
            for hook in edge.hooks:
                node = hook(node) or node
        if not (chosen is not None and owner.retains_grad):  # then its hook received it already
            owner.receive(node, forward, source)


def prepared(tensors: Sequence[Any], cotangents: Sequence[Any]) -> list[tuple[GradFn, Node, Node]]:
    """(grad_fn, node, cotangent) of every output, with PyTorch's checks."""
    roots = []
    if len(tensors) != len(cotangents):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(cotangents)} gradients")
    for number, (output, cotangent) in enumerate(zip(tensors, cotangents, strict=True)):
        if not output.requires_grad:
            raise RuntimeError(
                f"element {number} of tensors does not require grad and does not have a grad_fn"
            )
        if cotangent is None:
            if output.numel() != 1:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            seed: Node = Constant(np.ones(output.shape))
        else:
            given = cotangent
            if given.shape != output.shape:
                raise RuntimeError(
                    f"Mismatch in shape: grad_output[{number}] has a shape of {given.shape!r} "
                    f"and output[{number}] has a shape of {output.shape!r}."
                )
            seed = given.node
        roots.append((output.edge(), output.node, seed))
    return roots


def derived(roots: Sequence[tuple[GradFn, Node, Node]], cotangents: Sequence[Any]) -> GradFn:
    """The history of a gradient that is recorded itself: what its outputs depend on."""
    links = [(root, 0) for root, _, _ in roots]
    links += [
        (given.edge(), 0) for given in cotangents if given is not None and given.requires_grad
    ]
    return node_class("CopyBackwards")(links, None)


def _as_list(inputs: Any) -> list[Any]:
    return list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
