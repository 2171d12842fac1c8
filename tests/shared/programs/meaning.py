"""What a program means: values written to places of memories, as formulas of the oracle.

A memory is one vector, a node of `reference.graph`. A tensor is a memory and the place of each
of its elements in it, as a strided NumPy array of places, so that NumPy's own views say what a
view shows. Reading takes the elements at the places; writing gives the memory another node, in
which the elements at the places are new. There are no versions, histories or nodes of a recorded
graph: all that is known of the engine's bookkeeping is what it should amount to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference import build
from reference.definitions import definition
from reference.graph import Node

__all__ = ["Meaning", "Namespace"]


class _Memory:
    def __init__(self, content: Node) -> None:
        self.content = content


class Meaning:
    """A tensor of the program."""

    def __init__(self, memory: _Memory, places: np.ndarray, space: Namespace) -> None:
        self.memory = memory
        self.places = places
        self.space = space

    @property
    def shape(self) -> tuple[int, ...]:
        return self.places.shape

    @property
    def ndim(self) -> int:
        return self.places.ndim

    def numel(self) -> int:
        return self.places.size

    def read(self) -> Node:
        """The elements, as they are now."""
        return build.take(self.memory.content, self.places)

    def _made(self, node: Node) -> Meaning:
        return self.space.fresh(node if self.space.recording else build.stop(node))

    def write(self, node: Node) -> Meaning:
        """Other elements in the places, from here on."""
        new = build.broadcast_to(node, self.places.shape)
        if not self.space.recording:  # the numbers change, the history does not
            old = self.read()
            new = build.add(old, build.stop(build.subtract(new, old)))
        flat = build.reshape(new, (self.places.size,))
        self.memory.content = build.index_put(
            self.memory.content, (np.array(self.places).ravel(),), flat
        )
        return self

    def _view(self, places: np.ndarray) -> Meaning:
        return Meaning(self.memory, places, self.space)

    # views

    def __getitem__(self, key: Any) -> Meaning:
        if isinstance(key, np.ndarray | list) or _holds_arrays(key):
            return self._made(build.take(self.memory.content, self.places[key]))
        key = key if isinstance(key, tuple) else (key,)
        return self._view(self.places[key if Ellipsis in key else (*key, ...)])

    def t(self) -> Meaning:
        return self._view(self.places.T)

    @property
    def mT(self) -> Meaning:
        return self._view(self.places.swapaxes(-1, -2))

    def view(self, *shape: Any) -> Meaning:
        return self.reshape(*shape)

    def reshape(self, *shape: Any) -> Meaning:
        given = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
        places = self.places.reshape(given)
        if places.size and not np.shares_memory(places, self.places):
            return self._made(build.take(self.memory.content, places))
        return self._view(places)

    def flatten(self) -> Meaning:
        return self.reshape(-1)

    def unsqueeze(self, dim: int) -> Meaning:
        return self._view(np.expand_dims(self.places, dim))

    def squeeze(self, dim: int | None = None) -> Meaning:
        if dim is None:
            return self._view(np.squeeze(self.places))
        one = self.ndim > 0 and self.places.shape[dim] == 1
        return self._view(np.squeeze(self.places, dim) if one else self.places)

    def transpose(self, first: int, second: int) -> Meaning:
        return self._view(self.places.swapaxes(first, second) if self.ndim else self.places)

    def permute(self, *dims: int) -> Meaning:
        return self._view(self.places.transpose(dims))

    def movedim(self, source: int, target: int) -> Meaning:
        return self._view(np.moveaxis(self.places, source, target) if self.ndim else self.places)

    def expand(self, *sizes: int) -> Meaning:
        lead = len(sizes) - self.ndim
        known = (1,) * lead + self.shape
        return self._view(
            np.broadcast_to(
                self.places, [k if s == -1 else s for s, k in zip(sizes, known, strict=True)]
            )
        )

    def expand_as(self, other: Meaning) -> Meaning:
        return self._view(np.broadcast_to(self.places, other.shape))

    def diagonal(self) -> Meaning:
        return self._view(self.places.diagonal())

    def narrow(self, dim: int, start: int, length: int) -> Meaning:
        return self._view(self.places[self._along(dim, slice(start, start + length))])

    def select(self, dim: int, index: int) -> Meaning:
        return self._view(self.places[(*self._along(dim, index), ...)])

    def _along(self, dim: int, part: Any) -> tuple[Any, ...]:
        return (*(slice(None),) * (dim % self.ndim), part)

    # new tensors

    def clone(self) -> Meaning:
        return self._made(self.read())

    def _with(self, function: Callable[..., Node], *others: Any) -> Meaning:
        return self._made(function(self.read(), *(_node(one) for one in others)))

    def __add__(self, other: Any) -> Meaning:
        return self._with(build.add, other)

    def __sub__(self, other: Any) -> Meaning:
        return self._with(build.subtract, other)

    def __mul__(self, other: Any) -> Meaning:
        return self._with(build.multiply, other)

    def __truediv__(self, other: Any) -> Meaning:
        return self._with(build.divide, other)

    def __rsub__(self, other: Any) -> Meaning:
        return self._made(build.subtract(other, self.read()))

    def __neg__(self) -> Meaning:
        return self._with(build.negative)

    def square(self) -> Meaning:
        return self._made(build.multiply(self.read(), self.read()))

    def sin(self) -> Meaning:
        return self._with(definition("sin").function)

    def cos(self) -> Meaning:
        return self._with(definition("cos").function)

    def relu(self) -> Meaning:
        return self._with(build.maximum, 0)

    def abs(self) -> Meaning:
        return self._with(build.absolute)

    def sum(self, dim: Any = None, keepdim: bool = False) -> Meaning:
        return self._made(build.sum(self.read(), dim, keepdim))

    def mean(self, dim: Any = None) -> Meaning:
        return self._made(build.mean(self.read(), dim))

    def cumsum(self, dim: int) -> Meaning:
        return self._made(build.cumsum(self.read(), dim) if self.ndim else self.read())

    # writes

    def __setitem__(self, key: Any, value: Any) -> None:
        held = _node(value)
        target = self._view(self.places[key])
        while isinstance(held, Node) and held.ndim > target.ndim:
            held = build.reshape(held, held.shape[1:])  # of size one: dropped by assignment
        target.write(build.node(held))

    def add_(self, other: Any) -> Meaning:
        return self.write(build.add(self.read(), _node(other)))

    def sub_(self, other: Any) -> Meaning:
        return self.write(build.subtract(self.read(), _node(other)))

    def mul_(self, other: Any) -> Meaning:
        return self.write(build.multiply(self.read(), _node(other)))

    __iadd__, __isub__, __imul__ = add_, sub_, mul_

    def neg_(self) -> Meaning:
        return self.write(build.negative(self.read()))

    def sin_(self) -> Meaning:
        return self.write(definition("sin").function(self.read()))

    def cos_(self) -> Meaning:
        return self.write(definition("cos").function(self.read()))

    def relu_(self) -> Meaning:
        return self.write(build.maximum(self.read(), 0))

    def square_(self) -> Meaning:
        return self.write(build.multiply(self.read(), self.read()))

    def zero_(self) -> Meaning:
        return self.write(build.node(0))

    def fill_(self, value: Any) -> Meaning:
        return self.write(build.node(_node(value)))

    def copy_(self, source: Any) -> Meaning:
        return self.write(build.node(_node(source)))


def _holds_arrays(key: Any) -> bool:
    return isinstance(key, tuple) and any(isinstance(part, np.ndarray | list) for part in key)


def _node(value: Any) -> Any:
    return value.read() if isinstance(value, Meaning) else value


class Namespace:
    """What a program calls T: enough of PyTorch's names for the statements about memory."""

    float64 = np.float64
    __name__ = "meaning"

    def __init__(self, leaves: Sequence[Node]) -> None:
        """leaves: what the tensors that require a gradient are, in their order."""
        self.recording = True
        self.leaves = iter(leaves)

    def fresh(self, node: Node) -> Meaning:
        """A tensor with memory of its own."""
        flat = build.reshape(node, (int(node.size),))
        return Meaning(_Memory(flat), np.arange(int(node.size)).reshape(node.shape), self)

    def stack(self, tensors: list[Meaning], dim: int = 0) -> Meaning:
        return tensors[0]._made(build.stack([one.read() for one in tensors], dim))

    def cat(self, tensors: list[Meaning], dim: int = 0) -> Meaning:
        return tensors[0]._made(build.concat([one.read() for one in tensors], dim))

    def tensor(self, data: Any, dtype: Any = None, requires_grad: bool = False) -> Any:
        """A leaf, a constant; without a dtype, an index."""
        if dtype is None:
            return np.array(data)
        return self.fresh(
            next(self.leaves) if requires_grad else build.node(np.array(data, dtype))
        )

    def no_grad(self) -> Any:
        return _Quiet(self)


class _Quiet:
    def __init__(self, space: Namespace) -> None:
        self.space = space

    def __enter__(self) -> None:
        self.space.recording = False

    def __exit__(self, *error: object) -> None:
        self.space.recording = True
