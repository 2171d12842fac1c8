"""PyTorch: eager and compiled functions, custom `autograd.Function`s, any device and dtype."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from reference.adapters.adapter import Arrays, Function, NotOffered, flattened
from reference.adapters.torch_names import TorchNames
from reference.definitions import MissingDefinition
from reference.engines import torch as engine
from reference.trace.torch_graph import run_exported

__all__ = ["TorchAdapter"]


class TorchAdapter(TorchNames):
    """All four mode pairs, where the function's operations have them."""

    name = "torch"
    second_order = ("rr", "fr", "rf", "ff")
    forward_mode = True

    @property
    def namespace(self) -> Any:
        return engine.load().namespace

    def recognises(self, value: Any) -> bool:
        return any(part.__module__ == "torch" for part in type(value).__mro__)

    def _placed(self, array: Any, like: Any) -> Any:
        return array.to(dtype=like.dtype, device=like.device)

    def push(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], tangents: Arrays
    ) -> tuple[Arrays, Arrays]:
        forward = self.namespace.autograd.forward_ad
        try:
            with _quiet(), forward.dual_level():
                outputs = flattened(f(*_dual(forward, arrays, wrt, tangents)))
                pairs = [forward.unpack_dual(output) for output in outputs]
                return [p.primal for p in pairs], [p.tangent for p in pairs]
        except (RuntimeError, NotImplementedError) as error:
            raise self.refusal(error) from error

    def _second(
        self,
        mode: str,
        f: Function,
        arrays: Arrays,
        wrt: Sequence[int],
        cotangents: Arrays,
        tangents: Arrays,
    ) -> Arrays:
        if mode == "rr":
            return super()._second(mode, f, arrays, wrt, cotangents, tangents)
        with _quiet():
            return self._second_forward(mode, f, arrays, wrt, cotangents, tangents)

    def _second_forward(
        self,
        mode: str,
        f: Function,
        arrays: Arrays,
        wrt: Sequence[int],
        cotangents: Arrays,
        tangents: Arrays,
    ) -> Arrays:
        torch = self.namespace
        if mode == "ff":
            return self._twice_forward(f, arrays, wrt, tangents)
        if mode == "rf":
            try:
                return self._reverse_of_forward(f, arrays, wrt, cotangents, tangents)
            except (RuntimeError, NotImplementedError):
                pass  # what torch.func does not take may still work on dual tensors
        forward = torch.autograd.forward_ad
        asked = self._leaves(arrays, wrt)
        with forward.dual_level():
            duals = _dual(forward, arrays, wrt, tangents)
            outputs = flattened(f(*duals))
            if mode == "fr":
                chosen = [duals[number] for number in wrt]
                first = self._grad(outputs, chosen, cotangents, create_graph=True)
                return [None if g is None else forward.unpack_dual(g).tangent for g in first]
            pushed = [forward.unpack_dual(output).tangent for output in outputs]
            pairs = [(t, c) for t, c in zip(pushed, cotangents, strict=True) if t is not None]
            return self._grad([t for t, _ in pairs], asked, [c for _, c in pairs])

    def _reverse_of_forward(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], cotangents: Arrays, tangents: Arrays
    ) -> Arrays:
        torch = self.namespace
        outputs_of, primals = self._functional(f, arrays, wrt)

        def pushed(*chosen: Any) -> Any:
            return torch.func.jvp(outputs_of, chosen, tuple(tangents))[1]

        return list(torch.func.vjp(pushed, *primals)[1](tuple(cotangents)))

    def _twice_forward(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], tangents: Arrays
    ) -> Arrays:
        torch = self.namespace
        outputs_of, primals = self._functional(f, arrays, wrt)

        def pushed(*chosen: Any) -> Any:
            return torch.func.jvp(outputs_of, chosen, tuple(tangents))[1]

        return list(torch.func.jvp(pushed, primals, tuple(tangents))[1])

    @staticmethod
    def _functional(
        f: Function, arrays: Arrays, wrt: Sequence[int]
    ) -> tuple[Function, tuple[Any, ...]]:
        """f as a function of the chosen arguments, and these, as torch.func takes them."""

        def outputs_of(*chosen: Any) -> tuple[Any, ...]:
            given = list(arrays)
            for number, value in zip(wrt, chosen, strict=True):
                given[number] = value
            return tuple(flattened(f(*given)))

        return outputs_of, tuple(arrays[number].detach() for number in wrt)

    def trace(self, f: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        """Through `__torch_function__`; where that cannot see through, an exported ATen graph."""
        original = getattr(f, "_torchdynamo_orig_callable", f)
        try:
            return original(*tensors)
        except MissingDefinition as missing:
            try:
                return run_exported(self.namespace, original, tensors, arrays)
            except Exception:  # noqa: BLE001  # a user's function raises anything
                raise missing from None
        except Exception as first:  # noqa: BLE001
            try:
                return run_exported(self.namespace, original, tensors, arrays)
            except MissingDefinition:
                raise
            except Exception as second:
                raise NotOffered(
                    f"the function cannot be traced, neither on the oracle's tensors "
                    f"({_short(first)}) nor by make_fx ({_short(second)}): give its mathematics "
                    "as definition="
                ) from second


@contextmanager
def _quiet() -> Iterator[None]:
    """PyTorch's forward mode warns of its own use of `torch.jit.script`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*torch.jit.*", DeprecationWarning)
        yield


def _dual(forward: Any, arrays: Arrays, wrt: Sequence[int], tangents: Arrays) -> Arrays:
    duals = list(arrays)
    for number, tangent in zip(wrt, tangents, strict=True):
        duals[number] = forward.make_dual(arrays[number], tangent)
    return duals


def _short(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:120] if text else ''}"
