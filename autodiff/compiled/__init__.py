"""The compiled front of the common path, where it was built.

`core` does in C what `straight.py`, `straight_call.py` and the loop of `backward.py` do in the
common case, on the same objects, and calls the Python functions in every other case. Where there
was no compiler, or with `AUTODIFF_COMPILED=0` in the environment, it is None, and Python does it
all, with the same results.

`kernels` are operations on whole arrays that take NumPy many passes over memory, or for which it
has no vector code. What they compute is as accurate as what NumPy does where it is None, but not
the same to the last digit.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autodiff.modes import ERRORS

if TYPE_CHECKING:
    from autodiff.row import Row

__all__ = ["core", "in_front", "kernels"]


def _load(name: str) -> Any:
    if os.environ.get("AUTODIFF_COMPILED", "1") == "0":
        return None
    try:
        return importlib.import_module(f"autodiff.compiled.{name}")
    except ImportError:
        return None


def _load_core() -> Any:
    found = None if ERRORS is None else _load("core")
    # it knows the classes of one copy of the package
    return None if found is None or found.taken() else found


core = _load_core()
kernels = _load("kernels")


def in_front(row: Row, function: Callable[..., Any], shape: str) -> Callable[..., Any]:
    """`function` with its common case compiled; shape: ELEMENTWISE, CALL, VIEW or VIEWS."""
    if core is None:
        return function
    made: Callable[..., Any] = core.straight(row, function, getattr(core, shape), len(row.inputs))
    return made
