"""An operation is one row: a forward kernel and one derivative rule per input.

Kernel and rules are array code over a namespace `xp` with the Array API standard's names, so the
same row runs on NumPy arrays, on tensors (gradients of gradients), on arrays of other libraries
and on symbolic arrays. A rule asks for what it needs by the names of its parameters:

    g        the cotangent of the output (of a tangent: rules are linear in g)
    xp       the array namespace
    x, y, …  the value of an input, under the kernel's own parameter name; it is saved
    out      the result; it is saved
    x_shape  the shape of an input; nothing is saved
    others   the operation's keyword parameters

What no rule asks for is not saved. Broadcasting is undone here, in no rule.

`Primitive.__call__` is the single place where an operation is applied and recorded.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numpy as np

from autodiff import graph, operation, state, straight_call
from autodiff.backward import Walk
from autodiff.compiled import core
from autodiff.kernels.arrays import arrays as NUMPY
from autodiff.modes import ERRORS, GRAD_MODE, SILENT, recording, restore, silence
from autodiff.operation import wrap
from autodiff.plan import PARAM, POSITION, SAVED, SHAPE, XP, G, Plan
from autodiff.promotion import explain, namespace, narrowed, promote
from autodiff.record import record
from autodiff.row import Row
from autodiff.saved import attributes
from autodiff.state import TensorState, storage
from autodiff.straight import straight_binary, straight_unary
from autodiff.tensor_class import Tensor
from autodiff.unusual import computed, made_in_inference, settle
from autodiff.views import link_view

__all__ = [
    "Primitive",
    "applied",
    "binary",
    "hand_over",
    "handed_over",
    "into",
    "pointwise",
    "primitive",
    "unary",
]

F = TypeVar("F", bound=Callable[..., Any])
_DEFAULT_NAMES = ("x", "y", "z")
_INDICES = {"index", "mask", "scales", "indices"}  # parameters that may be arrays
_new = object.__new__
_ndarray = np.ndarray
_F32, _F64 = np.dtype(np.float32), np.dtype(np.float64)


def _known() -> dict[str, Any]:
    """What the compiled front must be told of."""
    return {
        "AccumulateGrad": graph.AccumulateGrad,
        "Extra": state.Extra,
        "GeneralOperation": operation.GeneralOperation,
        "LeafState": graph.LeafState,
        "Node": graph.Node,
        "Nowhere": graph.Nowhere,
        "Operation": operation.Operation,
        "Plan": Plan,
        "Row": Row,
        "SeveralOperation": operation.SeveralOperation,
        "Tensor": Tensor,
        "ViewOf": state.ViewOf,
        "Walk": Walk,
        "accumulator": graph.accumulator,
        "arrays": NUMPY,
        "errors": ERRORS,
        "float32": np.float32,
        "float32_dtype": _F32,
        "float64": np.float64,
        "float64_dtype": _F64,
        "freed": graph.FREED,
        "freed_counters": graph.FREED_COUNTERS,
        "grad_mode": GRAD_MODE,
        "last": graph.LAST,
        "ndarray": np.ndarray,
        "negative": np.negative,
        "numbers": graph.next_number.__self__,  # type: ignore[attr-defined]
        "silent": SILENT,
        "storage": storage,
    }


class Primitive(Row):
    """One operation: see the module's description. Made by :func:`primitive`."""

    __slots__ = ()

    def run(self, *values: Any, **params: Any) -> Any:
        """The kernel alone, on bare arrays."""
        if self.kernel_takes_xp:
            return self.kernel(namespace(values[0]), *values, **params)
        return self.kernel(*values, **params)

    def variant(self, node: str) -> Primitive:
        """The same row under another grad_fn name."""
        other = _new(Primitive)
        for slot in Row.__slots__:
            setattr(other, slot, getattr(self, slot))
        _name_nodes(other, node)
        return other

    def node_members(self) -> dict[str, Any]:
        """What the classes of nodes have that users see."""
        return {"__slots__": (), "__module__": "autodiff", **attributes(self, self.node)}

    def pull_back(self, cotangent: Any, shape: Any, params: dict[str, Any], xp: Any) -> Any:
        """The rule of a view's only input, which reads no values."""
        rule, codes = self.rules[0], self.codes[0]
        assert rule is not None
        parts = {G: cotangent, XP: xp, SHAPE: shape}
        return rule(*(params[key] if kind == PARAM else parts[kind] for kind, key in codes))

    def __call__(  # noqa: PLR0912, PLR0915 - the one place where all cases meet
        self, *inputs: Any, **params: Any
    ) -> Any:
        """Apply to tensors (recorded), or run the kernel on bare arrays."""
        if type(inputs[0]) is _ndarray and len(inputs) < 3 and type(inputs[-1]) is _ndarray:
            return self.run(*inputs, **params)
        arrays = []
        dtype = None  # of the tensors, as long as they have one in common
        uniform = True
        for value in inputs:
            if isinstance(value, TensorState):
                extra = value._extra
                if extra is not None and extra.view is not None and extra.view.base._layered:
                    return extra.view.base._dispatch(self, inputs, params)
                if value._layered:
                    return value._dispatch(self, inputs, params)
                array = value._data
                if dtype is not array.dtype:
                    uniform = uniform and dtype is None
                    dtype = array.dtype
                arrays.append(array)
            elif value is None:
                arrays.append(None)
            elif hasattr(type(value), "__torch_function__"):
                return hand_over(self, inputs, params)
            else:
                uniform = False
                arrays.append(value)
        if dtype is None:
            return self.run(*inputs, **params)
        uniform = uniform and (dtype is _F32 or dtype is _F64)
        if self.view:
            arrays[0] = storage(inputs[0])
        values = arrays
        if not uniform and self.promotion is not None:
            values = promote(self, inputs, arrays)
            uniform = values is arrays  # but for numbers and a condition, nothing to convert
        mode = recording()
        usual = mode is True or mode is False
        token = silence(SILENT)
        try:
            if not usual and mode.intercept is not None:
                out = computed(self, inputs, arrays[0], values, params, mode.intercept)
            elif self.kernel_takes_xp:
                out = self.kernel(namespace(arrays[0]), *values, **params)
            else:
                out = self.kernel(*values, **params)
        except ValueError as error:
            raise explain(self, arrays, error) from None
        finally:
            restore(token)
        if "dtype" not in params and (
            dtype.kind == "V" or getattr(getattr(values[0], "dtype", None), "kind", None) == "V"
        ):
            out = narrowed(values, out)
        several = isinstance(out, tuple)
        results = [wrap(array) for array in out] if several else [wrap(out)]
        if self.rules and mode:
            node = record(self, inputs, arrays, results, params, dtype if uniform else None)
            if not usual and node is not None:
                settle(node, mode, inputs, results)
        elif not usual and mode.inference and not self.view:
            made_in_inference(results)
        if self.view:
            for number, result in enumerate(results):
                step = (self, params if self.single is None else (params, number))
                link_view(result, inputs[0], step, several)
        return tuple(results) if several else results[0]

    @property
    def __name__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


