"""NumPy's own functions on arrays of the oracle's numbers, element by element.

Most of NumPy's functions are written in Python, with arithmetic and indexing. Where such a
function has no definition, NumPy's own code runs on arrays of elements that are recorded: it is
slow, and what it decides by comparing numbers (an order, a branch) it decides once, at the
arguments as they are.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference.definitions import MissingDefinition, definition

__all__ = ["KNOWN", "WRITES", "by_elements", "is_mine", "of_numbers"]

Apply = Callable[..., Any]

_MOST = 4096  # elements that are worth it

# functions that give places, counts or truth values: of the numbers themselves
KNOWN = frozenset({
    "allclose", "argpartition", "argwhere", "array_equal", "array_equiv", "digitize",
    "flatnonzero", "iscomplex", "isclose", "isneginf", "isposinf", "isreal", "lexsort", "nonzero",
    "searchsorted", "signbit",
})  # fmt: skip
# functions that write into their first argument
WRITES = frozenset({"copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"})


def is_mine(value: Any) -> bool:
    """Whether a value is one of the oracle's tensors."""
    return hasattr(value, "cell") and hasattr(value, "grad_fn")


def of_numbers(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """A function of what the tensors hold, rounded to their formats."""
    return function(*_numbers(args), **_numbers(kwargs))


def _numbers(value: Any) -> Any:
    if is_mine(value):
        return value.detach().numpy()
    if isinstance(value, dict):
        return {key: _numbers(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_numbers(part) for part in value)
    return value


def by_elements(apply: Apply, function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """NumPy's own code of a function, on arrays of elements.

    Raises MissingDefinition where it is not written in Python, or does not take such arrays.
    """
    own = getattr(function, "_implementation", None)
    name = function.__name__
    if own is None:
        definition(name)  # which raises, and says how to add one
        raise MissingDefinition(f"numpy.{name} has no definition of these arguments")
    given, named = _elements(apply, list(args)), _elements(apply, kwargs)
    try:
        result = own(*given, **named)
    except Exception as error:
        try:
            definition(name)
        except MissingDefinition as missing:
            raise missing from error
        raise
    if name in WRITES:
        args[0][...] = _joined(apply, given[0])
        return None
    return _joined(apply, result)


def _elements(apply: Apply, value: Any) -> Any:
    if is_mine(value):
        return _apart(apply, value)
    if isinstance(value, dict):
        return {key: _elements(apply, part) for key, part in value.items()}
    if isinstance(value, list):
        return [_elements(apply, part) for part in value]
    if isinstance(value, tuple):
        return tuple(_elements(apply, part) for part in value)
    return value


def _apart(apply: Apply, value: Any) -> Any:
    """An object array of a tensor's elements; of truth values, the truth values."""
    if not value.dtype.is_floating_point:
        return value.detach().numpy()
    shape = tuple(int(size) for size in value.shape)
    result = np.empty(shape, dtype=object)
    if result.size > _MOST:
        raise MissingDefinition(
            f"an array of {result.size} elements is too large to be taken apart: give the "
            "function's mathematics as definition="
        )
    for place in np.ndindex(shape):
        result[place] = Element(apply, apply("getitem", value, place) if shape else value)
    return result if shape else result[()]


def _joined(apply: Apply, value: Any) -> Any:
    """Arrays of elements as tensors."""
    if isinstance(value, Element):
        return value.held
    if isinstance(value, (tuple, list)):
        return type(value)(_joined(apply, part) for part in value)
    if isinstance(value, np.ndarray) and value.dtype == object:
        parts = [part.held if isinstance(part, Element) else part for part in value.flat]
        first = next((part for part in parts if is_mine(part)), None)
        if first is None:
            return value.astype(np.float64)
        parts = [part if is_mine(part) else _number(apply, first, part) for part in parts]
        return apply("reshape", apply("stack", parts, 0), value.shape)
    return value


def _number(apply: Apply, like: Any, value: Any) -> Any:
    """A number as a tensor of the format of another."""
    plain = value.item() if isinstance(value, np.generic) else value
    return apply("add", apply("mul", like.detach(), 0), plain)


class Element:
    """A number that records what is computed from it, for NumPy's arrays of objects."""

    __slots__ = ("_apply", "held")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, apply: Apply, held: Any) -> None:
        self._apply = apply
        self.held = held

    def _of(self, name: str, *values: Any) -> Any:
        given = [value.held if isinstance(value, Element) else value for value in values]
        if any(isinstance(value, np.ndarray) for value in given):
            return NotImplemented
        given = [value.item() if isinstance(value, np.generic) else value for value in given]
        return Element(self._apply, self._apply(name, *given))

    def __getattr__(self, name: str) -> Any:
        # NumPy calls a ufunc on an object by the method of its name
        if name.startswith("_"):
            raise AttributeError(name)
        own = _METHODS.get(name, name)
        try:
            definition(own)
        except MissingDefinition:
            raise AttributeError(name) from None
        return lambda *values: self._of(own, self, *values)

    def __add__(self, other: Any) -> Any:
        return self._of("add", self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._of("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._of("rsub", self, other)

    def __mul__(self, other: Any) -> Any:
        return self._of("mul", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self._of("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._of("div", other, self)

    def __pow__(self, other: Any) -> Any:
        return self._of("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._of("pow", other, self)

    def __mod__(self, other: Any) -> Any:
        return self._of("remainder", self, other)

    def __floordiv__(self, other: Any) -> Any:
        return self._of("floor_divide", self, other)

    def __neg__(self) -> Any:
        return self._of("neg", self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self._of("abs", self)

    def conjugate(self) -> Any:
        """The number itself."""
        return self

    def __bool__(self) -> bool:
        return bool(self.held.detach().item())

    def __float__(self) -> float:
        raise TypeError("a number that depends on an argument is no Python number")

    def _compare(self, relation: Callable[[Any, Any], bool], other: Any) -> bool:
        own = self.held.detach().item()
        theirs = other.held.detach().item() if isinstance(other, Element) else other
        return bool(relation(own, theirs))

    def __lt__(self, other: Any) -> bool:
        return self._compare(operator.lt, other)

    def __le__(self, other: Any) -> bool:
        return self._compare(operator.le, other)

    def __gt__(self, other: Any) -> bool:
        return self._compare(operator.gt, other)

    def __ge__(self, other: Any) -> bool:
        return self._compare(operator.ge, other)

    def __eq__(self, other: object) -> bool:
        return self._compare(operator.eq, other)

    def __ne__(self, other: object) -> bool:
        return self._compare(operator.ne, other)


_METHODS = {
    "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan",
    "arctan2": "atan2", "arctanh": "atanh", "degrees": "rad2deg", "fabs": "abs",
    "radians": "deg2rad", "rint": "round",
}  # fmt: skip
