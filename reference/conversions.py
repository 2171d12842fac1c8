"""What a tensor's values become: Python numbers, arrays, text, proofs, other formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from reference import evaluate
from reference.cell import Cell
from reference.dtypes import DType, as_dtype, float32, float64
from reference.enclosure import Enclosure
from reference.grad_fn import GradFn
from reference.printing import tensor_text

__all__ = ["Conversions"]


class Conversions:
    """The part of a tensor that reads its values."""

    __slots__ = ()

    cell: Cell
    dtype: DType
    grad_fn: GradFn | None
    requires_grad: Any
    shape: Any
    ndim: Any
    numel: Callable[[], Any]
    apply: Callable[..., Any]

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Another format for the same exact values (nothing is rounded); devices are ignored."""
        wanted = kwargs.get("dtype")
        for given in args:
            if isinstance(given, Conversions):
                wanted = given.dtype
            elif not isinstance(given, (bool, str)) or str(given).startswith("float"):
                wanted = given
        dtype = self.dtype if wanted is None else as_dtype(wanted)
        if dtype == self.dtype:
            return self
        if dtype.is_complex and not self.dtype.is_complex:
            result = self.apply("complex", self, self.apply("mul", self, 0))
        elif self.dtype.is_complex and not dtype.is_complex:
            result = self.apply("real", self)
        else:
            rounds = self.dtype.is_floating_point and dtype.is_floating_point
            result = self.apply("to", self, *([dtype.name] if rounds else []))
        result.dtype = dtype
        return result

    def type(self, dtype: Any) -> Any:
        """The same as `to`."""
        return self.to(dtype=dtype)

    def float(self) -> Any:
        """To float32."""
        return self.to(float32)

    def double(self) -> Any:
        """To float64."""
        return self.to(float64)

    def half(self) -> Any:
        """To float16."""
        return self.to("float16")

    def bfloat16(self) -> Any:
        """To bfloat16."""
        return self.to("bfloat16")

    @property
    def exact(self) -> np.ndarray:
        """SymPy numbers: rationals where the values are rational, else closed forms.

        Of complex numbers (here and in :meth:`enclosure`), the two parts along a last axis more.

        Raises NotExact where neither is at hand: use :meth:`enclosure`.
        """
        return evaluate.exact_values(self.cell.node, self.cell.forward)

    def enclosure(self, precision: int = 128) -> Enclosure:
        """Balls that provably hold the values, computed with `precision` bits."""
        return evaluate.enclosure(self.cell.node, precision, self.cell.forward)

    def _rounded(self) -> np.ndarray:
        values = evaluate.rounded(self.cell.node, self.dtype, self.cell.forward)
        return values[..., 0] + 1j * values[..., 1] if self.dtype.is_complex else values

    def numpy(self) -> np.ndarray:
        """The values, each rounded correctly to the tensor's format."""
        if self.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() "
                "instead."
            )
        with np.errstate(over="ignore"):
            return self._rounded().astype(self.dtype.array_type)

    def tolist(self) -> Any:
        """Nested lists of Python numbers, each rounded correctly to the tensor's format."""
        return self._rounded().tolist()

    def item(self) -> Any:
        """The only element as a Python number."""
        if self.numel() != 1:
            raise RuntimeError(
                f"a Tensor with {self.numel()} elements cannot be converted to Scalar"
            )
        return self._rounded().reshape(-1)[0].item()

    def __float__(self) -> Any:
        return float(self._single())

    def __int__(self) -> int:
        return int(self._single())

    def __index__(self) -> int:
        return int(self._single())

    def _single(self) -> Any:
        if self.numel() != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.item()

    def __bool__(self) -> bool:
        if self.numel() == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        if self.numel() != 1:
            raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
        return bool(self.item())

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.apply("unbind", self))

    def __repr__(self) -> str:
        if any(not isinstance(size, (int, np.integer)) for size in self.shape):
            return f"tensor(..., size={tuple(self.shape)})"
        name = None if self.grad_fn is None else self.grad_fn.name()
        try:
            values = self._rounded()
        except ValueError:  # a variable without data
            return f"tensor(..., size={tuple(self.shape)})"
        return tensor_text(values, self.dtype, self.requires_grad, name)

    def __format__(self, spec: str) -> str:
        if self.ndim == 0 and not self.requires_grad:
            return format(self.item(), spec)
        return object.__format__(self, spec)
