"""`autograd`: backward, grad and Function under PyTorch's names, on exact tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reference.backward import derived, gradients, history, prepared, run_backward
from reference.differentiate import zeros
from reference.function import Function
from reference.grad_fn import AccumulateGrad
from reference.modes import enable_grad, no_grad, set_grad_enabled
from reference.tensor import Tensor, with_history

__all__ = ["Function", "backward", "enable_grad", "grad", "no_grad", "set_grad_enabled"]

Tensors = Tensor | Sequence[Tensor]


def _listed(values: Any, count: int) -> list[Any]:
    if values is None:
        return [None] * count
    return list(values) if isinstance(values, (tuple, list)) else [values]


def backward(
    tensors: Tensors,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensors | None = None,
) -> None:
    """Add the gradient of Σ <tensor, grad_tensor> into the leaves' `grad`."""
    outputs = _listed(tensors, 1)
    given = _listed(grad_tensors, len(outputs))
    run_backward(outputs, given, create_graph=create_graph, inputs=inputs)


def grad(
    outputs: Tensors,
    inputs: Tensors,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of Σ <output, grad_output> with respect to the inputs; no `grad` changes.

    >>> from reference.tensor import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> (first,) = grad(x**3, x, create_graph=True)
    >>> first, grad(first, x)[0].exact
    (tensor(27., grad_fn=<CopyBackwards>), array(18, dtype=object))
    """
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched has no meaning here: call grad() in a loop")
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    held, targets = _listed(outputs, 1), _listed(inputs, 1)
    if not targets:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    cotangents = _listed(grad_outputs, len(held))
    roots = prepared(held, cotangents)
    for target in targets:
        if not target.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    edges = [target.edge() for target in targets]
    found = gradients(roots, edges)
    source = derived(roots, cotangents) if create_graph else None
    forward = tuple(node for _, node, _ in roots)
    reached = {id(here) for here in history([root for root, _, _ in roots])}
    results: list[Tensor | None] = []
    for number, (target, edge, node) in enumerate(zip(targets, edges, found, strict=True)):
        unused = id(edge) not in reached
        if unused and not (allow_unused or materialize_grads):
            raise RuntimeError(
                f"The differentiated Tensor at index {number} appears to not have been used in "
                "the graph. Set allow_unused=True if this is the desired behavior."
            )
        if unused and not materialize_grads:
            results.append(None)
            continue
        arrived = zeros(target.shape) if node is None else node
        if isinstance(edge, AccumulateGrad):
            for hook in edge.hooks:
                arrived = hook(arrived) or arrived
        results.append(with_history(arrived, target.dtype, forward, source))
    return tuple(results)
