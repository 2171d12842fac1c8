"""What the pytest plugin does once the oracle is used; `pytest_reference` has the hooks."""

from __future__ import annotations

from reference.plugin.fixture import Oracle
from reference.plugin.session import Session

__all__ = ["Oracle", "Session"]
