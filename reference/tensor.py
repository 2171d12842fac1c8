"""Define-by-run tensors whose values and gradients are exact.

A tensor is a cell that holds a node of the graph. Operations make new nodes; operations in place
put another node into the cell, and what was recorded before keeps the old one (an engine would
overwrite it, or complain). Nothing is rounded but what the user gives: floats are rounded to
their format, as an engine would hold them, and everything computed from them is exact.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference.backward import run_backward
from reference.build import elementwise, is_number
from reference.cell import Cell
from reference.complexes import Complex, complex_definition, joined, split
from reference.content import as_parts, content, rounded_content
from reference.conversions import Conversions
from reference.definitions import definition
from reference.differentiate import add as add_nodes
from reference.dtypes import DType, Size, as_dtype, bool_, default, promote, round_array
from reference.evaluate import whole_numbers
from reference.grad_fn import AccumulateGrad, GradFn, RemovableHandle, gradient_name, node_class
from reference.graph import Constant, Input, Node, Shape, Stop, Unrecorded
from reference.methods import Methods
from reference.modes import is_grad_enabled
from reference.results import pair_class, result_dtype
from reference.trace import numpy as numpy_protocol
from reference.trace import torch_function

__all__ = ["Tensor", "apply", "from_node", "passing", "tensor", "variable", "with_history"]


class Tensor(Conversions, Methods):
    """An exact array that records what is computed from it.

    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x / 3).sum().backward()
    >>> x.grad, x.grad.exact
    (tensor([0.6667, 1.3333]), array([2/3, 4/3], dtype=object))
    """

    __slots__ = (
        "__weakref__",
        "_accumulator",
        "_grad",
        "_hooks",
        "_leaf",
        "_requires_grad",
        "cell",
        "dtype",
        "grad_fn",
        "is_view",
        "retains_grad",
    )
    __hash__ = object.__hash__

    def __init__(self, cell: Cell, dtype: DType, requires_grad: bool = False) -> None:
        self.cell = cell
        self.dtype = dtype
        self.grad_fn: GradFn | None = None
        self.is_view = False
        self.retains_grad = False
        self._requires_grad = requires_grad
        self._grad: Tensor | None = None
        self._hooks: list[Callable[[Node], Node | None]] = []
        self._leaf: tuple[int, Node] | None = None
        self._accumulator: weakref.ref[AccumulateGrad] | None = None

    # what it is

    @property
    def node(self) -> Node:
        """The node that stands for this tensor in what is recorded from it."""
        if not self._requires_grad:
            return self.cell.value()
        if self.grad_fn is not None:
            return self.cell.node
        if self._leaf is None or self._leaf[0] != self.cell.version:
            held = self.cell.value()
            if isinstance(held, Input):
                leaf: Node = Input(held.name, held.shape, held.value, self.cell)
            else:
                leaf = Stop(held)
            self._leaf = (self.cell.version, leaf)
        return self._leaf[1]

    def pin(self, node: Node) -> Tensor:
        """Let `node` itself stand for this leaf."""
        self._leaf = (self.cell.version, node)
        return self

    @property
    def shape(self) -> Size:
        shape = self.cell.node.shape
        return Size(shape[:-1] if self.dtype.is_complex else shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def dim(self) -> int:
        """The number of axes."""
        return self.ndim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or one of its sizes."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> Any:
        """The number of elements."""
        return self.shape.numel()

    nelement = numel

    @property
    def is_leaf(self) -> bool:
        return self.grad_fn is None

    @property
    def requires_grad(self) -> bool:
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Let operations on this leaf be recorded, or no longer."""
        if requires_grad and not self.dtype.is_inexact:
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if not self.is_leaf and not requires_grad:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable in a subgraph that doesn't require differentiation use "
                "var_no_grad = var.detach()."
            )
        self._requires_grad = bool(requires_grad)
        return self

    @property
    def T(self) -> Tensor:  # PyTorch's name
        """The axes in reverse order."""
        return apply_one("T", self)

    @property
    def mH(self) -> Tensor:  # PyTorch's name
        """The last two axes exchanged, and complex numbers conjugated."""
        return apply_one("adjoint", self)

    H = mH

    @property
    def real(self) -> Tensor:
        """The real part."""
        return apply_one("real", self)

    @property
    def imag(self) -> Tensor:
        """The imaginary part."""
        return apply_one("imag", self)

    @property
    def mT(self) -> Tensor:  # PyTorch's name
        """The last two axes exchanged."""
        return apply_one("mT", self)

    # gradients

    @property
    def grad(self) -> Tensor | None:
        """What backward passes added up here."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(
                "assigned grad expected to be a Tensor or None but got grad of type "
                f"{type(value).__name__}"
            )
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if value is not None and value.shape != self.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of "
                f"size '{list(self.shape)}'. Please ensure that the gradient and the tensor are "
                "the same size"
            )
        self._grad = value

    def edge(self) -> GradFn:
        """Where a gradient of this tensor arrives: its `grad_fn`, or what adds into `grad`."""
        if self.grad_fn is not None:
            return self.grad_fn
        node = self.node
        held = self._accumulator() if self._accumulator is not None else None
        if held is None or held.node is not node:
            held = AccumulateGrad(self, node)
            held.hooks = self._hooks
            self._accumulator = weakref.ref(held)
        return held

    def receive(self, node: Node, forward: Sequence[Node], source: GradFn | None) -> None:
        """Add a cotangent into `grad`; `source` is its history where it is recorded itself."""
        present = self._grad
        if present is not None:
            node = add_nodes(present.cell.node, node)
            forward = (*present.cell.forward, *forward)
        if source is None and present is not None:
            present.cell.put(node, True, forward)
            present.cell.version += 1
            return
        fresh = with_history(node, self.dtype, forward, source)
        if fresh.grad_fn is not None and present is not None:
            links = [(fresh.grad_fn, 0)]
            if present.requires_grad:
                links.append((present.edge(), 0))
            fresh.become(node_class("AddBackward0")(links, node))
        self._grad = fresh

    def become(self, grad_fn: GradFn) -> None:
        """Take a place in what is recorded."""
        self.grad_fn = grad_fn
        self._requires_grad = True

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add the gradient of this tensor, weighted by `gradient`, into the leaves' `grad`.

        Nothing is freed, so `retain_graph` changes nothing: a graph may be differentiated again.
        """
        given = None if gradient is None else _as_tensor(gradient, self.dtype)
        run_backward([self], [given], create_graph=create_graph, inputs=inputs)

    def retain_grad(self) -> None:
        """Keep the gradient that arrives at this result in its `grad`."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self.grad_fn is None or self.retains_grad:
            return
        self.retains_grad = True
        owner = weakref.ref(self)

        def keep(cotangent: Node) -> None:
            held = owner()
            if held is not None:
                held.receive(cotangent, (), None)

        self.grad_fn.hooks.append(keep)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> RemovableHandle:
        """Call `hook` with every gradient that arrives here; what it returns replaces it."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        dtype, shape = self.dtype, self.shape

        def call(cotangent: Node) -> Node | None:
            given = hook(passing(cotangent, dtype))
            if given is None:
                return None
            if not isinstance(given, Tensor):
                raise TypeError(f"expected Variable, but hook returned '{type(given).__name__}'")
            if given.shape != shape:
                raise RuntimeError(f"hook '{hook.__name__}' has changed the size of value")
            return given.node

        hooks = self._hooks if self.grad_fn is None else self.grad_fn.hooks
        place = next((k for k, held in enumerate(hooks) if held.__name__ == "keep"), len(hooks))
        hooks.insert(place, call)  # what retain_grad keeps is what the other hooks leave
        return RemovableHandle(hooks, call)

    # sharing

    @property
    def data(self) -> Tensor:
        """The same values, outside of what is recorded; changing them changes this tensor."""
        return Tensor(self.cell, self.dtype)

    @data.setter
    def data(self, value: Tensor) -> None:
        self.cell = value.cell
        self.dtype = value.dtype
        self._leaf = None

    def detach(self) -> Tensor:
        """The same values, cut off from their history."""
        return Tensor(self.cell, self.dtype)

    def detach_(self) -> Tensor:
        """Cut this tensor off from its history."""
        self.cell.put(self.cell.value(), False)
        self.grad_fn = None
        self._requires_grad = False
        return self

    # changes in place

    def replace(self, name: str, *args: Any, **kwargs: Any) -> Tensor:
        """Put the result of an operation on this tensor in its place."""
        self._check_writable()
        result = self.apply(name, self, *args, **kwargs)
        if result.shape != self.shape:
            raise RuntimeError(
                f"output with shape {list(self.shape)} doesn't match the broadcast shape "
                f"{list(result.shape)}"
            )
        if result.dtype.is_floating_point and not self.dtype.is_floating_point:
            raise RuntimeError(
                f"result type {_kind_name(result.dtype)} can't be cast to the desired output "
                f"type {_kind_name(self.dtype)}"
            )
        self._take_over(result)
        return self

    def _check_writable(self) -> None:
        if is_grad_enabled() and self.requires_grad and self.is_leaf:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            )
        if self.is_view:
            raise NotImplementedError(
                "the oracle's views do not write through to what they are views of: write with "
                "x[key] = value into the tensor itself, or clone() the view first"
            )

    def _take_over(self, result: Tensor) -> None:
        self.cell.put(result.cell.node, result.cell.tracked, result.cell.forward)
        self.cell.version += 1
        if result.grad_fn is not None:
            self.become(result.grad_fn)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._check_writable()
        self._take_over(self.apply("setitem", self, key, value))

    def zero_(self) -> Tensor:
        """Zeros in place."""
        return self.fill_(0)

    def fill_(self, value: Any) -> Tensor:
        """One number everywhere, in place."""
        self._check_writable()
        self._take_over(self.apply("expand_as", tensor(value, dtype=self.dtype), self))
        return self

    def copy_(self, source: Any) -> Tensor:
        """Another tensor's values, in place."""
        self._check_writable()
        self._take_over(self.apply("expand_as", _as_tensor(source, self.dtype), self))
        return self

    # protocols

    def __eq__(self, other: object) -> Any:
        return self.apply("eq", self, other) if _is_operand(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return self.apply("ne", self, other) if _is_operand(other) else NotImplemented

    @staticmethod
    def apply(name: str, *args: Any, **kwargs: Any) -> Any:
        """Apply the definition `name`; see :func:`apply`."""
        return apply(name, *args, **kwargs)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return numpy_protocol.array_ufunc(apply, ufunc, method, inputs, kwargs)

    def __array_function__(
        self, function: Any, types: Any, args: Any, kwargs: dict[str, Any]
    ) -> Any:
        return numpy_protocol.array_function(apply, function, args, kwargs)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return numpy_protocol.namespace(apply, tensor)

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        return torch_function.call(apply, function, args, kwargs or {})


def tensor(data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of the data: numbers, nested sequences of them, arrays.

    Python floats become float32, as in PyTorch, rounded to it; with `dtype`, floats are rounded
    to that. Exact numbers (Fraction, SymPy numbers, ints) stay what they are.

    >>> from fractions import Fraction
    >>> tensor(0.1).exact, tensor(Fraction(1, 10)).exact
    (array(13421773/134217728, dtype=object), array(1/10, dtype=object))
    """
    if isinstance(data, Tensor):
        fresh = Tensor(Cell(data.cell.value()), data.dtype if dtype is None else as_dtype(dtype))
        return fresh.requires_grad_(requires_grad)
    array, found = content(data)
    held = found if dtype is None else as_dtype(dtype)
    if requires_grad and not held.is_inexact:
        raise RuntimeError(
            "Only Tensors of floating point and complex dtype can require gradients"
        )
    values = rounded_content(array if found.is_complex else as_parts(array, held), held)
    return Tensor(Cell(Input("x", values.shape, values)), held, requires_grad)


def from_node(node: Node, dtype: Any = None, requires_grad: bool | None = None) -> Tensor:
    """A tensor for a node of the graph; the node itself stands for it in what is recorded.

    Of a complex format, the node has the two parts along a last axis more. requires_grad: by
    default whether the format is one of floats or complex numbers.
    """
    held = default if dtype is None else as_dtype(dtype)
    wanted = held.is_inexact if requires_grad is None else requires_grad
    return Tensor(Cell(node, tracked=wanted), held, wanted).pin(node)


def variable(
    name: str, array: Any = None, *, shape: Shape | None = None, dtype: Any = None
) -> Tensor:
    """A named leaf: its `node` is an Input, with the array's exact values or without any.

    >>> variable("w", shape=(2,)).node.shape
    (2,)
    """
    if array is None:
        return from_node(Input(name, shape or ()), dtype)
    values, found = content(array)
    return from_node(Input(name, values.shape, values), found if dtype is None else dtype)


def with_history(
    node: Node, dtype: DType, forward: Sequence[Node], source: GradFn | None
) -> Tensor:
    """A gradient as a tensor; recorded itself where `source` says what it depends on."""
    result = Tensor(Cell(node, True, forward), dtype)
    if source is not None:
        result.become(node_class("CopyBackwards")(source.next_functions, node))
    return result


def passing(node: Node, dtype: DType) -> Tensor:
    """A cotangent on its way, for users' hooks and rules: the node itself, with its history."""
    return Tensor(Cell(node), dtype)


def _as_tensor(value: Any, dtype: DType) -> Tensor:
    return value if isinstance(value, Tensor) else tensor(value, dtype=dtype)


def _is_operand(value: object) -> bool:
    return isinstance(value, (Tensor, np.ndarray)) or is_number(value)


def _kind_name(dtype: DType) -> str:
    names = {"float32": "Float", "float64": "Double", "float16": "Half", "int64": "Long"}
    return names.get(dtype.name, dtype.name.capitalize())


# operations


def apply(name: str, *args: Any, **kwargs: Any) -> Any:
    """The definition `name` applied to tensors, arrays and numbers, recorded where asked.

    Python floats are rounded to the format of the result, as an engine rounds them.
    """
    operands: list[Tensor] = []
    held_args = tuple(_gathered(value, operands) for value in args)
    held_kwargs = {key: _gathered(value, operands) for key, value in kwargs.items()}
    numbers = [value for value in (*args, *kwargs.values()) if _is_plain(value)]
    promoted = promote(
        *((operand.dtype, operand.ndim) for operand in operands),
        *((as_dtype(type(value)), -1) for value in numbers),
    )
    own = promoted if promoted.is_inexact else default
    row = complex_definition(name, promoted.is_complex) or definition(name)
    if row.name in _INDEXED:
        held_args = tuple(_with_masks(value) for value in held_args)
    nodes = tuple(_as_argument(value, own) for value in held_args)
    named = {key: _as_argument(value, own) for key, value in held_kwargs.items()}
    result = row.function(*nodes, **named)
    history = _History(row.name, operands, nodes, named)
    if isinstance(result, (Node, Complex)):
        result = history.wrap(result, result_dtype(row.results[0], promoted, kwargs))
        result.is_view = row.view and bool(operands)
        return result
    kinds = (*row.results, *row.results[-1:] * len(result))
    wrapped = tuple(
        history.wrap(part, result_dtype(kind, promoted, kwargs))
        for part, kind in zip(result, kinds, strict=False)
    )
    for part in wrapped:
        part.is_view = row.view
    return pair_class(row.name)(*wrapped) if row.results == ("value", "index") else wrapped


def apply_one(name: str, *args: Any) -> Tensor:
    """A definition with a single result."""
    result: Tensor = apply(name, *args)
    return result


def _is_plain(value: Any) -> bool:
    return isinstance(value, (bool, int, float, complex))


def _is_foreign(value: Any) -> bool:
    """Whether a value is another engine's tensor."""
    return hasattr(value, "detach") and not isinstance(value, Tensor)


def _gathered(value: Any, operands: list[Tensor]) -> Any:
    """The argument with arrays made tensors; all tensors are noted in `operands`."""
    value = getattr(value, "reference_tensor", value)  # with NumPy's methods
    if isinstance(value, (np.ndarray, np.complexfloating)) or _is_foreign(value):
        value = tensor(value)
    if isinstance(value, Tensor):
        operands.append(value)
        return value
    if isinstance(value, (tuple, list)) and any(
        isinstance(part, (Tensor, np.ndarray, tuple, list)) or _is_foreign(part) for part in value
    ):
        return type(value)(_gathered(part, operands) for part in value)
    return value


_INDEXED = frozenset({"getitem", "setitem", "index_put"})


def _with_masks(key: Any) -> Any:
    """Truth values in an index become masks, whose elements must be known."""
    if isinstance(key, Tensor) and key.dtype == bool_:
        return Constant(whole_numbers(key.node).astype(bool))
    if isinstance(key, (tuple, list)):
        return type(key)(_with_masks(part) for part in key)
    return key


def _as_argument(value: Any, dtype: DType) -> Any:
    """What a definition gets: nodes for tensors, floats rounded to the format."""
    if isinstance(value, Tensor):
        return split(value.node) if value.dtype.is_complex else value.node
    if isinstance(value, (tuple, list)):
        return type(value)(_as_argument(part, dtype) for part in value)
    if isinstance(value, (float, np.floating)) and np.isfinite(value):
        return float(round_array(np.asarray(value), dtype))
    if isinstance(value, complex):
        return complex(_as_argument(value.real, dtype), _as_argument(value.imag, dtype))
    return value


class _History:
    """How the results of one operation are linked to its operands."""

    def __init__(
        self, name: str, operands: Sequence[Tensor], nodes: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        self._operands = operands
        self._requires = any(operand.requires_grad for operand in operands)
        self._records = self._requires and is_grad_enabled()
        self._forward = tuple(node for operand in operands for node in operand.cell.forward)
        self._links: list[tuple[GradFn | None, int]] = []
        if self._records:
            self._kind = node_class(gradient_name(name, nodes, named))
            self._links = [
                (operand.edge() if operand.requires_grad else None, 0) for operand in operands
            ]
            if name in ("add", "sub", "mul", "div") and len(self._links) == 1:
                self._links.append((None, 0))  # PyTorch makes a tensor of the number

    def wrap(self, result: Node | Complex, kind: DType) -> Tensor:
        """A result as a tensor; kind: its format, or that of the complex numbers it comes from."""
        node = joined(result) if isinstance(result, Complex) else result
        dtype = kind.parts if node is result else kind.as_complex
        if not self._records or not dtype.is_inexact:
            if self._requires:
                node = Unrecorded(node) if dtype.is_inexact else Stop(node)
            return Tensor(Cell(node, False, self._forward), dtype)
        if any(node is operand.cell.node or node is operand.node for operand in self._operands):
            node = elementwise(lambda a: a, node)  # a place of its own in the graph
        wrapped = Tensor(Cell(node, True, self._forward), dtype)
        wrapped.become(self._kind(self._links, node))
        return wrapped
