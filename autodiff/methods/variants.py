"""In-place methods made from the functions: `x.exp_()` is what `exp(x)` computes, written to x.

The function is called with a stand-in for the tensor. It checks its arguments, as ever, and
applies its row; the stand-in notes row and arguments instead, and the row's result is written to
the tensor's memory. So whatever a function accepts and refuses, its in-place form does, too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.dtypes import from_numpy_dtype
from autodiff.errors import BatchedData
from autodiff.functions.arguments import axis
from autodiff.inplace import (
    allowed,
    bump,
    check_overlap,
    check_result,
    copy_into,
    overwrite,
    write,
)
from autodiff.modes import is_grad_enabled
from autodiff.ops import pointwise as rows
from autodiff.ops.shapes import TO_COPY, VIEW
from autodiff.state import Extra, TensorState, layered_by, version_counter
from autodiff.tensor_class import Tensor
from autodiff.views import requires_grad

__all__ = ["in_place", "viewed_in_place", "written", "written_test"]

# functions without a row: of these the result is copied
_COPIED = frozenset(
    ("bitwise_left_shift", "bitwise_right_shift", "gcd", "heaviside", "lcm", "nextafter")
)
# what these write must not be read from the same memory
_SCATTERING = ("index_add", "index_copy", "index_put", "put", "scatter", "scatter_add")


class _Noted(Exception):
    """A row was applied to the stand-in: not an error, but the end of the function's own part."""

    def __init__(self, row: Any, inputs: tuple[Any, ...], params: dict[str, Any]) -> None:
        super().__init__()
        self.row = row
        self.inputs = inputs
        self.params = params


class _Composed(Exception):
    """The function does more than apply one row to the tensor."""


