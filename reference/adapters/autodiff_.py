"""`autodiff`, the engine of this distribution."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from reference.adapters.adapter import Arrays
from reference.adapters.torch_forward import TorchForward
from reference.engines import autodiff

__all__ = ["AutodiffAdapter"]


class AutodiffAdapter(TorchForward):
    """Reverse and forward mode; functions are traced through its own dispatch."""

    name = "autodiff"
    on_duals = True

    @cached_property
    def namespace(self) -> Any:
        return autodiff.load().namespace

    def copies(self, content: np.ndarray, like: Any, count: int) -> Arrays:
        first = self.adopt(content, like)
        held = first.numpy()
        if held.dtype.kind != "f":
            return [first, *(first.clone() for _ in range(count - 1))]
        made = self.namespace.from_numpy  # of what a clone costs, two thirds
        return [first, *(made(held.copy()) for _ in range(count - 1))]

    def bits(self, values: Sequence[Any]) -> list[Any]:
        kinds = set(map(type, values))
        if len(kinds) > 1 or not all(map(self.recognises, values[:1])):
            return super().bits(values)
        arrays = [value.numpy(force=True) for value in values]
        return [(array.shape, array.dtype, array.tobytes()) for array in arrays]

    def content(self, value: Any) -> np.ndarray:
        array = value.numpy(force=True) if self.recognises(value) else value
        if array.dtype.kind != "f":  # bfloat16 among others
            return super().content(value)
        return np.array(array, dtype=np.float64)
