"""PyTorch's `linalg`, one line for each definition that is one."""

from __future__ import annotations

from reference.functions import function

__all__ = ["inv", "norm", "solve", "vector_norm"]

inv = function("inv")
norm = function("vector_norm")
solve = function("solve")
vector_norm = function("vector_norm")
