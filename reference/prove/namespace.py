"""The Array API's functions over arrays of symbols: the `xp` that an engine's rules are given."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.definitions import definition
from reference.graph import Constant, IndexMap, Node, Put
from reference.prove.array import BOOL, FLOAT, INTEGER, Array, Binding, as_array

__all__ = ["Namespace", "bound"]

Axes = int | Sequence[int] | None


def bound() -> Binding:
    """A binding with a namespace of its own.

    >>> xp = bound().namespace
    >>> xp.exp(xp.asarray([0.5, 1.0])).shape
    (2,)
    """
    binding = Binding()
    binding.namespace = Namespace(binding)
    return binding


def _tuple(axis: Axes) -> tuple[int, ...] | None:
    if axis is None:
        return None
    return tuple(axis) if isinstance(axis, Sequence) else (int(axis),)


class Namespace:
    """Functions by the Array API's names, and the few that engines add to them.

    A function that is the same for a definition of its name (`exp`, `tan`, `erf`) is taken from
    there; the others are below.
    """

    pi = math.pi
    e = math.e
    inf = math.inf
    nan = math.nan
    newaxis = None
    float64 = FLOAT
    float32 = FLOAT
    int64 = INTEGER
    bool = BOOL

    def __init__(self, binding: Binding) -> None:
        self._binding = binding

    def __getattr__(self, name: str) -> Any:
        if name not in _ELEMENTWISE:
            raise AttributeError(
                f"arrays of symbols have no function {name!r}: add it to reference/prove/"
                "namespace.py"
            )
        function = definition(name).function

        def applied(*values: Any) -> Array:
            nodes = [self.asarray(value).node for value in values]
            return self._made(function(*nodes))

        return applied

    def _made(self, node: Node, dtype: Any = FLOAT) -> Array:
        return Array(node, dtype, self._binding)

    # arrays of numbers

    def asarray(self, value: Any, *, dtype: Any = None, copy: Any = None) -> Array:
        result = as_array(value, self._binding, dtype)
        return Array(result.node, result.dtype, self._binding) if copy else result

    def astype(self, x: Any, dtype: Any, *, copy: Any = True) -> Array:
        return self._made(self.asarray(x).node, dtype)

    def zeros(self, shape: Any, *, dtype: Any = FLOAT) -> Array:
        return self._made(Constant(np.zeros(shape, dtype=np.int64)), dtype)

    def ones(self, shape: Any, *, dtype: Any = FLOAT) -> Array:
        return self._made(Constant(np.ones(shape, dtype=np.int64)), dtype)

    def zeros_like(self, x: Any, *, dtype: Any = None) -> Array:
        return self.full_like(x, 0, dtype=dtype)

    def ones_like(self, x: Any, *, dtype: Any = None) -> Array:
        return self.full_like(x, 1, dtype=dtype)

    def full_like(self, x: Any, fill_value: Any, *, dtype: Any = None) -> Array:
        like = self.asarray(x)
        filled = build.broadcast_to(self.asarray(fill_value).node, like.shape)
        return self._made(filled, like.dtype if dtype is None else dtype)

    def arange(self, *bounds: Any, dtype: Any = None) -> np.ndarray:
        """Numbers that indices are made of: NumPy's own."""
        return np.arange(*bounds)

    def meshgrid(self, *arrays: Any, indexing: str = "xy") -> Any:
        return np.meshgrid(*arrays, indexing=indexing)  # type: ignore[call-overload]

    # arithmetic and comparisons under their names

    def add(self, x: Any, y: Any) -> Array:
        return self.asarray(x) + y  # type: ignore[no-any-return]

    def subtract(self, x: Any, y: Any) -> Array:
        return self.asarray(x) - y  # type: ignore[no-any-return]

    def multiply(self, x: Any, y: Any) -> Array:
        return self.asarray(x) * y  # type: ignore[no-any-return]

    def divide(self, x: Any, y: Any) -> Array:
        return self.asarray(x) / y  # type: ignore[no-any-return]

    def floor_divide(self, x: Any, y: Any) -> Array:
        return self.asarray(x) // y  # type: ignore[no-any-return]

    def pow(self, x: Any, y: Any) -> Array:
        return self.asarray(x) ** y  # type: ignore[no-any-return]

    def negative(self, x: Any) -> Array:
        return -self.asarray(x)

    def abs(self, x: Any) -> Array:
        return abs(self.asarray(x))

    def equal(self, x: Any, y: Any) -> Array:
        return self.asarray(x) == y  # type: ignore[no-any-return]

    def not_equal(self, x: Any, y: Any) -> Array:
        return self.asarray(x) != y  # type: ignore[no-any-return]

    def less(self, x: Any, y: Any) -> Array:
        return self.asarray(x) < y  # type: ignore[no-any-return]

    def less_equal(self, x: Any, y: Any) -> Array:
        return self.asarray(x) <= y  # type: ignore[no-any-return]

    def greater(self, x: Any, y: Any) -> Array:
        return self.asarray(x) > y  # type: ignore[no-any-return]

    def greater_equal(self, x: Any, y: Any) -> Array:
        return self.asarray(x) >= y  # type: ignore[no-any-return]

    def logical_and(self, x: Any, y: Any) -> Array:
        return self.asarray(x) & y  # type: ignore[no-any-return]

    def logical_or(self, x: Any, y: Any) -> Array:
        return self.asarray(x) | y  # type: ignore[no-any-return]

    def logical_not(self, x: Any) -> Array:
        return ~self.asarray(x)

    def where(self, condition: Any, x: Any, y: Any) -> Array:
        values = self.asarray(x), self.asarray(y)
        dtype = FLOAT if FLOAT in (v.dtype for v in values) else values[0].dtype
        return self._made(
            build.where(self.asarray(condition).node, values[0].node, values[1].node), dtype
        )

    # symbols are real and finite

    def isfinite(self, x: Any) -> Array:
        return self.full_like(x, 1, dtype=BOOL)

    def isnan(self, x: Any) -> Array:
        return self.full_like(x, 0, dtype=BOOL)

    isinf = isnan

    def real(self, x: Any) -> Array:
        return self.asarray(x)

    conj = real

    def trunc(self, x: Any) -> Array:
        return self._made(
            build.elementwise(
                lambda a: sp.Piecewise((sp.floor(a), sp.Ge(a, 0)), (sp.ceiling(a), True)),
                self.asarray(x).node,
            )
        )

    # over axes

    def _reduced(self, function: Callable[..., Node], x: Any, axis: Axes, keepdims: Any) -> Array:
        source = self.asarray(x)
        dtype = INTEGER if source.dtype == BOOL else source.dtype
        return self._made(function(source.node, _tuple(axis), bool(keepdims)), dtype)

    def sum(self, x: Any, *, axis: Axes = None, keepdims: Any = False, dtype: Any = None) -> Array:
        return self._reduced(build.sum, x, axis, keepdims)

    def prod(
        self, x: Any, *, axis: Axes = None, keepdims: Any = False, dtype: Any = None
    ) -> Array:
        return self._reduced(build.prod, x, axis, keepdims)

    def mean(self, x: Any, *, axis: Axes = None, keepdims: Any = False) -> Array:
        return self._reduced(build.mean, x, axis, keepdims)

    def max(self, x: Any, *, axis: Axes = None, keepdims: Any = False) -> Array:
        return self._reduced(build.largest, x, axis, keepdims)

    def min(self, x: Any, *, axis: Axes = None, keepdims: Any = False) -> Array:
        return self._reduced(build.smallest, x, axis, keepdims)

    def cumulative_sum(self, x: Any, *, axis: int = 0, dtype: Any = None) -> Array:
        source = self.asarray(x)
        dtype = INTEGER if source.dtype == BOOL else source.dtype
        return self._made(build.cumsum(source.node, axis), dtype)

    # arrays arranged

    def reshape(self, x: Any, shape: Any) -> Array:
        return self.asarray(x).reshape(shape if isinstance(shape, tuple) else tuple(shape))

    def broadcast_to(self, x: Any, shape: Any) -> Array:
        source = self.asarray(x)
        return self._made(build.broadcast_to(source.node, tuple(shape)), source.dtype)

    def permute_dims(self, x: Any, axes: Any) -> Array:
        source = self.asarray(x)
        return self._made(build.permute(source.node, tuple(axes)), source.dtype)

    def matmul(self, x: Any, y: Any) -> Array:
        """The product of two arrays as matrices."""
        return x @ y  # type: ignore[no-any-return]

    def matrix_transpose(self, x: Any) -> Array:
        source = self.asarray(x)
        return self._made(build.swap_axes(source.node, -2, -1), source.dtype)

    def expand_dims(self, x: Any, *, axis: int) -> Any:
        if isinstance(x, np.ndarray):  # indices
            return np.expand_dims(x, axis)
        source = self.asarray(x)
        return self._made(build.expand_dims(source.node, axis), source.dtype)

    def squeeze(self, x: Any, *, axis: Any = None) -> Array:
        source = self.asarray(x)
        return self._made(build.squeeze(source.node, axis), source.dtype)

    def concat(self, arrays: Sequence[Any], *, axis: int = 0) -> Array:
        return self._made(build.concat([self.asarray(part).node for part in arrays], axis))

    def stack(self, arrays: Sequence[Any], *, axis: int = 0) -> Array:
        return self._made(build.stack([self.asarray(part).node for part in arrays], axis))

    def argsort(self, x: Any, *, axis: int = -1, stable: Any = True) -> np.ndarray:
        """Where an order of the elements is assumed, the indices that follow from it."""
        return np.argsort(self._ranks(x), axis=axis, kind="stable")

    def argmax(self, x: Any, *, axis: int | None = None, keepdims: Any = False) -> Any:
        return np.asarray(np.argmax(self._ranks(x), axis=axis, keepdims=bool(keepdims)))

    def argmin(self, x: Any, *, axis: int | None = None, keepdims: Any = False) -> Any:
        return np.asarray(np.argmin(self._ranks(x), axis=axis, keepdims=bool(keepdims)))

    def _ranks(self, x: Any) -> np.ndarray:
        if self._binding.ranks is None:
            raise TypeError("the order of symbols is not known: state the case with `orders=True`")
        return self._binding.ranks(self.asarray(x).node)

    def flip(self, x: Any, *, axis: Axes = None) -> Any:
        if isinstance(x, np.ndarray):  # indices
            return np.flip(x, axis)  # type: ignore[arg-type]
        source = self.asarray(x)
        return self._made(build.flip(source.node, axis), source.dtype)

    def roll(self, x: Any, shift: Any, *, axis: Any = None) -> Array:
        source = self.asarray(x)
        return self._made(build.roll(source.node, shift, axis), source.dtype)

    def tril(self, x: Any, *, k: int = 0) -> Array:
        return self._made(build.tril(self.asarray(x).node, k))

    def triu(self, x: Any, *, k: int = 0) -> Array:
        return self._made(build.triu(self.asarray(x).node, k))

    def take_along_axis(self, x: Any, indices: Any, *, axis: int) -> Array:
        source = self.asarray(x)
        return self._made(build.gather(source.node, axis, indices), source.dtype)

    def put_along_axis(self, x: Array, indices: Any, values: Any, axis: int) -> None:
        x.write(build.scatter(x.node, axis, indices, self.asarray(values).node))

    def put_along(self, whole: Array, index: Any, axis: int, values: Any) -> Array:
        """`whole` with values added where `take_along` would read."""
        return self._made(
            build.scatter_add(whole.node, axis, index, self.asarray(values).node), whole.dtype
        )

    def add_at(self, whole: Array, index: Any, values: Any) -> Array:
        """`whole[index] += values`, every repetition counted."""
        own = np.arange(whole.size).reshape(whole.shape)
        positions = np.asarray(own[index])
        held = build.broadcast_to(self.asarray(values).node, positions.shape)
        put = Put(held, IndexMap(whole.shape, positions.shape, positions))
        return self._made(build.add(whole.node, put), whole.dtype)

    def assign_at(self, whole: Array, index: Any, values: Any) -> Array:
        """`whole[index] = values`."""
        whole[index] = values
        return whole


_ELEMENTWISE = frozenset(
    """
    exp expm1 log log1p sqrt sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh erf erfc
    floor ceil round sign square reciprocal maximum minimum atan2 hypot logaddexp lgamma digamma
    exp2 log2 log10
    """.split()  # noqa: SIM905 - a list of so many names reads worse
)
