"""PyTorch: eager and compiled functions, custom `autograd.Function`s, any device and dtype."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from reference.adapters.adapter import Function, NotOffered
from reference.adapters.torch_forward import TorchForward
from reference.definitions import MissingDefinition
from reference.engines import torch as engine
from reference.tensor import Tensor
from reference.trace.torch_trace import run_traced, short

__all__ = ["TorchAdapter"]

_STACKED = 4096  # elements up to which arrays are put together to be brought over


class TorchAdapter(TorchForward):
    """All four mode pairs, where the function's operations have them."""

    name = "torch"

    @cached_property
    def namespace(self) -> Any:
        return engine.load().namespace

    def recognises(self, value: Any) -> bool:
        kind: Any = type(value)
        return _is_torchs(kind)

    def _placed(self, array: Any, like: Any) -> Any:
        return array.to(dtype=like.dtype, device=like.device)

    def content(self, value: Any) -> np.ndarray:
        """Its numbers; zeros and changes of sign that PyTorch puts off are done first."""
        if not isinstance(value, self.namespace.Tensor):
            return super().content(value)
        if value._is_zerotensor():
            return np.zeros(tuple(value.shape))
        return super().content(value.resolve_neg())

    def contents(self, values: Sequence[Any]) -> list[np.ndarray]:
        """Small arrays that are alike are brought over together."""
        together = self._together(values)
        return super().contents(values) if together is None else list(together)

    def bits(self, values: Sequence[Any]) -> list[Any]:
        together = self._together(values)
        if together is None:
            return super().bits(values)
        shape, numbers = together.shape[1:], together.tobytes()
        size = len(numbers) // len(values)
        return [(shape, numbers[k * size : (k + 1) * size]) for k in range(len(values))]

    def _together(self, values: Sequence[Any]) -> np.ndarray | None:
        """The contents of small arrays that are alike, along a first axis; None of others."""
        if len(values) < 3 or len(set(map(type, values))) > 1:
            return None
        if not self.recognises(values[0]) or values[0].numel() > _STACKED:
            return None
        if len({(value.dtype, value.device) for value in values}) > 1:
            return None
        with suppress(RuntimeError, TypeError, ValueError):  # of different shapes, or of a kind
            with self.namespace.no_grad():  # that cannot be put together
                together = self.namespace.stack(values)
            return self.content(together)
        return None

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """PyTorch's forward mode warns of its own use of `torch.jit.script`."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*torch.jit.*", DeprecationWarning)
            yield

    def parameters(self, f: Any) -> dict[str, Any]:
        if not isinstance(f, self.namespace.nn.Module):
            return {}
        return {_plain_name(name): held for name, held in f.named_parameters()}

    def call_with(self, f: Any, parameters: Mapping[str, Any], arguments: Sequence[Any]) -> Any:
        """The module with these parameters and copies of its buffers.

        The oracle's tensors are put into the modules' tables of parameters for the call;
        `functional_call` takes none but PyTorch's.
        """
        if any(isinstance(value, Tensor) for value in parameters.values()):
            module = getattr(f, "_orig_mod", f)
            with _exchanged(module, parameters):
                return module(*arguments)
        names = {_plain_name(name): name for name, _ in f.named_parameters()}
        held = {names[name]: value for name, value in parameters.items()}
        held.update({name: buffer.clone() for name, buffer in f.named_buffers()})
        return self.namespace.func.functional_call(f, held, tuple(arguments))

    def trace(self, f: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        """Through `__torch_function__`; where that cannot see through, by a watched run."""
        original = getattr(f, "_torchdynamo_orig_callable", f)
        try:
            return run_traced(self.namespace, original, tensors, arrays)
        except (MissingDefinition, NotOffered):
            raise
        except Exception as first:
            second = first.__cause__
            again = "" if second is None else f" nor in a watched run ({short(second)})"
            raise NotOffered(
                f"the function cannot be traced, neither on the oracle's tensors ({short(first)})"
                f"{again}: give its mathematics as definition="
            ) from first


@lru_cache(maxsize=256)
def _is_torchs(kind: Any) -> bool:
    return any(part.__module__ == "torch" for part in kind.__mro__)


def _plain_name(name: str) -> str:
    """The parameter's name in the module as it was before it was compiled."""
    return name.removeprefix("_orig_mod.")


@contextmanager
def _exchanged(module: Any, parameters: Mapping[str, Any]) -> Iterator[None]:
    """A module that holds the oracle's tensors for its parameters, and copies of its buffers."""
    held: list[tuple[dict[str, Any], dict[str, Any]]] = []
    by_identity = dict(module.named_parameters(remove_duplicate=False))
    first = {id(held): name for name, held in reversed(list(by_identity.items()))}
    try:
        for prefix, part in module.named_modules(remove_duplicate=False):
            for table in (part._parameters, part._buffers):
                held.append((table, dict(table)))
                for name, value in list(table.items()):
                    whole = f"{prefix}.{name}" if prefix else name
                    own = first.get(id(value), whole)
                    if own in parameters:
                        table[name] = parameters[own]
                    elif value is not None and table is part._buffers:
                        table[name] = value.clone()
        yield
    finally:
        for table, before in reversed(held):
            table.clear()
            table.update(before)
