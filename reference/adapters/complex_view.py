"""An engine's complex arrays as real ones with a last axis of two: the real and imaginary parts.

`check` knows real numbers only. This view of an adapter shows it the parts, and translates what
the engine calls the gradient of a complex array. With L the real number Σ Re(conj(c) · f) that
the cotangents c make of the outputs, there are two conventions among engines:

- PyTorch, autodiff: the gradient is ∂L/∂re + i ∂L/∂im, the cotangent is c;
- JAX, HIPS autograd (`conjugates`): it is ∂L/∂re - i ∂L/∂im, and the cotangent is conj(c).

Tangents of forward mode are the same in both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from reference.adapters.adapter import Adapter, Arrays, Function, Pulled, flattened
from reference.complexes import Complex, joined
from reference.complexes.formats import PartFormat
from reference.content import complex_array
from reference.dtypes import as_dtype
from reference.floats import format_of
from reference.graph import Node
from reference.tensor import Tensor

__all__ = ["ComplexView"]


class ComplexView(Adapter):
    """An adapter whose complex arrays are shown as pairs of real numbers.

    names: of the complex arguments, for the lines of code that repeat a failure.
    """

    def __init__(self, inner: Adapter, names: Collection[str] = ()) -> None:
        self.inner = inner
        self.names = frozenset(names)
        self.name = inner.name
        self.second_order = inner.second_order
        self.forward_mode = inner.forward_mode
        self.layouts = inner.layouts
        self.expands = inner.expands

    def recognises(self, value: Any) -> bool:
        return self.inner.recognises(value)

    def is_complex(self, value: Any) -> bool:
        return self.inner.is_complex(value)

    def is_float(self, value: Any) -> bool:
        return self.inner.is_float(value) or self.inner.is_complex(value)

    def asks(self, value: Any) -> bool:
        return self.inner.asks(value)

    def from_numpy(self, array: np.ndarray) -> Any:
        return self.inner.from_numpy(array)

    def content(self, value: Any) -> np.ndarray:
        if not self.inner.is_complex(value):
            return self.inner.content(value)
        array = self.inner.complex_content(value)
        return np.stack([array.real, array.imag], -1).astype(np.float64)

    def contents(self, values: Sequence[Any]) -> list[np.ndarray]:
        if any(self.inner.is_complex(value) for value in values):
            return [self.content(value) for value in values]
        return self.inner.contents(values)

    def bits(self, values: Sequence[Any]) -> list[Any]:
        """As above; cheap where there are no complex numbers."""
        first = next((value for value in values if value is not None), None)
        if first is None or self.inner.is_complex(first):
            return super().bits(values)
        try:
            return self.inner.bits(values)
        except TypeError:  # complex numbers among them
            return super().bits(values)

    def copies(self, content: np.ndarray, like: Any, count: int) -> Arrays:
        if self.inner.is_complex(like):
            return [self.adopt(content, like) for _ in range(count)]
        return self.inner.copies(content, like, count)

    def dtype(self, value: Any) -> str:
        name = self.inner.dtype(value)
        return PartFormat(format_of(name).name) if name.startswith("complex") else name

    def adopt(self, content: np.ndarray, like: Any, *, layout: str = "plain") -> Any:
        if not self.inner.is_complex(like):
            return self.inner.adopt(content, like, layout=layout)
        parts = np.asarray(content, dtype=np.float64)
        whole = np.empty(parts.shape[:-1], np.complex128)
        whole.real, whole.imag = parts[..., 0], parts[..., 1]
        return self.inner.adopt(whole, like, layout=layout)

    def _turned(self, values: Sequence[Any]) -> Arrays:
        """Cotangents or gradients in the other convention, where the engine has the other."""
        if not self.inner.conjugates:
            return list(values)
        return [
            self.inner.conjugate(value)
            if value is not None and self.inner.is_complex(value)
            else value
            for value in values
        ]

    def pull(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], cotangents: Sequence[Arrays]
    ) -> Pulled:
        if not self.inner.conjugates:
            return self.inner.pull(f, arrays, wrt, cotangents)
        found = self.inner.pull(f, arrays, wrt, [self._turned(given) for given in cotangents])
        return Pulled(found.outputs, [self._turned(given) for given in found.gradients])

    def pull_each(
        self,
        f: Function,
        runs: Sequence[Arrays],
        wrt: Sequence[int],
        cotangents: Sequence[Arrays],
    ) -> list[Pulled]:
        if not self.inner.conjugates:
            return self.inner.pull_each(f, runs, wrt, cotangents)
        given = [self._turned(each) for each in cotangents]
        found = self.inner.pull_each(f, runs, wrt, given)
        return [Pulled(p.outputs, [self._turned(g) for g in p.gradients]) for p in found]

    def push(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], tangents: Arrays
    ) -> tuple[Arrays, Arrays]:
        return self.inner.push(f, arrays, wrt, tangents)

    def second(
        self,
        mode: str,
        f: Function,
        arrays: Arrays,
        wrt: Sequence[int],
        cotangents: Arrays,
        tangents: Arrays,
    ) -> Arrays:
        found = self.inner.second(mode, f, arrays, wrt, self._turned(cotangents), tangents)
        return found if mode in ("ff", "rc") else self._turned(found)

    def _parts_as_complex(self, tensors: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
        """The oracle's tensors of parts as complex ones, where the arguments are complex."""
        return [
            _complex(given, self.inner.dtype(array))
            if self.inner.recognises(array) and self.inner.is_complex(array)
            else given
            for given, array in zip(tensors, arrays, strict=True)
        ]

    def trace(self, f: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        given = self._parts_as_complex(tensors, arrays)
        return [_real(part) for part in flattened(self.inner.trace(f, given, arrays))]

    def explain(self, definition: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        given = self._parts_as_complex(tensors, arrays)
        return [_real(part) for part in flattened(self.inner.explain(definition, given, arrays))]

    def source(self, name: str, values: str, dtype: str) -> str:
        if name not in self.names:
            return self.inner.source(name, values, dtype)
        return self.inner.complex_source(name, values, dtype)


def _complex(given: Tensor, dtype: str) -> Tensor:
    """A tensor of parts, as a complex one over the same node."""
    held = Tensor(given.cell, as_dtype(dtype), given.requires_grad)
    return held.pin(given.node) if given.requires_grad else held


def _real(result: Any) -> Any:
    """An output as nodes or tensors of parts."""
    if isinstance(result, Complex):
        return joined(result)
    if isinstance(result, (Tensor, Node)):
        return result.node if isinstance(result, Tensor) else result
    if isinstance(result, complex) or "complex" in str(getattr(result, "dtype", "")):
        array = np.asarray(complex_array(result))
        return np.stack([array.real, array.imag], -1).astype(np.float64)
    return result
