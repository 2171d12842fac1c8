"""The commands of `python -m reference`, a module each, and what they share."""

from __future__ import annotations

__all__: list[str] = []
