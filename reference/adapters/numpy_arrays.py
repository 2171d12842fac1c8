"""Engines whose arguments are NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference.adapters.adapter import Adapter, Arrays, Function, strided
from reference.definitions import MissingDefinition
from reference.tensor import Tensor
from reference.trace.numpy_arrays import NotFollowed, as_numpy, as_tensor

__all__ = ["NumpyArrays"]


class NumpyArrays(Adapter):
    """Conversions for NumPy arrays; nothing says which of them ask for a gradient."""

    def recognises(self, value: Any) -> bool:
        return isinstance(value, (np.ndarray, np.generic))

    def asks(self, value: Any) -> bool:
        return False

    def adopt(self, content: np.ndarray, like: Any, *, layout: str = "plain") -> Any:
        array = content.astype(np.asarray(like).dtype)
        if layout == "plain":
            return np.ascontiguousarray(array).reshape(content.shape)
        whole, view = strided(array)
        return view(whole)

    def copies(self, content: np.ndarray, like: Any, count: int) -> Arrays:
        first = self.adopt(content, like)
        return [first, *(first.copy() for _ in range(count - 1))]

    def trace(self, f: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        def function(*given: Any) -> Any:
            try:
                return as_tensor(f(*(as_numpy(value) for value in given)))
            except RuntimeError as error:
                if "leaf Variable" not in str(error):
                    raise
            # f writes into its arguments: what it computes is seen on copies
            copies = (v.clone() if isinstance(v, Tensor) else v for v in given)
            return as_tensor(f(*(as_numpy(value) for value in copies)))

        return super().trace(function, tensors, arrays)

    def explain(self, definition: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        """Methods mean NumPy's, as in f itself; PyTorch's where NumPy's arrays have none."""
        try:
            return as_tensor(definition(*(as_numpy(value) for value in tensors)))
        except NotFollowed:
            raise
        except (TypeError, AttributeError, RuntimeError, MissingDefinition):
            return definition(*tensors)
