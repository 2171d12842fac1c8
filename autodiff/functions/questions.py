"""Questions about tensors: whether they are equal, near, of some kind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.errors import broadcast_mismatch
from autodiff.functions.arguments import is_tensor_like, raw, require_tensor
from autodiff.functions.pointwise import kind_of
from autodiff.modes import settings
from autodiff.size import Size
from autodiff.state import TensorState

__all__ = [
    "allclose",
    "broadcast_shapes",
    "equal",
    "is_floating_point",
    "is_inference",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "is_tensor",
    "isclose",
    "isin",
    "isneginf",
    "isposinf",
    "numel",
    "signbit",
    "typename",
]


def _pair(function: str, input: Any, other: Any) -> tuple[Any, Any]:
    require_tensor(function, input)
    require_tensor(function, other, "other", 2)
    mismatch = broadcast_mismatch(tuple(input.shape), tuple(other.shape))
    if mismatch is not None:
        raise mismatch
    if input.dtype != other.dtype:
        raise RuntimeError(f"{input.dtype.title} did not match {other.dtype.title}")
    return np.asarray(raw(input)), np.asarray(raw(other))


def isclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """Where |input - other| ≤ atol + rtol · |other|; infinities are near to themselves alone.

    Raises RuntimeError for tensors of two dtypes, and for negative tolerances.

    >>> import autodiff
    >>> isclose(autodiff.tensor([1.0, 2.0]), autodiff.tensor([1.0 + 1e-6, 2.1]))
    tensor([ True, False])
    """
    x, y = _pair("isclose", input, other)
    if rtol < 0:
        raise RuntimeError(f"rtol must be greater than or equal to zero, but got {rtol:g}")
    if atol < 0:
        raise RuntimeError(f"atol must be greater than or equal to zero, but got {atol:g}")
    close = np.equal(x, y)
    if equal_nan and x.dtype.kind in "fcV":
        close = close | (np.isnan(x) & np.isnan(y))
    if rtol == 0 and atol == 0:
        return from_array(np.asarray(close))
    if x.dtype.kind in "iub":  # differences of whole numbers in a floating dtype
        y, x = y.astype(settings.default_dtype.numpy), x.astype(settings.default_dtype.numpy)
    with np.errstate(all="ignore"):
        allowed = atol + np.abs(rtol * y)
        difference = np.abs(x - y)
        close = close | (np.isfinite(difference) & (difference <= allowed))
    return from_array(np.asarray(close))


def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all elements are near: see :func:`isclose`."""
    return bool(np.all(raw(isclose(input, other, rtol, atol, equal_nan))))


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have one shape and equal elements (nan equals nothing).

    >>> import autodiff
    >>> equal(autodiff.ones(2), autodiff.ones(1, 2))
    False
    """
    require_tensor("equal", input)
    require_tensor("equal", other, "other", 2)
    return bool(np.array_equal(raw(input), raw(other)))


def is_tensor(obj: Any) -> bool:
    """Whether this is a tensor."""
    return isinstance(obj, TensorState)


def numel(input: Any) -> int:
    """The number of elements."""
    return int(require_tensor("numel", input).numel())


def is_floating_point(input: Any) -> bool:
    """Whether the elements are real floating-point numbers."""
    return bool(require_tensor("is_floating_point", input).is_floating_point())


def is_signed(input: Any) -> bool:
    """Whether the dtype holds negative numbers."""
    return kind_of(require_tensor("is_signed", input)) not in "ub"


def is_inference(input: Any) -> bool:
    """Whether the tensor was made in inference mode."""
    return bool(require_tensor("is_inference", input).is_inference())


def is_same_size(input: Any, other: Any) -> bool:
    """Whether two tensors have one shape."""
    return tuple(input.shape) == tuple(other.shape)


def is_nonzero(input: Any) -> bool:
    """Whether the one element is not zero. Raises RuntimeError for more or fewer."""
    count = require_tensor("is_nonzero", input).numel()
    if count != 1:
        raise RuntimeError(
            "Boolean value of Tensor with no values is ambiguous"
            if not count
            else "Boolean value of Tensor with more than one value is ambiguous"
        )
    return bool(input)


def _infinite(function: str, input: Any, sign: float) -> Any:
    data = np.asarray(raw(require_tensor(function, input)))
    if data.dtype.kind == "c":
        raise RuntimeError(f"{function} does not support complex inputs.")
    if data.dtype.kind in "iub":
        return from_array(np.zeros(data.shape, bool))
    return from_array(np.asarray(data == sign * math.inf))


def isposinf(input: Any) -> Any:
    """Where an element is inf."""
    return _infinite("isposinf", input, 1)


def isneginf(input: Any) -> Any:
    """Where an element is -inf."""
    return _infinite("isneginf", input, -1)


def signbit(input: Any) -> Any:
    """Where the sign is negative: of -0.0, too."""
    data = np.asarray(raw(require_tensor("signbit", input)))
    if data.dtype.kind == "c":
        raise NotImplementedError("signbit is not implemented for complex tensors.")
    if data.dtype.kind in "iub":
        return from_array(np.asarray(data < 0 if data.dtype.kind == "i" else data & False) != 0)
    return from_array(np.asarray(np.signbit(data)))


def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Any:
    """Where an element is one of those given.

    >>> import autodiff
    >>> isin(autodiff.tensor([1, 2, 3]), autodiff.tensor([2, 3]))
    tensor([False,  True,  True])
    """
    if not is_tensor_like(elements) and not is_tensor_like(test_elements):
        require_tensor("isin", elements, "elements")
    found = np.isin(np.asarray(raw(elements)), np.asarray(raw(test_elements)), invert=invert)
    return from_array(np.asarray(found))


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape to which shapes (or sizes) are broadcast together."""
    given = [(one,) if isinstance(one, int) else tuple(one) for one in shapes]
    found: list[int] = [1] * max((len(one) for one in given), default=0)
    for number, shape in enumerate(given):
        for place in range(-1, -1 - len(shape), -1):
            if shape[place] not in (1, found[place]):
                if found[place] != 1:
                    raise RuntimeError(
                        f"Attempting to broadcast a dimension of length {shape[place]} at "
                        f"{place}! Mismatching argument at index {number} had {shape}; but "
                        f"expected shape should be broadcastable to {found}"
                    )
                found[place] = shape[place]
    return Size(found)


def typename(obj: Any) -> str:
    """The legacy name of a tensor's type; of other objects the name with its module."""
    if isinstance(obj, TensorState):
        return str(obj.type())  # type: ignore[attr-defined]
    cls = obj if isinstance(obj, type) else type(obj)
    module = cls.__module__
    return cls.__qualname__ if module in ("", "builtins") else f"{module}.{cls.__qualname__}"
