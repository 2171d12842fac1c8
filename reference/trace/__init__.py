"""How functions written for NumPy, the Array API or an engine run on the oracle's tensors."""

from __future__ import annotations

__all__: list[str] = []
