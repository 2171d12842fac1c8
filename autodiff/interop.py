"""NumPy's functions on tensors: `np.exp(t)` and `np.sum(t, axis=0)` are recorded.

NumPy hands a call over to the tensor among its arguments (`__array_ufunc__`,
`__array_function__`). What has a counterpart here is computed by it. What has none is computed by
NumPy on the bare arrays as long as no gradient is required, and refused otherwise: a derivative
is never lost silently.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autodiff.functions import contraction, logic, pointwise, reductions, shapes, writing
from autodiff.functions.arguments import axes as _axes
from autodiff.functions.arguments import is_number
from autodiff.numpy_functions import FUNCTIONS
from autodiff.operation import wrap
from autodiff.ops import pointwise as rows
from autodiff.state import TensorState, storage
from autodiff.views import requires_grad

__all__ = ["call_function", "call_ufunc"]

_MODULES: tuple[Any, ...] = (pointwise, logic, writing, reductions, contraction, shapes)

# NumPy's names of universal functions where PyTorch has another
_RENAMED = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "conjugate": "conj",
    "equal": "eq",
    "fabs": "abs",
    "float_power": "pow",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "mod": "remainder",
    "not_equal": "ne",
    "power": "pow",
    "rint": "round",
    "sign": "sgn",
    "true_divide": "div",
}
_OWN: dict[str, Callable[..., Any]] = {
    "positive": operator.pos,
    "invert": operator.invert,
    "bitwise_and": rows.BITWISE_AND,
    "bitwise_or": rows.BITWISE_OR,
    "bitwise_xor": rows.BITWISE_XOR,
    "logical_or": rows.LOGICAL_OR,
}
_REFLECTED: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "power": operator.pow,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
}
_REDUCED = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "amax",
    "minimum": "amin",
    "logical_and": "all",
    "logical_or": "any",
}
_RUNNING = {"add": "cumsum", "multiply": "cumprod"}
_PLAIN_REDUCE = {"axis": 0, "keepdims": False, "dtype": None, "out": None}


def _ours(name: str) -> Callable[..., Any] | None:
    name = _RENAMED.get(name, name)
    if name in _OWN:
        return _OWN[name]
    return next((getattr(m, name) for m in _MODULES if name in m.__all__), None)


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], given: dict[str, Any]) -> Any:
    """What `ufunc` gives for tensors: recorded where it is known.

    Raises TypeError for `out=` and `where=`, and for what has no derivative here.
    """
    name = f"np.{ufunc.__name__}"
    for refused in ("out", "where"):
        if given.get(refused) is not None and given[refused] is not True:
            raise TypeError(
                f"{name}() of tensors does not take {refused}=: use the tensor's in-place methods "
                "and autodiff.where, which are recorded"
            )
    given = {key: value for key, value in given.items() if key not in ("out", "where")}
    if method == "__call__" and not given:
        operands = [_operand(one) for one in inputs]
        function = _ours(ufunc.__name__)
        if is_number(operands[0]) and ufunc.__name__ in _REFLECTED:  # `1 - t` has its own node
            function = _REFLECTED[ufunc.__name__]
        if function is not None:
            return function(*operands)
    elif method == "reduce" and ufunc.__name__ in _REDUCED and set(given) <= set(_PLAIN_REDUCE):
        return _reduced(_REDUCED[ufunc.__name__], inputs[0], **{**_PLAIN_REDUCE, **given})
    elif method == "accumulate" and _ours(_RUNNING.get(ufunc.__name__, "")) and not given:
        running = _ours(_RUNNING[ufunc.__name__])
        assert running is not None
        return running(inputs[0], 0)
    elif method == "outer" and not given:
        function = _ours(ufunc.__name__)
        if function is not None:
            first, second = map(_tensor, inputs)
            return function(first.reshape(first.shape + (1,) * second.ndim), second)
    return _by_numpy(getattr(ufunc, method), _title(name, method), inputs, given, wrapped=True)


def _title(name: str, method: str) -> str:
    return name if method == "__call__" else f"{name}.{method}"


def _reduced(name: str, x: Any, axis: Any, keepdims: Any, dtype: Any, out: Any) -> Any:
    function = getattr(reductions, name)
    x = _tensor(x)
    dims = tuple(range(x.ndim)) if axis is None else axis
    if name in ("prod", "all", "any") and isinstance(dims, tuple):
        for one in sorted(_axes(dims, x.ndim), reverse=True):
            x = function(x, one, keepdims)
        return x if dtype is None else x.to(dtype)
    if name == "sum":
        return function(x, dims, keepdims, dtype=dtype)
    return function(x, dims, keepdims)


def _operand(value: Any) -> Any:
    """An argument as the functions take it: arrays become tensors of their own."""
    if isinstance(value, np.generic):
        return value.item()  # counts as a Python number, as in PyTorch
    if isinstance(value, TensorState) or is_number(value):
        return value
    return _tensor(value)


def _tensor(value: Any) -> Any:
    """A tensor of its own: who changes the array afterwards does not change what was computed."""
    return value if isinstance(value, TensorState) else wrap(np.array(value))


def _found(parts: Any) -> Iterator[TensorState]:
    """The tensors among arguments and in their lists."""
    for part in parts:
        if isinstance(part, TensorState):
            yield part
        elif isinstance(part, list | tuple):
            yield from _found(part)
        elif isinstance(part, dict):
            yield from _found(part.values())


def _bare(part: Any) -> Any:
    if isinstance(part, TensorState):
        return storage(part)
    if isinstance(part, list | tuple) and not hasattr(part, "_fields"):
        return type(part)([_bare(one) for one in part])
    return part


def _by_numpy(function: Any, name: str, args: Any, given: dict[str, Any], *, wrapped: bool) -> Any:
    """NumPy's own result on the bare arrays, if no derivative would be lost."""
    if any(requires_grad(one) for one in _found((args, given))):
        raise TypeError(
            f"{name}() is not differentiable here, and an argument requires a gradient: use a "
            "function of autodiff, or x.detach() if no gradient is meant to flow"
        )
    result = function(*_bare(tuple(args)), **{key: _bare(one) for key, one in given.items()})
    if wrapped and isinstance(result, np.ndarray | np.generic):
        return wrap(np.asarray(result))
    return result


def call_function(function: Any, args: tuple[Any, ...], given: dict[str, Any]) -> Any:
    """What another of NumPy's functions gives for tensors.

    Raises TypeError for what is not known here if a gradient is required.
    """
    module = getattr(function, "__module__", None) or "numpy"
    name = f"{module}.{function.__name__}"
    own = FUNCTIONS.get(name)
    title = name.replace("numpy.", "np.", 1)
    if own is None:
        return _by_numpy(function, title, args, given, wrapped=False)
    if given.get("out") is not None:
        raise TypeError(
            f"{title}() of tensors does not take out=: use the result, or copy_ it into a tensor"
        )
    given = {key: value for key, value in given.items() if key != "out"}
    return own(*args, **given)
