"""`backward` and `grad`: one pass through the graph, and what it is asked for."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autodiff import errors
from autodiff.accumulate import arithmetic
from autodiff.anomaly import watched
from autodiff.backward import run
from autodiff.dtypes import from_numpy_dtype
from autodiff.functions.arguments import is_tensor_like
from autodiff.graph import Node, Nowhere, accumulator
from autodiff.graph_tools import GradientEdge, edge_meta
from autodiff.modes import (
    SILENT,
    enter_grad_mode,
    grad_mode,
    leave_grad_mode,
    levels,
    recording,
    refuse_in_transform,
    restore,
    silence,
)
from autodiff.operation import wrap
from autodiff.ops.shapes import TO_COPY
from autodiff.state import TensorState, is_layered, layered_by
from autodiff.views import edge_of, requires_grad

__all__ = ["backward", "grad", "passed"]

_REAL = (np.dtype(np.float32), np.dtype(np.float64))
_ONES = {np.float32: np.float32(1), np.float64: np.float64(1)}


def _as_tuple(value: Any) -> tuple[Any, ...]:
    one = is_tensor_like(value) or isinstance(value, GradientEdge)
    return (value,) if one else tuple(value)


def _described(output: Any) -> Any:
    """Something of the shape and dtype of an output; None for an edge where nobody knows them."""
    return edge_meta(output) if isinstance(output, GradientEdge) else output._data


def _edge(output: Any) -> tuple[Node | None, int]:
    """Where the cotangent of a tensor (or edge) arrives."""
    if isinstance(output, GradientEdge):
        return output.node, output.output_nr
    return edge_of(output)


def _layered(*values: Any) -> Any:
    """A tensor that a transform has put a layer around, if there is one among the values."""
    return next((one for one in map(layered_by, values) if one is not None), None)


def _targets(inputs: Any, function: str) -> tuple[Any, ...]:
    """The tensors asked about: one, several, or the values of a dict."""
    if type(inputs) is dict:
        found = tuple(inputs.values())
    elif isinstance(inputs, Mapping):
        raise TypeError(errors.INPUTS_MAPPING.format(function, type(inputs).__name__))
    else:
        found = _as_tuple(inputs)
    if not found:
        raise RuntimeError(errors.INPUTS_EMPTY.format(function))
    return found


def _check_gradient(index: int, output: Any, gradient: Any, batched: bool) -> None:
    """Raise if a cotangent does not belong to an output."""
    if not isinstance(gradient, TensorState):
        raise TypeError(
            f"gradients can be either Tensors or None, but got {type(gradient).__name__}"
        )
    expected, found = _described(output), gradient._data
    if expected is None:
        return
    shape = found.shape[1:] if batched else found.shape
    if shape != expected.shape:
        shown = shape[1:] if batched else shape  # PyTorch's message drops the batch twice
        raise errors.gradient_shape(index, shown, expected.shape, batched)
    if (found.dtype.kind == "c") != (expected.dtype.kind == "c"):
        raise RuntimeError(
            "For complex Tensors, both grad_output and output are required to have the same "
            f"dtype. Mismatch in dtype: grad_output[{index}] has a dtype of "
            f"{from_numpy_dtype(found.dtype)} and output[{index}] has a dtype of "
            f"{from_numpy_dtype(expected.dtype)}."
        )


def _check_gradients(outputs: Sequence[Any], gradients: Any, batched: bool = False) -> list[Any]:
    """A cotangent or None for each output, checked as PyTorch checks them."""
    given: tuple[Any, ...]
    given = (None,) * len(outputs) if gradients is None else _as_tuple(gradients)
    found = []
    for index, (output, gradient) in enumerate(zip(outputs, given, strict=False)):
        edge = isinstance(output, GradientEdge)
        if not isinstance(output, TensorState) and not edge:
            raise AssertionError(errors.OUTPUT_TYPE)
        if gradient is not None:
            _check_gradient(index, output, gradient, batched)
        elif edge or requires_grad(output):
            data = _described(output)
            if data is None:
                raise RuntimeError(errors.EDGE_UNKNOWN)
            if data.size != 1:
                raise RuntimeError(errors.SCALAR_ONLY)
            if data.dtype.kind == "c":
                raise RuntimeError(
                    "grad can be implicitly created only for real scalar outputs but got "
                    f"{from_numpy_dtype(data.dtype)}"
                )
        found.append(gradient)
    if len(found) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(found)} gradients")
    return found


def _roots(
    outputs: Sequence[Any], gradients: Sequence[Any], create_graph: bool
) -> list[tuple[Node, int, Any]]:
    """Node, output number and cotangent of every output."""
    roots = []
    for index, (output, gradient) in enumerate(zip(outputs, gradients, strict=True)):
        node, number = _edge(output)
        if node is None or type(node) is Nowhere:
            raise RuntimeError(errors.NO_GRAPH.format(index))
        data = _described(output)
        data = gradient._data if data is None else data
        if gradient is None:
            value: Any = np.ones(data.shape, data.dtype) if data.ndim else data.dtype.type(1)
        else:
            value = gradient
        roots.append((node, number, _prepared(value, data.dtype, create_graph)))
    return roots


def _pairs(outputs: Any, given: Any) -> list[tuple[Any, Any]] | None:
    """Each output with its cotangent or None; None where they do not go together as they are."""
    if type(outputs) is not tuple and type(outputs) is not list:
        outputs = (outputs,)
    if given is None:
        return [(output, None) for output in outputs]
    if type(given) is not tuple and type(given) is not list:
        given = (given,)
    return list(zip(outputs, given, strict=True)) if len(outputs) == len(given) else None


def _plain_roots(pairs: list[tuple[Any, Any]] | None) -> list[tuple[Node, int, Any]] | None:
    """The roots of the most frequent passes: of real tensors, outside all transforms."""
    if not pairs or levels.get():
        return None
    roots = []
    for output, given in pairs:
        root = _plain_root(output, given)
        if root is None:
            return None
        roots.append(root)
    return roots


def _plain_root(output: Any, given: Any) -> tuple[Node, int, Any] | None:
    """Where a cotangent arrives; None stands for 1 at one real number."""
    if not isinstance(output, TensorState) or output._layered:
        return None
    data, extra = output._data, output._extra
    one = _ONES.get(type(data))
    if given is not None:
        if not isinstance(given, TensorState) or given._layered:
            return None
        if given._extra is not None and is_layered(given._extra.view):
            return None
        one = given._data
        if one.dtype is not data.dtype or one.dtype not in _REAL or one.shape != data.shape:
            return None
    elif one is None:
        if data.size != 1 or data.dtype not in _REAL:
            return None
        one = np.ones(data.shape, data.dtype) if data.ndim else data.dtype.type(1)
    node, number = output._node, 0
    if extra is not None:
        if is_layered(extra.view):
            return None
        node, number = edge_of(output)
    if node is None or type(node) is Nowhere:
        return None
    return node, number, one


def _plain_edges(inputs: Any) -> list[tuple[Node, int]]:
    """Where the gradients of tensors arrive that are neither views nor layered; [] of others."""
    kind = type(inputs)
    if kind is not list and kind is not tuple:
        inputs = (inputs,)
    edges = []
    for one in inputs:
        if not isinstance(one, TensorState) or one._layered or one._extra is not None:
            return []
        node = one._node
        if node is None:
            if one._leaf is None:
                return []
            node = accumulator(one)
        edges.append((node, 0))
    return edges


def _prepared(value: Any, dtype: Any, create_graph: bool) -> Any:
    if create_graph:
        tensor = value if isinstance(value, TensorState) else wrap(value)
        return tensor if tensor._data.dtype == dtype else TO_COPY(tensor, dtype=dtype)
    array = value._data if isinstance(value, TensorState) else value
    return array if array.dtype == dtype else array.astype(dtype)


def _walk(
    roots: list[tuple[Node, int, Any]],
    retain_graph: bool,
    create_graph: bool,
    wanted: Sequence[tuple[Node, int]] | None,
    accumulate: bool,
    tensors: bool = False,
) -> list[Any]:
    how = arithmetic(create_graph or tensors)
    mode = recording()
    token = silence(SILENT)
    try:
        if mode is True or mode is False:
            before = enter_grad_mode(create_graph)
            try:
                return run(roots, how, retain_graph, wanted, accumulate)
            finally:
                leave_grad_mode(before)
        if mode.anomaly:
            how = watched(how, mode)
        with grad_mode(create_graph):
            return run(roots, how, retain_graph, wanted, accumulate)
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
    if not create_graph and grad_variables is inputs is None:
        roots = _plain_roots(_pairs(tensors, grad_tensors))
        if roots is not None:
            _walk(roots, bool(retain_graph), False, None, True)
            return
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
    refuse_in_transform(errors.TRANSFORM_BACKWARD)
    targets = None if inputs is None else _targets(inputs, "backward")
    outputs = _as_tuple(tensors)
    gradients = _check_gradients(outputs, grad_tensors)
    layered = _layered(*outputs, *gradients)
    if layered is not None:
        outputs, gradients = layered._roots(outputs, gradients)
    keep = create_graph if retain_graph is None else retain_graph
    roots = _roots(outputs, gradients, create_graph)
    edges = None if targets is None else _edges(targets, errors.RETAIN_NO_GRAD)
    if create_graph:
        warnings.warn(errors.CREATE_GRAPH_CYCLE, UserWarning, stacklevel=3)
    if targets is None:
        _walk(roots, keep, create_graph, None, True)
        return
    tensors_asked = [one for one in targets if isinstance(one, TensorState)]
    retained: list[Any] = [
        one
        for one in tensors_asked
        if not one.is_leaf and not one.retains_grad  # type: ignore[attr-defined]
    ]
    for one in retained:
        one.retain_grad()
    try:
        _walk(roots, keep, create_graph, edges, True)
    except BaseException:
        for one in retained:
            one._forget_retain()
        raise


def _edges(inputs: Sequence[Any], message: str) -> list[tuple[Node, int]]:
    edges = []
    for one in inputs:
        if not isinstance(one, TensorState | GradientEdge):
            raise RuntimeError(  # noqa: TRY004 - PyTorch's own type
                f"all inputs have to be Tensors or GradientEdges, but got {type(one).__name__}"
            )
        node, number = _edge(one)
        if node is None:
            raise RuntimeError(message)
        edges.append((node, number))
    return edges


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of `outputs` with respect to `inputs`, leaving every `.grad` alone.

    allow_unused: None instead of an error for an input that no output depends on;
    materialize_grads: zeros instead of None. A dict of inputs gives a dict of gradients.

    >>> import autodiff
    >>> x = autodiff.tensor(3., requires_grad=True)
    >>> autodiff.autograd.grad(x ** 2, x)
    (tensor(6.),)
    """
    if only_inputs and not (is_grads_batched or materialize_grads):
        edges = _plain_edges(inputs)
        pairs = _pairs(outputs, grad_outputs) if edges else None
        roots = _plain_roots(pairs)
        if pairs is not None and roots is not None:
            keep = create_graph if retain_graph is None else bool(retain_graph)
            given = [one for _, one in pairs]
            return _plain_pass(roots, given, edges, keep, create_graph, bool(allow_unused))
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    allowed = materialize_grads if allow_unused is None else allow_unused
    sources = _as_tuple(outputs)
    targets = _targets(inputs, "grad")
    if not only_inputs:
        warnings.warn(errors.ONLY_INPUTS, FutureWarning, stacklevel=2)
    gradients = _check_gradients(sources, grad_outputs, is_grads_batched)
    keep = create_graph if retain_graph is None else retain_graph
    layered = _layered(*sources, *targets, *gradients)
    if layered is not None and not is_grads_batched:
        found = layered._gradients(sources, targets, gradients, keep, create_graph)
        _check_used(found, allowed)
    elif is_grads_batched:
        found = _batched(sources, targets, gradients, keep, create_graph, allowed)
    else:
        found = _once(sources, targets, gradients, keep, create_graph, allowed)
    if materialize_grads:
        if any(
            value is None and isinstance(one, GradientEdge)
            for one, value in zip(targets, found, strict=True)
        ):
            raise RuntimeError(errors.EDGE_MATERIALIZE)
        found = tuple(
            _zeros_like(target, create_graph) if value is None else value
            for target, value in zip(targets, found, strict=True)
        )
    return dict(zip(inputs, found, strict=True)) if type(inputs) is dict else found


