"""Wrong rules, as they are really made, and right ones that differ from the engine's own."""

from __future__ import annotations

from harmless import HARMLESS
from mistakes_families import FAMILIES
from mistakes_structure import STRUCTURE
from mistakes_values import VALUES

__all__ = ["HARMLESS", "MISTAKES"]

MISTAKES = (*VALUES, *STRUCTURE, *FAMILIES)
