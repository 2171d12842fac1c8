"""PyTorch's spellings, which are those of `autodiff` too: the names of the definitions, mostly."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from reference.audit.table import Maker, Table, path
from reference.definitions import definition, definitions

__all__ = ["TABLE"]

_HOMES = ("nn.functional", "", "linalg", "special")
_METHODS = ("put", "index_fill", "index_copy", "masked_scatter", "as_strided", "index_put", "view")
_OTHERS: dict[str, str | Maker] = {
    "lstsq": "linalg.lstsq",
    "pad": "nn.functional.pad",
    "getitem": lambda root: lambda x, key: x[key],
    "T": lambda root: lambda x: x.T,
    "mT": lambda root: lambda x: x.mT,
    "expand": lambda root: lambda x, *sizes: x.expand(*sizes),
    "repeat": lambda root: lambda x, *counts: x.repeat(*counts),
    "to": lambda root: lambda x: x.to(x.dtype),
    "istft": lambda root: lambda x, *args, **kwargs: root.istft(root.complex(*x), *args, **kwargs),
    "view_as_real": lambda root: lambda x: root.view_as_real(root.complex(*x)),
}

# Jumps wherever two numbers are equal, and nobody asks for it elsewhere.
_LEFT_OUT = frozenset({"mode"})


def _found(name: str) -> Maker:
    """Where PyTorch has the function of that name; AttributeError where it has none."""
    homes = list(_HOMES)
    if f"linalg.{name}" in definition(name).aliases:
        homes.insert(0, "linalg")

    def make(root: Any) -> Callable[..., Any]:
        for home in homes:
            function = getattr(path(root, home) if home else root, name, None)
            if callable(function):
                return partial(_called, function)
        raise AttributeError(name)

    return make


def _called(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


def _method(name: str) -> Maker:
    return lambda root: lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs)


def _fourier(name: str) -> Maker:
    """A pair of arrays stands for a complex one."""

    def make(root: Any) -> Callable[..., Any]:
        function = path(root, f"fft.{name}")

        def call(x: Any, *args: Any, **kwargs: Any) -> Any:
            return function(root.complex(*x) if isinstance(x, tuple) else x, *args, **kwargs)

        return call

    return make


def _place(name: str) -> str | Maker:
    if name in _OTHERS:
        return _OTHERS[name]
    if name in _METHODS:
        return _method(name)
    return _fourier(name) if "fft" in name else _found(name)


TABLE: Table = {
    row.name: _place(row.name)
    for row in definitions()
    if row.domain and row.name not in _LEFT_OUT and not row.name.startswith("_")
}
