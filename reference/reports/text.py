"""Text of users made fit for documents."""

from __future__ import annotations

import re

__all__ = ["clean"]

# What XML 1.0 forbids, C1 controls and lone surrogates, and marks that turn the direction of
# what follows, with which a name could pose as another.
_UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff"
    "\u202a-\u202e\u2066-\u2069]"
)


def clean(text: str) -> str:
    r"""The text with what no XML document may hold written out, as Python would.

    >>> clean("a\x00b\ud800c")
    'a\\x00b\\ud800c'
    """
    return _UNFIT.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
