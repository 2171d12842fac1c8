"""Gradients: `backward`, `grad`, and what PyTorch keeps in `torch.autograd`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.accumulate import arithmetic
from autodiff.backward import run
from autodiff.dtypes import from_numpy_dtype
from autodiff.function import Function
from autodiff.graph import AccumulateGrad, Node
from autodiff.modes import (
    SILENT,
    enable_grad,
    grad_mode,
    no_grad,
    restore,
    set_grad_enabled,
    silence,
)
from autodiff.operation import wrap
from autodiff.state import TensorState
from autodiff.views import edge_of

__all__ = [
    "Function",
    "Variable",
    "backward",
    "enable_grad",
    "grad",
    "no_grad",
    "set_grad_enabled",
]

Variable = TensorState


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, TensorState) or value is None else tuple(value)


def _check_gradient(index: int, output: Any, gradient: Any) -> Any:
    """The cotangent of a root, in its shape and dtype."""
    if not isinstance(gradient, TensorState):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(gradient).__name__}"
        )
    expected, found = output._data, gradient._data
    if found.shape != expected.shape:
        raise errors.gradient_shape(index, found.shape, expected.shape)
    if (found.dtype.kind == "c") != (expected.dtype.kind == "c"):
        raise RuntimeError(
            "For complex Tensors, both grad_output and output are required to have the same "
            f"dtype. Mismatch in dtype: grad_output[{index}] has a dtype of "
            f"{from_numpy_dtype(found.dtype)} and output[{index}] has a dtype of "
            f"{from_numpy_dtype(expected.dtype)}."
        )
    return gradient


def _roots(
    outputs: Sequence[Any], gradients: Sequence[Any], create_graph: bool
) -> list[tuple[Node, int, Any]]:
    """Node, output number and cotangent of every output, checked before anything runs."""
    if len(outputs) != len(gradients):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    cotangents = []
    for index, (output, gradient) in enumerate(zip(outputs, gradients, strict=True)):
        if not isinstance(output, TensorState):
            raise TypeError(
                f"tensors[{index}] must be a Tensor, but got {type(output).__name__}: pass the "
                "tensors to differentiate"
            )
        if gradient is not None:
            cotangents.append(_check_gradient(index, output, gradient))
        elif edge_of(output)[0] is None:
            cotangents.append(None)
        else:
            data = output._data
            if data.size != 1:
                raise RuntimeError(errors.SCALAR_ONLY)
            if data.dtype.kind == "c":
                raise RuntimeError(
                    "grad can be implicitly created only for real scalar outputs but got "
                    f"{from_numpy_dtype(data.dtype)}"
                )
            cotangents.append(None)
    roots = []
    for index, (output, cotangent) in enumerate(zip(outputs, cotangents, strict=True)):
        node, number = edge_of(output)
        if node is None:
            raise RuntimeError(errors.NO_GRAPH.format(index))
        data = output._data
        if cotangent is None:
            value: Any = np.ones(data.shape, data.dtype) if data.ndim else data.dtype.type(1)
        else:
            value = cotangent
        roots.append((node, number, _prepared(value, data.dtype, create_graph)))
    return roots


def _prepared(value: Any, dtype: Any, create_graph: bool) -> Any:
    if create_graph:
        tensor = value if isinstance(value, TensorState) else wrap(value)
        return tensor if tensor._data.dtype == dtype else tensor.to(from_numpy_dtype(dtype))
    array = value._data if isinstance(value, TensorState) else value
    return array if array.dtype == dtype else array.astype(dtype)


def _walk(
    roots: list[tuple[Node, int, Any]],
    retain_graph: bool,
    create_graph: bool,
    wanted: Sequence[tuple[Node, int]] | None,
    accumulate: bool,
) -> list[Any]:
    token = silence(SILENT)
    try:
        with grad_mode(create_graph):
            return run(
                roots,
                arithmetic(create_graph),
                retain_graph=retain_graph,
                wanted=wanted,
                accumulate=accumulate,
            )
    finally:
        restore(token)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors` into the `.grad` of the leaves that made them.

    grad_tensors: a cotangent for each tensor, of its shape; None stands for 1 at a scalar.
    retain_graph: keep saved values for another pass (default: `create_graph`). create_graph:
    record the pass, so that gradients can be differentiated. inputs: only these get a gradient.

    >>> import autodiff
    >>> x = autodiff.tensor([1., 2.], requires_grad=True)
    >>> autodiff.autograd.backward((x * x).sum())
    >>> x.grad
    tensor([2., 4.])
    """
    if grad_variables is not None:
        warnings.warn(
            "`grad_variables` is deprecated. Use `grad_tensors` instead.",
            FutureWarning,
            stacklevel=2,
        )
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                "`backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    outputs = _as_tuple(tensors)
    gradients = (None,) * len(outputs) if grad_tensors is None else _as_tuple(grad_tensors)
    keep = create_graph if retain_graph is None else retain_graph
    targets = None
    if inputs is not None:
        targets = _as_tuple(inputs)
        if not targets:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    roots = _roots(outputs, gradients, create_graph)
    if create_graph:
        warnings.warn(errors.CREATE_GRAPH_CYCLE, UserWarning, stacklevel=3)
    if targets is None:
        _walk(roots, keep, create_graph, None, True)
        return
    edges = _edges(targets)
    found = _walk(roots, keep, create_graph, edges, True)
    for target, edge, value in zip(targets, edges, found, strict=True):
        if not isinstance(edge[0], AccumulateGrad) and value is not None:
            target._keep_grad_sum(value, create_graph)


