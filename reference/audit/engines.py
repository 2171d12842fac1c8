"""Which function of an engine is which definition: tables, resolved when an engine is audited.

An engine of a user's own needs no table here: an adapter with a method `operations()` that gives a
mapping from names of definitions to functions of its arrays is audited as it is.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

from reference import adapters
from reference.adapters import Adapter
from reference.adapters.adapter import framework
from reference.audit import (
    engines_hips,
    engines_jax,
    engines_mygrad,
    engines_tinygrad,
    engines_torch,
)
from reference.audit.table import Table, resolved
from reference.engines.engine import EngineError
from reference.floats import format_of

__all__ = ["EngineUnderTest", "audited_engine", "engine_names"]

_ALIASES = {"autograd": "hips"}
# name: the module that everything hangs on, the modules to import, the table, the distribution
_ENGINES: dict[str, tuple[str, tuple[str, ...], Table, str]] = {
    "torch": ("torch", (), engines_torch.TABLE, "torch"),
    "autodiff": ("autodiff", (), engines_torch.TABLE, "autodiff-oracle"),
    "jax": ("jax", engines_jax.MODULES, engines_jax.TABLE, "jax"),
    "hips": ("autograd", engines_hips.MODULES, engines_hips.TABLE, "autograd"),
    "mygrad": ("mygrad", engines_mygrad.MODULES, engines_mygrad.TABLE, "mygrad"),
    "tinygrad": ("tinygrad", (), engines_tinygrad.TABLE, "tinygrad"),
}
_PREPARED: dict[str, Callable[[Any], None]] = {"jax": engines_jax.prepare}


@dataclass(frozen=True)
class EngineUnderTest:
    """An engine, loaded: its adapter, its functions by the definitions' names, its version.

    join: makes one array of several, where its derivatives are of functions with one output.
    """

    name: str
    adapter: Adapter
    operations: Mapping[str, Callable[..., Any]]
    version: str
    join: Callable[[list[Any]], Any] | None = None

    def array(self, content: np.ndarray, dtype: str) -> Any:
        """One of its arrays, from float64 numbers that the dtype holds.

        Raises EngineError for a dtype that the engine lacks.
        """
        if dtype != "bfloat16":
            return self.adapter.from_numpy(content.astype(dtype))
        plain = self.adapter.from_numpy(content.astype(np.float32))
        if self.name == "torch":
            return plain.bfloat16()
        if self.name == "jax":
            return plain.astype("bfloat16")
        raise EngineError(f"{self.name} has no bfloat16: choose another dtype")

    def flushes(self, dtype: str) -> bool:
        """Whether its arithmetic takes subnormal numbers for zero; measured.

        Some engines trade them for speed, and say so.
        """
        smallest = np.array([2.0 ** format_of(dtype).emin])
        halved = self.array(smallest, dtype) * self.array(np.array([0.5]), dtype)
        return not self.adapter.content(halved).any()

    def constant(self, content: np.ndarray) -> Any:
        """One of its arrays, of integers or bools."""
        if self.name == "mygrad":  # whose indices and conditions are NumPy's
            return content
        return self.adapter.from_numpy(content)


def engine_names() -> tuple[str, ...]:
    """The engines that can be audited, installed or not.

    >>> engine_names()[:3]
    ('torch', 'autodiff', 'jax')
    """
    own = tuple(
        name
        for name in adapters.names()
        if name not in _ENGINES and hasattr(_registered(name), "operations")
    )
    return (*_ENGINES, "autograd", *own)


def _registered(name: str) -> Adapter | None:
    with contextlib.suppress(EngineError):
        return adapters.adapter(name)
    return None


def audited_engine(name: str) -> EngineUnderTest:
    """Load an engine. Raises EngineError where it is unknown or not installed."""
    own = _ALIASES.get(name, name)
    used = adapters.adapter(own)
    offered = getattr(used, "operations", None)
    if offered is not None:
        return EngineUnderTest(name, used, dict(offered()), str(getattr(used, "version", "")))
    if own not in _ENGINES:
        raise EngineError(
            f"{name} has no operations of its own to audit: use one of {', '.join(engine_names())}"
        )
    root, modules, table, distribution = _ENGINES[own]
    loaded = used.namespace if own == "autodiff" else framework(root)  # type: ignore[attr-defined]
    for module in modules:
        with contextlib.suppress(ImportError):  # not in every version
            importlib.import_module(module)
    if own in _PREPARED:
        _PREPARED[own](loaded)
    join = engines_hips.join(loaded) if own == "hips" else None
    return EngineUnderTest(own, used, resolved(table, loaded), _version(distribution), join)


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed: a checkout"
