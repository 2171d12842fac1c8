"""The `__torch_function__` protocol: an engine's function on the oracle's tensors, by name.

PyTorch calls with its own parameters, which are the definitions'. The rows of `autodiff` are
called the same way; where a row's parameters are narrower (an index in place of a dimension,
axes as letters), the table below says what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference.complexes import gives_pair

__all__ = ["call", "complex_result"]

Apply = Callable[..., Any]


def call(apply: Apply, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Apply the definition that has the function's name.

    Raises MissingDefinition where there is none.
    """
    name = function.__name__
    if name in _TWICE and _is_pytorchs(function):
        name = f"torch_{name}"
    if name in _SWAPPED and hasattr(function, "__objclass__"):  # as a method of a tensor
        args = [args[1], args[0], *args[2:]]
    if name in _REVERSED:
        name, args = _REVERSED[name], [args[1], args[0], *args[2:]]
    if name in _COPIES:
        name = name.removesuffix("_copy")
    rows = _ROWS.get(name)
    if rows is not None:
        names, adapted = rows
        if names <= kwargs.keys():
            return adapted(apply, *args, **kwargs)
    if name in _CONSTANT:
        return _filled(apply, args[0], _CONSTANT[name](*args[1:], **kwargs))
    named = {key: value for key, value in kwargs.items() if key not in _IGNORED}
    if named.get("size_average") is not None or named.get("reduce") in (True, False):
        named = _with_reduction(**named)
    return complex_result(apply, name, apply(name, *args, **named))


def _is_pytorchs(function: Any) -> bool:
    """Whether a function is PyTorch's own, or a method of its tensors."""
    home = getattr(function, "__objclass__", function)
    return str(getattr(home, "__module__", None)).partition(".")[0] == "torch"


def _with_reduction(
    size_average: bool | None = None, reduce: bool | None = None, **named: Any
) -> dict[str, Any]:
    """The parameters with `reduction` in the place of the two that PyTorch had before."""
    way = "mean" if size_average in (True, None) else "sum"
    return {**named, "reduction": way if reduce in (True, None) else "none"}


def complex_result(apply: Apply, name: str, result: Any) -> Any:
    """Two parts made one complex result, where a definition of real numbers gives parts."""
    if isinstance(result, tuple) and gives_pair(name):
        return apply("complex", *result)
    return result


def _filled(apply: Apply, x: Any, value: Any) -> Any:
    """One number in the shape of x."""
    return apply("add", apply("mul", x, 0), value).detach()


# what is made in the shape of a tensor, whatever that holds
_CONSTANT: dict[str, Callable[..., Any]] = {
    "zeros_like": lambda **_: 0,
    "ones_like": lambda **_: 1,
    "empty_like": lambda **_: 0,
    "full_like": lambda fill_value, **_: fill_value,
}
# functions that PyTorch has in `linalg`, too, where they mean something else
_TWICE = frozenset({"cross", "svd", "vander"})
# the same elements as without `_copy`, in memory of their own
_COPIES = frozenset({
    "alias_copy", "as_strided_copy", "diagonal_copy", "expand_copy", "narrow_copy", "permute_copy",
    "select_copy", "split_copy", "squeeze_copy", "t_copy", "transpose_copy", "unbind_copy",
    "unsqueeze_copy", "view_copy",
})  # fmt: skip
# methods whose tensor is the second argument of the function
_SWAPPED = frozenset({"polygamma", "where", "special_polygamma"})
_REVERSED = {
    "__rdiv__": "div",
    "__rfloordiv__": "floor_divide",
    "__rmatmul__": "matmul",
    "__rmod__": "remainder",
    "__rpow__": "pow",
    "__rtruediv__": "div",
}
_IGNORED = frozenset({"_stacklevel", "inplace", "out"})  # no part of what is computed


def _getitem(apply: Apply, x: Any, *, index: Any) -> Any:
    return apply("getitem", x, index)


def _index_select(apply: Apply, x: Any, *, index: Any) -> Any:
    return apply("getitem", x, index)


def _index_put(apply: Apply, x: Any, values: Any, *, index: Any, accumulate: bool) -> Any:
    return apply("index_put", x, index, values, accumulate)


def _masked_fill(apply: Apply, x: Any, value: Any, *, mask: Any) -> Any:
    return apply("masked_fill", x, np.asarray(mask), value)


def _split(apply: Apply, x: Any, *, sizes: tuple[int, ...], dim: int) -> Any:
    return apply("split", x, sizes, dim)


def _cat(apply: Apply, *tensors: Any, dim: int, starts: Any = None) -> Any:
    return apply("cat", list(tensors), dim)


def _stack(apply: Apply, *tensors: Any, dim: int) -> Any:
    return apply("stack", list(tensors), dim)


def _einsum(
    apply: Apply, *factors: Any, x_axes: str, y_axes: str, out_axes: str, **others: Any
) -> Any:
    return apply("einsum", f"{x_axes},{y_axes}->{out_axes}", *factors)


def _nll_loss(
    apply: Apply, x: Any, *, index: Any, scales: Any, total: Any, dim: int, reduce: bool
) -> Any:
    """Minus the picked entries times their scales; where asked the sum, by the total the mean."""
    loss = apply("neg", apply("squeeze", apply("gather", x, dim, np.asarray(index)), dim))
    if scales is not None:
        weights = np.asarray(scales)
        loss = apply("mul", loss, weights.reshape(loss.shape))
    if reduce:
        loss = apply("sum", loss)
    return loss if total is None else apply("div", loss, total)


# name -> (the parameters that tell the row from PyTorch's function, what it means)
_ROWS: dict[str, tuple[frozenset[str], Callable[..., Any]]] = {
    "select": (frozenset({"index"}), _getitem),
    "slice": (frozenset({"index"}), _getitem),
    "getitem": (frozenset({"index"}), _getitem),
    "index_select": (frozenset({"index"}), _index_select),
    "index_put": (frozenset({"index"}), _index_put),
    "masked_fill": (frozenset({"mask"}), _masked_fill),
    "split": (frozenset({"sizes"}), _split),
    "cat": (frozenset({"starts"}), _cat),
    "stack": (frozenset({"dim"}), _stack),
    "einsum": (frozenset({"x_axes"}), _einsum),
    "nll_loss": (frozenset({"scales"}), _nll_loss),
}
