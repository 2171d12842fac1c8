"""`autodiff`, the engine of this distribution."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from reference.adapters.torch_forward import TorchForward
from reference.engines import autodiff

__all__ = ["AutodiffAdapter"]


class AutodiffAdapter(TorchForward):
    """Reverse and forward mode; functions are traced through its own dispatch."""

    name = "autodiff"

    @cached_property
    def namespace(self) -> Any:
        return autodiff.load().namespace

    def content(self, value: Any) -> np.ndarray:
        array = value.detach().numpy() if self.recognises(value) else value
        if array.dtype.kind != "f":  # bfloat16 among others
            return super().content(value)
        return np.array(array, dtype=np.float64)