def _plain_pass(
    roots: list[tuple[Node, int, Any]],
    given: Sequence[Any],
    edges: Sequence[tuple[Node, int]],
    keep: bool,
    create_graph: bool,
    allowed: bool,
) -> tuple[Any, ...]:
    """The gradients at edges in a pass from plain roots, with these cotangents or None."""
    if create_graph:
        roots = [
            (node, number, wrap(value) if one is None else one)
            for (node, number, value), one in zip(roots, given, strict=True)
        ]
    found = _walk(roots, keep, create_graph, edges, False)
    _check_used(found, allowed)
    if create_graph:
        return tuple(found)
    known = {id(one._data): one for one in given if one is not None}
    return tuple([None if value is None else _presented(value, known) for value in found])


def _zeros_like(target: Any, create_graph: bool) -> Any:
    """The gradient of what the outputs do not depend on, where one is asked for."""
    zeros = wrap(np.zeros(target._data.shape, target._data.dtype))
    return zeros.requires_grad_() if create_graph else zeros


def _once(
    outputs: Sequence[Any],
    targets: Sequence[Any],
    gradients: Sequence[Any],
    keep: bool,
    create_graph: bool,
    allowed: bool,
) -> tuple[Any, ...]:
    """One pass: the gradient of every target."""
    roots = _roots(outputs, gradients, create_graph)
    edges = _edges(targets, errors.INPUT_WITHOUT_GRAD)
    found = _walk(roots, keep, create_graph, edges, False)
    _check_used(found, allowed)
    if create_graph:
        return tuple(found)
    # what was passed through unchanged comes back as the tensor that it was, as in PyTorch
    known = {id(g._data): g for g in gradients if g is not None}
    return tuple(None if value is None else _presented(value, known) for value in found)


