"""`autodiff`, the engine of this distribution."""

from __future__ import annotations

from typing import Any

from reference.adapters.torch_forward import TorchForward
from reference.engines import autodiff

__all__ = ["AutodiffAdapter"]


class AutodiffAdapter(TorchForward):
    """Reverse and forward mode; functions are traced through its own dispatch."""

    name = "autodiff"

    @property
    def namespace(self) -> Any:
        return autodiff.load().namespace
