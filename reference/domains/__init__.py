"""The kinds of numbers that a graph is evaluated over: exact, certified, rounded, closed form."""

from __future__ import annotations

__all__: list[str] = []
