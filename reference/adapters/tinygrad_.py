"""tinygrad: reverse mode of any order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reference.adapters.adapter import Adapter, Arrays, Function, Pulled, flattened, framework
from reference.trace.tinygrad_uops import run_traced

__all__ = ["TinygradAdapter"]


class TinygradAdapter(Adapter):
    """Reverse mode; functions are traced through the graph that tinygrad makes of them."""

    name = "tinygrad"
    layouts = False
    second_order = ("rr",)

    def recognises(self, value: Any) -> bool:
        return type(value).__module__.partition(".")[0] == "tinygrad"

    def dtype(self, value: Any) -> str:
        kind = framework("tinygrad").dtypes
        names = {"half": "float16", "float": "float32", "double": "float64"}
        for short in ("half", "float", "double", "bfloat16"):
            if value.dtype == getattr(kind, short):
                return names.get(short, short)
        return str(value.dtype)

    def content(self, value: Any) -> np.ndarray:
        wide = value.float() if self.dtype(value) == "bfloat16" else value
        return np.asarray(wide.detach().numpy()).astype(np.float64)

    def is_float(self, value: Any) -> bool:
        return self.recognises(value) and bool(framework("tinygrad").dtypes.is_float(value.dtype))

    def from_numpy(self, array: np.ndarray) -> Any:
        flat = np.ascontiguousarray(array)  # a number would be a constant of its own kind
        return framework("tinygrad").Tensor(flat).reshape(array.shape)

    def adopt(self, content: np.ndarray, like: Any, *, layout: str = "plain") -> Any:
        tensor = framework("tinygrad").Tensor
        return tensor(np.ascontiguousarray(content)).reshape(content.shape).cast(like.dtype)

    def pull(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], cotangents: Sequence[Arrays]
    ) -> Pulled:
        outputs = flattened(f(*arrays))
        asked = [arrays[number] for number in wrt]
        return Pulled(outputs, [_gradient(outputs, asked, given) for given in cotangents])

    def second(
        self,
        mode: str,
        f: Function,
        arrays: Arrays,
        wrt: Sequence[int],
        cotangents: Arrays,
        tangents: Arrays,
    ) -> Arrays:
        if mode != "rr":
            return super().second(mode, f, arrays, wrt, cotangents, tangents)
        asked = [arrays[number] for number in wrt]
        first = _gradient(flattened(f(*arrays)), asked, cotangents)
        return _gradient(first, asked, tangents)

    def trace(self, f: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        """Through tinygrad's own graph of operations."""
        return run_traced(framework("tinygrad"), f, tensors, arrays)

    def source(self, name: str, values: str, dtype: str) -> str:
        return f"{name} = Tensor({values}, dtype=dtypes.{dtype})"


def _gradient(outputs: Arrays, asked: Arrays, given: Arrays) -> Arrays:
    total = None
    for output, cotangent in zip(outputs, given, strict=True):
        part = (output * cotangent).sum()
        total = part if total is None else total + part
    return [None] * len(asked) if total is None else list(total.gradient(*asked))
