"""Forward mode in PyTorch's spelling: `autograd.forward_ad`, `func.jvp`, and the mode pairs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from reference.adapters.adapter import Arrays, Function, flattened
from reference.adapters.torch_names import TorchNames

__all__ = ["TorchForward"]


class TorchForward(TorchNames):
    """Both modes, and the four pairs of them."""

    second_order = ("rr", "rc", "fr", "rf", "ff")
    forward_mode = True
    on_duals = False
    """Whether the second derivatives that dual tensors can give are taken from them.

    Otherwise reverse over forward comes from `func` first, and the gradients of forward over
    reverse are those by the dual tensors, which have a history where these are views.
    """

    def push(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], tangents: Arrays
    ) -> tuple[Arrays, Arrays]:
        forward = self.namespace.autograd.forward_ad
        try:
            with self._quiet(), forward.dual_level():
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
        if mode in ("rr", "rc"):
            return super()._second(mode, f, arrays, wrt, cotangents, tangents)
        with self._quiet():
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
        if mode == "rf" and not self.on_duals:
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
                chosen = asked if self.on_duals else [duals[number] for number in wrt]
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

    def _quiet(self) -> AbstractContextManager[None]:
        """Where warnings of the framework's own doing are not heard."""
        return nullcontext()

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


def _dual(forward: Any, arrays: Arrays, wrt: Sequence[int], tangents: Arrays) -> Arrays:
    duals = list(arrays)
    for number, tangent in zip(wrt, tangents, strict=True):
        duals[number] = forward.make_dual(arrays[number], tangent)
    return duals
