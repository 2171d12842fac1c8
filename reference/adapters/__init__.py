"""Engines as `check` sees them, one small module for each framework.

An adapter is found by the types of the arguments, or by its name; its framework is loaded when
it is used. One of your own is given as `engine=`, or registered:

    register(MyAdapter())
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any

import numpy as np

from reference.adapters.adapter import Adapter, NotOffered, Pulled
from reference.adapters.pair import Pair
from reference.adapters.trees import leaves
from reference.engines.engine import EngineError

__all__ = [
    "Adapter",
    "NotOffered",
    "Pair",
    "Pulled",
    "adapter",
    "names",
    "recognised",
    "register",
]

_MODULES = {
    "autodiff": ("reference.adapters.autodiff_", "AutodiffAdapter"),
    "torch": ("reference.adapters.torch_", "TorchAdapter"),
    "jax": ("reference.adapters.jax_", "JaxAdapter"),
    "hips": ("reference.adapters.hips", "HipsAdapter"),
    "mygrad": ("reference.adapters.mygrad_", "MygradAdapter"),
    "tinygrad": ("reference.adapters.tinygrad_", "TinygradAdapter"),
    "pair": ("reference.adapters.pair", "PairAdapter"),
}
_OWNERS = {
    "autodiff": "autodiff",
    "torch": "torch",
    "jax": "jax",
    "jaxlib": "jax",
    "mygrad": "mygrad",
    "tinygrad": "tinygrad",
}
_registered: dict[str, Adapter] = {}


def names() -> tuple[str, ...]:
    """The engines that have an adapter, installed or not.

    >>> names()[:3]
    ('autodiff', 'torch', 'jax')
    """
    return (*_MODULES, *(name for name in _registered if name not in _MODULES))


def register(new: Adapter) -> Adapter:
    """Let `check` recognise the arrays of a further engine; returns the adapter."""
    _registered[new.name] = new
    return new


def adapter(name: str) -> Adapter:
    """The adapter of that name. Raises EngineError where there is none."""
    if name in _registered:
        return _registered[name]
    if not isinstance(name, str):
        raise EngineError(f"engine={name!r}: give an adapter, or a name: {', '.join(names())}")
    if name not in _MODULES:
        near = get_close_matches(name.lower(), names(), n=1)
        advice = f"did you mean {near[0]}?" if near else f"use one of {', '.join(names())}"
        raise EngineError(f"no engine {name!r}: {advice}")
    module, kind = _MODULES[name]
    made: Adapter = getattr(importlib.import_module(module), kind)()
    return made


def recognised(f: Any, arrays: Sequence[Any]) -> Adapter:
    """The adapter for a function of these arguments, by their types.

    Raises EngineError where no argument belongs to a known engine.
    """
    if isinstance(f, Pair):
        return adapter("pair")
    for value in leaves([f, *arrays]):
        for kind in type(value).__mro__:
            owner = _OWNERS.get(kind.__module__.partition(".")[0])
            if owner is not None:
                return adapter(owner)
        for known in _registered.values():
            if known.recognises(value):
                return known
    if any(isinstance(value, (np.ndarray, np.generic)) for value in leaves(arrays)):
        if find_spec("autograd") is None:  # HIPS autograd is the engine whose arrays are NumPy's
            raise EngineError(
                "the arguments are NumPy arrays, and f alone has no derivative to be checked: "
                "give Pair(f, vjp), or name the engine as engine= "
                f"({', '.join(name for name in names() if name != 'pair')})"
            )
        return adapter("hips")
    kinds = ", ".join(type(value).__name__ for value in arrays) or "no arguments"
    raise EngineError(
        f"no engine is known by its arrays for {kinds}: give arrays of the engine under test, "
        "or its name as engine="
    )