def _check_used(found: Sequence[Any], allowed: bool) -> None:
    if not allowed:
        for index, value in enumerate(found):
            if value is None:
                raise RuntimeError(errors.UNUSED_INPUT.format(index))


def passed(
    outputs: Sequence[Any],
    targets: Sequence[Any],
    cotangents: Sequence[Any],
    keep: bool,
    create_graph: bool,
) -> tuple[Any, ...]:
    """One pass between bare tensors, with cotangents that a transform may have put layers on."""
    if not any(one._layered for one in cotangents):
        return _once(outputs, targets, cotangents, keep, create_graph, True)
    roots = _roots(outputs, cotangents, True)
    edges = _edges(targets, errors.INPUT_WITHOUT_GRAD)
    return tuple(_walk(roots, keep, create_graph, edges, False, tensors=True))


def _presented(value: Any, known: dict[int, Any]) -> Any:
    tensor = known.get(id(value))
    if tensor is None:
        if isinstance(value, np.ndarray) and not value.flags.writeable:
            expanded = any(
                stride == 0 and size > 1
                for stride, size in zip(value.strides, value.shape, strict=True)
            )
            tensor = wrap(value if expanded else np.array(value))
        else:
            tensor = wrap(value)
        known[id(value)] = tensor
    return tensor


