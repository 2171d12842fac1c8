"""The engine of this distribution."""

from __future__ import annotations

from reference.engines.engine import Engine

__all__ = ["load"]


def load() -> Engine:
    """`autodiff` itself.

    >>> load().name
    'autodiff'
    """
    import autodiff

    return Engine("autodiff", autodiff.__version__, autodiff)
