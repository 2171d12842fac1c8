"""Handles that remove hooks."""

from __future__ import annotations

import contextvars
import itertools
from collections.abc import Callable
from typing import Any

__all__ = ["RemovableHandle", "current_walk"]

# the pass that is running a node with hooks, which unpack hooks may ask for
current_walk: contextvars.ContextVar[Any] = contextvars.ContextVar("autodiff.walk", default=None)

_number = itertools.count().__next__


class RemovableHandle:
    """Removes a hook again: by `remove()`, or at the end of a `with` block."""

    __slots__ = ("_hooks", "id")

    def __init__(self, hooks: dict[int, Any], hook: Callable[..., Any]) -> None:
        self.id = _number()
        self._hooks = hooks
        hooks[self.id] = hook

    def remove(self) -> None:
        """Take the hook out; once it is out, nothing happens."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()