def _batched(
    outputs: Sequence[Any],
    targets: Sequence[Any],
    gradients: Sequence[Any],
    keep: bool,
    create_graph: bool,
    allowed: bool,
) -> tuple[Any, ...]:
    """One pass for a whole batch of cotangents: what arrives is a batch, member by member."""
    if any(
        requires_grad(output) if one is None else not one._data.ndim
        for one, output in zip(gradients, outputs, strict=True)
    ):  # the seed that is made for a scalar is no batch
        raise ValueError(
            "vmap(vjp, in_dims=0, ...)(<inputs>): Got in_dim=0 for some input, but that input is "
            "a Tensor of dimensionality 0 so expected in_dim to satisfy 0 <= in_dim < 0."
        )
    given = [one for one in gradients if one is not None]
    present: list[int] = []

    def vjp(*cotangents: Any) -> list[Any]:
        seeds = iter(cotangents)
        chosen = [None if one is None else next(seeds) for one in gradients]
        roots = _roots(outputs, chosen, True)
        edges = _edges(targets, errors.INPUT_WITHOUT_GRAD)
        found = _walk(roots, keep, create_graph, edges, False, tensors=True)
        _check_used(found, allowed)
        present[:] = [place for place, one in enumerate(found) if one is not None]
        return [found[place] for place in present]

    mapping: Any = importlib.import_module("autodiff.mapping")  # which needs tensors, and these us
    values = iter(mapping.in_one_pass(vjp)(*given))
    return tuple(next(values) if place in present else None for place in range(len(targets)))
