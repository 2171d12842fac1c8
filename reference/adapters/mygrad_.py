"""MyGrad: reverse mode of the first order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference.adapters.adapter import Adapter, Arrays, Function, Pulled, flattened, framework
from reference.adapters.adapter import strided as strided_copy

__all__ = ["MygradAdapter"]


class MygradAdapter(Adapter):
    """Functions written with NumPy's names are traced; those of `mygrad` need a definition."""

    name = "mygrad"

    def recognises(self, value: Any) -> bool:
        return type(value).__module__.partition(".")[0] == "mygrad"

    def asks(self, value: Any) -> bool:
        return not value.constant

    def content(self, value: Any) -> np.ndarray:
        return np.asarray(getattr(value, "data", value)).astype(np.float64)

    def dtype(self, value: Any) -> str:
        return str(value.dtype)

    def from_numpy(self, array: np.ndarray) -> Any:
        return framework("mygrad").tensor(array)

    def adopt(self, content: np.ndarray, like: Any, *, layout: str = "plain") -> Any:
        array = content.astype(like.dtype)
        if layout == "strided":
            whole, view = strided_copy(array)
            array = view(whole)
        return framework("mygrad").tensor(array, copy=False)

    def pull(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], cotangents: Sequence[Arrays]
    ) -> Pulled:
        """MyGrad frees a graph that it has gone through: every backward pass has its own."""
        outputs: Arrays = []
        gradients = []
        for given in cotangents:
            for number in wrt:
                arrays[number].null_grad()
            outputs = flattened(f(*arrays))
            total = None
            for output, cotangent in zip(outputs, given, strict=True):
                part = (output * cotangent.data).sum()
                total = part if total is None else total + part
            if total is not None:
                total.backward()
            gradients.append([_copied(arrays[number].grad) for number in wrt])
        return Pulled(outputs or flattened(f(*arrays)), gradients)

    def source(self, name: str, values: str, dtype: str) -> str:
        return f"{name} = mygrad.tensor({values}, dtype=np.{dtype})"


def _copied(gradient: np.ndarray | None) -> np.ndarray | None:
    return None if gradient is None else np.array(gradient)
