"""Arrays of symbols: what an engine's rules are run on.

An array holds a node of the oracle's graph, so that a rule, run on such arrays, becomes a graph
itself. Arithmetic, comparisons, indexing and writing in place mean what they mean for NumPy; the
functions that rules call by name are in `namespace.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.graph import Constant, Node, Stop, topological
from reference.prove.constants import meant

__all__ = ["Array", "Binding", "as_array", "as_node", "constants_of"]

FLOAT = np.dtype(np.float64)
BOOL = np.dtype(np.bool_)
INTEGER = np.dtype(np.int64)


class Binding:
    """Which namespace the arrays of one proof have, and what was noticed on the way.

    meanings: the floats met in the rule that do not hold the number that they stand for. ranks:
    of an array's elements, where the order of all inputs is assumed; else None. defined: what an
    operation of the engine means that a rule calls, where its kernel cannot run on symbols.
    """

    def __init__(self) -> None:
        self.namespace: Any = None
        self.ranks: Callable[[Node], np.ndarray] | None = None
        self.meanings: dict[float, Any] = {}
        self.defined: Callable[[Any], Callable[..., Any] | None] = lambda operation: None

    def number(self, value: Any) -> Any:
        """The exact number that a plain number in a rule stands for."""
        found = meant(value)
        if isinstance(value, (float, np.floating)) and np.isfinite(value):
            exact = build.exact_number(value)
            if exact != found:
                self.meanings[float(value)] = found
        return found


class Array:
    """An array whose elements are expressions; see the module's description.

    node: what it holds now. dtype: float64, int64 or bool: kinds alone, for nothing is rounded.
    """

    __slots__ = ("_parent", "binding", "dtype", "node")
    __array_ufunc__ = None  # NumPy's numbers and arrays leave arithmetic to this class
    __hash__ = object.__hash__
    base = None  # NumPy's rules ask whose memory this is: its own

    def __init__(self, node: Node, dtype: Any, binding: Binding) -> None:
        self.node = node
        self.dtype = np.dtype(dtype)
        self.binding = binding
        self._parent: tuple[Array, np.ndarray] | None = None

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return self.binding.namespace

    # what it is

    @property
    def shape(self) -> tuple[int, ...]:
        return self.node.shape

    @property
    def ndim(self) -> int:
        return self.node.ndim

    @property
    def size(self) -> int:
        return int(self.node.size)

    @property
    def itemsize(self) -> int:
        """Bytes of an element: of float64, so that no rule makes room for more digits."""
        return int(self.dtype.itemsize)

    @property
    def flags(self) -> Any:
        """NumPy's: as if not writable, so that nobody changes the mark of a view."""
        return SimpleNamespace(writeable=False)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __bool__(self) -> bool:
        raise TypeError(
            "a rule asked whether an array of symbols is true: write xp.where instead of if"
        )

    def __repr__(self) -> str:
        return f"Array(shape={self.shape}, dtype={self.dtype})"

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """An operation of the engine, called in a rule: its definition, or its own kernel."""
        binding = next(value.binding for value in args if isinstance(value, Array))
        define = binding.defined(function)
        if define is None:
            return function.run(*args, **(kwargs or {}))
        given = [value.node if isinstance(value, Array) else value for value in args]
        found = define(*given, **(kwargs or {}))
        if isinstance(found, tuple):
            return tuple(Array(node, FLOAT, binding) for node in found)
        return Array(found, FLOAT, binding)

    def _made(self, node: Node, dtype: Any = None) -> Array:
        return Array(node, self.dtype if dtype is None else dtype, self.binding)

    # arithmetic

    def _binary(self, other: Any, function: Callable[..., Node], turned: bool = False) -> Any:
        if not isinstance(other, (Array, np.ndarray, np.generic, int, float)):
            return NotImplemented
        right = as_array(other, self.binding)
        dtype = FLOAT if FLOAT in (self.dtype, right.dtype) else INTEGER
        first, second = (right, self) if turned else (self, right)
        return self._made(function(_operand(first), _operand(second)), dtype)

    def _compared(self, other: Any, function: Callable[..., Node]) -> Any:
        result = self._binary(other, function)
        if result is not NotImplemented:
            result.dtype = BOOL
        return result

    def __add__(self, other: Any) -> Any:
        return self._binary(other, build.add)

    def __radd__(self, other: Any) -> Any:
        return self._binary(other, build.add, True)

    def __sub__(self, other: Any) -> Any:
        return self._binary(other, build.subtract)

    def __rsub__(self, other: Any) -> Any:
        return self._binary(other, build.subtract, True)

    def __mul__(self, other: Any) -> Any:
        return self._binary(other, _product)

    def __rmul__(self, other: Any) -> Any:
        return self._binary(other, _product, True)

    def __truediv__(self, other: Any) -> Any:
        result = self._binary(other, build.divide)
        if result is not NotImplemented:
            result.dtype = FLOAT
        return result

    def __rtruediv__(self, other: Any) -> Any:
        result = self._binary(other, build.divide, True)
        if result is not NotImplemented:
            result.dtype = FLOAT
        return result

    def __floordiv__(self, other: Any) -> Any:
        return self._binary(other, _floor_quotient)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._binary(other, _floor_quotient, True)

    def __mod__(self, other: Any) -> Any:
        return self._binary(other, _remainder)

    def __rmod__(self, other: Any) -> Any:
        return self._binary(other, _remainder, True)

    def __pow__(self, other: Any) -> Any:
        return self._binary(other, build.power)

    def __rpow__(self, other: Any) -> Any:
        return self._binary(other, build.power, True)

    def __matmul__(self, other: Any) -> Any:
        return self._binary(other, build.matmul)

    def __rmatmul__(self, other: Any) -> Any:
        return self._binary(other, build.matmul, True)

    def __neg__(self) -> Array:
        return self._made(build.negative(self.node))

    def __pos__(self) -> Array:
        return self._made(self.node)

    def __abs__(self) -> Array:
        return self._made(build.absolute(self.node))

    # comparisons and truths

    def __lt__(self, other: Any) -> Any:
        return self._compared(other, build.less)

    def __le__(self, other: Any) -> Any:
        return self._compared(other, build.less_equal)

    def __gt__(self, other: Any) -> Any:
        return self._compared(other, build.greater)

    def __ge__(self, other: Any) -> Any:
        return self._compared(other, build.greater_equal)

    def __eq__(self, other: Any) -> Any:
        return self._compared(other, build.equal)

    def __ne__(self, other: Any) -> Any:
        return self._compared(other, build.not_equal)

    def __and__(self, other: Any) -> Any:
        return self._compared(other, build.logical_and)

    def __or__(self, other: Any) -> Any:
        return self._compared(other, build.logical_or)

    __rand__ = __and__
    __ror__ = __or__

    def __invert__(self) -> Array:
        return self._made(build.logical_not(self.node), BOOL)

    # elements

    def __getitem__(self, key: Any) -> Array:
        return self._made(build.getitem(self.node, key))

    def __setitem__(self, key: Any, value: Any) -> None:
        self.write(build.index_put(self.node, key, as_node(value, self.binding)))

    def write(self, node: Node) -> None:
        """Hold another node; what this is a view of changes with it."""
        self.node = node
        if self._parent is not None:
            parent, positions = self._parent
            key = np.unravel_index(positions, parent.shape)
            parent.write(build.index_put(parent.node, key, node))

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
        """A diagonal of two axes: writing into it writes here."""
        part = self._made(build.diagonal(self.node, offset, axis1, axis2))
        own = np.arange(self.size).reshape(self.shape)
        part._parent = (self, np.diagonal(own, offset, axis1, axis2))
        return part

    def reshape(self, *shape: Any) -> Array:
        """The same elements in another shape."""
        wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        return self._made(build.reshape(self.node, wanted))

    def detach(self) -> Array:
        """The value without its history: the next derivative does not see through it."""
        return self._made(Stop(self.node))


