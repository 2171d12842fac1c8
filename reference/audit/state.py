"""Results on disk as they come: JSON lines, so that whatever ends an audit, no result is lost.

Each line stands for itself: what was asked, with which versions, and the outcome. A rerun takes
over what has the same; a line that was cut off in the middle is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reference.audit.model import Outcome, Settings

__all__ = ["State"]

SCHEMA = "reference.audit-state/1"


class State:
    """A file of results, or none (path None), which remembers nothing.

    versions: of everything that results depend on. Raises OSError where the file cannot be read
    or written, ValueError where it is something else than a file of results.
    """

    def __init__(self, path: Path | None, settings: Settings, versions: Mapping[str, str]) -> None:
        self.path = path
        self._key = {
            "schema": SCHEMA, "settings": settings.fingerprint, "versions": dict(versions),
        }  # fmt: skip
        self.found: dict[tuple[str, str], Outcome] = {}
        self._torn = False
        if path is not None and path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        content = path.read_text(encoding="utf-8", errors="replace")
        self._torn = bool(content) and not content.endswith("\n")
        lines = content.splitlines()
        known = 0
        for line in lines:
            data = _parsed(line)
            if not isinstance(data, dict) or data.get("schema") != SCHEMA:
                continue
            known += 1
            if {name: data.get(name) for name in self._key} == self._key:
                outcome = Outcome.from_json(data["outcome"])
                self.found[outcome.operation, outcome.dtype] = outcome
        for key in [key for key, one in self.found.items() if one.error and not one.points]:
            del self.found[key]  # what came to nothing, whatever the reason, is tried again
        if lines and not known:
            raise ValueError(f"{str(path)!r} holds no results of an audit: name another file")

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome, on disk before this returns."""
        self.found[outcome.operation, outcome.dtype] = outcome
        if self.path is None:
            return
        line = json.dumps({**self._key, "outcome": outcome.as_json()}, allow_nan=False)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(("\n" if self._torn else "") + line + "\n")
        self._torn = False


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
