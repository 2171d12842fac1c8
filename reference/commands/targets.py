"""What a command line names: functions, files, arrays."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["TargetError", "named_function", "split_named", "unwritable"]


class TargetError(ValueError):
    """Something on the command line that is not there, in one line."""


def named_function(target: str) -> Callable[..., Any]:
    """The function of `module:function` or `path/to/file.py:function`.

    Modules are looked for where Python looks, and in the current folder. Raises TargetError.

    >>> named_function("math:sqrt")(4)
    2.0
    """
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise TargetError(f"{target!r} names no function: write module:function")
    module = _file(place) if place.endswith(".py") else _module(place)
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise TargetError(f"{place} has no {name!r}")
        found = getattr(found, part)
    if not callable(found):
        raise TargetError(f"{target!r} is {type(found).__name__}, and cannot be called")
    function: Callable[..., Any] = found
    return function


def _module(place: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        raise TargetError(f"{place} cannot be imported: {error}") from None
    except (ImportError, SyntaxError) as error:
        raise TargetError(f"{place} cannot be imported: {_line(error)}") from error


def _file(place: str) -> Any:
    path = Path(place)
    if not path.is_file():
        raise TargetError(f"there is no file {place!r}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{place!r} cannot be loaded as a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError) as error:
        raise TargetError(f"{place} cannot be loaded: {_line(error)}") from error
    return module


def split_named(texts: list[str], option: str) -> dict[str, str]:
    """`x=3,4` as {"x": "3,4"}. Raises TargetError where there is no name.

    >>> split_named(["x=3,4", "y="], "--shape")
    {'x': '3,4', 'y': ''}
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise TargetError(f"{option} {text!r}: write {option} NAME=…, as in {option} x=3,4")
        found[name.strip()] = value.strip()
    return found


def unwritable(path: Path) -> str | None:
    """Why a file cannot be written, as far as can be told before anything is."""
    try:
        if path.is_dir():
            return "it is a folder"
        if not path.parent.is_dir():
            return f"there is no folder {str(path.parent)!r}"
        writable = os.access(path if path.exists() else path.parent, os.W_OK)
    except OSError as error:  # too long a name, say
        return error.strerror
    return None if writable else "permission denied"


def _line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}"
