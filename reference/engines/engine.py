"""What an adapter gives: a namespace with PyTorch's names, and what to call it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Engine", "EngineError"]


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine under test.

    name: as `--engine` takes it. version: as its distribution has it. namespace: the object whose
    `tensor`, `ones`, `no_grad`, `autograd` … a program uses.

    >>> import reference
    >>> Engine("mine", "1.0", reference).label
    'mine 1.0'
    """

    name: str
    version: str
    namespace: Any

    @property
    def label(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


class EngineError(LookupError):
    """An engine that is unknown, not installed, or does not load; the text says which."""
