"""Every defined operation of an engine, held to its definition at the special points.

`audit` gives results piece by piece; `python -m reference audit` writes them down.
"""

from __future__ import annotations

from reference.audit.engines import EngineUnderTest, audited_engine, engine_names
from reference.audit.model import MODES, SYMBOLS, Finding, Outcome, Piece, Settings
from reference.audit.work import audit, audit_piece, examine_point

__all__ = [
    "MODES",
    "SYMBOLS",
    "EngineUnderTest",
    "Finding",
    "Outcome",
    "Piece",
    "Settings",
    "audit",
    "audit_piece",
    "audited_engine",
    "engine_names",
    "examine_point",
]
