"""What an operation means that a rule calls: its definition, where its kernel needs numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.engines import autodiff_rules
from reference.prove.statements import statements

__all__ = ["meaning_of"]


def meaning_of(operation: Any) -> Callable[..., Any] | None:
    """The definition that the operation's statement names; None if its kernel runs on symbols."""
    statement = statements().get(autodiff_rules.view(operation).place)
    if statement is None or statement.kernel == "symbols":
        return None
    return statement.define
