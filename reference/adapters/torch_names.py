"""Engines with PyTorch's names: `autograd.grad`, `requires_grad_`, `no_grad`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from reference.adapters.adapter import (
    Adapter,
    Arrays,
    Function,
    NotOffered,
    Pulled,
    flattened,
    strided,
)

__all__ = ["TorchNames"]

_NOT_OFFERED = (
    "not implemented",
    "once_differentiable",
    "forward ad",
    "does not support",
    "not supported",
    "derivative for",
    "not differentiable twice",
    "setup_context",
    "custom c++ autograd",
    "jvp",
)


class TorchNames(Adapter):
    """Reverse mode, and reverse over reverse, in PyTorch's spelling."""

    second_order: tuple[str, ...] = ("rr", "rc")
    expands = True

    @property
    def namespace(self) -> Any:
        """The framework, loaded."""
        raise NotImplementedError

    def recognises(self, value: Any) -> bool:
        kind: Any = type(value)
        return _package(kind) == self.name

    def is_complex(self, value: Any) -> bool:
        return self.recognises(value) and bool(value.dtype.is_complex)

    def is_float(self, value: Any) -> bool:
        return self.recognises(value) and bool(value.dtype.is_floating_point)

    def adopt(self, content: np.ndarray, like: Any, *, layout: str = "plain") -> Any:
        if layout == "plain":
            return self._placed(self.namespace.from_numpy(np.array(content, order="C")), like)
        if layout == "expanded":
            one = np.array(content.flat[0] if content.size else 1.0)
            return self._placed(self.namespace.from_numpy(one), like).expand(content.shape)
        whole, view = strided(content)
        array = self._placed(self.namespace.from_numpy(np.array(whole)), like)
        if content.ndim < 2:
            return view(array)
        return array[::2].permute(tuple(reversed(range(content.ndim))))

    def _placed(self, array: Any, like: Any) -> Any:
        return array if array.dtype is like.dtype else array.to(like.dtype)

    def copies(self, content: np.ndarray, like: Any, count: int) -> Arrays:
        first = self.adopt(content, like)
        return [first, *(first.clone() for _ in range(count - 1))]

    def from_numpy(self, array: np.ndarray) -> Any:
        return self.namespace.from_numpy(np.array(array))

    def pull(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], cotangents: Sequence[Arrays]
    ) -> Pulled:
        asked = self._leaves(arrays, wrt)
        outputs = flattened(f(*arrays))
        gradients = [self._grad(outputs, asked, given) for given in cotangents]
        return Pulled(outputs, gradients)

    def pull_each(
        self,
        f: Function,
        runs: Sequence[Arrays],
        wrt: Sequence[int],
        cotangents: Sequence[Arrays],
    ) -> list[Pulled]:
        """All forward passes, then all backward passes in one call.

        A call of the backward pass costs more than the nodes of a small function, which are run
        once for each of the forward passes all the same.
        """
        asked = [arrays[number].requires_grad_(True) for arrays in runs for number in wrt]
        outputs = [flattened(f(*arrays)) for arrays in runs]
        found = self._grad(
            [output for each in outputs for output in each],
            asked,
            [cotangent for each in cotangents for cotangent in each],
        )
        count = len(wrt)
        return [
            Pulled(each, [found[number * count : (number + 1) * count]])
            for number, each in enumerate(outputs)
        ]

    def _leaves(self, arrays: Arrays, wrt: Sequence[int]) -> Arrays:
        return [arrays[number].requires_grad_(True) for number in wrt]

    def _grad(
        self, outputs: Arrays, asked: Arrays, cotangents: Arrays, create_graph: bool = False
    ) -> Arrays:
        if len(outputs) != len(cotangents) or not all(map(_requires_grad, outputs)):
            pairs = zip(outputs, cotangents, strict=True)
            held = [(output, given) for output, given in pairs if _requires_grad(output)]
            if not held:
                return [None] * len(asked)
            outputs, cotangents = map(list, zip(*held, strict=True))
        if not outputs:
            return [None] * len(asked)
        found = self.namespace.autograd.grad(
            outputs,
            asked,
            cotangents,
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
        )
        return list(found)

    def second(
        self,
        mode: str,
        f: Function,
        arrays: Arrays,
        wrt: Sequence[int],
        cotangents: Arrays,
        tangents: Arrays,
    ) -> Arrays:
        try:
            return self._second(mode, f, arrays, wrt, cotangents, tangents)
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
        if mode not in ("rr", "rc"):
            raise NotOffered(f"{self.name} has no second derivatives in the mode {mode}")
        asked = self._leaves(arrays, wrt)
        outputs = flattened(f(*arrays))
        if mode == "rc":
            cotangents = [cotangent.requires_grad_(True) for cotangent in cotangents]
        first = self._grad(outputs, asked, cotangents, create_graph=True)
        pairs = [(g, u) for g, u in zip(first, tangents, strict=True) if g is not None]
        targets = asked if mode == "rr" else cotangents
        return self._grad([g for g, _ in pairs], targets, [u for _, u in pairs])

    @staticmethod
    def refusal(error: Exception) -> Exception:
        """The error as NotOffered, if it says that something is not implemented."""
        text = str(error)
        if isinstance(error, NotOffered):
            return error
        if isinstance(error, NotImplementedError) or any(
            part in text.lower() for part in _NOT_OFFERED
        ):
            return NotOffered(text.splitlines()[0][:200] if text else type(error).__name__)
        return error

    def source(self, name: str, values: str, dtype: str) -> str:
        flag = ", requires_grad=True"
        return f"{name} = {self.name}.tensor({values}, dtype={self.name}.{dtype}{flag})"


@lru_cache(maxsize=256)
def _package(kind: Any) -> str:
    return str(kind.__module__).partition(".")[0]


def _requires_grad(value: Any) -> bool:
    return bool(getattr(value, "requires_grad", False))
