"""Tables of an engine's spellings.

A table maps the name of a definition to where the engine has it: a dotted path from the
framework's root module, or a function from that module to a callable. The callable takes the
definition's parameters, which are PyTorch's; `numpy_style` translates what NumPy spells otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

__all__ = ["Maker", "Table", "numpy_style", "path", "resolved"]

Maker = Callable[[Any], Callable[..., Any]]
Table = Mapping[str, str | Maker]

_RENAMED = {"dim": "axis", "keepdim": "keepdims", "correction": "ddof", "other": "x2"}


def path(root: Any, dotted: str) -> Any:
    """The attribute of an attribute … of a module; AttributeError where there is none.

    >>> import numpy
    >>> path(numpy, "linalg.det") is numpy.linalg.det
    True
    """
    found = root
    for name in dotted.split("."):
        found = getattr(found, name)
    return found


def resolved(table: Table, root: Any) -> dict[str, Callable[..., Any]]:
    """The functions that this version of the engine has, by the names of definitions."""
    found: dict[str, Callable[..., Any]] = {}
    for name, place in table.items():
        try:
            found[name] = path(root, place) if isinstance(place, str) else place(root)
        except AttributeError:
            continue  # this version of the engine has no such function
    return found


def numpy_style(dotted: str, **fixed: Any) -> Maker:
    """A function with NumPy's names of parameters, called with PyTorch's.

    fixed: further keyword arguments, always given.

    >>> import numpy
    >>> numpy_style("sum")(numpy)(numpy.ones((2, 3)), dim=1, keepdim=True).shape
    (2, 1)
    """

    def make(root: Any) -> Callable[..., Any]:
        return partial(_called, path(root, dotted), fixed)

    return make


def _called(function: Callable[..., Any], fixed: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    renamed = {_RENAMED.get(name, name): value for name, value in kwargs.items()}
    return function(*args, **renamed, **fixed)
