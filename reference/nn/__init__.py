"""PyTorch's `nn`, as far as functions go."""

from __future__ import annotations

from reference.nn import functional

__all__ = ["functional"]
