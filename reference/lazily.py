"""Names of a package that are loaded when they are first asked for.

Importing SymPy takes half a second, and who imports a package need not use all of it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["lazy"]


def lazy(
    package: str,
    names: Sequence[str],
    *,
    submodules: Sequence[str],
    default: str,
    modules: Mapping[str, Sequence[str]],
    renamed: Mapping[str, str],
    functions: Sequence[str],
) -> None:
    """Give a package its public names, each loaded at first use.

    names: all of them. submodules: those of them that are modules. default: the submodule that has
    a name which `modules` (submodule: names) does not place. renamed: what a name is called there.
    functions: names of functions that are names of submodules, too. They are properties of the
    package's class: loading the submodule would put the module in the function's place.
    """
    homes = {name: home for home, found in modules.items() for name in found}

    def load(name: str) -> Any:
        if name in submodules:
            return import_module(f"{package}.{name}")
        inner = renamed.get(name, name)
        return getattr(import_module(f"{package}.{homes.get(inner, default)}"), inner)

    def found(self: ModuleType, name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = self.__dict__[name] = load(name)
        return value

    def function(name: str) -> property:
        return property(
            lambda self: load(name),
            lambda self, value: None,  # the module, which Python sets when it has loaded it
        )

    members: dict[str, Any] = {name: function(name) for name in functions}
    members["__getattr__"] = found
    members["__dir__"] = lambda self: sorted({*self.__dict__, *names})
    sys.modules[package].__class__ = type("Package", (ModuleType,), members)