def unary(row: Primitive, x: Any) -> Any:
    """An elementwise row on one tensor, by the straight path where that is possible."""
    return row.straight(x)


def binary(row: Primitive, x: Any, y: Any) -> Any:
    """An elementwise row on two tensors or a tensor and a number, straight where possible."""
    result = row.straight(x, y)
    if result is NotImplemented:
        raise TypeError(
            f"{row.name}(): argument 'other' (position 2) must be Tensor, not {type(y).__name__}"
        )
    return result


def hand_over(function: Any, inputs: Sequence[Any], params: dict[str, Any]) -> Any:
    """Hand the operation to an input that brings its own meaning (PyTorch's protocol)."""
    kinds = dict.fromkeys(map(type, (*inputs, *params.values())))
    types = tuple(kind for kind in kinds if hasattr(kind, "__torch_function__"))
    for kind in types:
        result = kind.__torch_function__(function, types, tuple(inputs), params)
        if result is not NotImplemented:
            return result
    raise TypeError(
        f"no implementation found for '{function.__name__}' on types that implement "
        f"__torch_function__: {[kind.__name__ for kind in types]}"
    )


def applied(row: Primitive) -> Callable[[Any, Any, Any], Any]:
    """A rule that is a row, applied to the cotangent and the input.

    In a pass over arrays it is no more than the row's kernel.
    """
    kernel = row.kernel

    def rule(xp: Any, g: Any, x: Any) -> Any:
        if xp is NUMPY:
            return kernel(xp, g, x)
        return row.straight(g, x) if isinstance(g, TensorState) else row(g, x)

    return rule