def _operand(array: Array) -> Any:
    """A plain number where the array is one, so that it becomes part of the expression."""
    node = array.node
    if isinstance(node, Constant) and node.shape == () and build.is_number(node.value[()]):
        return node.value[()]
    return node


def _product(x: Any, y: Any) -> Node:
    """x · y, where 0 stays a factor: 0 · ∞ must not vanish unseen."""
    if build.is_number(x) and x == 0:
        x = Constant(0)
    if build.is_number(y) and y == 0:
        y = Constant(0)
    return build.multiply(x, y)


def _floor_quotient(x: Any, y: Any) -> Node:
    return build.elementwise(sp.floor, build.divide(x, y))


def _remainder(x: Any, y: Any) -> Node:
    return build.subtract(x, build.multiply(y, _floor_quotient(x, y)))


def as_array(value: Any, binding: Binding, dtype: Any = None) -> Array:
    """An array of numbers, or the array that the value is.

    Numbers stand for what `constants.meant` says.
    """
    if isinstance(value, Array):
        return value if dtype is None else Array(value.node, dtype, value.binding)
    found = np.asarray(value)
    kind = {"b": BOOL, "i": INTEGER, "u": INTEGER, "f": FLOAT}.get(found.dtype.kind, FLOAT)
    if found.ndim == 0:
        node: Node = Constant(binding.number(found[()]))
    elif found.dtype.kind == "f":
        flat = [binding.number(number) for number in found.ravel().tolist()]
        held = np.empty(len(flat), dtype=object)
        held[:] = flat
        node = Constant(held.reshape(found.shape))
    else:
        node = Constant(found)
    return Array(node, kind if dtype is None else dtype, binding)


def as_node(value: Any, binding: Binding) -> Node:
    """The node of a value; see :func:`as_array`."""
    return as_array(value, binding).node


def constants_of(array: Array) -> np.ndarray | None:
    """The numbers of an array that holds no symbols, or None."""
    if any(not isinstance(node, Constant) for node in topological([array.node])):
        return None
    return np.asarray(array.node.value)  # type: ignore[attr-defined]
