"""Printing that no terminal and no name can spoil."""

from __future__ import annotations

import sys

__all__ = ["printable", "show"]


def printable(text: str) -> str:
    """Text without control characters: a name may hold escape sequences for terminals.

    >>> printable("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    kept = (c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode("ascii")
            for c in text)  # fmt: skip
    return "".join(kept)


def show(text: str = "") -> None:
    """Print, whatever the encoding of the standard output can say; at once, for those who wait."""
    encoding = sys.stdout.encoding or "utf-8"
    safe = printable(text)
    print(safe.encode(encoding, "backslashreplace").decode(encoding), flush=True)