def into(ufunc: str, rule: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a rule that is to arrays one of NumPy's ufuncs, of g and at most one saved value.

    The walk may then have it write into a cotangent that nobody else holds: `rule.into(g, x, g)`.
    A rule's `into` may also be another function of these, which gives None where it declines.
    """
    rule.into = getattr(np, ufunc)  # type: ignore[attr-defined]
    return rule


def handed_over(function: F) -> F:
    """A function of which an input that brings its own meaning is told as a whole."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            if not isinstance(value, TensorState) and hasattr(type(value), "__torch_function__"):
                return hand_over(call, args, kwargs)
        return function(*args, **kwargs)

    return cast(F, call)


def _name_nodes(row: Primitive, name: str) -> None:
    """The name of the row's nodes, and its straight path."""
    row.node = name
    row.plans = {}
    row.shown = {}
    if row.promotion is not None and row.broadcasts and not row.parameters and len(row.inputs) < 3:
        row.straight = straight_unary(row) if len(row.inputs) == 1 else straight_binary(row)
    else:
        row.straight = straight_call.straight_call(row)


def primitive(
    name: str,
    node: str,
    kernel: Callable[..., Any] | str,
    rules: Sequence[Callable[..., Any] | None] = (),
    *,
    inputs: Sequence[str] | None = None,
    promotion: str | None = None,
    broadcasts: bool = False,
    elementwise: bool = False,
    holomorphic: bool = False,
    linear: bool = False,
    view: bool = False,
    variadic: bool = False,
    outputs: Sequence[str] | int = ("out",),
    single: Callable[[dict[str, Any], int], Any] | None = None,
) -> Primitive:
    """Make a row.

    name: PyTorch's name of the function, which is also the name of its definition. node: the
    printed name of its grad_fn. kernel: array code, or the name of an Array API function.
    rules: one per input; None where there is no derivative; empty if the result has none at all.
    inputs: the names of the inputs, read off the kernel where it is Python code. promotion:
    None, "common" (PyTorch's result type) or "float" (and integers become the default dtype).
    elementwise: an element of the result is made of the inputs' elements at its place, so a rule
    serves tangents, too. holomorphic: rules are complex partials, conjugated for cotangents here.
    linear: the kernel
    is its own tangent rule. view: the result shares memory with the first input. variadic: any
    number of inputs under one rule, which may ask for `position` and `x_shape`. outputs: names
    of the outputs for rules to ask by, or -1 where their number varies and rules take a list.
    """
    row = _new(Primitive)
    row.name = name
    row.numpy_kernel, row.kernel, row.kernel_takes_xp, found = _kernel(kernel)
    names = inputs if inputs is not None else (found or _DEFAULT_NAMES)[: len(rules)]
    row.inputs = tuple(names)
    row.rules = tuple(rules)
    row.promotion = promotion
    row.broadcasts = broadcasts
    row.elementwise = elementwise
    row.holomorphic = holomorphic
    row.linear = linear
    row.view = view
    row.variadic = variadic
    row.outputs = outputs
    row.single = single
    row.codes = tuple(() if rule is None else _codes(row, rule) for rule in row.rules)
    row.parameters = tuple(one for one in found if one not in row.inputs)
    row.indexed = not _INDICES.isdisjoint(row.parameters)
    _name_nodes(row, node)
    return row


def pointwise(
    name: str,
    node: str,
    kernel: Callable[..., Any] | str,
    rules: Sequence[Callable[..., Any] | None] = (),
    *,
    promotion: str = "float",
    holomorphic: bool = True,
    inputs: Sequence[str] | None = None,
) -> Primitive:
    """A row that acts element by element on broadcast inputs."""
    return primitive(
        name,
        node,
        kernel,
        rules,
        inputs=inputs,
        promotion=promotion,
        broadcasts=True,
        elementwise=True,
        holomorphic=holomorphic,
    )


def _kernel(kernel: Any) -> tuple[Any, Any, bool, tuple[str, ...]]:
    """(for NumPy, for any namespace, whether that takes xp, its parameter names)."""
    if isinstance(kernel, str):
        name = kernel
        return (
            getattr(np, name),
            lambda xp, *a, **p: getattr(xp, name)(*a, **p),
            True,
            (),
        )
    code = getattr(kernel, "__code__", None)
    if code is None:
        return kernel, kernel, False, ()
    names = code.co_varnames[: code.co_argcount]
    if names and names[0] == "xp":
        return functools.partial(kernel, NUMPY), kernel, True, names[1:]
    return kernel, kernel, False, names


def _codes(row: Primitive, rule: Any) -> tuple[tuple[int, Any], ...]:
    """What each parameter of a rule stands for."""
    code = rule.__code__
    codes: list[tuple[int, Any]] = []
    outputs = row.outputs if isinstance(row.outputs, tuple) else ()
    for name in code.co_varnames[: code.co_argcount]:
        if name in ("g", "gs"):
            codes.append((G, None))
        elif name == "xp":
            codes.append((XP, None))
        elif name == "position" and row.variadic:
            codes.append((POSITION, None))
        elif name in outputs:
            codes.append((SAVED, -1 - outputs.index(name)))
        elif name in row.inputs:
            codes.append((SAVED, row.inputs.index(name)))
        elif name == "x_shape" and row.variadic:
            codes.append((SHAPE, None))
        elif name.endswith("_shape") and name[:-6] in row.inputs:
            codes.append((SHAPE, row.inputs.index(name[:-6])))
        else:
            codes.append((PARAM, name))
    return tuple(codes)


if core is not None:
    core.setup(_known())
