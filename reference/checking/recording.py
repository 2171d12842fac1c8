"""Whoever asks is told of every check that is made.

`recording` is for one context (a thread, a task), as `no_grad` is. The pytest plugin is asked
besides, where pytest has loaded it: it cannot open a `recording` before the first test imports
the oracle, and importing the oracle for tests that do not use it would cost them half a second.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from reference.checking.report import Report

__all__ = ["PLUGIN", "record", "recording"]

PLUGIN = "pytest_reference"
Listener = Callable[[Report], None]

_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("reference.checking", default=())


@contextmanager
def recording(listener: Listener) -> Iterator[None]:
    """Within the block, `listener` is given the report of every check.

    >>> from reference.checking.report import Report
    >>> made = []
    >>> with recording(made.append):
    ...     record(Report("f", "pair", (), 0, 1.0))
    >>> [report.function for report in made]
    ['f']
    """
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


def record(report: Report) -> None:
    """Tell all who listen of a check that was made."""
    for listener in _listeners.get():
        listener(report)
    plugin = sys.modules.get(PLUGIN)
    if plugin is not None:
        plugin.told(report)