def _note(self: Any, row: Any, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
    if inputs[0] is not self or any(one is self for one in inputs[1:]):
        raise _Composed
    raise _Noted(row, inputs, params)


@functools.cache
def _stand_in() -> Any:
    """The class of stand-ins: tensors to whom rows are handed as to those of a transform."""
    members = {"__slots__": (), "_layered": True, "_dispatch": _note, "stands_in": True}
    return type("StandIn", (Tensor,), members)


def _standing_for(tensor: Any) -> Any:
    made = object.__new__(_stand_in())
    made._data = tensor._data
    made._node = made._leaf = made._counter = made._extra = None
    return made


def in_place(
    function: Callable[..., Any], name: str, tensor: Any, *args: Any, **kwargs: Any
) -> Any:
    """`tensor = function(tensor, ...)` in the tensor's own memory; returns the tensor."""
    if layered_by(tensor) is not None:
        before = tensor.clone()  # what the history reads is about to be overwritten
        args = tuple(before if one is tensor else one for one in args)
        return copy_into(tensor, function(before, *args, **kwargs))
    allowed((tensor, *args, *kwargs.values()))  # before what the function itself refuses
    if name == "index_copy" and len(args) + len(kwargs) == 3:
        _written_apart(tensor, *args, **kwargs)
    stand_in = _standing_for(tensor)
    try:
        function(stand_in, *args, **kwargs)
    except _Noted as noted:
        row, inputs, params = noted.row, noted.inputs, noted.params
    except TypeError as error:
        raise _renamed(error, name) from None
    except NotImplementedError:
        _refuse_complex(tensor, (*args, *kwargs.values()))
        raise
    except (_Composed, BatchedData):
        return copy_into(tensor, function(tensor.clone(), *args, **kwargs))
    else:
        raise NotImplementedError(
            f"{name}_ cannot be derived from {name}, which applies no operation to its first "
            f"argument: use `x.copy_(x.{name}(...))`"
        )
    if row is TO_COPY:  # computed in another dtype first
        if tensor._data.dtype.kind in "fcV":
            result = function(tensor.clone(), *args, **kwargs)
            check_result(tensor, result._data)
            return copy_into(tensor, result)
        return _cast_back(tensor, function, args, kwargs)
    if name in _SCATTERING:
        check_overlap(tensor, inputs[1:], same=False)
    return write(row, tensor, *inputs[1:], **params)


def _written_apart(tensor: Any, dim: int, index: Any, source: Any) -> None:
    """What `index_copy_` looks at first, in PyTorch: whether memory is written that is read."""
    axis(dim, tensor._data.ndim)
    check_overlap(tensor, (index, source), same=False)


def _refuse_complex(tensor: Any, others: tuple[Any, ...]) -> None:
    """PyTorch's first reason against complex numbers that are to stand in a real tensor."""
    for one in others:
        if isinstance(one, TensorState) and one._data.dtype.kind == "c" != tensor._data.dtype.kind:
            found = from_numpy_dtype(np.result_type(one._data.dtype, tensor._data.dtype))
            raise RuntimeError(
                f"result type {found.title} can't be cast to the desired output type "
                f"{tensor.dtype.title}"
            )


def _cast_back(tensor: Any, function: Any, args: Any, kwargs: Any) -> Any:
    """Write what is computed in another dtype; PyTorch's refusal where it cannot be stored."""
    allowed((tensor, *args))
    return overwrite(tensor, function(tensor.detach().clone(), *args, **kwargs)._data)


def _renamed(error: TypeError, name: str) -> TypeError:
    """The words of a function about its arguments, in those of the method."""
    text = str(error)
    if not text.startswith(f"{name}(): argument '"):
        return error
    head, _, rest = text.partition("(position ")
    place, _, tail = rest.partition(")")
    where = f"(position {int(place) - 1})" if place.isdigit() else f"(position {place})"
    return TypeError(f"{name}_" + head[len(name) :] + where + tail)


def written_test(recorded: Any, plain: Any, tensor: Any, *others: Any) -> Any:
    """Write the truth of a test as numbers: recorded, it has a gradient of zero."""
    inputs = (tensor, *others)
    recording = is_grad_enabled() and tensor._data.dtype.kind in "fcV"
    if recording and any(isinstance(one, TensorState) and requires_grad(one) for one in inputs):
        return write(recorded, tensor, *others)
    return write(plain, tensor, *others)


_IN_PLACE_NODES = {
    "TBackward0": "TBackward1",
    "TransposeBackward0": "TransposeBackward1",
    "UnsqueezeBackward0": "UnsqueezeBackward1",
    "SqueezeBackward0": "SqueezeBackward3",
    "SqueezeBackward1": "SqueezeBackward4",
    "SqueezeBackward2": "SqueezeBackward5",
    "AliasBackward0": "AliasBackward0",
    "AsStridedBackward0": "AsStridedBackward1",
}


@functools.cache
def _named(cls: type[Any], name: str) -> type[Any]:
    """The class of nodes under the name that PyTorch gives them after an in-place call."""
    return type(name, (cls,), {"__slots__": (), "__module__": "autodiff"})


def viewed_in_place(name: str, function: Callable[..., Any], tensor: Any, *args: Any) -> Any:
    """Make the tensor the view that `function(tensor, ...)` gives: same memory, other shape."""
    if layered_by(tensor) is not None:
        raise NotImplementedError(f"{name} inside a transform: use the function that gives a view")
    allowed((tensor,))
    view = function(tensor, *args)
    if view is tensor:
        bump(tensor)
        return tensor
    before = tensor._extra
    link: Any = (
        view._extra.view if view._extra is not None else None
    )  # None: of an inference tensor
    back = _way_back(name, link, tensor._data.shape, view._data.shape)
    tensor._data = view._data
    bump(tensor)
    version = version_counter(tensor)[0]
    if before is not None and before.view is not None:  # a view of the same base as before
        before.view.chain = link.chain
        if view._node is not None:  # else it gets its history when somebody looks
            before.view.version = version
        before.view.turns = link.turns
    else:
        before = before or Extra()
        before.turned = (*before.turned, back)
        tensor._extra = before
    if view._node is not None:
        kind: Any = type(view._node.shown())
        view._node.__class__ = _named(kind, _IN_PLACE_NODES[view._node.name()])
        tensor._node = view._node
        before.number = view._extra.number if view._extra is not None else 0
    return tensor


def _way_back(name: str, link: Any, old: tuple[int, ...], new: tuple[int, ...]) -> Any:
    """The view operation that undoes another, for views that were made before it."""
    if name in ("squeeze_", "unsqueeze_"):
        return VIEW, {"shape": old}, new
    if name == "as_strided_" or link is None:
        return None
    row, params, _ = link.chain[-1]  # to transpose twice
    return row, params, new


_PLAIN = {
    name: getattr(rows, name.upper())
    for name in (
        *("exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "reciprocal", "sin", "cos", "tan"),
        *("sinh", "cosh", "tanh", "sigmoid", "erf", "relu", "floor", "round", "neg"),
    )
}


def written(function: Callable[..., Any], name: str) -> Any:
    """The in-place form of a function: a method `name_`."""
    row = _PLAIN.get(name)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if row is not None and not args and not kwargs and self._data.dtype.kind == "f":
            return write(row, self)  # of real numbers the function is its row: no need to ask it
        return in_place(function, name, self, *args, **kwargs)

    def copied(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.copy_(function(self, *args, **kwargs))

    made = functools.wraps(function)(copied if name in _COPIED else method)
    made.__name__ = made.__qualname__ = f"{name}_"
    made.__doc__ = f"`{name}`, written to the tensor's own memory; returns the tensor."
    return made
