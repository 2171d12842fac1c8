"""Methods of `Tensor` that tell its size, and how it lies in memory."""

from __future__ import annotations

import math
from typing import Any

from autodiff.functions import shapes
from autodiff.functions.arguments import axis
from autodiff.state import TensorState, storage

__all__ = ["Layout"]


class Layout(TensorState):
    """Methods of `Tensor` that tell its size, and how it lies in memory."""

    __slots__ = ()
    _base: Any
    shape: Any

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self.shape[axis(dim, self._data.ndim)]

    def stride(self, dim: int | None = None) -> Any:
        """Elements to skip in memory for one step along each dimension."""
        data = storage(self)
        steps = [step // data.itemsize for step in data.strides]
        if not data.size and not any(steps):  # NumPy's arrays of nothing; PyTorch counts them as 1
            steps = [math.prod(max(n, 1) for n in data.shape[k + 1 :]) for k in range(data.ndim)]
        for place, size in reversed(list(enumerate(data.shape))):
            if size == 1 and not steps[place]:  # NumPy's new axes; PyTorch counts from the next
                last = place + 1 == len(steps)
                steps[place] = 1 if last else data.shape[place + 1] * steps[place + 1]
        return tuple(steps) if dim is None else steps[axis(dim, data.ndim)]

    def storage_offset(self) -> int:
        """Elements between the start of the base's memory and this view's first element."""
        base = self._base
        if base is None or not self._data.size:
            return 0
        start = storage(self).__array_interface__["data"][0]
        origin = storage(base).__array_interface__["data"][0]
        return (start - origin) // self._data.itemsize  # type: ignore[no-any-return]

    def data_ptr(self) -> int:
        """The address of the first element."""
        return storage(self).__array_interface__["data"][0]  # type: ignore[no-any-return]

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory in row-major order without gaps."""
        return storage(self).flags.c_contiguous  # type: ignore[no-any-return]

    def contiguous(self, memory_format: Any = None) -> Any:
        """Itself if contiguous, otherwise a contiguous copy."""
        return self if self.is_contiguous() else shapes.contiguous(self)