def _edges(inputs: Sequence[Any]) -> list[tuple[Node, int]]:
    edges = []
    for one in inputs:
        node, number = edge_of(one)
        if node is None:
            raise RuntimeError(errors.INPUT_WITHOUT_GRAD)
        edges.append((node, number))
    return edges


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, leaving every `.grad` alone.

    allow_unused: None instead of an error for an input that no output depends on;
    materialize_grads: zeros instead of None.

    >>> import autodiff
    >>> x = autodiff.tensor(3., requires_grad=True)
    >>> autodiff.autograd.grad(x ** 2, x)
    (tensor(6.),)
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    allowed = materialize_grads if allow_unused is None else allow_unused
    targets = _as_tuple(inputs)
    sources = _as_tuple(outputs)
    if not targets:
        raise ValueError("grad requires non-empty inputs.")
    gradients = (None,) * len(sources) if grad_outputs is None else _as_tuple(grad_outputs)
    keep = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched(sources, targets, gradients, keep, create_graph, allowed)
    roots = _roots(sources, gradients, create_graph)
    edges = _edges(targets)
    found = _walk(roots, keep, create_graph, edges, False)
    return _presented(targets, found, allowed, materialize_grads, create_graph)


def _presented(
    targets: Sequence[Any],
    found: Sequence[Any],
    allowed: bool,
    materialize: bool,
    create_graph: bool,
) -> tuple[Any, ...]:
    results: list[Any] = []
    for index, (target, value) in enumerate(zip(targets, found, strict=True)):
        if value is None:
            if not allowed:
                raise RuntimeError(errors.UNUSED_INPUT.format(index))
            zeros = np.zeros(target._data.shape, target._data.dtype)
            results.append(wrap(zeros) if materialize else None)
        elif create_graph:
            results.append(value)
        else:
            results.append(wrap(np.array(value)))  # a copy: cotangents may share memory
    return tuple(results)


def _batched(
    outputs: Sequence[Any],
    targets: Sequence[Any],
    gradients: Sequence[Any],
    keep: bool,
    create_graph: bool,
    allowed: bool,
) -> tuple[Any, ...]:
    """One pass for each cotangent of a batch, the results stacked."""
    from autodiff.functions.shapes import stack

    size = gradients[0].shape[0]
    rows = []
    for index in range(size):
        last = index == size - 1
        chosen = tuple(None if g is None else g[index] for g in gradients)
        rows.append(
            grad(outputs, targets, chosen, keep or not last, create_graph, allow_unused=allowed)
        )
    return tuple(
        None if column[0] is None else stack(column) for column in zip(*rows, strict=True)
    )
