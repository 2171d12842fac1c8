"""Engines by name. An adapter is imported when its engine is asked for, a framework never before.

An engine of one's own is an :class:`~reference.engines.engine.Engine` around a namespace with
PyTorch's names; it needs no entry here to be given to `reference.scenarios.run`.
"""

from __future__ import annotations

from difflib import get_close_matches

from reference.engines.engine import Engine, EngineError

__all__ = ["Engine", "EngineError", "load", "names"]

_NAMES = ("autodiff", "reference", "torch")


def names() -> tuple[str, ...]:
    """The engines that have an adapter, installed or not.

    >>> names()
    ('autodiff', 'reference', 'torch')
    """
    return _NAMES


def load(name: str) -> Engine:
    """The engine of that name, its framework imported.

    Raises EngineError where there is no such engine, or it is not installed.

    >>> load("reference").name
    'reference'
    >>> load("pytorch")
    Traceback (most recent call last):
    reference.engines.engine.EngineError: no engine 'pytorch': did you mean torch?
    """
    if name == "autodiff":
        from reference.engines import autodiff

        return autodiff.load()
    if name == "reference":
        from reference.engines import reference

        return reference.load()
    if name == "torch":
        from reference.engines import torch

        return torch.load()
    near = get_close_matches(name.lower(), _NAMES, n=1)
    advice = f"did you mean {near[0]}?" if near else f"use one of {', '.join(_NAMES)}"
    raise EngineError(f"no engine {name!r}: {advice}")
